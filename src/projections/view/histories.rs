//! Parts of a history, for whoever keeps what the rest of it comes to.

use std::collections::{BTreeSet, HashSet};

use crate::domain::id::EntityId;
use crate::domain::reading::RawEvent;
use crate::projections::corrections::Change;
use crate::projections::error::ProjectionError;
use crate::projections::table::split;
use crate::projections::term::{self, Field};
use crate::projections::view::View;
use crate::store::Health;

/// What was recorded from some position on that bears on a history.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Since {
    /// The positions of what names the entity, lowest first, among others perhaps.
    pub named: Vec<u64>,
    /// The positions of the corrections of what belongs to the history.
    pub corrections: BTreeSet<u64>,
    /// The positions of the entries that these correct, themselves or by way of another correction.
    pub corrected: BTreeSet<u64>,
}

impl View {
    /// Returns the same log as known at another size, or as far as it was taken in.
    #[must_use]
    pub fn known_at(&self, size: u64) -> Self {
        let taken = self.shared.look(|index| index.size);
        Self { size: u32::try_from(size).unwrap_or(u32::MAX).min(taken), ..self.clone() }
    }

    /// Tells whether events are taken as recorded that are not.
    pub fn is_ahead(&self) -> bool {
        self.ahead.is_some()
    }

    /// Has the records in some rows fetched from the disk at once, which are read next.
    pub(super) fn prefetch(&self, rows: impl Iterator<Item = u32>) {
        self.shared.store.prefetch(&rows.map(u64::from).collect::<Vec<_>>());
    }

    /// Returns the events at some positions, without those that are not known here or cannot be read.
    ///
    /// # Errors
    ///
    /// As [`View::history`].
    pub fn events_at(&self, positions: &[u64]) -> Result<Vec<RawEvent>, ProjectionError> {
        let mut events = Vec::with_capacity(positions.len());
        self.shared.store.prefetch(positions);
        for row in positions.iter().filter_map(|position| u32::try_from(*position).ok()) {
            if row < self.size
                && let Some(recorded) = self.read_if_sound(row)?
            {
                events.push(self.raw(&recorded)?);
            }
        }
        Ok(events)
    }

    /// Returns those of the positions whose entries read otherwise than they were recorded: struck, amended, or
    /// with other links.
    ///
    /// # Errors
    ///
    /// As [`View::history`].
    pub fn read_otherwise(&self, positions: &[u64]) -> Result<HashSet<u64>, ProjectionError> {
        let standing = self.standing(None)?;
        let otherwise = |position: &u64| {
            u32::try_from(*position).is_ok_and(|row| {
                standing.struck.contains(row)
                    || standing.amendments.contains_key(&row)
                    || standing.links.contains_key(&row)
            })
        };
        Ok(positions.iter().copied().filter(otherwise).collect())
    }

    /// Returns those of the positions whose entries were corrected, also where no correction holds any longer.
    ///
    /// # Errors
    ///
    /// As [`View::history`].
    pub fn corrected(&self, positions: &[u64]) -> Result<HashSet<u64>, ProjectionError> {
        let standing = self.standing(None)?;
        let is_corrected =
            |position: &u64| u32::try_from(*position).is_ok_and(|row| standing.corrected.contains(row));
        Ok(positions.iter().copied().filter(is_corrected).collect())
    }

    /// Returns where the entries of a history stand, and perhaps others, in the order of the earliest moment that any
    /// reading of them ever had; what corrects an entry is left out. None where there are no more than `few`. No record is read
    /// for it.
    ///
    /// # Errors
    ///
    /// As [`View::history`].
    pub fn entries_in_time(&self, id: EntityId, few: usize) -> Result<Option<Vec<u64>>, ProjectionError> {
        // What is named so seldom, at any size, is named no oftener here; of a damaged log only the index tells.
        let named = self.shared.store.stream(id).map_or(0, |(revision, _)| revision.saturating_add(1));
        let is_sound = !matches!(self.shared.store.health(), Health::Damaged(_));
        if is_sound && named <= few as u64 {
            return Ok(None);
        }
        let term = term::entity(Field::Stream, id);
        self.shared.with_index(|index| {
            let entry_of = |mut position: u32| {
                while let Some(correction) = index.correction_at(position) {
                    position = correction.target;
                }
                position
            };
            let mut entries = index.positions(term, 0, self.size)?;
            for position in &mut entries {
                *position = entry_of(*position);
            }
            entries.sort_unstable();
            entries.dedup();
            if entries.len() <= few {
                return Ok(None);
            }
            let mut timed: Vec<(i64, u32)> = Vec::with_capacity(entries.len());
            for position in &entries {
                let (number, row) = split(*position);
                let moments = index.events.segment(number).map(|segment| segment.times(row)).transpose()?;
                timed.push((moments.map_or(i64::MIN, |(earliest, _)| earliest), *position));
            }
            for correction in index.corrections_before(self.size) {
                let Change::Amended(reading) = correction.change else { continue };
                let Ok(place) = entries.binary_search(&entry_of(correction.target)) else { continue };
                let (number, row) = split(reading);
                let moments = index.readings.segment(number).map(|segment| segment.times(row)).transpose()?;
                if let (Some((earliest, _)), Some(known)) = (moments, timed.get_mut(place)) {
                    known.0 = known.0.min(earliest);
                }
            }
            timed.sort_unstable();
            Ok(Some(timed.into_iter().map(|(_, position)| u64::from(position)).collect()))
        })
    }

    /// Returns what stands at `from` or later and bears on the history of an entity of which `is_member` tells
    /// the positions before; none where a correction may bring in what did not belong to it.
    ///
    /// # Errors
    ///
    /// As [`View::history`].
    pub fn since(
        &self,
        id: EntityId,
        from: u64,
        is_member: impl Fn(u64) -> bool,
    ) -> Result<Option<Since>, ProjectionError> {
        let Ok(from) = u32::try_from(from) else { return Ok(Some(Since::default())) };
        let term = term::entity(Field::Stream, id);
        self.shared.with_index(|index| {
            let named =
                index.positions(term, from, self.size)?.into_iter().filter(|position| *position >= from);
            let named: Vec<u64> = named.map(u64::from).collect();
            let mut since = Since { named, ..Since::default() };
            let corrections = index.corrections_before(self.size);
            let first = corrections.partition_point(|known| known.position < from);
            for known in corrections.get(first..).unwrap_or_default() {
                let (position, target) = (u64::from(known.position), u64::from(known.target));
                let is_named = |position: &u64| since.named.binary_search(position).is_ok();
                if is_member(target) || is_named(&target) || since.corrections.contains(&target) {
                    let mut entry = known.target;
                    while let Some(correction) = index.correction_at(entry) {
                        entry = correction.target;
                    }
                    since.corrections.insert(position);
                    since.corrected.insert(u64::from(entry));
                } else if is_named(&position) {
                    return Ok(None);
                }
            }
            Ok(Some(since))
        })
    }
}
