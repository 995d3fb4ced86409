//! Sends spans to a collector, many at once, from a thread of its own.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cli::serve::traces::span::Ended;
use crate::http::outside::deliver;

/// So many spans wait at most; what comes then is dropped.
const WAITING_MAX: usize = 4_096;
/// So many are sent at once.
const AT_ONCE_MAX: usize = 512;
/// How long the first of them waits for others.
const GATHER: Duration = Duration::from_secs(1);
/// How long the collector has for an answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long it is left alone after it gave none.
const REST: Duration = Duration::from_secs(15);
/// How long the last spans have at the end.
const FAREWELL: Duration = Duration::from_secs(2);
/// How often it is said that more came than could be sent.
const SAY_EVERY: Duration = Duration::from_mins(1);
/// How often the thread looks whether it is told to end.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// To whom it is told, and as whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli::serve) struct Collector {
    /// The address without the path of the signal, as `http://127.0.0.1:4318`.
    pub(in crate::cli::serve) endpoint: String,
    /// The name of this server among others.
    pub(in crate::cli::serve) service: String,
}

/// The collector is told nothing; nothing was begun.
#[derive(Debug, thiserror::Error)]
pub(in crate::cli::serve) enum TracesError {
    /// The address is none.
    #[error("`{0}` is no address of a collector")]
    Address(String),
    /// The system gives no thread.
    #[error("the system gives no thread for the collector")]
    Thread(#[source] io::Error),
}

/// The thread that sends.
pub(in crate::cli::serve) struct Sending {
    ends: Arc<AtomicBool>,
    thread: JoinHandle<()>,
    over: Receiver<()>,
}

pub(super) type Begun = (Sending, SyncSender<Ended>, Arc<AtomicU64>);

pub(super) fn begin(collector: Collector) -> Result<Begun, TracesError> {
    let is_plain = |endpoint: &str| {
        let rest = endpoint.strip_prefix("http://").or_else(|| endpoint.strip_prefix("https://"));
        rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/') && !rest.contains(['?', '#', '@']))
            && endpoint.bytes().all(|byte| byte.is_ascii_graphic())
    };
    if !is_plain(&collector.endpoint) {
        return Err(TracesError::Address(collector.endpoint));
    }
    let (queue, waiting) = sync_channel(WAITING_MAX);
    let (tell, over) = sync_channel(1);
    let (ends, lost) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let url = format!("{}/v1/traces", collector.endpoint.trim_end_matches('/'));
    let (is_over, missed) = (Arc::clone(&ends), Arc::clone(&lost));
    let thread = std::thread::Builder::new()
        .name("demarche-traces".to_owned())
        .spawn(move || {
            Sender { url, service: collector.service, lost: missed, rests_until: None, said: None }
                .run(&waiting, &is_over);
            // Whoever waited no longer needs to know.
            let _ = tell.try_send(());
        })
        .map_err(TracesError::Thread)?;
    Ok((Sending { ends, thread, over }, queue, lost))
}

impl Sending {
    /// Sends what still waits, for two seconds at most.
    pub(in crate::cli::serve) fn stop(self) {
        self.ends.store(true, Ordering::Relaxed);
        if self.over.recv_timeout(FAREWELL).is_ok() {
            // It said that it is over, or panicked, of which the log of the program tells.
            let _ = self.thread.join();
        }
    }
}

struct Sender {
    url: String,
    service: String,
    lost: Arc<AtomicU64>,
    /// The collector gave no answer, and is left alone until then.
    rests_until: Option<Instant>,
    /// When it was said last that more came than could be sent.
    said: Option<Instant>,
}

impl Sender {
    fn run(mut self, waiting: &Receiver<Ended>, ends: &AtomicBool) {
        loop {
            let is_last = ends.load(Ordering::Relaxed);
            let (spans, is_gone) = gather(waiting, is_last);
            if !spans.is_empty() {
                self.send(&spans);
            }
            if is_gone || is_last {
                return;
            }
        }
    }

    fn send(&mut self, spans: &[Ended]) {
        if self.rests_until.is_some_and(|until| Instant::now() < until) {
            self.lose(spans);
            return;
        }
        let told = self.told(spans).to_string();
        let why = match deliver(&self.url, told.as_bytes(), PATIENCE) {
            Ok(200..=299) => {
                if self.rests_until.take().is_some() {
                    let lost = self.lost.swap(0, Ordering::Relaxed);
                    tracing::info!(lost, "the collector of traces answers again");
                } else if self.said.is_none_or(|said| said.elapsed() >= SAY_EVERY)
                    && let lost @ 1.. = self.lost.swap(0, Ordering::Relaxed)
                {
                    tracing::warn!(lost, "more was to be told to the collector of traces than it took");
                    self.said = Some(Instant::now());
                }
                return;
            }
            Ok(status) => format!("it answers with the status {status}"),
            Err(error) => {
                std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string)
            }
        };
        if self.rests_until.is_none() {
            tracing::warn!(why, "the collector of traces takes none; what it misses is lost until it does");
        }
        self.rests_until = Some(Instant::now() + REST);
        self.lose(spans);
    }

    fn lose(&self, spans: &[Ended]) {
        self.lost.fetch_add(spans.len() as u64, Ordering::Relaxed);
    }

    /// Returns the request of OTLP that tells of these.
    fn told(&self, spans: &[Ended]) -> Value {
        let text = |key: &str, value: &str| json!({ "key": key, "value": { "stringValue": value } });
        let version = env!("CARGO_PKG_VERSION");
        let resource = [text("service.name", &self.service), text("service.version", version)];
        let spans: Vec<Value> = spans.iter().map(Ended::told).collect();
        json!({ "resourceSpans": [{
            "resource": { "attributes": resource },
            "scopeSpans": [{ "scope": { "name": env!("CARGO_PKG_NAME"), "version": version }, "spans": spans }],
        }] })
    }
}

/// Waits for spans, and tells whether no more can come. At the end nothing is waited for.
fn gather(waiting: &Receiver<Ended>, is_last: bool) -> (Vec<Ended>, bool) {
    let mut spans = Vec::new();
    let wait = if is_last { Duration::ZERO } else { LOOK_EVERY };
    match waiting.recv_timeout(wait) {
        Ok(first) => spans.push(first),
        Err(RecvTimeoutError::Timeout) => return (spans, false),
        Err(RecvTimeoutError::Disconnected) => return (spans, true),
    }
    let until = Instant::now() + if is_last { Duration::ZERO } else { GATHER };
    let most = if is_last { WAITING_MAX } else { AT_ONCE_MAX };
    while spans.len() < most {
        match waiting.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(next) => spans.push(next),
            Err(RecvTimeoutError::Timeout) => return (spans, false),
            Err(RecvTimeoutError::Disconnected) => return (spans, true),
        }
    }
    (spans, false)
}
