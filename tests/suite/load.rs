//! Many at once, and a server that dies meanwhile, or is copied, or is kept busy by those who say nothing.

mod wire;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex};

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};
use serde_json::{Value, json};

use crate::support::Place;
use wire::{Feed, PATIENCE, Served, Wire};

const CLIENTS: usize = 64;
const FOLLOWERS: usize = 6;

/// Where the server is just now, for whoever lost it.
struct Whereabouts {
    // The port, and how often it was another.
    port: Mutex<(u16, usize)>,
    moved: Condvar,
}

impl Whereabouts {
    fn of(served: &Served) -> Self {
        Self { port: Mutex::new((served.port, 0)), moved: Condvar::new() }
    }

    fn now(&self) -> (u16, usize) {
        *self.port.lock().unwrap()
    }

    fn moves(&self, port: u16) {
        let mut now = self.port.lock().unwrap();
        *now = (port, now.1 + 1);
        self.moved.notify_all();
    }

    /// Waits until it is elsewhere than where it was lost.
    fn after(&self, lost: usize) -> (u16, usize) {
        let now = self.port.lock().unwrap();
        let (now, waited) = self.moved.wait_timeout_while(now, PATIENCE, |now| now.1 == lost).unwrap();
        assert!(!waited.timed_out(), "the server was lost and nobody had killed it");
        *now
    }
}

fn body(client: usize, number: usize) -> Vec<u8> {
    let entry = json!({ "kind": "incident", "from": "PRK", "date": "2025-01-01",
        "summary": format!("Client {client}, entry {number}.") });
    json!({ "entries": [entry] }).to_string().into_bytes()
}

/// Records entries one after the other, each until it is acknowledged, and returns at which position each is said to
/// be.
fn insist(whereabouts: &Whereabouts, client: usize, each: usize, acknowledged: &AtomicUsize) -> Vec<u64> {
    let mut now = whereabouts.now();
    let mut wire = Wire::to(now.0);
    let mut positions = Vec::new();
    while positions.len() < each {
        let key = format!("client-{client}-{}", positions.len());
        let came = wire.as_mut().ok().and_then(|wire| wire.record(&key, &body(client, positions.len())));
        match came {
            Some((200, answer)) => {
                positions.push(answer["data"]["entries"][0]["position"].as_u64().unwrap());
                acknowledged.fetch_add(1, Ordering::Relaxed);
            }
            Some((status, answer)) => panic!("{status}: {answer}"),
            None => {
                // Whether it was recorded, nobody said: the same is sent to whoever comes.
                now = whereabouts.after(now.1);
                wire = Wire::to(now.0);
            }
        }
    }
    positions
}

/// Waits for what others bring about, and not for ever.
fn until(is_so: impl Fn() -> bool) {
    let begun = std::time::Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "those who record do not get on");
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

/// Tells others, when it is dropped, that all is over.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Follows the log from its beginning over every death of the server, and returns what was told: each position, and
/// what stands there.
fn follow(whereabouts: &Whereabouts, until: usize) -> Vec<(u64, String)> {
    let (mut told, mut last, mut now) = (Vec::new(), None, whereabouts.now());
    loop {
        if let Ok(mut feed) = Feed::of(now.0, last) {
            while let Some(event) = feed.next() {
                last = event.id.or(last);
                if event.name == "entry" {
                    told.push((event.id.unwrap(), event.data["summary"].as_str().unwrap().to_owned()));
                }
                if told.len() == until {
                    return told;
                }
            }
        }
        now = whereabouts.after(now.1);
    }
}

#[test]
fn what_was_acknowledged_before_a_server_was_killed_is_there_once_and_who_follows_misses_nothing() {
    const EACH: usize = 8;
    const ALL: usize = CLIENTS * EACH;
    let place = Place::new();
    let mut served = Served::start(&place, &[]);
    let (whereabouts, acknowledged) = (Whereabouts::of(&served), AtomicUsize::new(0));
    let (positions, told) = std::thread::scope(|scope| {
        let (whereabouts, acknowledged) = (&whereabouts, &acknowledged);
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| scope.spawn(move || insist(whereabouts, client, EACH, acknowledged)))
            .collect();
        let followers: Vec<_> =
            (0..FOLLOWERS).map(|_| scope.spawn(move || follow(whereabouts, ALL))).collect();
        for kill in 1..=3 {
            until(|| acknowledged.load(Ordering::Relaxed) >= ALL * kill / 4);
            served.kill();
            served = Served::start(&place, &[]);
            whereabouts.moves(served.port);
        }
        let positions: Vec<Vec<u64>> = clients.into_iter().map(|client| client.join().unwrap()).collect();
        let told: Vec<_> = followers.into_iter().map(|follower| follower.join().unwrap()).collect();
        (positions, told)
    });
    drop(served);
    let rows = place.items(&["timeline", "--by", "recorded", "--limit", "1000"]);
    let stands: Vec<(u64, String)> = rows
        .iter()
        .map(|row| (row["position"].as_u64().unwrap(), row["summary"].as_str().unwrap().to_owned()))
        .collect();
    let mut expected = BTreeMap::new();
    for (client, positions) in positions.iter().enumerate() {
        for (number, position) in positions.iter().enumerate() {
            expected.insert(*position, format!("Client {client}, entry {number}."));
        }
    }
    assert_eq!(expected.len(), ALL, "each has a place of its own");
    assert_eq!(
        stands,
        expected.into_iter().collect::<Vec<_>>(),
        "nothing lost, nothing twice, nothing moved"
    );
    for told in told {
        assert_eq!(told, stands, "each was told everything once, in order");
    }
    assert!(place.data(&["verify"])["sound"].as_bool().unwrap());
}

