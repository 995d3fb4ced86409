//! The messages of a file: one, or those of a mailbox, each after a line that begins with `From `.

use std::io::Read;

use crate::desk::error::DeskError;
use crate::desk::import::csv::unread;
use crate::desk::import::raw::{RawLine, RawLines, Width};

/// The largest message: attachments are not taken over, but stand in it.
const MESSAGE_BYTES_MAX: usize = 64 << 20;
const DAYS: &[&str] = &["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: &[&str] = &["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Where a message stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) line: u64,
    pub(super) span: (u64, u64),
    /// No empty line parts it from the message before.
    pub(super) is_unparted: bool,
}

/// Reads message by message: a mailbox begins each with a line that begins with `From ` after an empty one.
///
/// Where the empty line is missing, what looks like the first line of a message and has a header below it begins one.
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
        let may_start = line.bytes.starts_with(b"From ") && (is_mailbox || line.number == 1);
        let is_unparted = may_start
            && !blank
            && is_postmark(&line.bytes)
            && next.as_ref().is_some_and(|next| is_header(&next.bytes));
        let at = Place { line: line.number, span: (line.offset, line.end), is_unparted };
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
    let words: Vec<&str> = text.split_whitespace().skip(1).collect();
    words.windows(4).any(|words| {
        let [weekday, month, day, time] = words else { return false };
        DAYS.contains(weekday) && MONTHS.contains(month) && day.parse::<u8>().is_ok() && time.contains(':')
    })
}

/// Tells whether a line is one of the header of a message: `Subject: Talks`.
fn is_header(line: &[u8]) -> bool {
    let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
    !name.is_empty() && name.len() < line.len() && name.iter().all(u8::is_ascii_graphic)
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
