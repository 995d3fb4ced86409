//! What the words of a document tell: its title, its form, its date; and how its text is put in lines.

use crate::domain::occurred::Occurred;

/// Returns the heading without its number: `5. Telegram From`, `No. 5 The Chargé in Korea`.
pub(super) fn title(head: &str) -> &str {
    let numbered = head.strip_prefix("No. ").unwrap_or(head);
    let rest = numbered.trim_start_matches(|letter: char| letter.is_ascii_digit());
    if rest.len() < numbered.len() { rest.trim_start_matches('.').trim_start() } else { head }
}

/// What is the record of a conversation, however it is called.
const CONVERSATIONS: &[&str] = &["conversation", "discussion", "meeting"];

/// Returns the form that a heading names, or the words of the editors beside it: `[Telegram]`.
pub(super) fn form(title: &str) -> &'static str {
    let lower = title.trim_start_matches('[').to_lowercase();
    let starts = |words: &[&str]| words.iter().any(|word| lower.starts_with(word));
    // `Memorandum of Discussion at the 9th Meeting`, `Memorandum by X of a Conversation`.
    let recorded = lower
        .split([',', '('])
        .next()
        .is_some_and(|first| first.contains(" of ") && CONVERSATIONS.iter().any(|word| first.contains(word)));
    if starts(&[
        "telegram",
        "airgram",
        "circular telegram",
        "circular airgram",
        "backchannel message",
        "backchannel telegram",
        "telegraphic",
        "cable",
        "message from",
        "radiogram",
        "cablegram",
    ]) {
        "cable"
    } else if starts(&[
        "minutes",
        "memorandum for the record",
        "record of",
        "notes of",
        "notes on a",
        "summary of conclusions",
        "summary record",
        "summary notes",
        "transcript of a telephone",
        "transcript of telephone",
        "note of a conversation",
        "note of a meeting",
    ]) || (starts(&["memorandum of", "memorandum by", "draft memorandum of", "summary of"])
        && recorded)
    {
        "memorandum_of_conversation"
    } else if starts(&["letter", "draft letter", "despatch", "dispatch", "instruction from"]) {
        "letter"
    } else if starts(&["note from", "note verbale", "diplomatic note"]) {
        "formal_note"
    } else if starts(&["aide"]) {
        "aide_memoire"
    } else if starts(&[
        "memorandum",
        "action memorandum",
        "information memorandum",
        "briefing memorandum",
        "intelligence memorandum",
        "draft memorandum",
    ]) {
        "memorandum"
    } else {
        "other"
    }
}

/// Returns a date of TEI as the record writes it.
pub(super) fn moment(text: &str) -> Option<String> {
    if text.parse::<Occurred>().is_ok() {
        return Some(text.to_owned());
    }
    // A time without seconds, or without an offset: the day is certain.
    let (date, time) = text.split_once('T')?;
    let offset = time.strip_suffix('Z').map(|time| (time, "Z")).or_else(|| {
        let place = time.rfind(['+', '-'])?;
        Some((time.get(..place)?, time.get(place..)?))
    });
    if let Some((time, offset)) = offset {
        let whole = format!("{date}T{time}:00{offset}");
        if whole.parse::<Occurred>().is_ok() {
            return Some(whole);
        }
    }
    date.parse::<Occurred>().is_ok().then(|| date.to_owned())
}

pub(super) fn day(text: &str) -> String {
    text.split('T').next().unwrap_or(text).to_owned()
}

pub(super) fn dated(edtf: String) -> Option<String> {
    edtf.parse::<Occurred>().is_ok().then_some(edtf)
}

/// Returns a text with its white space as single spaces.
pub(super) fn spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns a text with each paragraph on a line of its own.
pub(super) fn paragraphs(text: &str) -> String {
    // What stands after the last cell of a row.
    let line = |text: &str| spaced(text).trim_end_matches(['|', ' ']).to_owned();
    let mut paragraphs: Vec<String> = text.split('\n').map(line).collect();
    paragraphs.retain(|line| !line.is_empty());
    paragraphs.join("\n")
}
