//! The entries of a history, each with what its corrections say of the days on which it may have been.

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;

use crate::desk::error::DeskError;
use crate::domain::channel::Channel;
use crate::domain::event::Event;
use crate::domain::fact::{EntityKind, Subject};
use crate::domain::id::EventId;
use crate::domain::reading::{self, RawEvent};
use crate::domain::timestamp::Timestamp;
use crate::projections::view::View;

/// An entry of a history, as far as it matters where it is kept.
pub(super) struct Member {
    pub(super) id: EventId,
    at: Timestamp,
    pub(super) low: NaiveDate,
    pub(super) newest: u64,
    pub(super) announced: bool,
}

/// Returns the events at some positions, with everything that corrects them, in the order of the log.
pub(super) fn with_corrections(view: &View, positions: &[u64]) -> Result<Vec<RawEvent>, DeskError> {
    let mut whole: BTreeMap<u64, RawEvent> = BTreeMap::new();
    let mut positions = positions.to_vec();
    positions.sort_unstable();
    let corrected = view.corrected(&positions)?;
    for raw in view.events_at(&positions)? {
        // And the corrections of each of them.
        let mut open = if corrected.contains(&raw.position) { vec![raw.id] } else { Vec::new() };
        while let Some(next) = open.pop() {
            for correction in view.corrections(next)? {
                let id = correction.id;
                if whole.insert(correction.position, correction).is_none() {
                    open.push(id);
                }
            }
        }
        whole.insert(raw.position, raw);
    }
    Ok(whole.into_values().collect())
}

/// Returns the entries of a history by position, each with what its corrections say of its days.
pub(super) fn members(channel: &Channel<'_>, history: &[RawEvent]) -> BTreeMap<u64, Member> {
    let mut members: BTreeMap<u64, Member> = BTreeMap::new();
    let mut entries: HashMap<EventId, u64> = HashMap::new();
    // In the order of the log whatever is corrected comes before its correction.
    for raw in history {
        let event = raw.event.as_ref();
        let is_correction = event.is_some_and(|event| event.kind().subject() == Subject::Entry);
        if !is_correction {
            let member = Member {
                id: raw.id,
                at: raw.at,
                low: channel.earliest_day(raw, raw.at),
                newest: raw.position,
                announced: event.is_some_and(is_announced),
            };
            members.insert(raw.position, member);
            entries.insert(raw.id, raw.position);
            continue;
        }
        let entry = event.and_then(Event::entry).and_then(|target| entries.get(&target).copied());
        let Some(entry) = entry else { continue };
        entries.insert(raw.id, entry);
        if let Some(member) = members.get_mut(&entry) {
            member.newest = member.newest.max(raw.position);
            if let Some(reading) = event.and_then(reading::given) {
                member.low = member.low.min(channel.earliest_day(raw, member.at));
                member.announced |= is_announced(&reading);
            }
        }
    }
    members
}

/// Tells whether an event about a channel says itself when it takes effect.
fn is_announced(event: &Event) -> bool {
    event.envelope.effective.is_some()
        && event.kind().subject() == Subject::About(EntityKind::Channel)
        && event.kind().family() != "call"
}
