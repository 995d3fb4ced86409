//! Files that are not what they seem: cells that a program made dates of, rows without an actor, mappings for something
//! else, tables without a row.

use serde_json::{Value, json};

use crate::desk::answer::operation::Imported;
use crate::desk::ask::{DraftAsk, ImportAsk};
use crate::desk::import::tests::coded::ask as coded;
use crate::desk::import::tests::tables::{ask, import, take_mapping, try_import};
use crate::desk::testing::Fixture;

fn told(imported: &Imported) -> String {
    imported.doubtful.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Returns a sheet in which a program made dates of `1-2` and `3-4`, beside what it left as words.
fn dated() -> Vec<u8> {
    use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    let date = Format::new().set_num_format("yyyy-mm-dd");
    sheet.write_row(0, 0, ["No", "Date", "Round", "Remarks", "분류", "분류"]).unwrap();
    for (row, no) in [(1u32, "1-13"), (2, "1-14")] {
        sheet.write_row(row, 0, [no, "", "1", "x", "a", "b"]).unwrap();
    }
    sheet.write_row(3, 4, ["c", "d"]).unwrap();
    for row in 1..4 {
        let day = ExcelDateTime::from_ymd(2024, 5, u8::try_from(row).unwrap()).unwrap();
        sheet.write_datetime_with_format(row, 1, &day, &date).unwrap();
    }
    for (column, month) in [(0, 2u8), (2, 3), (3, 4)] {
        let day = ExcelDateTime::from_ymd(2024, month, 1).unwrap();
        sheet.write_datetime_with_format(3, column, &day, &date).unwrap();
    }
    workbook.save_to_buffer().unwrap()
}

fn of_dated(key: &[&str], fields: &Value) -> Value {
    let mut mapping = json!({
        "format": "xlsx", "key": key, "default_kind": "incident",
        "fields": { "date": { "column": "Date" }, "summary": { "value": "x" } }
    });
    mapping["fields"].as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    mapping
}

#[test]
fn a_cell_that_is_a_date_where_none_is_read_is_doubtful_and_names_no_row() {
    let fields = json!({ "note": { "column": "Remarks" }, "external_refs.file": { "column": "#1" } });
    let imported = import(&Fixture::new(), &of_dated(&["Date"], &fields), "a.xlsx", &dated());
    assert_eq!(imported.recorded, 3, "{:?}", imported.wrong);
    let told_of = told(&imported);
    for says in [
        "line 4: note: the cell `Remarks` is a date, 2024-04-01: a program may have made a date of `1-4` or `4-1`",
        "line 4: external_refs.file: the cell `#1` is a date, 2024-02-01: a program may have made a date of `1-2` or `2-1`",
    ] {
        assert!(told_of.contains(says), "{says}: {told_of}");
    }
    assert!(!told_of.contains("`Date` is a date"), "{told_of}");
    let template = json!({ "note": { "template": "{Date}, {Remarks}" } });
    let imported = import(&Fixture::new(), &of_dated(&["Date"], &template), "a.xlsx", &dated());
    let told_of = told(&imported);
    assert!(told_of.contains("`Remarks` is a date") && !told_of.contains("`Date` is a date"), "{told_of}");
    // By it a row would be known as what it is not.
    let keyed = of_dated(&["No"], &json!({}));
    let imported = import(&Fixture::new(), &keyed, "a.xlsx", &dated());
    assert_eq!((imported.recorded, imported.wrong.len()), (0, 1), "{:?}", imported.wrong);
    let wrong = imported.wrong[0].to_string();
    assert!(wrong.contains("the cell `No`, which names the row, is a date, 2024-02-01"), "{wrong}");
    assert!(wrong.contains("`1-2` or `2-1`") && wrong.contains("write it as text"), "{wrong}");
    let fixture = Fixture::new();
    let mapping = take_mapping(&fixture, &keyed).unwrap();
    let leaving = ImportAsk { leaves_out: true, ..ask("a.xlsx", mapping) };
    let imported = try_import(&fixture, &leaving, &dated()).unwrap();
    assert_eq!((imported.recorded, imported.rejects.map_or(0, |left| left.reasons.len())), (2, 1));
    let mut rounds = of_dated(&["Date"], &json!({ "round": { "column": "Round" } }));
    rounds["default_kind"] = "meeting.held".into();
    let imported = import(&Fixture::new(), &rounds, "a.xlsx", &dated());
    let wrong = imported.wrong[0].to_string();
    assert!(wrong.contains("`2024-03-01` is no whole number; the cell `Round` is a date"), "{wrong}");
}

#[test]
fn a_draft_tells_of_cells_that_are_dates_and_names_a_repeated_column_by_its_place() {
    let asked = DraftAsk { file: "a.xlsx".to_owned(), ..DraftAsk::default() };
    let drafted = Fixture::new().desk.draft_mapping(&asked, &mut std::io::Cursor::new(dated())).unwrap().data;
    let notes = drafted.notes.join("\n");
    for says in [
        "column `No`: 1 of its 3 cells are dates (`2024-02-01`), and no date is read of it",
        "column `Remarks`: 1 of its 3 cells are dates (`2024-04-01`)",
        "column `분류` (`#5`): no field was found for it",
        "column `분류` (`#6`): no field was found for it",
    ] {
        assert!(notes.contains(says), "{says}: {notes}");
    }
    assert!(!notes.contains("column `Date`"), "{notes}");
    // What the draft names, the file has once.
    let csv = b"date,from,summary,summary\n2020-01-01,KOR,a,b\n".to_vec();
    let asked = DraftAsk { file: "a.csv".to_owned(), ..DraftAsk::default() };
    let drafted = Fixture::new().desk.draft_mapping(&asked, &mut std::io::Cursor::new(csv)).unwrap().data;
    assert_eq!(drafted.mapping["fields"]["summary"]["column"], "#3", "{}", drafted.mapping);
    assert!(drafted.notes.join("\n").contains("column `summary` (`#4`)"), "{:?}", drafted.notes);
}

#[test]
fn a_coded_event_in_which_nobody_acts_or_one_towards_themselves_is_doubtful() {
    let file = "Event ID\tEvent Date\tSource Name\tSource Country\tCAMEO Code\tTarget Name\tTarget Country\n\
                1\t2012-01-03\t\t\t010\tLee\tSouth Korea\n\
                2\t2012-01-04\tGovernment\tSouth Korea\t134\tCitizen\tSouth Korea\n\
                3\t2012-01-05\tGovernment\tSouth Korea\t036\tGovernment\tNorth Korea\n\
                4\t2012-01-06\tGovernment\tSouth Korea\t010\t\t\n";
    let imported = try_import(&Fixture::new(), &coded("events.tab", Some("icews")), file.as_bytes()).unwrap();
    assert_eq!(imported.recorded, 4, "{:?}", imported.wrong);
    let told = told(&imported);
    assert!(told.contains("line 2: the row does not say who acted"), "{told}");
    assert!(told.contains("line 3: the source is the target, KOR"), "{told}");
    assert_eq!(
        told.matches("who acted").count() + told.matches("the source is the target").count(),
        2,
        "{told}"
    );
}

#[track_caller]
fn refused(fixture: &Fixture, asked: &ImportAsk, bytes: &[u8], says: &[&str]) {
    let error = try_import(fixture, asked, bytes).unwrap_err().to_string();
    for says in says {
        assert!(error.contains(says), "{says}: {error}");
    }
}

#[test]
fn a_table_without_a_mapping_is_told_that_it_is_coded_or_empty() {
    let fixture = Fixture::new();
    let icews = b"Event ID\tEvent Date\tSource Name\tCAMEO Code\tTarget Name\n1\t2012-01-03\tA\t010\tB\n";
    refused(&fixture, &coded("events.tab", None), icews, &["needs a mapping", "`--as icews`"]);
    let plover = b"id,date,event_type,event_mode,source,target\n1,2021-03-01,REQUEST,meet,KOR,PRK\n";
    refused(&fixture, &coded("events.csv", None), plover, &["needs a mapping", "`--as plover`"]);
    let error =
        try_import(&fixture, &coded("a.csv", None), b"date,event,source,target\n").unwrap_err().to_string();
    assert!(error.contains("needs a mapping") && !error.contains("--as"), "{error}");
    for empty in [&b""[..], b" \r\n\n"] {
        let error = try_import(&fixture, &coded("a.csv", None), empty).unwrap_err().to_string();
        assert!(error.contains("the file is empty") && !error.contains("mapping"), "{error}");
    }
    let mapping = json!({
        "format": "xlsx", "sheet": "Calls", "key": ["#row"], "default_kind": "incident",
        "fields": { "summary": { "column": "Summary" } }
    });
    let mut workbook = rust_xlsxwriter::Workbook::new();
    workbook.add_worksheet().set_name("Calls").unwrap();
    let bytes = workbook.save_to_buffer().unwrap();
    let imported = import(&fixture, &mapping, "a.xlsx", &bytes);
    assert!(imported.wrong[0].detail.contains("the sheet `Calls` has no rows"), "{:?}", imported.wrong);
}

#[test]
fn a_mapping_for_another_sort_of_file_is_said_to_be_that() {
    let fixture = Fixture::new();
    let icews =
        take_mapping(&fixture, &json!({ "format": "icews", "tables": { "parties": { "S": "KOR" } } }));
    let icews = icews.unwrap();
    let says = ["mapping", "is for ICEWS events", "`desk.xlsx` is a workbook"];
    refused(&fixture, &ask("desk.xlsx", icews.clone()), &dated(), &says);
    let table = json!({
        "key": ["No"], "default_kind": "incident", "fields": { "summary": { "column": "Summary" } }
    });
    let mail = b"From: a@x.kr\nSubject: x\n\ny\n";
    let mapping = take_mapping(&fixture, &table).unwrap();
    refused(&fixture, &ask("a.eml", mapping), mail, &["the mapping is for a table", "the file is e-mail"]);
    let mut csv = table.clone();
    csv["format"] = "csv".into();
    let mapping = take_mapping(&fixture, &csv).unwrap();
    refused(&fixture, &ask("a.eml", mapping.clone()), mail, &["is for a table of text", "`a.eml` is e-mail"]);
    // A name that says nothing else does not stand in the way, and what is said goes before it.
    let rows = b"No,Summary\n1,x\n";
    assert_eq!(try_import(&fixture, &ask("a.txt", mapping.clone()), rows).unwrap().recorded, 1);
    let said = ImportAsk { format: Some("csv".to_owned()), ..ask("b.eml", mapping) };
    assert_eq!(try_import(&fixture, &said, rows).unwrap().recorded, 1);
    let events =
        "Event ID\tEvent Date\tSource Name\tCAMEO Code\tTarget Name\n1\t2012-01-03\tS\t010\tNorth Korea\n";
    assert_eq!(try_import(&fixture, &ask("e.tab", icews), events.as_bytes()).unwrap().recorded, 1);
}

#[test]
fn how_many_bytes_are_no_letters_is_told_in_words() {
    let mapping = json!({
        "format": "csv", "key": ["#row"], "default_kind": "incident",
        "fields": { "summary": { "column": "Summary" } }
    });
    for (line, says) in [
        (&b"\xff"[..], None),
        (b"\xff \xff", Some(", nor is another;")),
        (b"\xff \xff \xff", Some(", nor are 2 others;")),
        (b"\xff \xff \xff \xff \xff \xff \xff", Some(", nor are 4 others or more;")),
    ] {
        let imported = import(&Fixture::new(), &mapping, "a.csv", &[b"Summary\n", line, b"\n"].concat());
        let wrong = imported.wrong[0].to_string();
        match says {
            Some(says) => assert!(wrong.contains(says), "{says}: {wrong}"),
            None => assert!(!wrong.contains("nor"), "{wrong}"),
        }
    }
}

#[test]
fn a_text_that_a_workbook_had_no_room_for_is_told_when_it_is_made_and_when_it_is_imported() {
    use crate::desk::ask::{Caller, ExportAsk, RecordAsk, When};
    use crate::desk::outgoing::Format;
    let fixture = Fixture::new();
    let entry = json!({ "kind": "statement.public", "from": "KOR", "date": "2025-01-02", "summary": "s",
        "note": "x ".repeat(20_000) });
    let ask_of = RecordAsk { entries: vec![entry], ..RecordAsk::default() };
    fixture.desk.record(&Caller { actor: "kim".to_owned(), tz: None }, &ask_of).unwrap();
    let exported = |format: Format| {
        let (mut told, mut bytes) = (Vec::new(), Vec::new());
        let mut note = |_: &[_]| Ok(());
        let (desk, ask) = (&fixture.desk, ExportAsk::default());
        let mut tell = |what: String| told.push(what);
        assert!(desk.export_as(&When::default(), &ask, format, &mut note, &mut tell, &mut bytes).is_ok());
        (told, bytes)
    };
    assert!(exported(Format::Csv).0.is_empty());
    let (told_of, workbook) = exported(Format::Xlsx);
    assert!(told_of.len() == 1 && told_of[0].starts_with("1 text of more than 32767"), "{told_of:?}");
    let mapping = json!({ "format": "xlsx", "sheet": "Entries", "key": ["id"], "default_kind": "statement.public",
        "fields": { "date": { "column": "date" }, "summary": { "column": "summary" }, "note": { "column": "note" } } });
    let imported = import(&Fixture::new(), &mapping, "log.xlsx", &workbook);
    assert_eq!(imported.recorded, 1, "{:?}", imported.wrong);
    assert!(told(&imported).contains("`note` ends with `… (cut here)`"), "{}", told(&imported));
}
