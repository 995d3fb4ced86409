//! The projections on disk: what is saved, and whether what is found there can be trusted.

use std::path::PathBuf;

/// The directory of a snapshot, for whoever may write it.
#[derive(Debug, Default)]
pub(super) struct Snapshot {
    dir: Option<PathBuf>,
}

impl Snapshot {
    /// Moves the directory out of the way and returns where it went; none when nothing may be written.
    pub(super) fn set_aside(&mut self) -> Option<PathBuf> {
        self.dir.take()
    }
}
