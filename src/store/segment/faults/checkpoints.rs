//! Signed checkpoints on disks that fail, and logs that fell behind theirs.

use super::*;
use crate::store::Damage;
use crate::store::segment::checkpoint::{
    FILE, KEPT, SaveCheckpointError, kept_sizes, load_checkpoint, save_checkpoint, save_on,
};
use crate::store::segment::replace;
use crate::store::segment::verify;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::key::{SeedSigner, SignatureType};
use crate::tlog::note::Note;

/// Returns a signed note over the log as it was at a size.
fn note(store: &SegmentStore, origin: &str, size: u64) -> Vec<u8> {
    let origin: crate::tlog::key::KeyName = origin.parse().unwrap();
    let root = store.root_at(size).unwrap().unwrap();
    let checkpoint = Checkpoint { origin: origin.clone(), size, root, extensions: Vec::new() };
    let mut note = Note::new(checkpoint.text()).unwrap();
    note.sign(&SeedSigner::new(origin, SignatureType::Ed25519, &[1; 32]), None).unwrap();
    note.to_bytes()
}

#[test]
fn a_checkpoint_takes_the_place_of_the_one_that_was_expected_whatever_fails() {
    for fault in FAULTS {
        for at in 1.. {
            let what = format!("{fault:?} at operation {at}");
            let dir = created();
            let store = open(dir.path(), Box::new(SystemDisk));
            append(&store, 0).unwrap();
            let (old, new) = (note(&store, store.log_id(), 0), note(&store, store.log_id(), 1));
            save_checkpoint(dir.path(), None, &old).unwrap();
            let disk = Failing::at(at, fault);
            let outcome = save_on(&disk, dir.path(), Some(&old), &new);
            let found = load_checkpoint(dir.path()).unwrap().unwrap();
            assert!(if outcome.is_ok() { found == new } else { found == new || found == old }, "{what}");
            drop(store);
            let store = open(dir.path(), Box::new(SystemDisk));
            assert_eq!(store.health(), Health::Sound, "{what}");
            assert!(!dir.path().join("checkpoint.new").exists(), "{what}");
            save_checkpoint(dir.path(), Some(&found), &new).unwrap();
            if outcome.is_ok() {
                break;
            }
        }
    }
}

#[test]
fn a_checkpoint_is_replaced_under_the_writers_lock_by_whoever_knows_it() {
    let dir = created();
    let store = open(dir.path(), Box::new(SystemDisk));
    let first = note(&store, store.log_id(), 0);
    let changed = |outcome| matches!(outcome, Err(SaveCheckpointError::Changed));
    assert!(changed(save_checkpoint(dir.path(), Some(&first), &first)));
    save_checkpoint(dir.path(), None, &first).unwrap();
    assert!(changed(save_checkpoint(dir.path(), None, b"other")));
    assert_eq!(load_checkpoint(dir.path()).unwrap(), Some(first.clone()));
    store.close().unwrap();
    // Without anyone who writes, the lock is taken for the moment.
    save_checkpoint(dir.path(), Some(&first), &first).unwrap();
    let other = crate::store::segment::lock::take(dir.path(), Duration::ZERO).unwrap().unwrap();
    drop(other);
    assert_eq!(kept_sizes(dir.path()).unwrap(), Vec::<u64>::new());
    std::fs::create_dir(dir.path().join(KEPT)).unwrap();
    for size in [10, 9] {
        replace(&dir.path().join(KEPT).join(size.to_string()), &first).unwrap();
    }
    std::fs::write(dir.path().join("checkpoints/lost-11"), "").unwrap();
    assert_eq!(kept_sizes(dir.path()).unwrap(), vec![9, 10]);
}

