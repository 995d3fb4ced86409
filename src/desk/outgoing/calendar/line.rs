//! The lines of a calendar: folded, and with what would end a value written otherwise.

use chrono::NaiveDate;

use crate::domain::timestamp::Timestamp;

/// How many bytes a line has at most, without its end.
const LINE_BYTES_MAX: usize = 75;

/// Returns a property as it stands in a file: folded where it is long, never within a letter.
pub(super) fn property(name: &str, value: &str) -> String {
    let line = format!("{name}:{value}");
    let mut folded = String::with_capacity(line.len() + 8);
    let mut bytes = 0;
    for letter in line.chars() {
        if bytes + letter.len_utf8() > LINE_BYTES_MAX {
            folded.push_str("\r\n ");
            bytes = 1;
        }
        folded.push(letter);
        bytes += letter.len_utf8();
    }
    folded.push_str("\r\n");
    folded
}

/// Returns a text as the value of a property.
pub(super) fn text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => escaped.push_str("\\\\"),
            ';' => escaped.push_str("\\;"),
            ',' => escaped.push_str("\\,"),
            '\r' if letters.peek() == Some(&'\n') => {}
            '\n' | '\r' => escaped.push_str("\\n"),
            '\t' => escaped.push('\t'),
            letter if letter.is_control() => escaped.push('\u{fffd}'),
            letter => escaped.push(letter),
        }
    }
    escaped
}

/// Returns a moment as a calendar writes it.
pub(super) fn utc(moment: Timestamp) -> String {
    moment.to_utc().format("%Y%m%dT%H%M%SZ").to_string()
}

/// Returns a day as a calendar writes it.
pub(super) fn day(day: NaiveDate) -> String {
    day.format("%Y%m%d").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_line_is_short_and_reads_back_unfolded(value in "[^\\r\\n]{0,200}") {
            let folded = property("SUMMARY", &value);
            prop_assert!(folded.ends_with("\r\n"));
            for line in folded.trim_end_matches("\r\n").split("\r\n") {
                prop_assert!(line.len() <= LINE_BYTES_MAX);
            }
            let unfolded = folded.trim_end_matches("\r\n").replace("\r\n ", "");
            prop_assert_eq!(unfolded, format!("SUMMARY:{value}"));
        }

        #[test]
        fn no_text_ends_its_property(value in any::<String>()) {
            let escaped = text(&value);
            prop_assert!(!escaped.contains(['\r', '\n']));
            prop_assert!(!escaped.replace("\\\\", "").replace("\\;", "").replace("\\,", "").contains([';', ',']));
        }
    }
}
