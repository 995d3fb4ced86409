//! JSON Lines: entries in the entry format, as they read now, for an import elsewhere.

use std::io::Write;

use roaring::RoaringBitmap;
use serde_json::{Value, json};

use crate::desk::access::named;
use crate::desk::error::DeskError;
use crate::desk::filter::Selected;
use crate::desk::format::{called, render};
use crate::desk::known::Known;
use crate::desk::outgoing::taking::{Broke, Taking};
use crate::desk::outgoing::unwritable;
use crate::domain::event::Event;
use crate::domain::fact::{EntityKind, Fact, Kind, Subject};
use crate::domain::id::EventId;

/// Writes a line per entry. A correction is in the reading of what it corrects; a struck entry, where the
/// filter asks for it, is followed by what strikes it; of a removed text nothing is left to write. An entry that names
/// another which does not leave with it says so, so that an import takes it where that one is unknown.
pub(super) fn write(taking: &mut Taking<'_>, out: &mut dyn Write) -> Result<(), Broke> {
    let leaving = taking.positions()?;
    loop {
        let batch = taking.next()?;
        if batch.is_empty() {
            return Ok(());
        }
        for selected in &batch {
            for line in lines(taking.known(), selected, &leaving)? {
                let mut line = serde_json::to_vec(&line).map_err(|error| unwritable(&error))?;
                line.push(b'\n');
                out.write_all(&line)?;
            }
        }
    }
}

fn lines(known: &Known, selected: &Selected, leaving: &RoaringBitmap) -> Result<Vec<Value>, DeskError> {
    let event = selected.entry.event.as_ref();
    let (Some(mut entry), Some(event)) = (entry(known, selected)?, event) else { return Ok(Vec::new()) };
    let left_behind = left_behind(known, event, leaving)?;
    if let (Value::Object(fields), false) = (&mut entry, left_behind.is_empty()) {
        fields.insert("not_exported".to_owned(), left_behind.into());
    }
    let mut lines = vec![entry];
    if selected.row.struck {
        lines.extend(strikes(known, selected.entry.id)?);
    }
    Ok(lines)
}

/// Returns the names of what an entry answers or is about, where that does not leave with it: what was struck, what the
/// filter leaves out.
fn left_behind(known: &Known, event: &Event, leaving: &RoaringBitmap) -> Result<Vec<String>, DeskError> {
    let body = event.encode().map_err(|error| DeskError::Unavailable(error.to_string()))?;
    let is_linked = |id: EventId| event.envelope.links.iter().any(|link| link.target == id);
    let mut names: Vec<String> = Vec::new();
    for id in named(event, &body) {
        let kind = known.view.kind_of(id.into())?;
        if !is_linked(id) && !matches!(kind, Some(EntityKind::Overture | EntityKind::Meeting)) {
            continue;
        }
        let name = elsewhere(known, &called(known, id)?)?;
        if !leaves(known, id, leaving)? && !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

/// Tells whether an entry is a line among those at some positions.
fn leaves(known: &Known, id: EventId, leaving: &RoaringBitmap) -> Result<bool, DeskError> {
    let Some(raw) = known.view.event(id)? else { return Ok(false) };
    if !u32::try_from(raw.position).is_ok_and(|position| leaving.contains(position)) {
        return Ok(false);
    }
    // Of a removed text something may be said instead.
    let reads = match raw.event {
        Some(event) => Some(event),
        None => known.entry(id)?.and_then(|entry| entry.event),
    };
    Ok(reads.is_some_and(|event| is_line(event.kind())))
}

/// Tells whether an entry of a kind is a line of its own: a correction is in the reading of what it corrects, and what
/// waits for a second person waits in this log alone.
pub(crate) fn is_line(kind: Kind) -> bool {
    kind.subject() != Subject::Entry && kind != Kind::EntryHeld
}

/// Returns an entry with the id by which others of the export name it; none for a correction, for what
/// waits for a second person, and where the text was removed and nothing is said instead.
///
/// It has the text of the amendment by which it reads so, without the amendment, and is marked as high as that.
pub(super) fn entry(known: &Known, selected: &Selected) -> Result<Option<Value>, DeskError> {
    let (id, event) = (selected.entry.id, selected.entry.event.as_ref());
    let Some(event) = event.filter(|event| is_line(event.kind())) else { return Ok(None) };
    let mut entry = render(known, event)?;
    name_elsewhere(known, &mut entry)?;
    if let Value::Object(fields) = &mut entry {
        fields.insert("id".to_owned(), elsewhere(known, &called(known, id)?)?.into());
        fields.extend(selected.row.marking.as_ref().map(|marking| ("marking".to_owned(), json!(marking))));
    }
    Ok(Some(entry))
}

/// Returns a name of an entry as another log takes it: there the id of an event of this one means nothing, so
/// that an entry without a name of its own goes by this log and its position.
fn elsewhere(known: &Known, name: &str) -> Result<String, DeskError> {
    let (before, id) = match name.strip_prefix("entry:") {
        Some(id) => ("entry:", id),
        None => ("", name),
    };
    let Ok(id) = id.parse::<EventId>() else { return Ok(name.to_owned()) };
    Ok(match known.view.event(id)? {
        Some(raw) => format!("{before}{}-{}", known.log(), raw.position),
        None => name.to_owned(),
    })
}

/// Writes every id of an event within an entry as [`elsewhere`] does.
fn name_elsewhere(known: &Known, value: &mut Value) -> Result<(), DeskError> {
    match value {
        Value::String(text) => {
            // No longer text is an id.
            if text.len() <= "entry:".len() + 36 {
                *text = elsewhere(known, text)?;
            }
            Ok(())
        }
        Value::Array(values) => values.iter_mut().try_for_each(|value| name_elsewhere(known, value)),
        Value::Object(fields) => fields.values_mut().try_for_each(|value| name_elsewhere(known, value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

/// Returns the retraction of an entry, in the entry format.
fn strikes(known: &Known, id: EventId) -> Result<Option<Value>, DeskError> {
    let retracts = |event: &Event| matches!(&event.fact, Fact::RecordRetracted(fact) if fact.target == id);
    let corrections = known.view.corrections(id)?;
    let Some((own, event)) = corrections.iter().rev().find_map(|raw| {
        let event = raw.event.as_ref().filter(|event| retracts(event))?;
        Some((raw.id, event))
    }) else {
        return Ok(None);
    };
    Ok(Some(json!({
        "id": elsewhere(known, &called(known, own)?)?,
        "kind": event.kind(),
        "target": elsewhere(known, &called(known, id)?)?,
        "reason": event.envelope.reason.as_deref().unwrap_or("struck where it was exported"),
    })))
}
