//! What is kept of overtures so that few of them must be folded: of each a row of 64 bytes that tells, for
//! most moments and sizes of the log, whether it stood open, and that it does not tell for the others.
//!
//! A row is no state. It holds positions and moments between which the entries of an overture allow one
//! answer only, by rules that are weaker than the fold: from the offer until anything was recorded that can
//! end it, it is open; from an answer of its one addressee on, or from its end by the proposer, it is not.
//! Whatever is more than that (corrections that change what is said, links between the entries of threads,
//! several addressees, a body that speaks for another) leaves it in doubt, and whoever asks folds it. What
//! was so found is remembered until an entry is recorded in one of the histories that were read for it.

mod bearing;
mod blocks;
mod first;
mod lists;
mod resolved;
mod saved;
mod settling;
mod taking;
mod verdicts;

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasherDefault;
use std::sync::{Mutex, PoisonError};

use crate::domain::id::EntityId;
use crate::projections::lazy::Section as _;
use crate::projections::segment::Same;
use crate::projections::term::{self, Field, Term};

pub(super) use bearing::{Bearing, When};
use blocks::{Blocks, Numbers, Wanted};
pub use blocks::{OffersFound, OffersQuery, Which};
use first::First;
pub(super) use saved::{Changes, Chunk};
pub(super) use settling::settle;
pub(super) use verdicts::Found;
pub use verdicts::Verdict;
pub(super) use verdicts::Verdicts;

/// No position.
const NEVER: u32 = u32::MAX;
/// No party, or several.
const NOBODY: u16 = u16::MAX;
/// So many rows are saved in one file.
const CHUNK: usize = 1 << 14;

/// What is kept of one overture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Offer {
    /// When it was made, as first recorded: the earliest moment, in microseconds.
    made: i64,
    /// The earliest moment of anything that can end it.
    doubt_at: i64,
    /// From then on it is ended, by an entry that is known for certain to end it.
    closed_at: i64,
    /// Where it came into being.
    position: u32,
    /// Where the first entry stands that can end it.
    doubt: u32,
    /// Where the entry stands that ends it.
    closed: u32,
    /// Where the first entry stands after which this row says nothing.
    tangled: u32,
    /// The day of `made`.
    day: i32,
    /// The last day of an answer that is neither yes nor no, and that reopens what was rejected before.
    deflected: i32,
    /// The first day of a rejection.
    rejected: i32,
    /// The last day on which it was said again.
    revived: i32,
    /// The proposer, by number.
    from: u16,
    /// The addressee, by number.
    to: u16,
    /// Whether it was an answer that ended it, and not the proposer.
    answered: bool,
    /// Its text was removed: it is listed and stands nowhere.
    removed: bool,
}

impl Offer {
    /// Leaves it in doubt after a position, for good.
    fn tangle(&mut self, position: u32) {
        self.tangled = self.tangled.min(position);
    }
}

/// Something was recorded whose bearing on overtures only the log tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Pending {
    /// Where it was recorded.
    at: u32,
    /// The entry on which it bears.
    on: On,
}

/// An entry, by what is known of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum On {
    /// Its position.
    Position(u32),
    /// Its id.
    Entry(EntityId),
}

/// Everything that is kept of overtures.
#[derive(Debug, Default)]
pub(super) struct Offers {
    // In the order of the log.
    rows: Vec<Offer>,
    // The term of each as a stream.
    terms: Vec<Term>,
    // The place of each among the rows, by its term as a stream.
    places: HashMap<Term, u32, BuildHasherDefault<Same>>,
    // The parties that rows name, by number.
    parties: Vec<Term>,
    numbers: HashMap<Term, u16, BuildHasherDefault<Same>>,
    // Entries that are named by others and were not met yet.
    dangling: HashSet<Term, BuildHasherDefault<Same>>,
    pending: Vec<Pending>,
    // A record could not be read: nothing that is kept here can be trusted.
    blind: bool,
    // The chunks that differ from the snapshot, each with the change that was its last.
    changed: HashMap<usize, u64>,
    changes: u64,
    blocks: Mutex<Blocks>,
    verdicts: Mutex<Verdicts>,
}

