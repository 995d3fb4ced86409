//! A checkpoint that was signed: the note, what it says, and when.

use crate::desk::answer::operation::CheckpointRow;
use crate::domain::timestamp::Timestamp;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::note::Note;

/// Bytes of a cosignature (type 0x04) behind the id of its key: a time and an Ed25519 signature.
const COSIGNATURE_BYTES: usize = 8 + 64;
const MICROS_PER_SECOND: i64 = 1_000_000;

/// A checkpoint that was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// The note, with every line under it.
    pub note: Note,
    /// What it says.
    pub checkpoint: Checkpoint,
    /// When the log signed it, in POSIX seconds; 0 where no line of its own says.
    pub time: u64,
}

impl Signed {
    /// Reads a signed note as a checkpoint of the log `origin`.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with it, in words. That it was read says nothing about its signatures.
    pub fn parse(bytes: &[u8], origin: &str) -> Result<Self, String> {
        let note = Note::parse(bytes).map_err(|error| error.to_string())?;
        let checkpoint = Checkpoint::parse(note.text()).map_err(|error| error.to_string())?;
        if checkpoint.origin != *origin {
            return Err(format!("it is a checkpoint of the log {}", checkpoint.origin));
        }
        let time = own_time(&note, origin);
        Ok(Self { note, checkpoint, time })
    }

    /// Returns what a reader is told of it.
    pub fn row(&self) -> CheckpointRow {
        let seconds = i64::try_from(self.time).unwrap_or(i64::MAX);
        let micros = seconds.saturating_mul(MICROS_PER_SECOND);
        let own = self.note.signatures().iter().filter(|line| line.name == self.checkpoint.origin);
        CheckpointRow {
            size: self.checkpoint.size,
            root: crate::store::leaf::HexHash(self.checkpoint.root).to_string(),
            time: Timestamp::from_micros(micros).unwrap_or(Timestamp::MAX),
            keys: own.map(|line| format!("{}+{}", line.name, hex(line.id))).collect(),
        }
    }
}

/// Returns the digits of a key's id, as they stand in its vkey.
fn hex(id: [u8; 4]) -> String {
    format!("{:08x}", u32::from_be_bytes(id))
}

/// Returns the newest time that a timestamped cosignature of the log's own says.
fn own_time(note: &Note, origin: &str) -> u64 {
    let own = note.signatures().iter().filter(|line| line.name == *origin);
    let times = own.filter(|line| line.bytes.len() == COSIGNATURE_BYTES);
    let times = times.filter_map(|line| line.bytes.first_chunk::<8>()).map(|time| u64::from_be_bytes(*time));
    times.max().unwrap_or(0)
}

/// Returns a time in POSIX seconds.
pub(in crate::desk) fn seconds(at: Timestamp) -> u64 {
    u64::try_from(at.micros().div_euclid(MICROS_PER_SECOND)).unwrap_or(0)
}
