//! Obvious mistakes: each gets an error that says what was wrong and what would be right, the exit code
//! that says so, and records nothing.

use crate::support::{Place, Ran};

/// A place with a line and the parties at its ends.
fn place() -> Place {
    let place = Place::new();
    place.run(&["channel", "register", "mil-west", "--ends", "KOR", "--ends", "PRK"]).ok();
    place.run(&["party", "register", "KOR/mnd", "--names", "Ministry of National Defense"]).ok();
    place
}

#[track_caller]
fn check(place: &Place, ran: Ran, code: i32, says: &[&str]) {
    let error = ran.fails(code);
    for word in says {
        assert!(error.contains(word), "`{word}` is not in: {error}");
    }
    assert_eq!(place.run(&["verify", "--format", "json"]).code, 0);
}

#[test]
fn nothing_is_recorded_by_a_mistake_at_the_prompt() {
    let place = place();
    let size = place.data(&["log"])["size"].clone();
    let propose = |field: &str, value: &str| {
        let mut arguments = vec!["propose", "--to", "PRK", "--via", "mil-west", "--summary", "Talks."];
        if field != "--from" {
            arguments.extend(["--from", "KOR/mnd"]);
        }
        arguments.extend([field, value]);
        place.run(&arguments)
    };
    check(&place, propose("--date", "2025-02-30"), 2, &["2025-02-30", "28 days"]);
    check(&place, propose("--date", "11/12/2025"), 2, &["11 December 2025", "12 November 2025"]);
    check(&place, propose("--date", "soon"), 2, &["soon", "not a date"]);
    check(&place, propose("--date", "2999-01-01"), 2, &["2999-01-01"]);
    check(&place, propose("--from", "Nroth Korea"), 1, &["Nroth Korea", "North Korea"]);
    check(&place, propose("--from", "KOR/mdn"), 1, &["KOR/mdn", "KOR/mnd"]);
    check(&place, propose("--from", "Atlantis"), 1, &["Atlantis"]);
    check(&place, place.run(&["call", "mil-wset", "unanswered"]), 1, &["mil-wset", "mil-west"]);
    check(&place, place.run(&["call", "embassy", "unanswered"]), 1, &["embassy", "channel register"]);
    check(&place, place.run(&["call", "mil-west", "maybe"]), 2, &["maybe", "answered"]);
    check(&place, place.run(&["show", "ik-1"]), 1, &["ik-1"]);
    check(&place, place.run(&["timeline", "--kind", "overture.propsed"]), 2, &["overture.proposed"]);
    check(&place, place.run(&["timelime"]), 2, &["timeline"]);
    check(&place, place.run(&["channels", "--at", "2025-13-01"]), 2, &["month 13"]);
    check(&place, place.run(&["channels", "--known-as-of", "9999999"]), 1, &["9999999"]);
    let long = "가".repeat(25_000);
    check(&place, propose("--note", &long), 1, &["65535"]);
    assert_eq!(place.data(&["log"])["size"], size);
}

/// What a command names and the log does not have is not found, with exit code 1, whichever command it is.
#[test]
fn what_is_not_there_is_1_and_what_cannot_be_read_is_2_in_every_command() {
    let place = place();
    place
        .run(&[
            "record",
            "incident",
            "--id",
            "one",
            "--from",
            "PRK",
            "--date",
            "2025-01-01",
            "--summary",
            "S.",
        ])
        .ok();
    place.run(&["moment", "the minister speaks"]).ok();
    let not_there: &[&[&str]] = &[
        &["show", "nope"],
        &["history", "nope"],
        &["thread", "nope"],
        &["brief", "nope"],
        &["similar", "nope"],
        &["retract", "nope", "--reason", "wrong"],
        &["retract", "#9999", "--reason", "wrong"],
        &["amend", "nope", "--set", "date=2025-01-01", "--reason", "wrong"],
        &["annotate", "nope", "A note."],
        &["mark", "nope", "TLP:RED", "--reason", "careful"],
        &["link", "nope", "answers", "one"],
        &["link", "one", "answers", "nope"],
        &["confirm", "nope"],
        &["respond", "nope", "rejected", "--from", "PRK"],
        &["reiterate", "nope", "--from", "KOR"],
        &["meeting", "hold", "nope"],
        &["call", "nope", "answered"],
        &["channel", "sever", "nope", "--from", "PRK"],
        &["series", "suspend", "nope"],
        &["policy", "end", "nope"],
        &["party", "merge", "Nowhere", "--into", "KOR"],
        &["silence", "Nowhere", "--towards", "KOR"],
        &["diff", "999"],
        &["diff", "no such moment"],
        &["replay", "--to", "999"],
        &["changes", "--since", "9999"],
        &["changes", "--since", "nomoment"],
        &["timeline", "--known-as-of", "nomoment"],
        &["timeline", "--known-as-of", "9999999"],
        &["overtures", "--known-as-of", "the ministr speaks"],
        &["timeline", "--channel", "nope"],
        &["timeline", "--party", "Nowhere"],
        &["timeline", "--topic", "nope"],
        &["timeline", "--recorder", "nobody"],
        &["facets", "--about", "nope"],
        &["export", "--as", "csv", "--via", "nope"],
        &["links", "nope"],
    ];
    for args in not_there {
        check(&place, place.run(args), 1, &["is not in the log"]);
    }
    let unread: &[&[&str]] = &[
        &["channels", "--at", "2025-13-01"],
        &["channels", "--at", "soon"],
        &["timeline", "--known-as-of", "2025-13-01"],
        &["diff", "2025-02-30"],
        &["timeline", "--kind", "nope"],
        &["timeline", "--status", "gone"],
        &["timeline", "--marking", "nope"],
        &["timeline", "--position", "x"],
        &["timeline", "--occurred", "soon"],
        &["call", "mil-west", "maybe"],
        &["amend", "one", "--set", "date=soon", "--reason", "wrong"],
    ];
    for args in unread {
        check(&place, place.run(args), 2, &[]);
    }
    let near = place.run(&["timeline", "--known-as-of", "the ministr speaks"]).fails(1);
    assert!(near.contains("did you mean `the minister speaks`?"), "{near}");
}

