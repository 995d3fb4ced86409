//! The readings of an entry: that which was recorded, and those that amendments gave it since.

use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::domain::fact::Fact;
use crate::domain::id::EventId;
use crate::domain::reading::{Entry, RawEvent};
use crate::domain::timestamp::Timestamp;

/// Returns the amendments of an entry that were not struck, the newest last.
///
/// # Errors
///
/// Returns what the desk says where the log cannot be read.
#[expect(clippy::wildcard_enum_match_arm, reason = "other corrections give no reading")]
pub(super) fn amendments(known: &Known, entry: &Entry) -> Result<Vec<RawEvent>, DeskError> {
    if entry.amended == 0 {
        return Ok(Vec::new());
    }
    let mut struck: Vec<EventId> = Vec::new();
    let mut amendments: Vec<RawEvent> = Vec::new();
    // From the newest back: whatever strikes a correction is newer than it.
    for raw in known.corrections(entry.id)?.into_iter().rev() {
        let Some(event) = raw.event.as_ref().filter(|_| !struck.contains(&raw.id)) else { continue };
        match &event.fact {
            Fact::RecordRetracted(retracted) => struck.push(retracted.target),
            Fact::RecordAmended(amended) if amended.target == entry.id => amendments.push(raw),
            _ => {}
        }
    }
    amendments.reverse();
    Ok(amendments)
}

/// Returns when the reading that holds was recorded.
///
/// # Errors
///
/// As [`amendments`].
pub(super) fn updated(known: &Known, entry: &Entry) -> Result<Timestamp, DeskError> {
    Ok(amendments(known, entry)?.last().map_or(entry.at, |raw| raw.at))
}
