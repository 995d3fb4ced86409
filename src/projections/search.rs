//! Answers a timeline query from the index.

mod all;

use std::collections::{BTreeMap, BinaryHeap};

use crate::domain::id::EntityId;
use crate::projections::bits::{Bits, ROWS};
use crate::projections::corrections::Standing;
use crate::projections::index::Index;
use crate::projections::lazy::Damage;
use crate::projections::segment::{Extent, Times};
use crate::projections::table::{Segment, join, split};
use crate::projections::term::{self, Field, Term};
use crate::projections::timeline::{By, Certainty, Cursor, Direction, Struck, TimelineQuery};

/// A question with everything that must be known to answer it from the index alone.
pub(super) struct Search<'query> {
    /// What is asked.
    pub(super) query: &'query TimelineQuery,
    /// Positions below this are known.
    pub(super) size: u32,
    /// What holds there.
    pub(super) standing: &'query Standing,
    /// The positions that were recorded within the bounds asked for.
    pub(super) recorded: (u32, u32),
    /// Of the entries whose links were changed, whether they are about what is asked for.
    pub(super) relinked: BTreeMap<u32, bool>,
    /// The same for the channels asked for.
    pub(super) relinked_channels: BTreeMap<u32, bool>,
}

/// An entry that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Found {
    // First, because it orders: the key, turned round for a descending order.
    rank: (i64, i64, u32),
    /// The place of the entry in time and in the log.
    pub(super) key: Cursor,
    /// Where its reading stands.
    pub(super) reading: u32,
}

/// The best of what was found.
pub(super) struct Finding {
    /// In the order asked for, one more than asked for if there are more.
    pub(super) found: Vec<Found>,
    /// How many there are on all pages.
    pub(super) total: u64,
}

