//! The append-only event store: what it promises, in the order in which a caller meets it.
//!
//! Positions are dense from 0 and equal the Merkle leaf index. An append is one unit: all of its events
//! are on disk when it returns, or none ever will be, or the caller is told that nobody knows.
//!
//! Invariant: the store never decides what an event means.

mod errors;
mod health;
pub mod leaf;
mod levels;
pub mod measures;
pub mod memory;
mod removal;
mod seal;
mod seen;
pub mod segment;
pub mod signature;
mod staging;
mod submission;

use std::ops::ControlFlow;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::id::{ActorId, EntityId, EventId, RequestId};
use crate::domain::timestamp::Timestamp;
use crate::tlog::Hash;
use crate::tlog::tree::Edge;

/// Events of one append at most.
pub const APPEND_EVENTS_MAX: usize = 1_024;
/// Bytes of leaves and bodies of one append at most.
pub const APPEND_BYTES_MAX: usize = 16 << 20;
/// Bytes of one body at most; a longer text is an attachment.
pub const BODY_BYTES_MAX: usize = 65_535;
/// Streams of one event at most.
pub const STREAMS_MAX: usize = 16;

/// Where the store learns what time it is; only the desk holds a real one.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What an auditor must be able to tell without the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Class {
    /// A fact of the world or of the desk.
    #[serde(rename = "fact")]
    Fact,
    /// A text is removed.
    #[serde(rename = "record.redacted")]
    RecordRedacted,
    /// The log signs with another key.
    #[serde(rename = "key.rotated")]
    KeyRotated,
    /// An author may sign with this key.
    #[serde(rename = "author.key.added")]
    AuthorKeyAdded,
    /// An author may no longer sign with this key.
    #[serde(rename = "author.key.revoked")]
    AuthorKeyRevoked,
    /// Something happened to the record itself.
    #[serde(rename = "incident")]
    Incident,
    /// A digest of the state.
    #[serde(rename = "anchor")]
    Anchor,
}

/// An event that has not happened to the log yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// Its id; derived from the log, the request and its place in it when none ([`derived_id`]).
    pub id: Option<EventId>,
    /// The entities it changes, 1 to [`STREAMS_MAX`], each once.
    pub streams: Vec<EntityId>,
    /// What an auditor must be able to tell without the body.
    pub class: Class,
    /// The schema version of the body.
    pub schema: u16,
    /// Who records it.
    pub actor: ActorId,
    /// JSON of at most [`BODY_BYTES_MAX`] bytes.
    pub body: String,
    /// Commitments of attachments that are already stored.
    pub attachments: Vec<Hash>,
    /// The author's signature over what [`prepare_submission`] returned for it, where there is one.
    pub signature: Option<AuthorSignature>,
}

/// What a caller expects of one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expect {
    /// Nothing.
    Any,
    /// No event names it yet.
    NoStream,
    /// Some event names it.
    Exists,
    /// Its last event has this revision; revisions count from 0.
    At(u64),
}

/// What must hold when the append's turn comes, earlier appends of the same batch included.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Condition {
    /// What is expected of which stream.
    pub expect: Vec<(EntityId, Expect)>,
}

/// The log as a whole, at one size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// How many events it holds.
    pub size: u64,
    /// The RFC 6962 root over their leaf hashes.
    pub root: Hash,
}

/// Proof that an append is on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The submission.
    pub request: RequestId,
    /// The position of its first event.
    pub first: u64,
    /// Its events, in order.
    pub ids: Vec<EventId>,
    /// When the first was recorded.
    pub recorded_at: Timestamp,
    /// The log that ends with the last of them.
    pub head: Head,
    /// It had been recorded before; nothing was recorded now.
    pub repeated: bool,
}

/// An event of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Its place in the log, dense from 0.
    pub position: u64,
    /// When it was recorded; strictly increasing along the log.
    pub at: Timestamp,
    /// Its id.
    pub id: EventId,
    /// The submission it came with.
    pub request: RequestId,
    /// Its place in the submission.
    pub index: u16,
    /// The streams it changed, each with the revision that it gave it.
    pub streams: Vec<(EntityId, u64)>,
    /// What an auditor can tell without the body.
    pub class: Class,
    /// The schema version of the body.
    pub schema: u16,
    /// Who recorded it.
    pub actor: ActorId,
    /// What it says.
    pub body: Body,
    /// Commitments of its attachments.
    pub attachments: Vec<Hash>,
    /// Its leaf hash.
    pub leaf_hash: Hash,
}

