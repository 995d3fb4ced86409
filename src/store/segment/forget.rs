//! Removing texts: the secrets of their events are destroyed, and the attachments that nobody else names.
//!
//! What is to be removed is written down first, so that opening finishes what a crash cut off.

use std::collections::{BTreeSet, HashSet};
use std::io;
use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};

use crate::store::leaf::{HexHash, Leaf};
use crate::store::segment::catalog::NO_SLOT;
use crate::store::segment::files::{self, Disk};
use crate::store::segment::frame::Frame;
use crate::store::segment::master::MasterKey;
use crate::store::segment::read::Place;
use crate::store::segment::secrets::Secret;
use crate::store::segment::walk::Walk;
use crate::store::segment::writer::{Work, is_full};
use crate::store::segment::{Access, SegmentStore, Shared};
use crate::store::{AppendError, Damage, ForgetError, ReadError};
use crate::tlog::Hash;

/// Where it stands within the data directory what is being removed.
const FILE: &str = "secrets/forgetting";
/// How it begins.
const TITLE: &str = "demarche forgets";

/// Positions whose texts are to be removed, and where to answer.
pub(super) struct Forgetting {
    positions: Vec<u64>,
    answer: SyncSender<Result<(), ForgetError>>,
}

/// The master key under which every key is to be wrapped, and where to answer.
pub(super) struct Rewrapping {
    to: Option<MasterKey>,
    answer: SyncSender<Result<(), ForgetError>>,
}

impl From<AppendError> for ForgetError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Full => Self::Full,
            AppendError::ReadOnly => Self::ReadOnly,
            AppendError::Closed => Self::Closed,
            AppendError::InDoubt | AppendError::Stopped | AppendError::Unwritable(_) => {
                Self::InDoubt(error.to_string())
            }
            AppendError::Damaged | AppendError::Moved { .. } | AppendError::Refused(_) => Self::Damaged,
        }
    }
}

impl From<io::Error> for ForgetError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::InvalidData {
            Self::Damaged
        } else if is_full(&error) {
            Self::Full
        } else {
            Self::InDoubt(error.to_string())
        }
    }
}

impl From<ReadError> for ForgetError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Damaged(_) => Self::Damaged,
            ReadError::Io { .. } => Self::InDoubt(error.to_string()),
        }
    }
}

impl SegmentStore {
    pub(super) fn ask_to_forget(&self, positions: &[u64]) -> Result<(), ForgetError> {
        let (answer, outcome) = sync_channel(1);
        self.send(Work::Forget(Forgetting { positions: positions.to_vec(), answer }))?;
        outcome.recv().unwrap_or_else(|_| Err(AppendError::InDoubt.into()))
    }

    /// Wraps every key under `secrets/` under another master key, or under none.
    ///
    /// Until it returns `Ok`, opening the log may need both master keys.
    ///
    /// # Errors
    ///
    /// Returns [`ForgetError`]; every key is then wrapped under the one or the other, and asking again goes
    /// on where it stopped.
    pub fn rewrap(&self, to: Option<MasterKey>) -> Result<(), ForgetError> {
        let (answer, outcome) = sync_channel(1);
        self.send(Work::Rewrap(Rewrapping { to, answer }))?;
        outcome.recv().unwrap_or_else(|_| Err(AppendError::InDoubt.into()))
    }
}

impl Forgetting {
    pub(super) fn fail(self, error: &AppendError) {
        // A caller that gave up waiting learns nothing, and needs nothing.
        let _ = self.answer.send(Err(error.clone().into()));
    }

    pub(super) fn run(self, shared: &Shared) {
        let outcome = shared.forget(&self.positions);
        if let Err(error) = &outcome {
            tracing::warn!(%error, "a text was not removed");
        }
        let _ = self.answer.send(outcome);
    }
}

impl Rewrapping {
    pub(super) fn fail(self, error: &AppendError) {
        let _ = self.answer.send(Err(error.clone().into()));
    }

    pub(super) fn run(self, shared: &Shared) {
        let outcome = shared.secrets.rewrap(&*shared.disk, self.to).map_err(ForgetError::from);
        if let Err(error) = &outcome {
            tracing::warn!(%error, "the keys were not all wrapped anew");
        }
        let _ = self.answer.send(outcome);
    }
}

/// What is to be removed.
struct Targets {
    slots: Vec<u64>,
    attachments: HashSet<Hash>,
}

impl Shared {
    /// Tells whether the secret of an event is destroyed.
    pub(super) fn is_forgotten(&self, position: u64) -> Result<bool, ReadError> {
        self.follow();
        let Some(raw) = self.raw(position)? else { return Ok(false) };
        Ok(self.is_gone(&raw.frame(&self.log_id)?))
    }

    fn is_gone(&self, frame: &Frame<'_>) -> bool {
        if frame.slot == NO_SLOT {
            return frame.body.is_empty();
        }
        matches!(self.secrets.of(frame.slot), Secret::Destroyed)
    }

