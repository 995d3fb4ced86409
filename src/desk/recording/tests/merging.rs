//! Findings and registrations that are seldom meant.

use serde_json::{Value, json};

use super::{ask, caller, lines, record, size};
use crate::desk::ask::RecordAsk;
use crate::desk::error::DeskError;

fn merged(one: &str, into: &str) -> Value {
    json!({ "kind": "party.merged", "about": format!("party:{one}"), "into": into, "date": "2026-11-20" })
}

#[test]
fn that_two_states_are_one_is_told_with_what_it_would_change() {
    let fixture = lines();
    for (id, from) in [("a", "KOR"), ("b", "KOR/mnd"), ("c", "PRK")] {
        let entry =
            json!({ "kind": "incident", "id": id, "from": from, "date": "2026-11-20", "summary": "Shots." });
        record(&fixture, entry).unwrap();
    }
    let before = size(&fixture);
    let dry = RecordAsk { dry_run: true, ..ask(vec![merged("KOR", "PRK")]) };
    let said = fixture.desk.record(&caller(), &dry).unwrap().data.entries.remove(0).doubtful;
    let says = "KOR and PRK are two states: 2 entries that name it or a body of it would be found as PRK's";
    assert!(said.iter().any(|doubt| doubt.starts_with(says)), "{said:?}");
    assert_eq!(size(&fixture), before);
    let said = record(&fixture, merged("KOR", "PRK")).unwrap().entries.remove(0).doubtful;
    assert!(said.iter().any(|doubt| doubt.starts_with(says)), "{said:?}");
}

#[test]
fn that_a_body_is_another_is_told_of_no_states() {
    let fixture = lines();
    fixture.party("KOR/defence");
    let said = record(&fixture, merged("KOR/defence", "KOR/mnd")).unwrap().entries.remove(0).doubtful;
    assert!(!said.iter().any(|doubt| doubt.contains("states")), "{said:?}");
}

#[test]
fn whoever_says_of_what_sort_a_new_name_is_is_told_the_one_command_that_enters_it() {
    let fixture = lines();
    let role =
        json!({ "kind": "person.role", "about": "person:Nobody Known", "party": "KOR", "office": "envoy" });
    let error = record(&fixture, role).unwrap_err();
    let DeskError::NotFound { what, hints } = error else { panic!("{error:?}") };
    assert_eq!(
        (what.as_str(), hints),
        ("person `Nobody Known`", vec!["enter it first, with `person register`".to_owned()])
    );
}

#[test]
fn a_line_with_one_end_is_doubtful() {
    let fixture = lines();
    let said = |name: &str, sort: &str, ends: &[&str]| {
        let entry = json!({ "kind": "channel.registered", "name": name, "sort": sort, "ends": ends });
        let doubtful = record(&fixture, entry).unwrap().entries.remove(0).doubtful;
        doubtful.iter().any(|doubt| doubt.contains("a line with one end"))
    };
    assert!(said("hot", "line", &["KOR"]));
    assert!(!said("hotter", "line", &["KOR", "PRK"]));
    assert!(!said("paper", "carrier", &["KOR"]));
}
