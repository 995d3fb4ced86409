//! Which texts were removed, by which record, and what is said in their place.

use std::collections::BTreeMap;

use crate::domain::event::{Event, ExternalRef};
use crate::domain::fact::{EntityKind, Fact};
use crate::projections::error::ProjectionError;
use crate::store::{Body, Class, EventStore};

/// How the text of an event was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Removal {
    /// Where the record stands that says so.
    pub(super) by: u32,
    /// That record has something to say in the place of the text, or by which names its entry is found.
    pub(super) says: bool,
    /// What the event brought into being, as that record tells.
    pub(super) entity: Option<EntityKind>,
}

/// The events whose text was removed, by position.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Removals(BTreeMap<u32, Removal>);

impl Removals {
    /// Returns how the text at a position was removed; none where it was not.
    pub(super) fn get(&self, position: u32) -> Option<Removal> {
        self.0.get(&position).copied()
    }

    /// Takes in a removal, and tells whether it is the first of that text: no other one counts.
    pub(super) fn insert(&mut self, position: u32, removal: Removal) -> bool {
        if self.0.contains_key(&position) {
            return false;
        }
        self.0.insert(position, removal);
        true
    }

    /// Takes in what others know.
    pub(super) fn add(&mut self, others: &Self) {
        for (position, removal) in &others.0 {
            self.insert(*position, *removal);
        }
    }

    /// Returns how many there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns every removal with the position of its text, lowest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, Removal)> {
        self.0.iter().map(|(position, removal)| (*position, *removal))
    }
}

/// What is said in the place of a text.
#[derive(Debug, Default)]
pub(super) struct Instead {
    /// The version of the schema.
    pub(super) schema: u16,
    /// The body of an event; none where nothing is said.
    pub(super) body: Option<String>,
    /// What the entry is called elsewhere.
    pub(super) called: Vec<ExternalRef>,
}

/// Reads what is said in the place of a text that was removed: nothing where the record that says it is
/// damaged, which whoever reads that record is told.
///
/// # Errors
///
/// Returns [`ProjectionError::Unknown`] where that record is none that this program knows.
pub(super) fn instead(store: &dyn EventStore, removal: Removal) -> Result<Instead, ProjectionError> {
    let nothing = || Ok(Instead::default());
    if !removal.says {
        return nothing();
    }
    let position = u64::from(removal.by);
    let Ok(Some(recorded)) = store.at(position) else { return nothing() };
    let (Class::RecordRedacted, Body::Plain(body)) = (recorded.class, &recorded.body) else {
        return nothing();
    };
    let event = Event::decode(recorded.schema, body)
        .map_err(|source| ProjectionError::Unknown { position, source })?;
    let Fact::RecordRedacted(redacted) = event.fact else { return nothing() };
    let body = redacted.replacement.map(|reading| reading.get().to_owned());
    Ok(Instead { schema: recorded.schema, body, called: redacted.called })
}
