//! A text that goes takes no rule with it.

use serde_json::{Value, json};

use crate::desk::ask::{ApprovalAsk, Caller, ConfirmAsk, RecordAsk, RedactAsk};
use crate::desk::testing::Fixture;

fn by(name: &str) -> Caller {
    Caller { actor: name.to_owned(), tz: None }
}

/// Records an entry, and returns its id.
fn record(fixture: &Fixture, entry: Value) -> String {
    let ask = RecordAsk { entries: vec![entry], ..RecordAsk::default() };
    fixture.desk.record(&by("kim"), &ask).unwrap().data.entries[0].entry.id.to_string()
}

fn confirm(fixture: &Fixture, handle: &str) -> String {
    let confirmed = fixture.desk.confirm(&by("lee"), handle, &ConfirmAsk::default()).unwrap().data;
    confirmed.entries[0].entry.id.to_string()
}

fn redact(fixture: &Fixture, handle: &str, replacement: Option<Value>) -> Result<(), String> {
    let approval = |name: &str| ApprovalAsk { by: name.to_owned(), ..ApprovalAsk::default() };
    let ask = RedactAsk {
        basis: "Order 12".to_owned(),
        approvals: vec![approval("kim"), approval("lee")],
        replacement,
        ..RedactAsk::default()
    };
    fixture.desk.redact(&by("kim"), handle, &ask).map(drop).map_err(|error| error.to_string())
}

#[track_caller]
fn refused(fixture: &Fixture, handle: &str, says: &str) {
    let before = fixture.desk.store.head().size;
    let error = redact(fixture, handle, None).unwrap_err();
    assert!(error.contains(says), "{error}");
    assert_eq!(fixture.desk.store.head().size, before);
}

#[expect(clippy::needless_pass_by_value, reason = "it is written where it is given")]
fn amend(target: &str, changes: Value) -> Value {
    json!({ "kind": "record.amended", "target": target, "reason": "so", "changes": changes })
}

#[test]
fn no_policy_ends_by_a_removal_that_two_people_or_a_level_rest_on() {
    let fixture = Fixture::new();
    record(&fixture, json!({ "kind": "incident", "date": "2026-11-20", "summary": "Shots." }));
    let policy = |id: &str, more: Value| {
        let mut policy = json!({ "kind": "policy.set", "name": id, "id": id, "date": "2026-01-01" });
        policy.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        policy
    };
    record(&fixture, policy("low", json!({ "marking_default": "TLP:RED" })));
    record(&fixture, policy("high", json!({ "marking_default": "TLP:RED", "note": "Zeppelin" })));
    record(&fixture, amend("low", json!({ "marking_default": "TLP:CLEAR" })));
    let four = policy("four", json!({ "two_people": ["overture"], "note": "Marzipan" }));
    record(&fixture, four);
    refused(&fixture, "four", "would end that two people record `overture`");
    refused(&fixture, "high", "would let more people see what is recorded");
    let stays = policy("four", json!({ "two_people": ["overture", "talks"] }));
    redact(&fixture, "four", Some(stays)).unwrap();
    redact(&fixture, "low", None).unwrap();
    // What rests on nothing any more can go.
    record(&fixture, json!({ "kind": "policy.ended", "name": "high", "date": "2026-02-01" }));
    redact(&fixture, "high", None).unwrap();
}

#[test]
fn a_policy_is_not_weakened_by_the_removal_of_what_corrected_it() {
    let fixture = Fixture::new();
    record(&fixture, json!({ "kind": "incident", "date": "2026-11-20", "summary": "Shots." }));
    let policy = json!({ "kind": "policy.set", "name": "low", "id": "low", "date": "2026-01-01",
                         "marking_default": "TLP:CLEAR" });
    let policy = confirm(&fixture, &record(&fixture, policy));
    let raised =
        record(&fixture, amend(&policy, json!({ "marking_default": "TLP:RED", "note": "Zeppelin" })));
    refused(&fixture, &raised, "would let more people see what is recorded");
}

#[test]
fn what_marked_an_entry_up_is_not_removed_without_the_entry() {
    let fixture = Fixture::new();
    let entry = json!({ "kind": "incident", "id": "shots", "date": "2026-11-20", "summary": "Shots.",
                        "marking": "TLP:GREEN" });
    record(&fixture, entry);
    let raised = record(&fixture, amend("shots", json!({ "marking": "TLP:RED", "note": "Zeppelin" })));
    refused(&fixture, &raised, "to remove that would let more people see shots");
    // Where another says the same, it goes, as does a strike of what two wanted only where it raises nothing.
    record(&fixture, amend("shots", json!({ "note": "near the line" })));
    redact(&fixture, &raised, None).unwrap();
    let lowered = confirm(&fixture, &record(&fixture, amend("shots", json!({ "marking": "TLP:GREEN" }))));
    let strike = json!({ "kind": "record.retracted", "target": lowered, "reason": "Marzipan" });
    let strike = record(&fixture, strike);
    refused(&fixture, &strike, "to remove that would let more people see shots");
    redact(&fixture, "shots", None).unwrap();
}
