//! Tables with a mapping, as callers meet them.

use std::io::Cursor;

use serde_json::{Value, json};

use crate::desk::answer::operation::Imported;
use crate::desk::ask::{Caller, DraftAsk, ImportAsk, When};
use crate::desk::error::DeskError;
use crate::desk::import::source::Progress;
use crate::desk::import::tests::{says, size};
use crate::desk::testing::Fixture;
use crate::domain::fact::Kind;

pub(super) fn take_mapping(fixture: &Fixture, mapping: &Value) -> Result<String, DeskError> {
    Ok(fixture.desk.take_mapping(mapping.to_string().as_bytes())?.data.digest)
}

pub(super) fn ask(file: &str, mapping: String) -> ImportAsk {
    ImportAsk { file: file.to_owned(), mapping: Some(mapping), ..ImportAsk::default() }
}

pub(super) fn try_import(fixture: &Fixture, ask: &ImportAsk, bytes: &[u8]) -> Result<Imported, DeskError> {
    let caller = Caller { actor: "kim".to_owned(), tz: None };
    Ok(fixture.desk.import(&caller, ask, &mut Cursor::new(bytes), &Progress::default())?.data)
}

pub(super) fn import(fixture: &Fixture, mapping: &Value, file: &str, bytes: &[u8]) -> Imported {
    let mapping = take_mapping(fixture, mapping).unwrap();
    try_import(fixture, &ask(file, mapping), bytes).unwrap()
}

pub(super) fn mapping() -> Value {
    json!({
        "format": "csv",
        "key": ["No."],
        "dates": ["%d/%m/%Y", "years", "about"],
        "skip": [{ "when": { "column": "Event", "matches": "^(?i)subtotal" }, "because": "a sum" }],
        "kinds": [
            { "when": { "column": "Event", "contains": "proposal" }, "kind": "overture.proposed",
              "fields": { "terms": { "column": "Remarks" } } },
            { "when": { "column": "Event", "one_of": ["answer: no"] }, "kind": "response.rejected",
              "fields": { "in_reply_to": { "column": "Re" } } },
        ],
        "default_kind": "statement.public",
        "fields": {
            "date": { "column": "Date" },
            "from": { "column": "Who", "table": "parties", "split": "&" },
            "to": { "column": "To", "table": "parties" },
            "summary": { "template": "{Event}: {Remarks}" },
            "channel": { "value": "media" },
            "texts.ko-KR": { "column": "Text" },
            "source": { "column": "Source" },
            "external_refs.MRN": { "column": "Cable" },
        },
        "tables": { "parties": { "S. Korea": "KOR", "N. Korea": "PRK", "US": "USA", "UK": null } },
    })
}

const HEADER: &str = "No.,Date,Who,To,Event,Remarks,Re,Text,Source,Cable";

pub(super) fn rows(rows: &[&str]) -> String {
    format!("{HEADER}\n{}\n", rows.join("\n"))
}

#[test]
fn a_table_becomes_entries_as_its_mapping_says() {
    let fixture = Fixture::new();
    let file = rows(&[
        "1,17/11/2025,S. Korea,N. Korea,proposal of talks,on the line,,군사회담 제의,KBS,72 SEOUL 1",
        "2,20/11/2025,N. Korea,S. Korea,answer: no,,1,,KCNA,",
        "3,about 1950,s. korea & US,,joint statement,,,,,",
        ",,,,,,,,,",
        "Subtotal,,,,Subtotal,3,,,,",
    ]);
    let imported = import(&fixture, &mapping(), "calls.csv", file.as_bytes());
    assert_eq!((imported.rows, imported.recorded), (3, 3), "{:?}", imported.wrong);
    let skipped: Vec<_> =
        imported.skipped.iter().map(|row| (row.because.as_str(), row.lines.clone())).collect();
    assert_eq!(skipped, [("a sum", vec![6]), ("the row is empty", vec![5])]);
    let known = fixture.desk.known(&When::default()).unwrap();
    let event = |key: &str| {
        let id = known.view.external("calls", key).unwrap()[0];
        known.view.event(id).unwrap().unwrap().event.unwrap()
    };
    let offer = event("1");
    assert_eq!(offer.kind(), Kind::OvertureProposed);
    assert_eq!(offer.envelope.occurred.as_ref().unwrap().as_str(), "2025-11-17");
    assert_eq!(offer.envelope.occurred_as_written.as_deref(), Some("17/11/2025"));
    assert_eq!(offer.envelope.summary.as_deref(), Some("proposal of talks: on the line"));
    assert_eq!(offer.envelope.texts[0].text, "군사회담 제의");
    assert_eq!(offer.envelope.sources[0].locator, "KBS");
    assert!(offer.envelope.external_refs.iter().any(|other| other.namespace == "MRN"));
    let answer = event("2");
    assert_eq!((answer.kind(), answer.envelope.links.len()), (Kind::ResponseRejected, 1));
    let joint = event("3");
    assert_eq!((joint.envelope.from.len(), joint.envelope.occurred.as_ref().unwrap().as_str()), (2, "1950~"));
    let before = size(&fixture);
    let again = import(&fixture, &mapping(), "calls.csv", file.as_bytes());
    assert_eq!((again.recorded, again.already, size(&fixture)), (0, 3, before), "{:?}", again.wrong);
}

