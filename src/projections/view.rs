//! What the log knew at a size, answered from the projections.

mod histories;
mod kinds;
mod late;
mod newest;
mod offers;
mod texts;
mod times;

pub use histories::Since;
pub use kinds::{KindsMark, SameMoment};
pub use offers::{Ground, SavedFold};

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::event::{Event, ExternalRef};
use crate::domain::fact::{EntityKind, Fact};
use crate::domain::id::{EntityId, EventId};
use crate::domain::reading::RawEvent;
use crate::projections::ahead::Ahead;
use crate::projections::corrections::Standing;
use crate::projections::error::ProjectionError;
use crate::projections::register::{Register, Registration};
use crate::projections::removals::{self, Removal};
use crate::projections::shared::Shared;
use crate::projections::taken::{self, is_evidence_alone, registers};
use crate::projections::term::{self, Field, Term};
use crate::store::{Body, Health, Recorded};

/// The log as known at a size: positions below it.
///
/// Later appends do not change it; a redaction does, since a text that was removed is gone at every size.
#[derive(Clone)]
pub struct View {
    pub(super) shared: Arc<Shared>,
    size: u32,
    // What is not recorded and is taken as if it were.
    ahead: Option<Arc<Ahead>>,
}

impl View {
    pub(super) fn new(shared: Arc<Shared>, size: u32) -> Self {
        Self { shared, size, ahead: None }
    }

    /// Returns the log as it would be known if `events` had been recorded after what is known here.
    ///
    /// Registers, histories and entities know of them; timelines do not.
    #[must_use]
    pub fn ahead(&self, events: Vec<RawEvent>) -> Self {
        Self { ahead: Some(Arc::new(Ahead::of(events))), ..self.clone() }
    }

    /// Returns how many events are known: positions `0..size`.
    pub fn size(&self) -> u64 {
        u64::from(self.size)
    }

    /// Returns the registers.
    ///
    /// # Errors
    ///
    /// Returns [`ProjectionError`] when an event on which they rest cannot be read.
    pub fn register(&self) -> Result<Arc<Register>, ProjectionError> {
        let register = self.recorded_register()?;
        let Some(ahead) = &self.ahead else { return Ok(register) };
        let registrations = ahead.events().iter().filter_map(|raw| {
            let event = raw.event.as_ref().filter(|event| registers(event.kind()))?.clone();
            Some(Registration { position: raw.position, at: raw.at, id: raw.id, event })
        });
        Ok(Arc::new(Register::clone(&register).and(registrations.collect())))
    }

    fn recorded_register(&self) -> Result<Arc<Register>, ProjectionError> {
        let counts = self.shared.with_index(|index| {
            Ok((index.registrations_before(self.size).len(), index.corrections_before(self.size).len()))
        })?;
        self.shared.register(counts, || {
            let entries = self.shared.with_index(|index| Ok(index.registering_before(self.size)))?;
            let standing = self.standing(None)?;
            let mut known = Vec::with_capacity(entries.len());
            for entry in entries.into_iter().filter(|entry| !standing.struck.contains(*entry)) {
                let Some(recorded) = self.read_if_sound(entry)? else { continue };
                let event = self.present(&recorded, standing.amendments.get(&entry).copied())?;
                if let Some(event) = event.filter(|event| registers(event.kind())) {
                    let position = u64::from(entry);
                    known.push(Registration { position, at: recorded.at, id: recorded.id, event });
                }
            }
            Ok(Register::of(self.shared.zone, known))
        })
    }

    /// Returns the kind of an entity, once it has come into being.
    ///
    /// # Errors
    ///
    /// Returns [`ProjectionError`] when neither the snapshot nor the log can be read.
    pub fn kind_of(&self, id: EntityId) -> Result<Option<EntityKind>, ProjectionError> {
        Ok(self.creation(id)?.map(|(_, kind)| kind))
    }

    /// Returns the position of the event that brought an entity into being, and its kind.
    ///
    /// # Errors
    ///
    /// As [`View::kind_of`].
    pub fn creation(&self, id: EntityId) -> Result<Option<(u64, EntityKind)>, ProjectionError> {
        if id == crate::domain::event::DESK {
            return Ok(Some((0, EntityKind::Desk)));
        }
        if let Some(found) = self.ahead.as_ref().and_then(|ahead| ahead.creation(id)) {
            return Ok(Some(found));
        }
        // An entity carries the id of the event that brought it into being.
        let Some(position) = self.position_of(EventId::from_uuid(*id.as_uuid()))? else { return Ok(None) };
        let kind = self.shared.with_index(|index| index.created_at(position))?;
        Ok(kind.map(|kind| (u64::from(position), kind)))
    }

