//! Recording for somebody who sees a part of the log: into the whole of it, and nothing that they would not see.

use crate::desk::access::sight::partial::Partial;
use crate::desk::access::sight::rules::enters;
use crate::desk::ask::When;
use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::desk::recording::is_free;
use crate::desk::writing;
use crate::domain::event::Event;
use crate::domain::fact::Fact;
use crate::domain::id::{ActorId, RequestId};
use crate::domain::name::fold;
use crate::store::{AppendError, Class, Condition, EventStore, Expect, NewEvent, Receipt, Refusal};

/// Tells whether no moment of the log has the name that an event gives one.
fn names_nothing_taken(known: &Known, said: &Event) -> bool {
    let Fact::MomentNamed(named) = &said.fact else { return true };
    known.register.moments().iter().all(|moment| fold(&moment.name) != fold(&named.name))
}

impl Partial {
    /// Appends to the whole log what somebody records who sees this part of it.
    ///
    /// What their entries bring into a register, and what is in it already because an entry that they do not see
    /// brought it, is not entered twice: the entry names what is there. In their part it is entered with theirs.
    ///
    /// # Errors
    ///
    /// As the store's, and [`Refusal::Above`] and [`Refusal::NotTheirs`], which tell nothing of what they do not
    /// see.
    pub(super) fn record(
        &self,
        events: Vec<NewEvent>,
        condition: Condition,
        request: RequestId,
    ) -> Result<Receipt, AppendError> {
        self.catch_up().map_err(|_| AppendError::Damaged)?;
        let damaged = |_| AppendError::Damaged;
        // What is recorded under that id is not seen: it is not told again, nor is anything recorded under it.
        if self.store.receipt_of(request).map_err(damaged)?.is_some()
            && self.receipt_of(request).map_err(damaged)?.is_none()
        {
            return Err(Refusal::NotTheirs { index: 0 }.into());
        }
        let mut kept = Vec::with_capacity(events.len());
        let mut left_out = 0;
        for (index, mut event) in events.into_iter().enumerate() {
            let refused = || AppendError::from(Refusal::NotTheirs { index });
            let mut said = Event::decode(event.schema, &event.body).map_err(|_| refused())?;
            if event.class != Class::Fact || event.signature.is_some() {
                return Err(refused());
            }
            if let Some(id) = event.id.filter(|_| enters(said.kind()))
                && self.store.position_of(id).map_err(|_| AppendError::Damaged)?.is_some()
            {
                if !self.waits(id).map_err(|_| AppendError::Damaged)? {
                    return Err(refused());
                }
                left_out += 1;
                continue;
            }
            self.lets_record(index, event.actor, &said, &event.body)?;
            if let Fact::MomentNamed(moment) = &mut said.fact {
                moment.size = self.whole(moment.size);
                event.body = said.encode().map_err(|_| refused())?;
            }
            kept.push(event);
        }
        // What happened to the clock is said in the whole log, of which the part has nothing.
        self.house.upgrade().ok_or(AppendError::Closed)?.note_jumps();
        let receipt = self.store.append(kept, self.of_whole(condition), request)?;
        // What was recorded is seen by whoever recorded it.
        self.catch_up().map_err(|_| AppendError::InDoubt)?;
        Ok(self.told(&receipt, left_out))
    }

    /// Returns a condition as the whole log has it: what stands in their part under another entity than there is
    /// expected not to be there.
    fn of_whole(&self, mut condition: Condition) -> Condition {
        for (stream, expected) in &mut condition.expect {
            if matches!(expected, Expect::At(_)) && self.store.stream(*stream).is_none() {
                *expected = Expect::NoStream;
            }
        }
        condition
    }

    /// Refuses what they would not see themselves, and what the registers of the whole log do not take.
    fn lets_record(&self, index: usize, actor: ActorId, said: &Event, body: &str) -> Result<(), AppendError> {
        let damaged = |_: DeskError| AppendError::Damaged;
        let alone = self.marked.with(|marks| marks.would_let_see_alone(&self.clearance, said));
        if !alone {
            return Err(Refusal::Above { index }.into());
        }
        let sees = self
            .marked
            .with(|marks| marks.would_let_see(self.store.as_ref(), &self.clearance, said, body))
            .map_err(damaged)?;
        let house = self.house.upgrade().ok_or(AppendError::Closed)?;
        let known = house.known(&When::default()).map_err(damaged)?;
        if !sees
            || !is_free(&known, said)
            || !names_nothing_taken(&known, said)
            || writing::unsigned(&known, actor).is_err()
        {
            return Err(Refusal::NotTheirs { index }.into());
        }
        Ok(())
    }
}
