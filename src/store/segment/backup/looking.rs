//! What stands in a data directory at one moment: told by the thread that writes the log, between two appends, so
//! that the records and the secrets are of the same moment.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::mpsc::sync_channel;

use crate::store::Head;
use crate::store::segment::backup::{BackupError, at};
use crate::store::segment::files::BESIDE;
use crate::store::segment::identity;
use crate::store::segment::writer::Work;
use crate::store::segment::{SegmentStore, Shared};

/// What is made again from the log, or belongs to whoever runs.
const LEFT_OUT: [&str; 7] = ["index", "tree", "projections", "socket", "lock", "head", "lost+found"];

/// A data directory at one moment.
#[derive(Debug)]
pub(super) struct Looked {
    pub(super) head: Head,
    /// The byte after the last record, in the last segment.
    pub(super) end: u64,
    /// The first position and the bytes of each segment.
    pub(super) segments: Vec<(u64, u64)>,
    /// What opens the texts, and attachments.
    pub(super) private: Vec<Seen>,
    /// Files that are replaced whole, such as `checkpoint`, with their bytes of that moment.
    pub(super) whole: Vec<(String, Vec<u8>)>,
    /// Files in other directories.
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
    /// Looks at the data directory between two appends; `leaves` are directories of others within it.
    pub(super) fn look(&self, leaves: &[&str]) -> Result<Looked, BackupError> {
        let (answer, looked) = sync_channel(1);
        let leaves: Vec<String> = leaves.iter().map(|name| (*name).to_owned()).collect();
        let look = move |shared: &Shared| {
            // Whoever asked and went away needs nothing.
            let _ = answer.send(Looked::at(shared, &leaves));
        };
        self.send(Work::Look(Box::new(look))).map_err(BackupError::Log)?;
        let dir = &self.shared.dir;
        let gone = || Err(io::Error::other("the thread that writes stopped"));
        looked.recv().unwrap_or_else(|_| gone()).map_err(at(dir))
    }
}

impl Looked {
    fn at(shared: &Shared, leaves: &[String]) -> io::Result<Self> {
        let (head, end, firsts) = {
            let places = shared.places();
            let lens: Vec<_> = places.segments.iter().map(|segment| (segment.first, segment.len())).collect();
            (places.head, places.end, lens)
        };
        let mut segments = Vec::with_capacity(firsts.len());
        for (first, len) in firsts {
            segments.push((first, len.map_err(|error| io::Error::other(error.to_string()))?));
        }
        // The last one is filled with zeros ahead.
        if let Some((_, len)) = segments.last_mut() {
            *len = end;
        }
        let dir = &shared.dir;
        let (mut private, mut others) = (Vec::new(), Vec::new());
        list(dir, "secrets", &mut private)?;
        list(dir, "files", &mut private)?;
        let mut whole = vec![(identity::FILE.to_owned(), fs::read(dir.join(identity::FILE))?)];
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let is_ours = ["log", "secrets", "files"].contains(&name) || LEFT_OUT.contains(&name);
            if is_ours || name.ends_with(BESIDE) || leaves.iter().any(|left| left == name) {
                continue;
            }
            let kind = entry.file_type()?;
            if kind.is_dir() {
                list(dir, name, &mut others)?;
            } else if kind.is_file() {
                whole.push((name.to_owned(), fs::read(entry.path())?));
            }
        }
        private.sort();
        others.sort();
        Ok(Self { head, end, segments, private, whole, others })
    }

    /// Tells whether everything that was seen then is there still, unchanged.
    pub(super) fn stood_still(&self, later: &Self) -> bool {
        self.private.iter().all(|seen| later.private.binary_search(seen).is_ok())
    }
}

/// Lists the files below a directory, those left out that were to take another's place.
fn list(dir: &Path, within: &str, found: &mut Vec<Seen>) -> io::Result<()> {
    let entries = match fs::read_dir(dir.join(within)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        let path = format!("{within}/{name}");
        let data = match entry.metadata() {
            // Another thread put it in its place meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            data => data?,
        };
        if data.is_dir() {
            list(dir, &path, found)?;
        } else if data.is_file() && !name.ends_with(BESIDE) {
            let modified = (data.mtime(), data.mtime_nsec());
            found.push(Seen { path, bytes: data.len(), inode: data.ino(), modified });
        }
    }
    Ok(())
}
