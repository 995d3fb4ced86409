//! Finding among rows: what all rows of a block say for good is counted once, the others are looked at.

use std::cmp::Ordering;
use std::collections::{BTreeSet, BinaryHeap};

use crate::domain::id::EntityId;
use crate::projections::offers::{NEVER, NOBODY, Offer};

/// So many rows are one block: the place of one is a byte.
const BLOCK: usize = 256;

/// Which overtures are sought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Those that stand, and of which an addressee has said neither yes nor no.
    Open,
    /// Those that were made.
    Made,
}

/// What is sought among overtures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffersQuery {
    /// Which ones.
    pub which: Which,
    /// The moment of the world, in microseconds.
    pub at: i64,
    /// Made by one of these, whatever else they were found to be; by anyone when none.
    pub from: Option<Vec<EntityId>>,
    /// Made to one of these.
    pub to: Option<Vec<EntityId>>,
    /// Beyond this place: when it was issued, and its position.
    pub after: Option<(i64, u64)>,
    /// The newest come first.
    pub newest_first: bool,
    /// How many at most.
    pub limit: usize,
}

/// What is kept of overtures tells this.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OffersFound {
    /// The first of those that are certain, in order: when each was issued, and its position.
    pub first: Vec<(i64, u64)>,
    /// How many are certain, on all pages.
    pub certain: u64,
    /// The positions of those that only a fold tells.
    pub doubtful: Vec<u64>,
}

/// The place of an overture in a list.
type Key = (i64, u32);

/// A query, with numbers for parties.
pub(super) struct Wanted<'query> {
    pub(super) query: &'query OffersQuery,
    pub(super) size: u32,
    pub(super) from: Option<BTreeSet<u16>>,
    pub(super) to: Option<BTreeSet<u16>>,
}

/// What a row tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Says {
    Yes,
    No,
    Perhaps,
}

impl Offer {
    fn says(&self, which: Which, size: u32, at: i64) -> Says {
        if size <= self.position {
            return Says::No;
        }
        if size > self.tangled {
            return Says::Perhaps;
        }
        match which {
            Which::Made if self.removed || self.made <= at => Says::Yes,
            Which::Open if self.removed || self.made > at => Says::No,
            Which::Open if size > self.closed && at >= self.closed_at => Says::No,
            Which::Open if size <= self.doubt || at < self.doubt_at => Says::Yes,
            Which::Open => Says::Perhaps,
            Which::Made => Says::No,
        }
    }

    /// Returns the last position and the last moment that make a difference.
    fn last(&self) -> (u32, i64) {
        let positions = [self.position, self.doubt, self.closed, self.tangled];
        let moments = [self.made, self.doubt_at, self.closed_at];
        let position = positions.into_iter().filter(|position| *position != NEVER).max();
        let moment = moments.into_iter().filter(|moment| *moment != i64::MAX).max();
        (position.unwrap_or(NEVER), moment.unwrap_or(i64::MAX))
    }
}

impl Wanted<'_> {
    fn says(&self, row: &Offer) -> Says {
        match row.says(self.query.which, self.size, self.query.at) {
            Says::Yes => {
                match (among(self.from.as_ref(), row.from, row), among(self.to.as_ref(), row.to, row)) {
                    (Says::Yes, Says::Yes) => Says::Yes,
                    (Says::No, _) | (_, Says::No) => Says::No,
                    (Says::Perhaps, _) | (_, Says::Perhaps) => Says::Perhaps,
                }
            }
            says @ (Says::No | Says::Perhaps) => says,
        }
    }

    /// Tells whether a place lies on the pages that are still to come.
    fn follows(&self, key: Key) -> bool {
        let place = (key.0, u64::from(key.1));
        match self.query.after {
            None => true,
            Some(after) if self.query.newest_first => place < after,
            Some(after) => place > after,
        }
    }
}

fn among(wanted: Option<&BTreeSet<u16>>, party: u16, row: &Offer) -> Says {
    match wanted {
        None => Says::Yes,
        // Whose offer it was is not known any more.
        Some(_) if row.removed => Says::No,
        Some(_) if party == NOBODY => Says::Perhaps,
        Some(wanted) if wanted.contains(&party) => Says::Yes,
        Some(_) => Says::No,
    }
}

/// What the rows of a block say when everything that is recorded is known and has taken effect.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Block {
    // After the last position and at the last moment it says this for good.
    position: u32,
    moment: i64,
    first_position: u32,
    open: Said,
    made: Said,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Said {
    certain: u32,
    // The places within the block of those that only a fold tells.
    doubtful: Vec<u8>,
    // When the first and the last of those that are certain were made.
    from: i64,
    to: i64,
}

