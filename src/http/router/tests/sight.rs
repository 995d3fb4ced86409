//! What somebody may not see does not exist: whatever they ask is answered as if it had never been recorded.

mod corrected;
mod model;
mod named;
mod second;
mod steps;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode};
use proptest::prelude::*;
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::desk::access::tests::let_in;
use crate::desk::access::{Door, Entrance, Needs};
use crate::desk::accounts::OpenAsk;
use crate::desk::bookmarks::is_position;
use crate::domain::fact::account::Role;
use crate::domain::marking::Scheme;
use crate::http::api::Runs;
use crate::http::router::tests::people::house::House;
use crate::http::router::tests::sight::model::Model;
use crate::http::router::tests::sight::steps::{Mark, Step, steps};
use crate::http::router::{router_at, routes};

/// What is asked of a route beside nothing.
const QUERIES: &[(&str, &[&str])] = &[
    (
        "/v1/timeline",
        &["limit=2", "marking=TLP:RED", "known_as_of=4", "by=recorded", "bookkeeping=true", "marking=none"],
    ),
    ("/v1/facets", &["by=kind,recorder,marking,party,channel", "density=occurred"]),
    (
        "/v1/search",
        &["text=hidden", "text=words", "text=reading&limit=1", "text=hidden%20harbour&by=recorded"],
    ),
    ("/v1/names", &["what=party,recorder,channel&prefix=", "what=handle&prefix="]),
    ("/v1/silence", &["party=x-p0", "party=x-b0&towards=x-p0"]),
    ("/v1/overtures", &["limit=1", "state=open", "at=2025-06-01"]),
    ("/v1/changes", &["since=3", "recorded=2026-01-01..&limit=2"]),
    ("/v1/replay", &["to=3", "to=5", "to=2026-01-02"]),
    ("/v1/diff", &["from=3&to=6", "from=2026-01-01&to=2026-11-01"]),
    ("/v1/events", &["catch_up=true", "catch_up=true&after=2&bookkeeping=true"]),
    ("/v1/channels", &["at=2025-06-01", "known_as_of=3"]),
    ("/v1/policies", &["all=true"]),
    ("/v1/late", &["lag=1d"]),
    ("/v1/intervals", &["channel=line-1"]),
    ("/v1/statistics/answers", &["by=party"]),
    ("/v1/due", &["within=30d"]),
];

const FORMATS: [&str; 10] =
    ["jsonl", "csv", "xlsx", "ics", "atom", "cloudevents", "prov", "cameo", "gexf", "graphml"];

/// Every question that a route can be asked here.
fn questions(model: &Model) -> Vec<(&'static str, String)> {
    let handles = model.handles();
    let mut questions = Vec::new();
    for route in routes().decided() {
        if route.method != Method::GET || route.needs != Needs::Read {
            continue;
        }
        let paths: Vec<String> = if route.path.contains("{handle}") {
            handles.iter().map(|handle| route.path.replace("{handle}", handle)).collect()
        } else if route.path.contains("{format}") {
            FORMATS.iter().map(|format| route.path.replace("{format}", format)).collect()
        } else {
            // Whose cursors are asked for has none: no name is there.
            vec![route.path.replace("{name}", "feed")]
        };
        assert!(paths.iter().all(|path| !path.contains('{')), "nobody says what stands in {}", route.path);
        let queries = QUERIES.iter().find(|(path, _)| *path == route.path).map_or(&[][..], |(_, all)| all);
        for path in paths {
            // A feed without an end is no question.
            if route.path != "/v1/events" {
                questions.push((route.path, path.clone()));
            }
            questions.extend(queries.iter().map(|query| (route.path, format!("{path}?{query}"))));
        }
    }
    questions
}

fn ask(router: &Router, path: &str, secret: Option<&str>) -> (StatusCode, Vec<u8>) {
    let mut request = Request::builder().uri(path).header("host", "localhost").header("x-request-id", "one");
    if let Some(secret) = secret {
        request = request.header("authorization", format!("Bearer {secret}"));
    }
    let request = request.body(Body::empty()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let response = router.clone().oneshot(request).await.unwrap();
        let status = response.status();
        (status, to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec())
    })
}

