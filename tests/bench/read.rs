//! How fast a log is read, checked and replayed.

use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use demarche::domain::id::RequestId;
use demarche::projections::{Access, Projections};
use demarche::store::segment::{Opening, SegmentStore};
use demarche::store::{Condition, EventStore};
use sha2::{Digest, Sha256};

use crate::baseline::{Sqlite, SqliteRow};
use crate::events;
use crate::report::{Report, median, thousands};

/// A log on disk, and the same events in `SQLite`.
pub(crate) struct Log {
    pub(crate) dir: PathBuf,
    pub(crate) events: u64,
    sqlite: Sqlite,
}

/// Builds a log of so many events.
pub(crate) fn build(scratch: &Path, count: u64, report: &mut Report) -> Log {
    let dir = scratch.join("log");
    let sqlite = Sqlite::create(&scratch.join("read.sqlite"));
    let store = SegmentStore::create(&dir, "bench", demarche::desk::clock::system()).unwrap();
    let request = || RequestId::from_uuid(uuid::Uuid::new_v4());
    store.append(events::registers(), Condition::default(), request()).unwrap();
    let mut payload = 0;
    for from in (0..count).step_by(1_000) {
        let new: Vec<_> = (from..count.min(from + 1_000)).map(events::event).collect();
        let rows: Vec<_> = new
            .iter()
            .map(|event| SqliteRow {
                id: uuid::Uuid::new_v4().into_bytes(),
                stream: *event.streams[0].as_uuid().as_bytes(),
                kind: "call.answered",
                occurred: "2025-11-17",
                body: &event.body,
            })
            .collect();
        sqlite.append(&rows);
        store.append(new, Condition::default(), request()).unwrap();
    }
    for sealed in store.sealed(0, u64::MAX) {
        let sealed = sealed.unwrap();
        payload += (sealed.leaf.len() + sealed.body.unwrap().len()) as u64;
    }
    drop(store);
    let log_bytes = bytes_under(&dir.join("log"));
    report.add(
        "bytes on disk of the log, to leaves and plaintext bodies",
        format!("{:.3}", log_bytes as f64 / payload as f64),
        format!("{} MB against {} MB", log_bytes / 1_000_000, payload / 1_000_000),
        "≤ 1.12",
    );
    Log { dir, events: count, sqlite }
}

/// Returns the bytes of all files under a directory.
pub(crate) fn bytes_under(dir: &Path) -> u64 {
    let mut bytes = 0;
    for entry in std::fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        let data = entry.metadata().unwrap();
        bytes += if data.is_dir() { bytes_under(&entry.path()) } else { data.len() };
    }
    bytes
}

fn open(log: &Log) -> SegmentStore {
    SegmentStore::open(&log.dir, Opening::Read, demarche::desk::clock::system()).unwrap()
}

/// Measures scans, replay and verification.
pub(crate) fn measure(log: &Log, report: &mut Report) {
    scan(log, report);
    replay(log, report);
    verify(log, report);
}

fn scan(log: &Log, report: &mut Report) {
    let store = open(log);
    let mut rates: [Vec<f64>; 2] = Default::default();
    for _ in 0..3 {
        let begun = Instant::now();
        let scanned = store.scan().unwrap();
        assert!(scanned >= log.events);
        rates[0].push(scanned as f64 / begun.elapsed().as_secs_f64());
        let begun = Instant::now();
        assert!(log.sqlite.scan() > 0);
        rates[1].push(log.events as f64 / begun.elapsed().as_secs_f64());
    }
    let [ours, theirs] = rates.map(median);
    report.ratio("scan with checksums", ours, theirs, "SQLite reading every row", "≥ 1.5");
    report.add("scan with checksums", thousands(ours), "events per second".to_owned(), "≥ 3,000,000");
}

fn replay(log: &Log, report: &mut Report) {
    let store: Arc<dyn EventStore> = Arc::new(open(log));
    let begun = Instant::now();
    let projections =
        Projections::open(None, store, "Asia/Seoul".parse().unwrap(), Access::ReadOnly).unwrap();
    let rate = projections.view(u64::MAX).size() as f64 / begun.elapsed().as_secs_f64();
    report.add("replay into all projections", thousands(rate), "events per second".to_owned(), "≥ 350,000");
}

/// Hashes every byte of the log's records with SHA-256 and does nothing else, on all cores; returns the seconds
/// that it took.
fn hash_log(log: &Log) -> f64 {
    const PIECE: u64 = 1 << 18;
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let files: Vec<_> = std::fs::read_dir(log.dir.join("log"))
        .unwrap()
        .map(|entry| std::fs::File::open(entry.unwrap().path()).unwrap())
        .collect();
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for core in 0..cores {
            let files = &files;
            scope.spawn(move || {
                let mut piece = vec![0; PIECE as usize];
                let mut digest = Sha256::new();
                for file in files {
                    for number in (core as u64..file.metadata().unwrap().len().div_ceil(PIECE)).step_by(cores)
                    {
                        let have = file.read_at(&mut piece, number * PIECE).unwrap();
                        digest.update(&piece[..have]);
                    }
                }
                std::hint::black_box(digest.finalize());
            });
        }
    });
    begun.elapsed().as_secs_f64()
}

/// The checks of `verify` against a bare pass of SHA-256 over the same bytes, read from the same files, both on
/// every core.
fn verify(log: &Log, report: &mut Report) {
    let store = open(log);
    let mut times: [Vec<f64>; 3] = Default::default();
    for _ in 0..5 {
        let begun = Instant::now();
        let found = store.verify();
        assert!(found.damages.is_empty(), "{:?}", found.damages);
        times[0].push(begun.elapsed().as_secs_f64());
        times[1].push(hash_log(log));
        let begun = Instant::now();
        assert!(store.verify_leaves().damages.is_empty());
        times[2].push(begun.elapsed().as_secs_f64());
    }
    let [ours, theirs, leaves] = times.map(median);
    report.add(
        "verify without bodies, to bare SHA-256 over the same bytes on as many cores",
        format!("{:.2}", theirs / leaves),
        format!("{leaves:.2} s against {theirs:.2} s"),
        "≥ 0.5",
    );
    report.add(
        "verify with bodies, to bare SHA-256 over the same bytes on as many cores",
        format!("{:.2}", theirs / ours),
        format!("{ours:.2} s against {theirs:.2} s"),
        "≥ 0.25",
    );
}
