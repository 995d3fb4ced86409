//! Reads a backup as if nobody had before: every file by its hash, every record, the root of the tree, the checkpoint,
//! and whether there are files of secrets, of their length, for every text.
//!
//! Whether secrets open, only whoever has the master key can tell: that is asked where a backup is made.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::store::leaf::HexHash;
use crate::store::segment::SegmentStore;
use crate::store::segment::backup::manifest::{FILE, Item, LogAt, Manifest, UNFINISHED};
use crate::store::segment::backup::placing::{named, place_of, strangers};
use crate::store::segment::backup::{BackupError, Step};
use crate::store::segment::catalog::NO_SLOT;
use crate::store::segment::checkpoint;
use crate::store::segment::files::{Segment, segment_name};
use crate::store::segment::frame;
use crate::store::segment::scan::Window;
use crate::store::segment::secrets::{BLOCK_BYTES, SLOTS, is_key_len};
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::leaf_hash;
use crate::tlog::note::Note;
use crate::tlog::tree::Edge;

/// What is wrong with a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// The file, within the backup.
    pub file: String,
    /// What is wrong with it.
    pub what: String,
}

impl Wrong {
    pub(super) fn of(file: &str, what: &str) -> Self {
        Self { file: file.to_owned(), what: what.to_owned() }
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.file, self.what)
    }
}

/// A backup that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// What belongs to it.
    pub manifest: Manifest,
    /// What is wrong with it; nothing where it is whole.
    pub wrong: Vec<Wrong>,
    /// Files that an attempt left which was cut off; the next backup into it removes or takes them.
    pub strangers: Vec<String>,
    /// How many files lie there, and how many bytes, that the manifest does not name: whole files, and what stands
    /// behind the end of others. They belong to no backup, and are not restored.
    pub surplus: (u64, u64),
    /// Another attempt was begun and not ended.
    pub unfinished: bool,
}

/// Reads a backup whole.
///
/// # Errors
///
/// Returns [`BackupError::Place`] where none is whole, and [`BackupError::Damaged`] for a manifest that is not as it
/// was written.
pub fn check(backup: &Path, tell: &mut dyn FnMut(Step)) -> Result<Checked, BackupError> {
    let unfinished = backup.join(UNFINISHED).exists();
    let Some(manifest) = Manifest::load(backup)? else {
        let (what, hint) = if unfinished {
            (
                format!("the backup in {} was begun and is not whole", backup.display()),
                "run `backup` into it again",
            )
        } else {
            (format!("there is no backup in {}", backup.display()), "`backup DIR` makes one")
        };
        return Err(BackupError::Place { what, hint: hint.to_owned() });
    };
    let wrong = wrong_with(backup, &manifest, tell);
    let belongs: BTreeSet<PathBuf> = manifest.items.iter().map(|item| backup.join(&item.at)).collect();
    let left = strangers(backup, &belongs).map_err(super::at(backup))?;
    let inside = |path: PathBuf| path.strip_prefix(backup).unwrap_or(&path).display().to_string();
    let surplus = surplus(backup, &manifest).map_err(super::at(backup))?;
    Ok(Checked { manifest, wrong, strangers: left.into_iter().map(inside).collect(), surplus, unfinished })
}

impl SegmentStore {
    /// Returns what is known to be wrong with a log of which a backup was made, and with its secrets: they must open.
    pub(super) fn unsound(&self, within: &str, manifest: &Manifest) -> Vec<Wrong> {
        let place = |file: &str| {
            let path = named(within, file);
            let item = manifest.items.iter().find(|item| item.path == path);
            item.map_or(path, |item| item.at.clone())
        };
        let known = self.shared.state(|state| state.damages.clone());
        let mut wrong: Vec<Wrong> =
            known.iter().map(|damage| Wrong::of(&place(&damage.file), &damage.what)).collect();
        let used = self.shared.places().catalog.next_slot;
        let secrets = &self.shared.secrets;
        // A block that is being written anew is looked at again.
        let faults = secrets.faults(used).into_iter().filter_map(|fault| secrets.fault(fault.block));
        wrong.extend(faults.map(|fault| Wrong::of(&place(&fault.file), fault.what)));
        wrong
    }
}

