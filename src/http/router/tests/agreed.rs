//! What a caller and the log agree on: what was seen, how far the log goes, how far a program has read.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::desk::access::{Door, Entrance};
use crate::desk::testing::Fixture;
use crate::domain::fact::account::Role;
use crate::http::api::Runs;
use crate::http::router::router_at;
use crate::http::router::tests::people::house::{Came, House};

fn incident(id: &str) -> Value {
    json!({"kind": "incident", "date": "2025-08-19", "id": id, "summary": "One", "from": ["KOR"]})
}

fn recorded(house: &House, headers: &[(&str, &str)], entry: &Value) -> Came {
    house.post("/v1/entries", headers, &json!({"entries": [entry]}))
}

fn etag(came: &Came) -> String {
    came.headers["etag"].to_str().unwrap().to_owned()
}

#[test]
fn what_is_sent_again_under_its_key_records_nothing_twice_and_a_key_is_of_one_caller() {
    let house = House::new();
    let (lee, kim) =
        (house.person("lee", Role::Recorder, "TLP:RED"), house.person("kim", Role::Recorder, "TLP:RED"));
    let positions = |came: &Came| came.body["data"]["receipt"]["first"].clone();
    let send = |who: &str, key: &str, entry: &Value| {
        recorded(&house, &[("authorization", who), ("idempotency-key", key)], entry)
    };
    let first = send(&lee, "\"offer-7\"", &incident("i-1"));
    assert_eq!(first.status, StatusCode::OK, "{}", first.body);
    let again = send(&lee, "offer-7", &incident("i-1"));
    assert_eq!((again.status, positions(&again)), (StatusCode::OK, positions(&first)), "{}", again.body);
    assert_ne!(send(&lee, "offer-7", &incident("i-9")).status, StatusCode::OK, "it says something else");
    let other = send(&kim, "offer-7", &incident("i-2"));
    assert_eq!(other.status, StatusCode::OK, "{}", other.body);
    assert_ne!(positions(&other), positions(&first));
    // An id is the same in the header and in the body, and two that differ are no submission.
    let id = "0190f3c2-7a1e-4d4b-9c55-2f6f0a3b1c7d";
    let body = json!({"entries": [incident("i-3")], "request": id});
    let key = |key: &'static str| [("authorization", lee.as_str()), ("idempotency-key", key)];
    let by_body = house.post("/v1/entries", &key(id), &body);
    assert_eq!(by_body.status, StatusCode::OK, "{}", by_body.body);
    for spelt in [id, &id.to_uppercase(), &id.replace('-', "")] {
        assert_eq!(positions(&send(&lee, spelt, &incident("i-3"))), positions(&by_body), "{spelt}");
    }
    for wrong in ["other", "two words", "한글"] {
        assert_eq!(house.post("/v1/entries", &key(wrong), &body).status, StatusCode::BAD_REQUEST, "{wrong}");
    }
}

#[test]
fn whoever_lost_the_tag_or_the_key_that_they_meant_to_send_records_nothing() {
    let house = House::new();
    let lee = house.person("lee", Role::Recorder, "TLP:RED");
    for name in ["if-match", "idempotency-key"] {
        for lost in ["", " "] {
            let came = recorded(&house, &[("authorization", &lee), (name, lost)], &incident("i-1"));
            assert_eq!((came.status, came.kind()), (StatusCode::BAD_REQUEST, "malformed"), "{name}");
            assert!(came.body["detail"].as_str().unwrap().starts_with(name), "{}", came.body);
        }
    }
    assert_eq!(house.get("/v1/entries/i-1", &[("authorization", &lee)]).status, StatusCode::NOT_FOUND);
    // Whoever lost the id of the event that they saw last is not told everything again.
    let lost = house.get("/v1/events", &[("authorization", &lee), ("last-event-id", "")]);
    assert_eq!((lost.status, lost.kind()), (StatusCode::BAD_REQUEST, "malformed"), "{}", lost.body);
    let came = house.get("/v1/log", &[("authorization", &lee), ("demarche-at-least", "")]);
    assert_eq!((came.status, came.kind()), (StatusCode::BAD_REQUEST, "malformed"), "{}", came.body);
}

