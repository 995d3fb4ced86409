//! E-mail: one message, or a mailbox of several. The one place that names `mail_parser`.

mod automatic;
mod dates;
mod encoded;
mod letters;
mod mailbox;
mod parties;
pub(super) mod replies;

use std::collections::HashSet;
use std::io::{Read, Seek, SeekFrom};

use mail_parser::{Header, HeaderName, Message, MessageParser, MimeHeaders};
use serde_json::{Map, Value, json};

use crate::desk::error::{DeskError, Fault};
use crate::desk::import::csv::unread;
use crate::desk::import::drafted::Drafted;
use crate::desk::import::eml::mailbox::{Place, each_message};
use crate::desk::import::fitting::cut;
use crate::desk::import::given::Given;
use crate::desk::import::taking::Taking;
use crate::domain::fact::Kind;
use crate::projections::quietly;

/// How many bytes of a text, as JSON has it, go into an entry.
const TEXT_BYTES_MAX: usize = 40_000;
/// How many messages of a mailbox are known to each other.
const IDS_MAX: usize = 1_000_000;
/// How many attachments are named.
const ATTACHMENTS_SHOWN: usize = 20;
/// How deep parts may stand in each other: nobody writes such mail.
const BOUNDARIES_MAX: usize = 2_000;

/// Drafts an entry of every message.
pub(super) fn draft(
    mut file: impl Read + Seek,
    mut given: Given<'_>,
    taking: &mut Taking,
) -> Result<(), DeskError> {
    let mut ids = HashSet::new();
    each_message(&mut file, |_, bytes| {
        if let (Ok(bytes), true) = (bytes, ids.len() < IDS_MAX)
            && let Some(message) = parsed(bytes)
        {
            ids.extend(message.message_id().map(ToOwned::to_owned));
        }
        Ok(())
    })?;
    file.seek(SeekFrom::Start(0)).map_err(unread)?;
    let mut count = 0;
    each_message(&mut file, |place, bytes| {
        count += 1;
        let drafted = match bytes {
            Ok(bytes) => drafted(place, bytes, &ids, &mut given)?,
            Err(detail) => {
                let mut drafted = Drafted::at(place.line, place.span);
                drafted.wrong(None, detail);
                drafted
            }
        };
        taking.take(drafted)
    })?;
    if count == 0 {
        taking.wrong(Fault::new("the file holds no message"));
    } else if given.default_kind.is_none() {
        let detail = "each message is recorded as `message.received`; `--default-kind message.sent` or \
                      `statement.public` says otherwise";
        taking.doubt(Fault::new(detail));
    }
    Ok(())
}

fn parsed(bytes: &[u8]) -> Option<Message<'_>> {
    let boundaries = bytes.windows(9).filter(|window| window.eq_ignore_ascii_case(b"boundary=")).count();
    if boundaries > BOUNDARIES_MAX {
        return None;
    }
    // A mistake of the library is a message that cannot be read, and no crash.
    quietly(|| MessageParser::default().parse(bytes)).ok().flatten()
}

fn drafted(
    place: Place,
    bytes: &[u8],
    ids: &HashSet<String>,
    given: &mut Given<'_>,
) -> Result<Drafted, DeskError> {
    let mut drafted = Drafted::at(place.line, place.span);
    let stated = given.checked.and_then(|checked| checked.mapping.encoding.as_deref());
    let as_sent = parsed(bytes);
    let unread = as_sent.as_ref().map(|message| encoded::unread_words(message, stated)).unwrap_or_default();
    for (header, charset) in unread {
        drafted.wrong(None, encoded::unread(&format!("`{header}`"), &charset));
    }
    let readable = as_sent.as_ref().and_then(|message| encoded::in_utf_8(message, stated));
    let message = readable.as_deref().map_or(as_sent, parsed);
    let message = message.filter(|message| message.from().is_some() || message.subject().is_some());
    let Some(message) = message else {
        drafted.wrong(None, "is no e-mail: it has neither `From` nor `Subject`");
        return Ok(drafted);
    };
    let automatic = automatic::kind(&message, given, &mut drafted);
    let kind = automatic.or(given.default_kind).unwrap_or(Kind::MessageReceived);
    let mut entry = given.constants();
    entry.insert("kind".to_owned(), json!(kind));
    entry.entry("form").or_insert_with(|| "email".into());
    match message.message_id() {
        Some(id) if !id.trim().is_empty() => {
            drafted.key = Some(id.trim().to_owned());
            // Whoever made it is named behind the `@`, so that nobody else makes the same.
            drafted.everywhere = id.contains('@');
        }
        Some(_) | None => drafted.doubt("the message has no `Message-ID`; it is known again by what it says"),
    }
    told_of_place(place, &mut drafted);
    repeated(&message, &mut drafted);
    if let Some(date) = dates::when(&message, &mut drafted) {
        entry.insert("date".to_owned(), date.into());
    }
    let mut noted = parties::parties(&message, kind, &mut entry, given, &mut drafted);
    if automatic.is_some() {
        entry.remove("speaker");
    }
    let subject = message.subject().map(clean).filter(|subject| !subject.is_empty());
    if let Some(subject) = subject {
        unread_letters("`Subject`", &subject, &mut drafted);
        entry.insert("summary".to_owned(), subject.into())
    } else {
        drafted.doubt("the message has no subject");
        entry.insert("summary".to_owned(), "(no subject)".into())
    };
    words(&message, &mut entry, stated, &mut drafted);
    noted.extend(replies::links(&message, ids, &mut entry, given, &mut drafted)?);
    if !noted.is_empty() {
        entry.insert("note".to_owned(), noted.join("\n").into());
    }
    let locator = drafted.key.as_ref().map_or_else(|| "e-mail".to_owned(), |id| format!("e-mail <{id}>"));
    entry.entry("source").or_insert_with(|| json!([{ "locator": locator }]));
    drafted.entry = Some(entry.into());
    Ok(drafted)
}

