//! Where in a backup a file has its place, and what belongs to none.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::store::segment::backup::manifest::Manifest;
use crate::store::segment::backup::{BackupError, at};
use crate::store::segment::files::{self, SystemDisk};

/// The directories of a backup.
pub(super) const PARTS: [&str; 3] = ["segments", "secrets", "others"];

/// Overwrites and removes what belongs to no whole backup any more: secrets that were removed since are among it.
pub(super) fn remove_others(into: &Path, manifest: &Manifest) -> Result<u64, BackupError> {
    let belongs: BTreeSet<PathBuf> = manifest.items.iter().map(|item| into.join(&item.at)).collect();
    let mut removed = 0;
    for file in strangers(into, &belongs).map_err(at(into))? {
        files::destroy(&SystemDisk, &file).map_err(at(&file))?;
        let within = file.parent().unwrap_or(into);
        files::sync_dir(within).map_err(at(within))?;
        removed += 1;
    }
    Ok(removed)
}

/// Returns the files in the directories of a backup that do not belong to it.
pub(super) fn strangers(into: &Path, belongs: &BTreeSet<PathBuf>) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut left: Vec<PathBuf> =
        PARTS.iter().map(|part| into.join(part)).filter(|dir| dir.is_dir()).collect();
    while let Some(dir) = left.pop() {
        for entry in fs::read_dir(dir)? {
            let path = entry?.path();
            if path.is_dir() {
                left.push(path);
            } else if !belongs.contains(&path) {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Returns where a directory is, or will be when it is made.
pub(super) fn real(path: &Path) -> io::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    for above in path.ancestors() {
        match fs::canonicalize(above) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            found => return Ok(found?.join(path.strip_prefix(above).unwrap_or(Path::new("")))),
        }
    }
    Ok(path)
}

/// Returns the place in the data directory of a file of the log in a directory within it.
pub(super) fn named(within: &str, path: &str) -> String {
    if within.is_empty() { path.to_owned() } else { format!("{within}/{path}") }
}

/// Tells whether a file belongs to the log in a directory.
pub(super) fn belongs(path: &str, within: &str, leaves: &[&str]) -> bool {
    if within.is_empty() {
        return !leaves.iter().any(|leaf| path.starts_with(&format!("{leaf}/")));
    }
    path.starts_with(&format!("{within}/"))
}

/// Returns where in a backup a file of the data directory has its place.
pub(super) fn place_of(path: &str) -> String {
    if let Some((within, name)) = path.split_once("/secrets/") {
        return format!("secrets/{within}/{name}");
    }
    if let Some(name) = path.strip_prefix("log/") {
        return format!("segments/{name}");
    }
    if path.starts_with("secrets/") {
        return path.to_owned();
    }
    format!("others/{path}")
}
