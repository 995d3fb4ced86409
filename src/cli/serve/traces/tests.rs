//! What is told of a request, and what never is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};

use serde_json::Value;
use tracing::Span;
use tracing_subscriber::layer::SubscriberExt;

use super::sending::{Collector, begin};
use super::{Ended, Traces, layer};
use crate::desk::{clock, traced};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// Does something with traces of which so many wait, and returns what waits then, and how many were lost.
fn traced(waiting: usize, work: impl FnOnce()) -> (Vec<Value>, u64) {
    let (queue, ended): (_, Receiver<Ended>) = sync_channel(waiting);
    let lost = Arc::new(AtomicU64::new(0));
    let at = clock::stopped("2026-11-24T03:00:00.000001Z".parse().unwrap());
    let subscriber =
        tracing_subscriber::registry().with(layer(Traces { queue, lost: Arc::clone(&lost), clock: at }));
    tracing::subscriber::with_default(subscriber, work);
    (ended.try_iter().map(|ended| ended.told()).collect(), lost.load(Ordering::Relaxed))
}

#[test]
fn a_request_is_told_with_what_the_desk_did_and_what_came_onto_the_disk_within_the_span_of_the_caller() {
    let (spans, lost) = traced(9, || {
        let logged = tracing::info_span!("request", id = "a-secret");
        let request = traced::request(&logged, "POST", "/v1/entries", Some(PARENT));
        logged.in_scope(|| {
            request.in_scope(|| {
                traced::desk().in_scope(|| {
                    tracing::info!("a word of the log");
                    traced::commit(3).in_scope(|| ());
                });
            });
        });
        request.record("status", 503_u16);
    });
    assert_eq!(lost, 0);
    let [commit, desk, request] = &spans[..] else { panic!("{spans:#?}") };
    assert_eq!([&commit["name"], &desk["name"], &request["name"]], ["commit", "desk", "POST /v1/entries"]);
    for span in &spans {
        assert_eq!(span["traceId"], "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(span["startTimeUnixNano"], "1795489200000001000");
    }
    assert_eq!(request["parentSpanId"], "b7ad6b7169203331");
    assert_eq!(desk["parentSpanId"], request["spanId"]);
    assert_eq!(commit["parentSpanId"], desk["spanId"]);
    assert_eq!((&request["kind"], &request["status"]["code"]), (&2.into(), &2.into()));
    assert_eq!(commit["attributes"][0]["value"]["intValue"], "3");
    let all = format!("{spans:?}");
    assert!(!all.contains("secret") && !all.contains("a word of the log"), "{all}");
}

#[test]
fn what_the_caller_has_not_told_of_is_not_and_a_full_queue_keeps_nobody_waiting() {
    let unsampled = PARENT.replace("-01", "-00");
    let (spans, lost) = traced(9, || {
        let request = traced::request(&Span::none(), "GET", "/v1/log", Some(&unsampled));
        request.in_scope(|| traced::desk().in_scope(|| ()));
    });
    assert!(spans.is_empty() && lost == 0, "{spans:?}");
    // Nor is what the server does by itself.
    let (spans, _) = traced(9, || traced::commit(1).in_scope(|| ()));
    assert!(spans.is_empty(), "{spans:?}");
    let (spans, lost) = traced(2, || {
        for _ in 0..5 {
            drop(traced::request(&Span::none(), "GET", "/v1/log", None));
        }
    });
    assert_eq!((spans.len(), lost), (2, 3));
    assert_ne!(spans[0]["traceId"], spans[1]["traceId"]);
}

#[test]
fn what_is_no_address_of_a_collector_is_refused() {
    for wrong in
        ["", "collector:4318", "ftp://collector", "http://", "http:///v1", "http://a b", "http://u:p@c"]
    {
        let collector = Collector { endpoint: wrong.to_owned(), service: "demarche".to_owned() };
        assert!(begin(collector).is_err(), "{wrong}");
    }
}
