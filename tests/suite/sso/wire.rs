//! Requests as bytes, and what a browser would keep of the answers.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Longer than anything takes that ends.
const PATIENCE: Duration = Duration::from_mins(1);

/// What came back.
#[derive(Debug)]
pub(super) struct Came {
    pub(super) status: u16,
    pub(super) head: String,
    pub(super) body: String,
}

impl Came {
    /// Returns every value of a header.
    pub(super) fn headers(&self, name: &str) -> Vec<String> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.to_owned())
            .collect()
    }

    /// Returns the cookies that are set, as a browser sends them back.
    pub(super) fn cookies(&self) -> Vec<String> {
        let set = self.headers("set-cookie");
        set.iter().map(|cookie| cookie.split(';').next().unwrap().to_owned()).collect()
    }

    /// Returns where one is sent.
    #[track_caller]
    pub(super) fn location(&self) -> String {
        assert_eq!(self.status, 302, "{self:?}");
        self.headers("location").remove(0)
    }
}

/// Sends a request to a port of this machine.
pub(super) fn send(port: u16, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Came {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut message =
        format!("{method} {target} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n");
    for (name, value) in headers {
        write!(message, "{name}: {value}\r\n").unwrap();
    }
    write!(message, "content-length: {}\r\n\r\n{body}", body.len()).unwrap();
    stream.write_all(message.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Came { status, head: head.to_owned(), body: body.to_owned() }
}

/// Returns the path and the query of an address.
pub(super) fn target(address: &str) -> String {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    rest.find('/').map_or("/", |slash| &rest[slash..]).to_owned()
}

/// Returns the port of an address.
pub(super) fn port(address: &str) -> u16 {
    let authority = address.split("://").nth(1).unwrap().split('/').next().unwrap();
    authority.rsplit(':').next().unwrap().parse().unwrap()
}

/// Reads the pairs of a query or a form.
pub(super) fn pairs(text: &str) -> Vec<(String, String)> {
    let read = |text: &str| {
        let (bytes, mut read, mut at) = (text.as_bytes(), Vec::new(), 0);
        while at < bytes.len() {
            if bytes[at] == b'%' {
                read.push(u8::from_str_radix(&text[at + 1..at + 3], 16).unwrap());
                at += 3;
            } else {
                read.push(if bytes[at] == b'+' { b' ' } else { bytes[at] });
                at += 1;
            }
        }
        String::from_utf8(read).unwrap()
    };
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (read(name), read(value))).collect()
}

/// Returns what a query or a form says of a name; nothing where it does not.
pub(super) fn value(text: &str, name: &str) -> String {
    pairs(text).into_iter().find(|(known, _)| known == name).map(|(_, value)| value).unwrap_or_default()
}
