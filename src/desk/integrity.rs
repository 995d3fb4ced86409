//! What happens to the record itself and must never be forgotten: a clock that jumped, a checkpoint that the
//! log no longer reaches, keys that were lost.

use std::time::Instant;

use crate::desk::access::may_name_compartment;
use crate::desk::ask::{Caller, When};
use crate::desk::error::DeskError;
use crate::desk::lifecycle::damage_words;
use crate::desk::writing::{self, draw_request};
use crate::desk::{Desk, clock, traced};
use crate::domain::event::{DESK, Envelope, Event, INCIDENTS};
use crate::domain::fact::Fact;
use crate::domain::fact::evidence::{LogIncident, Trouble};
use crate::domain::id::{ActorId, RequestId};
use crate::domain::timestamp::Timestamp;
use crate::store::{AppendError, Body, Class, Condition, Health, NewEvent, Receipt, Recorded};

impl Desk {
    /// Records something that auditors read, as the last event of an append, and returns its position.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::InDoubt`] when nobody knows whether it is on disk; after any other error it was
    /// not recorded.
    pub(super) fn record_evidence(
        &self,
        caller: &Caller,
        class: Class,
        fact: Fact,
        reason: Option<&str>,
    ) -> Result<u64, DeskError> {
        self.record_evidence_once(caller, class, fact, reason, draw_request())
    }

    /// Records something that auditors read as [`Desk::record_evidence`] does, once for one `request`.
    pub(super) fn record_evidence_once(
        &self,
        caller: &Caller,
        class: Class,
        fact: Fact,
        reason: Option<&str>,
        request: RequestId,
    ) -> Result<u64, DeskError> {
        let reason = reason.map(ToOwned::to_owned);
        let event = Event { envelope: Envelope { reason, ..Envelope::default() }, fact };
        for _ in 0..writing::TRIES_MAX {
            let registers = writing::registers_at(self.store.as_ref());
            let known = self.known(&When::default())?;
            let (actor, newcomer) = writing::recorder(&known, caller)?;
            let mut events: Vec<NewEvent> = Vec::new();
            let mut condition = crate::store::Condition::default();
            if let Some(newcomer) = &newcomer {
                events.push(writing::newcomer_event(newcomer, actor)?);
                condition.expect.push(registers);
            }
            events.push(writing::evidence(&event, class, actor)?);
            match self.append(events, condition, request) {
                Ok(receipt) => return Ok(receipt.head.size.saturating_sub(1)),
                Err(AppendError::Moved { .. }) => {}
                Err(error) => return Err(self.not_appended(error)),
            }
        }
        Err(DeskError::Unavailable("others record faster than this can be decided; try again".to_owned()))
    }

    /// Returns why something was not recorded; of a damaged log, what is wrong with it.
    pub(super) fn not_appended(&self, error: AppendError) -> DeskError {
        let Health::Damaged(damages) = self.store.health() else { return error.into() };
        if error != AppendError::Damaged {
            return error.into();
        }
        let mut words = format!("{}; the log takes no appends", damage_words(&damages));
        if damages.iter().any(|damage| self.is_of_signing(damage)) {
            words.push_str("; put the newest copy of it in its place, or see `audit accept-rollback`");
        }
        DeskError::Damaged(words)
    }

    /// Looks at the clock of the machine; a jump is told at once, and recorded before the next append.
    pub(super) fn watch_clock(&self, passing: Instant) {
        let now = (self.clock)();
        if self.watch.is_first_look()
            && let Some(seconds) = self.store.last_at().and_then(|last| clock::behind(last, now))
        {
            tracing::warn!(seconds, %now, "the clock of the machine is behind the last record: set it right");
        }
        self.watch.look(passing, now);
    }

    /// Appends events, and before them whatever happened to the clock.
    pub(super) fn append(
        &self,
        events: Vec<NewEvent>,
        condition: Condition,
        request: RequestId,
    ) -> Result<Receipt, AppendError> {
        self.note_jumps();
        // Who sees the whole log depends on which compartments there are: what names none need not be read for it.
        let names_none = self.has_accounts() && !events.iter().any(|event| may_name_compartment(&event.body));
        let appended =
            traced::commit(events.len()).in_scope(|| self.store.append(events, condition, request));
        if let Ok(receipt) = &appended
            && names_none
            && !receipt.repeated
        {
            self.sights.names_none(receipt.first, receipt.first + receipt.ids.len() as u64);
        }
        appended
    }

    /// Records a jump of the clock that is not recorded yet.
    ///
    /// Where it cannot be, the append that comes next fails for the same reason, or tells of the damage. Over a part
    /// of the log there is nothing to record: the desk over the whole of it does, before what goes into it.
    pub(in crate::desk) fn note_jumps(&self) {
        if self.beyond.is_some() {
            return;
        }
        if let Some(jump) = self.watch.take_jump()
            && self.note_jump(&jump).is_err()
        {
            self.watch.put_back(jump);
        }
        // Of nearly every append the time is all that must be known of the last record.
        let Some(last_at) = self.store.last_at() else { return };
        let now = (self.clock)();
        if clock::behind(last_at, now).is_none() {
            return;
        }
        let Some(last) = self.last_record() else { return };
        let Some(seconds) = clock::behind(last.at, now) else { return };
        if self.is_told(&last, now) {
            return;
        }
        let words = format!(
            "the clock of the machine shows {now}, {seconds} seconds before the last record, of {}",
            last.at
        );
        if let Err(error) = self.note_jump(&words) {
            tracing::warn!(%error, "a jump of the clock was not recorded");
        }
    }