#[test]
fn every_wrong_row_is_named_by_its_line_and_nothing_is_recorded() {
    let fixture = Fixture::new();
    let before = size(&fixture);
    let file = rows(&[
        "1,17/11/2025,S. Korea,N. Korea,proposal of talks,x,,,,",
        "2,31/02/2025,S. Korea,N. Korea,proposal of talks,x,,,,",
        "3,17/11/2025,Atlantis,N. Korea,proposal of talks,x,,,,",
        "4,17/11/2025,UK,N. Korea,proposal of talks,x,,,,",
        ",17/11/2025,S. Korea,N. Korea,proposal of talks,x,,,,",
        "6,17/11/2025,S. Korea,N. Korea,proposal of talks,x,,,,,,more",
        "1,17/11/2025,S. Korea,N. Korea,proposal of talks,y,,,,",
        "8,17/11/2025,S. Korea,N. Korea,answer: no,x,77,,,",
    ]);
    let imported = import(&fixture, &mapping(), "calls.csv", file.as_bytes());
    for (line, word) in [
        (3, "does not exist"),
        (4, "tables.parties"),
        (5, "fill it in"),
        (6, "names the row"),
        (7, "12 cells"),
        (8, "line 2"),
        (9, "77"),
    ] {
        assert!(says(&imported.wrong, line, word), "line {line} {word}: {:#?}", imported.wrong);
    }
    assert_eq!((imported.recorded, size(&fixture)), (0, before));
}

#[test]
fn a_mapping_that_is_wrong_is_told_where_and_what_would_be_right() {
    let fixture = Fixture::new();
    let check = |text: &str, place: &str, word: &str| {
        let error = fixture.desk.take_mapping(text.as_bytes()).unwrap_err();
        let DeskError::Wrong(faults) = error else { panic!("{error:?}") };
        let told =
            faults.iter().any(|fault| fault.to_string().contains(place) && fault.to_string().contains(word));
        assert!(told, "{place} {word}: {faults:#?}");
    };
    check("{\n \"fieldz\": {}}", "line 2", "unknown field `fieldz`");
    check("{\"key\": [\"a\"], \"key\": []}", "line 1", "stands twice");
    check("{", "line 1", "EOF");
    check("[]", "line 1", "");
    let of = |changes: Value| {
        let mut mapping = mapping();
        mapping.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        mapping.to_string()
    };
    check(&of(json!({ "key": [] })), "key", "#row");
    check(&of(json!({ "encoding": "klingon" })), "encoding", "euc-kr");
    check(&of(json!({ "delimiter": "ab" })), "delimiter", "one character");
    check(&of(json!({ "dates": ["%d/%m"] })), "dates[0]", "year");
    check(&of(json!({ "zone": "Seoul" })), "zone", "");
    check(&of(json!({ "default_kind": "overture.propsed" })), "default_kind", "overture.proposed");
    check(&of(json!({ "fields": { "dat": { "column": "Date" } } })), "fields.dat", "did you mean `date`");
    check(&of(json!({ "fields": { "date": {} } })), "fields.date", "one of `column`");
    check(
        &of(json!({ "fields": { "date": { "column": "a", "table": "b" } } })),
        "fields.date.table",
        "parties",
    );
    check(&of(json!({ "fields": { "note": { "template": "{a" } } })), "fields.note.template", "not closed");
    check(
        &of(json!({ "fields": { "note": { "column": "a", "pattern": "(" } } })),
        "fields.note.pattern",
        "regular",
    );
    check(
        &of(json!({ "kinds": [{ "when": { "column": "a" }, "kind": "incident" }] })),
        "kinds[0].when",
        "tests nothing",
    );
    check(&of(json!({ "format": "tei" })), "key", "for tables");
    // What only the file tells.
    let error = |file: &str| import(&fixture, &mapping(), "calls.csv", file.as_bytes()).wrong;
    assert!(
        error("No.,Dat\n1,2")
            .iter()
            .any(|fault| fault.to_string().contains("no column `Date`; is `Dat` meant?"))
    );
    assert!(error("No.;Date;Who\n1;2;3").iter().any(|fault| fault.to_string().contains("is `;`")));
    assert!(!error("").is_empty());
    let unknown = try_import(&fixture, &ask("calls.csv", "00".to_owned()), b"x").unwrap_err();
    assert!(unknown.to_string().contains("/v1/import/mappings"), "{unknown}");
    let none = ImportAsk { file: "calls.csv".to_owned(), ..ImportAsk::default() };
    assert!(try_import(&fixture, &none, b"x").unwrap_err().to_string().contains("import draft"));
}

