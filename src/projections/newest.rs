//! The newest entries that meet a condition, found from the end of the index and not by a scan of it.
//!
//! A segment is looked at only while it can hold something newer than what was found, so that an answer
//! costs about as much in a log of ten million events as in a short one.

use std::sync::PoisonError;

use crate::domain::fact::{Kind, KindClass};
use crate::domain::id::EntityId;
use crate::domain::words::Directness;
use crate::projections::bits::{Bits, LIST_MAX, ROWS};
use crate::projections::corrections::Standing;
use crate::projections::crossings::Within;
use crate::projections::index::Index;
use crate::projections::lazy::Damage;
use crate::projections::table::{Segment, join};
use crate::projections::term::{self, Field, Term};
use crate::projections::timeline::{Cursor, Spot};
use crate::projections::together;

/// A condition on the reading of an entry that holds.
///
/// What keeps the record, what is struck and what cannot be read meets none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// One of these speaks or acts.
    From(Vec<EntityId>),
    /// It is said or done to one of these.
    To(Vec<EntityId>),
    /// One of these speaks or acts, or it is said or done to one of them.
    Party(Vec<EntityId>),
    /// It names one of these as what it is about.
    About(Vec<EntityId>),
    /// One of these carried it.
    Via(Vec<EntityId>),
    /// It is of one of these kinds.
    Kind(Vec<Kind>),
    /// It names this topic, spelt so.
    Topic(String),
    /// The entry itself tells that it reaches the other side so.
    Reaches(Directness),
    /// Its kind is of this class.
    Class(KindClass),
    /// Its kind is of this class, and it names nobody to whom it is said or done.
    Unaddressed(KindClass),
    /// It answers, and perhaps answers no overture: it names none, or its links were changed since.
    PerhapsUnlinked,
    /// It names an overture or an entry, or its links were changed since.
    PerhapsLinked,
    /// It meets all of these, the one that fewest meet first.
    All(Vec<Test>),
    /// It meets one of these.
    Any(Vec<Test>),
    /// It does not meet this.
    Not(Box<Test>),
}

/// A sort of entries, of which the newest are sought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sought {
    /// What an entry of this sort meets.
    pub test: Test,
    /// Only those newer than this entry: what is older is not worth a look to whoever knows it.
    pub newer_than: Option<Spot>,
}

impl From<Test> for Sought {
    fn from(test: Test) -> Self {
        Self { test, newer_than: None }
    }
}

