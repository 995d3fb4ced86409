//! The first so many of what was found, in the order asked for.

use std::collections::BinaryHeap;

use crate::projections::bits::{Bits, LIST_MAX};
use crate::projections::lazy::Damage;
use crate::projections::search::Found;
use crate::projections::segment::{Extent, Times};
use crate::projections::table::{Segment, join};
use crate::projections::timeline::{By, Cursor, Direction, TimelineQuery};

/// The first so many of what is offered, after a cursor.
pub(super) struct Best {
    by: By,
    direction: Direction,
    after: Option<(i64, i64, u32)>,
    room: usize,
    heap: BinaryHeap<Found>,
}

/// From so many matching rows on it is quicker to walk a segment in its order than to look at each: they are no list.
const DENSE: usize = LIST_MAX;

impl Best {
    /// Returns the place for what a question asks for.
    pub(super) fn of(query: &TimelineQuery) -> Self {
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

    /// Offers an entry whose reading stands at a position.
    pub(super) fn offer(&mut self, key: Cursor, reading: u32) {
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
    ///
    /// # Errors
    ///
    /// Returns [`Damage`] when the snapshot that holds an answer is damaged.
    pub(super) fn offer_segments(&mut self, segments: &[(usize, Segment<'_>, Bits)]) -> Result<(), Damage> {
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
                    let moments = segment.moments()?;
                    for row in bits.iter() {
                        let (earliest, latest) = moments.at(row);
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

    /// Returns what was found, in order.
    pub(super) fn into_sorted(self) -> Vec<Found> {
        self.heap.into_sorted_vec()
    }
}
