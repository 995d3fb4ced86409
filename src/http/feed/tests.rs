use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::desk::Opening;
use crate::desk::access::{Door, Entrance};
use crate::desk::testing::Fixture;
use crate::http::api::{Api, Runs};
use crate::http::client::{Client, Method, Request};
use crate::http::feed::handing::handing;
use crate::http::feed::part::Question;
use crate::http::feed::{Feed, HEARTBEAT, Hub, Woken};
use crate::http::router::router_at;
use crate::http::testing::{Running, ask};

/// An event as it came.
#[derive(Debug, Clone, PartialEq)]
struct Event {
    id: Option<u64>,
    name: String,
    data: Value,
}

/// A feed as any program reads it.
struct Reading(BufReader<TcpStream>);

impl Reading {
    fn begin(running: &Running, query: &str, headers: &str) -> Self {
        let mut stream = TcpStream::connect(running.ready.address).unwrap();
        let request = format!("GET /v1/events{query} HTTP/1.0\r\nhost: localhost\r\n{headers}\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut reader = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(reader.read_line(&mut head).unwrap() > 0, "{head}");
        }
        assert!(head.contains("200 OK") && head.contains("content-type: text/event-stream"), "{head}");
        Self(reader)
    }

    /// Waits for the next event; none at the end of the connection.
    fn next(&mut self) -> Option<Event> {
        let mut event = Event { id: None, name: String::new(), data: Value::Null };
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            match line.trim_end().split_once(": ") {
                Some(("id", id)) => event.id = Some(id.parse().unwrap()),
                Some(("event", name)) => name.clone_into(&mut event.name),
                Some(("data", data)) => event.data = serde_json::from_str(data).unwrap(),
                Some(_) => panic!("{line}"),
                None => return Some(event),
            }
        }
    }

    /// Reads until everything below `next` was looked at; returns the positions of the entries that were told.
    /// What was looked at must join without a gap.
    fn until(&mut self, from: &mut u64, next: u64) -> Vec<u64> {
        let mut told = Vec::new();
        while *from < next {
            let event = self.next().unwrap();
            if event.name == "entry" {
                let position = event.data["position"].as_u64().unwrap();
                assert_eq!(event.id, Some(position));
                assert!(position >= *from, "{event:?}");
                told.push(position);
            } else {
                assert_eq!((event.name.as_str(), event.data["from"].as_u64()), ("covered", Some(*from)));
                *from = event.data["next"].as_u64().unwrap();
                assert_eq!(event.id, from.checked_sub(1));
            }
        }
        told
    }
}

/// A log in memory that is served.
struct Served {
    hub: Arc<Hub>,
    running: Running,
    client: Client,
    dir: tempfile::TempDir,
}

fn served_with(hub: Hub) -> Served {
    let dir = tempfile::tempdir().unwrap();
    let hub = Arc::new(hub);
    let door = Door::of(Arc::new(Fixture::new().desk));
    let routes = router_at(door, Runs::Apart, Entrance::Directory, Arc::clone(&hub));
    let running = Running::start(routes, dir.path());
    let client = Client::open(dir.path(), Opening::Read).unwrap();
    Served { hub, running, client, dir }
}

fn served() -> Served {
    served_with(Hub::default())
}

impl Served {
    /// Records entries of a kind as one unit, and returns how long the log is then.
    fn record(&self, kind: &str, number: usize, summary: &str) -> u64 {
        let entry = json!({ "kind": kind, "date": "2026-02-01", "summary": summary });
        let body = json!({ "entries": vec![entry; number] }).to_string().into_bytes();
        let request = Request {
            method: Method::Post,
            path: "/v1/entries".to_owned(),
            actor: Some("kim".to_owned()),
            body,
            ..Request::default()
        };
        let reply = self.client.send(&request).unwrap();
        let answer: Value = serde_json::from_slice(&reply.body).unwrap();
        assert!(reply.is_success(), "{answer}");
        self.size()
    }

    fn size(&self) -> u64 {
        let reply = ask(&self.client, "/v1/log");
        serde_json::from_slice::<Value>(&reply.body).unwrap()["data"]["size"].as_u64().unwrap()
    }

