//! Tables as they are found: in other encodings, with dates in several ways, renamed, with loose quotes.

use std::io::Cursor;

use serde_json::{Value, json};

use crate::desk::answer::operation::DraftedMapping;
use crate::desk::ask::{DraftAsk, When};
use crate::desk::error::DeskError;
use crate::desk::import::encoding::named;
use crate::desk::import::tests::coded::event;
use crate::desk::import::tests::tables::{import, try_import};
use crate::desk::testing::Fixture;

pub(super) fn drafted(file: &str, bytes: &[u8], encoding: Option<&str>) -> Result<DraftedMapping, DeskError> {
    let ask =
        DraftAsk { file: file.to_owned(), encoding: encoding.map(ToOwned::to_owned), ..DraftAsk::default() };
    let drafted = Fixture::new().desk.draft_mapping(&ask, &mut Cursor::new(bytes.to_vec()))?;
    Ok(drafted.data)
}

fn dates(rows: &str) -> (Value, String) {
    let drafted = drafted("list.csv", format!("Date,Summary\n{rows}").as_bytes(), None).unwrap();
    (drafted.mapping["fields"]["date"]["dates"].clone(), drafted.notes.join("\n"))
}

#[test]
fn a_file_in_another_encoding_is_drafted_once_the_encoding_is_named() {
    let file = "날짜,시간,발신,수신,내용\n2024년 7월 5일,오전 9:00,대한민국,북한,통지문\n";
    let bytes = named("cp949").unwrap().encode(file).unwrap();
    let error = drafted("calls.csv", &bytes, None).unwrap_err().to_string();
    assert!(error.contains("as euc-kr `날짜"), "{error}");
    let mapping = drafted("calls.csv", &bytes, Some("cp949")).unwrap().mapping;
    assert_eq!(
        (&mapping["encoding"], &mapping["tables"]["parties"]["북한"]),
        (&json!("cp949"), &json!("PRK"))
    );
    let fixture = Fixture::new();
    let mut mapping = mapping;
    mapping["default_kind"] = "message.sent".into();
    mapping["zone"] = "Asia/Seoul".into();
    mapping["fields"]["date"] = json!({ "template": "{날짜} {시간}", "dates": ["%Y년 %m월 %d일 %p %I:%M"] });
    let imported = import(&fixture, &mapping, "calls.csv", &bytes);
    assert_eq!((imported.wrong.len(), imported.rows), (0, 1), "{:?}", imported.wrong);
    mapping.as_object_mut().unwrap().remove("encoding");
    mapping["fields"] = json!({ "summary": { "column": "#5" } });
    let told = format!("{:?}", import(&fixture, &mapping, "calls.csv", &bytes).wrong);
    assert!(told.contains("`encoding` says what it is"), "{told}");
}

#[test]
fn dates_that_one_way_reads_for_the_most_part_are_drafted_and_the_others_are_shown() {
    assert_eq!(dates("2024년 7월 5일,a\n2024년 7월 6일,b\n").0, json!(["words"]));
    let (ways, notes) = dates("3/4/2021,a\n12/31/2021,b\n5/6/2021,c\nTotal,3\n");
    assert_eq!(ways, json!(["%m/%d/%Y"]));
    assert!(notes.contains("1 of its 4 dates") && notes.contains("`Total`"), "{notes}");
    let (ways, notes) = dates("03/04/2021,a\n05/06/2021,b\n");
    assert_eq!(ways, Value::Null);
    assert!(notes.contains("%d/%m/%Y or %m/%d/%Y"), "{notes}");
    assert_eq!(dates("1832–1861,a\n1835–1938,b\n").0, json!(["years"]));
    let (ways, notes) = dates("yes,a\nno,b\n1950,c\n");
    assert_eq!(ways, Value::Null);
    assert!(notes.contains("no way of writing dates reads most") && notes.contains("`yes`, `no`"), "{notes}");
}

