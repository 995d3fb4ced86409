//! The access log: nobody is shown anything without its being noted first.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::Command;

use crate::support::Place;
use crate::together::Server;

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
fn whoever_asks_only_whether_something_is_there_is_noted_too() {
    let place = place();
    let server = Server::start_with(&place, &[]);
    let mut stream = UnixStream::connect(place.dir().join("socket")).unwrap();
    let asks =
        "HEAD /v1/entries/a HTTP/1.1\r\nhost: localhost\r\ndemarche-actor: lee\r\nconnection: close\r\n\r\n";
    stream.write_all(asks.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains("etag: "), "{answer}");
    assert!(answer.ends_with("\r\n\r\n"), "{answer}");
    drop(server);
    let rows = place.items(&["audit", "reads", "--by", "lee"]);
    assert_eq!((rows.len(), &rows[0]["asked"]), (1, &"HEAD /v1/entries/a".into()));
    // Of what stands there its tag and its length were told.
    let readers = place.items(&["audit", "readers", "a"]);
    assert_eq!((readers.len(), &readers[0]["by"]), (1, &"lee".into()));
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
    let anchors: Vec<&str> = changes
        .iter()
        .filter(|row| row["kind"] == "log.anchored")
        .map(|row| row["says"].as_str().unwrap())
        .collect();
    let [beginning, first] = anchors.as_slice() else { panic!("{anchors:?}") };
    assert!(beginning.contains("-reads-") && beginning.contains("0 events"), "{beginning}");
    assert!(first.contains("-reads-") && first.contains("1 event"), "{first}");
    // Not with every command: an hour goes by between two.
    place.run(&["show", "a"]).ok();
    place.run(&["record", "incident", "--date", "2025-08-22", "--id", "d", "--summary", "Quiet."]).ok();
    let anchors = place.items(&["changes"]).iter().filter(|row| row["kind"] == "log.anchored").count();
    assert_eq!(anchors, 2);
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
    for question in [&["audit", "reads"][..], &["audit", "readers", "a"]] {
        let said = place.run(question).fails(3);
        assert!(said.contains("the access log is missing"), "{said}");
    }
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

/// Commands that show the text of the entry `a` before or while they record something about it.
const ECHOING: [&[&str]; 4] = [
    &["annotate", "a", "A remark."],
    &["amend", "a", "--set", "note=More.", "--reason", "slip"],
    &["retract", "a", "--reason", "wrong"],
    &["redact", "a", "--basis", "Act, section 4", "--approve", "kim", "--approve", "lee"],
];

#[test]
fn what_is_shown_before_it_is_recorded_is_noted_as_any_read_is() {
    let place = place();
    let readers = || place.items(&["audit", "readers", "a"]);
    for (before, arguments) in ECHOING.iter().enumerate() {
        place.run(&[*arguments, &["--dry-run", "--actor", "lee", "--purpose", "to look"]].concat()).ok();
        let now = readers();
        assert_eq!(now.len(), before + 1, "{arguments:?}");
        assert_eq!((now[0]["by"].as_str(), now[0]["purpose"].as_str()), (Some("lee"), Some("to look")));
    }
    // What is recorded in earnest shows the entry as well.
    place.run(ECHOING[0]).ok();
    assert_eq!(readers().len(), ECHOING.len() + 1);
    // So does a submission that is laid out to be signed.
    place.run(&["author", "key", "new", "lee.key", "--name", "lee"]).ok();
    place.run(&["author", "key", "add", "lee", "lee.key", "--actor", "lee"]).ok();
    place.run(&[ECHOING[1], &["--actor", "lee", "--sign-with", "lee.key"]].concat()).ok();
    assert!(readers().len() > ECHOING.len() + 1);
    // Whoever records something of their own reads nothing.
    let lines = place.items(&["audit", "reads"]).len();
    place.run(&["record", "incident", "--date", "2025-08-21", "--id", "c", "--summary", "Quiet."]).ok();
    assert_eq!(place.items(&["audit", "reads"]).len(), lines + 1);
}

#[test]
fn where_the_access_log_is_missing_nothing_shows_an_entry_and_nothing_is_recorded_that_would() {
    let place = place();
    fs::remove_dir_all(place.dir().join("reads")).unwrap();
    let root = place.run(&["log", "--format", "json"]);
    assert_eq!(root.code, 3, "a log that was only begun to be read is held fast as well");
    let segment = place.dir().join("log/000000000000.seg");
    let before = fs::read(&segment).unwrap();
    for arguments in ECHOING {
        for dry in [&["--dry-run"][..], &[]] {
            let ran = place.run(&[arguments, dry].concat());
            assert!(!ran.out.contains("Soldiers") && !ran.err.contains("Soldiers"), "{ran:?}");
            assert!(ran.fails(3).contains("the access log is missing"), "{arguments:?} {dry:?}");
        }
    }
    assert!(fs::read(&segment).unwrap() == before, "nothing was recorded");
}

#[test]
fn from_its_beginning_on_an_access_log_cannot_be_taken_away_unnoticed() {
    let place = Place::new();
    place.run(&["audit", "log-reads"]).ok();
    fs::remove_dir_all(place.dir().join("reads")).unwrap();
    let said = place.run(&["show", "#0"]).fails(3);
    assert!(said.contains("the access log is missing"), "{said}");
    place.run(&["audit", "log-reads", "--anew", "the disk failed"]).ok();
    place.run(&["show", "#0"]).ok();
    // The other one is held fast from its beginning too.
    fs::remove_dir_all(place.dir().join("reads")).unwrap();
    place.run(&["show", "#0"]).fails(3);
}

#[test]
fn a_server_whose_access_log_is_taken_away_answers_nothing_more() {
    let place = place();
    let server = Server::start_with(&place, &[]);
    place.run(&["show", "a"]).ok();
    let reads = place.dir().join("reads");
    fs::rename(&reads, place.file("elsewhere")).unwrap();
    for arguments in [&["show", "a"][..], &["annotate", "a", "q", "--dry-run"]] {
        let ran = place.run(arguments);
        assert!(ran.out.is_empty(), "{ran:?}");
        let said = ran.fails(3);
        assert!(said.contains("the access log was taken away or replaced"), "{said}");
    }
    // Another in its place is not the one in which the server writes.
    assert!(
        Command::new("cp").arg("-a").arg(place.file("elsewhere")).arg(&reads).status().unwrap().success()
    );
    place.run(&["show", "a"]).fails(3);
    fs::remove_dir_all(&reads).unwrap();
    fs::rename(place.file("elsewhere"), &reads).unwrap();
    place.run(&["show", "a"]).ok();
    drop(server);
}
