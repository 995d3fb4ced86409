//! Folds of the log kept ready for questions: who is who, what belongs to which history, what happened
//! when, on which channel and between whom, as known at any size of the log.
//!
//! Invariants: a projection is the fold of the log and of nothing else, so it can be thrown away at any
//! time; it reads no clock and writes no events; an event that it does not know stops it.

mod bits;
mod columns;
mod corrections;
mod digest;
pub mod error;
mod file;
mod index;
mod lazy;
mod outline;
pub mod register;
mod replay;
mod search;
mod segment;
mod shared;
mod snapshot;
mod table;
mod taken;
mod term;
mod terms;
pub mod timeline;
pub mod view;

use std::path::Path;
use std::sync::Arc;

use crate::domain::zone::Zone;
use crate::projections::error::{CheckReport, ProjectionError, RebuildReport};
use crate::projections::index::Index;
use crate::projections::shared::Shared;
use crate::projections::snapshot::Snapshot;
use crate::projections::view::View;
use crate::store::EventStore;

/// After so many new events the projections save themselves, which bounds what is replayed at open.
pub const SAVE_EVENTS: u64 = 16_384;

/// Whether the directory of the projections may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nothing is written; what is newer than the snapshot is replayed in memory.
    ReadOnly,
    /// Snapshots are saved.
    Writable,
}

/// The projections of one log.
pub struct Projections {
    shared: Arc<Shared>,
}

impl Projections {
    /// Opens the projections of `store` in `dir`, and takes in what is newer than the snapshot there.
    ///
    /// Without a directory everything is kept in memory. A snapshot that is damaged, or that is not of
    /// this log, is set aside and rebuilt from the log; [`Projections::notice`] then says so.
    ///
    /// # Errors
    ///
    /// Returns [`ProjectionError`] when the log holds an event that cannot be taken in.
    pub fn open(
        dir: Option<&Path>,
        store: Arc<dyn EventStore>,
        zone: Zone,
        access: Access,
    ) -> Result<Self, ProjectionError> {
        let dir = dir.map(Path::to_owned);
        let shared = Arc::new(Shared::new(store, zone, access, dir, Snapshot::default(), Index::default()));
        let projections = Self { shared };
        projections.catch_up()?;
        Ok(projections)
    }

    /// Takes in what was recorded since, and returns how many events are taken in.
    ///
    /// # Errors
    ///
    /// Returns [`ProjectionError`] naming the event at which it stopped; those before it are taken in.
    pub fn catch_up(&self) -> Result<u64, ProjectionError> {
        self.shared.catch_up(&mut self.shared.write())
    }

    /// Returns the log as known at `size`, or as far as it was taken in.
    pub fn view(&self, size: u64) -> View {
        let taken = self.shared.change(|index| index.size);
        View::new(Arc::clone(&self.shared), u32::try_from(size).unwrap_or(u32::MAX).min(taken))
    }

    /// Folds the log from nothing and puts the result in the place of what is there.
    ///
    /// # Errors
    ///
    /// Returns [`ProjectionError`] when an event cannot be taken in; then nothing was replaced.
    pub fn rebuild(&self) -> Result<RebuildReport, ProjectionError> {
        let writing = self.shared.write();
        let (report, rebuilt) = self.compared()?;
        self.shared.replace(rebuilt);
        drop(writing);
        Ok(RebuildReport { size: report.size, same: report.agrees(), digest: report.rebuilt_digest })
    }

    /// Folds the log from nothing and compares the result with what is there, which stays.
    ///
    /// # Errors
    ///
    /// Returns [`ProjectionError`] when an event cannot be taken in.
    pub fn check(&self) -> Result<CheckReport, ProjectionError> {
        let _writing = self.shared.write();
        Ok(self.compared()?.0)
    }

    fn compared(&self) -> Result<(CheckReport, Index), ProjectionError> {
        let (size, redacted) = self.shared.change(|index| (index.size, index.redacted.clone()));
        let rebuilt = self.shared.folded(u64::from(size), redacted)?;
        let (live, live_digest) =
            self.shared.change(|index| Ok::<_, lazy::Damage>((index.counts()?, digest::of(index, size)?)))?;
        let report = CheckReport {
            size: u64::from(size),
            live,
            rebuilt: rebuilt.counts()?,
            live_digest,
            rebuilt_digest: digest::of(&rebuilt, size)?,
        };
        Ok((report, rebuilt))
    }

    /// Returns the digest of everything kept about the first `size` events.
    ///
    /// It is the same on any machine; removing a text changes it.
    ///
    /// # Errors
    ///
    /// Returns [`ProjectionError`] when neither the snapshot nor the log can be read.
    pub fn digest(&self, size: u64) -> Result<[u8; 32], ProjectionError> {
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        self.shared.with_index(|index| digest::of(index, size.min(index.size)))
    }

    /// Returns what the owner should be told, for example that a damaged snapshot was set aside.
    pub fn notice(&self) -> Option<String> {
        self.shared.notice()
    }
}
