//! States that are no more, and names that went from one state to another.

use serde_json::{Value, json};

use super::{caller, lines, record, refused};
use crate::desk::ask::ImportAsk;
use crate::desk::import::source::Progress;

fn said(from: &str, date: &str) -> Value {
    json!({ "kind": "statement.public", "from": from, "date": date, "summary": "x" })
}

#[test]
fn a_state_that_is_no_more_is_entered_by_its_name_and_told_of_a_year_in_which_it_was_not_there() {
    let fixture = lines();
    let recorded = record(&fixture, said("Soviet Union", "1961-08-13")).unwrap();
    assert_eq!(
        (recorded.registered, recorded.entries[0].doubtful.as_slice()),
        (vec!["party SUN, Soviet Union".to_owned()], &[][..])
    );
    for (from, date, told) in [
        (
            "SUN",
            "2019-05-02",
            Some("from: SUN (Soviet Union) was there from 1922 to 1991, and the date is 2 May 2019"),
        ),
        ("소련", "1917", Some("from: SUN (Soviet Union) was there from 1922 to 1991, and the date is 1917")),
        ("USSR", "1991-12-26", None),
        // It may have been before its end.
        ("USSR", "[1990..1995]", None),
        ("Russia", "2019-05-02", None),
    ] {
        let doubtful = record(&fixture, said(from, date)).unwrap().entries.remove(0).doubtful;
        assert_eq!(doubtful.first().map(String::as_str), told, "{from} {date}");
    }
    record(&fixture, json!({ "kind": "party.registered", "code": "DDR" })).unwrap();
    record(&fixture, json!({ "kind": "party.registered", "code": "SUN/mid" })).unwrap();
    let body = record(&fixture, said("SUN/mid", "2019-05-02")).unwrap().entries.remove(0).doubtful;
    assert!(body[0].contains("from 1922 to 1991"), "{body:?}");
    refused(&fixture, json!({ "kind": "party.registered", "code": "XYZ" }), &["ISO 3166-3"]);
}

#[test]
fn a_name_that_two_states_bore_is_a_question_back_in_those_years_and_in_no_other() {
    let fixture = lines();
    for (name, date, both) in [
        ("Germany", "1975-08-01", ["DEU (Germany)", "DDR (East Germany)"]),
        ("예멘", "1980", ["YEM (Yemen)", "YMD (South Yemen)"]),
        ("Viet-Nam", "1968-01", ["VNM (Vietnam)", "VDR (North Vietnam)"]),
        ("germany", "[1980..2000]", ["DEU (Germany)", "DDR (East Germany)"]),
    ] {
        refused(&fixture, said(name, date), &["from", name, both[0], both[1]]);
    }
    for (name, date) in
        [("Germany", "2020-01-01"), ("Germany", "1939-09-01"), ("West Germany", "1975"), ("DEU", "1976")]
    {
        assert_eq!(record(&fixture, said(name, date)).unwrap().entries[0].doubtful, [""; 0], "{name} {date}");
    }
    // Also where one of them is in the register, and in a file.
    refused(&fixture, said("Germany", "1975"), &["DDR (East Germany)"]);
    let file = said("Germany", "1975").to_string();
    let ask = ImportAsk { file: "x.jsonl".to_owned(), ..ImportAsk::default() };
    let mut file = std::io::Cursor::new(&file);
    let wrong = fixture.desk.import(&caller(), &ask, &mut file, &Progress::default()).unwrap().data.wrong;
    assert!(wrong.len() == 1 && wrong[0].to_string().starts_with("line 1: from: "), "{wrong:?}");
}
