//! What the record says of one entry, step by step: versions, corrections, struck text, reasons.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::desk::Desk;
use crate::desk::answer::entry::{FieldChange, HistoryRow};
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::When;
use crate::desk::entries::{self, read};
use crate::desk::error::DeskError;
use crate::desk::format::render::render;
use crate::desk::known::Known;
use crate::domain::event::Event;
use crate::domain::fact::Fact;
use crate::domain::id::{EntityId, EventId};
use crate::domain::reading::{Entry, RawEvent};

/// Returns every step of one entry, in the order of the log.
pub(super) fn history(desk: &Desk, when: &When, handle: &str) -> Result<Answer<Page<HistoryRow>>, DeskError> {
    let known = desk.known(when)?;
    let id = known.event_named(handle)?;
    let items = steps(&known, id)?;
    let total = items.len() as u64;
    Ok(known.answer(Page { items, next: None, total }))
}

/// Returns the steps of an entry: its recording, and every correction of it and of its corrections.
fn steps(known: &Known, id: EventId) -> Result<Vec<HistoryRow>, DeskError> {
    let mut events = Vec::new();
    let Some(recorded) = known.view.event(id)? else { return Ok(Vec::new()) };
    let position = recorded.position;
    events.push(recorded);
    events.extend(known.corrections(id)?);
    // A correction whose text was removed no longer says what it corrects; its record names the entry.
    let named = known.view.history(EntityId::from(id))?.into_iter();
    events.extend(named.filter(|raw| raw.is_bare() && raw.position > position));
    events.sort_by_key(|raw| raw.position);
    events.dedup_by_key(|raw| raw.position);
    let mut rows = Vec::with_capacity(events.len());
    let mut before = State::default();
    for (end, event) in (1..).zip(&events) {
        let so_far = events.get(..end).unwrap_or_default();
        let after = State::of(known, id, so_far)?;
        rows.push(HistoryRow {
            position: event.position,
            recorded_at: event.at,
            recorder: known.recorder_named(event.actor),
            id: event.id,
            step: step(event, id, &before, &after, so_far).to_owned(),
            reason: reason(known, event, id)?,
            marking: marking(event, id),
            changes: changes(event, &before, &after),
        });
        before = after;
    }
    Ok(rows)
}

/// Returns how a correction is marked; of an entry itself its fields tell.
fn marking(raw: &RawEvent, id: EventId) -> Option<String> {
    let event = raw.event.as_ref().filter(|_| raw.id != id)?;
    event.envelope.marking.as_ref().map(|marking| marking.0.clone())
}

/// Returns why a step was made: of a removal on which basis, and who approved it.
fn reason(known: &Known, raw: &RawEvent, id: EventId) -> Result<Option<String>, DeskError> {
    let removal = match (&raw.event, raw.removed) {
        (Some(event), _) => Some(event.clone()),
        (None, Some(position)) if raw.id != id => {
            let record = known.view.recorded(position)?;
            record.map(|record| known.view.event(record.id)).transpose()?.flatten().and_then(|raw| raw.event)
        }
        (None, Some(_) | None) => None,
    };
    let Some(event) = removal else { return Ok(None) };
    let Fact::RecordRedacted(redacted) = &event.fact else { return Ok(event.envelope.reason) };
    let by: Vec<String> =
        entries::approvals(known, redacted).into_iter().map(|approval| approval.by).collect();
    Ok(Some(format!("{}; approved by {}", redacted.basis, by.join(" and "))))
}

/// An entry after a step.
#[derive(Default)]
struct State {
    struck: bool,
    links: usize,
    fields: BTreeMap<String, Value>,
}

impl State {
    fn of(known: &Known, id: EventId, so_far: &[RawEvent]) -> Result<Self, DeskError> {
        let Some(entry) = read(id, so_far) else {
            // A correction is no entry: it reads as it was recorded.
            let event = so_far.first().and_then(|raw| raw.event.as_ref());
            let fields = event.map(|event| fields(known, event)).transpose()?.unwrap_or_default();
            return Ok(Self { struck: entries::is_struck(id, so_far), links: 0, fields });
        };
        Ok(Self { struck: entry.struck, links: entry.links().len(), fields: fields_of(known, &entry)? })
    }
}

/// Returns an entry field by field, as users read it; nothing of one whose text was removed.
pub(super) fn fields_of(known: &Known, entry: &Entry) -> Result<BTreeMap<String, Value>, DeskError> {
    entry.event.as_ref().map_or_else(|| Ok(BTreeMap::new()), |event| fields(known, event))
}

fn fields(known: &Known, event: &Event) -> Result<BTreeMap<String, Value>, DeskError> {
    Ok(match render(known, event)? {
        Value::Object(fields) => fields.into_iter().collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            BTreeMap::new()
        }
    })
}

/// Returns what became of each field.
pub(super) fn compare(before: &BTreeMap<String, Value>, after: &BTreeMap<String, Value>) -> Vec<FieldChange> {
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let changed = names.into_iter().filter(|name| before.get(*name) != after.get(*name));
    changed
        .map(|name| FieldChange {
            field: name.clone(),
            before: before.get(name).cloned(),
            after: after.get(name).cloned(),
        })
        .collect()
}

/// Returns the word for what a step did to the entry.
fn step(event: &RawEvent, id: EventId, before: &State, after: &State, so_far: &[RawEvent]) -> &'static str {
    if event.id == id {
        return "recorded";
    }
    match event.event.as_ref().map(|event| &event.fact) {
        Some(Fact::RecordAmended(_)) => "amended",
        Some(Fact::RecordLinked(linked)) if linked.withdrawn => "unlinked",
        Some(Fact::RecordLinked(_)) => "linked",
        Some(Fact::RecordAnnotated(_)) => "remarked",
        Some(Fact::RecordRetracted(retracted)) => match (before.struck, after.struck) {
            (false, true) => "struck",
            (true, false) => "restored",
            _ if retracted.target == id => "struck",
            _ => undone(retracted.target, before, after, so_far),
        },
        // Evidence that a text was removed, or a correction whose own text was.
        _ => "redacted",
    }
}

/// Returns the word for a retraction of a correction.
fn undone(target: EventId, before: &State, after: &State, so_far: &[RawEvent]) -> &'static str {
    let target = so_far.iter().find(|raw| raw.id == target).and_then(|raw| raw.event.as_ref());
    match target.map(|event| &event.fact) {
        Some(Fact::RecordLinked(linked)) => {
            if linked.withdrawn {
                "linked"
            } else {
                "unlinked"
            }
        }
        // A strike of a strike of an amendment or a link: what was undone holds again.
        Some(Fact::RecordRetracted(_)) if before.links < after.links => "linked",
        Some(Fact::RecordRetracted(_)) if before.links > after.links => "unlinked",
        Some(Fact::RecordRetracted(_)) if before.fields != after.fields => "amended",
        Some(Fact::RecordRetracted(_)) => "struck",
        _ => "restored",
    }
}

fn changes(event: &RawEvent, before: &State, after: &State) -> Vec<FieldChange> {
    let mut changes = compare(&before.fields, &after.fields);
    if let Some(Event { fact: Fact::RecordAnnotated(annotated), .. }) = &event.event {
        changes.push(FieldChange {
            field: "remark".to_owned(),
            before: None,
            after: Some(Value::String(annotated.remark.clone())),
        });
    }
    changes
}

#[cfg(test)]
mod tests;
