//! The private file of the sessions: hashes of their secrets, whose they are and since when, and nothing that opens
//! anything.
//!
//! It is a convenience: where it is gone, or is none, whoever was in comes in again.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::desk::accounts::kept::put_private;
use crate::desk::accounts::sessions::{ALL_MAX, Keeping, Session, Writes};
use crate::desk::error::DeskError;
use crate::domain::id::EntityId;
use crate::domain::timestamp::Timestamp;
use crate::store::leaf::HexHash;
use crate::tlog::Hash;

/// The name of the file in the data directory.
const NAME: &str = "sessions";
const VERSION: u32 = 1;
/// More than as many sessions as there can be take.
const BYTES_MAX: u64 = 512 * ALL_MAX as u64;

/// What is kept of a session.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    session: HexHash,
    account: EntityId,
    password: String,
    told: u64,
    began: Timestamp,
    used: Timestamp,
}

/// Everything that the file holds.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rows {
    version: u32,
    sessions: Vec<Row>,
}

/// The file.
#[derive(Debug)]
pub(super) struct SessionsFile {
    path: PathBuf,
    writes: Writes,
    // Held while it is written, so that what was later in memory is later on the disk.
    writing: Mutex<()>,
    // Whether it was said that it cannot be written.
    told: AtomicBool,
}

impl SessionsFile {
    pub(super) fn of(dir: &Path, writes: Writes) -> Self {
        Self { path: dir.join(NAME), writes, writing: Mutex::default(), told: AtomicBool::default() }
    }

    /// Writes the sessions that `now` returns; where that fails it is said once, and the file is as it was.
    pub(super) fn write(&self, how: Keeping, now: impl FnOnce() -> HashMap<Hash, Session>) {
        if self.writes == Writes::No {
            return;
        }
        let _one = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let row = |(secret, session): (Hash, Session)| Row {
            session: HexHash(secret),
            account: session.account,
            password: session.password,
            told: session.told,
            began: session.began,
            used: session.used,
        };
        let rows = Rows { version: VERSION, sessions: now().into_iter().map(row).collect() };
        match put_private(&self.path, &rows, how) {
            Ok(()) => self.told.store(false, Ordering::Relaxed),
            Err(error) if !self.told.swap(true, Ordering::Relaxed) => {
                let path = self.path.display();
                tracing::warn!(%path, %error, "who is in will not be known to the next server");
            }
            Err(_) => {}
        }
    }

    /// Reads the sessions that a process before had.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Unavailable`] where it is not what this program wrote for its owner alone.
    pub(super) fn read(&self) -> Result<HashMap<Hash, Session>, DeskError> {
        let failed = |error: io::Error| DeskError::Unavailable(format!("{}: {error}", self.path.display()));
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(HashMap::new()),
            Err(error) => return Err(failed(error)),
        };
        let data = file.metadata().map_err(failed)?;
        if !data.is_file() || data.mode() & 0o077 != 0 || data.len() > BYTES_MAX {
            return Err(failed(io::Error::other("it is not a file that its owner alone can use")));
        }
        let mut text = Vec::new();
        file.take(BYTES_MAX).read_to_end(&mut text).map_err(failed)?;
        let rows: Rows = serde_json::from_slice(&text).map_err(|error| failed(error.into()))?;
        if rows.version != VERSION {
            return Err(failed(io::Error::other("another version of this program wrote it")));
        }
        let session = |row: Row| {
            let Row { session, account, password, told, began, used } = row;
            let passed = (Instant::now(), Instant::now());
            (session.0, Session { account, password, told, began, used, noted: used, passed })
        };
        Ok(rows.sessions.into_iter().take(ALL_MAX).map(session).collect())
    }
}