    /// Removes the texts at these positions, and what an earlier call left unfinished.
    fn forget(&self, positions: &[u64]) -> Result<(), ForgetError> {
        let size = self.places().head.size;
        if let Some(beyond) = positions.iter().find(|position| **position >= size) {
            return Err(ForgetError::NoSuchPosition(*beyond));
        }
        let (mut all, unfinished) = match load(&self.dir)? {
            Stated::Absent => (BTreeSet::new(), false),
            Stated::Known(earlier) => (earlier, true),
            Stated::Garbled => return Err(ForgetError::Damaged),
        };
        all.retain(|position| *position < size);
        all.extend(positions);
        let targets = self.targets(&all)?;
        let gone = |slot: &u64| matches!(self.secrets.of(*slot), Secret::Destroyed);
        if !unfinished
            && targets.slots.iter().all(gone)
            && !targets.attachments.iter().any(|hash| self.attachments.is_there(hash))
        {
            return Ok(());
        }
        let disk = &*self.disk;
        save(&self.dir, disk, &all)?;
        self.secrets.destroy(disk, &targets.slots)?;
        let living = self.named_by_the_living(&targets.attachments)?;
        for attachment in targets.attachments.difference(&living) {
            self.attachments.destroy(disk, attachment)?;
        }
        disk.remove(&self.dir.join(FILE))?;
        disk.sync_dir(&self.dir.join("secrets"))?;
        Ok(())
    }

    fn targets(&self, positions: &BTreeSet<u64>) -> Result<Targets, ForgetError> {
        let mut targets = Targets { slots: Vec::new(), attachments: HashSet::new() };
        for position in positions {
            let Some(raw) = self.raw(*position)? else { return Err(ForgetError::NoSuchPosition(*position)) };
            let slot = raw.frame(&self.log_id)?.slot;
            targets.slots.extend(Some(slot).filter(|slot| *slot != NO_SLOT));
            targets.attachments.extend(raw.leaf(&self.log_id)?.sub.attachments.iter().map(|hash| hash.0));
        }
        Ok(targets)
    }

    /// Returns those of the attachments that an event names whose text is still there.
    fn named_by_the_living(&self, attachments: &HashSet<Hash>) -> Result<HashSet<Hash>, ReadError> {
        if attachments.is_empty() {
            return Ok(HashSet::new());
        }
        let named = |shared: &Self, _: &Place, frame: &Frame<'_>| {
            const NONE: &[u8] = br#""attachments":[]"#;
            if frame.leaf.windows(NONE.len()).any(|part| part == NONE) || shared.is_gone(frame) {
                return Ok(Vec::new());
            }
            let leaf = std::str::from_utf8(frame.leaf).ok().and_then(|text| Leaf::decode(text).ok());
            Ok(leaf.map_or_else(Vec::new, |leaf| leaf.sub.attachments))
        };
        let mut living = HashSet::new();
        for hashes in Walk::new(self, 0, u64::MAX).shaped(named) {
            living.extend(
                hashes?.into_iter().map(|HexHash(hash)| hash).filter(|hash| attachments.contains(hash)),
            );
        }
        Ok(living)
    }

    /// Finishes at opening what a crash cut off; returns what is wrong with what says so.
    pub(super) fn finish_forgetting(&self) -> Result<Option<Damage>, ForgetError> {
        match load(&self.dir)? {
            Stated::Absent => Ok(None),
            Stated::Known(_) => self.forget(&[]).map(|()| None),
            Stated::Garbled => {
                let what = "the file that says what is being removed is garbled".to_owned();
                Ok(Some(Damage { file: FILE.to_owned(), offset: 0, position: None, what }))
            }
        }
    }

    /// Forgets what was read of secrets that another process destroyed since.
    pub(super) fn follow(&self) {
        if self.access == Access::Read {
            self.secrets.follow();
        }
    }
}

/// What the file says.
enum Stated {
    Absent,
    Known(BTreeSet<u64>),
    Garbled,
}

fn save(dir: &Path, disk: &dyn Disk, positions: &BTreeSet<u64>) -> io::Result<()> {
    let positions: Vec<String> = positions.iter().map(u64::to_string).collect();
    let lines = format!("{TITLE}\n{}\n", positions.join("\n"));
    let text = format!("{lines}crc32c {:08x}\n", crc32c::crc32c(lines.as_bytes()));
    files::replace_on(disk, &dir.join(FILE), text.as_bytes())
}

fn load(dir: &Path) -> io::Result<Stated> {
    Ok(match files::read(&dir.join(FILE))? {
        None => Stated::Absent,
        Some(bytes) => parse(&bytes).map_or(Stated::Garbled, Stated::Known),
    })
}

fn parse(bytes: &[u8]) -> Option<BTreeSet<u64>> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (lines, checksum) = text.strip_suffix('\n')?.rsplit_once("crc32c ")?;
    if format!("{:08x}", crc32c::crc32c(lines.as_bytes())) != checksum {
        return None;
    }
    lines.strip_prefix(TITLE)?.strip_prefix('\n')?.lines().map(|line| line.parse().ok()).collect()
}
