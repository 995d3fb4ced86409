//! The directory of the projections: what is saved there, and whether what is found can be trusted.
//!
//! ```text
//! DIR/projections/
//!   lock             held by the one process that writes here
//!   sled/            the database: the manifest in pages
//!   manifest         the same manifest as a plain file, put in place by rename: for whoever only reads
//!   state-….sec      corrections, registrations, removed texts
//!   events-….sec     a segment of 65,536 events: times, terms, entities brought into being
//!   readings-….sec   a segment of later readings of entries
//!   offers-….sec     a chunk of what is kept of overtures
//! ```
//!
//! A database locks and writes when it is opened, so a reader leaves it closed. A save writes the files,
//! then the database, then the plain manifest: whatever it is interrupted at, the manifest that a reader
//! or the next writer finds names whole files. Files of the manifest before stay until the next save, for
//! readers that are still reading them.

mod folding;

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::domain::zone::Zone;
use crate::projections::beside::parent;
use crate::projections::bits::ROWS;
use crate::projections::file::{self, SectionFile, sync_directory};
use crate::projections::folds::Folds;
use crate::projections::index::{Capture, Index, Keep};
use crate::projections::lazy::{Damage, Section};
use crate::projections::manifest::{self, FORMAT, FileOf, Manifest, SegmentOf, Unfit};
use crate::projections::offers::Chunk;
use crate::projections::segment::Sealed;
use crate::projections::snapshot::{Database, Trouble};
use crate::projections::state;
use crate::projections::table::{Changes, Table};
use crate::projections::together;
use crate::store::EventStore;
use crate::store::leaf::HexHash;

/// How often the lock is tried again.
const LOCK_TRIES: u32 = 50;
const BETWEEN_TRIES: std::time::Duration = std::time::Duration::from_millis(20);

/// The name of the plain manifest.
pub(super) const MANIFEST: &str = "manifest";
/// The number of its only section.
const MANIFEST_SECTION: u8 = 1;

/// The directory, for the one process that writes there.
#[derive(Debug)]
pub(super) struct Directory {
    path: PathBuf,
    database: Database,
    // What was saved last; none before the first time.
    manifest: Option<Manifest>,
    // The index of which that is a snapshot.
    ground: Option<Arc<()>>,
    // Nothing was in it when it was opened.
    is_new: bool,
    // Locked as long as it is open; after the database, so that it is dropped last.
    _lock: Locked,
}

/// The right to write; given back when it is dropped, though a process that is being started may still hold
/// the file open for a moment.
#[derive(Debug)]
struct Locked(File);

impl Drop for Locked {
    fn drop(&mut self) {
        let _ = rustix::fs::flock(&self.0, rustix::fs::FlockOperation::Unlock);
    }
}

