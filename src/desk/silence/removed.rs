//! What may have been said, and is not known any more.

use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::desk::silence::sides::Side;
use crate::domain::fact::EntityKind;
use crate::domain::id::{EntityId, EventId};
use crate::domain::reading::Entry;

/// Returns how many entries had their text removed that were about an offer between the two sides, or one of these lines;
/// whatever the moment asked about, for the date of such an entry is not known.
pub(super) fn between(
    known: &Known,
    silent: &Side,
    towards: Option<&Side>,
    lines: &[EntityId],
) -> Result<u64, DeskError> {
    let removals = known.view.removals();
    if removals.is_empty() {
        return Ok(0);
    }
    let positions: Vec<u64> = removals.iter().map(u64::from).collect();
    let mut count = 0;
    for entry in known.entries_at(&positions)?.iter().filter(|entry| entry.is_bare() && !entry.struck) {
        if is_of_the_two(known, entry, (silent, towards), lines)? {
            count += 1;
        }
    }
    Ok(count)
}

fn is_of_the_two(
    known: &Known,
    entry: &Entry,
    (silent, towards): (&Side, Option<&Side>),
    lines: &[EntityId],
) -> Result<bool, DeskError> {
    let streams = known.view.recorded(entry.position)?.map(|recorded| recorded.streams).unwrap_or_default();
    let streams: Vec<EntityId> = streams.into_iter().map(|(stream, _)| stream).collect();
    if streams.iter().any(|stream| lines.contains(stream)) {
        return Ok(true);
    }
    // What no channel carried is of the history of its parties.
    if silent.has(&streams) && towards.is_none_or(|side| side.has(&streams)) {
        return Ok(true);
    }
    for stream in streams.into_iter().filter(|stream| *stream != EntityId::from(entry.id)) {
        if known.view.kind_of(stream)? != Some(EntityKind::Overture) {
            continue;
        }
        let offer = known.entry(EventId::from_uuid(*stream.as_uuid()))?.and_then(|offer| offer.event);
        let Some(offer) = offer.map(|offer| offer.envelope) else { continue };
        let is_from_to = |from: Option<&Side>, to: Option<&Side>| {
            from.is_none_or(|side| side.has(&offer.from))
                && (offer.to.is_empty() || to.is_none_or(|side| side.has(&offer.to)))
        };
        if is_from_to(Some(silent), towards) || is_from_to(towards, Some(silent)) {
            return Ok(true);
        }
    }
    Ok(false)
}
