//! Tests on disks that fail: every write and every sync may, and a power cut may lose any sector of what was
//! not synced.

mod checkpoints;
mod forgetting;
mod showing;

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;

use crate::domain::id::{ActorId, EntityId, RequestId};
use crate::domain::timestamp::Timestamp;
use crate::store::segment::files::{Disk, SystemDisk};
use crate::store::segment::master::Masters;
use crate::store::segment::{Opening, Options, SegmentStore};
use crate::store::{AppendError, Class, Clock, Condition, EventStore, Health, NewEvent, Receipt};

const WRITE: Opening = Opening::Write { wait: Duration::ZERO };
const SMALL: Options = Options { segment_bytes_max: 6 << 10, ..Options::STANDARD };

fn clock() -> Clock {
    let looks = AtomicU64::new(0);
    Arc::new(move || Timestamp::from_micros(looks.fetch_add(1, Ordering::Relaxed).cast_signed()).unwrap())
}

fn request(number: u64) -> RequestId {
    RequestId::from_uuid(uuid::Uuid::from_u128(u128::from(number) << 64))
}

fn event(stream: u64, text: &str) -> NewEvent {
    NewEvent {
        id: None,
        streams: vec![EntityId::from_uuid(uuid::Uuid::from_u128(u128::from(stream)))],
        class: Class::Fact,
        schema: 1,
        actor: ActorId::from_uuid(uuid::Uuid::from_u128(1)),
        body: serde_json::json!({ "text": text }).to_string(),
        attachments: vec![],
        signature: None,
    }
}

fn append(store: &SegmentStore, number: u64) -> Result<Receipt, AppendError> {
    let events = (0..=number % 3).map(|index| event(index, &format!("{number} {index}"))).collect();
    store.append(events, Condition::default(), request(number))
}

fn open(dir: &Path, disk: Box<dyn Disk>) -> SegmentStore {
    SegmentStore::open_on(dir, WRITE, clock(), SMALL, Masters::default(), disk).unwrap()
}

fn created() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    SegmentStore::create(dir.path(), "seoul", clock()).unwrap().close().unwrap();
    dir
}

/// What a failing disk does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// Nothing is written, or nothing is synced.
    Error(io::ErrorKind),
    /// Half of it is written, then this.
    Short(io::ErrorKind),
    /// Half of it is written, and nothing reaches the disk from then on.
    Cut,
}

impl Fault {
    fn kind(self) -> io::ErrorKind {
        match self {
            Self::Error(kind) | Self::Short(kind) => kind,
            Self::Cut => io::ErrorKind::Other,
        }
    }
}

/// Every fault there is.
const FAULTS: [Fault; 5] = [
    Fault::Error(io::ErrorKind::Other),
    Fault::Short(io::ErrorKind::Other),
    Fault::Error(io::ErrorKind::StorageFull),
    Fault::Short(io::ErrorKind::StorageFull),
    Fault::Cut,
];

/// A disk that fails once, at the operation that is named.
struct Failing {
    /// How many operations are left until then; shared, so that a test sees whether it came to that.
    left: Arc<AtomicU64>,
    fault: Fault,
}

impl Failing {
    /// Fails at the operation that is named, counted from 1.
    fn at(operation: u64, fault: Fault) -> Self {
        Self { left: Arc::new(AtomicU64::new(operation)), fault }
    }

    /// Returns the error where this operation fails, after doing what is done of it.
    fn instead(&self, half: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        let left =
            self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| Some(left.saturating_sub(1)));
        match (left, self.fault) {
            (Ok(1), Fault::Error(kind)) => Err(kind.into()),
            (Ok(1), Fault::Short(_) | Fault::Cut) => half().and(Err(self.fault.kind().into())),
            (Ok(0), Fault::Cut) => Err(self.fault.kind().into()),
            _ => Ok(()),
        }
    }
}

impl Disk for Failing {
    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        let half = offset + bytes.len() as u64 / 2;
        // A write that a kill cuts off ends with a page, or at least with a sector.
        let half = if self.fault == Fault::Cut { half / 512 * 512 } else { half }.saturating_sub(offset);
        let written = &bytes[..usize::try_from(half).unwrap()];
        self.instead(|| SystemDisk.write_at(file, written, offset))?;
        SystemDisk.write_at(file, bytes, offset)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        self.instead(|| Ok(()))?;
        SystemDisk.sync(file)
    }

    fn cut(&self, file: &File, len: u64) -> io::Result<()> {
        self.instead(|| Ok(()))?;
        SystemDisk.cut(file, len)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.instead(|| Ok(()))?;
        SystemDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.instead(|| Ok(()))?;
        SystemDisk.remove(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.instead(|| Ok(()))?;
        SystemDisk.sync_dir(dir)
    }
}

