//! The master key, as whoever runs a log meets it, and as whoever steals one does.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;

use crate::redaction::traces::{Traces, files_below};
use crate::support::{Place, Ran};
use crate::together::Server;

const SUMMARY: &str = "Zeppelin quagga over Görlitz";
const ENTRY: &[&str] =
    &["record", "incident", "--date", "2025-08-19", "--id", "ik-147", "--from", "KOR", "--summary", SUMMARY];

/// Draws a master key beside the log, and returns its file.
fn draw(place: &Place, name: &str) -> String {
    let file = place.file(name).display().to_string();
    place.run(&["key", "master", "new", &file]).ok();
    file
}

/// Returns a place whose log has an entry, notes its readers and is under the master key of the file.
fn under_a_master_key() -> (Place, String) {
    let place = Place::empty();
    place.run(&["init", "--name", "test", "--zone", "Asia/Seoul", "--log-reads"]).ok();
    place.run(ENTRY).ok();
    place.run(&["show", "ik-147", "--actor", "mallory"]).ok();
    let key = draw(&place, "one.master");
    place.run(&["key", "master", "set", &key]).ok();
    (place, key)
}

/// Runs the program with the master key of a file.
fn run(place: &Place, key: &str, arguments: &[&str]) -> Ran {
    place.run(&[arguments, &["--master-key-file", key]].concat())
}

/// Returns the master keys in use, by what they are over; an empty one is none.
fn in_use(place: &Place) -> BTreeSet<(String, String)> {
    let shown = place.run(&["key", "master", "show", "--format", "json"]).ok();
    let rows = serde_json::from_str::<Value>(&shown).unwrap()["items"].as_array().unwrap().clone();
    let text = |row: &Value, field: &str| row[field].as_str().unwrap_or_default().to_owned();
    rows.iter().map(|row| (text(row, "of"), text(row, "master"))).collect()
}

/// Returns every file of the log with what is in it.
fn contents(place: &Place) -> Vec<(PathBuf, Vec<u8>)> {
    files_below(&place.dir()).into_iter().map(|(path, bytes)| (PathBuf::from(path), bytes)).collect()
}

#[test]
fn a_master_key_is_a_file_of_digits_that_its_owner_alone_can_read_outside_the_log() {
    let place = Place::new();
    let key = draw(&place, "one.master");
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    let spelt = fs::read_to_string(&key).unwrap();
    assert_eq!((spelt.len(), spelt.ends_with('\n')), (65, true));
    assert!(spelt.trim_end().bytes().all(|digit| digit.is_ascii_hexdigit()));
    let again = place.run(&["key", "master", "new", &key]).fails(1);
    assert!(again.contains("already"), "{again}");
    assert_eq!(fs::read_to_string(&key).unwrap(), spelt, "a key is never overwritten");
    let within = place.dir().join("one.master").display().to_string();
    for command in ["new", "set"] {
        let refused = place.run(&["key", "master", command, &within]).fails(1);
        assert!(refused.contains("within the data directory"), "{refused}");
    }
    assert!(!Path::new(&within).exists());
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    let exposed = place.run(&["key", "master", "set", &key]).fails(1);
    assert!(exposed.contains("0640") && exposed.contains("chmod 600"), "{exposed}");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    for wrong in ["", "ab\n", &spelt[1..], &format!("{spelt}\n"), &spelt.replace(&spelt[..1], "g")] {
        fs::write(&key, wrong).unwrap();
        let garbled = place.run(&["key", "master", "set", &key]).fails(1);
        assert!(garbled.contains("64 hexadecimal digits"), "{garbled}");
    }
    let absent = place.run(&["key", "master", "set", "nowhere.master"]).fails(1);
    assert!(absent.contains("nowhere.master"), "{absent}");
    assert_eq!(in_use(&place), [("log".to_owned(), String::new())].into());
}

