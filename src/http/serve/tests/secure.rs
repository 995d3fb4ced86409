//! What holds over TLS.

use axum::body::Body;
use axum::http::Request as Message;
use http_body_util::BodyExt;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::AsyncWriteExt;
use tokio_rustls::TlsConnector;

use super::*;
use crate::domain::timestamp::Timestamp;
use crate::http::client::{Method, ServerAddress};
use crate::http::problem::ProblemKind;
use crate::http::serve::patient::Patient;
use crate::http::serve::underway::Underway;
use crate::http::testing::routes;
use crate::http::tls::TlsFiles;
use crate::http::tls::testing::{Made, moment};
use crate::http::traffic::{Refusal, Traffic};

fn showing(files: &TlsFiles, now: Timestamp) -> Listening {
    let certificates = Some(Arc::new(Certificates::open(files.clone(), now).unwrap()));
    Listening { certificates, ..Listening::on_port(0) }
}

fn address(running: &Running, host: &str) -> ServerAddress {
    assert_eq!(running.ready.scheme, "https");
    format!("https://{host}:{}", running.ready.address.port()).parse().unwrap()
}

/// Returns how to trust the authority of a certificate, and no other.
fn trusting(made: &Made) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(made.authority.as_bytes()).unwrap()).unwrap();
    ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// Asks over HTTP/2, or over what the server would rather speak.
fn over(
    running: &Running,
    made: &Made,
    protocols: &[&str],
) -> (Option<Vec<u8>>, axum::http::response::Parts) {
    let mut config = trusting(made);
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let stream = tokio::net::TcpStream::connect(running.ready.address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
        let protocol = stream.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
        let io = TokioIo::new(stream);
        let response = if protocol.as_deref() == Some(b"h2") {
            let request = Message::get("https://localhost/v1/echo/a").body(Body::empty()).unwrap();
            let (mut sender, connection) =
                hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
            tokio::spawn(connection);
            sender.send_request(request).await.unwrap()
        } else {
            let request = Message::get("/v1/echo/a").header("host", "localhost").body(Body::empty()).unwrap();
            let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
            tokio::spawn(connection);
            sender.send_request(request).await.unwrap()
        };
        let (parts, body) = response.into_parts();
        assert_eq!(body.collect().await.unwrap().to_bytes(), "\"a\"");
        (protocol, parts)
    })
}