#[test]
fn a_file_that_is_no_table_is_told_by_what_it_is() {
    for (file, bytes, says) in [
        ("list.csv", &b"\x1f\x8b\x08\0\0\0"[..], "gzip"),
        ("list.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0", "password"),
        ("list.xlsx", b"Date,Summary\n", "--as csv"),
        ("list.csv", b"<html><table>", "web page"),
    ] {
        let error = drafted(file, bytes, None).unwrap_err().to_string();
        assert!(error.contains(says), "{file}: {error}");
        let fixture = Fixture::new();
        let mapping = json!({ "key": ["#row"], "default_kind": "incident", "fields": {} });
        let digest = crate::desk::import::tests::tables::take_mapping(&fixture, &mapping).unwrap();
        let ask = crate::desk::import::tests::tables::ask(file, digest);
        let error = try_import(&fixture, &ask, bytes).unwrap_err().to_string();
        assert!(error.contains(says), "{file}: {error}");
    }
}

#[test]
fn a_hidden_column_and_a_serial_that_is_hardly_one_are_told() {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.write_row(0, 0, ["Date", "Summary"]).unwrap();
    sheet.write_number(1, 0, 44_289.0).unwrap();
    sheet.write_string(1, 1, "a").unwrap();
    sheet.write_number(2, 0, 3.0).unwrap();
    sheet.write_string(2, 1, "b").unwrap();
    sheet.set_column_hidden(1).unwrap();
    let bytes = workbook.save_to_buffer().unwrap();
    let mapping = json!({
        "format": "xlsx", "key": ["#row"], "default_kind": "incident", "dates": ["excel"],
        "fields": { "date": { "column": "Date" }, "summary": { "column": "Summary" } }
    });
    let imported = import(&Fixture::new(), &mapping, "list.xlsx", &bytes);
    assert_eq!(imported.recorded, 2, "{:?}", imported.wrong);
    let told = format!("{:?}", imported.doubtful);
    assert!(told.contains("hidden columns are read like the others: B"), "{told}");
    assert!(
        told.contains("`3` is hardly the serial number") && !told.contains("`44289` is hardly"),
        "{told}"
    );
}

#[test]
fn a_file_that_is_utf_8_although_its_mapping_says_otherwise_is_told() {
    let mapping = json!({
        "encoding": "windows-1252", "key": ["#row"], "default_kind": "incident",
        "fields": { "date": { "column": "Date" }, "summary": { "column": "What" } }
    });
    let file = "Date,What\n2001-01-01,Café\n2001-01-02,à côté\n";
    let imported = import(&Fixture::new(), &mapping, "cafe.csv", file.as_bytes());
    let told: Vec<String> = imported.doubtful.iter().map(ToString::to_string).collect();
    let said = told
        .iter()
        .any(|told| told.starts_with("encoding: is said to be windows-1252") && told.contains("`CafÃ©`"));
    assert!(said, "{told:?}");
    let letters = crate::desk::import::encoding::named("windows-1252").unwrap();
    let imported = import(&Fixture::new(), &mapping, "cafe.csv", &letters.encode(file).unwrap());
    assert!(
        imported.doubtful.iter().all(|fault| !fault.to_string().contains("encoding")),
        "{:?}",
        imported.doubtful
    );
}

/// Returns a sheet of two rows of names and two of others, with a column whose name stands in the first alone, and a row
/// far below that is formatted and empty.
fn two_headers() -> Vec<u8> {
    use rust_xlsxwriter::{Format, Workbook};
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.write_row(0, 0, ["Contacts", "", "", "Summary"]).unwrap();
    sheet.write_row(1, 1, ["Case", "Date"]).unwrap();
    for row in 2..4u32 {
        sheet
            .write_row(row, 0, ["x", &format!("case {row}"), "2023-04-07", &format!("called {row}")])
            .unwrap();
    }
    sheet.write_blank(29, 1, &Format::new().set_bold()).unwrap();
    workbook.save_to_buffer().unwrap()
}

