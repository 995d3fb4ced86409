//! The newest entries of several sorts at once.

use crate::projections::error::ProjectionError;
use crate::projections::newest::{Newest, NewestQuery};
use crate::projections::timeline::Spot;
use crate::projections::view::View;

impl View {
    /// Returns where the newest entries of each sort stand that is asked for, newest first: by the earliest moment
    /// at which an entry can have happened, then the latest, then the position.
    ///
    /// No record is read: whoever asks reads those that are needed, and each once, with [`View::entries`]. One that
    /// the log no longer gives is among them.
    ///
    /// Links that were changed after an entry was recorded are not looked at: see
    /// [`Test::PerhapsLinked`](crate::projections::newest::Test::PerhapsLinked).
    ///
    /// # Errors
    ///
    /// As [`View::history`].
    pub fn newest(&self, query: &NewestQuery) -> Result<Vec<Vec<Spot>>, ProjectionError> {
        let standing = self.standing(None)?;
        let search = Newest { query, size: self.size, standing: &standing };
        self.shared.with_index(|index| search.run(index))
    }
}
