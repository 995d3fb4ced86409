//! What follows from entries: where what they are about stands with them, and which transitions no rule
//! allows.

use crate::desk::answer::entry::AnomalyRow;
use crate::desk::channels::{channel_words, row_and_anomalies};
use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::desk::meetings::{meeting_words, told};
use crate::desk::overtures::{overture_row, overture_words};
use crate::desk::recording::striking;
use crate::desk::series::{self, series_words};
use crate::domain::channel::ChannelState;
use crate::domain::event::Event;
use crate::domain::fact::{EntityKind, Fact};
use crate::domain::id::{EntityId, EventId};
use crate::domain::meeting::MeetingState;
use crate::domain::overture::currency::Currency;
use crate::domain::overture::status::OvertureStatus;
use crate::domain::series::SeriesState;

/// Where something stands.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    /// What it is called.
    pub(super) name: String,
    /// Its state in a word; of an overture its status and whether it still stands.
    pub(super) states: Vec<String>,
    /// The same in a line, with what it rests on.
    pub(super) words: String,
    /// Transitions that no rule allows, of the entries that were asked for.
    pub(super) anomalies: Vec<AnomalyRow>,
}

/// What follows from one entry.
#[derive(Debug, Clone, Default)]
pub(super) struct Consequences {
    /// Where what it is about stands: `mil-west: unresponsive`.
    pub(super) now: Vec<String>,
    /// Transitions that no rule allows, that it made or that are first seen with it.
    pub(super) anomalies: Vec<AnomalyRow>,
}

/// Returns what an entry bears on and has a state: channels, overtures, meetings.
pub(super) fn touched(known: &Known, id: EventId, event: &Event) -> Result<Vec<EntityId>, DeskError> {
    let envelope = &event.envelope;
    let linked = envelope.links.iter().filter(|link| link.relation.enters_history());
    let ids = event
        .created(id)
        .into_iter()
        .chain(envelope.about.iter().copied())
        .chain(linked.map(|link| EntityId::from(link.target)));
    let mut touched: Vec<EntityId> = Vec::new();
    for id in ids {
        let kind = known.view.kind_of(id)?;
        let has_state =
            matches!(kind, Some(EntityKind::Channel | EntityKind::Overture | EntityKind::Meeting));
        if has_state && !touched.contains(&id) {
            touched.push(id);
        }
    }
    Ok(touched)
}

/// Returns where something stands; none for what has no state.
///
/// The one place that asks the boards.
pub(super) fn standing(known: &Known, id: EntityId) -> Result<Option<Standing>, DeskError> {
    standing_and_anomalies(known, id, &|_| false)
}

/// As [`standing`], with those anomalies that some entries made.
pub(super) fn standing_and_anomalies(
    known: &Known,
    id: EntityId,
    made_by: &dyn Fn(EventId) -> bool,
) -> Result<Option<Standing>, DeskError> {
    let made = |mut anomalies: Vec<AnomalyRow>| {
        anomalies.retain(|anomaly| made_by(anomaly.entry.id));
        anomalies
    };
    let Some(kind) = known.view.kind_of(id)? else { return Ok(None) };
    Ok(match kind {
        EntityKind::Channel => {
            let (row, anomalies) = row_and_anomalies(known, id, made_by)?;
            let words = channel_words(&row);
            Some(Standing { name: row.name, states: vec![row.state], words, anomalies })
        }
        EntityKind::Overture => {
            let row = overture_row(known, id)?;
            let words = overture_words(&row);
            let mut states = vec![row.status];
            if !states.contains(&row.currency) {
                states.push(row.currency);
            }
            Some(Standing { name: row.handle, states, words, anomalies: made(row.anomalies) })
        }
        EntityKind::Meeting => {
            // All of it may be struck.
            let Some(told) = told(known, id)? else { return Ok(None) };
            let row = told.row(known)?;
            let words = meeting_words(&row);
            Some(Standing {
                name: row.handle,
                states: vec![row.state],
                words,
                anomalies: made(row.anomalies),
            })
        }
        EntityKind::Series => {
            talks(known, id)?.map(|talks| Standing { anomalies: made(talks.anomalies), ..talks })
        }
        EntityKind::Party
        | EntityKind::Person
        | EntityKind::Recorder
        | EntityKind::Policy
        | EntityKind::Desk => None,
    })
}

/// Returns where a series stands.
fn talks(known: &Known, id: EntityId) -> Result<Option<Standing>, DeskError> {
    let Some(talks) = series::all(known).into_iter().find(|talks| talks.ids.contains(&id)) else {
        return Ok(None);
    };
    Ok(talks.row(known)?.map(|row| {
        let words = series_words(&row);
        Standing { name: row.name, states: vec![row.state], words, anomalies: row.anomalies }
    }))
}

/// Returns everything that an entry bears on and that stands somehow: what it changes the state of, and
/// the series of talks that it is about.
pub(super) fn concerned(known: &Known, id: EventId, event: &Event) -> Result<Vec<EntityId>, DeskError> {
    let mut concerned = touched(known, id, event)?;
    for about in &event.envelope.about {
        if known.register.series(*about).is_some() && !concerned.contains(about) {
            concerned.push(*about);
        }
    }
    Ok(concerned)
}

/// Returns every word for a state, to tell a state from a slip.
pub(super) fn states() -> Vec<&'static str> {
    let mut words: Vec<&'static str> = vec!["unknown", "none"];
    words.extend(ChannelState::ALL.iter().map(|state| state.as_str()));
    words.extend(OvertureStatus::ALL.iter().map(|state| state.as_str()));
    words.extend(Currency::ALL.iter().map(|state| state.as_str()));
    words.extend(MeetingState::ALL.iter().map(|state| state.as_str()));
    words.extend(SeriesState::ALL.iter().map(|state| state.as_str()));
    words.sort_unstable();
    words.dedup();
    words
}

/// Returns what follows from an entry, given the record with it.
pub(super) fn consequences(known: &Known, id: EventId, event: &Event) -> Result<Consequences, DeskError> {
    let mut found = Consequences::default();
    for entity in concerned(known, id, event)? {
        let Some(standing) = standing_and_anomalies(known, entity, &|entry| entry == id)? else { continue };
        found.now.push(format!("{}: {}", standing.name, standing.words));
        found.anomalies.extend(standing.anomalies);
    }
    found.now.extend(restored(known, event)?);
    Ok(found)
}

/// Returns what became of an entry with the striking of a retraction of it: restored, or struck all the same
/// by another.
fn restored(known: &Known, event: &Event) -> Result<Option<String>, DeskError> {
    let Fact::RecordRetracted(retracted) = &event.fact else { return Ok(None) };
    let undone = known.view.event(retracted.target)?.and_then(|raw| raw.event).map(|event| event.fact);
    let Some(Fact::RecordRetracted(undone)) = undone else { return Ok(None) };
    let target = known.view.event(undone.target)?.and_then(|raw| raw.event);
    let name = Known::handle(undone.target, target.as_ref());
    let corrections = known.corrections(undone.target)?;
    Ok(Some(match striking(undone.target, &corrections) {
        Some(by) => {
            let handle = Known::handle(by.id, by.event.as_ref());
            format!("{name}: struck all the same, by {handle} at position {}", by.position)
        }
        None => format!("{name}: holds again"),
    }))
}
