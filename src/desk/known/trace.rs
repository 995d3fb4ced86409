//! On which histories an answer rests, and until when it holds, so that it can be remembered.

use std::collections::HashSet;
use std::sync::PoisonError;

use crate::desk::known::Known;
use crate::domain::id::EntityId;
use crate::domain::reading::Entry;
use crate::domain::timestamp::Timestamp;

/// On what an answer rests that is worked out.
#[derive(Debug)]
pub(crate) struct Trace {
    /// The histories that were read: one more entry in one of them may change the answer.
    pub(crate) histories: HashSet<EntityId>,
    /// The first moment at which anything else takes effect that was read.
    pub(crate) until: Timestamp,
}

impl Known {
    /// Begins to note on what an answer rests.
    pub(crate) fn begin_trace(&self) {
        let trace = Trace { histories: HashSet::new(), until: Timestamp::MAX };
        *self.trace.lock().unwrap_or_else(PoisonError::into_inner) = Some(trace);
    }

    /// Returns what was noted since it was begun.
    pub(crate) fn end_trace(&self) -> Option<Trace> {
        self.trace.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Notes that an answer rests on a history, or on there being none.
    pub(crate) fn rests_on(&self, history: EntityId) {
        if let Some(trace) = self.trace.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            trace.histories.insert(history);
        }
    }

    /// Tells whether an entry has taken effect; of one that has not, notes when it does.
    pub(crate) fn took_effect(&self, entry: &Entry) -> bool {
        let effect = entry.bounds(&self.zone).0;
        if effect <= self.at {
            return true;
        }
        if let Some(trace) = self.trace.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            trace.until = trace.until.min(effect);
        }
        false
    }
}
