//! Recording for somebody who sees a part of the log: into the whole of it, and nothing that they would not see.

use std::sync::Weak;

use crate::desk::access::sight::marks::Marks;
use crate::desk::access::sight::partial::Partial;
use crate::desk::access::sight::rules::enters;
use crate::desk::ask::When;
use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::desk::recording::{Rolling, gives_names, is_free, is_free_beyond, unheld, waits_still};
use crate::desk::writing;
use crate::domain::event::Event;
use crate::domain::fact::{Fact, Subject};
use crate::domain::id::{ActorId, EventId, RequestId};
use crate::domain::name::fold;
use crate::domain::reading::within;
use crate::store::{AppendError, Body, Class, Condition, EventStore, Expect, NewEvent, Receipt, Refusal};

/// Tells whether an event needs no second person, or is confirmed by one: a policy that they do not see holds for them.
fn needs_nobody_else(known: &Known, rolling: &mut Rolling, id: Option<EventId>, said: &Event) -> bool {
    let is_confirmed = said.envelope.confirms.is_some();
    let id = id.unwrap_or_else(|| EventId::from_uuid(uuid::Uuid::nil()));
    if is_confirmed {
        rolling.take(known, id, said).is_ok()
    } else {
        unheld(known, rolling, id, said).is_ok()
    }
}

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
    /// As the store's, and [`Refusal::Above`], [`Refusal::NotTheirs`] and [`Refusal::RequestNotTheirs`], which tell
    /// nothing of what they do not see.
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
            return Err(Refusal::RequestNotTheirs(request).into());
        }
        let (kept, left_out) = self.kept(events)?;
        // What happened to the clock is said in the whole log, of which the part has nothing.
        self.house.upgrade().ok_or(AppendError::Closed)?.note_jumps();
        let receipt = self.store.append(kept, self.of_whole(condition), request)?;
        // What was recorded is seen by whoever recorded it.
        self.catch_up().map_err(|_| AppendError::InDoubt)?;
        Ok(self.told(&receipt, left_out))
    }

    /// Returns what of events is appended to the whole log, and how many are left out because they are there already.
    ///
    /// # Errors
    ///
    /// [`Refusal::Above`] and [`Refusal::NotTheirs`]: then none may be recorded.
    pub(super) fn kept(&self, events: Vec<NewEvent>) -> Result<(Vec<NewEvent>, u64), AppendError> {
        let mut kept = Vec::with_capacity(events.len());
        let mut left_out = 0;
        let mut rolling = Rolling::default();
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
            self.lets_record(index, &mut rolling, event.actor, (event.id, &said, &event.body))?;
            if let Fact::MomentNamed(moment) = &mut said.fact {
                moment.size = self.whole(moment.size);
                event.body = said.encode().map_err(|_| refused())?;
            }
            kept.push(event);
        }
        Ok((kept, left_out))
    }

    /// Tells whether what confirms something says what waits in the whole log, of which they may see a part: word for
    /// word, but for what the log adds.
    fn says_what_waits(&self, said: &Event) -> Result<bool, DeskError> {
        let Some(held) = said.envelope.confirms else { return Ok(true) };
        let Some(position) = self.store.position_of(held)? else { return Ok(false) };
        let recorded = self.store.at(position)?;
        let event = recorded.and_then(|recorded| match recorded.body {
            Body::Plain(body) => Event::decode(recorded.schema, &body).ok(),
            Body::Redacted | Body::Missing => None,
        });
        let Some(mut waits) = event.as_ref().and_then(within).and_then(|within| within.into_iter().next())
        else {
            return Ok(false);
        };
        let mut said = said.clone();
        said.envelope.confirms = None;
        if said.kind().subject() == Subject::Entry {
            said.envelope.about.clear();
            waits.envelope.about.clear();
        }
        Ok(said == waits)
    }

    /// Tells whether they see everything that asserts a link which is taken back, now or once somebody else confirmed it.
    fn sees_what_is_taken_back(&self, said: &Event) -> Result<bool, DeskError> {
        let Some(within) = within(said) else { return Ok(false) };
        for one in std::iter::once(said).chain(&within) {
            let Fact::RecordLinked(linked) = &one.fact else { continue };
            let sees =
                |marks: &mut Marks| marks.lets_see_assertions(self.store.as_ref(), &self.clearance, linked);
            if linked.withdrawn && !self.marked.with(sees)? {
                return Ok(false);
            }
        }
        Ok(true)
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

    /// Tells whether they read every text of what is amended, now or once somebody else confirmed it, and see every
    /// correction of it that holds: who does not neither leaves out a text, nor lets anybody else see it, nor undoes
    /// what was corrected.
    fn reads_what_is_amended(&self, said: &Event) -> Result<bool, DeskError> {
        let Some(within) = within(said) else { return Ok(false) };
        for one in std::iter::once(said).chain(&within) {
            let Fact::RecordAmended(amended) = &one.fact else { continue };
            let Some(place) = self.whole_place_of(amended.target)? else { continue };
            let sees_all = self.marked.with(|marks| {
                marks.texts_level(place) <= self.clearance.level
                    && marks.lets_see_corrections(&self.clearance, place)
            });
            if !sees_all {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Tells whether nothing that they do not see has a name that an event gives, or is the policy that it sets or ends.
    fn names_nothing_hidden(&self, known: &Known, said: &Event) -> Result<bool, AppendError> {
        if !gives_names(said) {
            return Ok(true);
        }
        let own = self.own.get().and_then(Weak::upgrade).ok_or(AppendError::Closed)?;
        let theirs = own.known(&When::default()).map_err(|_| AppendError::Damaged)?;
        Ok(is_free_beyond(known, &theirs, said))
    }

    /// Refuses what they would not see themselves, and what the registers of the whole log do not take.
    fn lets_record(
        &self,
        index: usize,
        rolling: &mut Rolling,
        actor: ActorId,
        (id, said, body): (Option<EventId>, &Event, &str),
    ) -> Result<(), AppendError> {
        let damaged = |_: DeskError| AppendError::Damaged;
        let alone = self.marked.with(|marks| marks.would_let_see_alone(&self.clearance, said));
        if !alone {
            let unmarked = self.marked.with(|marks| marks.counts_above(&self.clearance, said));
            return Err(Refusal::Above { index, unmarked: unmarked.map(Box::new) }.into());
        }
        let sees = self
            .marked
            .with(|marks| marks.would_let_see(self.store.as_ref(), &self.clearance, said, body))
            .map_err(damaged)?;
        let house = self.house.upgrade().ok_or(AppendError::Closed)?;
        let known = house.known(&When::default()).map_err(damaged)?;
        if !sees
            || !self.reads_what_is_amended(said).map_err(damaged)?
            || !self.sees_what_is_taken_back(said).map_err(damaged)?
            || !self.says_what_waits(said).map_err(damaged)?
            || !waits_still(&known, said)
            || !needs_nobody_else(&known, rolling, id, said)
            || !is_free(&known, said)
            || !self.names_nothing_hidden(&known, said)?
            || !names_nothing_taken(&known, said)
            || writing::unsigned(&known, actor).is_err()
        {
            return Err(Refusal::NotTheirs { index }.into());
        }
        Ok(())
    }
}
