//! The database that keeps the manifest of the projections, behind one guard.
//!
//! This is the only file that names `sled`. What it keeps can be rebuilt, so a panic or a corruption in
//! it costs a rebuild and nothing else; whoever holds a [`Database`] also holds the lock of its directory.

use std::cell::Cell;
use std::fs::File;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Once;

use crate::projections::manifest::Page;

/// Memory that the database may use for its pages.
const CACHE_BYTES: u64 = 64 << 20;
/// Operations of one batch at most; 20,000 were seen to take 13 GB.
const BATCH_MAX: usize = 1_000;
/// How often opening is tried again while a handle that was just dropped still holds the file.
const OPEN_TRIES: u32 = 50;

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    /// It panicked or found its file corrupted: what it holds is not to be trusted.
    #[error("the database of the projections is damaged: {0}")]
    Damaged(String),
    /// The system refused, or another process has it open; that is no damage.
    #[error("the database of the projections cannot be used")]
    Unavailable(#[source] std::io::Error),
}

/// Keys and values, in a directory of their own.
#[derive(Debug)]
pub(super) struct Database {
    path: PathBuf,
    // None once it panicked: the handle is then leaked, since dropping it runs code in an unknown state.
    db: Option<sled::Db>,
}

impl Database {
    /// Opens the database in `path`, made if it is not there.
    ///
    /// # Errors
    ///
    /// Returns [`Trouble`]; the caller then does without, or sets the directory aside.
    pub(super) fn open(path: &Path) -> Result<Self, Trouble> {
        remove_unfinished(path).map_err(Trouble::Unavailable)?;
        let config = sled::Config::new()
            .path(path)
            .cache_capacity(CACHE_BYTES)
            // Flushed by `put`, never by a thread of its own.
            .flush_every_ms(None);
        let mut tries = 0;
        loop {
            match guarded(|| config.open()) {
                Ok(db) => return Ok(Self { path: path.to_owned(), db: Some(db) }),
                Err(Trouble::Unavailable(error)) if tries < OPEN_TRIES && is_lock(&error) => {
                    tries += 1;
                    std::thread::sleep(std::time::Duration::from_millis(10));
                }
                Err(trouble) => return Err(trouble),
            }
        }
    }

    /// Returns everything that it holds, in the order of the keys.
    ///
    /// # Errors
    ///
    /// As [`Database::open`].
    pub(super) fn pages(&mut self) -> Result<Vec<Page>, Trouble> {
        self.ask(|db| db.iter().map(|pair| pair.map(|(key, value)| (key.to_vec(), value.to_vec()))).collect())
    }

    /// Makes these pages, at most 1,000, everything that it holds, in one batch, and waits until they are
    /// on disk.
    ///
    /// # Errors
    ///
    /// As [`Database::open`]; nobody then knows whether it holds the former pages or these.
    pub(super) fn put(&mut self, pages: &[Page]) -> Result<(), Trouble> {
        let mut former = self.ask(|db| db.iter().keys().collect::<Result<Vec<_>, _>>())?;
        former.retain(|key| !pages.iter().any(|(kept, _)| **kept == **key));
        if former.len() + pages.len() > BATCH_MAX {
            return Err(Trouble::Unavailable(std::io::Error::other("the manifest has too many pages")));
        }
        self.ask(|db| {
            let mut batch = sled::Batch::default();
            for key in &former {
                batch.remove(key);
            }
            for (key, value) in pages {
                batch.insert(key.as_slice(), value.as_slice());
            }
            db.apply_batch(batch)?;
            db.flush().map(drop)
        })?;
        // `flush` starts the write of the pages and does not wait for the disk.
        File::open(self.path.join("db")).and_then(|db| db.sync_data()).map_err(Trouble::Unavailable)
    }

