//! Which overtures stood open, as far as what is kept of them tells, and what folds of them found.

use std::sync::Arc;

use crate::domain::id::EntityId;
use crate::domain::timestamp::Timestamp;
use crate::projections::error::ProjectionError;
use crate::projections::index::Index;
use crate::projections::offers::{Found, OffersFound, OffersQuery, Verdict};
use crate::projections::view::View;

/// The index on which a fold rests: one that takes its place knows of texts that were removed since.
#[derive(Debug, Clone)]
pub struct Ground(Arc<()>);

impl PartialEq for Ground {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl View {
    /// Tells whether somebody waits for the end of what is folded to be saved.
    pub fn is_fold_stopped(&self) -> bool {
        self.shared.is_fold_stopped()
    }

    /// Returns the first of the overtures that are sought and how many there are, without a look at the log,
    /// and the positions of those that only a fold tells that was not made yet; none where nothing that is kept can be
    /// used, and every overture must be folded.
    pub fn offers(&self, query: &OffersQuery) -> Option<OffersFound> {
        if self.ahead.is_some() {
            return None;
        }
        self.shared.look(|index| index.offers.find(query, self.size))
    }

    /// Returns the overture that came into being at a position; none where its record is damaged.
    ///
    /// # Errors
    ///
    /// As [`View::history`].
    pub fn made_at(&self, position: u64) -> Result<Option<EntityId>, ProjectionError> {
        let Ok(row) = u32::try_from(position) else { return Ok(None) };
        Ok(self.read_if_sound(row)?.map(|recorded| EntityId::from(recorded.id)))
    }

    /// Returns what was saved of a fold with an index; none where that is another one by now, or none was saved.
    ///
    /// What is damaged is told, and let go.
    pub fn saved_fold(&self, of: EntityId, ground: &Ground) -> Option<Vec<u8>> {
        let same = |index: &Index| Arc::ptr_eq(&index.identity, &ground.0);
        let folds = self.shared.look(|index| index.folds.clone().filter(|_| same(index)))?;
        match folds.get(of, &*self.shared.store) {
            Ok(fold) => fold,
            Err(damage) => {
                self.shared.distrust_folds(&ground.0, &damage);
                None
            }
        }
    }

    /// Lets go of what was saved with an index, of which a fold was found to be none.
    pub fn distrust_folds(&self, ground: &Ground) {
        let folds = self.shared.look(|index| index.folds.clone());
        if let Some(folds) = folds {
            self.shared.distrust_folds(&ground.0, &folds.damage());
        }
    }

    /// Returns what a fold stands on that begins now.
    pub fn ground(&self) -> Ground {
        Ground(self.shared.look(|index| Arc::clone(&index.identity)))
    }

    /// Remembers what a fold found of the overture at a position, which rests on these histories and holds
    /// from a moment until another; nothing where the index is another one than when it began.
    pub fn remember(
        &self,
        position: u64,
        verdict: Verdict,
        (at, until): (Timestamp, Timestamp),
        ground: &Ground,
        histories: &[EntityId],
    ) {
        let Some(position) = u32::try_from(position).ok().filter(|_| self.ahead.is_none()) else { return };
        let (size, at, until) = (self.size, at.micros(), until.micros());
        let found = Found { verdict, size, at, until, histories };
        self.shared.look(|index| {
            if Arc::ptr_eq(&index.identity, &ground.0) {
                index.offers.remember(position, index.size, &found);
            }
        });
    }

    /// Forgets what folds found: only rows tell then.
    #[cfg(test)]
    pub(crate) fn forget_verdicts(&self) {
        self.shared.look(|index| index.offers.forget_verdicts());
    }
}
