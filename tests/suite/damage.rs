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

/// Where each record of a segment begins and ends, with its position.
fn records(bytes: &[u8]) -> Vec<(std::ops::Range<usize>, u64)> {
    let mut found = Vec::new();
    let mut start = 0;
    while start < bytes.len() {
        let len = u32::from_le_bytes(bytes[start + 4..start + 8].try_into().unwrap()) as usize;
        let position = u64::from_le_bytes(bytes[start + 24..start + 32].try_into().unwrap());
        found.push((start..start + len, position));
        start += len;
    }
    found
}

/// The only damage that `verify` names: its position, its byte and what is wrong.
#[track_caller]
fn only_damage(place: &Place) -> (u64, u64, String) {
    let verified = place.run(&["verify", "--format", "json"]);
    assert_eq!(verified.code, 3, "{verified:?}");
    let answer: serde_json::Value = serde_json::from_str(&verified.out).unwrap();
    let damages = answer["data"]["damages"].as_array().unwrap();
    assert_eq!(damages.len(), 1, "{damages:?}");
    assert_eq!(damages[0]["file"], "log/000000000000.seg");
    let number = |name: &str| damages[0][name].as_u64().unwrap();
    (number("position"), number("offset"), damages[0]["what"].as_str().unwrap().to_owned())
}

#[test]
fn a_flipped_byte_is_named_and_everything_else_stays_readable() {
    let place = place();
    let sound = fs::read(segment(&place)).unwrap();
    let records = records(&sound);
    let size = place.data(&["log"])["size"].as_u64().unwrap();
    assert_eq!(records.len() as u64, size);
    // Somewhere in every fourth of the log, and in the header, the leaf and the body of its last record.
    let last = records.last().unwrap().0.clone();
    let middle = [sound.len() / 4, sound.len() / 2, sound.len() * 3 / 4];
    for offset in middle.into_iter().chain([last.start + 5, last.start + 90, last.end - 3]) {
        let mut flipped = sound.clone();
        flipped[offset] ^= 0x20;
        fs::write(segment(&place), &flipped).unwrap();
        let hit = records.iter().find(|(bytes, _)| bytes.contains(&offset)).unwrap();
        let (position, byte, _) = only_damage(&place);
        assert_eq!((position, byte), (hit.1, hit.0.start as u64), "byte {offset}");
        let rows = place.items(&["timeline", "--limit", "100"]);
        assert_eq!(rows.len(), ENTRIES - 1, "byte {offset}: all but the damaged one");
        place.run(&["record", "incident", "--from", "PRK", "--summary", "Not now."]).fails(3);
    }
    fs::write(segment(&place), &sound).unwrap();
    assert_eq!(place.run(&["verify"]).code, 0);
}

#[test]
fn a_lost_end_is_named_from_its_first_position_to_its_last() {
    let place = place();
    let sound = fs::read(segment(&place)).unwrap();
    let records = records(&sound);
    let size = records.len();
    let zeroed = |from: usize| [&sound[..from], &vec![0; sound.len() - from]].concat();
    let start = |back: usize| records[size - back].0.start;
    for (what, bytes, lost) in [
        ("zeros at the end", zeroed(sound.len() - 600), None),
        ("zeros from a record on", zeroed(start(2)), Some(2)),
        ("cut in a record", sound[..start(3) + 100].to_vec(), Some(3)),
        ("cut between records", sound[..start(2)].to_vec(), Some(2)),
    ] {
        fs::write(segment(&place), bytes).unwrap();
        let (position, _, says) = only_damage(&place);
        if let Some(lost) = lost {
            assert_eq!(position, (size - lost) as u64, "{what}");
            assert!(
                says.contains(&format!("positions {position} to {} are gone", size - 1)),
                "{what}: {says}"
            );
            let rows = place.items(&["timeline", "--limit", "100"]);
            assert_eq!(rows.len(), ENTRIES - lost, "{what}");
        }
        place.run(&["channels"]).ok();
        place.run(&["record", "incident", "--from", "PRK", "--summary", "Not now."]).fails(3);
    }
}

#[test]
fn what_may_stand_in_a_damaged_record_is_not_said_to_be_missing() {
    let place = place();
    let entry = place.items(&["timeline", "--limit", "100"])[ENTRIES - 1]["id"].as_str().unwrap().to_owned();
    let sound = fs::read(segment(&place)).unwrap();
    let records = records(&sound);
    let (bytes, last) = records.last().unwrap().clone();
    let mut flipped = sound;
    flipped[bytes.end - 3] ^= 0x20;
    fs::write(segment(&place), flipped).unwrap();
    let fails = |arguments: &[&str]| {
        let says = place.run(arguments).fails(3);
        assert!(says.contains(&format!("position {last}")), "{arguments:?}: {says}");
        assert!(!says.contains("is not in the log") && !says.contains("demarche rebuild"), "{says}");
    };
    fails(&["show", &entry]);
    fails(&["show", &format!("#{last}")]);
    fails(&["show", "ik-079"]);
    fails(&["timeline", "--channel", "media"]);
    fails(&["rebuild", "--check"]);
    fails(&["export"]);
    let beside = place.run(&["export", "--to", &last.to_string()]).ok();
    assert_eq!(beside.lines().count() as u64, last + 1, "the header and every record before");
    for command in [&["channels"][..], &["overtures"], &["timeline"], &["show", "#3"]] {
        let ran = place.run(command);
        assert!(ran.err.contains("damaged"), "{command:?} says so: {ran:?}");
        ran.ok();
    }
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

#[test]
fn a_check_without_texts_says_so_and_finds_whatever_else_is_wrong() {
    let place = place();
    let sound = place.run(&["verify", "--without-texts"]).ok();
    assert!(sound.contains("no text was opened, as asked"), "{sound}");
    let bytes = fs::read(segment(&place)).unwrap();
    let last = records(&bytes).last().unwrap().0.clone();
    for offset in [last.start + 5, last.start + 90, last.end - 3] {
        let mut flipped = bytes.clone();
        flipped[offset] ^= 0x20;
        fs::write(segment(&place), &flipped).unwrap();
        assert_eq!(place.run(&["verify", "--without-texts"]).code, 3, "byte {offset}");
    }
}
