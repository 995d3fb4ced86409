//! The program at the prompt: what it prints, in which format, and the demonstration.

use crate::support::Place;

/// A place with a line and two calls on it.
fn place() -> Place {
    let place = Place::new();
    place
        .run(&["channel", "register", "mil-west", "--end", "KOR", "--end", "PRK", "--alias", "서해지구"])
        .ok();
    place.run(&["call", "mil-west", "answered", "--date", "2023-04-06"]).ok();
    place.run(&["call", "서해지구", "unanswered", "--date", "2023-04-07", "--slot", "09:00,16:00"]).ok();
    place
}

#[test]
fn the_demonstration_runs_again_and_again_and_leaves_a_log_that_answers() {
    let place = Place::empty();
    let first = place.run(&["demo"]).ok();
    for part in ["mil-west", "ik-147", "before the last reports", "sound:", "What to type next"] {
        assert!(first.contains(part), "`{part}` is not in: {first}");
    }
    assert!(first.lines().count() <= 130, "a minute's reading: {} lines", first.lines().count());
    assert!(first.contains("Two entries are made up for this demonstration"), "{first}");
    assert_eq!(place.data(&["thread", "ik-147"])["overture"]["currency"], "standing");
    let size = place.data(&["log"])["size"].clone();
    let again = place.run(&["demo"]).ok();
    assert!(again.contains("log-2"), "{again}");
    assert_eq!(place.data(&["log"])["size"], size);
}

#[test]
fn every_format_tells_of_the_same_entries() {
    let place = place();
    let lines = |format: &str| {
        let out = place.run(&["timeline", "--format", format]).ok();
        out.lines().map(ToOwned::to_owned).collect::<Vec<_>>()
    };
    let handles: Vec<String> =
        place.items(&["timeline"]).iter().map(|row| row["handle"].as_str().unwrap().to_owned()).collect();
    assert_eq!(handles.len(), 2);
    for (format, heads) in [("jsonl", 0), ("csv", 1), ("tsv", 1)] {
        let lines = lines(format);
        assert_eq!(lines.len(), handles.len() + heads, "{format}");
        for (line, handle) in lines.iter().skip(heads).zip(&handles) {
            assert!(line.contains(handle), "{format}: {line}");
        }
    }
    let text = lines("text");
    assert!(text.last().unwrap().contains("as known at position"), "{text:?}");
}

#[test]
fn a_dry_run_records_nothing_and_a_repeated_submission_nothing_twice() {
    let place = place();
    let size = || place.data(&["log"])["size"].clone();
    let before = size();
    let call = ["call", "mil-west", "answered", "--date", "2023-04-08"];
    place.run(&[&call[..], &["--dry-run"]].concat()).ok();
    assert_eq!(size(), before);
    let request = ["--request", "0190f3c2-7a1e-8d4b-9c55-2f6f0a3b1c7d"];
    place.run(&[&call[..], &request].concat()).ok();
    let after = size();
    assert_ne!(after, before);
    let again = place.run(&[&call[..], &request].concat()).ok();
    assert!(again.contains("nothing was recorded now"), "{again}");
    assert_eq!(size(), after);
}

#[test]
fn entries_come_in_as_json_all_or_none() {
    let place = place();
    let size = || place.data(&["log"])["size"].clone();
    let before = size();
    let good = r#"{"kind":"call.answered","channel":"mil-west","date":"2023-04-08"}"#;
    let wrong = r#"{"kind":"call.answered","channel":"mil-west","date":"2023-02-30"}"#;
    place.feed(&["record", "--json", "-"], format!("{good}\n{wrong}").as_bytes()).fails(1);
    place.feed(&["record", "--json", "-"], format!("{good}\n{{\"kind\"").as_bytes()).fails(1);
    assert_eq!(size(), before);
    place.feed(&["record", "--json", "-"], format!("[{good}]").as_bytes()).ok();
    assert_ne!(size(), before);
}

#[test]
fn a_guard_keeps_out_what_the_caller_did_not_expect() {
    let place = place();
    let call = ["call", "mil-west", "unanswered", "--date", "2023-04-08", "--expect", "severed"];
    let error = place.run(&call).fails(1);
    assert!(error.contains("mil-west"), "{error}");
}

#[test]
fn a_question_about_nothing_is_usage_and_a_file_is_no_place_for_a_log() {
    let place = place();
    for command in ["show", "thread", "history"] {
        let error = place.run(&[command, ""]).fails(2);
        assert!(error.contains("nothing is named"), "{error}");
    }
    let file = place.file("a-file");
    std::fs::write(&file, "").unwrap();
    let error = place.run(&["init", "--dir", file.to_str().unwrap()]).fails(1);
    assert!(error.contains("is a file"), "{error}");
}

#[test]
fn no_list_says_that_there_is_no_summary_and_corrections_say_what_they_do() {
    let place = place();
    let call = place.items(&["timeline"])[0]["handle"].as_str().unwrap().to_owned();
    place.run(&["retract", &call, "--reason", "reported twice"]).ok();
    for command in [&["changes"][..], &["timeline", "--bookkeeping"], &["channels"]] {
        let out = place.run(command).ok();
        assert!(!out.contains("no summary"), "{out}");
    }
    let changes = place.run(&["changes"]).ok();
    for part in [format!("strikes {call}: reported twice"), "enters the line mil-west".to_owned()] {
        assert!(changes.contains(&part), "{part}: {changes}");
    }
}

#[test]
fn an_entry_shows_where_what_it_began_stands_as_known_then() {
    let place = Place::new();
    let propose =
        ["propose", "Talks", "--from", "KOR", "--to", "PRK", "--id", "talks", "--date", "2025-11-17"];
    place.run(&propose).ok();
    place.run(&["moment", "before the answer"]).ok();
    place.run(&["respond", "talks", "rejected", "No", "--from", "PRK", "--date", "2025-11-20"]).ok();
    let standing = |then: &[&str]| {
        place.data(&[&["show", "talks"], then].concat())["standing"][0].as_str().unwrap().to_owned()
    };
    assert!(standing(&[]).contains("rejected"), "{}", standing(&[]));
    let then = standing(&["--known-as-of", "before the answer"]);
    assert!(then.contains("pending") && !then.contains("rejected"), "{then}");
}

#[test]
fn a_dry_run_says_what_it_would_register() {
    let place = Place::new();
    let propose = ["propose", "Talks", "--from", "KOR", "--to", "PRK", "--dry-run"];
    let out = place.run(&propose).ok();
    assert!(out.contains("would register: ") && !out.contains("\nregistered: "), "{out}");
}
