//! Dates as tables write them, in the ways that a mapping names: none is guessed, and one that two ways read
//! differently is refused with both readings.

mod about;
mod language;
mod parts;
mod serial;
mod years;

pub(in crate::desk::import::mapping) use language::Language;

use chrono::format::{Parsed, StrftimeItems};
use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeZone};

use crate::desk::import::mapping::dates::about::lost_of;
pub(in crate::desk::import::mapping) use crate::desk::import::mapping::dates::serial::UNLIKELY;
use crate::desk::import::mapping::dates::serial::{excel, serial_hint, unlikely};
use crate::desk::import::mapping::dates::years::{years, years_doubt};
use crate::domain::occurred::{Occurred, OccurredError};
use crate::domain::timestamp::Timestamp;
use crate::domain::typed::{DateError, Mode, Typing};
use crate::domain::zone::Zone;

/// The first year of four digits: a year before it is one of two digits that was read with `%Y`.
const YEAR_MIN: i32 = 1000;

const WORDS: &[&str] = &[
    "%d %B %Y",
    "%B %d, %Y",
    "%d %b %Y",
    "%b %d, %Y",
    "%B %d %Y",
    "%d. %B %Y",
    "%B %Y",
    "%b %Y",
    "%Y년 %m월 %d일",
    "%Y년 %m월",
    "%Y년",
];
/// How a time of day stands behind a day in words.
const CLOCK: &str = "%H:%M";
/// What is said of a date that no calendar has.
const NOT_THERE: &str = "does not exist";

/// A date that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DateRead {
    /// As the entry format writes it.
    pub(crate) edtf: String,
    /// What is doubtful about it.
    pub(crate) doubt: Option<String>,
}

/// The ways in which dates are written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Formats<'a> {
    named: &'a [String],
    zone: Option<Zone>,
    cells: bool,
    language: Option<Language>,
}

/// Tells whether a way of writing dates is known.
pub(super) fn check(format: &str) -> Result<(), String> {
    if matches!(format, "edtf" | "years" | "about" | "words" | "range" | "excel") {
        return Ok(());
    }
    if !format.contains('%') {
        return Err(format!(
            "`{format}` is no way of writing dates; there are edtf, years, about, words, range, excel, and patterns such as `%d/%m/%Y`"
        ));
    }
    let error = StrftimeItems::new(format).any(|item| matches!(item, chrono::format::Item::Error));
    let has_year =
        ["%Y", "%y", "%F", "%D", "%s", "%+", "%G", "%c", "%x"].iter().any(|year| format.contains(year));
    match (error, has_year) {
        (true, _) => Err(format!(
            "`{format}` is no pattern: %d day, %m month, %Y year, %H hour, %M minute, %z offset, %B name of the month"
        )),
        (false, false) => Err(format!("`{format}` has no year; %Y is one of four digits, %y of two")),
        (false, true) => Ok(()),
    }
}

impl<'a> Formats<'a> {
    /// Returns the ways that a mapping names; without any, dates are EDTF or instants with an offset.
    pub(crate) const fn of(named: &'a [String], zone: Option<Zone>) -> Self {
        Self { named, zone, cells: false, language: None }
    }

    /// Returns the one way in which a workbook holds dates that are dates.
    pub(crate) const fn of_cells(zone: Option<Zone>) -> Self {
        Self { named: &[], zone, cells: true, language: None }
    }

    /// Returns the same ways with the words of a language beside the English ones.
    pub(crate) const fn in_language(self, language: Option<Language>) -> Self {
        Self { language, ..self }
    }

    /// Reads a date.
    pub(crate) fn read(&self, text: &str) -> Result<DateRead, String> {
        let text = text.trim();
        let Some(english) = self.language.and_then(|language| language.in_english(text)) else {
            return self.read_english(text);
        };
        // What is said of it is said of what was written.
        let as_written = |said: String| said.replace(&format!("`{english}`"), &format!("`{text}`"));
        let read = self.read_english(&english).map_err(as_written)?;
        Ok(DateRead { doubt: read.doubt.map(as_written), ..read })
    }

