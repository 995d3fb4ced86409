//! What leaves say of each other: each stream counts its records and names the one before, and no event and no
//! part of a submission is there twice.

use std::collections::HashMap;

use crate::desk::audit::verify::Check;
use crate::desk::audit::verify::report::Verdict;
use crate::domain::id::{EntityId, EventId, RequestId};
use crate::store::Expect;
use crate::store::leaf::{HexHash, Leaf};
use crate::tlog::Hash;

/// The streams and the events of a log, as far as its leaves were read.
#[derive(Debug, Default)]
pub(super) struct Chains {
    streams: HashMap<EntityId, (u64, Hash)>,
    events: HashMap<EventId, u64>,
    parts: HashMap<(RequestId, u16), u64>,
    /// The position that follows those that were read.
    next: u64,
    /// Leaves were not read: a stream that is met first after them may have begun in them.
    lacks: bool,
}

impl Chains {
    /// Takes in the next leaf that stands where it says, and returns what contradicts those before it.
    pub(super) fn take(&mut self, leaf: &Leaf, hash: Hash) -> Vec<String> {
        let mut wrong = Vec::new();
        if !leaf.streams.iter().map(|(stream, ..)| stream).eq(&leaf.sub.streams) {
            wrong.push("it counts other streams than those of its submission".to_owned());
        }
        wrong.extend(self.expected(leaf));
        wrong.extend(self.follow(leaf.pos, &leaf.streams, hash));
        if let Some(first) = self.events.insert(leaf.sub.id, leaf.pos) {
            wrong.push(format!("its event, {}, stands at position {first} already", leaf.sub.id));
        }
        let part = (leaf.sub.request, leaf.sub.index);
        if let Some(first) = self.parts.insert(part, leaf.pos) {
            wrong.push(format!(
                "it is part {} of the submission {}, which stands at position {first} already",
                part.1, part.0
            ));
        }
        wrong
    }

    /// Returns what a submission was made on the condition of, and did not hold when it was recorded. Conditions
    /// are those of a whole submission, and stand with its first event.
    fn expected(&self, leaf: &Leaf) -> Vec<String> {
        let mut wrong = Vec::new();
        // Where leaves were not read, nothing is known of the streams in them.
        let is_known = !self.lacks && leaf.pos == self.next;
        for (stream, expect) in leaf.sub.expect.iter().filter(|_| leaf.sub.index == 0 && is_known) {
            let found = self.streams.get(stream).map(|(revision, _)| *revision);
            let holds = match expect {
                Expect::Any => true,
                Expect::NoStream => found.is_none(),
                Expect::Exists => found.is_some(),
                Expect::At(revision) => found == Some(*revision),
            };
            if !holds {
                let found =
                    found.map_or_else(|| "not there".to_owned(), |found| format!("at revision {found}"));
                wrong.push(format!(
                    "it was submitted on a condition about the stream {stream} that did not hold: the stream was \
                     {found}"
                ));
            }
        }
        wrong
    }

    /// Takes in what a leaf of any version says of its streams, and returns what contradicts those before it.
    pub(super) fn follow(
        &mut self,
        position: u64,
        streams: &[(EntityId, u64, Option<HexHash>)],
        hash: Hash,
    ) -> Vec<String> {
        let mut wrong = Vec::new();
        if position != self.next {
            self.streams.clear();
            self.lacks = true;
        }
        self.next = position.saturating_add(1);
        for (stream, revision, before) in streams {
            let before = before.map(|before| before.0);
            let last = self.streams.insert(*stream, (*revision, hash));
            let expected = match last {
                Some((last, hash)) => (last.saturating_add(1), Some(hash)),
                None if self.lacks => continue,
                None => (0, None),
            };
            if expected.0 != *revision {
                wrong.push(format!(
                    "it says that it is revision {revision} of the stream {stream}, where revision {} follows",
                    expected.0
                ));
            } else if expected.1 != before {
                wrong.push(format!(
                    "it names another record before it in the stream {stream} than the log has"
                ));
            }
        }
        wrong
    }

    /// Returns where an event stands, of those that were read.
    pub(super) fn position_of(&self, event: EventId) -> Option<u64> {
        self.events.get(&event).copied()
    }
}

impl Check<'_> {
    /// Checks a leaf against those before it.
    pub(super) fn chain(&mut self, chains: &mut Chains, path: &str, leaf: &Leaf, hash: Hash) {
        for what in chains.take(leaf, hash) {
            self.found.of_event(Verdict::Altered, path, leaf.pos, what);
        }
    }
}
