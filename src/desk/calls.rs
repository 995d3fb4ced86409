//! Calls that cannot all be true, or that nobody at an end of the line made: recorded, and told as misfits.

use crate::desk::answer::entry::AnomalyRow;
use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::desk::recording::slots_of;
use crate::domain::event::Event;
use crate::domain::fact::Kind;
use crate::domain::id::{EntityId, EventId};
use crate::domain::reading::Entry;
use crate::projections::timeline::TimelineQuery;

/// So many other calls of a day on a line are looked at.
const CALLS_MAX: usize = 64;

/// What does not fit about a call.
pub(super) struct Misfit {
    /// What would have fitted.
    pub(super) expected: String,
    /// What was found.
    pub(super) found: String,
}

impl Misfit {
    /// Returns what to say of it to whoever records it.
    pub(super) fn words(&self) -> String {
        format!("a misfit: {}; expected {}", self.found, self.expected)
    }
}

/// Returns what does not fit about an entry, where it is of a call.
///
/// # Errors
///
/// Returns what the projections say when the log cannot be read.
pub(super) fn misfits(known: &Known, id: EventId, event: &Event) -> Result<Vec<Misfit>, DeskError> {
    let mut misfits = Vec::new();
    if event.kind().family() != "call" {
        return Ok(misfits);
    }
    for line in &event.envelope.about {
        misfits.extend(of_no_end(known, event, *line)?);
        misfits.extend(otherwise(known, id, event, *line)?);
    }
    Ok(misfits)
}

/// Returns the misfits of an entry as every answer shows them.
///
/// # Errors
///
/// As [`misfits`].
pub(super) fn anomalies(known: &Known, entry: &Entry) -> Result<Vec<AnomalyRow>, DeskError> {
    let Some(event) = entry.event.as_ref().filter(|_| !entry.struck) else { return Ok(Vec::new()) };
    let row =
        |Misfit { expected, found }| Ok(AnomalyRow { entry: known.recognised(entry)?, expected, found });
    misfits(known, entry.id, event)?.into_iter().map(row).collect()
}

/// Returns that a call is by or to a party that is at no end of the line, nor a body or the whole of one that is.
fn of_no_end(known: &Known, event: &Event, line: EntityId) -> Result<Option<Misfit>, DeskError> {
    let ends = known.register.ends_of(line);
    let is_of = |party: EntityId, end: EntityId| known.is_within(party, end) || known.is_within(end, party);
    let called = event.envelope.from.iter().chain(&event.envelope.to);
    let strangers: Vec<EntityId> =
        called.copied().filter(|party| !ends.iter().any(|end| is_of(*party, *end))).collect();
    if ends.is_empty() || strangers.is_empty() {
        return Ok(None);
    }
    let names = |ids: &[EntityId]| -> Result<String, DeskError> {
        let names: Vec<String> = known.all_named(ids)?.into_iter().map(|named| named.name).collect();
        Ok(names.join(", "))
    };
    let line = known.named(line)?.name;
    Ok(Some(Misfit {
        expected: format!("the ends of {line}: {}", names(&ends)?),
        found: format!("{} of {}, at no end of {line}", event.kind(), names(&strangers)?),
    }))
}

/// Returns that another entry says otherwise of a call at the same slot of the same day.
fn otherwise(known: &Known, id: EventId, event: &Event, line: EntityId) -> Result<Option<Misfit>, DeskError> {
    let slots = slots_of(event);
    // What is not known contradicts nothing that is.
    let tells = |kind: Kind| kind.family() == "call" && kind != Kind::CallUnknown;
    let Some(date) = event.envelope.occurred.as_ref().filter(|_| !slots.is_empty() && tells(event.kind()))
    else {
        return Ok(None);
    };
    let kinds = Kind::ALL.iter().copied().filter(|kind| tells(*kind) && *kind != event.kind());
    let found = known.view.timeline(&TimelineQuery {
        about: known.register.one_with(line).into(),
        kinds: kinds.collect::<Vec<_>>().into(),
        occurred: Some(date.bounds(&known.zone)),
        limit: CALLS_MAX,
        ..TimelineQuery::default()
    })?;
    for row in found.rows.iter().filter(|row| row.id != id) {
        let Some(other) = known.entry(row.id)?.and_then(|entry| entry.event) else { continue };
        let slot = slots_of(&other).iter().find(|slot| slots.contains(slot));
        let Some(slot) = slot.filter(|_| other.envelope.occurred.as_ref() == Some(date)) else { continue };
        let handle = Known::handle(row.id, Some(&other));
        return Ok(Some(Misfit {
            expected: "one outcome of one call".to_owned(),
            found: format!(
                "{} at {slot} on {}, of which {handle} says {}",
                event.kind(),
                date.words(),
                other.kind()
            ),
        }));
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
