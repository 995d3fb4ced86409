//! What a removal leaves as it is: who sees what, and what two people record. It takes texts away, and no rule.

use crate::desk::access::{Height, Rules};
use crate::desk::entries;
use crate::desk::error::DeskError;
use crate::desk::format::error_of;
use crate::desk::known::Known;
use crate::desk::recording::{Ruling, root};
use crate::desk::redaction::texts::Text;
use crate::domain::event::Event;
use crate::domain::fact::Kind;
use crate::domain::reading::{Entry, RawEvent};

/// Refuses a removal after which more people would see something that is recorded, or by which what two people record
/// would be recorded by one.
///
/// # Errors
///
/// Returns [`DeskError::Refused`], and what the projections say when the log cannot be read.
pub(super) fn keeps_rules(known: &Known, removed: &RawEvent, texts: &[Text]) -> Result<(), DeskError> {
    let (entry, by_way_of) = root(known, removed).map_err(|trouble| error_of(vec![trouble]))?;
    let corrections = known.corrections(entry.id)?;
    if !by_way_of.is_empty() {
        keeps_height(known, &entry, &corrections, texts)?;
    }
    let without = |raw: &RawEvent| match texts.iter().find(|text| text.raw.id == raw.id) {
        Some(text) => {
            RawEvent { event: text.instead.clone(), removed: Some(known.view.size()), ..raw.clone() }
        }
        None => raw.clone(),
    };
    let history: Vec<RawEvent> = std::iter::once(&entry).chain(&corrections).map(without).collect();
    let Some(after) = entries::read(entry.id, &history) else { return Ok(()) };
    let before = Ruling::of(known);
    keeps_ruling(known, removed, &before, &before.with(&after))?;
    // An amendment without its text says nothing of the entry at all.
    let bare = Entry { event: None, ..after };
    let amends = removed.event.as_ref().is_some_and(|event| event.kind() == Kind::RecordAmended);
    if amends { keeps_ruling(known, removed, &before, &before.with(&bare)) } else { Ok(()) }
}

fn keeps_ruling(known: &Known, removed: &RawEvent, before: &Ruling, after: &Ruling) -> Result<(), DeskError> {
    before.keeps_levels(after, known)?;
    let handle = Known::handle(removed.id, removed.event.as_ref());
    let refused = |rule: String| {
        DeskError::Refused {
        rule,
        hints: vec![
            "say with `--replace` what stays of it; or end or amend it first, which takes the two people that it takes"
                .to_owned(),
        ],
    }
    };
    if let Some(words) = before.widened(after, known)? {
        return Err(refused(format!(
            "to remove {handle} would let more people see what is recorded: {words}"
        )));
    }
    if let Some(word) = before.loses_a_second(after, known) {
        return Err(refused(format!("to remove {handle} would end that two people record `{word}`")));
    }
    Ok(())
}

/// Refuses to remove a correction without which its entry would be less restricted.
fn keeps_height(
    known: &Known,
    entry: &RawEvent,
    corrections: &[RawEvent],
    texts: &[Text],
) -> Result<(), DeskError> {
    let rules = Rules::of(known);
    let kept: Vec<RawEvent> =
        corrections.iter().filter(|raw| texts.iter().all(|text| text.raw.id != raw.id)).cloned().collect();
    let heights = (Height::of(&rules, entry, corrections), Height::of(&rules, entry, &kept));
    let (Some(before), Some(after)) = heights else { return Ok(()) };
    let reading = known.entry(entry.id)?.and_then(|entry| entry.event);
    let readings: [Option<&Event>; 2] = [entry.event.as_ref(), reading.as_ref()];
    if !readings.into_iter().flatten().any(|reading| after.is_below(&before, reading)) {
        return Ok(());
    }
    let handle = Known::handle(entry.id, entry.event.as_ref());
    Err(DeskError::Refused {
        rule: format!(
            "to remove that would let more people see {handle}: it would be {}, and is {}",
            after.words(&rules),
            before.words(&rules)
        ),
        hints: vec![format!("mark {handle} as high by another amendment first, or remove {handle} itself")],
    })
}

#[cfg(test)]
mod tests;