/// What an event says, where that can still be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// The JSON, as it was submitted.
    Plain(String),
    /// Removed by a redaction; the commitment in the leaf still proves that it was there.
    Redacted,
    /// The secret that opens it is gone or wrong, and no redaction says so: damage.
    Missing,
}

/// A record as an export carries it: the leaf verbatim, and what opens its commitment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Its place in the log.
    pub position: u64,
    /// The leaf, verbatim.
    pub leaf: String,
    /// The salt of the commitment; zeros where the body is gone.
    pub salt: [u8; 32],
    /// The body; none where it is gone.
    pub body: Option<String>,
}

impl Sealed {
    /// Returns the leaf, when it is in its one spelling, the body, where there is one, is what it commits to,
    /// and a plain Ed25519 signature, where there is one, is that of its key.
    ///
    /// # Errors
    ///
    /// Returns what is wrong, in words.
    pub fn checked(&self) -> Result<leaf::Leaf, String> {
        let leaf = leaf::Leaf::decode_strictly(&self.leaf).map_err(|error| error.to_string())?;
        if let Some(body) = &self.body
            && (seal::commitment(&self.salt, body.as_bytes()) != leaf.sub.commitment.0
                || u32::try_from(body.len()) != Ok(leaf.sub.length))
        {
            return Err("the body is not the one that its leaf commits to".to_owned());
        }
        if !signature::holds(&leaf) {
            return Err("the author's signature is not one over what was submitted".to_owned());
        }
        Ok(leaf)
    }
}

/// Events in a log, as an engine gives them.
pub type Records<'a> = Box<dyn Iterator<Item = Result<Recorded, ReadError>> + Send + 'a>;
/// Sealed records in a log, as an engine gives them.
pub type SealedRecords<'a> = Box<dyn Iterator<Item = Result<Sealed, ReadError>> + Send + 'a>;

/// Looks at events that are shown.
pub type Look<'a> = dyn FnMut(Result<Seen<'_>, ReadError>) -> ControlFlow<()> + 'a;

/// Events that are read at a time to be shown; an engine may gather what it is asked for.
const SHOWN_AT_ONCE: u64 = 8_192;

/// An append-only log with one writer at a time.
pub trait EventStore: Send + Sync {
    /// Appends `events` as one unit.
    ///
    /// When this returns `Ok`, they are on disk: they survive a power cut. The same `request` with the
    /// same content gives the first receipt again, for ever; content is the submission without drawn
    /// ids, salts and commitments.
    ///
    /// # Errors
    ///
    /// Returns [`AppendError::InDoubt`] when nobody knows whether the events are on disk; after any
    /// other error nothing of the append is in the log.
    fn append(
        &self,
        events: Vec<NewEvent>,
        condition: Condition,
        request: RequestId,
    ) -> Result<Receipt, AppendError>;

    /// Returns the log as a whole; everything in it is on disk.
    fn head(&self) -> Head;

    /// Returns the name of the log: the one chosen when it was made, and eight random digits.
    fn log_id(&self) -> &str;

    /// Returns when the last event was recorded; none where there is none, or where it cannot be read.
    fn last_at(&self) -> Option<Timestamp> {
        Some(self.at(self.head().size.checked_sub(1)?).ok()??.at)
    }

    /// Returns the events with positions in `from..to`, in order, as far as the log goes.
    fn read(&self, from: u64, to: u64) -> Records<'_>;

    /// Shows the events with positions in `from..to` one after the other, as far as the log goes, until `look`
    /// breaks off. One that cannot be read is shown as the error that says why, and those behind it all the same.
    ///
    /// An engine may do it with less work than [`EventStore::read`] makes, which hands out what is kept.
    fn show(&self, from: u64, to: u64, look: &mut Look<'_>) {
        let mut next = from;
        while next < to {
            let begun = next;
            for record in self.read(next, to.min(next.saturating_add(SHOWN_AT_ONCE))) {
                next += 1;
                let is_damaged = record.is_err();
                let shown = record.as_ref().map(Seen::from).map_err(Clone::clone);
                if look(shown).is_break() {
                    return;
                }
                if is_damaged {
                    break;
                }
            }
            if next == begun {
                return;
            }
        }
    }

    /// Returns the event at `position`.
    ///
    /// # Errors
    ///
    /// Returns [`ReadError`] when its bytes cannot be had; other positions are not concerned.
    fn at(&self, position: u64) -> Result<Option<Recorded>, ReadError>;

    /// Has what is on disk of the events at some positions fetched at once, which are asked for next, one after another.
    fn prefetch(&self, _: &[u64]) {}