/// Checks that a log holds exactly what its outcomes say, and whatever is in doubt whole or not at all.
#[track_caller]
fn check(store: &SegmentStore, outcomes: &[Result<Receipt, AppendError>], what: &str) {
    assert_eq!(store.health(), Health::Sound, "{what}");
    assert_eq!(store.verify().damages, vec![], "{what}");
    let mut size = 0;
    for (number, outcome) in (0..).zip(outcomes) {
        let found = store.receipt_of(request(number)).unwrap();
        match (outcome, &found) {
            (Ok(receipt), _) => assert_eq!(found.as_ref(), Some(receipt), "{what}: {number} is lost"),
            (Err(AppendError::InDoubt), Some(found)) => assert_eq!(found.ids.len() as u64, number % 3 + 1),
            (
                Err(
                    AppendError::InDoubt
                    | AppendError::Full
                    | AppendError::Unwritable(_)
                    | AppendError::Stopped,
                ),
                None,
            ) => {}
            (Err(error), found) => panic!("{what}: {number} was {error} and is {found:?}"),
        }
        size += found.map_or(0, |found| found.ids.len() as u64);
    }
    assert_eq!(store.head().size, size, "{what}: nothing else is there");
}

#[test]
fn a_disk_that_fails_at_any_moment_loses_nothing_that_was_acknowledged() {
    for fault in FAULTS {
        for at in 1..28 {
            let what = format!("{fault:?} at operation {at}");
            let dir = created();
            let store = open(dir.path(), Box::new(Failing::at(at, fault)));
            let outcomes: Vec<_> = (0..12).map(|number| append(&store, number)).collect();
            let hindered = |outcome: &&Result<Receipt, AppendError>| {
                matches!(outcome, Err(AppendError::Full | AppendError::Unwritable(_)))
            };
            let hindered = outcomes.iter().filter(hindered).count();
            if store.health() == Health::InDoubt {
                // What nobody tried is in no doubt; what was is, however often it is asked for.
                let first = outcomes.iter().position(Result::is_err).unwrap();
                assert_eq!(outcomes[first], Err(AppendError::InDoubt), "{what}: {outcomes:?}");
                let mut after = outcomes[first + 1..].iter();
                assert!(after.all(|outcome| *outcome == Err(AppendError::Stopped)), "{what}: {outcomes:?}");
                assert_eq!(append(&store, first as u64), Err(AppendError::InDoubt), "{what}");
            } else {
                // What stood in the way once stops nothing once it is gone; after a kill it never is.
                let errors = outcomes.iter().filter(|outcome| outcome.is_err()).count();
                assert!((hindered <= 1 || fault == Fault::Cut) && errors == hindered, "{what}: {outcomes:?}");
            }
            drop(store);
            let store = open(dir.path(), Box::new(SystemDisk));
            check(&store, &outcomes, &what);
            for number in 0..12 {
                append(&store, number).unwrap();
            }
            assert_eq!(store.head().size, 24, "{what}: trying again completes it");
        }
    }
}

#[test]
fn a_full_disk_is_told_and_needs_no_repair() {
    let dir = created();
    let store = open(dir.path(), Box::new(Failing::at(1, Fault::Short(io::ErrorKind::StorageFull))));
    assert_eq!(append(&store, 0), Err(AppendError::Full));
    assert_eq!(store.health(), Health::Full);
    assert_eq!(store.read(0, 10).count(), 0);
    append(&store, 0).unwrap();
    assert_eq!(store.health(), Health::Sound);
}

/// A file system that lets nothing be changed until it is mounted anew.
struct Locked(Arc<AtomicBool>);

impl Locked {
    fn lets(&self) -> io::Result<()> {
        if self.0.load(Ordering::SeqCst) { Err(io::ErrorKind::ReadOnlyFilesystem.into()) } else { Ok(()) }
    }
}

impl Disk for Locked {
    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.lets().and_then(|()| SystemDisk.write_at(file, bytes, offset))
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        self.lets().and_then(|()| SystemDisk.sync(file))
    }

    fn cut(&self, file: &File, len: u64) -> io::Result<()> {
        self.lets().and_then(|()| SystemDisk.cut(file, len))
    }
}

