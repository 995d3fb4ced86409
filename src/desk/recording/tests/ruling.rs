//! What decides who sees what lets more people see something when two wanted it, and leaves nobody without a level.

use serde_json::{Value, json};

use super::{ask, caller, lines, record, refused, size};
use crate::desk::accounts::{OpenAsk, PermitAsk};
use crate::desk::ask::{Caller, ConfirmAsk, HeldAsk, ImportAsk, When};
use crate::desk::format::parse::markings;
use crate::desk::import::source::Progress;
use crate::desk::testing::Fixture;
use crate::domain::fact::Kind;
use crate::domain::fact::account::Role;

/// Returns as what it was recorded.
#[track_caller]
fn kind(fixture: &Fixture, entry: Value) -> Kind {
    record(fixture, entry).unwrap().entries[0].entry.kind.unwrap()
}

fn said(marking: Option<&str>) -> Value {
    let mut entry = json!({ "kind": "incident", "id": marking.unwrap_or("unmarked"), "date": "2026-11-20", "summary": "Shots." });
    if let Some(marking) = marking {
        entry["marking"] = json!(marking);
    }
    entry
}

/// What is to be stands in another field than what happened.
fn from_when(date: &str) -> &'static str {
    if date > "2026-11-24" { "effective" } else { "date" }
}

#[expect(clippy::needless_pass_by_value, reason = "it is written where it is given")]
fn policy(name: &str, date: &str, more: Value) -> Value {
    let mut entry =
        json!({ "kind": "policy.set", "name": name, "id": format!("{name}-{date}"), from_when(date): date });
    entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    entry
}

fn scheme(levels: &[&str]) -> Value {
    json!({ "marking_scheme": { "name": "house", "levels": levels } })
}

fn default(level: &str) -> Value {
    json!({ "marking_default": level })
}

#[expect(clippy::needless_pass_by_value, reason = "it is written where it is given")]
fn correction(kind: &str, target: &str, more: Value) -> Value {
    let mut entry = json!({ "kind": kind, "target": target, "reason": "so" });
    entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    entry
}

/// A log in which something is recorded at each of these levels.
fn with(levels: &[Option<&str>]) -> Fixture {
    let fixture = lines();
    for level in levels {
        record(&fixture, said(*level)).unwrap();
    }
    fixture
}

const TLP: [&str; 5] = ["TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT", "TLP:RED"];

#[test]
fn a_scheme_by_which_more_people_would_see_what_is_recorded_waits() {
    let reversed: Vec<&str> = TLP.iter().rev().copied().collect();
    let swapped = ["TLP:CLEAR", "TLP:AMBER", "TLP:GREEN", "TLP:AMBER+STRICT", "TLP:RED"];
    let widens: [(&str, &[&str]); 4] = [
        ("the order is turned round", &reversed),
        ("two change their places", &swapped),
        ("the highest is taken out", &TLP[..4]),
        (
            "what is marked so comes below",
            &["TLP:AMBER", "TLP:CLEAR", "TLP:GREEN", "TLP:AMBER+STRICT", "TLP:RED"],
        ),
    ];
    for (what, levels) in widens {
        let fixture = with(&[Some("TLP:RED"), Some("TLP:AMBER")]);
        for date in ["2020-01-01", "2026-11-24", "2030-01-01"] {
            assert_eq!(
                kind(&fixture, policy("house", date, scheme(levels))),
                Kind::EntryHeld,
                "{what}, {date}"
            );
            let held = fixture.desk.held(&When::default(), &HeldAsk::default()).unwrap().data.items;
            let handle = held.last().unwrap().entry.handle.clone();
            record(&fixture, correction("record.retracted", &handle, json!({}))).unwrap();
        }
    }
    let narrows: [(&str, &[&str]); 3] = [
        ("one more on top", &[&TLP[..], &["COSMIC"]].concat()),
        ("one more between", &["TLP:CLEAR", "TLP:GREEN", "NEW", "TLP:AMBER", "TLP:AMBER+STRICT", "TLP:RED"]),
        ("other words: what is marked in those before is as restricted as can be", &["OPEN", "CLOSED"]),
    ];
    for (what, levels) in narrows {
        let fixture = with(&[Some("TLP:RED"), Some("TLP:AMBER")]);
        assert_eq!(kind(&fixture, policy("house", "2020-01-01", scheme(levels))), Kind::PolicySet, "{what}");
    }
    let wrong = [json!(["A", "B", "a"]), json!([""]), json!(["A "]), json!(vec!["L"; 101])];
    for levels in wrong {
        let entry =
            policy("house", "2020-01-01", json!({ "marking_scheme": { "name": "x", "levels": levels } }));
        refused(&lines(), entry, &["marking_scheme"]);
    }
}

