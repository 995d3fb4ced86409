//! Dates as people type them, read at the edge: what was typed becomes what is recorded, and is echoed in
//! full; what two calendars read differently is refused with both readings.

mod calendar;
mod relative;
mod time;

use chrono::offset::LocalResult;
use chrono::{Datelike, NaiveDate, Timelike};
use unicode_normalization::UnicodeNormalization;

use crate::domain::occurred::{Occurred, OccurredError, impossible};
use crate::domain::schedule::{Slot, SlotError};
use crate::domain::timestamp::Timestamp;
use crate::domain::zone::Zone;

/// How dates are read: where a person can answer back, or in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A person types and sees the echo.
    Prompt,
    /// Nobody is asked, so nothing is guessed: EDTF, and instants with an offset.
    Import,
}

/// What a date is read with: nothing here knows what time it is by itself.
#[derive(Debug, Clone, Copy)]
pub struct Typing {
    /// The moment by which `yesterday` is told.
    pub now: Timestamp,
    /// The zone of a date or time without one.
    pub zone: Zone,
    /// Whether a person can answer back.
    pub mode: Mode,
}

/// A date that was read, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// What is recorded.
    pub occurred: Occurred,
    /// The same in full, for whoever typed it.
    pub echo: String,
}

/// A date cannot be read, or can be read in two ways.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DateError {
    /// Not a date that the record knows.
    #[error(transparent)]
    NotADate(#[from] OccurredError),
    /// Two calendars read it differently.
    #[error("`{text}` can be {one} or {other}; write {one_written} or {other_written}")]
    TwoReadings {
        /// What was typed.
        text: String,
        /// One reading, in words.
        one: String,
        /// The other.
        other: String,
        /// How to write the one.
        one_written: String,
        /// How to write the other.
        other_written: String,
    },
    /// The day does not exist.
    #[error("`{text}` does not exist: {why}")]
    NoSuchDay {
        /// What was typed.
        text: String,
        /// Why not.
        why: String,
    },
    /// The clocks of the zone skip that time, or show it twice.
    #[error("{text} {why} in {zone}; write the offset: {written}")]
    Clock {
        /// What was typed.
        text: String,
        /// What the clocks do.
        why: &'static str,
        /// The zone.
        zone: String,
        /// What would be right.
        written: String,
    },
    /// A file must say what it means.
    #[error("`{text}` is read at the prompt only; in a file write {written}")]
    OnlyAtThePrompt {
        /// What was given.
        text: String,
        /// What would be right.
        written: String,
    },
}

/// A date with or without a time of day.
enum Parsed {
    Whole(Occurred),
    Day(NaiveDate),
    Now,
}

impl Typing {
    /// Reads a date.
    ///
    /// # Errors
    ///
    /// Returns [`DateError`], which says what would be right.
    pub fn date(&self, typed: &str) -> Result<Reading, DateError> {
        if self.mode == Mode::Import {
            return self.strictly(typed);
        }
        let text = normal(typed);
        let occurred = match text.parse::<Occurred>() {
            Ok(occurred) => occurred,
            Err(error) => self.typed(&text, error)?,
        };
        Ok(self.reading(occurred))
    }

    /// Reads a moment to look at the world from: a date is its last microsecond, an instant is itself.
    ///
    /// # Errors
    ///
    /// As [`Typing::date`]; a date without an end is no moment.
    pub fn moment(&self, typed: &str) -> Result<Timestamp, DateError> {
        let reading = Self { mode: Mode::Prompt, ..*self }.date(typed)?;
        let latest = reading.occurred.latest(&self.zone);
        if latest == Timestamp::MAX {
            return Err(
                OccurredError::NotADate { text: typed.to_owned(), why: "it has no end".to_owned() }.into()
            );
        }
        Ok(latest)
    }

    fn strictly(&self, typed: &str) -> Result<Reading, DateError> {
        match typed.parse::<Occurred>() {
            Ok(occurred) => Ok(self.reading(occurred)),
            Err(error @ OccurredError::NoOffset(_)) => Err(error.into()),
            Err(error) => match (Self { mode: Mode::Prompt, ..*self }).date(typed) {
                // A person may type it; say how a file would.
                Ok(reading) => Err(DateError::OnlyAtThePrompt {
                    text: typed.to_owned(),
                    written: format!("a full date, such as {}", reading.occurred),
                }),
                Err(two @ DateError::TwoReadings { .. }) => Err(two),
                Err(no @ DateError::NoSuchDay { .. }) => Err(no),
                Err(_) => Err(error.into()),
            },
        }
    }

    fn typed(&self, text: &str, error: OccurredError) -> Result<Occurred, DateError> {
        let Some((rest, weekday)) = calendar::without_weekday(text) else { return self.plain(text, error) };
        let occurred = match rest.parse::<Occurred>() {
            Ok(occurred) => occurred,
            Err(_) => self.plain(&rest, error)?,
        };
        let day = occurred.day().or_else(|| occurred.instant().map(|instant| instant.date_naive()));
        match day {
            Some(day) if day.weekday() == weekday => Ok(occurred),
            Some(day) => Err(DateError::NoSuchDay {
                text: text.to_owned(),
                why: format!("{} is a {}", Occurred::from_day(day).words(), calendar::weekday_name(day)),
            }),
            None => Err(DateError::NoSuchDay {
                text: text.to_owned(),
                why: format!("{} is no day of the week", occurred.words()),
            }),
        }
    }

