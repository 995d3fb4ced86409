//! Rows that are left out, and the file in which they come back.

use base64::Engine as _;
use serde_json::json;

use crate::desk::ask::ImportAsk;
use crate::desk::import::tests::tables::{
    ask, import, mapping, of_workbook, rows, take_mapping, try_import, workbook,
};
use crate::desk::import::tests::{says, size};
use crate::desk::testing::Fixture;

#[test]
fn wrong_rows_can_be_left_out_with_what_hangs_on_them_and_come_back_as_a_file() {
    let fixture = Fixture::new();
    let good = "1,17/11/2025,S. Korea,N. Korea,proposal of talks,x,,,,";
    let bad = [
        "2,17.11.2025,S. Korea,N. Korea,proposal of talks,x,,,,",
        "3,20/11/2025,N. Korea,S. Korea,answer: no,x,2,,,",
    ];
    let file = rows(&[bad[1], good, bad[0]]);
    let mapping = take_mapping(&fixture, &mapping()).unwrap();
    let ask = ImportAsk { leaves_out: true, ..ask("calls.csv", mapping) };
    let imported = try_import(&fixture, &ask, file.as_bytes()).unwrap();
    assert_eq!((imported.recorded, imported.wrong.len()), (1, 0), "{:?}", imported.wrong);
    let rejects = imported.rejects.unwrap();
    assert_eq!(rejects.rows, 2);
    assert!(
        says(&rejects.reasons, 4, "is not written as") && says(&rejects.reasons, 2, "`2`"),
        "{:?}",
        rejects.reasons
    );
    let left = base64::engine::general_purpose::STANDARD.decode(rejects.file).unwrap();
    assert_eq!(String::from_utf8(left.clone()).unwrap(), rows(&[bad[1], bad[0]]));
    // Mended, it completes what was left out.
    let mended = String::from_utf8(left).unwrap().replace("17.11.2025", "17/11/2025");
    let rest = try_import(&fixture, &ask, mended.as_bytes()).unwrap();
    assert_eq!((rest.recorded, rest.rejects), (2, None), "{:?}", rest.wrong);
}

#[test]
fn rows_that_are_mended_in_their_file_and_where_they_were_left_out_are_recorded_once() {
    for (key, encoding, end) in
        [("No.", "utf-8", "\n"), ("#row", "utf-8", "\r\n"), ("#row", "utf-16", "\r\n")]
    {
        let fixture = Fixture::new();
        let letters = crate::desk::import::encoding::named(encoding).unwrap();
        let of = |text: &str| letters.encode(&text.replace('\n', end)).unwrap();
        let text =
            "No.,Date,Event\n1,2023,a\n\n2,2023,\"b\nb\"\n3,never,\"c\nc\"\n4,2023,d\n5,never,e\n6,never,f\n";
        let mapping = json!({
            "encoding": encoding, "key": [key], "dates": ["years"], "default_kind": "incident",
            "fields": { "date": { "column": "Date" }, "summary": { "column": "Event" } },
        });
        let mapping = take_mapping(&fixture, &mapping).unwrap();
        let leaving = ImportAsk { leaves_out: true, ..ask("calls.csv", mapping.clone()) };
        let imported = try_import(&fixture, &leaving, &of(text)).unwrap();
        assert_eq!(imported.recorded, 3, "{:?}", imported.wrong);
        let left = base64::engine::general_purpose::STANDARD.decode(imported.rejects.unwrap().file).unwrap();
        let between = if key == "#row" { "\n\n\n\n" } else { "" };
        let after = if key == "#row" { "\n" } else { "" };
        let expected = |date: &str| {
            of(&format!("No.,Date,Event\n{between}3,{date},\"c\nc\"\n{after}5,{date},e\n6,{date},f\n"))
        };
        assert_eq!(left, expected("never"), "{key}");
        let rest =
            try_import(&fixture, &ask("calls.rejects.csv", mapping.clone()), &expected("2022")).unwrap();
        assert_eq!((rest.recorded, rest.already), (3, 0), "{:?}", rest.wrong);
        let mended = of(&text.replace("never", "2022"));
        let all = try_import(&fixture, &ask("calls.csv", mapping.clone()), &mended).unwrap();
        assert_eq!((all.recorded, all.already), (0, 6), "{:?}", all.wrong);
        let again =
            try_import(&fixture, &ask("calls.rejects.rejects.csv", mapping), &expected("2021")).unwrap();
        assert!(says(&again.wrong, if key == "#row" { 6 } else { 2 }, "amend"), "{:?}", again.wrong);
    }
}

