//! What the machine says: room on the disk, and who may read what.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::desk::doctor::{Finding, Gravity};
use crate::desk::keys::place::KeyPlace;
use crate::store::segment::backup::is_projections_aside;
use crate::store::segment::bytes_left;

/// Below this the log will soon take no entries.
const GRAVE_BYTES: u64 = 64 << 20;
/// Below this somebody should look after the disk.
const WARNING_BYTES: u64 = 1 << 30;
/// How many files are named before the rest is counted.
const NAMED_MAX: usize = 3;

/// Says how much room is left.
pub(super) fn disk(dir: &Path) -> Finding {
    let todo = "make room, or move the directory to a larger disk: a full one takes no entries";
    let left = match bytes_left(dir) {
        Ok(left) => left,
        Err(error) => {
            return Finding::warning("disk", format!("it does not say what is left: {error}"), todo);
        }
    };
    let says = format!("{} MiB left for {}", left >> 20, dir.display());
    match left {
        ..GRAVE_BYTES => Finding::grave("disk", says, todo),
        GRAVE_BYTES..WARNING_BYTES => Finding::warning("disk", says, todo),
        _ => Finding::fine("disk", says),
    }
}

/// Says that nothing can be written in the directory: its file system is read-only, or it is not this user's to write in.
pub(super) fn unwritable(dir: &Path) -> Option<Finding> {
    let error = rustix::fs::access(dir, rustix::fs::Access::WRITE_OK).err()?;
    let says = format!("nothing can be written in {}: {}", dir.display(), io::Error::from(error));
    let todo = "mount it for writing, or run this as the user that owns it: until then nothing is recorded, and no read \
                is answered where reads are logged";
    Some(Finding::warning("disk", says, todo))
}

/// Says what others than its owner can read, and what this process cannot.
pub(super) fn permissions(dir: &Path, place: &KeyPlace) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut files = below(&dir.join("secrets"));
    files.extend(below(&dir.join("reads/secrets")));
    files.extend(["accounts", "sessions"].map(|name| dir.join(name)));
    found.extend(exposed(&files, Gravity::Grave, "what opens the texts"));
    let keys = place.directory.iter().flat_map(|keys| {
        let private = below(keys).into_iter().filter(|path| path.extension().is_some_and(|end| end == "key"));
        private.collect::<Vec<_>>()
    });
    found.extend(exposed(&keys.collect::<Vec<_>>(), Gravity::Grave, "the keys that sign"));
    found.extend(exposed(&[dir.to_owned()], Gravity::Warning, "the data directory"));
    found.extend(others(dir));
    if found.is_empty() {
        found.push(Finding::fine("permissions", "nobody but the owner reads secrets and keys"));
    }
    found
}

/// Says which files others can read.
fn exposed(files: &[PathBuf], gravity: Gravity, of: &str) -> Option<Finding> {
    let is_open = |path: &&PathBuf| {
        let data = fs::metadata(path);
        data.is_ok_and(|data| data.mode() & 0o077 != 0 && !is_guarded(path))
    };
    let open: Vec<&PathBuf> = files.iter().filter(is_open).collect();
    let named: Vec<String> = open.iter().take(NAMED_MAX).map(|path| path.display().to_string()).collect();
    let more = open.len().checked_sub(NAMED_MAX).filter(|more| *more > 0);
    let more = more.map(|more| format!(" and {more} more")).unwrap_or_default();
    (!open.is_empty()).then(|| Finding {
        of: "permissions".to_owned(),
        gravity,
        says: format!("others can use {of}: {}{more}", named.join(", ")),
        todo: Some(format!(
            "chmod -R go= '{}'",
            parent(open.first().map_or(Path::new(""), |path| path)).display()
        )),
    })
}

fn parent(path: &Path) -> &Path {
    if path.is_dir() { path } else { path.parent().unwrap_or(path) }
}

/// Tells whether a directory above keeps others out.
fn is_guarded(path: &Path) -> bool {
    path.ancestors()
        .skip(1)
        .any(|above| fs::metadata(above).is_ok_and(|data| data.mode().trailing_zeros() >= 6))
}

/// Says that the directory belongs to somebody else.
fn others(dir: &Path) -> Option<Finding> {
    let (owner, own) = (fs::metadata(dir).ok()?.uid(), rustix::process::getuid().as_raw());
    let says = format!("{} belongs to the user {owner}, and this is user {own}", dir.display());
    (owner != own).then(|| {
        let todo = "run this, and whatever records, as its owner: files of another user end a log";
        Finding::warning("permissions", says, todo)
    })
}

/// Returns a directory and what is below it; nothing where it cannot be read.
fn below(dir: &Path) -> Vec<PathBuf> {
    let (mut found, mut left) = (Vec::new(), vec![dir.to_owned()]);
    while let Some(next) = left.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten().flatten() {
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                left.push(path);
            } else {
                found.push(path);
            }
        }
        found.push(next);
    }
    found.sort();
    found
}

/// Returns a directory of projections that was set aside.
pub(super) fn set_aside(dir: &Path) -> Option<String> {
    let aside =
        fs::read_dir(dir).ok()?.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    aside.into_iter().find(|name| is_projections_aside(name))
}
