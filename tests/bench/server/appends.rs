//! How many entries a second become durable over HTTP, one a request, beside the same in this process and beside
//! `PostgreSQL`.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use demarche::desk::Desk;
use demarche::desk::ask::{Caller as Name, RecordAsk};
use demarche::domain::id::RequestId;
use demarche::store::segment::SegmentStore;
use demarche::store::{Condition, EventStore, NewEvent};
use tokio::runtime::Runtime;

use super::calling::Connection;
use super::postgres::Postgres;
use super::served::Served;
use super::{at, drawn};
use crate::events;
use crate::report::{Report, median, thousands};

const ROUNDS: usize = 5;
/// How many at once, and how many entries each records in a round.
const CLIENTS: [(usize, usize); 4] = [(1, 300), (16, 60), (64, 40), (256, 12)];
/// Those at whose number the aims are said.
const AIMED: usize = 64;

/// Runs the same work on every engine in turn, round by round.
pub(crate) fn measure(runtime: &Runtime, dir: &Path, report: &mut Report) {
    let scratch = tempfile::Builder::new().prefix("demarche-appends-").tempdir_in(dir).unwrap();
    let served = Served::of_new(&scratch.path().join("served"), &[]);
    let caller = served.caller("script", "recorder");
    let postgres = Postgres::start(dir);
    if let Err(why) = &postgres {
        eprintln!("skipped: PostgreSQL 15 is not measured: {why}");
    }
    let mut bench = Bench::of(scratch.path());
    for (clients, each) in CLIENTS {
        let mut connections = runtime.block_on(caller.connections(clients));
        let (mut rates, mut times): ([Vec<f64>; 4], _) = (Default::default(), Vec::new());
        bench.over_http(runtime, &mut connections, each / 4 + 1, &mut Vec::new());
        for _ in 0..ROUNDS {
            rates[0].push(bench.over_http(runtime, &mut connections, each, &mut times));
            rates[1].push(bench.by_store(clients, each));
            rates[2].push(bench.by_desk(clients, each));
            if let Ok(postgres) = &postgres {
                rates[3].push(postgres.inserts(clients, each));
            }
        }
        times.sort_by(f64::total_cmp);
        tell(report, clients, rates, &times);
    }
    drop(bench);
    served.stop();
}

/// Measures what an entry costs the processor without a server: the store and the desk in this process in turn, as many
/// at once as the aims are said at.
pub(crate) fn measure_in_process(dir: &Path, report: &mut Report) {
    let scratch = tempfile::Builder::new().prefix("demarche-recording-").tempdir_in(dir).unwrap();
    let mut bench = Bench::of(scratch.path());
    let (clients, each) = (AIMED, 4 * CLIENTS[2].1);
    let (mut rates, mut costs): ([Vec<f64>; 2], [Vec<f64>; 2]) = Default::default();
    bench.by_desk(clients, each / 4);
    for _ in 0..ROUNDS {
        for (engine, (rates, costs)) in rates.iter_mut().zip(&mut costs).enumerate() {
            let before = processor_micros();
            rates.push(if engine == 0 {
                bench.by_store(clients, each)
            } else {
                bench.by_desk(clients, each)
            });
            costs.push((processor_micros() - before) / (clients * each) as f64);
        }
    }
    let [store, desk] = costs.map(median);
    let [by_store, by_desk] = rates.map(median);
    report.ratio(
        &format!("entries recorded by the desk in this process, {clients} threads"),
        by_desk,
        by_store,
        "the store in this process",
        "–",
    );
    report.add(
        &format!("time of processors for an entry, {clients} threads at once"),
        format!("{desk:.0} µs"),
        format!("of which the store {store:.0} µs"),
        "≤ 60 µs",
    );
}

/// Returns how long this process kept processors busy so far, in microseconds.
fn processor_micros() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(") ").next().unwrap_or_default();
    let ticks = fields.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<f64>().unwrap_or_default());
    // A hundred ticks a second, on every Linux there is.
    ticks.sum::<f64>() * 1e4
}

