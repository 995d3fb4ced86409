//! The engine on segment files: an append-only log that survives power cuts, full disks, other processes and
//! flipped bytes, or says what it lost.
//!
//! ```text
//! log/identity             the name of the log, and whether it is written here
//! log/000000000000.seg …   the records, in files named by their first position
//! head                     how far the log is known to be durable
//! checkpoint               how far it was signed; checkpoints/<size>: what was handed out
//! secrets/                 what opens the bodies
//! files/ab/cd…             attachments, sealed as bodies are
//! index/, tree/            what makes opening quick; rebuilt when it is missing or garbled
//! lock                     who writes
//! ```

mod attachments;
pub mod backup;
mod batch;
mod body;
mod catalog;
pub mod checkpoint;
mod engine;
#[cfg(test)]
mod faults;
mod fences;
mod files;
mod finder;
mod finding;
mod forget;
mod found;
mod frame;
mod head;
mod identity;
mod index;
mod lock;
mod master;
mod nodes;
mod opening;
mod prefetch;
mod read;
mod recovery;
mod scan;
mod secrets;
mod show;
mod streams;
mod takeover;
mod verify;
mod walk;
mod writer;
mod zeroing;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::domain::id::RequestId;
use crate::store::measures::Measures;
use crate::store::segment::attachments::Attachments;
use crate::store::segment::catalog::Catalog;
use crate::store::segment::files::{Disk, Segment};
use crate::store::segment::found::FoundEvents;
use crate::store::segment::identity::Role;
use crate::store::segment::nodes::Tiles;
use crate::store::segment::secrets::Secrets;
use crate::store::segment::writer::Work;
use crate::store::{Clock, Damage, Head, Health};

pub use files::{bytes_left, is_read_only, replace};
pub use lock::holder;
pub use master::MasterKey;
pub use opening::OpenError;
pub use secrets::Wrapped;
pub use takeover::{TakeOverError, TakenOver};
pub use verify::{Verification, verify};

/// Tells whether a directory is the data directory of a log.
pub fn is_log(dir: &std::path::Path) -> bool {
    dir.join(identity::FILE).is_file()
}

/// A log is opened to read, or to write as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// To read: writes nothing, and works while another process writes.
    Read,
    /// To write: waits at most so long for another writer to finish.
    Write {
        /// How long.
        wait: Duration,
    },
}

/// What may be chosen about the files; logs with different choices are the same log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// A segment that has so many bytes is followed by the next.
    pub segment_bytes_max: u64,
    /// A log of at most so many bytes is checked whole whenever it is opened.
    pub checked_at_open_bytes_max: u64,
}

impl Options {
    /// What every log is opened with.
    pub const STANDARD: Self = Self { segment_bytes_max: 256 << 20, checked_at_open_bytes_max: 16 << 20 };
}

/// A log in segment files.
///
/// Dropping it does what [`SegmentStore::close`] does, and keeps quiet about what fails.
pub struct SegmentStore {
    shared: Arc<Shared>,
    /// The one way to write; none when the log is open for reading or damaged.
    writing: Mutex<Option<Writing>>,
}

/// The thread that writes.
struct Writing {
    queue: SyncSender<Work>,
    thread: JoinHandle<()>,
}

/// What readers and the writer share.
struct Shared {
    dir: PathBuf,
    log_id: String,
    clock: Clock,
    options: Options,
    access: Access,
    disk: Box<dyn Disk>,
    secrets: Secrets,
    tiles: Tiles,
    attachments: Attachments,
    /// Changed by the writer when a batch is on disk; by a reader when it looks for more.
    places: RwLock<Places>,
    found: FoundEvents,
    state: Mutex<State>,
    measures: Measures,
}

/// The log as far as it is on disk.
struct Places {
    head: Head,
    /// The byte after the last record, in the last segment.
    end: u64,
    segments: Vec<Arc<Segment>>,
    catalog: Catalog,
}

/// What can be done with the log.
struct State {
    role: Role,
    damages: Vec<Damage>,
    obstacle: Option<Obstacle>,
    in_doubt: bool,
    /// The submissions of which nobody knows whether they are on disk.
    doubted: HashSet<RequestId>,
}

/// What stood in the way of the last write, and may be gone.
enum Obstacle {
    Full,
    Refused(String),
}

/// How the log was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

impl Shared {
    fn places(&self) -> RwLockReadGuard<'_, Places> {
        // A batch is taken in whole by code that does not panic.
        self.places.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn places_mut(&self) -> RwLockWriteGuard<'_, Places> {
        self.places.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn state<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn health(&self) -> Health {
        self.state(|state| {
            if !state.damages.is_empty() {
                Health::Damaged(state.damages.clone())
            } else if state.in_doubt {
                Health::InDoubt
            } else if state.role == Role::Copy {
                Health::Copy
            } else if self.access == Access::Read {
                Health::Reader
            } else {
                match &state.obstacle {
                    Some(Obstacle::Full) => Health::Full,
                    Some(Obstacle::Refused(why)) => Health::Unwritable(why.clone()),
                    None => Health::Sound,
                }
            }
        })
    }

    /// Remembers damage that was met while reading, so that nothing is appended to it.
    fn found_damage(&self, damage: &Damage) {
        self.state(|state| {
            let same = |known: &Damage| known.file == damage.file && known.offset == damage.offset;
            if !state.damages.iter().any(same) {
                state.damages.push(damage.clone());
            }
        });
    }
}