#[test]
fn a_long_log_is_not_looked_through_whatever_may_be_seen_by_more_waits() {
    let fixture = lines();
    let green = |number: usize| json!({ "kind": "incident", "id": format!("green-{number}"), "date": "2026-11-20", "summary": "Shots.", "marking": "TLP:GREEN" });
    for from in [0, 500] {
        let entries: Vec<Value> = (from..from + 500).map(green).collect();
        fixture.desk.record(&caller(), &ask(entries)).unwrap();
    }
    assert!(size(&fixture) > 1_000);
    let clear = policy("clear", "2020-01-01", default("TLP:CLEAR"));
    assert_eq!(
        kind(&fixture, clear),
        Kind::EntryHeld,
        "something that nobody marked may be recorded by then"
    );
    let high = policy("high", "2020-01-01", default("TLP:RED"));
    assert_eq!(kind(&fixture, high), Kind::PolicySet, "nothing can be seen by more");
}

#[test]
fn a_level_that_a_scheme_brings_back_is_one_by_which_more_people_would_see_something() {
    let fixture = lines();
    record(&fixture, policy("house", "2020-01-01", scheme(&["LOW", "MIDDLE", "HIGH"]))).unwrap();
    record(&fixture, said(Some("MIDDLE"))).unwrap();
    let without = policy("house", "2020-01-02", scheme(&["LOW", "HIGH"]));
    assert_eq!(kind(&fixture, without), Kind::PolicySet, "what is marked so counts as the highest");
    let again = policy("house", "2020-01-03", scheme(&["LOW", "MIDDLE", "HIGH"]));
    assert_eq!(kind(&fixture, again.clone()), Kind::PolicySet, "nobody is cleared for that level");
    record(&fixture, policy("house", "2020-01-04", scheme(&["LOW", "HIGH"]))).unwrap();
    let lower = policy("house", "2020-01-05", scheme(&["MIDDLE", "LOW", "HIGH"]));
    assert_eq!(kind(&fixture, lower), Kind::EntryHeld);
}

