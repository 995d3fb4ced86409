//! A server, and connections to it that are kept, as bytes: no client of ours stands between, which would ask again
//! by itself.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::support::Place;

/// Longer than anything takes that ends.
pub(super) const PATIENCE: Duration = Duration::from_mins(2);

/// A server of a log without accounts.
pub(super) struct Served {
    pub(super) child: Child,
    pub(super) port: u16,
}

impl Served {
    pub(super) fn start(place: &Place, options: &[&str]) -> Self {
        let mut command = place.command(&[&["--wait", "60", "serve", "--port", "0"], options].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let port = line.split("127.0.0.1:").nth(1).unwrap_or_else(|| panic!("no port in `{line}`"));
        let port: String = port.chars().take_while(char::is_ascii_digit).collect();
        Self { child, port: port.parse().unwrap() }
    }

    /// Has it die in the middle of what it does.
    pub(super) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Tells whether it ended as one does that was told to.
    pub(super) fn ended(mut self) -> bool {
        self.child.wait().unwrap().success()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A connection that is kept.
pub(super) struct Wire(BufReader<TcpStream>);

impl Wire {
    pub(super) fn to(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Sends a submission under a key; none where the connection broke without an answer.
    pub(super) fn record(&mut self, key: &str, body: &[u8]) -> Option<(u16, Value)> {
        let head = format!(
            "POST /v1/entries HTTP/1.1\r\nhost: localhost\r\ndemarche-actor: kim\r\nidempotency-key: {key}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        self.0.get_mut().write_all(&[head.as_bytes(), body].concat()).ok()?;
        let (status, answer) = self.answer()?;
        Some((status, serde_json::from_slice(&answer).ok()?))
    }

    /// Asks for a text.
    pub(super) fn text(&mut self, target: &str) -> Option<String> {
        self.0.get_mut().write_all(get(target, None).as_bytes()).ok()?;
        String::from_utf8(self.answer()?.1).ok()
    }

    fn answer(&mut self) -> Option<(u16, Vec<u8>)> {
        let head = head(&mut self.0)?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
        });
        let mut body = vec![0; length?];
        self.0.read_exact(&mut body).ok()?;
        Some((status, body))
    }
}

fn get(target: &str, last: Option<u64>) -> String {
    let last = last.map(|last| format!("last-event-id: {last}\r\n")).unwrap_or_default();
    format!("GET {target} HTTP/1.1\r\nhost: localhost\r\ndemarche-actor: kim\r\n{last}\r\n")
}

fn head(from: &mut impl BufRead) -> Option<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if from.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    Some(head)
}

/// What a server tells whoever follows the log.
pub(super) struct Feed {
    from: BufReader<TcpStream>,
    // What came and is no whole event yet.
    text: String,
}

/// An event that came whole.
pub(super) struct Told {
    pub(super) id: Option<u64>,
    pub(super) name: String,
    pub(super) data: Value,
}

impl Feed {
    /// Begins to follow the log, after what was told last.
    pub(super) fn of(port: u16, last: Option<u64>) -> io::Result<Self> {
        let mut from = Wire::to(port)?.0;
        from.get_mut().write_all(get("/v1/events", last).as_bytes())?;
        let head = head(&mut from).ok_or(io::ErrorKind::UnexpectedEof)?;
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        Ok(Self { from, text: String::new() })
    }

    /// Returns the next event that comes whole; none when the server is gone.
    pub(super) fn next(&mut self) -> Option<Told> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let event: String = self.text.drain(..end + 2).collect();
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name));
                return Some(Told {
                    id: field("id: ").map(|id| id.parse().unwrap()),
                    name: field("event: ").unwrap().to_owned(),
                    data: serde_json::from_str(field("data: ").unwrap()).unwrap(),
                });
            }
            // A piece: its length, its bytes, and the end of the line.
            let mut length = String::new();
            self.from.read_line(&mut length).ok()?;
            let length = usize::from_str_radix(length.trim(), 16).ok().filter(|length| *length > 0)?;
            let mut piece = vec![0; length + 2];
            self.from.read_exact(&mut piece).ok()?;
            piece.truncate(length);
            self.text.push_str(&String::from_utf8(piece).unwrap());
        }
    }
}
