//! Finding among rows: what all rows of a block say for good is counted once, the others are looked at.

use std::collections::BTreeSet;

use crate::domain::id::EntityId;
use crate::projections::offers::first::{First, Key};
use crate::projections::offers::lists::Having;
use crate::projections::offers::resolved::{Open, Resolved};
use crate::projections::offers::{NEVER, NOBODY, Offer, Verdicts};

/// So many rows are one block.
const BLOCK: usize = 1024;

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
    /// The first of those that are certain, in order, one more than asked for if there are more: when each was issued,
    /// and its position.
    pub first: Vec<(i64, u64)>,
    /// How many are certain, on all pages.
    pub certain: u64,
    /// The positions of those that only a fold tells, ascending.
    pub doubtful: Vec<u64>,
}

/// A query, with numbers for parties.
pub(super) struct Wanted<'query> {
    pub(super) query: &'query OffersQuery,
    pub(super) size: u32,
    pub(super) from: Option<Numbers>,
    pub(super) to: Option<Numbers>,
}

/// Some of the parties, by number.
#[derive(Debug, Default)]
pub(super) struct Numbers(Vec<bool>);

impl FromIterator<u16> for Numbers {
    fn from_iter<I: IntoIterator<Item = u16>>(numbers: I) -> Self {
        let mut new = Self::default();
        for number in numbers.into_iter().map(usize::from) {
            new.0.resize(new.0.len().max(number + 1), false);
            if let Some(place) = new.0.get_mut(number) {
                *place = true;
            }
        }
        new
    }
}

impl Numbers {
    fn contains(&self, number: u16) -> bool {
        self.0.get(usize::from(number)).copied().unwrap_or_default()
    }
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
            // Whose offer it was is not known any more.
            Says::Yes if row.removed && (self.from.is_some() || self.to.is_some()) => Says::No,
            Says::Yes => self.is_of(row.from, row.to),
            says @ (Says::No | Says::Perhaps) => says,
        }
    }

    /// Tells of an offer that is certain whether it is of the parties asked for.
    fn is_of(&self, from: u16, to: u16) -> Says {
        match (among(self.from.as_ref(), from), among(self.to.as_ref(), to)) {
            (Says::Yes, Says::Yes) => Says::Yes,
            (Says::No, _) | (_, Says::No) => Says::No,
            (Says::Perhaps, _) | (_, Says::Perhaps) => Says::Perhaps,
        }
    }

    /// Tells whether a place lies on the pages that are still to come.
    pub(super) fn follows(&self, key: Key) -> bool {
        let place = (key.0, u64::from(key.1));
        match self.query.after {
            None => true,
            Some(after) if self.query.newest_first => place < after,
            Some(after) => place > after,
        }
    }
}

