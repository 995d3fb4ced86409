//! How a backup is made: what is there already is kept, what grew is gone on with, what is new is copied; then all of
//! it is read again, and only then it is said to be whole.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::domain::timestamp::Timestamp;
use crate::store::EventStore;
use crate::store::leaf::HexHash;
use crate::store::segment::backup::looking::{Looked, Seen};
use crate::store::segment::backup::manifest::{FILE, Item, Journal, LogAt, Manifest, UNFINISHED};
use crate::store::segment::backup::placing::{PARTS, belongs, named, place_of, real, remove_others};
use crate::store::segment::backup::{BackupError, Made, Step, Wrong, at, checking};
use crate::store::segment::files::{self, bytes_left, segment_name};
use crate::store::segment::{SegmentStore, is_log};

/// How often it is tried again when secrets were changed meanwhile.
const ROUNDS_MAX: u32 = 8;
/// What is left free beside what is needed.
const ROOM_BYTES: u64 = 16 << 20;
/// Bytes copied at once.
const CHUNK: usize = 1 << 20;
/// What the name of a file ends with that is not whole yet.
const PART: &str = ".part";

/// Makes the directory of a backup, where there is none; what stands there already must be a backup.
pub(super) fn prepare(data: &Path, into: &Path) -> Result<(), BackupError> {
    let refuse = |what: String, hint: &str| Err(BackupError::Place { what, hint: hint.to_owned() });
    let (data, real) = (real(data).map_err(at(data))?, real(into).map_err(at(into))?);
    if real.starts_with(&data) || data.starts_with(&real) {
        let what = format!("{} and the data directory stand in each other", into.display());
        return refuse(what, "name a directory on another disk");
    }
    DirBuilder::new().recursive(true).mode(0o700).create(into).map_err(at(into))?;
    if is_log(into) {
        return refuse(format!("{} is a log", into.display()), "name a new or empty directory");
    }
    let is_ours = [FILE, UNFINISHED].iter().any(|name| into.join(name).exists());
    let mut entries = fs::read_dir(into).map_err(at(into))?;
    let is_empty = entries.all(|entry| entry.is_ok_and(|entry| entry.file_name() == "lock"));
    if !is_ours && !is_empty {
        let what = format!("{} holds something that is no backup", into.display());
        return refuse(what, "name a new or empty directory, or that of the backup before");
    }
    Ok(())
}

/// An attempt.
pub(super) struct Run<'w> {
    /// Tells whether anybody waits for it still.
    wanted: &'w dyn Fn() -> bool,
    into: PathBuf,
    journal: Journal,
    /// What is there, by its place in the data directory.
    known: BTreeMap<String, Item>,
    /// Where the files of the backup before are, which stays good until this is whole.
    taken: BTreeMap<String, HexHash>,
    items: BTreeMap<String, Item>,
    copied: u64,
    kept: u64,
    of: u64,
}

impl<'w> Run<'w> {
    pub(super) fn begin(
        into: &Path,
        store: &SegmentStore,
        wanted: &'w dyn Fn() -> bool,
    ) -> Result<Self, BackupError> {
        let earlier = Manifest::load(into)?;
        if let Some(before) = earlier.as_ref().and_then(Manifest::log) {
            continues(before, store, into)?;
        }
        let (journal, known) = Journal::open(into, earlier.as_ref()).map_err(at(into))?;
        for part in PARTS {
            DirBuilder::new().recursive(true).mode(0o700).create(into.join(part)).map_err(at(into))?;
        }
        let taken = earlier.iter().flat_map(|manifest| &manifest.items);
        let taken = taken.map(|item| (item.at.clone(), item.sha256)).collect();
        let into = into.to_owned();
        let items = BTreeMap::new();
        Ok(Self { wanted, into, journal, known, taken, items, copied: 0, kept: 0, of: 0 })
    }

