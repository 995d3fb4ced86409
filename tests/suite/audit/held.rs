//! Checkpoints that someone holds: what they prove against a log, and what they do not.

use std::fs;

use super::{place, verify};
use crate::support::Place;

/// Returns a copy of a log with its keys, as a backup or a forger has it.
fn twin(place: &Place) -> Place {
    let twin = Place::empty();
    for (from, to) in [(place.dir(), twin.dir()), (place.keys(), twin.keys())] {
        copy(&from, &to);
    }
    fs::copy(place.file("desk.vkey"), twin.file("desk.vkey")).unwrap();
    twin
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
    // A key that others can read is refused.
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
}

fn record(place: &Place, summary: &str) {
    place.run(&["record", "incident", "--date", "2025-08-19", "--summary", summary]).ok();
}

/// Returns the checkpoint of a log as someone elsewhere names it.
fn checkpoint(place: &Place) -> String {
    place.run(&["audit", "export", "bundle"]).ok();
    place.file("bundle/checkpoint").display().to_string()
}

#[test]
fn a_note_that_the_log_did_not_sign_accuses_nobody() {
    let place = place();
    let own = checkpoint(&place);
    let other = Place::new();
    let foreign = checkpoint(&other);
    let refused = place.run(&["audit", "consistency", &foreign]).fails(1);
    assert!(refused.contains("it is a checkpoint of the log test-"), "{refused}");
    let text = fs::read_to_string(&own).unwrap();
    let size = text.lines().nth(1).unwrap().to_owned();
    for (place_of, number) in [("smaller", "1"), ("larger", "9999")] {
        let changed = text.replacen(&format!("\n{size}\n"), &format!("\n{number}\n"), 1);
        fs::write(place.file(place_of), changed).unwrap();
        let refused = place.run(&["audit", "consistency", place_of]).fails(1);
        assert!(refused.contains("it is not signed by a key of this log"), "{refused}");
    }
    assert!(!place.file("fork-evidence").exists());
    // The bundle may be named for the checkpoint in it, and an old key is one of the log.
    place.run(&["key", "rotate"]).ok();
    assert!(place.run(&["audit", "consistency", "bundle"]).ok().starts_with("old "));
    place.run(&["audit", "consistency", "bundle", "--vkey", "desk.vkey"]).ok();
}

#[test]
fn a_second_history_and_a_lost_one_are_told_with_both_notes() {
    let place = place();
    let backup = twin(&place);
    let second = twin(&place);
    record(&place, "Four");
    record(&place, "Five");
    record(&second, "Another");
    let (one, other) = (checkpoint(&place), checkpoint(&second));
    let said = place.run(&["audit", "consistency", &other, "--evidence", "both"]).fails(3);
    assert!(said.contains("does not continue") && said.contains("FORK"), "{said}");
    assert_eq!(fs::read_dir(place.file("both")).unwrap().count(), 2);
    let said = backup.run(&["audit", "consistency", &one]).fails(3);
    assert!(said.contains("had signed") && said.contains("ROLLBACK"), "{said}");
    assert_eq!(fs::read_dir(place.file("fork-evidence")).unwrap().count(), 2, "beside what was given");
    // What was found stands where the notes cannot be saved.
    let bundle = ["audit", "verify", "bundle", "--vkey", "desk.vkey", "--old", &other];
    let unsaved = place.run(&[&bundle[..], &["--evidence", "desk.vkey"]].concat());
    assert_eq!(unsaved.code, 3, "{unsaved:?}");
    assert!(unsaved.out.contains("FORK") && unsaved.err.contains("NOT saved"), "{unsaved:?}");
}

#[test]
fn keys_that_cannot_check_a_checkpoint_are_told_apart() {
    let place = place();
    place.run(&["audit", "export", "before"]).ok();
    assert_eq!(verify(&place, "before", &["--old", "before"], 0)["verdict"], "OK");
    let inside = place.run(&["audit", "verify", "before", "--vkey", "before/vkey"]);
    assert!(inside.code == 0 && inside.err.contains("out of the bundle"), "{inside:?}");
    place.run(&["key", "rotate"]).ok();
    record(&place, "Four");
    place.run(&["audit", "export", "after"]).ok();
    let old = ["audit", "verify", "before", "--old", "after"];
    let unknown = place.run(&[&old[..], &["--vkey", "desk.vkey"]].concat()).fails(2);
    assert!(unknown.contains("may have changed its keys"), "{unknown}");
    place.run(&["key", "export-vkey", "--all", "--to", "all.vkey"]).ok();
    let rolled = place.run(&[&old[..], &["--vkey", "all.vkey"]].concat());
    assert!(rolled.code == 3 && rolled.out.starts_with("ROLLBACK"), "{rolled:?}");
    let other = Place::new();
    other.run(&["key", "export-vkey", "--to", "other.vkey"]).ok();
    let foreign = other.file("other.vkey").display().to_string();
    let refused = place.run(&["audit", "show", "after", "--vkey", &foreign]).fails(1);
    assert!(refused.contains("it is one of the log test-"), "{refused}");
}

#[test]
fn no_file_is_written_over_and_none_of_the_log() {
    let place = place();
    let held = fs::read(place.file("desk.vkey")).unwrap();
    let request = "0190f3c2-7a1e-8d4b-9c55-2f6f0a3b1c7d";
    let entry = ["record", "incident", "--date", "2025-08-19", "--summary", "Four", "--request", request];
    let size = place.data(&["log"])["size"].clone();
    let within = place.dir().join("new").display().to_string();
    for command in [
        &["audit", "timestamp", "--request"][..],
        &["audit", "proof", "#1", "--out"],
        &["audit", "consistency", "0", "--out"],
        &["key", "export-vkey", "--to"],
        &[&entry[..], &["--receipt"]].concat(),
    ] {
        let taken = place.run(&[command, &["desk.vkey"]].concat()).fails(1);
        assert!(taken.contains("exists already"), "{command:?}: {taken}");
        for own in [&within, &place.dir().join("checkpoint").display().to_string()] {
            let refused = place.run(&[command, &[own.as_str()]].concat()).fails(1);
            assert!(refused.contains("within the data directory"), "{command:?}: {refused}");
        }
    }
    place.run(&["audit", "export", &within]).fails(1);
    assert!(!place.dir().join("new").exists());
    assert_eq!(fs::read(place.file("desk.vkey")).unwrap(), held);
    assert_eq!(place.data(&["log"])["size"], size, "nothing is recorded whose proof has no place");
    place.run(&[&entry[..], &["--receipt", "four.tlog-proof"]].concat()).ok();
    place.run(&["key", "export-vkey", "--to", "/dev/null"]).ok();
}
