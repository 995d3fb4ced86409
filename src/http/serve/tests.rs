//! What a server promises to whoever asks it over a port or the socket.

mod faults;
mod secure;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::thread;

use super::*;
use crate::desk::Opening;
use crate::desk::testing::Fixture;
use crate::http::client::Client;
use crate::http::router::router;
use crate::http::testing::{Gate, Running, ask};

/// Asks over a plain connection, as a program of any language would.
fn raw(mut stream: impl Read + Write, request: &str) -> String {
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_port_and_the_socket_give_the_same_answers() {
    let dir = tempfile::tempdir().unwrap();
    let desk = Arc::new(Fixture::new().desk);
    let running = Running::start(router(Arc::clone(&desk), Runs::Apart), dir.path());
    let request =
        "GET /v1/nowhere HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-request-id: r1\r\n\r\n";
    let over_port = raw(TcpStream::connect(running.ready.address).unwrap(), request);
    let over_socket = raw(UnixStream::connect(&running.ready.socket).unwrap(), request);
    let without_date =
        |answer: &str| answer.lines().filter(|line| !line.starts_with("date")).collect::<String>();
    assert_eq!(without_date(&over_port), without_date(&over_socket));
    assert!(over_port.starts_with("HTTP/1.1 404 Not Found\r\n"), "{over_port}");
    assert!(over_port.contains("x-request-id: r1\r\n"), "{over_port}");

    let server = Client::open(dir.path(), Opening::Read).unwrap();
    assert!(server.asks_a_server());
    let here = Client::in_process(desk).unwrap();
    for path in ["/v1/log", "/v1/channels", "/v1/timeline", "/v1/entries/none"] {
        assert_eq!(ask(&server, path).status, ask(&here, path).status, "{path}");
    }
    running.stop().unwrap();
}

#[test]
fn a_page_that_calls_this_machine_by_another_name_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(crate::http::testing::routes(), dir.path());
    for head in ["host: evil.example", "host: localhost\r\norigin: http://evil.example", "x: y"] {
        let request = format!("GET /v1/echo/a HTTP/1.1\r\n{head}\r\nconnection: close\r\n\r\n");
        let answer = raw(TcpStream::connect(running.ready.address).unwrap(), &request);
        assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{head}: {answer}");
        assert!(answer.contains("application/problem+json"), "{answer}");
    }
    running.stop().unwrap();
}

#[test]
fn many_callers_at_once_each_get_their_own_answer() {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(crate::http::testing::routes(), dir.path());
    thread::scope(|scope| {
        for caller in 0..8 {
            let dir = dir.path();
            scope.spawn(move || {
                let client = Client::open(dir, Opening::Read).unwrap();
                for turn in 0..25 {
                    let said = format!("\"{caller}-{turn}\"");
                    let reply = ask(&client, &format!("/v1/echo/{caller}-{turn}"));
                    assert_eq!(String::from_utf8(reply.body).unwrap(), said);
                }
            });
        }
    });
    running.stop().unwrap();
}

#[test]
fn a_request_on_its_way_is_answered_before_the_server_ends() {
    let dir = tempfile::tempdir().unwrap();
    let gate = Gate::default();
    let running = Running::start(gate.routes(), dir.path());
    let client = Client::open(dir.path(), Opening::Read).unwrap();
    let asking = thread::spawn(move || ask(&client, "/v1/waits").status);
    gate.wait_until_somebody_asks();
    let stopping = thread::spawn(move || running.stop());
    // The socket goes first, so whoever comes now opens the log itself.
    while dir.path().join("socket").exists() {
        thread::yield_now();
    }
    gate.open();
    assert_eq!(asking.join().unwrap(), 200);
    stopping.join().unwrap().unwrap();
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_port_that_is_taken_is_named_and_no_socket_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let desk = Arc::new(Fixture::new().desk);
    let error = serve(desk, dir.path(), Some(port), |_| (), async {}).unwrap_err();
    assert!(error.to_string().contains(&format!("port {port} of 127.0.0.1")), "{error}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn two_servers_never_share_a_directory() {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start(crate::http::testing::routes(), dir.path());
    let desk = Arc::new(Fixture::new().desk);
    let error = serve(desk, dir.path(), Some(0), |_| (), async {}).unwrap_err();
    assert!(matches!(error, ServeError::Socket { .. }), "{error}");
    assert_eq!(ask(&Client::open(dir.path(), Opening::Read).unwrap(), "/v1/echo/a").status, 200);
    running.stop().unwrap();
}
