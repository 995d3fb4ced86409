//! What is told otherwise once a text is gone: an offer that was accepted has no answer that can be read.

use crate::desk::consequences::{Standing, concerned, standing};
use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::desk::redaction::texts::Text;
use crate::domain::reading::RawEvent;

/// Returns, of everything that an entry bears on, where it stands now and where it will be told to stand, as far as that
/// is not the same.
pub(super) fn told(known: &Known, entry: &RawEvent, texts: &[Text]) -> Result<Vec<String>, DeskError> {
    let Some(event) = known.entry(entry.id)?.filter(|entry| !entry.struck).and_then(|entry| entry.event)
    else {
        return Ok(Vec::new());
    };
    let without = texts.iter().map(|text| (text.raw.id, text.instead.clone())).collect();
    let after = known.without_texts(without)?;
    let mut told = Vec::new();
    for entity in concerned(known, entry.id, &event)? {
        let Some(now) = found(standing(known, entity))? else { continue };
        let then = match found(standing(&after, entity))? {
            Some(then) if then.words == now.words => continue,
            Some(then) => format!("told as {}", then.words),
            // What the text alone brought into being.
            None => "told of no longer".to_owned(),
        };
        told.push(format!(
            "without this text {} will be {then}; now it is {} (`--replace` says what may still be said)",
            now.name, now.words
        ));
    }
    Ok(told)
}

/// Returns where something stands; none where there is nothing of it to be told.
fn found(standing: Result<Option<Standing>, DeskError>) -> Result<Option<Standing>, DeskError> {
    match standing {
        Err(DeskError::NotFound { .. }) => Ok(None),
        other => other,
    }
}

#[cfg(test)]
mod tests;
