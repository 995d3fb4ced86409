//! What the log knew at a size, answered from the projections.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::event::Event;
use crate::domain::fact::{EntityKind, Fact};
use crate::domain::id::{EntityId, EventId};
use crate::domain::reading::RawEvent;
use crate::domain::timestamp::Timestamp;
use crate::projections::corrections::{Change, Standing};
use crate::projections::error::ProjectionError;
use crate::projections::register::Register;
use crate::projections::search::{Finding, Search};
use crate::projections::shared::Shared;
use crate::projections::taken::{self, registers};
use crate::projections::term::{self, Field};
use crate::projections::timeline::{Row, TimelinePage, TimelineQuery};
use crate::store::{Body, Class, Recorded};

/// The log as known at a size: positions below it.
///
/// Later appends do not change it; a redaction does, since a text that was removed is gone at every size.
#[derive(Clone)]
pub struct View {
    shared: Arc<Shared>,
    size: u32,
}

impl View {
    pub(super) fn new(shared: Arc<Shared>, size: u32) -> Self {
        Self { shared, size }
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
        let (rest, readings) = self.shared.with_index(|index| {
            Ok((index.registrations_before(self.size).to_vec(), self.readings_now(index)))
        })?;
        self.shared.register(rest.len(), || {
            let standing = self.standing(None)?;
            let mut register = Register::empty(self.shared.zone.clone());
            for position in rest {
                if standing.struck.contains(position) {
                    continue;
                }
                let recorded = self.read(position)?;
                let Some(event) = self.event_of(&recorded)?.filter(|event| registers(event.kind())) else {
                    continue;
                };
                let event = match readings.get(&position) {
                    Some(amendment) => self.amended(*amendment)?.unwrap_or(event),
                    None => event,
                };
                register.take(u64::from(position), recorded.id, event);
            }
            Ok(register)
        })
    }

    /// Returns, by entry, where the reading that holds now stands, for entries in a register.
    fn readings_now(&self, index: &crate::projections::index::Index) -> BTreeMap<u32, u32> {
        let standing = Standing::of(index.corrections_before(self.size), None);
        let rows = standing.current.iter().filter_map(|reading| index.reading_of.get(reading as usize));
        rows.filter(|(entry, _)| index.registrations.binary_search(entry).is_ok()).copied().collect()
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
        let found = self.shared.with_index(|index| index.creation(id, self.size))?;
        Ok(found.map(|(position, kind)| (u64::from(position), kind)))
    }

    /// Returns the entities of a kind, in the order in which they came into being.
    ///
    /// # Errors
    ///
    /// As [`View::kind_of`].
    pub fn entities(&self, kind: EntityKind) -> Result<Vec<EntityId>, ProjectionError> {
        let found = self.shared.with_index(|index| index.entities(kind, self.size))?;
        Ok(found.into_iter().map(|(_, id)| id).collect())
    }

