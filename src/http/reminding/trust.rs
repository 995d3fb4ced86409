//! Whether the clock can be trusted to say what is overdue: one that jumped would remind of everything at once,
//! and take back the rest.

use std::time::{Duration, Instant};

use crate::desk::answer::AsOf;
use crate::domain::timestamp::Timestamp;

/// How far a clock may be from the time that passes, or behind the last record, in seconds.
const JUMP_SECONDS: i64 = 60;
/// How long nothing is told after a jump: long enough for whoever keeps the clock to mend it.
const HOLD: Duration = Duration::from_mins(5);

/// What was seen of the clock.
#[derive(Debug, Default)]
pub(super) struct Trust {
    look: Option<(Instant, Timestamp)>,
    hold: Option<Instant>,
    is_behind: bool,
}

/// Returns by how many seconds the clock of an answer is behind the last record, where that is more than it may be.
pub fn behind(as_of: &AsOf) -> Option<i64> {
    let last = as_of.last_recorded_at?;
    let seconds = last.micros().saturating_sub(as_of.at.micros()) / 1_000_000;
    (seconds > JUMP_SECONDS).then_some(seconds)
}

impl Trust {
    /// Tells whether reminders of an answer given now may be told; of what is wrong with the clock, the program's
    /// log tells once.
    pub(super) fn allows(&mut self, passing: Instant, as_of: &AsOf) -> bool {
        let clock = as_of.at;
        if let Some((before, then)) = self.look.replace((passing, clock)) {
            let passed = i64::try_from(passing.duration_since(before).as_micros()).unwrap_or(i64::MAX);
            let moved = clock.micros().saturating_sub(then.micros());
            let seconds = moved.saturating_sub(passed) / 1_000_000;
            if seconds.abs() > JUMP_SECONDS {
                let held = HOLD.as_secs();
                tracing::warn!(seconds, held, "the clock jumped; nobody is reminded for so many seconds");
                self.hold = Some(passing + HOLD);
            }
        }
        if let Some(seconds) = behind(as_of) {
            if !self.is_behind {
                tracing::warn!(
                    seconds,
                    "the clock is behind the last record; nobody is reminded until it is right"
                );
            }
            self.is_behind = true;
            return false;
        }
        self.is_behind = false;
        if self.hold.is_some_and(|until| until > passing) {
            return false;
        }
        self.hold = None;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn as_of(at: i64, last: i64) -> AsOf {
        let moment = |seconds: i64| Timestamp::from_micros(seconds * 1_000_000).unwrap();
        AsOf {
            log: "log".to_owned(),
            position: Some(0),
            last_recorded_at: Some(moment(last)),
            at: moment(at),
            past_knowledge: false,
            zone: "UTC".to_owned(),
        }
    }

    #[test]
    fn a_clock_that_jumps_holds_reminders_until_it_goes_on_as_time_does() {
        let (began, mut trust) = (Instant::now(), Trust::default());
        let mut look =
            |passed: u64, clock: i64| trust.allows(began + Duration::from_secs(passed), &as_of(clock, 0));
        assert!(look(0, 1_000) && look(60, 1_060) && look(120, 1_150));
        for (at, year) in [(180, 1_000_000), (1_000, -900_000)] {
            // Ahead by days, then back.
            let clock = |passed: u64| 1_000_000 + year + i64::try_from(passed).unwrap();
            assert!(
                !look(at, clock(at)) && !look(at + 60, clock(at + 60)) && !look(at + 299, clock(at + 299))
            );
            assert!(look(at + 300, clock(at + 300)), "{at}");
        }
    }

    #[test]
    fn a_clock_behind_the_record_holds_reminders() {
        let (now, mut trust) = (Instant::now(), Trust::default());
        assert!(!trust.allows(now, &as_of(100, 161)));
        assert!(Trust::default().allows(now, &as_of(100, 160)));
    }
}
