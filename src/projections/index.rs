//! The fold of the log: one row for each event, one more for each later reading of an entry.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use roaring::RoaringBitmap;

use crate::domain::fact::EntityKind;
use crate::domain::id::EntityId;
use crate::projections::corrections::{Change, Correction};
use crate::projections::counted::{Channels, Recorded, Words};
use crate::projections::crossings::Crossings;
use crate::projections::directory::Saved;
use crate::projections::error::Counts;
use crate::projections::folds::Folds;
use crate::projections::lazy::Damage;
use crate::projections::offers::{self, Offers};
use crate::projections::removals::{Removal, Removals};
use crate::projections::state;
use crate::projections::table::{Changes, Table, join, split};
use crate::projections::taken::{Asked, Place, Said, Taken};
use crate::projections::term::{self, Field, Term};
use crate::projections::terms::Rows;

/// Everything that is kept ready, by position.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// How many events were taken in: positions `0..size`.
    pub(super) size: u32,
    /// The events, by position.
    pub(super) events: Table,
    /// The later readings of entries, by number.
    pub(super) readings: Table,
    /// The entry that each of those readings is of, and the position at which it stands.
    pub(super) reading_of: Vec<(u32, u32)>,
    /// What was corrected, in the order of the log.
    pub(super) corrections: Vec<Correction>,
    /// The positions of the events on which the registers rest, corrections of them included.
    pub(super) registrations: Vec<u32>,
    /// The texts that were removed.
    pub(super) removals: Removals,
    /// The channels, by which entries are counted.
    pub(super) channels: Channels,
    /// The topics and the markings that occur.
    pub(super) words: Words,
    /// When every so many of the events were recorded.
    pub(super) recorded: Recorded,
    /// What is kept of overtures.
    pub(super) offers: Offers,
    /// What the desk folded, as it was saved.
    pub(super) folds: Option<Arc<Folds>>,
    /// An event lost its text after it was taken in: only a fold from nothing, which knows `removals`,
    /// undoes what it did.
    pub(super) outdated: bool,
    /// A record could not be read: this is not the fold of the whole log, and not saved.
    pub(super) incomplete: bool,
    /// When the last event was recorded, in microseconds; none where it cannot be read, or was taken from a snapshot.
    pub(super) last_at: Option<i64>,
    /// Tells this index from any other.
    pub(super) identity: Arc<()>,
    /// What occurs together in the full segments of the events, as far as somebody asked.
    pub(super) crossings: Mutex<Crossings>,
}

/// What of an index is saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// What is folded of the log.
    Index,
    /// That, and what folds found of overtures: much, and written whole.
    Verdicts,
}

/// What of an index differs from the snapshot, taken at one size.
#[derive(Debug)]
pub(super) struct Capture {
    /// How many events were taken in.
    pub(super) size: u32,
    /// What is no table.
    pub(super) state: Vec<(u8, Vec<u8>)>,
    /// The segments of the events.
    pub(super) events: Changes,
    /// The segments of the later readings.
    pub(super) readings: Changes,
    /// The rows of overtures.
    pub(super) offers: offers::Changes,
    /// How many texts were removed.
    pub(super) removals: u32,
    /// What of the index it is.
    pub(super) keep: Keep,
    /// Of which index it was taken.
    pub(super) identity: Arc<()>,
}

impl Capture {
    /// Tells whether no segment differs.
    pub(super) fn is_empty(&self) -> bool {
        self.events.segments.is_empty() && self.readings.segments.is_empty()
    }
}

impl Index {
    /// Takes what differs from the snapshot; nothing when it is not to be saved.
    pub(super) fn capture(&self, keep: Keep) -> Option<Capture> {
        (!self.outdated && !self.incomplete).then(|| Capture {
            size: self.size,
            state: state::to_sections(self, keep),
            events: self.events.changes(),
            readings: self.readings.changes(),
            offers: self.offers.changes(),
            removals: u32::try_from(self.removals.len()).unwrap_or(u32::MAX),
            keep,
            identity: Arc::clone(&self.identity),
        })
    }

