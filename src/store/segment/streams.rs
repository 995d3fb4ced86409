//! Where every stream stands: sorted runs of 24 bytes a stream, and the ones that changed lately.

use std::collections::HashMap;

use crate::domain::id::EntityId;
use crate::tlog::Hash;

/// The last record of a stream, and its leaf hash where that need not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Last {
    pub(super) revision: u32,
    pub(super) position: u32,
    pub(super) hash: Option<Hash>,
}

/// A stream in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) id: [u8; 16],
    pub(super) revision: u32,
    pub(super) position: u32,
}

/// Where every stream stands.
#[derive(Debug, Clone, Default)]
pub(super) struct Streams {
    // Invariant: each sorted by id; what a later one says goes before what an earlier one says.
    runs: Vec<Vec<Entry>>,
    recent: HashMap<EntityId, Last>,
}

impl Streams {
    /// Returns the last record of a stream.
    pub(super) fn get(&self, stream: EntityId) -> Option<Last> {
        if let Some(last) = self.recent.get(&stream) {
            return Some(*last);
        }
        let id = stream.as_uuid().as_bytes();
        self.runs.iter().rev().find_map(|run| {
            let place = run.binary_search_by(|entry| entry.id.cmp(id)).ok()?;
            run.get(place).map(|entry| Last {
                revision: entry.revision,
                position: entry.position,
                hash: None,
            })
        })
    }

    /// Takes in a record of a stream.
    pub(super) fn set(&mut self, stream: EntityId, last: Last) {
        self.recent.insert(stream, last);
    }

    /// Returns what changed since the last run was closed, sorted.
    pub(super) fn recent(&self) -> Vec<Entry> {
        let entry = |(stream, last): (&EntityId, &Last)| Entry {
            id: *stream.as_uuid().as_bytes(),
            revision: last.revision,
            position: last.position,
        };
        let mut entries: Vec<Entry> = self.recent.iter().map(entry).collect();
        entries.sort_unstable_by_key(|entry| entry.id);
        entries
    }

    /// Closes the run of what changed since the last.
    pub(super) fn close_run(&mut self) {
        let run = self.recent();
        self.recent.clear();
        self.push(run, 2);
    }

    /// Takes in a run that was saved; `merge` when there are many.
    pub(super) fn load_run(&mut self, run: Vec<Entry>, merge: bool) {
        self.push(run, usize::from(merge));
    }

    /// Takes in a saved run that may still change.
    pub(super) fn load_recent(&mut self, run: Vec<Entry>) {
        self.recent.extend(run.into_iter().map(|entry| {
            let last = Last { revision: entry.revision, position: entry.position, hash: None };
            (EntityId::from_uuid(uuid::Uuid::from_bytes(entry.id)), last)
        }));
    }

    fn push(&mut self, mut run: Vec<Entry>, ratio: usize) {
        while let Some(before) = self.runs.pop_if(|before| before.len() <= run.len() * ratio) {
            run = merge(before, run);
        }
        self.runs.push(run);
    }
}

/// Merges two runs; where both know a stream, the later one is right.
fn merge(before: Vec<Entry>, later: Vec<Entry>) -> Vec<Entry> {
    let mut merged = Vec::with_capacity(before.len() + later.len());
    let mut left = before.into_iter().peekable();
    let mut right = later.into_iter().peekable();
    loop {
        let next = match (left.peek(), right.peek()) {
            (Some(one), Some(other)) if one.id == other.id => {
                left.next();
                right.next()
            }
            (Some(one), Some(other)) if one.id < other.id => left.next(),
            (Some(_), None) => left.next(),
            (_, _) => right.next(),
        };
        let Some(entry) = next else { break };
        merged.push(entry);
    }
    merged.shrink_to_fit();
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_last_word_on_a_stream_stands(ids in proptest::collection::vec(0u128..30, 0..200), cut in 1usize..30) {
            let mut streams = Streams::default();
            let mut expected = HashMap::new();
            for (position, id) in ids.iter().enumerate() {
                let position = u32::try_from(position).unwrap();
                let id = EntityId::from_uuid(uuid::Uuid::from_u128(*id));
                streams.set(id, Last { revision: position, position, hash: None });
                expected.insert(id, position);
                if (position as usize).is_multiple_of(cut) {
                    streams.close_run();
                }
            }
            for id in 0..30 {
                let id = EntityId::from_uuid(uuid::Uuid::from_u128(id));
                prop_assert_eq!(streams.get(id).map(|last| last.position), expected.get(&id).copied());
            }
        }
    }
}