#[test]
fn a_file_with_a_wrong_line_records_nothing_and_names_every_wrong_line() {
    let place = place();
    let size = place.data(&["log"])["size"].clone();
    let good = r#"{"id":"a-1","date":"2025-01-01","kind":"incident","from":"PRK","summary":"Something."}"#;
    let import = |lines: &[&[u8]]| {
        let file = place.file("rows.jsonl");
        std::fs::write(&file, lines.join(&b"\n"[..])).unwrap();
        place.run(&["import", file.to_str().unwrap()])
    };
    let half = br#"{"id":"a-2","date":"2025-01-01","kind":"incident","summary":"Cut o"#;
    check(&place, import(&[good.as_bytes(), half]), 1, &["line 2"]);
    let nul = b"{\"id\":\"a-2\",\"date\":\"2025-01-01\",\"kind\":\"incident\",\"summary\":\"a\0b\"}";
    check(&place, import(&[good.as_bytes(), nul]), 1, &["line 2"]);
    let escaped = br#"{"id":"a-2","date":"2025-01-01","kind":"incident","summary":"a\u0000b"}"#;
    check(&place, import(&[good.as_bytes(), escaped]), 1, &["line 2", "summary"]);
    let relative = br#"{"id":"a-2","date":"yesterday","kind":"incident","summary":"Then."}"#;
    let two = br#"{"id":"a-3","date":"11/12/2025","kind":"incident","summary":"Then."}"#;
    check(&place, import(&[relative, good.as_bytes(), two]), 1, &["line 1", "line 3", "yesterday"]);
    let unknown = br#"{"id":"a-2","date":"2025-01-01","kind":"incident","sumary":"Then."}"#;
    check(&place, import(&[unknown]), 1, &["line 1", "sumary", "summary"]);
    let long =
        format!(r#"{{"id":"a-2","date":"2025-01-01","kind":"incident","summary":"{}"}}"#, "x".repeat(70_000));
    check(&place, import(&[long.as_bytes()]), 1, &["line 1", "65535"]);
    check(&place, import(&[b"\xff\xfe{}"]), 1, &["line 1"]);
    check(&place, import(&[b""]), 1, &["no entry"]);
    assert_eq!(place.data(&["log"])["size"], size);
}

#[test]
fn what_is_no_log_is_left_as_it_is() {
    let place = Place::empty();
    place.run(&["channels"]).fails(1);
    std::fs::create_dir(place.dir()).unwrap();
    std::fs::write(place.dir().join("holiday.jpg"), b"beach").unwrap();
    for command in [&["channels"][..], &["verify"], &["init", "--name", "test", "--zone", "Asia/Seoul"]] {
        let error = place.run(command).fails(1);
        assert!(error.contains("log"), "{error}");
    }
    let there: Vec<_> = std::fs::read_dir(place.dir()).unwrap().collect();
    assert_eq!(there.len(), 1);
}

#[test]
fn dates_and_names_are_read_as_people_write_them_and_echoed() {
    let place = place();
    let record = |date: &str| {
        let arguments =
            ["record", "incident", "--from", "북한", "--to", "South Korea", "--channel", "Mil West"];
        let rest = ["--summary", "Something.", "--date", date, "--format", "json"];
        place.run(&[&arguments[..], &rest].concat()).ok()
    };
    for date in ["어제 15:00", "3 days ago", "2025-11-17T10:00", "２０２５-１１-１７", "11.23", "2025-11"]
    {
        let out: serde_json::Value = serde_json::from_str(&record(date)).unwrap();
        let echo = out["data"]["entries"][0]["echo"].to_string();
        assert!(echo.contains("PRK") && echo.contains("KOR") && echo.contains("mil-west"), "{echo}");
    }
    let rows = place.items(&["timeline", "--party", "PRK"]);
    assert_eq!(rows.len(), 6);
    let dates: Vec<&str> = rows.iter().map(|row| row["date"]["value"].as_str().unwrap()).collect();
    assert!(dates.contains(&"2025-11-17T10:00:00+09:00"), "{dates:?}");
    assert!(dates.contains(&"2025-11-17") && dates.contains(&"2025-11"), "{dates:?}");
}
