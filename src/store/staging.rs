//! How a submission gets its place: position, time, revisions and leaf, on top of the log as it is and of
//! what the same batch placed before it.

use std::collections::HashMap;

use crate::domain::id::EntityId;
use crate::domain::timestamp::Timestamp;
use crate::store::leaf::{HexHash, Leaf};
use crate::store::submission::{Prepared, PreparedEvent};
use crate::store::{AppendError, Expect, Head, ReadError, Refusal};
use crate::tlog::tree::Edge;
use crate::tlog::{Hash, leaf_hash};

/// The last record of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StreamHead {
    pub(super) revision: u64,
    pub(super) position: u64,
    pub(super) leaf_hash: Hash,
}

/// The end of a log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tip {
    pub(super) edge: Edge,
    pub(super) last_at: Option<Timestamp>,
    pub(super) last_hash: Hash,
}

impl Tip {
    pub(super) fn head(&self) -> Head {
        Head { size: self.edge.size(), root: self.edge.root() }
    }

    /// Returns the first bytes of the last leaf hash; zeros before the first record.
    pub(super) fn previous(&self) -> [u8; 8] {
        self.last_hash.first_chunk::<8>().copied().unwrap_or_default()
    }

    /// Moves on by one record.
    pub(super) fn advance(&mut self, at: Timestamp, hash: Hash) {
        self.edge.push(hash);
        self.last_at = Some(at);
        self.last_hash = hash;
    }

    /// Returns a time that is later than the last, whatever the clock says.
    fn next_time(&self, now: Timestamp) -> Timestamp {
        let Some(last) = self.last_at else { return now };
        if now > last { now } else { Timestamp::from_micros(last.micros() + 1).unwrap_or(last) }
    }
}

/// Where the streams of a log stand.
pub(super) trait Heads {
    /// Returns the last revision of a stream.
    fn revision(&self, stream: EntityId) -> Option<u64>;

    /// Returns the last record of a stream.
    ///
    /// # Errors
    ///
    /// Returns [`ReadError`] when the log must be read for it and cannot be.
    fn head(&self, stream: EntityId) -> Result<Option<StreamHead>, ReadError>;
}

impl Heads for HashMap<EntityId, StreamHead> {
    fn revision(&self, stream: EntityId) -> Option<u64> {
        self.get(&stream).map(|head| head.revision)
    }

    fn head(&self, stream: EntityId) -> Result<Option<StreamHead>, ReadError> {
        Ok(self.get(&stream).copied())
    }
}

/// A record with its place.
pub(super) struct Placed {
    pub(super) leaf: Leaf,
    pub(super) text: String,
    pub(super) hash: Hash,
    /// The first bytes of the leaf hash of the record before.
    pub(super) previous: [u8; 8],
}

/// The log as it will be when everything placed so far is on disk.
pub(super) struct Draft<'a> {
    heads: &'a dyn Heads,
    pub(super) tip: Tip,
    changed: HashMap<EntityId, StreamHead>,
}

impl<'a> Draft<'a> {
    /// Begins where the log ends.
    pub(super) fn new(heads: &'a dyn Heads, tip: Tip) -> Self {
        Self { heads, tip, changed: HashMap::new() }
    }

    /// Checks what the author expected, against everything placed so far.
    pub(super) fn check(&self, prepared: &Prepared) -> Result<(), AppendError> {
        for (stream, expected) in &prepared.condition.expect {
            let found = match self.changed.get(stream) {
                Some(head) => Some(head.revision),
                None => self.heads.revision(*stream),
            };
            let holds = match expected {
                Expect::Any => true,
                Expect::NoStream => found.is_none(),
                Expect::Exists => found.is_some(),
                Expect::At(revision) => found == Some(*revision),
            };
            if !holds {
                return Err(AppendError::Moved { stream: *stream, expected: *expected, found });
            }
        }
        Ok(())
    }

