//! A text that was removed: the record of it stays as it was, and the text is nowhere.

pub(crate) mod traces;
mod unfinished;

use std::path::Path;

use demarche::desk::{Desk, Opening};
use serde_json::Value;

use crate::support::Place;
use traces::{Traces, everything_said, files_below};

/// What is removed: words that stand nowhere else, in several scripts, with what JSON must escape.
pub(crate) const SUMMARY: &str = "Zeppelin \"Quagga\" meets Ångström über Görlitz at 평화고양이 tower";
const NOTE: &str = "Obsidian\tledger\u{301} of Pomelo\\Tamarind";
const REMARK: &str = "Marzipan footnote";
const REASON: &str = "Kumquat mistake";

/// Records an entry and everything that can be said of one.
pub(crate) fn spoken(place: &Place) -> Vec<Value> {
    let entry = serde_json::json!({"kind": "overture.proposed", "id": "talks-1", "date": "2025-11-17",
        "from": "KOR", "to": "PRK", "summary": SUMMARY, "note": "first Obsidian"});
    place.feed(&["record", "--json", "-"], entry.to_string().as_bytes()).ok();
    place.run(&["propose", "A plain offer", "--from", "KOR", "--to", "PRK", "--id", "plain-1"]).ok();
    place.run(&["amend", "talks-1", "--set", &format!("note={NOTE}"), "--reason", REASON]).ok();
    place.run(&["annotate", "talks-1", REMARK]).ok();
    place.run(&["respond", "talks-1", "rejected", "A plain no", "--from", "PRK", "--id", "no-1"]).ok();
    place.run(&["retract", "talks-1", "--reason", REASON]).ok();
    place.items(&["changes"])
}

/// Returns the traces of every text of [`spoken`] that is to go.
pub(crate) fn traces() -> Traces {
    Traces::of(&[SUMMARY, "first Obsidian", NOTE, REMARK, REASON])
}

pub(crate) const REDACT: &[&str] =
    &["redact", "talks-1", "--basis", "Archives Act, section 4", "--approve", "kim", "--approve", "lee"];

fn export(place: &Place, name: &str) -> String {
    place.run(&["export", name]).ok();
    std::fs::read_to_string(place.file(name)).unwrap()
}

/// Returns the salts of an export, by position.
fn salts(export: &str) -> Vec<Option<String>> {
    let lines = export.lines().skip(1).map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.map(|line| line["salt"].as_str().map(ToOwned::to_owned)).collect()
}

#[test]
fn after_a_removal_neither_text_nor_secret_is_anywhere_and_the_record_is_what_it_was() {
    let place = Place::new();
    spoken(&place);
    let traces = traces();
    let before = export(&place, "before.jsonl");
    assert!(!traces.found_in(before.as_bytes()).is_empty());
    let log = place.data(&["log"]);
    let leaf = place.data(&["show", "talks-1"])["leaf_hash"].clone();
    let dry = place.data(&[REDACT, &["--dry-run"]].concat());
    assert_eq!(dry["removed"].as_array().unwrap().len(), 4, "{dry}");
    assert_eq!(place.data(&["log"])["size"], log["size"]);
    let done = place.data(REDACT);
    assert_eq!(done["removed"].as_array().unwrap().len(), 4);

    // The record is what it was: every root, every leaf, and it verifies.
    let after = export(&place, "after.jsonl");
    let leaves = |export: &str| {
        let lines =
            export.lines().skip(1).map(|line| serde_json::from_str::<Value>(line).unwrap()["leaf"].clone());
        lines.collect::<Vec<_>>()
    };
    let size = usize::try_from(log["size"].as_u64().unwrap()).unwrap();
    assert_eq!(leaves(&after)[..size], leaves(&before)[..]);
    assert_eq!(place.data(&["show", "talks-1"])["leaf_hash"], leaf);
    let last = (size - 1).to_string();
    assert_eq!(place.data(&["replay", "--to", &last])["root"], log["root"]);
    assert_eq!(place.data(&["replay", "--to", &last])["removed_since"].as_array().unwrap().len(), 4);
    let verified = place.data(&["verify"]);
    assert_eq!(verified["sound"], true, "{verified}");
    assert!(
        verified["checks"].to_string().contains("4 texts were removed, as later records say"),
        "{verified}"
    );

    // The texts are in no file, no export and no answer, whatever was known when, nor is what opened them.
    let gone: Vec<String> = salts(&before)
        .into_iter()
        .zip(salts(&after))
        .filter(|(_, now)| now.is_none())
        .filter_map(|(salt, _)| salt)
        .collect();
    assert_eq!(gone.len(), 4);
    let salts = Traces::of_bytes(&gone);
    let mut searched = 0;
    for (name, bytes) in files_below(&place.dir()) {
        assert_eq!(traces.found_in(&bytes), Vec::<String>::new(), "{name}");
        assert_eq!(salts.found_in(&bytes), Vec::<String>::new(), "{name}");
        searched += 1;
    }
    assert!(searched > 5);
    for said in [after, everything_said(&place)] {
        assert_eq!(traces.found_in(said.as_bytes()), Vec::<String>::new());
        assert_eq!(salts.found_in(said.as_bytes()), Vec::<String>::new());
    }
}

