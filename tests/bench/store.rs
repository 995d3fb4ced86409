//! How fast the log is, each figure as a ratio in the same interleaved run: against a plain growing file with
//! `fdatasync`, against SQLite, and against bare SHA-256.
//!
//! `cargo bench --bench store` prints everything; `cargo bench --bench store -- append` only the appends,
//! `-- scale` only what needs a million events (`DEMARCHE_BENCH_EVENTS` changes how many).
#![allow(clippy::unwrap_used, reason = "a figure that cannot be taken is no figure")]
#![allow(clippy::cast_precision_loss, reason = "figures are printed with two digits")]

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::{Duration, Instant, SystemTime};

use demarche::domain::id::{ActorId, EntityId, RequestId};
use demarche::domain::timestamp::Timestamp;
use demarche::store::segment::{Opening, SegmentStore};
use demarche::store::{Class, Clock, Condition, EventStore, Expect, NewEvent};
use rusqlite::Connection;
use sha2::{Digest, Sha256};

const BODY: usize = 600;
const STREAMS: u64 = 5_000;
const ROUNDS: usize = 7;
const WRITE: Opening = Opening::Write { wait: Duration::from_secs(5) };

fn clock() -> Clock {
    Arc::new(|| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        Timestamp::from_micros(i64::try_from(now.as_micros()).unwrap()).unwrap()
    })
}

fn uuid(kind: u8, number: u64) -> uuid::Uuid {
    let mut hash: [u8; 32] =
        Sha256::new().chain_update([kind]).chain_update(number.to_le_bytes()).finalize().into();
    hash[6] = 0x40 | hash[6] & 15;
    hash[8] = 0x80 | hash[8] & 63;
    uuid::Uuid::from_slice(&hash[..16]).unwrap()
}

fn body(number: u64) -> String {
    let head = format!("{{\"kind\":\"call.attempted\",\"number\":{number},\"text\":\"");
    format!("{head}{}\"}}", "a".repeat(BODY - head.len() - 2))
}

fn event(number: u64) -> NewEvent {
    NewEvent {
        id: None,
        streams: vec![EntityId::from_uuid(uuid(1, number % STREAMS))],
        class: Class::Fact,
        schema: 1,
        actor: ActorId::from_uuid(uuid(2, number % 7)),
        body: body(number),
        attachments: vec![],
    }
}

/// A submission of events, each of which guards its stream.
fn submission(from: u64, count: u64) -> (Vec<NewEvent>, Condition, RequestId) {
    let stream = EntityId::from_uuid(uuid(1, from % STREAMS));
    let events = (from..from + count).map(event).collect();
    (events, Condition { expect: vec![(stream, Expect::Any)] }, RequestId::from_uuid(uuid(3, from)))
}

fn sqlite(path: &Path) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    connection.pragma_update(None, "synchronous", "FULL").unwrap();
    connection
        .execute_batch(
            "CREATE TABLE events (position INTEGER PRIMARY KEY, id BLOB UNIQUE, stream BLOB, request BLOB, at INTEGER, body TEXT);
             CREATE INDEX by_stream ON events (stream); CREATE INDEX by_request ON events (request);
             CREATE INDEX by_time ON events (at);",
        )
        .unwrap();
    connection
}

