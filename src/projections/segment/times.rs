//! When the rows of a segment happened, column by column.

use crate::domain::timestamp::Timestamp;
use crate::projections::columns::{get, put};
use crate::projections::lazy::Section;

/// When the rows of a segment happened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::projections) struct Times {
    /// The earliest moment of each row, in microseconds.
    pub(in crate::projections) earliest: Vec<i64>,
    /// The latest moment of each row, in microseconds.
    pub(in crate::projections) latest: Vec<i64>,
    /// The rows by earliest, then latest moment, then row.
    pub(in crate::projections) order: Vec<u16>,
}

impl Times {
    /// Returns those of rows that stand in this order.
    pub(in crate::projections) fn of(times: &[(i64, i64)]) -> Self {
        let mut order: Vec<u16> = (0..=u16::MAX).take(times.len()).collect();
        order.sort_by_key(|row| (times.get(usize::from(*row)).copied().unwrap_or_default(), *row));
        let (earliest, latest) = times.iter().copied().unzip();
        Self { earliest, latest, order }
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
        sound.then_some(Self { earliest, latest, order })
    }
}
