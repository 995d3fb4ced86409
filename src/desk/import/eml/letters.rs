//! Texts that the parser of mail does not read: in an encoding that it does not know, or with letters beyond ASCII of
//! which the message says that it has none. As what they are taken is told.

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::html::html_to_text;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;
use mail_parser::{Encoding, Message, MessagePart, MimeHeaders};

use crate::desk::import::drafted::Drafted;
use crate::desk::import::eml::{encoded, unread_letters};
use crate::desk::import::encoding;

/// By which names a text says that it is ASCII alone.
const ASCII: &[&str] = &["us-ascii", "ascii", "ansi_x3.4-1968", "iso646-us", "646", "iso-ir-6"];
/// By which names a message says that it is written in the letters of Korea.
const KOREAN: &[&str] = &["euc-kr", "ks_c_5601-1987", "ks_c_5601-1989", "cp949", "windows-949", "uhc"];

/// Returns the text of a message that the parser does not read; none of any other.
///
/// In an encoding that is read nowhere it is wrong. Of what is ASCII alone by what the message says, and has letters
/// beyond it:
///
/// They are UTF-8 where all of them are: letters of another encoding are so by accident alone. Else they are of the
/// encoding that a mapping states, or of that of Korea where the message names it elsewhere. Of what is none of these
/// nothing is guessed: U+FFFD stands for each byte.
pub(super) fn read(message: &Message<'_>, stated: Option<&str>, drafted: &mut Drafted) -> Option<String> {
    let part = message.text_bodies().next()?;
    let named =
        part.content_type().and_then(|of| of.attribute("charset")).map(|name| name.trim().to_lowercase());
    let other = named.as_deref().filter(|name| !ASCII.contains(name));
    if other.is_some_and(encoded::is_parsed) {
        return None;
    }
    let bytes = bytes_of(message, part)?;
    let text = match other {
        Some(name) => in_other(name, stated, &bytes, drafted),
        None if bytes.is_ascii() => return None,
        None => beyond_ascii(message, named.as_deref(), stated, &bytes, drafted),
    };
    Some(if part.is_text_html() { html_to_text(&text) } else { text })
}

/// Returns a text in an encoding that the parser does not read; one that is read here, or as a mapping states.
fn in_other(name: &str, stated: Option<&str>, bytes: &[u8], drafted: &mut Drafted) -> String {
    let Some(text) = encoded::read(name, stated, bytes) else {
        drafted.wrong(None, encoded::unread("the text", name));
        return String::new();
    };
    if encoding::named(name).is_err() {
        let stated = stated.unwrap_or_default();
        drafted.doubt(format!(
            "the text is in the encoding `{name}`, which is not read; it is taken as {stated}, as the mapping says with `encoding`"
        ));
    }
    unread_letters("the text", &text, drafted);
    text
}

/// Returns a text with letters beyond ASCII of which the message says that it has none.
fn beyond_ascii(
    message: &Message<'_>,
    named: Option<&str>,
    stated: Option<&str>,
    bytes: &[u8],
    drafted: &mut Drafted,
) -> String {
    let says = named.map_or_else(
        || "of which the message says nothing".to_owned(),
        |name| format!("of which the message says that it has none (`{name}`)"),
    );
    let taken = |text: String, why: &str, drafted: &mut Drafted| {
        drafted.doubt(format!("the text has letters beyond ASCII, {says}; {why}"));
        text
    };
    if let Ok(text) = std::str::from_utf8(bytes) {
        taken(text.to_owned(), "all of them are UTF-8, and taken as such", drafted)
    } else if let Some((name, text)) = stated.and_then(|name| Some((name, encoding::read_as(name, bytes)?))) {
        taken(text, &format!("they are taken as {name}, as the mapping says with `encoding`"), drafted)
    } else if let Some((name, text)) =
        korean(message).and_then(|name| Some((name, encoding::read_as(name, bytes)?)))
    {
        taken(
            text,
            &format!("all of them are {name}, which the message names elsewhere, and taken as such"),
            drafted,
        )
    } else {
        let count = bytes.iter().filter(|byte| !byte.is_ascii()).count();
        let line = bytes.split(|byte| *byte == b'\n').find(|line| std::str::from_utf8(line).is_err());
        let read = line.and_then(|line| encoding::readings(line.trim_ascii_end())).unwrap_or_default();
        let read = if read.is_empty() { String::new() } else { format!(" (it reads {})", read.join(", ")) };
        let why = format!(
            "they are not UTF-8 and cannot be read: U+FFFD stands for each of their {count} bytes, and `encoding` of a mapping \
             says what they are{read}"
        );
        let text = bytes
            .iter()
            .map(|byte| if byte.is_ascii() { char::from(*byte) } else { char::REPLACEMENT_CHARACTER });
        taken(text.collect(), &why, drafted)
    }
}

/// Returns the bytes of a part, as they were before they were sent.
fn bytes_of(message: &Message<'_>, part: &MessagePart<'_>) -> Option<Vec<u8>> {
    let sent = message.raw_message.get(part.offset_body as usize..part.offset_end as usize)?;
    match part.encoding {
        Encoding::None => Some(sent.to_vec()),
        Encoding::QuotedPrintable => quoted_printable_decode(sent),
        Encoding::Base64 => base64_decode(sent),
    }
}

/// Returns the encoding of Korea, by the name by which a message names it: in another part, or of words of its header.
fn korean(message: &Message<'_>) -> Option<&'static str> {
    let root = message.parts.first()?;
    let header = message.raw_message.get(root.offset_header as usize..root.offset_body as usize)?;
    let header = String::from_utf8_lossy(header).to_lowercase();
    let of_parts = |name: &str| {
        let charset = |part: &MessagePart<'_>| {
            part.content_type()
                .and_then(|of| of.attribute("charset"))
                .is_some_and(|of| of.eq_ignore_ascii_case(name))
        };
        message.parts.iter().any(charset)
    };
    let is_named = |name: &str| header.contains(&format!("=?{name}?")) || of_parts(name);
    KOREAN.iter().any(|name| is_named(name)).then_some("euc-kr")
}
