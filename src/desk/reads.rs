//! The access log: who read which entries, when and what for, in a second log of the same make.
//!
//! A read is written before its answer leaves, and where it cannot be written nothing is answered: a list
//! of readers from which some are missing would be worth less than none. Each line names the size and the
//! root of the log that was read, so that the access log holds the head of the main log fast, as anchors in
//! the main log hold the access log's.
//!
//! Invariant: what is read here is read through `desk` alone; nothing else opens the access log.

mod anchor;
mod answers;
mod line;
mod noting;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use crate::desk::ask::Caller;
use crate::desk::error::DeskError;
use crate::desk::lifecycle::damage_words;
use crate::desk::{Desk, clock};
use crate::domain::fact::Fact;
use crate::domain::fact::evidence::{LogIncident, Trouble};
use crate::domain::timestamp::Timestamp;
use crate::store::segment::{self, MasterKey, OpenError, SegmentStore};
use crate::store::{Class, Damage, EventStore, Head, Health, ReadError};
use crate::tlog::Hash;

pub(crate) use answers::ReadsAsk;
pub use answers::{ReadRow, ReaderRow};
pub(crate) use noting::{Noted, Read};

use crate::desk::reads::anchor::Said;
use crate::desk::reads::line::SCHEMA;
use crate::desk::reads::noting::Places;

/// Where the access log is, within the data directory.
pub(super) const DIR: &str = "reads";
/// How long a reader waits for another one to have written its line.
const WAIT: Duration = Duration::from_secs(5);

/// The access log of a data directory.
pub(super) struct Reads {
    dir: PathBuf,
    // That of the log that is read.
    master: Option<MasterKey>,
    // The one that was given, where a change of it that was cut off may have left this log under it.
    given: Option<MasterKey>,
    // Opened at the first read: a command that records reads nothing.
    store: Mutex<Option<Arc<SegmentStore>>>,
    // Where events stand that were read lately, which never changes: pages show the same entries again and again.
    places: Places,
    // When the head was held fast last, as it was found when so much was said of the log: whoever reads does not look
    // for it each time.
    anchored: Mutex<Option<(Said, Timestamp)>>,
}

impl Reads {
    /// Returns the access log of a data directory, under the master key of its log or under the one that was
    /// given; none where none is kept.
    pub(super) fn of(dir: &Path, master: Option<MasterKey>, given: Option<MasterKey>) -> Option<Self> {
        let dir = place(dir);
        dir.is_dir().then(|| Self {
            dir,
            master,
            given,
            store: Mutex::default(),
            places: Places::default(),
            anchored: Mutex::default(),
        })
    }

    /// Begins the access log of a data directory, under the master key of its log.
    ///
    /// # Errors
    ///
    /// Returns what the store says; then reads are not logged.
    pub(super) fn begin(dir: &Path, log: &str, master: Option<MasterKey>) -> Result<Self, DeskError> {
        let dir = place(dir);
        SegmentStore::create_with_master(&dir, &format!("{log}-reads"), clock::system(), master.clone())?
            .close()
            .map_err(|error| DeskError::Unavailable(error.to_string()))?;
        Ok(Self {
            dir,
            master,
            given: None,
            store: Mutex::default(),
            places: Places::default(),
            anchored: Mutex::default(),
        })
    }

    pub(super) fn opened(&self, opening: segment::Opening) -> Result<Arc<SegmentStore>, OpenError> {
        let open = |master| SegmentStore::open_with_master(&self.dir, opening, clock::system(), master);
        let opened = match (open(self.master.clone()), &self.given) {
            (Err(OpenError::MasterKeyNeeded), Some(given)) => open(Some(given.clone())),
            (opened, _) => opened,
        };
        match opened {
            Err(OpenError::Damaged(damage)) => Err(OpenError::Damaged(within(damage))),
            opened => opened.map(Arc::new),
        }
    }

    /// Returns the log, open for writing and in its place.
    ///
    /// # Errors
    ///
    /// Returns that nothing is answered, and why: it cannot be opened, or was taken away since it was.
    pub(super) fn open(&self) -> Result<Arc<SegmentStore>, DeskError> {
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = &*store {
            return in_place(store).map(|()| Arc::clone(store));
        }
        let opening = segment::Opening::Write { wait: WAIT };
        let opened = self.opened(opening).map_err(|error| unlogged(error.into()))?;
        sound(&opened).map_err(unlogged)?;
        *store = Some(Arc::clone(&opened));
        Ok(opened)
    }

