//! Why something was not done, and what is true of the log then.

use crate::domain::id::{EntityId, EventId, RequestId};
use crate::store::{APPEND_BYTES_MAX, APPEND_EVENTS_MAX, BODY_BYTES_MAX, Damage, Expect, STREAMS_MAX};

/// Returns an error and its causes, in words.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        words = format!("{words}: {cause}");
        source = cause.source();
    }
    words
}

/// Why an append did not happen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// A stream is not where the caller expected it; nothing was written. Read it and decide again.
    #[error("stream {stream} was expected to be {expected:?} and its last revision is {found:?}")]
    Moved {
        /// The stream.
        stream: EntityId,
        /// What the caller expected.
        expected: Expect,
        /// The last revision; none when no event names it.
        found: Option<u64>,
    },
    /// The submission can never be recorded as it is; nothing was written.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The disk is full; nothing was written, and the same append may be tried when there is space.
    #[error("the disk is full, and this was not recorded; free some space and try again")]
    Full,
    /// The system refused the write; nothing was written, and the same append may be tried when it lets.
    #[error("the system does not let the log be written, and this was not recorded: {0}")]
    Unwritable(String),
    /// The disk did not confirm an earlier write, so that nothing more is written until the log is opened again;
    /// nothing was written of this one.
    #[error(
        "the disk did not confirm an earlier write, and the log takes no more until it is opened again; start the server \
         again, or give the command again where there is none"
    )]
    Stopped,
    /// The log is damaged; nothing was written.
    #[error("the log is damaged and takes no appends; run `verify`")]
    Damaged,
    /// The log is open for reading only, or is a copy; nothing was written.
    #[error("this is a read-only copy of a log that is written elsewhere")]
    ReadOnly,
    /// The sync failed: the events may or may not be on disk. Only opening the log again tells; trying
    /// again with the same request id is safe.
    #[error("the disk did not confirm the write; it is not known whether this was recorded")]
    InDoubt,
    /// The log is closed; nothing was written.
    #[error("the log is closed")]
    Closed,
}

/// What an entry counts as that nobody marked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmarked {
    /// As this.
    pub counts: String,
    /// How far its author sees, and so may mark it.
    pub cleared: String,
}

/// Says which entry its author would not see, counting from 1 as lines and rows are counted, and why.
fn above(index: usize, unmarked: Option<&Unmarked>) -> String {
    let which = format!("entry {} of what was sent", index + 1);
    match unmarked {
        Some(Unmarked { counts, cleared }) => format!(
            "{which} has no marking and so counts as {counts}, and whoever sent it is cleared for {cleared}: nobody records what \
             they would not see; with `marking: {cleared}` it can be recorded"
        ),
        None => format!(
            "{which} is marked above the clearance of whoever sent it, or is in a compartment that is not theirs; nobody \
             records what they would not see"
        ),
    }
}

impl AppendError {
    /// Returns the same, counting from the first event after so many that came in with the others.
    #[must_use]
    pub(crate) fn counted_after(mut self, before: usize) -> Self {
        if let Self::Refused(
            Refusal::Streams { index, .. }
            | Refusal::BodyTooLong { index, .. }
            | Refusal::LeafTooLong { index }
            | Refusal::BodyNotJson { index }
            | Refusal::Signature { index }
            | Refusal::Above { index, .. }
            | Refusal::NotTheirs { index }
            | Refusal::NoSuchAttachment { index },
        ) = &mut self
        {
            *index = index.saturating_sub(before);
        }
        self
    }
}

