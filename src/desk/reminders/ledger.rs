//! What one receiver was told: kept in the data directory beside the log, so that nothing is told twice after a
//! restart without the same key, and what was told in vain is taken back once.
//!
//! Before anything leaves a line says that it is about to; when it was taken, another says so. Whoever is killed
//! between the two finds the first, and tells it again with the same key. A line holds ids and moments and no
//! word of an entry: what is removed from the record must not live on here.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::desk::answer::reminder::{Cause, Reminder};
use crate::domain::id::EntityId;
use crate::domain::timestamp::Timestamp;
use crate::domain::words::words;
use crate::store::leaf::HexHash;
use crate::store::segment;

/// Where the ledgers are, within the data directory.
const DIR: &str = "reminders";
/// Digits that tell a receiver.
const RECEIVER_DIGITS: usize = 16;
/// How often a lock is tried, and how long is waited in between.
const LOCK_TRIES: u32 = 50;
const LOCK_WAIT: Duration = Duration::from_millis(10);
/// With fewer lines than this a ledger is not written anew.
const LINES_KEPT: usize = 256;

words! {
    /// How far the telling of a reminder is.
    Stage {
        /// It is about to be told, or was, and nobody knows.
        Telling = "telling",
        /// It was told, and certainly not taken.
        Refused = "refused",
        /// It was told.
        Told = "told",
        /// It is about to be taken back, or was, and nobody knows.
        TakingBack = "taking_back",
        /// It was taken back.
        Over = "over",
    }
}

/// What is kept of a reminder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// Its key.
    pub key: String,
    /// How often it was taken back and stood again.
    pub turn: u32,
    /// How far it is.
    pub stage: Stage,
    /// What it is.
    pub cause: Cause,
    /// The overture or the channel.
    pub subject: EntityId,
    /// The kind of deadline.
    pub kind: String,
    /// When it fell due.
    pub due: Timestamp,
}

impl Kept {
    fn of(reminder: &Reminder, turn: u32) -> Self {
        let Reminder { key, cause, subject, kind, due, .. } = reminder.clone();
        Self { key, turn, stage: Stage::Telling, cause, subject, kind, due }
    }

    /// Returns the key with which a message is sent, by which the receiver knows a double: the same however
    /// often it is sent, and another when the same matter stands again after it was taken back.
    pub fn message_key(&self) -> String {
        let Self { key, turn, stage, .. } = self;
        match stage {
            Stage::Telling | Stage::Refused | Stage::Told => format!("{key}.{turn}"),
            Stage::TakingBack | Stage::Over => format!("{key}.{turn}.back"),
        }
    }
}

/// What is to be told: with the reminder where it stands, without where it is taken back.
#[derive(Debug, Clone, PartialEq)]
pub struct Matter {
    /// As it will be kept, and about to be told or taken back.
    pub kept: Kept,
    /// What stands.
    pub reminder: Option<Reminder>,
}

/// The ledger could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// Another process tells the same receiver.
    #[error("another process tells this receiver already")]
    Held,
    /// The system refuses it.
    #[error("what was told cannot be kept in {}", path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// What one receiver was told.
#[derive(Debug)]
pub struct Ledger {
    path: PathBuf,
    kept: BTreeMap<String, Kept>,
    // Opened for writing at the first line.
    file: Option<File>,
    // How far the file is sound: what a failed write left is cut off by the next.
    sound: u64,
    lines: usize,
    // Lines that could not be read.
    lost: usize,
    // What is being told, where nobody can have heard of it before.
    fresh: Option<String>,
    // Held as long as this lives.
    _lock: File,
}