    /// Returns every event whose record names the entity, in the order of the log.
    ///
    /// # Errors
    ///
    /// Returns [`ProjectionError`] when one of them cannot be read; a history is whole or not given.
    pub fn history(&self, id: EntityId) -> Result<Vec<RawEvent>, ProjectionError> {
        let term = term::entity(Field::Stream, id);
        let positions = self.shared.with_index(|index| index.positions(term, self.size))?;
        let mut history = Vec::with_capacity(positions.len());
        for position in positions {
            let recorded = self.read(position)?;
            // A fingerprint may stand for two entities; the record says which it names.
            if recorded.streams.iter().any(|(stream, _)| *stream == id) {
                history.push(self.raw(recorded)?);
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
        match self.position_of(id)? {
            Some(position) => Ok(Some(self.raw(self.read(position)?)?)),
            None => Ok(None),
        }
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

    /// Returns the events that go by a name elsewhere, in the order of the log.
    ///
    /// # Errors
    ///
    /// As [`View::history`].
    pub fn external(&self, namespace: &str, id: &str) -> Result<Vec<EventId>, ProjectionError> {
        let term = term::external(namespace, id);
        let mut found = Vec::new();
        for position in self.shared.with_index(|index| index.positions(term, self.size))? {
            let recorded = self.read(position)?;
            let event = self.event_of(&recorded)?;
            let named = |event: &Event| {
                event
                    .envelope
                    .external_refs
                    .iter()
                    .any(|other| other.namespace == namespace && other.id == id)
            };
            if event.as_ref().is_some_and(named) {
                found.push(recorded.id);
            }
        }
        Ok(found)
    }

    /// Returns how many events had been recorded at or before a moment, of those known here.
    ///
    /// # Errors
    ///
    /// As [`View::history`].
    pub fn size_at(&self, moment: Timestamp) -> Result<u64, ProjectionError> {
        self.before(|at| at <= moment).map(u64::from)
    }

    /// Returns how many of the first events were recorded when `early` says.
    fn before(&self, early: impl Fn(Timestamp) -> bool) -> Result<u32, ProjectionError> {
        let (mut low, mut high) = (0, self.size);
        while low < high {
            let middle = low + (high - low) / 2;
            if early(self.read(middle)?.at) { low = middle + 1 } else { high = middle }
        }
        Ok(low)
    }

    /// Returns a page of the entries that are asked for.
    ///
    /// # Errors
    ///
    /// As [`View::history`].
    pub fn timeline(&self, query: &TimelineQuery) -> Result<TimelinePage, ProjectionError> {
        let standing = self.standing(query.visible.as_deref())?;
        let recorded = match query.recorded {
            Some((from, to)) => (self.before(|at| at < from)?, self.before(|at| at <= to)?),
            None => (0, self.size),
        };
        let search = Search {
            query,
            size: self.size,
            standing: &standing,
            recorded,
            relinked: self.relinked(&query.about, query, &standing)?,
            relinked_channels: self.relinked(&query.channels, query, &standing)?,
        };
        let Finding { mut found, total } = self.shared.with_index(|index| search.run(index))?;
        let more = found.len() > query.limit;
        found.truncate(query.limit);
        let mut rows = Vec::with_capacity(found.len());
        for one in &found {
            let position = one.key.position;
            rows.push(Row {
                position: u64::from(position),
                reading_position: u64::from(one.reading),
                id: self.read(position)?.id,
                earliest: moment(one.key.earliest),
                latest: moment(one.key.latest),
                struck: standing.struck.contains(position),
                amended: one.reading != position,
            });
        }
        Ok(TimelinePage { rows, next: found.last().filter(|_| more).map(|last| last.key), total })
    }

    /// Returns how often each of these entries was amended, by amendments that hold or that a newer one
    /// has replaced; entries that were not are left out.
    ///
    /// # Errors
    ///
    /// As [`View::history`].
    pub fn amendments(&self, entries: &[u64]) -> Result<BTreeMap<u64, u32>, ProjectionError> {
        if entries.is_empty() {
            return Ok(BTreeMap::new());
        }
        let standing = self.standing(None)?;
        self.shared.with_index(|index| {
            let mut times = BTreeMap::new();
            for known in index.corrections_before(self.size) {
                let target = u64::from(known.target);
                let amends = matches!(known.change, Change::Amended(_));
                if amends && !standing.struck.contains(known.position) && entries.contains(&target) {
                    *times.entry(target).or_insert(0) += 1;
                }
            }
            Ok(times)
        })
    }

    /// Tells of every entry whose links to one of `ids` were changed whether it is about one of them.
    fn relinked(
        &self,
        ids: &[EntityId],
        query: &TimelineQuery,
        standing: &Standing,
    ) -> Result<BTreeMap<u32, bool>, ProjectionError> {
        let seen = |position| query.visible.as_ref().is_none_or(|visible| visible.contains(position));
        let mut relinked = BTreeMap::new();
        for id in ids {
            for entry in standing.relinked.get(&term::entity(Field::Linked, *id)).into_iter().flatten() {
                if !relinked.contains_key(entry) {
                    relinked.insert(*entry, self.is_about(*entry, ids, &seen, standing)?);
                }
            }
        }
        Ok(relinked)
    }

    /// Tells whether an entry, as it reads now and with its links as they are now, is about one of `ids`.
    fn is_about(
        &self,
        entry: u32,
        ids: &[EntityId],
        seen: &impl Fn(u32) -> bool,
        standing: &Standing,
    ) -> Result<bool, ProjectionError> {
        let recorded = self.read(entry)?;
        let (amendment, links) = self.shared.with_index(|index| {
            let mine = index.corrections_before(self.size).iter().filter(|known| known.target == entry);
            let holding = |reading: u32| standing.current.contains(reading);
            let mut amendment = None;
            let mut links = Vec::new();
            for known in
                mine.filter(|known| seen(known.position) && !standing.struck.contains(known.position))
            {
                match known.change {
                    Change::Amended(reading) if holding(reading) => amendment = Some(known.position),
                    Change::Linked(_) => links.push(known.position),
                    Change::Amended(_) | Change::Retracted => {}
                }
            }
            Ok((amendment, links))
        })?;
        let event = match amendment {
            Some(amendment) => self.amended(amendment)?,
            None => self.event_of(&recorded)?,
        };
        let Some(event) = event else { return Ok(false) };
        let mut related: Vec<_> =
            event.envelope.links.iter().map(|link| (link.relation, link.target)).collect();
        for position in links {
            let Some(Event { fact: Fact::RecordLinked(linked), .. }) =
                self.event_of(&self.read(position)?)?
            else {
                continue;
            };
            let link = (linked.link.relation, linked.link.target);
            related.retain(|known| *known != link);
            if !linked.withdrawn {
                related.push(link);
            }
        }
        let created = event.created(recorded.id);
        let linked =
            related.iter().filter(|(relation, _)| relation.enters_history()).map(|(_, id)| (*id).into());
        Ok(event.envelope.about.iter().copied().chain(created).chain(linked).any(|id| ids.contains(&id)))
    }

    /// Returns what holds here for a reader who sees `visible`.
    fn standing(&self, visible: Option<&roaring::RoaringBitmap>) -> Result<Arc<Standing>, ProjectionError> {
        self.shared.standing(self.size, visible)
    }

    /// Returns the reading that an amendment gives.
    fn amended(&self, position: u32) -> Result<Option<Event>, ProjectionError> {
        let recorded = self.read(position)?;
        let Some(Event { fact: Fact::RecordAmended(amended), .. }) = self.event_of(&recorded)? else {
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

    fn read(&self, position: u32) -> Result<Recorded, ProjectionError> {
        let position = u64::from(position);
        let recorded =
            self.shared.store.at(position).map_err(|source| ProjectionError::Read { position, source })?;
        recorded.ok_or(ProjectionError::Absent { position })
    }

    /// Returns what a record says; none when its text was removed or is none of the domain's.
    fn event_of(&self, recorded: &Recorded) -> Result<Option<Event>, ProjectionError> {
        match &recorded.body {
            Body::Plain(body) if matches!(recorded.class, Class::Fact | Class::RecordRedacted) => {
                let unknown = |source| ProjectionError::Unknown { position: recorded.position, source };
                Event::decode(recorded.schema, body).map(Some).map_err(unknown)
            }
            Body::Plain(_) | Body::Redacted => Ok(None),
            Body::Missing => Err(ProjectionError::Missing { position: recorded.position }),
        }
    }

    fn raw(&self, recorded: Recorded) -> Result<RawEvent, ProjectionError> {
        let event = self.event_of(&recorded)?;
        Ok(RawEvent {
            position: recorded.position,
            at: recorded.at,
            id: recorded.id,
            actor: recorded.actor,
            event,
        })
    }
}

/// Returns a moment of a column; one beyond what a record can hold becomes the nearest that it can.
fn moment(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
        .unwrap_or_else(|_| chrono::DateTime::from_timestamp_micros(micros).unwrap_or_default().into())
}