fn insert(connection: &mut Connection, from: u64, count: u64) {
    let transaction = connection.transaction().unwrap();
    {
        let mut statement = transaction.prepare_cached("INSERT INTO events VALUES (?,?,?,?,?,?)").unwrap();
        for number in from..from + count {
            let (id, stream, request) = (uuid(4, number), uuid(1, number % STREAMS), uuid(3, from));
            statement
                .execute((
                    number.cast_signed(),
                    id.as_bytes(),
                    stream.as_bytes(),
                    request.as_bytes(),
                    number.cast_signed(),
                    body(number),
                ))
                .unwrap();
        }
    }
    transaction.commit().unwrap();
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn rate(count: u64, work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    count as f64 / start.elapsed().as_secs_f64()
}

fn print(what: &str, value: f64, unit: &str, against: &[(&str, f64, f64)]) {
    let ratios: Vec<String> = against
        .iter()
        .map(|(name, other, wanted)| format!("{:.2} × {name} (wanted {wanted})", value / other))
        .collect();
    println!("{what:<34} {value:>12.0} {unit:<9} {}", ratios.join(", "));
}

fn appends(count: u64, commits: u64, wanted: (f64, f64)) {
    let dir = tempfile::tempdir().unwrap();
    let store = SegmentStore::create(&dir.path().join("log"), "bench", clock()).unwrap();
    let mut plain = File::create(dir.path().join("plain")).unwrap();
    let mut connection = sqlite(&dir.path().join("sqlite"));
    let (mut of_store, mut of_plain, mut of_sqlite) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS as u64 {
        let from = round * commits * count;
        let starts: Vec<u64> = (0..commits).map(|commit| from + commit * count).collect();
        let bytes: Vec<Vec<u8>> = starts
            .iter()
            .map(|start| (*start..start + count).flat_map(|number| body(number).into_bytes()).collect())
            .collect();
        of_plain.push(rate(commits * count, || {
            for bytes in &bytes {
                plain.write_all(bytes).unwrap();
                plain.sync_data().unwrap();
            }
        }));
        let submissions: Vec<_> = starts.iter().map(|start| submission(*start, count)).collect();
        of_store.push(rate(commits * count, || {
            for (events, condition, request) in submissions {
                store.append(events, condition, request).unwrap();
            }
        }));
        of_sqlite.push(rate(commits * count, || {
            starts.iter().for_each(|start| insert(&mut connection, *start, count))
        }));
    }
    let against = [("plain file", median(of_plain), wanted.0), ("SQLite", median(of_sqlite), wanted.1)];
    print(&format!("append, {count} a commit"), median(of_store), "events/s", &against);
}

/// A plain file that many threads append to through one queue, with one sync a batch.
struct PlainQueue {
    queue: SyncSender<(Vec<u8>, SyncSender<()>)>,
}

impl PlainQueue {
    fn new(path: &Path) -> Self {
        let mut file = File::create(path).unwrap();
        let (queue, work) = sync_channel::<(Vec<u8>, SyncSender<()>)>(4_096);
        std::thread::spawn(move || {
            while let Ok(first) = work.recv() {
                let batch: Vec<_> = std::iter::once(first).chain(work.try_iter()).collect();
                let bytes: Vec<u8> = batch.iter().flat_map(|(bytes, _)| bytes).copied().collect();
                file.write_all(&bytes).unwrap();
                file.sync_data().unwrap();
                batch.into_iter().for_each(|(_, answer)| answer.send(()).unwrap());
            }
        });
        Self { queue }
    }

    fn append(&self, bytes: Vec<u8>) {
        let (answer, done) = sync_channel(1);
        self.queue.send((bytes, answer)).unwrap();
        done.recv().unwrap();
    }
}

fn concurrent(threads: u64, each: u64) {
    let dir = tempfile::tempdir().unwrap();
    let store = SegmentStore::create(&dir.path().join("log"), "bench", clock()).unwrap();
    let plain = PlainQueue::new(&dir.path().join("plain"));
    let connection = std::sync::Mutex::new(sqlite(&dir.path().join("sqlite")));
    let (mut of_store, mut of_plain, mut of_sqlite) = (Vec::new(), Vec::new(), Vec::new());
    let on_all = |round: u64, each: u64, work: &(dyn Fn(u64) + Sync)| {
        rate(threads * each, || {
            std::thread::scope(|scope| {
                for thread in 0..threads {
                    scope.spawn(move || {
                        (0..each).for_each(|number| work((round * threads + thread) * 1_000_000 + number));
                    });
                }
            });
        })
    };
    for round in 0..ROUNDS as u64 {
        of_plain.push(on_all(round, each, &|number| plain.append(body(number).into_bytes())));
        of_store.push(on_all(round, each, &|number| {
            let (events, condition, request) = submission(number, 1);
            store.append(events, condition, request).unwrap();
        }));
        of_sqlite
            .push(on_all(round, each / 10, &|number| insert(&mut connection.lock().unwrap(), number, 1)));
    }
    let against = [("queued plain file", median(of_plain), 0.7), ("SQLite", median(of_sqlite), 10.0)];
    print(&format!("append, {threads} threads"), median(of_store), "events/s", &against);
}

fn files(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    let mut left = vec![dir.to_owned()];
    while let Some(next) = left.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { left.push(path) } else { found.push(path) }
        }
    }
    found
}

fn bytes_of(dir: &Path) -> u64 {
    files(dir).iter().map(|file| fs::metadata(file).unwrap().len()).sum()
}