    /// Gives all events of a submission their places, or none.
    pub(super) fn place(
        &mut self,
        log_id: &str,
        now: Timestamp,
        events: &[PreparedEvent],
    ) -> Result<Vec<Placed>, AppendError> {
        let tip = self.tip.clone();
        let streams = events.iter().flat_map(|event| &event.submission.streams);
        let before: Vec<_> = streams.map(|stream| (*stream, self.changed.get(stream).copied())).collect();
        let placed: Result<Vec<Placed>, AppendError> =
            events.iter().map(|event| self.place_one(log_id, now, event)).collect();
        if placed.is_err() {
            self.tip = tip;
            for (stream, head) in before {
                match head {
                    Some(head) => self.changed.insert(stream, head),
                    None => self.changed.remove(&stream),
                };
            }
        }
        placed
    }

    fn place_one(
        &mut self,
        log_id: &str,
        now: Timestamp,
        event: &PreparedEvent,
    ) -> Result<Placed, AppendError> {
        let mut streams = Vec::with_capacity(event.submission.streams.len());
        for stream in &event.submission.streams {
            let (revision, before) = self.next_of(*stream).map_err(|_| AppendError::Damaged)?;
            streams.push((*stream, revision, before.map(HexHash)));
        }
        let leaf = Leaf {
            v: 1,
            log: log_id.to_owned(),
            pos: self.tip.edge.size(),
            at: self.tip.next_time(now),
            streams,
            sub: event.submission.clone(),
            key: event.signature.as_ref().map(|signature| HexHash(signature.key)),
            sig: event.signature.as_ref().map(|signature| signature.sig.clone()),
        };
        let text =
            leaf.encode().map_err(|_| Refusal::LeafTooLong { index: usize::from(event.submission.index) })?;
        let hash = leaf_hash(text.as_bytes());
        let previous = self.tip.previous();
        self.advance(&leaf, hash);
        Ok(Placed { leaf, text, hash, previous })
    }

    /// Returns the revision that the next record of a stream has, and the leaf hash of its last.
    fn next_of(&self, stream: EntityId) -> Result<(u64, Option<Hash>), ReadError> {
        let head = match self.changed.get(&stream) {
            Some(head) => Some(*head),
            None => self.heads.head(stream)?,
        };
        Ok(head.map_or((0, None), |head| (head.revision + 1, Some(head.leaf_hash))))
    }

    /// Checks that a record which has its place already is the next one of this log, and takes it in.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with it; then it was not taken in.
    pub(super) fn take_over(&mut self, log_id: &str, leaf: &Leaf, hash: Hash) -> Result<(), String> {
        if leaf.log != log_id {
            return Err(format!("it is a record of the log {}", leaf.log));
        }
        let size = self.tip.edge.size();
        if leaf.pos != size {
            return Err(format!("it has position {} where {size} comes next", leaf.pos));
        }
        if self.tip.last_at.is_some_and(|last| leaf.at <= last) {
            return Err("it was not recorded later than the record before it".to_owned());
        }
        if !leaf.streams.iter().map(|(stream, ..)| stream).eq(&leaf.sub.streams) {
            return Err("it changes other streams than its author named".to_owned());
        }
        for (stream, revision, before) in &leaf.streams {
            let (expected, last) = self.next_of(*stream).map_err(|error| error.to_string())?;
            if *revision != expected || before.map(|hash| hash.0) != last {
                return Err(format!("it does not follow the last record of stream {stream}"));
            }
        }
        self.advance(leaf, hash);
        Ok(())
    }

    fn advance(&mut self, leaf: &Leaf, hash: Hash) {
        for (stream, revision, _) in &leaf.streams {
            let head = StreamHead { revision: *revision, position: leaf.pos, leaf_hash: hash };
            self.changed.insert(*stream, head);
        }
        self.tip.advance(leaf.at, hash);
    }

    /// Returns the streams that were changed, and the end of the log.
    pub(super) fn finish(self) -> (HashMap<EntityId, StreamHead>, Tip) {
        (self.changed, self.tip)
    }
}
