//! Backups of a log that goes on: one moment of it, whole or not at all, and never more than the log has.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use demarche::store::segment::SegmentStore;
use demarche::store::segment::backup::{BackupError, Made, check, restore};
use demarche::store::{Body, Condition, EventStore, Head, Health};

use super::copies::redaction;
use super::{create, event, fill, open, read, request};

/// Names the directories to the process that is to die.
const DIR: &str = "DEMARCHE_TEST_BACK_UP";
const INTO: &str = "DEMARCHE_TEST_BACK_UP_INTO";

fn back_up(store: &SegmentStore, into: &Path) -> Made {
    store.back_up(&[], into, &mut |_| {}).unwrap()
}

/// Removes texts as the desk does: the record of it first.
fn forget(store: &SegmentStore, positions: &[u64]) {
    for position in positions {
        let target = store.at(*position).unwrap().unwrap().id;
        let number = 1_000_000 + store.head().size;
        store.append(vec![redaction(target)], Condition::default(), request(number)).unwrap();
    }
    store.forget(positions).unwrap();
}

/// Restores a backup elsewhere, and returns the log that is there after everything was read.
#[track_caller]
fn restored(backup: &Path) -> (tempfile::TempDir, Head) {
    let dir = tempfile::tempdir().unwrap();
    restore(backup, dir.path(), &mut |_| {}).unwrap();
    let store = open(dir.path());
    assert_eq!(store.health(), Health::Sound);
    let verified = store.verify();
    assert_eq!(verified.damages, vec![]);
    assert_eq!(verified.bodies + verified.bodies_gone, verified.head.size);
    store.close().unwrap();
    (dir, verified.head)
}

/// Returns every file below a directory with its bytes, without the lock.
fn below(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let (mut found, mut left) = (BTreeMap::new(), vec![dir.to_owned()]);
    while let Some(dir) = left.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                left.push(path);
            } else if path.file_name().unwrap() != "lock" {
                found.insert(path.clone(), fs::read(path).unwrap());
            }
        }
    }
    found
}

#[test]
fn backups_made_while_several_writers_append_are_each_the_log_of_one_moment() {
    let (dir, backup) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = create(dir.path());
    let (ended, next) = (AtomicBool::new(false), AtomicU64::new(0));
    let made: Vec<Made> = std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !ended.load(Ordering::Relaxed) {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let events = (0..=number % 3).map(|stream| event(stream, &number.to_string())).collect();
                    store.append(events, Condition::default(), request(number)).unwrap();
                }
            });
        }
        while next.load(Ordering::Relaxed) < 50 {
            std::thread::yield_now();
        }
        let made = (0..4).map(|_| back_up(&store, backup.path())).collect();
        ended.store(true, Ordering::Relaxed);
        made
    });
    let sizes: Vec<u64> = made.iter().map(|made| made.manifest.log().unwrap().size).collect();
    assert!(sizes[0] > 0 && sizes.is_sorted(), "{sizes:?}");
    let (_elsewhere, head) = restored(backup.path());
    let last = made.last().unwrap().manifest.log().unwrap();
    assert_eq!((head.size, head.root), (last.size, last.root.0));
    assert_eq!(store.root_at(head.size).unwrap(), Some(head.root), "the same root at the same size");
    assert!(made[1].kept > 0, "what was there is not copied again");
}

#[test]
fn what_is_sealed_is_not_copied_again() {
    let (dir, backup) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = create(dir.path());
    fill(&store, 0, 60);
    let first = back_up(&store, backup.path());
    fill(&store, 60, 1);
    let second = back_up(&store, backup.path());
    assert!(first.manifest.files() > 5, "several segments");
    assert!(second.copied < first.copied / 4, "{} of {}", second.copied, first.copied);
    assert_eq!(restored(backup.path()).1, store.head());
}

#[test]
fn a_text_that_was_removed_is_gone_from_the_next_backup_and_stays_in_a_copy_of_the_one_before() {
    let (dir, backup) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = create(dir.path());
    fill(&store, 0, 5);
    let attached = store.attach(b"a scan of the note").unwrap();
    let with = demarche::store::NewEvent { attachments: vec![attached], ..event(1, "with a scan") };
    store.append(vec![with], Condition::default(), request(9)).unwrap();
    back_up(&store, backup.path());
    let before = below(backup.path());
    let block = fs::read(dir.path().join("secrets/00000000.block")).unwrap();
    forget(&store, &[2, 5]);
    let made = back_up(&store, backup.path());
    assert!(made.removed >= 3, "the block, its key and the attachment: {}", made.removed);
    let after = below(backup.path());
    assert!(before.values().any(|bytes| *bytes == block) && !after.values().any(|bytes| *bytes == block));
    let (elsewhere, _) = restored(backup.path());
    let store = read(elsewhere.path());
    let is_plain = |position| matches!(store.at(position).unwrap().unwrap().body, Body::Plain(_));
    assert!(is_plain(1) && !is_plain(2) && !is_plain(5));
    assert_eq!(store.attachment(&attached).unwrap(), None);
}

