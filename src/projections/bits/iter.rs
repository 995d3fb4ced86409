//! The rows of a set, one after another.

use std::iter::Copied;
use std::ops::Range;
use std::slice::Iter;

/// The rows of a set, lowest first.
pub(super) enum Rows<'set> {
    /// All from one to another.
    Stretch(Range<usize>),
    /// As they are listed.
    List(Iter<'set, u16>),
    /// Those whose bit is set.
    Words {
        /// The words behind the one that is looked at.
        words: Copied<Iter<'set, u64>>,
        /// The first row of the next word.
        next: usize,
        /// What is left of the word that is looked at.
        left: u64,
    },
}

impl<'set> Rows<'set> {
    /// Returns the rows whose bits are set.
    pub(super) fn of_words(words: &'set [u64]) -> Self {
        Self::Words { words: words.iter().copied(), next: 0, left: 0 }
    }
}

impl Iterator for Rows<'_> {
    type Item = u16;

    #[expect(clippy::cast_possible_truncation, reason = "a set has 2^16 rows")]
    fn next(&mut self) -> Option<u16> {
        match self {
            Self::Stretch(rows) => rows.next().map(|row| row as u16),
            Self::List(rows) => rows.next().copied(),
            Self::Words { words, next, left } => {
                while *left == 0 {
                    *left = words.next()?;
                    *next += 64;
                }
                let bit = left.trailing_zeros() as usize;
                *left &= *left - 1;
                Some((*next - 64 + bit) as u16)
            }
        }
    }
}
