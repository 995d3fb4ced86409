//! What a backup says of its moment, of damage, of what it leaves out, and where it refuses to be.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::*;
use crate::domain::id::{ActorId, EntityId, RequestId};
use crate::domain::timestamp::Timestamp;
use crate::store::segment::Opening;
use crate::store::{Class, Clock, Condition, Damage, EventStore, NewEvent};

const SEGMENT: &str = "segments/000000000000.seg";

fn clock() -> Clock {
    let looks = AtomicU64::new(0);
    Arc::new(move || Timestamp::from_micros(looks.fetch_add(1, Ordering::Relaxed).cast_signed()).unwrap())
}

fn created(dir: &Path) -> SegmentStore {
    let store = SegmentStore::create(dir, "test", clock()).unwrap();
    (0..5).for_each(|number| append(&store, number));
    store
}

fn append(store: &SegmentStore, number: u64) {
    let event = NewEvent {
        id: None,
        streams: vec![EntityId::from_uuid(uuid::Uuid::from_u128(1))],
        class: Class::Fact,
        schema: 1,
        actor: ActorId::from_uuid(uuid::Uuid::from_u128(1)),
        body: serde_json::json!({ "text": number.to_string() }).to_string(),
        attachments: vec![],
        signature: None,
    };
    let request = RequestId::from_uuid(uuid::Uuid::from_u128(u128::from(number) << 64));
    store.append(vec![event], Condition::default(), request).unwrap();
}

fn flip(path: &Path, place: u64) {
    let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, place).unwrap();
    file.write_all_at(&[byte[0] ^ 1], place).unwrap();
}

fn wrong(into: &Path) -> Vec<Wrong> {
    check(into, &mut |_| {}).unwrap().wrong
}

#[test]
fn a_backup_says_the_moment_of_the_log_and_not_that_of_its_own_end() {
    let (dir, into) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = created(dir.path());
    let mut number = 5;
    let mut tell = |step| {
        if matches!(step, Step::Copying(..)) {
            append(&store, number);
            number += 1;
        }
    };
    let made = store.back_up(&[], into.path(), &mut tell).unwrap();
    let after = store.at(5).unwrap().unwrap();
    assert_eq!(made.manifest.log().unwrap().size, 5);
    assert!(made.manifest.made_at < after.at, "{} is not before {}", made.manifest.made_at, after.at);
}

#[test]
fn what_lies_in_a_backup_and_belongs_to_none_is_counted_and_is_not_restored() {
    let (dir, into) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    created(dir.path()).back_up(&[], into.path(), &mut |_| {}).unwrap();
    let surplus = || {
        let checked = check(into.path(), &mut |_| {}).unwrap();
        assert_eq!(checked.wrong, []);
        checked.surplus
    };
    assert_eq!(surplus(), (0, 0));
    fs::write(into.path().join("extra.txt"), "older").unwrap();
    fs::write(into.path().join("secrets/00000007.block"), "").unwrap();
    let mut segment = OpenOptions::new().append(true).open(into.path().join(SEGMENT)).unwrap();
    std::io::Write::write_all(&mut segment, b"more").unwrap();
    assert_eq!(surplus(), (3, 9));
    let restored = tempfile::tempdir().unwrap();
    restore(into.path(), restored.path(), &mut |_| {}).unwrap();
    assert!(!restored.path().join("secrets/00000007.block").exists());
}

#[test]
fn a_log_that_is_damaged_gives_no_backup() {
    let into = tempfile::tempdir().unwrap();
    let refused = |damage: &dyn Fn(&Path, &SegmentStore)| {
        let dir = tempfile::tempdir().unwrap();
        let store = created(dir.path());
        damage(dir.path(), &store);
        let into = into.path().join(dir.path().file_name().unwrap());
        let error = store.back_up(&[], &into, &mut |_| {}).unwrap_err();
        assert!(matches!(check(&into, &mut |_| {}), Err(BackupError::Place { .. })), "none is whole");
        let (BackupError::Unsound(wrong) | BackupError::Damaged(wrong)) = error else { panic!("{error}") };
        wrong[0].file.clone()
    };
    let block = "secrets/00000000.block";
    let file = refused(&|_, store| {
        let file = "log/000000000000.seg".to_owned();
        store.shared.found_damage(&Damage { file, offset: 0, position: Some(0), what: "garbled".to_owned() });
    });
    assert_eq!(file, SEGMENT);
    assert_eq!(refused(&|dir, _| flip(&dir.join(block), 100)), block);
    let cut =
        |dir: &Path| OpenOptions::new().write(true).open(dir.join(block)).unwrap().set_len(100).unwrap();
    assert_eq!(refused(&|dir, _| cut(dir)), block);
}