    /// Returns the positions that a timeline tells.
    fn timeline(&self, query: &[(&str, &str)]) -> Vec<u64> {
        let query = query.iter().chain(&[("by", "recorded"), ("limit", "1000")]);
        let query = query.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let request = Request { path: "/v1/timeline".to_owned(), query, ..Request::default() };
        let answer: Value = serde_json::from_slice(&self.client.send(&request).unwrap().body).unwrap();
        let items = answer["data"]["items"].as_array().unwrap();
        items.iter().map(|row| row["position"].as_u64().unwrap()).collect()
    }

    fn stop(self) {
        self.hub.close();
        drop(self.client);
        self.running.stop().unwrap();
        drop(self.dir);
    }
}

#[test]
fn a_feed_tells_what_there_is_then_what_comes_and_resumes_without_a_gap() {
    let served = served();
    let mut next = served.record("incident", 3, "One.");
    let mut from = 0;
    let mut feed = Reading::begin(&served.running, "?kind=incident", "");
    assert_eq!(feed.until(&mut from, next), [2, 3, 4]);
    for _ in 0..3 {
        let first = next;
        next = served.record("incident", 2, "More.");
        assert_eq!(feed.until(&mut from, next), (first..next).collect::<Vec<_>>());
    }
    // Of what does not match nothing is told but that it was looked at.
    next = served.record("statement.public", 2, "No.");
    assert!(feed.until(&mut from, next).is_empty());
    drop(feed);
    let last = served.record("incident", 1, "Unheard.");
    let mut feed = Reading::begin(
        &served.running,
        "?kind=incident&after=0",
        &format!("last-event-id: {}\r\n", from - 1),
    );
    assert_eq!(feed.until(&mut from, last), [last - 1]);
    drop(feed);
    served.stop();
}

#[test]
fn a_feed_ends_with_the_reason_when_the_server_stops_and_does_not_hold_it() {
    let served = served();
    let (mut from, next) = (0, served.size());
    let mut feed = Reading::begin(&served.running, "", "");
    feed.until(&mut from, next);
    served.hub.close();
    let end = feed.next().unwrap();
    assert_eq!((end.name.as_str(), end.data["reason"].as_str()), ("end", Some("stopping")));
    assert_eq!(end.data["next"].as_u64(), Some(next));
    assert_eq!(feed.next(), None);
    served.stop();
}

#[test]
fn a_question_that_is_wrong_is_a_problem_and_no_feed() {
    let served = served();
    for (query, status) in [
        ("?kind=incidents", 422),
        ("?chanel=x", 400),
        ("?after=2", 422),
        ("?at=2026-01-01", 400),
        ("?known_as_of=1", 400),
    ] {
        let mut stream = TcpStream::connect(served.running.ready.address).unwrap();
        write!(stream, "GET /v1/events{query} HTTP/1.0\r\nhost: localhost\r\n\r\n").unwrap();
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        assert!(line.contains(&status.to_string()), "{query}: {line}");
    }
    served.stop();
}

