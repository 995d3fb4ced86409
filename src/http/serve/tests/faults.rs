//! Whoever takes up more than their part is told so and let go, and the others notice nothing.

use std::io::ErrorKind;
use std::time::Instant as Moment;

use axum::http::StatusCode;
use axum::routing::{get, post};

use super::*;
use crate::http::router::guarded;
use crate::http::testing::routes;
use crate::http::traffic::Refusal;

/// Longer than anything here may take; only a fault takes so long.
const AT_MOST: Duration = Duration::from_mins(2);

fn strict() -> Listening {
    let short = Duration::from_millis(150);
    let limits =
        Limits { handshake: short, head: short, body_stall: short, take_stall: short, ..Limits::default() };
    Listening { limits, ..Listening::on_port(0) }
}

fn begin(listening: &Listening) -> (tempfile::TempDir, Running) {
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start_at(routes(), dir.path(), listening);
    (dir, running)
}

fn connect(running: &Running) -> TcpStream {
    let stream = TcpStream::connect(running.ready.address).unwrap();
    stream.set_read_timeout(Some(AT_MOST)).unwrap();
    stream
}

/// Reads whatever comes until the other end is done; that it hung up in the middle is an end.
fn heard(mut stream: TcpStream) -> String {
    let mut said = Vec::new();
    match stream.read_to_end(&mut said) {
        Ok(_) => {}
        Err(error) => {
            assert!(matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{error}");
        }
    }
    String::from_utf8_lossy(&said).into_owned()
}

/// Asks as somebody who does nothing wrong.
fn asks(running: &Running) {
    let answer =
        raw(connect(running), "GET /v1/echo/a HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
}

/// Waits until something is so.
#[track_caller]
fn becomes(is_so: impl Fn() -> bool) {
    let began = Moment::now();
    while !is_so() {
        assert!(began.elapsed() < AT_MOST, "it never came to be");
        thread::yield_now();
    }
}

#[test]
fn a_head_that_comes_a_byte_at_a_time_is_not_waited_for() {
    let (_dir, running) = begin(&strict());
    let slow = connect(&running);
    let mut writing = slow.try_clone().unwrap();
    let drip = thread::spawn(move || {
        let began = Moment::now();
        let mut told = writing.write_all(b"GET /v1/echo/a HTTP/1.1\r\nhost: localhost\r\nx: ");
        // As an attacker does: never too long without a byte.
        while told.is_ok() && began.elapsed() < AT_MOST {
            told = writing.write_all(b"a");
            thread::yield_now();
            thread::sleep(Duration::from_millis(5));
        }
        told.is_err()
    });
    asks(&running);
    let answer = heard(slow);
    assert!(drip.join().unwrap(), "it was let go");
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{answer}");
    becomes(|| running.hub.traffic().count(Refusal::SlowHead) == 1);
    asks(&running);
    running.stop().unwrap();
}

#[test]
fn a_head_that_stops_half_way_is_answered_with_why() {
    let (_dir, running) = begin(&strict());
    let mut slow = connect(&running);
    slow.write_all(b"GET /v1/echo/a HTTP/1.1\r\nhost: local").unwrap();
    let answer = heard(slow);
    assert!(answer.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{answer}");
    assert!(answer.contains("urn:demarche:too-slow") && answer.contains("connection: close"), "{answer}");
    // Whoever says nothing at all is told nothing.
    assert_eq!(heard(connect(&running)), "");
    becomes(|| running.hub.traffic().count(Refusal::SlowHead) == 2);
    running.stop().unwrap();
}

#[test]
fn a_hundred_megabytes_of_headers_are_refused_at_the_first_of_them() {
    let (_dir, running) = begin(&Listening::on_port(0));
    let mut large = connect(&running);
    large.write_all(b"GET /v1/echo/a HTTP/1.1\r\nhost: localhost\r\n").unwrap();
    let mut reading = large.try_clone().unwrap();
    let answer = thread::spawn(move || {
        let mut first = [0; 4096];
        let mut said = Vec::new();
        while let Ok(count) = reading.read(&mut first) {
            if count == 0 {
                break;
            }
            said.extend_from_slice(&first[..count]);
        }
        String::from_utf8_lossy(&said).into_owned()
    });
    let line = format!("x-{}: {}\r\n", "a".repeat(100), "b".repeat(8_000)).into_bytes();
    let mut sent = 0;
    while sent < 100 << 20 && large.write_all(&line).is_ok() {
        sent += line.len();
    }
    let _ = large.shutdown(std::net::Shutdown::Write);
    let answer = answer.join().unwrap();
    assert!(answer.starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n"), "{answer}");
    assert!(answer.contains("larger than 32 KiB"), "{answer}");
    assert_eq!(running.hub.traffic().count(Refusal::LargeHead), 1);
    asks(&running);
    running.stop().unwrap();
}

/// Asks over a connection that stays, and returns the first line of the answer.
fn echoes(stream: &mut TcpStream) -> String {
    stream.write_all(b"GET /v1/echo/a HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    let head = read_answer(stream);
    let mut body = [0; 3];
    stream.read_exact(&mut body).unwrap();
    assert_eq!(&body, b"\"a\"");
    head.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn every_request_of_a_connection_has_the_time_and_the_room_for_its_head_anew() {
    let (_dir, running) = begin(&strict());
    let mut stream = connect(&running);
    for _ in 0..3 {
        assert_eq!(echoes(&mut stream), "HTTP/1.1 200 OK");
        // Longer than a head may take.
        thread::sleep(Duration::from_millis(200));
    }
    for _ in 0..1_000 {
        assert_eq!(echoes(&mut stream), "HTTP/1.1 200 OK");
    }
    running.stop().unwrap();
}

#[test]
fn a_body_that_comes_with_its_head_is_no_head() {
    let (_dir, running) = begin(&Listening::on_port(0));
    let mut stream = connect(&running);
    // More than a head may have, and more each time than what is read at once.
    for size in [40_000, 48_000, 64_000, 160_000, 500_000].repeat(20) {
        let body = format!("\"{}\"", "x".repeat(size - 2));
        let head = format!(
            "POST /v1/takes HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             content-length: {size}\r\n\r\n"
        );
        stream.write_all((head + &body).as_bytes()).unwrap();
        let answer = read_answer(&mut stream);
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{size}: {answer}");
        let mut said = vec![0; size.to_string().len()];
        stream.read_exact(&mut said).unwrap();
        assert_eq!(String::from_utf8(said).unwrap(), size.to_string());
    }
    assert_eq!(running.hub.traffic().count(Refusal::LargeHead), 0);
    running.stop().unwrap();
}

#[test]
fn who_still_takes_an_answer_is_not_idle() {
    const LARGE: usize = 24 << 20;
    let large = guarded(Router::new().route("/v1/large", get(async || vec![b'x'; LARGE])));
    let dir = tempfile::tempdir().unwrap();
    let mut listening = Listening::on_port(0);
    listening.limits.idle = Duration::from_millis(100);
    let running = Running::start_at(large, dir.path(), &listening);
    let mut stream = connect(&running);
    stream.write_all(b"GET /v1/large HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    read_answer(&mut stream);
    let (mut piece, mut taken) = (vec![0; 128 << 10], 0);
    while taken < LARGE {
        let count = stream.read(&mut piece).unwrap();
        assert!(count > 0, "it was cut after {taken} bytes");
        taken += count;
        thread::sleep(Duration::from_millis(3));
    }
    becomes(|| running.hub.traffic().count(Refusal::Idle) == 1);
    running.stop().unwrap();
}

#[test]
fn who_is_refused_while_they_still_send_hears_why() {
    const SENT: usize = 24 << 20;
    let refuses = guarded(Router::new().route("/v1/refuses", post(async || StatusCode::FORBIDDEN)));
    let dir = tempfile::tempdir().unwrap();
    let running = Running::start_at(refuses, dir.path(), &Listening::on_port(0));
    for path in ["/v1/refuses", "/v1/nothing-here"] {
        let mut stream = connect(&running);
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {SENT}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).unwrap();
        for _ in 0..SENT >> 20 {
            stream.write_all(&vec![b'x'; 1 << 20]).unwrap();
        }
        let answer = heard(stream);
        assert!(answer.starts_with("HTTP/1.1 40"), "{answer}");
    }
    // Whoever never comes to an end is answered all the same.
    let mut endless = connect(&running);
    let head = "POST /v1/refuses HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9999999999\r\n\r\n";
    endless.write_all(head.as_bytes()).unwrap();
    let mut sending = endless.try_clone().unwrap();
    let drip = thread::spawn(move || {
        let began = Moment::now();
        while sending.write_all(&[b'x'; 4 << 10]).is_ok() && began.elapsed() < AT_MOST {
            thread::sleep(Duration::from_millis(5));
        }
    });
    let mut answer = [0; 12];
    endless.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 403");
    drop(endless);
    // Whoever asks first is told at once.
    let mut asks_first = connect(&running);
    let head = format!(
        "POST /v1/refuses HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nexpect: 100-continue\r\n\
         content-length: {SENT}\r\n\r\n"
    );
    asks_first.write_all(head.as_bytes()).unwrap();
    assert!(heard(asks_first).starts_with("HTTP/1.1 403"));
    running.stop().unwrap();
    drip.join().unwrap();
}

#[test]
fn a_body_that_never_ends_is_given_up_with_why() {
    let (_dir, running) = begin(&strict());
    let head = "POST /v1/takes HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";
    let mut stalls = connect(&running);
    stalls.write_all(format!("{head}content-length: 1000\r\n\r\n{{").as_bytes()).unwrap();
    let mut trickles = connect(&running);
    trickles.write_all(format!("{head}transfer-encoding: chunked\r\n\r\n").as_bytes()).unwrap();
    let mut writing = trickles.try_clone().unwrap();
    let drip = thread::spawn(move || {
        let began = Moment::now();
        while writing.write_all(b"1\r\n \r\n").is_ok() && began.elapsed() < AT_MOST {
            thread::sleep(Duration::from_millis(5));
        }
        began.elapsed() < AT_MOST
    });
    asks(&running);
    for answer in [read_answer(&mut stalls), read_answer(&mut trickles)] {
        assert!(answer.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{answer}");
    }
    drop((stalls, trickles));
    assert!(drip.join().unwrap());
    becomes(|| running.hub.traffic().count(Refusal::SlowBody) == 2);
    asks(&running);
    running.stop().unwrap();
}

/// Reads the head of an answer.
fn read_answer(stream: &mut TcpStream) -> String {
    let mut said = Vec::new();
    let mut byte = [0];
    while !said.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
        said.push(byte[0]);
    }
    String::from_utf8(said).unwrap()
}

#[test]
fn two_thousand_who_say_nothing_keep_nobody_out() {
    let (_dir, running) = begin(&Listening::on_port(0));
    let idle: Vec<TcpStream> = (0..2_000).map(|_| connect(&running)).collect();
    becomes(|| running.hub.traffic().open() >= 2_000);
    asks(&running);
    drop(idle);
    becomes(|| running.hub.traffic().open() == 0);
    asks(&running);
    running.stop().unwrap();
}

#[test]
fn when_all_places_are_taken_the_next_is_told_so_and_comes_in_later() {
    let mut listening = Listening::on_port(0);
    listening.limits.connections = 8;
    let (_dir, running) = begin(&listening);
    let mut held: Vec<TcpStream> = (0..8).map(|_| connect(&running)).collect();
    becomes(|| running.hub.traffic().open() == 8);
    let answer = heard(connect(&running));
    assert!(answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n"), "{answer}");
    assert!(answer.contains("retry-after: 5\r\n") && answer.contains("come again later"), "{answer}");
    assert_eq!(running.hub.traffic().count(Refusal::Full), 1);
    held.pop();
    becomes(|| running.hub.traffic().open() == 7);
    asks(&running);
    running.stop().unwrap();
}

#[test]
fn who_never_takes_what_they_are_sent_is_let_go() {
    let (_dir, running) = begin(&strict());
    let mut stream = connect(&running);
    stream.write_all(b"GET /v1/pours HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    becomes(|| running.hub.traffic().count(Refusal::SlowReader) == 1);
    becomes(|| running.hub.traffic().open() == 0);
    asks(&running);
    running.stop().unwrap();
}

#[test]
fn who_asks_past_the_proxy_is_refused_and_the_proxy_is_believed() {
    // This machine may ask past it: the tests do, and whoever looks after the server.
    let proxies = vec!["127.0.0.1".parse().unwrap()];
    let (_dir, running) = begin(&Listening { proxies, names: vec!["desk.example".to_owned()], ..strict() });
    let ask = |proto: &str| {
        let request = format!(
            "GET /v1/echo/a HTTP/1.1\r\nhost: desk.example\r\nx-forwarded-proto: {proto}\r\n\
             x-forwarded-for: 10.0.0.1, 192.0.2.7\r\nconnection: close\r\n\r\n"
        );
        raw(connect(&running), &request)
    };
    assert!(ask("https").contains("strict-transport-security: max-age=31536000\r\n"));
    let plain = ask("http");
    assert!(plain.starts_with("HTTP/1.1 200 OK\r\n") && !plain.contains("strict-transport"), "{plain}");
    // One that says nothing of it did what it is there for; whoever asks past it says nothing at all.
    let handed = |more: &str| {
        let head =
            format!("GET /v1/echo/a HTTP/1.1\r\nhost: desk.example\r\n{more}connection: close\r\n\r\n");
        raw(connect(&running), &head)
    };
    assert!(handed("x-forwarded-for: 192.0.2.7\r\n").contains("strict-transport-security"));
    assert!(!handed("").contains("strict-transport-security"));
    let foreign =
        raw(connect(&running), "GET /v1/echo/a HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n");
    assert!(foreign.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{foreign}");
    running.stop().unwrap();
}

#[test]
fn under_load_every_request_that_was_taken_is_answered_whole_before_the_server_ends() {
    let (_dir, running) = begin(&Listening::on_port(0));
    let address = running.ready.address;
    let hub = Arc::clone(&running.hub);
    let asking: Vec<_> = (0..8)
        .map(|_| {
            thread::spawn(move || {
                let request = b"GET /v1/echo/a HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
                let mut answered = 0;
                // Until nobody listens any more.
                while let Ok(mut stream) = TcpStream::connect(address) {
                    let mut answer = Vec::new();
                    let sent = stream.write_all(request).and_then(|()| stream.read_to_end(&mut answer));
                    if sent.is_err() && answer.is_empty() {
                        // It waited at the door when the door was closed: nobody took it.
                        break;
                    }
                    let answer = String::from_utf8(answer).unwrap();
                    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
                    assert!(answer.ends_with("\"a\""), "{answer}");
                    answered += 1;
                }
                answered
            })
        })
        .collect();
    becomes(|| hub.traffic().taken() > 200);
    running.stop().unwrap();
    let answered: u64 = asking.into_iter().map(|asking| asking.join().unwrap()).sum();
    assert!(answered >= 200, "{answered}");
    assert_eq!(hub.traffic().open(), 0);
    assert!(hub.is_closing());
}

#[test]
fn before_it_stops_a_server_says_so_and_goes_on_for_a_while() {
    let dir = tempfile::tempdir().unwrap();
    let listening = Listening { stop_delay: Duration::from_millis(500), ..Listening::on_port(0) };
    let hub = Arc::new(Hub::default());
    let door = Door::of(Arc::new(Fixture::new().desk));
    let routes = router_at(door, Runs::Apart, Entrance::Port, Arc::clone(&hub));
    let running = Running::start_with(routes, Arc::clone(&hub), dir.path(), &listening);
    let client = Client::open(dir.path(), Opening::Read).unwrap();
    assert_eq!(ask(&client, "/readyz").status, 200);
    let stopping = thread::spawn(move || running.stop());
    becomes(|| hub.is_closing());
    // Over a connection that is held already, and of a server that still answers everything else.
    let ready = ask(&client, "/readyz");
    assert_eq!((ready.status, ready.body.as_slice()), (503, &b"the server stops\n"[..]));
    assert_eq!(ask(&client, "/v1/log").status, 200);
    stopping.join().unwrap().unwrap();
}