#[test]
fn a_backup_made_under_load_is_the_log_at_its_size_and_passes_the_audit_elsewhere() {
    let (place, elsewhere) = (Place::new(), Place::empty());
    // As they were put by: what the keys sign while more comes is no matter of a log that ends earlier.
    place.share_keys(&elsewhere);
    let served = Served::start(&place, &[]);
    let (is_over, recorded) = (AtomicBool::new(false), AtomicUsize::new(0));
    let backup = place.file("backup");
    let into = backup.display().to_string();
    let made: Vec<Value> = std::thread::scope(|scope| {
        // Also where something fails in here: nobody goes on for ever.
        let _over = Over(&is_over);
        for client in 0..CLIENTS {
            let (port, is_over, recorded) = (served.port, &is_over, &recorded);
            scope.spawn(move || {
                let mut wire = Wire::to(port).unwrap();
                for number in 0.. {
                    if is_over.load(Ordering::Relaxed) {
                        return;
                    }
                    let came = wire.record(&format!("{client}-{number}"), &body(client, number));
                    assert_eq!(came.map(|(status, _)| status), Some(200));
                    recorded.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let made = (1..=3).map(|round| {
            until(|| recorded.load(Ordering::Relaxed) >= round * CLIENTS);
            place.data(&["backup", &into])
        });
        made.collect()
    });
    drop(served);
    let sizes: Vec<u64> = made.iter().map(|made| made["size"].as_u64().unwrap()).collect();
    assert!(sizes.is_sorted_by(|one, next| one < next), "each while more came: {sizes:?}");
    let (size, root) = (sizes[2], &made[2]["root"]);
    place.run(&["backup", "verify", &into]).ok();
    elsewhere.run(&["restore", &into]).ok();
    let verified = elsewhere.data(&["verify"]);
    assert_eq!((&verified["sound"], &verified["root"]), (&json!(true), root), "{verified}");
    let there = place.data(&["replay", "--to", &(size - 1).to_string()]);
    assert_eq!(&there["root"], root, "the log had the same root at that size");
    elsewhere.run(&["key", "export-vkey", "--to", "desk.vkey"]).ok();
    elsewhere.run(&["audit", "export", "bundle"]).ok();
    elsewhere.run(&["audit", "verify", "bundle", "--vkey", "desk.vkey", "--replay"]).ok();
}

/// Returns how many files this process may open, once it has asked for as many as it may.
fn files_max() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = maximum.unwrap_or(u64::MAX).min(20_000);
    if current.is_some_and(|current| current < wanted) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum }).unwrap();
    }
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

#[test]
fn ten_thousand_who_say_nothing_keep_nobody_out() {
    let idle = usize::try_from(files_max().saturating_sub(2_000)).unwrap_or(usize::MAX).min(10_000);
    if idle < 10_000 {
        eprintln!("the system lets this process open few files: {idle} say nothing");
    }
    let place = Place::new();
    let served = Served::start(&place, &["--connections", "12000"]);
    let mut asking = Wire::to(served.port).unwrap();
    let mut silent = Vec::with_capacity(idle);
    for number in 0..idle {
        silent.push(Wire::to(served.port).unwrap());
        if number % 1_000 == 0 {
            let came = asking.record(&format!("among-{number}"), &body(0, number));
            assert_eq!(came.map(|(status, _)| status), Some(200), "while {number} say nothing");
        }
    }
    let came = asking.record("last", &body(0, idle)).unwrap();
    assert_eq!(came.0, 200, "{}", came.1);
    let metrics = asking.text("/metrics").unwrap();
    let taken = |name: &str| {
        let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<usize>().ok());
        line.unwrap_or_else(|| panic!("no {name} in {metrics}"))
    };
    assert!(taken("demarche_connections_total") >= idle, "{metrics}");
    assert_eq!(taken("demarche_connections_refused_total{why=\"full\"}"), 0);
    drop(silent);
    // Told to stop, it does not wait for those who say nothing.
    kill_process(Pid::from_child(&served.child), Signal::TERM).unwrap();
    assert!(served.ended());
}
