//! The messages of a file: one, or those of a mailbox, each after a line that begins with `From `.

use std::io::Read;

use crate::desk::error::DeskError;
use crate::desk::import::csv::unread;
use crate::desk::import::raw::{RawLine, RawLines, Width};

/// The largest message: attachments are not taken over, but stand in it.
const MESSAGE_BYTES_MAX: usize = 64 << 20;
const DAYS: &[&str] = &["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: &[&str] = &["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
/// How many words a date has at most, with a zone and with the machine that passed the message on.
const DATE_WORDS_MAX: usize = 9;

/// Where a message stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) line: u64,
    pub(super) span: (u64, u64),
    /// No empty line parts it from the message before.
    pub(super) is_unparted: bool,
    /// The line in it that begins with `From `, names no date and has a header below it: perhaps another message.
    pub(super) undated: Option<u64>,
}

/// Reads message by message: a mailbox begins each with a line that begins with `From ` and has a date, after an empty
/// one.
///
/// Where the empty line is missing, it begins one if a header stands below it. The first line of a file needs no date.
pub(super) fn each_message(
    file: impl Read,
    mut take: impl FnMut(Place, Result<&[u8], String>) -> Result<(), DeskError>,
) -> Result<(), DeskError> {
    let mut lines = RawLines::new(file, Width::One, 0);
    let mut bytes: Vec<u8> = Vec::new();
    let mut place: Option<Place> = None;
    let mut too_long = false;
    let mut is_mailbox = false;
    let mut blank = true;
    let mut give = |place: &mut Option<Place>, bytes: &mut Vec<u8>, too_long: &mut bool| {
        let Some(place) = place.take() else { return Ok(()) };
        let what = if std::mem::take(too_long) {
            Err(format!("the message has more than {} MiB", MESSAGE_BYTES_MAX >> 20))
        } else {
            Ok(bytes.as_slice())
        };
        let empty = what.as_ref().is_ok_and(|bytes| bytes.trim_ascii().is_empty());
        let done = if empty { Ok(()) } else { take(place, what) };
        bytes.clear();
        done
    };
    let mut next = lines.next().map_err(unread)?;
    while let Some(line) = next {
        next = lines.next().map_err(unread)?;
        let is_from = line.bytes.starts_with(b"From ") && (is_mailbox || line.number == 1);
        let may_start = is_from && (line.number == 1 || is_postmark(&line.bytes));
        let header = next.as_ref().and_then(|next| header(&next.bytes));
        let is_unparted = may_start && !blank && header.is_some();
        let at = Place { line: line.number, span: (line.offset, line.end), is_unparted, undated: None };
        if is_from
            && !may_start
            && blank
            && header.is_some()
            && let Some(place) = &mut place
        {
            place.undated.get_or_insert(line.number);
        }
        if may_start && (blank || is_unparted) {
            is_mailbox = true;
            give(&mut place, &mut bytes, &mut too_long)?;
            place = Some(at);
            blank = false;
            continue;
        }
        blank = line.bytes.is_empty();
        place.get_or_insert(at).span.1 = line.end;
        too_long |= !add(&line, is_mailbox, &mut bytes);
    }
    give(&mut place, &mut bytes, &mut too_long)
}

/// Tells whether a line says from whom and when, as the line before a message does: `From kim@x.kr Mon Nov 17 10:30:00
/// 2025`.
fn is_postmark(line: &[u8]) -> bool {
    let text = String::from_utf8_lossy(line);
    let words: Vec<&str> = text.split_whitespace().skip(1).map(|word| word.trim_end_matches(',')).collect();
    let Some(start) = words.iter().position(|word| DAYS.contains(word)) else { return false };
    let date = words.get(start + 1..).unwrap_or_default();
    let number = |word: &str| word.parse::<u16>().ok();
    let is_time =
        |word: &&str| word.split(':').count() > 1 && word.split(':').all(|part| number(part).is_some());
    date.len() <= DATE_WORDS_MAX
        && date.iter().any(|word| MONTHS.contains(word))
        && date.iter().any(|word| word.len() <= 2 && number(word).is_some_and(|day| (1..=31).contains(&day)))
        && date.iter().any(is_time)
        && date.iter().any(|word| word.len() == 4 && number(word).is_some())
}

/// Returns the name of a line that is one of the header of a message: `Subject`.
fn header(line: &[u8]) -> Option<&[u8]> {
    let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
    (!name.is_empty() && name.len() < line.len() && name.iter().all(u8::is_ascii_graphic)).then_some(name)
}

/// Adds a line to a message, as it stood in it; tells whether there was room.
fn add(line: &RawLine, is_mailbox: bool, bytes: &mut Vec<u8>) -> bool {
    if line.left_out > 0 || bytes.len() + line.bytes.len() > MESSAGE_BYTES_MAX {
        return false;
    }
    // A mailbox puts `>` before a line of a message that begins like the next message.
    let quoted = is_mailbox
        && line.bytes.trim_ascii_start().strip_prefix(b">").is_some_and(|rest| {
            let start = rest.iter().position(|byte| *byte != b'>').unwrap_or(rest.len());
            line.bytes.starts_with(b">") && rest.get(start..).is_some_and(|rest| rest.starts_with(b"From "))
        });
    bytes.extend_from_slice(if quoted { line.bytes.get(1..).unwrap_or_default() } else { &line.bytes });
    bytes.extend_from_slice(b"\r\n");
    true
}
