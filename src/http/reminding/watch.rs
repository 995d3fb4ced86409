//! The thread that reminds while a log is served.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::desk::Desk;
use crate::desk::checkpoint::rounds::Rounds;
use crate::desk::error::DeskError;
use crate::desk::reminders::RemindersAsk;
use crate::http::reading::events_in;
use crate::http::reminding::trust::Trust;
use crate::http::reminding::{Passed, Teller};

/// How often is looked whether something is to be done.
const TICK: Duration = Duration::from_millis(250);
/// Of the time at most this part goes into looking what stands, whatever the log's size.
const REST_PER_LOOK: u32 = 10;

/// A thread that reminds; it ends when this is stopped or dropped.
pub struct Reminding {
    stop: Arc<AtomicBool>,
    rounds: Option<Rounds>,
}

impl Reminding {
    /// Begins to look every so often what stands in a desk's log, and to have it told.
    ///
    /// # Errors
    ///
    /// Returns what the system said when it gives no thread.
    pub fn begin(desk: Arc<Desk>, tellers: Vec<Teller>, every: Duration) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        if tellers.is_empty() {
            return Ok(Self { stop, rounds: None });
        }
        let told = Arc::clone(&stop);
        let mut watched: Vec<Watched> = tellers.into_iter().map(Watched::new).collect();
        let rounds = Rounds::every("reminders", TICK, move || {
            for one in &mut watched {
                one.tick(&desk, every, &told);
            }
        })?;
        Ok(Self { stop, rounds: Some(rounds) })
    }

    /// Ends it: a program that is being told is ended, an address is given the time to answer.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        drop(self.rounds.take());
    }
}

impl Drop for Reminding {
    fn drop(&mut self) {
        self.end();
    }
}

/// A receiver, and when it is told next.
struct Watched {
    teller: Teller,
    trust: Trust,
    next: Option<Instant>,
    failed: bool,
    blind: bool,
}

impl Watched {
    fn new(teller: Teller) -> Self {
        Self { teller, trust: Trust::default(), next: None, failed: false, blind: false }
    }

    fn tick(&mut self, desk: &Desk, every: Duration, stop: &AtomicBool) {
        let now = Instant::now();
        let due = self.teller.until.or(self.next).unwrap_or(now);
        if stop.load(Ordering::Relaxed) || due > now {
            return;
        }
        let ask = RemindersAsk { release: self.teller.release().map(ToOwned::to_owned) };
        let looked = desk.reminders(&ask);
        let cost = now.elapsed();
        self.next = Some(Instant::now() + every.max(cost.saturating_mul(REST_PER_LOOK)));
        let answer = match looked {
            Ok(answer) => answer,
            Err(error) => {
                if !self.blind {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "what is overdue cannot be told"
                    );
                }
                self.blind = true;
                self.teller.until = None;
                return;
            }
        };
        self.blind = false;
        if !self.trust.allows(now, &answer.as_of) {
            self.teller.until = None;
            return;
        }
        let receiver = self.teller.receiver.to_string();
        let mut may_leave = |message: &Value| -> Result<(), DeskError> {
            desk.note_reminded(&format!("notify {receiver}"), events_in(message))
        };
        let passed = self.teller.pass(&answer, &mut may_leave, stop);
        self.say(&passed);
    }

    /// Says in the program's log what became of a pass, without a word of what was told: one line each, and
    /// passes that fail come ever more seldom.
    fn say(&mut self, passed: &Passed) {
        let receiver = self.teller.receiver.to_string();
        let Passed { told, taken_back, waiting, failures } = passed;
        if let Some(why) = failures.first() {
            let failures = failures.len();
            tracing::warn!(receiver, told, taken_back, waiting, failures, why, "reminders were not taken");
        } else if told + taken_back > 0 {
            let again = if self.failed { "reminders are taken again" } else { "reminders were taken" };
            tracing::info!(receiver, told, taken_back, waiting, "{again}");
        }
        self.failed = !failures.is_empty() || (self.failed && told + taken_back == 0);
    }
}
