//! What an export of lines says of entries that it names and does not have, and what an import makes of that.

use super::*;
use crate::desk::answer::operation::Imported;
use crate::domain::reading::Entry;

#[track_caller]
fn import(fixture: &Fixture, file: &str, lines: &str) -> Imported {
    let ask = ImportAsk { file: file.to_owned(), ..ImportAsk::default() };
    let progress = crate::desk::import::source::Progress::default();
    let imported = fixture.desk.import(&kim(), &ask, &mut io::Cursor::new(lines), &progress).unwrap().data;
    assert!(imported.wrong.is_empty(), "{:?}", imported.wrong);
    imported
}

fn entry(fixture: &Fixture, name: &str) -> Entry {
    let known = fixture.desk.known(&When::default()).unwrap();
    known.entry(known.view.called(name).unwrap()[0]).unwrap().unwrap()
}

fn told(imported: &Imported) -> Vec<String> {
    let told = imported.doubtful.iter().map(ToString::to_string);
    told.filter(|told| told.contains("not exported with it")).collect()
}

fn status(status: &str) -> ExportAsk {
    filter(|filter| filter.status = Some(status.to_owned()))
}

#[test]
fn an_answer_to_an_offer_that_was_struck_goes_into_another_log_and_is_told_there() {
    let fixture = spring();
    talks(&fixture);
    record(&fixture, json!({"kind": "record.retracted", "target": "offer", "reason": "a rumour"}));
    let lines = text(&fixture, &ExportAsk::default(), Format::Jsonl);
    let other = spring();
    let imported = import(&other, "talks.jsonl", &lines);
    assert_eq!(imported.recorded, 3);
    let told = told(&imported);
    assert!(told.len() == 1 && told[0].starts_with("line 1: ") && told[0].contains("`offer`"), "{told:?}");
    assert!(entry(&other, "no").links().is_empty());
    let again = import(&other, "talks.jsonl", &lines);
    assert_eq!((again.recorded, again.already), (0, 3));
    // With the offer, and with what strikes it, nothing is left out.
    let whole = text(&fixture, &status("all"), Format::Jsonl);
    assert!(!whole.contains("not_exported"), "{whole}");
    let other = spring();
    let imported = import(&other, "talks.jsonl", &whole);
    assert_eq!((imported.recorded, self::told(&imported)), (5, vec![]));
    assert_eq!(entry(&other, "no").links().len(), 1);
}

#[test]
fn the_parts_of_a_log_go_into_another_one_after_the_other() {
    let fixture = spring();
    talks(&fixture);
    let of =
        |kind: &str| text(&fixture, &filter(|filter| filter.kind = Some(kind.to_owned())), Format::Jsonl);
    let other = spring();
    assert_eq!(told(&import(&other, "offers.jsonl", &of("overture"))), [""; 0]);
    let imported = import(&other, "answers.jsonl", &of("response"));
    assert_eq!(told(&imported), [""; 0], "the offer is there by now");
    assert_eq!(entry(&other, "no").links()[0].target, entry(&other, "offer").id);
    let again = import(&other, "answers.jsonl", &of("response"));
    assert_eq!((again.recorded, again.already), (0, 1));
}

#[test]
fn an_act_about_a_meeting_that_stays_behind_opens_none() {
    let fixture = spring();
    talks(&fixture);
    record(
        &fixture,
        json!({"kind": "meeting.cancelled", "id": "off", "meeting": "round", "date": "2026-03-02", "by": "PRK",
            "cause": "rain"}),
    );
    record(&fixture, json!({"kind": "record.retracted", "target": "round", "reason": "a rumour"}));
    let other = spring();
    let imported = import(&other, "talks.jsonl", &text(&fixture, &ExportAsk::default(), Format::Jsonl));
    assert_eq!(told(&imported).len(), 1, "{:?}", imported.doubtful);
    let off = entry(&other, "off").event.unwrap();
    assert!(!off.envelope.opens && off.envelope.about.is_empty(), "{off:?}");
    // Struck there as it was here, and all of it.
    record(&fixture, json!({"kind": "record.retracted", "target": "off", "reason": "a rumour"}));
    let other = spring();
    let imported = import(&other, "talks.jsonl", &text(&fixture, &status("all"), Format::Jsonl));
    assert_eq!((imported.recorded, told(&imported)), (7, vec![]));
    assert!(entry(&other, "round").struck);
}

#[test]
fn what_was_not_exported_is_no_cover_for_a_slip() {
    let other = spring();
    let line = r#"{"id":"no","kind":"response.rejected","from":"PRK","to":"KOR","date":"2026-02-05","in_reply_to":"ofer","not_exported":["offer"],"summary":"No."}"#;
    let ask = ImportAsk { file: "talks.jsonl".to_owned(), ..ImportAsk::default() };
    let progress = crate::desk::import::source::Progress::default();
    let imported = other.desk.import(&kim(), &ask, &mut io::Cursor::new(line), &progress).unwrap().data;
    let wrong = imported.wrong[0].to_string();
    assert!(wrong.starts_with("line 1: ") && wrong.contains("`ofer`"), "{wrong}");
}

#[test]
fn what_goes_from_log_to_log_gets_no_second_name() {
    let fixture = spring();
    record(&fixture, json!({"kind": "incident", "id": "x1", "date": "2026-01-01", "summary": "s"}));
    let mut lines = text(&fixture, &ExportAsk::default(), Format::Jsonl);
    for _ in 0..2 {
        let other = spring();
        let ask = ImportAsk { file: "c".to_owned(), ..ImportAsk::default() };
        let progress = crate::desk::import::source::Progress::default();
        let mut file = io::Cursor::new(lines);
        assert_eq!(other.desk.import(&kim(), &ask, &mut file, &progress).unwrap().data.recorded, 1);
        let mut named = entry(&other, "x1").event.unwrap().envelope.external_refs;
        let count = named.len();
        named.dedup();
        assert_eq!(named.len(), count, "{named:?}");
        assert_eq!(named[0].namespace, "c");
        lines = text(&other, &ExportAsk::default(), Format::Jsonl);
    }
}

#[test]
fn an_own_table_comes_back_without_what_guards_its_cells() {
    let fixture = spring();
    let texts = ["=SUM(1)", "'=SUM(1)", "＝SUM(1)", "+82-2", "'tis", "plain"];
    for summary in texts {
        record(&fixture, json!({"kind": "incident", "date": "2026-01-01", "summary": summary}));
    }
    let table = text(&fixture, &ExportAsk::default(), Format::Csv);
    let other = spring();
    let mapping = json!({"format": "csv", "key": ["id"], "default_kind": "incident",
        "fields": {"date": {"column": "date"}, "summary": {"column": "summary"}}});
    let mapping = other.desk.take_mapping(mapping.to_string().as_bytes()).unwrap().data.digest;
    let ask = ImportAsk { file: "t.csv".to_owned(), mapping: Some(mapping), ..ImportAsk::default() };
    let progress = crate::desk::import::source::Progress::default();
    let imported = other.desk.import(&kim(), &ask, &mut io::Cursor::new(table), &progress).unwrap().data;
    assert!(imported.wrong.is_empty(), "{:?}", imported.wrong);
    let lines = text(&other, &ExportAsk::default(), Format::Jsonl);
    let summaries: Vec<String> = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["summary"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(summaries, texts);
}
