//! The words of a table: moments, ages, numbers, names, and what to say where nothing was recorded.

use crate::desk::answer::entry::{EntryRef, Named};
use crate::desk::answer::{AsOf, Date};
use crate::domain::timestamp::Timestamp;
use crate::domain::zone::Zone;

/// What is said where the log holds nothing: the log does not know, which is not the same as none.
pub(super) const NO_RECORD: &str = "no record";

/// Where no log says in which zone it is read: moments are told in UTC, by that name.
pub(super) const NO_ZONE: &str = "";

/// Returns a moment for people, in the zone of the answer: `24 November 2026 09:00`.
pub(super) fn moment(moment: Timestamp, zone: &str) -> String {
    let named = if zone == NO_ZONE { " UTC" } else { "" };
    let zone: Zone = zone.parse().unwrap_or_default();
    format!("{}{named}", zone.local(moment).format("%-d %B %Y %H:%M"))
}

/// Returns the quiet line under an answer: what was known, and whose clock it was seen by.
pub(super) fn as_of(as_of: &AsOf) -> String {
    let known = match (as_of.position, as_of.last_recorded_at) {
        (None, _) if as_of.past_knowledge => "as known before anything was recorded".to_owned(),
        // The log is empty, or how far it goes is not for whoever asks.
        (None, _) => "as known now".to_owned(),
        (Some(position), None) => format!("as known at position {position}"),
        (Some(position), Some(at)) => {
            format!("as known at position {position} (recorded {})", moment(at, &as_of.zone))
        }
    };
    let past = if as_of.past_knowledge { ", later entries left out" } else { "" };
    format!("{}: {known}{past}, seen {} {}", as_of.log, moment(as_of.at, &as_of.zone), as_of.zone)
}

/// Returns when something happened that is recorded, and that may be undated.
pub(super) fn date(date: Option<&Date>) -> String {
    date_or(date, "undated")
}

/// Returns the words of a date, or what is said where there is none.
pub(super) fn date_or(date: Option<&Date>, none: &str) -> String {
    date.map_or_else(|| none.to_owned(), |date| date.words.clone())
}

/// Returns the date as it is recorded; empty where there is none.
pub(super) fn value(date: Option<&Date>) -> String {
    date.map(|date| date.value.clone()).unwrap_or_default()
}

/// Returns names for a sentence: `KOR, PRK`.
pub(super) fn names(names: &[Named]) -> String {
    names.iter().map(|named| named.name.as_str()).collect::<Vec<_>>().join(", ")
}

/// Returns names for a column of a file: `KOR; PRK`.
pub(super) fn listed(names: &[Named]) -> String {
    joined(names.iter().map(|named| named.name.as_str()))
}

/// Returns a name with those that it was found to be one with: `hotline (one with red-phone)`.
pub(super) fn with_names(name: &str, one_with: &[Named]) -> String {
    if one_with.is_empty() { name.to_owned() } else { format!("{name} (one with {})", listed(one_with)) }
}

/// Returns texts for a column of a file.
pub(super) fn joined<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> String {
    texts.into_iter().map(|text| text.as_ref().to_owned()).collect::<Vec<_>>().join("; ")
}

/// Returns what to type for an entry; empty where there is none.
pub(super) fn handle(entry: Option<&EntryRef>) -> String {
    entry.map(|entry| entry.handle.clone()).unwrap_or_default()
}

/// Returns an entry in a phrase: `ik-147 overture.proposed, 17 November 2025`.
pub(super) fn entry(entry: &EntryRef) -> String {
    let kind = entry.kind.map_or("redacted", crate::domain::fact::Kind::as_str);
    let date = entry.date.as_ref().map(|date| format!(", {}", date.words)).unwrap_or_default();
    format!("{} {kind}{date}", entry.handle)
}

/// Returns an entry in a sentence, with what happened.
pub(super) fn told(reference: &EntryRef) -> String {
    let summary = reference.summary.as_deref().map(|summary| format!(": {summary}")).unwrap_or_default();
    entry(reference) + &summary
}

/// Returns a recorded word as it is spoken: `via intermediary`.
pub(super) fn spoken(word: &str) -> String {
    word.replace('_', " ")
}

/// Returns a kind of event as it is spoken: `call not attempted`.
pub(super) fn happened(kind: crate::domain::fact::Kind) -> String {
    spoken(kind.as_str()).replace('.', " ")
}

/// Returns an age in days for people: `8 days`, `2,345 days (6 years)`.
pub(super) fn age(days: Option<i64>) -> String {
    let Some(days) = days else { return "not known".to_owned() };
    let counted = |number: u64, unit: &str| {
        format!("{} {unit}{}", number_of(number), if number == 1 { "" } else { "s" })
    };
    let length = days.unsigned_abs();
    match days {
        0 => "today".to_owned(),
        ..0 => format!("in {}", counted(length, "day")),
        _ if length < 730 => counted(length, "day"),
        _ => format!("{} ({})", counted(length, "day"), counted(length / 365, "year")),
    }
}

/// Returns a number with its thousands apart.
pub(super) fn number_of(number: u64) -> String {
    let digits = number.to_string();
    let mut apart = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            apart.push(',');
        }
        apart.push(digit);
    }
    apart
}

/// Returns a number and what it counts: `1 entry`, `150 entries`.
pub(super) fn count(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", number_of(number), if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_told_in_days_and_years() {
        let told: Vec<String> = [0, 1, 8, -3, 729, 730, 2345].map(|days| age(Some(days))).to_vec();
        assert_eq!(
            told,
            [
                "today",
                "1 day",
                "8 days",
                "in 3 days",
                "729 days",
                "730 days (2 years)",
                "2,345 days (6 years)"
            ]
        );
        assert_eq!(age(None), "not known");
    }

    #[test]
    fn thousands_stand_apart() {
        assert_eq!([0, 999, 1000, 1_234_567].map(number_of), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn the_line_under_an_answer_tells_what_was_known_and_by_which_clock() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let mut answer = AsOf {
            log: "desk-0a1b2c3d".to_owned(),
            position: Some(151),
            last_recorded_at: Some(at("2026-11-24T00:00:00.000000Z")),
            at: at("2026-11-24T00:05:00.000000Z"),
            past_knowledge: true,
            zone: "Asia/Seoul".to_owned(),
        };
        assert_eq!(
            as_of(&answer),
            "desk-0a1b2c3d: as known at position 151 (recorded 24 November 2026 09:00), later entries left \
             out, seen 24 November 2026 09:05 Asia/Seoul"
        );
        answer.position = None;
        answer.past_knowledge = false;
        assert_eq!(as_of(&answer), "desk-0a1b2c3d: as known now, seen 24 November 2026 09:05 Asia/Seoul");
    }
}
