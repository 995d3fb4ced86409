//! How a data directory is made of a backup; it is a log only with the last file.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::store::leaf::HexHash;
use crate::store::segment::backup::checking::{self, Wrong};
use crate::store::segment::backup::manifest::{Item, Manifest};
use crate::store::segment::backup::placing::real;
use crate::store::segment::backup::{BackupError, Step, at};
use crate::store::segment::files::{self, bytes_left};
use crate::store::segment::head::DurableHead;
use crate::store::segment::identity;

/// Makes a data directory of a backup, in a directory that is new or empty, and returns what was restored.
///
/// The backup is read whole and checked before anything is written.
///
/// # Errors
///
/// Returns [`BackupError`]; what stands in the directory then is no log.
pub fn restore(backup: &Path, into: &Path, tell: &mut dyn FnMut(Step)) -> Result<Manifest, BackupError> {
    if fs::read_dir(into).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(BackupError::Place {
            what: format!("{} is not empty", into.display()),
            hint: "a backup is restored into a new or empty directory".to_owned(),
        });
    }
    if real(into).map_err(at(into))?.starts_with(real(backup).map_err(at(backup))?) {
        return Err(BackupError::Place {
            what: format!("{} is in the backup", into.display()),
            hint: "name a directory elsewhere: the next backup removes what does not belong to it".to_owned(),
        });
    }
    let checked = checking::check(backup, tell)?;
    if !checked.wrong.is_empty() {
        return Err(BackupError::Damaged(checked.wrong));
    }
    let manifest = checked.manifest;
    DirBuilder::new().recursive(true).mode(0o700).create(into).map_err(at(into))?;
    let (needed, left) = (manifest.bytes(), bytes_left(into).map_err(at(into))?);
    if needed > left {
        return Err(BackupError::NoRoom { dir: into.to_owned(), needed, left });
    }
    let is_identity = |item: &&Item| item.path.ends_with(identity::FILE);
    let (mut last, rest): (Vec<&Item>, Vec<&Item>) = manifest.items.iter().partition(is_identity);
    // That of the log itself is the last.
    last.sort_by_key(|item| item.path == identity::FILE);
    let mut done = 0;
    for item in rest {
        put(backup, into, item)?;
        done += item.bytes;
        tell(Step::Copying(done, needed));
    }
    for log in &manifest.logs {
        let dir = if log.within.is_empty() { into.to_owned() } else { into.join(&log.within) };
        for part in ["log", "files", "secrets/keys"] {
            DirBuilder::new().recursive(true).mode(0o700).create(dir.join(part)).map_err(at(&dir))?;
        }
        let head = DurableHead { size: log.size, root: log.root.0, segment: log.segment, offset: log.end };
        head.save(&dir, &log.log).map_err(at(&dir))?;
    }
    sync_all(into).map_err(at(into))?;
    for item in last {
        put(backup, into, item)?;
        sync_all(into).map_err(at(into))?;
    }
    let above = into.parent().filter(|above| !above.as_os_str().is_empty());
    above.map_or(Ok(()), |above| files::sync_dir(above).map_err(at(above)))?;
    Ok(manifest)
}

/// Copies a file into its place, durably, and checks what it wrote.
fn put(backup: &Path, into: &Path, item: &Item) -> Result<(), BackupError> {
    let path = into.join(&item.path);
    let within = path.parent().unwrap_or(into);
    DirBuilder::new().recursive(true).mode(0o700).create(within).map_err(at(within))?;
    let copy = || -> io::Result<HexHash> {
        let mut from = File::open(backup.join(&item.at))?.take(item.bytes);
        let mut to = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 1 << 20];
        loop {
            let count = from.read(&mut buffer)?;
            let Some(piece) = buffer.get(..count).filter(|piece| !piece.is_empty()) else { break };
            to.write_all(piece)?;
            hash.update(piece);
        }
        to.sync_all()?;
        Ok(HexHash(hash.finalize().into()))
    };
    if copy().map_err(at(&path))? != item.sha256 {
        let what = "its hash is that of something else than a moment ago";
        return Err(BackupError::Damaged(vec![Wrong::of(&item.at, what)]));
    }
    Ok(())
}

/// Makes every directory durable.
fn sync_all(dir: &Path) -> io::Result<()> {
    let mut left: Vec<PathBuf> = vec![dir.to_owned()];
    while let Some(dir) = left.pop() {
        files::sync_dir(&dir)?;
        for entry in fs::read_dir(dir)? {
            let path = entry?.path();
            if path.is_dir() {
                left.push(path);
            }
        }
    }
    Ok(())
}
