//! An event as the index takes it in: read from the log and parsed, before anything is changed.

use crate::domain::event::{DecodeError, Event};
use crate::domain::fact::{EntityKind, Fact, Kind, Subject};
use crate::domain::id::{EntityId, EventId};
use crate::domain::link::Relation;
use crate::domain::timestamp::Timestamp;
use crate::domain::zone::Zone;
use crate::projections::error::ProjectionError;
use crate::projections::offers::Bearing;
use crate::projections::outline::{Face, Reader};
use crate::projections::removals::{Removal, Removals, instead};
use crate::projections::term::{self, Field, Term};
use crate::store::{Body, Class, EventStore, Recorded, Seen, SeenBody};

/// Where and when an event was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Its position.
    pub(super) position: u32,
    /// When it was recorded, in microseconds.
    pub(super) at: i64,
    /// Its id.
    pub(super) id: EventId,
}

impl Place {
    /// Returns the bounds of an event of which nothing else is known.
    pub(super) const fn times(self) -> (i64, i64) {
        (self.at, self.at)
    }

    /// Returns the bounds of an event of which nobody knows when it happened: any time until it was recorded.
    pub(super) const fn any_time(self) -> (i64, i64) {
        (Timestamp::MIN.micros(), self.at)
    }

    fn of(recorded: Seen<'_>) -> Result<Self, ProjectionError> {
        Ok(Self { position: row(recorded.position)?, at: recorded.at.micros(), id: recorded.id })
    }
}

/// Returns a position as the number of a row.
fn row(position: u64) -> Result<u32, ProjectionError> {
    let row = u32::try_from(position).ok().filter(|row| *row < u32::MAX - 1);
    row.ok_or(ProjectionError::TooLong)
}

/// An event, ready to be taken in.
#[derive(Debug)]
pub(super) struct Taken {
    /// Where it stands.
    pub(super) place: Place,
    /// The histories that it belongs to.
    pub(super) streams: Vec<EntityId>,
    /// Who recorded it; none when that cannot be read.
    pub(super) recorder: Option<Term>,
    /// What it says.
    pub(super) said: Said,
    /// Whether the registers rest on it, or on the reading that it gives.
    pub(super) registers: bool,
    /// How it changes what another says.
    pub(super) asked: Option<Asked>,
    /// It is the first event of the history that bears its own id, if there is one.
    pub(super) is_first: bool,
    /// An entry that it would correct and that was not met yet.
    pub(super) dangling: Option<EventId>,
}

impl Taken {
    /// Returns what stands for a record that cannot be read: nothing but its place.
    ///
    /// # Errors
    ///
    /// Returns [`ProjectionError::TooLong`] beyond what the index can number.
    pub(super) fn unreadable(position: u64) -> Result<Self, ProjectionError> {
        let place = Place { position: row(position)?, at: 0, id: EventId::from_uuid(uuid::Uuid::nil()) };
        Ok(Self {
            place,
            streams: Vec::new(),
            recorder: None,
            said: Said::Unreadable,
            registers: false,
            asked: None,
            is_first: true,
            dangling: None,
        })
    }
}

/// What an event says.
#[derive(Debug)]
pub(super) enum Said {
    /// What its body says.
    Event(Box<Face>),
    /// Its text was removed and nothing is said instead: it keeps its place and moves nothing. What it
    /// brought into being stays, and the terms by which it is found.
    Removed(Option<EntityKind>, Vec<Term>),
    /// It is evidence for auditors, whose body is none that the domain knows.
    Evidence,
    /// The log is damaged there: nobody knows what it says.
    Unreadable,
}

/// How an event changes what an earlier one says.
#[derive(Debug)]
pub(super) enum Asked {
    /// The entry reads otherwise.
    Amended {
        /// The position of the entry.
        target: u32,
        /// The new reading.
        face: Box<Face>,
        /// It bears on overtures as what was recorded does.
        same: bool,
    },
    /// The entry would read otherwise, had its text not been removed since.
    AmendedInVain {
        /// The position of the entry.
        target: u32,
    },
    /// The event is struck.
    Retracted {
        /// Its position.
        target: u32,
    },
    /// A link of the entry was added or taken back.
    Linked {
        /// The position of the entry.
        source: u32,
        /// Its id.
        entry: EntityId,
        /// On what it bears.
        to: Term,
        /// The link.
        link: Box<LinkTaken>,
    },
    /// The text of the event is removed.
    Redacted {
        /// Its position.
        target: u32,
        /// How.
        removal: Removal,
        /// The event was taken in as one whose text is removed.
        foreseen: bool,
    },
}

