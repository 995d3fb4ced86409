//! What whoever records is told of each entry: how it was understood, what is doubtful, what follows from it.

use std::collections::HashSet;

use crate::desk::answer::operation::RecordedEntry;
use crate::desk::consequences::consequences;
use crate::desk::error::DeskError;
use crate::desk::format::Parsed;
use crate::desk::known::Known;
use crate::desk::recording::receipt::entry;
use crate::domain::id::{ActorId, EventId};
use crate::domain::reading::concerned;
use crate::domain::timestamp::Timestamp;

/// Returns what is told of an entry, given the record with everything that is recorded with it.
pub(super) fn told(
    known: &Known,
    (id, parsed): &(EventId, Parsed),
    actor: ActorId,
    at: Timestamp,
    position: Option<u64>,
) -> Result<RecordedEntry, DeskError> {
    let follows = consequences(known, *id, &parsed.event)?;
    Ok(RecordedEntry {
        entry: Known::entry_ref(&entry(*id, &parsed.event, actor, at)),
        position,
        corrects: concerned(&parsed.event),
        echo: parsed.echo.clone(),
        doubtful: parsed.doubtful.clone(),
        anomalies: follows.anomalies,
        now: follows.now,
    })
}

/// Leaves where something stands with the last of the entries that bear on it: it is told as it stands after all of them.
pub(super) fn once_each(entries: &mut [RecordedEntry]) {
    let mut told = HashSet::new();
    for entry in entries.iter_mut().rev() {
        entry.now.retain(|now| told.insert(now.clone()));
    }
}