#[test]
fn dates_are_read_in_the_zone_that_the_query_names() {
    let house = House::new();
    let lee = house.person("lee", Role::Recorder, "TLP:RED");
    let entry = json!({"kind": "incident", "date": "2025-08-19T09:00", "summary": "One", "from": ["KOR"]});
    let body = json!({"entries": [entry], "dry_run": true});
    let date = |path: &str, headers: &[(&str, &str)]| {
        let headers: Vec<(&str, &str)> =
            [("authorization", lee.as_str())].into_iter().chain(headers.iter().copied()).collect();
        let came = house.post(path, &headers, &body);
        assert_eq!(came.status, StatusCode::OK, "{}", came.body);
        came.body["data"]["entries"][0]["date"]["value"].as_str().unwrap().to_owned()
    };
    assert_eq!(date("/v1/entries?tz=America/New_York", &[]), "2025-08-19T09:00:00-04:00");
    assert_eq!(date("/v1/entries?%74z=%2B03:00", &[("demarche-tz", "UTC")]), "2025-08-19T09:00:00+03:00");
    assert_eq!(date("/v1/entries", &[("demarche-tz", "Europe/Vienna")]), "2025-08-19T09:00:00+02:00");
    for path in ["/v1/entries?tz=Nowhere", "/v1/moments?tz=", "/v1/log?tz=Nowhere", "/healthz?tz=Nowhere"] {
        let with = [("authorization", lee.as_str())];
        let came = if path.starts_with("/v1/log") || path.starts_with("/healthz") {
            house.get(path, &with)
        } else {
            house.post(path, &with, &json!({"entries": [], "name": "x"}))
        };
        assert_eq!((came.status, came.kind()), (StatusCode::UNPROCESSABLE_ENTITY, "wrong"), "{path}");
        assert!(came.body["detail"].as_str().unwrap().contains("is no time zone"), "{}", came.body);
    }
}

#[test]
fn a_word_of_a_list_may_stand_in_a_query() {
    let house = House::new();
    let lee = house.person("lee", Role::Recorder, "TLP:RED");
    let send = |path: &str| {
        house.post(path, &[("authorization", &lee)], &json!({"entries": [incident("i-1")], "dry_run": true}))
    };
    let came = send("/v1/entries?wait=checkpoint");
    assert_eq!(came.status, StatusCode::OK, "{}", came.body);
    let came = send("/v1/entries?wait=soon");
    assert_eq!((came.status, came.kind()), (StatusCode::BAD_REQUEST, "malformed"));
    assert_eq!(came.body["detail"], "wait: `soon` is none of: checkpoint", "{}", came.body);
}

