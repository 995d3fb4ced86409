//! What comes into the registers with the rows of a file, each with the first row that names it.

use std::collections::HashMap;

use crate::desk::access::ids_in;
use crate::desk::format::resolve::Newcomer;
use crate::desk::import::reading::{Read, Reader, Reading};
use crate::desk::import::survey::Row;
use crate::desk::known::Known;
use crate::desk::writing;
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

/// Leaves to a row what enters whoever imports it in the register, and puts that row first: nothing stands in the log by
/// somebody who is not in the register yet.
pub(super) fn enter_by_itself(newcomers: &mut Vec<Newcomer>, rows: &mut [Read]) {
    let is_of = |newcomer: &Newcomer, row: &Read| !row.known && row.raw.id == newcomer.id;
    let enters = |row: &Read| newcomers.iter().any(|newcomer| is_of(newcomer, row));
    let Some(place) = rows.iter().position(enters) else { return };
    if let Some(rows) = rows.get_mut(..=place) {
        rows.rotate_right(1);
    }
    if let Some(own) = rows.first() {
        newcomers.retain(|newcomer| !is_of(newcomer, own));
    }
}

impl Reader<'_> {
    /// Returns the event by which the log has the recorder whom a row enters under the very name. A row that enters
    /// whoever imports it becomes the event that does.
    pub(super) fn recorder_of(&mut self, known: &Known, row: &Row) -> Option<EventId> {
        let entry = row.drafted.entry.as_ref()?;
        let name = writing::registers_recorder(entry)?;
        if let Some(recorder) = self.recorder.as_ref().filter(|recorder| writing::registers(entry, recorder))
        {
            if known.id_beyond(&recorder.event.fact).is_none() {
                self.ids.stands_for(&row.key, recorder.id);
            }
            return None;
        }
        let actor = ActorId::from_uuid(*known.names.recorder(name).ok()?.as_uuid());
        let id = (known.recorder_named(actor) == name).then(|| EventId::from_uuid(*actor.as_uuid()))?;
        self.ids.stands_for(&row.key, id);
        Some(id)
    }
}
