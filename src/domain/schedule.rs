//! When a line is called: slots of the day on days of the week, in the zone of the line.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::words::words;
use crate::domain::zone::Zone;

words! {
    /// A day of the week.
    Weekday {
        /// Monday.
        Monday = "mon",
        /// Tuesday.
        Tuesday = "tue",
        /// Wednesday.
        Wednesday = "wed",
        /// Thursday.
        Thursday = "thu",
        /// Friday.
        Friday = "fri",
        /// Saturday.
        Saturday = "sat",
        /// Sunday.
        Sunday = "sun",
    }
}

/// The calls of a week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// The times of the day, earliest first.
    pub slots: Vec<Slot>,
    /// The days on which they hold; every day when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<Weekday>,
    /// The zone of the times; the log's own when none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<Zone>,
}

/// A time of the day, to the minute, written `09:00`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Slot {
    // Invariant: below 24 * 60.
    minute: u16,
}

/// A text is not a time of the day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a time of the day; write 09:00 or 17:00")]
pub struct SlotError(pub String);

impl Slot {
    /// Returns the minutes since midnight.
    pub const fn minute_of_day(self) -> u16 {
        self.minute
    }
}

impl FromStr for Slot {
    type Err = SlotError;

    fn from_str(text: &str) -> Result<Self, SlotError> {
        let wrong = || SlotError(text.to_owned());
        let (hour, minute) = text.split_once(':').ok_or_else(wrong)?;
        let number = |digits: &str, below: u16| {
            (digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit()))
                .then(|| digits.parse().ok())
                .flatten()
                .filter(|number: &u16| *number < below)
                .ok_or_else(wrong)
        };
        Ok(Self { minute: number(hour, 24)? * 60 + number(minute, 60)? })
    }
}

impl TryFrom<String> for Slot {
    type Error = SlotError;

    fn try_from(text: String) -> Result<Self, SlotError> {
        text.parse()
    }
}

impl From<Slot> for String {
    fn from(slot: Slot) -> Self {
        slot.to_string()
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:02}:{:02}", self.minute / 60, self.minute % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_a_time_of_the_day() {
        assert_eq!("09:00".parse::<Slot>().unwrap().minute_of_day(), 540);
        assert_eq!("23:59".parse::<Slot>().unwrap().to_string(), "23:59");
        for wrong in ["9:00", "24:00", "09:60", "0900", "", "ab:cd", "+9:00", "09:00:00"] {
            assert_eq!(wrong.parse::<Slot>(), Err(SlotError(wrong.to_owned())));
        }
    }
}