#[test]
fn a_feed_in_this_process_ends_when_everything_is_told() {
    let client = Client::in_process(Fixture::new().desk).unwrap();
    let text = String::from_utf8(ask(&client, "/v1/events").body).unwrap();
    assert!(text.ends_with("\n\n") && text.contains(r#""reason":"caught_up""#), "{text}");
    assert!(text.contains(r#""from":0,"next":2"#) || text.contains(r#""next":2"#), "{text}");
    client.close().unwrap();
}

#[test]
fn a_reader_who_never_reads_holds_up_nobody() {
    let mut hub = Hub::default();
    // Longer than any machine takes to give somebody who reads their turn.
    hub.slow_wait = Duration::from_hours(1);
    let served = served_with(hub);
    let stalled = Reading::begin(&served.running, "?after=1", "");
    let mut next = 0;
    for _ in 0..6 {
        next = served.record("incident", 80, &"긴".repeat(10_000));
    }
    let (mut feed, mut from) = (Reading::begin(&served.running, "?after=1", ""), 2);
    assert_eq!(feed.until(&mut from, next).len(), 480);
    assert_eq!(served.hub.taken(), 2, "while they were waited for");
    drop((stalled, feed));
    served.stop();
}

#[test]
fn a_reader_who_never_reads_is_ended_with_the_reason() {
    let mut hub = Hub::default();
    hub.slow_wait = Duration::from_millis(50);
    let served = served_with(hub);
    let mut stalled = Reading::begin(&served.running, "?after=1", "");
    let mut next = 2;
    // Until the system takes no more of it, however much that is.
    let mut rounds = 0;
    while served.hub.taken() > 0 {
        rounds += 1;
        assert!(rounds < 200, "500 MB are kept for somebody who never reads");
        next = served.record("incident", 80, &"긴".repeat(10_000));
    }
    // What it had been sent by then comes whole, and then the reason.
    let mut last = stalled.next().unwrap();
    while let Some(event) = stalled.next() {
        last = event;
    }
    assert_eq!((last.name.as_str(), last.data["reason"].as_str()), ("end", Some("slow_reader")));
    assert!(last.data["next"].as_u64().unwrap() <= next);
    served.stop();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn what_a_subscriber_gets_over_broken_connections_is_what_the_timeline_tells(
        steps in proptest::collection::vec((any::<bool>(), 1_usize..4, proptest::option::of(0_usize..6)), 1..8),
        filter in prop_oneof![Just(("bookkeeping", "true")), Just(("kind", "incident")), Just(("kind", "!incident"))],
    ) {
        let served = served();
        let query = format!("?{}={}", filter.0, filter.1);
        let (mut told, mut from, mut last) = (Vec::new(), 0, None::<u64>);
        let resume = |last: Option<u64>| {
            let header = last.map_or_else(String::new, |last| format!("last-event-id: {last}\r\n"));
            Reading::begin(&served.running, &query, &header)
        };
        let mut feed = resume(None);
        for (incident, number, broken) in steps {
            let next = served.record(if incident { "incident" } else { "statement.public" }, number, "So.");
            let Some(events) = broken else {
                told.extend(feed.until(&mut from, next));
                last = from.checked_sub(1);
                continue;
            };
            // Some events are read, then the connection breaks.
            while from < next {
                if told.len() % 7 == events {
                    break;
                }
                let event = feed.next().unwrap();
                if event.name == "entry" {
                    told.push(event.data["position"].as_u64().unwrap());
                } else {
                    from = event.data["next"].as_u64().unwrap();
                }
                last = event.id.or(last);
            }
            feed = resume(last);
            from = last.map_or(0, |last| last + 1);
        }
        told.extend(feed.until(&mut from, served.size()));
        drop(feed);
        let timeline = served.timeline(&[filter]);
        served.stop();
        prop_assert_eq!(told, timeline);
    }
}

#[test]
fn what_is_recorded_and_not_told_puts_off_no_sign_of_life() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (door, hub) = (Door::of(Arc::new(Fixture::new().desk)), Arc::<Hub>::default());
        let kim = crate::desk::ask::Caller { actor: "kim".to_owned(), tz: None };
        let who = door.admits(Entrance::Directory, crate::desk::access::Shown::Nothing, kim).unwrap();
        let api = Api { door, runs: Runs::Apart, entrance: Entrance::Directory, hub };
        let (mut parts, ()) = axum::http::Request::new(()).into_parts();
        let reading = crate::http::reading::Reading::from_request_parts(&mut parts, &()).await.unwrap();
        let mut feed = Feed {
            after: None,
            from: 0,
            looked: None,
            beat: Instant::now(),
            live: true,
            question: Arc::new(Question::of(crate::desk::ask::FilterAsk::default(), None)),
            reading: Arc::new(reading),
            who: Arc::new(who),
            api,
        };
        let (giving, _pieces) = handing();
        let (mut bell, mut closing) = (feed.api.hub.bell(), feed.api.hub.closing());
        // There is more than was looked at, as always where what comes is hidden.
        assert!(matches!(feed.wait(&giving, &mut bell, &mut closing).await, Woken::Heartbeat));
        feed.beat += HEARTBEAT;
        assert!(matches!(feed.wait(&giving, &mut bell, &mut closing).await, Woken::News));
    });
}
