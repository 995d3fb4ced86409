//! A length of time as policies and agreements state it.

use std::fmt;
use std::str::FromStr;

use chrono::{Days, Months, TimeDelta};
use serde::{Deserialize, Serialize};

use crate::domain::timestamp::Timestamp;
use crate::domain::zone::Zone;

/// Months, days or seconds, as an ISO 8601 duration: `P3M`, `P14D`, `PT48H`.
///
/// Months and days are those of the calendar in a zone; hours and minutes are those of the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Span {
    amount: u32,
    unit: Unit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Unit {
    Months,
    Days,
    Minutes,
}

/// A text is no length of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no length of time; write 48h, 7d, 2w, 3 months or P14D")]
pub struct SpanError(pub String);

impl Span {
    /// Returns the moment that is so much later; beyond the years of a record, the last that it holds.
    pub fn after(self, moment: Timestamp, zone: &Zone) -> Timestamp {
        let local = zone.local(moment).naive_local();
        let later = match self.unit {
            Unit::Months => local.checked_add_months(Months::new(self.amount)),
            Unit::Days => local.checked_add_days(Days::new(self.amount.into())),
            Unit::Minutes => {
                let micros = moment.micros().saturating_add(i64::from(self.amount) * 60_000_000);
                return Timestamp::from_micros(micros).unwrap_or(Timestamp::MAX);
            }
        };
        later.map_or(Timestamp::MAX, |later| zone.first_from(later))
    }

    /// Returns the moment that is so much earlier; beyond the years of a record, the first that it holds.
    pub fn before(self, moment: Timestamp, zone: &Zone) -> Timestamp {
        let local = zone.local(moment).naive_local();
        let earlier = match self.unit {
            Unit::Months => local.checked_sub_months(Months::new(self.amount)),
            Unit::Days => local.checked_sub_days(Days::new(self.amount.into())),
            Unit::Minutes => local.checked_sub_signed(TimeDelta::minutes(self.amount.into())),
        };
        earlier.map_or(Timestamp::MIN, |earlier| zone.first_from(earlier))
    }

    /// Tells whether it is counted in months of the calendar.
    pub fn is_of_months(self) -> bool {
        self.unit == Unit::Months
    }

    /// Returns the length in microseconds: a day has 24 hours and a month 30 days.
    pub fn micros(self) -> i64 {
        let minutes = match self.unit {
            Unit::Months => i64::from(self.amount) * 30 * 24 * 60,
            Unit::Days => i64::from(self.amount) * 24 * 60,
            Unit::Minutes => i64::from(self.amount),
        };
        minutes.saturating_mul(60_000_000)
    }

    /// Returns the length for people: `14 days`.
    pub fn words(self) -> String {
        let (amount, unit) = match self.unit {
            Unit::Months => (self.amount, "month"),
            Unit::Days => (self.amount, "day"),
            Unit::Minutes if self.amount.is_multiple_of(60) => (self.amount / 60, "hour"),
            Unit::Minutes => (self.amount, "minute"),
        };
        format!("{amount} {unit}{}", if amount == 1 { "" } else { "s" })
    }
}

impl fmt::Display for Span {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.unit {
            Unit::Months => write!(formatter, "P{}M", self.amount),
            Unit::Days => write!(formatter, "P{}D", self.amount),
            Unit::Minutes if self.amount.is_multiple_of(60) => write!(formatter, "PT{}H", self.amount / 60),
            Unit::Minutes => write!(formatter, "PT{}M", self.amount),
        }
    }
}

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let wrong = || SpanError(text.to_owned());
        let typed = text.trim().to_lowercase();
        let (digits, unit) = match typed.strip_prefix('p') {
            Some(iso) => match iso.strip_prefix('t') {
                Some(time) => (time, true),
                None => (iso, false),
            },
            None => (typed.as_str(), false),
        };
        let end = digits.find(|letter: char| !letter.is_ascii_digit()).ok_or_else(wrong)?;
        let (amount, name) = digits.split_at_checked(end).ok_or_else(wrong)?;
        let amount: u32 = amount.parse().map_err(|_| wrong())?;
        let times = |factor: u32| amount.checked_mul(factor).ok_or_else(wrong);
        let iso = typed.starts_with('p');
        let (amount, unit) = match (name.trim(), iso, unit) {
            ("m", true, false) | ("month" | "months" | "mo", false, _) => (amount, Unit::Months),
            ("y", true, false) | ("y" | "year" | "years", false, _) => (times(12)?, Unit::Months),
            ("d", true, false) | ("d" | "day" | "days", false, _) => (amount, Unit::Days),
            ("w", true, false) | ("w" | "week" | "weeks", false, _) => (times(7)?, Unit::Days),
            ("h", true, true) | ("h" | "hour" | "hours", false, _) => (times(60)?, Unit::Minutes),
            ("m", true, true) | ("min" | "minute" | "minutes", false, _) => (amount, Unit::Minutes),
            _ => return Err(wrong()),
        };
        Ok(Self { amount, unit })
    }
}

impl TryFrom<String> for Span {
    type Error = SpanError;

    fn try_from(text: String) -> Result<Self, SpanError> {
        text.parse()
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_read_as_people_and_as_iso_8601_write_it() {
        for (typed, recorded) in [
            ("14d", "P14D"),
            ("2w", "P14D"),
            ("3 months", "P3M"),
            ("48h", "PT48H"),
            ("P14D", "P14D"),
            ("PT48H", "PT48H"),
            ("pt90m", "PT90M"),
            ("1 year", "P12M"),
            ("P2W", "P14D"),
        ] {
            let span: Span = typed.parse().unwrap();
            assert_eq!(span.to_string(), recorded, "{typed}");
            assert_eq!(recorded.parse::<Span>().unwrap(), span);
        }
        for wrong in ["", "14", "d", "soon", "3m", "-1d", "99999999999d", "P1DT2H", "1.5d"] {
            assert!(wrong.parse::<Span>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn days_are_those_of_the_calendar_and_hours_those_of_the_clock() {
        let zone: Zone = "Europe/Vienna".parse().unwrap();
        let noon: Timestamp = "2025-03-29T11:00:00.000000Z".parse().unwrap();
        let after = |span: &str| span.parse::<Span>().unwrap().after(noon, &zone).to_string();
        assert_eq!(after("1d"), "2025-03-30T10:00:00.000000Z");
        assert_eq!(after("24h"), "2025-03-30T11:00:00.000000Z");
        assert_eq!(
            "1d".parse::<Span>().unwrap().before("2025-03-30T10:00:00.000000Z".parse().unwrap(), &zone),
            noon
        );
    }
}