    fn read_english(&self, text: &str) -> Result<DateRead, String> {
        if self.cells {
            return self.cell(text);
        }
        if self.named.is_empty() {
            return unnamed(text);
        }
        let mut found: Option<(DateRead, &str)> = None;
        let mut why = None;
        for format in self.named {
            match self.by(format, text) {
                Ok(Some(read)) => match &found {
                    Some((first, by)) if first.edtf != read.edtf => {
                        return Err(format!(
                            "`{text}` is {} by `{by}` and {} by `{format}`; name one of them, or give the field `dates` of its own",
                            first.edtf, read.edtf
                        ));
                    }
                    Some(_) => {}
                    None => found = Some((read, format)),
                },
                Ok(None) => {}
                Err(detail) => why = Some(detail),
            }
        }
        match (found, why) {
            (Some((read, _)), _) => Ok(read),
            (None, Some(why)) => Err(why),
            (None, None) => {
                let ways = self.named.join(" or ");
                let readings = readings(text).map(|readings| format!("; {readings}")).unwrap_or_default();
                Err(format!("`{text}` is not written as {ways}{}{readings}", serial_hint(text)))
            }
        }
    }

    fn by(&self, format: &str, text: &str) -> Result<Option<DateRead>, String> {
        let plain = |edtf: String| DateRead { edtf, doubt: None };
        match format {
            "edtf" => match text.parse::<Occurred>() {
                Ok(_) => Ok(Some(plain(text.to_owned()))),
                Err(error @ OccurredError::Impossible { .. }) => Err(error.to_string()),
                Err(_) => Ok(None),
            },
            "years" => Ok(years(text)?.map(|edtf| DateRead { doubt: years_doubt(text, &edtf), edtf })),
            "about" => Ok(self.about(text)?.map(|edtf| DateRead { doubt: lost_of(text, &edtf), edtf })),
            "range" => self.range(text).map(|read| read.map(plain)),
            "excel" => Ok(excel(text).map(|edtf| DateRead { doubt: unlikely(text, &edtf), edtf })),
            "words" => self.words(text),
            pattern => self.pattern(pattern, text),
        }
    }

    /// Reads a date in words.
    fn words(&self, text: &str) -> Result<Option<DateRead>, String> {
        if let Some(edtf) = parts::quarter(text).or_else(|| parts::month(text)) {
            return Ok(Some(DateRead { edtf, doubt: None }));
        }
        let plain = parts::in_full_words(text);
        let of_day = |pattern: &&&str| pattern.contains("%d");
        let timed = parts::has_day_and_time(&plain);
        let timed = WORDS.iter().filter(of_day).filter(|_| timed).map(|pattern| format!("{pattern} {CLOCK}"));
        // What one order of words makes nonsense of, another may read.
        let mut why = Ok(None);
        for pattern in WORDS.iter().map(|pattern| (*pattern).to_owned()).chain(timed) {
            match self.pattern(&pattern, &plain) {
                Ok(Some(read)) => return Ok(Some(read)),
                Ok(None) => {}
                // What is said of it is said of what was written.
                Err(detail) => why = Err(detail.replace(&format!("`{plain}`"), &format!("`{text}`"))),
            }
        }
        why
    }

    /// Reads by the other ways, for a part of a date.
    ///
    /// # Errors
    ///
    /// Returns why no calendar has it, where one of them reads it as such a date.
    fn part(&self, text: &str) -> Result<Option<String>, String> {
        if text.len() == 4 && is_digits(text) {
            return Ok(Some(text.to_owned()));
        }
        let others = self.named.iter().filter(|format| !matches!(format.as_str(), "range" | "about"));
        first_read(others.map(|format| match self.by(format, text) {
            Ok(read) => Ok(read.map(|read| read.edtf).filter(|edtf| !edtf.contains(['/', 'T', '[']))),
            // That it is written otherwise says nothing of a part.
            Err(detail) => {
                if detail.contains(NOT_THERE) {
                    Err(detail)
                } else {
                    Ok(None)
                }
            }
        }))
    }

