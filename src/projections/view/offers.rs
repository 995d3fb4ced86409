//! What folds found of overtures and channels: kept with the index, or saved beside it.

use std::sync::Arc;

use crate::domain::id::EntityId;
use crate::domain::timestamp::Timestamp;
use crate::projections::error::ProjectionError;
use crate::projections::folds::{Folds, Piece};
use crate::projections::index::Index;
use crate::projections::lazy::Damage;
use crate::projections::offers::{Found, OffersFound, OffersQuery, Verdict};
use crate::projections::shared::Shared;
use crate::projections::view::View;

/// The index on which a fold rests: one that takes its place knows of texts that were removed since.
#[derive(Debug, Clone)]
pub struct Ground(Arc<()>);

impl PartialEq for Ground {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// A fold that was saved with an index, read when it is asked for. It stays what it is when another is saved.
#[derive(Clone)]
pub struct SavedFold {
    shared: Arc<Shared>,
    folds: Arc<Folds>,
    of: EntityId,
}

impl PartialEq for SavedFold {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.folds, &other.folds) && self.of == other.of
    }
}

impl std::fmt::Debug for SavedFold {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SavedFold").field("of", &self.of).finish_non_exhaustive()
    }
}

impl SavedFold {
    /// Returns what of it is read whole; none where none was saved of this. What is damaged is told, and let go.
    pub fn head(&self) -> Option<Vec<u8>> {
        self.sound(self.folds.head(self.of, &*self.shared.store)).flatten()
    }

    /// Returns a piece of it; otherwise as [`SavedFold::head`].
    pub fn piece(&self, piece: Piece) -> Option<Vec<u8>> {
        self.sound(self.folds.piece(self.of, piece, &*self.shared.store))
    }

    /// Lets go of all that was saved with it: it was found to be no fold.
    pub fn distrust(&self) {
        self.shared.distrust_folds(&self.folds, &self.folds.damage());
    }

    fn sound<T>(&self, read: Result<T, Damage>) -> Option<T> {
        read.inspect_err(|damage| self.shared.distrust_folds(&self.folds, damage)).ok()
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

    /// Returns what was saved of a fold with an index; none where that is another one by now, or nothing was saved.
    pub fn saved_fold(&self, of: EntityId, ground: &Ground) -> Option<SavedFold> {
        let same = |index: &Index| Arc::ptr_eq(&index.identity, &ground.0);
        let folds = self.shared.look(|index| index.folds.clone().filter(|_| same(index)))?;
        Some(SavedFold { shared: Arc::clone(&self.shared), folds, of })
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
