//! What stands in a data directory at one moment: told by the thread that writes the log, between two appends, so
//! that the records and the secrets are of the same moment.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;

use crate::domain::timestamp::Timestamp;
use crate::store::Head;
use crate::store::segment::backup::{BackupError, at};
use crate::store::segment::files::{BESIDE, is_read_only};
use crate::store::segment::writer::Work;
use crate::store::segment::{Access, SegmentStore, Shared};
use crate::store::segment::{checkpoint, identity};

/// What is made again from the log, or belongs to whoever runs: nobody is in on what is restored.
const LEFT_OUT: [&str; 9] =
    ["index", "tree", "projections", "socket", "lock", "head", "lost+found", "sessions", "sessions.next"];
/// What is replaced whole and is small: its bytes of the moment are kept. Other files are copied later, as they are then.
const SMALL: [&str; 4] = [checkpoint::FILE, checkpoint::FIRST_KEYS, "accounts", "cursors"];

/// Tells whether a directory in a data directory holds projections that were set aside, or are being made anew.
pub fn is_projections_aside(name: &str) -> bool {
    name.starts_with("projections.")
}

/// A data directory at one moment.
#[derive(Debug)]
pub(super) struct Looked {
    /// When that was.
    pub(super) at: Timestamp,
    pub(super) head: Head,
    /// The byte after the last record, in the last segment.
    pub(super) end: u64,
    /// The first position and the bytes of each segment.
    pub(super) segments: Vec<(u64, u64)>,
    /// What opens the texts, and attachments.
    pub(super) private: Vec<Seen>,
    /// Files that are replaced whole, such as `checkpoint`, with their bytes of that moment.
    pub(super) whole: Vec<(String, Vec<u8>)>,
    /// Other files, and those in other directories.
    pub(super) others: Vec<Seen>,
}

/// A file as it was seen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Seen {
    /// Where, within the data directory.
    pub(super) path: String,
    pub(super) bytes: u64,
    inode: u64,
    modified: (i64, i64),
}

impl SegmentStore {
    /// Looks at the data directory between two appends; `leaves` are directories of others within it. A reader looks
    /// only where nobody can append.
    pub(super) fn look(&self, leaves: &[&str]) -> Result<Looked, BackupError> {
        let (answer, looked) = sync_channel(1);
        let leaves: Vec<String> = leaves.iter().map(|name| (*name).to_owned()).collect();
        let is_sound = self.shared.state(|state| state.damages.is_empty());
        if is_sound && self.shared.access == Access::Read && is_read_only(&self.shared.dir) {
            return Looked::at(&self.shared, &leaves);
        }
        let look = move |shared: &Shared| {
            // Whoever asked and went away needs nothing.
            let _ = answer.send(Looked::at(shared, &leaves));
        };
        self.send(Work::Look(Box::new(look))).map_err(BackupError::Log)?;
        let dir = &self.shared.dir;
        let gone = || Err(at(dir)(io::Error::other("the thread that writes stopped")));
        looked.recv().unwrap_or_else(|_| gone())
    }
}

impl Looked {
    fn at(shared: &Shared, leaves: &[String]) -> Result<Self, BackupError> {
        let dir = &shared.dir;
        let moment = (shared.clock)();
        let (head, end, firsts) = {
            let places = shared.places();
            let lens: Vec<_> = places.segments.iter().map(|segment| (segment.first, segment.len())).collect();
            (places.head, places.end, lens)
        };
        let mut segments = Vec::with_capacity(firsts.len());
        for (first, len) in firsts {
            segments.push((first, len?));
        }
        // The last one is filled with zeros ahead.
        if let Some((_, len)) = segments.last_mut() {
            *len = end;
        }
        let (mut private, mut others) = (Vec::new(), Vec::new());
        list(dir, "files", &mut private)?;
        list(dir, "secrets", &mut private)?;
        let read = |path: PathBuf| fs::read(&path).map_err(at(&path));
        let mut whole = vec![(identity::FILE.to_owned(), read(dir.join(identity::FILE))?)];
        for entry in fs::read_dir(dir).map_err(at(dir))? {
            let entry = entry.map_err(at(dir))?;
            let name = name_of(&entry)?;
            let name = name.as_str();
            let is_ours = ["log", "secrets", "files"].contains(&name) || LEFT_OUT.contains(&name);
            if is_ours
                || is_projections_aside(name)
                || name.ends_with(BESIDE)
                || leaves.iter().any(|left| left == name)
            {
                continue;
            }
            let kind = entry.file_type().map_err(at(&entry.path()))?;
            if kind.is_dir() {
                list(dir, name, &mut others)?;
            } else if kind.is_file() && SMALL.contains(&name) {
                whole.push((name.to_owned(), read(entry.path())?));
            } else if kind.is_file() {
                others.extend(see(&entry, name.to_owned())?);
            }
        }
        private.sort();
        others.sort();
        Ok(Self { at: moment, head, end, segments, private, whole, others })
    }

    /// Tells whether everything that was seen then is there still, unchanged.
    pub(super) fn stood_still(&self, later: &Self) -> bool {
        self.private.iter().all(|seen| later.private.binary_search(seen).is_ok())
    }
}

/// Lists the files below a directory, those left out that were to take another's place.
fn list(dir: &Path, within: &str, found: &mut Vec<Seen>) -> Result<(), BackupError> {
    let place = dir.join(within);
    let entries = match fs::read_dir(&place) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(at(&place))?,
    };
    for entry in entries {
        let entry = entry.map_err(at(&place))?;
        let name = name_of(&entry)?;
        let path = format!("{within}/{name}");
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            list(dir, &path, found)?;
        } else if !name.ends_with(BESIDE) {
            found.extend(see(&entry, path)?);
        }
    }
    Ok(())
}

/// Looks at a file; none where it is none, or is gone: another thread put it in its place meanwhile.
fn see(entry: &fs::DirEntry, path: String) -> Result<Option<Seen>, BackupError> {
    let data = match entry.metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        data => data.map_err(at(&entry.path()))?,
    };
    let modified = (data.mtime(), data.mtime_nsec());
    Ok(data.is_file().then(|| Seen { path, bytes: data.len(), inode: data.ino(), modified }))
}

/// Returns the name of a file, which a manifest can say only as text.
fn name_of(entry: &fs::DirEntry) -> Result<String, BackupError> {
    entry.file_name().into_string().map_err(|name| BackupError::Place {
        what: format!("the name of {} is not UTF-8", entry.path().with_file_name(&name).display()),
        hint: "give it another name, or move it out of the data directory: a backup has all of it or is none"
            .to_owned(),
    })
}
