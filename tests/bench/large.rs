//! The figures of a log of any length, beside `SQLite` with the same rows.
//!
//! The log and the rows are kept where `--dir` says, and used again for the same number of events: what is mended
//! is then measured without building them anew.

mod acts;
pub(crate) mod building;
mod generator;
mod meetings;
mod prose;
pub(crate) mod questions;
mod random;
mod twin;
mod world;

use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use demarche::desk::{Desk, Opening};
use demarche::http::client::{Client, Method, Request};
use demarche::projections::timeline::TimelineQuery;
use demarche::projections::{Access, Projections};
use demarche::store::EventStore;
use demarche::store::segment::{self, SegmentStore};
use serde_json::json;

use self::building::Built;
use self::generator::Generator;
use self::questions::{Asker, Drawer, QUESTIONS, Times, of_twin, processor_time};
use self::twin::Twin;
use crate::report::{Report, thousands};

/// What begins the name of a measurement of a fresh process that is one of these.
pub(crate) const CHILD: &str = "large-";

/// Measures everything on a log of `count` events.
pub(crate) fn measure(dir: &Path, count: u64, report: &mut Report) {
    let built = Built::of(dir, count);
    let what = format!("{} events: ", thousands(count as f64));
    let mut add = |name: &str, measured: String, how: String, aim: &str| {
        report.add(&format!("{what}{name}"), measured, how, aim);
    };
    for (size, cost) in &built.costs {
        let how = "in units of 1,000, on disk and taken in; of the last fifth".to_owned();
        let name = format!("an event appended as the log comes to {}", thousands(*size as f64));
        add(&name, format!("{cost:.1} µs"), how, "flat");
    }
    let rebuilt = child("rebuild", &built);
    let [opened, memory, worked, _] = numbers(&rebuilt[0]);
    add(
        "rebuild from the log alone, without full text",
        format!("{opened:.1} s"),
        format!(
            "{} /s, {worked:.1} s of a processor, {memory:.0} MB anonymous",
            thousands(count as f64 / opened)
        ),
        "≤ 60 s",
    );
    let texts = child("texts", &built);
    let [opened, texts_too, page, worked] = numbers(&texts[0]);
    add(
        "rebuild with full text beside it",
        format!("{texts_too:.1} s"),
        format!(
            "everything else after {opened:.1} s; a page meanwhile p99 {page:.1} ms; {worked:.1} s of a processor"
        ),
        "≤ 180 s",
    );
    let answers = child("ask", &built);
    let [opened, memory] = numbers(&answers[0]);
    add("open with snapshots", format!("{opened:.0} ms"), "a fresh process".to_owned(), "≤ 1,000 ms");
    add(
        "resident memory after all questions",
        format!("{memory:.0} MB"),
        "anonymous (RssAnon)".to_owned(),
        "≤ 1,000 MB",
    );
    let ours: Vec<Times> = answers.iter().skip(1).map(|line| times(line)).collect();
    for (question, times) in QUESTIONS.iter().zip(&ours) {
        add(question.name, format!("p99 {:.2} ms", times.most), told(times), question.aim);
    }
    let (twin, rows, with_texts) = Twin::of(&built.dir, count);
    let recorded = format!("{:.2}", built.rate / rows);
    let against = format!("{} /s against {} /s of SQLite", thousands(built.rate), thousands(rows));
    add("events recorded in units of 1,000, without full text", recorded, against, "–");
    add("rows that SQLite inserts with FTS5", format!("{} /s", thousands(with_texts)), String::new(), "–");
    let mut drawer = Drawer::new();
    drawer.overtures = texts_of(&answers);
    for (number, (question, ours)) in QUESTIONS.iter().zip(&ours).enumerate() {
        if let Some(theirs) = of_twin(&mut drawer, &twin, number) {
            let how = format!("SQLite: {}", told(&theirs));
            let name = format!("{}, SQLite's time to ours", question.name);
            let ratio = format!(
                "{:.1} at the median, {:.1} at p99",
                theirs.half / ours.half,
                theirs.most / ours.most
            );
            add(&name, ratio, how, "–");
        }
    }
    import(dir, count, report);
}

fn told(times: &Times) -> String {
    format!(
        "median {:.2} ms, p99 {:.2} ms, {:.2} ms of a processor on average, asked {} times, {} of them with something \
         read from the disk; p99 of the others {:.2} ms",
        times.half, times.most, times.processor, times.count, times.from_disk, times.most_from_memory
    )
}