    fn last_record(&self) -> Option<Recorded> {
        let last = self.store.head().size.checked_sub(1)?;
        self.store.at(last).ok()?
    }

    /// Tells whether the jump that puts the clock behind `last` is recorded already: nothing but the least
    /// step from record to record came since, and the clock did not go back again.
    fn is_told(&self, last: &Recorded, now: Timestamp) -> bool {
        let told = || {
            let (_, position) = self.store.stream(INCIDENTS)?;
            let incident = self.store.at(position).ok()??;
            let Body::Plain(body) = &incident.body else { return None };
            let Fact::LogIncident(said) = Event::decode(incident.schema, body).ok()?.fact else {
                return None;
            };
            let shown = said.particulars.strip_prefix("the clock of the machine shows ")?;
            let shown: Timestamp = shown.split_once(',')?.0.parse().ok()?;
            let steps = i64::try_from(last.position - incident.position).ok()?;
            let is_same = said.trouble == Trouble::ClockJumped
                && last.at.micros() - incident.at.micros() <= steps
                && clock::behind(shown, now).is_none();
            Some(is_same)
        };
        told().unwrap_or(false)
    }

    fn note_jump(&self, words: &str) -> Result<(), DeskError> {
        self.note_incident(Trouble::ClockJumped, words).map(|_| ())
    }

    /// Records an incident in the name of the desk itself.
    fn note_incident(&self, trouble: Trouble, words: &str) -> Result<Receipt, DeskError> {
        let fact = Fact::LogIncident(LogIncident { trouble, particulars: words.to_owned() });
        let event = Event { envelope: Envelope::default(), fact };
        let itself = ActorId::from_uuid(*DESK.as_uuid());
        let incident = writing::evidence(&event, Class::Incident, itself)?;
        Ok(self.store.append(vec![incident], Condition::default(), draw_request())?)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};
    use std::time::Duration;

    use super::*;
    use crate::desk::ask::Caller;
    use crate::desk::testing::Fixture;

    const START: i64 = 1_767_225_600;

    /// A log whose clock the test turns.
    fn turned() -> (Fixture, Arc<AtomicI64>) {
        let seconds = Arc::new(AtomicI64::new(START));
        let clock = || -> crate::store::Clock {
            let shown = Arc::clone(&seconds);
            Arc::new(move || Timestamp::from_micros(shown.load(Ordering::Relaxed) * 1_000_000).unwrap())
        };
        (Fixture::with_clocks(clock(), clock()), seconds)
    }

    fn record(fixture: &Fixture) {
        let name = format!("moment {}", fixture.desk.store.head().size);
        fixture
            .desk
            .name_moment(
                &Caller { actor: "kim".to_owned(), tz: None },
                &crate::desk::ask::MomentAsk { name, ..Default::default() },
            )
            .unwrap();
    }

    /// Returns what incidents say, after checking that time only rises along the log.
    fn incidents(fixture: &Fixture) -> Vec<String> {
        let records: Vec<Recorded> = fixture.desk.store.read(0, u64::MAX).collect::<Result<_, _>>().unwrap();
        assert!(records.windows(2).all(|pair| pair[0].at < pair[1].at), "recorded_at strictly increases");
        let incidents = records.iter().filter(|recorded| recorded.class == Class::Incident);
        let words = incidents.map(|recorded| {
            let Body::Plain(body) = &recorded.body else { panic!("an incident is always disclosed") };
            let fact = Event::decode(recorded.schema, body).unwrap().fact;
            let Fact::LogIncident(incident) = fact else { panic!("{fact:?}") };
            incident.particulars
        });
        words.collect()
    }

    #[test]
    fn a_clock_that_is_set_back_is_told_once_and_time_still_rises() {
        let (fixture, clock) = turned();
        record(&fixture);
        clock.fetch_sub(3_600, Ordering::Relaxed);
        for _ in 0..5 {
            record(&fixture);
            clock.fetch_add(1, Ordering::Relaxed);
        }
        let told = incidents(&fixture);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("seconds before the last record"), "{told:?}");
        // Back again: another jump.
        clock.fetch_sub(7_200, Ordering::Relaxed);
        record(&fixture);
        record(&fixture);
        assert_eq!(incidents(&fixture).len(), 2);
        // Right again, and then behind once more.
        clock.store(START + 100, Ordering::Relaxed);
        record(&fixture);
        assert_eq!(incidents(&fixture).len(), 2);
        clock.fetch_sub(90, Ordering::Relaxed);
        record(&fixture);
        assert_eq!(incidents(&fixture).len(), 3);
    }

    #[test]
    fn a_clock_that_is_a_little_behind_is_no_incident() {
        let (fixture, clock) = turned();
        record(&fixture);
        clock.fetch_sub(60, Ordering::Relaxed);
        record(&fixture);
        assert_eq!(incidents(&fixture), Vec::<String>::new());
    }

    #[test]
    fn a_clock_that_runs_ahead_of_the_time_that_passes_is_told_before_the_next_append() {
        let (fixture, clock) = turned();
        let begin = Instant::now();
        let look = |passed: u64, shown: i64| {
            clock.store(START + shown, Ordering::Relaxed);
            fixture.desk.watch_clock(begin + Duration::from_secs(passed));
        };
        look(0, 0);
        look(10, 10);
        look(20, 80);
        record(&fixture);
        assert_eq!(incidents(&fixture), Vec::<String>::new(), "60 seconds ahead are within the limit");
        look(30, 3_700);
        look(31, 3_701);
        record(&fixture);
        record(&fixture);
        let told = incidents(&fixture);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("jumped ahead by 3610 seconds"), "{told:?}");
    }
}
