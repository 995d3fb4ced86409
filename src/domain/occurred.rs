//! When something happened in the world, with the doubt it was known with.

pub(crate) mod impossible;
mod words;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime};
use edtf_core::{Bound, BoundDate, Edtf};
use serde::{Deserialize, Serialize};

use crate::domain::timestamp::Timestamp;
use crate::domain::zone::Zone;

/// A date with doubt (EDTF, ISO 8601-2:2019, levels 0 and 1 and the sets of level 2), or an instant with
/// the offset it was reported with (RFC 3339). Kept as it was written.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Occurred {
    // Invariant: an RFC 3339 instant with seconds, or EDTF without a time.
    text: Arc<str>,
}

/// A text is not a date as the record spells them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OccurredError {
    /// Not a date.
    #[error(
        "`{text}` is not a date ({why}); write 2026-11-23, 2026-11, 2026-11-23?, 2026-11-01/2026-11-05 or 2026-11-23T09:00:00+09:00"
    )]
    NotADate {
        /// What was given.
        text: String,
        /// What is wrong with it.
        why: String,
    },
    /// Written as a date, and no calendar has it.
    #[error("`{text}` does not exist: {why}")]
    Impossible {
        /// What was given.
        text: String,
        /// Why not.
        why: String,
    },
    /// A time of day without an offset could be any of two dozen moments.
    #[error("`{0}` has a time of day and no offset; write {0}+09:00, or Z for UTC")]
    NoOffset(String),
}

/// How finely a date is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// To the second.
    Instant,
    /// A day.
    Day,
    /// A month, a season, a year or coarser.
    Coarse,
    /// From one date to another.
    Interval,
    /// One of several dates, or all of them.
    Set,
}

impl Occurred {
    /// Returns the date as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the date of an instant, in the offset that it is given with.
    pub fn from_instant(instant: DateTime<FixedOffset>) -> Self {
        Self { text: instant.to_rfc3339_opts(chrono::SecondsFormat::Secs, true).into() }
    }

    /// Returns a calendar day.
    pub fn from_day(day: NaiveDate) -> Self {
        Self { text: day.format("%Y-%m-%d").to_string().into() }
    }

    /// Returns any time until the end of a calendar day.
    pub fn until_day(day: NaiveDate) -> Self {
        Self { text: day.format("[..%Y-%m-%d]").to_string().into() }
    }

    /// Returns the first moment that it can mean, days beginning in `zone`; for an open or unknown
    /// beginning the first moment that a record can hold.
    pub fn earliest(&self, zone: &Zone) -> Timestamp {
        self.bounds(zone).0
    }

    /// Returns the last microsecond that it can mean, days ending in `zone`; for an open or unknown end
    /// the last moment that a record can hold.
    pub fn latest(&self, zone: &Zone) -> Timestamp {
        self.bounds(zone).1
    }

    /// Returns the first and the last moment that it can mean.
    pub fn bounds(&self, zone: &Zone) -> (Timestamp, Timestamp) {
        if let Some(day) = plain_day(&self.text) {
            return (start_of(day, *zone), end_of(day, *zone));
        }
        if let Some(instant) = instant(&self.text) {
            let moment = Timestamp::from(instant.to_utc());
            return (moment, moment);
        }
        self.bounds_of_edtf(*zone)
    }

    fn bounds_of_edtf(&self, zone: Zone) -> (Timestamp, Timestamp) {
        let Ok(edtf) = Edtf::parse(&self.text) else { return (Timestamp::MIN, Timestamp::MAX) };
        let bounds = edtf.bounds();
        let earliest = match bounds.earliest {
            Bound::Date(date) => day_of(date).map_or(Timestamp::MIN, |day| start_of(day, zone)),
            Bound::NegativeInfinity | Bound::Unknown => Timestamp::MIN,
            Bound::PositiveInfinity => Timestamp::MAX,
        };
        let latest = match bounds.latest {
            Bound::Date(date) => day_of(date).map_or(Timestamp::MAX, |day| end_of(day, zone)),
            Bound::PositiveInfinity | Bound::Unknown => Timestamp::MAX,
            Bound::NegativeInfinity => Timestamp::MIN,
        };
        (earliest, latest)
    }

    /// Returns how finely it is known.
    pub fn precision(&self) -> Precision {
        if plain_day(&self.text).is_some() {
            return Precision::Day;
        }
        if instant(&self.text).is_some() {
            return Precision::Instant;
        }
        match Edtf::parse(&self.text) {
            Ok(Edtf::Interval(_)) => Precision::Interval,
            Ok(Edtf::Set(_)) => Precision::Set,
            Ok(Edtf::Date(date)) if date.precision() == edtf_core::Precision::Day => Precision::Day,
            _ => Precision::Coarse,
        }
    }