/// Counts the files of which the manifest does not name all there is, and the bytes of those that it does not name.
fn surplus(backup: &Path, manifest: &Manifest) -> io::Result<(u64, u64)> {
    let named: BTreeMap<PathBuf, u64> =
        manifest.items.iter().map(|item| (backup.join(&item.at), item.bytes)).collect();
    let own = [FILE, UNFINISHED, "lock"].map(|name| backup.join(name));
    let (mut files, mut bytes) = (0, 0);
    let mut left = vec![backup.to_owned()];
    while let Some(dir) = left.pop() {
        for entry in std::fs::read_dir(dir)? {
            let entry = entry?;
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                left.push(path);
            } else if !own.contains(&path) {
                let there = entry.metadata()?.len();
                let more = there.saturating_sub(named.get(&path).copied().unwrap_or(0));
                files += u64::from(more > 0 || !named.contains_key(&path));
                bytes += more;
            }
        }
    }
    Ok((files, bytes))
}

/// Returns what is wrong with a backup.
pub(super) fn wrong_with(backup: &Path, manifest: &Manifest, tell: &mut dyn FnMut(Step)) -> Vec<Wrong> {
    let (mut done, of) = (0, manifest.bytes());
    let mut wrong = Vec::new();
    for item in &manifest.items {
        match hash_of(&backup.join(&item.at), item.bytes) {
            Ok((bytes, _)) if bytes < item.bytes => {
                wrong.push(Wrong::of(&item.at, &format!("{bytes} of {} bytes are there", item.bytes)));
            }
            Ok((_, hash)) if hash != item.sha256 => {
                wrong.push(Wrong::of(&item.at, "its hash is that of something else"));
            }
            Ok(_) => {}
            Err(error) => wrong.push(Wrong::of(&item.at, &error.to_string())),
        }
        done += item.bytes;
        tell(Step::Checking(done, of));
    }
    for log in &manifest.logs {
        wrong.extend(wrong_with_log(backup, manifest, log).err());
    }
    wrong
}

pub(super) fn hash_of(path: &Path, bytes: u64) -> io::Result<(u64, HexHash)> {
    let mut hash = Sha256::new();
    let read = hash_into(&mut File::open(path)?.take(bytes), &mut hash)?;
    Ok((read, HexHash(hash.finalize().into())))
}

/// Reads all there is into a hash, and returns how much there was.
pub(super) fn hash_into(from: &mut dyn Read, hash: &mut Sha256) -> io::Result<u64> {
    let (mut buffer, mut read) = (vec![0; 1 << 20], 0);
    loop {
        let count = match from.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            count => count?,
        };
        let Some(piece) = buffer.get(..count).filter(|piece| !piece.is_empty()) else { return Ok(read) };
        hash.update(piece);
        read += count as u64;
    }
}