    /// Keeps in memory only where the segments that were saved are.
    pub(super) fn saved(&mut self, capture: &Capture, saved: Saved) {
        if Arc::ptr_eq(&self.identity, &capture.identity) {
            self.events.saved(&capture.events, saved.events);
            self.readings.saved(&capture.readings, saved.readings);
            self.offers.saved(&capture.offers);
        }
    }

    /// Takes in the next event; one that was taken in already changes nothing.
    ///
    /// # Errors
    ///
    /// Returns [`Damage`] when a snapshot that must be read for it is damaged.
    pub(super) fn apply(&mut self, taken: &Taken) -> Result<(), Damage> {
        let place = taken.place;
        if place.position != self.size {
            return Ok(());
        }
        let is_unnamed = self.is_unnamed(taken)?;
        let streams = taken.streams.iter().map(|stream| term::entity(Field::Stream, *stream));
        let common = streams.chain(taken.recorder);
        let mut counted: Vec<(Field, Term)> =
            taken.recorder.iter().map(|recorder| (Field::Recorder, *recorder)).collect();
        let (times, created) = match &taken.said {
            Said::Event(face) => (face.times, face.creates),
            // Of what was removed nobody knows when it happened.
            Said::Removed(entity, _) => (place.any_time(), *entity),
            Said::Evidence | Said::Unreadable => (place.times(), None),
        };
        let is_sound = !matches!(taken.said, Said::Unreadable);
        self.recorded.take(place.position, is_sound.then_some(place.at));
        self.last_at = is_sound.then_some(place.at);
        let id = place.id.as_uuid().as_u128();
        if created == Some(EntityKind::Channel) {
            self.channels.insert(place.position, id);
        }
        let created = created.map(|kind| (kind, id));
        match &taken.said {
            Said::Event(face) => {
                counted.extend(self.channels.counted(&face.counted));
                self.words.take(place.position, &face.words);
                self.events.push(times, common.chain(face.terms.iter().copied()), &counted, created)?;
            }
            Said::Removed(_, found_by) => {
                counted.push((Field::Redacted, term::mark(Field::Redacted)));
                let about: Vec<(Field, Term)> =
                    removed(&taken.streams).map(|term| (Field::About, term)).collect();
                counted.extend(self.channels.counted(&about));
                let about = about.iter().map(|(_, term)| *term);
                let terms = common.chain(about).chain(found_by.iter().copied());
                self.events.push(times, terms, &counted, created)?;
            }
            Said::Evidence => {
                let terms = common.chain([term::mark(Field::Bookkeeping)]);
                self.events.push(times, terms, &counted, None)?;
            }
            Said::Unreadable => {
                self.events.push(times, common.chain([term::mark(Field::Unreadable)]), &counted, None)?;
                self.incomplete = true;
            }
        }
        if let Some(asked) = &taken.asked {
            self.correct(place, asked)?;
        }
        let moves_registers = taken.registers || self.corrects_registers(taken);
        if self.takes_back_a_correction(taken) {
            let channels = self.channels.list().iter().map(|(_, id)| uuid::Uuid::from_u128(*id));
            let channels: Vec<EntityId> = channels.map(EntityId::from_uuid).collect();
            self.offers.touched(place.position, &channels);
        }
        self.offers.take(taken, is_unnamed, moves_registers);
        if taken.registers {
            self.registrations.push(place.position);
        }
        self.size += 1;
        Ok(())
    }

    /// Tells of an entry that is linked to another whether no other event names it yet.
    fn is_unnamed(&self, taken: &Taken) -> Result<bool, Damage> {
        let Some(Asked::Linked { source, entry, .. }) = &taken.asked else { return Ok(false) };
        let named = self.positions(term::entity(Field::Stream, *entry), *source, self.size)?;
        Ok(named.into_iter().all(|position| position <= *source))
    }

