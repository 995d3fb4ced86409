//! Names that something hidden has, and what is told of them to whoever sees it and to whoever does not.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::second::{Desk, said};

fn desk() -> Desk {
    Desk::with(&[("lee", "TLP:GREEN", &[]), ("park", "TLP:RED", &[])])
}

/// Returns the words with which somebody is refused what they record, also where they try it.
#[track_caller]
fn refused(desk: &Desk, who: &str, entry: &Value) -> String {
    let words = [true, false].map(|dry_run| {
        let came = desk.post(who, "/v1/entries", &json!({ "entries": [entry], "dry_run": dry_run }));
        assert!(!came.status.is_success(), "{}", came.body);
        came.body["detail"].as_str().unwrap().to_owned()
    });
    assert_eq!(words[0], words[1]);
    words[0].clone()
}

#[track_caller]
fn doubtful(desk: &Desk, who: &str, entry: &Value) -> String {
    let came = desk.post(who, "/v1/entries", &json!({ "entries": [entry] }));
    assert_eq!(came.status, StatusCode::OK, "{}", came.body);
    came.body["data"]["entries"][0]["doubtful"].to_string()
}

#[test]
fn the_name_of_a_hidden_policy_is_not_free() {
    let desk = desk();
    let house = |more: Value| {
        let mut policy =
            json!({"kind": "policy.set", "name": "house", "date": "2025-01-01", "marking": "TLP:GREEN"});
        policy.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        policy
    };
    desk.record("park", house(json!({"response_within": "P3D", "marking": "TLP:RED"})));
    let mut own = house(json!({"response_within": "P300D"}));
    for name in ["house", "House"] {
        own["name"] = json!(name);
        assert!(refused(&desk, "lee", &own).contains("ask another"));
    }
    // Nor does a policy of theirs get it, nor is one of both ended by it.
    own["name"] = json!("other");
    let other = desk.record("lee", own);
    let rename =
        json!({"kind": "record.amended", "target": other, "reason": "so", "changes": {"name": "house"}});
    assert!(refused(&desk, "lee", &rename).contains("ask another"));
    let end = json!({"kind": "policy.ended", "name": "other", "date": "2026-01-01"});
    desk.record("park", house(json!({"name": "other", "response_within": "P4D", "marking": "TLP:RED"})));
    assert!(refused(&desk, "lee", &end).contains("ask another"));
    let seen = desk.get("park", "/v1/policies").body.to_string();
    assert!(["within 3 days", "within 4 days"].iter().all(|rule| seen.contains(rule)), "{seen}");
}

#[test]
fn a_further_name_that_something_hidden_has_is_not_free_and_one_that_is_seen_is_told() {
    let desk = desk();
    let register = |name: &str| json!({"kind": "channel.registered", "name": name, "sort": "line"});
    let named = |about: &str, names: Value, marking: &str| {
        let names = json!({"names": names, "marking": marking, "about": about});
        let mut entry = json!({"kind": "channel.named"});
        entry.as_object_mut().unwrap().extend(names.as_object().unwrap().clone());
        entry
    };
    let [_, line] = ["line-a", "line-b"].map(|name| desk.record("park", register(name)));
    desk.record("park", named("line-a", json!(["Owl Phone"]), "TLP:RED"));
    let taken = named("line-b", json!(["owl phone"]), "TLP:GREEN");
    let words = refused(&desk, "lee", &taken);
    assert!(words.contains("entry 1 of what was sent") && words.contains("ask another"), "{words}");
    assert!(doubtful(&desk, "lee", &named("line-b", json!(["Crow Phone"]), "TLP:GREEN")).contains("[]"));
    let told = doubtful(&desk, "lee", &named("line-a", json!(["crow phone"]), "TLP:GREEN"));
    assert!(told.contains("is a name of line-b too"), "{told}");
    // So too by an amendment of what is registered, of which the names that it has stay.
    let amend = |names: Value| json!({"kind": "record.amended", "target": line, "reason": "so", "changes": {"names": names}});
    let words = refused(&desk, "lee", &amend(json!(["Owl Phone"])));
    assert!(words.contains("ask another"), "{words}");
    desk.record("lee", amend(json!(["Heron Phone"])));
    let person =
        |marking: &str| json!({"kind": "person.registered", "names": ["Zorro Vega"], "marking": marking});
    desk.record("park", person("TLP:RED"));
    desk.record("lee", json!({"kind": "person.registered", "names": ["Lee Other"], "marking": "TLP:GREEN"}));
    let other = json!({"kind": "person.named", "about": "Lee Other", "names": ["Zorro Vega"], "marking": "TLP:GREEN"});
    assert!(refused(&desk, "lee", &other).contains("ask another"));
}

