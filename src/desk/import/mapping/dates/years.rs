//! Years, and spans of them: `1950–53`, `1980-present`.

use crate::desk::import::mapping::dates::about::all_since;
use crate::desk::import::mapping::dates::parts::is_year;
use crate::desk::import::mapping::dates::{existing, is_digits};
use crate::domain::occurred::Occurred;

/// Reads a year, or a span of years.
///
/// # Errors
///
/// Returns that the last lies before the first.
pub(super) fn years(text: &str) -> Result<Option<String>, String> {
    let year = |text: &str| (text.len() == 4 && is_digits(text)).then(|| text.to_owned());
    if let Some(year) = year(text) {
        return Ok(Some(year));
    }
    let ends = ["–", "—", " to ", "/", "-"].iter().find_map(|between| text.split_once(between));
    let Some((from, to)) = ends.and_then(|(from, to)| Some((year(from.trim())?, to.trim()))) else {
        return Ok(None);
    };
    if matches!(to, "" | "present") {
        return Ok(Some(format!("{from}/..")));
    }
    match (year(to), from.get(..2)) {
        (Some(to), _) => existing(text, format!("{from}/{to}")),
        // 1950-53 is 1950 to 1953.
        (None, Some(century)) if to.len() == 2 && is_digits(to) => {
            let interval = format!("{from}/{century}{to}");
            Ok(interval.parse::<Occurred>().is_ok().then_some(interval))
        }
        (None, _) => Ok(None),
    }
}

/// Returns the years of which the second is in short, where it cannot be a month: `1941-45`.
pub(super) fn years_in_short(text: &str) -> Option<String> {
    let (from, to) = ["–", "—", "-"].iter().find_map(|between| text.split_once(between))?;
    let (from, to) = (from.trim(), to.trim());
    let is_in_short = is_year(from) && to.len() == 2 && is_digits(to);
    let is_later = is_in_short && from.get(2..)? < to && to > "12";
    is_later.then(|| format!("{from}/{}{to}", from.get(..2).unwrap_or_default()))
}

/// Returns what is doubtful about years.
pub(super) fn years_doubt(text: &str, years: &str) -> Option<String> {
    or_month(text, years).or_else(|| years.ends_with("/..").then(|| all_since(text, years)))
}

/// Returns what is doubtful about years of which the second may be a month: `2010-11`.
fn or_month(text: &str, years: &str) -> Option<String> {
    let (year, short) = ["–", "—", "/", "-"].iter().find_map(|between| text.split_once(between))?;
    let month = short.trim().parse::<u32>().ok().filter(|month| (1..=12).contains(month))?;
    (short.trim().len() == 2).then(|| {
        let year = year.trim();
        format!(
            "`{text}` is read as the years {years}, and may be the month {year}-{month:02}; `%Y-%m` reads months, and \
             years of four digits are no month"
        )
    })
}
