//! The entries between two places at which it is kept where the fold of a channel stood.

use chrono::NaiveDate;

use crate::projections::folds::Piece;
use crate::projections::view::SavedFold;

/// Entries of some days, with those of the history that were in effect on none.
#[derive(Debug, Clone, Default)]
pub(super) struct Block {
    /// Where they stand.
    pub(super) entries: Vec<u32>,
    /// The earliest day that any of them ever had; none where there are none.
    pub(super) low: Option<NaiveDate>,
    /// The last position at which anything stands that bears on one of them.
    pub(super) newest: u64,
    /// What is kept between them, or could be.
    pub(super) detail: Detail,
}

/// What is kept within a block.
#[derive(Debug, Clone, Default)]
pub(super) enum Detail {
    /// Nothing: whoever folds it may keep more.
    #[default]
    Coarse,
    /// There is no place in it at which more could be kept.
    Fine,
    /// More is saved of it.
    Saved(Finer),
    /// It is a part of what was saved, and there is no more.
    Loaded(Finer),
}

/// Where it is saved what is kept within a block.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Finer {
    pub(super) fold: SavedFold,
    pub(super) piece: Piece,
    /// In so many parts.
    pub(super) parts: usize,
}

impl Block {
    /// Tells whether anything bears on it that is not among the first `size` events.
    pub(super) fn is_touched(&self, size: u64) -> bool {
        self.newest >= size && !self.entries.is_empty()
    }

    /// Takes in the block that follows.
    pub(super) fn merge(&mut self, mut later: Self) {
        self.entries.append(&mut later.entries);
        self.low = self.low.into_iter().chain(later.low).min();
        self.newest = self.newest.max(later.newest);
        self.detail = Detail::Coarse;
    }
}
