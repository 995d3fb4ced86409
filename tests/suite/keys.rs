//! Keys, checkpoints and receipts, as a user and an outsider meet them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use demarche::tlog::checkpoint::Checkpoint;
use demarche::tlog::key::VerifierKey;
use demarche::tlog::leaf_hash;
use demarche::tlog::note::Note;
use demarche::tlog::proof::verify_inclusion;
use demarche::tlog::proof_file::InclusionProof;

use crate::support::Place;

const ENTRY: &[&str] =
    &["record", "incident", "--date", "2025-08-19", "--summary", "Soldiers cross the line"];

fn vkeys(place: &Place) -> Vec<VerifierKey> {
    let keys = place.run(&["key", "export-vkey", "--all"]).ok();
    keys.lines().map(|key| key.parse().unwrap()).collect()
}

fn checkpoint(place: &Place) -> (Note, Checkpoint) {
    let note = Note::parse(&fs::read(place.dir().join("checkpoint")).unwrap()).unwrap();
    let checkpoint = Checkpoint::parse(note.text()).unwrap();
    (note, checkpoint)
}

fn key_file(place: &Place) -> PathBuf {
    let name = place.data(&["log"])["log"].as_str().unwrap().to_owned();
    place.keys().join(format!("{name}.key"))
}

/// Copies a directory with everything in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

#[test]
fn a_log_begins_with_keys_outside_it_and_says_what_to_keep_and_hand_out() {
    let place = Place::empty();
    let told = place.run(&["init", "--name", "desk"]).ok();
    let file = key_file(&place);
    for part in [file.to_str().unwrap(), "back up", "secrets/", "hand out"] {
        assert!(told.contains(part), "`{part}` is not in {told}");
    }
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(place.keys()).unwrap().permissions().mode() & 0o777, 0o700);
    let handed: Vec<VerifierKey> = told.lines().filter_map(|line| line.trim().parse().ok()).collect();
    assert_eq!(handed, vkeys(&place));
    let (note, signed) = checkpoint(&place);
    assert_eq!((signed.size, note.verify(&handed[0]).unwrap().unwrap().time), (1, None));
    assert!(note.verify(&handed[1]).unwrap().unwrap().time.is_some());
    // In JSON the answer is one document, and names the keys.
    let other = Place::empty();
    let row = other.data(&["init"]);
    assert_eq!(row["keys"].as_array().unwrap().len(), 2);
    // Within the log they would be given away with it.
    let within = Place::empty();
    let keys = within.dir().join("keys");
    let refused = within.run(&["init", "--keys", keys.to_str().unwrap()]).fails(1);
    assert!(refused.contains("within the data directory"), "{refused}");
    assert!(!within.dir().exists());
    let keyless = Place::empty();
    keyless.run(&["init", "--no-keys"]).ok();
    assert!(!keyless.keys().exists() && !keyless.dir().join("checkpoint").exists());
    assert_eq!(keyless.run(ENTRY).err, "", "a log that was never signed is quiet about it");
}

#[test]
fn every_command_that_records_leaves_a_signed_log() {
    let place = Place::new();
    place.run(ENTRY).ok();
    let row = place.data(&["log"]);
    assert_eq!(row["checkpoint"]["size"], row["size"]);
    assert_eq!(row["checkpoint"]["root"], row["root"]);
    let (note, signed) = checkpoint(&place);
    let keys = vkeys(&place);
    let time = note.verify(&keys[1]).unwrap().unwrap().time;
    // What only reads signs nothing.
    place.run(&["channels"]).ok();
    place.run(&["verify"]).ok();
    assert_eq!(checkpoint(&place).0.verify(&keys[1]).unwrap().unwrap().time, time);
    assert_eq!(checkpoint(&place).1, signed);
}

#[test]
fn an_import_waits_for_its_receipts_as_a_record_does() {
    let place = Place::new();
    let (file, into) = (place.file("entries.jsonl"), place.file("receipts"));
    let entry = |id: &str| {
        format!(
            "{{\"id\":\"{id}\",\"kind\":\"incident\",\"date\":\"2025-08-19\",\"from\":\"KOR\",\"summary\":\"One\"}}\n"
        )
    };
    fs::write(&file, entry("a") + &entry("b")).unwrap();
    let import = ["import", file.to_str().unwrap(), "--receipt", into.to_str().unwrap()];
    let proofs = place.data(&import)["proofs"].as_array().unwrap().clone();
    let names: Vec<String> = proofs.iter().map(|proof| format!("{}.tlog-proof", proof["position"])).collect();
    assert!(names.len() >= 2, "{names:?}");
    for (name, proof) in names.iter().zip(&proofs) {
        assert_eq!(fs::read_to_string(into.join(name)).unwrap(), proof["proof"].as_str().unwrap());
    }
    fs::write(&file, entry("c")).unwrap();
    place.run(&["import", file.to_str().unwrap(), "--wait", "checkpoint"]).ok();
}

