//! Messages that no person wrote: what was sent by itself, and what tells that another was not delivered.

use mail_parser::{Message, MessagePart, MimeHeaders};

use crate::desk::import::drafted::Drafted;
use crate::desk::import::eml::clean;

/// How many recipients are named.
const RECIPIENTS_SHOWN: usize = 10;

/// Tells of a message that a machine says it sent by itself.
pub(super) fn tell(message: &Message<'_>, drafted: &mut Drafted) {
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
    if !delivery.is_empty() {
        drafted.doubt(format!(
            "the message is an automatic report of what became of another, and nobody wrote it: {}",
            delivery.join(", ")
        ));
    } else if is_report {
        drafted.doubt("the message is an automatic report (`multipart/report`), and nobody wrote it");
    } else if is_automatic {
        drafted
            .doubt(format!("the message was sent by itself (`Auto-Submitted: {sent}`), and nobody wrote it"));
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
