//! Which entities the events between two knowings touch, and which entries they correct.

use std::collections::{BTreeMap, BTreeSet};

use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::domain::event::Event;
use crate::domain::fact::{EntityKind, Subject};
use crate::domain::id::{EntityId, EventId};
use crate::domain::reading::{self, Entry};

/// What the events between two knowings touch.
#[derive(Default)]
pub(super) struct Touched {
    entities: BTreeMap<EntityId, BTreeSet<u64>>,
    policies: BTreeSet<u64>,
    // By entry: the events that recorded or corrected it.
    entries: BTreeMap<EventId, BTreeSet<u64>>,
}

impl Touched {
    /// Reads everything that was recorded after the one knowing and is known to the other.
    pub(super) fn between(earlier: &Known, later: &Known) -> Result<Self, DeskError> {
        let mut touched = Self::default();
        for position in earlier.view.size()..later.view.size() {
            let Some(recorded) = later.view.recorded(position)? else { break };
            for (stream, _) in &recorded.streams {
                touched.entities.entry(*stream).or_default().insert(position);
            }
            let event = later.view.event(recorded.id)?.and_then(|raw| raw.event);
            if let Some(event) = event {
                touched.take(later, position, recorded.id, &event)?;
            }
        }
        touched.follow(later)?;
        Ok(touched)
    }

    fn take(&mut self, later: &Known, position: u64, id: EventId, event: &Event) -> Result<(), DeskError> {
        let kind = event.kind();
        if kind.subject() == Subject::Entry {
            if let Some(entry) = root(later, event)? {
                self.entries.entry(entry).or_default().insert(position);
                // What it is about learns of it even where the correction does not say so.
                self.correct(later, position, entry)?;
            }
        } else if kind.family() == "policy" {
            self.policies.insert(position);
        } else if !kind.is_bookkeeping() {
            self.entries.entry(id).or_default().insert(position);
        }
        Ok(())
    }

    fn correct(&mut self, later: &Known, position: u64, entry: EventId) -> Result<(), DeskError> {
        let Some(raw) = later.view.event(entry)? else { return Ok(()) };
        if let Some(event) = &raw.event {
            for entity in crate::domain::event::streams(event, raw.id) {
                self.entities.entry(entity).or_default().insert(position);
            }
            if event.kind().family() == "policy" {
                self.policies.insert(position);
            }
        }
        Ok(())
    }

    /// Follows what is touched to what follows from it: from an offer to the offer that it counters, which
    /// is settled through it, from a meeting to the offer that led to it, and from an entry to that to
    /// which it is linked.
    fn follow(&mut self, later: &Known) -> Result<(), DeskError> {
        let mut open: Vec<EntityId> = self.entities.keys().copied().collect();
        while let Some(next) = open.pop() {
            let positions = self.positions(next);
            for target in bears_on(later, next)? {
                let known = self.entities.entry(target).or_default();
                let before = known.len();
                known.extend(&positions);
                if known.len() > before {
                    open.push(target);
                }
            }
        }
        Ok(())
    }

    /// Returns every entity that is touched.
    pub(super) fn entities(&self) -> impl Iterator<Item = EntityId> {
        self.entities.keys().copied()
    }

    /// Returns the events that touch an entity.
    pub(super) fn positions(&self, id: EntityId) -> BTreeSet<u64> {
        self.entities.get(&id).cloned().unwrap_or_default()
    }

    /// Tells whether a policy was set, ended or corrected.
    pub(super) fn sets_policy(&self) -> bool {
        !self.policies.is_empty()
    }

    /// Returns the events that set, end or correct a policy.
    pub(super) fn policies(&self) -> impl Iterator<Item = u64> {
        self.policies.iter().copied()
    }

    /// Returns every entry that was recorded or corrected, with the events that did it.
    pub(super) fn entries(&self) -> impl Iterator<Item = (EventId, &BTreeSet<u64>)> {
        self.entries.iter().map(|(id, positions)| (*id, positions))
    }
}

/// Returns on what else bears whatever is touched: what its entry is linked to or about, and of a meeting
/// what each of its entries is.
fn bears_on(later: &Known, id: EntityId) -> Result<Vec<EntityId>, DeskError> {
    let entries: Vec<Entry> = match later.view.kind_of(id)? {
        Some(EntityKind::Meeting) => reading::read(&later.history(id)?),
        Some(EntityKind::Overture) | None => {
            later.entry(EventId::from_uuid(*id.as_uuid()))?.into_iter().collect()
        }
        Some(_) => Vec::new(),
    };
    // Where one name of a channel stands, all of them stand.
    let named = if later.register.channel(id).is_some() { later.register.one_with(id) } else { Vec::new() };
    let links = entries.iter().flat_map(Entry::links).map(|link| EntityId::from(link.target));
    let events = entries.iter().filter_map(|entry| entry.event.as_ref());
    let about = events.flat_map(|event| event.envelope.about.iter().copied());
    let mut bearing: Vec<EntityId> = named.into_iter().filter(|name| *name != id).collect();
    for target in links.chain(about).filter(|target| *target != id) {
        // What is merely carried by a channel, or is about a party, does not change where they stand.
        let follows =
            matches!(later.view.kind_of(target)?, Some(EntityKind::Overture | EntityKind::Meeting) | None);
        if follows && !bearing.contains(&target) {
            bearing.push(target);
        }
    }
    Ok(bearing)
}

/// Returns the entry of which a correction, or a correction of one, tells in the end.
fn root(known: &Known, correction: &Event) -> Result<Option<EventId>, DeskError> {
    let mut target = correction.entry();
    while let Some(entry) = target {
        let corrected = known.view.event(entry)?.and_then(|raw| raw.event);
        let Some(correction) = corrected.filter(|event| event.kind().subject() == Subject::Entry) else {
            return Ok(Some(entry));
        };
        target = correction.entry();
    }
    Ok(None)
}