    /// Tells whether an event strikes a correction: what that had moved away stands again where it stood, and a line has
    /// a call again of which whoever looked at the line meanwhile read nothing.
    fn takes_back_a_correction(&self, taken: &Taken) -> bool {
        let Some(Asked::Retracted { target }) = taken.asked else { return false };
        self.correction_at(target).is_some()
    }

    /// Tells whether an event changes how an entry reads on which the registers rest.
    fn corrects_registers(&self, taken: &Taken) -> bool {
        let mut target = match taken.asked {
            Some(Asked::Amended { target, .. } | Asked::Retracted { target }) => target,
            Some(Asked::AmendedInVain { .. } | Asked::Linked { .. } | Asked::Redacted { .. }) | None => {
                return false;
            }
        };
        loop {
            if self.registrations.binary_search(&target).is_ok() {
                return true;
            }
            // A correction of a correction changes how the entry of that one reads.
            let Some(correction) = self.correction_at(target) else { return false };
            target = correction.target;
        }
    }

    fn correct(&mut self, place: Place, asked: &Asked) -> Result<(), Damage> {
        let (target, change) = match asked {
            // A correction has no other reading: it is taken back by a retraction.
            Asked::Amended { target, .. } | Asked::AmendedInVain { target }
                if self.correction_at(*target).is_some() =>
            {
                return Ok(());
            }
            Asked::Amended { target, face, .. } => {
                let reading = u32::try_from(self.readings.len()).unwrap_or(u32::MAX);
                self.words.take(place.position, &face.words);
                let counted: Vec<(Field, Term)> = self.channels.counted(&face.counted).collect();
                self.readings.push(face.times, face.terms.iter().copied(), &counted, None)?;
                self.reading_of.push((*target, place.position));
                (*target, Change::Amended(reading))
            }
            Asked::AmendedInVain { target } => (*target, Change::AmendedInVain),
            Asked::Retracted { target } => (*target, Change::Retracted),
            Asked::Linked { source, to, .. } => (*source, Change::Linked(*to)),
            Asked::Redacted { target, removal, foreseen } => {
                self.redact(*target, *removal, *foreseen);
                return Ok(());
            }
        };
        self.corrections.push(Correction { position: place.position, target, change });
        Ok(())
    }

    /// Remembers that the text of an event was removed.
    fn redact(&mut self, target: u32, removal: Removal, foreseen: bool) {
        if self.removals.insert(target, removal) && !foreseen {
            self.outdated = true;
        }
    }

    /// Returns the correction that stands at a position.
    pub(super) fn correction_at(&self, position: u32) -> Option<&Correction> {
        let place =
            self.corrections.binary_search_by_key(&position, |correction| correction.position).ok()?;
        self.corrections.get(place)
    }

    /// Returns the corrections that stand before `size`.
    pub(super) fn corrections_before(&self, size: u32) -> &[Correction] {
        let end = self.corrections.partition_point(|correction| correction.position < size);
        self.corrections.get(..end).unwrap_or_default()
    }

    /// Returns the positions on which the registers rest at `size`.
    pub(super) fn registrations_before(&self, size: u32) -> &[u32] {
        let end = self.registrations.partition_point(|position| *position < size);
        self.registrations.get(..end).unwrap_or_default()
    }

    /// Returns the positions of the entries on which the registers rest at `size`: a reading that registers makes its
    /// entry one that does.
    pub(super) fn registering_before(&self, size: u32) -> BTreeSet<u32> {
        let entry = |position: &u32| self.correction_at(*position).map_or(*position, |known| known.target);
        self.registrations_before(size).iter().map(entry).collect()
    }

    /// Returns the positions of the events that have a term, lowest first: those below `to`, and of those
    /// below `from` perhaps some.
    ///
    /// # Errors
    ///
    /// Returns [`Damage`] when the snapshot that holds them is damaged.
    pub(super) fn positions(&self, term: Term, from: u32, to: u32) -> Result<Vec<u32>, Damage> {
        let mut positions = Vec::new();
        let (first, _) = split(from);
        let segments = self.events.segments().enumerate().skip(first);
        for (number, segment) in segments.take_while(|(number, _)| join(*number, 0) < to) {
            if let Some(rows) = segment.rows(term)? {
                positions.extend(rows.into_list().into_iter().map(|row| join(number, row)));
            }
        }
        positions.truncate(positions.partition_point(|position| *position < to));
        Ok(positions)
    }

