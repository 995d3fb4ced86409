//! The newest entries of several sorts at once.

use std::collections::BTreeMap;

use crate::projections::error::ProjectionError;
use crate::projections::newest::{self, Newest, NewestQuery};
use crate::projections::timeline::Row;
use crate::projections::view::View;
use crate::projections::view::times::moment;

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
        let mut ids = BTreeMap::new();
        for position in newest::positions(&found).into_keys() {
            if let Some(recorded) = self.read_if_sound(position)? {
                ids.insert(position, recorded.id);
            }
        }
        let row = |hit: &newest::Hit| {
            Some(Row {
                position: u64::from(hit.key.position),
                reading_position: u64::from(hit.reading),
                id: *ids.get(&hit.key.position)?,
                earliest: moment(hit.key.earliest),
                latest: moment(hit.key.latest),
                struck: false,
                amended: hit.reading != hit.key.position,
            })
        };
        Ok(found.iter().map(|hits| hits.iter().filter_map(row).collect()).collect())
    }
}
