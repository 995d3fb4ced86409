//! Telling others of what a desk must be reminded of: a program of this machine, or an address on the network.
//!
//! Who is told is an option of whoever serves or asks, and no fact of the log: whoever may record could else have
//! any program run here, and have texts sent anywhere; and a copy of the log would tell again what its original
//! told.

mod command;
mod receiver;
#[cfg(test)]
mod tests;
mod tether;
mod trust;
mod watch;

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::Value;

use crate::desk::answer::board::{ChannelRow, DueRow};
use crate::desk::answer::reminder::{Cause, Reminder};
use crate::desk::answer::{Answer, AsOf, Page};
use crate::desk::error::DeskError;
use crate::desk::reminders::ledger::{Ledger, LedgerError, Matter};
use crate::domain::id::EntityId;
use crate::domain::timestamp::Timestamp;
use crate::store::with_causes;

pub use receiver::{Receiver, ReceiverError};
pub use trust::behind;
pub use watch::Reminding;

use crate::http::reminding::receiver::Told;

/// How many matters are told in one pass; the rest waits for the next.
const MATTERS_MAX: usize = 500;
/// After so many failures in a row a pass ends: the receiver is not there.
const FAILURES_MAX: usize = 3;
/// How long is waited after the first failure.
const BACKOFF_FIRST: Duration = Duration::from_secs(5);
/// How long is waited at most.
const BACKOFF_MAX: Duration = Duration::from_mins(10);

/// One receiver, and what it was told.
#[derive(Debug)]
pub struct Teller {
    receiver: Receiver,
    release: Option<String>,
    ledger: Ledger,
    // Of matters that were not taken: how often, and before when they are not told again.
    failing: HashMap<String, (u32, Option<Instant>)>,
    // How many passes in a row ended without anything taken, and before when there is no other.
    down: u32,
    until: Option<Instant>,
}

/// What became of one pass.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Passed {
    /// How many reminders were told.
    pub told: usize,
    /// How many were taken back.
    pub taken_back: usize,
    /// How many wait to be told or taken back.
    pub waiting: usize,
    /// Why some were not told, in words.
    pub failures: Vec<String>,
}

/// What is sent.
#[derive(Debug, Serialize)]
struct Message<'a> {
    /// The version of this shape.
    v: u32,
    /// What a double is known by.
    key: String,
    /// `stands`, or `taken_back` where it stands no longer.
    state: &'static str,
    /// The key of the message that is taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    takes_back: Option<String>,
    cause: Cause,
    subject: EntityId,
    kind: &'a str,
    due: Timestamp,
    as_of: &'a AsOf,
    #[serde(skip_serializing_if = "Option::is_none")]
    overture: Option<&'a DueRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<&'a ChannelRow>,
}

impl<'a> Message<'a> {
    fn of(as_of: &'a AsOf, matter: &'a Matter) -> Self {
        let Matter { kept, reminder } = matter;
        Self {
            v: 1,
            key: kept.message_key(),
            state: if reminder.is_some() { "stands" } else { "taken_back" },
            takes_back: reminder.is_none().then(|| format!("{}.{}", kept.key, kept.turn)),
            cause: kept.cause,
            subject: kept.subject,
            kind: &kept.kind,
            due: kept.due,
            as_of,
            overture: reminder.as_ref().and_then(|reminder| reminder.overture.as_ref()),
            channel: reminder.as_ref().and_then(|reminder| reminder.channel.as_ref()),
        }
    }
}

impl Teller {
    /// Returns who tells a receiver what may be seen up to a level, everything without one.
    ///
    /// # Errors
    ///
    /// Returns [`LedgerError`] where another process tells it, or what was told cannot be kept.
    pub fn open(dir: &Path, receiver: Receiver, release: Option<String>) -> Result<Self, LedgerError> {
        let ledger = Ledger::open(dir, &receiver.spelling(), release.as_deref())?;
        if ledger.lost() > 0 {
            let (lines, receiver) = (ledger.lost(), receiver.to_string());
            tracing::warn!(lines, receiver, "what was told cannot all be read; some is told again");
        }
        Ok(Self { receiver, release, ledger, failing: HashMap::new(), down: 0, until: None })
    }

    /// Returns up to which level it is told.
    pub fn release(&self) -> Option<&str> {
        self.release.as_deref()
    }

