//! What a dry run says, so that it can be read.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::desk::ask::When;
use crate::desk::import::tests::import_as;
use crate::desk::import::tests::tables::import;
use crate::desk::import::tests::wild::drafted;
use crate::desk::testing::Fixture;

fn mapping() -> Value {
    json!({
        "key": ["No"], "default_kind": "incident",
        "fields": { "date": { "column": "Date" }, "from": { "value": "KOR" }, "summary": { "column": "What" } }
    })
}

fn table(rows: u32) -> String {
    let mut table = "No,Date,What\n".to_owned();
    for row in 1..=rows {
        // Each day stands twice.
        let _ = writeln!(table, "{row},2001-01-{:02},event {row}", row.div_ceil(2));
    }
    table
}

fn duplicates(imported: &crate::desk::answer::operation::Imported) -> Vec<String> {
    let told = imported.doubtful.iter().map(ToString::to_string);
    told.filter(|told| told.contains("possibly")).collect()
}

#[test]
fn many_duplicates_are_told_once_with_the_first_of_them_and_listed_apart() {
    let imported = import(&Fixture::new(), &mapping(), "many.csv", table(40).as_bytes());
    assert!(imported.wrong.is_empty(), "{:?}", imported.wrong);
    assert_eq!(
        duplicates(&imported),
        [
            "possibly duplicates, same kind, date, parties and channels: 20 rows, the first line 3 of line 2, line 5 of \
          line 4, line 7 of line 6, line 9 of line 8, line 11 of line 10; `--format json` lists them under `alike`"
        ]
    );
    assert_eq!(imported.alike.len(), 20);
    let few = import(&Fixture::new(), &mapping(), "few.csv", table(4).as_bytes());
    assert_eq!(
        duplicates(&few),
        [
            "line 3: possibly a duplicate of line 2: same kind, date, parties and channels",
            "line 5: possibly a duplicate of line 4: same kind, date, parties and channels"
        ]
    );
}

#[test]
fn a_duplicate_in_the_log_is_named_so_that_it_is_found_also_once_two_files_share_its_id() {
    let fixture = Fixture::new();
    let row = |no: u32| format!("No,Date,What\n{no},2001-01-01,a\n");
    import(&fixture, &mapping(), "de.csv", row(2).as_bytes());
    for (file, no) in [("kr.csv", 2), ("us.csv", 3)] {
        let imported = import(&fixture, &mapping(), file, row(no).as_bytes());
        let named = imported.alike[0].of.clone();
        assert!(named.ends_with(":2"), "{named}");
        let known = fixture.desk.known(&When::default()).unwrap();
        known.event_named(&named).unwrap();
    }
}

#[test]
fn a_draft_names_the_columns_that_are_empty_once() {
    let notes =
        drafted("a.csv", b"No,Date,A,B,C,Odd\n1,2020-01-01,,,,x\n2,2020-01-02,,,,y\n", None).unwrap().notes;
    let empty: Vec<&String> = notes.iter().filter(|note| note.contains("empty")).collect();
    assert_eq!(
        empty,
        [
            "3 columns are empty in the rows that were looked at, and no field was found for them: `A`, `B`, `C`"
        ]
    );
    assert!(notes.iter().any(|note| note.starts_with("column `Odd`: no field")), "{notes:?}");
}

#[test]
fn whoever_takes_an_acceptance_back_names_their_own_and_an_answer_to_an_own_offer_is_doubtful() {
    let rows = [
        r#"{"id":"o","kind":"overture.proposed","from":"KOR","to":"PRK","date":"2020-01-01","summary":"Talks?"}"#,
        r#"{"id":"y","kind":"response.accepted","from":"PRK","to":"KOR","in_reply_to":"o","date":"2020-01-02","summary":"Yes."}"#,
        r#"{"id":"n","kind":"response.rescinded","from":"PRK","to":"KOR","in_reply_to":"y","date":"2020-01-03","summary":"No."}"#,
        r#"{"id":"z","kind":"response.rescinded","from":"KOR","to":"PRK","in_reply_to":"o","date":"2020-01-04","summary":"No."}"#,
    ];
    let imported = import_as(&Fixture::new(), "a.jsonl", rows.join("\n").as_bytes(), false);
    assert!(imported.wrong.is_empty(), "{:?}", imported.wrong);
    let told = imported.doubtful.iter().filter(|fault| fault.detail.contains("of the same party"));
    assert_eq!(told.map(|fault| fault.line).collect::<Vec<_>>(), [Some(4)], "{:?}", imported.doubtful);
}

#[test]
fn what_somebody_says_to_themselves_is_told() {
    for (kind, to, is_told) in
        [("message.sent", "KOR", true), ("message.sent", "PRK", false), ("incident", "KOR", false)]
    {
        let mut mapping = mapping();
        mapping["default_kind"] = json!(kind);
        mapping["fields"]["to"] = json!({ "value": to });
        let imported = import(&Fixture::new(), &mapping, "one.csv", table(1).as_bytes());
        assert!(imported.wrong.is_empty(), "{:?}", imported.wrong);
        let told =
            imported.doubtful.iter().any(|fault| fault.detail.contains("`from` and `to` name the same"));
        assert_eq!(told, is_told, "{kind} to {to}");
    }
}