#[test]
fn a_receipt_proves_an_entry_to_whoever_holds_the_verifier_key() {
    let place = Place::new();
    let file = place.file("entry.tlog-proof");
    let receipt = ["--receipt", file.to_str().unwrap()];
    let row = place.data(&[ENTRY, &receipt].concat());
    let proof = InclusionProof::parse(&fs::read(&file).unwrap()).unwrap();
    assert_eq!(row["entries"][0]["position"], proof.index);
    assert_eq!(
        row["receipt"]["proofs"].as_array().unwrap().len(),
        row["receipt"]["ids"].as_array().unwrap().len()
    );
    assert!(proof.checkpoint.verify(&vkeys(&place)[0]).unwrap().is_some());
    let signed = Checkpoint::parse(proof.checkpoint.text()).unwrap();
    let export = place.run(&["export"]).ok();
    let line = export.lines().nth(1 + proof.index as usize).unwrap();
    let record: serde_json::Value = serde_json::from_str(line).unwrap();
    let leaf = leaf_hash(record["leaf"].as_str().unwrap().as_bytes());
    verify_inclusion(&leaf, proof.index, signed.size, &proof.hashes, &signed.root).unwrap();
    // The same submission again gives a proof again.
    let request = row["receipt"]["request"].as_str().unwrap();
    let again = place.data(&[ENTRY, &["--request", request, "--wait", "checkpoint"]].concat());
    assert_eq!(
        again["receipt"]["proofs"].as_array().unwrap().len(),
        row["receipt"]["proofs"].as_array().unwrap().len()
    );
    // Without a key nothing is recorded that was to be proved.
    let before = place.data(&["log"])["size"].clone();
    let elsewhere = place.file("elsewhere");
    let keyless = ["--keys", elsewhere.to_str().unwrap(), "--wait", "checkpoint"];
    place.run(&[ENTRY, &keyless].concat()).fails(1);
    assert_eq!(place.data(&["log"])["size"], before);
}

#[test]
fn a_key_file_that_others_can_read_and_a_wrong_passphrase_are_refused() {
    let place = Place::new();
    let file = key_file(&place);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let refused = place.run(ENTRY).fails(1);
    assert!(refused.contains("0644") && refused.contains("chmod 600"), "{refused}");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let (one, other) = (place.file("one"), place.file("other"));
    fs::write(&one, "correct horse\n").unwrap();
    fs::write(&other, "battery staple\n").unwrap();
    let (one, other) = (one.to_str().unwrap(), other.to_str().unwrap());
    place.run(&["key", "passphrase", "--new-passphrase-file", one]).ok();
    let refused = place.run(&[ENTRY, &["--passphrase-file", other]].concat()).fails(1);
    assert!(refused.contains("does not open"), "{refused}");
    let unsigned = place.run(ENTRY);
    assert_eq!(unsigned.code, 0);
    assert!(unsigned.err.contains("the checkpoint was not signed"), "{}", unsigned.err);
    place.run(&[ENTRY, &["--passphrase-file", one]].concat()).ok();
    let row = place.data(&["log"]);
    assert_eq!(row["checkpoint"]["size"], row["size"]);
    // As a supervisor hands it over.
    let credentials = place.file("credentials");
    fs::create_dir(&credentials).unwrap();
    fs::copy(one, credentials.join("demarche-passphrase")).unwrap();
    fs::copy(&file, credentials.join("demarche-key")).unwrap();
    let mut command = place.command(ENTRY);
    command.env("CREDENTIALS_DIRECTORY", &credentials).env("DEMARCHE_KEYS", place.file("elsewhere"));
    assert!(command.output().unwrap().status.success());
    let row = place.data(&["log"]);
    assert_eq!(row["checkpoint"]["size"], row["size"]);
}