fn tell(report: &mut Report, clients: usize, rates: [Vec<f64>; 4], times: &[f64]) {
    let aim = |aim: &'static str| if clients == AIMED { aim } else { "–" };
    let [http, store, desk, postgres] = rates.map(|rates| if rates.is_empty() { 0.0 } else { median(rates) });
    let what = format!("POST /v1/entries, {clients} client{}", if clients == 1 { "" } else { "s" });
    let how = format!("answered in {:.1} ms at the median, p99 {:.1} ms", at(times, 0.5), at(times, 0.99));
    report.add(&what, format!("{} /s", thousands(http)), how, "–");
    let threads = format!("the store in this process, {clients} threads");
    report.ratio(&what, http, store, &threads, aim("≥ 0.15"));
    let threads = format!("the desk in this process, {clients} threads");
    report.ratio(&what, http, desk, &threads, aim("≥ 0.15"));
    if postgres > 0.0 {
        report.ratio(&what, http, postgres, "PostgreSQL, one insert per commit", aim("≥ 3"));
    }
}

struct Bench {
    store: Arc<SegmentStore>,
    desk: Desk,
    number: u64,
}

impl Bench {
    /// Begins a log for the store, and one for the desk.
    fn of(dir: &Path) -> Self {
        let clock = demarche::desk::clock::system();
        Self {
            store: Arc::new(SegmentStore::create(&dir.join("store"), "bench", clock).unwrap()),
            desk: Desk::init(&dir.join("desk"), "bench", "Asia/Seoul").unwrap(),
            number: 0,
        }
    }

    fn numbers(&mut self, clients: usize, each: usize) -> Vec<std::ops::Range<u64>> {
        let from = self.number;
        self.number += (clients * each) as u64;
        (0..clients as u64)
            .map(|client| from + client * each as u64..from + (client + 1) * each as u64)
            .collect()
    }

    fn over_http(
        &mut self,
        runtime: &Runtime,
        connections: &mut Vec<Connection>,
        each: usize,
        times: &mut Vec<f64>,
    ) -> f64 {
        let work: Vec<Vec<serde_json::Value>> = self
            .numbers(connections.len(), each)
            .into_iter()
            .map(|numbers| numbers.map(drawn::entry).collect())
            .collect();
        let count = connections.len() * each;
        let begun = Instant::now();
        let done = runtime.block_on(async {
            let mut tasks = Vec::with_capacity(work.len());
            for (mut connection, entries) in connections.drain(..).zip(work) {
                tasks.push(tokio::spawn(async move {
                    let mut times = Vec::with_capacity(entries.len());
                    for entry in &entries {
                        let asked = Instant::now();
                        connection.record(entry).await;
                        times.push(asked.elapsed().as_secs_f64() * 1e3);
                    }
                    (connection, times)
                }));
            }
            let mut done = Vec::with_capacity(tasks.len());
            for task in tasks {
                done.push(task.await.unwrap());
            }
            done
        });
        let took = begun.elapsed();
        for (connection, took) in done {
            connections.push(connection);
            times.extend(took);
        }
        count as f64 / took.as_secs_f64()
    }

    fn by_store(&mut self, threads: usize, each: usize) -> f64 {
        let work: Vec<Vec<NewEvent>> = self
            .numbers(threads, each)
            .into_iter()
            .map(|numbers| numbers.map(events::event).collect())
            .collect();
        together(work, |event| {
            let request = RequestId::from_uuid(uuid::Uuid::new_v4());
            self.store.append(vec![event], Condition::default(), request).unwrap();
        })
    }

    fn by_desk(&mut self, threads: usize, each: usize) -> f64 {
        let work: Vec<Vec<RecordAsk>> = self
            .numbers(threads, each)
            .into_iter()
            .map(|numbers| {
                numbers
                    .map(|number| RecordAsk { entries: vec![drawn::entry(number)], ..RecordAsk::default() })
                    .collect()
            })
            .collect();
        let name = Name { actor: "script".to_owned(), tz: None };
        together(work, |ask| {
            self.desk.record(&name, &ask).unwrap();
        })
    }
}

/// Returns how many a second all threads together got durable.
fn together<W: Send>(work: Vec<Vec<W>>, append: impl Fn(W) + Sync) -> f64 {
    let count: usize = work.iter().map(Vec::len).sum();
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for own in work {
            scope.spawn(|| own.into_iter().for_each(&append));
        }
    });
    count as f64 / begun.elapsed().as_secs_f64()
}
