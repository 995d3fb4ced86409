//! One entry, whole: how it reads, what it is linked to, what it moved, where it stands in the log.

use serde_json::Value;

use crate::desk::Desk;
use crate::desk::answer::Answer;
use crate::desk::answer::entry::{AnomalyRow, EntryDetail, RemovalRow};
use crate::desk::answer::redaction::ApprovalRow;
use crate::desk::ask::When;
use crate::desk::consequences;
use crate::desk::error::DeskError;
use crate::desk::format::render::render;
use crate::desk::known::Known;
use crate::desk::links::{linked_from, linked_to};
use crate::desk::{calls, channels, meetings, overtures, series};
use crate::domain::event::Event;
use crate::domain::fact::{EntityKind, Fact, record};
use crate::domain::id::{ActorId, EntityId, EventId};
use crate::domain::reading::{self, Entry, RawEvent};
use crate::store::leaf::{HexHash, Leaf};

/// Returns an entry, whole.
pub(super) fn entry(desk: &Desk, when: &When, handle: &str) -> Result<Answer<EntryDetail>, DeskError> {
    let known = desk.known(when)?;
    let id = known.event_named(handle)?;
    let entry = one(&known, id)?;
    let recorded = known.view.recorded(entry.position)?.ok_or_else(|| gone(id))?;
    let corrections = known.view.corrections(id)?;
    let amendments = corrections.iter().filter(|raw| amends(raw)).count();
    let detail = EntryDetail {
        row: known.entry_row(&entry)?,
        reading: entry.event.as_ref().map_or(Ok(Value::Null), |event| render(&known, event))?,
        removal: removal(desk, &known, &entry)?,
        readings: u32::try_from(amendments).unwrap_or(u32::MAX),
        standing: standing(&known, &entry)?,
        linked_from: linked_from(&known, id)?,
        linked_to: linked_to(&known, &entry)?,
        anomalies: anomalies(&known, &entry)?,
        leaf_hash: HexHash(recorded.leaf_hash).to_string(),
        request: recorded.request,
        signed_with: signed_with(desk, entry.position)?,
    };
    Ok(known.answer(detail))
}

/// Returns the key with which an author signed an entry; none where nobody did.
fn signed_with(desk: &Desk, position: u64) -> Result<Option<String>, DeskError> {
    let Some(sealed) = desk.store.sealed(position, position + 1).next() else { return Ok(None) };
    let leaf = Leaf::decode(&sealed?.leaf).map_err(|error| DeskError::Damaged(error.to_string()))?;
    Ok(leaf.key.map(|key| key.to_string()))
}

/// Returns by which record the text of an entry was removed: it may be later than what was known.
fn removal(desk: &Desk, known: &Known, entry: &Entry) -> Result<Option<RemovalRow>, DeskError> {
    let Some(position) = entry.removed else { return Ok(None) };
    let now = desk.projections.view(u64::MAX);
    let Some(recorded) = now.recorded(position)? else { return Ok(None) };
    let Some(Event { fact: Fact::RecordRedacted(redacted), .. }) =
        now.event(recorded.id)?.and_then(|raw| raw.event)
    else {
        return Ok(None);
    };
    Ok(Some(RemovalRow {
        id: recorded.id,
        position,
        recorded_at: recorded.at,
        approvals: approvals(known, &redacted),
        basis: redacted.basis,
    }))
}

/// Returns who approved a removal, as answers show them.
pub(super) fn approvals(known: &Known, redacted: &record::Redacted) -> Vec<ApprovalRow> {
    let row = |approval: &record::Approval| ApprovalRow {
        by: known.recorder_named(ActorId::from_uuid(*approval.by.as_uuid())),
        key: approval.key.clone(),
    };
    redacted.approvals.iter().map(row).collect()
}

/// Returns an entry, or a correction, as it reads now.
///
/// # Errors
///
/// Returns [`DeskError::NotFound`] when it is not known.
pub(super) fn one(known: &Known, id: EventId) -> Result<Entry, DeskError> {
    if let Some(entry) = known.entry(id)? {
        return Ok(entry);
    }
    // A correction is an entry of the log, though none of any history.
    let raw = known.view.event(id)?.ok_or_else(|| gone(id))?;
    let struck = is_struck(id, &known.corrections(id)?);
    Ok(Entry {
        position: raw.position,
        at: raw.at,
        id,
        actor: raw.actor,
        event: raw.event,
        removed: raw.removed,
        struck,
        amended: 0,
        amendment: None,
    })
}