/// Says what is wrong with the records of a log, or with its secrets.
fn wrong_with_log(backup: &Path, manifest: &Manifest, log: &LogAt) -> Result<(), Wrong> {
    let named = |name: &str| {
        if log.within.is_empty() { name.to_owned() } else { format!("{}/{name}", log.within) }
    };
    let item = |name: &str| manifest.items.iter().find(|item| item.path == named(name));
    let signed = item(checkpoint::FILE).map(|item| checkpoint_in(backup, item)).transpose()?;
    let mut at_signed = None;
    let (mut edge, mut slots, mut previous) = (Edge::default(), 0_u64, [0; 8]);
    let mut first = 0;
    while edge.size() < log.size || first == 0 {
        let Some(item) = item(&segment_name(first)) else {
            let at = place_of(&named(&segment_name(first)));
            return Err(Wrong::of(&at, "the segment is not in the backup"));
        };
        let wrong = |what: &str| Wrong::of(&item.at, what);
        let file = File::open(backup.join(&item.at)).map_err(|error| wrong(&error.to_string()))?;
        let mut window = Window::new(Arc::new(Segment { first, file }));
        let mut offset = 0;
        while offset < item.bytes {
            let bytes = window.record_bytes(offset).map_err(|error| wrong(&error.to_string()))?;
            let frame =
                frame::read(&log.log, bytes).map_err(|fault| wrong(&format!("byte {offset}: {fault}")))?;
            if frame.position != edge.size() || frame.previous != previous {
                return Err(wrong(&format!("byte {offset}: the record does not follow the one before it")));
            }
            if signed.as_ref().is_some_and(|signed| signed.size == edge.size()) {
                at_signed = Some(edge.root());
            }
            let hash = leaf_hash(frame.leaf);
            previous = hash.first_chunk().copied().unwrap_or_default();
            edge.push(hash);
            if frame.slot != NO_SLOT {
                slots = slots.max(frame.slot.saturating_add(1));
            }
            offset += frame.len() as u64;
        }
        if edge.size() == first {
            break;
        }
        first = edge.size();
    }
    let place = |name: &str| item(name).map_or_else(|| place_of(&named(name)), |item| item.at.clone());
    let last = Wrong::of(&place(&segment_name(log.segment)), "");
    if edge.size() != log.size || edge.root() != log.root.0 {
        let what =
            format!("the records give another root at size {} than the log had at {}", edge.size(), log.size);
        return Err(Wrong { what, ..last });
    }
    if let Some(signed) = signed {
        let root = if signed.size == log.size { Some(log.root.0) } else { at_signed };
        if root != Some(signed.root) {
            let what = "the log in the backup has another root than was signed, or fewer events";
            return Err(Wrong::of(&place(checkpoint::FILE), what));
        }
    }
    has_secrets(manifest, &named("secrets"), slots)
}

fn checkpoint_in(backup: &Path, item: &Item) -> Result<Checkpoint, Wrong> {
    let wrong = |what: String| Wrong { file: item.at.clone(), what };
    let bytes = std::fs::read(backup.join(&item.at)).map_err(|error| wrong(error.to_string()))?;
    let note = Note::parse(&bytes).map_err(|error| wrong(error.to_string()))?;
    Checkpoint::parse(note.text()).map_err(|error| wrong(error.to_string()))
}

/// Refuses a backup that lacks what opens texts, as far as names and lengths tell.
fn has_secrets(manifest: &Manifest, within: &str, slots: u64) -> Result<(), Wrong> {
    let lens: BTreeMap<&str, u64> =
        manifest.items.iter().map(|item| (item.path.as_str(), item.bytes)).collect();
    let of_block = |prefix: &str, ending: &str, block: u64, is_len: fn(u64) -> bool| {
        let whole = format!("{within}/{prefix}{block:08}{ending}");
        let later = format!("{within}/{prefix}{block:08}.");
        let newer = lens
            .range(later.as_str()..)
            .take_while(|(path, _)| path.starts_with(&later))
            .filter(|(path, _)| path.ends_with(ending));
        let is_whole = newer.chain(lens.get_key_value(whole.as_str())).any(|(_, bytes)| is_len(*bytes));
        if is_whole { Ok(()) } else { Err(place_of(&whole)) }
    };
    for block in 0..slots.div_ceil(SLOTS) {
        let secrets = of_block("", ".block", block, |bytes| bytes == BLOCK_BYTES);
        if let Err(file) = secrets.and_then(|()| of_block("keys/", ".key", block, is_key_len)) {
            let what = format!(
                "the secrets of block {block} are not in the backup, or have another length; records need them"
            );
            return Err(Wrong { file, what });
        }
    }
    Ok(())
}
