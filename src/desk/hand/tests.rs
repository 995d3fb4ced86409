//! A change of keys, and a process that dies in it: the log signs with the old keys, or the next opening ends
//! what was begun.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::*;
use crate::desk::Opening;
use crate::desk::keys::place::Handed;

fn named(name: &str) -> crate::desk::ask::MomentAsk {
    crate::desk::ask::MomentAsk { name: name.to_owned(), ..Default::default() }
}

const WRITE: Opening = Opening::Write { wait: Duration::ZERO };

/// A log with its keys, and the keys that were pinned at its beginning.
struct Place {
    dir: tempfile::TempDir,
    keys: KeyPlace,
    pinned: Vec<VerifierKey>,
    path: PathBuf,
}

impl Place {
    fn new() -> Self {
        Self::sealed(None)
    }

    fn sealed(passphrase: Option<&str>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut keys = KeyPlace::directory(dir.path().join("keys"));
        if let Some(passphrase) = passphrase {
            fs::write(dir.path().join("passphrase"), passphrase).unwrap();
            keys.passphrase = Some(Handed::file(dir.path().join("passphrase")));
        }
        let (desk, path) = Desk::init_with(&dir.path().join("log"), "desk", "UTC", Some(&keys)).unwrap();
        let pinned = desk.signing.lock().keys();
        desk.close().unwrap();
        Self { dir, keys, pinned, path: path.unwrap() }
    }

    fn log(&self) -> PathBuf {
        self.dir.path().join("log")
    }

    fn open(&self) -> Desk {
        Desk::open_with(&self.log(), WRITE, &self.keys).unwrap()
    }

    /// Records something, closes the log, and checks everything that was ever signed against the keys that
    /// were pinned at its beginning.
    fn check(&self, rotations: usize) {
        let desk = self.open();
        desk.name_moment(&kim(), &named(&format!("moment {}", desk.store.head().size))).unwrap();
        desk.close().unwrap();
        let desk = Desk::open(&self.log(), Opening::Read).unwrap();
        let known = desk.known(&When::default()).unwrap();
        let table = desk.key_table(&known).unwrap().unwrap();
        let recorded = table.handovers().to_vec();
        assert_eq!(recorded.len(), rotations);
        let table = KeyTable::from_rotations(
            &self.pinned,
            recorded
                .iter()
                .map(|one| (one.position, KeyRotated { old: texts(&one.old), new: texts(&one.new) })),
        )
        .unwrap();
        let newest = desk.checkpoint().unwrap().unwrap();
        assert_eq!(newest.checkpoint.size, desk.store.head().size);
        let mut all = desk.kept_checkpoints().unwrap();
        all.push(newest);
        for signed in &all {
            table.check(&signed.note, &signed.checkpoint).unwrap();
            assert_eq!(desk.store.root_at(signed.checkpoint.size).unwrap(), Some(signed.checkpoint.root));
        }
        assert_eq!(table.unproved(all.iter().map(|one| (&one.note, &one.checkpoint))).len(), 0);
        let current: Vec<VerifierKey> = table.current().cloned().collect();
        assert_eq!(KeyFile::public_of(&self.path).unwrap().keys, current);
        let beside = self.path.parent().unwrap();
        let mut left: Vec<PathBuf> = fs::read_dir(beside).unwrap().map(|file| file.unwrap().path()).collect();
        left.sort();
        assert_eq!(left, [self.path.clone(), self.path.with_extension("mark")], "nothing waits or is left");
    }
}

fn kim() -> Caller {
    Caller { actor: "kim".to_owned(), tz: None }
}

fn cut_off() -> DeskError {
    DeskError::Unavailable("the process died".to_owned())
}

#[test]
fn the_old_keys_sign_the_change_and_nothing_after_it() {
    let place = Place::new();
    let desk = place.open();
    let old = fs::read(&place.path).unwrap();
    let rows = desk.rotate_keys(&kim()).unwrap().data.items;
    let sizes: Vec<_> = rows.iter().map(|row| (row.from, row.to, row.current)).collect();
    let change = rows[2].from;
    assert_eq!(
        sizes,
        [(0, Some(change), false), (0, Some(change), false), (change, None, true), (change, None, true)]
    );
    desk.rotate_keys(&kim()).unwrap();
    desk.close().unwrap();
    place.check(2);
    // The first keys again, as from an old backup: they are not the log's any more.
    fs::write(&place.path, old).unwrap();
    let refused = Desk::open_with(&place.log(), WRITE, &place.keys).map(|_| ());
    assert!(matches!(refused, Err(DeskError::Refused { rule, .. }) if rule.contains("replaced by others")));
}

