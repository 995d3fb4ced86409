//! What is not known any more: entries whose text was removed, and what would be told without a text.

use std::collections::HashMap;
use std::sync::Arc;

use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::domain::event::Event;
use crate::domain::id::{EntityId, EventId};
use crate::domain::reading::{Entry, RawEvent};
use crate::projections::timeline::{Choice, TimelineQuery};

/// Texts that are taken to be removed, with what is said instead.
pub(in crate::desk) type Without = HashMap<EventId, Option<Event>>;

/// Returns what must be said of a history in which so many entries had their text removed; none where none had.
pub(crate) fn removed_words(entries: u64, of: &str) -> Option<String> {
    match entries {
        0 => None,
        1 => Some(format!("1 entry {of} had its text removed; what it said is not known")),
        several => {
            Some(format!("{several} entries {of} had their texts removed; what they said is not known"))
        }
    }
}

impl Known {
    /// Returns the record as it would be told without some texts.
    ///
    /// # Errors
    ///
    /// As [`Known::ahead`].
    pub(in crate::desk) fn without_texts(&self, without: Without) -> Result<Self, DeskError> {
        let mut known = self.ahead(Vec::new())?;
        known.without = without;
        Ok(known)
    }

    /// Takes the texts from events that are told without them.
    pub(super) fn untold(&self, events: &mut [RawEvent]) {
        if self.without.is_empty() {
            return;
        }
        for raw in events {
            if let Some(instead) = self.without.get(&raw.id) {
                raw.event.clone_from(instead);
                raw.removed = Some(self.view.size());
            }
        }
    }

    /// Returns how many entries about something had their text removed, and nothing is said instead; whatever the moment
    /// asked about, since the date of such an entry is not known.
    ///
    /// # Errors
    ///
    /// Returns what the projections say when the log cannot be read.
    pub(crate) fn removed_about(&self, entity: EntityId) -> Result<u64, DeskError> {
        let removals = self.view.removals();
        if removals.is_empty() {
            return Ok(0);
        }
        let (about, text) = (Choice::from(self.register.one_with(entity)), Some(Arc::new(removals)));
        let query = TimelineQuery { about, text, bookkeeping: true, ..TimelineQuery::default() };
        let positions: Vec<u64> = self.view.positions(&query)?.iter().map(u64::from).collect();
        let entries = self.entries_at(&positions)?;
        let bare = |entry: &&Entry| entry.is_bare() && EntityId::from(entry.id) != entity;
        Ok(entries.iter().filter(bare).count() as u64)
    }

    /// Tells whether what was recorded at a position names something by itself, without any correction.
    ///
    /// # Errors
    ///
    /// Returns what the projections say when the log cannot be read.
    pub(crate) fn names_itself(&self, entry: &Entry, entity: EntityId) -> Result<bool, DeskError> {
        let recorded = self.view.recorded(entry.position)?;
        Ok(recorded.is_some_and(|recorded| recorded.streams.iter().any(|(stream, _)| *stream == entity)))
    }
}
