//! An import that is interrupted at the keyboard says what of it stays, and the same import records the rest.

use std::fmt::Write as _;
use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Place, Ran};

/// How many rows the file has: several appends of a thousand.
const ROWS: usize = 6_000;

fn rows() -> String {
    (0..ROWS).fold(String::new(), |mut rows, number| {
        let _ = writeln!(
            rows,
            r#"{{"id":"r-{number}","kind":"statement.public","date":"2024-03-{:02}","from":"PRK","channel":"media","summary":"statement {number}"}}"#,
            number % 28 + 1
        );
        rows
    })
}

/// Returns how many bytes the records of a log have.
fn recorded(place: &Place) -> u64 {
    let records = fs::read_dir(place.file("log/log")).into_iter().flatten().flatten();
    records.filter_map(|file| file.metadata().ok()).map(|metadata| metadata.len()).sum()
}

#[test]
fn an_import_that_is_interrupted_says_what_stays_and_the_same_again_records_the_rest() {
    let place = Place::new();
    fs::write(place.file("rows.jsonl"), rows()).unwrap();
    let before = recorded(&place);
    let mut command = place.command(&["import", "rows.jsonl"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let began = Instant::now();
    while recorded(&place) < before + 400_000 {
        assert!(began.elapsed() < Duration::from_mins(5), "nothing was recorded");
        std::thread::sleep(Duration::from_millis(2));
    }
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let interrupted = Ran::of(&child.wait_with_output().unwrap());
    assert_eq!(interrupted.code, 130, "{interrupted:?}");
    assert!(interrupted.err.contains("are recorded and stay"), "{interrupted:?}");
    assert!(
        interrupted.err.contains("the same command records the rest, and nothing twice"),
        "{interrupted:?}"
    );
    place.run(&["verify"]).ok();
    let again = place.run(&["--format", "json", "import", "rows.jsonl"]).ok();
    let answer: serde_json::Value = serde_json::from_str(&again).unwrap();
    let number = |field: &str| answer["data"][field].as_u64().unwrap();
    assert!(number("already") >= 500 && number("recorded") >= 1, "{answer}");
    assert_eq!(number("already") + number("recorded"), ROWS as u64);
}
