//! Key files on disk: made whole or not at all, readable by their owner alone, and overwritten before they
//! are removed.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::desk::keys::spelling::BYTES_MAX;
use crate::desk::keys::{KeyFileError, io_error};

/// What stands behind the name of a file that is to take another's place.
pub(super) const NEXT: &str = ".next";
/// What stands behind the name of a file whose place was taken, until it is overwritten.
const OLD: &str = ".old";

/// Returns the name of a file beside `path`.
pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Reads a file, and refuses one that others than its owner can read.
pub(super) fn read_guarded(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(KeyFileError::Absent(path.to_owned()));
        }
        Err(error) => return Err(io_error(path, "read")(error)),
    };
    // Of the file that is open: what the name stands for may change meanwhile.
    let mode = file.metadata().map_err(io_error(path, "read"))?.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(KeyFileError::Exposed { path: path.to_owned(), mode });
    }
    read_all(file).map_err(io_error(path, "read"))
}

/// Reads a short secret to its end.
pub(super) fn read_all(file: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    // Of its final capacity from the start: no copy is left behind by growing.
    let mut bytes = Zeroizing::new(Vec::with_capacity(BYTES_MAX + 2));
    file.take(BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Makes a file that is not there yet, and its directory.
pub(super) fn create(path: &Path, bytes: &[u8]) -> Result<(), KeyFileError> {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    make_dir(dir)?;
    let next = beside(path, NEXT);
    write_beside(path, NEXT, bytes)?;
    // A name for the file that is whole; unlike a rename it never takes the place of another.
    let made = fs::hard_link(&next, path);
    let removed = fs::remove_file(&next);
    match made {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(KeyFileError::Exists(path.to_owned()));
        }
        Err(error) => return Err(io_error(path, "make")(error)),
    }
    removed.and_then(|()| sync_dir(path)).map_err(io_error(path, "make"))
}

/// Makes a directory that only its owner can look into.
pub(super) fn make_dir(dir: &Path) -> Result<(), KeyFileError> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(io_error(dir, "make"))
}

/// Makes a file durable beside `path`; one that was left there is overwritten first.
pub(super) fn write_beside(path: &Path, ending: &str, bytes: &[u8]) -> Result<(), KeyFileError> {
    wipe_beside(path, ending)?;
    let beside = beside(path, ending);
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        sync_dir(&beside)
    };
    write().map_err(io_error(&beside, "write"))
}

/// Puts the file that waits beside `path` in its place, and overwrites what was there.
///
/// At every moment the one or the other is there, whole; [`tidy`] ends what was cut off.
pub(super) fn replace_beside(path: &Path) -> Result<(), KeyFileError> {
    wipe_beside(path, OLD)?;
    let old = beside(path, OLD);
    let take = || {
        // A second name for what is there, which the rename does not touch.
        match fs::hard_link(path, &old) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        sync_dir(path)?;
        fs::rename(beside(path, NEXT), path)?;
        sync_dir(path)
    };
    take().map_err(io_error(path, "replace"))?;
    wipe_beside(path, OLD)
}

/// Overwrites what is left beside `path` of a file whose place was taken, where that was cut off.
pub(super) fn tidy(path: &Path) -> Result<(), KeyFileError> {
    wipe_beside(path, OLD)
}

/// Overwrites and removes the file that waits beside `path`.
pub(super) fn drop_next(path: &Path) -> Result<(), KeyFileError> {
    wipe_beside(path, NEXT)
}

/// Overwrites a file beside `path` and removes it; a second name of the very file that is in its place is
/// only removed.
fn wipe_beside(path: &Path, ending: &str) -> Result<(), KeyFileError> {
    let gone = beside(path, ending);
    if let (Ok(kept), Ok(found)) = (fs::metadata(path), fs::metadata(&gone))
        && (kept.dev(), kept.ino()) == (found.dev(), found.ino())
    {
        return fs::remove_file(&gone).and_then(|()| sync_dir(path)).map_err(io_error(&gone, "remove"));
    }
    wipe(&gone)
}

/// Overwrites a file and removes it; nothing when there is none.
pub(super) fn wipe(path: &Path) -> Result<(), KeyFileError> {
    let overwrite = || {
        let mut file = match OpenOptions::new().write(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let length = file.metadata()?.len();
        io::copy(&mut io::repeat(0).take(length), &mut file)?;
        file.sync_all()?;
        fs::remove_file(path)?;
        sync_dir(path)
    };
    overwrite().map_err(io_error(path, "overwrite"))
}

fn sync_dir(path: &Path) -> io::Result<()> {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    File::open(dir)?.sync_all()
}