impl Offers {
    /// Returns the first of the sought overtures and how many there are, as far as rows and earlier folds tell; none
    /// where they tell nothing.
    pub(super) fn find(&self, query: &OffersQuery, size: u32) -> Option<OffersFound> {
        if self.blind || !self.pending.is_empty() {
            return None;
        }
        let numbers = |parties: &Option<Vec<EntityId>>| {
            let number = |party: &EntityId| self.numbers.get(&term::entity(Field::From, *party)).copied();
            parties.as_ref().map(|parties| parties.iter().filter_map(number).collect::<Numbers>())
        };
        let wanted = Wanted { query, size, from: numbers(&query.from), to: numbers(&query.to) };
        let mut first = First::of(query);
        let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        let mut verdicts = self.verdicts.lock().unwrap_or_else(PoisonError::into_inner);
        blocks.refresh(&self.rows);
        blocks.unresolve(verdicts.changed());
        let mut found = blocks.find(&self.rows, &wanted, &verdicts, &mut first);
        found.first = first.into_sorted();
        Some(found)
    }

    /// Returns what was found by folds as a section of a file.
    pub(super) fn verdicts_section(&self) -> (u8, Vec<u8>) {
        self.verdicts.lock().unwrap_or_else(PoisonError::into_inner).to_section()
    }

    /// Takes in what was found by folds and saved.
    pub(super) fn load_verdicts(&mut self, verdicts: Verdicts) {
        self.verdicts = Mutex::new(verdicts);
        self.blocks.get_mut().unwrap_or_else(PoisonError::into_inner).unresolve(None);
    }

    /// Remembers what was found of an overture by a fold.
    ///
    /// `known` is how many events are taken in: of those after `size` nobody knows here which bear on it.
    pub(super) fn remember(&self, position: u32, known: u32, found: &Found<'_>) {
        self.verdicts.lock().unwrap_or_else(PoisonError::into_inner).keep(position, known, found);
    }

    #[cfg(test)]
    pub(super) fn forget_verdicts(&self) {
        self.verdicts.lock().unwrap_or_else(PoisonError::into_inner).forget();
    }

    /// Returns the number of a party, given if it has none.
    fn number(&mut self, parties: &[EntityId]) -> u16 {
        let [party] = parties else { return NOBODY };
        let term = term::entity(Field::From, *party);
        if let Some(known) = self.numbers.get(&term) {
            return *known;
        }
        let Some(next) = u16::try_from(self.parties.len()).ok().filter(|next| *next < NOBODY) else {
            return NOBODY;
        };
        self.parties.push(term);
        self.numbers.insert(term, next);
        next
    }

    fn place_of(&self, entity: EntityId) -> Option<usize> {
        self.places.get(&term::entity(Field::Stream, entity)).map(|place| *place as usize)
    }

    /// Notes that a row is to be changed.
    fn touch(&mut self, place: usize) {
        self.changes += 1;
        self.changed.insert(place / CHUNK, self.changes);
        self.blocks.get_mut().unwrap_or_else(PoisonError::into_inner).spoil(place);
    }

    fn change(&mut self, place: usize, change: impl FnOnce(&mut Offer)) {
        let Some(row) = self.rows.get_mut(place) else { return };
        let before = *row;
        change(row);
        if *row != before {
            self.touch(place);
        }
    }

    fn add(&mut self, id: EntityId, row: Offer) {
        let place = self.rows.len();
        let term = term::entity(Field::Stream, id);
        self.terms.push(term);
        self.places.insert(term, u32::try_from(place).unwrap_or(NEVER));
        self.rows.push(row);
        self.touch(place);
    }
}