#[test]
fn a_column_of_a_sheet_behind_the_last_name_of_the_header_goes_by_its_place() {
    let mapping = |summary: &str| {
        json!({
            "format": "xlsx", "header": 2, "key": ["Case"], "default_kind": "incident",
            "fields": { "date": { "column": "Date" }, "summary": { "column": summary } }
        })
    };
    let fixture = Fixture::new();
    let imported = import(&fixture, &mapping("#4"), "a.xlsx", &two_headers());
    let told = format!("{:?}", imported.doubtful);
    assert!(imported.recorded == 2 && !told.contains("no name"), "{told} {:?}", imported.wrong);
    let known = fixture.desk.known(&When::default()).unwrap();
    let id = known.view.external("a#Sheet1", "case 2").unwrap()[0];
    let event = known.view.event(id).unwrap().unwrap().event.unwrap();
    assert_eq!(event.envelope.summary.as_deref(), Some("called 2"));
    let imported = import(&Fixture::new(), &mapping("Case"), "a.xlsx", &two_headers());
    let told = format!("{:?}", imported.doubtful);
    assert!(
        imported.recorded == 2 && told.contains("`#4` has no name in the header"),
        "{told} {:?}",
        imported.wrong
    );
    for column in ["#5", "#99999", "Sumary"] {
        let imported = import(&Fixture::new(), &mapping(column), "a.xlsx", &two_headers());
        let told = format!("{:?}", imported.wrong);
        assert!(
            imported.recorded == 0 && told.contains(&format!("no column `{column}`; there are #1, Case")),
            "{told}"
        );
    }
}

#[test]
fn a_row_that_is_formatted_and_empty_spoils_no_key_and_a_column_that_may_be_one_is_named() {
    let workbook = |name: &str| {
        use rust_xlsxwriter::{Format, Workbook};
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        sheet.write_row(0, 0, [name, "Date"]).unwrap();
        for row in 1..3u32 {
            sheet.write_row(row, 0, [format!("a{row}"), "2023-04-07".to_owned()]).unwrap();
        }
        sheet.write_string(2, 2, "remark").unwrap();
        sheet.write_blank(29, 0, &Format::new().set_bold()).unwrap();
        workbook.save_to_buffer().unwrap()
    };
    for name in ["No.", "Key", "Ref"] {
        assert_eq!(drafted("a.xlsx", &workbook(name), None).unwrap().mapping["key"], json!([name]));
    }
    let other = drafted("a.xlsx", &workbook("Case"), None).unwrap();
    assert_eq!(other.mapping["key"], json!(["#row"]));
    assert!(other.notes.iter().any(|note| note.contains("`Case` names every row once")), "{:?}", other.notes);
    assert!(other.notes.iter().any(|note| note.starts_with("column `#3`: no field")), "{:?}", other.notes);
    let none = drafted("a.csv", b"No,Date\n1,2020\n1,2020\n", None).unwrap();
    assert!(
        none.notes.iter().any(|note| note.contains("no column names every row once")),
        "{:?}",
        none.notes
    );
}

#[test]
fn a_state_is_known_as_lists_in_the_order_of_the_alphabet_have_it() {
    let fixture = Fixture::new();
    let mapping = json!({
        "key": ["#row"], "default_kind": "message.sent",
        "fields": { "to": { "column": "Country" }, "from": { "value": "USA" }, "summary": { "column": "What" }, "date": { "value": "1949" } }
    });
    let file =
        "Country,What\n\"Korea, South\",a\n\"Korea, North\",b\n\"Congo, Democratic Republic of the\",c\n";
    let imported = import(&fixture, &mapping, "states.csv", file.as_bytes());
    assert!(imported.wrong.is_empty(), "{:?}", imported.wrong);
    let named = format!("{:?}", imported.registered);
    assert!(["KOR", "PRK", "COD"].iter().all(|code| named.contains(code)), "{named}");
    let imported = import(&fixture, &mapping, "congo.csv", b"Country,What\nCongo,a\n");
    let told = format!("{:?}", imported.wrong);
    assert!(told.contains("COD (Congo - Kinshasa)") && told.contains("COG"), "{told}");
}

#[test]
fn what_a_file_cannot_have_is_no_mapping_of_it() {
    let refused = |ask: DraftAsk, field: &str, word: &str| {
        let file = b"Date,Summary\n2020-01-01,a\n".to_vec();
        let drafted = Fixture::new().desk.draft_mapping(&ask, &mut Cursor::new(file));
        let told = drafted.unwrap_err().to_string();
        assert!(told.starts_with(&format!("{field}: ")) && told.contains(word), "{told}");
    };
    let ask = |file: &str| DraftAsk { file: file.to_owned(), ..DraftAsk::default() };
    for file in ["", " "] {
        refused(ask(file), "file", "is empty");
    }
    for delimiter in ["", "ab", "가", "\n"] {
        let ask = DraftAsk { delimiter: Some(delimiter.to_owned()), ..ask("a.csv") };
        refused(ask, "delimiter", "neither one character");
    }
    refused(DraftAsk { header: Some(0), ..ask("a.csv") }, "header", "counted from 1");
    refused(DraftAsk { header: Some(9), ..ask("a.csv") }, "header", "the file ends before it");
    refused(DraftAsk { sheet: Some("Calls".to_owned()), ..ask("a.csv") }, "sheet", "only a workbook");
    refused(DraftAsk { delimiter: Some(";".to_owned()), ..ask("a.xlsx") }, "delimiter", "workbook has none");
    refused(DraftAsk { encoding: Some("cp949".to_owned()), ..ask("a.xlsx") }, "encoding", "says it itself");
}

