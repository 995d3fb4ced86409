//! Parts of a date: the quarters and months that it names by their number, days and months in short, the time of day.

use crate::desk::import::mapping::dates::{NOT_THERE, is_digits};
use crate::domain::occurred::impossible;

/// How quarters are called; the year stands before or behind.
const QUARTERS: [&[&str]; 4] = [
    &["q1", "1q", "first quarter", "1st quarter", "1분기"],
    &["q2", "2q", "second quarter", "2nd quarter", "2분기"],
    &["q3", "3q", "third quarter", "3rd quarter", "3분기"],
    &["q4", "4q", "fourth quarter", "4th quarter", "4분기"],
];

/// Returns between which months a quarter was, of which the year stands beside it: `Q1 1960`, `1960 Q1`, `first quarter of
/// 1960`, `1960년 1분기`.
pub(super) fn quarter(text: &str) -> Option<String> {
    let lower = text.trim().to_lowercase();
    let apart = |letter: char| letter.is_whitespace() || matches!(letter, '/' | '-' | ',');
    for (names, number) in QUARTERS.iter().zip(0u32..) {
        for name in *names {
            let rest = lower.strip_prefix(name).or_else(|| lower.strip_suffix(name));
            let Some(rest) = rest.map(|rest| rest.trim_matches(apart)) else { continue };
            let year = rest.strip_prefix("of ").unwrap_or(rest).trim_end_matches('년').trim();
            if is_year(year) {
                return Some(format!("[{year}-{:02}..{year}-{:02}]", number * 3 + 1, number * 3 + 3));
            }
        }
    }
    None
}

/// Returns the month of a year of four digits: `1/1960`. Which of the two is the year is in no doubt.
pub(super) fn month(text: &str) -> Option<String> {
    let (month, year) = text.trim().split_once('/')?;
    let number = month.trim().parse::<u8>().ok().filter(|number| (1..=12).contains(number))?;
    let is_plain = is_digits(month.trim()) && month.trim().len() <= 2;
    (is_plain && is_year(year.trim())).then(|| format!("{}-{number:02}", year.trim()))
}

/// The months as they are written in short with a full stop, and `Sept`, which no pattern reads.
const IN_SHORT: [&str; 12] =
    ["jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec"];

/// Returns a date in words as the patterns have it: `Sept. 1960` is `Sep 1960`, `5th May` is `5 May`; what stands between
/// a day and a time is a space.
pub(super) fn in_full_words(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let count = words.len();
    let written = words.into_iter().enumerate().map(|(place, word)| {
        let (bare, comma) = word.strip_suffix(',').map_or((word, ""), |bare| (bare, ","));
        let month = bare.strip_suffix('.').unwrap_or(bare).to_lowercase();
        let is_before_time = place + 2 == count && has_time(text) && is_year(bare);
        if IN_SHORT.contains(&month.as_str()) {
            format!("{}{comma}", month.get(..3).unwrap_or_default())
        } else if let Some(day) = ordinal(bare) {
            format!("{day}{comma}")
        } else {
            if is_before_time { bare } else { word }.to_owned()
        }
    });
    written.collect::<Vec<_>>().join(" ")
}

/// Returns the number of an ordinal: 21 of `21st`, none of `21th`.
fn ordinal(word: &str) -> Option<&str> {
    let end = word.find(|letter: char| !letter.is_ascii_digit()).filter(|end| (1..=2).contains(end))?;
    let (digits, ending) = word.split_at(end);
    let number: u8 = digits.parse().ok()?;
    let expected = match (number % 10, number / 10) {
        (1, tens) if tens != 1 => "st",
        (2, tens) if tens != 1 => "nd",
        (3, tens) if tens != 1 => "rd",
        _ => "th",
    };
    ending.eq_ignore_ascii_case(expected).then_some(digits)
}

/// Tells whether a date in words has a day, a month, a year and a time behind them: `May 1960 15:30` has no day.
pub(super) fn has_day_and_time(text: &str) -> bool {
    has_time(text) && (text.contains('일') || text.split_whitespace().count() >= 4)
}

/// Tells whether a date ends in a time of day: `15:30`.
fn has_time(text: &str) -> bool {
    let Some((_, time)) = text.rsplit_once(' ') else { return false };
    time.split_once(':').is_some_and(|(hour, minute)| {
        is_digits(hour) && is_digits(minute) && hour.len() <= 2 && minute.len() == 2
    })
}

/// Says that a date does not exist, and why, as far as its parts tell.
pub(super) fn no_such_day(said: &str, year: i32, month: Option<u32>, day: Option<u32>) -> String {
    let why = u32::try_from(year).ok().zip(month).zip(day);
    let why = why.and_then(|((year, month), day)| impossible::of_day(year, month, day));
    why.map_or_else(|| format!("`{said}` {NOT_THERE}"), |why| format!("`{said}` {NOT_THERE}: {why}"))
}

/// Tells whether a text is a year of four digits.
pub(super) fn is_year(text: &str) -> bool {
    text.len() == 4 && is_digits(text) && !text.starts_with('0')
}