#[test]
fn whoever_writes_the_name_of_something_hidden_as_words_is_told() {
    let desk = desk();
    desk.record(
        "park",
        json!({"kind": "party.registered", "code": "x-zorro", "names": ["Zorro Org"], "marking": "TLP:RED"}),
    );
    desk.record("park", json!({"kind": "person.registered", "names": ["Zorro Vega"], "marking": "TLP:RED"}));
    let meeting = json!({"kind": "meeting.held", "from": "VEN", "to": "GUY", "date": "2025-02-01", "marking": "TLP:GREEN",
                         "summary": "talks", "heads": ["Zorro Vega"]});
    let message = |more: Value| {
        let mut entry = said("TLP:GREEN", more);
        entry["kind"] = json!("message.sent");
        entry
    };
    for (entry, field) in [
        (message(json!({"info": ["x-zorro"]})), "info"),
        (message(json!({"passed_by": "zorro org", "date": "2025-02-02"})), "passed_by"),
        (meeting, "heads"),
        (said("TLP:GREEN", json!({"reported_by": "x-zorro"})), "sources"),
    ] {
        let told = doubtful(&desk, "park", &entry);
        assert!(told.contains(&format!("in `{field}`, who is entered as TLP:RED")), "{field}: {told}");
    }
    let open = message(json!({"info": ["VEN", "somebody"], "date": "2025-03-01"}));
    assert!(!doubtful(&desk, "park", &open).contains("is entered as"));
}

#[test]
fn a_refusal_says_what_is_so_and_counts_what_was_sent() {
    let desk = desk();
    let raise = |entry: &str| json!({"kind": "record.amended", "target": entry, "reason": "so", "changes": {"marking": "TLP:RED"}});
    let entry = desk.record("park", said("TLP:GREEN", json!({})));
    // Lee and the state that is named come in with what is sent, and are not counted.
    assert!(
        refused(&desk, "lee", &raise(&entry))
            .contains("entry 1 of what was sent is marked above the clearance")
    );
    let above = said("TLP:RED", json!({"from": "FJI"}));
    assert!(refused(&desk, "lee", &above).contains("entry 1 of what was sent is marked above the clearance"));
    let both = json!({ "entries": [said("TLP:GREEN", json!({"from": "FJI"})), above] });
    let came = desk.post("lee", "/v1/entries", &both);
    assert!(
        came.body["detail"].as_str().unwrap().contains("entry 2 of what was sent is marked above"),
        "{}",
        came.body
    );
    let mut unmarked = said("TLP:GREEN", json!({}));
    unmarked.as_object_mut().unwrap().remove("marking");
    let told = refused(&desk, "lee", &unmarked);
    assert!(told.contains("has no marking and so counts as TLP:RED"), "{told}");
    assert!(told.contains("with `marking: TLP:GREEN` it can be recorded"), "{told}");
    let request = "01234567-89ab-4def-8123-456789abcdef";
    let red = json!({"entries": [said("TLP:RED", json!({}))], "request": request});
    assert_eq!(desk.post("park", "/v1/entries", &red).status, StatusCode::OK);
    let same = json!({"entries": [said("TLP:GREEN", json!({}))], "request": request});
    let came = desk.post("lee", "/v1/entries", &same);
    assert!(came.body["detail"].as_str().unwrap().contains("under another request id"), "{}", came.body);
}

#[test]
fn who_imports_a_file_again_has_their_own_rows_though_another_imported_the_same() {
    let desk = desk();
    let row = |marking: &str, more: Value| {
        let mut row = said(marking, json!({"id": "n1"}));
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        row
    };
    let import = |who: &str, row: &Value| {
        let came = desk.post(who, "/v1/import?file=north.jsonl", row);
        (came.status, came.body.to_string(), came.body["data"]["recorded"].clone())
    };
    let hidden = row("TLP:RED", json!({}));
    let (status, body, recorded) = import("park", &hidden);
    assert_eq!((status, recorded), (StatusCode::OK, json!(1)), "{body}");
    let (status, body, recorded) = import("lee", &row("TLP:GREEN", json!({})));
    assert_eq!((status, recorded), (StatusCode::OK, json!(1)), "{body}");
    for who in ["park", "lee"] {
        let own = if who == "park" { hidden.clone() } else { row("TLP:GREEN", json!({})) };
        let (status, body, recorded) = import(who, &own);
        assert_eq!((status, recorded), (StatusCode::OK, json!(0)), "{who}: {body}");
        let (status, body, _) = import(who, &row("TLP:GREEN", json!({"summary": "other words"})));
        assert!(!status.is_success() && body.contains("other content"), "{who}: {body}");
    }
}