#[test]
fn whoever_drafts_a_mapping_says_which_of_two_headers_is_one() {
    let file = b"Talks,Talks,Words\nNo,Date,Summary\n1,2020-01-01,a\n".to_vec();
    let draft = |header: Option<u64>| {
        let ask = DraftAsk { file: "list.csv".to_owned(), header, ..DraftAsk::default() };
        Fixture::new().desk.draft_mapping(&ask, &mut Cursor::new(file.clone())).unwrap().data
    };
    assert_ne!(draft(None).mapping["fields"]["summary"]["column"], "Summary");
    let second = draft(Some(2));
    assert_eq!(second.mapping["fields"]["summary"]["column"], "Summary");
    assert_eq!((&second.mapping["header"], &second.mapping["key"]), (&json!(2), &json!(["No"])));
    assert!(!second.notes.join("\n").contains("is taken for it"), "{:?}", second.notes);
}

#[test]
fn a_table_of_the_program_itself_is_drafted_whole_and_as_it_stands() {
    let header = "position,handle,kind,date,earliest,latest,from,to,about,via,summary,speaker,form,topics,note,sources,grades,\
                  replies_to,marking,confidence,status,amended,says,recorder,recorded_at,id";
    let rows = [
        "7,offer,overture.proposed,2018-01-09,2018-01-09 00:00:00,2018-01-09 23:59:59,KOR,PRK; USA,,media,Talks,,,peace; sport,,a; b,,,\
         TLP:GREEN,high,,,,root,2026-11-28T08:23:08Z,58c8e59d-64f9-4ef8-896a-4a641b92fe68",
        "8,answer,response.accepted,2018-01-10,,,PRK,KOR,,,Yes,,,,,,,offer,TLP:CLEAR,,,,,root,2026-11-28T08:23:08Z,\
         f727f55b-fd5c-413e-ba9e-647a8bd5b51d",
        "9,gone,statement.public,2018-01-11,,,PRK,KOR,,,No,,,,,,,,,,struck,,,root,2026-11-28T08:23:08Z,\
         a727f55b-fd5c-413e-ba9e-647a8bd5b51d",
    ];
    let file = format!("\u{feff}{header}\r\n{}\r\n", rows.join("\r\n"));
    let DraftedMapping { mapping, notes } = drafted("export.csv", file.as_bytes(), None).unwrap();
    for field in ["kind", "marking", "in_reply_to", "about", "confidence", "via", "from"] {
        let rule = &mapping["fields"][field];
        assert!(
            rule["column"].is_string() && rule["table"].is_null() && rule["guess"].is_null(),
            "{field}: {rule}"
        );
    }
    assert!(mapping["tables"].is_null() && mapping["key"] == json!(["handle"]), "{mapping}");
    assert!(notes.join("\n").contains("`sources`: several in one cell"), "{notes:?}");
    let fixture = Fixture::new();
    let imported = import(&fixture, &mapping, "export.csv", file.as_bytes());
    assert_eq!((imported.wrong.len(), imported.recorded), (0, 2), "{:?}", imported.wrong);
    assert_eq!(imported.skipped[0].because, "it was struck from the record");
    let known = fixture.desk.known(&When::default()).unwrap();
    let (offer, answer) = (event(&known, "export", "offer"), event(&known, "export", "answer"));
    let markings = [&offer, &answer].map(|one| format!("{:?}", one.envelope.marking));
    assert!(markings[0].contains("GREEN") && markings[1].contains("CLEAR"), "{markings:?}");
    assert_eq!((offer.envelope.to.len(), answer.envelope.links.len()), (2, 1));
}