#[test]
fn an_older_copy_under_a_newer_checkpoint_is_written_again_only_knowingly_and_for_ever() {
    let place = Place::new();
    let name = place.data(&["log"])["log"].as_str().unwrap().to_owned();
    let older = place.file("older");
    copy(&place.dir(), &older);
    for _ in 0..3 {
        place.run(ENTRY).ok();
    }
    let (_, lost) = checkpoint(&place);
    let newest = fs::read(place.dir().join("checkpoint")).unwrap();
    fs::remove_dir_all(place.dir()).unwrap();
    copy(&older, &place.dir());
    fs::write(place.dir().join("checkpoint"), &newest).unwrap();
    let refused = place.run(ENTRY).fails(3);
    let missing = lost.size - 1;
    assert!(refused.contains(&missing.to_string()), "{refused}");
    place.run(&["audit", "accept-rollback", "desk-00000000", "--reason", "x"]).fails(1);
    place.run(&["audit", "accept-rollback", &name, "--reason", " "]).fails(2);
    place.run(&["audit", "accept-rollback", &name, "--reason", "the disk failed"]).ok();
    place.run(&["audit", "accept-rollback", &name, "--reason", "again"]).fails(1);
    let kept: Vec<_> = fs::read_dir(place.dir().join("checkpoints"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with(&format!("lost-{}-", lost.size)))
        .collect();
    assert_eq!(kept.len(), 1);
    assert_eq!(fs::read(place.dir().join("checkpoints").join(&kept[0])).unwrap(), newest);
    place.run(ENTRY).ok();
    let said: Vec<_> =
        place.items(&["changes"]).iter().filter_map(|row| row["says"].as_str().map(str::to_owned)).collect();
    let told = said.iter().find(|said| said.contains("were signed and are lost")).expect("an incident");
    assert!(told.contains(&format!("{missing} events")) && told.contains("the disk failed"), "{told}");
    // The time moves on from what was signed before.
    let keys = vkeys(&place);
    let time = |note: &Note| note.verify(&keys[1]).unwrap().unwrap().time.unwrap();
    assert!(time(&checkpoint(&place).0) > time(&Note::parse(&newest).unwrap()));
    assert!(place.data(&["verify"])["sound"].as_bool().unwrap());
}

#[test]
fn a_copy_whose_keys_are_lost_goes_on_with_others_and_says_so() {
    let place = Place::new();
    let name = place.data(&["log"])["log"].as_str().unwrap().to_owned();
    place.run(&["export", "desk.jsonl"]).ok();
    let adopted = Place::empty();
    let export = place.file("desk.jsonl");
    adopted.run(&["import", export.to_str().unwrap()]).ok();
    adopted.run(&["adopt", &name]).fails(1);
    adopted.run(&["adopt", &name, "--new-keys"]).ok();
    let rows = adopted.items(&["key", "list"]);
    assert_eq!(rows.len(), 2);
    let (note, signed) = checkpoint(&adopted);
    assert_eq!(rows[0]["from"], signed.size, "the new keys begin with the checkpoint that covers the change");
    assert!(note.verify(&vkeys(&adopted)[0]).unwrap().is_some());
    let said = adopted.run(&["changes"]).ok();
    assert!(said.contains("others took their place"), "{said}");
    adopted.run(ENTRY).ok();
    let keyless = Place::empty();
    keyless.run(&["import", export.to_str().unwrap()]).ok();
    keyless.run(&["adopt", &name, "--no-keys"]).ok();
    keyless.run(ENTRY).ok();
    assert!(!keyless.dir().join("checkpoint").exists());
}

#[test]
fn a_log_whose_newest_checkpoint_was_removed_is_recorded_in_again_only_knowingly_and_for_ever() {
    let place = Place::new();
    let name = place.data(&["log"])["log"].as_str().unwrap().to_owned();
    place.run(ENTRY).ok();
    let older = place.file("older");
    copy(&place.dir(), &older);
    place.run(ENTRY).ok();
    let lost = checkpoint(&place).1;
    // The directory as it was before, without what would tell.
    fs::remove_dir_all(place.dir()).unwrap();
    copy(&older, &place.dir());
    fs::remove_file(place.dir().join("checkpoint")).unwrap();
    let refused = place.run(ENTRY).fails(3);
    assert!(refused.contains("`checkpoint` is missing"), "{refused}");
    assert!(refused.contains("accept-rollback"), "{refused}");
    assert_eq!(place.run(&["verify"]).code, 3);
    place.run(&["log"]).fails(3);
    place.run(&["audit", "accept-rollback", &name, "--reason", "the disk failed"]).ok();
    place.run(ENTRY).ok();
    let said = place.run(&["changes"]).ok();
    assert!(said.contains("the newest checkpoint is missing"), "{said}");
    let told = format!("1 event at the position {} was signed and is lost", lost.size - 1);
    assert!(said.contains(&told), "{said}");
    assert!(place.data(&["verify"])["sound"].as_bool().unwrap());
}

#[test]
fn a_directory_that_was_put_back_whole_is_told_by_the_mark_beside_the_keys() {
    let place = Place::new();
    let name = place.data(&["log"])["log"].as_str().unwrap().to_owned();
    let mark = place.keys().join(format!("{name}.mark"));
    let older = place.file("older");
    copy(&place.dir(), &older);
    place.run(ENTRY).ok();
    let (newest, lost) = checkpoint(&place);
    assert_eq!(fs::read(&mark).unwrap(), newest.to_bytes());
    fs::remove_dir_all(place.dir()).unwrap();
    copy(&older, &place.dir());
    let refused = place.run(ENTRY).fails(3);
    assert!(refused.contains(mark.to_str().unwrap()), "{refused}");
    assert!(refused.contains(&format!("{} events", lost.size)), "{refused}");
    // Whoever reads is told as well, and sees what is there.
    assert_eq!(place.run(&["verify"]).code, 3);
    place.run(&["log"]).fails(3);
    place.run(&["channels"]).ok();
    place.run(&["audit", "accept-rollback", &name, "--reason", "the disk failed"]).ok();
    place.run(ENTRY).ok();
    let said = place.run(&["changes"]).ok();
    assert!(said.contains("were signed and are lost"), "{said}");
    let kept = place.dir().join("checkpoints");
    let lost: Vec<_> = fs::read_dir(kept)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(&format!("lost-{}-", lost.size)))
        .collect();
    assert_eq!(lost.len(), 1);
    assert_eq!(fs::read(lost[0].path()).unwrap(), newest.to_bytes(), "whoever asks is shown it");
    let keys = vkeys(&place);
    let time = |note: &Note| note.verify(&keys[1]).unwrap().unwrap().time.unwrap();
    assert!(time(&checkpoint(&place).0) > time(&newest), "the time moves on from what was signed before");
    assert_eq!(fs::read(&mark).unwrap(), checkpoint(&place).0.to_bytes());
}