    /// Makes the backup whole.
    pub(super) fn make(
        mut self,
        logs: &[(&str, &SegmentStore)],
        tell: &mut dyn FnMut(Step),
    ) -> Result<Made, BackupError> {
        let (mut stand, mut made_at) = (Vec::new(), None);
        for (within, store) in logs {
            let leaves: Vec<&str> = if within.is_empty() {
                logs.iter().map(|(name, _)| *name).filter(|name| !name.is_empty()).collect()
            } else {
                Vec::new()
            };
            let (at, log) = self.log(within, store, &leaves, tell)?;
            stand.push(log);
            made_at = made_at.or(Some(at));
        }
        let Some(made_at) = made_at else { return Err(BackupError::Damaged(Vec::new())) };
        let items: Vec<Item> = std::mem::take(&mut self.items).into_values().collect();
        let manifest = Manifest::new(made_at, stand, items);
        self.sync_directories(&manifest)?;
        if !(self.wanted)() {
            return Err(BackupError::GivenUp);
        }
        let wrong = checking::wrong_with(&self.into, &manifest, tell);
        if !wrong.is_empty() {
            for item in &manifest.items {
                if wrong.iter().any(|wrong| wrong.file == item.at) {
                    self.journal.garbled(&item.path).map_err(at(&self.into))?;
                }
            }
            return Err(BackupError::Damaged(wrong));
        }
        let unsound: Vec<Wrong> =
            logs.iter().flat_map(|(within, store)| store.unsound(within, &manifest)).collect();
        if !unsound.is_empty() {
            return Err(BackupError::Unsound(unsound));
        }
        manifest.save(&self.into)?;
        let removed = remove_others(&self.into, &manifest)?;
        let unfinished = self.into.join(UNFINISHED);
        fs::remove_file(&unfinished).map_err(at(&unfinished))?;
        files::sync_dir(&self.into).map_err(at(&self.into))?;
        Ok(Made { manifest, copied: self.copied, kept: self.kept, removed })
    }

    /// Copies a log of one moment, and returns that moment and how far it goes.
    fn log(
        &mut self,
        within: &str,
        store: &SegmentStore,
        leaves: &[&str],
        tell: &mut dyn FnMut(Step),
    ) -> Result<(Timestamp, LogAt), BackupError> {
        for _ in 0..ROUNDS_MAX {
            let looked = store.look(leaves)?;
            self.has_room(within, &looked)?;
            self.items.retain(|path, _| !belongs(path, within, leaves));
            let dir = &store.shared.dir;
            for (first, bytes) in &looked.segments {
                let path = named(within, &segment_name(*first));
                self.segment(&path, &dir.join(segment_name(*first)), *bytes, tell)?;
            }
            let copied = self.private(within, dir, &looked, tell)?;
            if !copied || !looked.stood_still(&store.look(leaves)?) {
                continue;
            }
            for (path, bytes) in &looked.whole {
                self.copy(&named(within, path), &mut bytes.as_slice(), tell)?;
            }
            for seen in &looked.others {
                // What was handed out stays; what is gone meanwhile is not needed.
                self.file(within, dir, seen, tell)?;
            }
            let segment = looked.segments.last().map_or(0, |(first, _)| *first);
            let (size, root) = (looked.head.size, HexHash(looked.head.root));
            let log = store.log_id().to_owned();
            let log = LogAt { within: within.to_owned(), log, size, root, segment, end: looked.end };
            return Ok((looked.at, log));
        }
        Err(BackupError::Restless)
    }

    /// Refuses to begin what there is no room for.
    fn has_room(&mut self, within: &str, looked: &Looked) -> Result<(), BackupError> {
        let have = |path: &str| self.known.get(&named(within, path)).map_or(0, |item| item.bytes);
        let segments = looked.segments.iter().map(|(first, bytes)| (segment_name(*first), *bytes));
        let private = looked.private.iter().chain(&looked.others).map(|seen| (seen.path.clone(), seen.bytes));
        let needed: u64 =
            segments.chain(private).map(|(path, bytes)| bytes.saturating_sub(have(&path))).sum();
        let whole: u64 = looked.whole.iter().map(|(_, bytes)| bytes.len() as u64).sum();
        let needed = needed + whole + ROOM_BYTES;
        let left = bytes_left(&self.into).map_err(at(&self.into))?;
        if needed > left {
            return Err(BackupError::NoRoom { dir: self.into.clone(), needed, left });
        }
        self.of = self.copied + needed - ROOM_BYTES;
        Ok(())
    }

