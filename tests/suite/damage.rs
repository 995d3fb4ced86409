//! A damaged disk, through the program: what is wrong is named, what is sound stays readable, and what can
//! be rebuilt is not missed.

use std::fs;
use std::path::Path;

use crate::support::Place;

const ENTRIES: usize = 12;

/// A log with some incidents.
fn place() -> Place {
    let place = Place::new();
    for number in 0..ENTRIES {
        let summary = format!("Incident number {number}.");
        let date = format!("2025-01-{:02}", number + 1);
        place.run(&["record", "incident", "--from", "PRK", "--date", &date, "--summary", &summary]).ok();
    }
    place
}

fn segment(place: &Place) -> std::path::PathBuf {
    place.dir().join("log/000000000000.seg")
}

#[test]
fn a_flipped_byte_is_named_and_everything_else_stays_readable() {
    let place = place();
    let sound = fs::read(segment(&place)).unwrap();
    let size = place.data(&["log"])["size"].as_u64().unwrap();
    // Somewhere in every fourth of the log, and in its last record.
    for offset in [sound.len() / 4, sound.len() / 2, sound.len() * 3 / 4, sound.len() - 3] {
        let mut flipped = sound.clone();
        flipped[offset] ^= 0x20;
        fs::write(segment(&place), &flipped).unwrap();
        let verified = place.run(&["verify", "--format", "json"]);
        assert_eq!(verified.code, 3, "byte {offset}: {verified:?}");
        let answer: serde_json::Value = serde_json::from_str(&verified.out).unwrap();
        let position = answer["data"]["damages"][0]["position"].as_u64().expect("the position is named");
        assert!(position < size, "{position}");
        let rows = place.items(&["timeline", "--limit", "100"]);
        assert_eq!(rows.len(), ENTRIES - 1, "byte {offset}: all but the damaged one");
        place.run(&["record", "incident", "--from", "PRK", "--summary", "Not now."]).fails(3);
    }
    fs::write(segment(&place), &sound).unwrap();
    assert_eq!(place.run(&["verify"]).code, 0);
}

fn garble(path: &Path) {
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            garble(&path);
        } else {
            let mut bytes = fs::read(&path).unwrap();
            for byte in bytes.iter_mut().step_by(7) {
                *byte ^= 0x55;
            }
            fs::write(&path, bytes).unwrap();
        }
    }
}

#[test]
fn what_can_be_rebuilt_may_be_deleted_or_garbled() {
    let place = place();
    let answer = |place: &Place| place.items(&["timeline", "--limit", "100"]);
    let before = answer(&place);
    assert_eq!(before.len(), ENTRIES);
    for name in ["index", "tree", "projections"] {
        let path = place.dir().join(name);
        if path.exists() {
            garble(&path);
            assert_eq!(answer(&place), before, "{name} was garbled");
            place
                .run(&["record", "incident", "--from", "PRK", "--date", "2024-01-01", "--summary", name])
                .ok();
            fs::remove_dir_all(&path).unwrap();
        }
        let after = answer(&place);
        assert_eq!(after.len() % ENTRIES, after.len() - ENTRIES, "{name} was deleted");
    }
    assert_eq!(place.run(&["verify"]).code, 0);
    assert_eq!(place.run(&["rebuild", "--check"]).code, 0);
}

#[test]
fn a_reader_writes_nothing() {
    let place = place();
    let listing = || {
        let mut found = Vec::new();
        walk(&place.dir(), &mut found);
        found.sort();
        found
    };
    let before = listing();
    for command in [&["channels"][..], &["timeline"], &["verify"], &["show", "#3"], &["due"]] {
        place.run(command).ok();
    }
    assert_eq!(listing(), before);
}

fn walk(path: &Path, found: &mut Vec<(std::path::PathBuf, Vec<u8>)>) {
    for entry in fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, found);
        } else {
            let bytes = fs::read(&path).unwrap();
            found.push((path, bytes));
        }
    }
}
