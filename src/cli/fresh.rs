//! Files that a command writes for its user: none that is there is written over, and none is put among the
//! files of the log.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::cli::failure::Failure;
use crate::cli::session::Session;

/// Refuses a place within the data directory: what is there is the log's own.
pub(super) fn apart(session: &Session, path: &Path) -> Result<(), Failure> {
    if session.globals.server.is_some() {
        return Ok(());
    }
    let log = session.globals.dir();
    let (Ok(log), Some(real)) = (log.canonicalize(), real(path)) else { return Ok(()) };
    if !real.starts_with(&log) {
        return Ok(());
    }
    Err(Failure::Refused {
        what: format!("{} is within the data directory {}", path.display(), log.display()),
        hint: "name a place outside of it: what it holds is the log's own".to_owned(),
    })
}

/// Refuses a file that is there, and a place within the data directory.
pub(super) fn check(session: &Session, path: &Path) -> Result<(), Failure> {
    apart(session, path)?;
    // Something that is no file takes what it is given, a terminal for one.
    let is_taken = path.symlink_metadata().is_ok_and(|it| it.is_symlink() || it.is_file() || it.is_dir());
    if is_taken && !is_device(path) { Err(taken(path)) } else { Ok(()) }
}

/// Writes a file that is not there yet.
pub(super) fn write(session: &Session, path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    check(session, path)?;
    let mut options = OpenOptions::new();
    options.write(true);
    let opened = if is_device(path) { options.open(path) } else { options.create_new(true).open(path) };
    opened.and_then(|mut file| file.write_all(bytes)).map_err(|error| {
        if error.kind() == io::ErrorKind::AlreadyExists {
            return taken(path);
        }
        Failure::File { path: path.to_owned(), doing: "written", error }
    })
}

fn is_device(path: &Path) -> bool {
    path.metadata().is_ok_and(|it| !it.is_file() && !it.is_dir())
}

fn taken(path: &Path) -> Failure {
    Failure::Refused {
        what: format!("{} exists already", path.display()),
        hint: "name another file".to_owned(),
    }
}

/// Returns where a path leads, of which the end need not be there yet.
fn real(path: &Path) -> Option<PathBuf> {
    let path = std::path::absolute(path).ok()?;
    path.ancestors().find_map(|part| {
        let rest = path.strip_prefix(part).ok()?;
        Some(part.canonicalize().ok()?.join(rest))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_followed_as_far_as_it_leads() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().canonicalize().unwrap().join("log");
        std::fs::create_dir(&log).unwrap();
        std::os::unix::fs::symlink(&log, dir.path().join("link")).unwrap();
        for within in ["log/new", "link/new", "link/none/new", "log"] {
            assert!(real(&dir.path().join(within)).unwrap().starts_with(&log), "{within}");
        }
        assert!(!real(&dir.path().join("logs/new")).unwrap().starts_with(&log));
    }
}