#[test]
fn a_default_waits_where_something_that_nobody_marked_would_be_seen_by_more() {
    let fixture = with(&[Some("TLP:RED")]);
    let clear = |name: &str, date: &str| policy(name, date, default("TLP:CLEAR"));
    let free = kind(&fixture, clear("free", "2020-01-01"));
    assert_eq!(free, Kind::PolicySet, "nothing is recorded that it lowers");
    assert_eq!(kind(&fixture, clear("later", "2030-01-01")), Kind::PolicySet, "it is so then anyway");
    let fixture = with(&[None, Some("TLP:RED")]);
    assert_eq!(kind(&fixture, clear("d", "2020-01-01")), Kind::EntryHeld);
    assert_eq!(kind(&fixture, clear("d", "2030-01-01")), Kind::EntryHeld);
    assert_eq!(kind(&fixture, policy("high", "2020-01-01", default("TLP:RED"))), Kind::PolicySet);
    assert_eq!(kind(&fixture, policy("green", "2020-01-02", default("TLP:GREEN"))), Kind::EntryHeld);
    // What another in force says, it does not lower; once it ends, it would.
    assert_eq!(kind(&fixture, clear("low", "2019-01-01")), Kind::PolicySet);
    let ended = |date: &str| json!({ "kind": "policy.ended", "name": "high", from_when(date): date });
    for end in [ended("2026-11-01"), ended("2030-01-01"), ended("2019-01-01")] {
        let widens = end.get("date") != Some(&json!("2019-01-01"));
        assert_eq!(kind(&fixture, end) == Kind::EntryHeld, widens);
    }
    let amended =
        |changes: Value| correction("record.amended", "high-2020-01-01", json!({ "changes": changes }));
    for changes in
        [default("TLP:CLEAR"), json!({ "date": "2018-01-01" }), json!({ "effective": "2030-01-01" })]
    {
        assert_eq!(kind(&fixture, amended(changes.clone())), Kind::EntryHeld, "{changes}");
    }
    assert_eq!(kind(&fixture, amended(json!({ "note": "so" }))), Kind::RecordAmended);
    assert_eq!(kind(&fixture, correction("record.retracted", "high-2020-01-01", json!({}))), Kind::EntryHeld);
    // Nor by way of what corrects it: an amendment that restricts is not struck by one.
    let raised = correction("record.amended", "low-2019-01-01", json!({ "changes": default("TLP:RED") }));
    record(&fixture, raised).unwrap();
    let by = format!("#{}", size(&fixture) - 1);
    assert_eq!(
        kind(&fixture, correction("record.retracted", "high-2020-01-01", json!({}))),
        Kind::RecordRetracted
    );
    assert_eq!(kind(&fixture, correction("record.retracted", &by, json!({}))), Kind::EntryHeld);
}

#[test]
fn what_is_confirmed_holds_and_the_next_is_measured_by_it() {
    let fixture = with(&[None]);
    let recorded = record(&fixture, policy("d", "2020-01-01", default("TLP:GREEN"))).unwrap();
    let echo = recorded.entries[0].echo.join("\n");
    assert!(echo.contains("whoever is cleared for TLP:GREEN would see what counts as TLP:RED now"), "{echo}");
    let now =
        |fixture: &Fixture| markings(&fixture.desk.known(&When::default()).unwrap()).1.map(|level| level.0);
    assert_eq!(now(&fixture), None);
    let lee = Caller { actor: "lee".to_owned(), tz: None };
    let handle = recorded.entries[0].entry.handle.clone();
    fixture.desk.confirm(&lee, &handle, &ConfirmAsk::default()).unwrap();
    assert_eq!(now(&fixture).as_deref(), Some("TLP:GREEN"));
    assert_eq!(kind(&fixture, policy("d", "2020-01-02", default("TLP:GREEN"))), Kind::PolicySet);
    assert_eq!(kind(&fixture, policy("d", "2020-01-03", default("TLP:CLEAR"))), Kind::EntryHeld);
}

#[test]
fn what_a_channel_asks_for_is_not_lowered_by_one() {
    let fixture = lines();
    let line = |name: &str, floor: Value| json!({ "kind": "channel.registered", "name": name, "sort": "line", "id": name, "marking_min": floor });
    record(&fixture, line("open", Value::Null)).unwrap();
    let call = json!({ "kind": "call.answered", "channel": "open", "from": "KOR", "date": "2026-11-20" });
    record(&fixture, call).unwrap();
    let floor = |target: &str, floor: Value| {
        correction("record.amended", target, json!({ "changes": { "marking_min": floor } }))
    };
    assert_eq!(kind(&fixture, floor("open", json!("TLP:GREEN"))), Kind::EntryHeld, "nobody marked the call");
    assert_eq!(kind(&fixture, floor("open", json!("TLP:RED"))), Kind::RecordAmended);
    assert_eq!(
        kind(&fixture, policy("d", "2020-01-01", default("TLP:CLEAR"))),
        Kind::PolicySet,
        "the line asks for more"
    );
    assert_eq!(kind(&fixture, floor("open", Value::Null)), Kind::EntryHeld);
    assert_eq!(kind(&fixture, line("new", json!("TLP:GREEN"))), Kind::ChannelRegistered, "nothing names it");
}

