//! A set of the rows of one segment: 65,536 bits.

/// How many rows a segment holds.
pub(super) const ROWS: usize = 1 << 16;

/// How many 64-bit words a set has.
pub(super) const WORDS: usize = ROWS / 64;

/// A set of rows, dense, because most questions combine several and count them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bits {
    // Invariant: WORDS long.
    words: Vec<u64>,
}

impl Bits {
    /// Returns the empty set.
    pub(super) fn none() -> Self {
        Self { words: vec![0; WORDS] }
    }

    /// Returns the rows `from..to`.
    pub(super) fn range(from: usize, to: usize) -> Self {
        let mut bits = Self::none();
        for (number, word) in bits.words.iter_mut().enumerate() {
            let low = from.saturating_sub(number * 64).min(64);
            let high = to.saturating_sub(number * 64).min(64);
            if low < high {
                *word = (u64::MAX >> (64 - (high - low))) << low;
            }
        }
        bits
    }

    /// Adds a row.
    pub(super) fn insert(&mut self, row: u16) {
        if let Some(word) = self.words.get_mut(usize::from(row) / 64) {
            *word |= 1 << (row % 64);
        }
    }

    /// Takes a row out.
    pub(super) fn remove(&mut self, row: u16) {
        if let Some(word) = self.words.get_mut(usize::from(row) / 64) {
            *word &= !(1 << (row % 64));
        }
    }

    /// Tells whether a row is in the set.
    pub(super) fn contains(&self, row: u16) -> bool {
        self.words.get(usize::from(row) / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
    }

    /// Returns how many rows are in the set.
    pub(super) fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Returns how many rows from `row` on are in the set.
    pub(super) fn count_from(&self, row: usize) -> usize {
        let later = self.words.iter().skip(row / 64 + 1).map(|word| word.count_ones() as usize);
        let here = self.words.get(row / 64).map_or(0, |word| (word >> (row % 64)).count_ones() as usize);
        here + later.sum::<usize>()
    }

    /// Tells whether no row is in the set.
    pub(super) fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// Adds the rows of a list.
    pub(super) fn add_rows(&mut self, rows: &[u16]) {
        for row in rows {
            self.insert(*row);
        }
    }

    /// Adds the rows of the words of another set.
    pub(super) fn add_words(&mut self, words: &[u64]) {
        for (mine, other) in self.words.iter_mut().zip(words) {
            *mine |= other;
        }
    }

    /// Adds what the other set has.
    pub(super) fn add(&mut self, other: &Self) {
        self.add_words(&other.words);
    }

    /// Tells whether it has a row of the words of another set.
    pub(super) fn meets(&self, words: &[u64]) -> bool {
        self.words.iter().zip(words).any(|(mine, other)| mine & other != 0)
    }

    /// Keeps what the other set has too.
    pub(super) fn keep(&mut self, other: &Self) {
        for (mine, other) in self.words.iter_mut().zip(&other.words) {
            *mine &= other;
        }
    }

    /// Takes out what the other set has.
    pub(super) fn drop_all(&mut self, other: &Self) {
        for (mine, other) in self.words.iter_mut().zip(&other.words) {
            *mine &= !other;
        }
    }

    /// Keeps of each word that is not empty what `mask` returns for its number: the word `n` has the rows
    /// from `64 * n` on.
    pub(super) fn mask(&mut self, mut mask: impl FnMut(usize) -> u64) {
        for (number, word) in self.words.iter_mut().enumerate().filter(|(_, word)| **word != 0) {
            *word &= mask(number);
        }
    }

    /// Returns the rows, lowest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        self.words.iter().enumerate().flat_map(|(number, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros())?;
                left &= left - 1;
                Some(row_of(number, bit))
            })
        })
    }

    /// Returns the words, lowest rows first.
    pub(super) fn words(&self) -> &[u64] {
        &self.words
    }
}

/// Returns the row that a bit of a word stands for.
#[expect(clippy::cast_possible_truncation, reason = "a set has 2^16 rows")]
fn row_of(word: usize, bit: u32) -> u16 {
    (word * 64) as u16 | bit as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn a_set_of_bits_is_a_set(
            one in proptest::collection::btree_set(any::<u16>(), 0..50),
            two in proptest::collection::btree_set(any::<u16>(), 0..50),
            bounds in (0_usize..=ROWS, 0_usize..=ROWS),
        ) {
            let bits = |rows: &BTreeSet<u16>| {
                let mut bits = Bits::none();
                bits.add_rows(&rows.iter().copied().collect::<Vec<_>>());
                bits
            };
            let (mut and, mut or, mut less) = (bits(&one), bits(&one), bits(&one));
            and.keep(&bits(&two));
            or.add(&bits(&two));
            less.drop_all(&bits(&two));
            prop_assert!(and.iter().eq(one.intersection(&two).copied()));
            prop_assert!(or.iter().eq(one.union(&two).copied()));
            prop_assert!(less.iter().eq(one.difference(&two).copied()));
            prop_assert_eq!(or.count(), one.union(&two).count());
            prop_assert_eq!(or.count_from(bounds.0), or.iter().filter(|row| usize::from(*row) >= bounds.0).count());
            let mut masked = bits(&one);
            masked.mask(|number| bits(&two).words()[number]);
            prop_assert_eq!(masked, and);
            let range = Bits::range(bounds.0, bounds.1);
            prop_assert!(range.iter().map(usize::from).eq(bounds.0..bounds.1));
        }
    }
}