    /// Returns the entities of a kind, in the order in which they came into being.
    ///
    /// # Errors
    ///
    /// As [`View::kind_of`].
    pub fn entities(&self, kind: EntityKind) -> Result<Vec<EntityId>, ProjectionError> {
        let found = self.shared.with_index(|index| index.entities(kind, self.size))?;
        let ahead = self.ahead.as_ref().map(|ahead| ahead.entities(kind)).unwrap_or_default();
        Ok(found.into_iter().map(|(_, id)| id).chain(ahead).collect())
    }

    /// Returns every event whose record names the entity, in the order of the log.
    ///
    /// # Errors
    ///
    /// Returns [`ProjectionError`] when the projections cannot tell them. Where the log is damaged, what
    /// stands there is left out, and [`crate::projections::Projections::unreadable`] tells of it.
    pub fn history(&self, id: EntityId) -> Result<Vec<RawEvent>, ProjectionError> {
        // Few entities are named before they come into being, or long after.
        let begins = self.position_of(EventId::from_uuid(*id.as_uuid()))?.unwrap_or(0);
        let history = self.history_from(id, begins)?;
        let is_whole = history.first().is_none_or(|(_, revision)| *revision == 0);
        let history = if is_whole || begins == 0 { history } else { self.history_from(id, 0)? };
        let ahead = self.ahead.iter().flat_map(|ahead| ahead.history(id)).cloned();
        Ok(history.into_iter().map(|(raw, _)| raw).chain(ahead).collect())
    }

    /// Returns the events of a history that stand at `from` or later, and perhaps earlier ones, each with
    /// the revision that it gave the history.
    fn history_from(&self, id: EntityId, from: u32) -> Result<Vec<(RawEvent, u64)>, ProjectionError> {
        // What hit the log may have hit what it knows of its streams.
        let is_damaged = matches!(self.shared.store.health(), Health::Damaged(_));
        let last = (!is_damaged).then(|| self.shared.store.stream(id).map(|(_, last)| last));
        let to = match last {
            None => self.size,
            Some(None) => return Ok(Vec::new()),
            Some(Some(last)) => u32::try_from(last).unwrap_or(u32::MAX).saturating_add(1).min(self.size),
        };
        let term = term::entity(Field::Stream, id);
        let positions = self.shared.with_index(|index| index.positions(term, from, to))?;
        let mut history = Vec::with_capacity(positions.len());
        self.prefetch(positions.iter().copied());
        for position in positions {
            // What is damaged is left out, and the owner is told.
            let Some(recorded) = self.read_if_sound(position)? else { continue };
            // A fingerprint may stand for two entities; the record says which it names.
            let named = recorded.streams.iter().find(|(stream, _)| *stream == id);
            if let Some((_, revision)) = named.copied() {
                history.push((self.raw(&recorded)?, revision));
            }
        }
        Ok(history)
    }

    /// Returns an event; none when it is not known at this size.
    ///
    /// # Errors
    ///
    /// As [`View::history`].
    pub fn event(&self, id: EventId) -> Result<Option<RawEvent>, ProjectionError> {
        if let Some(raw) = self.ahead.as_ref().and_then(|ahead| ahead.event(id)) {
            return Ok(Some(raw.clone()));
        }
        let found = self.shared.store.event(id);
        let found = found.map_err(|source| ProjectionError::Read { position: 0, source })?;
        let Some(mut recorded) = found.filter(|recorded| recorded.position < u64::from(self.size)) else {
            return Ok(None);
        };
        self.take_removed(&mut recorded);
        self.raw(&recorded).map(Some)
    }

    /// Returns the `record.*` events about an event, in the order of the log, struck ones included.
    ///
    /// # Errors
    ///
    /// As [`View::history`].
    pub fn corrections(&self, id: EventId) -> Result<Vec<RawEvent>, ProjectionError> {
        let mut about = self.history(EntityId::from(id))?;
        about.retain(|raw| raw.event.as_ref().and_then(Event::entry) == Some(id));
        Ok(about)
    }