impl Search<'_> {
    /// Looks everything up.
    ///
    /// # Errors
    ///
    /// Returns [`Damage`] when the snapshot that holds an answer is damaged.
    pub(super) fn run(&self, index: &Index) -> Result<Finding, Damage> {
        let mut best = Best::of(self.query);
        let mut total = 0;
        let mut segments = Vec::new();
        for (number, segment) in index.events.segments().enumerate() {
            let mut bits = self.eligible(number, segment)?;
            if bits.is_empty() || self.query.amended_only {
                continue;
            }
            drop_range(&mut bits, &self.standing.amended, number);
            self.keep_content(&mut bits, segment, |channels| {
                let relinked = if channels { &self.relinked_channels } else { &self.relinked };
                let rows = relinked.range(join(number, 0)..=join(number, u16::MAX));
                rows.map(|(entry, about)| (split(*entry).1, *about)).collect()
            })?;
            if !bits.is_empty() {
                total += bits.count() as u64;
                segments.push((number, segment, bits));
            }
        }
        total += self.offer_readings(index, &mut best)?;
        best.offer_segments(&segments)?;
        Ok(Finding { found: best.into_sorted(), total })
    }

    /// Returns the rows of a segment that may be shown at all: known, visible, of the recorders and the
    /// recorded times asked for, struck or not as asked for.
    fn eligible(&self, number: usize, segment: Segment<'_>) -> Result<Bits, Damage> {
        let base = number * ROWS;
        let place = |position: u32| (position as usize).saturating_sub(base).min(ROWS);
        let (from, to) = self.recorded;
        let mut bits = Bits::range(place(from), place(to.min(self.size)).min(segment.len()));
        if bits.is_empty() {
            return Ok(bits);
        }
        bits.drop_all(&segment.any(&[term::mark(Field::Unreadable)])?);
        if !self.query.recorders.is_empty() {
            let terms: Vec<Term> = self.query.recorders.iter().map(|actor| term::recorder(*actor)).collect();
            bits.keep(&segment.any(&terms)?);
        }
        if self.query.redacted_only {
            bits.keep(&segment.any(&[term::mark(Field::Redacted)])?);
        }
        for positions in self.query.visible.iter().chain(&self.query.among) {
            bits.keep(&range_of(positions, number));
        }
        match self.query.struck {
            Struck::Hide => drop_range(&mut bits, &self.standing.struck, number),
            Struck::Only => bits.keep(&range_of(&self.standing.struck, number)),
            Struck::Show => {}
        }
        Ok(bits)
    }

    /// Keeps the rows whose content is asked for.
    ///
    /// `relinked` gives the rows whose links were changed and whether they are about what is asked for,
    /// among the channels (`true`) or among the entities.
    fn keep_content(
        &self,
        bits: &mut Bits,
        segment: Segment<'_>,
        relinked: impl Fn(bool) -> Vec<(u16, bool)>,
    ) -> Result<(), Damage> {
        let query = self.query;
        let about = |ids: &[EntityId], channels: bool| -> Result<Bits, Damage> {
            let mut about = segment.any(&terms(&[Field::About, Field::Linked], ids))?;
            for (row, is_about) in relinked(channels) {
                if is_about { about.insert(row) } else { about.remove(row) }
            }
            Ok(about)
        };
        if !query.bookkeeping {
            bits.drop_all(&segment.any(&[term::mark(Field::Bookkeeping)])?);
        }
        if let Some(kinds) = &query.kinds {
            bits.keep(&segment.any(&kinds.iter().map(|kind| term::kind(*kind)).collect::<Vec<_>>())?);
        }
        if !query.channels.is_empty() {
            let mut channels = about(&query.channels, true)?;
            channels.add(&segment.any(&terms(&[Field::Via], &query.channels))?);
            bits.keep(&channels);
        }
        if !query.about.is_empty() {
            bits.keep(&about(&query.about, false)?);
        }
        for (fields, ids) in [
            (&[Field::Via][..], &query.via),
            (&[Field::From], &query.from_party),
            (&[Field::To], &query.to_party),
            (&[Field::From, Field::To], &query.party),
        ] {
            if !ids.is_empty() {
                bits.keep(&segment.any(&terms(fields, ids))?);
            }
        }
        if let Some((one, other)) = &query.between {
            let way = |from: &[EntityId], to: &[EntityId]| -> Result<Bits, Damage> {
                let mut way = segment.any(&terms(&[Field::From], from))?;
                way.keep(&segment.any(&terms(&[Field::To], to))?);
                Ok(way)
            };
            let mut either = way(one, other)?;
            either.add(&way(other, one)?);
            bits.keep(&either);
        }
        self.keep_occurred(bits, segment)
    }

    fn keep_occurred(&self, bits: &mut Bits, segment: Segment<'_>) -> Result<(), Damage> {
        let Some((from, to)) = self.query.occurred else { return Ok(()) };
        let (from, to) = (from.micros(), to.micros());
        let extent = segment.extent();
        if extent.earliest_min > to || extent.latest_max < from {
            *bits = Bits::none();
        }
        if bits.is_empty() {
            return Ok(());
        }
        // Rows are compared by the word, without a branch for each: most questions leave many of them.
        let certainly = self.query.certainty == Certainty::Certainly;
        let within = |earliest: i64, latest: i64| {
            let (last, first) = if certainly { (latest, earliest) } else { (earliest, latest) };
            u8::from(last <= to) & u8::from(from <= first) == 1
        };
        let places = |number: usize, len: usize| number * 64..(number * 64 + 64).min(len);
        match segment {
            Segment::Sealed(sealed) => {
                let times = sealed.times()?;
                bits.mask(|number| {
                    let places = places(number, times.earliest.len());
                    let earliest = times.earliest.get(places.clone()).unwrap_or_default();
                    let latest = times.latest.get(places).unwrap_or_default();
                    word_of(earliest.iter().zip(latest).map(|(earliest, latest)| within(*earliest, *latest)))
                });
            }
            Segment::Growing(growing) => bits.mask(|number| {
                let rows = growing.times.get(places(number, growing.times.len())).unwrap_or_default();
                word_of(rows.iter().map(|(earliest, latest)| within(*earliest, *latest)))
            }),
        }
        Ok(())
    }

    /// Offers the entries that read otherwise than when they were recorded, and returns how many match.
    fn offer_readings(&self, index: &Index, best: &mut Best) -> Result<u64, Damage> {
        let mut total = 0;
        let mut eligible: BTreeMap<usize, Bits> = BTreeMap::new();
        for (number, segment) in index.readings.segments().enumerate() {
            let mut bits = range_of(&self.standing.current, number);
            let entry_of =
                |row: u16| index.reading_of.get(join(number, row) as usize).copied().unwrap_or_default();
            let current: Vec<u16> = bits.iter().collect();
            self.keep_content(&mut bits, segment, |channels| {
                let relinked = if channels { &self.relinked_channels } else { &self.relinked };
                let about = |row: &u16| relinked.get(&entry_of(*row).0).map(|about| (*row, *about));
                if relinked.is_empty() { Vec::new() } else { current.iter().filter_map(about).collect() }
            })?;
            for row in bits.iter() {
                let (entry, reading) = entry_of(row);
                let (home, place) = split(entry);
                if let (false, Some(segment)) = (eligible.contains_key(&home), index.events.segment(home)) {
                    eligible.insert(home, self.eligible(home, segment)?);
                }
                if eligible.get(&home).is_some_and(|may| may.contains(place)) {
                    total += 1;
                    let (earliest, latest) = segment.times(row)?;
                    best.offer(Cursor { earliest, latest, position: entry }, reading);
                }
            }
        }
        Ok(total)
    }
}

/// Returns the word whose bits say which of up to 64 rows hold.
fn word_of(rows: impl Iterator<Item = bool>) -> u64 {
    rows.enumerate().fold(0, |word, (row, holds)| word | u64::from(holds) << row)
}

/// Returns the terms of entities in any of these roles.
fn terms(fields: &[Field], ids: &[EntityId]) -> Vec<Term> {
    fields.iter().flat_map(|field| ids.iter().map(|id| term::entity(*field, *id))).collect()
}