/// Returns where what an entry brought into being or bears on stands; what had not begun yet stands nowhere.
fn standing(known: &Known, entry: &Entry) -> Result<Vec<String>, DeskError> {
    let Some(event) = &entry.event else { return Ok(Vec::new()) };
    let mut lines = Vec::new();
    for entity in consequences::touched(known, entry.id, event)? {
        match consequences::standing(known, entity) {
            Ok(Some(standing)) => lines.push(format!("{}: {}", standing.name, standing.words)),
            Ok(None) | Err(DeskError::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(lines)
}

/// Tells whether an event is struck by what was recorded after it, given in the order of the log.
pub(super) fn is_struck(id: EventId, later: &[RawEvent]) -> bool {
    let mut struck: Vec<EventId> = Vec::new();
    // From the newest back: whatever strikes a strike is newer than it.
    for raw in later.iter().rev() {
        if let Some(Event { fact: Fact::RecordRetracted(retracted), .. }) = &raw.event
            && !struck.contains(&raw.id)
        {
            struck.push(retracted.target);
        }
    }
    struck.contains(&id)
}

fn gone(id: EventId) -> DeskError {
    DeskError::NotFound { what: format!("entry `{id}`"), hints: Vec::new() }
}

fn amends(raw: &RawEvent) -> bool {
    matches!(raw.event, Some(Event { fact: Fact::RecordAmended(_), .. }))
}

/// Returns the transitions of this entry that no rule allows, of everything that it concerns.
fn anomalies(known: &Known, entry: &Entry) -> Result<Vec<AnomalyRow>, DeskError> {
    let Some(event) = &entry.event else { return Ok(Vec::new()) };
    let linked = entry.links().iter().filter(|link| link.relation.enters_history());
    let mut concerned: Vec<EntityId> = event.created(entry.id).into_iter().collect();
    concerned.extend(event.envelope.about.iter().chain(&event.envelope.via).copied());
    concerned.extend(linked.map(|link| EntityId::from(link.target)));
    let mut rows: Vec<AnomalyRow> = Vec::new();
    let mut seen: Vec<EntityId> = Vec::new();
    for entity in concerned {
        if seen.contains(&entity) {
            continue;
        }
        seen.push(entity);
        let made = anomalies_of(known, entity, entry.id)?;
        rows.extend(made.into_iter().filter(|anomaly| anomaly.entry.id == entry.id));
    }
    rows.extend(calls::anomalies(known, entry)?);
    Ok(rows)
}

/// Returns the misfits of the history of one entity, at least those that an entry made.
fn anomalies_of(known: &Known, entity: EntityId, made_by: EventId) -> Result<Vec<AnomalyRow>, DeskError> {
    match known.view.kind_of(entity)? {
        Some(EntityKind::Meeting) => {
            let told = meetings::told(known, entity)?;
            told.map_or(Ok(Vec::new()), |told| meetings::anomalies(known, &told.standing.misfits))
        }
        Some(EntityKind::Series) => series::anomalies(known, entity),
        Some(EntityKind::Channel) => {
            // A forum carries the series of its name.
            let mut rows = channels::anomalies_made_by(known, entity, &|entry| entry == made_by)?;
            rows.extend(series::anomalies(known, entity)?);
            Ok(rows)
        }
        Some(EntityKind::Overture) => {
            Ok(overtures::overture_made(known, entity)?.map(|row| row.anomalies).unwrap_or_default())
        }
        Some(
            EntityKind::Party
            | EntityKind::Person
            | EntityKind::Recorder
            | EntityKind::Policy
            | EntityKind::Desk,
        )
        | None => Ok(Vec::new()),
    }
}

/// Returns the reading of an entry that holds after the corrections in `history`.
pub(super) fn read(id: EventId, history: &[RawEvent]) -> Option<Entry> {
    reading::read(history).into_iter().find(|entry| entry.id == id)
}
