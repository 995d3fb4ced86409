//! The newest entries that meet a condition, found from the end of the index and not by a scan of it.
//!
//! A segment is looked at only while it can hold something newer than what was found, so that an answer
//! costs about as much in a log of ten million events as in a short one.

mod meeting;
mod named;

use std::sync::PoisonError;

use crate::projections::bits::{Bits, LIST_MAX, ROWS};
use crate::projections::corrections::Standing;
use crate::projections::index::Index;
use crate::projections::lazy::Damage;
use crate::projections::newest::meeting::meeting;
use crate::projections::newest::named::Named;
use crate::projections::table::{Segment, join};
use crate::projections::term::{self, Field};
use crate::projections::timeline::{Cursor, Spot};
use crate::projections::together;

pub use meeting::Test;
pub(super) use meeting::terms;

/// A sort of entries, of which the newest are sought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sought {
    /// What an entry of this sort meets.
    pub test: Test,
    /// Only those newer than this place: what is older is not worth a look to whoever knows what stands there.
    pub newer_than: Option<Cursor>,
    /// Only what can have happened then or later, in microseconds, beside what the query says of all sorts.
    pub since: i64,
}

impl From<Test> for Sought {
    fn from(test: Test) -> Self {
        Self { test, newer_than: None, since: i64::MIN }
    }
}

impl Sought {
    /// Tells whether what happened then is older than what is sought, whatever its position.
    fn is_older(&self, moments: (i64, i64)) -> bool {
        self.newer_than.is_some_and(|known| moments < known.moments())
    }

    fn wants(&self, key: Cursor) -> bool {
        self.newer_than.is_none_or(|known| key > known)
    }
}

/// Which entries are searched, and how many of each sort are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewestQuery {
    /// What all must meet.
    pub base: Test,
    /// What is sought: of each the newest are returned.
    pub sought: Vec<Sought>,
    /// Only what can have happened then or later, in microseconds.
    pub since: i64,
    /// Only what can have happened by then, in microseconds.
    pub until: i64,
    /// How many of each sort.
    pub most: usize,
}

/// Where so many sorts are sought, it is asked first in which segments they can be.
const SORTS_MIN: usize = if cfg!(test) { 1 } else { 32 };
/// Up to so many segments are looked at without asking in between whether another look is needed.
const AT_ONCE: usize = 64;

/// A search over the index at a size.
pub(super) struct Newest<'query> {
    /// What is asked.
    pub(super) query: &'query NewestQuery,
    /// Positions below this are known.
    pub(super) size: u32,
    /// What holds there.
    pub(super) standing: &'query Standing,
}

/// What decides between rows of the same moments.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rank {
    /// The rows themselves, by which they are in order.
    OfRows,
    /// The entries of which they are readings, amended in any order.
    OfEntries,
}

/// A segment that is to be looked at.
struct Look<'index> {
    // Nothing in it is newer.
    newest: i64,
    rank: Rank,
    number: usize,
    segment: Segment<'index>,
    // What can be in it.
    sorts: Vec<usize>,
}