    /// Tells whether it is an instant.
    pub fn is_exact(&self) -> bool {
        self.precision() == Precision::Instant
    }

    /// Tells whether it is a calendar day, perhaps with a doubt.
    pub fn is_day(&self) -> bool {
        self.precision() == Precision::Day
    }

    /// Tells whether another moment is possible beyond the length of the day: a month, `?`, a set.
    ///
    /// An interval `A/B` lasted from A to B and leaves no doubt; `[A..B]` does.
    pub fn is_doubtful(&self) -> bool {
        match self.precision() {
            Precision::Instant => false,
            Precision::Coarse | Precision::Set => true,
            Precision::Day | Precision::Interval => {
                self.text.contains(['?', '~', '%', 'X'])
                    || self.text.starts_with('/')
                    || self.text.ends_with('/')
            }
        }
    }

    /// Tells whether it lasted, from one moment to another: `A/B`, of which both ends are known.
    pub fn lasted(&self) -> bool {
        self.last_part().is_some()
    }

    /// Returns when it ended at last, of what lasted: of `2024-01-06/2024-01-11` the eleventh.
    pub fn last_part(&self) -> Option<Self> {
        if self.precision() != Precision::Interval || self.is_doubtful() || self.text.contains("..") {
            return None;
        }
        self.text.split_once('/')?.1.parse().ok()
    }

    /// Returns the instant, where it is one.
    pub fn instant(&self) -> Option<DateTime<FixedOffset>> {
        instant(&self.text)
    }

    /// Returns the calendar day, where it is one without a doubt.
    pub fn day(&self) -> Option<NaiveDate> {
        plain_day(&self.text)
    }

    /// Returns the date for people: `17 November 2025`, `about 1972`, `28–31 March 1972`.
    pub fn words(&self) -> String {
        words::words(&self.text)
    }

    /// Returns the date for people as when something happened: `on 17 November 2025`, `in 1972`, `between 1 May 2025 and
    /// 3 May 2025`.
    pub fn when(&self) -> String {
        words::when(&self.text)
    }
}

/// Reads `YYYY-MM-DD` without the whole grammar: nearly every date of a log is one.
fn plain_day(text: &str) -> Option<NaiveDate> {
    let number = |digits: &[u8]| {
        digits.iter().try_fold(0u32, |number, digit| {
            digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0'))
        })
    };
    match text.as_bytes() {
        [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] => {
            let year = i32::try_from(number(&[*y1, *y2, *y3, *y4])?).ok()?;
            NaiveDate::from_ymd_opt(year, number(&[*m1, *m2])?, number(&[*d1, *d2])?)
        }
        _ => None,
    }
}

fn instant(text: &str) -> Option<DateTime<FixedOffset>> {
    (text.as_bytes().get(10) == Some(&b'T')).then(|| DateTime::parse_from_rfc3339(text).ok()).flatten()
}

fn start_of(day: NaiveDate, zone: Zone) -> Timestamp {
    zone.first_from(day.and_time(NaiveTime::MIN))
}

fn end_of(day: NaiveDate, zone: Zone) -> Timestamp {
    let next: Option<NaiveDateTime> = day.succ_opt().map(|day| day.and_time(NaiveTime::MIN));
    next.and_then(|next| Timestamp::from_micros(zone.first_from(next).micros() - 1).ok())
        .unwrap_or(Timestamp::MAX)
}

fn day_of(date: BoundDate) -> Option<NaiveDate> {
    let year = i32::try_from(date.year).ok().filter(|year| (0..=9999).contains(year))?;
    NaiveDate::from_ymd_opt(year, date.month.into(), date.day.into())
}

impl FromStr for Occurred {
    type Err = OccurredError;

    fn from_str(text: &str) -> Result<Self, OccurredError> {
        let kept = || Ok(Self { text: text.into() });
        if plain_day(text).is_some() || instant(text).is_some() {
            return kept();
        }
        let not_a_date = |why: &str| OccurredError::NotADate { text: text.to_owned(), why: why.to_owned() };
        // What the grammar expected at which letter helps nobody who types a date.
        let edtf = Edtf::parse(text).map_err(|_| match impossible::why(text) {
            Some(why) => OccurredError::Impossible { text: text.to_owned(), why },
            None => not_a_date("no date is written so"),
        })?;
        match edtf {
            Edtf::DateTime(_) => Err(OccurredError::NoOffset(text.to_owned())),
            _ if edtf.level() > 1 && !matches!(edtf, Edtf::Set(_)) => {
                Err(not_a_date("this detail of EDTF level 2 is not kept here"))
            }
            Edtf::Date(_) | Edtf::Interval(_) | Edtf::Set(_) => kept(),
        }
    }
}

