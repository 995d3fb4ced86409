//! A process that dies while it appends: what it acknowledged is there, whole appends only, and nothing
//! needs repair.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use demarche::store::segment::{Opening, SegmentStore};
use demarche::store::{Condition, EventStore, Health};

use super::{SMALL, clock, create, event, open, read, request};

/// Names the directory to the process that is to die.
const DIR: &str = "DEMARCHE_TEST_APPEND_IN";
/// Where the process begins to count its requests.
const FROM: &str = "DEMARCHE_TEST_APPEND_FROM";
/// How many it submits, where it is not killed.
const COUNT: &str = "DEMARCHE_TEST_APPEND_COUNT";

/// Not a test of its own: what the others run in a process that they kill.
#[test]
fn the_process_that_appends() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let number = |name| std::env::var(name).unwrap().parse::<u64>().unwrap();
    let (from, count) = (number(FROM), number(COUNT));
    let wait = Opening::Write { wait: Duration::from_mins(1) };
    let store = SegmentStore::open_with(Path::new(&dir), wait, clock(), SMALL).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..2 {
            let store = &store;
            scope.spawn(move || {
                for number in (from..from + count).filter(|number| number % 2 == thread) {
                    let events =
                        (0..=number % 4).map(|index| event(index, &format!("{number} {index}"))).collect();
                    let receipt = store.append(events, Condition::default(), request(number)).unwrap();
                    let line = format!("\nacknowledged {number} {} {}\n", receipt.first, receipt.ids.len());
                    // One write a line, so that two threads do not mix theirs.
                    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
                }
            });
        }
    });
    store.close().unwrap();
}

fn start(dir: &Path, from: u64, count: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["store::kills::the_process_that_appends", "--exact", "--nocapture", "--test-threads=1"])
        .env(DIR, dir)
        .env(FROM, from.to_string())
        .env(COUNT, count.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Reads an acknowledgement: the request, the first position, how many events.
fn acknowledged(line: &str) -> Option<(u64, (u64, usize))> {
    let mut words = line.strip_prefix("acknowledged ")?.split(' ');
    let mut word = || words.next()?.parse::<u64>().ok();
    let (request, first, count) = (word()?, word()?, word()?);
    Some((request, (first, usize::try_from(count).ok()?)))
}

#[track_caller]
fn check(store: &SegmentStore, known: &HashMap<u64, (u64, usize)>) {
    for (number, (first, count)) in known {
        let receipt =
            store.receipt_of(request(*number)).unwrap().unwrap_or_else(|| panic!("{number} is lost"));
        assert_eq!((receipt.first, receipt.ids.len()), (*first, *count));
    }
    let mut left = 0;
    for (position, record) in store.read(0, u64::MAX).enumerate() {
        let record = record.unwrap();
        assert_eq!(record.position, position as u64);
        assert_eq!(store.position_of(record.id), Ok(Some(record.position)));
        if record.index == 0 {
            assert_eq!(left, 0, "an append is whole");
            left = store.receipt_of(record.request).unwrap().unwrap().ids.len();
        }
        left -= 1;
    }
    assert_eq!(left, 0, "the last append is whole");
    assert_eq!(store.verify().damages, vec![]);
}

/// How often to kill; the environment may ask for more.
fn kills() -> u64 {
    std::env::var("DEMARCHE_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(40)
}

#[test]
fn what_was_acknowledged_survives_a_kill_at_any_moment() {
    let mut dir = tempfile::tempdir().unwrap();
    create(dir.path()).close().unwrap();
    let mut known: HashMap<u64, (u64, usize)> = HashMap::new();
    for round in 0..kills() {
        // Small logs keep a round short.
        if round % 20 == 19 {
            dir = tempfile::tempdir().unwrap();
            create(dir.path()).close().unwrap();
            known.clear();
        }
        let mut child = start(dir.path(), round * 10_000, 10_000);
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // Some kills hit the opening, the others come after some acknowledgements, in the middle of a write.
        let until = (round * 7) % 60;
        let mut heard = 0;
        for line in lines.map_while(Result::ok) {
            if let Some((number, place)) = acknowledged(&line) {
                known.insert(number, place);
                heard += 1;
            }
            if heard == until {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        if round % 2 == 0 {
            check(&read(dir.path()), &known);
        }
        let store = open(dir.path());
        assert_eq!(store.health(), Health::Sound);
        check(&store, &known);
        store.close().unwrap();
    }
}

#[test]
fn two_processes_take_turns_and_lose_nothing() {
    let dir = tempfile::tempdir().unwrap();
    create(dir.path()).close().unwrap();
    let children: Vec<Child> = (0..3).map(|number| start(dir.path(), number * 1_000, 30)).collect();
    let mut known = HashMap::new();
    for mut child in children {
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        known.extend(lines.map_while(Result::ok).filter_map(|line| acknowledged(&line)));
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(known.len(), 90);
    check(&read(dir.path()), &known);
}
