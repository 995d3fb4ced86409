//! Stretches of time of a natural width, so many that a reader still sees the shape of it.

use chrono::{Datelike as _, Days, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike as _};

use crate::domain::timestamp::Timestamp;
use crate::domain::zone::Zone;

/// More stretches than this are no picture.
pub(super) const STRETCHES_MAX: usize = 400;

/// How long a stretch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Width {
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
    Decade,
}

impl Width {
    const ALL: [Self; 7] =
        [Self::Hour, Self::Day, Self::Week, Self::Month, Self::Quarter, Self::Year, Self::Decade];

    /// Returns its name.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::Year => "year",
            Self::Decade => "decade",
        }
    }

    /// Returns the width of stretches that begin at these moments; hours where there are fewer than two.
    pub(super) fn of(starts: &[Timestamp]) -> Self {
        let gaps = starts.iter().zip(starts.iter().skip(1)).map(|(one, next)| next.micros() - one.micros());
        let hours = gaps.min().unwrap_or_default() / 3_600_000_000;
        match hours {
            ..=1 => Self::Hour,
            2..=25 => Self::Day,
            26..=169 => Self::Week,
            170..=800 => Self::Month,
            801..=3_000 => Self::Quarter,
            3_001..=10_000 => Self::Year,
            10_001.. => Self::Decade,
        }
    }

    /// Returns what a stretch is called that begins at a moment.
    pub(super) fn name(self, start: Timestamp, zone: &Zone) -> String {
        let local = zone.local(start).naive_local();
        match self {
            Self::Hour => local.format("%Y-%m-%d %H:00").to_string(),
            Self::Day => local.format("%Y-%m-%d").to_string(),
            Self::Week => local.format("%G-W%V").to_string(),
            Self::Month => local.format("%Y-%m").to_string(),
            Self::Quarter => format!("{:04}-Q{}", local.year(), local.month0() / 3 + 1),
            Self::Year => format!("{:04}", local.year()),
            Self::Decade => format!("{:04}s", local.year()),
        }
    }

    /// Returns the beginning of the stretch in which a day lies.
    fn floor(self, day: NaiveDate) -> Option<NaiveDate> {
        let (year, month) = (day.year(), day.month0());
        match self {
            Self::Hour | Self::Day => Some(day),
            Self::Week => day.checked_sub_days(Days::new(day.weekday().num_days_from_monday().into())),
            Self::Month => day.with_day(1),
            Self::Quarter => NaiveDate::from_ymd_opt(year, month / 3 * 3 + 1, 1),
            Self::Year => NaiveDate::from_ymd_opt(year, 1, 1),
            Self::Decade => NaiveDate::from_ymd_opt(year.div_euclid(10) * 10, 1, 1),
        }
    }

    /// Returns the beginning of the next stretch.
    fn next(self, start: NaiveDateTime) -> Option<NaiveDateTime> {
        match self {
            Self::Hour => start.checked_add_signed(TimeDelta::hours(1)),
            Self::Day => start.checked_add_days(Days::new(1)),
            Self::Week => start.checked_add_days(Days::new(7)),
            Self::Month => start.checked_add_months(Months::new(1)),
            Self::Quarter => start.checked_add_months(Months::new(3)),
            Self::Year => start.checked_add_months(Months::new(12)),
            Self::Decade => start.checked_add_months(Months::new(120)),
        }
    }

    /// Returns where every stretch from one moment to another begins; the last so many where there are more.
    pub(super) fn starts(
        self,
        first: Timestamp,
        last: Timestamp,
        zone: &Zone,
        most: usize,
    ) -> Vec<Timestamp> {
        let local = zone.local(first).naive_local();
        let hour = if self == Self::Hour { local.hour() } else { 0 };
        let time = NaiveTime::from_hms_opt(hour, 0, 0).unwrap_or_default();
        let mut start = self.floor(local.date()).unwrap_or(local.date()).and_time(time);
        let mut starts: Vec<Timestamp> = Vec::new();
        loop {
            let moment = zone.first_from(start);
            if moment > last && !starts.is_empty() {
                break;
            }
            // Where the clocks are put forward, two local times are one moment.
            if starts.last().is_none_or(|before| *before < moment) {
                starts.push(moment);
            }
            match self.next(start) {
                Some(next) => start = next,
                None => break,
            }
        }
        starts.split_off(starts.len().saturating_sub(most))
    }
}

