//! When the rows of a segment happened, column by column.

use crate::domain::timestamp::Timestamp;
use crate::projections::bits::{Bits, LIST_MAX};
use crate::projections::columns::{get, put};
use crate::projections::lazy::Section;

/// Of so many rows in their order it is known when the last of them can have happened.
const STEP: usize = 256;

/// When the rows of a segment happened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::projections) struct Times {
    /// The earliest moment of each row, in microseconds.
    pub(in crate::projections) earliest: Vec<i64>,
    /// The latest moment of each row, in microseconds.
    pub(in crate::projections) latest: Vec<i64>,
    /// The rows by earliest, then latest moment, then row.
    pub(in crate::projections) order: Vec<u16>,
    // Of each `STEP` rows in their order, the greatest latest moment.
    reach: Vec<i64>,
}

impl Times {
    /// Returns those of rows that stand in this order.
    pub(in crate::projections) fn of(times: &[(i64, i64)]) -> Self {
        let mut order: Vec<u16> = (0..=u16::MAX).take(times.len()).collect();
        order.sort_by_key(|row| (times.get(usize::from(*row)).copied().unwrap_or_default(), *row));
        let (earliest, latest) = times.iter().copied().unzip();
        Self::of_columns(earliest, latest, order)
    }

    fn of_columns(earliest: Vec<i64>, latest: Vec<i64>, order: Vec<u16>) -> Self {
        let of = |row: &u16| latest.get(usize::from(*row)).copied().unwrap_or_default();
        let reach = order.chunks(STEP).map(|rows| rows.iter().map(of).max().unwrap_or_default()).collect();
        Self { earliest, latest, order, reach }
    }

    /// As [`Times::within`]; none where they are many.
    pub(in crate::projections) fn few_within(&self, since: i64, until: i64) -> Option<Bits> {
        let (from, to) = self.begun_within(since, until);
        (to.saturating_sub(from) <= LIST_MAX).then(|| self.within(since, until))
    }

    /// Returns from where to where in the order of rows those stand that began at `since` or later and by `until`.
    fn begun_within(&self, since: i64, until: i64) -> (usize, usize) {
        let from = self.order.partition_point(|row| self.at(*row).0 < since);
        let to = self.order.partition_point(|row| self.at(*row).0 <= until);
        (from, to)
    }

    /// Returns the rows that can have happened at `since` or later and by `until`.
    pub(in crate::projections) fn within(&self, since: i64, until: i64) -> Bits {
        let (from, to) = self.begun_within(since, until);
        let mut rows = self.order.get(from..to.max(from)).unwrap_or_default().to_vec();
        // What is told so coarsely that it may have begun before: few rows, of few stretches.
        let before = self.order.get(..from.min(to)).unwrap_or_default();
        for (stretch, reach) in before.chunks(STEP).zip(&self.reach) {
            if *reach >= since {
                rows.extend(stretch.iter().copied().filter(|row| self.at(*row).1 >= since));
            }
        }
        // Many are set as bits, in any order.
        if rows.len() <= LIST_MAX {
            rows.sort_unstable();
        }
        Bits::of(&rows)
    }

    /// Returns the rows whose earliest and latest moments are these, lowest first.
    pub(in crate::projections) fn of_moments(&self, times: (i64, i64)) -> Vec<u16> {
        let from = self.order.partition_point(|row| self.at(*row) < times);
        let rows = self.order.get(from..).unwrap_or_default();
        rows.iter().copied().take_while(|row| self.at(*row) == times).collect()
    }

    /// Returns the least earliest moment that is known; none where none is.
    pub(in crate::projections) fn first_known(&self) -> Option<i64> {
        let earliest = |row: &u16| self.at(*row).0;
        let unknown = self.order.partition_point(|row| earliest(row) <= Timestamp::MIN.micros());
        self.order.get(unknown).map(earliest)
    }

    /// Returns the earliest and the latest moment of a row.
    pub(in crate::projections) fn at(&self, row: u16) -> (i64, i64) {
        let of = |column: &[i64]| column.get(usize::from(row)).copied().unwrap_or_default();
        (of(&self.earliest), of(&self.latest))
    }
}

impl Section for Times {
    const NUMBER: u8 = 1;

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(8 + self.order.len() * 18);
        put(&mut bytes, &self.earliest, i64::to_le_bytes);
        put(&mut bytes, &self.latest, i64::to_le_bytes);
        put(&mut bytes, &self.order, u16::to_le_bytes);
        bytes
    }

    fn decode(mut bytes: &[u8]) -> Option<Self> {
        let earliest = get(&mut bytes, i64::from_le_bytes)?;
        let latest = get(&mut bytes, i64::from_le_bytes)?;
        let order = get(&mut bytes, u16::from_le_bytes)?;
        let sound = bytes.is_empty() && earliest.len() == order.len() && latest.len() == order.len();
        sound.then(|| Self::of_columns(earliest, latest, order))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn what_can_have_happened_in_a_time_is_found_among_all_rows(
            rows in proptest::collection::vec((-50_i64..50, 0_i64..9, any::<bool>()), 0..2_000),
            many: bool,
            since in -70_i64..70,
            until in -70_i64..70,
        ) {
            // Most are told exactly, some as any day of a long time.
            let one = |(earliest, length, coarse): &(i64, i64, bool)| {
                (*earliest, if *coarse && length % 4 == 0 { earliest + 8 * length } else { *earliest })
            };
            let mut times: Vec<(i64, i64)> = rows.iter().map(one).collect();
            if many {
                times = times.iter().cycle().take(times.len() * 9).copied().collect();
            }
            let found = Times::of(&times).within(since, until);
            let naive = times.iter().zip(0_u16..).filter(|((earliest, latest), _)| *latest >= since && *earliest <= until);
            prop_assert_eq!(found.iter().collect::<Vec<u16>>(), naive.map(|(_, row)| row).collect::<Vec<u16>>());
        }
    }
}
