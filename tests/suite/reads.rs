//! The access log: nobody is shown anything without its being noted first.

use std::fs;
use std::process::Command;

use crate::support::Place;

fn place() -> Place {
    let place = Place::empty();
    place.run(&["init", "--name", "test", "--zone", "Asia/Seoul", "--log-reads"]).ok();
    place
        .run(&["record", "incident", "--date", "2025-08-19", "--id", "a", "--summary", "Soldiers cross."])
        .ok();
    place
        .run(&["record", "incident", "--date", "2025-08-20", "--id", "b", "--summary", "They go back."])
        .ok();
    place
}

#[test]
fn whoever_was_shown_an_entry_is_named() {
    let place = place();
    assert!(place.items(&["audit", "readers", "a"]).is_empty(), "nobody read it yet");
    place.run(&["show", "a", "--actor", "lee", "--purpose", "the minister's question"]).ok();
    place.run(&["timeline", "--from", "2025-08-20", "--actor", "park"]).ok();
    place.run(&["export", place.file("all.jsonl").to_str().unwrap(), "--actor", "choi"]).ok();
    let by = |handle: &str| -> Vec<String> {
        let rows = place.items(&["audit", "readers", handle]);
        rows.iter().map(|row| row["by"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(by("a"), ["choi", "lee"]);
    assert_eq!(by("b"), ["choi", "park"]);
    let rows = place.items(&["audit", "reads", "--by", "LEE"]);
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["purpose"], "the minister's question");
    assert_eq!(rows[0]["asked"], "/v1/entries/a");
    let text = place.run(&["audit", "readers", "a"]).ok();
    assert!(text.contains("lee") && text.contains("the minister's question"), "{text}");
}

#[test]
fn what_cannot_be_noted_is_not_answered() {
    let place = place();
    place.run(&["show", "a"]).ok();
    let segment = place.dir().join("reads/log/000000000000.seg");
    let sound = fs::read(&segment).unwrap();
    let mut broken = sound.clone();
    broken[20] ^= 1;
    fs::write(&segment, broken).unwrap();
    let ran = place.run(&["show", "a"]);
    assert!(ran.out.is_empty(), "{ran:?}");
    assert!(ran.fails(3).contains("could not be logged"));
    let exported = place.file("export.jsonl");
    let ran = place.run(&["export", exported.to_str().unwrap()]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(!exported.exists() || fs::read(&exported).unwrap().is_empty(), "nothing left the log");
    // To record is no reading.
    place.run(&["record", "incident", "--date", "2025-08-21", "--id", "c", "--summary", "Quiet."]).ok();
    fs::write(&segment, sound).unwrap();
    place.run(&["show", "c"]).ok();
}

#[test]
fn the_heads_of_both_logs_are_held_fast_in_each_other() {
    let place = place();
    place.run(&["show", "a"]).ok();
    place.run(&["record", "incident", "--date", "2025-08-21", "--id", "c", "--summary", "Quiet."]).ok();
    let changes = place.items(&["changes"]);
    let anchor = changes.iter().find(|row| row["kind"] == "log.anchored").expect("an anchor was recorded");
    let says = anchor["says"].as_str().unwrap();
    assert!(says.contains("-reads-") && says.contains("1 event"), "{says}");
    // Not with every command: an hour goes by between two.
    place.run(&["show", "a"]).ok();
    place.run(&["record", "incident", "--date", "2025-08-22", "--id", "d", "--summary", "Quiet."]).ok();
    let anchors = place.items(&["changes"]).iter().filter(|row| row["kind"] == "log.anchored").count();
    assert_eq!(anchors, 1);
}

#[test]
fn a_log_whose_reads_are_not_logged_says_so() {
    let place = Place::new();
    let said = place.run(&["audit", "reads"]).fails(1);
    assert!(said.contains("not logged") && said.contains("audit log-reads"), "{said}");
    place.run(&["audit", "log-reads"]).ok();
    place.run(&["log"]).ok();
    assert_eq!(place.items(&["audit", "reads"])[0]["asked"], "/v1/log");
    let again = place.run(&["audit", "log-reads"]).ok();
    assert!(again.contains("already"), "{again}");
}

/// Returns a place whose record holds one line of the access log fast.
fn anchored() -> Place {
    let place = place();
    place.run(&["show", "a"]).ok();
    place.run(&["record", "incident", "--date", "2025-08-21", "--id", "c", "--summary", "Quiet."]).ok();
    place
}

#[test]
fn an_access_log_that_is_missing_lets_nobody_read() {
    let place = anchored();
    let reads = place.dir().join("reads");
    fs::rename(&reads, place.file("elsewhere")).unwrap();
    let ran = place.run(&["show", "a"]);
    assert!(ran.out.is_empty(), "{ran:?}");
    assert!(ran.fails(3).contains("the access log is missing"));
    assert_eq!(place.run(&["verify"]).code, 3);
    place.run(&["audit", "log-reads"]).fails(3);
    assert!(!reads.exists(), "no other is begun in silence");
    fs::rename(place.file("elsewhere"), &reads).unwrap();
    place.run(&["show", "a"]).ok();
    place.run(&["audit", "log-reads", "--anew", "no reason"]).fails(1);
}

#[test]
fn an_access_log_that_was_set_back_is_told_and_given_up_only_for_ever() {
    let place = anchored();
    let reads = place.dir().join("reads");
    fs::remove_dir_all(&reads).unwrap();
    let other = self::place();
    other.run(&["show", "a"]).ok();
    assert!(
        Command::new("cp").arg("-a").arg(other.dir().join("reads")).arg(&reads).status().unwrap().success()
    );
    let ran = place.run(&["show", "a"]);
    assert!(ran.out.is_empty(), "{ran:?}");
    assert!(ran.fails(3).contains("the access log is another"));
    place.run(&["audit", "log-reads", "--anew", "the disk failed"]).ok();
    place.run(&["show", "a"]).ok();
    place.run(&["verify"]).ok();
    let told = place.items(&["changes"]);
    let incident = told.iter().find(|row| row["kind"] == "log.incident").expect("it is recorded");
    assert!(incident["says"].as_str().unwrap().contains("the access log is another"), "{incident}");
}
