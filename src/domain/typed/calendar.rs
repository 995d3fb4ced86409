//! Dates of the calendar in the spellings of several countries.

use chrono::{Datelike, NaiveDate, Weekday};

use crate::domain::occurred::{Occurred, impossible};
use crate::domain::typed::relative::korean_weekday;
use crate::domain::typed::{DateError, Parsed};

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// Reads a date of the calendar; none where it is no spelling that is known here.
pub(super) fn read(text: &str, today: NaiveDate) -> Result<Option<Parsed>, DateError> {
    if let Some(parsed) = named_month(text, today)? {
        return Ok(Some(parsed));
    }
    let Some(numbers) = numbers(text) else { return Ok(None) };
    match numbers.as_slice() {
        [(year, 4), (month, 1 | 2)] => whole_month(text, *year, *month).map(Some),
        [(year, 4), (month, 1 | 2), (day, 1 | 2)] => exactly(text, *year, *month, *day).map(Some),
        [(one, 1 | 2), (two, 1 | 2)] => without_year(text, *one, *two, today).map(Some),
        [(one, 1 | 2), (two, 1 | 2), (year, 4)] => day_and_month(text, *one, *two, *year).map(Some),
        [(one, 1 | 2), (two, 1 | 2), (three, 2)] => two_digit_year(text, *one, *two, *three).map(Some),
        [(digits, 8)] => exactly(text, digits / 10_000, digits / 100 % 100, digits % 100).map(Some),
        _ => Ok(None),
    }
}

/// Takes the name of a day of the week out of a date: `(월)` anywhere, `Mon` in front of it.
pub(super) fn without_weekday(text: &str) -> Option<(String, Weekday)> {
    let named = |name: &str| korean_weekday(name.trim()).or_else(|| name.trim().parse().ok());
    if let Some((before, rest)) = text.split_once('(')
        && let Some((name, after)) = rest.split_once(')')
    {
        return Some((format!("{} {}", before.trim(), after.trim()).trim().to_owned(), named(name)?));
    }
    let (name, rest) = text.split_once(' ')?;
    // Words such as `월` may begin what is no weekday: in front only the English names are known.
    Some((rest.to_owned(), name.trim_end_matches([',', '.']).parse().ok()?))
}

/// Returns the name of the day of the week.
pub(super) fn weekday_name(day: NaiveDate) -> String {
    day.format("%A").to_string()
}

/// Returns the numbers of a date with how many digits each has; none when anything else stands between
/// them than the signs and words that separate the parts of a date.
fn numbers(text: &str) -> Option<Vec<(u32, usize)>> {
    let plain = text.replace(['년', '월'], "-").replace('일', "");
    let plain = plain.trim_end_matches(['.', '-', ' ']);
    plain
        .split(['.', '/', '-'])
        .map(|part| {
            let part = part.trim();
            let digits =
                !part.is_empty() && part.len() <= 8 && part.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| Some((part.parse().ok()?, part.len()))).flatten()
        })
        .collect()
}

fn exactly(text: &str, year: u32, month: u32, day: u32) -> Result<Parsed, DateError> {
    day_of(year, month, day).map(Parsed::Day).ok_or_else(|| no_such_day(text, year, month, day))
}

fn day_of(year: u32, month: u32, day: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
}

fn no_such_day(text: &str, year: u32, month: u32, day: u32) -> DateError {
    let why = impossible::of_day(year, month, day).unwrap_or_else(|| "no calendar has it".to_owned());
    DateError::NoSuchDay { text: text.to_owned(), why }
}

fn whole_month(text: &str, year: u32, month: u32) -> Result<Parsed, DateError> {
    format!("{year:04}-{month:02}")
        .parse::<Occurred>()
        .map(Parsed::Whole)
        .map_err(|_| no_such_day(text, year, month, 1))
}

/// `25/12/2025` is Christmas everywhere; `11/12/2025` is not the same day in Paris and in Washington.
fn day_and_month(text: &str, one: u32, two: u32, year: u32) -> Result<Parsed, DateError> {
    match (day_of(year, two, one), day_of(year, one, two)) {
        (Some(day), Some(other)) if day != other => Err(two_readings(text, day, other)),
        (Some(day), _) | (None, Some(day)) => Ok(Parsed::Day(day)),
        (None, None) => Err(no_such_day(text, year, two, one)),
    }
}

