//! What the words of a document tell: its title, its form, its date; and how its text is put in lines.

use crate::domain::occurred::Occurred;

/// Returns the heading without its number: `5. Telegram From`, `No. 5 The Chargé in Korea`.
pub(super) fn title(head: &str) -> &str {
    let numbered = head.strip_prefix("No. ").unwrap_or(head);
    let rest = numbered.trim_start_matches(|letter: char| letter.is_ascii_digit());
    if rest.len() < numbered.len() { rest.trim_start_matches('.').trim_start() } else { head }
}

/// The form of what is the record of a conversation.
pub(super) const CONVERSATION: &str = "memorandum_of_conversation";
/// What is the record of a conversation, however it is called.
const CONVERSATIONS: &[&str] = &["conversation", "discussion", "meeting", "telephone call"];

/// Tells whether the heading of the record of a conversation says that it was by telephone. Of whom it was, and about
/// what, tells nothing.
pub(super) fn is_by_telephone(title: &str) -> bool {
    let lower = title.to_lowercase();
    let named = [" between ", " among ", " with ", ": "]
        .iter()
        .fold(lower.as_str(), |title, word| title.split(word).next().unwrap_or(title));
    ["telephone", "telcon", "telecon"].iter().any(|word| named.contains(word))
        || lower.contains("by telephone")
}

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
        "telephone conversation",
        "telephone call",
        "telcon",
        "telecon",
        "note of a conversation",
        "note of a meeting",
    ]) || (starts(&["memorandum of", "memorandum by", "draft memorandum of", "summary of"])
        && recorded)
    {
        CONVERSATION
    } else if starts(&["letter", "draft letter", "despatch", "dispatch", "instruction from"]) {
        "letter"
    } else if starts(&["note verbale"]) {
        NOTE_VERBALE
    } else if starts(&["note from", "diplomatic note"]) {
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

/// The form of what is written in the third person.
const NOTE_VERBALE: &str = "note_verbale";
/// How what is written in the third person begins.
const COMPLIMENTS: &[&str] = &[
    "presents its compliments",
    "present their compliments",
    "presents his compliments",
    "presents her compliments",
];
/// How many lines may stand above its first: a number, an address.
const ABOVE_MAX: usize = 4;

/// Returns the form of a document, by what its heading names and by its text; and what is to be told of a form that the
/// words of the heading alone suggest.
pub(super) fn form_of(title: &str, named: &'static str, body: &str) -> (&'static str, Option<&'static str>) {
    let is_compliment = |line: &str| {
        ["The ", "His ", "Her "].iter().any(|word| line.starts_with(word))
            && COMPLIMENTS.iter().any(|words| line.contains(words))
    };
    // A telegram may quote one.
    let may_be = !matches!(named, "cable" | CONVERSATION);
    if may_be && body.lines().take(ABOVE_MAX).any(is_compliment) {
        return (NOTE_VERBALE, None);
    }
    let lower = title.trim_start_matches('[').to_lowercase();
    let doubt = match named {
        "formal_note" => Some(
            "the form `formal_note`, a note in the first person, is taken from the heading (`Note From`) alone: the text does \
             not say that it is in the third",
        ),
        "cable" if lower.starts_with("message from") => Some(
            "the form `cable` is taken from the heading (`Message From`) alone, which does not say how the message went",
        ),
        _ => None,
    };
    (named, doubt)
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

/// Tells whether a date of TEI has a time that no clock shows: `1961-12-07T25:10:00Z`.
pub(super) fn has_impossible_time(text: &str) -> bool {
    let Some((date, time)) = text.split_once('T') else { return false };
    let end = time.find(['Z', '+', '-']).unwrap_or(time.len());
    let clock = time.get(..end).unwrap_or_default().split('.').next().unwrap_or_default();
    let offset = time.get(end..).unwrap_or_default();
    let offset = if offset.is_empty() { "Z" } else { offset };
    ![format!("{date}T{clock}{offset}"), format!("{date}T{clock}:00{offset}")]
        .iter()
        .any(|whole| whole.parse::<Occurred>().is_ok())
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Tells whether words name another day than a date does: `July 26, 1953` beside `1953-07-27`.
///
/// Only what names a month, a day and a year is held against it: what the words leave out they do not deny.
pub(super) fn name_another_day(words: &str, date: &str) -> bool {
    let mut parts = date.splitn(3, '-').map(str::parse::<usize>);
    let (Some(Ok(year)), Some(Ok(month)), Some(Ok(day))) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let words = words.to_lowercase();
    let words: Vec<&str> = words.split(|letter: char| !letter.is_alphanumeric()).collect();
    let numbers: Vec<usize> = words.iter().filter_map(|word| word.parse().ok()).collect();
    let is_month = |word: &&str| MONTHS.iter().position(|name| word.starts_with(name));
    let months: Vec<usize> = words.iter().filter_map(is_month).collect();
    let years: Vec<usize> = numbers.iter().copied().filter(|number| *number > 999).collect();
    let days: Vec<usize> = numbers.iter().copied().filter(|number| (1..=31).contains(number)).collect();
    if months.is_empty() || years.is_empty() || days.is_empty() {
        return false;
    }
    !months.contains(&(month.wrapping_sub(1))) || !years.contains(&year) || !days.contains(&day)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_by_telephone_says_so_before_it_says_of_whom_it_was() {
        for title in [
            "Memorandum of Telephone Conversation",
            "Transcript of a Telephone Conversation Between A and C",
            "Memorandum of Conversation (by Telephone)",
            "Memorandum by Mr. Park of a Telephone Call",
        ] {
            assert_eq!((form(title), is_by_telephone(title)), (CONVERSATION, true), "{title}");
        }
        for title in [
            "Memorandum of Conversation",
            "Memorandum of Conversation With the President of the Telephone Company",
            "Memorandum of Conversation: Telephone Lines",
        ] {
            assert_eq!((form(title), is_by_telephone(title)), (CONVERSATION, false), "{title}");
        }
    }

    #[test]
    fn what_presents_its_compliments_is_a_note_verbale_whatever_its_heading_says() {
        let third = "No. 45\nThe Embassy of the Union presents its compliments to the Department of State.";
        for title in ["Note From the Soviet Embassy", "Letter From the Soviet Embassy", "Paper"] {
            assert_eq!(form_of(title, form(title), third), (NOTE_VERBALE, None), "{title}");
        }
        let title = "Note From the Soviet Embassy";
        let (named, doubt) = form_of(title, form(title), "I have the honor to inform you.");
        assert_eq!((named, doubt.is_some_and(|doubt| doubt.contains("`Note From`"))), ("formal_note", true));
        let title = "Message From Chairman Khrushchev";
        let (named, doubt) = form_of(title, form(title), "Dear Mr. President");
        assert_eq!((named, doubt.is_some_and(|doubt| doubt.contains("`Message From`"))), ("cable", true));
        let title = "Telegram From the Embassy";
        for body in [third, "“The Embassy presents its compliments”"] {
            assert_eq!(form_of(title, form(title), body), ("cable", None), "a telegram may quote a note");
        }
        assert_eq!(
            form_of("Letter", "letter", "He writes: The Embassy presents its compliments").0,
            "letter"
        );
        assert_eq!(form("Note Verbale From the Embassy"), NOTE_VERBALE);
    }

    #[test]
    fn words_deny_a_date_only_where_they_name_a_day() {
        for words in ["July 26, 1953", "26 July 1953, 6 p.m.", "July 27, 1952", "June 27, 1953"] {
            assert!(name_another_day(words, "1953-07-27"), "{words}");
        }
        for words in ["July 27, 1953", "July 26–27, 1953", "July 1953", "undated", "27 July", "1953"] {
            assert!(!name_another_day(words, "1953-07-27"), "{words}");
        }
        assert!(!name_another_day("July 26, 1953", "1953-07"), "a month has every day of it");
    }

    #[test]
    fn no_clock_shows_the_twenty_sixth_hour() {
        for date in ["1961-12-07T25:10:00Z", "1961-12-07T10:61-05:00", "1961-12-07T1Z"] {
            assert!(has_impossible_time(date), "{date}");
        }
        for date in ["1961-12-07", "1961-12-07T18:00", "1961-12-07T18:00:00Z", "1961-12-07T18:00-05:00"] {
            assert!(!has_impossible_time(date), "{date}");
        }
    }
}
