//! The lines of a file: where each begins, and the JSON object in it.

use std::io::{self, Read};

use serde_json::Value;

use crate::desk::error::Fault;
use crate::desk::format::strict::Strict;
use crate::desk::import::drafted::Drafted;
use crate::desk::import::raw::{LINE_BYTES_MAX, RawLines, Width};
use crate::desk::misread;

const MARK: &[u8] = b"\xef\xbb\xbf";
const SHOWN_CHARS_MAX: usize = 40;

/// Returns the lines that are not blank, each with its number counted from 1.
///
/// A byte order mark at the beginning and a carriage return at the end of a line do not count.
pub(super) fn lines(file: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    let file = file.strip_prefix(MARK).unwrap_or(file);
    (1..).zip(file.split(|byte| *byte == b'\n')).filter_map(|(number, line)| {
        let line = line.trim_ascii();
        (!line.is_empty()).then_some((number, line))
    })
}

/// Drafts an entry of every line that is not blank: the line is the entry.
pub(super) fn each(reader: &mut dyn Read, mut take: impl FnMut(Drafted) -> io::Result<()>) -> io::Result<()> {
    let mut lines = RawLines::new(reader, Width::One, 0);
    while let Some(line) = lines.next()? {
        let bytes = match line.number {
            1 => line.bytes.strip_prefix(MARK).unwrap_or(&line.bytes),
            _ => &line.bytes,
        };
        let bytes = bytes.trim_ascii();
        if bytes.is_empty() {
            continue;
        }
        let mut drafted = Drafted::at(line.number, (line.offset, line.end));
        if line.left_out > 0 {
            drafted.wrong(None, format!("is longer than {} MiB; a row is one line", LINE_BYTES_MAX >> 20));
        } else {
            match object(line.number, bytes) {
                Ok(entry) => drafted.entry = Some(entry),
                Err(fault) => drafted.wrong.push(fault),
            }
        }
        take(drafted)?;
    }
    Ok(())
}

/// Returns the text of a line.
///
/// # Errors
///
/// Returns what is wrong with its bytes.
pub(super) fn text(number: u64, line: &[u8]) -> Result<&str, Fault> {
    let wrong = |detail: String| Fault { line: Some(number), field: None, detail };
    let text = std::str::from_utf8(line).map_err(|error| {
        wrong(format!("byte {} is not UTF-8; save the file as UTF-8", error.valid_up_to() + 1))
    })?;
    match text.bytes().position(|byte| byte == 0) {
        Some(place) => Err(wrong(format!("byte {} is NUL; the file is damaged, or is no text", place + 1))),
        None => Ok(text),
    }
}

/// Returns the JSON object of a line.
///
/// # Errors
///
/// Returns what is wrong with it, in words that say what would be right.
pub(super) fn object(number: u64, line: &[u8]) -> Result<Value, Fault> {
    let text = text(number, line)?;
    let wrong = |detail: String| Fault { line: Some(number), field: None, detail };
    match serde_json::from_str::<Strict>(text) {
        Ok(Strict(object @ Value::Object(_))) => Ok(object),
        Ok(Strict(_)) => {
            Err(wrong("is JSON, and not a JSON object; a file has one object per line".to_owned()))
        }
        Err(error) if error.is_eof() => {
            Err(wrong(format!("the JSON ends too early, after `{}`", ending(text))))
        }
        Err(error) if error.is_syntax() && !text.starts_with('{') => Err(wrong(format!(
            "`{}` is no JSON object; a file has one object per line",
            text.chars().take(SHOWN_CHARS_MAX).collect::<String>()
        ))),
        Err(error) => Err(wrong(format!("not the JSON of an entry: {}", told(&error)))),
    }
}

/// Returns what a parser says, without the line that it counts within the one line it was given.
fn told(error: &serde_json::Error) -> String {
    let whole = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    format!("{}, at column {}", misread::said(whole.strip_suffix(&place).unwrap_or(&whole)), error.column())
}

fn ending(text: &str) -> String {
    let count = text.chars().count();
    text.chars().skip(count.saturating_sub(SHOWN_CHARS_MAX)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn wrong(line: &[u8], says: &str) {
        let fault = object(7, line).unwrap_err();
        assert_eq!(fault.line, Some(7));
        assert!(fault.detail.contains(says), "{}", fault.detail);
    }

    #[test]
    fn lines_are_counted_whatever_ends_them() {
        let file = b"\xef\xbb\xbf{\"a\":1}\r\n\r\n  \n{\"b\":2}";
        let found: Vec<(u64, &[u8])> = lines(file).collect();
        assert_eq!(found, [(1, &b"{\"a\":1}"[..]), (4, &b"{\"b\":2}"[..])]);
    }

    #[test]
    fn a_line_that_is_no_object_is_told_what_is_wrong() {
        wrong(b"{\"kind\":\"incident\",\"date\":", "ends too early");
        wrong(b"{\"kind\":\"inc", "ends too early");
        wrong(b"id,date,kind", "one object per line");
        wrong(b"[1,2]", "a JSON object");
        wrong(b"{\"a\":1,\"a\":2}", "`a` stands twice");
        wrong(b"{\"a\":{\"b\":1,\"b\":2}}", "`b` stands twice");
        wrong(b"{\"a\":1} x", "column");
        wrong(b"{\"a\":\"\xff\"}", "not UTF-8");
        wrong(b"{\"a\":\"\x00\"}", "NUL");
    }
}
