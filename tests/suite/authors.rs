//! Authors who sign: what they record carries their signature, and nobody else's passes for it.

use std::process::Command;

use crate::support::Place;

fn entry(id: &'static str) -> Vec<&'static str> {
    vec!["record", "incident", "--date", "2025-08-19", "--summary", "Soldiers cross.", "--id", id]
}

fn signed<'a>(mut words: Vec<&'a str>, key: &'a str) -> Vec<&'a str> {
    words.extend(["--sign-with", key]);
    words
}

#[test]
fn what_an_author_signs_is_recorded_with_the_signature() {
    let place = Place::new();
    place.run(&["author", "key", "new", "kim.key"]).ok();
    // Before the key is known nothing is recorded with it.
    let refused = place.run(&signed(entry("a"), "kim.key")).fails(1);
    assert!(refused.contains("not a key of kim that counts"), "{refused}");
    place.run(&["author", "key", "add", "kim", "kim.key"]).ok();
    place.run(&signed(entry("a"), "kim.key")).ok();
    place.run(&entry("b")).ok();
    let exported = place.file("all.jsonl");
    place.run(&["export", exported.to_str().unwrap()]).ok();
    let lines = std::fs::read_to_string(exported).unwrap();
    let carries = |id: &str| {
        let line = lines.lines().find(|line| line.contains(&format!("\\\"{id}\\\""))).unwrap();
        line.contains("\\\"sig\\\":\\\"")
    };
    assert!(carries("a") && !carries("b"), "{lines}");
    place.run(&["verify"]).ok();
    let shown = place.run(&["show", "a"]).ok();
    assert!(shown.contains("signed by its author with the key"), "{shown}");
    assert!(!place.run(&["show", "b"]).ok().contains("signed by its author"));
    // A copy takes the signatures with it, and nothing that was changed.
    let copy = Place::empty();
    copy.run(&["import", place.file("all.jsonl").to_str().unwrap()]).ok();
    copy.run(&["verify"]).ok();
}

#[test]
fn a_moment_and_a_removal_are_signed_and_proved_as_entries_are() {
    let place = Place::new();
    place.run(&entry("a")).ok();
    for key in ["kim.key", "lee.key"] {
        place.run(&["author", "key", "new", key]).ok();
    }
    place.run(&["author", "key", "add", "kim", "kim.key", "--required"]).ok();
    place.run(&["author", "key", "add", "lee", "lee.key", "--actor", "lee"]).ok();
    let refused = place.run(&["moment", "the visit"]).fails(1);
    assert!(refused.contains("must be signed"), "{refused}");
    let named = place.run(&signed(vec!["moment", "the visit", "--wait", "checkpoint"], "kim.key")).ok();
    assert!(named.contains("a signed checkpoint covers it: 1 proof"), "{named}");
    let redact =
        ["redact", "a", "--basis", "a law", "--approve", "kim=kim.key", "--approve", "lee=lee.key"].to_vec();
    let refused = place.run(&redact).fails(1);
    assert!(refused.contains("must be signed"), "{refused}");
    let waiting = [redact.clone(), vec!["--wait", "checkpoint"]].concat();
    let removed = place.run(&signed(waiting, "kim.key")).ok();
    assert!(removed.contains("a signed checkpoint covers it: 1 proof"), "{removed}");
    place.run(&["audit", "export", "bundle"]).ok();
    place.run(&["key", "export-vkey", "--to", "desk.vkey"]).ok();
    let report = place.run(&["audit", "verify", "bundle", "--vkey", "desk.vkey"]).ok();
    assert!(report.starts_with("SHREDDED") && report.contains("2 signatures of authors"), "{report}");
    assert!(report.contains("approved by kim (signed with the key"), "{report}");
    // A log without keys gives no proof, and says so before anything is recorded.
    let bare = Place::empty();
    bare.run(&["init", "--no-keys"]).ok();
    let refused = bare.run(&["moment", "the visit", "--wait", "checkpoint"]).fails(1);
    assert!(refused.contains("no checkpoint can be waited for"), "{refused}");
}

#[test]
fn whoever_must_sign_records_nothing_without_a_signature() {
    let place = Place::new();
    place.run(&["author", "key", "new", "kim.key"]).ok();
    place.run(&["author", "key", "add", "kim", "kim.key", "--required"]).ok();
    let refused = place.run(&entry("a")).fails(1);
    assert!(refused.contains("must be signed") && refused.contains("--sign-with"), "{refused}");
    place.run(&["moment", "the visit"]).fails(1);
    place.run(&signed(entry("a"), "kim.key")).ok();
    place.run(&["author", "key", "revoke", "kim.key", "--actor", "lee"]).ok();
    let refused = place.run(&signed(entry("b"), "kim.key")).fails(1);
    assert!(refused.contains("not a key of kim that counts"), "{refused}");
    let keys = place.items(&["author", "key", "list"]);
    assert_eq!((keys.len(), keys[0]["required"].as_bool()), (1, Some(true)));
    assert!(keys[0]["revoked"].as_u64() > keys[0]["added"].as_u64());
}

#[test]
fn that_someone_must_sign_outlives_their_key_until_its_end_is_said() {
    let place = Place::new();
    for name in ["first.key", "second.key"] {
        place.run(&["author", "key", "new", name, "--name", "kim"]).ok();
    }
    place.run(&["author", "key", "add", "kim", "first.key", "--required"]).ok();
    let told = place.run(&["author", "key", "revoke", "first.key", "--actor", "lee"]);
    assert!(told.code == 0 && told.err.contains("must be signed still"), "{told:?}");
    let refused = place.run(&entry("a")).fails(1);
    assert!(refused.contains("must be signed") && refused.contains("author key add"), "{refused}");
    // A further key, required or not, ends nothing.
    place.run(&["author", "key", "add", "kim", "second.key", "--actor", "lee"]).ok();
    place.run(&entry("a")).fails(1);
    place.run(&signed(entry("a"), "second.key")).ok();
    let told = place.run(&["author", "key", "revoke", "second.key", "--end-requirement", "--actor", "lee"]);
    assert!(told.code == 0 && told.err.contains("no longer needs a signature"), "{told:?}");
    place.run(&entry("b")).ok();
    let said = place.run(&["changes"]).ok();
    assert!(said.contains("need not be signed any more"), "{said}");
}

#[test]
fn whoever_was_never_recorded_enters_the_register_with_their_key() {
    let place = Place::new();
    let told = place.run(&["author", "key", "new", "park.key", "--name", "park"]).ok();
    assert!(told.contains("author key add park park.key"), "{told}");
    let unnamed = place.command(&["author", "key", "new", "key.key"]).env_remove("DEMARCHE_ACTOR").output();
    let told = String::from_utf8(unnamed.unwrap().stdout).unwrap();
    assert!(told.is_empty() || told.contains("author key add NAME key.key"), "{told}");
    let told = place.run(&["author", "key", "add", "park", "park.key"]).ok();
    assert!(told.contains("park"), "{told}");
    place.run(&[&signed(entry("a"), "park.key")[..], &["--actor", "park"]].concat()).ok();
}

#[test]
fn the_key_of_another_author_signs_for_nobody_else() {
    let place = Place::new();
    for name in ["kim", "lee"] {
        place.run(&["author", "key", "new", &format!("{name}.key"), "--actor", name]).ok();
        place.run(&["author", "key", "add", name, &format!("{name}.key"), "--actor", name]).ok();
    }
    place.run(&signed(entry("a"), "lee.key")).fails(1);
    let taken = place.run(&["author", "key", "add", "kim", "lee.key"]).fails(1);
    assert!(taken.contains("one of lee already"), "{taken}");
}

#[test]
fn a_signature_by_openssh_counts_as_one_of_ours() {
    let place = Place::new();
    let key = place.file("id");
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
    if !made.is_ok_and(|status| status.success()) {
        assert!(std::env::var_os("CI").is_none(), "in CI ssh-keygen must be there");
        eprintln!("skipped: there is no ssh-keygen");
        return;
    }
    place.run(&["author", "key", "add", "kim", "id.pub", "--required"]).ok();
    let path = std::env::var("PATH").unwrap_or_default();
    let mut words = place.command(&signed(entry("a"), "id"));
    let ran = words.env("PATH", path).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    place.run(&["verify"]).ok();
    place.run(&["show", "a"]).ok();
}
