//! Parts of a history, for whoever keeps what the rest of it comes to.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::id::EntityId;
use crate::domain::reading::RawEvent;
use crate::projections::bits::Bits;
use crate::projections::error::ProjectionError;
use crate::projections::table::split;
use crate::projections::term::{self, Field};
use crate::projections::view::View;

impl View {
    /// Tells whether events are taken as recorded that are not.
    pub fn is_ahead(&self) -> bool {
        self.ahead.is_some()
    }

    /// Returns the positions of the events of a history that stand at `from` or later, among others perhaps.
    ///
    /// # Errors
    ///
    /// As [`View::history`].
    pub fn history_positions(&self, id: EntityId, from: u64) -> Result<Vec<u64>, ProjectionError> {
        let Ok(from) = u32::try_from(from) else { return Ok(Vec::new()) };
        let term = term::entity(Field::Stream, id);
        let positions = self.shared.with_index(|index| index.positions(term, from, self.size))?;
        Ok(positions.into_iter().filter(|position| *position >= from).map(u64::from).collect())
    }

    /// Returns those of the events at some positions whose records name the entity.
    ///
    /// # Errors
    ///
    /// As [`View::history`].
    pub fn named_at(&self, id: EntityId, positions: &[u64]) -> Result<Vec<RawEvent>, ProjectionError> {
        let mut events = Vec::with_capacity(positions.len());
        for row in positions.iter().filter_map(|position| u32::try_from(*position).ok()) {
            let Some(recorded) = self.read_if_sound(row)? else { continue };
            if recorded.streams.iter().any(|(stream, _)| *stream == id) {
                events.push(self.raw(&recorded)?);
            }
        }
        Ok(events)
    }

    /// Tells whether corrections that stand at `from` or later correct, of a history, only what is among
    /// `these` positions, and stand there themselves.
    ///
    /// # Errors
    ///
    /// As [`View::history`].
    pub fn corrects_only(
        &self,
        id: EntityId,
        from: u64,
        these: &BTreeSet<u64>,
    ) -> Result<bool, ProjectionError> {
        let term = term::entity(Field::Stream, id);
        self.shared.with_index(|index| {
            let corrections = index.corrections_before(self.size);
            let first = corrections.partition_point(|known| u64::from(known.position) < from);
            // Corrections are of recent entries mostly: of few segments.
            let mut naming: BTreeMap<usize, Bits> = BTreeMap::new();
            for known in corrections.get(first..).unwrap_or_default() {
                let is_here = these.contains(&u64::from(known.target));
                if is_here && these.contains(&u64::from(known.position)) {
                    continue;
                }
                let (number, row) = split(known.target);
                if let (false, Some(segment)) = (naming.contains_key(&number), index.events.segment(number)) {
                    naming.insert(number, segment.any(&[term])?);
                }
                if is_here || naming.get(&number).is_some_and(|rows| rows.contains(row)) {
                    return Ok(false);
                }
            }
            Ok(true)
        })
    }
}