/// Takes out what hashes what is recorded, which says of the place in the whole log that there is one.
fn without_hashes(text: &str) -> String {
    let mut rest = text;
    let mut out = String::new();
    let long = |run: &str| run.len() >= 43;
    while let Some(begins) = rest.find(|letter: char| letter.is_ascii_alphanumeric()) {
        out.push_str(&rest[..begins]);
        rest = &rest[begins..];
        let ends = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && !"+/=".contains(letter));
        let (run, after) = rest.split_at(ends.unwrap_or(rest.len()));
        out.push_str(if long(run) && !run.contains("demarche") { "HASH" } else { run });
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Takes the bookmarks out of a feed, which are positions for whoever sees the whole log and for nobody else.
fn without_bookmarks(text: &str) -> String {
    let is_bookmark = |line: &&str| line.strip_prefix("id: ").is_some_and(|id| id.parse::<u64>().is_ok());
    text.lines().map(|line| if is_bookmark(&line) { "id" } else { line }).collect::<Vec<_>>().join("\n")
}

fn check(steps: &[Step], level: usize, admitted: &BTreeSet<usize>, seen: &mut BTreeMap<&'static str, usize>) {
    let model = Model::of(steps);
    let (whole, part) = (model.whole(), model.part(level, admitted));
    let names = ["KITE", "SPARROW"];
    let ask_for = OpenAsk {
        name: "lee".to_owned(),
        role: Role::Reader,
        clearance: Scheme::tlp().levels[level].0.clone(),
        compartments: admitted.iter().map(|one| names[*one].to_owned()).collect(),
        reason: None,
    };
    let secret = let_in(&whole.desk, &ask_for);
    // Somebody is admitted to more, so that this is never whoever sees everything.
    let all = names.map(ToOwned::to_owned).to_vec();
    let_in(&whole.desk, &OpenAsk { name: "park".to_owned(), compartments: all, ..ask_for });
    let door = |desk| Door::of(Arc::new(desk));
    let [theirs, other] = [door(whole.desk), door(part.desk)]
        .map(|door| router_at(door, Runs::Here, Entrance::Port, Arc::default()));
    let mut differ: Vec<String> = Vec::new();
    for (route, question) in questions(&model) {
        let (status, body) = ask(&theirs, &question, Some(&secret));
        let (expected, left) = ask(&other, &question, None);
        let (body, left) = (String::from_utf8_lossy(&body), String::from_utf8_lossy(&left));
        if status.is_success() {
            *seen.entry(route).or_default() += 1;
        }
        let mut ids = body.lines().filter_map(|line| line.strip_prefix("id: ")?.parse().ok());
        assert!(ids.all(|id| !is_position(id)), "{question} tells positions to whoever sees a part: {body}");
        let [body, left] = [body, left].map(|text| without_bookmarks(&without_hashes(&text)));
        // A spreadsheet is packed.
        let same = question.contains("xlsx") || body == left;
        if status != expected || !same {
            let at = body.bytes().zip(left.bytes()).take_while(|(one, other)| one == other).count();
            let near = |text: &str| text.chars().skip(at.saturating_sub(120)).take(300).collect::<String>();
            differ.push(format!("{question}: {status} {expected}\n  {}\n  {}", near(&body), near(&left)));
        }
    }
    let some = differ.iter().take(12).cloned().collect::<Vec<_>>().join("\n");
    assert!(differ.is_empty(), "{} differ at {level} within {admitted:?}: {steps:?}\n{some}", differ.len());
}

#[test]
fn nobody_records_what_they_would_not_see_nor_enters_twice_what_they_do_not_see() {
    let fixture = crate::desk::testing::Fixture::new();
    let ask_for = OpenAsk {
        name: "lee".to_owned(),
        role: Role::Recorder,
        clearance: "TLP:GREEN".to_owned(),
        compartments: Vec::new(),
        reason: None,
    };
    let secret = let_in(&fixture.desk, &ask_for);
    let door = Door::of(Arc::new(fixture.desk));
    let [outside, own] = [Entrance::Port, Entrance::Directory]
        .map(|entrance| router_at(door.clone(), Runs::Here, entrance, Arc::default()));
    let lee = [("authorization", format!("Bearer {secret}"))];
    let kim = [("demarche-actor", "kim".to_owned())];
    let send = |router: &Router, method: Method, path: &str, who: &[(&str, String)], body: &Value| {
        let headers: Vec<(&str, &str)> = who.iter().map(|(name, value)| (*name, value.as_str())).collect();
        House::send(router, &method, path, &headers, body)
    };
    let says = |marking: &str, more: Value| {
        let mut entry = json!({"kind": "statement.public", "from": "VEN", "summary": "words",
                               "date": "2025-11-20", "marking": marking});
        entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "entries": [entry] })
    };
    let post = |router: &Router, who: &[(&str, String)], body: &Value| {
        send(router, Method::POST, "/v1/entries", who, body)
    };
    let list = |router: &Router, who: &[(&str, String)], path: &str| {
        let came = send(router, Method::GET, path, who, &Value::Null);
        assert_eq!(came.status, StatusCode::OK, "{}", came.body);
        came.body["data"]["total"].as_u64().unwrap()
    };
    let red = post(&own, &kim, &says("TLP:RED", json!({})));
    assert_eq!(red.status, StatusCode::OK, "{}", red.body);
    let hidden = red.body["data"]["entries"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!((list(&own, &kim, "/v1/parties"), list(&outside, &lee, "/v1/parties")), (1, 0));
    let missing = "01234567-89ab-4def-8123-456789abcdef";
    let with = |target: &str| json!({"links": [{"relation": "contradicts", "target": target}]});
    let [one, other] = [hidden.as_str(), missing].map(|target| {
        let came = post(&outside, &lee, &says("TLP:GREEN", with(target)));
        assert!(!came.status.is_success(), "{}", came.body);
        let mut body = came.body;
        body["request_id"] = Value::Null;
        body.to_string().replace(target, "TARGET")
    });
    assert_eq!(one, other);
    let above = post(&outside, &lee, &says("TLP:AMBER", json!({})));
    assert!(!above.status.is_success() && above.body.to_string().contains("above"), "{}", above.body);
    let other = post(&outside, &lee, &says("TLP:GREEN", json!({"compartment": ["KITE"]})));
    assert!(!other.status.is_success(), "{}", other.body);
    let kite = post(&own, &kim, &says("TLP:GREEN", json!({"compartment": ["KITE"]})));
    assert_eq!(kite.status, StatusCode::OK, "{}", kite.body);
    assert_eq!(list(&outside, &lee, "/v1/timeline"), 0);
    // The same state is entered once; to lee, it is entered with their entry.
    let green = post(&outside, &lee, &says("TLP:GREEN", json!({})));
    assert_eq!(green.status, StatusCode::OK, "{}", green.body);
    assert_eq!(green.body["data"]["registered"].as_array().unwrap().len(), 2, "{}", green.body);
    let (position, size) =
        (&green.body["data"]["entries"][0]["position"], &green.body["data"]["receipt"]["size"]);
    // The log was opened, kim was entered; then lee, the state and the statement.
    assert_eq!((position.as_u64(), size.as_u64()), (Some(4), Some(5)), "{}", green.body);
    assert_eq!((list(&own, &kim, "/v1/parties"), list(&outside, &lee, "/v1/parties")), (1, 1));
    assert_eq!((list(&own, &kim, "/v1/timeline"), list(&outside, &lee, "/v1/timeline")), (3, 1));
    let log = send(&outside, Method::GET, "/v1/log", &lee, &Value::Null);
    assert_eq!(log.status, StatusCode::FORBIDDEN, "{}", log.body);
}