    fn ask<T>(&mut self, ask: impl FnOnce(&sled::Db) -> sled::Result<T>) -> Result<T, Trouble> {
        let Some(db) = self.db.take() else {
            return Err(Trouble::Damaged("it panicked before".to_owned()));
        };
        match guarded(|| ask(&db)) {
            Err(Trouble::Damaged(what)) => {
                std::mem::forget(db);
                Err(Trouble::Damaged(what))
            }
            answer => {
                self.db = Some(db);
                answer
            }
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Some(db) = self.db.take() {
            // Whatever goes wrong here costs a rebuild at the next open.
            let _ = guarded(|| {
                drop(db);
                Ok(())
            });
        }
    }
}

/// Removes what an interrupted start left behind: with it every later one fails.
fn remove_unfinished(path: &Path) -> std::io::Result<()> {
    let entries = match std::fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_name().to_string_lossy().ends_with(".generating") {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn is_lock(error: &std::io::Error) -> bool {
    error.to_string().contains("could not acquire lock")
}

thread_local! {
    static SILENT: Cell<bool> = const { Cell::new(false) };
}

/// Runs a call of the database; a panic in it becomes an error and is not printed.
fn guarded<T>(call: impl FnOnce() -> sled::Result<T>) -> Result<T, Trouble> {
    match quietly(call) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(trouble(error)),
        Err(what) => Err(Trouble::Damaged(what)),
    }
}

/// Runs a call of a library that may panic where a file is damaged; a panic becomes its message, and is not
/// printed.
pub(crate) fn quietly<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    silence_once();
    let before = SILENT.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(call));
    SILENT.set(before);
    outcome.map_err(|panic| {
        let what = panic.downcast_ref::<String>().map(String::as_str);
        what.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it panicked").to_owned()
    })
}

/// Keeps panics within the guard, and in the threads of the database, from being printed; others are
/// reported as before.
fn silence_once() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let own_thread = std::thread::current().name().is_some_and(|name| name.starts_with("sled-io"));
            if !own_thread && !SILENT.get() {
                report(panic);
            }
        }));
    });
}

fn trouble(error: sled::Error) -> Trouble {
    match error {
        // Of these kinds the bytes of a file are to blame, of others the system.
        sled::Error::Io(error)
            if matches!(
                error.kind(),
                ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::UnexpectedEof
            ) =>
        {
            Trouble::Damaged(error.to_string())
        }
        sled::Error::Io(error) => Trouble::Unavailable(error),
        sled::Error::CollectionNotFound(_)
        | sled::Error::Unsupported(_)
        | sled::Error::ReportableBug(_)
        | sled::Error::Corruption { .. } => Trouble::Damaged(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_is_there_after_opening_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sled");
        let page = |key: &str, value: &str| (key.as_bytes().to_vec(), value.as_bytes().to_vec());
        let mut database = Database::open(&path).unwrap();
        assert_eq!(database.pages().unwrap(), []);
        database.put(&[page("a", "1"), page("b", "2"), page("c", "3")]).unwrap();
        database.put(&[page("a", "4"), page("c", "5")]).unwrap();
        drop(database);
        std::fs::write(path.join("snap.0000000000000000.generating"), b"half").unwrap();
        let mut database = Database::open(&path).unwrap();
        assert_eq!(database.pages().unwrap(), [page("a", "4"), page("c", "5")]);
    }

    #[test]
    fn a_held_lock_is_no_damage() {
        let dir = tempfile::tempdir().unwrap();
        let held = Database::open(dir.path()).unwrap();
        assert!(matches!(Database::open(dir.path()), Err(Trouble::Unavailable(_))));
        drop(held);
        Database::open(dir.path()).unwrap();
    }

    #[test]
    fn a_panic_within_the_guard_is_an_error() {
        let panicked = guarded(|| -> sled::Result<()> { panic!("tried to serialize {}", "Uninitialized") });
        assert!(matches!(panicked, Err(Trouble::Damaged(what)) if what.ends_with("Uninitialized")));
    }
}