#[test]
fn a_log_that_fell_behind_its_checkpoint_takes_no_appends_and_says_what_is_missing() {
    let dir = created();
    let store = open(dir.path(), Box::new(SystemDisk));
    for number in 0..6 {
        append(&store, number).unwrap();
    }
    let origin = store.log_id().to_owned();
    let (size, signed) = (store.head().size, note(&store, &origin, store.head().size));
    let one_less = note(&store, &origin, size - 1);
    let elsewhere = note(&store, "busan-00000000", 3);
    let forked = String::from_utf8(note(&store, &origin, 4)).unwrap().replace("\n4\n", "\n5\n");
    store.close().unwrap();
    let path = dir.path().join(FILE);
    let damages = |bytes: &[u8]| -> Vec<Damage> {
        std::fs::write(&path, bytes).unwrap();
        let verified = verify(dir.path(), clock()).unwrap().damages;
        let (reader, writer) = (
            SegmentStore::open(dir.path(), Opening::Read, clock()).unwrap(),
            open(dir.path(), Box::new(SystemDisk)),
        );
        if verified.is_empty() {
            assert_eq!((reader.health(), writer.health()), (Health::Reader, Health::Sound));
        } else {
            assert_eq!(reader.health(), Health::Damaged(verified.clone()));
            assert_eq!(writer.health(), Health::Damaged(verified.clone()));
            assert_eq!(append(&writer, 99), Err(AppendError::Damaged));
        }
        verified
    };
    assert_eq!(damages(&signed), vec![]);
    assert_eq!(damages(&one_less), vec![]);
    let what = |bytes: &[u8]| {
        let damages = damages(bytes);
        assert_eq!((damages.len(), damages[0].file.as_str()), (1, FILE), "{damages:?}");
        damages[0].what.clone()
    };
    assert_eq!(what(forked.as_bytes()), "the log has another root at size 5 than was signed");
    assert_eq!(what(&elsewhere), "the checkpoint is one of the log busan-00000000");
    assert!(what(b"nothing that was signed").starts_with("the checkpoint is garbled: "));
    assert!(what(b"").starts_with("the checkpoint is garbled: "));
    let ahead = |more: u64| {
        let text = String::from_utf8(signed.clone()).unwrap();
        text.replace(&format!("\n{size}\n"), &format!("\n{}\n", size + more)).into_bytes()
    };
    assert_eq!(
        what(&ahead(3)),
        format!("the log has {size} events and the checkpoint signed {}: 3 positions are missing", size + 3)
    );
    // To remove the newest hides nothing that was handed out.
    std::fs::create_dir(dir.path().join(KEPT)).unwrap();
    replace(&dir.path().join(KEPT).join((size + 2).to_string()), &ahead(2)).unwrap();
    std::fs::remove_file(&path).unwrap();
    let writer = open(dir.path(), Box::new(SystemDisk));
    assert_eq!(append(&writer, 99), Err(AppendError::Damaged));
    let Health::Damaged(damages) = writer.health() else { panic!("{:?}", writer.health()) };
    assert!(damages[0].what.ends_with("2 positions are missing"), "{damages:?}");
    drop(writer);
    assert_eq!(
        what(&ahead(1)),
        format!("the log has {size} events and the checkpoint signed {}: 1 position is missing", size + 1)
    );
}

#[test]
fn an_older_copy_of_the_log_under_a_newer_checkpoint_is_a_rollback() {
    let dir = created();
    let store = open(dir.path(), Box::new(SystemDisk));
    append(&store, 0).unwrap();
    store.close().unwrap();
    let older = super::forgetting::copied(dir.path());
    let store = open(dir.path(), Box::new(SystemDisk));
    append(&store, 2).unwrap();
    let signed = note(&store, store.log_id(), 4);
    store.close().unwrap();
    save_checkpoint(older.path(), None, &signed).unwrap();
    let Health::Damaged(damages) = open(older.path(), Box::new(SystemDisk)).health() else {
        panic!("the rollback is seen")
    };
    let expected = "the log has 1 event and the checkpoint signed 4: 3 positions are missing";
    assert_eq!(damages.iter().map(|damage| damage.what.as_str()).collect::<Vec<_>>(), [expected]);
    assert_eq!(damages[0].position, Some(1));
}
