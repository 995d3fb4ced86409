//! Which compartments there are.

use std::collections::{BTreeMap, BTreeSet};

use crate::desk::error::DeskError;
use crate::domain::event::Event;
use crate::domain::marking::Compartment;
use crate::domain::reading::within;
use crate::store::{Body, EventStore, Recorded};

/// What the body of an entry has that names a compartment.
const NAMING: &str = "\"compartments\":[";
/// So many stretches are remembered of which it is known that they name none.
const NAMELESS_MAX: usize = 4_096;

/// The compartments that entries of a log name.
#[derive(Debug, Default)]
pub(super) struct InUse {
    taken: u64,
    names: BTreeSet<Compartment>,
    // Stretches that name none, by where they begin: whoever recorded them said so, and they need not be read.
    nameless: BTreeMap<u64, u64>,
}

/// Tells whether the body of an entry may name a compartment.
pub(in crate::desk) fn may_name(body: &str) -> bool {
    body.contains(NAMING)
}

impl InUse {
    /// Says that the entries at some positions, which are in the log, name none.
    pub(super) fn names_none(&mut self, from: u64, to: u64) {
        if from < self.taken || to <= from {
            return;
        }
        if self.nameless.len() >= NAMELESS_MAX {
            self.nameless.clear();
        }
        self.nameless.insert(from, to);
    }

    /// Takes in what was recorded since, and returns all.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Damaged`] where the log cannot be read: what is named there is not known, and is looked
    /// for again the next time.
    pub(super) fn catch_up(&mut self, store: &dyn EventStore) -> Result<&BTreeSet<Compartment>, DeskError> {
        let head = store.head().size;
        while self.taken < head {
            if let Some(to) = self.nameless.remove(&self.taken) {
                self.taken = to;
                continue;
            }
            let (begun, to) = (self.taken, self.nameless.keys().next().map_or(head, |next| head.min(*next)));
            for recorded in store.read(begun, to) {
                let recorded = recorded.map_err(|error| DeskError::Damaged(error.to_string()))?;
                self.take(&recorded);
                self.taken = recorded.position + 1;
            }
            if self.taken < to {
                return Err(DeskError::Damaged("the log ends before its end".to_owned()));
            }
        }
        self.nameless = self.nameless.split_off(&self.taken);
        Ok(&self.names)
    }

    fn take(&mut self, recorded: &Recorded) {
        let Body::Plain(body) = &recorded.body else { return };
        if !may_name(body) {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::desk::testing::Fixture;
    use crate::domain::event::Envelope;
    use crate::domain::fact::Kind;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn what_is_said_to_name_none_is_passed_over_and_everything_else_is_read(
            steps in proptest::collection::vec((proptest::option::of(0_u8..4), any::<bool>(), any::<bool>()), 1..20),
        ) {
            let fixture = Fixture::new();
            let log = fixture.desk.store.as_ref();
            let mut told = InUse::default();
            for (named, is_said, looks) in steps {
                let compartments = named.map(|number| format!("HOUSE-{number}").parse().unwrap());
                let envelope =
                    Envelope { compartments: compartments.into_iter().collect(), ..Envelope::default() };
                fixture.add(envelope, Kind::Incident.decode("{}").unwrap());
                let size = log.head().size;
                if is_said && named.is_none() {
                    told.names_none(size - 1, size);
                }
                if looks {
                    let mut read = InUse::default();
                    prop_assert_eq!(told.catch_up(log).unwrap(), read.catch_up(log).unwrap());
                }
            }
            let mut read = InUse::default();
            prop_assert_eq!(told.catch_up(log).unwrap(), read.catch_up(log).unwrap());
        }
    }
}