    /// Returns the leaf hash of the event at `position`.
    ///
    /// # Errors
    ///
    /// As [`EventStore::at`].
    fn leaf_hash(&self, position: u64) -> Result<Option<Hash>, ReadError>;

    /// Returns the root of the full subtree of 2^`level` leaves, the `index`th of its level (RFC 6962); none
    /// when the log is shorter.
    ///
    /// # Errors
    ///
    /// As [`EventStore::at`].
    fn node(&self, level: u32, index: u64) -> Result<Option<Hash>, ReadError>;

    /// Returns the RFC 6962 root over the first `size` leaf hashes; none when the log is shorter.
    ///
    /// An engine that keeps the roots of full subtrees need not read every leaf hash.
    ///
    /// # Errors
    ///
    /// As [`EventStore::at`].
    fn root_at(&self, size: u64) -> Result<Option<Hash>, ReadError> {
        let head = self.head();
        if size >= head.size {
            return Ok((size == head.size).then_some(head.root));
        }
        let mut edge = Edge::default();
        for position in 0..size {
            let Some(leaf) = self.leaf_hash(position)? else { return Ok(None) };
            edge.push(leaf);
        }
        Ok(Some(edge.root()))
    }

    /// Removes the texts of the events at these positions for good: their secrets are destroyed, and the
    /// attachments that no event names whose text is still there.
    ///
    /// Roots, leaf hashes, receipts and repeated submissions stay as they are. Removing what is removed does
    /// nothing. When this returns `Ok`, no file of the log gives the texts any more, even after a power cut.
    ///
    /// # Errors
    ///
    /// Returns [`ForgetError`]; asking again is safe, and opening for writing finishes what was begun.
    fn forget(&self, positions: &[u64]) -> Result<(), ForgetError>;

    /// Tells whether the text of the event at `position` was removed by [`EventStore::forget`], or was gone
    /// when the record was taken over; false where there is no such event.
    ///
    /// # Errors
    ///
    /// As [`EventStore::at`].
    fn is_forgotten(&self, position: u64) -> Result<bool, ReadError>;

    /// Returns the position of an event.
    ///
    /// # Errors
    ///
    /// As [`EventStore::at`].
    fn position_of(&self, id: EventId) -> Result<Option<u64>, ReadError>;

    /// Returns an event by its id; none where there is none.
    ///
    /// An engine that must read the record to tell its id need not read it again.
    ///
    /// # Errors
    ///
    /// As [`EventStore::at`].
    fn event(&self, id: EventId) -> Result<Option<Recorded>, ReadError> {
        match self.position_of(id)? {
            Some(position) => self.at(position),
            None => Ok(None),
        }
    }

    /// Returns the events whose ids lie in `low..=high`, lowest ids first, at most `max`, each with its
    /// position: what an abbreviated id may stand for.
    ///
    /// # Errors
    ///
    /// As [`EventStore::at`].
    fn between(&self, low: EventId, high: EventId, max: usize) -> Result<Vec<(EventId, u64)>, ReadError>;

    /// Returns the receipt of a submission that was recorded.
    ///
    /// # Errors
    ///
    /// As [`EventStore::at`].
    fn receipt_of(&self, request: RequestId) -> Result<Option<Receipt>, ReadError>;

    /// Returns the last revision and position of a stream; of a log that is seen in part, what neither is behind.
    fn stream(&self, id: EntityId) -> Option<(u64, u64)>;

    /// Returns the records with positions in `from..to` as an export carries them.
    fn sealed(&self, from: u64, to: u64) -> SealedRecords<'_>;

    /// Stores an attachment, and returns the commitment by which an event may name it.
    ///
    /// # Errors
    ///
    /// Returns [`AttachError`]; then no event can name it.
    fn attach(&self, bytes: &[u8]) -> Result<Hash, AttachError>;

    /// Returns an attachment; none when it is not stored or no longer opens.
    ///
    /// # Errors
    ///
    /// Returns [`ReadError`] when its bytes cannot be had.
    fn attachment(&self, commitment: &Hash) -> Result<Option<Vec<u8>>, ReadError>;

    /// Returns how the log is.
    fn health(&self) -> Health;
}

pub(crate) use errors::with_causes;
pub use errors::{AppendError, AttachError, ForgetError, ReadError, Refusal, Unmarked};
pub use health::{Damage, Health};
pub use leaf::derived_id;
pub use seen::{Seen, SeenBody};
pub use signature::{AuthorSignature, ToSign};
pub use submission::prepare_submission;

/// The moment that stands where no record gives one.
fn epoch() -> Timestamp {
    Timestamp::from_micros(0).expect("1970 is within the years that a record can hold")
}