/// Runs a measurement in a fresh process, and returns the lines that it prints.
fn child(what: &str, built: &Built) -> Vec<String> {
    let output = Command::new(std::env::current_exe().unwrap())
        .env("DEMARCHE_BENCH_CHILD", format!("{CHILD}{what} {} {}", built.count, built.log().display()))
        .stderr(std::process::Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "{what} failed");
    String::from_utf8(output.stdout).unwrap().lines().map(ToOwned::to_owned).collect()
}

fn numbers<const COUNT: usize>(line: &str) -> [f64; COUNT] {
    let mut numbers = line.split_whitespace().filter_map(|number| number.parse().ok());
    [(); COUNT].map(|()| numbers.next().unwrap_or_default())
}

fn times(line: &str) -> Times {
    let [half, most, processor, count, from_disk, most_from_memory] = numbers(line);
    let (count, from_disk) = (count as usize, from_disk as usize);
    Times { half, most, processor, count, from_disk, most_from_memory }
}

/// Returns the ids of offers, that stand after the numbers.
fn texts_of(lines: &[String]) -> Vec<String> {
    lines.last().map(|line| line.split_whitespace().map(ToOwned::to_owned).collect()).unwrap_or_default()
}

/// Runs one measurement in this process.
pub(crate) fn in_child(what: &str) {
    let mut words = what.splitn(3, ' ');
    let [name, count, log] = [(); 3].map(|()| words.next().expect("a measurement, a number and a directory"));
    let (count, log) = (count.parse().expect("a number"), Path::new(log));
    match name {
        "rebuild" => rebuild(log),
        "texts" => texts(log),
        "ask" => ask(log, count),
        other => panic!("`{other}` is no measurement"),
    }
}

/// Prints how many seconds a desk takes that has nothing but the log, and its memory then.
fn rebuild(log: &Path) {
    for rebuildable in ["projections", "index", "tree"] {
        let _ = std::fs::remove_dir_all(log.join(rebuildable));
    }
    let begun = Instant::now();
    let desk = Desk::open(log, Opening::Read).unwrap();
    println!("{} {} {}", begun.elapsed().as_secs_f64(), anonymous(), processor_time());
    drop(desk);
}

/// Prints how many seconds a desk takes that may write until it answers, and until full text is there as well, and
/// how long a page takes meanwhile.
fn texts(log: &Path) {
    let wait = Duration::from_secs(5);
    let begun = Instant::now();
    let clock = demarche::desk::clock::system();
    let store = Arc::new(SegmentStore::open(log, segment::Opening::Write { wait }, clock).unwrap());
    let dir = log.join("projections");
    let (events, zone) = (Arc::clone(&store) as Arc<dyn EventStore>, "Asia/Seoul".parse().unwrap());
    let projections = Projections::open(Some(&dir), events, zone, Access::Writable).unwrap();
    let opened = begun.elapsed();
    let done = AtomicBool::new(false);
    let (texts, pages) = std::thread::scope(|scope| {
        let indexing = scope.spawn(|| {
            projections.index_texts();
            done.store(true, Ordering::Release);
            begun.elapsed()
        });
        let mut pages = Vec::new();
        while !done.load(Ordering::Acquire) {
            let asked = Instant::now();
            projections.view(u64::MAX).timeline(&TimelineQuery::default()).unwrap();
            pages.push(asked.elapsed().as_secs_f64() * 1e3);
            std::thread::sleep(Duration::from_millis(50));
        }
        (indexing.join().unwrap(), pages)
    });
    let worked = processor_time();
    let mut pages = pages;
    pages.sort_by(f64::total_cmp);
    let page = pages.get(pages.len() * 99 / 100).copied().unwrap_or_default();
    if let Some(notice) = projections.notice() {
        eprintln!("{notice}");
    }
    projections.close().unwrap();
    println!("{} {} {page} {worked}", opened.as_secs_f64(), texts.as_secs_f64());
}

