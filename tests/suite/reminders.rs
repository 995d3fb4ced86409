//! Who is told that an answer is overdue: once at least, always with the same key, and never of the past.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};

use serde_json::Value;

use crate::support::Place;
use crate::together::Server;

/// A place in which an answer was due long ago.
fn overdue() -> Place {
    let place = Place::new();
    let talks = ["propose", "Talks", "--from", "KOR", "--to", "PRK", "--id", "talks"];
    place.run(&[&talks[..], &["--date", "2025-11-17", "--deadline", "2025-11-30"]].concat()).ok();
    place
}

/// A small receiver of posts.
struct Receiver(TcpListener);

/// A post that was read to its end, and not yet answered.
struct Post {
    stream: TcpStream,
    key: String,
    body: Value,
}

impl Receiver {
    fn new() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    fn url(&self) -> String {
        format!("http://{}/reminders", self.0.local_addr().unwrap())
    }

    /// Waits for the next post.
    fn next(&self) -> Post {
        let (stream, _) = self.0.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let (mut key, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            let Some((name, value)) = line.trim().split_once(": ") else {
                if line.trim().is_empty() {
                    break;
                }
                continue;
            };
            match name.to_lowercase().as_str() {
                "idempotency-key" => value.clone_into(&mut key),
                "content-length" => length = value.parse().unwrap(),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        Post { stream, key, body: serde_json::from_slice(&body).unwrap() }
    }
}

impl Post {
    fn answer(mut self, status: &str) -> (String, Value) {
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        self.stream.write_all(answer.as_bytes()).unwrap();
        (self.key, self.body)
    }
}

fn serve(place: &Place, receiver: &Receiver) -> Server {
    Server::start_with(place, &["--notify", &receiver.url(), "--notify-interval", "1"])
}

fn answered(place: &Place) {
    place.run(&["respond", "talks", "rejected", "No.", "--from", "PRK", "--date", "2025-11-20"]).ok();
}

/// Waits until the server has noted that something was taken back.
fn wait_until_noted(place: &Place) {
    let is_noted = || {
        let files = std::fs::read_dir(place.dir().join("reminders")).unwrap();
        let mut texts = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
        texts.any(|text| text.contains("\"stage\":\"over\""))
    };
    while !is_noted() {
        std::thread::yield_now();
    }
}

#[test]
fn a_server_killed_between_telling_and_noting_tells_again_with_the_same_key() {
    let (place, receiver) = (overdue(), Receiver::new());
    let server = serve(&place, &receiver);
    let first = receiver.next();
    // It was heard, and nobody told the server so.
    drop(server);
    let (key, body) = (first.key.clone(), first.body.clone());
    assert_eq!((body["state"].as_str(), body["key"].as_str()), (Some("stands"), Some(key.as_str())));
    assert_eq!(body["overture"]["overture"]["handle"], "talks");
    assert_eq!((&body["kind"], &body["cause"]), (&"explicit_deadline".into(), &"overture.overdue".into()));
    let server = serve(&place, &receiver);
    let (again, _) = receiver.next().answer("200 OK");
    assert_eq!(again, key);
    // What was told in vain is taken back, once, also by another process.
    answered(&place);
    let (back, body) = receiver.next().answer("204 No Content");
    assert_eq!((back, body["takes_back"].as_str()), (format!("{key}.back"), Some(key.as_str())));
    wait_until_noted(&place);
    drop(server);
    let out = place.run(&["due", "--notify", &receiver.url()]).ok();
    assert!(out.contains("0 told, 0 taken back, 0 waiting"), "{out}");
}

#[test]
fn a_server_killed_before_an_answer_came_takes_back_what_may_have_been_heard() {
    let (place, receiver) = (overdue(), Receiver::new());
    let server = serve(&place, &receiver);
    let heard = receiver.next();
    drop(server);
    answered(&place);
    let server = serve(&place, &receiver);
    let (back, _) = receiver.next().answer("200 OK");
    assert_eq!(back, format!("{}.back", heard.key));
    drop(server);
}

#[test]
fn one_pass_tells_what_is_new_and_says_what_was_not_taken() {
    let place = overdue();
    let file = place.file("got");
    let command = format!("sh -c 'cat >> \"$0\"' {}", file.display());
    let notify = ["due", "--notify", &command];
    assert!(place.run(&notify).ok().contains("1 told, 0 taken back, 0 waiting"));
    assert!(place.run(&notify).ok().contains("0 told"));
    let failed = place.run(&["due", "--notify", "false"]).fails(4);
    assert!(failed.contains("false ended with 1") && failed.contains("1 waiting"), "{failed}");
    answered(&place);
    // Nothing is taken back that nobody took.
    assert!(place.run(&["due", "--notify", "false"]).ok().contains("0 told, 0 taken back, 0 waiting"));
    let told = place.data(&notify);
    assert_eq!((told["told"].as_u64(), told["taken_back"].as_u64()), (Some(0), Some(1)));
    assert!(place.run(&["verify"]).ok().contains("sound"));
}

#[test]
fn nobody_is_told_of_the_past_nor_of_what_is_marked_above_the_level() {
    let place = Place::new();
    let offer = ["propose", "Talks", "--from", "KOR", "--to", "PRK", "--date", "2025-11-17"];
    let deadline = ["--deadline", "2025-11-30", "--marking"];
    place.run(&[&offer[..], &deadline, &["TLP:RED"]].concat()).ok();
    for past in [["--at", "2025-12-01"], ["--known-as-of", "1"]] {
        let error = place.run(&[&["due", "--notify", "true"][..], &past].concat()).fails(2);
        assert!(error.contains("another moment"), "{error}");
    }
    let amber = ["due", "--notify", "true", "--release", "TLP:AMBER"];
    assert!(place.run(&amber).ok().contains("0 told"));
    assert!(place.run(&["due", "--notify", "true", "--release", "TLP:RED"]).ok().contains("1 told"));
    place.run(&[&offer[..], &deadline, &["TLP:GREEN"]].concat()).ok();
    assert!(place.run(&amber).ok().contains("1 told"));
    let error = place.run(&["due", "--notify", "true", "--release", "SECRET"]).fails(2);
    assert!(error.contains("TLP:AMBER"), "{error}");
}

#[test]
fn who_cannot_be_told_is_said_before_anything_is_served() {
    let place = overdue();
    for wrong in ["ftp://host/x", "no-such-program-here", "'open", "@no-such-file"] {
        for command in [["serve", "--notify", wrong], ["due", "--notify", wrong]] {
            let ran = place.run(&command);
            assert!(matches!(ran.code, 1 | 2) && !ran.err.is_empty(), "{command:?}: {ran:?}");
        }
    }
    std::fs::write(place.file("who"), "true\n").unwrap();
    assert!(place.run(&["due", "--notify", "@who"]).ok().contains("1 told"));
    // The server tells it already.
    let _server = Server::start_with(&place, &["--notify", "true"]);
    assert!(place.run(&["due", "--notify", "true"]).fails(1).contains("another process"));
}

#[test]
fn who_was_told_is_in_the_access_log() {
    let place = Place::empty();
    place.run(&["init", "--name", "test", "--zone", "Asia/Seoul", "--log-reads"]).ok();
    let talks = ["propose", "Talks", "--from", "KOR", "--to", "PRK", "--id", "talks"];
    place.run(&[&talks[..], &["--date", "2025-11-17", "--deadline", "2025-11-30"]].concat()).ok();
    let receiver = Receiver::new();
    let server = serve(&place, &receiver);
    receiver.next().answer("200 OK");
    drop(server);
    let rows = place.items(&["audit", "readers", "talks"]);
    let by: Vec<&str> = rows.iter().map(|row| row["by"].as_str().unwrap()).collect();
    assert!(by.iter().any(|by| by.starts_with("notify http://127.0.0.1")), "{by:?}");
}
