//! What a removal leaves to do once it is recorded: here, after a kill, and on a copy.

use std::time::Duration;

use crate::desk::Desk;
use crate::desk::error::DeskError;
use crate::store::segment::holder;
use crate::store::{Damage, ReadError};

/// Where what opens the texts stands within the data directory.
const SECRETS: &str = "secrets";
/// How often another look is taken at a text whose removal is recorded, while somebody writes who may be removing it.
const LOOKS_MAX: u32 = 20;
/// How long after the look before.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

impl Desk {
    /// Destroys the secrets of every text that the record says was removed, and wipes what was folded from
    /// them; does nothing where that is done.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Unavailable`] when something may be left; doing it again goes on from there.
    pub(in crate::desk) fn finish_removals(&self) -> Result<(), DeskError> {
        self.projections.catch_up()?;
        let open = self.unfinished()?;
        if !open.is_empty() {
            self.store.forget(&open).map_err(|error| DeskError::Unavailable(error.to_string()))?;
        }
        if self.projections.is_stale() {
            self.projections.purge()?;
        }
        Ok(())
    }

    /// Returns where texts stand that the record says were removed, and whose secrets are here.
    fn unfinished(&self) -> Result<Vec<u64>, ReadError> {
        let mut open = Vec::new();
        for (position, _) in self.projections.removals() {
            if !self.store.is_forgotten(position)? {
                open.push(position);
            }
        }
        Ok(open)
    }

    /// Returns the texts that were removed and can be opened again, because their secrets were put back or their
    /// removal was cut off. One that somebody is removing right now is none of them.
    ///
    /// Nothing where the log cannot be read: whoever looks is told of that.
    pub(in crate::desk) fn openable_again(&self) -> Vec<Damage> {
        let Some(dir) = self.signing.dir() else { return Vec::new() };
        let look = || match self.projections.catch_up() {
            Ok(_) => self.unfinished().unwrap_or_default(),
            Err(_) => Vec::new(),
        };
        let mut open = look();
        for _ in 0..LOOKS_MAX {
            if open.is_empty() || !matches!(holder(dir), Ok(Some(_))) {
                break;
            }
            std::thread::sleep(BETWEEN_LOOKS);
            open = look();
        }
        let again = |position| {
            Damage {
            file: SECRETS.to_owned(),
            offset: 0,
            position: Some(position),
            what: "the text was removed, and can be opened again: older secrets were put back, or its removal was cut \
                   off; whoever next opens the log for writing removes it"
                .to_owned(),
        }
        };
        open.into_iter().map(again).collect()
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

#[cfg(test)]
mod tests;