    /// Refuses an access log that no read could be noted in, as far as that shows without opening it: one that was taken
    /// away, or is damaged.
    ///
    /// # Errors
    ///
    /// Returns what [`Reads::open`] would.
    pub(super) fn check(&self) -> Result<(), DeskError> {
        let store = self.store.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match store {
            Some(store) => in_place(&store).and_then(|()| sound(&store).map_err(unlogged)),
            None if self.dir.is_dir() => Ok(()),
            None => Err(gone()),
        }
    }

    /// Returns the head of the access log and its name, without waiting for whoever writes there.
    ///
    /// # Errors
    ///
    /// Returns what the store says where it cannot be read.
    pub(super) fn head(&self) -> Result<(String, Head), DeskError> {
        self.head_at(0).map(|(log, head, _)| (log, head))
    }

    /// Returns the same, and the root that it had at `size`; none where it is shorter.
    ///
    /// # Errors
    ///
    /// As [`Reads::head`].
    pub(super) fn head_at(&self, size: u64) -> Result<(String, Head, Option<Hash>), DeskError> {
        let open = self.store.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let store = match open {
            Some(store) => store,
            None => self.opened(segment::Opening::Read)?,
        };
        sound(&store)?;
        let root = store.root_at(size).map_err(|error| match error {
            ReadError::Damaged(damage) => damaged(&[within(damage)]),
            ReadError::Io { .. } => error.into(),
        })?;
        Ok((store.log_id().to_owned(), store.head(), root))
    }

    /// Reads the whole access log, and returns what is wrong with its files.
    fn verify(&self) -> Result<Vec<Damage>, DeskError> {
        let open = self.store.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let store = match open.map_or_else(|| self.opened(segment::Opening::Read), Ok) {
            Ok(store) => store,
            Err(OpenError::Damaged(damage)) => return Ok(vec![damage]),
            Err(error) => return Err(error.into()),
        };
        Ok(store.verify().damages.into_iter().map(within).collect())
    }

    /// Returns when the head was held fast last, where that was found when so much was said of the log.
    fn anchored(&self, said: &Said) -> Option<Timestamp> {
        let anchored = self.anchored.lock().unwrap_or_else(PoisonError::into_inner);
        anchored.as_ref().filter(|(then, _)| then == said).map(|(_, at)| *at)
    }

    /// Remembers when the head was held fast last.
    fn remember_anchored(&self, said: Said, at: Timestamp) {
        *self.anchored.lock().unwrap_or_else(PoisonError::into_inner) = Some((said, at));
    }

    /// Gives the log back.
    ///
    /// # Errors
    ///
    /// Returns what the store says; every line that was answered for is on disk in any case.
    pub(super) fn close(self) -> Result<(), DeskError> {
        let store = self.store.into_inner().unwrap_or_else(PoisonError::into_inner);
        match store.map(Arc::try_unwrap) {
            Some(Ok(store)) => store.close().map_err(|error| DeskError::Unavailable(error.to_string())),
            Some(Err(_)) | None => Ok(()),
        }
    }
}

/// Returns where the access log of a data directory is.
pub(super) fn place(dir: &Path) -> PathBuf {
    dir.join(DIR)
}

/// Names a file of the access log as one of the data directory.
fn within(damage: Damage) -> Damage {
    Damage { file: format!("{DIR}/{}", damage.file), ..damage }
}

/// Says that it is the access log that is damaged, and where.
fn damaged(damages: &[Damage]) -> DeskError {
    DeskError::Damaged(format!("the access log is damaged: {}", damage_words(damages)))
}

/// Refuses an access log in which damage was found.
fn sound(store: &SegmentStore) -> Result<(), DeskError> {
    let Health::Damaged(damages) = store.health() else { return Ok(()) };
    let damages: Vec<Damage> = damages.into_iter().map(within).collect();
    Err(damaged(&damages))
}

/// Refuses an access log whose files are no longer where it is looked for.
fn in_place(store: &SegmentStore) -> Result<(), DeskError> {
    if store.is_in_place() { Ok(()) } else { Err(gone()) }
}