#[test]
fn both_languages_are_spoken_and_browsers_are_told_to_come_over_tls_alone() {
    let dir = tempfile::tempdir().unwrap();
    let made = Made::new();
    let running =
        Running::start_at(routes(), dir.path(), &showing(&made.kept_in(dir.path(), "desk"), moment()));
    for (offered, spoken) in
        [(&["h2", "http/1.1"][..], Some(&b"h2"[..])), (&["http/1.1"], Some(b"http/1.1")), (&[], None)]
    {
        let (protocol, answer) = over(&running, &made, offered);
        assert_eq!(protocol.as_deref(), spoken);
        assert_eq!(answer.status, 200);
        for (name, value) in [
            ("strict-transport-security", "max-age=31536000"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(answer.headers[name], value);
        }
        assert!(answer.headers.contains_key("content-security-policy"));
        assert!(answer.headers.contains_key("x-request-id"));
    }
    running.stop().unwrap();
}

#[test]
fn who_speaks_no_tls_or_nothing_is_let_go_and_counted() {
    let dir = tempfile::tempdir().unwrap();
    let made = Made::new();
    let mut listening = showing(&made.kept_in(dir.path(), "desk"), moment());
    listening.limits.handshake = Duration::from_millis(150);
    let running = Running::start_at(routes(), dir.path(), &listening);
    let mut silent = TcpStream::connect(running.ready.address).unwrap();
    let mut plain = TcpStream::connect(running.ready.address).unwrap();
    plain.write_all(b"GET /v1/echo/a HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    let mut said = Vec::new();
    let _ = plain.read_to_end(&mut said);
    assert!(!said.starts_with(b"HTTP"), "{said:?}");
    let _ = silent.read_to_end(&mut said);
    let traffic = Arc::clone(running.hub.traffic());
    // Both ends were heard of, so both are counted or about to be.
    while traffic.count(Refusal::Handshake) + traffic.count(Refusal::SlowHandshake) < 2 {
        thread::yield_now();
    }
    assert_eq!((traffic.count(Refusal::Handshake), traffic.count(Refusal::SlowHandshake)), (1, 1));
    over(&running, &made, &["h2"]);
    running.stop().unwrap();
}

#[test]
fn a_new_certificate_is_shown_to_the_next_and_nobody_is_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let (old, new) = (Made::new(), Made::new());
    let listening = showing(&old.kept_in(dir.path(), "desk"), moment());
    let running = Running::start_at(routes(), dir.path(), &listening);
    let authority = old.authority_in(dir.path());
    let before = Client::to_server(&address(&running, "localhost"), Some(&authority)).unwrap();
    assert_eq!(ask(&before, "/v1/echo/a").status, 200);
    let shown = listening.certificates.unwrap();
    std::fs::write(dir.path().join("desk.key"), "no key").unwrap();
    assert!(matches!(shown.look(moment(), Asked::BySignal), Looked::Kept(_)));
    over(&running, &old, &["h2"]);
    new.kept_in(dir.path(), "desk");
    assert!(matches!(shown.look(moment(), Asked::ByTheClock), Looked::Replaced(_)));
    over(&running, &new, &["h2"]);
    assert_eq!(ask(&before, "/v1/echo/b").status, 200);
    assert_eq!(running.hub.traffic().taken(), 3, "over the connection that was held all the while");
    running.stop().unwrap();
}

#[test]
fn a_server_that_is_not_known_to_be_the_one_that_was_named_is_not_asked() {
    let dir = tempfile::tempdir().unwrap();
    let made = Made::new();
    let authority = made.authority_in(dir.path());
    let running =
        Running::start_at(routes(), dir.path(), &showing(&made.kept_in(dir.path(), "desk"), moment()));
    let check = |host: &str, authority: Option<&Path>, says: &str| {
        let error = Client::to_server(&address(&running, host), authority).map(|_| ()).unwrap_err();
        assert!(error.what.contains(says), "{error}");
        assert_eq!((error.kind, error.may_have_arrived), (ProblemKind::Unavailable, false));
        error.hints
    };
    let hints = check("localhost", None, "nobody who is trusted here signed its certificate");
    assert!(hints[0].contains("--ca FILE"), "{hints:?}");
    let other = tempfile::tempdir().unwrap();
    check("localhost", Some(&Made::new().authority_in(other.path())), "nobody who is trusted");
    Client::to_server(&address(&running, "127.0.0.1"), Some(&authority)).unwrap();
    // Whoever asks without TLS is told of it where what comes back is no answer of HTTP.
    let plain: ServerAddress = format!("http://127.0.0.1:{}", running.ready.address.port()).parse().unwrap();
    let request = crate::http::client::Request {
        method: Method::Post,
        path: "/v1/echo/a".to_owned(),
        ..Default::default()
    };
    let error = Client::to_server(&plain, None).unwrap().send(&request).unwrap_err();
    assert!(error.hints.iter().any(|hint| hint.contains("begins with https://")), "{:?}", error.hints);
    running.stop().unwrap();
}

#[test]
fn a_certificate_of_another_machine_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let made = Made::of_another();
    let authority = made.authority_in(dir.path());
    let running =
        Running::start_at(routes(), dir.path(), &showing(&made.kept_in(dir.path(), "desk"), moment()));
    let error = Client::to_server(&address(&running, "localhost"), Some(&authority)).map(|_| ()).unwrap_err();
    assert!(error.what.ends_with("its certificate is not for localhost"), "{error}");
    running.stop().unwrap();
}

#[test]
fn an_expired_certificate_is_told_to_whoever_asks() {
    let dir = tempfile::tempdir().unwrap();
    let made = Made::between((2019, 2020));
    let then: Timestamp = "2019-06-01T00:00:00.000000Z".parse().unwrap();
    // It expired while it was shown.
    let listening = showing(&made.kept_in(dir.path(), "desk"), then);
    assert!(listening.certificates.as_ref().unwrap().why_soon(moment()).is_some());
    let running = Running::start_at(routes(), dir.path(), &listening);
    let authority = made.authority_in(dir.path());
    let error = Client::to_server(&address(&running, "localhost"), Some(&authority)).map(|_| ()).unwrap_err();
    assert!(error.what.ends_with("its certificate expired"), "{error}");
    running.stop().unwrap();
}