#[test]
fn where_the_system_lets_nothing_be_written_nothing_is_in_doubt_and_nothing_needs_a_restart() {
    let (dir, locked) = (created(), Arc::new(AtomicBool::new(false)));
    let store = open(dir.path(), Box::new(Locked(Arc::clone(&locked))));
    append(&store, 0).unwrap();
    locked.store(true, Ordering::SeqCst);
    for number in [1, 2, 1] {
        assert!(matches!(append(&store, number), Err(AppendError::Unwritable(_))), "{number}");
        assert!(matches!(store.health(), Health::Unwritable(why) if why.contains("read-only")));
    }
    locked.store(false, Ordering::SeqCst);
    append(&store, 1).unwrap();
    assert_eq!((store.health(), store.head().size), (Health::Sound, 3));
    drop(store);
    let store = open(dir.path(), Box::new(SystemDisk));
    assert_eq!((store.verify().damages, store.head().size), (vec![], 3));
}

/// A disk that keeps what was not synced apart, so that a power cut can lose it.
#[derive(Default)]
struct Volatile {
    /// What each file holds for sure, by inode.
    synced: Mutex<HashMap<u64, Vec<u8>>>,
    /// Stops being a disk after so many operations.
    left: AtomicU64,
    /// Whether it said so to the one who asked for the last of them.
    cut: Mutex<Option<u64>>,
}

impl Volatile {
    fn off(&self) -> bool {
        self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| Some(left.saturating_sub(1)))
            == Ok(0)
    }

    fn note(&self, file: &File) -> io::Result<()> {
        let len = file.metadata()?.len();
        let mut bytes = vec![0; usize::try_from(len).unwrap()];
        file.read_exact_at(&mut bytes, 0)?;
        self.synced.lock().unwrap().insert(file.metadata()?.ino(), bytes);
        Ok(())
    }
}

/// A handle on the disk, so that the test can look at it after the store is gone.
struct Shared(Arc<Volatile>);

impl Disk for Shared {
    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        if self.0.off() {
            return Err(io::ErrorKind::Other.into());
        }
        if !self.0.synced.lock().unwrap().contains_key(&file.metadata()?.ino()) {
            self.0.note(file)?;
        }
        SystemDisk.write_at(file, bytes, offset)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        if self.0.off() {
            *self.0.cut.lock().unwrap() = Some(file.metadata()?.ino());
            return Err(io::ErrorKind::Other.into());
        }
        self.0.note(file)
    }

    fn cut(&self, file: &File, len: u64) -> io::Result<()> {
        if self.0.off() {
            return Err(io::ErrorKind::Other.into());
        }
        SystemDisk.cut(file, len)?;
        self.0.note(file)
    }
}

/// Puts a segment into a state that a power cut may leave: each sector that was not synced is there or is not,
/// and the file may have its new length or its old.
fn lose_sectors(path: &Path, synced: &[u8], lost: impl Fn(usize) -> bool, keeps_length: bool) {
    let mut bytes = std::fs::read(path).unwrap();
    for (sector, chunk) in bytes.chunks_mut(512).enumerate() {
        for (place, byte) in chunk.iter_mut().enumerate() {
            let before = synced.get(sector * 512 + place).copied();
            if lost(sector) {
                *byte = before.unwrap_or(0);
            }
        }
    }
    if !keeps_length {
        let written = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |place| place + 1);
        bytes.truncate(written.max(synced.len()).next_multiple_of(512).min(bytes.len()));
    }
    std::fs::write(path, bytes).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn a_power_cut_keeps_what_was_acknowledged_and_whole_appends(
        operations in 0u64..40,
        sectors: u64,
        keeps_length: bool,
        together in 1u64..4,
    ) {
        let dir = created();
        let disk = Arc::new(Volatile { left: AtomicU64::new(operations), ..Volatile::default() });
        let store = open(dir.path(), Box::new(Shared(Arc::clone(&disk))));
        let mut outcomes = Vec::new();
        for first in (0..24).step_by(usize::try_from(together).unwrap()) {
            let store = &store;
            let batch: Vec<_> = std::thread::scope(|scope| {
                let threads: Vec<_> =
                    (first..first + together).map(|number| scope.spawn(move || append(store, number))).collect();
                threads.into_iter().map(|thread| thread.join().unwrap()).collect()
            });
            outcomes.extend(batch);
        }
        drop(store);
        for (ino, synced) in disk.synced.lock().unwrap().iter() {
            for entry in std::fs::read_dir(dir.path().join("log")).unwrap() {
                let path = entry.unwrap().path();
                if std::fs::metadata(&path).unwrap().ino() == *ino {
                    let lost = |sector: usize| sectors >> (sector % 64) & 1 == 0;
                    lose_sectors(&path, synced, lost, keeps_length);
                }
            }
        }
        let store = open(dir.path(), Box::new(SystemDisk));
        check(&store, &outcomes, "after the cut");
        for number in 0..outcomes.len() as u64 {
            append(&store, number).unwrap();
        }
        prop_assert_eq!(store.verify().damages, vec![]);
    }
}