impl TryFrom<String> for Occurred {
    type Error = OccurredError;

    fn try_from(text: String) -> Result<Self, OccurredError> {
        text.parse()
    }
}

impl From<Occurred> for String {
    fn from(date: Occurred) -> Self {
        date.text.as_ref().to_owned()
    }
}

impl fmt::Display for Occurred {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(date: &str, earliest: &str, latest: &str) {
        let zone: Zone = "Asia/Seoul".parse().unwrap();
        let date: Occurred = date.parse().unwrap();
        assert_eq!(
            (date.earliest(&zone).to_string(), date.latest(&zone).to_string()),
            (earliest.to_owned(), latest.to_owned())
        );
    }

    #[test]
    fn a_date_reaches_from_its_first_to_its_last_moment_in_the_zone() {
        check("2025-11-17", "2025-11-16T15:00:00.000000Z", "2025-11-17T14:59:59.999999Z");
        check("2025-11-17?", "2025-11-16T15:00:00.000000Z", "2025-11-17T14:59:59.999999Z");
        check("2025-11", "2025-10-31T15:00:00.000000Z", "2025-11-30T14:59:59.999999Z");
        check("2025-11-17T10:00:00+09:00", "2025-11-17T01:00:00.000000Z", "2025-11-17T01:00:00.000000Z");
        check("1972-03-28/1972-03-31", "1972-03-27T15:00:00.000000Z", "1972-03-31T14:59:59.999999Z");
        check("2023-04-07/..", "2023-04-06T15:00:00.000000Z", "9999-12-31T23:59:59.999999Z");
        check("[1976-08-30..1976-08-31]", "1976-08-29T15:00:00.000000Z", "1976-08-31T14:59:59.999999Z");
    }

    #[test]
    fn a_date_with_unknown_parts_is_told_by_its_finest_part() {
        for (date, words) in [
            ("2025-XX-XX", "a day in 2025"),
            ("2025-XX", "a month in 2025"),
            ("2025-11-XX", "a day in November 2025"),
            ("0000", "0000"),
            ("0753-04-21", "21 April 0753"),
            ("2025", "2025"),
        ] {
            assert_eq!(date.parse::<Occurred>().unwrap().words(), words);
        }
    }

    #[test]
    fn what_is_no_date_is_refused_with_what_would_be() {
        for wrong in ["2025-02-30", "yesterday", "2025-11-17T10:00", "17.11.2025", "", "２０２５", "2025-13"]
        {
            assert!(wrong.parse::<Occurred>().is_err(), "{wrong}");
        }
        for (wrong, says) in [
            ("2024-05-10/2024-05-01", "its end, 2024-05-01, lies before its beginning, 2024-05-10"),
            ("1963/1960", "its end, 1960, lies before its beginning, 1963"),
            ("[1963..1960]", "its end, 1960, lies before its beginning, 1963"),
            ("2023-02-29", "February 2023 has 28 days"),
            ("1960-02-31~/1961", "February 1960 has 29 days"),
            ("[1960,1961-06-31]", "June 1961 has 30 days"),
            ("2025-13", "there is no month 13"),
        ] {
            let error = wrong.parse::<Occurred>().unwrap_err().to_string();
            assert!(error.contains("does not exist") && error.contains(says), "{wrong}: {error}");
        }
        let error = "2025-11-17T10:00:00".parse::<Occurred>().unwrap_err().to_string();
        assert!(error.contains("no offset") && error.contains("+09:00"), "{error}");
    }

    proptest! {
        #[test]
        fn the_quick_way_says_what_the_grammar_says(day in 0i32..3_000_000) {
            let day = NaiveDate::from_num_days_from_ce_opt(day + 365).unwrap();
            let date = Occurred::from_day(day);
            let zone: Zone = "Europe/Vienna".parse().unwrap();
            prop_assert_eq!(date.bounds(&zone), date.bounds_of_edtf(zone));
            prop_assert_eq!(date.to_string().parse::<Occurred>().unwrap(), date);
        }

        #[test]
        fn nothing_that_is_typed_makes_it_panic(text in "\\PC{0,24}") {
            if let Ok(date) = text.parse::<Occurred>() {
                let (earliest, latest) = date.bounds(&Zone::default());
                prop_assert!(earliest <= latest);
                prop_assert!(!date.words().is_empty());
            }
        }
    }
}
