//! Which compartments there are.

use std::collections::BTreeSet;

use crate::desk::error::DeskError;
use crate::domain::event::Event;
use crate::domain::marking::Compartment;
use crate::domain::reading::within;
use crate::store::{Body, EventStore, Recorded};

/// The compartments that entries of a log name.
#[derive(Debug, Default)]
pub(super) struct InUse {
    taken: u64,
    names: BTreeSet<Compartment>,
}

impl InUse {
    /// Takes in what was recorded since, and returns all.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Damaged`] where the log cannot be read: what is named there is not known, and is looked
    /// for again the next time.
    pub(super) fn catch_up(&mut self, store: &dyn EventStore) -> Result<&BTreeSet<Compartment>, DeskError> {
        let head = store.head().size;
        for recorded in store.read(self.taken, head) {
            let recorded = recorded.map_err(|error| DeskError::Damaged(error.to_string()))?;
            self.take(&recorded);
            self.taken = recorded.position + 1;
        }
        if self.taken < head {
            return Err(DeskError::Damaged("the log ends before its end".to_owned()));
        }
        Ok(&self.names)
    }

    fn take(&mut self, recorded: &Recorded) {
        let Body::Plain(body) = &recorded.body else { return };
        if !body.contains("\"compartments\":[") {
            return;
        }
        // What is none of the domain's names none.
        let Ok(event) = Event::decode(recorded.schema, body) else { return };
        let within = within(&event).unwrap_or_default();
        for event in within.into_iter().chain([event]) {
            self.names.extend(event.envelope.compartments);
        }
    }
}