impl Block {
    fn of(rows: &[Offer]) -> Self {
        let mut block = Self {
            first_position: rows.first().map_or(0, |row| row.position),
            moment: i64::MIN,
            ..Self::default()
        };
        for (place, row) in (0..=u8::MAX).zip(rows) {
            let (position, moment) = row.last();
            block.position = block.position.max(position);
            block.moment = block.moment.max(moment);
            for (which, said) in [(Which::Open, &mut block.open), (Which::Made, &mut block.made)] {
                match row.says(which, NEVER, i64::MAX - 1) {
                    Says::Yes => {
                        (said.from, said.to) = match said.certain {
                            0 => (row.made, row.made),
                            _ => (said.from.min(row.made), said.to.max(row.made)),
                        };
                        said.certain += 1;
                    }
                    Says::Perhaps => said.doubtful.push(place),
                    Says::No => {}
                }
            }
        }
        block
    }
}

/// The blocks of the rows; those that are spoilt are worked out when they are asked for.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    blocks: Vec<Block>,
    spoilt: BTreeSet<usize>,
}

/// The first places in order, at most so many.
struct First {
    heap: BinaryHeap<Ranked>,
    from_newest: bool,
    limit: usize,
}

/// A place, so that the last of an order is the greatest.
#[derive(Debug, PartialEq, Eq)]
struct Ranked {
    key: Key,
    newest_first: bool,
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.newest_first { other.key.cmp(&self.key) } else { self.key.cmp(&other.key) }
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl First {
    fn offer(&mut self, key: Key) {
        self.heap.push(Ranked { key, newest_first: self.from_newest });
        if self.heap.len() > self.limit {
            self.heap.pop();
        }
    }

    /// Tells whether nothing made at a moment or beyond it can be among the first.
    fn is_beyond(&self, moment: i64) -> bool {
        let last = self.heap.peek().filter(|_| self.heap.len() >= self.limit);
        last.is_some_and(|last| if self.from_newest { moment < last.key.0 } else { moment > last.key.0 })
    }
}

impl Blocks {
    /// Notes that a row differs.
    pub(super) fn spoil(&mut self, place: usize) {
        self.spoilt.insert(place / BLOCK);
    }

    /// Works out the blocks that are spoilt.
    pub(super) fn refresh(&mut self, rows: &[Offer]) {
        let count = rows.len().div_ceil(BLOCK);
        self.spoilt.extend(self.blocks.len()..count);
        self.blocks.resize_with(count, Block::default);
        for number in std::mem::take(&mut self.spoilt) {
            if let Some(block) = self.blocks.get_mut(number) {
                *block = Block::of(rows_of(rows, number));
            }
        }
    }

    /// Returns the first of the sought rows, and how many there are.
    pub(super) fn find(&self, rows: &[Offer], wanted: &Wanted<'_>) -> OffersFound {
        let query = wanted.query;
        let mut found = OffersFound::default();
        let limit = query.limit.saturating_add(1);
        let mut first = First { heap: BinaryHeap::new(), from_newest: query.newest_first, limit };
        let is_filtered = wanted.from.is_some() || wanted.to.is_some();
        // Blocks of which the count is known, and whose rows are looked at only for the page.
        let mut counted: Vec<(i64, usize)> = Vec::new();
        for (number, block) in self.blocks.iter().enumerate() {
            if block.first_position >= wanted.size {
                break;
            }
            let said = match query.which {
                Which::Open => &block.open,
                Which::Made => &block.made,
            };
            let holds = wanted.size > block.position && query.at >= block.moment;
            if holds && (said.certain == 0 || !is_filtered) {
                let doubtful =
                    said.doubtful.iter().filter_map(|place| rows.get(number * BLOCK + usize::from(*place)));
                found.doubtful.extend(doubtful.map(|row| u64::from(row.position)));
                found.certain += u64::from(said.certain);
                if said.certain > 0 && !is_before(query, said) {
                    counted.push((if query.newest_first { said.to } else { said.from }, number));
                }
                continue;
            }
            for row in rows_of(rows, number) {
                match wanted.says(row) {
                    Says::Yes => {
                        found.certain += 1;
                        if wanted.follows((row.made, row.position)) {
                            first.offer((row.made, row.position));
                        }
                    }
                    Says::Perhaps => found.doubtful.push(u64::from(row.position)),
                    Says::No => {}
                }
            }
        }
        counted.sort_unstable();
        let in_order: Box<dyn Iterator<Item = &(i64, usize)>> =
            if query.newest_first { Box::new(counted.iter().rev()) } else { Box::new(counted.iter()) };
        for (moment, number) in in_order {
            if first.is_beyond(*moment) {
                break;
            }
            for row in rows_of(rows, *number).iter().filter(|row| wanted.says(row) == Says::Yes) {
                if wanted.follows((row.made, row.position)) {
                    first.offer((row.made, row.position));
                }
            }
        }
        let mut keys: Vec<Ranked> = first.heap.into_vec();
        keys.sort_unstable();
        found.first = keys.into_iter().map(|ranked| (ranked.key.0, u64::from(ranked.key.1))).collect();
        found
    }
}

/// Tells whether all that a block says for certain was on the pages before.
fn is_before(query: &OffersQuery, said: &Said) -> bool {
    query.after.is_some_and(|(after, _)| if query.newest_first { said.from > after } else { said.to < after })
}

fn rows_of(rows: &[Offer], number: usize) -> &[Offer] {
    let from = number * BLOCK;
    rows.get(from..rows.len().min(from + BLOCK)).unwrap_or_default()
}
