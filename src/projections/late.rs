//! What was recorded long after it had happened, from the columns of the index.
//!
//! When a row was recorded stands in the log alone. It only grows from row to row, so that a sample of it
//! decides most rows; of the others the record is read.

use roaring::RoaringBitmap;

use crate::domain::id::ActorId;
use crate::domain::span::Span;
use crate::domain::timestamp::Timestamp;
use crate::domain::zone::Zone;
use crate::projections::bits::{Bits, ROWS};
use crate::projections::corrections::Standing;
use crate::projections::index::Index;
use crate::projections::lazy::Damage;
use crate::projections::search::choose;
use crate::projections::table::{Segment, join};
use crate::projections::term::{self, Field};
use crate::projections::timeline::{Choice, Cursor, Spot};

/// One row of so many is sampled; a multiple of 64, so that a word of a set lies between two samples.
pub(super) const SAMPLE: u32 = 256;

/// Which entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LateQuery {
    /// Longer than this from the last moment at which it can have happened to its recording. A day has 24 hours, a month
    /// is that of the calendar.
    pub lag: Span,
    /// By whose calendar.
    pub zone: Zone,
    /// Recorded by one of these.
    pub recorders: Choice<ActorId>,
    /// First recorded within these bounds, both included.
    pub recorded: Option<(Timestamp, Timestamp)>,
    /// Below this position: where the page before ended.
    pub before: Option<u64>,
    /// How many at most.
    pub limit: usize,
}

impl LateQuery {
    /// Returns the last moment, in microseconds, at which what happened `latest` is recorded in time.
    pub(super) fn due(&self, latest: i64) -> i64 {
        match Timestamp::from_micros(latest) {
            Ok(moment) if self.lag.is_of_months() => self.lag.after(moment, &self.zone).micros(),
            Ok(_) | Err(_) => latest.saturating_add(self.lag.micros()),
        }
    }
}

/// A page of entries, the last recorded first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LatePage {
    /// Where the entries stand.
    pub rows: Vec<crate::projections::timeline::Row>,
    /// Below which position the next page begins; none when this is the last.
    pub next: Option<u64>,
    /// How many entries all pages have together.
    pub total: u64,
}

/// What is late by the samples, and what only its record tells.
pub(super) struct Candidates {
    /// Late for certain, each with its spot.
    pub(super) certain: RoaringBitmap,
    /// Late or not.
    pub(super) perhaps: RoaringBitmap,
    /// The readings of entries that read otherwise than when they were recorded: the entry, its reading and
    /// its bounds.
    pub(super) readings: Vec<Spot>,
}

/// A search over the index.
pub(super) struct Late<'query> {
    pub(super) query: &'query LateQuery,
    /// The positions within the recorded bounds.
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) standing: &'query Standing,
    /// When every [`SAMPLE`]th row was recorded, and at last when the last was.
    pub(super) samples: &'query [i64],
}

impl Late<'_> {
    /// Finds what is late and what may be.
    ///
    /// # Errors
    ///
    /// Returns [`Damage`] when the snapshot that holds an answer is damaged.
    pub(super) fn candidates(&self, index: &Index) -> Result<Candidates, Damage> {
        let mut found =
            Candidates { certain: RoaringBitmap::new(), perhaps: RoaringBitmap::new(), readings: Vec::new() };
        for (number, segment) in index.events.segments().enumerate() {
            let mut bits = self.eligible(number, segment)?;
            for away in [&self.standing.struck, &self.standing.amended] {
                for position in away.range(join(number, 0)..=join(number, u16::MAX)) {
                    bits.remove(crate::projections::table::split(position).1);
                }
            }
            for row in bits.iter() {
                let position = join(number, row);
                match self.is_late(position, segment.times(row)?.1) {
                    Some(true) => {
                        found.certain.insert(position);
                    }
                    Some(false) => {}
                    None => {
                        found.perhaps.insert(position);
                    }
                }
            }
        }
        self.readings(index, &mut found)?;
        Ok(found)
    }

    fn eligible(&self, number: usize, segment: Segment<'_>) -> Result<Bits, Damage> {
        let base = number * ROWS;
        let place = |position: u32| (position as usize).saturating_sub(base).min(segment.len());
        let mut bits = Bits::range(place(self.from), place(self.to));
        if bits.is_empty() {
            return Ok(bits);
        }
        for mark in [Field::Unreadable, Field::Bookkeeping] {
            bits.drop_all(&segment.any(&[term::mark(mark)])?);
        }
        choose(&mut bits, &self.query.recorders, |actors| {
            segment.any(&actors.iter().map(|actor| term::recorder(*actor)).collect::<Vec<_>>())
        })?;
        Ok(bits)
    }

    /// Takes the readings that hold; whether they are late their record tells.
    fn readings(&self, index: &Index, found: &mut Candidates) -> Result<(), Damage> {
        for reading in &self.standing.current {
            let (number, row) = crate::projections::table::split(reading);
            let Some(segment) = index.readings.segment(number) else { continue };
            let Some((entry, amendment)) = index.reading_of.get(reading as usize).copied() else { continue };
            let (home, place) = crate::projections::table::split(entry);
            let Some(events) = index.events.segment(home).filter(|_| !self.standing.struck.contains(entry))
            else {
                continue;
            };
            let bookkeeping = segment.any(&[term::mark(Field::Bookkeeping)])?.contains(row);
            if !bookkeeping && (self.from..self.to).contains(&entry) && self.recorded_by(events, place)? {
                let (earliest, latest) = segment.times(row)?;
                if self.is_late(entry, latest) != Some(false) {
                    let key = Cursor { earliest, latest, position: entry };
                    found.readings.push(Spot { key, reading: amendment });
                }
            }
        }
        Ok(())
    }

    fn recorded_by(&self, events: Segment<'_>, place: u16) -> Result<bool, Damage> {
        let mut bits = Bits::none();
        bits.insert(place);
        choose(&mut bits, &self.query.recorders, |actors| {
            events.any(&actors.iter().map(|actor| term::recorder(*actor)).collect::<Vec<_>>())
        })?;
        Ok(bits.contains(place))
    }

    /// Tells whether a row was recorded late; none where the samples leave it open.
    fn is_late(&self, position: u32, latest: i64) -> Option<bool> {
        let due = self.query.due(latest);
        let sample = (position / SAMPLE) as usize;
        let at = |place: usize| self.samples.get(place).or(self.samples.last()).copied();
        if at(sample).is_some_and(|first| due < first) {
            return Some(true);
        }
        // Recorded at the next sample at the latest.
        if at(sample + 1).is_some_and(|next| due >= next) {
            return Some(false);
        }
        None
    }
}