#[test]
fn a_copy_of_a_log_with_removed_texts_is_made_from_its_export() {
    let place = Place::new();
    spoken(&place);
    let before = export(&place, "before.jsonl");
    place.run(REDACT).ok();
    let after = export(&place, "after.jsonl");
    let copy = Place::empty();
    let from = |name: &str| place.file(name).display().to_string();
    copy.run(&["import", &from("after.jsonl")]).ok();
    assert_eq!(copy.data(&["log"])["root"], place.data(&["log"])["root"]);
    assert_eq!(export(&copy, "again.jsonl"), after);
    assert_eq!(copy.data(&["verify"])["sound"], true);
    let last = (after.lines().count() - 2).to_string();
    let digest = |place: &Place| place.data(&["replay", "--to", &last])["digest"].clone();
    assert_eq!(digest(&copy), digest(&place));

    // One that had the texts loses them when it learns of the removal.
    let older = Place::empty();
    older.run(&["import", &from("before.jsonl")]).ok();
    older.run(&["import", &from("after.jsonl")]).ok();
    let traces = traces();
    for (name, bytes) in files_below(&older.dir()) {
        assert_eq!(traces.found_in(&bytes), Vec::<String>::new(), "{name}");
    }
    assert_eq!(export(&older, "again.jsonl"), after);
    assert_eq!(older.data(&["verify"])["sound"], true);

    // A text that is missing without a record that says so is no export of a log.
    let lines: Vec<&str> = before.lines().collect();
    let position = lines.iter().position(|line| line.contains("A plain offer")).unwrap();
    let mut line: Value = serde_json::from_str(lines[position]).unwrap();
    line.as_object_mut().unwrap().retain(|name, _| name == "leaf");
    let mut altered: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    altered[position] = line.to_string();
    std::fs::write(place.file("altered.jsonl"), altered.join("\n")).unwrap();
    let error = Place::empty().run(&["import", &from("altered.jsonl")]).fails(1);
    assert!(error.contains("no record of the export says that it was removed"), "{error}");
}

#[test]
fn a_removal_tells_its_rules_and_errors_carry_no_text() {
    let place = Place::new();
    spoken(&place);
    let traces = traces();
    let approve = ["--approve", "kim", "--approve", "lee"];
    let with =
        |handle: &str, rest: &[&str]| place.run(&[&["redact", handle, "--basis", "Act"][..], rest].concat());
    for (ran, code, says) in [
        (with("talks-1", &["--approve", "kim"]), 1, "only one approves it"),
        (with("talks-1", &["--approve", "kim", "--approve", "Kim"]), 1, "are the same"),
        (with("talks-7", &approve), 1, "talks-7"),
        (with("#0", &approve), 1, "auditors must be able to read"),
        (
            with("talks-1", &[&approve[..], &["--replace", "{\"kind\":\"incident\"}"]].concat()),
            2,
            "replacement",
        ),
        (with("talks-1", &[&approve[..], &["--replace", "{\"kind\":"]].concat()), 1, "is not JSON"),
        (with("talks-1", &["--approve", "kim", "--approve", "lee=none.key"]), 1, "none.key"),
        (with("talks-1", &[]), 2, "--approve"),
    ] {
        let error = ran.fails(code);
        assert!(error.contains(says), "{says}: {error}");
        assert_eq!(traces.found_in(error.as_bytes()), Vec::<String>::new());
    }
    place.run(REDACT).ok();
    let again = place.run(REDACT).fails(1);
    assert!(again.contains("is removed already, by the record at position"), "{again}");
}

#[test]
fn what_may_still_be_said_is_shown_as_such() {
    let place = Place::new();
    spoken(&place);
    let instead = r#"{"kind":"overture.proposed","date":"2025-11","from":"KOR","to":"PRK","summary":"An offer of talks"}"#;
    place.feed(&[REDACT, &["--replace", "-"]].concat(), instead.as_bytes()).ok();
    let timeline = place.run(&["timeline", "--status", "all"]).ok();
    assert!(timeline.contains("(text removed; instead:) An offer of talks"), "{timeline}");
    let shown = place.run(&["show", "talks-1"]).ok();
    assert!(shown.contains("What is said instead") && shown.contains("approved by kim and lee"), "{shown}");
    let said = everything_said(&place);
    assert_eq!(traces().found_in(said.as_bytes()), Vec::<String>::new());
}

/// Opens the log of a place for writing and closes it again.
pub(crate) fn open_for_writing(dir: &Path) {
    let wait = std::time::Duration::from_secs(30);
    Desk::open(dir, Opening::Write { wait }).unwrap().close().unwrap();
}

#[test]
fn a_key_of_openssh_approves_nothing_and_it_is_said_what_does() {
    let place = Place::new();
    spoken(&place);
    std::fs::write(place.file("pat"), "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n").unwrap();
    let approvals = ["--approve", "kim", "--approve", "pat=pat"];
    let refused = place.run(&[&["redact", "talks-1", "--basis", "Act"][..], &approvals].concat()).fails(1);
    assert!(
        refused.contains("no removal can be approved") && refused.contains("author key new"),
        "{refused}"
    );
}
