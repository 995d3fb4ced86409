//! What time it is: the only place that asks the system.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

use chrono::{DateTime, Utc};

use crate::domain::timestamp::Timestamp;
use crate::store::Clock;

/// Returns the clock of the system.
pub fn system() -> Clock {
    Arc::new(|| {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
        let now = SystemTime::now();
        moment(now)
    })
}

/// Returns what a clock of the system shows, also where it is set before 1970: `Utc::now` panics there.
fn moment(shown: SystemTime) -> Timestamp {
    DateTime::<Utc>::from(shown).into()
}

/// Returns a clock that always shows the same moment.
pub fn stopped(at: Timestamp) -> Clock {
    Arc::new(move || at)
}

/// How far the clock of the machine may be behind the last record, or run ahead of the time that passes, in
/// seconds, before it is said to have jumped.
const JUMP_SECONDS: i64 = 60;

/// What was seen of the clock of the machine, so that a jump is told once.
#[derive(Debug, Default)]
pub(super) struct Watch(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    /// When it was last looked at: by the time that passes, and by the clock.
    look: Option<(Instant, Timestamp)>,
    /// A jump that is not recorded yet, in words.
    jump: Option<String>,
}

impl Watch {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the clock: between two looks it must move as the time that passes does.
    pub(super) fn look(&self, passing: Instant, now: Timestamp) {
        let mut seen = self.seen();
        if let Some((before, then)) = seen.look.replace((passing, now)) {
            let passed = i64::try_from(passing.duration_since(before).as_micros()).unwrap_or(i64::MAX);
            let ahead = now.micros().saturating_sub(then.micros()).saturating_sub(passed) / 1_000_000;
            if ahead.abs() > JUMP_SECONDS {
                tracing::warn!(seconds = ahead, %then, %now, "the clock of the machine jumped");
            }
            if ahead > JUMP_SECONDS {
                seen.jump.get_or_insert_with(|| {
                    format!("the clock of the machine jumped ahead by {ahead} seconds, from {then} to {now}")
                });
            }
        }
    }

    /// Tells whether the clock was not looked at yet.
    pub(super) fn is_first_look(&self) -> bool {
        self.seen().look.is_none()
    }

    /// Returns a jump that was seen and not recorded yet.
    pub(super) fn take_jump(&self) -> Option<String> {
        self.seen().jump.take()
    }

    /// Gives back a jump that could not be recorded.
    pub(super) fn put_back(&self, jump: String) {
        self.seen().jump.get_or_insert(jump);
    }
}

/// Returns by how many seconds a clock is behind the last record, where that is more than it may be.
pub(super) fn behind(last: Timestamp, now: Timestamp) -> Option<i64> {
    let seconds = last.micros().saturating_sub(now.micros()) / 1_000_000;
    (seconds > JUMP_SECONDS).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_clock_that_is_set_before_1970_shows_a_moment_and_breaks_nothing() {
        let shown = |seconds| moment(SystemTime::UNIX_EPOCH - Duration::from_secs(seconds)).to_string();
        assert_eq!(shown(1), "1969-12-31T23:59:59.000000Z");
        assert_eq!(shown(86_400 * 365), "1969-01-01T00:00:00.000000Z");
    }
}