impl Newest<'_> {
    /// Returns the newest of each sort, newest first: by the earliest moment at which it can have happened,
    /// then the latest, then the position.
    ///
    /// # Errors
    ///
    /// Returns [`Damage`] when the snapshot that holds an answer is damaged.
    pub(super) fn run(&self, index: &Index) -> Result<Vec<Vec<Spot>>, Damage> {
        let looks = self.looks(index)?;
        let mut found: Vec<Vec<Spot>> = vec![Vec::new(); self.query.sought.len()];
        let (mut rest, mut next) = (looks.as_slice(), 1);
        while let Some(first) = rest.first() {
            let sorts = self.query.sought.iter().zip(&found);
            let open: Vec<bool> = sorts.map(|(sort, hits)| self.is_open(sort, hits, first.newest)).collect();
            if !open.contains(&true) {
                break;
            }
            // The first few often have all that is sought; where they have not, most do not.
            let (these, later) = rest.split_at(rest.len().min(next));
            let look = |look: &Look<'_>| {
                let sorts = self.open_sorts(look, &open, &found);
                match look.rank {
                    _ if sorts.is_empty() => Ok(Vec::new()),
                    Rank::OfRows => self.of_entries(look, &sorts),
                    Rank::OfEntries => self.of_readings(index, look, sorts),
                }
            };
            for hits in together::each(these, look) {
                self.merge(&mut found, hits?);
            }
            (rest, next) = (later, (next * 4).min(AT_ONCE));
        }
        Ok(found)
    }

    /// Returns the segments in which something can be that is sought, those first that have the newest.
    fn looks<'index>(&self, index: &'index Index) -> Result<Vec<Look<'index>>, Damage> {
        let events = index.events.segments().zip(self.within(index)?).enumerate();
        let events = events.map(|(number, (segment, sorts))| (Rank::OfRows, number, segment, sorts));
        // Of the readings that hold it is told below what they name.
        let readings = index.readings.segments().enumerate();
        let readings = readings.filter(|(number, _)| self.standing.holding_rows.contains_key(number));
        let readings =
            readings.map(|(number, segment)| (Rank::OfEntries, number, segment, self.every_sort()));
        let looks = events.chain(readings).filter_map(|(rank, number, segment, sorts)| {
            let extent = segment.extent();
            let is_then = extent.earliest_min <= self.query.until && extent.latest_max >= self.query.since;
            let newest = extent.earliest_max.min(self.query.until);
            (is_then && !sorts.is_empty()).then_some(Look { newest, rank, number, segment, sorts })
        });
        let mut looks: Vec<Look<'index>> = looks.collect();
        looks.sort_by_key(|look| std::cmp::Reverse((look.newest, look.rank == Rank::OfRows, look.number)));
        Ok(looks)
    }

    fn every_sort(&self) -> Vec<usize> {
        (0..self.query.sought.len()).collect()
    }

    /// Returns of each segment of the events which sorts can be in it.
    fn within(&self, index: &Index) -> Result<Vec<Vec<usize>>, Damage> {
        let (sought, count) = (&self.query.sought, index.events.segments().count());
        if sought.len() < SORTS_MIN {
            return Ok(vec![self.every_sort(); count]);
        }
        let mut crossings = index.crossings.lock().unwrap_or_else(PoisonError::into_inner);
        crossings.take(&index.events)?;
        let ask = crossings.ask(&self.query.base, &index.channels);
        let mut sorts: Vec<Vec<usize>> = vec![Vec::new(); count];
        for (sort, within) in together::each(sought, |sought| ask.within(&sought.test)).iter().enumerate() {
            for number in within.numbers(count) {
                sorts.get_mut(number).into_iter().for_each(|sorts| sorts.push(sort));
            }
        }
        Ok(sorts)
    }

    /// Returns the sorts of which a segment can hold something newer than what was found.
    fn open_sorts(&self, look: &Look<'_>, open: &[bool], found: &[Vec<Spot>]) -> Vec<usize> {
        let is_open = |sort: &usize| {
            let known = self.query.sought.get(*sort).zip(found.get(*sort));
            open.get(*sort) == Some(&true)
                && known.is_some_and(|(sort, hits)| self.is_open(sort, hits, look.newest))
        };
        look.sorts.iter().copied().filter(is_open).collect()
    }

    /// Tells whether a segment of which nothing is newer than that can add to what was found of a sort.
    fn is_open(&self, sort: &Sought, hits: &[Spot], newest: i64) -> bool {
        sort.newer_than.is_none_or(|known| known.earliest <= newest)
            && (hits.len() < self.query.most || hits.last().is_some_and(|last| last.key.earliest <= newest))
    }

    /// Adds the newest of some sorts to what was found of each.
    fn merge(&self, found: &mut [Vec<Spot>], hits: Vec<(usize, Vec<Spot>)>) {
        for (sort, hits) in hits {
            let Some(found) = found.get_mut(sort) else { continue };
            for hit in hits {
                let newer = found.partition_point(|known| known.key >= hit.key);
                if newer < self.query.most {
                    found.insert(newer, hit);
                    found.truncate(self.query.most);
                }
            }
        }
    }

    /// Finds among those entries of a segment that read as when they were recorded, of some sorts.
    fn of_entries(&self, look: &Look<'_>, sorts: &[usize]) -> Result<Vec<(usize, Vec<Spot>)>, Damage> {
        let Look { number, segment, rank, .. } = *look;
        let base = self.base(number, segment)?;
        let place = |row: u16| (join(number, row), join(number, row));
        let links = self.standing.relinked_rows.get(&number);
        self.newest_of(sorts, (segment, &base), links, rank, place)
    }

    /// Returns the newest of each of some sorts among rows of a segment.
    fn newest_of(
        &self,
        sorts: &[usize],
        (segment, base): (Segment<'_>, &Bits),
        links: Option<&Bits>,
        rank: Rank,
        place: impl Fn(u16) -> (u32, u32),
    ) -> Result<Vec<(usize, Vec<Spot>)>, Damage> {
        if base.is_empty() {
            return Ok(Vec::new());
        }
        let mut found = Vec::new();
        let latest = self.latest_of(segment, base)?;
        for number in sorts {
            let Some(sort) = self.query.sought.get(*number).filter(|sort| sort.since <= latest) else {
                continue;
            };
            let bits = meeting(&sort.test, segment, base, links)?;
            found.push((*number, self.take(sort, (segment, &bits), rank, &place)?));
        }
        Ok(found)
    }

    /// Returns the latest moment of few rows; of many, and where no sort asks for it, that there is none later.
    fn latest_of(&self, segment: Segment<'_>, rows: &Bits) -> Result<i64, Damage> {
        if !rows.is_list() || self.query.sought.iter().all(|sort| sort.since == i64::MIN) {
            return Ok(i64::MAX);
        }
        let moments = segment.moments()?;
        Ok(rows.iter().map(|row| moments.at(row).1).max().unwrap_or(i64::MIN))
    }

    /// Returns the rows of a segment that are known, stand as they were recorded and meet the base.
    fn base(&self, number: usize, segment: Segment<'_>) -> Result<Bits, Damage> {
        let known = (self.size as usize).saturating_sub(number * ROWS).min(segment.len());
        let mut bits = Bits::range(0, known);
        if let Some(then) = self.then(segment)? {
            bits.keep(&then);
        }
        bits = meeting(&self.query.base, segment, &bits, self.standing.relinked_rows.get(&number))?;
        if bits.is_empty() {
            return Ok(bits);
        }
        for mark in [Field::Unreadable, Field::Bookkeeping] {
            bits.drop_all(&segment.any(&[term::mark(mark)])?);
        }
        for away in [&self.standing.struck_rows, &self.standing.amended_rows] {
            if let Some(away) = away.get(&number) {
                bits.drop_all(away);
            }
        }
        Ok(bits)
    }

    /// Returns the rows of a segment that can have happened then; none where it need not be looked up, for all did, or so
    /// many that each is better looked at when the rest is known of it.
    fn then(&self, segment: Segment<'_>) -> Result<Option<Bits>, Damage> {
        let NewestQuery { since, until, .. } = *self.query;
        let extent = segment.extent();
        let is_all = since <= extent.earliest_min && extent.earliest_max <= until;
        match segment {
            Segment::Sealed(sealed) if !is_all => Ok(sealed.times()?.few_within(since, until)),
            Segment::Sealed(_) | Segment::Growing(_) => Ok(None),
        }
    }

    /// Finds among those readings of a segment that hold of the entries that read otherwise than when they were
    /// recorded, of some sorts.
    fn of_readings(
        &self,
        index: &Index,
        look: &Look<'_>,
        mut sorts: Vec<usize>,
    ) -> Result<Vec<(usize, Vec<Spot>)>, Damage> {
        let Look { number, segment, rank, .. } = *look;
        let of = |row: u16| index.reading_of.get(join(number, row) as usize).copied().unwrap_or_default();
        let Some(current) = self.standing.holding_rows.get(&number) else {
            return Ok(Vec::new());
        };
        let links = self.standing.relinked_readings.get(&number);
        let mut bits = meeting(&self.query.base, segment, current, links)?;
        if bits.is_empty() {
            return Ok(Vec::new());
        }
        bits.drop_all(&segment.any(&[term::mark(Field::Bookkeeping)])?);
        if self.query.sought.len() >= SORTS_MIN {
            let since = index.reading_of.get(join(number, 0) as usize).map_or(0, |(_, position)| *position);
            let named = Named::by(&bits, segment, (&index.channels, since))?;
            let may_meet = |sort: &usize| self.query.sought.get(*sort).map(|sort| named.may_meet(&sort.test));
            sorts.retain(|sort| may_meet(sort).unwrap_or_default());
        }
        self.newest_of(&sorts, (segment, &bits), links, rank, of)
    }

    /// Returns the newest of these rows of a sort, newest first; `place` gives the entry of a row and where its reading
    /// stands.
    fn take(
        &self,
        sort: &Sought,
        (segment, bits): (Segment<'_>, &Bits),
        rank: Rank,
        place: impl Fn(u16) -> (u32, u32),
    ) -> Result<Vec<Spot>, Damage> {
        let mut hits: Vec<Spot> = Vec::new();
        if bits.is_empty() {
            return Ok(hits);
        }
        let most = self.query.most;
        // Where a reading stands is looked up only of one that can be among the newest.
        let offer = |hits: &mut Vec<Spot>, row: u16, (earliest, latest): (i64, i64)| {
            let is_then = earliest <= self.query.until && latest >= self.query.since.max(sort.since);
            if is_then && !sort.is_older((earliest, latest)) && !is_full(hits, most, (earliest, latest)) {
                let (position, reading) = place(row);
                let key = Cursor { earliest, latest, position };
                let newer = hits.partition_point(|hit| hit.key >= key);
                if newer < most && sort.wants(key) {
                    hits.insert(newer, Spot { key, reading });
                    hits.truncate(most);
                }
            }
        };
        match segment {
            // In the order of the segment, from its end: so many as are wanted are enough.
            Segment::Sealed(sealed) if bits.count() > LIST_MAX => {
                let times = sealed.times()?;
                for row in times.order.iter().rev().filter(|row| bits.contains(**row)) {
                    let moments = times.at(*row);
                    let is_enough = match rank {
                        Rank::OfRows => hits.len() >= most,
                        Rank::OfEntries => is_full(&hits, most, moments),
                    };
                    if is_enough || sort.is_older(moments) {
                        break;
                    }
                    offer(&mut hits, *row, moments);
                }
            }
            Segment::Sealed(_) | Segment::Growing(_) => {
                let moments = segment.moments()?;
                bits.iter().for_each(|row| offer(&mut hits, row, moments.at(row)));
            }
        }
        Ok(hits)
    }
}

/// Tells whether so many were found, and all of them are newer than what happened then.
fn is_full(hits: &[Spot], most: usize, moments: (i64, i64)) -> bool {
    hits.len() >= most && hits.last().is_some_and(|last| moments < (last.key.earliest, last.key.latest))
}