/// Why a directory cannot be written.
#[derive(Debug, thiserror::Error)]
pub(super) enum Closed {
    /// Another process writes there.
    #[error("another process keeps the projections in {}", .0.display())]
    Held(PathBuf),
    /// What is there is damaged.
    #[error("{0}")]
    Damaged(String),
    /// The system refused.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Why what is saved in a directory is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    /// It is damaged.
    #[error(transparent)]
    Damaged(#[from] Damage),
    /// It is not what was saved of this log.
    #[error(transparent)]
    Unfit(#[from] Unfit),
}

/// The directory after a save.
#[derive(Debug)]
pub(super) struct Saved {
    /// The segments of the events that were written, where they are now.
    pub(super) events: Vec<Arc<Sealed>>,
    /// The same of the readings.
    pub(super) readings: Vec<Arc<Sealed>>,
}

/// Takes the lock of a directory; for a while it is tried again, since whoever looks at the database for a doctor
/// holds it until there is a copy.
fn locked(lock: &File) -> Result<(), rustix::io::Errno> {
    let mut tries = 0;
    loop {
        let taken = rustix::fs::flock(lock, rustix::fs::FlockOperation::NonBlockingLockExclusive);
        if taken != Err(rustix::io::Errno::WOULDBLOCK) || tries == LOCK_TRIES {
            return taken;
        }
        tries += 1;
        std::thread::sleep(BETWEEN_TRIES);
    }
}

impl Directory {
    /// Opens the directory to write there; it is made if it is not there.
    ///
    /// # Errors
    ///
    /// Returns [`Closed`]; nothing that was saved is then lost.
    pub(super) fn open(path: &Path) -> Result<Self, Closed> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| Closed::Io { path, source }
        };
        if !path.is_dir() {
            std::fs::create_dir_all(path).map_err(io(path))?;
            sync_directory(parent(path)).map_err(io(path))?;
        }
        let lock_path = path.join("lock");
        let lock = File::options().create(true).truncate(false).write(true).open(&lock_path);
        let lock = lock.map_err(io(&lock_path))?;
        match locked(&lock) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(Closed::Held(path.to_owned())),
            Err(errno) => return Err(io(&lock_path)(errno.into())),
        }
        let sled = path.join("sled");
        let is_new = !sled.is_dir();
        let database = Database::open(&sled).map_err(|trouble| match trouble {
            Trouble::Damaged(what) => Closed::Damaged(format!("{}: {what}", sled.display())),
            Trouble::Unavailable(source) => Closed::Io { path: sled.clone(), source },
        })?;
        if is_new {
            sync_directory(&sled).and_then(|()| sync_directory(path)).map_err(io(path))?;
        }
        Ok(Self {
            path: path.to_owned(),
            database,
            manifest: None,
            ground: None,
            is_new,
            _lock: Locked(lock),
        })
    }

    /// Returns the projections that were saved here of `store`; none when nothing was.
    ///
    /// # Errors
    ///
    /// Returns [`Refused`]; the directory is then to be set aside.
    pub(super) fn load(&mut self, store: &dyn EventStore, zone: Zone) -> Result<Option<Index>, Refused> {
        let plain = SectionFile::at(self.path.join(MANIFEST));
        let pages = self.database.pages().map_err(|trouble| plain.damage(&trouble.to_string()))?;
        let beside = plain.read(MANIFEST_SECTION);
        if pages.is_empty() {
            if self.path.join(MANIFEST).exists() {
                return Err(plain.damage("the database beside it lost what it held").into());
            }
            return Ok(None);
        }
        let text = manifest::text_of(&pages)
            .ok_or_else(|| plain.damage("the database beside it does not hold all of it"))?;
        let manifest = parsed(&plain, &text)?;
        manifest.fits(store, zone)?;
        if beside.as_ref() != Ok(&text) {
            if let Ok(Ok(newer)) = beside.as_ref().map(|text| parsed(&plain, text))
                && newer.size > manifest.size
            {
                return Err(plain.damage("the database beside it lost what it held last").into());
            }
            // A save was interrupted, or the file was damaged: the database has all of it. When it cannot
            // be written the next save says so.
            let _ = file::write(&self.path.join(MANIFEST), &[(MANIFEST_SECTION, text)]);
        }
        let index = index_of(&self.path, &manifest)?;
        self.manifest = Some(manifest);
        self.ground = Some(Arc::clone(&index.identity));
        Ok(Some(index))
    }

    /// Tells whether all of a capture is saved here. A file that a manifest names is never written anew.
    pub(super) fn has(&self, capture: &Capture) -> bool {
        self.manifest.as_ref().is_some_and(|manifest| {
            let state = &manifest.state.name;
            let is_same = capture.keep == Keep::Index || *state == state_name(capture.size, capture.keep);
            manifest.size == capture.size && capture.is_empty() && is_same
        })
    }

    /// Returns how many removals of texts were known when the directory was made; none where nothing was
    /// ever saved in it.
    pub(super) fn fresh(&self) -> Option<u32> {
        match &self.manifest {
            Some(manifest) => Some(manifest.fresh),
            None => (!self.is_new).then_some(0),
        }
    }

    /// Saves what differs from what was saved last.
    ///
    /// # Errors
    ///
    /// Returns what the system said, or that the database is damaged; what was saved before then still
    /// counts.
    pub(super) fn save(
        &mut self,
        capture: &Capture,
        store: &dyn EventStore,
        zone: Zone,
    ) -> Result<Saved, Closed> {
        let io = |source| Closed::Io { path: self.path.clone(), source };
        let version = capture.size;
        // What was folded with another index may know a text that was removed since.
        let is_same = self.is_of(&capture.identity);
        let former = self.manifest.as_ref();
        let write = |name: String, sections: &[(u8, Vec<u8>)]| -> Result<FileOf, Closed> {
            let sum = file::write(&self.path.join(&name), sections).map_err(io)?;
            Ok(FileOf { name, sum })
        };
        let table = |kind: &str, former: &[SegmentOf], changes: &Changes| -> Result<Vec<SegmentOf>, Closed> {
            let changed = changes.segments.iter().map(|(number, sealed)| {
                let sections = sealed.to_sections().map_err(|damage| Closed::Damaged(damage.0))?;
                let file = write(format!("{kind}-{number:06}-{version:010}.sec"), &sections)?;
                Ok((*number, SegmentOf { file, rows: sealed.len, extent: sealed.extent }))
            });
            let segments = renewed(former, changes.total, changed)?;
            segments.ok_or_else(|| io(std::io::Error::other("a segment was never saved")))
        };
        let chunks = capture.offers.chunks.iter().map(|(number, chunk)| {
            let name = format!("offers-{number:06}-{version:010}.sec");
            Ok((*number, write(name, std::slice::from_ref(chunk))?))
        });
        let offers = renewed(former.map_or(&[], |former| &former.offers), capture.offers.total, chunks)?;
        let offers = offers.ok_or_else(|| io(std::io::Error::other("a chunk was never saved")))?;
        let leaf = match u64::from(version).checked_sub(1).map(|last| store.leaf_hash(last)) {
            None => None,
            Some(Ok(Some(hash))) => Some(HexHash(hash)),
            Some(Ok(None)) => return Err(io(std::io::Error::other("the log is shorter than its fold"))),
            Some(Err(error)) => return Err(io(std::io::Error::other(error))),
        };
        let manifest = Manifest {
            format: FORMAT,
            log: store.log_id().to_owned(),
            zone,
            size: version,
            leaf,
            fresh: self.fresh().unwrap_or(capture.removals),
            events: table("events", former.map_or(&[], |former| &former.events), &capture.events)?,
            readings: table("readings", former.map_or(&[], |former| &former.readings), &capture.readings)?,
            offers,
            folds: former.filter(|_| is_same).and_then(|former| former.folds.clone()),
            state: write(state_name(version, capture.keep), &capture.state)?,
        };
        let former = self.manifest.clone();
        self.put(manifest)?;
        self.remove_unused(former.as_ref());
        self.ground = Some(Arc::clone(&capture.identity));
        Ok(self.saved(capture))
    }

    /// Puts a manifest, whose files are written, in the place of the former one.
    fn put(&mut self, manifest: Manifest) -> Result<(), Closed> {
        let io = |source| Closed::Io { path: self.path.clone(), source };
        let text = manifest.encode().map_err(|error| io(error.into()))?;
        sync_directory(&self.path).map_err(io)?;
        self.database.put(&manifest::pages(&text)).map_err(|trouble| match trouble {
            Trouble::Damaged(what) => Closed::Damaged(what),
            Trouble::Unavailable(source) => Closed::Io { path: self.path.join("sled"), source },
        })?;
        file::write(&self.path.join(MANIFEST), &[(MANIFEST_SECTION, text)])
            .map_err(|source| Closed::Io { path: self.path.join(MANIFEST), source })?;
        sync_directory(&self.path).map_err(|source| Closed::Io { path: self.path.clone(), source })?;
        self.manifest = Some(manifest);
        Ok(())
    }

    /// Returns the segments of a capture that was saved, where they are now.
    fn saved(&self, capture: &Capture) -> Saved {
        let in_files = |segments: &[SegmentOf], changes: &Changes| {
            let written = changes.segments.iter().filter_map(|(number, _)| segments.get(*number));
            written.map(|segment| sealed_of(&self.path, segment)).collect()
        };
        let none = [];
        let (events, readings) = self
            .manifest
            .as_ref()
            .map_or((&none[..], &none[..]), |manifest| (&manifest.events, &manifest.readings));
        Saved { events: in_files(events, &capture.events), readings: in_files(readings, &capture.readings) }
    }

    /// Removes the files that neither this manifest nor the `former` one names.
    ///
    /// What cannot be removed now is tried again after the next save.
    fn remove_unused(&self, former: Option<&Manifest>) {
        let used: BTreeSet<&str> = self.manifest.iter().chain(former).flat_map(Manifest::files).collect();
        for entry in std::fs::read_dir(&self.path).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let ours = Path::new(&*name)
                .extension()
                .is_some_and(|extension| extension == "sec" || extension == "new");
            if ours && !used.contains(&*name) {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}

/// Returns the name of the file of what is no table.
fn state_name(size: u32, keep: Keep) -> String {
    match keep {
        Keep::Index => format!("state-{size:010}.sec"),
        Keep::Verdicts => format!("state-{size:010}-v.sec"),
    }
}

/// Returns the projections that were saved in a directory of `store`, and writes nothing; none when
/// nothing was saved.
///
/// # Errors
///
/// Returns [`Refused`]; the reader then folds the log in memory.
pub(super) fn read(path: &Path, store: &dyn EventStore, zone: Zone) -> Result<Option<Index>, Refused> {
    let plain = SectionFile::at(path.join(MANIFEST));
    if !path.join(MANIFEST).exists() {
        return Ok(None);
    }
    let manifest = parsed(&plain, &plain.read(MANIFEST_SECTION)?)?;
    manifest.fits(store, zone)?;
    Ok(Some(index_of(path, &manifest)?))
}

fn parsed(file: &SectionFile, text: &[u8]) -> Result<Manifest, Refused> {
    let manifest = Manifest::decode(text).map_err(|error| file.damage(&error.to_string()))?;
    Ok(manifest?)
}

/// Returns the pieces of the snapshot before, with those that changed in their places; none where one is missing.
fn renewed<T: Clone>(
    former: &[T],
    total: usize,
    changed: impl Iterator<Item = Result<(usize, T), Closed>>,
) -> Result<Option<Vec<T>>, Closed> {
    let mut pieces = former.to_vec();
    pieces.truncate(total);
    for piece in changed {
        let (number, piece) = piece?;
        match pieces.get_mut(number) {
            Some(known) => *known = piece,
            None => pieces.push(piece),
        }
    }
    Ok((pieces.len() == total).then_some(pieces))
}

/// Returns the index of a manifest; its tables are read when they are asked for.
fn index_of(path: &Path, manifest: &Manifest) -> Result<Index, Damage> {
    let state = SectionFile::of_version(path.join(&manifest.state.name), manifest.state.sum);
    let table = |segments: &[SegmentOf]| {
        let full = segments.split_last().is_none_or(|(last, full)| {
            full.iter().all(|segment| segment.rows == ROWS) && (1..=ROWS).contains(&last.rows)
        });
        let sealed = segments.iter().map(|segment| sealed_of(path, segment)).collect();
        full.then(|| Table::of(sealed)).ok_or_else(|| state.damage("a segment has a wrong number of rows"))
    };
    let mut index = Index {
        size: manifest.size,
        events: table(&manifest.events)?,
        readings: table(&manifest.readings)?,
        folds: manifest.folds.as_ref().map(|file| Folds::in_file(path, file)),
        ..Index::default()
    };
    let chunk = |file: &FileOf| Chunk::read(&SectionFile::of_version(path.join(&file.name), file.sum));
    let chunks = || manifest.offers.iter().map(chunk).collect::<Result<Vec<Chunk>, Damage>>();
    let (read, chunks) = together::both(|| state::read(&state, &mut index), chunks);
    let (chunks, ()) = (chunks?, read?);
    let sound = index.offers.load(chunks, index.size);
    if sound { Ok(index) } else { Err(state.damage("the rows of overtures do not go together")) }
}

fn sealed_of(path: &Path, segment: &SegmentOf) -> Arc<Sealed> {
    let file = SectionFile::of_version(path.join(&segment.file.name), segment.file.sum);
    Arc::new(Sealed::in_file(file, segment.rows, segment.extent))
}