/// Prints how many milliseconds a desk takes to open, its memory at the end, how long it takes to answer, and the
/// offers that it was asked about.
fn ask(log: &Path, count: u64) {
    let begun = Instant::now();
    let desk = Desk::open(log, Opening::Read).unwrap();
    let opened = begun.elapsed().as_secs_f64() * 1e3;
    let client = Client::in_process(desk).unwrap();
    let mut asker = Asker { client: &client, count, drawer: Drawer::new() };
    asker.look_up_overtures();
    let mut lines = Vec::new();
    let only = std::env::var("DEMARCHE_BENCH_QUESTION").ok().and_then(|number| number.parse::<usize>().ok());
    for (number, question) in QUESTIONS.iter().enumerate() {
        if only.is_some_and(|only| only != number) {
            lines.push("0 0 0 0".to_owned());
            continue;
        }
        let times = asker.measure(number);
        eprintln!("  {}: {}", question.name, told(&times));
        let Times { half, most, processor, count, from_disk, most_from_memory } = times;
        lines.push(format!("{half} {most} {processor} {count} {from_disk} {most_from_memory}"));
    }
    println!("{opened} {}\n{}\n{}", anonymous(), lines.join("\n"), asker.drawer.overtures.join(" "));
    let _ = std::io::stdout().flush();
}

/// Returns the megabytes of memory that no file stands behind.
fn anonymous() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let digits = line.and_then(|rest| rest.trim().strip_suffix(" kB"));
    digits.and_then(|digits| digits.trim().parse::<f64>().ok()).unwrap_or(0.0) / 1e3
}

/// Imports rows of JSON Lines through the API, and inserts the same into `SQLite`.
fn import(dir: &Path, count: u64, report: &mut Report) {
    let rows = (count / 10).clamp(1_000, 50_000);
    let file: Vec<u8> = Generator::new(building::SEED ^ 2, rows * 3)
        .filter(|drawn| drawn.event.kind().as_str() == "statement.public")
        .take(rows as usize)
        .enumerate()
        .flat_map(|(number, drawn)| {
            let envelope = drawn.event.envelope;
            let row = json!({"id": format!("r-{number}"), "kind": "statement.public", "channel": "media",
                "date": envelope.occurred.map(|date| date.to_string()), "from": "PRK", "to": "KOR",
                "summary": envelope.summary, "source": ["file"]});
            let mut line = row.to_string().into_bytes();
            line.push(b'\n');
            line
        })
        .collect();
    let rows = file.split(|byte| *byte == b'\n').count() - 1;
    let scratch = tempfile::Builder::new().prefix("demarche-import-").tempdir_in(dir).unwrap();
    let desk = Desk::init(&scratch.path().join("log"), "import", "Asia/Seoul").unwrap();
    let client = Client::in_process(desk).unwrap();
    let request = Request {
        method: Method::Post,
        path: "/v1/import".to_owned(),
        query: vec![("file".to_owned(), "rows.jsonl".to_owned())],
        actor: Some("bench".to_owned()),
        body: file.clone(),
        ..Request::default()
    };
    let begun = Instant::now();
    let reply = client.send(&request).unwrap();
    let ours = rows as f64 / begun.elapsed().as_secs_f64();
    assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
    let theirs = rows as f64 / inserted(scratch.path(), &file);
    report.ratio(
        "rows of JSON Lines imported through the API",
        ours,
        theirs,
        "SQLite, parsed and inserted",
        "–",
    );
}

/// Returns how many seconds rows take that are parsed and inserted in one transaction.
fn inserted(dir: &Path, file: &[u8]) -> f64 {
    let mut connection = rusqlite::Connection::open(dir.join("import.sqlite")).unwrap();
    connection
        .execute_batch(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
             CREATE TABLE rows (position INTEGER PRIMARY KEY, own TEXT UNIQUE, kind TEXT, date TEXT, body TEXT);
             CREATE INDEX by_kind ON rows (kind, date); CREATE INDEX by_date ON rows (date);
             CREATE VIRTUAL TABLE texts USING fts5(words, content='');",
        )
        .unwrap();
    let begun = Instant::now();
    let transaction = connection.transaction().unwrap();
    for (position, line) in file.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).enumerate() {
        let row: serde_json::Value = serde_json::from_slice(line).unwrap();
        let text = |field: &str| row[field].as_str().unwrap_or_default().to_owned();
        transaction
            .prepare_cached("INSERT INTO rows (position, own, kind, date, body) VALUES (?1, ?2, ?3, ?4, ?5)")
            .unwrap()
            .execute((position as i64, text("id"), text("kind"), text("date"), row.to_string()))
            .unwrap();
        transaction
            .prepare_cached("INSERT INTO texts (rowid, words) VALUES (?1, ?2)")
            .unwrap()
            .execute((position as i64, twin::bigrams(&text("summary"))))
            .unwrap();
    }
    transaction.commit().unwrap();
    begun.elapsed().as_secs_f64()
}
