//! Whoever sees a part of the log is told nothing of how far the whole of it goes, nor why something is not theirs.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::desk::Desk;
use crate::desk::access::tests::let_in;
use crate::desk::access::{Door, Entrance};
use crate::desk::accounts::OpenAsk;
use crate::desk::testing::Fixture;
use crate::domain::fact::account::Role;
use crate::http::api::Runs;
use crate::http::router::router_at;
use crate::http::router::tests::people::house::{Came, House};

fn incident(marking: &str, more: &Value) -> Value {
    let mut entry = json!({"kind": "incident", "date": "2026-08-19", "summary": "One", "marking": marking});
    entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    entry
}

fn own(house: &House, marking: &str, more: &Value) -> Came {
    let came = house.own("/v1/entries", &json!({"entries": [incident(marking, more)]}));
    assert_eq!(came.status, StatusCode::OK, "{}", came.body);
    came
}

#[test]
fn a_position_is_demanded_of_what_one_sees_and_nothing_is_told_of_the_rest() {
    let house = House::new();
    let low = house.person("low", Role::Reader, "TLP:GREEN");
    own(&house, "TLP:GREEN", &json!({}));
    let own_end = |house: &House| {
        house.get("/v1/channels", &[("authorization", &low)]).body["as_of"]["position"].as_u64().unwrap()
    };
    let last = own_end(&house);
    let ask = |position: u64| {
        let position = position.to_string();
        let mut came =
            house.get("/v1/channels", &[("authorization", &low), ("demarche-at-least", &position)]);
        came.body.as_object_mut().unwrap().remove("request_id");
        came
    };
    assert_eq!(ask(last).status, StatusCode::OK);
    let beyond = ask(last + 1);
    assert_eq!(beyond.kind(), "not-reached", "{}", beyond.body);
    let detail = beyond.body["detail"].as_str().unwrap();
    assert!(detail.ends_with(&format!("the log ends at position {last}")), "{detail}");
    for _ in 0..3 {
        own(&house, "TLP:RED", &json!({}));
        assert_eq!(ask(last + 1).body, beyond.body, "what is hidden is not there");
    }
}

/// Lets lee in, who may read everything, and returns the secret with which they come.
fn reader(desk: &Desk) -> String {
    let account = OpenAsk {
        name: "lee".to_owned(),
        role: Role::Reader,
        clearance: "TLP:RED".to_owned(),
        compartments: Vec::new(),
        reason: None,
    };
    let_in(desk, &account)
}

#[test]
fn whoever_may_no_longer_see_something_once_it_was_waited_for_is_not_shown_it() {
    let fixture = Fixture::new();
    let secret = reader(&fixture.desk);
    let door = Door::of(Arc::new(fixture.desk));
    let [port, directory] = [Entrance::Port, Entrance::Directory]
        .map(|entrance| router_at(door.clone(), Runs::Apart, entrance, Arc::default()));
    let size = door.size().to_string();
    let json_type = ("content-type", "application/json".to_owned());
    let send =
        |router: &axum::Router, method: Method, path: &str, headers: &[(&str, String)], body: String| {
            let mut request = Request::builder().method(method).uri(path).header("host", "localhost");
            for (name, value) in headers {
                request = request.header(*name, value);
            }
            let (request, router) = (request.body(Body::from(body)).unwrap(), router.clone());
            async move {
                let response = router.oneshot(request).await.unwrap();
                let status = response.status();
                let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
                (status, serde_json::from_slice::<Value>(&bytes).unwrap())
            }
        };
    let demand = [
        ("authorization", format!("Bearer {secret}")),
        ("demarche-at-least", size),
        ("prefer", "wait=30".to_owned()),
    ];
    let owner = [("demarche-actor", "owner".to_owned()), json_type];
    let lower = json!({"clearance": "TLP:GREEN"}).to_string();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (asked, lowered) = runtime.block_on(async {
        tokio::join!(
            send(&port, Method::GET, "/v1/log", &demand, String::new()),
            send(&directory, Method::POST, "/v1/accounts/lee/permissions", &owner, lower),
        )
    });
    assert_eq!(lowered.0, StatusCode::OK, "{}", lowered.1);
    assert_eq!(asked.0, StatusCode::FORBIDDEN, "{}", asked.1);
}

#[test]
fn an_account_puts_nothing_in_a_compartment_that_is_not_its_own_and_the_owner_of_the_directory_does() {
    let house = House::new();
    let lee = house.person("lee", Role::Recorder, "TLP:RED");
    let lee = [("authorization", lee.as_str())];
    let body = json!({"entries": [incident("TLP:RED", &json!({"compartment": ["NUC"]}))]});
    for dry_run in [false, true] {
        let mut body = body.clone();
        body["dry_run"] = dry_run.into();
        let came = house.post("/v1/entries", &lee, &body);
        assert_eq!(came.kind(), "wrong", "{}", came.body);
        let detail = came.body["detail"].as_str().unwrap();
        assert!(detail.contains("in a compartment that is not theirs"), "{detail}");
    }
    let sees = || house.get("/v1/log", &lee).status;
    assert_eq!(sees(), StatusCode::OK, "and they see the whole log as before");
    let admitted = json!({"clearance": "TLP:RED", "compartments": ["NUC"]});
    assert_eq!(house.own("/v1/accounts/lee/permissions", &admitted).status, StatusCode::OK);
    assert_eq!(house.post("/v1/entries", &lee, &body).status, StatusCode::OK);
    assert_eq!(sees(), StatusCode::OK);
    own(&house, "TLP:RED", &json!({"compartment": ["KITE"]}));
    assert_eq!(sees(), StatusCode::FORBIDDEN, "what they do not see is there now");
}

