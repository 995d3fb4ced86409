//! What a witness keeps: whose state it is, and a file for each log, with its keys and the last checkpoint
//! that was cosigned. A file is replaced whole, so it is what it was or what it became.
//!
//! ```text
//! witness          whose state this is: the key of the cosignatures
//! lock             held while a log's file is read, judged and replaced
//! logs/<id>        a log: `key <vkey>` lines, `cosigned <size or nothing>`, an empty line, that checkpoint
//! forks/<id>       a checkpoint that the log signed and that contradicts the last
//! ```

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use sha2::{Digest, Sha256};

use crate::desk::error::DeskError;
use crate::desk::witness::refused;
use crate::store::segment::replace;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::key::{KeyName, VerifierKey};
use crate::tlog::note::Note;

const WHOSE: &str = "demarche witness 1";
const OF_LOG: &str = "demarche witness log 1";

/// The state of a witness.
pub(super) struct State {
    dir: PathBuf,
    key: VerifierKey,
}

/// What is kept of a log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Held {
    /// The keys that are trusted.
    pub(super) keys: Vec<VerifierKey>,
    /// The last checkpoint that was cosigned.
    pub(super) latest: Option<Latest>,
}

/// The last checkpoint of a log that was cosigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Latest {
    pub(super) checkpoint: Checkpoint,
    /// When, in seconds since 1970.
    pub(super) time: u64,
    /// With the verified lines of the log and the cosignature.
    pub(super) note: Note,
}

/// The right to judge and to cosign; given back when it is dropped or the process ends.
pub(super) struct Lock {
    _file: File,
}

impl State {
    /// Makes the directory of a state that is not there yet.
    pub(super) fn make(dir: &Path) -> Result<(), DeskError> {
        let has_logs = fs::read_dir(dir.join("logs")).is_ok_and(|mut entries| entries.next().is_some());
        if has_logs || dir.join("witness").exists() {
            return Err(refused(
                format!("there is a witness in {} already", dir.display()),
                "name another directory with `--state`",
            ));
        }
        let make = || {
            let mut builder = DirBuilder::new();
            builder.recursive(true).mode(0o700);
            builder.create(dir.join("logs"))?;
            builder.create(dir.join("forks"))?;
            sync_dir(dir)
        };
        make().map_err(|error| failed(dir, "made", &error))
    }

    /// Says whose state it is; from then on it is one.
    pub(super) fn begin(dir: &Path, key: &VerifierKey) -> Result<(), DeskError> {
        let path = dir.join("witness");
        replace(&path, format!("{WHOSE}\nkey {key}\n").as_bytes())
            .map_err(|error| failed(&path, "written", &error))
    }

