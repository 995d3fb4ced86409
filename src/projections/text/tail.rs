//! What is newer than the index, read once and kept ready to be searched.

use std::collections::VecDeque;

use crate::projections::text::gather::Gathered;
use crate::projections::text::matching::Prepared;

/// So many events are kept at most.
pub(super) const TAIL_EVENTS: u64 = 8_192;
/// So many words and signs are kept at most: at 24 bytes each, and their letters.
const TAIL_UNITS: usize = 1_000_000;

/// The texts of one record, ready to be searched.
#[derive(Debug, Default)]
pub(super) struct Ready {
    /// What the event itself says.
    pub(super) own: Option<Prepared>,
    /// What the entry that it amends says from then on.
    pub(super) reading: Option<Prepared>,
}

impl Ready {
    /// Makes texts ready.
    pub(super) fn of(gathered: &Gathered) -> Self {
        let ready = |passages: &Vec<_>| (!passages.is_empty()).then(|| Prepared::of(passages));
        Self { own: ready(&gathered.own), reading: ready(&gathered.reading) }
    }

    fn units(&self) -> usize {
        self.own.iter().chain(&self.reading).map(Prepared::units).sum()
    }
}

/// The texts of a stretch of the log.
#[derive(Debug, Default)]
pub(super) struct Tail {
    from: u64,
    records: VecDeque<Ready>,
    units: usize,
}

impl Tail {
    /// Begins at a position: what stands before it is in the index now.
    pub(super) fn begin(&mut self, from: u64) {
        while self.from < from
            && let Some(record) = self.records.pop_front()
        {
            self.units -= record.units();
            self.from += 1;
        }
        if self.from != from {
            *self = Self { from, ..Self::default() };
        }
    }

    /// Keeps nothing: it may be a text that is to be gone.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Returns the position of the first that is kept.
    pub(super) const fn from(&self) -> u64 {
        self.from
    }

    /// Returns the position after the last that is kept.
    pub(super) fn end(&self) -> u64 {
        self.from + self.records.len() as u64
    }

    /// Tells whether there is room for more.
    pub(super) fn has_room(&self) -> bool {
        self.units < TAIL_UNITS && (self.records.len() as u64) < TAIL_EVENTS
    }

    /// Keeps the record that stands at the end.
    pub(super) fn push(&mut self, record: Ready) {
        self.units += record.units();
        self.records.push_back(record);
    }

    /// Returns the records that are kept, with their positions.
    pub(super) fn records(&self) -> impl Iterator<Item = (u64, &Ready)> {
        (self.from..).zip(&self.records)
    }
}
