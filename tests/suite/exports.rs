//! The formats of others, read back by programs that are not ours.

use std::collections::BTreeSet;

use calamine::{Data, Reader as _, Xlsx};
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;

use crate::support::Place;

/// Returns a place with a log of a few talks, in which a thing was struck and another amended.
fn place() -> Place {
    let place = Place::new();
    let entries = [
        r#"{"kind":"overture.proposed","id":"offer","date":"2026-02-01","from":"KOR","to":"PRK","summary":"군사회담 제의","deadline":"2026-02-20","marking":"TLP:AMBER"}"#,
        r#"{"kind":"response.rejected","id":"no","in_reply_to":"offer","date":"2026-02-05","from":"PRK","to":"KOR","summary":"=HYPERLINK(\"https://example.org\")"}"#,
        r#"{"kind":"meeting.scheduled","id":"round","date":"2026-03-01","from":"KOR","to":"PRK","meeting_date":"2026-04-02T10:00:00+09:00","place":"Panmunjom; south, side"}"#,
        r#"{"kind":"incident","id":"twice","date":"1898-05?","summary":"Struck","from":"KOR"}"#,
        r#"{"kind":"incident","id":"old","date":"1898-05?","summary":"남북 접촉, \"early\"","from":"KOR"}"#,
    ];
    place.feed(&["record", "--json", "-"], entries.join("\n").as_bytes()).ok();
    place.run(&["retract", "twice", "--reason", "reported twice"]).ok();
    place.run(&["amend", "round", "--set", "place=Panmunjom", "--reason", "the place"]).ok();
    place
}

fn export(place: &Place, arguments: &[&str]) -> Vec<u8> {
    let file = place.file("out");
    let arguments = [&["export"], arguments, &["--force", file.to_str().unwrap()]].concat();
    place.run(&arguments).ok();
    std::fs::read(file).unwrap()
}

fn text(place: &Place, arguments: &[&str]) -> String {
    String::from_utf8(export(place, arguments)).unwrap()
}

#[test]
fn a_workbook_opens_with_its_texts_whole_and_says_what_it_is() {
    let place = place();
    let bytes = export(&place, &["--as", "xlsx", "--party", "KOR"]);
    let mut book: Xlsx<_> = Xlsx::new(std::io::Cursor::new(bytes)).unwrap();
    assert_eq!(book.sheet_names(), ["Entries", "About this export"]);
    let entries = book.worksheet_range("Entries").unwrap();
    let cell = |row: u32, column: u32| entries.get_value((row, column)).cloned().unwrap_or(Data::Empty);
    let names: Vec<String> = (0..26).map(|column| cell(0, column).to_string()).collect();
    let at = |name: &str| names.iter().position(|known| known == name).unwrap() as u32;
    assert_eq!(entries.height(), 5, "four entries, and a header");
    // In the order of the world; a day before 1900 is as good as any.
    assert_eq!(cell(1, at("date")).to_string(), "1898-05?");
    assert_eq!(cell(1, at("earliest")).to_string(), "1898-05-01 00:00:00");
    assert_eq!(cell(1, at("summary")).to_string(), "남북 접촉, \"early\"");
    assert_eq!(cell(2, at("summary")).to_string(), "군사회담 제의");
    assert_eq!(cell(2, at("marking")).to_string(), "TLP:AMBER");
    assert!(matches!(cell(2, at("position")), Data::Float(_)));
    // A text is a text, whatever it looks like.
    assert_eq!(cell(3, at("summary")).to_string(), "=HYPERLINK(\"https://example.org\")");
    let formulas = book.worksheet_formula("Entries").unwrap();
    assert!(formulas.used_cells().all(|(_, _, formula)| formula.is_empty()));
    let about = book.worksheet_range("About this export").unwrap();
    let said = |name: &str| {
        let row = about.rows().find(|row| row[0] == Data::String(name.to_owned())).unwrap();
        row[1].to_string()
    };
    let log = place.data(&["log"]);
    assert_eq!(said("Query"), "party=KOR");
    assert_eq!(said("Log"), log["log"].as_str().unwrap());
    assert!(said("Checkpoint").starts_with(log["log"].as_str().unwrap()));
    assert_eq!(said("Zone").split(':').next(), Some("Asia/Seoul"));
    assert_eq!(said("Entries"), "4");
}

