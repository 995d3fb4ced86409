//! What holds for every command.

use clap::{Command, CommandFactory};

use super::*;
use crate::cli::testing::{answer_of, entry_row, run, run_with, usage};
use crate::desk::Opening;
use crate::desk::answer::Page;
use crate::desk::answer::entry::EntryRow;
use crate::http::client::{ClientError, Reply, Request};
use crate::http::problem::ProblemKind;
use serde_json::{Value, json};

/// Calls with every command and subcommand, and its name as it is typed.
fn each(command: &Command, name: &str, visit: &mut dyn FnMut(&Command, &str)) {
    visit(command, name);
    for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
        each(inner, &format!("{name} {}", inner.get_name()), visit);
    }
}

/// Returns the words of a line as a shell reads them.
fn shell(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quoted, mut begun) = (String::new(), false, false);
    for letter in line.chars() {
        match letter {
            '\'' => (quoted, begun) = (!quoted, true),
            ' ' if !quoted => {
                if begun {
                    words.push(std::mem::take(&mut word));
                }
                begun = false;
            }
            letter => {
                word.push(letter);
                begun = true;
            }
        }
    }
    assert!(!quoted, "a quote is left open: {line}");
    if begun {
        words.push(word);
    }
    words
}

#[test]
fn the_command_line_holds_together() {
    guide::command().debug_assert();
}

#[test]
fn every_help_ends_in_two_examples_that_work() {
    each(&Cli::command(), "demarche", &mut |command, name| {
        let mut helps = vec![command.get_after_help().map(ToString::to_string).unwrap_or_default()];
        helps.extend(command.get_after_long_help().map(ToString::to_string));
        // What no help lists is for scripts, not for people.
        for help in helps.iter().filter(|_| name != "demarche util" && !command.is_hide_set()) {
            let (_, examples) =
                help.rsplit_once("Examples:\n").unwrap_or_else(|| panic!("{name}: no examples"));
            let examples: Vec<&str> = examples.lines().filter_map(|line| line.strip_prefix("  ")).collect();
            assert_eq!(examples.len(), 2, "{name}: {examples:?}");
            for example in examples {
                let (_, line) = example.rsplit_once("| ").unwrap_or(("", example));
                let parsed = Cli::try_parse_from(shell(line));
                assert!(parsed.is_ok(), "{name}: {example}\n{}", parsed.unwrap_err());
                assert!(line.starts_with(name), "{name}: {example} is of another command");
            }
        }
    });
}

#[test]
fn every_help_is_imperative_and_has_no_full_stop() {
    each(&Cli::command(), "demarche", &mut |command, name| {
        let about = command.get_about().map(ToString::to_string).unwrap_or_default();
        assert!(about.starts_with(char::is_uppercase) && !about.ends_with('.'), "{name}: {about}");
        for arg in command.get_arguments() {
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            assert!(!help.is_empty() && !help.ends_with('.'), "{name} {}: {help}", arg.get_id());
        }
    });
}

#[test]
fn the_help_of_every_command_reads_well() {
    let mut helps = String::new();
    let mut command = guide::command().term_width(100);
    command.build();
    each(&command, "demarche", &mut |command, name| {
        let help = command.clone().term_width(100).render_help().to_string();
        helps.extend([format!("$ {name} -h\n"), help.trim_end().to_owned(), "\n\n".to_owned()]);
    });
    insta::assert_snapshot!(helps);
}

#[test]
fn a_question_carries_when_it_is_asked_of() {
    let args = ["channels", "--known-as-of", "150", "--at", "2020-06-10", "--tz", "Asia/Seoul"];
    let ran = run(&args, 200, &answer_of(json!({ "items": [], "total": 0 })));
    assert_eq!(ran.code, 0, "{}", ran.err);
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let request = ran.asked.first().unwrap();
    let query = [pair("at", "2020-06-10"), pair("known_as_of", "150"), pair("tz", "Asia/Seoul")];
    assert_eq!(request.query, query);
    assert_eq!(request.actor.as_deref(), Some("kim"));
    assert_eq!(ran.opened, [Opening::Read]);
}

#[test]
fn a_moment_is_never_ignored_where_it_means_nothing() {
    for args in [
        &["call", "liaison-line", "answered", "--at", "2020-06-10"][..],
        &["verify", "--known-as-of", "7"],
        &["series", "suspend", "general-level", "--at", "2020-06-10"],
        &["moments", "--at", "2020-06-10"],
    ] {
        assert_eq!(usage(args), 2, "{args:?}");
    }
}