#[test]
fn what_was_found_garbled_is_copied_beside_the_backup_before_which_stays_whole() {
    let (dir, into) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = created(dir.path());
    store.back_up(&[], into.path(), &mut |_| {}).unwrap();
    let end = fs::metadata(into.path().join(SEGMENT)).unwrap().len();
    append(&store, 5);
    // What was added is garbled before it is read again.
    let mut garbled = false;
    let mut tell = |_| {
        if !garbled && fs::metadata(into.path().join(SEGMENT)).unwrap().len() > end {
            flip(&into.path().join(SEGMENT), end + 20);
            garbled = true;
        }
    };
    assert!(matches!(store.back_up(&[], into.path(), &mut tell), Err(BackupError::Damaged(_))));
    assert!(garbled);
    assert_eq!(wrong(into.path()), vec![]);
    // Then the log itself is garbled where the backup before is not.
    flip(&dir.path().join("log/000000000000.seg"), 60);
    assert!(store.back_up(&[], into.path(), &mut |_| {}).is_err());
    assert_eq!(wrong(into.path()), vec![]);
    flip(&dir.path().join("log/000000000000.seg"), 60);
    // Damage that was met is remembered until the log is opened anew.
    store.close().unwrap();
    let writing = Opening::Write { wait: Duration::ZERO };
    let store = SegmentStore::open(dir.path(), writing, clock()).unwrap();
    // The attempt that finds the garbled copy says so, and the one after it makes the backup whole.
    let again = || store.back_up(&[], into.path(), &mut |_| {});
    let made = again().or_else(|_| again()).unwrap();
    assert_eq!(made.manifest.log().unwrap().size, 6);
    assert_eq!(wrong(into.path()), vec![]);
}

#[test]
fn a_block_is_copied_anew_where_an_attempt_was_cut_off_between_its_key_and_it() {
    let (dir, into) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = created(dir.path());
    let put = |byte: u8| {
        fs::write(dir.path().join("secrets/keys/00000007.key"), [byte; 32]).unwrap();
        fs::write(dir.path().join("secrets/00000007.block"), [byte; 64]).unwrap();
    };
    put(1);
    store.back_up(&[], into.path(), &mut |_| {}).unwrap();
    put(2);
    // The first key, the second, and then the block.
    let mut steps = 0;
    let mut tell = |_| {
        steps += 1;
        if steps == 3 {
            resume_unwind(Box::new(()));
        }
    };
    catch_unwind(AssertUnwindSafe(|| store.back_up(&[], into.path(), &mut tell))).unwrap_err();
    let made = store.back_up(&[], into.path(), &mut |_| {}).unwrap();
    let item = made.manifest.items.iter().find(|item| item.path == "secrets/00000007.block").unwrap();
    assert_eq!(fs::read(into.path().join(&item.at)).unwrap(), [2; 64]);
}

#[test]
fn projections_that_were_set_aside_are_left_out_and_no_file_is_passed_over() {
    let (dir, into) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = created(dir.path());
    fs::create_dir(dir.path().join("projections.damaged-1")).unwrap();
    fs::write(dir.path().join("projections.damaged-1/rows"), "rows").unwrap();
    fs::write(dir.path().join("letter"), "dear").unwrap();
    let made = store.back_up(&[], into.path(), &mut |_| {}).unwrap();
    let paths: Vec<&str> = made.manifest.items.iter().map(|item| item.path.as_str()).collect();
    assert!(paths.contains(&"letter"), "{paths:?}");
    assert!(!paths.iter().any(|path| path.starts_with("projections")), "{paths:?}");
    for within in ["", "files"] {
        let odd = dir.path().join(within).join(OsStr::from_bytes(b"odd-\xff"));
        fs::write(&odd, "odd").unwrap();
        let error = store.back_up(&[], into.path(), &mut |_| {}).unwrap_err();
        assert!(matches!(error, BackupError::Place { .. }) && error.to_string().contains("odd-"), "{error}");
        fs::remove_file(odd).unwrap();
    }
}

#[test]
fn a_backup_and_a_data_directory_do_not_stand_in_each_other() {
    let (dir, into) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = created(dir.path());
    let refused = store.back_up(&[], &dir.path().join("below/backup"), &mut |_| {});
    assert!(matches!(refused, Err(BackupError::Place { .. })));
    assert!(!dir.path().join("below").exists());
    store.back_up(&[], into.path(), &mut |_| {}).unwrap();
    let refused = restore(into.path(), &into.path().join("others/log"), &mut |_| {});
    assert!(matches!(refused, Err(BackupError::Place { .. })));
    assert!(!into.path().join("others/log").exists());
}

#[test]
fn a_backup_that_nobody_waits_for_any_more_stops_and_the_next_one_goes_on() {
    let (dir, into) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = created(dir.path());
    let asked = std::cell::Cell::new(0);
    for pieces in 0..2 {
        let wanted = || asked.replace(asked.get() + 1) < pieces;
        let given_up = store.back_up_while(&wanted, &[], into.path(), &mut |_| {});
        assert!(matches!(given_up, Err(BackupError::GivenUp)), "{pieces}: {given_up:?}");
        assert!(check(into.path(), &mut |_| {}).is_err(), "none is whole");
        asked.set(0);
    }
    store.back_up(&[], into.path(), &mut |_| {}).unwrap();
    assert_eq!(wrong(into.path()), vec![]);
}