    /// Returns the entries of which one of the `current` readings has a term.
    ///
    /// # Errors
    ///
    /// As [`Index::positions`].
    pub(super) fn amended_with(&self, term: Term, current: &RoaringBitmap) -> Result<Vec<u32>, Damage> {
        let mut entries = Vec::new();
        for (number, segment) in self.readings.segments().enumerate() {
            let rows = segment.rows(term)?.map(Rows::into_list).unwrap_or_default();
            let readings = rows.into_iter().map(|row| join(number, row));
            let holding = readings.filter(|reading| current.contains(*reading));
            entries.extend(holding.filter_map(|reading| Some(self.reading_of.get(reading as usize)?.0)));
        }
        Ok(entries)
    }

    /// Returns the kind of the entity that the event at a position brought into being.
    ///
    /// # Errors
    ///
    /// As [`Index::positions`].
    pub(super) fn created_at(&self, position: u32) -> Result<Option<EntityKind>, Damage> {
        let (number, row) = split(position);
        let Some(segment) = self.events.segment(number) else { return Ok(None) };
        let created = segment.created()?;
        let found = created.binary_search_by_key(&row, |created| created.row).ok();
        Ok(found.and_then(|place| created.get(place)).map(|created| created.kind))
    }

    /// Returns the entities of a kind that came into being before `size`, in the order in which they did.
    ///
    /// # Errors
    ///
    /// As [`Index::positions`].
    pub(super) fn entities(&self, kind: EntityKind, size: u32) -> Result<Vec<(u32, EntityId)>, Damage> {
        let mut entities = Vec::new();
        for (number, segment) in
            self.events.segments().enumerate().take_while(|(number, _)| join(*number, 0) < size)
        {
            let created = segment.created()?.iter().filter(|created| created.kind == kind);
            entities.extend(created.map(|created| {
                (join(number, created.row), EntityId::from_uuid(uuid::Uuid::from_u128(created.id)))
            }));
        }
        entities.truncate(entities.partition_point(|(position, _)| *position < size));
        Ok(entities)
    }

    /// Returns the entities of a kind that the events at some positions brought into being, in the order of the log.
    ///
    /// # Errors
    ///
    /// As [`Index::positions`].
    pub(super) fn created_by(
        &self,
        positions: &RoaringBitmap,
        kind: EntityKind,
    ) -> Result<Vec<EntityId>, Damage> {
        let mut found = Vec::new();
        for (number, segment) in self.events.segments().enumerate() {
            let range = join(number, 0)..=join(number, u16::MAX);
            if positions.range_cardinality(range) == 0 {
                continue;
            }
            let created = segment.created()?.iter();
            let created = created
                .filter(|created| created.kind == kind && positions.contains(join(number, created.row)));
            found.extend(created.map(|created| EntityId::from_uuid(uuid::Uuid::from_u128(created.id))));
        }
        Ok(found)
    }

    /// Counts what is held.
    ///
    /// # Errors
    ///
    /// As [`Index::positions`].
    pub(super) fn counts(&self) -> Result<Counts, Damage> {
        let mut entities = 0;
        for segment in self.events.segments() {
            entities += segment.created()?.len() as u64;
        }
        Ok(Counts {
            events: u64::from(self.size),
            readings: self.readings.len() as u64,
            corrections: self.corrections.len() as u64,
            entities,
        })
    }
}

/// Returns what an entry is about whose text was removed: it stays with the entities that its record names.
fn removed(streams: &[EntityId]) -> impl Iterator<Item = Term> {
    streams.iter().map(|stream| term::entity(Field::About, *stream))
}
