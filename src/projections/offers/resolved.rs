//! What folds found of the doubtful rows of a block, kept beside it as long as it holds: most of them do not stand open,
//! and whoever asks for those of one party looks at few.

use crate::projections::offers::NEVER;
use crate::projections::offers::first::Key;
use crate::projections::offers::verdicts::Verdicts;

/// What folds found of the rows of a block that are in doubt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Resolved {
    // It holds of so many events to so many.
    sizes: (u32, u32),
    // From a moment on, and before another.
    moments: (i64, i64),
    open: Vec<Open>,
    unknown: Vec<u32>,
}

/// An overture that was found to stand open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Open {
    /// When it was issued, and its position.
    pub(super) key: Key,
    /// The number of the list of those who made it.
    pub(super) from: u32,
    /// The number of the list of those to whom it was made.
    pub(super) to: u32,
}

impl Resolved {
    /// Returns what is known of the overtures at some positions, ascending, at a size and a moment.
    pub(super) fn of(positions: &[u32], verdicts: &Verdicts, size: u32, at: i64) -> Self {
        let mut new =
            Self { sizes: (0, NEVER), moments: (i64::MIN, i64::MAX), open: Vec::new(), unknown: Vec::new() };
        verdicts.each(positions, size, at, |position, found| {
            let Some(found) = found else { return new.unknown.push(position) };
            let (sizes, moments) = (found.sizes(), found.moments());
            new.sizes = (new.sizes.0.max(sizes.0), new.sizes.1.min(sizes.1));
            new.moments = (new.moments.0.max(moments.0), new.moments.1.min(moments.1));
            new.open.extend(found.open(position));
        });
        new
    }

    /// Tells whether it is known at a size and a moment.
    pub(super) fn holds(&self, size: u32, at: i64) -> bool {
        (self.sizes.0..=self.sizes.1).contains(&size) && (self.moments.0..self.moments.1).contains(&at)
    }

    /// Returns those that stand open.
    pub(super) fn open(&self) -> &[Open] {
        &self.open
    }

    /// Returns the positions of those of which nothing is known.
    pub(super) fn unknown(&self) -> impl Iterator<Item = u64> + '_ {
        self.unknown.iter().copied().map(u64::from)
    }
}
