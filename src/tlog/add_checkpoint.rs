//! What a log sends to a witness (C2SP tlog-witness): a checkpoint, and the proof that it continues the last.

use crate::tlog::Hash;
use crate::tlog::note::{Note, NoteError};
use crate::tlog::proof_file::{Wrong, hashes, push_hashes};
use crate::tlog::text::{decimal, line, quoted};

/// The most hashes that a request may hold.
pub const PROOF_HASHES_MAX: usize = 63;

/// The body of an `add-checkpoint` request. Nothing is verified by reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size of the checkpoint that the witness cosigned last.
    pub old: u64,
    /// The proof that the tree continues that one.
    pub proof: Vec<Hash>,
    /// The checkpoint that is to be cosigned, as the log signed it.
    pub checkpoint: Note,
}

/// Bytes are no `add-checkpoint` request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddCheckpointError {
    /// It is not UTF-8.
    #[error("the request is not UTF-8 after byte {after}")]
    Encoding {
        /// How many bytes of it are.
        after: usize,
    },
    /// The first line does not say the older size.
    #[error("`{}` is no older size; it is `old`, a space and a decimal without leading zeroes", quoted(.0))]
    Old(String),
    /// A line of the proof is no hash.
    #[error("`{}` is no hash of the proof; each is the base64 of 32 bytes", quoted(.0))]
    Hash(String),
    /// It has more hashes than it may.
    #[error("the request has more than {PROOF_HASHES_MAX} hashes")]
    Long,
    /// It ends before the checkpoint.
    #[error("the request ends before its checkpoint")]
    Short,
    /// The checkpoint is no signed note.
    #[error("the checkpoint of the request cannot be read")]
    Checkpoint(#[from] NoteError),
}

impl AddCheckpoint {
    /// Reads the body of a request.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with its form.
    pub fn parse(bytes: &[u8]) -> Result<Self, AddCheckpointError> {
        let text = std::str::from_utf8(bytes)
            .map_err(|error| AddCheckpointError::Encoding { after: error.valid_up_to() })?;
        let (first, rest) = line(text).unwrap_or((text, ""));
        let old = first
            .strip_prefix("old ")
            .and_then(decimal)
            .ok_or_else(|| AddCheckpointError::Old(first.to_owned()))?;
        let (proof, rest) = hashes(rest, PROOF_HASHES_MAX).map_err(|wrong| match wrong {
            Wrong::Line(line) => AddCheckpointError::Hash(line),
            Wrong::Long => AddCheckpointError::Long,
            Wrong::Short => AddCheckpointError::Short,
        })?;
        Ok(Self { old, proof, checkpoint: Note::parse(rest.as_bytes())? })
    }

    /// Returns the body of the request: the very bytes that it was read from.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = format!("old {}\n", self.old);
        push_hashes(&mut text, &self.proof);
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(&self.checkpoint.to_bytes());
        bytes
    }
}
