//! What happens to the record itself and must never be forgotten: a clock that jumped, a checkpoint that the
//! log no longer reaches, keys that were lost.

use std::time::Instant;

use crate::desk::error::DeskError;
use crate::desk::writing::{self, draw_request};
use crate::desk::{Desk, clock};
use crate::domain::event::{DESK, Envelope, Event, INCIDENTS};
use crate::domain::fact::Fact;
use crate::domain::fact::evidence::{LogIncident, Trouble};
use crate::domain::id::{ActorId, RequestId};
use crate::domain::timestamp::Timestamp;
use crate::store::{AppendError, Body, Class, Condition, NewEvent, Receipt, Recorded};

impl Desk {
    /// Looks at the clock of the machine; a jump is recorded before the next append.
    pub(super) fn watch_clock(&self, passing: Instant) {
        self.watch.look(passing, (self.clock)());
    }

    /// Appends events, and before them whatever happened to the clock.
    pub(super) fn append(
        &self,
        events: Vec<NewEvent>,
        condition: Condition,
        request: RequestId,
    ) -> Result<Receipt, AppendError> {
        self.note_jumps();
        self.store.append(events, condition, request)
    }

    /// Records a jump of the clock that is not recorded yet.
    ///
    /// Where it cannot be, the append that comes next fails for the same reason, or tells of the damage.
    fn note_jumps(&self) {
        if let Some(jump) = self.watch.take_jump()
            && self.note_jump(&jump).is_err()
        {
            self.watch.put_back(jump);
        }
        let Some(last) = self.last_record() else { return };
        let now = (self.clock)();
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
