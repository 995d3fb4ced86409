//! Several who record at once: threads, processes, a server and a command line.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use crate::support::Place;

const EACH: usize = 10;

/// A server on the directory of a place; it is stopped when this goes out of scope.
pub(crate) struct Server(Child);

impl Server {
    fn start(place: &Place) -> Self {
        Self::start_with(place, &[])
    }

    /// Starts it with further options.
    pub(crate) fn start_with(place: &Place, options: &[&str]) -> Self {
        let mut command = place.command(&[&["serve", "--port", "0"], options].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        // It says that it listens once it does.
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        assert!(line.contains("127.0.0.1"), "{line}");
        Self(child)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn record(place: &Place, who: usize, number: usize) {
    let summary = format!("Writer {who}, entry {number}.");
    place
        .run(&[
            "--wait",
            "60",
            "record",
            "incident",
            "--from",
            "PRK",
            "--date",
            "2025-01-01",
            "--summary",
            &summary,
        ])
        .ok();
}

fn all_together(place: &Place, writers: usize) {
    std::thread::scope(|scope| {
        for who in 0..writers {
            scope.spawn(move || (0..EACH).for_each(|number| record(place, who, number)));
        }
    });
    let mut found: Vec<String> = place
        .items(&["timeline", "--limit", "1000"])
        .iter()
        .map(|row| row["summary"].as_str().unwrap().to_owned())
        .collect();
    found.sort();
    let mut expected: Vec<String> = (0..writers)
        .flat_map(|who| (0..EACH).map(move |number| format!("Writer {who}, entry {number}.")))
        .collect();
    expected.sort();
    assert_eq!(found, expected, "nothing lost, nothing twice");
    assert!(place.data(&["verify"])["sound"].as_bool().unwrap());
}

#[test]
fn processes_that_record_at_once_take_turns() {
    all_together(&Place::new(), 3);
}

#[test]
fn commands_find_the_server_that_holds_the_directory() {
    let place = Place::new();
    let server = Server::start(&place);
    all_together(&place, 4);
    drop(server);
    // Killed without a farewell: its socket is left behind, and nobody minds.
    record(&place, 9, 9);
    assert_eq!(place.items(&["timeline", "--limit", "1000"]).len(), 4 * EACH + 1);
}

#[test]
fn a_submission_sent_twice_is_recorded_once() {
    let place = Place::new();
    let request = "0190f3c2-7a1e-8d4b-9c55-2f6f0a3b1c7d";
    let arguments = [
        "record",
        "incident",
        "--from",
        "PRK",
        "--date",
        "2025-01-01",
        "--summary",
        "Once.",
        "--request",
        request,
    ];
    let first = place.data(&arguments);
    let second = place.data(&arguments);
    assert_eq!(first["receipt"]["ids"], second["receipt"]["ids"]);
    assert_eq!(
        (&first["receipt"]["repeated"], &second["receipt"]["repeated"]),
        (&false.into(), &true.into())
    );
    assert_eq!(place.items(&["timeline"]).len(), 1);
    let mut other = arguments;
    other[7] = "Something else.";
    let error = place.run(&other).fails(1);
    assert!(error.contains("request"), "{error}");
}
