//! When the attempts of a record were made: a slot of a schedule is an instant of its day.

use chrono::{NaiveDate, NaiveTime};

use crate::domain::channel::Channel;
use crate::domain::event::Event;
use crate::domain::fact::Fact;
use crate::domain::fact::channel::Call;
use crate::domain::occurred::Occurred;
use crate::domain::reading::Entry;
use crate::domain::schedule::Slot;
use crate::domain::timestamp::Timestamp;
use crate::domain::zone::Zone;

/// Gives each call that names slots of a day the instants of its slots, as one entry for each of them, so
/// that calls of one day have an order and none counts before it was made.
///
/// The times are those of the zone of the schedule in force on that day, or of the log; `first` is that in
/// which the line is called before the schedule changes. A call with a time
/// of its own, or on a day that is in doubt, stays as it is.
pub(super) fn at_their_slots(channel: &Channel<'_>, first: Zone, entries: Vec<Entry>) -> Vec<Entry> {
    let zones = CallZones::of(channel, first, &entries);
    let mut placed = Vec::with_capacity(entries.len());
    for entry in entries {
        let Some((day, slots)) = slots_of_a_day(&entry) else {
            placed.push(entry);
            continue;
        };
        let zone = zones.on(entry.bounds(channel.zone).0);
        let Some((last, earlier)) = slots.split_last() else { continue };
        for slot in earlier {
            placed.push(at_slot(entry.clone(), day, *slot, zone));
        }
        placed.push(at_slot(entry, day, *last, zone));
    }
    placed
}

/// Returns the day of a call and the slots of it that the record names, earliest first; none where it has
/// another time, or names none.
fn slots_of_a_day(entry: &Entry) -> Option<(NaiveDate, Vec<Slot>)> {
    let event = entry.event.as_ref()?;
    let mut slots = call(&event.fact).filter(|call| !call.slots.is_empty())?.slots.clone();
    if event.envelope.effective.is_some() {
        return None;
    }
    let day = event.envelope.occurred.as_ref()?.day()?;
    slots.sort_unstable();
    slots.dedup();
    Some((day, slots))
}

/// Returns the moment of a slot of a day.
fn moment_of(day: NaiveDate, slot: Slot, zone: Zone) -> Timestamp {
    let seconds = u32::from(slot.minute_of_day()) * 60;
    let time = NaiveTime::from_num_seconds_from_midnight_opt(seconds, 0).unwrap_or(NaiveTime::MIN);
    zone.first_from(day.and_time(time))
}

/// Returns a call as one attempt at one slot.
fn at_slot(mut entry: Entry, day: NaiveDate, slot: Slot, zone: Zone) -> Entry {
    let Some(event) = &mut entry.event else { return entry };
    let moment = zone.local(moment_of(day, slot, zone));
    event.envelope.effective = Some(Occurred::from_instant(moment));
    if let Some(call) = call_mut(&mut event.fact) {
        call.slots = vec![slot];
    }
    entry
}

#[expect(clippy::wildcard_enum_match_arm, reason = "other facts are no attempts")]
fn call(fact: &Fact) -> Option<&Call> {
    match fact {
        Fact::CallAnswered(call)
        | Fact::CallUnanswered(call)
        | Fact::CallDeclined(call)
        | Fact::CallFault(call)
        | Fact::CallAbandoned(call)
        | Fact::CallNotAttempted(call)
        | Fact::CallUnknown(call) => Some(call),
        _ => None,
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "other facts are no attempts")]
fn call_mut(fact: &mut Fact) -> Option<&mut Call> {
    match fact {
        Fact::CallAnswered(call)
        | Fact::CallUnanswered(call)
        | Fact::CallDeclined(call)
        | Fact::CallFault(call)
        | Fact::CallAbandoned(call)
        | Fact::CallNotAttempted(call)
        | Fact::CallUnknown(call) => Some(call),
        _ => None,
    }
}

/// Returns the zone in which a line is called before its schedule changes.
pub(super) fn registered_zone(channel: &Channel<'_>) -> Zone {
    let registered = channel.registered.and_then(|registered| registered.schedule.as_ref());
    registered.and_then(|schedule| schedule.zone).unwrap_or(*channel.zone)
}

/// Returns the zone to which an entry changes the calls on a line, and since when.
pub(super) fn changed_zone(channel: &Channel<'_>, entry: &Entry) -> Option<(Timestamp, Zone)> {
    let Some(Event { envelope, fact: Fact::ChannelScheduleChanged(changed) }) = &entry.event else {
        return None;
    };
    let zone = changed.schedule.as_ref().and_then(|schedule| schedule.zone);
    let zone = zone.unwrap_or(*channel.zone);
    envelope.about.contains(&channel.id).then(|| (entry.bounds(channel.zone).0, zone))
}

/// In which zone a line is called, from which moment on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallZones {
    first: Zone,
    // Invariant: in the order of time.
    later: Vec<(Timestamp, Zone)>,
}

impl CallZones {
    /// Returns those of a line of which no schedule says anything: the zone of the log.
    pub const fn unscheduled(log: Zone) -> Self {
        Self { first: log, later: Vec::new() }
    }

    pub(super) fn of(channel: &Channel<'_>, first: Zone, entries: &[Entry]) -> Self {
        let mut later: Vec<(Timestamp, Zone)> =
            entries.iter().filter_map(|entry| changed_zone(channel, entry)).collect();
        later.sort_by_key(|(from, _)| *from);
        Self { first, later }
    }

    fn on(&self, moment: Timestamp) -> Zone {
        let known = self.later.partition_point(|(from, _)| *from <= moment);
        known.checked_sub(1).and_then(|last| self.later.get(last)).map_or(self.first, |(_, zone)| *zone)
    }

    /// Tells whether the line was called in another zone than this at any time.
    pub fn has_other_than(&self, zone: Zone) -> bool {
        self.first != zone || self.later.iter().any(|(_, later)| *later != zone)
    }

    /// Returns the moments at which a call was made that names slots of a day, earliest first; none of what is no
    /// such call, or has another time.
    pub fn moments(&self, call: &Entry, log: Zone) -> Option<Vec<Timestamp>> {
        let (day, slots) = slots_of_a_day(call)?;
        let zone = self.on(call.bounds(&log).0);
        Some(slots.into_iter().map(|slot| moment_of(day, slot, zone)).collect())
    }
}
