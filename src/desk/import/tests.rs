//! Importing, as callers meet it.

mod bookkeeping;
mod coded;
mod doubts;
mod long;
mod mail;
mod odd;
mod rejects;
mod tables;
mod threads;
mod volumes;
mod wild;

use std::fmt::Write as _;
use std::io::Cursor;

use crate::desk::answer::operation::Imported;
use crate::desk::ask::{Caller, ImportAsk, When};
use crate::desk::import::source::Progress;
use crate::desk::known::Known;
use crate::desk::testing::Fixture;
use crate::domain::fact::{EntityKind, Kind};
use crate::domain::reading;
use crate::domain::timestamp::Timestamp;
use crate::projections::timeline::TimelineQuery;

fn import_as(fixture: &Fixture, file: &str, bytes: &[u8], dry_run: bool) -> Imported {
    let caller = Caller { actor: "kim".to_owned(), tz: None };
    let ask = ImportAsk { file: file.to_owned(), dry_run, ..ImportAsk::default() };
    fixture.desk.import(&caller, &ask, &mut Cursor::new(bytes), &Progress::default()).unwrap().data
}

fn import(fixture: &Fixture, bytes: &str) -> Imported {
    import_as(fixture, "calls.jsonl", bytes.as_bytes(), false)
}

fn size(fixture: &Fixture) -> u64 {
    fixture.desk.store.head().size
}

fn says(faults: &[crate::desk::error::Fault], line: u64, word: &str) -> bool {
    faults.iter().any(|fault| fault.line == Some(line) && fault.to_string().contains(word))
}

/// The chronology, where it is there.
fn chronology() -> Option<String> {
    crate::testing::shared("inter-korean-chronology.jsonl")
}

const ROWS: &str = r#"{"id":"a","date":"2025-11-20","from":"PRK/kpa","to":"UNC","channel":"unc-kpa","kind":"response.rejected","summary":"No.","in_reply_to":"b"}
{"id":"b","date":"2025-11-17","from":"KOR/mnd","to":"PRK","channel":"media","kind":"overture.proposed","summary":"Talks?"}
{"id":"c","date":"2025-11-18T09:00:00+09:00","from":"KOR+USA","to":null,"channel":["line-a","line-b"],"kind":"call.unanswered","summary":"No answer."}
{"id":"d","date":"2025-11-19","channel":"general-level","kind":"meeting.held","summary":"Held."}
"#;

#[test]
fn a_file_registers_what_it_names_and_its_rows_may_point_forward() {
    let fixture = Fixture::new();
    let before = size(&fixture);
    let dry = import_as(&fixture, "calls.jsonl", ROWS.as_bytes(), true);
    assert_eq!((dry.recorded, size(&fixture)), (4, before), "{:?}", dry.wrong);
    let imported = import(&fixture, ROWS);
    assert_eq!((imported.rows, imported.recorded, imported.already), (4, 4, 0), "{:?}", imported.wrong);
    assert_eq!(imported.registered, dry.registered);
    for words in [
        "party PRK, North Korea",
        "body PRK/kpa",
        "party x-unc, UN Command",
        "channel media (carrier)",
        "channel line-a (line)",
        "series general-level",
        "body KOR/mnd",
    ] {
        assert!(
            imported.registered.iter().any(|entered| entered == words),
            "{words}: {:?}",
            imported.registered
        );
    }
    let known = fixture.desk.known(&When::default()).unwrap();
    let id = |name: &str| known.view.external("calls", name).unwrap()[0];
    let event = |name: &str| known.view.event(id(name)).unwrap().unwrap().event.unwrap();
    assert_eq!(event("a").envelope.links[0].target, id("b"));
    assert_eq!(event("c").envelope.about.len(), 2);
    assert_eq!(event("c").envelope.from.len(), 2);
    assert_eq!(event("d").envelope.about, [known.names.series("general-level").unwrap()]);
    assert!(event("d").envelope.opens);
}