    fn range(&self, text: &str) -> Result<Option<String>, String> {
        if let Some(years) = years::years_in_short(text) {
            return existing(text, years);
        }
        let betweens = [" - ", " – ", " — ", " to ", " until ", "–", "—", "~", "-"];
        let parted = betweens.iter().filter_map(|between| text.split_once(between));
        first_read(parted.map(|(from, to)| match self.ends(from.trim(), to.trim())? {
            Some((from, to)) => existing(text, format!("{from}/{to}")),
            None => Ok(None),
        }))
    }

    /// Returns the two ends of a range, of which one may take from the other what both have: `3-5 May 1960`, `30 April - 2
    /// May 1960`, `May 3-5, 1960`.
    fn ends(&self, from: &str, to: &str) -> Result<Option<(String, String)>, String> {
        let words = |text: &str| text.split_whitespace().map(ToOwned::to_owned).collect::<Vec<_>>();
        let (of_from, of_to) = (words(from), words(to));
        let shared = (1..of_from.len()).rev().filter_map(|count| of_from.get(..count));
        let completed = shared.map(|shared| self.part(&format!("{} {to}", shared.join(" "))));
        let Some(last) = first_read(std::iter::once_with(|| self.part(to)).chain(completed))? else {
            return Ok(None);
        };
        let shared = (1..of_to.len()).filter_map(|count| of_to.get(count..));
        let completed = shared.map(|shared| {
            let completed = self.part(&format!("{from} {}", shared.join(" ")))?;
            // What is less than the other end has not been completed as it was meant.
            Ok(completed.filter(|completed| completed.len() == last.len()))
        });
        let first = first_read(std::iter::once_with(|| self.part(from)).chain(completed))?;
        Ok(first.map(|first| (first, last)))
    }

