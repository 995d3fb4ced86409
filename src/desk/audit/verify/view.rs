//! A bundle as it lies there: read within bounds, following nothing that leads elsewhere.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

/// How deep directories are looked into; no bundle is deeper.
const DEPTH_MAX: usize = 16;

/// What stands at a path of a bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    File,
    /// Something that no bundle has: a link, a device, a directory too deep.
    Odd(&'static str),
}

/// Why a file that is there was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is longer than any file of its kind.
    #[error("it has more than {0} bytes, the most that such a file can have")]
    Large(u64),
    /// It is no plain file, or stands behind a link.
    #[error("it is no plain file, and is not followed")]
    Odd,
    /// The system did not give it.
    #[error("it cannot be read: {0}")]
    Io(String),
}

/// A read-only view of a bundle, wherever it lies.
pub trait View {
    /// Shows everything that is there, files and what no bundle has, each with its path.
    ///
    /// # Errors
    ///
    /// Returns why it cannot be listed.
    fn walk(&self, visit: &mut dyn FnMut(&str, Kind)) -> Result<(), String>;

    /// Reads the file at `path`, of at most `max` bytes; none when there is none.
    ///
    /// # Errors
    ///
    /// Returns why a file that is there was not read.
    fn read(&self, path: &str, max: u64) -> Result<Option<Vec<u8>>, Unreadable>;
}

/// A bundle in a directory.
#[derive(Debug)]
pub struct Folder {
    dir: PathBuf,
    /// What stands there and is no file: nothing behind it is read.
    odd: Vec<(String, &'static str)>,
}

impl Folder {
    /// Opens a directory.
    ///
    /// # Errors
    ///
    /// Returns what the system says when it cannot be listed.
    pub fn open(dir: &Path) -> io::Result<Self> {
        let mut folder = Self { dir: dir.to_owned(), odd: Vec::new() };
        let mut odd = Vec::new();
        list(dir, "", 0, &mut |path, kind| {
            if let Kind::Odd(what) = kind {
                odd.push((path.to_owned(), what));
            }
        })?;
        folder.odd = odd;
        Ok(folder)
    }

    fn is_behind_odd(&self, path: &str) -> bool {
        self.odd.iter().any(|(odd, _)| {
            path.strip_prefix(odd.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }
}

impl View for Folder {
    fn walk(&self, visit: &mut dyn FnMut(&str, Kind)) -> Result<(), String> {
        list(&self.dir, "", 0, visit).map_err(|error| error.to_string())
    }

    fn read(&self, path: &str, max: u64) -> Result<Option<Vec<u8>>, Unreadable> {
        if self.is_behind_odd(path) {
            return Err(Unreadable::Odd);
        }
        // A pipe that took the place of a file since must not be waited for.
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
        let flags = i32::try_from(flags).unwrap_or(0);
        let file = match OpenOptions::new().read(true).custom_flags(flags).open(self.dir.join(path)) {
            Ok(file) => file,
            Err(error) if is_absence(&error) => return Ok(None),
            Err(error) => return Err(Unreadable::Io(error.to_string())),
        };
        let failed = |error: io::Error| Unreadable::Io(error.to_string());
        if !file.metadata().map_err(failed)?.is_file() {
            return Err(Unreadable::Odd);
        }
        let mut bytes = Vec::new();
        file.take(max.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > max { Err(Unreadable::Large(max)) } else { Ok(Some(bytes)) }
    }
}

fn list(dir: &Path, within: &str, depth: usize, visit: &mut dyn FnMut(&str, Kind)) -> io::Result<()> {
    let mut is_empty = true;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        is_empty = false;
        let Ok(name) = entry.file_name().into_string() else {
            let shown = format!("{within}{}", entry.file_name().to_string_lossy());
            visit(&shown, Kind::Odd("a name that is not UTF-8"));
            continue;
        };
        let path = format!("{within}{name}");
        // Of the entry itself: a link is not followed.
        let kind = entry.file_type()?;
        if kind.is_file() {
            visit(&path, Kind::File);
        } else if kind.is_dir() && depth < DEPTH_MAX {
            list(&entry.path(), &format!("{path}/"), depth + 1, visit)?;
        } else {
            let what = if kind.is_dir() {
                "a directory deeper than any of a bundle"
            } else if kind.is_symlink() {
                "a link"
            } else {
                "no file and no directory"
            };
            visit(&path, Kind::Odd(what));
        }
    }
    if is_empty && let Some(path) = within.strip_suffix('/') {
        visit(path, Kind::Odd("a directory without files"));
    }
    Ok(())
}

fn is_absence(error: &io::Error) -> bool {
    // A file where a directory should be: then there is nothing behind it.
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// A bundle in memory.
impl View for BTreeMap<String, Vec<u8>> {
    fn walk(&self, visit: &mut dyn FnMut(&str, Kind)) -> Result<(), String> {
        for path in self.keys() {
            visit(path, Kind::File);
        }
        Ok(())
    }

    fn read(&self, path: &str, max: u64) -> Result<Option<Vec<u8>>, Unreadable> {
        match self.get(path) {
            Some(bytes) if bytes.len() as u64 > max => Err(Unreadable::Large(max)),
            found => Ok(found.cloned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walked(folder: &Folder) -> Vec<(String, Kind)> {
        let mut found = Vec::new();
        folder.walk(&mut |path, kind| found.push((path.to_owned(), kind))).unwrap();
        found.sort_by(|one, other| one.0.cmp(&other.0));
        found
    }

    #[test]
    fn files_are_read_within_bounds_and_links_are_followed_nowhere() {
        let dir = tempfile::tempdir().unwrap();
        let at = |path: &str| dir.path().join(path);
        fs::create_dir_all(at("tile/0")).unwrap();
        fs::write(at("tile/0/000"), b"12345").unwrap();
        std::os::unix::fs::symlink(at("tile/0/000"), at("checkpoint")).unwrap();
        std::os::unix::fs::symlink(at("tile"), at("tiles")).unwrap();
        let folder = Folder::open(dir.path()).unwrap();
        assert_eq!(folder.read("tile/0/000", 5), Ok(Some(b"12345".to_vec())));
        assert_eq!(folder.read("tile/0/000", 4), Err(Unreadable::Large(4)));
        assert_eq!(folder.read("checkpoint", 9), Err(Unreadable::Odd));
        assert_eq!(folder.read("tiles/0/000", 9), Err(Unreadable::Odd));
        assert_eq!(folder.read("tile/0", 9), Err(Unreadable::Odd));
        assert_eq!(folder.read("none", 9), Ok(None));
        assert_eq!(folder.read("tile/0/000/none", 9), Ok(None));
        fs::create_dir_all(at("bodies/none")).unwrap();
        let odd = Kind::Odd("a link");
        let empty = Kind::Odd("a directory without files");
        let expected =
            [("bodies/none", empty), ("checkpoint", odd), ("tile/0/000", Kind::File), ("tiles", odd)];
        assert_eq!(walked(&folder), expected.map(|(path, kind)| (path.to_owned(), kind)));
    }
}
