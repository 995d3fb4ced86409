//! From whom a message is and to whom it goes; what it says of that beside the parties of the entry.

use mail_parser::{Addr, Address, HeaderName, Message};
use serde_json::{Map, Value};

use crate::desk::import::drafted::Drafted;
use crate::desk::import::eml::{clean, named, unread_letters};
use crate::desk::import::given::Given;
use crate::domain::fact::Kind;

/// How many addresses of a header become parties.
const ADDRESSES_MAX: usize = 12;
/// How many of those who got it for information an entry names; the others stand in the note.
const INFO_MAX: usize = 50;
/// How much of the addresses a note holds.
const NOTE_CHARS_MAX: usize = 4_000;

/// Adds the parties, the speaker, and who got the message for information; returns what is to be noted of them.
pub(super) fn parties(
    message: &Message<'_>,
    kind: Kind,
    entry: &mut Map<String, Value>,
    given: &mut Given<'_>,
    drafted: &mut Drafted,
) -> Vec<String> {
    let mut said = Vec::new();
    for (field, name) in [("from", HeaderName::From), ("to", HeaderName::To)] {
        let addresses = addresses(message, &name);
        let codes = codes(&addresses, field, given, drafted);
        if !codes.is_empty() {
            entry.insert(field.to_owned(), codes.into());
        }
        said.extend(listed(&name, &written(&name, &addresses, drafted)));
    }
    if addresses(message, &HeaderName::To).is_empty() {
        drafted.doubt("the message has no address in `To`: to whom it went it does not say");
    }
    let authors = addresses(message, &HeaderName::From);
    if let [_, _, ..] = authors.as_slice() {
        drafted.doubt(format!(
            "the message has {} authors in `From`: the first is its speaker, and the others stand in the note",
            authors.len()
        ));
    }
    if let Some(first) = authors.first() {
        let speaker = first.name().or(first.address()).map(clean).filter(|name| !name.is_empty());
        entry.extend(speaker.map(|speaker| ("speaker".to_owned(), speaker.into())));
    }
    // Whoever sent it for its author; it mostly names the author once more.
    let mut sender = addresses(message, &HeaderName::Sender);
    sender.retain(|one| !authors.iter().any(|author| is_same(author, one)));
    said.extend(listed(&HeaderName::Sender, &written(&HeaderName::Sender, &sender, drafted)));
    let cc = addresses(message, &HeaderName::Cc);
    let mut cc = written(&HeaderName::Cc, &cc, drafted);
    if kind.family() == "message" && !cc.is_empty() && !entry.contains_key("info") {
        let beyond = cc.split_off(cc.len().min(INFO_MAX));
        entry.insert("info".to_owned(), std::mem::replace(&mut cc, beyond).into());
    }
    said.extend(listed(&HeaderName::Cc, &cc));
    let bcc = addresses(message, &HeaderName::Bcc);
    said.extend(listed(&HeaderName::Bcc, &written(&HeaderName::Bcc, &bcc, drafted)));
    let whole = said.join("\n").chars().count();
    if whole > NOTE_CHARS_MAX {
        let detail = format!(
            "the message has more addresses than a note holds: the last {} letters of them are left out, and stand in it",
            whole - NOTE_CHARS_MAX
        );
        drafted.doubt(detail);
        said = vec![said.join("\n").chars().take(NOTE_CHARS_MAX).collect()];
    }
    said
}

/// Returns the addresses of a header: of the last `From`, and of every other that is repeated.
fn addresses<'a>(message: &'a Message<'_>, name: &HeaderName<'static>) -> Vec<&'a Addr<'a>> {
    let headers: Vec<_> = named(message, name.clone()).collect();
    let skipped = if *name == HeaderName::From { headers.len().saturating_sub(1) } else { 0 };
    let headers = headers.into_iter().skip(skipped);
    headers.filter_map(|header| header.value().as_address()).flat_map(Address::iter).collect()
}

fn is_same(one: &Addr<'_>, other: &Addr<'_>) -> bool {
    match (one.address(), other.address()) {
        (Some(one), Some(other)) => one.trim().eq_ignore_ascii_case(other.trim()),
        _ => one.name() == other.name(),
    }
}

/// Returns what a header says of whom, as a line.
fn listed(name: &HeaderName<'_>, written: &[String]) -> Option<String> {
    (!written.is_empty()).then(|| format!("{}: {}", name.as_str(), written.join(", ")))
}

/// Returns a name as a header has it: in quotes where it holds what stands between addresses or around them.
fn quoted(name: String) -> String {
    if name.contains([',', ';', ':', '<', '>', '@', '"', '\\']) {
        format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        name
    }
}

/// Returns addresses with the names beside them, and tells of letters in them that could not be read.
fn written(name: &HeaderName<'_>, addresses: &[&Addr<'_>], drafted: &mut Drafted) -> Vec<String> {
    let all = addresses.iter().map(|one| match (one.name().map(clean), one.address().map(clean)) {
        (Some(name), Some(address)) => format!("{} <{address}>", quoted(name)),
        (name, address) => name.or(address).unwrap_or_default(),
    });
    let all: Vec<String> = all.filter(|one| !one.is_empty()).collect();
    unread_letters(&format!("`{}`", name.as_str()), &all.join(", "), drafted);
    all
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
