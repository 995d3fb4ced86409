//! Why the log was not signed.

use crate::desk::error::DeskError;
use crate::store::ReadError;
use crate::store::with_causes;
use crate::tlog::key::{KeyNameError, SignerError};
use crate::tlog::note::NoteError;

/// Why the log was not signed. What was published before stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// No key is at hand.
    #[error("the checkpoint was not signed: {0}")]
    NoKey(String),
    /// The log is shorter than what was signed.
    #[error(
        "a checkpoint of {signed} events is signed, and the log has {size}; a smaller one is never signed"
    )]
    Smaller {
        /// How many events the log has.
        size: u64,
        /// How many it had when it was signed.
        signed: u64,
    },
    /// The log is another than what was signed.
    #[error(
        "the checkpoint of {size} events that is signed has another root than the log; a second is never signed"
    )]
    OtherRoot {
        /// The size at which they differ.
        size: u64,
    },
    /// The clock has not moved on since the same size was signed.
    #[error("the clock has not moved on since the checkpoint of {size} events was signed")]
    TimeStands {
        /// The size.
        size: u64,
    },
    /// Another hand replaced the file.
    #[error("the file `checkpoint` was replaced by another hand; nothing was signed over it")]
    Changed,
    /// Another process writes the log.
    #[error("the log is being written by {0}")]
    Held(String),
    /// The file is not one that the log wrote.
    #[error("the file `checkpoint` cannot be read: {0}")]
    Garbled(String),
    /// There is nowhere to put it.
    #[error("a log in memory is not signed")]
    InMemory,
    /// The log cannot be read for it.
    #[error("the log cannot be read for its checkpoint")]
    Log(#[from] ReadError),
    /// What holds the key does not sign.
    #[error("the checkpoint was not signed")]
    Signer(#[from] SignerError),
    /// The name of the log cannot be signed.
    #[error("the log has a name that cannot be signed")]
    Name(#[from] KeyNameError),
    /// The note cannot be made.
    #[error("the checkpoint cannot be written as a note")]
    Note(#[from] NoteError),
    /// The disk refused.
    #[error("the checkpoint cannot be written")]
    Io(#[from] std::io::Error),
}

impl From<SignError> for DeskError {
    fn from(error: SignError) -> Self {
        let words = with_causes(&error);
        match error {
            SignError::Smaller { .. } | SignError::OtherRoot { .. } | SignError::Garbled(_) => {
                Self::Damaged(words)
            }
            SignError::NoKey(_) | SignError::InMemory => Self::Refused { rule: words, hints: Vec::new() },
            SignError::TimeStands { .. }
            | SignError::Changed
            | SignError::Held(_)
            | SignError::Log(_)
            | SignError::Signer(_)
            | SignError::Name(_)
            | SignError::Note(_)
            | SignError::Io(_) => Self::Unavailable(words),
        }
    }
}
