//! The tour of the README, and the thirty questions of the chronology, go as they are shown.

mod terminals;

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use terminals::{Terminals, blocks};

/// The heading of the section in which several people work at once.
const DESK: &str = "## Run it for a desk";

/// Parts a text into what stands under a heading, and the rest.
fn parted(text: &str, heading: &str) -> (String, String) {
    let (mut within, mut without, mut is_within) = (String::new(), String::new(), false);
    let mut is_code = false;
    for line in text.split_inclusive('\n') {
        is_code ^= line.starts_with("```");
        if !is_code && line.starts_with("## ") {
            is_within = line.trim_end() == heading;
        }
        if is_within { within.push_str(line) } else { without.push_str(line) }
    }
    (within, without)
}

/// Returns the commands of the console blocks, each with the lines that are shown for it.
fn tour(readme: &str) -> Vec<(String, Vec<String>)> {
    let mut commands: Vec<(String, Vec<String>)> = Vec::new();
    let mut inside = false;
    for line in readme.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if inside && let Some(command) = line.strip_prefix("$ ") {
            commands.push((command.to_owned(), Vec::new()));
        } else if inside && let Some((_, shown)) = commands.last_mut() {
            shown.push(line.trim_end().to_owned());
        }
    }
    commands
}

/// Tells whether a line is what is shown, where `…` stands for whatever differs from run to run.
fn is_shown(shown: &str, line: &str) -> bool {
    let mut parts = shown.split('…');
    let Some(mut rest) = parts.next().and_then(|first| line.strip_prefix(first)) else { return false };
    let mut last = None;
    for part in parts {
        last = Some(part);
        match rest.find(part) {
            Some(place) => rest = &rest[place + part.len()..],
            None => return false,
        }
    }
    last.map_or(rest.is_empty(), |part| part.is_empty() || rest.is_empty())
}

/// Runs the commands of a text in an empty place, one after the other, and looks for what it shows.
#[track_caller]
fn goes_as_shown(file: &str, commands_min: usize) {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
    let place = tempfile::tempdir().unwrap();
    let path = path();
    // What several people do at once has a test of its own.
    let commands = tour(&parted(&text, DESK).1);
    assert!(commands.len() >= commands_min, "{file} has commands");
    for (command, shown) in commands {
        let output = Command::new("sh")
            .args(["-c", &command])
            .env_clear()
            .env("PATH", &path)
            .env("DEMARCHE_DIR", "tour")
            .env("DEMARCHE_ACTOR", "kim")
            .env("DEMARCHE_KEYS", "tour-keys")
            .current_dir(place.path())
            .output()
            .unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(output.status.success(), "$ {command}\n{text}");
        let mut lines = text.lines().map(str::trim_end);
        for expected in shown.iter().filter(|line| *line != "…") {
            let found = lines.any(|line| is_shown(expected, line));
            assert!(found, "$ {command}\ndoes not print, or not in this order:\n{expected}\nbut:\n{text}");
        }
    }
}

/// Returns where commands are found: the program under test first.
fn path() -> String {
    let programs = Path::new(env!("CARGO_BIN_EXE_demarche")).parent().unwrap();
    format!("{}:/usr/bin:/bin", programs.display())
}

/// Runs the blocks of a section in the terminals of those whom they name.
#[track_caller]
fn goes_as_a_desk_does(section: &str) {
    let place = tempfile::tempdir().unwrap();
    // The port of the text may be taken on the machine of a test.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let blocks = blocks(&section.replace("8443", &port.to_string()));
    let mut terminals = Terminals::new(place.path(), path());
    for block in &blocks {
        terminals.give(block);
    }
}

#[test]
fn every_command_of_the_tour_prints_what_is_shown() {
    goes_as_shown("README.md", 10);
}

#[test]
fn a_desk_of_two_is_run_as_its_section_shows() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let (section, _) = parted(&text, DESK);
    assert!(blocks(&section).len() >= 4, "README.md has the section `{DESK}`");
    goes_as_a_desk_does(&section);
}

#[test]
fn terminals_keep_what_was_exported_take_what_is_typed_and_tell_what_comes_later() {
    goes_as_a_desk_does(
        "```console
# One, who waits
$ export WORD=there PORT=8443
$ printf 'password: '; read typed; echo \"typed $typed for $WORD\"
password: <a word of One>
typed <a word of One> for there
$ sh -c 'echo now; until test -e said; do sleep 0.01; done; cat said' &
now
```
```console
# Two, who speaks
$ echo \"WORD is ${WORD:-none of mine}\"
WORD is none of mine
$ echo error: false; false
error: …
$ echo 'the secret is 42 words'
the secret is <secret> words
$ echo 'later 42' > saying; mv saying said
```
```console
# One, to whom it comes
later <secret>
```
",
    );
}

#[test]
fn the_thirty_questions_of_the_chronology_have_the_answers_that_were_checked_by_hand() {
    goes_as_shown("tests/questions.md", 30);
}

#[test]
fn a_shown_line_matches_what_it_leaves_open_and_nothing_else() {
    for (shown, line, is) in [
        ("recorded … at", "recorded 00d44cc2 at", true),
        ("recorded …", "recorded anything", true),
        ("recorded", "recorded", true),
        ("recorded", "recorded twice", false),
        ("… twice", "recorded twice", true),
        ("a … c", "a b d", false),
    ] {
        assert_eq!(is_shown(shown, line), is, "{shown} / {line}");
    }
}