#[test]
fn a_table_opens_in_spreadsheets_and_holds_no_formula() {
    let place = place();
    let csv = text(&place, &["--as", "csv"]);
    let plain = csv.strip_prefix('\u{feff}').expect("the mark by which Excel knows UTF-8");
    let mut reader = csv::Reader::from_reader(plain.as_bytes());
    let summary = reader.headers().unwrap().iter().position(|name| name == "summary").unwrap();
    let summaries: Vec<String> = reader.records().map(|record| record.unwrap()[summary].to_owned()).collect();
    assert_eq!(summaries.len(), 4);
    assert!(summaries.contains(&"군사회담 제의".to_owned()));
    assert!(summaries.contains(&"'=HYPERLINK(\"https://example.org\")".to_owned()), "{summaries:?}");
    assert!(csv.lines().count() == 5 && csv.ends_with("\r\n"));
}

/// An element: its name, its attributes, its text.
type Element = (String, Vec<(String, String)>, String);

/// Returns every element of a document, which must be well formed.
fn elements(document: &str) -> Vec<Element> {
    let mut reader = Reader::from_str(document);
    let (mut found, mut open): (Vec<Element>, Vec<usize>) = (Vec::new(), Vec::new());
    let attributes = |tag: &quick_xml::events::BytesStart<'_>| {
        tag.attributes()
            .map(|attribute| {
                let attribute = attribute.unwrap();
                let value = quick_xml::escape::unescape(&attribute.value).unwrap();
                (attribute.key.0.to_owned(), value.into_owned())
            })
            .collect::<Vec<_>>()
    };
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) => {
                open.push(found.len());
                found.push((tag.name().0.to_owned(), attributes(&tag), String::new()));
            }
            Event::Empty(tag) => {
                found.push((tag.name().0.to_owned(), attributes(&tag), String::new()));
            }
            Event::End(_) => {
                open.pop().expect("what ends has begun");
            }
            Event::Text(text) => {
                if let Some(place) = open.last() {
                    found[*place].2.push_str(&text);
                }
            }
            Event::Eof => break,
            _ => {}
        }
    }
    assert!(open.is_empty());
    found
}

#[test]
fn a_feed_and_graphs_are_well_formed_and_lead_to_what_is_there() {
    let place = place();
    let feed = elements(&text(&place, &["--as", "atom"]));
    let of = |name: &str| feed.iter().filter(|(known, _, _)| known == name).collect::<Vec<_>>();
    assert_eq!(of("entry").len(), 4);
    // RFC 4287: a feed and an entry have each exactly one id, title and updated.
    for name in ["id", "title", "updated"] {
        assert_eq!(of(name).len(), 5, "{name}");
    }
    let ids: BTreeSet<&str> = of("id").iter().map(|(_, _, id)| id.as_str()).collect();
    assert!(ids.len() == 5 && ids.iter().all(|id| id.starts_with("urn:uuid:")));
    assert!(of("updated").iter().all(|(_, _, at)| at.ends_with('Z')));
    assert_eq!(of("author").len(), 4);
    for format in ["gexf", "graphml"] {
        let graph = elements(&text(&place, &["--as", format]));
        let value = |element: &Element, name: &str| {
            let found = element.1.iter().find(|(known, _)| known == name);
            found.expect(name).1.clone()
        };
        let nodes: BTreeSet<String> =
            graph.iter().filter(|(name, _, _)| name == "node").map(|node| value(node, "id")).collect();
        assert_eq!(nodes.iter().map(String::as_str).collect::<Vec<_>>(), ["KOR", "PRK"], "{format}");
        let edges: Vec<_> = graph.iter().filter(|(name, _, _)| name == "edge").collect();
        assert_eq!(edges.len(), 1, "{format}");
        assert_eq!((value(edges[0], "source").as_str(), value(edges[0], "target").as_str()), ("PRK", "KOR"));
    }
}

