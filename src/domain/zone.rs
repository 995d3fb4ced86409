//! A time zone: one of IANA's, or a fixed offset.

use std::fmt;
use std::str::FromStr;

use chrono::offset::LocalResult;
use chrono::{DateTime, FixedOffset, NaiveDateTime, TimeDelta, TimeZone};
use serde::{Deserialize, Serialize};

use crate::domain::timestamp::Timestamp;

/// A time zone, spelt as IANA spells it or as an offset from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Zone {
    which: Which,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Which {
    Iana(chrono_tz::Tz),
    Fixed(FixedOffset),
}

/// A text names no zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no time zone; write Asia/Seoul, Europe/Vienna, UTC or +09:00")]
pub struct ZoneError(pub String);

impl Default for Zone {
    fn default() -> Self {
        Self { which: Which::Iana(chrono_tz::Tz::UTC) }
    }
}

impl Zone {
    /// Returns the local time of a moment, with its offset.
    pub fn local(&self, moment: Timestamp) -> DateTime<FixedOffset> {
        match self.which {
            Which::Iana(zone) => moment.to_utc().with_timezone(&zone).fixed_offset(),
            Which::Fixed(offset) => moment.to_utc().with_timezone(&offset),
        }
    }

    /// Returns the moments that a local time can mean: one, or two where the clocks are put back, or
    /// none where they are put forward.
    pub fn resolve(&self, local: NaiveDateTime) -> LocalResult<DateTime<FixedOffset>> {
        match self.which {
            Which::Iana(zone) => zone.from_local_datetime(&local).map(|moment| moment.fixed_offset()),
            Which::Fixed(offset) => offset.from_local_datetime(&local),
        }
    }

    /// Returns the first moment that is not before a local time; years that no record can hold give the
    /// nearest moment that one can.
    pub fn first_from(&self, local: NaiveDateTime) -> Timestamp {
        match self.resolve(local) {
            LocalResult::Single(moment) | LocalResult::Ambiguous(moment, _) => moment.to_utc().into(),
            // A gap: what the clocks jump over begins where they jump to.
            LocalResult::None => (1..=16)
                .filter_map(|quarter| local.checked_add_signed(TimeDelta::minutes(15 * quarter)))
                .find_map(|later| self.resolve(later).earliest())
                .map_or_else(|| local.and_utc().into(), |moment| moment.to_utc().into()),
        }
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.which {
            Which::Iana(zone) => formatter.pad(zone.name()),
            Which::Fixed(offset) => formatter.pad(&offset.to_string()),
        }
    }
}

impl FromStr for Zone {
    type Err = ZoneError;

    fn from_str(text: &str) -> Result<Self, ZoneError> {
        let wrong = || ZoneError(text.to_owned());
        let text = text.trim();
        if matches!(text, "Z" | "z") {
            return Ok(Self::default());
        }
        let which = if text.starts_with(['+', '-']) {
            Which::Fixed(text.parse().map_err(|_| wrong())?)
        } else {
            Which::Iana(chrono_tz::Tz::from_str(text).map_err(|_| wrong())?)
        };
        Ok(Self { which })
    }
}

impl TryFrom<String> for Zone {
    type Error = ZoneError;

    fn try_from(text: String) -> Result<Self, ZoneError> {
        text.parse()
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_read_back_as_it_is_shown() {
        for text in ["Asia/Seoul", "Asia/Pyongyang", "UTC", "+08:30", "-03:00"] {
            assert_eq!(text.parse::<Zone>().unwrap().to_string(), text);
        }
        assert!("Seoul time".parse::<Zone>().unwrap_err().to_string().contains("Asia/Seoul"));
    }

    #[test]
    fn pyongyang_kept_its_own_time_from_2015_to_2018() {
        let zone: Zone = "Asia/Pyongyang".parse().unwrap();
        let offset = |moment: &str| zone.local(moment.parse().unwrap()).offset().to_string();
        assert_eq!(offset("2018-01-03T06:30:00.000000Z"), "+08:30");
        assert_eq!(offset("2018-06-01T00:00:00.000000Z"), "+09:00");
    }

    #[test]
    fn a_time_that_the_clocks_jump_over_begins_where_they_jump_to() {
        let zone: Zone = "Europe/Vienna".parse().unwrap();
        let gap = chrono::NaiveDate::from_ymd_opt(2025, 3, 30).unwrap().and_hms_opt(2, 30, 0).unwrap();
        assert_eq!(zone.first_from(gap).to_string(), "2025-03-30T01:00:00.000000Z");
    }
}