impl Sought {
    fn wants(&self, key: Cursor) -> bool {
        self.newer_than.is_none_or(|known| key > known.key)
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

impl Newest<'_> {
    /// Returns the newest of each sort, newest first: by the earliest moment at which it can have happened,
    /// then the latest, then the position.
    ///
    /// # Errors
    ///
    /// Returns [`Damage`] when the snapshot that holds an answer is damaged.
    pub(super) fn run(&self, index: &Index) -> Result<Vec<Vec<Spot>>, Damage> {
        let readings: Vec<(usize, Segment<'_>)> = index.readings.segments().enumerate().collect();
        let mut found: Vec<Vec<Spot>> = vec![Vec::new(); self.query.sought.len()];
        for hits in together::each(&readings, |(number, segment)| self.of_readings(index, *number, *segment))
        {
            self.merge(&mut found, hits?);
        }
        let within = self.within(index)?;
        let is_possible = |number: usize| within.is_empty() || within.iter().any(|within| within.has(number));
        let mut segments: Vec<(i64, usize, Segment<'_>)> = index
            .events
            .segments()
            .enumerate()
            .filter(|(number, segment)| {
                let extent = segment.extent();
                let is_then =
                    extent.earliest_min <= self.query.until && extent.latest_max >= self.query.since;
                is_then && is_possible(*number)
            })
            .map(|(number, segment)| (segment.extent().earliest_max.min(self.query.until), number, segment))
            .collect();
        segments.sort_by_key(|(newest, number, _)| std::cmp::Reverse((*newest, *number)));
        let (mut rest, mut next) = (segments.as_slice(), 1);
        while let Some((newest, ..)) = rest.first() {
            let sorts = self.query.sought.iter().zip(&found);
            let open: Vec<bool> = sorts.map(|(sort, hits)| self.is_open(sort, hits, *newest)).collect();
            if !open.contains(&true) {
                break;
            }
            // The first few often have all that is sought; where they have not, most do not.
            let (these, later) = rest.split_at(rest.len().min(next));
            let look = |segment: &_| self.of_entries(*segment, (&open, &within), &found);
            for hits in together::each(these, look) {
                self.merge(&mut found, hits?);
            }
            (rest, next) = (later, (next * 4).min(AT_ONCE));
        }
        Ok(found)
    }

    /// Returns in which segments entries of each sort can be; nothing where that is not asked.
    fn within(&self, index: &Index) -> Result<Vec<Within>, Damage> {
        let sought = &self.query.sought;
        if sought.len() < SORTS_MIN {
            return Ok(Vec::new());
        }
        let mut crossings = index.crossings.lock().unwrap_or_else(PoisonError::into_inner);
        crossings.take(&index.events)?;
        let ask = crossings.ask(&self.query.base, &index.channels);
        Ok(sought.iter().map(|sought| ask.within(&sought.test)).collect())
    }

    /// Tells whether a segment of which nothing is newer than that can add to what was found of a sort.
    fn is_open(&self, sort: &Sought, hits: &[Spot], newest: i64) -> bool {
        sort.newer_than.is_none_or(|known| known.key.earliest <= newest)
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

    /// Finds among those entries of a segment that read as when they were recorded, of the sorts that are open.
    fn of_entries(
        &self,
        (newest, number, segment): (i64, usize, Segment<'_>),
        (open, within): (&[bool], &[Within]),
        found: &[Vec<Spot>],
    ) -> Result<Vec<(usize, Vec<Spot>)>, Damage> {
        let sorts = self.query.sought.iter().zip(open.iter().zip(found)).enumerate();
        let sorts: Vec<usize> = sorts
            .filter(|(_, (sort, (open, hits)))| **open && self.is_open(sort, hits, newest))
            .map(|(sort, _)| sort)
            .filter(|sort| within.get(*sort).is_none_or(|within| within.has(number)))
            .collect();
        if sorts.is_empty() {
            return Ok(Vec::new());
        }
        let base = self.base(number, segment)?;
        let place = |row: u16| (join(number, row), join(number, row));
        let links = self.standing.relinked_rows.get(&number);
        self.newest_of(&sorts, (segment, &base), links, Rank::OfRows, place)
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
        for number in sorts {
            let Some(sort) = self.query.sought.get(*number) else { continue };
            let bits = meeting(&sort.test, segment, base, links)?;
            found.push((*number, self.take(sort, (segment, &bits), rank, &place)?));
        }
        Ok(found)
    }

    /// Returns the rows of a segment that are known, stand as they were recorded and meet the base.
    fn base(&self, number: usize, segment: Segment<'_>) -> Result<Bits, Damage> {
        let known = (self.size as usize).saturating_sub(number * ROWS).min(segment.len());
        let mut bits = Bits::range(0, known);
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

    /// Finds among those readings of a segment that hold of the entries that read otherwise than when they were
    /// recorded.
    fn of_readings(
        &self,
        index: &Index,
        number: usize,
        segment: Segment<'_>,
    ) -> Result<Vec<(usize, Vec<Spot>)>, Damage> {
        let of = |row: u16| index.reading_of.get(join(number, row) as usize).copied().unwrap_or_default();
        let Some(current) = self.standing.holding_rows.get(&number) else { return Ok(Vec::new()) };
        let links = self.standing.relinked_readings.get(&number);
        let mut bits = meeting(&self.query.base, segment, current, links)?;
        if !bits.is_empty() {
            bits.drop_all(&segment.any(&[term::mark(Field::Bookkeeping)])?);
        }
        let sorts: Vec<usize> = (0..self.query.sought.len()).collect();
        self.newest_of(&sorts, (segment, &bits), links, Rank::OfEntries, of)
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
        let mut offer = |row: u16, (earliest, latest): (i64, i64)| {
            if earliest <= self.query.until && latest >= self.query.since {
                let (position, reading) = place(row);
                let key = Cursor { earliest, latest, position };
                let newer = hits.partition_point(|hit| hit.key >= key);
                if newer < self.query.most && sort.wants(key) {
                    hits.insert(newer, Spot { key, reading });
                    hits.truncate(self.query.most);
                }
            }
        };
        match segment {
            // In the order of the segment, from its end: so many as are wanted are enough.
            Segment::Sealed(sealed) if rank == Rank::OfRows && bits.count() > LIST_MAX => {
                let times = sealed.times()?;
                let newest = times.order.iter().rev().filter(|row| bits.contains(**row));
                let by_then = newest.filter(|row| {
                    let (earliest, latest) = times.at(**row);
                    earliest <= self.query.until && latest >= self.query.since
                });
                by_then.take(self.query.most).for_each(|row| offer(*row, times.at(*row)));
            }
            Segment::Sealed(_) | Segment::Growing(_) => {
                let moments = segment.moments()?;
                for row in bits.iter() {
                    offer(row, moments.at(row));
                }
            }
        }
        Ok(hits)
    }
}

/// Returns those of some rows that meet a test; `relinked` are those of which links were changed later.
fn meeting(test: &Test, segment: Segment<'_>, rows: &Bits, relinked: Option<&Bits>) -> Result<Bits, Damage> {
    let mut bits = rows.clone();
    match test {
        Test::All(tests) => {
            for test in tests {
                if bits.is_empty() {
                    break;
                }
                bits = meeting(test, segment, &bits, relinked)?;
            }
        }
        Test::Any(tests) => {
            bits = Bits::none();
            for test in tests {
                bits.add(&meeting(test, segment, rows, relinked)?);
            }
        }
        Test::Not(test) => bits.drop_all(&meeting(test, segment, rows, relinked)?),
        Test::PerhapsUnlinked => {
            let mut unlinked = segment.any(&[term::mark(Field::Unlinked)])?;
            if let Some(relinked) = relinked {
                unlinked.add(relinked);
            }
            bits.keep(&unlinked);
        }
        Test::PerhapsLinked => {
            let mut unlinked = segment.any(&[term::mark(Field::Unlinked)])?;
            if let Some(relinked) = relinked {
                unlinked.drop_all(relinked);
            }
            bits.drop_all(&unlinked);
        }
        Test::From(_)
        | Test::To(_)
        | Test::Party(_)
        | Test::About(_)
        | Test::Via(_)
        | Test::Kind(_)
        | Test::Topic(_)
        | Test::Reaches(_)
        | Test::Class(_)
        | Test::Unaddressed(_) => segment.keep_any(&terms(test), &mut bits)?,
    }
    Ok(bits)
}

/// Returns the terms of which a row must have one.
pub(super) fn terms(test: &Test) -> Vec<Term> {
    let entities =
        |field, ids: &[EntityId]| ids.iter().map(|id| term::entity(field, *id)).collect::<Vec<Term>>();
    match test {
        Test::From(ids) => entities(Field::From, ids),
        Test::To(ids) => entities(Field::To, ids),
        Test::Party(ids) => [entities(Field::From, ids), entities(Field::To, ids)].concat(),
        Test::About(ids) => entities(Field::About, ids),
        Test::Via(ids) => entities(Field::Via, ids),
        Test::Kind(kinds) => kinds.iter().map(|kind| term::kind(*kind)).collect(),
        Test::Topic(topic) => vec![term::word(Field::Topic, topic)],
        Test::Reaches(directness) => vec![term::directness(*directness)],
        Test::Class(class) => vec![term::class(*class)],
        Test::Unaddressed(class) => vec![term::unaddressed(*class)],
        Test::PerhapsUnlinked | Test::PerhapsLinked | Test::All(_) | Test::Any(_) | Test::Not(_) => {
            Vec::new()
        }
    }
}
