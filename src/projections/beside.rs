//! Directories beside that of the projections: set aside, being rebuilt, replaced, wiped.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use crate::projections::file::sync_directory;

/// How many directories that were set aside are kept.
const ASIDE_MAX: usize = 2;

/// Returns the directory that a path is in.
pub(super) fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Returns the path of a directory that stands beside another and says in its name why.
pub(super) fn beside(path: &Path, why: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(why);
    path.with_file_name(name)
}

/// Moves a directory that cannot be trusted out of the way, and returns where it is now.
///
/// The two that were set aside last are kept.
///
/// # Errors
///
/// Returns what the system said; the directory is then still there.
pub(super) fn set_aside(path: &Path) -> std::io::Result<PathBuf> {
    let parent = parent(path);
    let numbers = numbers_set_aside(path)?;
    let aside = |number: u64| aside(path, number);
    let next = numbers.last().map_or(1, |last| last.saturating_add(1));
    std::fs::rename(path, aside(next))?;
    sync_directory(parent)?;
    for old in numbers.iter().rev().skip(ASIDE_MAX - 1) {
        remove(&aside(*old))?;
    }
    Ok(aside(next))
}

/// Wipes every directory that was set aside.
///
/// # Errors
///
/// Returns what the system said; some may be left.
pub(super) fn wipe_set_aside(path: &Path) -> std::io::Result<()> {
    numbers_set_aside(path)?.into_iter().try_for_each(|number| wipe(&aside(path, number)))
}

fn aside(path: &Path, number: u64) -> PathBuf {
    beside(path, &format!("damaged-{number}"))
}

fn numbers_set_aside(path: &Path) -> std::io::Result<BTreeSet<u64>> {
    let prefix = beside(path, "damaged-");
    let prefix = prefix.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut numbers = BTreeSet::new();
    for entry in std::fs::read_dir(parent(path))? {
        let name = entry?.file_name();
        numbers.extend(name.to_str().and_then(|name| name.strip_prefix(&prefix)?.parse::<u64>().ok()));
    }
    Ok(numbers)
}

/// Puts the directory that stands beside another as `why` in its place, and wipes the other.
///
/// # Errors
///
/// Returns what the system said; when that leaves no directory in the place, the next open builds one.
pub(super) fn swap(path: &Path, why: &str) -> std::io::Result<()> {
    let replaced = beside(path, "replaced");
    wipe(&replaced)?;
    std::fs::rename(path, &replaced)?;
    std::fs::rename(beside(path, why), path)?;
    sync_directory(parent(path))?;
    wipe(&replaced)
}

/// Removes a directory; one that is not there is removed already.
///
/// # Errors
///
/// Returns what the system said.
pub(super) fn remove(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    }
}

/// Overwrites every file of a directory and removes it; one that is not there is removed already.
///
/// What was read from it may be a text that is to be gone: a file that is only removed leaves its bytes on
/// the disk.
///
/// # Errors
///
/// Returns what the system said; some of it may be left.
pub(super) fn wipe(path: &Path) -> std::io::Result<()> {
    let entries = match std::fs::read_dir(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            wipe(&entry.path())?;
        } else if kind.is_file() {
            overwrite(&entry.path())?;
        }
    }
    remove(path)
}

/// Writes zeros over a whole file, on the disk.
fn overwrite(path: &Path) -> std::io::Result<()> {
    let mut file = File::options().write(true).open(path)?;
    let length = file.metadata()?.len();
    std::io::copy(&mut std::io::repeat(0).take(length), &mut file)?;
    file.sync_data()
}
