//! Backups of a log that goes on being written, and how a data directory is made of one.
//!
//! What is outside the data directory is not in a backup: the keys, the mark beside them, the master key. What the log
//! makes again is not either.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::desk::answer::Answer;
use crate::desk::ask::When;
use crate::desk::checkpoint::mark::Mark;
use crate::desk::error::DeskError;
use crate::desk::keys::place::KeyPlace;
use crate::desk::{Desk, Opening};
use crate::domain::timestamp::Timestamp;
use crate::store::segment::backup::{self, BackupError, Manifest};
use crate::store::segment::{self, SegmentStore};
use crate::store::{AppendError, EventStore, Health};

pub use crate::store::segment::backup::Step;

/// The directory of the access log within the data directory.
const READS: &str = "reads";

/// A backup that is whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackedUp {
    /// What it holds.
    #[serde(flatten)]
    pub held: Held,
    /// Where it is.
    pub into: String,
    /// How many bytes were copied now.
    pub copied: u64,
    /// How many bytes of an earlier backup, or of an attempt that was cut off, were kept.
    pub kept: u64,
    /// How many files of an earlier one were overwritten and removed: secrets that were removed since are among them.
    pub removed: u64,
}

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The name of the log.
    pub log: String,
    /// How many events.
    pub size: u64,
    /// Their root.
    pub root: String,
    /// When the log was so.
    pub made_at: Timestamp,
    /// How many lines the access log has; none where none is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reads: Option<u64>,
    /// How many files.
    pub files: u64,
    /// How many bytes.
    pub bytes: u64,
}

/// What reading a backup showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verified {
    /// What it holds.
    #[serde(flatten)]
    pub held: Held,
    /// Whether every file is as it was written, the records give the root, and files of secrets are there for them;
    /// whether those open is not asked, since no key is needed.
    pub sound: bool,
    /// What is wrong.
    pub wrong: Vec<WrongRow>,
    /// Files that belong to no whole backup: an attempt was cut off, and the next one takes or removes them.
    pub left_over: Vec<String>,
    /// How many files lie there of which the manifest does not name all there is; they are not restored.
    #[serde(default)]
    pub surplus_files: u64,
    /// How many bytes of them it does not name.
    #[serde(default)]
    pub surplus_bytes: u64,
}

/// What is wrong with a file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrongRow {
    /// The file, within the backup.
    pub file: String,
    /// What is wrong with it.
    pub what: String,
}

/// A data directory that was made of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// What the backup held.
    #[serde(flatten)]
    pub held: Held,
    /// The data directory.
    pub dir: String,
    /// How the log is there; none where it could not be opened without its master key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<String>,
    /// How many events the keys signed, as far as the mark beside them says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<u64>,
    /// What to know and to do.
    pub next: Vec<String>,
}

impl Desk {
    /// Backs up the data directory into another one, while others record; tells meanwhile how far it is.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Refused`] for a place that is none for it, [`DeskError::Damaged`] where the log, what
    /// vouches for it or what was copied is not sound, and [`DeskError::Unavailable`] where there is no room or the disk refuses. A backup
    /// that was there before stays as it was; asking again goes on.
    /// [`DeskError::Unavailable`] also where it is not `wanted` any more: then it stops at once.
    pub fn back_up(
        &self,
        into: &Path,
        wanted: &dyn Fn() -> bool,
        tell: &mut dyn FnMut(Step),
    ) -> Result<Answer<BackedUp>, DeskError> {
        let Some(engine) = self.engine.as_deref() else {
            return Err(DeskError::Unavailable("a log in memory has no files".to_owned()));
        };
        // What is whole in the backup before must not make room for what is damaged here.
        self.check_standing()?;
        let reads = match &self.reads {
            // Where nobody can write, nobody notes a read either.
            Some(reads) if engine.health() == Health::Reader => Some(reads.opened(segment::Opening::Read)?),
            Some(reads) => Some(reads.open()?),
            None => None,
        };
        let within: Vec<(&str, &SegmentStore)> = reads.iter().map(|store| (READS, store.as_ref())).collect();
        let made = engine.back_up_while(wanted, &within, into, tell)?;
        let row = BackedUp {
            held: Held::of(&made.manifest),
            into: into.display().to_string(),
            copied: made.copied,
            kept: made.kept,
            removed: made.removed,
        };
        Ok(self.known(&When::default())?.answer(row))
    }
}

impl Held {
    fn of(manifest: &Manifest) -> Self {
        let log = manifest.log();
        Self {
            log: log.map(|log| log.log.clone()).unwrap_or_default(),
            size: log.map_or(0, |log| log.size),
            root: log.map(|log| log.root.to_string()).unwrap_or_default(),
            made_at: manifest.made_at,
            reads: manifest.logs.iter().find(|log| log.within == READS).map(|log| log.size),
            files: manifest.files() as u64,
            bytes: manifest.bytes(),
        }
    }
}

