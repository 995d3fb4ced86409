//! Numbers that look random and are the same for the same seed (`SplitMix64`).

use uuid::Uuid;

/// A sequence that a seed decides.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    /// Returns the sequence of a seed.
    pub(crate) const fn of(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns the next number.
    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `bound`, which is not 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }

    /// Tells whether what happens so many times of a thousand happens now.
    pub(crate) fn in_thousand(&mut self, times: usize) -> bool {
        self.below(1_000) < times
    }

    /// Returns a number from 0 to 1, not 1 itself.
    pub(crate) fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Returns a waiting time, most of them short, of so many days on average.
    pub(crate) fn days(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.share()).ln()
    }

    /// Returns one of some things, the first much more often than the last.
    pub(crate) fn rather_early(&mut self, len: usize) -> usize {
        let share = self.share();
        ((share * share * len as f64) as usize).min(len.saturating_sub(1))
    }

    /// Returns one of some things.
    pub(crate) fn pick<'a, T>(&mut self, things: &'a [T]) -> &'a T {
        &things[self.below(things.len())]
    }

    /// Returns an id as the desk draws them.
    pub(crate) fn uuid(&mut self) -> Uuid {
        let wide = u128::from(self.next()) << 64 | u128::from(self.next());
        uuid::Builder::from_random_bytes(wide.to_be_bytes()).into_uuid()
    }
}