#[test]
fn what_was_sent_before_by_somebody_and_is_not_seen_is_refused_in_words_that_do_not_tell_what_it_is() {
    let house = House::new();
    let low = house.person("low", Role::Recorder, "TLP:GREEN");
    let request = "0190f3c2-7a1e-4d4b-9c55-2f6f0a3b1c7d";
    let body = |marking: &str| json!({"entries": [incident(marking, &json!({}))], "request": request});
    let red = house.own("/v1/entries", &body("TLP:RED"));
    assert_eq!(red.status, StatusCode::OK, "{}", red.body);
    let came = house.post("/v1/entries", &[("authorization", &low)], &body("TLP:GREEN"));
    assert_eq!(came.kind(), "wrong", "{}", came.body);
    let detail = came.body["detail"].as_str().unwrap();
    let says = "is not one of whoever sent it; send the same under another request id";
    assert_eq!(detail, format!("request {request} {says}"));
}

#[test]
fn that_the_clock_went_back_is_recorded_before_what_somebody_records_who_sees_a_part() {
    let house = House::new();
    let low = house.person("low", Role::Recorder, "TLP:GREEN");
    let body = json!({"entries": [incident("TLP:GREEN", &json!({}))]});
    let low = [("authorization", low.as_str())];
    let record = || {
        let came = house.post("/v1/entries", &low, &body);
        assert_eq!(came.status, StatusCode::OK, "{}", came.body);
        came.body["data"]["receipt"]["size"].as_u64().unwrap()
    };
    let size = || {
        let owner = [("demarche-actor", "owner")];
        let came = House::send(&house.directory, &Method::GET, "/v1/log", &owner, &Value::Null);
        came.body["data"]["size"].as_u64().unwrap()
    };
    let (seen, whole) = (record(), size());
    house.pass(-600);
    let (later, longer) = (record(), size());
    assert_eq!((later - seen, longer - whole), (1, 2), "the jump is for auditors");
}

#[test]
fn whoever_keeps_the_accounts_and_is_in_no_compartment_is_not_told_how_long_the_log_is() {
    let house = House::new();
    let boss = house.person("boss", Role::Administrator, "TLP:RED");
    let list = || house.get("/v1/accounts", &[("authorization", &boss)]);
    assert!(list().body["as_of"]["position"].is_u64());
    own(&house, "TLP:RED", &json!({"compartment": ["KITE"]}));
    let came = list();
    assert_eq!(came.status, StatusCode::OK, "{}", came.body);
    assert_eq!(came.body["as_of"]["position"], Value::Null);
}

#[test]
fn the_tag_of_an_entry_stays_whatever_is_hidden_that_was_seen_before_it() {
    let house = House::new();
    let low = house.person("low", Role::Reader, "TLP:GREEN");
    for id in ["i-1", "i-2"] {
        own(&house, "TLP:GREEN", &json!({ "id": id }));
    }
    let ask = |id: &str| house.get(&format!("/v1/entries/{id}"), &[("authorization", &low)]);
    let before = ask("i-2");
    let up =
        json!({"kind": "record.amended", "target": "i-1", "reason": "x", "changes": {"marking": "TLP:RED"}});
    let came = house.own("/v1/entries", &json!({ "entries": [up] }));
    assert_eq!(came.status, StatusCode::OK, "{}", came.body);
    assert_eq!(ask("i-1").status, StatusCode::NOT_FOUND);
    assert_eq!(ask("i-2").headers["etag"], before.headers["etag"]);
}

#[test]
fn a_feed_that_is_served_says_where_it_stands_and_another_does_not() {
    let fixture = Fixture::new();
    let secret = reader(&fixture.desk);
    let door = Door::of(Arc::new(fixture.desk));
    let feed = |entrance: Entrance| {
        let router = router_at(door.clone(), Runs::Apart, entrance, Arc::default());
        let request =
            Request::builder().uri("/v1/exports/atom?kind=call&limit=5").header("host", "localhost:8443");
        let request = match entrance {
            Entrance::Port => request.header("authorization", format!("Bearer {secret}")),
            Entrance::Directory => request.header("demarche-actor", "owner"),
        };
        let request = request.body(Body::empty()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let response = router.oneshot(request).await.unwrap();
            let status = response.status();
            let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            assert_eq!(status, StatusCode::OK, "{text}");
            text
        })
    };
    let own = "<link rel=\"self\" href=\"http://localhost:8443/v1/exports/atom?kind=call&amp;limit=5\"/>";
    assert!(feed(Entrance::Port).contains(own), "{}", feed(Entrance::Port));
    assert!(!feed(Entrance::Directory).contains("<link"));
}
