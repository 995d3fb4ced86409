//! Folds of the log kept ready for questions: who is who, what belongs to which history, what happened
//! when, on which channel and between whom, as known at any size of the log.
//!
//! Invariants: a projection is the fold of the log and of nothing else, so it can be thrown away at any
//! time; it reads no clock and writes no events; an event that it does not know stops it.

mod ahead;
mod beside;
mod bits;
mod bloom;
mod columns;
mod corrections;
mod counted;
mod crossings;
mod density;
mod digest;
mod directory;
pub mod error;
pub mod facets;
mod file;
pub mod folds;
mod index;
mod keeping;
pub mod late;
mod lazy;
mod manifest;
mod moments;
pub mod newest;
pub mod offers;
mod outline;
mod paged;
pub mod probe;
mod profile;
pub mod register;
mod removals;
mod replay;
mod search;
mod segment;
mod shared;
mod snapshot;
mod state;
mod table;
mod taken;
mod tally;
mod term;
mod terms;
#[cfg(test)]
mod testing;
pub mod text;
pub mod timeline;
pub(crate) mod together;
pub mod view;

pub(crate) use snapshot::quietly;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crate::domain::zone::Zone;
use crate::projections::error::{CheckReport, ProjectionError, RebuildReport};
use crate::projections::folds::Folder;
use crate::projections::index::{Index, Keep};
use crate::projections::removals::Removal;
use crate::projections::shared::Shared;
use crate::projections::text::Ending;
use crate::projections::view::View;
use crate::store::EventStore;
use crate::store::with_causes;

/// After so many new events the projections save themselves, which bounds what is replayed at open.
pub const SAVE_EVENTS: u64 = 16_384;

/// With fewer new events than this a close saves nothing: replaying them is quicker than saving.
const CLOSE_EVENTS: u64 = 64;

/// Of a log of more than so many events a close does not fold what never was: that is left to whoever keeps it open.
const FOLD_EVENTS: u64 = 1 << 20;

/// So many events are taken in at a time, then saved: what is saved leaves memory.
const STRETCH: u64 = 1 << 20;

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
    // Saves while others ask and take in; joined before another begins and before the end.
    saver: Mutex<Option<JoinHandle<()>>>,
}

impl Projections {
    /// Opens the projections of `store` in `dir`, and takes in what is newer than the snapshot there.
    ///
    /// Without a directory everything is kept in memory. A snapshot that is damaged, or that is not of
    /// this log, is set aside and rebuilt from the log; [`Projections::notice`] then says so. A directory
    /// that cannot be written, or that another process keeps, is read if that is possible.
    ///
    /// Where the log is damaged, what can be read is taken in; [`Projections::unreadable`] says where.
    ///
    /// # Errors
    ///
    /// Returns [`ProjectionError`] when the log holds an event that this program does not know.
    pub fn open(
        dir: Option<&Path>,
        store: Arc<dyn EventStore>,
        zone: Zone,
        access: Access,
    ) -> Result<Self, ProjectionError> {
        let shared = Arc::new(Shared::new(store, zone, access, dir.map(Path::to_owned)));
        shared.load();
        shared.texts.set_ours(shared.is_kept());
        let projections = Self { shared, saver: Mutex::default() };
        projections.catch_up()?;
        Ok(projections)
    }

    /// Takes in what was recorded since, and returns how many events are taken in.
    ///
    /// Every [`SAVE_EVENTS`] events a snapshot is saved beside whatever else is done; when that fails,
    /// [`Projections::notice`] says so.
    ///
    /// # Errors
    ///
    /// Returns [`ProjectionError`] naming the event at which it stopped; those before it are taken in.
    pub fn catch_up(&self) -> Result<u64, ProjectionError> {
        let head = self.shared.store.head().size;
        loop {
            let size = self.shared.look(|index| u64::from(index.size));
            let mut outcome = Ok(());
            // Whoever finds everything taken in waits for nobody who takes in what came since.
            if size < head {
                let writing = self.shared.write();
                outcome = self.shared.catch_up_to(head.min(size.saturating_add(STRETCH)));
                drop(writing);
            }
            if self.shared.is_time_to_save() {
                self.save_beside(false);
            }
            outcome?;
            let size = self.shared.look(|index| u64::from(index.size));
            self.shared.texts.follow(&self.shared, size);
            if size >= head {
                return Ok(size);
            }
        }
    }