#[test]
fn a_table_in_another_encoding_and_with_other_line_ends_is_the_same_table() {
    let file = rows(&["1,17/11/2025,S. Korea,N. Korea,proposal of talks,x,,군사회담 제의,,"]);
    for (encoding, end) in [("euc-kr", "\r"), ("utf-16", "\r\n"), ("utf-8", "\r")] {
        let fixture = Fixture::new();
        let text = file.replace('\n', end);
        let bytes = crate::desk::import::encoding::named(encoding).unwrap().encode(&text).unwrap();
        let mut mapping = mapping();
        mapping["encoding"] = encoding.into();
        let imported = import(&fixture, &mapping, "calls.csv", &bytes);
        assert_eq!(imported.recorded, 1, "{encoding}: {:?}", imported.wrong);
        let known = fixture.desk.known(&When::default()).unwrap();
        let id = known.view.external("calls", "1").unwrap()[0];
        let event = known.view.event(id).unwrap().unwrap().event.unwrap();
        assert_eq!(event.envelope.texts[0].text, "군사회담 제의");
    }
    let fixture = Fixture::new();
    let bytes = crate::desk::import::encoding::named("euc-kr").unwrap().encode(&file).unwrap();
    let imported = import(&fixture, &mapping(), "calls.csv", &bytes);
    assert!(says(&imported.wrong, 2, "is no letter of UTF-8"), "{:?}", imported.wrong);
}

pub(super) fn workbook() -> Vec<u8> {
    use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};
    let mut workbook = Workbook::new();
    let date = Format::new().set_num_format("yyyy-mm-dd");
    let sheet = workbook.add_worksheet();
    sheet.set_name("Calls").unwrap();
    for (column, name) in ["No.", "Date", "Line", "Event", "Remarks"].into_iter().enumerate() {
        sheet.write_string(0, u16::try_from(column).unwrap(), name).unwrap();
    }
    let day = ExcelDateTime::from_ymd(2023, 4, 7).unwrap();
    for row in 1..4u32 {
        sheet.write_number(row, 0, f64::from(row)).unwrap();
        sheet.write_string(row, 3, "call").unwrap();
    }
    sheet.write_datetime_with_format(1, 1, &day, &date).unwrap();
    sheet.write_string(2, 1, "25/12/2023").unwrap();
    sheet.write_datetime_with_format(3, 1, &day, &date).unwrap();
    sheet.merge_range(1, 2, 3, 2, "mil-west", &Format::new()).unwrap();
    sheet.write_formula(1, 4, Formula::new("=1+1").set_result("2")).unwrap();
    sheet.set_row_hidden(2).unwrap();
    let other = workbook.add_worksheet();
    other.set_name("Old").unwrap().set_hidden(true);
    workbook.save_to_buffer().unwrap()
}

pub(super) fn of_workbook(changes: Value) -> Value {
    let mut mapping = json!({
        "format": "xlsx",
        "key": ["No."],
        "dates": ["%d/%m/%Y"],
        "default_kind": "call.unanswered",
        "fields": {
            "date": { "column": "Date" },
            "channel": { "column": "Line" },
            "summary": { "template": "{Event} {Remarks}" },
        },
    });
    let Value::Object(changes) = changes else { panic!("the changes are no object") };
    mapping.as_object_mut().unwrap().extend(changes);
    mapping
}