#[test]
fn malformed_flags_are_usage_and_malformed_data_is_not() {
    let problem = json!({
        "type": "urn:demarche:wrong", "title": "Wrong", "status": 422, "detail": "date: `soon` is not a date",
        "faults": [{"field": "date", "detail": "`soon` is not a date"}],
    });
    let flags = run(&["call", "liaison-line", "answered", "--date", "soon"], 422, &problem);
    assert_eq!((flags.code, flags.err.as_str()), (2, "error: date: `soon` is not a date\n"));
    let body = serde_json::to_vec(&problem).unwrap();
    let data = run_with(&["record", "--json", "-"], br#"{"kind":"incident","date":"soon"}"#, move |_| {
        Ok(Reply { status: 422, body: body.clone(), notice: None })
    });
    assert_eq!(data.code, 1);
    let half = run_with(&["record", "--json", "-"], b"{\"kind\":\n", |_| unreachable!("nothing is sent"));
    assert_eq!(half.code, 1);
    assert!(half.err.starts_with("error: line 1: this is not JSON"), "{}", half.err);
}

#[test]
fn a_list_that_comes_whole_is_cut_where_that_is_asked_for() {
    let rows: Vec<_> = ["a", "b", "c"].map(|name| crate::cli::testing::channel_row(name, "active")).into();
    let all = answer_of(Page { items: rows, next: None, total: 3 });
    let ran = run(&["channels", "--format", "csv", "--limit", "2"], 200, &all);
    assert_eq!((ran.code, ran.out.lines().count()), (0, 3), "{}", ran.err);
    assert!(ran.err.contains("2 of 3 shown; `--limit` sets how many"), "{}", ran.err);
    assert_eq!(run(&["channels", "--format", "csv"], 200, &all).out.lines().count(), 4);
    assert_eq!(usage(&["meetings", "--limit", "0"]), 2);
}

#[test]
fn a_list_that_is_typed_twice_is_told_how_lists_are_typed() {
    let twice = |flag: &str| {
        let ran = run(&["timeline", flag, "KOR", flag, "PRK"], 200, &json!({}));
        assert_eq!(ran.code, 2, "{}", ran.err);
        ran.err
    };
    assert!(twice("--party").contains("KOR,PRK; `--between KOR,PRK`"), "{}", twice("--party"));
    assert!(twice("--kind").contains("one list with commas"), "{}", twice("--kind"));
    assert!(!twice("--kind").contains("--between"));
    assert!(!twice("--occurred").contains("commas"), "{}", twice("--occurred"));
}

#[test]
fn a_submission_in_doubt_is_named_so_that_it_can_be_sent_again() {
    let ran = run_with(&["call", "liaison-line", "answered"], b"", |_: &Request| {
        Err(ClientError {
            what: "the server went away".to_owned(),
            hints: vec!["send the same submission again".to_owned()],
            kind: ProblemKind::InDoubt,
            may_have_arrived: true,
            output: None,
        })
    });
    assert_eq!(ran.code, 4);
    let ask: Value = serde_json::from_slice(&ran.asked.first().unwrap().body).unwrap();
    let request = ask["request"].as_str().unwrap();
    assert!(ran.err.contains(&format!("--request {request}")), "{}", ran.err);
    let again = run(
        &["call", "liaison-line", "answered", "--request", request],
        500,
        &json!({
            "type": "urn:demarche:in-doubt", "title": "In doubt", "status": 500, "detail": "it is not known",
            "request_id": "17",
        }),
    );
    assert_eq!(again.code, 4);
    let ask: Value = serde_json::from_slice(&again.asked.first().unwrap().body).unwrap();
    assert_eq!(ask["request"], request);
    assert!(again.err.contains(&format!("--request {request}")), "{}", again.err);
}

/// Answers as an API does whose timeline has `all` entries.
fn timeline(all: usize) -> impl Fn(&Request) -> Result<Reply, ClientError> {
    move |request| {
        let value = |name: &str| {
            let pair = request.query.iter().find(|(known, _)| known == name);
            pair.map(|(_, value)| value.parse::<usize>().unwrap())
        };
        let (from, limit) = (value("after").unwrap_or(0), value("limit").unwrap());
        let to = (from + limit).min(all);
        let items: Vec<EntryRow> = (from..to)
            .map(|number| EntryRow { position: number as u64, ..entry_row("ik-1", "incident", "2025-11-17") })
            .collect();
        let page = Page { items, next: (to < all).then(|| to.to_string()), total: all as u64 };
        let body = serde_json::to_vec(&answer_of(page)).unwrap();
        Ok(Reply { status: 200, body, notice: None })
    }
}