    /// Saves on a thread of its own. Where one saves or folds already nothing is begun, unless it is waited for: whoever
    /// asks or records does not wait.
    fn save_beside(&self, waits: bool) {
        let mut saver = self.saver.lock().unwrap_or_else(PoisonError::into_inner);
        if !waits && saver.as_ref().is_some_and(|before| !before.is_finished()) {
            return;
        }
        if let Some(before) = saver.take() {
            join(before);
        }
        let shared = Arc::clone(&self.shared);
        let save = move || {
            let is_due = shared.is_time_to_fold();
            let outcome = if is_due { keeping::save_folded(&shared) } else { shared.save(Keep::Index) };
            if let Err(error) = outcome {
                shared.tell(with_causes(&error));
            }
        };
        match std::thread::Builder::new().name("save projections".to_owned()).spawn(save) {
            Ok(handle) => *saver = Some(handle),
            Err(error) => self.shared.tell(format!("the projections were not saved: {error}")),
        }
    }

    /// Names who folds on what takes long to fold: that is saved beside snapshots, and answers are the same without.
    pub fn fold_with(&self, folder: Arc<dyn Folder>) {
        self.shared.set_folder(folder);
    }

    /// Has everything folded that is saved, beside whatever else is done: what was saved by another program, or
    /// rebuilt, may not be.
    pub fn fold_beside(&self) {
        self.save_beside(true);
    }

    /// Saves a snapshot of what is taken in, and of what is folded, and returns when it is on disk.
    ///
    /// # Errors
    ///
    /// Returns [`ProjectionError::ReadOnly`] when the directory may not be written, and
    /// [`ProjectionError::Save`] when it could not be; the answers are right all the same.
    pub fn save(&self) -> Result<(), ProjectionError> {
        if self.shared.access == Access::ReadOnly {
            return Err(ProjectionError::ReadOnly);
        }
        keeping::save_folded(&self.shared)
    }

    /// Saves what is new, unless that is little, and lets go of the directory.
    ///
    /// Views that are still held answer on.
    ///
    /// # Errors
    ///
    /// Returns [`ProjectionError::Save`] when the snapshot could not be written; the next open then
    /// replays what is newer.
    pub fn close(self) -> Result<(), ProjectionError> {
        let was_folding = self.join_saver();
        self.shared.texts.end_keeper(Ending::Quick);
        let (size, saved) = (self.shared.look(|index| u64::from(index.size)), self.shared.saved());
        let is_much = size >= saved.saturating_add(CLOSE_EVENTS) || (saved == 0 && size > 0);
        let is_cheap =
            !was_folding && (size <= FOLD_EVENTS || self.shared.look(|index| index.folds.is_some()));
        let outcome = match (is_much, is_cheap) {
            (true, true) => keeping::save_folded(&self.shared),
            (true, false) => self.shared.save(Keep::Verdicts),
            (false, _) => Ok(()),
        };
        if is_much {
            self.shared.texts.finish(&self.shared);
        }
        self.shared.release();
        outcome
    }

    /// Has whoever saves come to an end, without what is still to be folded; tells whether somebody was at it.
    fn join_saver(&self) -> bool {
        let mut saver = self.saver.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(before) = saver.take() else { return false };
        let was_at_it = !before.is_finished();
        self.shared.stop_folding(true);
        join(before);
        self.shared.stop_folding(false);
        was_at_it
    }

    /// Returns the log as known at `size`, or as far as it was taken in.
    pub fn view(&self, size: u64) -> View {
        let taken = self.shared.look(|index| index.size);
        View::new(Arc::clone(&self.shared), u32::try_from(size).unwrap_or(u32::MAX).min(taken))
    }

    /// Folds the log from nothing and puts the result, with a directory of its own, in the place of what
    /// is there; the old directory is removed.
    ///
    /// # Errors
    ///
    /// Returns [`ProjectionError`] when an event cannot be taken in; then nothing was replaced.
    pub fn rebuild(&self) -> Result<RebuildReport, ProjectionError> {
        // What is being folded would be of no use to what takes its place.
        self.join_saver();
        let writing = self.shared.write();
        let (report, rebuilt) = self.compared()?;
        self.shared.texts.suspend();
        self.shared.replace_all(rebuilt);
        self.shared.texts.resume(self.shared.is_kept());
        drop(writing);
        self.shared.texts.follow(&self.shared, report.size);
        // What cannot be saved is told, and folded by whoever asks.
        if let Err(error) = keeping::save_folded(&self.shared) {
            self.shared.tell(with_causes(&error));
        }
        Ok(RebuildReport { size: report.size, same: report.agrees(), digest: report.rebuilt_digest })
    }

