//! Everything at once for a while: whether memory and open files stay where they are.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use http_body_util::BodyExt;
use serde_json::json;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio::time::{interval, sleep};

use super::calling::Caller;
use super::drawn;
use super::served::{Served, Taken, settle};
use crate::report::{Report, thousands};

const RECORDERS: u64 = 8;
/// Entries recorded in a second, all together.
const RECORDED: f64 = 100.0;
const ASKERS: u64 = 16;
const FOLLOWERS: u64 = 100;
/// How often is looked.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// What is asked, in turn.
const QUESTIONS: [&str; 8] = [
    "/v1/timeline?limit=50&kind=incident&party=PRK",
    "/v1/timeline?limit=50&from=1990&to=2010&reverse=true",
    "/v1/search?text=drills",
    "/v1/facets?by=kind,channel,from_party",
    "/v1/channels",
    "/v1/overtures",
    "/v1/changes?since=1&limit=50",
    "/v1/log",
];

/// What was looked at, and when.
struct Sample {
    minute: f64,
    entries: f64,
    taken: Taken,
}

/// What went on.
#[derive(Default)]
struct Done {
    is_over: AtomicBool,
    recorded: AtomicU64,
    asked: AtomicU64,
    followed: AtomicU64,
    exported: AtomicU64,
    refused: AtomicU64,
}

/// Has everything go on for so many minutes.
pub(crate) fn measure(runtime: &Runtime, dir: &Path, minutes: u64, report: &mut Report) {
    let scratch = tempfile::Builder::new().prefix("demarche-soak-").tempdir_in(dir).unwrap();
    let log = scratch.path().join("log");
    let served = Served::of_new(&log, &[]);
    let callers = Callers {
        script: served.caller("script", "recorder"),
        reader: served.caller("reader", "reader"),
        auditor: served.caller("auditor", "auditor"),
        stranger: served.stranger(),
    };
    let (samples, done) = runtime.block_on(soak(&served, &callers, Duration::from_secs(minutes * 60)));
    settle();
    let after = served.taken();
    served.stop();
    // The same log asked the same, by a server that has done nothing else.
    let anew = Served::of(&log, &[]);
    let reader = anew.caller("other", "reader");
    runtime.block_on(async {
        let mut askers = Vec::new();
        for mut connection in reader.connections(ASKERS as usize).await {
            askers.push(tokio::spawn(async move {
                for question in QUESTIONS.iter().cycle().take(400) {
                    connection.get(question).await;
                }
            }));
        }
        for asker in askers {
            asker.await.unwrap();
        }
    });
    settle();
    let fresh = anew.taken();
    anew.stop();
    tell(report, minutes, &samples, &done, [after, fresh]);
}

struct Callers {
    script: Caller,
    reader: Caller,
    auditor: Caller,
    stranger: Caller,
}

async fn soak(served: &Served, callers: &Callers, long: Duration) -> (Vec<Sample>, Arc<Done>) {
    let done = Arc::new(Done::default());
    let mut tasks: Vec<JoinHandle<()>> = Vec::new();
    tasks.extend(
        (0..RECORDERS).map(|number| tokio::spawn(record(callers.script.clone(), number, Arc::clone(&done)))),
    );
    tasks.extend(
        (0..ASKERS).map(|number| tokio::spawn(ask(callers.reader.clone(), number, Arc::clone(&done)))),
    );
    tasks.extend(
        (0..FOLLOWERS).map(|number| tokio::spawn(follow(callers.reader.clone(), number, Arc::clone(&done)))),
    );
    tasks.push(tokio::spawn(export(callers.auditor.clone(), Arc::clone(&done))));
    tasks.push(tokio::spawn(fail_to_come_in(callers.stranger.clone(), Arc::clone(&done))));
    let begun = Instant::now();
    let mut samples = Vec::new();
    while begun.elapsed() < long {
        sleep(LOOK_EVERY).await;
        let (minute, entries) =
            (begun.elapsed().as_secs_f64() / 60.0, done.recorded.load(Ordering::Relaxed) as f64);
        let taken = served.taken();
        eprintln!(
            "  minute {minute:.1}: {} kB anonymous, {} open files, {entries} entries, {} questions",
            taken.anonymous,
            taken.handles,
            done.asked.load(Ordering::Relaxed)
        );
        samples.push(Sample { minute, entries, taken });
    }
    done.is_over.store(true, Ordering::Relaxed);
    for task in tasks {
        task.await.unwrap();
    }
    (samples, done)
}