    /// Reads a date without the name of its day of the week.
    fn plain(&self, text: &str, error: OccurredError) -> Result<Occurred, DateError> {
        if let OccurredError::NotADate { .. } | OccurredError::Impossible { .. } = &error
            && let Some(why) = impossible::of_date(text)
        {
            return Err(DateError::NoSuchDay { text: text.to_owned(), why });
        }
        if let Some(why) = time::impossible(text) {
            return Err(DateError::NoSuchDay { text: text.to_owned(), why });
        }
        let (date, time) = time::split(text);
        let today = self.zone.local(self.now).date_naive();
        let parsed = if date.is_empty() && time.is_some() {
            Some(Parsed::Day(today))
        } else if let Ok(whole) = date.parse::<Occurred>() {
            Some(whole.as_str().parse().map_or(Parsed::Whole(whole), Parsed::Day))
        } else {
            match relative::read(&date, today) {
                Some(relative::Relative::Day(day)) => Some(Parsed::Day(day)),
                Some(relative::Relative::Whole(whole)) => Some(Parsed::Whole(whole)),
                Some(relative::Relative::Now) => Some(Parsed::Now),
                Some(relative::Relative::Minutes(minutes)) => return Ok(self.minutes_ago(minutes)),
                None => calendar::read(&date, today)?,
            }
        };
        match (parsed, time) {
            (Some(Parsed::Whole(whole)), None) => Ok(whole),
            (Some(Parsed::Day(day)), None) => Ok(Occurred::from_day(day)),
            (Some(Parsed::Now), None) => Ok(self.minutes_ago(0)),
            (Some(Parsed::Day(day)), Some(time)) => self.at_time(text, day, time),
            _ => Err(error.into()),
        }
    }

    fn minutes_ago(&self, minutes: i64) -> Occurred {
        let micros = self.now.micros().saturating_sub(minutes.saturating_mul(60_000_000));
        let moment = Timestamp::from_micros(micros).unwrap_or(Timestamp::MIN);
        Occurred::from_instant(self.zone.local(moment))
    }

    fn at_time(&self, text: &str, day: NaiveDate, time: time::TimeOfDay) -> Result<Occurred, DateError> {
        let zone = time.zone.unwrap_or(self.zone);
        let local = day.and_time(time.time);
        match zone.resolve(local) {
            LocalResult::Single(instant) => Ok(Occurred::from_instant(instant)),
            LocalResult::Ambiguous(first, second) => Err(DateError::Clock {
                text: text.to_owned(),
                why: "happens twice, because the clocks are put back,",
                zone: zone.to_string(),
                written: format!("{} or {}", first.to_rfc3339(), second.to_rfc3339()),
            }),
            LocalResult::None => Err(DateError::Clock {
                text: text.to_owned(),
                why: "does not exist, because the clocks are put forward,",
                zone: zone.to_string(),
                written: zone.local(zone.first_from(local)).to_rfc3339(),
            }),
        }
    }

    fn reading(&self, occurred: Occurred) -> Reading {
        let words = occurred.words();
        let day = occurred.instant().map(|instant| instant.date_naive());
        let weekday = day.or_else(|| occurred.as_str().parse().ok()).map(|day: NaiveDate| day.weekday());
        let mut echo = weekday.map_or_else(|| words.clone(), |weekday| format!("{weekday} {words}"));
        if occurred.is_exact() {
            let local = self.zone.local(occurred.earliest(&self.zone));
            if Some(*local.offset()) != occurred.instant().map(|instant| *instant.offset()) {
                echo = format!("{echo}, {} in {}", local.format("%H:%M on %-d %B"), self.zone);
            }
        }
        Reading { occurred, echo }
    }
}

/// Reads a time of the day as people type it: `9:00`, `9시`, `오전 9시 30분`, `3pm`.
///
/// # Errors
///
/// Returns [`SlotError`] where it is none, has seconds, or names a zone.
pub fn slot(typed: &str) -> Result<Slot, SlotError> {
    let wrong = || SlotError(typed.to_owned());
    match time::split(&normal(typed)) {
        (date, Some(time)) if date.is_empty() && time.zone.is_none() && time.time.second() == 0 => {
            time.time.format("%H:%M").to_string().parse().map_err(|_| wrong())
        }
        _ => Err(wrong()),
    }
}

/// Tells whether something that is recorded as a fact would still have to happen.
pub fn lies_ahead(occurred: &Occurred, now: Timestamp, zone: &Zone) -> bool {
    occurred.earliest(zone) > now
}

/// Returns the text in compatibility form (full-width digits become plain), without blanks to spare.
fn normal(typed: &str) -> String {
    typed.nfkc().collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
