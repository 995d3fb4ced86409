//! How long a page takes while many ask at once and others record.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::time::{MissedTickBehavior, interval};

use super::calling::{Caller, Connection};
use super::served::Served;
use super::{at, drawn};
use crate::large::building::Built;
use crate::large::questions::Drawer;
use crate::report::{Report, thousands};

const ASKERS: usize = 64;
const RECORDERS: usize = 16;
/// Entries recorded in a second, all together.
const RECORDED: f64 = 500.0;
/// How long everyone asks before it is measured, and then.
const BEFORE: Duration = Duration::from_secs(5);
const MEASURED: Duration = Duration::from_secs(20);

/// How those who ask go about it.
#[derive(Clone, Copy)]
enum Pace {
    /// The next page as soon as there is one.
    Ceaseless,
    /// A page in so much time each, whatever the one before took.
    Each(Duration),
}

/// Measures pages of 50 with two filters, of a log of so many events.
pub(crate) fn measure(runtime: &Runtime, dir: &Path, events: u64, report: &mut Report) {
    let built = Built::of(dir, events);
    let scratch = tempfile::Builder::new().prefix("demarche-pages-").tempdir_in(dir).unwrap();
    // What is recorded meanwhile is in nobody's way afterwards.
    let log = scratch.path().join("log");
    copy(&built.log(), &log);
    let served = Served::of(&log, &[]);
    let (asking, recording) = (served.caller("asker", "reader"), served.caller("script", "recorder"));
    for (pace, how_they_ask, aim) in [
        (Pace::Each(Duration::from_millis(250)), "each 4 a second", "≤ 20 ms"),
        (Pace::Ceaseless, "each the next at once", "≤ 20 ms"),
    ] {
        let (mut times, recorded) = runtime.block_on(all_at_once(&asking, &recording, pace));
        times.sort_by(f64::total_cmp);
        let what = format!(
            "timeline page of 50 with two filters over HTTP, {ASKERS} clients, {how_they_ask}, {} events, p99",
            thousands(events as f64)
        );
        let how = format!(
            "median {:.2} ms, {} pages a second, while {} entries a second were recorded",
            at(&times, 0.5),
            thousands(times.len() as f64 / MEASURED.as_secs_f64()),
            thousands(recorded)
        );
        report.add(&what, format!("{:.1} ms", at(&times, 0.99)), how, aim);
    }
    served.stop();
}

/// Returns how many milliseconds each page took, and how many entries a second were recorded meanwhile.
async fn all_at_once(asking: &Caller, recording: &Caller, pace: Pace) -> (Vec<f64>, f64) {
    let (done, recorded) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut recorders = Vec::new();
    for (number, connection) in recording.connections(RECORDERS).await.into_iter().enumerate() {
        let (done, recorded) = (Arc::clone(&done), Arc::clone(&recorded));
        recorders.push(tokio::spawn(record(connection, number as u64, done, recorded)));
    }
    let begun = Instant::now() + BEFORE;
    let mut askers = Vec::new();
    for (number, mut connection) in asking.connections(ASKERS).await.into_iter().enumerate() {
        askers.push(tokio::spawn(async move {
            let mut drawer = Drawer::new();
            drawer.begin(number);
            let mut times = Vec::new();
            let mut ticks = match pace {
                Pace::Ceaseless => None,
                Pace::Each(every) => {
                    // Not all at the same moment.
                    tokio::time::sleep(every.mul_f64(number as f64 / ASKERS as f64)).await;
                    Some(interval(every))
                }
            };
            loop {
                if let Some(ticks) = &mut ticks {
                    ticks.tick().await;
                }
                let target = target(&drawer.page());
                let asked = Instant::now();
                if asked >= begun + MEASURED {
                    return times;
                }
                connection.get(&target).await;
                if asked >= begun {
                    times.push(asked.elapsed().as_secs_f64() * 1e3);
                }
            }
        }));
    }
    tokio::time::sleep_until(begun.into()).await;
    let before = recorded.load(Ordering::Relaxed);
    tokio::time::sleep_until((begun + MEASURED).into()).await;
    let rate = (recorded.load(Ordering::Relaxed) - before) as f64 / MEASURED.as_secs_f64();
    done.store(true, Ordering::Relaxed);
    let mut times = Vec::new();
    for asker in askers {
        times.extend(asker.await.unwrap());
    }
    for recorder in recorders {
        recorder.await.unwrap();
    }
    (times, rate)
}

/// Records at its share of the pace, until it is done.
async fn record(mut connection: Connection, number: u64, done: Arc<AtomicBool>, recorded: Arc<AtomicU64>) {
    let mut ticks = interval(Duration::from_secs_f64(RECORDERS as f64 / RECORDED));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let from = number << 32;
    for entry in from.. {
        ticks.tick().await;
        if done.load(Ordering::Relaxed) {
            return;
        }
        connection.record(&drawn::entry(entry)).await;
        recorded.fetch_add(1, Ordering::Relaxed);
    }
}

/// Returns the target of a request for a page.
pub(crate) fn target(query: &[(String, String)]) -> String {
    let mut target = "/v1/timeline".to_owned();
    for (place, (name, value)) in query.iter().enumerate() {
        target.push(if place == 0 { '?' } else { '&' });
        target.extend([name, "=", &escaped(value)]);
    }
    target
}

fn escaped(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    value
        .bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// Copies a directory with everything in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let into = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &into);
        } else if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), into).unwrap();
        }
    }
}
