//! When a call was made: the index knows its day, and the slots of that day are told by its text.

use std::collections::HashMap;

use chrono::NaiveTime;

use crate::desk::channels::{self, one};
use crate::desk::error::DeskError;
use crate::desk::filter::selection::reading;
use crate::desk::known::Known;
use crate::desk::silence::act::Key;
use crate::domain::channel::CallZones;
use crate::domain::fact::Kind;
use crate::domain::id::EntityId;
use crate::domain::occurred::Occurred;
use crate::domain::reading::Entry;
use crate::projections::newest::{NewestQuery, Test};
use crate::projections::timeline::{Cursor, Spot};

/// No day is longer, whatever the clocks do.
const DAY_MAX: i64 = 26 * 3_600_000_000;
/// No two zones are further apart.
const APART_MAX: i64 = 26 * 3_600_000_000;

/// The slots of the lines of a log.
pub(super) struct Slots<'a> {
    known: &'a Known,
    zones: HashMap<EntityId, CallZones>,
    // In microseconds: by so much a slot can lie outside the day of the log of which its call is.
    apart: i64,
}

impl<'a> Slots<'a> {
    /// Reads when each line was called in which zone.
    pub(super) fn of(known: &'a Known) -> Result<Self, DeskError> {
        let query = NewestQuery {
            base: Test::Kind(vec![Kind::ChannelScheduleChanged]),
            sought: vec![Test::All(Vec::new()).into()],
            since: i64::MIN,
            until: i64::MAX,
            most: usize::MAX,
        };
        let spots: Vec<Spot> = known.view.newest(&query)?.into_iter().flatten().collect();
        let mut changes = Vec::new();
        for (row, raw) in known.view.entries(&spots, None)? {
            changes.extend(reading(known, &row, raw)?);
        }
        changes.sort_by_key(|change: &Entry| change.position);
        // What is said of one name of a line is said of the line.
        let events = changes.iter_mut().filter_map(|change| change.event.as_mut());
        for about in events.flat_map(|event| &mut event.envelope.about) {
            *about = one::standing_for(known, *about);
        }
        let mut zones = HashMap::new();
        for (line, _) in known.register.channels() {
            zones.insert(line, channels::channel(known, line).call_zones(&changes));
        }
        let is_apart = zones.values().any(|zones| zones.has_other_than(known.zone));
        Ok(Self { known, zones, apart: if is_apart { APART_MAX } else { 0 } })
    }

    /// Returns where an act stands by the moment asked about, `place` being where the index has it; none where all of
    /// it lies ahead.
    pub(super) fn key(&self, entry: &Entry, place: Key) -> Option<Key> {
        let line = entry.event.as_ref().and_then(|event| event.envelope.about.first());
        let unscheduled = CallZones::unscheduled(self.known.zone);
        let zones = line.and_then(|line| self.zones.get(line)).unwrap_or(&unscheduled);
        let Some(moments) = zones.moments(entry, self.known.zone) else {
            return (place.0 <= self.known.at).then(|| self.last_part(entry, place));
        };
        let last = moments.into_iter().rfind(|moment| *moment <= self.known.at)?;
        Some((last, last, place.2))
    }

    /// Returns where an act stands that is no call: what lasted, at the end of it, or on the day asked about where that is
    /// yet to come; what did not, where the index has it.
    fn last_part(&self, entry: &Entry, place: Key) -> Key {
        let date = entry.event.as_ref().and_then(|event| event.envelope.occurred.as_ref());
        let Some(end) = date.and_then(Occurred::last_part) else { return place };
        let (zone, at) = (&self.known.zone, self.known.at);
        let (from, to) = end.bounds(zone);
        if from > at {
            let midnight = zone.local(at).date_naive().and_time(NaiveTime::MIN);
            return (zone.first_from(midnight).max(place.0), at, place.2);
        }
        (from, to.min(at), place.2)
    }

    /// Returns until when the index must be asked for the calls that were made by the moment asked about.
    pub(super) fn until(&self) -> i64 {
        self.known.at.micros().saturating_add(self.apart)
    }

    /// Returns the place before which the index has no call that can have been made after another act.
    pub(super) fn floor(&self, newest: Key) -> Cursor {
        Cursor::at(newest.0.micros().saturating_sub(DAY_MAX + self.apart), i64::MIN, 0)
    }

    /// Tells whether neither a call nor any that the index has before it can have been made after another act.
    pub(super) fn is_of_an_earlier_day(&self, call: Spot, newest: Key) -> bool {
        call.bounds().0.micros().saturating_add(DAY_MAX + self.apart) < newest.0.micros()
    }

    /// Tells whether a call of which the index has only the day can be newer than an act; `newest` is none while none
    /// is known.
    pub(super) fn may_be_newer(&self, call: Spot, newest: Option<Key>) -> bool {
        let (earliest, latest) = call.bounds();
        let lasts = latest.micros().saturating_sub(earliest.micros());
        let is_day = lasts > 0 && lasts <= DAY_MAX;
        if !is_day && earliest > self.known.at {
            return false;
        }
        let Some(newest) = newest else { return true };
        if is_day {
            latest.micros().saturating_add(self.apart) >= newest.0.micros()
        } else {
            (earliest, latest, call.position()) > newest
        }
    }
}

/// Returns where an act stands in the order of the index, were it dated to the moment at which it took place.
pub(super) fn place((earliest, latest, position): Key) -> Cursor {
    Cursor::at(earliest.micros(), latest.micros(), position)
}
