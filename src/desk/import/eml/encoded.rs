//! Which encodings a message names, and what becomes of those that the parser of mail does not read: ISO-2022-KR and
//! others are read here, any other is named.

use std::fmt::Write as _;

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::{HeaderName, Message};

use crate::desk::import::encoding;

/// What the parser is asked to read, to know whether it reads an encoding: letters in all that it does.
const PROBE: &[u8] = b"aa";
/// The headers of which the words become those of an entry.
const OF_ENTRIES: &[HeaderName<'_>] = &[
    HeaderName::Subject,
    HeaderName::From,
    HeaderName::Sender,
    HeaderName::To,
    HeaderName::Cc,
    HeaderName::Bcc,
];

/// A word of a header in an encoding that it names: `=?euc-kr?B?yLi04w==?=`.
struct Word<'a> {
    start: usize,
    end: usize,
    charset: &'a str,
    /// Its bytes; none where they cannot be had.
    bytes: Option<Vec<u8>>,
}

/// Tells whether the parser of mail reads an encoding by itself.
pub(super) fn is_parsed(charset: &str) -> bool {
    let is_utf_8 = encoding::is_utf_8(charset);
    is_utf_8
        || charset_decoder(charset.as_bytes()).is_some_and(|decoder| !decoder(PROBE).contains('\u{fffd}'))
}

/// Returns what bytes say in an encoding that the parser does not read, with U+FFFD for what is no letter; none where it
/// is not read here either. What a mapping states is taken of what has no name here.
pub(super) fn read(charset: &str, stated: Option<&str>, bytes: &[u8]) -> Option<String> {
    let read = encoding::read_with_gaps(charset, bytes);
    let read = read.or_else(|| encoding::read_with_gaps(stated?, bytes));
    read.map(|(text, _)| text)
}

/// Says that an encoding is not read, and what to do.
pub(super) fn unread(what: &str, charset: &str) -> String {
    format!(
        "{what} is in the encoding `{charset}`, which is not read: save the message in UTF-8 and import that, or say with \
         `encoding` of a mapping what is meant"
    )
}

/// Returns the words of the headers that entries are made of whose encoding is not read: the name of the header, and that
/// of the encoding.
pub(super) fn unread_words(message: &Message<'_>, stated: Option<&str>) -> Vec<(String, String)> {
    let mut unread = Vec::new();
    for header in message.headers().iter().filter(|header| OF_ENTRIES.contains(&header.name)) {
        let (from, to) = (header.offset_start() as usize, header.offset_end() as usize);
        let raw = message.raw_message.get(from..to).unwrap_or_default();
        let words = words(raw).into_iter().filter(|word| !is_parsed(word.charset));
        for word in words.filter(|word| read(word.charset, stated, b"").is_none()) {
            let named = (header.name.as_str().to_owned(), word.charset.to_lowercase());
            if !unread.contains(&named) {
                unread.push(named);
            }
        }
    }
    unread
}

/// Returns a message of which the words of the headers are in UTF-8 that the parser does not read; none where it reads
/// all. Texts are left as they are.
pub(super) fn in_utf_8(message: &Message<'_>, stated: Option<&str>) -> Option<Vec<u8>> {
    let raw: &[u8] = &message.raw_message;
    let texts = message.parts.iter().filter(|part| part.is_text() || part.is_text_html());
    let texts: Vec<_> = texts.map(|part| part.offset_body as usize..part.offset_end as usize).collect();
    let mut written = Vec::new();
    let mut done = 0;
    for word in words(raw) {
        if is_parsed(word.charset) || texts.iter().any(|text| text.contains(&word.start)) {
            continue;
        }
        let said = word.bytes.as_deref().and_then(|bytes| read(word.charset, stated, bytes));
        let said = said.unwrap_or_else(|| format!("(in {}, which is not read)", word.charset));
        written.extend_from_slice(raw.get(done..word.start)?);
        written.extend_from_slice(quoted(&said).as_bytes());
        done = word.end;
    }
    written.extend_from_slice(raw.get(done..).filter(|_| done > 0)?);
    Some(written)
}

/// Returns the encoded words of a text, in their order.
fn words(raw: &[u8]) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut start = 0;
    while let Some(found) = raw.get(start..).and_then(|rest| rest.windows(2).position(|pair| pair == b"=?")) {
        start += found;
        match word(raw, start) {
            Some(word) => {
                start = word.end;
                words.push(word);
            }
            None => start += 2,
        }
    }
    words
}

/// Returns the encoded word that begins at a place; none where none does.
fn word(raw: &[u8], start: usize) -> Option<Word<'_>> {
    let upto = |from: usize| {
        let length = raw.get(from..)?.iter().position(|byte| !byte.is_ascii_graphic() || *byte == b'?')?;
        let end = from + length;
        (raw.get(end) == Some(&b'?')).then(|| raw.get(from..end)).flatten().map(|part| (part, end + 1))
    };
    let (charset, way) = upto(start + 2)?;
    let (way, data) = upto(way)?;
    // Mailers leave spaces in what is quoted.
    let length = raw.get(data..)?.iter().position(|byte| matches!(byte, b'?' | b'\r' | b'\n'))?;
    let end = data + length + 2;
    let data = (raw.get(end - 2..end) == Some(b"?=")).then(|| raw.get(data..end - 2)).flatten()?;
    let bytes = match way {
        b"b" | b"B" => base64_decode(data),
        b"q" | b"Q" => unquoted(data),
        _ => return None,
    };
    // A language may stand behind it.
    let charset = std::str::from_utf8(charset).ok()?.split('*').next().unwrap_or_default();
    (!charset.is_empty()).then_some(Word { start, end, charset, bytes })
}

/// Returns the bytes of a word in which some stand as `=1B`, and a space as `_`.
fn unquoted(data: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(data.len());
    let mut rest = data.iter();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'_' => b' ',
            b'=' => {
                let mut digit = || char::from(*rest.next()?).to_digit(16);
                let (high, low) = (digit()?, digit()?);
                u8::try_from(high << 4 | low).ok()?
            }
            other => *other,
        });
    }
    Some(bytes)
}

/// Returns a text as an encoded word.
fn quoted(text: &str) -> String {
    let mut word = "=?utf-8?Q?".to_owned();
    for byte in text.bytes() {
        let _ = write!(word, "={byte:02X}");
    }
    word + "?="
}