    fn pattern(&self, pattern: &str, text: &str) -> Result<Option<DateRead>, String> {
        let mut parsed = Parsed::new();
        let halves = pattern.contains("%p") || pattern.contains("%P");
        let english = halves.then(|| text.replace("오전", "AM").replace("오후", "PM"));
        let said = text;
        let text = english.as_deref().unwrap_or(text);
        if chrono::format::parse(&mut parsed, text, StrftimeItems::new(pattern)).is_err() {
            return Ok(None);
        }
        let two_digits = parsed.year().is_none() && parsed.year_mod_100().is_some();
        let year = parsed.year().or_else(|| {
            // As POSIX has it: 69 to 99 are of the last century.
            parsed.year_mod_100().map(|year| if year < 69 { 2000 + year } else { 1900 + year })
        });
        let Some(year) = year else { return Ok(None) };
        if year < YEAR_MIN {
            return Err(format!(
                "`{said}` has the year {year} by `{pattern}`; a year of two digits is written %y"
            ));
        }
        if two_digits {
            let _ = parsed.set_year(i64::from(year));
        }
        let doubt = two_digits.then(|| format!("`{said}` has a year of two digits, read as {year}"));
        let read = |edtf: String| Ok(Some(DateRead { edtf, doubt: doubt.clone() }));
        let month = parsed.month();
        let Ok(day) = parsed.to_naive_date() else {
            return match (month, parsed.day()) {
                (Some(month), None) => read(format!("{year:04}-{month:02}")),
                (None, None) if parsed.ordinal().is_none() => read(format!("{year:04}")),
                (month, day) => Err(parts::no_such_day(said, year, month, day)),
            };
        };
        let has_time = parsed.hour_mod_12().is_some() || parsed.minute().is_some();
        match (has_time, parsed.to_naive_time()) {
            (true, Ok(time)) => match parsed.offset() {
                Some(offset) => {
                    let offset = chrono::FixedOffset::east_opt(offset)
                        .ok_or_else(|| format!("`{said}` has no offset"))?;
                    let instant = offset.from_local_datetime(&day.and_time(time)).single();
                    let instant = instant.ok_or_else(|| format!("`{said}` does not exist"))?;
                    read(instant.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
                }
                None => self.local(said, day.and_time(time)).and_then(read),
            },
            (true, Err(_)) => Err(format!("`{said}` has no full time of day")),
            (false, _) => read(day.format("%Y-%m-%d").to_string()),
        }
    }

    /// Reads what a workbook holds as a date.
    fn cell(&self, text: &str) -> Result<DateRead, String> {
        match text.parse::<NaiveDateTime>() {
            Ok(local) => self.local(text, local).map(|edtf| DateRead { edtf, doubt: None }),
            Err(_) => Ok(DateRead { edtf: text.to_owned(), doubt: None }),
        }
    }

    /// Returns a local time with its offset.
    fn local(&self, text: &str, local: NaiveDateTime) -> Result<String, String> {
        let Some(zone) = self.zone else {
            return Err(format!(
                "`{text}` has a time of day and no offset; name the `zone` in the mapping, such as Asia/Seoul"
            ));
        };
        // The clock of the zone is asked as whoever types is asked, so that a skipped hour is told alike.
        let typing = Typing { now: Timestamp::from(chrono::DateTime::UNIX_EPOCH), zone, mode: Mode::Prompt };
        let written = local.format("%Y-%m-%dT%H:%M:%S").to_string();
        typing
            .date(&written)
            .map(|reading| reading.occurred.as_str().to_owned())
            .map_err(|error| error.to_string())
    }
}

/// Returns the first that is read, else why one that is written as a date is none.
fn first_read(
    readings: impl Iterator<Item = Result<Option<String>, String>>,
) -> Result<Option<String>, String> {
    let mut why = Ok(None);
    for reading in readings {
        match reading {
            Ok(Some(read)) => return Ok(Some(read)),
            Ok(None) => {}
            Err(detail) => why = why.and(Err(detail)),
        }
    }
    why
}

/// Reads a date of which the mapping says nothing: as an entry format has it, or not.
fn unnamed(text: &str) -> Result<DateRead, String> {
    match text.parse::<Occurred>() {
        Ok(_) => return Ok(DateRead { edtf: text.to_owned(), doubt: None }),
        Err(error @ OccurredError::Impossible { .. }) => return Err(error.to_string()),
        Err(OccurredError::NotADate { .. } | OccurredError::NoOffset(_)) => {}
    }
    Err(readings(text).unwrap_or_else(|| {
        let hint = serial_hint(text);
        format!("`{text}` is no date of the form 1990-06-05, 1990-06 or 1990{hint}; {ADVICE}")
    }))
}

/// What whoever has such dates can do.
const ADVICE: &str = "name how dates are written with `dates` in the mapping, such as [\"%d/%m/%Y\"]";

/// Says in which two ways a date may be read, or why in neither; none for what is no such date.
fn readings(text: &str) -> Option<String> {
    let zone = Zone::default();
    // Only to tell what it could be; nothing is taken from it. No day of today is in it.
    let now = Timestamp::from(chrono::DateTime::UNIX_EPOCH);
    match (Typing { now, zone, mode: Mode::Import }).date(text) {
        Err(error @ (DateError::TwoReadings { .. } | DateError::NoSuchDay { .. })) => {
            Some(format!("{error}; {ADVICE}"))
        }
        Err(_) | Ok(_) => None,
    }
}

/// Returns a date that was made of a text, where there is one.
///
/// # Errors
///
/// Returns why there is none, in the words of the text.
fn existing(text: &str, edtf: String) -> Result<Option<String>, String> {
    match edtf.parse::<Occurred>() {
        Ok(_) => Ok(Some(edtf)),
        Err(OccurredError::Impossible { why, .. }) => {
            Err(OccurredError::Impossible { text: text.to_owned(), why }.to_string())
        }
        Err(error) => Err(error.to_string()),
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns the date and time of a serial number that a workbook holds as a date.
pub(crate) fn of_parts(day: NaiveDate, time: NaiveTime) -> String {
    if time == NaiveTime::MIN {
        day.format("%Y-%m-%d").to_string()
    } else {
        day.and_time(time).format("%Y-%m-%dT%H:%M:%S").to_string()
    }
}

#[cfg(test)]
mod tests;
