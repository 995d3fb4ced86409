//! Which rows of a growing segment have the same date.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use crate::projections::segment::{RowList, Same};

/// Rows by the earliest and the latest moment of their dates.
#[derive(Debug, Clone, Default)]
pub(super) struct RowsAt {
    // By the fingerprint of both moments: others may share it.
    rows: HashMap<u64, RowList, BuildHasherDefault<Same>>,
}

impl RowsAt {
    /// Returns the rows that have these moments, in their order.
    pub(super) fn of(times: &[(i64, i64)]) -> Self {
        let mut all = Self::default();
        (0..=u16::MAX).zip(times).for_each(|(row, times)| all.push(row, *times));
        all
    }

    /// Adds a row, which is not below the others.
    pub(super) fn push(&mut self, row: u16, times: (i64, i64)) {
        self.rows
            .entry(print_of(times))
            .and_modify(|rows| rows.push(row))
            .or_insert_with(|| RowList::from(vec![row]));
    }

    /// Returns the rows that may have these moments, lowest first.
    pub(super) fn get(&self, times: (i64, i64)) -> &[u16] {
        self.rows.get(&print_of(times)).map(RowList::rows).unwrap_or_default()
    }
}

/// Returns the fingerprint of two moments. Dates are midnights: only the product with a large odd number has them differ
/// in every bit by which they are found.
const fn print_of((earliest, latest): (i64, i64)) -> u64 {
    let mixed = earliest.cast_unsigned() ^ latest.cast_unsigned().rotate_left(32);
    mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32)
}