/// Returns where the stretches from one moment to another begin, of the shortest width that gives no more
/// than [`STRETCHES_MAX`].
pub(super) fn stretches(first: Timestamp, last: Timestamp, zone: &Zone) -> Vec<Timestamp> {
    let hours = (last.micros() - first.micros()) / 3_600_000_000;
    for width in Width::ALL {
        // Not one moment is worked out for a width that cannot do.
        let shortest = match width {
            Width::Hour => 1,
            Width::Day => 23,
            Width::Week => 167,
            Width::Month => 28 * 24 - 1,
            Width::Quarter => 90 * 24 - 1,
            Width::Year => 365 * 24 - 1,
            Width::Decade => i64::MAX,
        };
        if hours / shortest > 2 * STRETCHES_MAX as i64 {
            continue;
        }
        let starts = width.starts(first, last, zone, usize::MAX);
        if starts.len() <= STRETCHES_MAX {
            return starts;
        }
    }
    Width::Decade.starts(first, last, zone, STRETCHES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(first: &str, last: &str, zone: &str) -> (Width, Vec<String>) {
        let zone: Zone = zone.parse().unwrap();
        let moment = |text: &str| text.parse::<Timestamp>().unwrap();
        let starts = stretches(moment(first), moment(last), &zone);
        let width = Width::of(&starts);
        (width, starts.into_iter().map(|start| width.name(start, &zone)).collect())
    }

    #[test]
    fn a_width_is_as_short_as_the_picture_allows() {
        let seoul = "Asia/Seoul";
        let (width, hours) = names("2018-03-01T00:10:00.000000Z", "2018-03-01T02:00:00.000000Z", seoul);
        assert_eq!(
            (width, hours),
            (
                Width::Hour,
                vec!["2018-03-01 09:00".into(), "2018-03-01 10:00".into(), "2018-03-01 11:00".into()]
            )
        );
        for (last, width, name) in [
            ("2018-12-31T00:00:00.000000Z", Width::Day, "2018-03-01"),
            ("2020-12-31T00:00:00.000000Z", Width::Week, "2018-W09"),
            ("2040-12-31T00:00:00.000000Z", Width::Month, "2018-03"),
            ("2110-12-31T00:00:00.000000Z", Width::Quarter, "2018-Q1"),
            ("2400-12-31T00:00:00.000000Z", Width::Year, "2018"),
            ("5000-12-31T00:00:00.000000Z", Width::Decade, "2010s"),
        ] {
            let (found, names) = names("2018-03-01T00:10:00.000000Z", last, seoul);
            assert_eq!((found, names[0].as_str()), (width, name), "{last}");
        }
        // Of more than a picture can hold the last are shown.
        let (width, names) = names("0001-03-01T00:00:00.000000Z", "9998-12-31T00:00:00.000000Z", seoul);
        assert_eq!(
            (width, names.len(), names.last().unwrap().as_str()),
            (Width::Decade, STRETCHES_MAX, "9990s")
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]
        #[test]
        fn every_moment_lies_in_one_of_few_stretches(
            first in -3_000_000_000_i64..4_000_000_000,
            long in 0_u32..34,
            zone in prop_oneof![Just("Asia/Seoul"), Just("America/New_York"), Just("Asia/Pyongyang"), Just("+09:00")],
        ) {
            let zone: Zone = zone.parse().unwrap();
            let moment = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000).unwrap();
            let (first, last) = (moment(first), moment(first + (1_i64 << long)));
            let starts = stretches(first, last, &zone);
            prop_assert!(!starts.is_empty() && starts.len() <= STRETCHES_MAX, "{}", starts.len());
            prop_assert!(starts[0] <= first && *starts.last().unwrap() <= last);
            prop_assert!(starts.is_sorted_by(|one, next| one < next));
            let width = Width::of(&starts);
            let names: std::collections::BTreeSet<String> = starts.iter().map(|start| width.name(*start, &zone)).collect();
            prop_assert!(width == Width::Hour || names.len() == starts.len(), "{:?} {:?}", width, names);
        }
    }
}