#[test]
fn a_workbook_is_read_and_what_it_hides_is_told() {
    let fixture = Fixture::new();
    let bytes = workbook();
    let merged = import(&fixture, &of_workbook(json!({})), "calls.xlsx", &bytes);
    assert!(says(&merged.wrong, 3, "channel"), "{:?}", merged.wrong);
    let imported = import(&fixture, &of_workbook(json!({ "fill_down": ["Line"] })), "calls.xlsx", &bytes);
    assert_eq!(
        (imported.recorded, imported.format.as_str()),
        (3, "xlsx, sheet Calls"),
        "{:?}",
        imported.wrong
    );
    let told = imported.doubtful.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    for word in [
        "hidden rows are imported like the others: 3",
        "merged: C2:C4",
        "`Old` is hidden",
        "holds a formula",
        "another locale",
    ] {
        assert!(told.contains(word), "{word}: {told}");
    }
    let known = fixture.desk.known(&When::default()).unwrap();
    let id = known.view.external("calls#Calls", "1").unwrap()[0];
    let event = known.view.event(id).unwrap().unwrap().event.unwrap();
    assert_eq!(event.envelope.occurred.unwrap().as_str(), "2023-04-07");
    assert_eq!(event.envelope.summary.as_deref(), Some("call 2"));
    let again = import(&fixture, &of_workbook(json!({ "fill_down": ["Line"] })), "calls.xlsx", &bytes);
    assert_eq!((again.recorded, again.already), (0, 3));
    let mapping = take_mapping(&fixture, &of_workbook(json!({ "sheet": "Nine" }))).unwrap();
    let error = try_import(&fixture, &ask("calls.xlsx", mapping), &bytes).unwrap_err();
    assert!(error.to_string().contains("Calls, Old"), "{error}");
}

#[test]
fn a_sheet_is_not_said_to_lose_the_cells_that_are_empty_at_the_end_of_a_row() {
    let fixture = Fixture::new();
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let other = workbook.add_worksheet();
    other.set_name("Other").unwrap().set_row_hidden(1).unwrap();
    let sheet = workbook.add_worksheet();
    sheet.set_name("Calls").unwrap();
    for (column, name) in (0u16..).zip(["No.", "Date", "Line", "Event", "Remarks"]) {
        sheet.write_string(0, column, name).unwrap();
    }
    for (column, text) in (0u16..).zip(["1", "2023", "mil-west", "call"]) {
        sheet.write_string(1, column, text).unwrap();
    }
    let bytes = workbook.save_to_buffer().unwrap();
    let mapping = of_workbook(json!({ "sheet": "Calls", "dates": ["years"] }));
    let imported = import(&fixture, &mapping, "calls.xlsx", &bytes);
    assert_eq!(imported.recorded, 1, "{:?}", imported.wrong);
    let told = format!("{:?}", imported.doubtful);
    assert!(!told.contains("cells where") && !told.contains("hidden"), "{told}");
}

#[test]
fn a_mapping_is_drafted_with_its_guesses_marked_and_imports_once_it_is_completed() {
    let fixture = Fixture::new();
    let file = "ID;Date;From;To;Type;Summary;Odd\n1;17/11/2025;South Korea;Nordland;talks;x;1\n2;20/11/2025;Nordland;South Korea;answer;y;2\n";
    let ask_draft = DraftAsk { file: "list.csv".to_owned(), ..DraftAsk::default() };
    let drafted = fixture.desk.draft_mapping(&ask_draft, &mut Cursor::new(file)).unwrap().data;
    let mut mapping = drafted.mapping;
    assert_eq!(mapping["delimiter"], ";");
    assert_eq!(mapping["key"], json!(["ID"]));
    assert_eq!(mapping["fields"]["date"]["dates"], json!(["%d/%m/%Y"]));
    assert_eq!(mapping["tables"]["parties"], json!({ "South Korea": "KOR", "Nordland": null }));
    assert_eq!(mapping["tables"]["kinds"], json!({ "talks": null, "answer": null }));
    assert!(drafted.notes.iter().any(|note| note.contains("`Odd`")), "{:?}", drafted.notes);
    let imported = import(&fixture, &mapping, "list.csv", file.as_bytes());
    assert_eq!(imported.recorded, 0);
    assert!(imported.wrong.iter().any(|fault| fault.detail.contains("fill it in")), "{:?}", imported.wrong);
    mapping["tables"]["parties"]["Nordland"] = "PRK".into();
    mapping["tables"]["kinds"] = json!({ "talks": "overture.proposed", "answer": "response.rejected" });
    let imported = import(&fixture, &mapping, "list.csv", file.as_bytes());
    assert_eq!(imported.recorded, 2, "{:?}", imported.wrong);
    assert!(imported.doubtful.iter().any(|fault| fault.detail.contains("still guesses: fields.date")));
    let bytes = workbook();
    let ask_draft = DraftAsk { file: "calls.xlsx".to_owned(), ..DraftAsk::default() };
    let drafted = fixture.desk.draft_mapping(&ask_draft, &mut Cursor::new(bytes)).unwrap().data;
    assert_eq!(drafted.mapping["sheet"], "Calls");
}