fn among(wanted: Option<&Numbers>, party: u16) -> Says {
    match wanted {
        None => Says::Yes,
        Some(_) if party == NOBODY => Says::Perhaps,
        Some(wanted) if wanted.contains(party) => Says::Yes,
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
    // What folds found of those that may stand open.
    resolved: Option<Resolved>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Said {
    certain: u32,
    // The positions of those that only a fold tells.
    doubtful: Vec<u32>,
    // When the first and the last of those that are certain were made.
    from: i64,
    to: i64,
    // Of those that are certain, where few are (of those that were made nearly all are): who made each, and to whom, apart
    // from where it stands in a list, since most are none of the parties that somebody asks about.
    parties: Vec<(u16, u16)>,
    keys: Vec<Key>,
}

impl Block {
    fn of(rows: &[Offer]) -> Self {
        let mut block = Self {
            first_position: rows.first().map_or(0, |row| row.position),
            moment: i64::MIN,
            ..Self::default()
        };
        for row in rows {
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
                        if which == Which::Open {
                            said.parties.push((row.from, row.to));
                            said.keys.push((row.made, row.position));
                        }
                    }
                    Says::Perhaps => said.doubtful.push(row.position),
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

    /// Forgets what was found of the overtures at some positions; of all where there are none.
    pub(super) fn unresolve(&mut self, changed: Option<Vec<u32>>) {
        let Some(changed) = changed else {
            return self.blocks.iter_mut().for_each(|block| block.resolved = None);
        };
        for position in changed {
            let number = self.blocks.partition_point(|block| block.first_position <= position);
            if let Some(block) = number.checked_sub(1).and_then(|number| self.blocks.get_mut(number)) {
                block.resolved = None;
            }
        }
    }

    /// Finds the sought rows, offers those that are certain to the `first`, and returns how many there are.
    pub(super) fn find(
        &mut self,
        rows: &[Offer],
        wanted: &Wanted<'_>,
        verdicts: &Verdicts,
        first: &mut First,
    ) -> OffersFound {
        let (having, found) = (verdicts.having(wanted.query), OffersFound::default());
        let mut finding = Finding { wanted, verdicts, having, first, found, counted: Vec::new() };
        for (number, block) in self.blocks.iter_mut().enumerate() {
            if block.first_position >= wanted.size {
                break;
            }
            finding.look(number, block, rows_of(rows, number));
        }
        finding.look_at_counted(rows);
        let mut found = finding.found;
        found.doubtful.sort_unstable();
        found
    }
}

/// What was found so far of what is sought.
struct Finding<'a> {
    wanted: &'a Wanted<'a>,
    verdicts: &'a Verdicts,
    having: Having,
    first: &'a mut First,
    found: OffersFound,
    // Blocks of which the count is known, and whose rows are looked at only for the page.
    counted: Vec<(i64, usize)>,
}

impl Finding<'_> {
    /// Looks at a block.
    fn look(&mut self, number: usize, block: &mut Block, rows: &[Offer]) {
        let (wanted, query) = (self.wanted, self.wanted.query);
        let is_filtered = wanted.from.is_some() || wanted.to.is_some();
        let said = match query.which {
            Which::Open => &block.open,
            Which::Made => &block.made,
        };
        let holds = wanted.size > block.position && query.at >= block.moment;
        // What only a fold tells.
        let mut doubtful: Vec<u32> = Vec::new();
        if holds && (said.certain == 0 || !is_filtered) {
            self.found.certain += u64::from(said.certain);
            if said.certain > 0 && !is_before(query, said) {
                self.counted.push((if query.newest_first { said.to } else { said.from }, number));
            }
            if query.which == Which::Made {
                doubtful.clone_from(&said.doubtful);
            }
        } else if holds && query.which == Which::Open {
            for (place, (from, to)) in said.parties.iter().enumerate() {
                let says = wanted.is_of(*from, *to);
                if says != Says::No
                    && let Some(key) = said.keys.get(place)
                {
                    self.tell(says, *key, &mut doubtful);
                }
            }
        } else {
            for row in rows {
                self.tell(wanted.says(row), (row.made, row.position), &mut doubtful);
            }
        }
        if holds && query.which == Which::Open {
            let known = block.resolved.take().filter(|known| known.holds(wanted.size, query.at));
            let resolved =
                known.unwrap_or_else(|| Resolved::of(&said.doubtful, self.verdicts, wanted.size, query.at));
            for open in resolved.open() {
                self.tell_found(*open);
            }
            self.found.doubtful.extend(resolved.unknown());
            block.resolved = Some(resolved);
        }
        let verdicts = self.verdicts;
        verdicts.each(&doubtful, wanted.size, query.at, |position, kept| {
            let Some(kept) = kept else { return self.found.doubtful.push(u64::from(position)) };
            let told = match query.which {
                Which::Open => kept.open(position),
                Which::Made => kept.made(position),
            };
            if let Some(told) = told {
                self.tell_found(told);
            }
        });
    }

    /// Looks at the rows of the blocks that are counted, as far as they can be on the page.
    fn look_at_counted(&mut self, rows: &[Offer]) {
        let wanted = self.wanted;
        self.counted.sort_unstable();
        if wanted.query.newest_first {
            self.counted.reverse();
        }
        for (moment, number) in &self.counted {
            if self.first.is_beyond(*moment) {
                break;
            }
            for row in rows_of(rows, *number).iter().filter(|row| wanted.says(row) == Says::Yes) {
                if wanted.follows((row.made, row.position)) {
                    self.first.offer((row.made, row.position));
                }
            }
        }
    }

    /// Notes what is said of the offer at a place.
    fn tell(&mut self, says: Says, key: Key, doubtful: &mut Vec<u32>) {
        match says {
            Says::Yes => self.count(key),
            Says::Perhaps => doubtful.push(key.1),
            Says::No => {}
        }
    }

    /// Notes what a fold found.
    fn tell_found(&mut self, told: Open) {
        if self.having.is_of(told.from, told.to) {
            self.count(told.key);
        }
    }

    fn count(&mut self, key: Key) {
        self.found.certain += 1;
        if self.wanted.follows(key) {
            self.first.offer(key);
        }
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