#[test]
fn rows_of_a_workbook_that_are_left_out_come_back_in_their_rows() {
    let fixture = Fixture::new();
    let mapping = of_workbook(json!({ "fill_down": ["Line"], "dates": ["%Y"] }));
    let mapping = take_mapping(&fixture, &mapping).unwrap();
    let ask = ImportAsk { leaves_out: true, ..ask("calls.xlsx", mapping) };
    let imported = try_import(&fixture, &ask, &workbook()).unwrap();
    assert_eq!(imported.recorded, 2, "{:?}", imported.wrong);
    let rejects = imported.rejects.unwrap();
    let left = base64::engine::general_purpose::STANDARD.decode(rejects.file).unwrap();
    let again = try_import(&fixture, &ImportAsk { dry_run: true, ..ask.clone() }, &left).unwrap();
    assert_eq!((again.rows, again.rejects.unwrap().reasons[0].line), (1, Some(3)));
    // What the merged cell above it says went with it.
    let mended = of_workbook(json!({ "fill_down": ["Line"] }));
    let rest = import(&fixture, &mended, "rest.xlsx", &left);
    assert_eq!(rest.recorded, 1, "{:?}", rest.wrong);
}

#[test]
fn a_cell_of_which_nothing_is_read_is_refused_in_the_file_of_rejects_as_well() {
    use rust_xlsxwriter::{Format, Formula, Workbook};
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.write_row(0, 0, ["No.", "Date", "Event", "Remark"]).unwrap();
    let (day, span) = (Format::new().set_num_format("yyyy-mm-dd"), Format::new().set_num_format("[h]:mm"));
    for row in 1..7u32 {
        sheet.write_number(row, 0, f64::from(row)).unwrap();
        sheet.write_number_with_format(row, 1, 45_000.0, &day).unwrap();
        sheet.write_string(row, 2, "call").unwrap();
    }
    sheet.write_formula(1, 3, Formula::new("=A1/0").set_result("#DIV/0!")).unwrap();
    sheet.write_number_with_format(2, 3, -0.5, &span).unwrap();
    sheet.write_number_with_format(3, 1, -1.0, &day).unwrap();
    sheet.write_number_with_format(4, 1, 99_999_999.0, &day).unwrap();
    sheet.write_number_with_format(5, 3, 1.5, &span).unwrap();
    sheet.write_number_with_format(6, 1, 60.0, &day).unwrap();
    let mapping = json!({
        "format": "xlsx", "key": ["No."], "default_kind": "incident",
        "fields": { "date": { "column": "Date" }, "summary": { "column": "Event" }, "note": { "column": "Remark" } }
    });
    let fixture = Fixture::new();
    let ask = ImportAsk { leaves_out: true, ..ask("calls.xlsx", take_mapping(&fixture, &mapping).unwrap()) };
    let imported = try_import(&fixture, &ask, &workbook.save_to_buffer().unwrap()).unwrap();
    assert_eq!((imported.recorded, imported.wrong.len()), (1, 0), "{:?}", imported.wrong);
    assert!(says(
        &imported.doubtful,
        6,
        "Remark: holds the number 1.5 as a time of a day or more, read as 36:00"
    ));
    let mut rejects = imported.rejects.unwrap();
    for round in 0..2 {
        let told = [
            (2, "Remark: holds the error #DIV/0!"),
            (3, "Remark: holds the number -0.5 as a time"),
            (4, "Date: holds the number -1 as a date"),
            (5, "Date: holds the number 99999999 as a date"),
            (7, "Date: holds the day 1900-02-29"),
        ];
        for (line, words) in told {
            assert!(says(&rejects.reasons, line, words), "{round} {line}: {:?}", rejects.reasons);
        }
        let left = base64::engine::general_purpose::STANDARD.decode(&rejects.file).unwrap();
        let again = try_import(&fixture, &ask, &left).unwrap();
        assert_eq!((again.recorded, again.rows), (0, 5), "{round}: {:?}", again.doubtful);
        rejects = again.rejects.unwrap();
    }
}

#[test]
fn below_a_cell_that_cannot_be_read_nothing_is_filled_down_from_above_it() {
    use rust_xlsxwriter::{Formula, Workbook};
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet.write_row(0, 0, ["No.", "Date", "Place"]).unwrap();
    for row in 1..6u32 {
        sheet.write_number(row, 0, f64::from(row)).unwrap();
        sheet.write_string(row, 1, "2023-04-07").unwrap();
    }
    sheet.write_string(1, 2, "Seoul").unwrap();
    sheet.write_formula(2, 2, Formula::new("=A1/0").set_result("#REF!")).unwrap();
    sheet.write_string(4, 2, "Paju").unwrap();
    let mapping = json!({
        "format": "xlsx", "key": ["No."], "default_kind": "incident", "fill_down": ["Place"],
        "fields": { "date": { "column": "Date" }, "summary": { "column": "Place" } }
    });
    let fixture = Fixture::new();
    let ask = ImportAsk { leaves_out: true, ..ask("calls.xlsx", take_mapping(&fixture, &mapping).unwrap()) };
    let imported = try_import(&fixture, &ask, &workbook.save_to_buffer().unwrap()).unwrap();
    assert_eq!((imported.recorded, imported.wrong.len()), (3, 0), "{:?}", imported.wrong);
    let rejects = imported.rejects.unwrap();
    assert!(
        says(&rejects.reasons, 3, "#REF!") && says(&rejects.reasons, 4, "the cell above, which it would")
    );
    let left = base64::engine::general_purpose::STANDARD.decode(&rejects.file).unwrap();
    assert_eq!(try_import(&fixture, &ask, &left).unwrap().rejects.unwrap().reasons, rejects.reasons);
}

