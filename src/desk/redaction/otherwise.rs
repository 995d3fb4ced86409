//! What is told otherwise once a text is gone: an offer that was accepted has no answer that can be read.

use crate::desk::consequences::{concerned, standing};
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
        let (Some(now), Some(then)) = (standing(known, entity)?, standing(&after, entity)?) else { continue };
        if now.words != then.words {
            told.push(format!(
                "without this text {} will be told as {}; now it is {} (`--replace` says what may still be said)",
                now.name, then.words, now.words
            ));
        }
    }
    Ok(told)
}

#[cfg(test)]
mod tests;
