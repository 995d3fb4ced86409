//! When a line is called: slots of the day on days of the week, in the zone of the line.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};
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

impl Schedule {
    /// Tells whether calls are scheduled on a day.
    pub fn is_on(&self, day: NaiveDate) -> bool {
        let weekday = day.weekday().num_days_from_monday() as usize;
        let on = |scheduled| Weekday::ALL.get(weekday) == Some(scheduled);
        self.days.is_empty() || self.days.iter().any(on)
    }

    /// Returns the slot to which an attempt at a minute of the day belongs: the last that had begun, so
    /// that a second try at 09:10 is no attempt of its own; before the first slot the first.
    pub fn slot_at(&self, minute: u32) -> Option<Slot> {
        let begun = |slot: &&Slot| u32::from(slot.minute_of_day()) <= minute;
        self.slots.iter().filter(begun).max().or_else(|| self.slots.iter().min()).copied()
    }

    /// Returns the schedule for people: `09:00 and 17:00, Monday to Friday`.
    pub fn words(&self) -> String {
        let list = |words: Vec<String>| match words.as_slice() {
            [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
            _ => words.concat(),
        };
        let name = |day: Weekday| match day {
            Weekday::Monday => "Monday",
            Weekday::Tuesday => "Tuesday",
            Weekday::Wednesday => "Wednesday",
            Weekday::Thursday => "Thursday",
            Weekday::Friday => "Friday",
            Weekday::Saturday => "Saturday",
            Weekday::Sunday => "Sunday",
        };
        let slots: BTreeSet<Slot> = self.slots.iter().copied().collect();
        let days: BTreeSet<Weekday> = self.days.iter().copied().collect();
        let run: Vec<Weekday> = days.iter().copied().collect();
        let in_a_row =
            run.len() > 2 && Weekday::ALL.windows(run.len()).any(|window| window == run.as_slice());
        let days = match (run.first(), run.last()) {
            (Some(_), Some(_)) if run.len() == Weekday::ALL.len() => "every day".to_owned(),
            (Some(begin), Some(end)) if in_a_row => format!("{} to {}", name(*begin), name(*end)),
            (Some(_), Some(_)) => list(run.iter().map(|day| name(*day).to_owned()).collect()),
            _ => "every day".to_owned(),
        };
        let slots = match slots.len() {
            0 => "no fixed time".to_owned(),
            _ => list(slots.iter().map(ToString::to_string).collect()),
        };
        let zone = self.zone.map_or_else(String::new, |zone| format!(" ({zone})"));
        format!("{slots}, {days}{zone}")
    }
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

    #[test]
    fn a_schedule_reads_as_people_say_it() {
        for (schedule, words) in [
            (
                r#"{"slots":["17:00","09:00"],"days":["mon","tue","wed","thu","fri"]}"#,
                "09:00 and 17:00, Monday to Friday",
            ),
            (r#"{"slots":["09:00"]}"#, "09:00, every day"),
            (
                r#"{"slots":["09:00","12:00","16:00"],"days":["sun","mon"]}"#,
                "09:00, 12:00 and 16:00, Monday and Sunday",
            ),
            (
                r#"{"slots":["09:00"],"days":["sat"],"zone":"Asia/Pyongyang"}"#,
                "09:00, Saturday (Asia/Pyongyang)",
            ),
        ] {
            assert_eq!(serde_json::from_str::<Schedule>(schedule).unwrap().words(), words);
        }
    }

    #[test]
    fn a_second_try_belongs_to_the_slot_that_had_begun() {
        let schedule: Schedule = serde_json::from_str(r#"{"slots":["09:00","17:00"]}"#).unwrap();
        for (minute, slot) in [(0, "09:00"), (540, "09:00"), (550, "09:00"), (1020, "17:00"), (1439, "17:00")]
        {
            assert_eq!(schedule.slot_at(minute), Some(slot.parse().unwrap()), "{minute}");
        }
    }
}
