//! The entries between two places at which it is kept where the fold of a channel stood.

use chrono::NaiveDate;

/// Entries of some days, with those of the history that were in effect on none.
#[derive(Debug, Clone, Default)]
pub(super) struct Block {
    /// Where they stand.
    pub(super) entries: Vec<u32>,
    /// The earliest day that any of them ever had; none where there are none.
    pub(super) low: Option<NaiveDate>,
    /// The last position at which anything stands that bears on one of them.
    pub(super) newest: u64,
    /// There is no place in it at which more could be kept.
    pub(super) fine: bool,
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
        self.fine = false;
    }
}
