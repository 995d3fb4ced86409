//! The files of signed checkpoints: `checkpoint`, the newest, which is the mark that the log must not fall
//! behind, and `checkpoints/<size>`, those that were handed out and stay.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::store::segment::files::{self, BESIDE, Disk, SystemDisk};
use crate::store::segment::{Places, lock};
use crate::store::{Damage, ReadError};
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::note::{NOTE_BYTES_MAX, Note};

/// Where the newest stands within the data directory.
pub const FILE: &str = "checkpoint";
/// Where those stand that were handed out.
pub const KEPT: &str = "checkpoints";

/// The keys with which the log was signed first: it is there once it was, or where there is no event yet.
pub const FIRST_KEYS: &str = "vkey";

/// A checkpoint was not put in the place of the last.
#[derive(Debug, thiserror::Error)]
pub enum SaveCheckpointError {
    /// Another stands there than the one that was expected; it stays.
    #[error("another checkpoint stands there than the one that was to be replaced")]
    Changed,
    /// Another process writes the log; the last checkpoint stays.
    #[error("the log is being written by {holder}")]
    Held {
        /// Who.
        holder: String,
    },
    /// The disk refused: the old checkpoint or the new one stands there, whole.
    #[error("the checkpoint could not be written")]
    Io(#[from] io::Error),
}

/// One at a time within this process; the writer's lock keeps others away.
static SAVING: Mutex<()> = Mutex::new(());

/// Returns the bytes of the newest checkpoint; none where the log was never signed.
///
/// # Errors
///
/// Returns what the system said.
pub fn load_checkpoint(dir: &Path) -> io::Result<Option<Vec<u8>>> {
    read(&dir.join(FILE))
}

/// Puts a checkpoint in the place of the newest, when that is `expected_old` still: durable when it returns.
///
/// It is done under the writer's lock, which this process has while it has the log open for writing, and which
/// is taken for the moment otherwise.
///
/// # Errors
///
/// Returns [`SaveCheckpointError`]; no checkpoint is ever half there.
pub fn save_checkpoint(
    dir: &Path,
    expected_old: Option<&[u8]>,
    new: &[u8],
) -> Result<(), SaveCheckpointError> {
    save_on(&SystemDisk, dir, expected_old, new)
}

pub(super) fn save_on(
    disk: &dyn Disk,
    dir: &Path,
    expected_old: Option<&[u8]>,
    new: &[u8],
) -> Result<(), SaveCheckpointError> {
    let _saving = SAVING.lock().unwrap_or_else(PoisonError::into_inner);
    let _lock = if lock::is_held_here(dir)? {
        None
    } else {
        Some(lock::take(dir, Duration::ZERO)?.map_err(|holder| SaveCheckpointError::Held { holder })?)
    };
    if load_checkpoint(dir)?.as_deref() != expected_old {
        return Err(SaveCheckpointError::Changed);
    }
    Ok(files::replace_on(disk, &dir.join(FILE), new)?)
}

/// Returns the sizes at which checkpoints are kept, smallest first.
///
/// # Errors
///
/// Returns what the system said.
pub fn kept_sizes(dir: &Path) -> io::Result<Vec<u64>> {
    let entries = match fs::read_dir(dir.join(KEPT)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut sizes = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        // Whatever has another name (`lost-…`, `….new`) is none of a size.
        sizes.extend(name.parse::<u64>().ok().filter(|size| size.to_string() == *name));
    }
    sizes.sort_unstable();
    Ok(sizes)
}

/// Returns the bytes of a note, of which no more are read than tell that it is too long.
fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(NOTE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Removes what is left of a checkpoint that was to take the place of the newest.
pub(super) fn settle(dir: &Path, disk: &dyn Disk) -> io::Result<()> {
    let beside = dir.join(format!("{FILE}{BESIDE}"));
    if beside.exists() { disk.remove(&beside) } else { Ok(()) }
}

/// What the log was signed as, as far as `checkpoint` says.
enum Mark {
    /// It was never signed.
    Absent,
    /// It was signed, and the newest checkpoint is gone. The largest that was handed out says how far it was
    /// signed at least; it may be the only one there ever was, whose putting in its place was cut off.
    Missing {
        largest: Option<Checkpoint>,
        is_only: bool,
    },
    Known(Checkpoint),
    Garbled(String),
}

/// The largest checkpoint that was handed out.
struct Kept {
    // What its name says.
    size: u64,
    // None where it is none of this log and of that size: then only its name tells.
    signed: Option<Checkpoint>,
}

/// What the log was signed as, as far as the files of checkpoints say: `checkpoint`, and the largest of those that
/// were handed out, which may be the only one that whoever put an older `checkpoint` back left there.
pub(super) struct Marks {
    newest: Mark,
    kept: Option<Kept>,
}

impl Marks {
    /// Reads them: the newest checkpoint; where it is missing, the largest that was handed out says how far the log
    /// was signed at least. Whose signatures they bear is for others to check.
    pub(super) fn load(dir: &Path, log_id: &str) -> io::Result<Self> {
        let (newest, sizes) = (load_checkpoint(dir)?, kept_sizes(dir)?);
        let has_keys = dir.join(FIRST_KEYS).exists();
        let largest = match sizes.last() {
            // What is gone by now was set aside meanwhile.
            Some(size) => read(&dir.join(KEPT).join(size.to_string()))?.map(|bytes| (*size, bytes)),
            None => None,
        };
        let kept = largest.as_ref().map(|(size, bytes)| {
            let signed = of_log(bytes, log_id).ok().filter(|signed| signed.size == *size);
            Kept { size: *size, signed }
        });
        let is_only = sizes.len() == 1 && !has_keys;
        let newest = match (newest, largest) {
            (Some(bytes), _) => of_log(&bytes, log_id).map_or_else(Mark::Garbled, Mark::Known),
            (None, Some((_, bytes))) => of_log(&bytes, log_id)
                .map_or_else(Mark::Garbled, |signed| Mark::Missing { largest: Some(signed), is_only }),
            (None, None) if has_keys => Mark::Missing { largest: None, is_only: false },
            (None, None) => Mark::Absent,
        };
        Ok(Self { newest, kept })
    }

    /// Returns how the log fell behind what was signed or differs from it; `sound` where no damage was found
    /// that would explain another root.
    pub(super) fn damage(
        &self,
        log_id: &str,
        places: &Places,
        sound: bool,
    ) -> Result<Option<Damage>, ReadError> {
        match self.newest.damage(log_id, places, sound)? {
            None => self.kept.as_ref().map_or(Ok(None), |kept| kept.damage(log_id, places, sound)),
            damage => Ok(damage),
        }
    }
}

/// Reads a checkpoint of this log, or says why it is none.
fn of_log(bytes: &[u8], log_id: &str) -> Result<Checkpoint, String> {
    let garbled = |what: String| format!("the checkpoint is garbled: {what}");
    let note = Note::parse(bytes).map_err(|error| garbled(error.to_string()))?;
    let checkpoint = Checkpoint::parse(note.text()).map_err(|error| garbled(error.to_string()))?;
    if checkpoint.origin.as_str() == log_id {
        Ok(checkpoint)
    } else {
        Err(format!("the checkpoint is one of the log {}", checkpoint.origin))
    }
}

impl Kept {
    fn damage(&self, log_id: &str, places: &Places, sound: bool) -> Result<Option<Damage>, ReadError> {
        let size = places.head.size;
        let (position, what) = match &self.signed {
            _ if self.size > size => (Some(size), behind(size, self.size)),
            Some(signed) if sound && places.head_at(log_id, signed.size)?.root != signed.root => {
                (signed.size.checked_sub(1), differs(signed.size))
            }
            // Whether one that is none of this log was altered is for others to say: the log may be whole.
            Some(_) | None => return Ok(None),
        };
        Ok(Some(Damage { file: format!("{KEPT}/{}", self.size), offset: 0, position, what }))
    }
}

impl Mark {
    /// Returns how the log fell behind the checkpoint or differs from it; `sound` where no damage was found
    /// that would explain another root.
    fn damage(&self, log_id: &str, places: &Places, sound: bool) -> Result<Option<Damage>, ReadError> {
        let size = places.head.size;
        let (position, what) = match self {
            Self::Absent => return Ok(None),
            Self::Garbled(what) => (size.checked_sub(1), what.clone()),
            Self::Known(signed) | Self::Missing { largest: Some(signed), .. } if signed.size > size => {
                (Some(size), behind(size, signed.size))
            }
            Self::Missing { .. } if size == 0 => return Ok(None),
            Self::Missing { largest: Some(signed), is_only: true } if signed.size == size => return Ok(None),
            Self::Missing { .. } => {
                let what = "`checkpoint` is missing, and the log was signed: how far nobody can tell";
                (None, what.to_owned())
            }
            Self::Known(_) if !sound => return Ok(None),
            Self::Known(signed) if places.head_at(log_id, signed.size)?.root == signed.root => {
                return Ok(None);
            }
            Self::Known(signed) => (signed.size.checked_sub(1), differs(signed.size)),
        };
        Ok(Some(Damage { file: FILE.to_owned(), offset: 0, position, what }))
    }
}

fn differs(size: u64) -> String {
    format!("the log has another root at size {size} than was signed")
}

fn behind(size: u64, signed: u64) -> String {
    let events = if size == 1 { "1 event".to_owned() } else { format!("{size} events") };
    let missing = match signed - size {
        1 => "1 position is".to_owned(),
        count => format!("{count} positions are"),
    };
    format!("the log has {events} and the checkpoint signed {signed}: {missing} missing")
}
