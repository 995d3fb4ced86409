//! Dates as people type them, read at the edge: what was typed becomes what is recorded, and is echoed in
//! full; what two calendars read differently is refused with both readings.

mod calendar;
mod relative;
mod time;

use chrono::offset::LocalResult;
use chrono::{Datelike, NaiveDate, Timelike};
use unicode_normalization::UnicodeNormalization;

use crate::domain::occurred::{Occurred, OccurredError};
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
        if let OccurredError::NotADate { .. } = &error
            && let Some(why) = calendar::impossible(text)
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn typing(mode: Mode) -> Typing {
        // Monday, 23 November 2026, 18:00 in Seoul.
        Typing {
            now: "2026-11-23T09:00:00.000000Z".parse().unwrap(),
            zone: "Asia/Seoul".parse().unwrap(),
            mode,
        }
    }

    #[track_caller]
    fn reads(typed: &str, recorded: &str) {
        let read = typing(Mode::Prompt).date(typed).map(|reading| reading.occurred.to_string());
        assert_eq!(read.as_deref(), Ok(recorded), "{typed}");
    }

    #[track_caller]
    fn refused(typed: &str, says: &[&str]) {
        let error = typing(Mode::Prompt).date(typed).unwrap_err().to_string();
        assert!(says.iter().all(|word| error.contains(word)), "{typed}: {error}");
    }

    #[test]
    fn a_day_is_read_however_people_write_it() {
        for typed in [
            "2025-11-17",
            "2025.11.17",
            "2025. 11. 17.",
            "2025/11/17",
            "2025년 11월 17일",
            "17 Nov 2025",
            "Nov 17, 2025",
            "17 November 2025",
            "２０２５-１１-１７",
            " 2025-11-17 ",
            "20251117",
            "November 17 2025",
        ] {
            reads(typed, "2025-11-17");
        }
        for typed in ["2025-11", "2025.11", "2025년 11월", "Nov 2025", "November 2025"] {
            reads(typed, "2025-11");
        }
        reads("11.23", "2026-11-23");
        reads("11.24", "2025-11-24");
        reads("11월 23일", "2026-11-23");
        reads("25/12/2025", "2025-12-25");
        reads("2025-11-17?", "2025-11-17?");
    }

    #[test]
    fn words_for_days_count_from_now_in_the_zone() {
        for (typed, recorded) in [
            ("today", "2026-11-23"),
            ("오늘", "2026-11-23"),
            ("yesterday", "2026-11-22"),
            ("어제", "2026-11-22"),
            ("그저께", "2026-11-21"),
            ("3 days ago", "2026-11-20"),
            ("3일 전", "2026-11-20"),
            ("2 weeks ago", "2026-11-09"),
            ("last Friday", "2026-11-20"),
            ("지난주 월요일", "2026-11-16"),
            ("어제 15:00", "2026-11-22T15:00:00+09:00"),
            ("yesterday 15:00", "2026-11-22T15:00:00+09:00"),
            ("어제 오후 3시", "2026-11-22T15:00:00+09:00"),
            ("오늘 오전 9시 30분", "2026-11-23T09:30:00+09:00"),
            ("09:00", "2026-11-23T09:00:00+09:00"),
            ("now", "2026-11-23T18:00:00+09:00"),
            ("2 hours ago", "2026-11-23T16:00:00+09:00"),
            ("today 3pm", "2026-11-23T15:00:00+09:00"),
            ("just now", "2026-11-23T18:00:00+09:00"),
            ("방금", "2026-11-23T18:00:00+09:00"),
            ("작년", "2025"),
            ("last year", "2025"),
            ("지난달", "2026-10"),
            ("this month", "2026-11"),
        ] {
            reads(typed, recorded);
        }
    }

    #[test]
    fn a_day_may_be_written_with_its_day_of_the_week_and_only_with_its_own() {
        for typed in ["2026. 11. 23.(월)", "2026-11-23 (Mon)", "Mon 23 November 2026", "Monday, 23 Nov 2026"]
        {
            reads(typed, "2026-11-23");
        }
        reads("2026. 11. 23.(월요일) 15:00", "2026-11-23T15:00:00+09:00");
        refused("2026. 11. 23.(화)", &["23 November 2026 is a Monday"]);
        refused("2026-11 (Mon)", &["no day of the week"]);
        refused("(월)(월)(월)", &["not a date"]);
    }

    #[test]
    fn a_slot_is_read_as_people_type_it() {
        for typed in ["9:00", "09:00", "9시", "오전 9시", "9am", "０９:００"] {
            assert_eq!(slot(typed).unwrap().to_string(), "09:00", "{typed}");
        }
        assert_eq!(slot("오후 5시 30분").unwrap().to_string(), "17:30");
        for wrong in ["", "9", "24:00", "9:00:30", "오늘 9시", "9:00 UTC", "nine"] {
            assert_eq!(slot(wrong), Err(SlotError(wrong.to_owned())));
        }
    }

    #[test]
    fn a_time_without_offset_is_that_of_the_zone() {
        reads("2025-11-17T10:00", "2025-11-17T10:00:00+09:00");
        reads("2025-11-17 10:00", "2025-11-17T10:00:00+09:00");
        reads("2025-11-17 10:00:30", "2025-11-17T10:00:30+09:00");
        reads("2025-11-17 10:00+08:30", "2025-11-17T10:00:00+08:30");
        reads("2025-11-17T10:00Z", "2025-11-17T10:00:00Z");
        reads("2025-11-17 10:00 Europe/Vienna", "2025-11-17T10:00:00+01:00");
        reads("17 Nov 2025 10:00", "2025-11-17T10:00:00+09:00");
    }

    #[test]
    fn what_two_calendars_allow_is_refused_with_both_readings() {
        refused("11/12/2025", &["11 December 2025", "12 November 2025", "2025-12-11", "2025-11-12"]);
        refused("3.4", &["3 April", "4 March"]);
        refused("25.11.17", &["17 November 2025", "25 November 2017"]);
        refused("11/12/25", &["11 December", "12 November"]);
    }

    #[test]
    fn what_does_not_exist_is_refused_with_the_reason() {
        refused("2025-02-30", &["28 days"]);
        refused("2025-13-01", &["month 13"]);
        refused("2023-02-29", &["28 days"]);
        refused("30 Feb 2025", &["28 days"]);
        refused("soon", &["not a date", "no date is written so", "2026-11-23"]);
        refused("24:00", &["00:00", "day after"]);
        refused("2026-11-22 24:00", &["00:00", "day after"]);
        refused("오늘 25시", &["23:59"]);
        refused("09:75", &["23:59"]);
        refused("November 2025 10:00", &["not a date"]);
    }

    #[test]
    fn a_time_that_the_clocks_skip_or_show_twice_needs_an_offset() {
        let vienna = Typing { zone: "Europe/Vienna".parse().unwrap(), ..typing(Mode::Prompt) };
        let error = |text: &str| vienna.date(text).unwrap_err().to_string();
        assert!(error("2025-10-26 02:30").contains("+02:00") && error("2025-10-26 02:30").contains("+01:00"));
        assert!(error("2025-03-30 02:30").contains("does not exist"));
    }

    #[test]
    fn in_a_file_nothing_is_guessed() {
        let read = |text: &str| typing(Mode::Import).date(text);
        assert_eq!(
            read("2025-11-17T10:00:00+09:00").unwrap().occurred.to_string(),
            "2025-11-17T10:00:00+09:00"
        );
        assert!(read("2025-11").is_ok());
        for (typed, says) in [
            ("yesterday", "at the prompt only"),
            ("11.23", "at the prompt only"),
            ("2025-11-17T10:00:00", "no offset"),
            ("2025-11-17 10:00", "at the prompt only"),
            ("11/12/2025", "11 December 2025"),
            ("2025-02-30", "28 days"),
            ("２０２５-11-17", "at the prompt only"),
        ] {
            let error = read(typed).unwrap_err().to_string();
            assert!(error.contains(says), "{typed}: {error}");
        }
    }

    #[test]
    fn a_bare_date_is_a_moment_at_its_end_in_the_zone() {
        let moment = |text: &str| typing(Mode::Prompt).moment(text).unwrap().to_string();
        assert_eq!(moment("2025-11-17"), "2025-11-17T14:59:59.999999Z");
        assert_eq!(moment("2025-11-17T10:00:00+09:00"), "2025-11-17T01:00:00.000000Z");
        assert_eq!(moment("2025"), "2025-12-31T14:59:59.999999Z");
        assert!(typing(Mode::Prompt).moment("2025-01-01/..").is_err());
    }

    #[test]
    fn the_echo_says_the_day_and_both_times() {
        let echo = |text: &str| typing(Mode::Prompt).date(text).unwrap().echo;
        assert_eq!(echo("11.23"), "Mon 23 November 2026");
        assert_eq!(
            echo("2018-01-03 15:00 Asia/Pyongyang"),
            "Wed 3 January 2018, 15:00 (+08:30), 15:30 on 3 January in Asia/Seoul"
        );
    }

    proptest! {
        #[test]
        fn nothing_that_is_typed_makes_it_panic(text in "[0-9./:월일년전 TZ+a-z-]{0,20}|\\PC{0,20}") {
            let _ = typing(Mode::Prompt).date(&text);
            let _ = typing(Mode::Import).date(&text);
        }
    }
}
