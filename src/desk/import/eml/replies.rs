//! What a message replies to: an entry of the log, another message of the file, or one that neither has.

use std::collections::HashSet;

use mail_parser::{HeaderValue, Message};
use serde_json::{Map, Value, json};

use crate::desk::error::DeskError;
use crate::desk::import::drafted::Drafted;
use crate::desk::import::eml::clean;
use crate::desk::import::given::Given;

/// On how many entries one bears at most.
const LINKS_MAX: usize = 8;
/// How what is noted of a message begins that replies to one that is nowhere.
const UNMET: &str = "In reply to <";
const UNMET_END: &str = ">, which the log does not have";

/// Links a reply to what it replies to; returns what is to be noted of that which is neither in the log nor in the file.
///
/// # Errors
///
/// Returns that the log cannot be read.
pub(super) fn links(
    message: &Message<'_>,
    ids: &HashSet<String>,
    entry: &mut Map<String, Value>,
    given: &Given<'_>,
    drafted: &mut Drafted,
) -> Result<Vec<String>, DeskError> {
    let (mut links, mut unmet) = (Vec::new(), Vec::new());
    for id in replied_to(message) {
        let target = if ids.contains(&id) { Some(id.clone()) } else { given.message_of(&id)? };
        match target {
            Some(target) if links.len() < LINKS_MAX => {
                links.push(json!({ "relation": "concerns", "target": target }));
            }
            Some(_) => unmet.push(format!("In reply to <{id}> too")),
            None => unmet.push(format!("{UNMET}{id}{UNMET_END}")),
        }
    }
    if !links.is_empty() {
        // Those that a mapping gives all entries go first.
        let mut all = entry
            .remove("links")
            .map(|given| given.as_array().cloned().unwrap_or_else(|| vec![given]))
            .unwrap_or_default();
        all.extend(links);
        entry.insert("links".to_owned(), all.into());
    }
    if unmet.iter().any(|line| is_unmet(line)) {
        drafted.doubt(
            "the message replies to one that neither the log nor the file has: its id stands in the note, and the entry has \
             no link to it",
        );
    }
    Ok(unmet)
}

/// Returns the ids of what a message replies to: what it says, else the last of those it refers to.
fn replied_to(message: &Message<'_>) -> Vec<String> {
    let mut replied = ids(message.in_reply_to());
    if replied.is_empty() {
        replied.extend(ids(message.references()).pop());
    }
    let own = message.message_id().map(str::trim);
    let mut once = HashSet::new();
    replied.retain(|id| own != Some(id.as_str()) && once.insert(id.clone()));
    replied
}

fn ids(header: &HeaderValue<'_>) -> Vec<String> {
    let ids = header.as_text_list().unwrap_or_default().iter();
    ids.map(clean).filter(|id| !id.is_empty()).collect()
}

fn is_unmet(line: &str) -> bool {
    line.starts_with(UNMET) && line.ends_with(UNMET_END)
}

/// Returns a note without the lines that say what the log did not have when it was made.
pub(in crate::desk::import) fn without_unmet(note: Option<&str>) -> String {
    let lines = note.unwrap_or_default().lines().filter(|line| !is_unmet(line));
    lines.collect::<Vec<_>>().join("\n")
}
