//! Whether the database of the projections is whole: found out on a copy of it, for to open it is to write in it.

use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use crate::projections::directory::MANIFEST;
use crate::projections::manifest;
use crate::projections::snapshot::{Database, Trouble};

/// A larger database is not copied.
const BYTES_MAX: u64 = 1 << 30;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probed {
    /// Nothing was saved yet.
    Nothing,
    /// Another process has it open.
    Held,
    /// It opens, and gives all that it should hold.
    Whole,
    /// It does not, and why.
    Damaged(String),
}

/// Looks at the database of the projections in `dir`, where nothing is written.
///
/// # Errors
///
/// Returns what the system said when a copy could not be made or opened.
pub fn probe(dir: &Path) -> io::Result<Probed> {
    let lock = match File::open(dir.join("lock")) {
        Ok(lock) => lock,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Probed::Nothing),
        Err(error) => return Err(error),
    };
    match rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockShared) {
        Ok(()) => {}
        Err(rustix::io::Errno::WOULDBLOCK) => return Ok(Probed::Held),
        Err(errno) => return Err(errno.into()),
    }
    let is_saved = dir.join(MANIFEST).exists();
    let copy = match Copy::of(&dir.join("sled")) {
        Ok(copy) => copy,
        Err(error) if error.kind() == ErrorKind::NotFound && is_saved => {
            return Ok(Probed::Damaged("it is gone".to_owned()));
        }
        Err(error) => return Err(error),
    };
    // From here on whoever records may begin again.
    drop(lock);
    let pages = Database::open(&copy.0).and_then(|mut database| database.pages());
    let pages = match pages {
        Ok(pages) => pages,
        Err(Trouble::Damaged(what)) => return Ok(Probed::Damaged(what)),
        Err(Trouble::Unavailable(error)) => return Err(error),
    };
    Ok(match (pages.is_empty(), manifest::text_of(&pages)) {
        (true, _) if is_saved => Probed::Damaged("it lost what it held".to_owned()),
        (true, _) => Probed::Nothing,
        (false, Some(_)) => Probed::Whole,
        (false, None) => Probed::Damaged("it does not hold all of the manifest".to_owned()),
    })
}

/// A copy of a directory, for its owner alone, until it is dropped.
struct Copy(PathBuf);

impl Copy {
    fn of(from: &Path) -> io::Result<Self> {
        let into = std::env::temp_dir().join(format!("demarche-{}", Uuid::new_v4().simple()));
        DirBuilder::new().mode(0o700).create(&into)?;
        let copy = Self(into);
        let mut left = BYTES_MAX;
        copy_into(from, &copy.0, &mut left)?;
        Ok(copy)
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // It holds nothing but numbers; whoever cleans the directory up removes it.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn copy_into(from: &Path, into: &Path, left: &mut u64) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = into.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            DirBuilder::new().mode(0o700).create(&to)?;
            copy_into(&entry.path(), &to, left)?;
            continue;
        }
        let bytes = entry.metadata()?.len();
        *left = left.checked_sub(bytes).ok_or_else(|| {
            io::Error::new(ErrorKind::FileTooLarge, "the database is larger than 1 GiB, and is not copied")
        })?;
        fs::copy(entry.path(), to)?;
    }
    Ok(())
}
