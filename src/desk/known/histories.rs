//! The histories of what a record is about: entries with the corrections that bear on them.

use std::collections::{BTreeMap, HashSet};

use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::domain::event::Event;
use crate::domain::fact::{Fact, Subject};
use crate::domain::id::{EntityId, EventId};
use crate::domain::reading::{self, Entry, RawEvent};

impl Known {
    /// Returns every event whose record names the entity, the corrections of its corrections, and what a
    /// correction moved there, which need not name it themselves, in the order of the log.
    pub(crate) fn history(&self, entity: EntityId) -> Result<Vec<RawEvent>, DeskError> {
        self.rests_on(entity);
        let history = self.seen(self.view.history(entity)?);
        let is_correction = |raw: &&RawEvent| {
            raw.event.as_ref().is_some_and(|event| event.kind().subject() == Subject::Entry)
        };
        let mut corrections: Vec<EventId> = history.iter().filter(is_correction).map(|raw| raw.id).collect();
        // What corrects an entry need not name what the entry is about. What no longer holds belongs to the
        // history as well: it held at an earlier size.
        let positions: Vec<u64> = history.iter().map(|raw| raw.position).collect();
        let corrected = self.view.corrected(&positions)?;
        corrections.extend(history.iter().filter(|raw| corrected.contains(&raw.position)).map(|raw| raw.id));
        if corrections.is_empty() {
            return Ok(history);
        }
        let mut whole: BTreeMap<u64, RawEvent> = history.into_iter().map(|raw| (raw.position, raw)).collect();
        self.correct(corrections, &mut whole)?;
        // A link that was made later, or a reading that says otherwise what an entry is about, names the
        // entity where the entry does not.
        let corrected = |raw: &RawEvent| raw.event.as_ref().and_then(Event::entry);
        let mut known: HashSet<EventId> = whole.values().map(|raw| raw.id).collect();
        let mut moved: Vec<EventId> = whole.values().filter_map(corrected).collect();
        while let Some(next) = moved.pop() {
            if !known.insert(next) {
                continue;
            }
            self.rests_on(next.into());
            let Some(raw) = self.seen_one(self.view.event(next)?) else { continue };
            moved.extend(corrected(&raw));
            whole.insert(raw.position, raw);
            self.correct(vec![next], &mut whole)?;
        }
        Ok(whole.into_values().collect())
    }

    /// Returns the corrections of an event and those of each of them, in the order of the log.
    pub(crate) fn corrections(&self, id: EventId) -> Result<Vec<RawEvent>, DeskError> {
        let mut found = BTreeMap::new();
        self.correct(vec![id], &mut found)?;
        Ok(found.into_values().collect())
    }

    /// Adds the corrections of events, and those of each of them, by position.
    fn correct(&self, mut open: Vec<EventId>, found: &mut BTreeMap<u64, RawEvent>) -> Result<(), DeskError> {
        while let Some(next) = open.pop() {
            self.rests_on(next.into());
            for raw in self.seen(self.view.corrections(next)?) {
                let (position, id) = (raw.position, raw.id);
                if found.insert(position, raw).is_none() {
                    open.push(id);
                }
            }
        }
        Ok(())
    }

    /// Returns the entries at some positions as they read now, each read from the log once; those that are not
    /// known yet, and corrections, are left out.
    pub(crate) fn entries_at(&self, positions: &[u64]) -> Result<Vec<Entry>, DeskError> {
        let otherwise = self.view.read_otherwise(positions)?;
        let mut entries = Vec::with_capacity(positions.len());
        for raw in self.seen(self.view.events_at(positions)?) {
            let mut history =
                if otherwise.contains(&raw.position) { self.corrections(raw.id)? } else { Vec::new() };
            let id = raw.id;
            history.insert(0, raw);
            entries.extend(reading::read_owned(history).into_iter().find(|entry| entry.id == id));
        }
        Ok(entries)
    }

    /// Tells whether the whole record is seen, as it is: what is kept of it may be used.
    pub(crate) fn is_whole(&self) -> bool {
        self.sight.is_none() && self.lost.is_none() && !self.view.is_ahead()
    }

    /// Returns the entries of an entity that have taken effect, in the order of effect.
    pub(crate) fn story(&self, entity: EntityId) -> Result<Vec<Entry>, DeskError> {
        let history = self.history(entity)?;
        Ok(reading::story_owned(history, &self.zone, self.at, |entry| entry.concerns(entity)))
    }

    /// Returns an entry as it reads now, struck or not; none when there is no such entry.
    pub(crate) fn entry(&self, id: EventId) -> Result<Option<Entry>, DeskError> {
        self.rests_on(id.into());
        let Some(raw) = self.seen_one(self.view.event(id)?) else { return Ok(None) };
        let reads_otherwise = self.view.is_ahead() || !self.view.read_otherwise(&[raw.position])?.is_empty();
        let mut history = vec![raw];
        if reads_otherwise {
            history.extend(self.corrections(id)?);
        }
        Ok(reading::read(&history).into_iter().find(|entry| entry.id == id))
    }

    /// Returns an entry as it reads now by its own record and its amendments: without what was said of its links apart
    /// from it, which holds whatever the entry itself says.
    pub(crate) fn entry_by_itself(&self, id: EventId) -> Result<Option<Entry>, DeskError> {
        let Some(raw) = self.seen_one(self.view.event(id)?) else { return Ok(None) };
        let mut history = self.corrections(id)?;
        history.retain(|raw| !matches!(&raw.event, Some(Event { fact: Fact::RecordLinked(_), .. })));
        history.insert(0, raw);
        Ok(reading::read_owned(history).into_iter().find(|entry| entry.id == id))
    }
}
