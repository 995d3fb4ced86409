//! What comes into a register because something else names it is as restricted as whatever names it, on whichever way
//! it came.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::domain::fact::account::Role;
use crate::http::router::tests::people::house::{Came, House};

fn entries(entries: &Value) -> Value {
    json!({ "entries": entries })
}

fn done(came: Came) -> Value {
    assert_eq!(came.status, StatusCode::OK, "{}", came.body);
    came.body
}

/// The codes of the parties that somebody sees, and where the log ends for them.
fn seen(house: &House, secret: &str) -> (Vec<String>, Value) {
    let parties = done(house.get("/v1/parties", &[("authorization", secret)]));
    let codes = parties["data"]["items"].as_array().unwrap().iter();
    let codes = codes.map(|party| party["code"].as_str().unwrap().to_owned()).collect();
    (codes, parties["as_of"]["position"].clone())
}

#[test]
fn what_a_hidden_entry_brings_is_hidden_on_whichever_way_it_came() {
    let red = |mut entry: Value| {
        entry["marking"] = "TLP:RED".into();
        entry
    };
    let statement = |id: &str, from: &str| {
        red(json!({"kind": "statement.public", "id": id, "from": from, "date": "2026-01-01", "summary": "x"}))
    };
    let channel =
        red(json!({"kind": "channel.registered", "name": "far", "sort": "line", "ends": ["FRA", "DEU"]}));
    let series = red(json!({"kind": "series.registered", "names": ["far talks"], "ends": ["FRA", "DEU"]}));
    let held = red(json!({"kind": "person.role", "about": "Kim Open", "party": "FRA", "office": "x"}));
    let person = json!({"kind": "person.registered", "names": ["Kim Open"], "marking": "TLP:CLEAR"});
    let eml = "From: A <a@far.example>\r\nTo: B <b@near.example>\r\nDate: Sat, 01 Nov 2025 10:00:00 +0000\r\n\
               Subject: hello\r\nMessage-ID: <a1@x>\r\nContent-Type: text/plain\r\n\r\nbody\r\n";
    let ways: [(&str, &str, Value); 6] = [
        ("an entry", "/v1/entries", entries(&json!([statement("s", "FRA")]))),
        ("a row", "/v1/import?file=q.jsonl", statement("s", "x-far/desk")),
        ("a mail", "/v1/import?file=q.eml", eml.into()),
        ("a channel", "/v1/entries", entries(&json!([channel]))),
        ("a series", "/v1/import?file=q.jsonl", series),
        ("an office", "/v1/entries", entries(&json!([held]))),
    ];
    for (what, path, body) in ways {
        let house = House::new();
        let low = house.person("low", Role::Reader, "TLP:CLEAR");
        let high = house.person("high", Role::Recorder, "TLP:RED");
        done(house.own("/v1/entries", &entries(&json!([person]))));
        let before = seen(&house, &low);
        let mut headers = vec![("authorization", high.as_str())];
        headers.extend(body.is_string().then_some(("content-type", "message/rfc822")));
        let came = done(house.post(path, &headers, &body));
        assert_eq!(came["data"]["wrong"].as_array().map_or(0, Vec::len), 0, "{what}: {came}");
        assert_eq!(seen(&house, &low), before, "{what}");
        assert!(seen(&house, &high).0.len() > before.0.len(), "{what}");
        let recorders = done(house.get("/v1/names?what=recorder&prefix=", &[("authorization", &low)]));
        assert!(!recorders.to_string().contains("high"), "{what}: who recorded it is not told: {recorders}");
    }
}

#[test]
fn what_a_hidden_row_brought_is_there_with_the_first_entry_that_one_sees_and_so_is_what_it_is_a_body_of() {
    let house = House::new();
    let low = house.person("low", Role::Reader, "TLP:CLEAR");
    let row = |id: &str, marking: &str| {
        json!({"kind": "statement.public", "id": id, "from": "x-far/desk", "date": "2026-01-01", "summary": "x",
               "marking": marking})
    };
    let before = seen(&house, &low).0;
    done(house.own("/v1/import?file=q.jsonl", &row("one", "TLP:RED")));
    assert_eq!(seen(&house, &low).0, before);
    done(house.own("/v1/import?file=q.jsonl", &row("two", "TLP:CLEAR")));
    let after = seen(&house, &low).0;
    assert!(after.contains(&"x-far".to_owned()) && after.contains(&"x-far/desk".to_owned()), "{after:?}");
}

#[test]
fn whoever_names_a_hidden_person_in_the_open_is_told() {
    let house = House::new();
    let red = |mut entry: Value| {
        entry["marking"] = "TLP:RED".into();
        entry
    };
    let person = red(json!({"kind": "person.registered", "names": ["Sec Man"]}));
    done(house.own("/v1/entries", &entries(&json!([person]))));
    let role = json!({"kind": "person.role", "about": "Sec Man", "party": "FRA", "office": "envoy"});
    done(house.own("/v1/entries", &entries(&json!([role]))));
    let said = |marking: &str| {
        let statement = json!({"kind": "statement.public", "from": "Sec Man", "date": "2026-01-01",
                               "summary": "x", "marking": marking});
        let came = done(house.own("/v1/entries", &entries(&json!([statement]))));
        came["data"]["entries"][0]["doubtful"].to_string()
    };
    assert!(said("TLP:CLEAR").contains("it says the name of Sec Man, who is entered as TLP:RED"));
    assert!(!said("TLP:RED").contains("Sec Man"));
}

#[test]
fn a_state_is_not_hidden_in_the_register_and_naming_it_tells_nobody_whether_it_was_named() {
    let house = House::new();
    let low = house.person("low", Role::Recorder, "TLP:CLEAR");
    let low = [("authorization", low.as_str())];
    let hidden = json!({"kind": "party.registered", "code": "FRA", "marking": "TLP:RED"});
    let came = house.own("/v1/entries", &entries(&json!([hidden])));
    assert_eq!(came.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", came.body);
    assert!(came.body["detail"].as_str().unwrap().contains("known to everybody"), "{}", came.body);
    let statement = |marking: &str| json!({"kind": "statement.public", "from": "FRA", "date": "2026-01-01", "summary": "x", "marking": marking});
    done(house.own("/v1/entries", &entries(&json!([statement("TLP:RED")]))));
    for dry_run in [true, false] {
        let body = json!({"entries": [statement("TLP:CLEAR")], "dry_run": dry_run});
        let came = done(house.post("/v1/entries", &low, &body));
        assert!(came["data"]["registered"].to_string().contains("party FRA"), "{came}");
    }
}

#[test]
fn a_dry_run_is_refused_where_recording_is() {
    let house = House::new();
    let low = house.person("low", Role::Recorder, "TLP:CLEAR");
    let line = |marking: &str| json!({"kind": "channel.registered", "name": "back", "sort": "line", "ends": ["FRA", "DEU"], "marking": marking});
    done(house.own("/v1/entries", &entries(&json!([line("TLP:RED")]))));
    let refused = [true, false].map(|dry_run| {
        let body = json!({"entries": [line("TLP:CLEAR")], "dry_run": dry_run});
        let came = house.post("/v1/entries", &[("authorization", low.as_str())], &body);
        (came.status, came.body["detail"].to_string())
    });
    assert_eq!(refused[0].0, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused[0], refused[1]);
}