impl Ledger {
    /// Opens the ledger of a receiver at a level, and keeps other processes from telling it meanwhile.
    ///
    /// A line that cannot be read counts as not written: what it told is told again, with the same key.
    ///
    /// # Errors
    ///
    /// Returns [`LedgerError`] where another process has it, or the directory cannot be written.
    pub fn open(dir: &Path, receiver: &str, release: Option<&str>) -> Result<Self, LedgerError> {
        let within = dir.join(DIR);
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| LedgerError::Io { path, source }
        };
        if !within.is_dir() {
            DirBuilder::new().recursive(true).mode(0o700).create(&within).map_err(failed(&within))?;
            sync(dir).map_err(failed(dir))?;
        }
        let said = serde_json::to_vec(&(receiver, release)).unwrap_or_default();
        let name = HexHash(Sha256::digest(said).into()).to_string();
        let name: String = name.chars().take(RECEIVER_DIGITS).collect();
        let held = within.join(format!("{name}.lock"));
        let lock = options().open(&held).map_err(failed(&held))?;
        hold(&lock).map_err(|error| match error {
            TryLockError::WouldBlock => LedgerError::Held,
            TryLockError::Error(error) => failed(&held)(error),
        })?;
        let path = within.join(format!("{name}.jsonl"));
        let mut ledger = Self {
            path: path.clone(),
            kept: BTreeMap::new(),
            file: None,
            sound: 0,
            lines: 0,
            lost: 0,
            fresh: None,
            _lock: lock,
        };
        ledger.load().map_err(failed(&path))?;
        Ok(ledger)
    }

    /// Returns how many lines could not be read, apart from a last one that was cut off.
    pub const fn lost(&self) -> usize {
        self.lost
    }

    fn load(&mut self) -> io::Result<()> {
        let mut bytes = Vec::new();
        match File::open(&self.path) {
            Ok(mut file) => file.read_to_end(&mut bytes)?,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            match read_line(line) {
                Some(kept) => {
                    self.kept.insert(kept.key.clone(), kept);
                    self.lines += 1;
                }
                // Of the last line only a part may have reached the disk.
                None if line.ends_with(b"\n") => self.lost += 1,
                None => {}
            }
        }
        self.sound = bytes.len() as u64;
        let whole = bytes.last().is_none_or(|last| *last == b'\n');
        if !whole || self.lost > 0 || self.lines > LINES_KEPT.max(2 * self.kept.len()) {
            self.write_anew()?;
        }
        Ok(())
    }

    /// Writes what is kept in the place of what was written: whole, or the old file stays.
    fn write_anew(&mut self) -> io::Result<()> {
        let lines: Vec<String> = self.kept.values().map(line_of).collect();
        let text = lines.concat();
        segment::replace(&self.path, text.as_bytes())?;
        self.file = None;
        (self.sound, self.lines) = (text.len() as u64, lines.len());
        Ok(())
    }

    /// Returns what is to be told, given what stands now: first what is to be taken back, then the latest that
    /// fell due.
    pub fn open_matters(&self, standing: &[Reminder]) -> Vec<Matter> {
        let stands: HashSet<&str> = standing.iter().map(|reminder| reminder.key.as_str()).collect();
        let mut matters = Vec::new();
        for kept in self.kept.values() {
            let back = match kept.stage {
                // That it was taken back is told first, though it stands again: the receiver may not know.
                Stage::TakingBack => true,
                Stage::Told | Stage::Telling => !stands.contains(kept.key.as_str()),
                Stage::Refused | Stage::Over => false,
            };
            if back {
                let kept = Kept { stage: Stage::TakingBack, ..kept.clone() };
                matters.push(Matter { kept, reminder: None });
            }
        }
        let mut tell: Vec<Matter> = Vec::new();
        for reminder in standing {
            let turn = match self.kept.get(&reminder.key).map(|kept| (kept.stage, kept.turn)) {
                None => 0,
                Some((Stage::Telling | Stage::Refused, turn)) => turn,
                Some((Stage::Over, turn)) => turn.saturating_add(1),
                Some((Stage::Told | Stage::TakingBack, _)) => continue,
            };
            tell.push(Matter { kept: Kept::of(reminder, turn), reminder: Some(reminder.clone()) });
        }
        tell.sort_by_key(|matter| (Reverse(matter.kept.due), matter.kept.key.clone()));
        matters.extend(tell);
        matters
    }

    /// Notes that a matter is about to be told: durable when this returns.
    ///
    /// # Errors
    ///
    /// Returns [`LedgerError::Io`] where it cannot be noted: then it must not be told.
    pub fn begin(&mut self, matter: &Matter) -> Result<(), LedgerError> {
        self.fresh = None;
        if self.kept.get(&matter.kept.key) == Some(&matter.kept) {
            return Ok(());
        }
        self.note(matter.kept.clone())?;
        self.fresh = Some(matter.kept.key.clone());
        Ok(())
    }

    /// Notes that a matter was told and taken.
    ///
    /// # Errors
    ///
    /// Returns [`LedgerError::Io`] where it cannot be noted: then it will be told again, with the same key.
    pub fn done(&mut self, matter: &Matter) -> Result<(), LedgerError> {
        let stage = match matter.kept.stage {
            Stage::Telling | Stage::Refused | Stage::Told => Stage::Told,
            Stage::TakingBack | Stage::Over => Stage::Over,
        };
        self.note(Kept { stage, ..matter.kept.clone() })
    }

    /// Notes that the receiver certainly did not take what [`Ledger::begin`] was told of last: if it stands no
    /// longer it need not be taken back, unless an earlier try may have been heard.
    ///
    /// # Errors
    ///
    /// Returns [`LedgerError::Io`] where it cannot be noted: then it counts as perhaps taken.
    pub fn refused(&mut self, matter: &Matter) -> Result<(), LedgerError> {
        let is_fresh = self.fresh.take().is_some_and(|key| key == matter.kept.key);
        if !is_fresh || matter.kept.stage != Stage::Telling {
            return Ok(());
        }
        self.note(Kept { stage: Stage::Refused, ..matter.kept.clone() })
    }

    fn note(&mut self, kept: Kept) -> Result<(), LedgerError> {
        let failed = |source| LedgerError::Io { path: self.path.clone(), source };
        let line = line_of(&kept);
        if self.file.is_none() {
            let file = options().open(&self.path).map_err(failed)?;
            if let Some(within) = self.path.parent() {
                sync(within).map_err(failed)?;
            }
            self.file = Some(file);
        }
        let Some(file) = &mut self.file else { return Ok(()) };
        let written = file
            .set_len(self.sound)
            .and_then(|()| file.seek(SeekFrom::Start(self.sound)))
            .and_then(|_| file.write_all(line.as_bytes()))
            .and_then(|()| file.sync_data());
        if let Err(source) = written {
            return Err(LedgerError::Io { path: self.path.clone(), source });
        }
        self.sound += line.len() as u64;
        self.lines += 1;
        self.kept.insert(kept.key.clone(), kept);
        if self.lines > LINES_KEPT.max(4 * self.kept.len()) {
            // Where that fails, the longer file stays, and says the same.
            let _ = self.write_anew();
        }
        Ok(())
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    options
}

/// Takes the lock. A program that was just started holds what its parent held until it runs, so that a lock that
/// was given back may be held a moment longer.
fn hold(lock: &File) -> Result<(), TryLockError> {
    for _ in 0..LOCK_TRIES {
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_WAIT),
            taken => return taken,
        }
    }
    lock.try_lock()
}

fn sync(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

fn line_of(kept: &Kept) -> String {
    // Ids, numbers and words alone, which cannot fail to be JSON.
    let json = serde_json::to_string(kept).unwrap_or_default();
    format!("{:08x} {json}\n", crc32c::crc32c(json.as_bytes()))
}

/// Reads a line; none for one that is not whole.
fn read_line(line: &[u8]) -> Option<Kept> {
    let line = std::str::from_utf8(line).ok()?.strip_suffix('\n')?;
    let (sum, json) = line.split_once(' ')?;
    let sum = u32::from_str_radix(sum, 16).ok()?;
    (crc32c::crc32c(json.as_bytes()) == sum).then(|| serde_json::from_str(json).ok())?
}