    /// Returns the record at a position; none when it is not known at this size.
    ///
    /// # Errors
    ///
    /// As [`View::history`].
    pub fn recorded(&self, position: u64) -> Result<Option<Recorded>, ProjectionError> {
        match u32::try_from(position) {
            Ok(position) if position < self.size => self.read(position).map(Some),
            Ok(_) | Err(_) => Ok(None),
        }
    }

    /// Returns the events that go by a name elsewhere, as recorded or as they read now, in the order of the
    /// log; struck ones included.
    ///
    /// # Errors
    ///
    /// As [`View::history`].
    pub fn external(&self, namespace: &str, id: &str) -> Result<Vec<EventId>, ProjectionError> {
        let meant = |other: &ExternalRef| other.namespace == namespace && other.id == id;
        let mut found = self.named(term::called(id), meant)?;
        found.extend(self.ahead.iter().flat_map(|ahead| ahead.external(namespace, id)));
        Ok(found)
    }

    /// Returns the events that go by `id` elsewhere, whoever calls them so; otherwise as
    /// [`View::external`].
    ///
    /// # Errors
    ///
    /// As [`View::history`].
    pub fn called(&self, id: &str) -> Result<Vec<EventId>, ProjectionError> {
        let mut found = self.named(term::called(id), |other| other.id == id)?;
        let ahead = self.ahead.iter().flat_map(|ahead| ahead.events()).filter(|raw| {
            let named = raw.event.as_ref().map(|event| event.envelope.external_refs.as_slice());
            named.unwrap_or_default().iter().any(|other| other.id == id)
        });
        found.extend(ahead.map(|raw| raw.id));
        Ok(found)
    }

    /// Returns the entries with a term, of which a name that is `meant` tells that they go by it.
    fn named(
        &self,
        term: Term,
        meant: impl Fn(&ExternalRef) -> bool,
    ) -> Result<Vec<EventId>, ProjectionError> {
        let standing = self.standing(None)?;
        let entries = self.shared.with_index(|index| {
            let mut entries = index.positions(term, 0, self.size)?;
            entries.extend(index.amended_with(term, &standing.current)?);
            Ok(entries.into_iter().collect::<BTreeSet<u32>>())
        })?;
        let mut found = Vec::new();
        for entry in entries {
            let Some(recorded) = self.read_if_sound(entry)? else { continue };
            let amendment = standing.amendments.get(&entry).copied();
            let readings = [self.said(&recorded)?, self.present(&recorded, amendment)?];
            let called = match self.removal_of(&recorded) {
                Some(removal) => removals::instead(&*self.shared.store, removal)?.called,
                None => Vec::new(),
            };
            let names = readings.iter().flatten().flat_map(|event| &event.envelope.external_refs);
            let mut names = names.chain(&called);
            if names.any(&meant) {
                found.push(recorded.id);
            }
        }
        Ok(found)
    }

    /// Returns the events whose ids lie in `low..=high`, lowest ids first, at most `max`: what an
    /// abbreviated id may stand for.
    ///
    /// # Errors
    ///
    /// As [`View::history`].
    pub fn between(&self, low: EventId, high: EventId, max: usize) -> Result<Vec<EventId>, ProjectionError> {
        // Those that are not known here yet may come first: all are looked at, few as they are.
        let found = self
            .shared
            .store
            .between(low, high, usize::MAX)
            .map_err(|source| ProjectionError::Read { position: 0, source })?;
        let known = found.into_iter().filter(|(_, position)| *position < u64::from(self.size));
        Ok(known.map(|(id, _)| id).take(max).collect())
    }

    /// Returns what holds here for a reader who sees `visible`.
    ///
    /// # Errors
    ///
    /// As [`View::history`].
    pub(super) fn standing(
        &self,
        visible: Option<&roaring::RoaringBitmap>,
    ) -> Result<Arc<Standing>, ProjectionError> {
        self.shared.standing(self.size, visible)
    }

    /// Returns what an entry says now: what the amendment of it says, if one holds.
    fn present(&self, entry: &Recorded, amendment: Option<u32>) -> Result<Option<Event>, ProjectionError> {
        match amendment {
            Some(amendment) => self.amended(amendment),
            None => self.said(entry),
        }
    }

