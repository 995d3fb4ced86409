//! The thread that signs a log which is served: soon after something was recorded, and now and then when
//! nothing was, or a log cut short in a quiet hour would look like one in which nothing happened.

use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::desk::Desk;

/// How often a served log is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// At most so long after something was recorded.
    pub news: Duration,
    /// At most so long after it was signed last, where nothing was.
    pub heartbeat: Duration,
}

impl Pace {
    /// What is used where nobody chooses.
    pub const STANDARD: Self = Self { news: Duration::from_secs(1), heartbeat: Duration::from_secs(10) };
}

/// A thread that signs a log at a pace; it ends, and lets go of the desk, when this is stopped or dropped.
pub struct Rounds {
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Rounds {
    /// Begins to sign the log of a desk.
    ///
    /// # Errors
    ///
    /// Returns what the system said when it gives no thread.
    pub fn begin(desk: Arc<Desk>, pace: Pace) -> std::io::Result<Self> {
        let mut round = Round::new(pace, Instant::now());
        let wait = pace.news.min(pace.heartbeat).max(Duration::from_millis(1));
        Self::every("checkpoint", wait, move || round.go(&desk, Instant::now()))
    }

    /// Begins to do something again and again, so long after it was done last.
    ///
    /// # Errors
    ///
    /// Returns what the system said when it gives no thread.
    pub fn every(name: &str, wait: Duration, mut go: impl FnMut() + Send + 'static) -> std::io::Result<Self> {
        let (stop, told) = sync_channel::<()>(0);
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            while told.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                go();
            }
        })?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }

    /// Ends it, and waits until the desk is let go of.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // It only ends otherwise when it panicked, of which the log of the program tells.
            let _ = thread.join();
        }
    }
}

impl Drop for Rounds {
    fn drop(&mut self) {
        self.end();
    }
}

/// One look after another.
pub(super) struct Round {
    pace: Pace,
    signed: Instant,
    failed: bool,
}

impl Round {
    pub(super) fn new(pace: Pace, now: Instant) -> Self {
        Self { pace, signed: now, failed: false }
    }

    /// Looks at the clock, and signs the log where that is due.
    pub(super) fn go(&mut self, desk: &Desk, now: Instant) {
        desk.watch_clock(now);
        let news = desk.sign_news();
        let signed = match news {
            Ok(None) if now.duration_since(self.signed) >= self.pace.heartbeat => desk.sign_again(),
            other => other,
        };
        match signed {
            Ok(Some(_)) => {
                self.signed = now;
                self.failed = false;
            }
            Ok(None) => {}
            Err(error) => {
                // Said once; the next round tries again.
                if !self.failed {
                    tracing::error!(error = &error as &dyn std::error::Error, "the log was not signed");
                }
                self.failed = true;
            }
        }
    }
}