#[test]
fn pages_are_turned_behind_the_scenes_and_what_is_left_out_is_said() {
    for (args, rows, said) in [
        (&["timeline", "--format", "jsonl"][..], 2_500, ""),
        (&["timeline", "--format", "jsonl", "--limit", "1001"], 1_001, "note: 1,001 of 2,500 shown"),
        (&["timeline", "--format", "csv", "--limit", "7"], 8, "note: 7 of 2,500 shown"),
        (&["timeline", "--format", "tsv"], 2_501, ""),
        // A heading above; an empty line and what was known below.
        (&["timeline"], 53, "note: 50 of 2,500 shown"),
        (&["timeline", "--limit", "1500"], 1_503, "note: 1,500 of 2,500 shown"),
    ] {
        let ran = run_with(args, b"", timeline(2_500));
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert_eq!(ran.out.lines().count(), rows, "{args:?}");
        assert!(ran.err.starts_with(said) && ran.err.is_empty() == said.is_empty(), "{}", ran.err);
    }
    let whole = run_with(&["timeline", "--format", "json"], b"", timeline(2_500));
    let answer: crate::desk::answer::Answer<Page<EntryRow>> = serde_json::from_str(&whole.out).unwrap();
    assert_eq!(answer.data.items.len(), 2_500);
    assert!(answer.data.items.iter().zip(0..).all(|(row, position)| row.position == position));
}

#[test]
fn a_name_that_is_set_to_nothing_is_that_of_the_account_and_a_name_has_one_line() {
    let answer = answer_of(json!({ "entries": [], "registered": [] }));
    let ran = run(&["--actor", "", "call", "liaison-line", "answered"], 200, &answer);
    assert_eq!(ran.asked.first().unwrap().actor.as_deref(), Some("kim"));
    let ran = run(&["--actor", "ki\nm", "call", "liaison-line", "answered"], 200, &answer);
    assert_eq!((ran.code, ran.asked.len()), (2, 0));
    assert!(ran.err.contains("--actor") && !ran.err.contains("demarche-actor"), "{}", ran.err);
}

#[test]
fn an_answer_is_named_as_it_is_typed_or_as_it_is_recorded() {
    for word in ["counter_proposed", "counter-proposed"] {
        let entries = crate::cli::testing::entries(&["respond", "ik-072", word, "--id", "talks-2"]);
        assert_eq!(entries[0]["kind"], "response.counter_proposed");
        assert_eq!(entries[0]["id"], "talks-2");
    }
}

#[test]
fn notices_go_to_the_error_stream() {
    let mut answer = answer_of(json!({ "items": [], "total": 0 }));
    answer.notices = vec!["the index was\nbuilt again".to_owned()];
    let ran = run(&["parties", "--format", "json"], 200, &answer);
    assert_eq!(ran.err, "note: the index was built again\n");
}

#[test]
fn a_reader_who_has_seen_enough_is_no_failure() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut err = Vec::new();
    let streams = Streams {
        input: &mut io::empty(),
        out: &mut Closed,
        err: &mut err,
        screen: Screen::default(),
        account: None,
        settings: Vec::new(),
    };
    let args = ["demarche", "util", "completions", "bash"].map(OsString::from);
    assert_eq!(run_cli(args, streams), 0);
    assert!(err.is_empty());
}

fn run_cli(args: impl IntoIterator<Item = OsString>, streams: Streams) -> u8 {
    super::run(args, streams, &open)
}

#[test]
fn who_says_where_the_log_is_weighs_as_much_as_it_stands_near() {
    let [flag, variable, file] =
        [ValueSource::CommandLine, ValueSource::EnvVariable, ValueSource::DefaultValue].map(Some);
    assert!(weight(flag) > weight(variable) && weight(variable) > weight(file));
    assert_eq!(weight(file), weight(None));
}

#[test]
fn what_is_done_in_the_directory_is_not_done_here_for_a_server() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config.toml");
    std::fs::write(&file, "server = \"https://desk.example\"\n").unwrap();
    let said = |args: &[&str]| {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let streams = Streams {
            input: &mut io::empty(),
            out: &mut out,
            err: &mut err,
            screen: Screen::default(),
            account: None,
            settings: vec![file.clone()],
        };
        let args = [&["demarche"], args].concat();
        let code = run_cli(args.into_iter().map(OsString::from), streams);
        (code, String::from_utf8(err).unwrap())
    };
    for args in [&["doctor"][..], &["restore", "/nowhere"]] {
        let (code, err) = said(args);
        assert!(code == 2 && err.contains("https://desk.example"), "{args:?} {code}: {err}");
    }
    let (code, err) = said(&["restore", "/nowhere", "--data-dir", dir.path().join("new").to_str().unwrap()]);
    assert!(code != 2 && !err.contains("desk.example"), "{code}: {err}");
}
