//! What `log` finds, the doctor finds as well.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use super::*;
use crate::desk::Opening;
use crate::desk::ask::{Caller, MomentAsk};
use crate::desk::doctor::{Gravity, examine};
use crate::desk::keys::place::{Handed, KeyPlace};

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
    fs::write(path, bytes).unwrap();
}

/// Returns what the doctor finds grave, and what fine.
fn found(dir: &Path, keys: &KeyPlace) -> (Vec<Finding>, Vec<Finding>) {
    let found = examine(dir, keys).into_iter().filter(|one| one.gravity != Gravity::Warning);
    found.partition(|one| one.gravity == Gravity::Grave)
}

#[test]
fn what_the_log_says_does_not_stand_the_doctor_says_as_well() {
    let place = tempfile::tempdir().unwrap();
    let (dir, keys) = (place.path().join("log"), KeyPlace::directory(place.path().join("keys")));
    let (mut desk, _) = Desk::init_with(&dir, "desk", "UTC", Some(&keys)).unwrap();
    desk.begin_to_log_reads(&dir).unwrap();
    let kim = Caller { actor: "kim".to_owned(), tz: None };
    let ask = MomentAsk { name: "a moment".to_owned(), ..MomentAsk::default() };
    desk.name_moment(&kim, &ask).unwrap();
    desk.hand_out_checkpoint().unwrap();
    let size = desk.size();
    desk.close().unwrap();
    let (grave, fine) = found(&dir, &keys);
    assert_eq!(grave, []);
    assert!(fine.iter().any(|one| one.of == "checkpoint"), "{fine:?}");
    let kept = format!("{}/{size}", file::KEPT);
    for (name, at, of) in [
        (file::NEWEST, 145, "checkpoint"),
        (&kept, 145, "checkpoint"),
        (FIRST_KEYS, 20, "keys"),
        (POLICY, 0, "policy"),
        (PUBLISH, 0, "policy"),
        (PUBLISHED, 0, "checkpoint"),
        ("reads/head", 16, "reads"),
    ] {
        let path = dir.join(name);
        let whole = fs::read(&path).ok();
        match &whole {
            Some(_) => flip(&path, at),
            None => fs::write(&path, "garbled").unwrap(),
        }
        let (grave, fine) = found(&dir, &keys);
        assert!(matches!(grave.as_slice(), [one] if one.of == of && one.todo.is_some()), "{name}: {grave:?}");
        assert!(of != "checkpoint" || fine.iter().all(|one| one.of != of), "{name}: {fine:?}");
        let log = Desk::open_with(&dir, Opening::Read, &keys).unwrap().log().unwrap().data;
        assert!(log.health.starts_with(crate::desk::DAMAGED), "{name}: {}", log.health);
        // What `log` says of appends is what whoever records meets.
        let desk = Desk::open_with(&dir, Opening::Write { wait: Duration::ZERO }, &keys);
        let ask = MomentAsk { name: format!("a moment beside {name}"), ..MomentAsk::default() };
        assert_eq!(desk.and_then(|desk| desk.name_moment(&kim, &ask)).is_ok(), log.writable, "{name}");
        match whole {
            Some(bytes) => fs::write(&path, bytes).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
    }
    fs::rename(dir.join("reads"), place.path().join("reads")).unwrap();
    let (grave, _) = found(&dir, &keys);
    assert!(matches!(grave.as_slice(), [one] if one.of == "reads"), "{grave:?}");
}

#[test]
fn a_master_key_that_was_not_given_is_no_damage() {
    let place = tempfile::tempdir().unwrap();
    let (dir, master) = (place.path().join("log"), place.path().join("desk.master"));
    fs::write(&master, "5a".repeat(32) + "\n").unwrap();
    fs::set_permissions(&master, fs::Permissions::from_mode(0o600)).unwrap();
    let with = KeyPlace { master: Some(Handed::guarded(&master)), ..KeyPlace::default() };
    let key = with.master(&dir).unwrap();
    Desk::init_under(&dir, "desk", "UTC", None, key).unwrap().0.close().unwrap();
    for (keys, is_opened) in [(KeyPlace::default(), false), (with, true)] {
        let all = examine(&dir, &keys);
        assert!(all.iter().all(|one| one.gravity != Gravity::Grave), "{all:?}");
        let log = all.iter().find(|one| one.of == "log").unwrap();
        assert_eq!(log.gravity == Gravity::Fine, is_opened, "{log:?}");
    }
}
