//! Every route is there, and what is wrong with a request is said.

mod agreed;
mod brought;
mod part;
mod people;
mod sight;

use super::*;
use crate::desk::testing::Fixture;
use crate::http::body;
use crate::http::client::{Client, Method as Verb, Reply, Request as Asked};

fn send(request: &Asked) -> (Reply, Problem) {
    let reply = Client::in_process(Fixture::new().desk).unwrap().send(request).unwrap();
    let problem = reply.problem().unwrap().expect("the request was answered");
    assert_eq!(problem.status, reply.status);
    assert!(problem.request_id.is_some());
    (reply, problem)
}

#[track_caller]
fn refuses(verb: Verb, path: &str, query: &[(&str, &str)], body: &str, kind: ProblemKind, says: &str) {
    let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let path = path.to_owned();
    let request = Asked { method: verb, path, query, body: body.into(), ..Asked::default() };
    let (_, problem) = send(&request);
    assert_eq!(problem.kind, kind, "{problem:?}");
    assert!(problem.detail.contains(says), "{problem:?}");
}

#[test]
fn every_route_is_there() {
    for path in [
        "log",
        "entries/h",
        "entries/h/history",
        "export",
        "channels",
        "overtures",
        "threads/h",
        "meetings",
        "series",
        "parties",
        "timeline",
        "due",
        "changes",
        "replay",
        "diff",
        "held",
        "moments",
        "verify",
        "audit/bundle",
        "audit/proof/h",
        "audit/consistency",
        "audit/checkpoint",
        "audit/reads",
        "audit/readers/h",
        "authors/keys",
        "keys",
    ] {
        // The unknown parameter is told by the route itself.
        let query = &[("nothing", "")];
        refuses(Verb::Get, &format!("/v1/{path}"), query, "", ProblemKind::Malformed, "no such parameter");
    }
    for path in [
        "entries",
        "entries/h/redaction",
        "entries/h/confirmation",
        "import",
        "import/mappings",
        "import/draft",
        "moments",
        "adopt",
        "backup",
        "rebuild",
    ] {
        let query = &[("nothing", "")];
        refuses(Verb::Post, &format!("/v1/{path}"), query, "", ProblemKind::Malformed, "no such parameter");
    }
}

#[test]
fn an_unknown_path_or_method_is_a_problem() {
    for path in ["/", "/v1", "/v1/", "/v1/log/", "/v2/log", "/v1/entries/a/b/c", "/v1/한글"] {
        refuses(Verb::Get, path, &[], "", ProblemKind::NoRoute, "there is no path");
    }
    refuses(Verb::Post, "/v1/log", &[], "", ProblemKind::NoMethod, "does not take POST; send GET");
    refuses(Verb::Get, "/v1/import", &[], "", ProblemKind::NoMethod, "does not take GET; send POST");
}

#[test]
fn what_is_always_about_now_takes_no_time() {
    for path in ["/v1/log", "/v1/export", "/v1/moments", "/v1/verify"] {
        let query = &[("known_as_of", "3")];
        refuses(Verb::Get, path, query, "", ProblemKind::Malformed, "always about the log as it is now");
    }
}

#[test]
fn a_question_without_what_it_needs_says_so() {
    refuses(Verb::Get, "/v1/replay", &[], "", ProblemKind::Malformed, "to: the parameter is missing");
    refuses(
        Verb::Get,
        "/v1/diff",
        &[("to", "3")],
        "",
        ProblemKind::Malformed,
        "from: the parameter is missing",
    );
    refuses(Verb::Post, "/v1/moments", &[], "{}", ProblemKind::Malformed, "missing field `name`");
    refuses(
        Verb::Post,
        "/v1/adopt",
        &[],
        "{\"log\":1}",
        ProblemKind::Malformed,
        "line 1: log: column 8: here stands `1`; a text would be right",
    );
    refuses(
        Verb::Post,
        "/v1/rebuild",
        &[],
        "{\"check\":true}",
        ProblemKind::Malformed,
        "no body is taken here",
    );
    refuses(Verb::Post, "/v1/entries", &[], "{\"entries\":[", ProblemKind::Malformed, "EOF while parsing");
}

#[test]
fn a_body_that_is_too_large_is_refused_and_the_limit_named() {
    let body = " ".repeat(body::RECORD_BYTES_MAX + 1);
    refuses(Verb::Post, "/v1/entries", &[], &body, ProblemKind::TooLarge, "16 MiB");
}

#[test]
fn the_id_of_a_request_comes_back() {
    let path = "/v1/none".to_owned();
    let (_, one) = send(&Asked { path: path.clone(), ..Asked::default() });
    let (_, two) = send(&Asked { path, ..Asked::default() });
    assert_ne!(one.request_id, two.request_id);
}
