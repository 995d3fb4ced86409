use std::sync::{Arc, Mutex};

use super::*;
use crate::desk::reminders::RemindersAsk;
use crate::desk::testing::{Fixture, on};
use crate::domain::event::Envelope;
use crate::domain::fact::Kind;

/// A small receiver: it keeps what it was sent, and answers with the statuses in turn, then 200.
struct Small {
    url: String,
    got: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Small {
    fn new(statuses: &[u16]) -> Self {
        use std::io::{BufRead, BufReader, Read, Write};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let got = Arc::new(Mutex::new(Vec::new()));
        let (kept, statuses) = (Arc::clone(&got), statuses.to_vec());
        std::thread::spawn(move || {
            let mut statuses = statuses.into_iter();
            for stream in listener.incoming() {
                let mut stream = BufReader::new(stream.unwrap());
                let (mut length, mut key, mut line) = (0, String::new(), String::new());
                loop {
                    line.clear();
                    if stream.read_line(&mut line).unwrap_or(0) == 0 || line.trim().is_empty() {
                        break;
                    }
                    let (name, value) = line.split_once(':').unwrap_or((line.as_str(), ""));
                    match name.to_lowercase().as_str() {
                        "content-length" => length = value.trim().parse().unwrap(),
                        "idempotency-key" => value.trim().clone_into(&mut key),
                        _ => {}
                    }
                }
                let mut body = vec![0; length];
                if length == 0 || stream.read_exact(&mut body).is_err() {
                    continue;
                }
                kept.lock().unwrap().push((key, serde_json::from_slice(&body).unwrap()));
                let status = statuses.next().unwrap_or(200);
                let answer = format!(
                    "HTTP/1.1 {status} x\r\nlocation: /elsewhere\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                );
                let _ = stream.get_mut().write_all(answer.as_bytes());
            }
        });
        Self { url, got }
    }

    fn keys(&self) -> Vec<String> {
        self.got.lock().unwrap().iter().map(|(key, _)| key.clone()).collect()
    }
}

fn overdue(offers: usize) -> Fixture {
    let fixture = Fixture::new();
    let (south, north) = (fixture.party("KOR"), fixture.party("PRK"));
    for _ in 0..offers {
        let envelope = Envelope {
            from: vec![south],
            to: vec![north],
            summary: Some("군사회담 제의".to_owned()),
            ..on("2026-11-01")
        };
        fixture.add(envelope, Kind::OvertureProposed.decode(r#"{"deadline":"2026-11-20"}"#).unwrap());
    }
    fixture
}

fn answer(fixture: &Fixture) -> Answer<Page<Reminder>> {
    fixture.desk.reminders(&RemindersAsk::default()).unwrap()
}

fn teller(dir: &Path, url: &str) -> Teller {
    Teller::open(dir, url.parse().unwrap(), None).unwrap()
}

fn pass(teller: &mut Teller, answer: &Answer<Page<Reminder>>) -> Passed {
    teller.pass(answer, &mut |_| Ok(()), &AtomicBool::new(false))
}

#[test]
fn a_reminder_is_posted_once_with_its_key_and_what_due_says_and_taken_back_once() {
    let (dir, small, fixture) = (tempfile::tempdir().unwrap(), Small::new(&[]), overdue(1));
    let (mut teller, stands) = (teller(dir.path(), &small.url), answer(&fixture));
    assert_eq!(pass(&mut teller, &stands), Passed { told: 1, ..Passed::default() });
    assert_eq!(pass(&mut teller, &stands), Passed::default());
    let nothing = Answer { data: Page { items: vec![], next: None, total: 0 }, ..stands.clone() };
    assert_eq!(pass(&mut teller, &nothing), Passed { taken_back: 1, ..Passed::default() });
    assert_eq!(pass(&mut teller, &nothing), Passed::default());
    let got = small.got.lock().unwrap();
    let [(key, first), (back, second)] = got.as_slice() else { panic!("{got:?}") };
    assert_eq!((first["key"].as_str(), first["state"].as_str()), (Some(key.as_str()), Some("stands")));
    assert_eq!(first["overture"]["overture"]["summary"], "군사회담 제의");
    assert_eq!(first["as_of"]["position"], 4);
    assert_eq!(
        (second["state"].as_str(), second["takes_back"].as_str()),
        (Some("taken_back"), Some(key.as_str()))
    );
    assert_eq!(*back, format!("{key}.back"));
    assert!(second.get("overture").is_none());
}

#[test]
fn only_a_status_of_success_says_that_it_was_taken() {
    for status in [301, 302, 404, 500, 503] {
        let (dir, small, fixture) = (tempfile::tempdir().unwrap(), Small::new(&[status]), overdue(1));
        let (mut teller, stands) = (teller(dir.path(), &small.url), answer(&fixture));
        let passed = pass(&mut teller, &stands);
        assert_eq!((passed.told, passed.waiting), (0, 1), "{status}");
        assert!(passed.failures[0].contains(&status.to_string()), "{passed:?}");
        assert!(!passed.failures[0].contains("hook"), "a path may be a password: {passed:?}");
        assert_eq!(pass(&mut teller, &stands).told, 1);
        let keys = small.keys();
        assert!(keys.len() == 2 && keys[0] == keys[1], "{keys:?}");
    }
}

#[test]
fn a_receiver_that_is_not_there_is_tried_ever_more_seldom_and_nothing_is_lost() {
    let (dir, small, fixture) = (tempfile::tempdir().unwrap(), Small::new(&[500; 8]), overdue(10));
    let (mut teller, stands) = (teller(dir.path(), &small.url), answer(&fixture));
    assert_eq!(pass(&mut teller, &stands).failures.len(), FAILURES_MAX);
    for failures in 2..=6 {
        assert_eq!(pass(&mut teller, &stands).failures.len(), 1);
        let wait = teller.until.unwrap().saturating_duration_since(Instant::now());
        let most = BACKOFF_FIRST * (1 << (failures - 1));
        assert!(wait <= most && wait + Duration::from_secs(1) > most / 2, "{failures}: {wait:?}");
    }
    // Each try was of another matter.
    let tried: std::collections::HashSet<String> = small.keys().into_iter().collect();
    assert_eq!(tried.len(), 8);
    assert_eq!(pass(&mut teller, &stands), Passed { told: 10, ..Passed::default() });
    assert!(teller.until.is_none());
    assert!(
        (1..100).all(|failures| backoff(failures) <= BACKOFF_MAX && backoff(failures) >= BACKOFF_FIRST / 2)
    );
}

#[test]
fn one_that_is_never_taken_holds_up_no_other() {
    let (dir, small, fixture) = (tempfile::tempdir().unwrap(), Small::new(&[400]), overdue(5));
    let (mut teller, stands) = (teller(dir.path(), &small.url), answer(&fixture));
    let passed = pass(&mut teller, &stands);
    assert_eq!((passed.told, passed.waiting), (4, 1));
    // Not at once again.
    assert_eq!(pass(&mut teller, &stands), Passed { waiting: 1, ..Passed::default() });
    assert_eq!(small.keys().len(), 5);
}

#[test]
fn what_cannot_be_noted_does_not_leave() {
    let (dir, small, fixture) = (tempfile::tempdir().unwrap(), Small::new(&[]), overdue(2));
    let (mut teller, stands) = (teller(dir.path(), &small.url), answer(&fixture));
    let mut refuse = |_: &Value| Err(DeskError::Unavailable("no access log".to_owned()));
    let passed = teller.pass(&stands, &mut refuse, &AtomicBool::new(false));
    assert_eq!((passed.told, passed.failures.len()), (0, 1));
    assert!(small.keys().is_empty());
}

#[test]
fn a_program_is_told_on_its_input() {
    let (dir, fixture) = (tempfile::tempdir().unwrap(), overdue(2));
    let file = dir.path().join("got");
    let typed = format!("sh -c 'cat >> \"$0\"' {}", file.display());
    let mut teller = Teller::open(dir.path(), typed.parse().unwrap(), None).unwrap();
    assert_eq!(pass(&mut teller, &answer(&fixture)).told, 2);
    let lines = std::fs::read_to_string(file).unwrap();
    let states: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(states.len() == 2 && states.iter().all(|message| message["state"] == "stands"), "{lines}");
}

#[test]
fn an_address_or_a_program_that_is_none_is_said_at_once_without_its_password() {
    for wrong in
        ["ftp://host/x", "https://", "http:///x", "", "'open", "no-such-program-here x", "/etc/passwd"]
    {
        let error = wrong.parse::<Receiver>().unwrap_err().to_string();
        assert!(!error.is_empty(), "{wrong}");
    }
    let error = "htps://token@host/secret".parse::<Receiver>().unwrap_err().to_string();
    assert!(!error.contains("token") && !error.contains("secret"), "{error}");
    let receiver: Receiver = "https://hooks.example:8443/secret?key=x".parse().unwrap();
    assert_eq!(receiver.to_string(), "https://hooks.example:8443");
    assert!(!receiver.is_in_the_clear());
    assert!("http://hooks.example/x".parse::<Receiver>().unwrap().is_in_the_clear());
    for local in ["http://127.0.0.1:8/x", "http://localhost/x", "http://[::1]:80/x"] {
        assert!(!local.parse::<Receiver>().unwrap().is_in_the_clear(), "{local}");
    }
}
