//! The first places of a list, of many that are offered in any order.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::projections::offers::OffersQuery;

/// The place of an overture in a list: when it was issued, and its position.
pub(super) type Key = (i64, u32);

/// The first places in order, at most so many.
pub(super) struct First {
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
    /// Returns room for the first that are sought, and one more.
    pub(super) fn of(query: &OffersQuery) -> Self {
        let limit = query.limit.saturating_add(1);
        Self { heap: BinaryHeap::new(), from_newest: query.newest_first, limit }
    }

    pub(super) fn offer(&mut self, key: Key) {
        let offered = Ranked { key, newest_first: self.from_newest };
        if self.heap.len() >= self.limit && self.heap.peek().is_some_and(|last| *last <= offered) {
            return;
        }
        self.heap.push(offered);
        if self.heap.len() > self.limit {
            self.heap.pop();
        }
    }

    /// Tells whether nothing made at a moment or beyond it can be among the first.
    pub(super) fn is_beyond(&self, moment: i64) -> bool {
        let last = self.heap.peek().filter(|_| self.heap.len() >= self.limit);
        last.is_some_and(|last| if self.from_newest { moment < last.key.0 } else { moment > last.key.0 })
    }

    /// Returns the places in order.
    pub(super) fn into_sorted(self) -> Vec<(i64, u64)> {
        let keys = self.heap.into_sorted_vec();
        keys.into_iter().map(|ranked| (ranked.key.0, u64::from(ranked.key.1))).collect()
    }
}