fn tell(report: &mut Report, minutes: u64, samples: &[Sample], done: &Done, [after, fresh]: [Taken; 2]) {
    let count = |of: &AtomicU64| thousands(of.load(Ordering::Relaxed) as f64);
    let what = format!("{minutes} minutes of everything at once");
    let went_on = format!(
        "{} entries recorded, {} questions, {} feeds that came and went, {} exports, {} logins refused",
        count(&done.recorded),
        count(&done.asked),
        count(&done.followed),
        count(&done.exported),
        count(&done.refused)
    );
    report.add(&what, "no request failed".to_owned(), went_on, "–");
    // The first fifth is warming up.
    let warm = &samples[samples.len() / 5..];
    let memory = |sample: &Sample| sample.taken.anonymous;
    let slope = slope(warm, |sample| sample.minute, memory);
    let (first, last) = (&warm[0], &warm[warm.len() - 1]);
    let grew = last.entries - first.entries;
    let how = format!(
        "{:.1} MB to {:.1} MB anonymous after the first fifth, while the log grew by {} entries: {:.0} bytes an entry",
        memory(first) / 1e3,
        memory(last) / 1e3,
        thousands(grew),
        (memory(last) - memory(first)) * 1e3 / grew.max(1.0)
    );
    report.add(&format!("{what}: memory"), format!("{slope:+.0} kB a minute"), how, "flat");
    let how = format!(
        "{:.1} MB anonymous when all were gone, against {:.1} MB of a server that was started anew on that log and \
         asked the same",
        after.anonymous / 1e3,
        fresh.anonymous / 1e3
    );
    report.add(
        &format!("{what}: memory that stays"),
        format!("{:.2}", after.anonymous / fresh.anonymous),
        how,
        "≤ 1.5",
    );
    let handles: Vec<usize> = warm.iter().map(|sample| sample.taken.handles).collect();
    let how = format!(
        "{} to {} while all were there, {} when they were gone, {} of a fresh server",
        handles.iter().min().unwrap_or(&0),
        handles.iter().max().unwrap_or(&0),
        after.handles,
        fresh.handles
    );
    let slope = self::slope(warm, |sample| sample.minute, |sample| sample.taken.handles as f64);
    report.add(&format!("{what}: open files"), format!("{slope:+.1} a minute"), how, "flat");
}

/// Returns by how much one grows with the other (least squares).
fn slope(samples: &[Sample], x: impl Fn(&Sample) -> f64, y: impl Fn(&Sample) -> f64) -> f64 {
    let count = samples.len() as f64;
    let (mean_x, mean_y) =
        (samples.iter().map(&x).sum::<f64>() / count, samples.iter().map(&y).sum::<f64>() / count);
    let above: f64 = samples.iter().map(|sample| (x(sample) - mean_x) * (y(sample) - mean_y)).sum();
    let below: f64 = samples.iter().map(|sample| (x(sample) - mean_x).powi(2)).sum();
    above / below.max(f64::MIN_POSITIVE)
}

async fn record(script: Caller, number: u64, done: Arc<Done>) {
    let mut connection = script.connect().await;
    let mut ticks = interval(Duration::from_secs_f64(RECORDERS as f64 / RECORDED));
    for entry in number << 32.. {
        ticks.tick().await;
        if done.is_over.load(Ordering::Relaxed) {
            return;
        }
        connection.record(&drawn::entry(entry)).await;
        done.recorded.fetch_add(1, Ordering::Relaxed);
    }
}

/// Asks question after question, on a connection that is left now and then.
async fn ask(reader: Caller, number: u64, done: Arc<Done>) {
    loop {
        let mut connection = reader.connect().await;
        for question in QUESTIONS.iter().cycle().skip(number as usize % QUESTIONS.len()).take(500) {
            if done.is_over.load(Ordering::Relaxed) {
                return;
            }
            connection.get(question).await;
            done.asked.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Follows for a while, goes away without a word, and comes again.
async fn follow(reader: Caller, number: u64, done: Arc<Done>) {
    loop {
        let mut connection = reader.connect().await;
        let mut feed = connection.begin("/v1/events?after=0").await.into_body();
        for _ in 0..20 + number % 50 {
            if done.is_over.load(Ordering::Relaxed) {
                return;
            }
            let heard = tokio::time::timeout(Duration::from_secs(2), feed.frame()).await;
            if let Ok(frame) = heard {
                frame.expect("a feed has no end").unwrap();
            }
        }
        done.followed.fetch_add(1, Ordering::Relaxed);
    }
}

async fn export(auditor: Caller, done: Arc<Done>) {
    let mut connection = auditor.connect().await;
    for target in ["/v1/exports/csv?limit=2000", "/v1/export?from=0&to=2000", "/v1/exports/jsonl?limit=2000"]
        .iter()
        .cycle()
    {
        if done.is_over.load(Ordering::Relaxed) {
            return;
        }
        connection.get(target).await;
        done.exported.fetch_add(1, Ordering::Relaxed);
        sleep(Duration::from_secs(2)).await;
    }
}

/// Tries passwords, which are wrong, under names that nobody has and one that somebody has.
async fn fail_to_come_in(stranger: Caller, done: Arc<Done>) {
    let mut connection = stranger.connect().await;
    for number in 0_u64.. {
        if done.is_over.load(Ordering::Relaxed) {
            return;
        }
        let name = if number.is_multiple_of(4) { "reader".to_owned() } else { format!("nobody-{number}") };
        let login = json!({ "account": name, "password": format!("wrong {number}") });
        let (status, answer) = connection.post("/v1/login", login.to_string()).await;
        assert!(matches!(status, 401 | 429), "{status} {}", String::from_utf8_lossy(&answer));
        done.refused.fetch_add(1, Ordering::Relaxed);
        sleep(Duration::from_millis(500)).await;
    }
}
