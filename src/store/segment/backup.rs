//! A backup of data directories while they are written: what opens the texts apart from the records, of one moment,
//! going on where it was cut off, and whole only when its manifest says so.
//!
//! ```text
//! manifest     what belongs to it, with hashes; written last, so that half a backup never passes for whole
//! unfinished   what an attempt has copied so far; gone when it is whole
//! segments/    the records
//! secrets/     what opens the texts, those of the access log under secrets/reads/
//! others/      attachments, checkpoints, the access log, whatever else stands in the directory
//! ```
//! An earlier backup in the same directory stays good until the next is whole: segments only grow, and what has
//! other bytes under the same name is put beside it.

mod checking;
mod copying;
mod looking;
mod manifest;
mod placing;
mod restoring;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};

use crate::store::segment::SegmentStore;
use crate::store::segment::lock;
use crate::store::{AppendError, ReadError};

pub use checking::{Checked, Wrong, check};
pub use looking::is_projections_aside;
pub use manifest::{LogAt, Manifest};
pub use restoring::restore;

/// What is written, and what of it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// So many bytes are copied, of so many.
    Copying(u64, u64),
    /// So many bytes are read again, of so many.
    Checking(u64, u64),
}

impl Step {
    /// Returns the word for it, and how much of how much is done.
    pub const fn part(self) -> (&'static str, u64, u64) {
        match self {
            Self::Copying(done, of) => ("copying", done, of),
            Self::Checking(done, of) => ("checking", done, of),
        }
    }
}

/// How long another backup is waited for: one that is not wanted any more ends with the piece that it copies.
const HELD_WAIT: std::time::Duration = std::time::Duration::from_secs(5);

/// Why there is no whole backup, or none was restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// What stands in the place does not belong there.
    #[error("{what}")]
    Place {
        /// What is wrong.
        what: String,
        /// What would be right.
        hint: String,
    },
    /// There is no room.
    #[error("{} bytes are needed in {} and {} are left", .needed, .dir.display(), .left)]
    NoRoom {
        /// Where.
        dir: PathBuf,
        /// How many bytes are needed.
        needed: u64,
        /// How many are left.
        left: u64,
    },
    /// Another backup is made there.
    #[error(
        "a backup is being made there by {0}, which goes on while somebody waits for it; give the same command again"
    )]
    Held(String),
    /// Whoever wanted it does not any more.
    #[error("nobody waits for the backup any more; the same command goes on with it")]
    GivenUp,
    /// Secrets were changed again and again meanwhile.
    #[error("secrets were removed or wrapped anew while they were copied, again and again")]
    Restless,
    /// What was copied, or was to be restored, is not as it was written.
    #[error("{}", first(.0))]
    Damaged(Vec<Wrong>),
    /// The log is damaged, and a backup of it would be too.
    #[error("the log is damaged, and so would be its backup: {}", first(.0))]
    Unsound(Vec<Wrong>),
    /// The log cannot be read.
    #[error("the log cannot be read")]
    Read(#[from] ReadError),
    /// The log takes no work.
    #[error("the log cannot be held still: {0}")]
    Log(AppendError),
    /// The disk refused.
    #[error("{}: {error}", .path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

fn first(wrong: &[Wrong]) -> String {
    match wrong {
        [] => "the backup is not whole".to_owned(),
        [one] => one.to_string(),
        [one, rest @ ..] => format!("{one} (and {} more)", rest.len()),
    }
}

/// Says where the system refused.
fn at(path: &Path) -> impl FnOnce(io::Error) -> BackupError + '_ {
    move |error| BackupError::Io { path: path.to_owned(), error }
}

/// What a backup has that is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// What belongs to it.
    pub manifest: Manifest,
    /// How many bytes were copied now.
    pub copied: u64,
    /// How many bytes were there already.
    pub kept: u64,
    /// How many files of the backup before were overwritten and removed.
    pub removed: u64,
}

impl SegmentStore {
    /// Backs up the log, and the logs that stand in directories within its own, into a directory; goes on where an
    /// earlier attempt stopped, and copies nothing again that is there already. Appends go on meanwhile.
    ///
    /// When this returns `Ok`, the backup is on disk, was read again and found whole: every record up to one moment,
    /// and exactly the secrets of that moment; the log was not known to be damaged, and its secrets open.
    ///
    /// # Errors
    ///
    /// Returns [`BackupError`]; then the backup before, where there was one, is as it was, and calling again goes on.
    pub fn back_up(
        &self,
        within: &[(&str, &Self)],
        into: &Path,
        tell: &mut dyn FnMut(Step),
    ) -> Result<Made, BackupError> {
        self.back_up_while(&|| true, within, into, tell)
    }

    /// As [`SegmentStore::back_up`], for as long as it is wanted; waits a little for one that is not any more.
    ///
    /// # Errors
    ///
    /// As [`SegmentStore::back_up`], and [`BackupError::GivenUp`] where it is not wanted any more.
    pub fn back_up_while(
        &self,
        wanted: &dyn Fn() -> bool,
        within: &[(&str, &Self)],
        into: &Path,
        tell: &mut dyn FnMut(Step),
    ) -> Result<Made, BackupError> {
        let logs: Vec<(&str, &Self)> = std::iter::once(("", self)).chain(within.iter().copied()).collect();
        copying::prepare(&self.shared.dir, into)?;
        let held = lock::take(into, HELD_WAIT).map_err(at(into))?;
        let _lock = held.map_err(BackupError::Held)?;
        let made = copying::Run::begin(into, self, wanted)?.make(&logs, tell);
        made.map_err(|error| if wanted() { error } else { BackupError::GivenUp })
    }
}