/// Takes the files out of the page cache.
fn make_cold(dir: &Path) {
    for file in files(dir) {
        let file = File::open(file).unwrap();
        file.sync_all().unwrap();
        rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed).unwrap();
    }
}

fn opening(dir: &Path, opening: Opening) -> f64 {
    let start = Instant::now();
    let store = SegmentStore::open(dir, opening, clock()).unwrap();
    let took = start.elapsed().as_secs_f64() * 1e3;
    store.close().unwrap();
    took
}

fn resident_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Opens the log in a process of its own, and says how much memory that took.
fn resident_mb(dir: &Path) -> f64 {
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .arg("resident")
        .arg(dir)
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap().trim().parse::<f64>().unwrap() / 1024.0
}

fn scale(events: u64) {
    let holder = tempfile::tempdir().unwrap();
    let dir = holder.path().join("log");
    let store = SegmentStore::create(&dir, "bench", clock()).unwrap();
    let decade = events / 10;
    for tenth in 0..10 {
        let taken = rate(decade, || {
            for start in (tenth * decade..(tenth + 1) * decade).step_by(1_000) {
                let (events, condition, request) = submission(start, 1_000);
                store.append(events, condition, request).unwrap();
            }
        });
        if tenth == 0 || tenth == 9 {
            print(&format!("append, 1000 a commit, at {}", tenth * decade), taken, "events/s", &[]);
        }
    }
    let leaves: u64 = store.sealed(0, 1_000).map(|sealed| sealed.unwrap().leaf.len() as u64).sum();
    let logical = (leaves / 1_000 + BODY as u64) * events;
    store.close().unwrap();
    println!(
        "bytes on disk ÷ logical: log {:.3}, all {:.3}",
        bytes_of(&dir.join("log")) as f64 / logical as f64,
        bytes_of(&dir) as f64 / logical as f64
    );
    make_cold(&dir);
    println!("open cold {:.0} ms (wanted 150)", opening(&dir, Opening::Read));
    println!(
        "open warm {:.0} ms to read, {:.0} ms to write (wanted 80)",
        opening(&dir, Opening::Read),
        opening(&dir, WRITE)
    );
    println!("resident {:.0} MB", resident_mb(&dir));
    let store = SegmentStore::open(&dir, Opening::Read, clock()).unwrap();
    for _ in 0..2 {
        print("scan with checksums", rate(events, || assert_eq!(store.scan(), Ok(events))), "events/s", &[]);
    }
    let whole =
        rate(events, || assert_eq!(store.read(0, events).filter(Result::is_ok).count() as u64, events));
    print("read with bodies, one thread", whole, "events/s", &[]);
    let block = vec![7_u8; 1_200];
    let bare = rate(events * (BODY as u64 + leaves / 1_000), || {
        for _ in 0..events {
            let _: [u8; 32] = std::hint::black_box(
                Sha256::digest(&block[..(BODY as u64 + leaves / 1_000) as usize]).into(),
            );
        }
    });
    let cores = std::thread::available_parallelism().unwrap().get() as f64;
    let verified = rate(logical, || assert!(store.verify().damages.is_empty()));
    println!(
        "verify {:.2} M events/s, {:.2} of bare SHA-256 per core (wanted 0.25)",
        verified / logical as f64 * events as f64 / 1e6,
        verified / cores / bare
    );
    fs::remove_dir_all(dir.join("index")).unwrap();
    println!("open without an index {:.0} ms", opening(&dir, Opening::Read));
}

fn main() {
    let asked: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    if let [what, dir] = asked.as_slice()
        && what == "resident"
    {
        let store = SegmentStore::open(Path::new(dir), Opening::Read, clock()).unwrap();
        println!("{}", resident_kib());
        return store.close().unwrap();
    }
    let wants = |what: &str| asked.is_empty() || asked.iter().any(|asked| asked == what);
    if wants("append") {
        appends(1, 300, (1.1, 1.0));
        appends(100, 50, (0.4, 1.3));
        appends(1_000, 10, (0.0, 1.0));
        concurrent(64, 100);
    }
    if wants("scale") {
        let events = std::env::var("DEMARCHE_BENCH_EVENTS").ok().and_then(|events| events.parse().ok());
        scale(events.unwrap_or(1_000_000));
    }
}
