//! What a log says of its own registers, imported into another.

use super::*;
use crate::desk::ask::{ApprovalAsk, ExportAsk, FilterAsk, RecordAsk, RedactAsk};
use crate::desk::import::tests::wild::drafted;
use crate::desk::outgoing::Format;
use crate::desk::testing::{kim, record};

/// Imports as somebody whom no register has yet.
fn import_as(fixture: &Fixture, file: &str, bytes: &[u8], dry_run: bool) -> Imported {
    let caller = Caller { actor: "han".to_owned(), tz: None };
    let ask = ImportAsk { file: file.to_owned(), dry_run, ..ImportAsk::default() };
    fixture.desk.import(&caller, &ask, &mut Cursor::new(bytes), &Progress::default()).unwrap().data
}

fn import(fixture: &Fixture, bytes: &str) -> Imported {
    import_as(fixture, "calls.jsonl", bytes.as_bytes(), false)
}

fn recorders(fixture: &Fixture) -> Vec<String> {
    let known = fixture.desk.known(&When::default()).unwrap();
    let mut names: Vec<String> =
        known.register.recorders().map(|(_, recorder)| recorder.entered.clone()).collect();
    names.sort();
    names
}

fn goes_on(fixture: &Fixture) {
    let entry = serde_json::json!({ "kind": "statement.public", "from": "KOR", "date": "2025-01-02", "summary": "s" });
    let ask = RecordAsk { entries: vec![entry], ..RecordAsk::default() };
    let caller = Caller { actor: "han".to_owned(), tz: None };
    fixture.desk.record(&caller, &ask).unwrap();
}

#[test]
fn whoever_imports_their_own_registration_is_entered_once() {
    let fixture = Fixture::new();
    let before = recorders(&fixture);
    let file = "{\"kind\":\"statement.public\",\"id\":\"s\",\"from\":\"KOR\",\"date\":\"2025-01-01\",\"summary\":\"s\"}\n\
                {\"kind\":\"recorder.registered\",\"id\":\"r\",\"name\":\"lee\"}\n\
                {\"kind\":\"recorder.registered\",\"id\":\"k\",\"name\":\"han\"}\n\
                {\"kind\":\"record.annotated\",\"target\":\"k\",\"remark\":\"so\"}\n";
    let imported = import(&fixture, file);
    assert_eq!((imported.recorded, imported.already), (4, 0), "{:?}", imported.wrong);
    let mut expected = [before, vec!["han".to_owned(), "lee".to_owned()]].concat();
    expected.sort();
    assert_eq!(recorders(&fixture), expected);
    goes_on(&fixture);
    let again = import(&fixture, file);
    assert_eq!((again.recorded, again.already), (0, 4), "{:?}", again.wrong);
    // Who is there already is there, under whatever id; and whoever says more of them is told.
    let other =
        import_as(&fixture, "other.jsonl", b"{\"kind\":\"recorder.registered\",\"name\":\"lee\"}", false);
    assert_eq!((other.recorded, other.already), (0, 1), "{:?}", other.wrong);
    let more = b"{\"kind\":\"recorder.registered\",\"name\":\"lee\",\"note\":\"of the archive\"}";
    let more = import_as(&fixture, "more.jsonl", more, false);
    assert!(says(&more.wrong, 1, "says more of them"), "{:?}", more.wrong);
    let twice = b"{\"kind\":\"recorder.registered\",\"name\":\"ban\"}\n{\"kind\":\"recorder.registered\",\"name\":\"Ban\"}";
    let twice = import_as(&fixture, "twice.jsonl", twice, false);
    assert!(says(&twice.wrong, 2, "comes in with the same entries already"), "{:?}", twice.wrong);
    assert_eq!(recorders(&fixture), expected);
}

#[test]
fn the_bookkeeping_of_a_log_goes_into_another_but_for_its_opening() {
    let fixture = Fixture::new();
    goes_on(&fixture);
    let opening = "{\"kind\":\"log.opened\",\"id\":\"o\",\"zone\":\"Asia/Seoul\"}\n";
    let filter = FilterAsk { bookkeeping: true, ..FilterAsk::default() };
    let ask = ExportAsk { filter, ..ExportAsk::default() };
    let mut lines = Vec::new();
    let mut note = |_: &[_]| Ok(());
    let (desk, when) = (&fixture.desk, When::default());
    assert!(desk.export_as(&when, &ask, Format::Jsonl, &mut note, &mut |_| (), &mut lines).is_ok());
    let mut lines = String::from_utf8(lines).unwrap();
    if !lines.contains("\"log.opened\"") {
        lines.insert_str(0, opening);
    }
    let count = lines.lines().count() as u64;
    let other = Fixture::new();
    let dry = import_as(&other, "whole.jsonl", lines.as_bytes(), true);
    assert!(dry.wrong.is_empty(), "{:?}", dry.wrong);
    let skipped = &dry.skipped[0];
    assert_eq!(
        (skipped.rows, skipped.because.as_str()),
        (1, "the opening of the log that it was exported from")
    );
    let imported = import_as(&other, "whole.jsonl", lines.as_bytes(), false);
    assert_eq!(imported.skipped, dry.skipped);
    assert_eq!((imported.recorded, imported.already), (dry.recorded, dry.already));
    assert_eq!(imported.recorded + imported.already, count - 1);
    goes_on(&other);
    let again = import_as(&other, "whole.jsonl", lines.as_bytes(), false);
    assert_eq!((again.recorded, again.already), (0, count - 1), "{:?}", again.wrong);
}

#[test]
fn a_table_with_removed_texts_corrections_and_registers_is_taken_without_them_and_says_so() {
    let fixture = Fixture::new();
    record(&fixture, serde_json::json!({"kind": "recorder.registered", "name": "lee"}));
    for (id, date) in [("s", "2025-01-02"), ("gone", "2025-01-03")] {
        let entry = serde_json::json!({"kind": "statement.public", "id": id, "from": "KOR", "date": date, "summary": id});
        record(&fixture, entry);
    }
    record(&fixture, serde_json::json!({"kind": "record.annotated", "target": "s", "remark": "so"}));
    let by = |name: &str| ApprovalAsk { by: name.to_owned(), ..ApprovalAsk::default() };
    let approvals = vec![by("kim"), by("lee")];
    let redact = RedactAsk { basis: "Archives Act".to_owned(), approvals, ..RedactAsk::default() };
    fixture.desk.redact(&kim(), "gone", &redact).unwrap();
    let filter = FilterAsk { bookkeeping: true, status: Some("all".to_owned()), ..FilterAsk::default() };
    let (ask, when) = (ExportAsk { filter, ..ExportAsk::default() }, When::default());
    let (mut table, mut note) = (Vec::new(), |_: &[_]| Ok(()));
    assert!(fixture.desk.export_as(&when, &ask, Format::Csv, &mut note, &mut |_| (), &mut table).is_ok());
    let mapping = drafted("export.csv", &table, None).unwrap().mapping;
    let imported = super::tables::import(&Fixture::new(), &mapping, "export.csv", &table);
    assert_eq!((imported.wrong.len(), imported.recorded), (0, 1), "{:?}", imported.wrong);
    let why =
        |words: &str| imported.skipped.iter().find(|row| row.because.contains(words)).map(|row| row.rows);
    assert_eq!(why("its text was removed"), Some(1), "{:?}", imported.skipped);
    // The remark and the removal.
    assert_eq!(why("it corrects another entry"), Some(2), "{:?}", imported.skipped);
    assert!(why("it keeps the registers").is_some_and(|rows| rows >= 2), "{:?}", imported.skipped);
}