#[test]
fn a_flipped_byte_in_any_file_is_found_and_healed_by_the_next_backup() {
    let (dir, backup) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = create(dir.path());
    fill(&store, 0, 30);
    back_up(&store, backup.path());
    assert_eq!(check(backup.path(), &mut |_| {}).unwrap().wrong, vec![]);
    for (path, bytes) in below(backup.path()).iter().filter(|(_, bytes)| !bytes.is_empty()) {
        for place in [0, bytes.len() / 2, bytes.len() - 1] {
            let mut flipped = bytes.clone();
            flipped[place] ^= 1;
            fs::write(path, &flipped).unwrap();
            let seen = match check(backup.path(), &mut |_| {}) {
                Ok(checked) => !checked.wrong.is_empty(),
                Err(BackupError::Damaged(_)) => true,
                Err(error) => panic!("{error}"),
            };
            assert!(seen, "byte {place} of {}", path.display());
            let elsewhere = tempfile::tempdir().unwrap();
            assert!(restore(backup.path(), elsewhere.path(), &mut |_| {}).is_err());
            assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0, "nothing was restored");
        }
        if path.file_name().unwrap() == "manifest" {
            fs::write(path, bytes).unwrap();
            continue;
        }
        // The attempt that finds it says so; the one after it copies the file anew.
        let again = || store.back_up(&[], backup.path(), &mut |_| {});
        if let Err(error) = again() {
            assert!(matches!(error, BackupError::Damaged(_)), "{error}");
            again().unwrap();
        }
        assert_eq!(check(backup.path(), &mut |_| {}).unwrap().wrong, vec![], "{}", path.display());
    }
    assert_eq!(restored(backup.path()).1, store.head());
}

#[test]
fn a_directory_that_holds_something_else_is_refused_and_stays_as_it_was() {
    let (dir, other, backup) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (store, another) = (create(dir.path()), create(other.path()));
    fill(&store, 0, 3);
    back_up(&store, backup.path());
    let before = below(backup.path());
    let refused = |store: &SegmentStore, into: &Path| {
        let error = store.back_up(&[], into, &mut |_| {}).unwrap_err();
        assert!(matches!(error, BackupError::Place { .. }), "{error}");
    };
    refused(&another, backup.path());
    assert_eq!(below(backup.path()), before);
    refused(&store, &dir.path().join("backup"));
    refused(&store, other.path());
    let full = tempfile::tempdir().unwrap();
    fs::write(full.path().join("letter"), "dear").unwrap();
    refused(&store, full.path());
    assert!(matches!(check(full.path(), &mut |_| {}), Err(BackupError::Place { .. })));
    let restored = restore(backup.path(), full.path(), &mut |_| {}).unwrap_err();
    assert!(matches!(restored, BackupError::Place { .. }), "{restored}");
    // An older state of the log is not put over a newer backup.
    let older = tempfile::tempdir().unwrap();
    restore(backup.path(), older.path(), &mut |_| {}).unwrap();
    fill(&store, 3, 3);
    back_up(&store, backup.path());
    refused(&open(older.path()), backup.path());
}

/// Not a test of its own: what the other runs in a process that it kills.
#[test]
fn the_process_that_backs_up() {
    let (Some(dir), Some(into)) = (std::env::var_os(DIR), std::env::var_os(INTO)) else { return };
    let store = open(Path::new(&dir));
    let tell = |_| std::io::stdout().lock().write_all(b"\nstep\n").unwrap();
    store.back_up(&[], Path::new(&into), &mut { tell }).unwrap();
}

fn start(dir: &Path, into: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["store::backups::the_process_that_backs_up", "--exact", "--nocapture", "--test-threads=1"])
        .env(DIR, dir)
        .env(INTO, into)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn a_backup_that_is_killed_at_any_moment_is_not_taken_for_whole_and_goes_on() {
    let (dir, backup) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut last: Option<Head> = None;
    for round in 0..24_u64 {
        let store = if round == 0 { create(dir.path()) } else { open(dir.path()) };
        fill(&store, round * 10, 10);
        if round % 5 == 4 {
            forget(&store, &[store.head().size - 3]);
        }
        let head = store.head();
        store.close().unwrap();
        let mut child = start(dir.path(), backup.path());
        let (lines, until) = (BufReader::new(child.stdout.take().unwrap()).lines(), (round * 11) % 37);
        let mut steps = 0;
        for line in lines.map_while(Result::ok).filter(|line| line == "step") {
            assert_eq!(line, "step");
            steps += 1;
            if steps == until {
                child.kill().unwrap();
            }
        }
        let ended = child.wait().unwrap().success();
        match check(backup.path(), &mut |_| {}) {
            Ok(checked) => {
                assert_eq!(checked.wrong, vec![], "round {round}");
                let log = checked.manifest.log().unwrap();
                let is_new = (log.size, log.root.0) == (head.size, head.root);
                assert!(is_new || last == Some(Head { size: log.size, root: log.root.0 }), "round {round}");
                assert!(is_new || !ended, "round {round}: it says that it is whole");
                last = Some(Head { size: log.size, root: log.root.0 });
                if round % 4 == 0 {
                    assert_eq!(Some(restored(backup.path()).1), last);
                }
            }
            Err(error) => assert!(matches!(error, BackupError::Place { .. }) && last.is_none(), "{error}"),
        }
    }
    let store = open(dir.path());
    back_up(&store, backup.path());
    assert_eq!(restored(backup.path()).1, store.head());
    let checked = check(backup.path(), &mut |_| {}).unwrap();
    assert_eq!((checked.strangers, checked.unfinished), (Vec::new(), false));
}