#[test]
fn of_two_copies_of_a_log_the_key_signs_one() {
    let place = Place::new();
    let other = Place::empty();
    copy(&place.dir(), &other.dir());
    place.run(ENTRY).ok();
    let keys = place.keys();
    let record = |arguments: &[&str]| other.run(&[&["--keys", keys.to_str().unwrap()], arguments].concat());
    record(ENTRY).fails(3);
    // Not with the way back that the data directory offers either.
    fs::remove_file(other.dir().join("checkpoint")).unwrap();
    record(ENTRY).fails(3);
    fs::remove_dir_all(other.dir().join("checkpoints")).unwrap();
    fs::remove_file(other.dir().join("vkey")).unwrap();
    record(ENTRY).fails(3);
    place.run(ENTRY).ok();
}

#[test]
fn keys_beside_which_no_mark_can_be_kept_sign_and_the_log_says_what_is_lost_by_that() {
    let place = Place::new();
    let file = key_file(&place);
    let handed = place.file("credentials");
    fs::create_dir(&handed).unwrap();
    fs::copy(&file, handed.join("demarche-key")).unwrap();
    fs::remove_dir_all(place.keys()).unwrap();
    let run = |keys: &Path, arguments: &[&str]| {
        let mut command = place.command(arguments);
        let ran = command.env("CREDENTIALS_DIRECTORY", &handed).env("DEMARCHE_KEYS", keys).output().unwrap();
        assert!(ran.status.success(), "{ran:?}");
        String::from_utf8(ran.stderr).unwrap()
    };
    // A place that can be no directory.
    let none = file_within(&place);
    run(&none, ENTRY);
    assert_eq!(checkpoint(&place).1.size, place.data(&["log"])["size"]);
    let told = run(&none, &["log"]);
    assert!(told.contains("no mark is kept beside the keys"), "{told}");
    // Where there is a place, the mark is kept there though the key comes from elsewhere.
    run(&place.keys(), ENTRY);
    let told = run(&place.keys(), &["log"]);
    assert!(!told.contains("no mark"), "{told}");
}

/// Returns a path below a file.
fn file_within(place: &Place) -> PathBuf {
    fs::write(place.file("file"), "").unwrap();
    place.file("file").join("keys")
}
