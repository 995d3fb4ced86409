//! The examples of every help: each works as it is printed, on the log that the demonstration leaves.

use std::process::{Command, Output, Stdio};

use demarche::tlog::add_checkpoint::AddCheckpoint;
use demarche::tlog::checkpoint::Checkpoint;
use demarche::tlog::empty_root;
use demarche::tlog::key::{SeedSigner, SignatureType, Signer};
use demarche::tlog::note::Note;

use crate::support::Place;

/// Commands whose examples work on another log than the one of the demonstration, or never end.
const APART: &[&str] = &["serve", "demo", "init", "adopt", "witness", "login", "logout"];

/// Commands within others of which the same is true: they name a log in another place, or one that was set
/// back.
const APART_INNER: &[&str] = &["log-reads", "accept-rollback"];

/// Commands with commands of their own, each with its examples.
const WITH_INNER: &[&str] = &["account", "util", "key", "audit", "import"];

/// Runs the program where a reader of its help would: in a directory of files, with the log of the demo.
fn run(place: &Place, words: &[String], input: Stdio) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_demarche"));
    command.env_clear().env("DEMARCHE_ACTOR", "kim").env("DEMARCHE_DIR", place.dir());
    command.env("DEMARCHE_KEYS", place.keys());
    command.current_dir(place.file("")).args(words).stdin(input).output().unwrap()
}

fn said(place: &Place, words: &[&str]) -> String {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let output = run(place, &words, Stdio::null());
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Returns the commands that a help lists: a name two spaces in, and what it does.
fn commands(help: &str) -> Vec<String> {
    let listed = help.lines().filter_map(|line| {
        let (name, about) = line.strip_prefix("  ")?.split_once("  ")?;
        let is_name = !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
            && name != "help";
        (is_name && about.trim_start().starts_with(char::is_uppercase)).then(|| name.to_owned())
    });
    listed.collect()
}

/// Returns the examples of a help.
fn examples(help: &str) -> Vec<String> {
    let (_, examples) = help.rsplit_once("Examples:\n").unwrap_or_default();
    examples.lines().map_while(|line| line.strip_prefix("  ")).map(ToOwned::to_owned).collect()
}

/// Returns the words of a line as a shell reads them.
fn shell(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for letter in line.chars() {
        match letter {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            letter => words.last_mut().unwrap().push(letter),
        }
    }
    words
}

/// Runs an example, whose input may be a file beside the log.
#[track_caller]
fn works(place: &Place, example: &str) {
    let (input, line) = match example.split_once(" | ") {
        Some((cat, line)) => {
            (std::fs::File::open(place.file(cat.trim_start_matches("cat "))).unwrap().into(), line)
        }
        None => (Stdio::null(), example),
    };
    let words = shell(line);
    assert_eq!(words[0], "demarche", "{example}");
    // A directory of this machine is one of the place here.
    let words: Vec<String> = words[1..]
        .iter()
        .map(|word| match word.rsplit_once('/') {
            Some((path, name)) if path.starts_with('/') => place.file(name).display().to_string(),
            _ => word.clone(),
        })
        .collect();
    let output = run(place, &words, input);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{example}: {error}");
}

#[test]
fn every_example_of_every_help_works_on_the_log_that_the_demonstration_leaves() {
    let place = Place::empty();
    place.run(&["demo"]).ok();
    let chronology = include_str!("../../src/desk/demo/chronology.jsonl");
    std::fs::write(place.file("chronology.jsonl"), chronology).unwrap();
    let entry = r#"{"kind":"incident","date":"2025-08-19","from":"PRK","summary":"Soldiers cross the line"}"#;
    std::fs::write(place.file("entries.jsonl"), entry).unwrap();
    let instead = r#"{"kind":"incident","summary":"What may still be said"}"#;
    std::fs::write(place.file("instead.json"), instead).unwrap();
    let calls = "No.,Date,Line,Result\n1,05/04/2023,mil-west,answered\n2,07/04/2023,mil-west,not answered\n";
    std::fs::write(place.file("calls.csv"), calls).unwrap();
    let mapping = r#"{"key": ["No."], "dates": ["%d/%m/%Y"],
        "kinds": [{"when": {"column": "Result", "is": "answered"}, "kind": "call.answered"},
                  {"when": {"column": "Result", "contains": "not"}, "kind": "call.unanswered"}],
        "fields": {"date": {"column": "Date"}, "channel": {"column": "Line"}}}"#;
    std::fs::write(place.file("calls.json"), mapping).unwrap();
    std::fs::write(place.file("passphrase"), "correct horse\n").unwrap();
    let help = said(&place, &["--help"]);
    let commands_listed = commands(&help);
    assert!(commands_listed.len() > 35, "{commands_listed:?}");
    for example in examples(&help) {
        works(&place, &example);
    }
    for command in commands_listed.iter().filter(|command| !APART.contains(&command.as_str())) {
        let help = said(&place, &[command, "--help"]);
        if command == "audit" {
            said(&place, &["key", "export-vkey", "--to", "desk.vkey"]);
            said(&place, &["audit", "log-reads"]);
            witnessed(&place);
        }
        for inner in commands(&help).iter().filter(|_| WITH_INNER.contains(&command.as_str())) {
            let help = said(&place, &[command, inner, "--help"]);
            for innermost in commands(&help).iter().filter(|_| inner == "master") {
                let examples = examples(&said(&place, &[command, inner, innermost, "--help"]));
                assert_eq!(examples.len(), 2, "{command} {inner} {innermost}");
                for example in &examples {
                    works(&place, example);
                }
            }
            let of_inner = examples(&help);
            assert_eq!(of_inner.len(), 2, "{command} {inner}");
            for example in of_inner.iter().filter(|_| !APART_INNER.contains(&inner.as_str())) {
                works(&place, example);
            }
        }
        let examples = examples(&help);
        assert_eq!(examples.len(), 2, "{command}: {help}");
        let waiting = if command == "confirm" { held(&place) } else { String::new() };
        for example in &examples {
            works(&place, &example.replace("1a2b3c4d", &waiting));
        }
    }
}