    pub(super) fn open(dir: &Path) -> Result<Self, DeskError> {
        let path = dir.join("witness");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(refused(
                    format!("there is no witness in {}", dir.display()),
                    "`demarche witness init --name NAME` makes one; `--state` says where it is",
                ));
            }
            Err(error) => return Err(failed(&path, "read", &error)),
        };
        let key = text
            .strip_prefix(WHOSE)
            .and_then(|rest| rest.strip_prefix("\nkey ")?.strip_suffix('\n')?.parse().ok())
            .ok_or_else(|| garbled(&path))?;
        Ok(Self { dir: dir.to_owned(), key })
    }

    pub(super) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Returns the key of the cosignatures.
    pub(super) const fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// Waits for whoever else judges, in this process or another.
    pub(super) fn lock(&self) -> Result<Lock, DeskError> {
        let path = self.dir.join("lock");
        let take = || {
            let mut options = OpenOptions::new();
            let file = options.write(true).create(true).truncate(false).mode(0o600).open(&path)?;
            loop {
                match flock(&file, FlockOperation::LockExclusive) {
                    Ok(()) => return Ok(Lock { _file: file }),
                    Err(rustix::io::Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        };
        take().map_err(|error: io::Error| failed(&path, "locked", &error))
    }

    /// Reads what is kept of a log; none when it is not trusted.
    pub(super) fn load(&self, origin: &KeyName) -> Result<Option<Held>, DeskError> {
        let path = self.path_of("logs", origin);
        match fs::read(&path) {
            Ok(bytes) => {
                let (of, held) = self.parse(&bytes).ok_or_else(|| garbled(&path))?;
                if of == *origin { Ok(Some(held)) } else { Err(garbled(&path)) }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(&path, "read", &error)),
        }
    }

    /// Reads what is kept of every log, by name.
    pub(super) fn all(&self) -> Result<Vec<(KeyName, Held)>, DeskError> {
        let dir = self.dir.join("logs");
        let mut logs = Vec::new();
        for entry in fs::read_dir(&dir).map_err(|error| failed(&dir, "read", &error))? {
            let path = entry.map_err(|error| failed(&dir, "read", &error))?.path();
            // What a process that died was about to put in the place of another.
            if path.extension().is_some_and(|extension| extension == "new") {
                continue;
            }
            let bytes = fs::read(&path).map_err(|error| failed(&path, "read", &error))?;
            logs.push(self.parse(&bytes).ok_or_else(|| garbled(&path))?);
        }
        logs.sort_by(|(one, _), (other, _)| one.cmp(other));
        Ok(logs)
    }

    /// Puts what is kept of a log in the place of what was; the caller holds the lock.
    pub(super) fn save(&self, origin: &KeyName, held: &Held) -> Result<(), DeskError> {
        let mut bytes = format!("{OF_LOG}\n").into_bytes();
        for key in &held.keys {
            bytes.extend_from_slice(format!("key {key}\n").as_bytes());
        }
        let size = held.latest.as_ref().map(|latest| latest.checkpoint.size);
        bytes.extend_from_slice(format!("{}\n\n", cosigned(size)).as_bytes());
        if let Some(latest) = &held.latest {
            bytes.extend_from_slice(&latest.note.to_bytes());
        }
        let path = self.path_of("logs", origin);
        replace(&path, &bytes).map_err(|error| failed(&path, "written", &error))
    }

    /// Keeps a checkpoint that contradicts the last, once for each log; the caller holds the lock.
    pub(super) fn keep_fork(&self, origin: &KeyName, note: &Note) {
        let path = self.path_of("forks", origin);
        if !path.exists()
            && let Err(error) = replace(&path, &note.to_bytes())
        {
            tracing::error!(%error, "a checkpoint that contradicts the last could not be kept");
        }
    }

    /// Returns where a checkpoint lies that contradicts the last.
    pub(super) fn fork_of(&self, origin: &KeyName) -> Option<PathBuf> {
        Some(self.path_of("forks", origin)).filter(|path| path.exists())
    }

    fn path_of(&self, kind: &str, origin: &KeyName) -> PathBuf {
        // The name of a log may hold what no file name may.
        let hash: [u8; 32] = Sha256::digest(origin.as_str()).into();
        let [id @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = hash;
        let id = u128::from_be_bytes(id);
        self.dir.join(kind).join(format!("{id:032x}"))
    }

    /// Reads the file of a log; none unless it is one, and what it says was cosigned was.
    fn parse(&self, bytes: &[u8]) -> Option<(KeyName, Held)> {
        let text = std::str::from_utf8(bytes).ok()?;
        let (head, note) = text.split_once("\n\n")?;
        let (head, size) = head.rsplit_once('\n')?;
        let keys = head.strip_prefix(OF_LOG)?.strip_prefix('\n')?.split('\n');
        let keys: Vec<VerifierKey> =
            keys.map(|line| line.strip_prefix("key ")?.parse().ok()).collect::<Option<_>>()?;
        let origin = keys.first()?.name().clone();
        if keys.iter().any(|key| *key.name() != origin) {
            return None;
        }
        let latest = if note.is_empty() { None } else { Some(self.latest(note)?) };
        let is_of = latest.as_ref().is_none_or(|latest| latest.checkpoint.origin == origin);
        // So that a file that was cut off is not one of a log of which nothing was cosigned.
        let is_whole = size == cosigned(latest.as_ref().map(|latest| latest.checkpoint.size));
        (is_of && is_whole).then_some((origin, Held { keys, latest }))
    }

    fn latest(&self, note: &str) -> Option<Latest> {
        let note = Note::parse(note.as_bytes()).ok()?;
        let time = note.verify(&self.key).ok()??.time?;
        let checkpoint = Checkpoint::parse(note.text()).ok()?;
        Some(Latest { checkpoint, time, note })
    }
}

/// Returns the line that says what was cosigned.
fn cosigned(size: Option<u64>) -> String {
    size.map_or_else(|| "cosigned nothing".to_owned(), |size| format!("cosigned {size}"))
}

fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

fn failed(path: &Path, doing: &str, error: &io::Error) -> DeskError {
    DeskError::Unavailable(format!("{} could not be {doing}: {error}", path.display()))
}

fn garbled(path: &Path) -> DeskError {
    DeskError::Refused {
        rule: format!("{} is not as this witness wrote it, so nothing is cosigned by it", path.display()),
        hints: vec![
            "never remove it: without it the witness would cosign what contradicts what it cosigned"
                .to_owned(),
        ],
    }
}