    /// Returns the reading that an amendment gives; none when its text was removed or is damaged.
    fn amended(&self, position: u32) -> Result<Option<Event>, ProjectionError> {
        let Some(recorded) = self.read_if_sound(position)? else { return Ok(None) };
        let Some(Event { fact: Fact::RecordAmended(amended), .. }) = self.said(&recorded)? else {
            return Ok(None);
        };
        let reading = Event::decode(recorded.schema, amended.reading.get());
        reading.map(Some).map_err(|source| taken::undecodable(position, source))
    }

    fn position_of(&self, id: EventId) -> Result<Option<u32>, ProjectionError> {
        let found = self
            .shared
            .store
            .position_of(id)
            .map_err(|source| ProjectionError::Read { position: 0, source })?;
        Ok(found.and_then(|position| u32::try_from(position).ok()).filter(|position| *position < self.size))
    }

    fn read(&self, row: u32) -> Result<Recorded, ProjectionError> {
        let position = u64::from(row);
        let recorded =
            self.shared.store.at(position).map_err(|source| ProjectionError::Read { position, source })?;
        let mut recorded = recorded.ok_or(ProjectionError::Absent { position })?;
        self.take_removed(&mut recorded);
        Ok(recorded)
    }

    /// Takes the text out of a record where the log says that it is removed, though the store may still have it.
    fn take_removed(&self, recorded: &mut Recorded) {
        let row = u32::try_from(recorded.position).ok();
        if row.is_some_and(|row| self.removal(row).is_some()) {
            recorded.body = Body::Redacted;
        }
    }

    /// Returns how the text of an event was removed, by whatever stands in the log; none where it was not.
    fn removal(&self, row: u32) -> Option<Removal> {
        self.shared.look(|index| index.removals.get(row))
    }

    /// As [`View::removal`], for a record that was read.
    fn removal_of(&self, recorded: &Recorded) -> Option<Removal> {
        let row = u32::try_from(recorded.position).ok()?;
        (recorded.body == Body::Redacted).then(|| self.removal(row)).flatten()
    }

    /// Returns what a record says, or what is said instead where its text was removed.
    fn said(&self, recorded: &Recorded) -> Result<Option<Event>, ProjectionError> {
        if recorded.body != Body::Redacted {
            return event_of(recorded);
        }
        let Some(removal) = self.removal_of(recorded) else { return Ok(None) };
        let instead = removals::instead(&*self.shared.store, removal)?;
        let Some(body) = &instead.body else { return Ok(None) };
        let unknown = |source| ProjectionError::Unknown { position: u64::from(removal.by), source };
        Event::decode(instead.schema, body).map(Some).map_err(unknown)
    }

    /// Returns a record without what the store alone needs.
    pub(super) fn raw(&self, recorded: &Recorded) -> Result<RawEvent, ProjectionError> {
        Ok(RawEvent {
            position: recorded.position,
            at: recorded.at,
            id: recorded.id,
            actor: recorded.actor,
            event: self.said(recorded)?,
            removed: self.removal_of(recorded).map(|removal| u64::from(removal.by)),
        })
    }

    /// Returns a record; none when the log is damaged there, which the owner is then told.
    ///
    /// # Errors
    ///
    /// As [`View::history`].
    pub(super) fn read_if_sound(&self, row: u32) -> Result<Option<Recorded>, ProjectionError> {
        match self.read(row) {
            Ok(Recorded { body: Body::Missing, .. }) | Err(ProjectionError::Read { .. }) => {
                self.shared.unreadable_at(u64::from(row));
                Ok(None)
            }
            Ok(recorded) => Ok(Some(recorded)),
            Err(error) => Err(error),
        }
    }
}

/// Returns what a record says; none when its text was removed or is none of the domain's.
fn event_of(recorded: &Recorded) -> Result<Option<Event>, ProjectionError> {
    match &recorded.body {
        Body::Plain(body) => {
            let unknown = |source| ProjectionError::Unknown { position: recorded.position, source };
            match Event::decode(recorded.schema, body) {
                Err(_) if is_evidence_alone(recorded.class) => Ok(None),
                decoded => decoded.map(Some).map_err(unknown),
            }
        }
        Body::Redacted => Ok(None),
        Body::Missing => Err(ProjectionError::Missing { position: recorded.position }),
    }
}