#[test]
fn whatever_is_asked_is_answered_as_if_what_one_may_not_see_had_never_been_recorded() {
    let mut seen: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        max_shrink_iters: 40,
        ..ProptestConfig::with_cases(16)
    });
    let counted = std::sync::Mutex::new(&mut seen);
    let cases = (steps(), 0_usize..5, prop::collection::btree_set(0_usize..2, 0..2));
    runner
        .run(&cases, |(steps, level, admitted)| {
            check(
                &steps,
                level,
                &admitted,
                &mut counted.lock().unwrap_or_else(std::sync::PoisonError::into_inner),
            );
            Ok(())
        })
        .unwrap();
    for route in routes().decided() {
        // Nobody has a cursor yet; they are of an account, and tell nothing of the record.
        if route.method == Method::GET && route.needs == Needs::Read && !route.path.contains("{name}") {
            assert!(seen.contains_key(route.path), "{} was never answered", route.path);
        }
    }
}

#[test]
fn what_was_confirmed_waits_for_nobody_whatever_was_recorded_since() {
    let mark = |level, within| Mark { level, within };
    let steps = [
        Step::Statement { second: true, mark: mark(Some(0), 0), link: None, text: Some(2), brings: None },
        Step::Amend(mark(Some(1), 2), 12),
        Step::Confirmed { mark: mark(Some(2), 0), of: 18, by_another: false, bare: true, drops: false },
        Step::Link(mark(Some(4), 1), 30, 17),
        Step::Policy(mark(None, 0)),
        Step::Statement {
            second: false,
            mark: mark(Some(3), 0),
            link: Some(38),
            text: None,
            brings: Some(2),
        },
        Step::Statement { second: true, mark: mark(Some(0), 0), link: None, text: Some(0), brings: None },
        Step::Answer(mark(Some(0), 0), 25),
        Step::Answer(mark(Some(1), 0), 24),
        Step::Confirmed { mark: mark(Some(1), 0), of: 21, by_another: true, bare: false, drops: false },
        Step::Party(mark(Some(1), 0)),
    ];
    check(&steps, 1, &BTreeSet::new(), &mut BTreeMap::new());
}