#[test]
fn rows_that_are_left_out_keep_what_the_rows_above_them_say() {
    for encoding in ["utf-8", "euc-kr", "utf-16"] {
        let fixture = Fixture::new();
        let letters = crate::desk::import::encoding::named(encoding).unwrap();
        let file = letters
            .encode("No.,Line,Date,Event\n1,\"서해-군\",2023,x\n2,,nonsense,y\n,,,\n3,동해,2023,z\n4,,2023,w\n5,,never,\"v\"\n")
            .unwrap();
        let mapping = json!({
            "encoding": encoding, "key": ["No."], "dates": ["years"], "default_kind": "call.unanswered",
            "fill_down": ["Line"],
            "fields": { "date": { "column": "Date" }, "channel": { "column": "Line" }, "summary": { "column": "Event" } },
        });
        let mapping = take_mapping(&fixture, &mapping).unwrap();
        let ask = ImportAsk { leaves_out: true, ..ask("calls.csv", mapping) };
        let imported = try_import(&fixture, &ask, &file).unwrap();
        assert_eq!(imported.recorded, 3, "{:?}", imported.wrong);
        let left = base64::engine::general_purpose::STANDARD.decode(imported.rejects.unwrap().file).unwrap();
        let expected = "No.,Line,Date,Event\n2,서해-군,nonsense,y\n5,동해,never,v\n";
        assert_eq!(left, letters.encode(expected).unwrap(), "{encoding}");
    }
}

#[test]
fn the_file_of_what_was_left_out_ends_its_lines_as_the_file_does() {
    for (encoding, end) in [("utf-8", "\r\n"), ("utf-16", "\r\n"), ("utf-8", "\n"), ("utf-8", "\r")] {
        for fill_down in [json!([]), json!(["Line"])] {
            let fixture = Fixture::new();
            let letters = crate::desk::import::encoding::named(encoding).unwrap();
            let of = |rows: &[&str]| {
                let text = rows.concat().replace('\n', end);
                letters.encode(&text).unwrap()
            };
            let (title, header) = ("A title,,,\n", "No.,Line,Date,Event\n");
            let wrong = ["2,east,never,y\n", "3,east,never,\"two\nlines\"\n", "4,east,never,z\n"];
            let given = wrong
                .map(|row| if fill_down == json!([]) { row.to_owned() } else { row.replace("east", "") });
            let file = of(&[title, header, "1,east,2023,x\n", &given[0], &given[1], &given[2]]);
            let mapping = json!({
                "encoding": encoding, "key": ["No."], "dates": ["years"], "default_kind": "call.unanswered",
                "fill_down": fill_down, "header": 2,
                "fields": { "date": { "column": "Date" }, "channel": { "column": "Line" }, "summary": { "column": "Event" } },
            });
            let mapping = take_mapping(&fixture, &mapping).unwrap();
            let ask = ImportAsk { leaves_out: true, ..ask("calls.csv", mapping) };
            let imported = try_import(&fixture, &ask, &file).unwrap();
            assert_eq!(imported.recorded, 1, "{:?}", imported.wrong);
            let left =
                base64::engine::general_purpose::STANDARD.decode(imported.rejects.unwrap().file).unwrap();
            assert_eq!(left, of(&[title, header, wrong[0], wrong[1], wrong[2]]), "{encoding} {end:?}");
        }
    }
}

#[test]
fn a_row_that_cannot_be_written_with_what_stands_above_it_keeps_the_whole_file_out() {
    let fixture = Fixture::new();
    let before = size(&fixture);
    let mapping = json!({
        "key": ["No."], "dates": ["years"], "default_kind": "call.unanswered", "fill_down": ["Line"],
        "fields": { "date": { "column": "Date" }, "channel": { "column": "Line" }, "summary": { "column": "Event" } },
    });
    let mapping = take_mapping(&fixture, &mapping).unwrap();
    let ask = ImportAsk { leaves_out: true, ..ask("calls.csv", mapping) };
    let file = b"No.,Line,Date,Event\n1,west,2023,x\n2,,2023,\xb0\xa1\n";
    let error = try_import(&fixture, &ask, file).unwrap_err();
    assert!(error.to_string().contains("line 3"), "{error}");
    assert_eq!(size(&fixture), before);
}