/// Tells how a message is parted from those beside it, where that is not plain.
fn told_of_place(place: Place, drafted: &mut Drafted) {
    if let Some(line) = place.undated {
        drafted.wrong(
            None,
            format!(
                "line {line} begins with `From ` and has a header below it, as the first line of a message does, but no date: \
                 give it one (`From - Mon Nov 17 10:30:00 2025`) where a message begins there, else write `>From `"
            ),
        );
    }
    if place.is_unparted {
        drafted.doubt(
            "the message begins with a `From ` line that no empty line parts from the message before; where it is of the \
             text of that one, `>From ` says so",
        );
    }
}

/// Returns the headers of a name, in their order.
fn named<'a, 'm>(
    message: &'a Message<'m>,
    name: HeaderName<'static>,
) -> impl Iterator<Item = &'a Header<'m>> + use<'a, 'm> {
    message.headers().iter().filter(move |header| header.name == name)
}

/// Tells of headers that a message has once, and this one several times.
fn repeated(message: &Message<'_>, drafted: &mut Drafted) {
    for name in [HeaderName::From, HeaderName::Date, HeaderName::Subject, HeaderName::MessageId] {
        let count = named(message, name.clone()).count();
        if count > 1 {
            drafted
                .doubt(format!("the message has {count} `{}`, and the last of them is taken", name.as_str()));
        }
    }
}

/// Tells of words in which letters stand that could not be read.
fn unread_letters(what: &str, words: &str, drafted: &mut Drafted) {
    let count = words.matches(char::REPLACEMENT_CHARACTER).count();
    if count > 0 {
        let are = if count == 1 { "letter that cannot be read" } else { "letters that cannot be read" };
        drafted.doubt(format!(
            "{what} has {count} {are}: its bytes are of no encoding that the message names, and U+FFFD stands for them"
        ));
    }
}

fn words(message: &Message<'_>, entry: &mut Map<String, Value>, stated: Option<&str>, drafted: &mut Drafted) {
    let is_html = message.text_bodies().next().is_some_and(mail_parser::MessagePart::is_text_html);
    if is_html {
        drafted.doubt("the message is HTML alone; its words are taken without their form");
    }
    let is_broken = message.parts.iter().any(|part| part.is_encoding_problem);
    if is_broken {
        drafted.doubt("a part of the message is not in the encoding that it names; letters may be lost");
    }
    let read = letters::read(message, stated, drafted);
    let is_told = is_broken || read.is_some();
    let text = read.map(std::borrow::Cow::Owned).or_else(|| message.body_text(0));
    let text = text.map(|text| without_controls(&text)).unwrap_or_default();
    let text = text.trim();
    if text.is_empty() {
        drafted.doubt("the message has no text");
    } else if !is_told {
        unread_letters("the text", text, drafted);
    }
    let (text, left_out) = cut(text, TEXT_BYTES_MAX);
    if left_out > 0 {
        drafted.doubt(format!(
            "the text is longer than an entry holds: the last {left_out} bytes are left out, and stand in the message"
        ));
    }
    if !text.is_empty() {
        let language =
            message.header("Content-Language").and_then(|language| language.as_text()).unwrap_or("und");
        let language = crate::domain::text::Language::try_from(language.trim().to_owned());
        let language = language.map_or_else(|_| "und".to_owned(), String::from);
        entry.insert("texts".to_owned(), json!([{ "language": language, "text": text }]));
    }
    let names: Vec<String> = message
        .attachments()
        .map(|part| {
            let subject = part.message().and_then(Message::subject).map(clean);
            let subject = subject.filter(|subject| !subject.is_empty());
            match (part.attachment_name().map(clean), subject) {
                (Some(name), None) if name.chars().all(|letter| letter == char::REPLACEMENT_CHARACTER) => {
                    "(a name that cannot be read)".to_owned()
                }
                (Some(name), None) => name,
                (None, None) => "(without a name)".to_owned(),
                (Some(name), Some(subject)) => format!("{name} (the message “{subject}”)"),
                (None, Some(subject)) => format!("the message “{subject}”"),
            }
        })
        .collect();
    if !names.is_empty() {
        let shown: Vec<&str> = names.iter().take(ATTACHMENTS_SHOWN).map(String::as_str).collect();
        let are = if names.len() == 1 { "attachment is" } else { "attachments are" };
        drafted.doubt(format!("{} {are} left out: {}", names.len(), shown.join(", ")));
    }
}

/// Returns words on one line, without letters that nobody sees.
fn clean(text: impl AsRef<str>) -> String {
    without_controls(text.as_ref())
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .take(500)
        .collect()
}

fn without_controls(text: &str) -> String {
    text.chars()
        .filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\t'))
        .filter(|letter| !matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
        .collect()
}
