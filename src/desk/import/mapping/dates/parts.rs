//! Parts of a year that a date names by their number: its quarters, its months.

use crate::desk::import::mapping::dates::is_digits;

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

/// Tells whether a text is a year of four digits.
fn is_year(text: &str) -> bool {
    text.len() == 4 && is_digits(text) && !text.starts_with('0')
}
