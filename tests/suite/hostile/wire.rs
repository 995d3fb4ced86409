//! A server, and requests to it as bytes: no client of ours stands between.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::Place;

const PASSWORD: &str = "a long walk along the river";
/// Longer than anything takes that ends.
const PATIENCE: Duration = Duration::from_mins(1);

/// A server of a log of its own.
pub(super) struct Served {
    child: Child,
    port: u16,
    socket: PathBuf,
}

/// What came back.
pub(super) struct Came {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Came {
    /// Returns the media type, without what it says of its letters.
    pub(super) fn media(&self) -> String {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        let media = lines.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        media
            .map(|(_, media)| media.split(';').next().unwrap_or_default().trim().to_owned())
            .unwrap_or_default()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

impl Served {
    pub(super) fn start(place: &Place) -> Self {
        let mut command = place.command(&["serve", "--port", "0"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let port = line.split("127.0.0.1:").nth(1).unwrap();
        let port: String = port.chars().take_while(char::is_ascii_digit).collect();
        Self { child, port: port.parse().unwrap(), socket: place.dir().join("socket") }
    }

    /// Asks over the port; none where the connection broke without an answer.
    pub(super) fn ask(
        &self,
        who: &str,
        method: &str,
        target: &str,
        headers: &[(String, String)],
        body: &[u8],
    ) -> Option<Came> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let host = format!("127.0.0.1:{}", self.port);
        speak(stream, &host, who, (method, target), headers, body)
    }

    /// Does something as whoever owns the directory.
    fn own(&self, path: &str, body: &Value) -> Came {
        let stream = UnixStream::connect(&self.socket).unwrap();
        let headers = [json_type(), ("demarche-actor".to_owned(), "owner".to_owned())];
        speak(stream, "localhost", "", ("POST", path), &headers, body.to_string().as_bytes()).unwrap()
    }

    /// Opens an account of a role and returns what shows who it is.
    pub(super) fn token(&self, role: &str) -> String {
        let opened = self.own("/v1/accounts", &json!({ "name": role, "role": role, "clearance": "TLP:RED" }));
        assert_eq!(opened.status, 200, "{}", opened.json());
        let first = opened.json()["data"]["one_time_password"].as_str().unwrap().to_owned();
        let post = |who: &str, path: &str, body: Value| {
            let came = self.ask(who, "POST", path, &[json_type()], body.to_string().as_bytes()).unwrap();
            assert_eq!(came.status, 200, "{path}: {}", came.json());
            came.json()["data"].clone()
        };
        let login = json!({ "account": role, "password": first, "bearer": true });
        let session = format!("Bearer {}", post("", "/v1/login", login)["session"].as_str().unwrap());
        post(&session, "/v1/password", json!({ "old": first, "new": PASSWORD }));
        let token = post(&session, "/v1/tokens", json!({ "purpose": "to try doors", "days": 1 }));
        format!("Bearer {}", token["secret"].as_str().unwrap())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn json_type() -> (String, String) {
    ("content-type".to_owned(), "application/json".to_owned())
}

/// Says a request and hears its answer; of a feed, which has no end, the head alone.
fn speak<S: Read + Write>(
    mut stream: S,
    host: &str,
    who: &str,
    (method, target): (&str, &str),
    headers: &[(String, String)],
    body: &[u8],
) -> Option<Came> {
    let mut message = format!("{method} {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n");
    if !who.is_empty() {
        message.extend(["authorization: ", who, "\r\n"]);
    }
    for (name, value) in headers {
        message.extend([name, ": ", value, "\r\n"]);
    }
    message.extend(["content-length: ", &body.len().to_string(), "\r\n\r\n"]);
    // A server that refuses early may not read everything.
    let _ = stream.write_all(message.as_bytes()).and_then(|()| stream.write_all(body));
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let mut came = Came { status, head, body: Vec::new() };
    if came.media() != "text/event-stream" {
        stream.read_to_end(&mut came.body).ok()?;
        if came.head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
            came.body = unchunked(&came.body)?;
        }
    }
    Some(came)
}

/// Puts together what came in pieces.
fn unchunked(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let end = body.windows(2).position(|two| two == b"\r\n")?;
        let length = usize::from_str_radix(std::str::from_utf8(&body[..end]).ok()?, 16).ok()?;
        if length == 0 {
            return Some(whole);
        }
        whole.extend_from_slice(body.get(end + 2..end + 2 + length)?);
        body = body.get(end + 4 + length..)?;
    }
}