#[test]
fn a_server_far_away_answers_as_the_desk_in_this_process() {
    use crate::http::client::Request;
    let dir = tempfile::tempdir().unwrap();
    let made = Made::new();
    let desk = Arc::new(Fixture::new().desk);
    let listening = showing(&made.kept_in(dir.path(), "desk"), moment());
    let running = Running::start_at(router(Arc::clone(&desk), Runs::Apart), dir.path(), &listening);
    let authority = made.authority_in(dir.path());
    let far = Client::to_server(&address(&running, "localhost"), Some(&authority)).unwrap();
    assert!(far.asks_a_server());
    let near = Client::in_process(desk).unwrap();
    for path in ["/v1/log", "/v1/channels", "/v1/timeline", "/v1/entries/none", "/v1/export", "/v1/events"] {
        let query =
            if path == "/v1/events" { vec![("catch_up".to_owned(), "true".to_owned())] } else { vec![] };
        let request = Request { path: path.to_owned(), query, ..Request::default() };
        let (near, far) = (near.send(&request).unwrap(), far.send(&request).unwrap());
        assert_eq!(near.status, far.status, "{path}");
        if near.is_success() {
            assert_eq!(String::from_utf8(near.body).unwrap(), String::from_utf8(far.body).unwrap(), "{path}");
        }
    }
    running.stop().unwrap();
}

#[test]
fn what_carries_its_id_is_sent_again_and_what_does_not_is_in_doubt() {
    use crate::http::client::{Repeats, Request};
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address: ServerAddress = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    // A server that reads a request and dies: every second time.
    let server = thread::spawn(move || {
        let mut heads = Vec::new();
        for round in 0..3 {
            let (mut stream, _) = listener.accept().unwrap();
            let mut said = Vec::new();
            let mut byte = [0];
            while !said.ends_with(b"\r\n\r\n") {
                assert_eq!(stream.read(&mut byte).unwrap(), 1);
                said.push(byte[0]);
            }
            if round == 1 {
                stream
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
                    .unwrap();
            }
            heads.push(String::from_utf8(said).unwrap());
        }
        heads
    });
    let post = Request { method: Method::Post, path: "/v1/entries".to_owned(), ..Request::default() };
    let client = Client::to_server(&address, None).unwrap();
    let again = Request { repeats: Repeats::Harmlessly, ..post.clone() };
    assert_eq!(client.send(&again).unwrap().status, 200);
    let client = Client::to_server(&address, None).unwrap();
    let error = client.send(&post).unwrap_err();
    assert_eq!((error.kind, error.may_have_arrived), (ProblemKind::InDoubt, true));
    let heads = server.join().unwrap();
    assert!(heads.iter().all(|head| head.starts_with("POST /v1/entries HTTP/1.1\r\n")), "{heads:?}");
}

#[test]
fn who_never_takes_what_tls_holds_for_them_is_given_up() {
    let made = Made::new();
    let dir = tempfile::tempdir().unwrap();
    let certificates = Certificates::open(made.kept_in(dir.path(), "desk"), moment()).unwrap();
    let acceptor = TlsAcceptor::from(server_config(Arc::new(certificates), &[]));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (near, far) = tokio::net::UnixStream::pair().unwrap();
        let traffic = Arc::new(Traffic::default());
        let underway = Arc::new(Underway::new(Arc::clone(&traffic), "here".to_owned()));
        let near = Patient::with(near, Duration::from_millis(100), underway);
        let connector = TlsConnector::from(Arc::new(trusting(&made)));
        let name = ServerName::try_from("localhost").unwrap();
        let (near, far) = tokio::join!(acceptor.accept(near), connector.connect(name, far));
        let (mut near, _far) = (near.unwrap(), far.unwrap());
        let flushed = loop {
            // TLS takes it; only the flush waits.
            near.write_all(&[b'x'; 1 << 10]).await.unwrap();
            let flushed = near.flush().await;
            if flushed.is_err() {
                break flushed;
            }
        };
        assert_eq!(flushed.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(near.shutdown().await.unwrap_err().kind(), io::ErrorKind::TimedOut);
        assert_eq!(traffic.count(Refusal::SlowReader), 1);
    });
}
