//! Builds the log, and measures what an event costs on the way.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use demarche::domain::id::RequestId;
use demarche::domain::timestamp::Timestamp;
use demarche::projections::{Access, Projections};
use demarche::store::segment::SegmentStore;
use demarche::store::{Clock, Condition, EventStore, NewEvent};

use super::generator::{BEGINS, Drawn, Generator};
use super::random::Random;

/// What decides the log.
pub(crate) const SEED: u64 = 0x05ee_d0fa_10c5;
/// How many events are recorded as one unit.
const UNIT: usize = 1_000;

/// A log that was built.
pub(crate) struct Built {
    pub(crate) dir: PathBuf,
    pub(crate) count: u64,
    /// Events recorded in a second; the time of whoever draws them is not counted.
    pub(crate) rate: f64,
    /// What an event cost in microseconds, up to each power of ten.
    pub(crate) costs: Vec<(u64, f64)>,
}

impl Built {
    pub(crate) fn log(&self) -> PathBuf {
        self.dir.join("log")
    }

    fn marker(dir: &Path) -> PathBuf {
        dir.join("built")
    }

    /// Returns the log of so many events in a directory: the one that is there, or a new one.
    pub(crate) fn of(dir: &Path, count: u64) -> Self {
        let dir = dir.join(format!("large-{SEED:x}-{count}"));
        if let Ok(marker) = std::fs::read_to_string(Self::marker(&dir)) {
            let mut lines = marker.lines();
            let rate =
                lines.next().and_then(|rate| rate.parse().ok()).expect("the rate at which it was built");
            let costs = lines.filter_map(|line| {
                let (size, cost) = line.split_once(' ')?;
                Some((size.parse().ok()?, cost.parse().ok()?))
            });
            return Self { costs: costs.collect(), dir, count, rate };
        }
        // What was begun and not ended is no log of this size.
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        let built = Self::build(dir, count);
        let costs: String = built
            .costs
            .iter()
            .flat_map(|(size, cost)| ["\n".to_owned(), size.to_string(), " ".to_owned(), cost.to_string()])
            .collect();
        std::fs::write(Self::marker(&built.dir), format!("{}{costs}", built.rate)).unwrap();
        built
    }

    fn build(dir: PathBuf, count: u64) -> Self {
        let now = Arc::new(AtomicI64::new(BEGINS));
        let store = Arc::new(SegmentStore::create(&dir.join("log"), "large", clock(&now)).unwrap());
        // Taken in as they come, in memory: what is saved to disk, and full text, are measured apart.
        let (log, zone) = (Arc::clone(&store) as Arc<dyn EventStore>, "Asia/Seoul".parse().unwrap());
        let projections = Projections::open(None, log, zone, Access::Writable).unwrap();
        let mut requests = Random::of(SEED ^ 1);
        let mut generator = Generator::new(SEED, count);
        let (mut done, mut whole, mut costs) = (0, Duration::ZERO, Vec::new());
        let (mut since, mut spent) = (0, Duration::ZERO);
        let mut goal = 10_000;
        loop {
            let drawn: Vec<Drawn> = generator.by_ref().take(UNIT).collect();
            let Some(last) = drawn.last() else { break };
            now.store(last.at, Ordering::Release);
            let events: Vec<NewEvent> = drawn.into_iter().map(Drawn::into_new).collect();
            let len = events.len() as u64;
            let request = RequestId::from_uuid(requests.uuid());
            let begun = Instant::now();
            store.append(events, Condition::default(), request).unwrap();
            projections.catch_up().unwrap();
            let took = begun.elapsed();
            done += len;
            whole += took;
            if done + goal / 5 > goal {
                since += len;
                spent += took;
            }
            if done >= goal {
                costs.push((goal, spent.as_secs_f64() * 1e6 / since as f64));
                eprintln!("{goal} events: {:.1} µs each", costs[costs.len() - 1].1);
                goal *= 10;
                (since, spent) = (0, Duration::ZERO);
            }
        }
        drop(projections);
        let rate = done as f64 / whole.as_secs_f64();
        Self { dir, count, rate, costs }
    }
}

/// Returns a clock that others set.
pub(crate) fn clock(now: &Arc<AtomicI64>) -> Clock {
    let now = Arc::clone(now);
    Arc::new(move || Timestamp::from_micros(now.load(Ordering::Acquire)).expect("a moment"))
}
