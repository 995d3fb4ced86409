//! What a removal leaves to do once it is recorded: here, after a kill, and on a copy.

use crate::desk::Desk;
use crate::desk::error::DeskError;

impl Desk {
    /// Destroys the secrets of every text that the record says was removed, and wipes what was folded from
    /// them; does nothing where that is done.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Unavailable`] when something may be left; doing it again goes on from there.
    pub(in crate::desk) fn finish_removals(&self) -> Result<(), DeskError> {
        self.projections.catch_up()?;
        let mut open = Vec::new();
        for (position, _) in self.projections.removals() {
            if !self.store.is_forgotten(position)? {
                open.push(position);
            }
        }
        if !open.is_empty() {
            self.store.forget(&open).map_err(|error| DeskError::Unavailable(error.to_string()))?;
        }
        if self.projections.is_stale() {
            self.projections.purge()?;
        }
        Ok(())
    }

    /// Finishes removals of texts that were interrupted; where it cannot, whoever asks is told.
    pub(in crate::desk) fn finish_or_tell(&self) {
        if let Err(error) = self.finish_removals() {
            self.projections.tell(format!(
                "a text that was removed is hidden, and not yet gone from the disk: {error}; opening the log for \
                 writing tries again"
            ));
        }
    }
}