/// Month and day as Korea writes them, where no other reading is possible, in the latest year that does
/// not lie ahead.
fn without_year(text: &str, one: u32, two: u32, today: NaiveDate) -> Result<Parsed, DateError> {
    let latest = |month: u32, day: u32| {
        (0..8)
            .filter_map(|back| NaiveDate::from_ymd_opt(today.year() - back, month, day))
            .find(|date| *date <= today)
    };
    let dotted = !text.contains(['월', '일']);
    match (latest(one, two), latest(two, one)) {
        (Some(day), Some(other)) if dotted && day != other => Err(two_readings(text, other, day)),
        (Some(day), _) => Ok(Parsed::Day(day)),
        (None, Some(day)) if dotted => Ok(Parsed::Day(day)),
        _ => Err(no_such_day(text, u32::try_from(today.year()).unwrap_or_default(), one, two)),
    }
}

/// `25.11.17` is read from the left in Seoul and from the right in Berlin.
fn two_digit_year(text: &str, one: u32, two: u32, three: u32) -> Result<Parsed, DateError> {
    let readings: Vec<NaiveDate> = if text.contains('/') {
        vec![day_of(2000 + three, two, one), day_of(2000 + three, one, two)]
    } else {
        vec![day_of(2000 + one, two, three), day_of(2000 + three, two, one)]
    }
    .into_iter()
    .flatten()
    .collect();
    match readings.as_slice() {
        [one, other] if one != other => Err(two_readings(text, *one, *other)),
        [day, ..] => {
            // One reading is possible, but a year of two digits is a guess all the same.
            let written = Occurred::from_day(*day);
            Err(DateError::NoSuchDay {
                text: text.to_owned(),
                why: format!("a year has four digits; write {written} for {}", written.words()),
            })
        }
        [] => Err(no_such_day(text, 2000 + one, two, three)),
    }
}

fn two_readings(text: &str, one: NaiveDate, other: NaiveDate) -> DateError {
    let (one, other) = (Occurred::from_day(one), Occurred::from_day(other));
    DateError::TwoReadings {
        text: text.to_owned(),
        one: one.words(),
        other: other.words(),
        one_written: one.to_string(),
        other_written: other.to_string(),
    }
}

/// Reads `17 Nov 2025`, `Nov 17, 2025`, `November 2025`, `17 Nov`.
fn named_month(text: &str, today: NaiveDate) -> Result<Option<Parsed>, DateError> {
    let lower = text.to_lowercase().replace(',', " ");
    let mut month = None;
    let mut numbers = Vec::new();
    for word in lower.split_whitespace() {
        let bare = word.trim_end_matches('.');
        if let Some(place) = MONTHS.iter().position(|name| {
            bare.len() >= 3 && name.starts_with(bare) || bare == "sept" && name.starts_with("sept")
        }) {
            if month.replace(u32::try_from(place + 1).unwrap_or_default()).is_some() {
                return Ok(None);
            }
        } else if let Ok(number) = word.trim_end_matches(['s', 't', 'h', 'n', 'r', 'd']).parse::<u32>() {
            numbers.push(number);
        } else {
            return Ok(None);
        }
    }
    let Some(month) = month else { return Ok(None) };
    match numbers.as_slice() {
        [year @ 1000..=9999] => whole_month(text, *year, month).map(Some),
        [day @ 1..=31, year @ 1000..=9999] => exactly(text, *year, month, *day).map(Some),
        [day @ 1..=31] => {
            let date = (0..8)
                .filter_map(|back| NaiveDate::from_ymd_opt(today.year() - back, month, *day))
                .find(|date| *date <= today);
            date.map(Parsed::Day).map(Some).ok_or_else(|| {
                no_such_day(text, u32::try_from(today.year()).unwrap_or_default(), month, *day)
            })
        }
        _ => Ok(None),
    }
}
