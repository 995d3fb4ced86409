//! When a message was written.

use chrono::NaiveDate;
use mail_parser::{DateTime, HeaderName, Message};

use crate::desk::import::drafted::Drafted;
use crate::desk::import::eml::{clean, named};
use crate::domain::occurred::Occurred;

const MONTHS: &[&str] = &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
/// The names of zones that a date of a mail may have.
const ZONES: &[&str] = &["UT", "UTC", "GMT", "Z", "EST", "EDT", "CST", "CDT", "MST", "MDT", "PST", "PDT"];
/// No zone is further ahead, nor as far behind.
const OFFSET_HOURS_MAX: u8 = 14;

/// Returns when a message was written, where it says so in a way that can be read: the day alone where the time, or the
/// zone, cannot be.
pub(super) fn when(message: &Message<'_>, drafted: &mut Drafted) -> Option<String> {
    let Some(header) = named(message, HeaderName::Date).last() else {
        drafted.doubt("the message has no `Date`");
        return None;
    };
    let (from, to) = (header.offset_start() as usize, header.offset_end() as usize);
    let words = clean(String::from_utf8_lossy(message.raw_message.get(from..to).unwrap_or_default()));
    // What is in brackets is a remark: `+0900 (KST)`.
    let said = words.split('(').next().unwrap_or_default();
    let moment = message.date().and_then(|date| dated(date, drafted));
    let day = match (&moment, message.date()) {
        (Some(_), Some(date)) => {
            NaiveDate::from_ymd_opt(date.year.into(), date.month.into(), date.day.into())
        }
        _ => plain_day(said),
    };
    let Some(day) = day else {
        drafted
            .doubt(format!("the `Date` of the message, `{words}`, cannot be read, and the entry has none"));
        return moment;
    };
    let weekday = day.format("%A").to_string();
    let named = said.split_once(',').map(|(named, _)| named.trim()).unwrap_or_default();
    let is_word = !named.is_empty() && named.chars().all(char::is_alphabetic);
    if is_word && !weekday.to_lowercase().starts_with(&named.to_lowercase()) {
        drafted.doubt(format!("the `Date` of the message, `{words}`, is a {weekday}, and says `{named}`"));
    }
    let zone = said.split_whitespace().last().unwrap_or_default();
    let is_offset = zone.len() == 5
        && zone.starts_with(['+', '-'])
        && zone.chars().skip(1).all(|digit| digit.is_ascii_digit());
    let is_known = is_offset || ZONES.iter().any(|known| zone.eq_ignore_ascii_case(known));
    if moment.is_some() && is_known {
        return moment;
    }
    let why = if is_known { "has a time that cannot be read" } else { "names no zone that is known" };
    drafted.doubt(format!("the `Date` of the message, `{words}`, {why}; the day is taken, and no time"));
    Some(day.format("%Y-%m-%d").to_string())
}

/// Returns the day of a date whose time cannot be read: of `Thu, 20 Nov 2025 10:00 KST` the twentieth.
fn plain_day(words: &str) -> Option<NaiveDate> {
    let date = words.split_once(',').map_or(words, |(_, date)| date);
    let mut parts = date.split_whitespace();
    let day = parts.next()?.parse().ok()?;
    let month = parts.next()?.to_lowercase();
    let month = MONTHS.iter().zip(1..).find(|(name, _)| month.starts_with(**name))?.1;
    let year = parts.next().filter(|year| year.len() == 4)?.parse().ok()?;
    NaiveDate::from_ymd_opt(year, month, day)
}

fn dated(date: &DateTime, drafted: &mut Drafted) -> Option<String> {
    let sign = if date.tz_before_gmt { '-' } else { '+' };
    let offset = match (date.tz_hour, date.tz_minute) {
        (0, 0) => "Z".to_owned(),
        (hour, minute) => format!("{sign}{hour:02}:{minute:02}"),
    };
    let written = format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{offset}",
        date.year, date.month, date.day, date.hour, date.minute, date.second
    );
    if date.tz_before_gmt && date.tz_hour == 0 && date.tz_minute == 0 {
        drafted.doubt(
            "the date has the offset -0000: the time is that of UTC, and where the sender was is not known",
        );
    }
    if date.tz_hour > OFFSET_HOURS_MAX {
        drafted.doubt(format!("the date has an offset of {} hours, which no zone has", date.tz_hour));
    }
    written.parse::<Occurred>().is_ok().then_some(written)
}
