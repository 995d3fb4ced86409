//! What the desk folds for the projections to save, so that whoever opens the log need not fold it first: where the
//! channels stand, and which overtures stand open of those that only a fold tells.

use std::sync::Arc;

use crate::desk::channels::kept::{ChannelsKept, Folding};
use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::desk::overtures::fold_doubtful;
use crate::domain::id::EntityId;
use crate::domain::timestamp::Timestamp;
use crate::domain::zone::Zone;
use crate::projections::folds::{Folded, Folder};
use crate::projections::view::View;
use crate::store::with_causes;

/// Folds what the desk keeps, by the rules of today and by those of earlier days.
pub(super) struct DeskFolder {
    channels: Arc<ChannelsKept>,
    zone: Zone,
}

impl DeskFolder {
    /// Returns a folder of what a desk keeps of channels.
    pub(super) fn of(channels: &Arc<ChannelsKept>, zone: Zone) -> Arc<Self> {
        Arc::new(Self { channels: Arc::clone(channels), zone })
    }

    /// Folds everything that a view knows, and returns what is kept of channels as bytes; none where `is_stopped` says
    /// before all of them are folded that somebody waits for the end. Of the overtures those that are folded by then are
    /// remembered, each for itself, and the others are folded by whoever asks.
    ///
    /// # Errors
    ///
    /// Returns what the projections say when the log cannot be read.
    pub(super) fn folded(
        &self,
        view: &View,
        is_stopped: &dyn Fn() -> bool,
    ) -> Result<Option<Folded>, DeskError> {
        let newest = view.size().checked_sub(1).map(|last| view.recorded(last)).transpose()?.flatten();
        let today = newest.map_or(Timestamp::MIN, |recorded| recorded.at);
        let mut known = Known::of_view(view.clone(), today, self.zone, Arc::clone(&self.channels))?;
        let mut moments = vec![Timestamp::MIN];
        moments.extend(known.policies.changes().filter(|change| *change < today));
        moments.push(today);
        let channels: Vec<EntityId> = known.register.channels().map(|(id, _)| id).collect();
        let mut folds = Vec::with_capacity(channels.len());
        for channel in channels {
            match self.channels.fold(&mut known, channel, &moments, is_stopped)? {
                Folding::Kept(fold) => folds.push((channel, fold)),
                Folding::Nothing => {}
                Folding::Stopped => return Ok(None),
            }
        }
        // What is found of overtures is remembered by the projections themselves.
        fold_doubtful(&known, is_stopped)?;
        Ok(Some(folds))
    }
}

impl Folder for DeskFolder {
    fn fold(&self, view: &View) -> Result<Option<Folded>, String> {
        self.folded(view, &|| view.is_fold_stopped()).map_err(|error| with_causes(&error))
    }
}