#[test]
fn a_process_that_dies_in_a_change_of_keys_leaves_the_old_ones_or_ends_it_later() {
    for (step, rotations) in [(Step::Drawn, 0), (Step::Recorded, 1), (Step::Signed, 1)] {
        let place = Place::new();
        let desk = place.open();
        let died = desk.rotate_in_steps(&kim(), |done| if done == step { Err(cut_off()) } else { Ok(()) });
        assert!(died.is_err());
        drop(desk);
        place.check(rotations);
        // And once more, whole.
        let desk = place.open();
        desk.rotate_keys(&kim()).unwrap();
        desk.close().unwrap();
        place.check(rotations + 1);
    }
}

#[test]
fn a_process_that_dies_while_the_file_is_replaced_leaves_the_new_keys() {
    for renamed in [false, true] {
        let place = Place::new();
        let desk = place.open();
        let died =
            desk.rotate_in_steps(&kim(), |done| if done == Step::Signed { Err(cut_off()) } else { Ok(()) });
        assert!(died.is_err());
        drop(desk);
        let beside = |ending: &str| PathBuf::from(format!("{}{ending}", place.path.display()));
        fs::hard_link(&place.path, beside(".old")).unwrap();
        if renamed {
            fs::rename(beside(".next"), &place.path).unwrap();
        }
        place.check(1);
    }
}

#[test]
fn a_change_that_was_begun_is_not_ended_without_the_keys_that_wait() {
    let place = Place::new();
    let desk = place.open();
    let died =
        desk.rotate_in_steps(&kim(), |done| if done == Step::Recorded { Err(cut_off()) } else { Ok(()) });
    assert!(died.is_err());
    drop(desk);
    let waiting = PathBuf::from(format!("{}.next", place.path.display()));
    let kept = fs::read(&waiting).unwrap();
    fs::remove_file(&waiting).unwrap();
    let refused = Desk::open_with(&place.log(), WRITE, &place.keys).map(|_| ());
    assert!(matches!(refused, Err(DeskError::Refused { .. })));
    write_private(&waiting, &kept);
    place.check(1);
}

fn write_private(path: &Path, bytes: &[u8]) {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).unwrap();
    file.write_all(bytes).unwrap();
}

#[test]
fn sealed_keys_are_replaced_by_sealed_keys_and_a_wrong_passphrase_opens_nothing() {
    let place = Place::sealed(Some("correct horse\n"));
    let desk = place.open();
    desk.rotate_keys(&kim()).unwrap();
    desk.close().unwrap();
    assert!(KeyFile::public_of(&place.path).unwrap().sealed);
    place.check(1);
    fs::write(place.dir.path().join("other"), "battery staple\n").unwrap();
    let wrong =
        KeyPlace { passphrase: Some(Handed::file(place.dir.path().join("other"))), ..place.keys.clone() };
    let refused = Desk::open_with(&place.log(), WRITE, &wrong).map(|_| ());
    assert!(matches!(refused, Err(DeskError::Refused { rule, .. }) if rule.contains("does not open")));
    // Without one the log is recorded in, and says that it is not signed.
    let none = KeyPlace { passphrase: None, ..place.keys.clone() };
    let desk = Desk::open_with(&place.log(), WRITE, &none).unwrap();
    assert!(desk.why_unsigned().unwrap().contains("sealed under a passphrase"));
    assert!(matches!(desk.rotate_keys(&kim()), Err(DeskError::Refused { .. })));
}

#[test]
fn a_key_that_was_handed_over_signs_and_cannot_be_replaced() {
    let place = Place::new();
    let handed = KeyPlace { handed: Some(Handed::file(&place.path)), ..KeyPlace::default() };
    let desk = Desk::open_with(&place.log(), WRITE, &handed).unwrap();
    let refused = desk.rotate_keys(&kim()).map(|_| ());
    assert!(matches!(refused, Err(DeskError::Refused { rule, .. }) if rule.contains("handed over")));
    desk.close().unwrap();
    place.check(0);
}

#[test]
fn another_hand_can_sign_than_the_key_file() {
    let place = Place::new();
    let desk = Desk::open(&place.log(), WRITE).unwrap();
    assert!(!desk.signs());
    // A device holds the keys.
    desk.sign_with(KeyFile::load(&place.path, None).unwrap().signers());
    desk.name_moment(&kim(), &named("signed by a device")).unwrap();
    desk.close().unwrap();
    place.check(0);
}