#[test]
fn a_mapping_is_drafted_below_a_title_and_for_dates_of_several_sorts() {
    let fixture = Fixture::new();
    let draft = |file: &str| {
        let ask = DraftAsk { file: "list.csv".to_owned(), ..DraftAsk::default() };
        fixture.desk.draft_mapping(&ask, &mut Cursor::new(file.to_owned())).unwrap().data
    };
    let titled = draft(
        "Relations of the United States,,\n,,\nID,Date,Country\n1,\"May 22, 1882\",Cuba\n2,1837,Texas\n3,c. 1846,Japan\n",
    );
    assert_eq!(titled.mapping["header"], 3);
    assert_eq!(titled.mapping["fields"]["date"]["dates"], json!(["years", "words", "about"]));
    let notes = titled.notes.join("\n");
    assert!(
        notes.contains("row 3 is taken") && notes.contains("`Country`") && notes.contains("holds parties"),
        "{notes}"
    );
    let years = draft("ccode1,year,since\n2,1950,\"March 1, 1990\"\n200,1955,\"May 2, 1991\"\n");
    assert_eq!(years.mapping["fields"]["date"]["column"], "year");
    assert!(
        years.notes.iter().any(|note| note.contains("`since`") && note.contains("holds dates")),
        "{:?}",
        years.notes
    );
}

#[test]
fn a_header_that_is_elsewhere_or_in_two_bytes_a_letter_is_said_to_be() {
    let fixture = Fixture::new();
    let wrong = |file: &[u8]| {
        let mapping =
            json!({ "key": ["No."], "default_kind": "incident", "fields": { "date": { "column": "Date" } } });
        format!("{:?}", import(&fixture, &mapping, "calls.csv", file).wrong)
    };
    let wide = wrong(
        &crate::desk::import::encoding::named("utf-16le").unwrap().encode("No.,Date\n1,2023\n").unwrap(),
    );
    assert!(wide.contains("utf-16le") && !wide.contains("no column"), "{wide}");
    assert!(wrong(b"Calls of 2023,\nNo.,Date\n1,2023\n").contains("say with `header`"));
    let broken = wrong(b"No.,Date\n1,\xb0\xa1\xb0\xa1\n");
    assert!(
        broken.contains("column 3: 0xB0 is no letter of UTF-8") && !broken.contains("line 2, "),
        "{broken}"
    );
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(12))]

    #[test]
    fn any_bytes_as_any_format_are_recorded_whole_or_refused(
        bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300),
        start in 0usize..6,
    ) {
        let starts: [&[u8]; 6] = [b"", b"PK\x03\x04", b"<TEI><div type=\"document\">", b"No.,Date\n", b"From: a@b.c\n\n", b"{\"event\":\"AGREE\","];
        let bytes = [starts[start], &bytes].concat();
        let fixture = Fixture::new();
        let table = take_mapping(&fixture, &json!({ "key": ["#row"], "header": 0, "default_kind": "incident", "fields": { "summary": { "column": "#1" } } })).unwrap();
        for form in ["chronology", "csv", "xlsx", "tei", "icews", "plover", "eml"] {
            let is_table = matches!(form, "csv" | "xlsx");
            let before = size(&fixture);
            let ask = ImportAsk {
                file: format!("any-{form}"),
                format: Some(form.to_owned()),
                mapping: is_table.then(|| table.clone()),
                ..ImportAsk::default()
            };
            match try_import(&fixture, &ask, &bytes) {
                Ok(imported) if imported.wrong.is_empty() => {
                    proptest::prop_assert_eq!(imported.recorded, imported.rows);
                    let again = try_import(&fixture, &ask, &bytes).unwrap();
                    proptest::prop_assert_eq!((again.recorded, again.already), (0, imported.rows), "{}", form);
                }
                Ok(_) | Err(_) => proptest::prop_assert_eq!(size(&fixture), before, "{}", form),
            }
        }
    }
}