    /// Folds the log from nothing into a directory of its own, puts it in the place of the present one, and
    /// overwrites and removes that one, with whatever was set aside: afterwards no file here holds anything
    /// of a text that was removed.
    ///
    /// # Errors
    ///
    /// Returns [`ProjectionError`] when an event cannot be taken in, or when something may be left of the
    /// former directory; [`Projections::is_stale`] then says so, and it may be tried again.
    pub fn purge(&self) -> Result<(), ProjectionError> {
        self.catch_up()?;
        self.join_saver();
        let writing = self.shared.write();
        let (size, removals) = self.shared.look(|index| (index.size, index.removals.clone()));
        let rebuilt = self.shared.folded(u64::from(size), removals)?;
        // The index of texts goes with the directory, and is built anew beside whatever is asked.
        self.shared.texts.suspend();
        let outcome = self.shared.replace_purged(rebuilt);
        self.shared.texts.resume(self.shared.is_kept());
        drop(writing);
        self.shared.texts.follow(&self.shared, u64::from(size));
        outcome
    }

    /// Tells whether the directory was made before a text was removed, and may hold something of it.
    pub fn is_stale(&self) -> bool {
        self.shared.is_stale()
    }

    /// Tells whether any text was removed.
    pub fn has_removals(&self) -> bool {
        self.shared.look(|index| index.removals.len() > 0)
    }

    /// Returns every text that was removed: its position, and that of the record that says so, in the order
    /// of the texts.
    pub fn removals(&self) -> Vec<(u64, u64)> {
        let removal = |(position, removal): (u32, Removal)| (u64::from(position), u64::from(removal.by));
        self.shared.look(|index| index.removals.iter().map(removal).collect())
    }

    /// Puts everything that is taken in into the index of texts, and returns how many events it then holds.
    ///
    /// Nobody needs to wait for it: what the index does not hold yet is found by reading it.
    pub fn index_texts(&self) -> u64 {
        let held = self.shared.texts.index_all(&self.shared);
        self.shared.texts.follow(&self.shared, held);
        held
    }

    /// Folds the log from nothing and compares the result with what is there, which stays.
    ///
    /// # Errors
    ///
    /// Returns [`ProjectionError`] when an event cannot be taken in, or when what is there is damaged.
    pub fn check(&self) -> Result<CheckReport, ProjectionError> {
        let _writing = self.shared.write();
        Ok(self.compared()?.0)
    }

    /// Compares what is there with a fold from nothing; what is damaged agrees with nothing.
    fn compared(&self) -> Result<(CheckReport, Index), ProjectionError> {
        let (size, removals) = self.shared.look(|index| (index.size, index.removals.clone()));
        let rebuilt = self.shared.folded(u64::from(size), removals)?;
        let live =
            self.shared.look(|index| Ok::<_, lazy::Damage>((index.counts()?, digest::of(index, size)?)));
        let (live, live_digest) = match live {
            Ok(live) => live,
            Err(damage) => {
                self.shared.tell(damage.to_string());
                Default::default()
            }
        };
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

    /// Tells the owner something.
    pub fn tell(&self, notice: String) {
        self.shared.tell(notice);
    }

    /// Returns what the owner should be told, for example that a damaged snapshot was set aside.
    pub fn notice(&self) -> Option<String> {
        let unreadable = self.unreadable();
        let damaged = unreadable.first().map(|first| {
            format!(
                "the log cannot be read at {} position(s), the first of them {first}; what stands there is left \
                 out, run `verify`",
                unreadable.len()
            )
        });
        let notices: Vec<String> = self.shared.notice().into_iter().chain(damaged).collect();
        (!notices.is_empty()).then(|| notices.join("; "))
    }

    /// Returns the positions at which the log was found damaged so far, lowest first: answers leave out
    /// what stands there.
    pub fn unreadable(&self) -> Vec<u64> {
        self.shared.unreadable()
    }
}

impl Drop for Projections {
    fn drop(&mut self) {
        self.join_saver();
        self.shared.texts.end_keeper(Ending::Quick);
        self.shared.release();
    }
}

/// Waits for a thread that saves.
fn join(saver: JoinHandle<()>) {
    // It panics for a broken invariant only, which its own report tells of; what it saved is then checked
    // by whoever opens it.
    let _ = saver.join();
}
