//! The newest entries of several sorts at once.

use std::collections::BTreeMap;

use crate::projections::error::ProjectionError;
use crate::projections::newest::{Newest, NewestQuery};
use crate::projections::timeline::{Row, Spot};
use crate::projections::view::View;

impl View {
    /// Returns the newest entries of each sort that is asked for, newest first: by the earliest moment at
    /// which an entry can have happened, then the latest, then the position.
    ///
    /// Links that were changed after an entry was recorded are not looked at: see
    /// [`Test::PerhapsLinked`](crate::projections::newest::Test::PerhapsLinked).
    ///
    /// # Errors
    ///
    /// As [`View::history`].
    pub fn newest(&self, query: &NewestQuery) -> Result<Vec<Vec<Row>>, ProjectionError> {
        let standing = self.standing(None)?;
        let search = Newest { query, size: self.size, standing: &standing };
        let found = self.shared.with_index(|index| search.run(index))?;
        // An entry is often the newest of several sorts, and read once.
        let each: BTreeMap<u64, Spot> =
            found.iter().flatten().map(|spot| (u64::from(spot.key.position), *spot)).collect();
        let spots: Vec<Spot> = each.into_values().collect();
        let read = self.rows(&spots, None)?;
        let rows: BTreeMap<u64, Row> = read.into_iter().map(|row| (row.position, row)).collect();
        let row = |spot: &Spot| rows.get(&u64::from(spot.key.position)).copied();
        Ok(found.iter().map(|spots| spots.iter().filter_map(row).collect()).collect())
    }
}
