//! Dates of which a word says how far they are to be trusted, or on which side of them it was: `c. 1950`, `before
//! 1963`, `early 1950`.

use chrono::NaiveDate;

use crate::desk::import::mapping::dates::{Formats, existing, is_digits};
use crate::domain::occurred::Occurred;

const ABOUT: &[&str] =
    &["about", "around", "approximately", "approx.", "approx", "circa", "ca.", "ca", "c.", "~", "약"];
/// At the latest then.
const BY: &[&str] = &["by"];
/// Then no more, or not yet: the day, month or year that is named is not one of those that are meant.
const BEFORE: &[&str] = &["before"];
const AFTER: &[&str] = &["after"];
/// At some time from the one to the other.
const BETWEEN: &[&str] = &["between"];
/// What lasts from a day on, or up to one.
const SINCE: &[&str] = &["since"];
const UNTIL: &[&str] = &["until"];
/// Parts of a year that are no season of it, or of a decade: what was then was in it, and which part it was is lost.
const PARTS: &[&str] = &["early ", "mid-", "mid ", "late "];
/// Seasons, as EDTF numbers them.
const SEASONS: &[(&str, &str)] =
    &[("spring", "21"), ("summer", "22"), ("autumn", "23"), ("fall", "23"), ("winter", "24")];

impl Formats<'_> {
    /// Reads a date with such a word.
    ///
    /// # Errors
    ///
    /// Returns why no calendar has a date that stands beside it.
    pub(super) fn about(&self, text: &str) -> Result<Option<String>, String> {
        let lower = text.to_lowercase();
        let after = |words: &[&str]| {
            words.iter().find_map(|word| {
                let rest = lower.strip_prefix(word)?;
                let apart = rest.starts_with(char::is_whitespace) || !word.ends_with(char::is_alphabetic);
                apart.then(|| text.get(text.len() - rest.len()..)).flatten().map(str::trim)
            })
        };
        if let Some(rest) = after(ABOUT) {
            return self.beside(rest, |part| Some(format!("{part}~")));
        }
        if let Some(rest) = after(BY) {
            return self.beside(rest, |part| Some(format!("[..{part}]")));
        }
        if let Some(rest) = after(BEFORE) {
            return self.beside(rest, |part| Some(format!("[..{}]", beside(part, -1)?)));
        }
        if let Some(rest) = after(AFTER) {
            return self.beside(rest, |part| Some(format!("[{}..]", beside(part, 1)?)));
        }
        if let Some(both) = after(BETWEEN) {
            let Some((from, to)) = both.split_once(" and ") else { return Ok(None) };
            return match (self.part(from.trim())?, self.part(to.trim())?) {
                (Some(from), Some(to)) => existing(text, format!("[{from}..{to}]")),
                (None, _) | (_, None) => Ok(None),
            };
        }
        if let Some(rest) = after(SINCE) {
            return self.beside(rest, |part| Some(format!("{part}/..")));
        }
        if let Some(rest) = after(UNTIL) {
            return self.beside(rest, |part| Some(format!("../{part}")));
        }
        if let Some(rest) = text.strip_suffix('경') {
            return self.beside(rest.trim(), |part| Some(format!("{part}~")));
        }
        if let Some(year) = PARTS.iter().find_map(|part| lower.strip_prefix(part)) {
            let is_year = year.len() == 4 && is_digits(year);
            return Ok(if is_year { Some(year.to_owned()) } else { decade(year) });
        }
        if let Some((season, year)) = lower.split_once(' ')
            && let Some((_, number)) = SEASONS.iter().find(|(name, _)| *name == season)
        {
            let edtf = format!("{}-{number}", year.trim_start_matches("of "));
            return Ok(edtf.parse::<Occurred>().is_ok().then_some(edtf));
        }
        if let Some(decade) = decade(text) {
            return Ok(Some(decade));
        }
        match text.strip_suffix("(?)").or_else(|| text.strip_suffix('?')) {
            Some(rest) => self.beside(rest.trim(), |part| Some(format!("{part}?"))),
            None => Ok(None),
        }
    }

    /// Returns what is made of a date that stands beside the word.
    fn beside(
        &self,
        rest: &str,
        made: impl FnOnce(&str) -> Option<String>,
    ) -> Result<Option<String>, String> {
        Ok(self.part(rest)?.and_then(|part| made(&part)))
    }
}

/// Returns the decade that is named: `1960s`.
fn decade(text: &str) -> Option<String> {
    let decade = text.strip_suffix("0s").or_else(|| text.strip_suffix("0's"))?;
    (decade.len() == 3 && is_digits(decade)).then(|| format!("{decade}X"))
}

/// Returns the day, the month or the year before one, or after it; none of what is neither.
fn beside(part: &str, by: i32) -> Option<String> {
    let parts: Vec<&str> = part.split('-').collect();
    let number = |part: &str| is_digits(part).then(|| part.parse::<i32>().ok()).flatten();
    let beside = match parts.as_slice() {
        [year] => format!("{:04}", number(year)? + by),
        [year, month] => {
            let month = number(month).filter(|month| (1..=12).contains(month))?;
            let months = number(year)? * 12 + month - 1 + by;
            format!("{:04}-{:02}", months.div_euclid(12), months.rem_euclid(12) + 1)
        }
        [_, _, _] => {
            let day = part.parse::<NaiveDate>().ok()?;
            day.checked_add_signed(chrono::TimeDelta::days(by.into()))?.format("%Y-%m-%d").to_string()
        }
        _ => return None,
    };
    beside.parse::<Occurred>().is_ok().then_some(beside)
}

/// Returns what is lost of a date in words, or said of it by the reader alone.
pub(super) fn lost_of(text: &str, read: &str) -> Option<String> {
    let lower = text.to_lowercase();
    if PARTS.iter().any(|part| lower.starts_with(part)) {
        return Some(format!("`{text}` is read as {read}, and which part of it is meant is lost"));
    }
    let of = |words: &[&str]| words.iter().any(|word| lower.starts_with(word));
    if of(SINCE) {
        return Some(all_since(text, read));
    }
    let to = read.trim_start_matches("../");
    of(UNTIL)
        .then(|| format!("`{text}` is read as all the time up to then, {read}; a moment of it is `[..{to}]`"))
}

/// Says that a date without an end is read as what lasts.
pub(super) fn all_since(text: &str, read: &str) -> String {
    let from = read.trim_end_matches("/..");
    format!("`{text}` is read as all the time from then on, {read}; a moment of it is `[{from}..]`")
}