#[test]
fn a_tag_stands_until_something_is_recorded_on_its_entry_and_guards_what_rests_on_it() {
    let house = House::new();
    let lee = house.person("lee", Role::Recorder, "TLP:RED");
    let with = |more: &[(&'static str, String)]| -> Vec<(&'static str, String)> {
        [("authorization", lee.clone())].into_iter().chain(more.iter().cloned()).collect()
    };
    let get = |more: &[(&'static str, String)]| {
        let headers = with(more);
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        house.get("/v1/entries/i-1", &headers)
    };
    let record = |entry: &Value, more: &[(&'static str, String)]| {
        let headers = with(more);
        let headers: Vec<(&str, &str)> =
            headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        recorded(&house, &headers, entry)
    };
    assert_eq!(record(&incident("i-1"), &[]).status, StatusCode::OK);
    let first = get(&[]);
    assert_eq!(first.status, StatusCode::OK, "{}", first.body);
    let tag = etag(&first);
    // Something else is recorded: it stands.
    assert_eq!(record(&incident("i-2"), &[]).status, StatusCode::OK);
    let same = get(&[("if-none-match", tag.clone())]);
    assert_eq!((same.status, &same.body, etag(&same)), (StatusCode::NOT_MODIFIED, &Value::Null, tag.clone()));
    assert_eq!(record(&incident("i-3"), &[("if-match", tag.clone())]).status, StatusCode::OK);
    // It is withdrawn: what rested on it is not recorded, and is told why.
    let withdrawn = json!({"kind": "record.retracted", "target": "i-1", "reason": "It was another one"});
    let came = record(&withdrawn, &[("if-match", tag.clone())]);
    assert_eq!(came.status, StatusCode::OK, "{}", came.body);
    let late = record(&incident("i-4"), &[("if-match", tag.clone())]);
    assert_eq!((late.status, late.kind()), (StatusCode::PRECONDITION_FAILED, "changed"), "{}", late.body);
    let detail = late.body["detail"].as_str().unwrap();
    assert!(detail.contains("record.retracted at position") && detail.contains("by lee"), "{detail}");
    let other = get(&[("if-none-match", tag.clone())]);
    assert_eq!(other.status, StatusCode::OK);
    assert_ne!(etag(&other), tag);
    // What it was at an earlier knowing, it was.
    let known = format!("/v1/entries/i-1?known_as_of={}", first.body["as_of"]["position"]);
    assert_eq!(etag(&house.get(&known, &[("authorization", &lee)])), tag);
    for wrong in ["x", "*", "\"\"", "W/\"a\""] {
        assert_eq!(
            record(&incident("i-5"), &[("if-match", wrong.to_owned())]).kind(),
            "malformed",
            "{wrong}"
        );
    }
}

#[test]
fn an_answer_is_not_given_from_a_log_that_is_shorter_than_demanded() {
    let house = House::new();
    let lee = house.person("lee", Role::Recorder, "TLP:RED");
    let ask = |at_least: &str, prefer: &str| {
        let headers = [("authorization", lee.as_str()), ("demarche-at-least", at_least), ("prefer", prefer)];
        house.get("/v1/channels", &headers)
    };
    let last = house.get("/v1/log", &[("authorization", &lee)]).body["as_of"]["position"].as_u64().unwrap();
    assert_eq!(ask(&last.to_string(), "").status, StatusCode::OK);
    let beyond = ask(&(last + 1).to_string(), "respond-async");
    assert_eq!(
        (beyond.status, beyond.kind()),
        (StatusCode::PRECONDITION_FAILED, "not-reached"),
        "{}",
        beyond.body
    );
    assert!(beyond.body["detail"].as_str().unwrap().ends_with(&format!("the log ends at position {last}")));
    assert_eq!(beyond.body["retry_after"], 1);
    for (at_least, prefer) in [("-1", ""), ("x", ""), ("18446744073709551616", ""), ("0", "wait=31")] {
        assert_eq!(ask(at_least, prefer).kind(), "malformed", "{at_least} {prefer}");
    }
    // How far it goes is told to nobody who may not ask.
    let low = house.person("low", Role::Recorder, "TLP:GREEN");
    let came = house.get("/v1/log", &[("authorization", &low), ("demarche-at-least", "99")]);
    assert_eq!(came.kind(), "forbidden");
}

#[test]
fn whoever_waits_for_a_position_is_answered_once_it_is_recorded() {
    let door = Door::of(Arc::new(Fixture::new().desk));
    let router = router_at(door.clone(), Runs::Apart, Entrance::Directory, Arc::default());
    let size = door.size();
    let send = |router: &Router, method: Method, path: &str, headers: &[(&str, String)], body: String| {
        let mut request = Request::builder().method(method).uri(path).header("host", "localhost");
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let request = request.header("content-type", "application/json").body(Body::from(body)).unwrap();
        let router = router.clone();
        async move {
            let response = router.oneshot(request).await.unwrap();
            let status = response.status();
            let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
            (status, serde_json::from_slice::<Value>(&bytes).unwrap())
        }
    };
    let demand = [("demarche-at-least", size.to_string()), ("prefer", "wait=30".to_owned())];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (asked, named) = runtime.block_on(async {
        tokio::join!(
            send(&router, Method::GET, "/v1/log", &demand, String::new()),
            send(
                &router,
                Method::POST,
                "/v1/moments",
                &[("demarche-actor", "kim".to_owned())],
                json!({"name": "noon"}).to_string()
            ),
        )
    });
    assert_eq!(named.0, StatusCode::OK, "{}", named.1);
    assert_eq!(asked.0, StatusCode::OK, "{}", asked.1);
    assert!(asked.1["as_of"]["position"].as_u64().unwrap() >= size);
}

#[test]
fn a_cursor_belongs_to_its_account_and_moves_from_where_it_was_seen() {
    let house = House::new();
    let [lee, park] = ["lee", "park"].map(|name| house.person(name, Role::Reader, "TLP:RED"));
    let put = |who: &str, name: &str, body: &Value| {
        House::send(
            &house.port,
            &Method::PUT,
            &format!("/v1/cursors/{name}"),
            &[("authorization", who)],
            body,
        )
    };
    let get = |who: &str, path: &str| house.get(path, &[("authorization", who)]);
    assert_eq!(get(&lee, "/v1/cursors/feed").kind(), "not-found");
    // What nobody can have read is a slip, or of another log.
    let beyond = put(&lee, "feed", &json!({"after": 1_000_000}));
    assert_eq!((beyond.status, beyond.kind()), (StatusCode::UNPROCESSABLE_ENTITY, "wrong"));
    assert!(
        beyond.body["detail"]
            .as_str()
            .unwrap()
            .contains("after: there is no position 1000000 yet; the last is"),
        "{}",
        beyond.body
    );
    assert_eq!(get(&lee, "/v1/cursors/feed").kind(), "not-found");
    let made = put(&lee, "feed", &json!({"after": 4}));
    assert_eq!((made.status, &made.body["data"]["revision"]), (StatusCode::OK, &json!(1)), "{}", made.body);
    let again = put(&lee, "feed", &json!({"after": 9}));
    assert_eq!((again.status, again.kind()), (StatusCode::PRECONDITION_FAILED, "changed"));
    assert!(
        again.body["detail"].as_str().unwrap().contains("revision 1, after position 4"),
        "{}",
        again.body
    );
    assert_eq!(put(&lee, "feed", &json!({"after": 9, "expect": 1})).body["data"]["after"], 9);
    assert_eq!(get(&lee, "/v1/cursors/feed").body["data"]["revision"], 2);
    assert_eq!(get(&lee, "/v1/cursors").body["data"]["total"], 1);
    assert_eq!(get(&park, "/v1/cursors").body["data"]["total"], 0);
    assert_eq!(put(&lee, "a%20b", &json!({"after": 1})).kind(), "wrong");
    assert_eq!(put(&lee, "feed", &json!({"after": 1, "expects": 2})).kind(), "malformed");
}

#[test]
fn a_condition_that_a_route_would_pass_over_is_refused() {
    let house = House::new();
    let lee = house.person("lee", Role::Recorder, "TLP:RED");
    let sent = |method: &Method, path: &str, header: (&str, &str), body: &Value| {
        House::send(&house.port, method, path, &[("authorization", &lee), header], body)
    };
    let size = || house.get("/v1/log", &[("authorization", &lee)]).body["data"]["size"].clone();
    let before = size();
    let refused = |method: &Method, path: &str, header: (&str, &str), body: &Value| {
        let reply = sent(method, path, header, body);
        assert_eq!((reply.status, reply.kind()), (StatusCode::BAD_REQUEST, "malformed"), "{path} {header:?}");
        let detail = reply.body["detail"].as_str().unwrap();
        assert!(detail.contains(header.0) && detail.contains("leave the header out"), "{detail}");
    };
    let moment = json!({"name": "noon"});
    for header in [("if-match", "\"a-1\""), ("idempotency-key", "k"), ("if-none-match", "*")] {
        refused(&Method::POST, "/v1/moments", header, &moment);
        refused(&Method::PUT, "/v1/cursors/feed", header, &json!({"after": 1}));
    }
    refused(&Method::GET, "/v1/channels", ("if-match", "\"a-1\""), &Value::Null);
    assert_eq!(size(), before, "nothing was recorded");
    // A question records nothing, and may be answered again.
    for header in [("idempotency-key", "k"), ("if-none-match", "*")] {
        assert_eq!(sent(&Method::GET, "/v1/channels", header, &Value::Null).status, StatusCode::OK);
    }
}