#[test]
fn several_together_and_imports_let_nobody_see_more_where_each_alone_does_not() {
    let reversed = scheme(&["TLP:RED", "TLP:CLEAR"]);
    let beneath = policy("beneath", "2019-01-01", reversed);
    let end = |name: &str| json!({ "kind": "policy.ended", "name": name, "date": "2026-11-01" });
    let fixture = with(&[Some("TLP:RED")]);
    for name in ["one", "two"] {
        record(&fixture, policy(name, "2020-01-01", scheme(&TLP))).unwrap();
    }
    let before = size(&fixture);
    for several in [
        vec![beneath.clone(), end("one"), end("two")],
        vec![
            policy("three", "2020-01-01", default("TLP:RED")),
            correction("record.retracted", "three-2020-01-01", json!({})),
        ],
    ] {
        let error = fixture.desk.record(&caller(), &ask(several)).unwrap_err().to_string();
        assert!(error.contains("recorded by itself"), "{error}");
        assert_eq!(size(&fixture), before);
    }
    let import = |rows: &[Value]| {
        let rows: Vec<String> = rows.iter().map(ToString::to_string).collect();
        let mut file = std::io::Cursor::new(rows.join("\n"));
        let ask = ImportAsk { file: format!("{}.jsonl", rows.len()), ..ImportAsk::default() };
        fixture.desk.import(&caller(), &ask, &mut file, &Progress::default()).unwrap().data
    };
    for rows in [
        vec![policy("up", "2020-02-01", scheme(&["TLP:RED", "TLP:CLEAR"]))],
        vec![beneath, end("one"), end("two")],
    ] {
        let wrong = format!("{:?}", import(&rows).wrong);
        assert!(wrong.contains("would let more people see") && wrong.contains("no import waits"), "{wrong}");
        assert_eq!(size(&fixture), before);
    }
}

#[test]
fn a_scheme_has_the_levels_that_accounts_hold_and_who_kept_the_accounts_still_does() {
    let fixture = with(&[Some("TLP:RED")]);
    let open = |name: &str, role: Role, clearance: &str| {
        let (name, clearance) = (name.to_owned(), clearance.to_owned());
        let ask = OpenAsk { name, role, clearance, compartments: Vec::new(), reason: None };
        fixture.desk.open_account(&caller(), &ask).unwrap();
    };
    open("ann", Role::Administrator, "TLP:RED");
    open("bob", Role::Reader, "TLP:GREEN");
    open("cle", Role::Reader, "TLP:GREEN");
    for date in ["2020-01-01", "2030-01-01"] {
        let entry = policy("house", date, scheme(&["TLP:AMBER", "TLP:RED"]));
        refused(&fixture, entry, &["bob, cle are cleared for TLP:GREEN", "account clearance"]);
    }
    let all = policy("house", "2020-01-01", scheme(&[&TLP[..], &["LOW", "COSMIC"]].concat()));
    assert_eq!(kind(&fixture, all), Kind::PolicySet);
    let permit = |name: &str, clearance: &str| {
        let ask = PermitAsk { clearance: Some(clearance.to_owned()), ..PermitAsk::default() };
        fixture.desk.permit_account(&caller(), name, &ask).unwrap();
    };
    permit("bob", "LOW");
    // Neither a repeal nor a strike takes a level away that somebody holds.
    let end = json!({ "kind": "policy.ended", "name": "house", "date": "2026-11-01" });
    refused(&fixture, end, &["bob is cleared for LOW"]);
    refused(
        &fixture,
        correction("record.retracted", "house-2020-01-01", json!({})),
        &["bob is cleared for LOW"],
    );
}
