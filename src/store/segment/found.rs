//! Where events were found to stand: who asks for one asks for it again, and each look at the log is a record read and
//! checked.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::domain::id::EventId;

/// So many are remembered; then it is begun anew.
const FOUND_MAX: usize = 1 << 16;

/// The positions of events whose records were read. An event never moves.
#[derive(Debug, Default)]
pub(super) struct FoundEvents(Mutex<HashMap<EventId, u64>>);

impl FoundEvents {
    /// Returns where an event was found.
    pub(super) fn position(&self, id: EventId) -> Option<u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&id).copied()
    }

    /// Notes where an event was found, by a record that was whole.
    pub(super) fn note(&self, id: EventId, position: u64) {
        let mut found = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if found.len() >= FOUND_MAX {
            found.clear();
        }
        // The first that was found: of a log that has an id twice, all are told the same.
        found.entry(id).or_insert(position);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_are_remembered_than_may_be_and_the_last_always_is() {
        let (found, ids) = (FoundEvents::default(), || {
            (0..).map(|number| EventId::from_uuid(uuid::Uuid::from_u128(number)))
        });
        for (id, position) in ids().zip(0..=FOUND_MAX as u64) {
            found.note(id, position);
            assert_eq!(found.position(id), Some(position));
        }
        let known = ids().take(FOUND_MAX + 1).filter(|id| found.position(*id).is_some()).count();
        assert_eq!(known, 1, "it was begun anew");
    }
}
