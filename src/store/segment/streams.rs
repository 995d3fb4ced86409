//! Where every stream stands: sorted runs of 24 bytes a stream, and the ones that changed lately.

use std::collections::HashMap;

use crate::domain::id::EntityId;
use crate::store::segment::fences::{Fences, gathered};
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
    // Invariant: what a later one says goes before what an earlier one says.
    runs: Vec<Run>,
    recent: HashMap<EntityId, Last>,
}

/// Streams that no longer change.
#[derive(Debug, Clone, Default)]
struct Run {
    // Invariant: sorted by id, each once.
    entries: Vec<Entry>,
    fences: Fences,
}

impl Entry {
    fn print(&self) -> u64 {
        u64::from_be_bytes(*self.id.first_chunk().unwrap_or(&[0; 8]))
    }
}

impl Run {
    /// Returns the run of all that these say, each of which is sorted, the oldest first.
    fn gathered(lists: Vec<Vec<Entry>>) -> Self {
        let mut entries = gathered(lists, Entry::print, |one, other| one.id.cmp(&other.id));
        entries.dedup_by(|later, kept| {
            let same = later.id == kept.id;
            if same {
                *kept = *later;
            }
            same
        });
        entries.shrink_to_fit();
        let fences = Fences::of(entries.iter().map(Entry::print));
        Self { entries, fences }
    }

    fn get(&self, id: &[u8; 16]) -> Option<&Entry> {
        let print = u64::from_be_bytes(*id.first_chunk()?);
        let part = self.entries.get(self.fences.part(print, self.entries.len()))?;
        part.get(part.binary_search_by(|entry| entry.id.cmp(id)).ok()?)
    }
}

impl Streams {
    /// Returns the last record of a stream.
    pub(super) fn get(&self, stream: EntityId) -> Option<Last> {
        if let Some(last) = self.recent.get(&stream) {
            return Some(*last);
        }
        let entry = self.runs.iter().rev().find_map(|run| run.get(stream.as_uuid().as_bytes()))?;
        Some(Last { revision: entry.revision, position: entry.position, hash: None })
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

    /// Takes in what was saved: lists of what changed, each sorted and with whether it is closed, or may still change, the
    /// oldest first. They are made one run.
    pub(super) fn of_saved(lists: impl Iterator<Item = (Vec<Entry>, bool)>) -> Self {
        let (mut streams, mut closed) = (Self::default(), Vec::new());
        for (list, is_closed) in lists {
            if is_closed {
                closed.push(list);
                continue;
            }
            streams.recent.extend(list.into_iter().map(|entry| {
                let last = Last { revision: entry.revision, position: entry.position, hash: None };
                (EntityId::from_uuid(uuid::Uuid::from_bytes(entry.id)), last)
            }));
        }
        if !closed.is_empty() {
            streams.runs.push(Run::gathered(closed));
        }
        streams
    }

    /// Adds a list of what is sorted as a run, together with the runs before it that are at most `ratio` times as long.
    fn push(&mut self, list: Vec<Entry>, ratio: usize) {
        let (mut len, mut lists) = (list.len(), vec![list]);
        while let Some(before) = self.runs.pop_if(|before| before.entries.len() <= len * ratio) {
            len += before.entries.len();
            lists.push(before.entries);
        }
        lists.reverse();
        self.runs.push(Run::gathered(lists));
    }
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
