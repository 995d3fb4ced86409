//! Where every stream stands and which ids are taken: what the writer must know to give a submission its
//! place, and how a place that was given is taken back.

use std::collections::HashMap;

use crate::domain::id::EntityId;
use crate::domain::timestamp::Timestamp;
use crate::store::leaf::{HexHash, Leaf};
use crate::store::submission::{Prepared, PreparedEvent};
use crate::store::{AppendError, Expect, Head};
use crate::tlog::tree::Edge;
use crate::tlog::{Hash, leaf_hash};

/// The last record of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StreamHead {
    pub(super) revision: u64,
    pub(super) position: u64,
    pub(super) leaf_hash: Hash,
}

/// The log as the writer will leave it when everything staged is on disk.
#[derive(Debug, Clone, Default)]
pub(super) struct Stage {
    pub(super) edge: Edge,
    pub(super) last_at: Option<Timestamp>,
    pub(super) last_hash: Hash,
    pub(super) streams: HashMap<EntityId, StreamHead>,
}

/// A record with its place.
pub(super) struct Placed {
    pub(super) position: u64,
    pub(super) leaf: Leaf,
    pub(super) text: String,
    pub(super) hash: Hash,
    /// The first bytes of the leaf hash of the record before.
    pub(super) previous: [u8; 8],
}

/// What to put back when a batch could not be written.
pub(super) struct Undo {
    edge: Edge,
    last_at: Option<Timestamp>,
    last_hash: Hash,
    streams: Vec<(EntityId, Option<StreamHead>)>,
}

impl Undo {
    /// Takes over what a later part of the batch changed.
    pub(super) fn take_over(&mut self, mut later: Self) {
        self.streams.append(&mut later.streams);
    }
}

impl Stage {
    pub(super) fn head(&self) -> Head {
        Head { size: self.edge.size(), root: self.edge.root() }
    }

    /// Starts a batch that may be taken back.
    pub(super) fn begin(&self) -> Undo {
        Undo {
            edge: self.edge.clone(),
            last_at: self.last_at,
            last_hash: self.last_hash,
            streams: Vec::new(),
        }
    }

    /// Puts back what a batch changed.
    pub(super) fn take_back(&mut self, undo: Undo) {
        self.edge = undo.edge;
        self.last_at = undo.last_at;
        self.last_hash = undo.last_hash;
        for (stream, head) in undo.streams.into_iter().rev() {
            match head {
                Some(head) => self.streams.insert(stream, head),
                None => self.streams.remove(&stream),
            };
        }
    }

    /// Checks what the author expected, against everything staged so far.
    pub(super) fn check(&self, prepared: &Prepared) -> Result<(), AppendError> {
        for (stream, expected) in &prepared.condition.expect {
            let found = self.streams.get(stream).map(|head| head.revision);
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

    /// Gives an event its position, time, revisions and leaf.
    pub(super) fn place(
        &mut self,
        log_id: &str,
        now: Timestamp,
        event: &PreparedEvent,
        undo: &mut Undo,
    ) -> Result<Placed, AppendError> {
        let position = self.edge.size();
        let at = self.next_time(now);
        let streams = event
            .submission
            .streams
            .iter()
            .map(|stream| match self.streams.get(stream) {
                Some(head) => (*stream, head.revision + 1, Some(HexHash(head.leaf_hash))),
                None => (*stream, 0, None),
            })
            .collect();
        let leaf =
            Leaf { v: 1, log: log_id.to_owned(), pos: position, at, streams, sub: event.submission.clone() };
        let text = leaf.encode().map_err(|_| crate::store::Refusal::TooManyBytes(usize::MAX))?;
        let hash = leaf_hash(text.as_bytes());
        let previous = self.previous();
        self.advance(&leaf, hash, Some(undo));
        Ok(Placed { position, leaf, text, hash, previous })
    }

    /// Returns the first bytes of the last leaf hash; zeros before the first record.
    pub(super) fn previous(&self) -> [u8; 8] {
        self.last_hash.first_chunk::<8>().copied().unwrap_or_default()
    }

    /// Takes in a record that has its place.
    pub(super) fn advance(&mut self, leaf: &Leaf, hash: Hash, undo: Option<&mut Undo>) {
        let mut before = Vec::new();
        for (stream, revision, _) in &leaf.streams {
            let head = StreamHead { revision: *revision, position: leaf.pos, leaf_hash: hash };
            before.push((*stream, self.streams.insert(*stream, head)));
        }
        if let Some(undo) = undo {
            undo.streams.append(&mut before);
        }
        self.edge.push(hash);
        self.last_at = Some(leaf.at);
        self.last_hash = hash;
    }

    /// Returns a time that is later than the last, whatever the clock says.
    fn next_time(&self, now: Timestamp) -> Timestamp {
        let Some(last) = self.last_at else { return now };
        if now > last { now } else { Timestamp::from_micros(last.micros() + 1).unwrap_or(last) }
    }
}