/// A link that was added or taken back.
#[derive(Debug)]
pub(super) struct LinkTaken {
    /// How the entry bears on the other.
    pub(super) relation: Relation,
    /// The other.
    pub(super) target: EntityId,
    /// What the entry says, where the link was added and is the only one that it has.
    pub(super) plain: Option<Bearing>,
}

/// Reads and parses events of a log.
pub(super) struct Taker<'log> {
    store: &'log dyn EventStore,
    reader: Reader,
    // The texts that are removed, by whatever stands in the log, though the store may still have them.
    removals: Removals,
}

impl<'log> Taker<'log> {
    /// Returns a taker of the events of `store`, which knows of these `removals`.
    pub(super) fn new(store: &'log dyn EventStore, zone: Zone, removals: Removals) -> Self {
        Self { store, reader: Reader::new(zone), removals }
    }

    /// Parses one event.
    ///
    /// # Errors
    ///
    /// Returns [`ProjectionError`] naming the position of an event that cannot be taken in.
    pub(super) fn take(&mut self, recorded: Seen<'_>) -> Result<Taken, ProjectionError> {
        let place = Place::of(recorded)?;
        let mut taken = Taken {
            place,
            streams: streams(recorded),
            recorder: Some(term::recorder(recorded.actor)),
            said: Said::Removed(None, vec![term::mark(Field::Redacted)]),
            registers: false,
            asked: None,
            is_first: is_first(recorded),
            dangling: None,
        };
        let removal = self.removals.get(place.position);
        let replaced;
        let mut called = Vec::new();
        let (position, schema, body) = match (removal, recorded.body) {
            (Some(removal), _) => {
                replaced = instead(self.store, removal)?;
                called.extend(replaced.called.iter().map(|other| term::called(&other.id)));
                called.push(term::mark(Field::Redacted));
                let Some(body) = &replaced.body else {
                    taken.said = Said::Removed(removal.entity, called);
                    return Ok(taken);
                };
                (u64::from(removal.by), replaced.schema, body.as_str())
            }
            // Removed by a record that was not met yet.
            (None, SeenBody::Redacted) => return Ok(taken),
            (None, SeenBody::Plain(body)) => (recorded.position, recorded.schema, body),
            (None, SeenBody::Missing) => {
                taken.said = Said::Unreadable;
                return Ok(taken);
            }
        };
        let unknown = |source| ProjectionError::Unknown { position, source };
        let mut face = match self.reader.face(schema, body, recorded.id, recorded.at) {
            Ok(face) => face,
            // What only auditors read may be in a form that the domain does not know.
            Err(_) if is_evidence_alone(recorded.class) => {
                taken.said = Said::Evidence;
                return Ok(taken);
            }
            Err(source) => return Err(unknown(source)),
        };
        taken.registers = registers(face.kind);
        if is_correction(face.kind) {
            let event = Event::decode(schema, body).map_err(unknown)?;
            taken.asked = self.asked(place, recorded, schema, &event)?;
            taken.dangling = event.entry().filter(|_| taken.asked.is_none());
            if matches!(&event.fact, Fact::RecordLinked(linked) if linked.link.relation == Relation::Contradicts)
            {
                face.terms.push(term::mark(Field::Contested));
            }
        }
        face.terms.extend(called);
        if removal.is_some() {
            face.counted.push((Field::Redacted, term::mark(Field::Redacted)));
        }
        if let Some(Asked::Amended { face, .. }) = &taken.asked {
            taken.registers = registers(face.kind);
        }
        taken.said = Said::Event(Box::new(face));
        Ok(taken)
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "a new kind of fact corrects nothing until it is named here"
    )]
    fn asked(
        &mut self,
        place: Place,
        recorded: Seen<'_>,
        schema: u16,
        event: &Event,
    ) -> Result<Option<Asked>, ProjectionError> {
        let Some(target) = event.entry() else { return Ok(None) };
        let read = |source| ProjectionError::Read { position: u64::from(place.position), source };
        let known = self.store.position_of(target).map_err(read)?;
        // What comes later in the log cannot have been meant; without this rule corrections could run in
        // circles.
        let earlier = known.filter(|known| *known < u64::from(place.position));
        let Some(earlier) = earlier.and_then(|known| u32::try_from(known).ok()) else { return Ok(None) };
        Ok(Some(match &event.fact {
            Fact::RecordAmended(amended) => {
                // What was said of an entry before its text was removed repeats that text.
                if self.removals.get(earlier).is_some_and(|removal| place.position < removal.by) {
                    return Ok(Some(Asked::AmendedInVain { target: earlier }));
                }
                // Without a date an entry rests on its recording, with which its record may be damaged.
                let entry = self.recorded(earlier)?;
                let at = entry.as_ref().map_or(recorded.at, |entry| entry.at);
                let (reading, marking) = (amended.reading.get(), event.envelope.marking.as_ref());
                let face = self.reader.reading(schema, reading, target, at, marking);
                let unknown =
                    |source| ProjectionError::Unknown { position: u64::from(place.position), source };
                let face = Box::new(face.map_err(unknown)?);
                let before = entry.and_then(|entry| self.bearing(earlier, &entry));
                let same = before.as_ref() == Some(&face.bearing);
                Asked::Amended { target: earlier, face, same }
            }
            Fact::RecordRetracted(_) => Asked::Retracted { target: earlier },
            Fact::RecordLinked(linked) => {
                let (relation, target) = (linked.link.relation, EntityId::from(linked.link.target));
                let is_alone = |bearing: &Bearing| {
                    bearing.kind.subject() != Subject::Entry
                        && bearing.creates.is_none()
                        && bearing.links.is_empty()
                        && !bearing.about.contains(&target)
                };
                let plain = match self.recorded(earlier)? {
                    Some(entry) if !linked.withdrawn => self.bearing(earlier, &entry).filter(is_alone),
                    Some(_) | None => None,
                };
                let link = Box::new(LinkTaken { relation, target, plain });
                let entry = EntityId::from(linked.source);
                Asked::Linked { source: earlier, entry, to: term::entity(Field::Linked, target), link }
            }
            Fact::RecordRedacted(redacted) if recorded.class == Class::RecordRedacted => {
                // What auditors must be able to read stays, and of a damaged record nothing is left to remove.
                let entry = self.recorded(earlier)?;
                if entry.is_none_or(|entry| entry.class != Class::Fact) {
                    return Ok(None);
                }
                let says = redacted.replacement.is_some() || !redacted.called.is_empty();
                let removal = Removal { by: place.position, says, entity: redacted.entity };
                let foreseen = self.removals.get(earlier) == Some(removal);
                Asked::Redacted { target: earlier, removal, foreseen }
            }
            _ => return Ok(None),
        }))
    }

    /// Returns what an earlier record says that may decide where an overture stands; none where nobody can
    /// read that any more, or where it says what was not recorded there.
    fn bearing(&mut self, position: u32, recorded: &Recorded) -> Option<Bearing> {
        let Body::Plain(body) = &recorded.body else { return None };
        if self.removals.get(position).is_some() {
            return None;
        }
        self.reader.face(recorded.schema, body, recorded.id, recorded.at).ok().map(|face| face.bearing)
    }

    /// Returns an earlier record; none when it is damaged.
    fn recorded(&self, position: u32) -> Result<Option<Recorded>, ProjectionError> {
        let position = u64::from(position);
        match self.store.at(position) {
            Ok(Some(recorded)) => Ok(Some(recorded)),
            Ok(None) => Err(ProjectionError::Absent { position }),
            Err(_) => Ok(None),
        }
    }
}

