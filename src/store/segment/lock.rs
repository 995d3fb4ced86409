//! One writer at a time: a lock on the file `lock`, which says who holds it.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};

/// The right to write; given back when it is dropped or the process ends.
pub(super) struct Lock {
    file: File,
    /// Device and number of the file, by which this process knows that it has the right.
    name: (u64, u64),
}

/// What this process has the right to write.
static HELD: Mutex<Vec<(u64, u64)>> = Mutex::new(Vec::new());

impl Drop for Lock {
    fn drop(&mut self) {
        // Given back by name: a process that is being started may still hold the file open for a moment.
        let _ = flock(&self.file, FlockOperation::Unlock);
        HELD.lock().unwrap_or_else(PoisonError::into_inner).retain(|name| *name != self.name);
    }
}

/// Tells whether this process has the right to write the log in a directory.
pub(super) fn is_held_here(dir: &Path) -> io::Result<bool> {
    let data = match std::fs::metadata(dir.join("lock")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        data => data?,
    };
    Ok(HELD.lock().unwrap_or_else(PoisonError::into_inner).contains(&(data.dev(), data.ino())))
}

/// Returns the words of whoever has the right to write the log in a directory; none where nobody has. Nothing is
/// written, and nobody is kept from taking it for longer than a look.
///
/// # Errors
///
/// Returns what the system says where that cannot be told.
pub fn holder(dir: &Path) -> io::Result<Option<String>> {
    let mut file = match File::open(dir.join("lock")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    match flock(&file, FlockOperation::NonBlockingLockShared) {
        Ok(()) => {
            flock(&file, FlockOperation::Unlock)?;
            Ok(None)
        }
        Err(rustix::io::Errno::WOULDBLOCK) => {
            let mut holder = String::new();
            file.read_to_string(&mut holder)?;
            let words = holder.trim();
            Ok(Some(if words.is_empty() { "another process".to_owned() } else { words.to_owned() }))
        }
        Err(error) => Err(error.into()),
    }
}

/// Takes the lock, and waits for it at most so long.
///
/// Returns the words of whoever holds it when it cannot be had.
pub(super) fn take(dir: &Path, wait: Duration) -> io::Result<Result<Lock, String>> {
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(dir.join("lock"))?;
    let until = Instant::now() + wait;
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => break,
            Err(rustix::io::Errno::WOULDBLOCK) if Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let mut holder = String::new();
                file.read_to_string(&mut holder)?;
                let holder = holder.trim();
                return Ok(Err(if holder.is_empty() {
                    "another process".to_owned()
                } else {
                    holder.to_owned()
                }));
            }
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    writeln!(file, "process {}", std::process::id())?;
    let data = file.metadata()?;
    let name = (data.dev(), data.ino());
    HELD.lock().unwrap_or_else(PoisonError::into_inner).push(name);
    Ok(Ok(Lock { file, name }))
}