    /// Tells what is new and takes back what stands no longer; each is noted before and after.
    ///
    /// `may_leave` is shown each message before it leaves. Ends early when it is told to stop.
    pub fn pass(
        &mut self,
        answer: &Answer<Page<Reminder>>,
        may_leave: &mut dyn FnMut(&Value) -> Result<(), DeskError>,
        stop: &AtomicBool,
    ) -> Passed {
        let mut matters = self.ledger.open_matters(&answer.data.items);
        let open = matters.len();
        let keys: Vec<String> = matters.iter().map(|matter| matter.kept.message_key()).collect();
        self.failing.retain(|key, _| keys.contains(key));
        let now = Instant::now();
        let tries = |key: &str| self.failing.get(key).map_or(0, |(tries, _)| *tries);
        matters.retain(|matter| {
            let failing = self.failing.get(&matter.kept.message_key());
            failing.and_then(|(_, until)| *until).is_none_or(|until| until <= now)
        });
        // What was tried least comes first, so that one that is never taken holds up no other.
        matters.sort_by_cached_key(|matter| tries(&matter.kept.message_key()));
        let mut passed = Passed::default();
        let mut in_a_row = 0;
        let in_a_row_max = if self.down == 0 { FAILURES_MAX } else { 1 };
        for matter in matters.iter().take(MATTERS_MAX) {
            if stop.load(Ordering::Relaxed) || in_a_row >= in_a_row_max {
                break;
            }
            match self.tell(&answer.as_of, matter, may_leave, stop) {
                Ok(()) if matter.reminder.is_some() => passed.told += 1,
                Ok(()) => passed.taken_back += 1,
                Err(Failed::Here(why)) => {
                    passed.failures.push(why);
                    break;
                }
                Err(Failed::There(why)) => {
                    self.failing.entry(matter.kept.message_key()).or_default().0 += 1;
                    passed.failures.push(why);
                    in_a_row += 1;
                    continue;
                }
            }
            self.failing.remove(&matter.kept.message_key());
            in_a_row = 0;
        }
        passed.waiting = open - passed.told - passed.taken_back;
        self.pace(&passed);
        passed
    }

    /// Tells one matter.
    fn tell(
        &mut self,
        as_of: &AsOf,
        matter: &Matter,
        may_leave: &mut dyn FnMut(&Value) -> Result<(), DeskError>,
        stop: &AtomicBool,
    ) -> Result<(), Failed> {
        let message = Message::of(as_of, matter);
        let value = serde_json::to_value(&message).map_err(|error| Failed::Here(error.to_string()))?;
        may_leave(&value).map_err(|error| Failed::Here(with_causes(&error)))?;
        self.ledger.begin(matter).map_err(|error| Failed::Here(with_causes(&error)))?;
        let body = value.to_string();
        match self.receiver.tell(&message.key, body.as_bytes(), stop) {
            Told::Taken => self.ledger.done(matter).map_err(|error| Failed::Here(with_causes(&error))),
            Told::NotTaken(why) => {
                self.ledger.refused(matter).map_err(|error| Failed::Here(with_causes(&error)))?;
                Err(Failed::There(why))
            }
            Told::InDoubt(why) => Err(Failed::There(why)),
        }
    }

    /// Decides when something is tried again.
    fn pace(&mut self, passed: &Passed) {
        let now = Instant::now();
        let nothing_taken = passed.told + passed.taken_back == 0;
        if nothing_taken && !passed.failures.is_empty() {
            self.down = self.down.saturating_add(1);
            self.until = Some(now + backoff(self.down));
            return;
        }
        self.until = None;
        // A pass in which nothing was to be told says nothing of the receiver.
        if !nothing_taken {
            self.down = 0;
        }
        for (tries, until) in self.failing.values_mut() {
            if until.is_none_or(|until| until <= now) {
                *until = Some(now + backoff(*tries));
            }
        }
    }
}

/// Why something was not told.
enum Failed {
    /// It could not be noted here; nothing left.
    Here(String),
    /// The receiver did not take it.
    There(String),
}

/// Returns how long is waited after so many failures: twice as long each time, between half of that and all of
/// it, so that many who wait for one receiver do not come back at once.
fn backoff(failures: u32) -> Duration {
    let doubled =
        BACKOFF_FIRST.saturating_mul(1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX));
    let longest = u64::try_from(doubled.min(BACKOFF_MAX).as_millis()).unwrap_or(u64::MAX);
    let (drawn, _) = uuid::Uuid::new_v4().as_u64_pair();
    // Some bits of an id tell its version; the lowest of the first half are drawn.
    let half = longest / 2;
    Duration::from_millis(half + (drawn & 0xfff) * half / 0xfff)
}
