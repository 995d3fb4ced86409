//! Messages that no person wrote: what was sent by itself, and what tells that another was not delivered.

use mail_parser::{Message, MessagePart, MimeHeaders};
use serde_json::Value;

use crate::desk::import::drafted::Drafted;
use crate::desk::import::eml::clean;
use crate::desk::import::given::Given;
use crate::domain::fact::Kind;

/// How many recipients are named.
const RECIPIENTS_SHOWN: usize = 10;

/// As what `tables.kinds` knows a message that nobody wrote.
const AUTOMATIC: &str = "automatic";

/// Returns the kind of a message that a machine says it sent by itself, and tells of it; none of any other.
///
/// It is an incident, which is nobody's act, unless the mapping says otherwise: no party has spoken by it.
pub(super) fn kind(message: &Message<'_>, given: &Given<'_>, drafted: &mut Drafted) -> Option<Kind> {
    let what = told(message)?;
    let stated = given.table("kinds", AUTOMATIC).and_then(Value::as_str).map(str::parse::<Kind>);
    let kind = match stated {
        Some(Ok(kind)) => kind,
        Some(Err(error)) => {
            drafted.wrong(Some("kind"), format!("tables.kinds.{AUTOMATIC}: {error}"));
            Kind::Incident
        }
        None => Kind::Incident,
    };
    drafted.doubt(format!(
        "{what}; recorded as `{kind}`, and `tables.kinds.{AUTOMATIC}` of a mapping says otherwise"
    ));
    Some(kind)
}

/// Returns what is to be said of a message that nobody wrote.
fn told(message: &Message<'_>) -> Option<String> {
    let is_report = is_of(message.root_part(), "multipart", "report");
    let delivery: Vec<String> = message
        .parts
        .iter()
        .filter(|part| is_of(part, "message", "delivery-status"))
        .flat_map(|part| fates(&String::from_utf8_lossy(part.contents())))
        .take(RECIPIENTS_SHOWN)
        .collect();
    let sent = message.header_raw("Auto-Submitted").map(clean).unwrap_or_default();
    let is_automatic = !sent.is_empty() && !sent.to_lowercase().starts_with("no");
    // Where it would come back to is nobody: so are reports and answers of machines sent, lest they answer each other.
    let is_from_nobody = message.header_raw("Return-Path").is_some_and(|path| path.trim() == "<>");
    if !delivery.is_empty() {
        Some(format!(
            "the message is an automatic report of what became of another, and nobody wrote it: {}",
            delivery.join(", ")
        ))
    } else if is_report {
        Some("the message is an automatic report (`multipart/report`), and nobody wrote it".to_owned())
    } else if is_automatic {
        Some(format!("the message was sent by itself (`Auto-Submitted: {sent}`), and nobody wrote it"))
    } else if is_from_nobody {
        Some("the message was sent by itself (`Return-Path: <>`), and nobody wrote it".to_owned())
    } else {
        None
    }
}

fn is_of(part: &MessagePart<'_>, name: &str, within: &str) -> bool {
    part.content_type().is_some_and(|of| {
        of.ctype().eq_ignore_ascii_case(name)
            && of.subtype().is_some_and(|sub| sub.eq_ignore_ascii_case(within))
    })
}

/// Returns what a report says of each recipient: `` `failed` for kim@x.kr ``.
fn fates(report: &str) -> Vec<String> {
    let mut fates = Vec::new();
    let (mut recipient, mut action) = (String::new(), String::new());
    // The last of them has no empty line behind it.
    for line in report.lines().chain([""]) {
        let (name, value) = line.split_once(':').unwrap_or_default();
        let value = value.trim();
        match name.trim().to_ascii_lowercase().as_str() {
            // `rfc822; kim@x.kr`
            "final-recipient" => {
                recipient = clean(value.split_once(';').map_or(value, |(_, address)| address));
            }
            "action" => action = clean(value).to_lowercase(),
            _ => {}
        }
        if line.trim().is_empty() && !action.is_empty() {
            let whom = if recipient.is_empty() { "somebody whom it does not name" } else { &recipient };
            fates.push(format!("`{action}` for {whom}"));
        }
        if line.trim().is_empty() {
            recipient.clear();
            action.clear();
        }
    }
    fates
}
