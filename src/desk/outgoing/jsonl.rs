//! JSON Lines: entries in the entry format, as they read now, for an import elsewhere.

use std::io::Write;

use serde_json::{Value, json};

use crate::desk::error::DeskError;
use crate::desk::filter::Selected;
use crate::desk::format::{called, render};
use crate::desk::known::Known;
use crate::desk::outgoing::taking::{Broke, Taking};
use crate::desk::outgoing::unwritable;
use crate::domain::event::Event;
use crate::domain::fact::{Fact, Kind, Subject};
use crate::domain::id::EventId;

/// Writes a line per entry. A correction is in the reading of what it corrects; a struck entry, where the
/// filter asks for it, is followed by what strikes it; of a removed text nothing is left to write.
pub(super) fn write(taking: &mut Taking<'_>, out: &mut dyn Write) -> Result<(), Broke> {
    loop {
        let batch = taking.next()?;
        if batch.is_empty() {
            return Ok(());
        }
        for selected in &batch {
            for line in lines(taking.known(), selected)? {
                let mut line = serde_json::to_vec(&line).map_err(|error| unwritable(&error))?;
                line.push(b'\n');
                out.write_all(&line)?;
            }
        }
    }
}

fn lines(known: &Known, selected: &Selected) -> Result<Vec<Value>, DeskError> {
    let Some(entry) = entry(known, selected.entry.id, selected.entry.event.as_ref())? else {
        return Ok(Vec::new());
    };
    let mut lines = vec![entry];
    if selected.row.struck {
        lines.extend(strikes(known, selected.entry.id)?);
    }
    Ok(lines)
}

/// Tells whether an entry of a kind is a line of its own: a correction is in the reading of what it corrects, and what
/// waits for a second person waits in this log alone.
pub(crate) fn is_line(kind: Kind) -> bool {
    kind.subject() != Subject::Entry && kind != Kind::EntryHeld
}

/// Returns an entry with the id by which others of the export name it; none for a correction, for what
/// waits for a second person, and where the text was removed and nothing is said instead.
pub(super) fn entry(known: &Known, id: EventId, event: Option<&Event>) -> Result<Option<Value>, DeskError> {
    let Some(event) = event.filter(|event| is_line(event.kind())) else { return Ok(None) };
    let mut entry = render(known, event)?;
    name_elsewhere(known, &mut entry)?;
    if let Value::Object(fields) = &mut entry {
        fields.insert("id".to_owned(), elsewhere(known, &called(known, id)?)?.into());
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
