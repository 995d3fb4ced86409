//! When something is, as a calendar has it: at a moment, or on whole days.

use chrono::{Days, NaiveDate};

use crate::desk::outgoing::calendar::line::{day, property, utc};
use crate::domain::occurred::Occurred;
use crate::domain::timestamp::Timestamp;
use crate::domain::zone::Zone;

/// Within how many days a date must lie that is not known to the day.
const DOUBT_DAYS_MAX: i64 = 62;

/// When something is, in a calendar.
pub(super) enum Span {
    /// From a moment on; until another, where that is known.
    At(Timestamp, Option<Timestamp>),
    /// On whole days: the first, the one after the last, and whether it may be any of them.
    Days { first: NaiveDate, after: NaiveDate, any: bool },
}

impl Span {
    /// Returns when something of a date is; none where a calendar could show it on no day.
    pub(super) fn of(date: &Occurred, zone: Zone) -> Option<Self> {
        if date.is_exact() {
            return Some(Self::At(date.earliest(&zone), None));
        }
        let (earliest, latest) = date.bounds(&zone);
        if !earliest.is_bounded() || !latest.is_bounded() {
            return None;
        }
        let day = |moment| zone.local(moment).date_naive();
        let (first, last) = (day(earliest), day(latest));
        let any = date.is_doubtful();
        if any && last.signed_duration_since(first).num_days() >= DOUBT_DAYS_MAX {
            return None;
        }
        Some(Self::Days { first, after: last.checked_add_days(Days::new(1))?, any })
    }

    /// Returns it with its end, where it begins at a moment before that.
    pub(super) fn until(self, end: Option<Timestamp>) -> Self {
        match self {
            Self::At(begin, known) => Self::At(begin, end.filter(|end| *end > begin).or(known)),
            days @ Self::Days { .. } => days,
        }
    }

    /// Returns the lines of a component that say so.
    pub(super) fn lines(&self) -> String {
        match self {
            Self::At(begin, end) => {
                let end = end.map(|end| property("DTEND", &utc(end))).unwrap_or_default();
                property("DTSTART", &utc(*begin)) + &end
            }
            Self::Days { first, after, .. } => {
                property("DTSTART;VALUE=DATE", &day(*first)) + &property("DTEND;VALUE=DATE", &day(*after))
            }
        }
    }
}