/// Leaves something that waits for a second person, and returns what names it.
fn held(place: &Place) -> String {
    said(place, &["mark", "ik-147", "TLP:CLEAR", "--reason", "both sides published it", "--actor", "park"]);
    let held: serde_json::Value = serde_json::from_str(&said(place, &["held", "--format", "json"])).unwrap();
    // Others may wait by what an example of another command did.
    let own = held["data"]["items"].as_array().unwrap().iter().find(|row| row["recorder"] == "park");
    own.unwrap()["handle"].as_str().unwrap().to_owned()
}

/// Leaves a policy that names a witness, and what that witness answered.
fn witnessed(place: &Place) {
    let made = said(place, &["witness", "init", "--name", "w.example", "--state", "watch"]);
    let key = made.split_whitespace().find(|word| word.starts_with("w.example+")).unwrap();
    std::fs::write(place.file("witnesses.policy"), format!("witness w {key}\nquorum w\n")).unwrap();
    said(place, &["witness", "trust", "desk.vkey", "--state", "watch"]);
    // The checkpoint that is handed out with a bundle is kept.
    said(place, &["audit", "export", "kept"]);
    said(place, &["audit", "consistency", "0", "--out", "request"]);
    let answer = said(place, &["witness", "cosign", "request", "--state", "watch"]);
    std::fs::write(place.file("answer.txt"), answer).unwrap();
}

#[test]
fn the_examples_that_begin_a_log_work_where_none_is() {
    for command in ["init", "demo"] {
        for example in examples(&said(&Place::empty(), &[command, "--help"])) {
            works(&Place::empty(), &example);
        }
    }
}

#[test]
fn the_examples_that_adopt_a_copy_work_on_a_copy() {
    let desk = Place::new();
    said(&desk, &["export", "desk.jsonl"]);
    let name = desk.data(&["log"])["log"].as_str().unwrap().to_owned();
    for example in examples(&said(&desk, &["adopt", "--help"])) {
        let copy = Place::empty();
        desk.share_keys(&copy);
        let export = desk.file("desk.jsonl").display().to_string();
        let dir = if example.contains("--dir") { copy.file("copy") } else { copy.dir() };
        said(&copy, &["import", &export, "--dir", &dir.display().to_string()]);
        works(&copy, &example.replace("desk-0a1b2c3d", &name));
    }
}

#[test]
fn the_examples_of_a_witness_work_in_their_order() {
    let place = Place::empty();
    let origin = "desk-1a2b3c4d";
    let log = SeedSigner::new(origin.parse().unwrap(), SignatureType::Ed25519, &[1; 32]);
    std::fs::write(place.file("desk.vkey"), format!("{}\n", log.key())).unwrap();
    let (origin, root) = (origin.parse().unwrap(), empty_root());
    let mut note = Note::new(Checkpoint { origin, size: 0, root, extensions: vec![] }.text()).unwrap();
    note.sign(&log, None).unwrap();
    std::fs::write(place.file("checkpoint"), note.to_bytes()).unwrap();
    let request = AddCheckpoint { old: 0, proof: Vec::new(), checkpoint: note };
    std::fs::write(place.file("request"), request.to_bytes()).unwrap();
    let mut seen = 0;
    for inner in ["init", "trust", "cosign", "list"] {
        let examples = examples(&said(&place, &["witness", inner, "--help"]));
        assert_eq!(examples.len(), 2, "{inner}");
        for example in &examples {
            works(&place, example);
        }
        seen += 1;
    }
    // The one that is left never ends.
    assert_eq!(commands(&said(&place, &["witness", "--help"])).len(), seen + 1);
    let checkpoint = Note::parse(&std::fs::read(place.file("checkpoint")).unwrap()).unwrap();
    assert_eq!(checkpoint.signatures().len(), 2, "the cosignature was added");
}