#[test]
fn without_its_master_key_a_log_opens_for_nothing_and_stays_as_it_is() {
    let (place, key) = under_a_master_key();
    let other = draw(&place, "other.master");
    let before = contents(&place);
    let all: [&[&str]; 5] = [&["show", "ik-147"], &["verify"], &["export"], ENTRY, &["serve", "--port", "0"]];
    for command in all {
        let needed = place.run(command).fails(1);
        assert!(needed.contains("--master-key-file") && needed.contains("none was given"), "{needed}");
        let wrong = run(&place, &other, command).fails(1);
        assert!(wrong.contains("another master key") && wrong.contains("--master-key-file"), "{wrong}");
    }
    let after: Vec<_> = contents(&place);
    let changed = |(path, bytes): &&(PathBuf, Vec<u8>)| {
        !path.ends_with("lock") && !before.iter().any(|known| (&known.0, &known.1) == (path, bytes))
    };
    assert_eq!(after.iter().find(changed).map(|file| &file.0), None);
    assert!(run(&place, &key, &["show", "ik-147"]).ok().contains(SUMMARY));
}

#[test]
fn it_is_taken_from_a_file_a_descriptor_the_environment_or_a_supervisor() {
    let (place, key) = under_a_master_key();
    let shown = |command: &mut std::process::Command| {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    shown(place.command(&["show", "ik-147"]).env("DEMARCHE_MASTER_KEY_FILE", &key));
    // Standard input is a descriptor as well.
    let file = Stdio::from(fs::File::open(&key).unwrap());
    shown(place.command(&["show", "ik-147", "--master-key-fd", "0"]).stdin(file));
    let credentials = place.file("credentials");
    fs::create_dir(&credentials).unwrap();
    fs::copy(&key, credentials.join("demarche-master-key")).unwrap();
    // A supervisor lets the account read it by a rule that shows as rights of the group.
    fs::set_permissions(credentials.join("demarche-master-key"), fs::Permissions::from_mode(0o440)).unwrap();
    shown(place.command(&["show", "ik-147"]).env("CREDENTIALS_DIRECTORY", &credentials));
    // What is named goes before what is handed over.
    let other = draw(&place, "other.master");
    run(&place, &other, &["show", "ik-147"]).fails(1);
    let mut command = place.command(&["show", "ik-147", "--master-key-file", &other]);
    assert_eq!(command.env("DEMARCHE_MASTER_KEY_FILE", &key).output().unwrap().status.code(), Some(1));
}

#[test]
fn a_log_comes_under_a_master_key_under_another_and_under_none() {
    let (place, one) = under_a_master_key();
    let both = |id: &str| BTreeSet::from(["log", "reads"].map(|of| (of.to_owned(), id.to_owned())));
    let two = draw(&place, "two.master");
    let first = in_use(&place);
    assert_eq!(first.len(), 2, "the access log is under it as well: {first:?}");
    let id = first.first().unwrap().1.clone();
    assert_eq!(first, both(&id));
    assert_eq!(id.len(), 16);
    assert!(!fs::read_to_string(&one).unwrap().contains(&id), "the id tells nothing of the key");
    let needed = place.run(&["key", "master", "set", &two]).fails(1);
    assert!(needed.contains("--master-key-file"), "{needed}");
    place.run(&["key", "master", "remove"]).fails(1);
    assert_eq!(in_use(&place), first);
    run(&place, &one, &["key", "master", "set", &two]).ok();
    let second = in_use(&place);
    assert_ne!(second, first);
    assert_eq!(second.len(), 2);
    run(&place, &one, &["show", "ik-147"]).fails(1);
    assert!(run(&place, &two, &["show", "ik-147"]).ok().contains(SUMMARY));
    let readers = run(&place, &two, &["audit", "readers", "ik-147"]).ok();
    assert!(readers.contains("mallory"), "{readers}");
    // Both are asked for again: nothing is left to do.
    run(&place, &one, &["key", "master", "set", &two]).ok();
    assert_eq!(in_use(&place), second);
    run(&place, &two, &["key", "master", "remove"]).ok();
    assert_eq!(in_use(&place), both(""));
    assert!(place.run(&["show", "ik-147"]).ok().contains(SUMMARY));
    // One that nothing is under is no lock, and is not taken for one.
    let unused = run(&place, &two, &["show", "ik-147"]).fails(1);
    assert!(unused.contains("under no master key") && unused.contains("key master set"), "{unused}");
    run(&place, &two, &["key", "master", "remove"]).ok();
}

#[test]
fn everything_works_under_a_master_key() {
    let key_place = Place::empty();
    let key = draw(&key_place, "one.master");
    let place = Place::empty();
    run(&place, &key, &["init", "--name", "test", "--zone", "Asia/Seoul", "--log-reads"]).ok();
    run(&place, &key, ENTRY).ok();
    run(&place, &key, &["show", "ik-147"]).ok();
    let used = in_use(&place);
    assert_eq!(used.len(), 2);
    assert!(used.iter().all(|(_, master)| master.len() == 16), "{used:?}");
    assert!(run(&place, &key, &["verify"]).ok().contains("sound"));
    run(&place, &key, &["rebuild", "--check"]).ok();
    let name = {
        let log = run(&place, &key, &["log", "--format", "json"]).ok();
        serde_json::from_str::<Value>(&log).unwrap()["data"]["log"].as_str().unwrap().to_owned()
    };
    let export = place.file("desk.jsonl").display().to_string();
    run(&place, &key, &["export", &export]).ok();
    run(&place, &key, &["audit", "export", "bundle"]).ok();
    place.run(&["audit", "show", "bundle"]).ok();

    // A copy is under the key that it is made with, and goes on under it.
    let copy = Place::empty();
    place.share_keys(&copy);
    run(&copy, &key, &["import", &export]).ok();
    copy.run(&["show", "ik-147"]).fails(1);
    assert!(run(&copy, &key, &["show", "ik-147"]).ok().contains(SUMMARY));
    let other = draw(&copy, "other.master");
    run(&copy, &key, &["key", "master", "set", &other]).ok();
    run(&copy, &other, &["adopt", &name]).ok();
    run(&copy, &other, &["annotate", "ik-147", "Seen"]).ok();
    let unsigned = Place::empty();
    run(&unsigned, &key, &["init", "--no-keys"]).ok();
    unsigned.run(&["log"]).fails(1);

    // A text that is removed is gone.
    let redact = ["redact", "ik-147", "--basis", "Order 12", "--approve", "kim", "--approve", "lee"];
    run(&place, &key, &redact).ok();
    assert!(!run(&place, &key, &["show", "ik-147"]).ok().contains(SUMMARY));
    assert!(run(&place, &key, &["verify"]).ok().contains("sound"));
    assert_eq!(in_use(&place), used, "what was written since is under it as well");
}

#[test]
fn a_server_is_sent_no_master_key_and_its_callers_need_none() {
    let (place, key) = under_a_master_key();
    let server = Server::start_with(&place, &["--master-key-file", &key]);
    assert!(place.run(&["show", "ik-147"]).ok().contains(SUMMARY));
    let two = draw(&place, "two.master");
    for act in [&["key", "master", "set", &two][..], &["key", "master", "remove"]] {
        let refused = run(&place, &key, &[act, &["--wait", "0"]].concat()).fails(4);
        assert!(refused.contains("stop it"), "{refused}");
    }
    assert_eq!(in_use(&place).len(), 2, "to show it asks nobody");
    drop(server);
    run(&place, &key, &["key", "master", "set", &two]).ok();
}

#[test]
fn a_change_that_was_cut_off_goes_on_with_both_keys() {
    let (place, one) = under_a_master_key();
    let two = draw(&place, "two.master");
    let secrets = ["secrets", "reads/secrets"].map(|dir| place.dir().join(dir));
    let key = |dir: &Path| dir.join("keys/00000000.key");
    let old = secrets.each_ref().map(|dir| fs::read(key(dir)).unwrap());
    run(&place, &one, &["key", "master", "set", &two]).ok();
    let new = secrets.each_ref().map(|dir| fs::read(key(dir)).unwrap());
    let id = in_use(&place).first().unwrap().1.clone();
    let [main, reads] = &secrets;
    // As it was between the two logs, and as it was before the log itself, that was announced.
    for announced in [false, true] {
        fs::write(key(main), &old[0]).unwrap();
        fs::write(key(reads), &new[1]).unwrap();
        if announced {
            fs::write(main.join("rewrapping"), format!("{id}\n")).unwrap();
            assert!(place.run(&["key", "master", "show"]).ok().contains("cut off"));
        }
        assert_eq!(in_use(&place).len(), 2);
        let refused = run(&place, &two, &["show", "ik-147"]).fails(1);
        assert!(refused.contains("both are needed"), "{refused}");
        run(&place, &one, &["key", "master", "set", &two]).ok();
        assert_eq!(in_use(&place), [("log".to_owned(), id.clone()), ("reads".to_owned(), id.clone())].into());
        assert!(!main.join("rewrapping").exists());
        assert!(run(&place, &two, &["show", "ik-147"]).ok().contains(SUMMARY));
    }
    // A removal that was announced and cut off is ended by the next command that records.
    fs::write(main.join("rewrapping"), "bare\n").unwrap();
    run(&place, &two, &["annotate", "ik-147", "Seen"]).ok();
    run(&place, &two, &["key", "master", "remove"]).ok();
    assert!(place.run(&["show", "ik-147"]).ok().contains(SUMMARY));
}

#[test]
fn a_stolen_directory_under_a_master_key_tells_no_text_and_no_name() {
    let (place, key) = under_a_master_key();
    let said = ["Marzipan footnote", "Kumquat mistake", "Pomelo evening"];
    run(&place, &key, &["annotate", "ik-147", said[0], "--actor", "Persephone"]).ok();
    run(&place, &key, &["amend", "ik-147", "--set", "note=Obsidian", "--reason", said[1]]).ok();
    run(&place, &key, &["moment", said[2]]).ok();
    run(&place, &key, &["party", "register", "KOR/jcs", "--alias", "합동참모본부"]).ok();
    run(&place, &key, &["show", "ik-147", "--actor", "mallory", "--purpose", "Tamarind enquiry"]).ok();
    run(&place, &key, &["rebuild"]).ok();
    let texts = [
        &[SUMMARY, "Obsidian", "Persephone", "mallory", "Tamarind enquiry", "ik-147", "합동참모본부"][..],
        &said,
    ]
    .concat();
    let mut traces = vec![Traces::of(&texts)];
    // Nor is there a bare key or a secret that would open one: what `export` gives to whoever has the key.
    let export = run(&place, &key, &["export"]).ok();
    let lines = export.lines().skip(1).map(|line| serde_json::from_str::<Value>(line).unwrap());
    let salts: Vec<String> = lines.filter_map(|line| line["salt"].as_str().map(ToOwned::to_owned)).collect();
    assert!(salts.len() > 5);
    traces.push(Traces::of_bytes(&salts));
    traces.push(Traces::of_bytes(&[fs::read_to_string(&key).unwrap().trim_end().to_owned()]));
    for (path, bytes) in contents(&place) {
        for traces in &traces {
            assert_eq!(traces.found_in(&bytes), Vec::<String>::new(), "{}", path.display());
        }
        let is_key = path.parent().is_some_and(|dir| dir.ends_with("secrets/keys"));
        assert!(!is_key || bytes.len() == 76, "{} is bare", path.display());
    }
    // What it does tell is in the projections: dates, kinds and who with whom, by numbers.
    let day = 1_755_529_200_000_000_i64.to_le_bytes();
    let tells = |(path, bytes): &(PathBuf, Vec<u8>)| {
        path.to_string_lossy().contains("projections/events-") && bytes.windows(8).any(|part| part == day)
    };
    assert!(contents(&place).iter().any(tells), "19 August 2025 in Seoul stands there in the clear");
}

#[test]
fn a_master_key_is_made_within_no_log_and_what_it_opens_is_its_owners_alone() {
    let (place, other) = (Place::new(), Place::new());
    let within = other.dir().join("in.master");
    let refused = place.run(&["key", "master", "new", within.to_str().unwrap()]).fails(1);
    assert!(refused.contains("within the data directory") && !within.exists(), "{refused}");
    place.run(ENTRY).ok();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let keys = place.dir().join("secrets/keys");
    assert_eq!(mode(&keys), 0o700);
    for dir in [place.dir().join("secrets"), keys] {
        for file in fs::read_dir(dir).unwrap().map(|file| file.unwrap().path()).filter(|file| file.is_file())
        {
            assert_eq!(mode(&file), 0o600, "{}", file.display());
        }
    }
}