/// Checks a calendar line by line, as RFC 5545 asks for, and returns its components.
fn strictly(calendar: &str) -> Vec<(String, Vec<(String, String)>)> {
    assert!(calendar.ends_with("\r\n") && !calendar.replace("\r\n", "").contains(['\r', '\n']));
    for line in calendar.split("\r\n") {
        assert!(line.len() <= 75, "{line}");
    }
    let mut open: Vec<(String, Vec<(String, String)>)> = Vec::new();
    let mut closed = Vec::new();
    for line in calendar.replace("\r\n ", "").split("\r\n").filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("{line}"));
        assert!(name.bytes().all(|byte| byte.is_ascii_uppercase() || b"-;=".contains(&byte)), "{line}");
        match name {
            "BEGIN" => open.push((value.to_owned(), Vec::new())),
            "END" => {
                let component = open.pop().unwrap();
                assert_eq!(component.0, value);
                closed.push(component);
            }
            name => open.last_mut().unwrap().1.push((name.to_owned(), value.to_owned())),
        }
    }
    assert!(open.is_empty());
    closed
}

#[test]
fn a_calendar_keeps_the_grammar_and_an_independent_library_reads_the_same() {
    let place = place();
    let text = text(&place, &["--as", "ics"]);
    let components = strictly(&text);
    let names: Vec<&str> = components.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["VEVENT", "VTODO", "VCALENDAR"]);
    for (name, properties) in &components[..2] {
        let value = |wanted: &str| {
            let found = properties.iter().filter(|(known, _)| known == wanted).collect::<Vec<_>>();
            assert_eq!(found.len(), 1, "{name} {wanted}");
            found[0].1.clone()
        };
        for required in ["UID", "DTSTAMP", "SEQUENCE", "STATUS", "SUMMARY"] {
            assert!(!value(required).is_empty());
        }
        if name == "VEVENT" {
            assert_eq!(value("DTSTART"), "20260402T010000Z");
            assert_eq!(value("SEQUENCE"), "1", "it was amended once");
            assert_eq!(value("LOCATION"), "Panmunjom");
        } else {
            assert_eq!(value("DUE;VALUE=DATE"), "20260220");
        }
    }
    let unfolded = icalendar::parser::unfold(&text);
    let read = icalendar::parser::read_calendar(&unfolded).unwrap();
    assert_eq!(read.components.len(), 2);
    let event = read.components.iter().find(|component| component.name == "VEVENT").unwrap();
    assert_eq!(
        event.find_prop("STATUS").unwrap().val.as_ref(),
        "TENTATIVE",
        "its day is over, and nobody says that it was held"
    );
}

#[test]
fn lines_and_documents_of_json_are_json_and_every_format_is_asked_for_by_name() {
    let place = place();
    let events = text(&place, &["--as", "cloudevents"]);
    assert_eq!(events.lines().filter(|line| serde_json::from_str::<Value>(line).is_ok()).count(), 4);
    let document: Value = serde_json::from_str(&text(&place, &["--as", "prov"])).unwrap();
    assert!(document["entity"].as_object().unwrap().len() >= 6);
    let refused = place.run(&["export", "--as", "pdf"]).fails(2);
    assert!(refused.contains("graphml"), "{refused}");
    // The log itself is exported as before.
    let log = text(&place, &[]);
    assert!(log.starts_with("{\"format\""), "{log}");
}

