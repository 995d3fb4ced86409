//! Which entries name something of a register: those that would be left without it.

use std::collections::BTreeSet;

use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::domain::id::{EntityId, EventId};
use crate::domain::reading::RawEvent;
use crate::store::Body;

/// Returns how many entries, as they read now, name what was entered in a register at a position: in
/// whatever field, struck ones left out.
///
/// Every text after that position is looked at: what names it in a detail stands in no index, and a
/// registration is struck soon after it was made, or hardly ever.
pub(super) fn entries_naming(known: &Known, entity: EntityId, entered: u64) -> Result<usize, DeskError> {
    let id = entity.to_string();
    let mut perhaps: BTreeSet<EventId> = known.view.history(entity)?.iter().map(entry_of).collect();
    for position in entered.saturating_add(1)..known.view.size() {
        let Some(recorded) = known.view.recorded(position)? else { continue };
        if !matches!(&recorded.body, Body::Plain(body) if body.contains(&id)) {
            continue;
        }
        perhaps.extend(known.view.event(recorded.id)?.as_ref().map(entry_of));
    }
    perhaps.remove(&EventId::from_uuid(*entity.as_uuid()));
    let mut count = bodies_within(known, entity);
    for entry in perhaps {
        let Some(entry) = known.entry(entry)?.filter(|entry| !entry.struck) else { continue };
        let text = entry.event.as_ref().and_then(|event| event.encode().ok());
        count += usize::from(text.is_some_and(|text| text.contains(&id)));
    }
    Ok(count)
}

/// Returns the entry that an event is, or that it corrects: what a reading names, its entry names.
fn entry_of(raw: &RawEvent) -> EventId {
    raw.event.as_ref().and_then(crate::domain::event::Event::entry).unwrap_or(raw.id)
}

/// Returns how many registrations of bodies rest on a party.
fn bodies_within(known: &Known, party: EntityId) -> usize {
    known.bodies_of(party).into_iter().filter(|body| *body != party).count()
}
