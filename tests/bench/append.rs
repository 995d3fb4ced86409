//! How fast events become durable.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use demarche::domain::id::RequestId;
use demarche::store::segment::SegmentStore;
use demarche::store::{Condition, EventStore, NewEvent};

use crate::baseline::{PlainFile, Queue, Sqlite, SqliteRow};
use crate::events;
use crate::report::{Report, median, thousands};

const ROUNDS: usize = 7;

/// Runs the same work on every engine in turn, round by round.
pub(crate) fn measure(dir: &Path, report: &mut Report) {
    let mut bench = Bench::new(dir);
    for (group, commits, aims) in [(1, 400, ["≥ 1.1", "–"]), (100, 60, ["≥ 0.4", "≥ 1.3"])] {
        let mut rates: [Vec<f64>; 3] = Default::default();
        for _ in 0..ROUNDS {
            rates[0].push(bench.log(group, commits));
            rates[1].push(bench.plain(group, commits));
            rates[2].push(bench.sqlite(group, commits));
        }
        let [log, plain, sqlite] = rates.map(median);
        let what = format!("durable append, {group} event{} per commit", if group == 1 { "" } else { "s" });
        report.ratio(&what, log, plain, "a plain file with fdatasync", aims[0]);
        report.ratio(&what, log, sqlite, "SQLite", aims[1]);
    }
    concurrent(&mut bench, report);
}

fn concurrent(bench: &mut Bench, report: &mut Report) {
    const APPENDERS: usize = 64;
    const EACH: usize = 60;
    let mut rates: [Vec<f64>; 3] = Default::default();
    for _ in 0..ROUNDS {
        let [ours, queued, rows] = [(); 3].map(|()| (0..APPENDERS).map(|_| bench.take(EACH)).collect());
        rates[0].push(together(ours, |event| {
            bench.log.append(vec![event], Condition::default(), request()).unwrap();
        }));
        rates[1].push(together(queued, |event| bench.queue.append(&event.body)));
        rates[2].push(together(rows, |event| bench.sqlite.append(&[row(&event)])));
    }
    let [log, queue, sqlite] = rates.map(median);
    let what = "durable append, 64 at once, each of 1 event";
    report.ratio(what, log, queue, "a plain file behind the same queue", "≥ 0.7");
    report.ratio(what, log, sqlite, "SQLite", "≥ 10");
    report.add("events in one commit at 64 at once", thousands(log), "per second".to_owned(), "–");
}

/// Returns how many events a second all threads together got durable.
fn together(work: Vec<Vec<NewEvent>>, append: impl Fn(NewEvent) + Sync) -> f64 {
    let count: usize = work.iter().map(Vec::len).sum();
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for events in work {
            scope.spawn(|| events.into_iter().for_each(&append));
        }
    });
    count as f64 / begun.elapsed().as_secs_f64()
}

fn request() -> RequestId {
    RequestId::from_uuid(uuid::Uuid::new_v4())
}

fn row(event: &NewEvent) -> SqliteRow<'_> {
    let id = uuid::Uuid::new_v4().into_bytes();
    let stream = *event.streams[0].as_uuid().as_bytes();
    SqliteRow { id, stream, kind: "call.answered", occurred: "2025-11-17", body: &event.body }
}

struct Bench {
    log: Arc<SegmentStore>,
    plain: PlainFile,
    queue: Queue,
    sqlite: Sqlite,
    number: u64,
}

impl Bench {
    fn new(dir: &Path) -> Self {
        let clock = demarche::desk::clock::system();
        Self {
            log: Arc::new(SegmentStore::create(&dir.join("append"), "bench", clock).unwrap()),
            plain: PlainFile::create(&dir.join("plain")),
            queue: Queue::create(&dir.join("queue")),
            sqlite: Sqlite::create(&dir.join("append.sqlite")),
            number: 0,
        }
    }

    fn take(&mut self, count: usize) -> Vec<NewEvent> {
        let from = self.number;
        self.number += count as u64;
        (from..self.number).map(events::event).collect()
    }

    fn groups(&mut self, group: usize, commits: usize) -> Vec<Vec<NewEvent>> {
        (0..commits).map(|_| self.take(group)).collect()
    }

    fn log(&mut self, group: usize, commits: usize) -> f64 {
        let groups = self.groups(group, commits);
        let condition = |events: &[NewEvent]| Condition {
            expect: vec![(events[0].streams[0], demarche::store::Expect::Any)],
        };
        timed(groups, group, |events| {
            let condition = condition(&events);
            self.log.append(events, condition, request()).unwrap();
        })
    }

    fn plain(&mut self, group: usize, commits: usize) -> f64 {
        let groups = self.groups(group, commits);
        timed(groups, group, |events| {
            self.plain.append(&events.iter().map(|event| event.body.as_str()).collect::<Vec<_>>());
        })
    }

    fn sqlite(&mut self, group: usize, commits: usize) -> f64 {
        let groups = self.groups(group, commits);
        timed(groups, group, |events| self.sqlite.append(&events.iter().map(row).collect::<Vec<_>>()))
    }
}

fn timed(groups: Vec<Vec<NewEvent>>, group: usize, mut append: impl FnMut(Vec<NewEvent>)) -> f64 {
    let count = groups.len() * group;
    let begun = Instant::now();
    groups.into_iter().for_each(&mut append);
    count as f64 / begun.elapsed().as_secs_f64()
}