#[test]
fn entries_that_leave_are_read_by_another_log() {
    let place = place();
    let lines = place.file("talks.jsonl");
    std::fs::write(&lines, export(&place, &["--as", "jsonl"])).unwrap();
    let other = Place::new();
    other.run(&["import", lines.to_str().unwrap()]).ok();
    let rows = |place: &Place| -> Vec<(String, String)> {
        let items = place.items(&["timeline"]);
        let word = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
        items.iter().map(|row| (word(row, "handle"), word(row, "summary"))).collect()
    };
    assert_eq!(rows(&place), rows(&other));
}

#[test]
fn every_entry_that_leaves_is_noted_where_reads_are() {
    let place = Place::empty();
    place.run(&["init", "--name", "test", "--zone", "Asia/Seoul", "--log-reads"]).ok();
    for (id, date) in [("a", "2025-08-19"), ("b", "2025-08-20")] {
        place.run(&["record", "incident", "--date", date, "--id", id, "--summary", "Soldiers cross."]).ok();
    }
    for (format, actor) in [("csv", "lee"), ("xlsx", "park"), ("prov", "choi"), ("atom", "han")] {
        let file = place.file(format);
        let arguments = ["export", "--as", format, "--from", "2025-08-20", "--actor", actor];
        place.run(&[&arguments[..], &["--purpose", "a test", file.to_str().unwrap()]].concat()).ok();
    }
    let by = |handle: &str| -> Vec<String> {
        let rows = place.items(&["audit", "readers", handle]);
        let readers: BTreeSet<String> =
            rows.iter().map(|row| row["by"].as_str().unwrap().to_owned()).collect();
        readers.into_iter().collect()
    };
    assert!(by("a").is_empty(), "{:?}", by("a"));
    assert_eq!(by("b"), ["choi", "han", "lee", "park"]);
}

#[test]
fn names_of_the_log_complete_what_is_typed() {
    let place = place();
    let said = place.run(&["complete", "--", "timeline", "--party", "KOR,PR"]).ok();
    assert!(said.starts_with("KOR,PRK\t"), "{said}");
    assert!(place.run(&["complete", "--", "show", "of"]).ok().starts_with("offer\toverture.proposed"));
    let script = place.run(&["util", "completions", "bash"]).ok();
    assert!(script.contains("_demarche_names"), "{script}");
}

/// Exports what programs of others are to read, three versions of the calendar among it.
fn exported(place: &Place) {
    let export = |arguments: &[&str], name: &str| {
        let file = place.file(name);
        place.run(&[&["export"], arguments, &[file.to_str().unwrap()]].concat()).ok();
    };
    export(&["--as", "ics"], "0.ics");
    let long = "남북 군사회담 ".repeat(20);
    let change = format!("place=판문점 {long}");
    place.run(&["amend", "round", "--set", &change, "--reason", "the house"]).ok();
    export(&["--as", "ics"], "1.ics");
    let cancel = r#"{"kind":"meeting.cancelled","id":"off","meeting":"round","date":"2026-03-20","by":"PRK","cause":"not stated","summary":"Called off"}"#;
    place.feed(&["record", "--json", "-"], cancel.as_bytes()).ok();
    export(&["--as", "ics"], "2.ics");
    for format in ["csv", "xlsx", "atom", "gexf", "graphml", "cloudevents", "prov"] {
        export(&["--as", format], &format!("out.{format}"));
    }
}

#[test]
fn programs_of_others_read_what_is_exported() {
    let place = place();
    exported(&place);
    std::fs::write(place.file("exports.py"), include_str!("exports.py")).unwrap();
    // That of the system has the libraries that `tests/run` installs.
    let python = ["/usr/bin/python3", "python3"].into_iter().find_map(|python| {
        std::process::Command::new(python)
            .arg("exports.py")
            .arg(".")
            .current_dir(place.file(""))
            .output()
            .ok()
    });
    let Some(output) = python else {
        assert!(std::env::var_os("CI").is_none(), "in CI there must be python3");
        eprintln!("skipped: there is no python3");
        return;
    };
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.ends_with("OK\n"),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
