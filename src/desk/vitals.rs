//! How a log that is served is doing, in numbers: for whoever watches the server, without a word of the record.

use crate::desk::Desk;
use crate::desk::lifecycle::damage_words;
use crate::desk::reads::Reads;
use crate::domain::timestamp::Timestamp;
use crate::store::Health;
use crate::store::measures::Counted;

/// How a log is doing.
#[derive(Debug, Clone, PartialEq)]
pub struct Vitals {
    /// The name of the log.
    pub log: String,
    /// How many events it holds.
    pub size: u64,
    /// How many of them the projections have taken in.
    pub taken_in: u64,
    /// How old the oldest event is that they have not, in microseconds; 0 where there is none.
    pub lag_micros: i64,
    /// How many events the newest checkpoint covers, and its age in seconds; none where nothing is signed.
    pub checkpoint: Option<(u64, i64)>,
    /// How many bytes may still be written on its disk; none where that is not known.
    pub bytes_left: Option<u64>,
    /// How many appends wait for the thread that writes, or for the disk.
    pub appends_waiting: u64,
    /// How many logins were refused: with a wrong name or password, too early to be tried, and by single sign-on.
    pub logins_refused: (u64, u64, u64),
    /// How long appends took that were recorded.
    pub append: Counted,
    /// How long the disk took to confirm what was written.
    pub sync: Counted,
}

impl Desk {
    /// Returns how the log is doing.
    pub fn vitals(&self) -> Vitals {
        let size = self.store.head().size;
        let taken_in = self.projections.view(u64::MAX).size();
        let now = (self.clock)();
        let age = |at: Timestamp| now.micros().saturating_sub(at.micros()).max(0);
        let behind = (taken_in < size).then(|| self.store.at(taken_in).ok().flatten()).flatten();
        // What cannot be read is told by `/readyz`, and by every answer.
        let checkpoint = self.checkpoint().ok().flatten().map(|signed| {
            let signed_at = i64::try_from(signed.time).unwrap_or(i64::MAX);
            (signed.checkpoint.size, (now.micros() / 1_000_000).saturating_sub(signed_at).max(0))
        });
        let engine = self.engine.as_deref();
        Vitals {
            log: self.store.log_id().to_owned(),
            size,
            taken_in,
            lag_micros: behind.map_or(0, |recorded| age(recorded.at)),
            checkpoint,
            bytes_left: engine.and_then(|engine| engine.bytes_left().ok()),
            appends_waiting: engine.map_or(0, |engine| engine.measures().waiting.read()),
            logins_refused: self.people.attempts.refusals(),
            append: engine.map(|engine| engine.measures().append.read()).unwrap_or_default(),
            sync: engine.map(|engine| engine.measures().sync.read()).unwrap_or_default(),
        }
    }

    /// Returns why the log cannot be recorded in or asked now; none where it can.
    pub fn why_not_ready(&self) -> Option<String> {
        match self.store.health() {
            Health::Sound | Health::Reader | Health::Copy => {}
            Health::Full => return Some("the disk is full".to_owned()),
            Health::Unwritable(why) => {
                return Some(format!("the system does not let the log be written: {why}"));
            }
            Health::InDoubt => {
                return Some("the disk did not confirm a write; start the server again".to_owned());
            }
            Health::Damaged(damages) => return Some(format!("damaged: {}", damage_words(&damages))),
        }
        if let Some(Err(error)) = self.reads.as_ref().map(Reads::check) {
            return Some(error.to_string());
        }
        self.projections.catch_up().err().map(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use crate::desk::testing::{Fixture, on};
    use crate::domain::fact::Kind;

    #[test]
    fn what_is_not_taken_in_yet_is_told_by_its_age() {
        let fixture = Fixture::new();
        assert_eq!(fixture.desk.why_not_ready(), None);
        let vitals = fixture.desk.vitals();
        assert_eq!((vitals.size, vitals.taken_in, vitals.lag_micros), (2, 2, 0));
        fixture.event(Kind::Incident, on("2026-01-01"));
        let vitals = fixture.desk.vitals();
        assert_eq!((vitals.size, vitals.taken_in), (3, 2));
        // Recorded on 1 January, asked on 24 November.
        assert!(vitals.lag_micros > 300 * 86_400 * 1_000_000, "{vitals:?}");
    }
}