/// Tells whether an event is the first of the history that bears its own id, if there is one.
fn is_first(recorded: Seen<'_>) -> bool {
    let own = EntityId::from(recorded.id);
    recorded.streams.iter().all(|(stream, revision)| *stream != own || *revision == 0)
}

/// Returns the histories that a record belongs to; it is about these entities as far as can be told
/// without its text.
fn streams(recorded: Seen<'_>) -> Vec<EntityId> {
    recorded.streams.iter().map(|(stream, _)| *stream).collect()
}

/// Tells whether a record of this class moves nothing but what auditors read.
pub(super) const fn is_evidence_alone(class: Class) -> bool {
    !matches!(class, Class::Fact | Class::RecordRedacted)
}

/// Tells whether an event of this kind changes how another reads.
const fn is_correction(kind: Kind) -> bool {
    matches!(kind, Kind::RecordAmended | Kind::RecordRetracted | Kind::RecordLinked | Kind::RecordRedacted)
}

/// Tells whether the registers rest on events of this kind.
pub(super) const fn registers(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::ChannelRegistered
            | Kind::ChannelNamed
            | Kind::PartyRegistered
            | Kind::PartyNamed
            | Kind::ChannelMerged
            | Kind::ChannelSplit
            | Kind::PartyMerged
            | Kind::PartySplit
            | Kind::PersonRegistered
            | Kind::PersonNamed
            | Kind::PersonRole
            | Kind::SeriesRegistered
            | Kind::RecorderRegistered
            | Kind::PolicySet
            | Kind::PolicyEnded
            | Kind::MomentNamed
            | Kind::LogAdopted
    )
}

/// Returns the error that says that a reading is none that this program knows.
pub(super) fn undecodable(position: u32, source: DecodeError) -> ProjectionError {
    ProjectionError::Unknown { position: u64::from(position), source }
}
