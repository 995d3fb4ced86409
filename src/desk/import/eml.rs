//! E-mail: one message, or a mailbox of several. The one place that names `mail_parser`.

mod automatic;
mod letters;
mod mailbox;

use std::collections::HashSet;
use std::io::{Read, Seek, SeekFrom};

use mail_parser::{Addr, Address, DateTime, Header, HeaderName, Message, MessageParser, MimeHeaders};
use serde_json::{Map, Value, json};

use crate::desk::error::{DeskError, Fault};
use crate::desk::import::csv::unread;
use crate::desk::import::drafted::Drafted;
use crate::desk::import::eml::mailbox::{Place, each_message};
use crate::desk::import::fitting::cut;
use crate::desk::import::given::Given;
use crate::desk::import::taking::Taking;
use crate::domain::fact::Kind;
use crate::domain::occurred::Occurred;
use crate::projections::quietly;

/// How many bytes of a text, as JSON has it, go into an entry.
const TEXT_BYTES_MAX: usize = 40_000;
/// How many messages of a mailbox are known to each other.
const IDS_MAX: usize = 1_000_000;
/// How many attachments are named.
const ATTACHMENTS_SHOWN: usize = 20;
/// How many addresses of a header become parties.
const ADDRESSES_MAX: usize = 12;
const WEEKDAYS: &[&str] = &["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
/// The names of zones that a date of a mail may have.
const ZONES: &[&str] = &["UT", "UTC", "GMT", "Z", "EST", "EDT", "CST", "CDT", "MST", "MDT", "PST", "PDT"];
/// No zone is further ahead, nor as far behind.
const OFFSET_HOURS_MAX: u8 = 14;
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
            Ok(bytes) => drafted(place, bytes, &ids, &mut given),
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

fn drafted(place: Place, bytes: &[u8], ids: &HashSet<String>, given: &mut Given<'_>) -> Drafted {
    let mut drafted = Drafted::at(place.line, place.span);
    let Some(message) =
        parsed(bytes).filter(|message| message.from().is_some() || message.subject().is_some())
    else {
        drafted.wrong(None, "is no e-mail: it has neither `From` nor `Subject`");
        return drafted;
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
    if let Some(date) = when(&message, &mut drafted) {
        entry.insert("date".to_owned(), date.into());
    }
    parties(&message, &mut entry, given, &mut drafted);
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
    words(&message, &mut entry, given, &mut drafted);
    links(&message, ids, &mut entry);
    let locator = drafted.key.as_ref().map_or_else(|| "e-mail".to_owned(), |id| format!("e-mail <{id}>"));
    entry.entry("source").or_insert_with(|| json!([{ "locator": locator }]));
    drafted.entry = Some(entry.into());
    drafted
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

/// Returns when a message was written, where it says so in a way that can be read.
fn when(message: &Message<'_>, drafted: &mut Drafted) -> Option<String> {
    let Some(header) = named(message, &HeaderName::Date).last() else {
        drafted.doubt("the message has no `Date`");
        return None;
    };
    let (from, to) = (header.offset_start() as usize, header.offset_end() as usize);
    let words = clean(String::from_utf8_lossy(message.raw_message.get(from..to).unwrap_or_default()));
    let date = message.date().and_then(|date| dated(date, drafted));
    if let Some(written) = message.date().filter(|_| date.is_some()) {
        let weekday = WEEKDAYS.get(usize::from(written.day_of_week())).copied().unwrap_or_default();
        let said = words.split_once(',').map(|(said, _)| said.trim()).unwrap_or_default();
        let is_word = !said.is_empty() && said.chars().all(char::is_alphabetic);
        if is_word && !weekday.to_lowercase().starts_with(&said.to_lowercase()) {
            drafted.doubt(format!("the `Date` of the message, `{words}`, is a {weekday}, and says `{said}`"));
        }
    }
    if date.is_none() {
        drafted
            .doubt(format!("the `Date` of the message, `{words}`, cannot be read, and the entry has none"));
    }
    // What is in brackets is a remark: `+0900 (KST)`.
    let zone = words.split('(').next().unwrap_or_default().split_whitespace().last().unwrap_or_default();
    let is_offset = zone.len() == 5
        && zone.starts_with(['+', '-'])
        && zone.chars().skip(1).all(|digit| digit.is_ascii_digit());
    if date.is_some() && !is_offset && !ZONES.iter().any(|known| zone.eq_ignore_ascii_case(known)) {
        drafted.doubt(format!(
            "the `Date` of the message, `{words}`, names no zone that is known; the day is taken, and no time"
        ));
        return date.and_then(|date| date.split('T').next().map(ToOwned::to_owned));
    }
    date
}

/// Returns the headers of a name, in their order.
fn named<'a, 'm>(
    message: &'a Message<'m>,
    name: &'a HeaderName<'static>,
) -> impl Iterator<Item = &'a Header<'m>> + use<'a, 'm> {
    message.headers().iter().filter(move |header| header.name == *name)
}

/// Tells of headers that a message has once, and this one several times.
fn repeated(message: &Message<'_>, drafted: &mut Drafted) {
    for name in [HeaderName::From, HeaderName::Date, HeaderName::Subject, HeaderName::MessageId] {
        let count = named(message, &name).count();
        if count > 1 {
            drafted
                .doubt(format!("the message has {count} `{}`, and the last of them is taken", name.as_str()));
        }
    }
}

/// Returns the addresses of a header: of the last `From`, and of every other that is repeated.
fn addresses<'a>(message: &'a Message<'_>, name: &'a HeaderName<'static>) -> Vec<&'a Addr<'a>> {
    let skipped = if *name == HeaderName::From { named(message, name).count().saturating_sub(1) } else { 0 };
    let headers = named(message, name).skip(skipped);
    headers.filter_map(|header| header.value().as_address()).flat_map(Address::iter).collect()
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

fn dated(date: &DateTime, drafted: &mut Drafted) -> Option<String> {
    let sign = if date.tz_before_gmt { '-' } else { '+' };
    if date.tz_before_gmt && date.tz_hour == 0 && date.tz_minute == 0 {
        drafted.doubt(
            "the date has the offset -0000: the time is that of UTC, and where the sender was is not known",
        );
    }
    if date.tz_hour > OFFSET_HOURS_MAX {
        drafted.doubt(format!("the date has an offset of {} hours, which no zone has", date.tz_hour));
    }
    let offset = match (date.tz_hour, date.tz_minute) {
        (0, 0) => "Z".to_owned(),
        (hour, minute) => format!("{sign}{hour:02}:{minute:02}"),
    };
    let written = format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{offset}",
        date.year, date.month, date.day, date.hour, date.minute, date.second
    );
    written.parse::<Occurred>().is_ok().then_some(written)
}

fn parties(
    message: &Message<'_>,
    entry: &mut Map<String, Value>,
    given: &mut Given<'_>,
    drafted: &mut Drafted,
) {
    let mut said = Vec::new();
    for (field, name) in [("from", HeaderName::From), ("to", HeaderName::To)] {
        let addresses = addresses(message, &name);
        let codes = codes(&addresses, field, given, drafted);
        if !codes.is_empty() {
            entry.insert(field.to_owned(), codes.into());
        }
        say(&name, &addresses, &mut said, drafted);
    }
    say(&HeaderName::Cc, &addresses(message, &HeaderName::Cc), &mut said, drafted);
    if let Some(first) = message.from().and_then(Address::first) {
        let speaker = first.name().or(first.address()).map(clean).filter(|name| !name.is_empty());
        entry.extend(speaker.map(|speaker| ("speaker".to_owned(), speaker.into())));
    }
    if !said.is_empty() {
        let said: String = said.join("\n").chars().take(4_000).collect();
        entry.insert("note".to_owned(), said.into());
    }
}

/// Adds what a header says of whom.
fn say(name: &HeaderName<'_>, addresses: &[&Addr<'_>], said: &mut Vec<String>, drafted: &mut Drafted) {
    let written = written(addresses).join(", ");
    unread_letters(&format!("`{}`", name.as_str()), &written, drafted);
    if !written.is_empty() {
        said.push(format!("{}: {written}", name.as_str()));
    }
}

fn written(addresses: &[&Addr<'_>]) -> Vec<String> {
    let all = addresses.iter().map(|one| match (one.name().map(clean), one.address().map(clean)) {
        (Some(name), Some(address)) => format!("{name} <{address}>"),
        (name, address) => name.or(address).unwrap_or_default(),
    });
    all.filter(|one| !one.is_empty()).collect()
}

/// Returns the parties of addresses: by the address, its domain, the name, else a code of the domain.
fn codes(addresses: &[&Addr<'_>], field: &str, given: &mut Given<'_>, drafted: &mut Drafted) -> Vec<String> {
    let mut codes: Vec<String> = Vec::new();
    if addresses.len() > ADDRESSES_MAX {
        let beyond = addresses.len() - ADDRESSES_MAX;
        drafted.doubt(format!("{field}: the last {beyond} addresses are left out, and stand in the note"));
    }
    for one in addresses.iter().take(ADDRESSES_MAX) {
        let mail = one.address().map(|address| clean(address).to_lowercase()).unwrap_or_default();
        let domain = mail.rsplit_once('@').map(|(_, domain)| domain.to_owned()).unwrap_or_default();
        let name = one.name().map(clean).unwrap_or_default();
        let listed = [mail.as_str(), &format!("@{domain}"), domain.as_str(), name.as_str()]
            .into_iter()
            .find(|known| !known.is_empty() && given.table("parties", known).is_some())
            .map(ToOwned::to_owned);
        let known = listed.unwrap_or(if domain.is_empty() { name } else { domain });
        if let Some(code) = given.party(&known, field, drafted)
            && !codes.contains(&code)
        {
            codes.push(code);
        }
    }
    codes
}

fn words(message: &Message<'_>, entry: &mut Map<String, Value>, given: &Given<'_>, drafted: &mut Drafted) {
    let is_html = message.text_bodies().next().is_some_and(mail_parser::MessagePart::is_text_html);
    if is_html {
        drafted.doubt("the message is HTML alone; its words are taken without their form");
    }
    let is_broken = message.parts.iter().any(|part| part.is_encoding_problem);
    if is_broken {
        drafted.doubt("a part of the message is not in the encoding that it names; letters may be lost");
    }
    let stated = given.checked.and_then(|checked| checked.mapping.encoding.as_deref());
    let beyond = letters::beyond_ascii(message, stated, drafted);
    let is_told = is_broken || beyond.is_some();
    let text = beyond.map(std::borrow::Cow::Owned).or_else(|| message.body_text(0));
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

/// Links a reply to what it replies to, where that is in the same mailbox.
fn links(message: &Message<'_>, ids: &HashSet<String>, entry: &mut Map<String, Value>) {
    let replied = message.in_reply_to();
    let all = replied.as_text_list().map(|list| list.iter().map(ToString::to_string).collect::<Vec<_>>());
    let all = all.or_else(|| replied.as_text().map(|one| vec![one.to_owned()])).unwrap_or_default();
    let own = message.message_id();
    let links: Vec<Value> = all
        .iter()
        .filter(|id| ids.contains(*id) && own != Some(id.as_str()))
        .take(8)
        .map(|id| json!({ "relation": "concerns", "target": id.trim() }))
        .collect();
    if !links.is_empty() {
        entry.insert("links".to_owned(), links.into());
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
