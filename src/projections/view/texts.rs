//! What texts say, and which of those entries are asked for.

use roaring::RoaringBitmap;

use crate::projections::error::ProjectionError;
use crate::projections::table::join;
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

    /// Returns where the texts stand that were removed, by a record known now, whatever was known here.
    pub fn removals(&self) -> RoaringBitmap {
        let removals = self.shared.look(|index| index.removals.clone());
        removals.iter().map(|(position, _)| position).take_while(|position| *position < self.size).collect()
    }

    /// Says that an entry was found which does not say what was looked for: the index is no longer believed,
    /// and whoever keeps it builds it anew.
    pub fn doubt_texts(&self, position: u64) {
        self.shared.texts.doubt(&self.shared, position);
    }

    /// Returns the positions of all entries that are asked for, whatever the order and the limit.
    ///
    /// # Errors
    ///
    /// As [`View::history`].
    pub fn positions(&self, query: &TimelineQuery) -> Result<RoaringBitmap, ProjectionError> {
        let standing = self.standing(query.visible.as_deref())?;
        let search = self.search(query, &standing)?;
        self.shared.with_index(|index| {
            let matches = search.matches(index)?;
            let plain = matches.plain.iter().map(|(number, _, bits)| (*number, bits));
            let amended = matches.amended.iter().map(|(number, bits)| (*number, bits));
            let mut positions = RoaringBitmap::new();
            for (number, bits) in plain.chain(amended) {
                positions.extend(bits.iter().map(|row| join(number, row)));
            }
            Ok(positions)
        })
    }
}
