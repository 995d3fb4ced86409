//! A thousand who follow the log: whether each is told everything in order, how soon, and what each costs.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::runtime::Runtime;
use tokio::time::interval;

use super::calling::Caller;
use super::served::{Served, settle};
use super::{at, drawn};
use crate::report::{Report, thousands};

const FOLLOWERS: usize = 1_000;
/// Entries recorded in a second, one a submission, and for how long.
const RATES: [u32; 2] = [5, 20];
const LONG: Duration = Duration::from_secs(20);
/// So many are recorded at the higher rate while nobody follows.
const WARMED: u64 = 200;
/// What of a summary says when it was sent.
const SENT: &str = "sent at ";

/// Measures those who follow.
pub(crate) fn measure(runtime: &Runtime, dir: &Path, report: &mut Report) {
    let scratch = tempfile::Builder::new().prefix("demarche-feeds-").tempdir_in(dir).unwrap();
    for (options, kept) in
        [(&[][..], "each read noted in the access log"), (&["--no-read-log"], "no access log")]
    {
        let served = Served::of_new(&scratch.path().join(kept.replace(' ', "-")), options);
        let (follower, script) = (served.caller("follower", "reader"), served.caller("script", "recorder"));
        // What a server has once it worked is no matter of those who follow.
        runtime.block_on(warm(&follower, &script));
        settle();
        let before = served.taken();
        for rate in RATES {
            let (told, [idle, taken]) = runtime.block_on(follow(&served, &follower, &script, rate));
            let mut delays = told;
            delays.sort_by(f64::total_cmp);
            let what = format!(
                "an entry told to {} who follow, {rate} a second, {kept}, p99",
                thousands(FOLLOWERS as f64)
            );
            let how = format!(
                "from when it was sent to be recorded; median {:.0} ms, at most {:.0} ms; each of {} was told \
                 everything once and in order",
                at(&delays, 0.5),
                at(&delays, 1.0),
                thousands(FOLLOWERS as f64)
            );
            report.add(&what, format!("{:.0} ms", at(&delays, 0.99)), how, "≤ 200 ms");
            let each = |after: f64, before: f64| (after - before) / FOLLOWERS as f64;
            let how = format!(
                "anonymous; resident {:.1} kB; {:.1} kB before anything came; {:.2} open files each",
                each(taken.resident, before.resident),
                each(idle.anonymous, before.anonymous),
                each(taken.handles as f64, before.handles as f64)
            );
            let what = format!("memory for each who follows, {rate} a second, {kept}");
            report.add(&what, format!("{:.1} kB", each(taken.anonymous, before.anonymous)), how, "≤ 20 kB");
        }
        served.stop();
    }
}

/// Has the server do everything that it does here, with many at once.
async fn warm(follower: &Caller, script: &Caller) {
    let mut tasks = Vec::new();
    for (number, mut connection) in script.connections(64).await.into_iter().enumerate() {
        tasks.push(tokio::spawn(async move {
            for entry in 0..20 {
                connection.record(&drawn::entry((number * 100 + entry) as u64)).await;
            }
        }));
    }
    for mut connection in follower.connections(64).await {
        tasks.push(tokio::spawn(async move {
            connection.get("/v1/events?catch_up=true").await;
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    // One after the other, as they come here: full text is committed otherwise where many come at once.
    let mut connection = script.connect().await;
    let mut ticks = interval(Duration::from_secs(1) / RATES[1]);
    for number in 0..WARMED {
        ticks.tick().await;
        connection.record(&drawn::entry(number)).await;
    }
}

/// Records at a pace while all follow, and returns after how many milliseconds each was told, and what the server
/// took of the machine before anything came and towards the end.
async fn follow(
    served: &Served,
    follower: &Caller,
    script: &Caller,
    rate: u32,
) -> (Vec<f64>, [super::served::Taken; 2]) {
    let begun = Instant::now();
    let (told, ends) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let last = last_position(script).await;
    let mut following = Vec::with_capacity(FOLLOWERS);
    for mut connection in follower.connections(FOLLOWERS).await {
        let response = connection.begin(&format!("/v1/events?after={last}")).await;
        assert!(response.status().is_success(), "{}", response.status());
        let (told, ends) = (Arc::clone(&told), Arc::clone(&ends));
        following.push(tokio::spawn(async move {
            let heard = hear(response.into_body(), begun, &told, &ends).await;
            drop(connection);
            heard
        }));
    }
    let idle = served.taken();
    let mut connection = script.connect().await;
    let mut ticks = interval(Duration::from_secs(1) / rate);
    let count = u64::from(rate) * LONG.as_secs();
    for number in 0..count {
        ticks.tick().await;
        let mark = format!("{SENT}{} ", begun.elapsed().as_micros());
        connection.record(&drawn::entry_with(number, &mark)).await;
    }
    let taken = served.taken();
    let waited = Instant::now();
    while told.load(Ordering::Relaxed) < FOLLOWERS * count as usize {
        assert!(waited.elapsed() < Duration::from_mins(1), "{} were told", told.load(Ordering::Relaxed));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    ends.store(true, Ordering::Relaxed);
    // Another entry, upon which all who hear it end.
    connection.record(&drawn::entry(count)).await;
    let mut delays = Vec::new();
    for following in following {
        let heard = following.await.unwrap();
        assert!(heard.len() as u64 == count, "{} of {count}", heard.len());
        delays.extend(heard);
    }
    (delays, [idle, taken])
}

async fn last_position(caller: &Caller) -> u64 {
    let answer = caller.connect().await.get("/v1/log").await;
    let answer: serde_json::Value = serde_json::from_slice(&answer).unwrap();
    answer["data"]["size"].as_u64().unwrap() - 1
}

/// Hears a feed until the end is said, and returns after how many milliseconds each entry was told, all of which must
/// come one after the other.
async fn hear(mut feed: Incoming, begun: Instant, told: &AtomicUsize, ends: &AtomicBool) -> Vec<f64> {
    let (mut buffer, mut delays, mut last) = (String::new(), Vec::new(), None::<u64>);
    loop {
        let frame = feed.frame().await.expect("a feed has no end").unwrap();
        let Ok(bytes) = frame.into_data() else { continue };
        buffer.push_str(std::str::from_utf8(&bytes).unwrap());
        let now = begun.elapsed().as_micros();
        let end = buffer.rfind("\n\n").map_or(0, |end| end + 2);
        for event in buffer[..end].split("\n\n").filter(|event| event.contains("\nevent: entry\n")) {
            if ends.load(Ordering::Relaxed) {
                return delays;
            }
            let position = event.strip_prefix("id: ").and_then(|rest| rest.split('\n').next());
            let position: u64 = position.expect("a position").parse().unwrap();
            assert!(last.is_none_or(|last| last < position), "{position} came after {last:?}");
            last = Some(position);
            let sent = event.split(SENT).nth(1).and_then(|rest| rest.split(' ').next());
            let sent: u128 = sent.expect("when it was sent").parse().unwrap();
            delays.push(now.saturating_sub(sent) as f64 / 1e3);
            told.fetch_add(1, Ordering::Relaxed);
        }
        buffer.drain(..end);
    }
}
