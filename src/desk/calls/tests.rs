//! What is said of calls that cannot all be true.

use serde_json::{Value, json};

use crate::desk::ask::{Caller, RecordAsk, When};
use crate::desk::testing::Fixture;

/// Returns a log with a line between two states, of which one has a ministry.
fn hotline() -> Fixture {
    let fixture = Fixture::new();
    for code in ["KOR", "PRK", "KOR/mnd"] {
        fixture.party(code);
    }
    let line =
        json!({ "kind": "channel.registered", "name": "hot", "sort": "line", "ends": ["KOR/mnd", "PRK"] });
    record(&fixture, line);
    fixture
}

/// Records an entry, and returns what is doubtful about it.
fn record(fixture: &Fixture, entry: Value) -> Vec<String> {
    let ask = RecordAsk { entries: vec![entry], ..RecordAsk::default() };
    let caller = Caller { actor: "kim".to_owned(), tz: None };
    fixture.desk.record(&caller, &ask).unwrap().data.entries.remove(0).doubtful
}

fn call(id: &str, outcome: &str, more: &Value) -> Value {
    let mut entry =
        json!({ "kind": format!("call.{outcome}"), "id": id, "channel": "hot", "date": "2025-06-03" });
    entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    entry
}

/// Returns what was expected, and what was found, of an entry.
fn anomalies(fixture: &Fixture, handle: &str) -> Vec<(String, String)> {
    let detail = fixture.desk.entry(&When::default(), handle).unwrap().data;
    detail.anomalies.into_iter().map(|anomaly| (anomaly.expected, anomaly.found)).collect()
}

#[test]
fn one_slot_has_one_outcome_and_a_second_is_a_misfit_on_both() {
    let fixture = hotline();
    let at = |slots: &[&str]| json!({ "slots": slots });
    assert_eq!(record(&fixture, call("morning", "unanswered", &at(&["09:00"]))), [""; 0]);
    assert_eq!(record(&fixture, call("evening", "answered", &at(&["17:00"]))), [""; 0]);
    let said = record(&fixture, call("again", "answered", &at(&["08:00", "09:00"])));
    let found = "call.answered at 09:00 on 3 June 2025, of which morning says call.unanswered";
    assert!(said.iter().any(|doubt| doubt.contains(found)), "{said:?}");
    assert_eq!(anomalies(&fixture, "again"), [("one outcome of one call".to_owned(), found.to_owned())]);
    assert_eq!(anomalies(&fixture, "morning").len(), 1);
    assert_eq!(anomalies(&fixture, "evening"), []);
    // What came of a call may be unknown to one and known to another; and another day is another call.
    assert_eq!(record(&fixture, call("perhaps", "unknown", &at(&["17:00"]))), [""; 0]);
    let later = json!({ "slots": ["17:00"], "date": "2025-06-04" });
    assert_eq!(record(&fixture, call("later", "unanswered", &later)), [""; 0]);
}

#[test]
fn a_call_by_a_party_at_no_end_of_the_line_is_a_misfit() {
    let fixture = hotline();
    // Japan comes in with the call. The whole of an end calls as the end does, and so does a body of one.
    assert_eq!(record(&fixture, call("own", "answered", &json!({ "from": "KOR", "to": "PRK" }))), [""; 0]);
    let said = record(&fixture, call("other", "answered", &json!({ "from": "JPN", "slots": ["10:00"] })));
    let found = "call.answered of JPN, at no end of hot";
    assert!(said.iter().any(|doubt| doubt.contains(found) && doubt.contains("KOR/mnd, PRK")), "{said:?}");
    assert_eq!(
        anomalies(&fixture, "other"),
        [("the ends of hot: KOR/mnd, PRK".to_owned(), found.to_owned())]
    );
    assert_eq!(anomalies(&fixture, "own"), []);
}
