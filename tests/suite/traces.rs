//! Traces of a server: told to a collector, and nobody waits for it.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::Place;

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

/// A server that tells a collector, and the address of its port.
struct Told {
    child: Child,
    address: String,
}

impl Told {
    fn start(place: &Place, collector: &str) -> Self {
        let mut command = place.command(&["serve", "--port", "0", "--otlp-service", "the desk"]);
        let log = fs::File::create(place.file("serve.log")).unwrap();
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", collector).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = said.find_map(|line| line.unwrap().strip_prefix("serving http://").map(ToOwned::to_owned));
        let address = line.unwrap().split('/').next().unwrap().to_owned();
        Self { child, address }
    }

    /// Posts an entry over the port.
    fn record(&self, summary: &str) {
        let entry = serde_json::json!({ "entries": [
            { "kind": "incident", "date": "2026-02-01", "from": "PRK", "summary": summary },
        ] })
        .to_string();
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(
            stream,
            "POST /v1/entries HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\ndemarche-actor: kim\r\n\
             traceparent: {PARENT}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{entry}",
            self.address,
            entry.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    }

    fn stop(mut self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A collector that takes everything: its address, and the requests that it was sent.
fn collector() -> (String, Receiver<(String, Value)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let (mut head, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                if stream.read_line(&mut line).unwrap() == 0 || line.trim().is_empty() {
                    break;
                }
                if let Some((_, value)) = line.to_lowercase().split_once("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                head.push_str(&line);
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            let answer = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
            stream.get_mut().write_all(answer).unwrap();
            if tell.send((head, serde_json::from_slice(&body).unwrap())).is_err() {
                return;
            }
        }
    });
    (address, told)
}

#[test]
fn a_collector_is_told_how_long_the_steps_of_a_request_took_and_nothing_that_it_says() {
    let place = Place::new();
    let (address, told) = collector();
    let server = Told::start(&place, &address);
    server.record("a word of the record");
    server.stop();
    let (mut spans, mut all) = (Vec::new(), String::new());
    while let Ok((head, body)) = told.recv_timeout(Duration::from_secs(if spans.len() < 3 { 60 } else { 0 }))
    {
        assert!(head.starts_with("POST /v1/traces HTTP/1.1") && head.contains("application/json"), "{head}");
        let resource = &body["resourceSpans"][0];
        assert_eq!(resource["resource"]["attributes"][0]["value"]["stringValue"], "the desk");
        spans.extend(resource["scopeSpans"][0]["spans"].as_array().unwrap().clone());
        all.push_str(&body.to_string());
    }
    let of = |name: &str| {
        spans.iter().find(|span| span["name"] == name).unwrap_or_else(|| panic!("{name}: {all}"))
    };
    let (request, desk) = (of("POST /v1/entries"), of("desk"));
    assert_eq!((&request["parentSpanId"], &request["kind"]), (&"b7ad6b7169203331".into(), &2.into()));
    let within =
        |span: &&Value| span["name"] == "commit" && span["traceId"] == "0af7651916cd43dd8448eb211c80319c";
    assert!(spans.iter().any(|span| within(&span)), "{all}");
    assert!(desk["startTimeUnixNano"].as_str().unwrap().len() == 19);
    for secret in ["a word of the record", "secret", "kim", "PRK"] {
        assert!(!all.contains(secret), "{secret}: {all}");
    }
}

#[test]
fn a_collector_that_is_not_there_keeps_nobody_waiting_and_is_told_once() {
    let place = Place::new();
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let server = Told::start(&place, &format!("http://{gone}"));
    (0..20).for_each(|number| server.record(&format!("entry {number}")));
    server.stop();
    assert_eq!(place.items(&["timeline", "--limit", "100"]).len(), 20);
    let log = fs::read_to_string(place.file("serve.log")).unwrap();
    assert_eq!(log.matches("the collector of traces takes none").count(), 1, "{log}");
    let wrong = place.run(&["serve", "--port", "0", "--otlp-endpoint", "collector:4318"]).fails(2);
    assert!(wrong.contains("OTEL_EXPORTER_OTLP_ENDPOINT"), "{wrong}");
}