/// Why a submission can never be recorded as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is nothing in it.
    #[error("an append needs at least one event")]
    Empty,
    /// There is too much in it.
    #[error("an append holds at most {APPEND_EVENTS_MAX} events; this one has {0}")]
    TooManyEvents(usize),
    /// There is too much in it.
    #[error("an append holds at most {APPEND_BYTES_MAX} bytes; this one has {0}")]
    TooManyBytes(usize),
    /// An event names no stream, too many, or one twice.
    #[error("event {index} names {count} streams; an event names 1 to {STREAMS_MAX}, each once")]
    Streams {
        /// Which event of the append.
        index: usize,
        /// How many it names.
        count: usize,
    },
    /// A body is too long.
    #[error(
        "the body of event {index} has {bytes} bytes; a body has at most {BODY_BYTES_MAX}: attach longer texts"
    )]
    BodyTooLong {
        /// Which event of the append.
        index: usize,
        /// Its bytes.
        bytes: usize,
    },
    /// What must stand beside the body does not fit into a leaf.
    #[error("event {index} names more attachments and expectations than a leaf of 65,535 bytes holds")]
    LeafTooLong {
        /// Which event of the append.
        index: usize,
    },
    /// A body is not JSON.
    #[error("the body of event {index} is not JSON")]
    BodyNotJson {
        /// Which event of the append.
        index: usize,
    },
    /// An event id stands in the log already.
    #[error("event {0} is already in the log, from another submission")]
    EventKnown(EventId),
    /// The request id stands in the log already, with other content.
    #[error("request {0} was already recorded with other content; a new submission needs a new request id")]
    RequestKnown(RequestId),
    /// A signature does not hold.
    #[error(
        "the signature of event {index} is not one by its key over what is submitted; it is base64 of 64 bytes of Ed25519 or of an SSHSIG blob, over the submission with the salt that was handed out"
    )]
    Signature {
        /// Which event of the append.
        index: usize,
    },
    /// An entry is marked above what its author sees, or is in a compartment that is not theirs.
    #[error("{}", above(*.index, .unmarked.as_deref()))]
    Above {
        /// Which event of the append.
        index: usize,
        /// As what it counts, where nobody marked it and a marking that its author may give would do.
        unmarked: Option<Box<Unmarked>>,
    },
    /// Something in an entry is not to be had by its author. It is not said what.
    #[error(
        "entry {} of what was sent cannot be recorded so by whoever sent it: leave out a name or an entry, or ask another",
        .index + 1
    )]
    NotTheirs {
        /// Which event of the append.
        index: usize,
    },
    /// Something was recorded under the request id that its sender does not see.
    #[error("request {0} is not one of whoever sent it; send the same under another request id")]
    RequestNotTheirs(RequestId),
    /// An attachment was never stored.
    #[error("event {index} names an attachment that is not stored")]
    NoSuchAttachment {
        /// Which event of the append.
        index: usize,
    },
}

/// A record cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The bytes on disk are not what was written.
    #[error("damaged record: {0}")]
    Damaged(Damage),
    /// The disk did not give the bytes.
    #[error("cannot read {file}: {what}")]
    Io {
        /// The file, within the data directory.
        file: String,
        /// What the system said.
        what: String,
    },
}

/// An attachment was not stored.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// The log takes no writes; nothing was stored.
    #[error("the log takes no writes")]
    ReadOnly,
    /// The disk refused; nothing refers to what was written.
    #[error("the attachment could not be stored")]
    Io(#[source] std::io::Error),
}

/// A text was not removed, or nobody knows whether it was; what was begun is finished when the log is opened
/// for writing the next time, and asking again is safe.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForgetError {
    /// The log has no such event; nothing was removed.
    #[error("there is no event at position {0}")]
    NoSuchPosition(u64),
    /// The log is open for reading only; nothing was removed.
    #[error("the log is open for reading only")]
    ReadOnly,
    /// The log is damaged; nothing was removed.
    #[error("the log is damaged, and nothing is removed from it; run `verify`")]
    Damaged,
    /// The disk is full; the text may still be there.
    #[error("the disk is full; free some space and try again")]
    Full,
    /// The disk refused; the text may still be there.
    #[error("the disk did not confirm that the text is gone: {0}")]
    InDoubt(String),
    /// The log is closed; nothing was removed.
    #[error("the log is closed")]
    Closed,
}