    /// Copies what opens the texts, and attachments; tells whether all of it was there still.
    fn private(
        &mut self,
        within: &str,
        dir: &Path,
        looked: &Looked,
        tell: &mut dyn FnMut(Step),
    ) -> Result<bool, BackupError> {
        // The keys first: a block is another one exactly where its key is.
        let (keys, rest): (Vec<&Seen>, Vec<&Seen>) =
            looked.private.iter().partition(|seen| seen.path.starts_with("secrets/keys/"));
        let mut same = BTreeSet::new();
        for seen in keys {
            let path = named(within, &seen.path);
            let block = seen.path.replace("/keys/", "/").replace(".key", ".block");
            let from = dir.join(&seen.path);
            let Some(key) = files::read(&from).map_err(at(&from))?.map(Zeroizing::new) else {
                return Ok(false);
            };
            let sha256 = HexHash(Sha256::digest(&*key).into());
            if self.known.get(&path).is_some_and(|item| item.sha256 == sha256) {
                same.insert(block);
            } else {
                // Before the key is copied: an attempt that is cut off after it must not trust the block by it.
                let block = named(within, &block);
                if self.known.remove(&block).is_some() {
                    self.journal.garbled(&block).map_err(at(&self.into))?;
                }
            }
            self.copy(&path, &mut key.as_slice(), tell)?;
        }
        for seen in rest {
            let path = named(within, &seen.path);
            let is_same = same.contains(&seen.path) || seen.path.starts_with("files/");
            let known = self.known.get(&path).filter(|item| is_same && self.is_there(item, seen.bytes));
            if let Some(item) = known.cloned() {
                self.kept += item.bytes;
                self.items.insert(path, item);
            } else if !self.file(within, dir, seen, tell)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn is_there(&self, item: &Item, bytes: u64) -> bool {
        let len = fs::metadata(self.into.join(&item.at)).map(|data| data.len());
        item.bytes == bytes && len.is_ok_and(|len| len >= bytes)
    }

    /// Copies a file; tells whether it was there.
    fn file(
        &mut self,
        within: &str,
        dir: &Path,
        seen: &Seen,
        tell: &mut dyn FnMut(Step),
    ) -> Result<bool, BackupError> {
        let from = dir.join(&seen.path);
        match File::open(&from) {
            Ok(mut file) => self.copy(&named(within, &seen.path), &mut file, tell).map(|()| true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(at(&from)(error)),
        }
    }

    /// Copies what has no more bytes than fit, under a name of its own until it is whole.
    fn copy(
        &mut self,
        path: &str,
        from: &mut dyn Read,
        tell: &mut dyn FnMut(Step),
    ) -> Result<(), BackupError> {
        let usual = place_of(path);
        let part = self.into.join(format!("{usual}{PART}"));
        self.make_room_for(&part)?;
        let mut write = |run: &mut Self| -> io::Result<(u64, HexHash)> {
            let mut file =
                OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
            let mut hash = Sha256::new();
            let bytes = run.pour(from, &mut file, &mut hash, u64::MAX, tell)?;
            file.sync_all()?;
            Ok((bytes, HexHash(hash.finalize().into())))
        };
        let (bytes, sha256) = write(self).map_err(at(&part))?;
        // What the backup before has there stays until this is whole.
        let at_place = match self.taken.get(&usual) {
            Some(hash) if *hash != sha256 => {
                let digits = sha256.to_string();
                format!("{usual}~{}", digits.get(..16).unwrap_or(&digits))
            }
            Some(_) | None => usual,
        };
        fs::rename(&part, self.into.join(&at_place)).map_err(at(&part))?;
        self.note(Item { path: path.to_owned(), at: at_place, bytes, sha256 })
    }

    /// Goes on with a segment, which only grows.
    fn segment(
        &mut self,
        path: &str,
        from: &Path,
        bytes: u64,
        tell: &mut dyn FnMut(Step),
    ) -> Result<(), BackupError> {
        let known = self.known.get(path).cloned().filter(|item| item.bytes <= bytes);
        if let Some(item) = known.clone().filter(|item| self.is_there(item, bytes)) {
            self.kept += bytes;
            self.items.insert(path.to_owned(), item);
            return Ok(());
        }
        let mut source = File::open(from).map_err(at(from))?;
        if let Some(item) = known {
            let place = self.into.join(&item.at);
            let gone_on = self.go_on(&item, &place, &mut source, bytes, tell);
            if let Some((bytes, sha256)) = gone_on.map_err(at(&place))? {
                return self.note(Item { bytes, sha256, ..item });
            }
        }
        // What is there is garbled, or of the backup before, which stays good until this is whole.
        source.rewind().map_err(at(from))?;
        self.copy(path, &mut source.take(bytes), tell)
    }

    /// Adds to a segment what it has more; none where what is there is not what was copied.
    fn go_on(
        &mut self,
        item: &Item,
        place: &Path,
        source: &mut File,
        bytes: u64,
        tell: &mut dyn FnMut(Step),
    ) -> io::Result<Option<(u64, HexHash)>> {
        let mut file = match OpenOptions::new().read(true).write(true).open(place) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let mut hash = Sha256::new();
        let have = pass(&mut file, item.bytes, &mut hash)?;
        if have != item.bytes || HexHash(hash.clone().finalize().into()) != item.sha256 {
            return Ok(None);
        }
        file.seek(SeekFrom::Start(have))?;
        source.seek(SeekFrom::Start(have))?;
        self.kept += have;
        let more = self.pour(source, &mut file, &mut hash, bytes - have, tell)?;
        file.sync_all()?;
        Ok(Some((have + more, HexHash(hash.finalize().into()))))
    }

    fn note(&mut self, item: Item) -> Result<(), BackupError> {
        self.journal.copied(&item).map_err(at(&self.into))?;
        self.known.insert(item.path.clone(), item.clone());
        self.items.insert(item.path.clone(), item);
        Ok(())
    }

    fn make_room_for(&self, path: &Path) -> Result<(), BackupError> {
        let within = path.parent().unwrap_or(&self.into);
        DirBuilder::new().recursive(true).mode(0o700).create(within).map_err(at(within))
    }

    fn pour(
        &mut self,
        from: &mut dyn Read,
        to: &mut File,
        hash: &mut Sha256,
        max: u64,
        tell: &mut dyn FnMut(Step),
    ) -> io::Result<u64> {
        let mut buffer = vec![0; CHUNK];
        let mut done = 0;
        while done < max {
            if !(self.wanted)() {
                return Err(io::Error::other("nobody waits for it any more"));
            }
            let want = usize::try_from(max - done).unwrap_or(CHUNK).min(CHUNK);
            let count = match from.read(buffer.get_mut(..want).unwrap_or_default()) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let piece = buffer.get(..count).unwrap_or_default();
            to.write_all(piece)?;
            hash.update(piece);
            done += count as u64;
            self.copied += count as u64;
            tell(Step::Copying(self.copied, self.of.max(self.copied)));
        }
        Ok(done)
    }

    /// Makes durable that the files are there.
    fn sync_directories(&self, manifest: &Manifest) -> Result<(), BackupError> {
        let mut dirs: BTreeSet<PathBuf> = BTreeSet::from([self.into.clone()]);
        for item in &manifest.items {
            let mut dir = self.into.join(&item.at);
            while dir.pop() && dir.starts_with(&self.into) {
                dirs.insert(dir.clone());
            }
        }
        dirs.iter().try_for_each(|dir| files::sync_dir(dir).map_err(at(dir)))?;
        let above = self.into.parent().filter(|above| !above.as_os_str().is_empty());
        above.map_or(Ok(()), |above| files::sync_dir(above).map_err(at(above)))
    }
}

/// Reads what stands in a file up to a byte into a hash, and returns how much there was.
fn pass(file: &mut File, bytes: u64, hash: &mut Sha256) -> io::Result<u64> {
    checking::hash_into(&mut file.take(bytes), hash)
}

/// Refuses to go on with a backup of another log, or of a later state of this one.
fn continues(before: &LogAt, store: &SegmentStore, into: &Path) -> Result<(), BackupError> {
    let hint = "name another directory; an earlier backup is never replaced by what does not continue it";
    let refuse = |what: String| Err(BackupError::Place { what, hint: hint.to_owned() });
    let (log, into) = (store.log_id(), into.display());
    if before.log != log {
        return refuse(format!("{into} is a backup of {}, and this is {log}", before.log));
    }
    match store.root_at(before.size)? {
        Some(root) if root == before.root.0 => Ok(()),
        Some(_) => {
            refuse(format!("the first {} events of {log} are others than those in {into}", before.size))
        }
        None => refuse(format!("{into} has {} events, and {log} has {}", before.size, store.head().size)),
    }
}