#[test]
fn running_an_import_twice_records_nothing_twice() {
    let fixture = Fixture::new();
    import(&fixture, ROWS);
    let before = size(&fixture);
    let again = import(&fixture, ROWS);
    assert_eq!((again.recorded, again.already, size(&fixture)), (0, 4, before), "{:?}", again.wrong);
    assert!(again.registered.is_empty());
    // A longer file of the same name completes it.
    let longer = format!("{ROWS}{}", r#"{"id":"e","date":"2025-11-21","kind":"incident","summary":"New."}"#);
    let more = import(&fixture, &longer);
    assert_eq!((more.recorded, more.already), (1, 4), "{:?}", more.wrong);
}

#[test]
fn a_row_with_the_id_of_another_is_told_to_amend() {
    let fixture = Fixture::new();
    import(&fixture, ROWS);
    let before = size(&fixture);
    let other = ROWS.replace("Talks?", "Talks!");
    let imported = import(&fixture, &other);
    assert!(says(&imported.wrong, 2, "amend"), "{:?}", imported.wrong);
    assert_eq!((imported.recorded, size(&fixture)), (0, before));
}

#[test]
fn a_file_with_a_wrong_line_records_nothing_and_every_wrong_line_is_named() {
    let fixture = Fixture::new();
    let before = size(&fixture);
    let lines = [
        r#"{"id":"a","date":"2025-11-20","kind":"incident"}"#,
        r#"{"id":"b","date":"yesterday","kind":"incident"}"#,
        r#"{"id":"c","date":"11/12/2025","kind":"incident"}"#,
        r#"{"id":"d","date":"2025-11-20","kind":"incident","weather":"fine"}"#,
        r#"{"id":"e","date":"2025-11-20","kind":"incident""#,
        r#"{"id":"f","date":"2025-11-20","kind":"incident","from":"ATL/foo"}"#,
        r#"{"id":"g","date":"2025-11-20","kind":"incident","in_reply_to":"zzz"}"#,
        r#"{"id":"a","date":"2025-11-20","kind":"incident"}"#,
        r#"{"id":"h","date":"2099-11-20","kind":"incident"}"#,
        r#"{"id":"i","date":"2025-11-20","kind":"call.answered","channel":"Mil West"}"#,
        r#"{"id":"j","date":"2025-11-17T10:00","kind":"incident"}"#,
        r#"{"id":"k","date":"2025-11-17","kind":"incident","in_reply_to":"k"}"#,
        r#"{"id":"l","date":"2025-11-17","kind":"incident","summary":"a\u0000b"}"#,
    ];
    let imported = import(&fixture, &lines.join("\n"));
    for (line, word) in [
        (2, "prompt only"),
        (3, "12 November 2025"),
        (4, "weather"),
        (5, "ends too early"),
        (6, "ATL"),
        (7, "zzz"),
        (8, "line 1"),
        (9, "lies ahead"),
        (10, "mil-west"),
        (11, "2025-11-17T10:00:00+09:00"),
        (12, "itself"),
        (13, "U+0000"),
    ] {
        assert!(says(&imported.wrong, line, word), "line {line} {word}: {:#?}", imported.wrong);
    }
    assert!(!says(&imported.wrong, 1, ""));
    assert_eq!((imported.recorded, size(&fixture)), (0, before));
    assert!(!import(&fixture, "").wrong.is_empty());
}

#[test]
fn what_a_person_should_look_at_is_named_by_line() {
    let fixture = Fixture::new();
    let lines = [
        r#"{"id":"1","date":"2025-01-02","from":"KOR","to":"PRK","kind":"overture.proposed","channel":"media"}"#,
        r#"{"id":"2","date":"2025-01-03","from":"KOR","to":"PRK","kind":"response.rejected","channel":"media","in_reply_to":"1"}"#,
        r#"{"id":"3","date":"2025-01-04","from":"PRK","to":"KOR","kind":"response.conduct"}"#,
        r#"{"id":"4","date":"2025-01-05?","from":"KOR","to":"PRK","kind":"overture.urged","in_reply_to":"1"}"#,
        r#"{"id":"5","date":"2025-01-06","from":"KOR","to":"PRK","kind":"meeting.held","channel":"general-level"}"#,
        r#"{"id":"6","date":"2025-01-06","from":"KOR","to":"PRK","kind":"meeting.held","channel":"general-level"}"#,
        r#"{"id":"7","date":"2025-01-01","from":"PRK","to":"KOR","kind":"response.rejected","in_reply_to":"1"}"#,
        r#"{"id":"8","date":"2025-01-09","from":"PRK","to":"KOR","kind":"silence.recorded","in_reply_to":"1"}"#,
        r#"{"id":"9","date":"2025-01-09","from":"KOR","kind":"call.unanswered","channel":"line","summary":"Calls at 09:00 and 16:00 not answered."}"#,
    ];
    let imported = import_as(&fixture, "x.jsonl", lines.join("\n").as_bytes(), true);
    for (line, word) in [
        (2, "of the same party"),
        (3, "answer to nothing"),
        (4, "doubt"),
        (4, "reiteration"),
        (5, "soon after 1"),
        (6, "duplicate of line 5"),
        (7, "came later"),
        (8, "who is silent"),
        (9, "slots"),
    ] {
        assert!(says(&imported.doubtful, line, word), "line {line} {word}: {:#?}", imported.doubtful);
    }
    assert!(imported.doubtful.iter().any(|fault| fault.detail == "new: channel media (carrier)"));
}

#[test]
fn corrections_in_a_file_find_the_rows_of_the_same_file() {
    let fixture = Fixture::new();
    let lines = [
        r#"{"kind":"record.amended","id":"x","target":"a","reason":"slip","changes":{"summary":"Two calls."}}"#,
        r#"{"id":"a","date":"2025-01-09","kind":"call.unanswered","channel":"line","summary":"One call."}"#,
        r#"{"kind":"channel.registered","id":"r","name":"line","sort":"line","names":["Line One"]}"#,
        r#"{"id":"b","date":"2025-01-10","kind":"call.answered","channel":"Line One"}"#,
    ];
    let imported = import(&fixture, &lines.join("\n"));
    assert_eq!((imported.recorded, imported.registered.len()), (4, 0), "{:?}", imported.wrong);
    let known = fixture.desk.known(&When::default()).unwrap();
    let id = known.view.external("calls", "a").unwrap()[0];
    let entry = known.entry(id).unwrap().unwrap();
    assert_eq!(entry.event.unwrap().envelope.summary.as_deref(), Some("Two calls."));
    assert_eq!(import(&fixture, &lines.join("\n")).already, 4);
}

#[test]
fn an_import_that_was_interrupted_is_completed_by_repeating_it() {
    let mut rows = String::new();
    for number in 0..2_300 {
        writeln!(
            rows,
            r#"{{"id":"r{number}","date":"2025-01-09","kind":"incident","summary":"Number {number}."}}"#
        )
        .unwrap();
    }
    let fixture = Fixture::new();
    // The first part as it stands after an interruption.
    let first = rows.lines().take(1_000).collect::<Vec<_>>().join("\n");
    assert_eq!(import(&fixture, &first).recorded, 1_000);
    let rest = import(&fixture, &rows);
    assert_eq!((rest.recorded, rest.already), (1_300, 1_000), "{:?}", rest.wrong);
    assert_eq!(import(&fixture, &rows).already, 2_300);
}

/// Returns every entity with the handles of its story, and the state of what has one.
fn stories(fixture: &Fixture) -> Vec<(String, Vec<String>)> {
    let known = fixture.desk.known(&When::default()).unwrap();
    let mut stories = Vec::new();
    for kind in [EntityKind::Channel, EntityKind::Overture, EntityKind::Meeting, EntityKind::Series] {
        for id in known.entities(kind).unwrap() {
            let history = known.history(id).unwrap();
            let story = reading::story(&history, &known.zone, Timestamp::MAX, |entry| {
                entry.concerns(id) || entry.came_over(id)
            });
            // Who is entered in which register has an id that was drawn.
            let told = story
                .iter()
                .filter(|entry| entry.event.as_ref().is_some_and(|event| !event.kind().is_bookkeeping()));
            let handles = told.map(|entry| Known::handle(entry.id, entry.event.as_ref())).collect();
            stories.push((known.named(id).unwrap().name, handles));
        }
    }
    stories.sort();
    stories
}

#[test]
fn the_chronology_is_recorded_once_and_its_order_does_not_matter() {
    let Some(text) = chronology() else { return };
    let fixture = Fixture::new();
    let name = "inter-korean-chronology.jsonl";
    let dry = import_as(&fixture, name, text.as_bytes(), true);
    assert_eq!((dry.rows, dry.recorded), (150, 150), "{:#?}", dry.wrong);
    let imported = import_as(&fixture, name, text.as_bytes(), false);
    assert_eq!((imported.recorded, imported.already), (150, 0), "{:#?}", imported.wrong);
    assert_eq!(imported.doubtful, dry.doubtful);
    let again = import_as(&fixture, name, text.as_bytes(), false);
    assert_eq!((again.recorded, again.already), (0, 150), "{:#?}", again.wrong);
    let known = fixture.desk.known(&When::default()).unwrap();
    assert_eq!(known.view.timeline(&TimelineQuery::default()).unwrap().total, 150);
    let line_of = |id: &str| {
        1 + text.lines().position(|line| line.contains(&format!("\"id\": \"{id}\""))).unwrap() as u64
    };
    for (id, word) in [
        ("ik-012", "doubt"),
        ("ik-073", "of the same party"),
        ("ik-075", "soon after ik-074"),
        ("ik-102", "a row of its own"),
        ("ik-143", "answer to nothing"),
        ("ik-150", "who is silent"),
        ("ik-077", "effective"),
        ("ik-085", "slots"),
        ("ik-120", "answered"),
    ] {
        assert!(says(&imported.doubtful, line_of(id), word), "{id} {word}: {:#?}", imported.doubtful);
    }
    let silence = known.view.external("inter-korean-chronology", "ik-150").unwrap()[0];
    let silence = known.view.event(silence).unwrap().unwrap().event.unwrap();
    assert_eq!(silence.kind(), Kind::SilenceRecorded);
    assert!(silence.envelope.from.is_empty());

    let mut lines: Vec<&str> = text.lines().collect();
    // As good as any other order: the last first, odd ones before even ones.
    lines.reverse();
    let shuffled: Vec<&str> = (0..2).flat_map(|odd| lines.iter().skip(odd).step_by(2).copied()).collect();
    let other = Fixture::new();
    assert_eq!(import_as(&other, name, shuffled.join("\r\n").as_bytes(), false).recorded, 150);
    assert_eq!(stories(&other), stories(&fixture));
}

#[test]
fn the_chronology_of_the_demo_leaves_nothing_to_look_at_but_what_nobody_knows() {
    let fixture = Fixture::new();
    let text = include_str!("../demo/chronology.jsonl");
    let imported = import_as(&fixture, "chronology.jsonl", text.as_bytes(), false);
    assert_eq!(imported.recorded, imported.rows, "{:#?}", imported.wrong);
    let left: Vec<_> = imported
        .doubtful
        .iter()
        .filter(|fault| !fault.detail.starts_with("new: ") && !fault.detail.starts_with("the date has doubt"))
        .collect();
    assert!(left.is_empty(), "{left:#?}");
}

#[test]
fn two_imports_of_one_file_at_once_record_every_row_once() {
    let mut rows = String::new();
    for number in 0..1_500 {
        writeln!(
            rows,
            r#"{{"id":"r{number}","date":"2025-01-09","kind":"message.sent","from":"KOR","channel":"media"}}"#
        )
        .unwrap();
    }
    let fixture = Fixture::new();
    let desk = &fixture.desk;
    let recorded: u64 = std::thread::scope(|scope| {
        let both = ["kim", "park"].map(|actor| {
            let rows = rows.as_bytes();
            scope.spawn(move || {
                let caller = Caller { actor: actor.to_owned(), tz: None };
                let ask = ImportAsk { file: "calls.jsonl".to_owned(), ..ImportAsk::default() };
                desk.import(&caller, &ask, &mut Cursor::new(rows), &Progress::default())
                    .unwrap()
                    .data
                    .recorded
            })
        });
        both.map(|one| one.join().unwrap()).iter().sum()
    });
    assert_eq!(recorded, 1_500);
    let known = fixture.desk.known(&When::default()).unwrap();
    assert_eq!(known.view.timeline(&TimelineQuery::default()).unwrap().total, 1_500);
    assert_eq!(known.register.channels().count(), 1);
}

#[test]
fn a_meeting_that_a_row_names_is_one_that_some_entry_opens() {
    let fixture = Fixture::new();
    let call = r#"{"id":"call","kind":"call.answered","channel":"line-a","date":"2025-11-17"}"#;
    let held = r#"{"id":"held","kind":"meeting.held","meeting":"call","date":"2025-11-18"}"#;
    let wrong = import(&fixture, &format!("{call}\n{held}\n"));
    assert!(says(&wrong.wrong, 2, "`call.answered`"), "{:?}", wrong.wrong);
    assert_eq!(import(&fixture, &format!("{call}\n")).recorded, 1);
    let wrong =
        import_as(&fixture, "more.jsonl", held.replace("\"call\"", "\"calls:call\"").as_bytes(), false);
    assert!(says(&wrong.wrong, 1, "opens no meeting"), "{:?}", wrong.wrong);
    let agreed = r#"{"id":"agreed","kind":"meeting.agreed","date":"2025-11-17"}"#;
    let right = held.replace("\"call\"", "\"agreed\"");
    let imported = import(&fixture, &format!("{agreed}\n{right}\n"));
    assert_eq!(imported.recorded, 2, "{:?}", imported.wrong);
    let late =
        import_as(&fixture, "more.jsonl", held.replace("\"call\"", "\"calls:held\"").as_bytes(), false);
    assert!(says(&late.wrong, 1, "it is about"), "{:?}", late.wrong);
}