/// Returns the rows of a segment that a set of positions has.
fn range_of(positions: &roaring::RoaringBitmap, number: usize) -> Bits {
    let range = join(number, 0)..=join(number, u16::MAX);
    if positions.range_cardinality(range.clone()) == ROWS as u64 {
        return Bits::range(0, ROWS);
    }
    let mut bits = Bits::none();
    for position in positions.range(range) {
        bits.insert(split(position).1);
    }
    bits
}

fn drop_range(bits: &mut Bits, positions: &roaring::RoaringBitmap, number: usize) {
    for position in positions.range(join(number, 0)..=join(number, u16::MAX)) {
        bits.remove(split(position).1);
    }
}

/// The first so many of what is offered, after a cursor.
struct Best {
    by: By,
    direction: Direction,
    after: Option<(i64, i64, u32)>,
    room: usize,
    heap: BinaryHeap<Found>,
}

/// From so many matching rows on it is quicker to walk a segment in its order than to look at each.
const DENSE: usize = 2_048;

impl Best {
    fn of(query: &TimelineQuery) -> Self {
        let mut best = Self {
            by: query.order.by,
            direction: query.order.direction,
            after: None,
            // One more tells whether there is another page.
            room: query.limit.saturating_add(1),
            heap: BinaryHeap::new(),
        };
        best.after = query.after.map(|after| best.rank(after));
        best
    }

    fn rank(&self, key: Cursor) -> (i64, i64, u32) {
        let (earliest, latest) = match self.by {
            By::Occurred => (key.earliest, key.latest),
            By::Recorded => (0, 0),
        };
        match self.direction {
            Direction::Ascending => (earliest, latest, key.position),
            Direction::Descending => (!earliest, !latest, !key.position),
        }
    }

    /// Tells whether anything at or after `rank` can still be among the first.
    fn is_open(&self, rank: (i64, i64, u32)) -> bool {
        self.heap.len() < self.room || self.heap.peek().is_some_and(|worst| rank < worst.rank)
    }

    fn offer(&mut self, key: Cursor, reading: u32) {
        let rank = self.rank(key);
        if self.after.is_some_and(|after| rank <= after) || !self.is_open(rank) {
            return;
        }
        self.heap.push(Found { rank, key, reading });
        if self.heap.len() > self.room {
            self.heap.pop();
        }
    }

    /// Offers rows of segments, those first that can hold the best, until no other can.
    fn offer_segments(&mut self, segments: &[(usize, Segment<'_>, Bits)]) -> Result<(), Damage> {
        let mut ordered: Vec<_> = segments
            .iter()
            .map(|(number, segment, bits)| (self.bounds(*number, segment.extent()), *number, *segment, bits))
            .collect();
        ordered.sort_by_key(|((best, _), number, _, _)| (*best, *number));
        for ((best, worst), number, segment, bits) in ordered {
            if !self.is_open(best) {
                return Ok(());
            }
            if self.after.is_some_and(|after| worst <= after) {
                continue;
            }
            match segment {
                Segment::Sealed(sealed) if self.by == By::Occurred && bits.count() > DENSE => {
                    self.walk(number, sealed.times()?, bits);
                }
                Segment::Sealed(_) | Segment::Growing(_) => {
                    for row in bits.iter() {
                        let (earliest, latest) = segment.times(row)?;
                        let position = join(number, row);
                        self.offer(Cursor { earliest, latest, position }, position);
                    }
                }
            }
        }
        Ok(())
    }

    /// Returns ranks between which all rows of a segment lie.
    fn bounds(&self, number: usize, extent: Extent) -> ((i64, i64, u32), (i64, i64, u32)) {
        let low = Cursor { earliest: extent.earliest_min, latest: i64::MIN, position: join(number, 0) };
        let high =
            Cursor { earliest: extent.earliest_max, latest: i64::MAX, position: join(number, u16::MAX) };
        match self.direction {
            Direction::Ascending => (self.rank(low), self.rank(high)),
            Direction::Descending => (self.rank(high), self.rank(low)),
        }
    }

    /// Offers the rows of a segment in its order, until no more can be among the first.
    fn walk(&mut self, number: usize, times: &Times, bits: &Bits) {
        let key = |row: u16| {
            let (earliest, latest) = times.at(row);
            Cursor { earliest, latest, position: join(number, row) }
        };
        let after = self.after;
        let ascending = self.direction == Direction::Ascending;
        let passed = |row: &u16| after.is_some_and(|after| self.rank(key(*row)) <= after) == ascending;
        let start = times.order.partition_point(|row| if after.is_some() { passed(row) } else { !ascending });
        let (before, behind) = times.order.split_at_checked(start).unwrap_or_default();
        let rows: Box<dyn Iterator<Item = &u16>> =
            if ascending { Box::new(behind.iter()) } else { Box::new(before.iter().rev()) };
        for row in rows.filter(|row| bits.contains(**row)) {
            let key = key(*row);
            if !self.is_open(self.rank(key)) {
                return;
            }
            self.offer(key, key.position);
        }
    }

    fn into_sorted(self) -> Vec<Found> {
        self.heap.into_sorted_vec()
    }
}
