//! What comes into the registers with the rows of a file, each with the first row that names it.

use std::collections::HashMap;

use crate::desk::access::ids_in;
use crate::desk::format::resolve::Newcomer;
use crate::desk::import::reading::Reading;
use crate::domain::fact::Fact;
use crate::domain::id::{ActorId, EventId};
use crate::domain::party_code::PartyCode;

/// What is still to come in.
pub(super) struct Entering<'r> {
    waiting: HashMap<EventId, &'r Newcomer>,
    // Parties: what a body belongs to is named by its code alone.
    coded: HashMap<&'r PartyCode, EventId>,
}

impl<'r> Entering<'r> {
    /// Returns everything that comes in with what was read.
    pub(super) fn with(reading: &'r Reading) -> Self {
        let waiting = reading.newcomers.iter().map(|newcomer| (newcomer.id, newcomer)).collect();
        let coded = reading.newcomers.iter().filter_map(|newcomer| {
            let Fact::PartyRegistered(party) = &newcomer.event.fact else { return None };
            Some((&party.code, newcomer.id))
        });
        Self { waiting, coded: coded.collect() }
    }

    /// Takes out what a row names that was not named before, and who records it; what others belong to comes first.
    pub(super) fn named_by(&mut self, actor: ActorId, body: &str) -> Vec<&'r Newcomer> {
        let mut found = Vec::new();
        if self.waiting.is_empty() {
            return found;
        }
        self.take(EventId::from_uuid(*actor.as_uuid()), &mut found);
        for id in ids_in(body) {
            self.take(id, &mut found);
        }
        found
    }

    fn take(&mut self, id: EventId, found: &mut Vec<&'r Newcomer>) {
        let Some(newcomer) = self.waiting.remove(&id) else { return };
        if let Fact::PartyRegistered(party) = &newcomer.event.fact
            && let Some(whole) = party.code.parent().and_then(|whole| self.coded.get(&whole).copied())
        {
            self.take(whole, found);
        }
        found.push(newcomer);
    }
}
