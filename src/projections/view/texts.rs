//! What texts say, and which of those entries are asked for.

use roaring::RoaringBitmap;

use crate::projections::error::ProjectionError;
use crate::projections::text::{TextFound, TextQuery};
use crate::projections::timeline::TimelineQuery;
use crate::projections::view::View;

impl View {
    /// Returns the entries that say what is looked for, as they read here, for a reader who sees `visible`;
    /// struck ones and what keeps the record included.
    ///
    /// # Errors
    ///
    /// As [`View::history`].
    pub fn find(
        &self,
        query: &TextQuery,
        visible: Option<&RoaringBitmap>,
    ) -> Result<TextFound, ProjectionError> {
        self.shared.texts.find(&self.shared, self.size, query, visible)
    }

    /// Returns the positions of all entries that are asked for, whatever the order and the limit.
    ///
    /// # Errors
    ///
    /// As [`View::history`].
    pub fn positions(&self, query: &TimelineQuery) -> Result<RoaringBitmap, ProjectionError> {
        self.searching(query, |index, search| search.all(index))
    }
}