/// Says that the access log is not where it was.
fn gone() -> DeskError {
    let words = "the access log was taken away or replaced while the log was open";
    unlogged(DeskError::Damaged(words.to_owned()))
}

/// Says that nothing is answered because the read could not be noted.
fn unlogged(error: DeskError) -> DeskError {
    let because = "nothing is answered, because the read could not be logged";
    if let DeskError::Damaged(words) = error {
        return DeskError::Damaged(format!("{because}: {words}"));
    }
    DeskError::Unavailable(format!("{because}: {error}"))
}

impl Desk {
    /// Returns what is wrong with the access log: its own files, and then how it differs from what this log holds
    /// fast, where that `is_sound`.
    ///
    /// # Errors
    ///
    /// Returns why it could not be checked.
    pub(in crate::desk) fn verify_reads(&self, is_sound: bool) -> Result<Vec<Damage>, DeskError> {
        let damages = self.reads.as_ref().map_or_else(|| Ok(Vec::new()), Reads::verify)?;
        if !damages.is_empty() || !is_sound {
            return Ok(damages);
        }
        let fault = self.reads_fault()?;
        let damage = |what| Damage { file: DIR.to_owned(), offset: 0, position: None, what };
        Ok(fault.map(damage).into_iter().collect())
    }

    /// Checks that the access log can be read and is the one that this log holds fast, without reading all of it.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with it.
    pub(in crate::desk) fn check_read_log(&self) -> Result<(), DeskError> {
        if let Some(reads) = &self.reads {
            reads.head()?;
        }
        self.check_reads()
    }

    /// Tells whether reads are logged.
    pub fn logs_reads(&self) -> bool {
        // Where the access log is gone and should be there, reads are refused rather than not noted.
        self.reads.is_some() || self.check_reads().is_err()
    }

    /// Begins to log reads, and holds the beginning of the access log fast in this log; where they are logged
    /// already, nothing changes.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Unavailable`] where the access log cannot be made; then reads are not logged.
    pub fn begin_to_log_reads(&mut self, dir: &Path) -> Result<(), DeskError> {
        if self.reads.is_none() {
            self.check_reads()?;
            // What was cut off while it was made holds nothing.
            if dir.join(DIR).is_dir() && fs::read_dir(dir.join(DIR)).is_ok_and(|mut all| all.next().is_none())
            {
                let _ = fs::remove_dir(dir.join(DIR));
            }
            let master = self.engine.as_ref().and_then(|engine| engine.master());
            self.reads = Some(Reads::begin(dir, self.store.log_id(), master)?);
        }
        // Held fast from its beginning: a log that is only read is not written to again.
        self.anchor_reads()
    }

    /// Checks that a read can be noted, before anything is done whose answer shows what is recorded already.
    ///
    /// # Errors
    ///
    /// As [`Desk::note_read`].
    pub(in crate::desk) fn may_show(&self) -> Result<(), DeskError> {
        self.check_reads().map_err(unlogged)?;
        match &self.reads {
            Some(reads) => reads.open().map(|_| ()),
            None => Ok(()),
        }
    }

    /// Begins another access log in the place of one that is lost or was set back; what is left of it is set
    /// aside as `reads-lost-<time>`, and the record says so for ever.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Refused`] where nothing is wrong with the access log; then nothing changed.
    pub fn renew_read_log(&mut self, dir: &Path, caller: &Caller, reason: &str) -> Result<(), DeskError> {
        let Err(DeskError::Damaged(fault)) = self.check_reads() else {
            return Err(DeskError::Refused {
                rule: "nothing is wrong with the access log, so it is not given up".to_owned(),
                hints: Vec::new(),
            });
        };
        if let Some(reads) = self.reads.take() {
            reads.close()?;
        }
        let left = place(dir);
        if left.exists() {
            let aside = dir.join(format!("{DIR}-lost-{}", (self.clock)().micros()));
            fs::rename(&left, &aside)
                .map_err(|error| DeskError::Unavailable(format!("{}: {error}", left.display())))?;
        }
        let incident = LogIncident { trouble: Trouble::AccessLogLost, particulars: fault };
        self.record_evidence(caller, Class::Incident, Fact::LogIncident(incident), Some(reason))?;
        self.reads_checked = OnceLock::new();
        self.begin_to_log_reads(dir)
    }
}
