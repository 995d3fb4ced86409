//! How long the store takes, counted while it works, for whoever watches a server.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The upper bounds of the classes of a histogram, in microseconds.
pub const BOUNDS_MICROS: [u64; 14] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000,
];

/// How often something took how long.
#[derive(Debug, Default)]
pub struct Histogram {
    // By class; what took longer than the last bound is in the count alone.
    classes: [AtomicU64; BOUNDS_MICROS.len()],
    count: AtomicU64,
    sum_micros: AtomicU64,
}

/// A histogram as it stood when it was read; each class may be a moment newer than the one before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counted {
    /// How many took at most so many microseconds, for each of [`BOUNDS_MICROS`].
    pub at_most: Vec<(u64, u64)>,
    /// How many there were.
    pub count: u64,
    /// How long they took together, in microseconds.
    pub sum_micros: u64,
}

impl Histogram {
    /// Counts something that took so long.
    pub(crate) fn count(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let class = BOUNDS_MICROS.iter().zip(&self.classes).find(|(bound, _)| micros <= **bound);
        if let Some((_, class)) = class {
            class.fetch_add(1, Ordering::Relaxed);
        }
        self.sum_micros.fetch_add(micros, Ordering::Relaxed);
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns how it stands.
    pub fn read(&self) -> Counted {
        let mut below = 0;
        let at_most = BOUNDS_MICROS.iter().zip(&self.classes).map(|(bound, class)| {
            below += class.load(Ordering::Relaxed);
            (*bound, below)
        });
        let at_most: Vec<(u64, u64)> = at_most.collect();
        // What is counted in between is in a class before it is in the whole.
        let count = self.count.load(Ordering::Relaxed).max(below);
        Counted { at_most, count, sum_micros: self.sum_micros.load(Ordering::Relaxed) }
    }
}

/// How long a store takes.
#[derive(Debug, Default)]
pub struct Measures {
    /// From the call to the answer of an append that was recorded.
    pub append: Histogram,
    /// For the disk to confirm what was written.
    pub sync: Histogram,
    /// The appends that wait for the one thread that writes, or for the disk.
    pub waiting: Waiting,
}

/// How many wait for something.
#[derive(Debug, Default)]
pub struct Waiting(AtomicU64);

/// One who waits, until it is dropped.
pub(crate) struct Waits<'w>(&'w Waiting);

impl Waiting {
    /// Counts one who waits from now on.
    pub(crate) fn one(&self) -> Waits<'_> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Waits(self)
    }

    /// Returns how many wait.
    pub fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_is_counted_until_they_do_no_longer() {
        let waiting = Waiting::default();
        let (one, other) = (waiting.one(), waiting.one());
        assert_eq!(waiting.read(), 2);
        drop(one);
        assert_eq!(waiting.read(), 1);
        drop(other);
        assert_eq!(waiting.read(), 0);
    }

    #[test]
    fn what_took_longer_than_every_bound_is_counted_all_the_same() {
        let histogram = Histogram::default();
        for micros in [0, 100, 101, 2_500_000, 2_500_001] {
            histogram.count(Duration::from_micros(micros));
        }
        let counted = histogram.read();
        assert_eq!(counted.at_most.first(), Some(&(100, 2)));
        assert_eq!(counted.at_most.get(1), Some(&(250, 3)));
        assert_eq!(counted.at_most.last(), Some(&(2_500_000, 4)));
        assert_eq!((counted.count, counted.sum_micros), (5, 5_000_202));
    }
}