/// Reads a backup whole; no key is needed.
///
/// # Errors
///
/// Returns [`DeskError::Refused`] where no backup is whole, and [`DeskError::Damaged`] where what says what belongs to
/// it is garbled.
pub fn verify(backup: &Path, tell: &mut dyn FnMut(Step)) -> Result<Verified, DeskError> {
    let checked = backup::check(backup, tell)?;
    let row = |wrong: backup::Wrong| WrongRow { file: wrong.file, what: wrong.what };
    Ok(Verified {
        held: Held::of(&checked.manifest),
        sound: checked.wrong.is_empty(),
        wrong: checked.wrong.into_iter().map(row).collect(),
        left_over: checked.strangers,
        surplus_files: checked.surplus.0,
        surplus_bytes: checked.surplus.1,
    })
}

/// Makes a data directory of a backup, in a directory that is new or empty, and says what was signed since by the keys
/// in `place`.
///
/// # Errors
///
/// Returns [`DeskError::Refused`] for a directory that holds something, [`DeskError::Damaged`] for a backup that is not
/// sound; then nothing was written. After [`DeskError::Unavailable`] what stands in the directory is no log.
pub fn restore(
    backup: &Path,
    dir: &Path,
    place: &KeyPlace,
    tell: &mut dyn FnMut(Step),
) -> Result<Restored, DeskError> {
    let held = Held::of(&backup::restore(backup, dir, tell)?);
    let mut next = Vec::new();
    let health = match Desk::open_with(dir, Opening::Read, place) {
        Ok(desk) => Some(desk.log()?.data.health),
        Err(error) => {
            next.push(format!("the log was not opened: {error}"));
            None
        }
    };
    let mark = place.mark_of(&held.log);
    let signed = Mark::at(mark.clone()).load(&held.log)?.map(|signed| signed.checkpoint.size);
    next.extend(about_the_mark(&held, signed, mark.as_deref()));
    next.push(format!(
        "what was recorded after {} is not in it; entries that were asked for with a request id can be sent again",
        held.made_at
    ));
    next.push(
        "let nobody write the directory that was backed up any more: two that are written are a fork"
            .to_owned(),
    );
    Ok(Restored { held, dir: dir.display().to_string(), health, signed, next })
}

/// Says what the mark beside the keys tells of what was restored.
fn about_the_mark(held: &Held, signed: Option<u64>, mark: Option<&Path>) -> Vec<String> {
    let (log, size) = (&held.log, held.size);
    match signed {
        Some(signed) if signed > size => {
            let missing = signed - size;
            let which = if missing == 1 {
                format!("1 event, at position {size}, is")
            } else {
                format!("{missing} events, at the positions {size} to {}, are", signed - 1)
            };
            vec![
                format!(
                    "the keys signed {signed} events: {which} missing here, and the log takes no entries"
                ),
                format!(
                    "look for a newer backup or an export first; where they are lost, `audit accept-rollback {log} \
                     --reason WHY` goes on, and the record says so for ever. Leave the mark as it is"
                ),
            ]
        }
        Some(_) => {
            vec!["the keys signed no more than is here, as far as the mark beside them tells".to_owned()]
        }
        None => {
            let place = mark.map_or_else(
                || "no directory of keys is known".to_owned(),
                |path| format!("there is no {}", path.display()),
            );
            vec![format!(
                "nothing here tells whether more was signed ({place}): compare with the newest checkpoint that a \
                 witness or a reader holds"
            )]
        }
    }
}

impl From<BackupError> for DeskError {
    fn from(error: BackupError) -> Self {
        let words = error.to_string();
        match error {
            BackupError::Place { hint, .. } => Self::Refused { rule: words, hints: vec![hint] },
            BackupError::Damaged(_) => Self::Damaged(format!("in the backup: {words}")),
            BackupError::Unsound(_) | BackupError::Log(AppendError::Damaged) => Self::Damaged(words),
            BackupError::Read(error) => error.into(),
            BackupError::NoRoom { .. }
            | BackupError::Held(_)
            | BackupError::GivenUp
            | BackupError::Restless
            | BackupError::Log(_)
            | BackupError::Io { .. } => Self::Unavailable(words),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_that_is_damaged_is_told_as_damage_and_not_as_a_disk_that_refuses() {
        for error in [BackupError::Log(AppendError::Damaged), BackupError::Unsound(Vec::new())] {
            assert!(matches!(DeskError::from(error), DeskError::Damaged(_)));
        }
        assert!(matches!(DeskError::from(BackupError::Restless), DeskError::Unavailable(_)));
    }
}
