//! Opening a log whose secrets are under a master key.

use std::path::Path;
use std::time::Duration;

use crate::store::Clock;
use crate::store::segment::files::SystemDisk;
use crate::store::segment::master::{MasterKey, Masters};
use crate::store::segment::opening::identify;
use crate::store::segment::secrets::{Secrets, Wrapped};
use crate::store::segment::{OpenError, Opening, Options, SegmentStore};

impl SegmentStore {
    /// Opens a log whose secrets may be under a master key.
    ///
    /// # Errors
    ///
    /// As [`SegmentStore::open`]; [`OpenError::MasterKeyNeeded`] without a master key where the secrets are
    /// under one, [`OpenError::MasterKeyWrong`] with another than theirs, and
    /// [`OpenError::MasterKeyUnused`] with one where they are under none.
    pub fn open_with_master(
        dir: &Path,
        opening: Opening,
        clock: Clock,
        master: Option<MasterKey>,
    ) -> Result<Self, OpenError> {
        Self::open_with_masters(dir, opening, clock, Options::STANDARD, master.into_iter().collect())
    }

    /// Opens a log whose secrets may be under any of several master keys: a change of the master key that
    /// was cut off leaves some under the one and some under the other. Opened for writing with the one that
    /// was to come, the change is ended first.
    ///
    /// # Errors
    ///
    /// As [`SegmentStore::open_with_master`].
    pub fn open_with_masters(
        dir: &Path,
        opening: Opening,
        clock: Clock,
        options: Options,
        masters: Vec<MasterKey>,
    ) -> Result<Self, OpenError> {
        Self::open_on(dir, opening, clock, options, Masters::new(masters), Box::new(SystemDisk))
    }

    /// Opens a log for writing, so that [`SegmentStore::rewrap`] puts it under another master key: none of
    /// those that are given need be in use.
    ///
    /// # Errors
    ///
    /// As [`SegmentStore::open_with_master`].
    pub fn open_to_rewrap(
        dir: &Path,
        wait: Duration,
        clock: Clock,
        masters: Vec<MasterKey>,
    ) -> Result<Self, OpenError> {
        let (opening, masters) = (Opening::Write { wait }, Masters::to_change(masters));
        Self::open_on(dir, opening, clock, Options::STANDARD, masters, Box::new(SystemDisk))
    }

    /// Returns the master key under which secrets are written; none where they are bare.
    pub fn master(&self) -> Option<MasterKey> {
        self.shared.secrets.master()
    }

    /// Returns what the keys of the log in a directory are under, without opening any.
    ///
    /// # Errors
    ///
    /// Returns [`OpenError`] where there is no log, or it cannot be read.
    pub fn wrapped(dir: &Path) -> Result<Wrapped, OpenError> {
        identify(dir)?;
        Secrets::wrapped(dir).map_err(|source| OpenError::Io { dir: dir.to_owned(), source })
    }
}
