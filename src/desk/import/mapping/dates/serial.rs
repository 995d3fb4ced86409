//! Dates as spreadsheets count them: by the number of the day.

use chrono::NaiveDate;

/// Serial numbers of days that a spreadsheet can mean: 1 January 1900 to 31 December 9999.
const SERIALS: std::ops::RangeInclusive<f64> = 1.0..=2_958_465.999_99;
/// A number in a column of dates that may be a serial: from 1930 to 2100.
const LIKELY_SERIALS: std::ops::RangeInclusive<f64> = 10_959.0..=73_415.0;

/// Reads the serial number of a day, as spreadsheets count: 1 is 1 January 1900, and 29 February 1900 is counted
/// although it never was.
pub(super) fn excel(text: &str) -> Option<String> {
    let serial: f64 = text.parse().ok().filter(|serial| SERIALS.contains(serial))?;
    #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
    let days = serial.trunc() as i64;
    let epoch = NaiveDate::from_ymd_opt(1899, 12, 30)?;
    let days = if days < 60 { days + 1 } else { days };
    let day = epoch.checked_add_signed(chrono::TimeDelta::days(days))?;
    Some(day.format("%Y-%m-%d").to_string())
}

/// What is said of a serial number that is hardly one.
pub(in crate::desk::import::mapping) const UNLIKELY: &str = "is hardly the serial number";

pub(super) fn unlikely(text: &str, day: &str) -> Option<String> {
    let is_likely = text.parse::<f64>().is_ok_and(|serial| LIKELY_SERIALS.contains(&serial));
    (!is_likely).then(|| format!("`{text}` {UNLIKELY} of a day, and is read as {day}"))
}

pub(super) fn serial_hint(text: &str) -> String {
    match (text.parse::<f64>(), excel(text)) {
        (Ok(serial), Some(day)) if LIKELY_SERIALS.contains(&serial) => {
            format!("; it may be the serial number of {day} in a spreadsheet, which `excel` reads")
        }
        _ => String::new(),
    }
}
