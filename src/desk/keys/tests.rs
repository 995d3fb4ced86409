//! What a key file promises: it comes back as it was made, to its owner alone, and nothing of it survives.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use crate::desk::keys::place::{Handed, KeyPlace};
use crate::desk::keys::{KeyFile, KeyFileError, Passphrase, Role};
use crate::tlog::key::KeyName;

fn name() -> KeyName {
    "desk-0a1b2c3d".parse().unwrap()
}

fn passphrase(text: &str) -> Passphrase {
    Passphrase::from_file(text.as_bytes()).unwrap()
}

#[test]
fn a_key_file_comes_back_as_it_was_made() {
    let dir = tempfile::tempdir().unwrap();
    for role in [Role::Log, Role::Witness, Role::Author] {
        let path = dir.path().join(format!("keys/{role}.key"));
        let made = KeyFile::create(&path, role, &name(), None).unwrap();
        let loaded = KeyFile::load(&path, None).unwrap();
        assert_eq!(loaded.keys(), made.keys());
        assert_eq!(loaded.role(), role);
        let kinds: Vec<_> = loaded.signers().iter().map(|signer| signer.key().kind()).collect();
        assert_eq!(kinds, role.kinds());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let again = KeyFile::create(&path, role, &name(), None).unwrap_err();
        assert!(matches!(again, KeyFileError::Exists(_)), "{again}");
    }
    let keys = dir.path().join("keys");
    assert_eq!(fs::metadata(&keys).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::read_dir(keys).unwrap().count(), 3, "nothing else is left");
}

#[test]
fn a_key_file_that_others_can_read_is_not_used() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.key");
    KeyFile::create(&path, Role::Log, &name(), None).unwrap();
    for mode in [0o640, 0o604, 0o644, 0o620, 0o601] {
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let refused = KeyFile::load(&path, None).unwrap_err();
        assert!(matches!(refused, KeyFileError::Exposed { mode: found, .. } if found == mode), "{refused}");
        assert!(refused.hint().contains("chmod 600"), "{}", refused.hint());
    }
    fs::set_permissions(&path, Permissions::from_mode(0o400)).unwrap();
    KeyFile::load(&path, None).unwrap();
}

#[test]
fn a_sealed_key_file_opens_with_its_passphrase_and_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.key");
    let made = KeyFile::create(&path, Role::Log, &name(), Some(&passphrase("open sesame\n"))).unwrap();
    assert_eq!(KeyFile::load(&path, Some(&passphrase("open sesame"))).unwrap().keys(), made.keys());
    assert!(matches!(KeyFile::load(&path, None), Err(KeyFileError::NoPassphrase(_))));
    let other = KeyFile::load(&path, Some(&passphrase("open sesam")));
    assert!(matches!(other, Err(KeyFileError::WrongPassphrase(_))));
    assert_eq!(KeyFile::public_of(&path).unwrap().keys, made.keys(), "the public half needs none");
    // Under another passphrase, and under none.
    made.reseal(&path, Some(&passphrase("another"))).unwrap();
    assert!(matches!(
        KeyFile::load(&path, Some(&passphrase("open sesame"))),
        Err(KeyFileError::WrongPassphrase(_))
    ));
    KeyFile::load(&path, Some(&passphrase("another"))).unwrap().reseal(&path, None).unwrap();
    assert_eq!(KeyFile::load(&path, None).unwrap().keys(), made.keys());
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no older file is left");
}

#[test]
fn no_flipped_bit_of_a_key_file_goes_unseen() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.key");
    KeyFile::create(&path, Role::Witness, &name(), None).unwrap();
    let bytes = fs::read(&path).unwrap();
    for bit in 0..bytes.len() * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        KeyFile::parse(&path, &flipped, None).expect_err(&format!("bit {bit}"));
    }
    for length in 0..bytes.len() {
        KeyFile::parse(&path, &bytes[..length], None).expect_err(&format!("length {length}"));
    }
}

#[test]
fn what_was_cut_off_while_a_file_took_anothers_place_is_ended() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.key");
    let (old, next) = (dir.path().join("a.key.old"), dir.path().join("a.key.next"));
    let first = KeyFile::create(&path, Role::Log, &name(), None).unwrap();
    // Cut off after the second name of what is there was made: the keys must not be overwritten.
    fs::hard_link(&path, &old).unwrap();
    KeyFile::tidy(&path).unwrap();
    assert!(!old.exists());
    assert_eq!(KeyFile::load(&path, None).unwrap().keys(), first.keys());
    // The same, and then again from the start.
    fs::hard_link(&path, &old).unwrap();
    fs::hard_link(&path, &next).unwrap();
    let second = KeyFile::draw(Role::Log, &name()).unwrap();
    second.write_next(&path, None).unwrap();
    assert_eq!(KeyFile::load(&path, None).unwrap().keys(), first.keys());
    assert_eq!(KeyFile::load_next(&path, None).unwrap().unwrap().keys(), second.keys());
    // Cut off after the rename: what was there is overwritten, not only removed.
    let kept = fs::File::open(&path).unwrap();
    fs::rename(&next, &path).unwrap();
    KeyFile::tidy(&path).unwrap();
    assert!(!old.exists());
    let left = std::io::read_to_string(kept).unwrap();
    assert!(left.bytes().all(|byte| byte == 0), "the old seeds are overwritten");
    assert_eq!(KeyFile::load(&path, None).unwrap().keys(), second.keys());
}

#[test]
fn keys_never_lie_in_the_data_directory() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    fs::create_dir(&data).unwrap();
    std::os::unix::fs::symlink(&data, dir.path().join("elsewhere")).unwrap();
    for within in ["data", "data/keys", "data/../data/keys", "elsewhere/keys", "elsewhere"] {
        let refused = KeyPlace::directory(dir.path().join(within)).check_outside(&data);
        assert!(matches!(refused, Err(KeyFileError::WithinData { .. })), "{within}");
    }
    for outside in ["keys", "data-keys", "data/../keys"] {
        KeyPlace::directory(dir.path().join(outside)).check_outside(&data).unwrap();
    }
    assert!(matches!(KeyPlace::default().check_outside(&data), Err(KeyFileError::NoPlace)));
}

#[test]
fn a_key_comes_from_a_descriptor_once_and_is_of_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.key");
    let made = KeyFile::create(&path, Role::Log, &name(), Some(&passphrase("p"))).unwrap();
    let (read, mut write) = std::io::pipe().unwrap();
    std::io::Write::write_all(&mut write, &fs::read(&path).unwrap()).unwrap();
    drop(write);
    let number = std::os::fd::AsRawFd::as_raw_fd(&read).unsigned_abs();
    fs::write(dir.path().join("passphrase"), "p\n").unwrap();
    let place = KeyPlace {
        directory: None,
        handed: Some(Handed::descriptor(number)),
        passphrase: Some(Handed::file(dir.path().join("passphrase"))),
        master: None,
    };
    for _ in 0..2 {
        // A log may be opened again; the pipe is empty by then.
        let found = place.load(Role::Log, "desk-0a1b2c3d", dir.path()).unwrap();
        assert_eq!((found.file.keys(), found.path), (made.keys(), None));
    }
    let other = place.load(Role::Log, "desk-00000000", dir.path()).unwrap_err();
    assert!(matches!(other, KeyFileError::Other { .. }), "{other}");
    let empty = dir.path().join("empty");
    fs::write(&empty, "\n").unwrap();
    let place = KeyPlace { passphrase: Some(Handed::file(empty)), ..place };
    assert!(matches!(place.passphrase(), Err(KeyFileError::Passphrase { .. })));
}
