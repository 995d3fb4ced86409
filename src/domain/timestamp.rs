//! When the store wrote something: an instant in UTC, to the microsecond, with one spelling.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, Timelike, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment in UTC with microseconds, always written `2026-11-23T09:00:00.000000Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, schemars::JsonSchema)]
#[schemars(with = "String", extend("format" = "date-time"))]
pub struct Timestamp {
    // Invariant: within the years 0000 to 9999, so that it has the one spelling.
    micros: i64,
}

/// A text or a number was not a moment that a record can hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a recorded time; it looks like 2026-11-23T09:00:00.000000Z")]
pub struct TimestampError(pub String);

impl Timestamp {
    /// 0000-01-01T00:00:00Z.
    const MICROS_MIN: i64 = -62_167_219_200_000_000;
    /// 9999-12-31T23:59:59.999999Z.
    const MICROS_MAX: i64 = 253_402_300_799_999_999;

    /// The first moment that a record can hold.
    pub const MIN: Self = Self { micros: Self::MICROS_MIN };
    /// The last moment that a record can hold.
    pub const MAX: Self = Self { micros: Self::MICROS_MAX };

    /// Tells whether it is a moment, and not what stands for the open end of a time.
    pub const fn is_bounded(self) -> bool {
        Self::MICROS_MIN < self.micros && self.micros < Self::MICROS_MAX
    }

    /// Returns the moment this many microseconds after 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    ///
    /// Returns [`TimestampError`] outside the years 0000 to 9999.
    pub fn from_micros(micros: i64) -> Result<Self, TimestampError> {
        if (Self::MICROS_MIN..=Self::MICROS_MAX).contains(&micros) {
            Ok(Self { micros })
        } else {
            Err(TimestampError(micros.to_string()))
        }
    }

    /// Returns the microseconds since 1970-01-01T00:00:00Z.
    pub const fn micros(self) -> i64 {
        self.micros
    }

    /// Returns the same moment as chrono writes it.
    pub fn to_utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.micros).unwrap_or_default()
    }
}

impl From<DateTime<Utc>> for Timestamp {
    /// Returns the moment cut to whole microseconds; one beyond the years 0000 to 9999 becomes the
    /// nearest that a record can hold.
    fn from(moment: DateTime<Utc>) -> Self {
        Self { micros: moment.timestamp_micros().clamp(Self::MICROS_MIN, Self::MICROS_MAX) }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = self.to_utc();
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        let mut put = |from: usize, to: usize, mut number: u32| {
            for digit in text.iter_mut().take(to).skip(from).rev() {
                *digit = b'0' + u8::try_from(number % 10).unwrap_or_default();
                number /= 10;
            }
        };
        // The years are 0000 to 9999, so that every part has its place.
        put(0, 4, moment.year().unsigned_abs());
        put(5, 7, moment.month());
        put(8, 10, moment.day());
        put(11, 13, moment.hour());
        put(14, 16, moment.minute());
        put(17, 19, moment.second());
        put(20, 26, moment.timestamp_subsec_micros());
        formatter.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || TimestampError(text.to_owned());
        let moment = DateTime::parse_from_rfc3339(text).map_err(|_| wrong())?;
        let timestamp = Self::from_micros(moment.timestamp_micros()).map_err(|_| wrong())?;
        // One spelling only: a leaf is compared byte for byte.
        if timestamp.to_string() == text { Ok(timestamp) } else { Err(wrong()) }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_moment_has_one_spelling(micros in Timestamp::MICROS_MIN..=Timestamp::MICROS_MAX) {
            let moment = Timestamp::from_micros(micros).unwrap();
            prop_assert_eq!(moment.to_string().parse::<Timestamp>().unwrap(), moment);
            prop_assert_eq!(moment.to_string().len(), 27);
        }
    }

    #[test]
    fn another_spelling_of_a_moment_is_refused() {
        for wrong in ["2026-11-23T09:00:00Z", "2026-11-23T18:00:00.000000+09:00", "2026-11-23", ""] {
            assert_eq!(wrong.parse::<Timestamp>(), Err(TimestampError(wrong.to_owned())));
        }
    }
}
