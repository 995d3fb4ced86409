//! Recording what someone typed or a program sends: entries as one unit, once, on a condition.

mod admitted;
mod aliases;
mod carrying;
mod confirming;
mod correction;
mod doubt;
mod handles;
mod merging;
mod minimum;
mod named;
mod naming;
mod offers;
mod reading;
mod receipt;
mod rules;
mod ruling;
mod second;
mod signing;
mod slots;
mod telling;

pub(super) use confirming::{all_held, waits_still};
pub(super) use correction::striking;
pub(super) use doubt::{Likeness, SAME, doubtful, duplicate_of, named_above};
pub(super) use handles::{handles, misleading};
pub(super) use minimum::lacking;
pub(super) use named::{gives_names, is_free_beyond, of_another};
pub(super) use reading::ENTERED_ALREADY;
pub(super) use receipt::{entry, row, same};
pub(super) use rules::{by_program_only, check, is_free};
pub(super) use ruling::{Rolling, Ruling};
pub(super) use second::{root, unheld};
pub use signing::LaidOut;
pub(super) use signing::Unsigned;
pub(crate) use signing::{Done, SignAsk};
pub(super) use slots::slots_of;

use crate::desk::Desk;
use crate::desk::answer::Answer;
use crate::desk::answer::operation::{Recorded, RecordedEntry};
use crate::desk::ask::{Caller, RecordAsk, When};
use crate::desk::consequences;
use crate::desk::error::{DeskError, Fault};
use crate::desk::format::Parsed;
use crate::desk::format::field::nearest;
use crate::desk::format::resolve::Newcomer;
use crate::desk::known::Known;
use crate::desk::recording::reading::read;
use crate::desk::recording::telling::{once_each, told};
use crate::desk::writing::{self, TRIES_MAX, draw_request, new_event, newcomer_event, unsigned};
use crate::domain::fact::Kind;
use crate::domain::id::{ActorId, EntityId, EventId};
use crate::domain::reading::{RawEvent, concerned};
use crate::store::{AppendError, Condition, Expect, NewEvent, Receipt, Refusal};

/// Entries that were read and may be recorded.
struct Prepared {
    known: Known,
    entries: Vec<(EventId, Parsed)>,
    newcomers: Vec<Newcomer>,
    actor: ActorId,
    expect: Vec<(EntityId, Expect)>,
}

impl Desk {
    /// Records entries as one unit.
    ///
    /// The same request with the same entries gives the first receipt again, whatever was recorded since.
    /// A dry run says what would be recorded. Whoever records for the first time, and states that are named
    /// for the first time, are entered in the registers with the entries; nothing else comes into being by
    /// mention.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::InDoubt`] when nobody knows whether the entries are on disk; after any other
    /// error nothing was recorded.
    pub fn record(&self, caller: &Caller, ask: &RecordAsk) -> Result<Answer<Recorded>, DeskError> {
        let request = ask.request.unwrap_or_else(draw_request);
        countable(ask)?;
        if ask.wait.is_some() && !ask.dry_run {
            self.check_signs()?;
        }
        for _ in 0..TRIES_MAX {
            if let Some(receipt) = self.store.receipt_of(request)? {
                return self.repeated(caller, ask, &receipt).map(|answer| self.proved(ask, answer));
            }
            let prepared = self.prepare(caller, ask)?;
            if ask.dry_run {
                self.would_take(&prepared)?;
                return prepared.dry_run();
            }
            match self.append(prepared.events()?, prepared.condition(), request) {
                Ok(receipt) => {
                    return self.recorded(caller, &prepared, &receipt).map(|answer| self.proved(ask, answer));
                }
                // Someone was quicker: what was read of the registers or of the state is read again.
                Err(AppendError::Moved { .. } | AppendError::Refused(Refusal::RequestKnown(_))) => {}
                Err(error) => {
                    return Err(self.not_appended(error.counted_after(prepared.newcomers.len())));
                }
            }
        }
        Err(DeskError::Unavailable("others record faster than this can be decided; try again".to_owned()))
    }

    /// Adds the proofs that were asked for.
    fn proved(&self, ask: &RecordAsk, mut answer: Answer<Recorded>) -> Answer<Recorded> {
        self.prove_receipt(ask.wait, answer.data.receipt.as_mut(), &mut answer.notices);
        answer
    }

    /// Refuses what would be refused if it were recorded because of what is out of sight here.
    fn would_take(&self, prepared: &Prepared) -> Result<(), DeskError> {
        let Some(beyond) = &self.beyond else { return Ok(()) };
        let before = prepared.newcomers.len();
        let refused = |error: AppendError| self.not_appended(error.counted_after(before));
        beyond.would_take(prepared.events()?).map_err(refused)
    }

    fn prepare(&self, caller: &Caller, ask: &RecordAsk) -> Result<Prepared, DeskError> {
        let prepared = self.prepare_signed(caller, ask)?;
        if ask.dry_run { Ok(prepared) } else { unsigned(&prepared.known, prepared.actor).map(|()| prepared) }
    }

    /// Reads entries that their author will sign.
    fn prepare_signed(&self, caller: &Caller, ask: &RecordAsk) -> Result<Prepared, DeskError> {
        // Before the record is read, so that whatever comes between is noticed.
        let registers = writing::registers_at(self.store.as_ref());
        let known = self.known(&When { tz: caller.tz.clone(), ..When::default() })?;
        let (actor, newcomer) = writing::recorder_who_may_sign(&known, caller)?;
        let mut ids: Vec<EventId> = ask.entries.iter().map(|_| writing::draw_event()).collect();
        let own = newcomer.as_ref().and_then(|new| writing::entered_by(&known, new, &ask.entries));
        if let (Some(own), Some(newcomer)) = (own.and_then(|place| ids.get_mut(place)), &newcomer) {
            *own = newcomer.id;
        }
        let (mut entries, entered) = read(&known, (actor, newcomer.as_ref()), &ask.entries, &ids)?;
        let newcomer = newcomer.filter(|newcomer| !enters_itself(newcomer, &mut entries));
        if entries.iter().any(|(_, parsed)| concerned(&parsed.event).is_some()) {
            // What is corrected is shown, and what cannot be noted is not.
            self.may_show()?;
        }
        let newcomers: Vec<Newcomer> = newcomer.into_iter().chain(entered).collect();
        self.admitted(caller, entries.iter().map(|(_, parsed)| &parsed.event).enumerate())?;
        let mut expect: Vec<(EntityId, Expect)> =
            self.as_seen_of_author(&known, actor)?.into_iter().collect();
        if !newcomers.is_empty()
            || entries.iter().any(|(_, parsed)| writing::bears_on_registers(&parsed.event))
        {
            expect.push(registers);
        }
        for (_, parsed) in &entries {
            // Whether it may be corrected so, at once or by somebody else, depends on the corrections that it has.
            if let Some(target) = concerned(&parsed.event) {
                let condition = self.as_seen(&known, target.into());
                if !expect.contains(&condition) {
                    expect.push(condition);
                }
            }
        }
        let mut prepared = Prepared { known, entries, newcomers, actor, expect };
        if let Some(expected) = &ask.expect {
            self.guard(&mut prepared, expected)?;
        }
        for tag in &ask.unchanged {
            let condition = self.unchanged(&prepared.known, tag)?;
            if !prepared.expect.contains(&condition) {
                prepared.expect.push(condition);
            }
        }
        Ok(prepared)
    }

    /// Checks that what the entries are about stands as expected, and makes the append depend on it.
    fn guard(&self, prepared: &mut Prepared, expected: &str) -> Result<(), DeskError> {
        let word = expected.trim().to_lowercase().replace([' ', '-'], "_");
        let states = consequences::states();
        if !states.contains(&word.as_str()) {
            let near =
                nearest(&word, &states).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            let detail = format!("`{expected}` is no state of a channel, overture, meeting or series{near}");
            return Err(Fault::in_field("expect", detail).into());
        }
        let mut guarded = false;
        for (id, parsed) in &prepared.entries {
            for entity in consequences::concerned(&prepared.known, *id, &parsed.event)? {
                if self.store.stream(entity).is_none() {
                    continue;
                }
                let Some(standing) = consequences::standing(&prepared.known, entity)? else { continue };
                guarded = true;
                if !standing.states.contains(&word) {
                    return Err(DeskError::Refused {
                        rule: format!("{} is {}, not {word}", standing.name, standing.states.join(" and ")),
                        hints: vec!["leave `expect` out to record what happened all the same".to_owned()],
                    });
                }
                let condition = self.as_seen(&prepared.known, entity);
                if !prepared.expect.contains(&condition) {
                    prepared.expect.push(condition);
                }
            }
        }
        if guarded {
            return Ok(());
        }
        Err(Fault::in_field("expect", format!("nothing that the entries are about can be {expected}")).into())
    }

    /// Returns the condition that nothing was recorded of an author who has a key: whether what they record
    /// must be signed, and with which key, depends on it.
    pub(super) fn as_seen_of_author(
        &self,
        known: &Known,
        actor: ActorId,
    ) -> Result<Option<(EntityId, Expect)>, DeskError> {
        let signs = !known.keys_of(actor)?.is_empty();
        Ok(signs.then(|| self.as_seen(known, EntityId::from_uuid(*actor.as_uuid()))))
    }

    /// Returns the condition that nothing was recorded of an entity since the record was read.
    pub(super) fn as_seen(&self, known: &Known, entity: EntityId) -> (EntityId, Expect) {
        let expected = match self.store.stream(entity) {
            // A stream that exists is never absent, so the append is refused and everything is read again.
            Some((_, position)) if position >= known.view.size() => Expect::NoStream,
            Some((revision, _)) => Expect::At(revision),
            None => Expect::NoStream,
        };
        (entity, expected)
    }

    /// Tells whether entries cannot be read as they were when they were recorded because of what was removed
    /// since: their own texts, or names in the registers.
    fn may_rest_on_removed(
        &self,
        known: &Known,
        ids: &[EventId],
        error: &DeskError,
    ) -> Result<bool, DeskError> {
        if matches!(error, DeskError::NotFound { .. }) && self.projections.has_removals() {
            return Ok(true);
        }
        for id in ids {
            if known.view.event(*id)?.is_some_and(|raw| raw.removed.is_some()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn recorded(
        &self,
        caller: &Caller,
        prepared: &Prepared,
        receipt: &Receipt,
    ) -> Result<Answer<Recorded>, DeskError> {
        let known = self.known(&When { tz: caller.tz.clone(), ..When::default() })?;
        let first = receipt.first + prepared.newcomers.len() as u64;
        let mut entries = Vec::with_capacity(prepared.entries.len());
        for (place, entry) in prepared.entries.iter().enumerate() {
            let position = Some(first + place as u64);
            entries.push(told(&known, entry, prepared.actor, known.at, position)?);
        }
        once_each(&mut entries);
        let registered = prepared.newcomers.iter().map(writing::entered_words).collect();
        let answer = known.answer(Recorded { entries, registered, receipt: Some(row(receipt)) });
        Ok(self.with_notice(answer))
    }

    /// Answers a submission that was recorded before, if it says the same.
    ///
    /// The entries are read again as they were read then: against the registers of that moment, by its
    /// clock. What was typed for a date counts, not what it would mean today.
    fn repeated(
        &self,
        caller: &Caller,
        ask: &RecordAsk,
        receipt: &Receipt,
    ) -> Result<Answer<Recorded>, DeskError> {
        let count = receipt.ids.len();
        let Some(entered) = count.checked_sub(ask.entries.len()) else {
            return Err(writing::other_content(receipt.request));
        };
        let ids = receipt.ids.get(entered..).unwrap_or_default();
        let size = receipt.first + entered as u64;
        let then = self.known(&When {
            known_as_of: size.checked_sub(1).map(|position| position.to_string()),
            at: Some(receipt.recorded_at.to_string()),
            tz: caller.tz.clone(),
        })?;
        let known = self.known(&When { tz: caller.tz.clone(), ..When::default() })?;
        let (actor, newcomer) = writing::recorder_who_may_sign(&then, caller)?;
        let own = newcomer.and_then(|new| writing::entered_by(&then, &new, &ask.entries));
        let own = own.and_then(|place| ids.get(place));
        let actor = own.map_or(actor, |own| ActorId::from_uuid(*own.as_uuid()));
        let read = match read(&then, (actor, None), &ask.entries, ids) {
            Ok(read) => read,
            // What the entries were read against may be among what was removed since.
            Err(error) if self.may_rest_on_removed(&known, ids, &error)? => {
                return again(&known, receipt, ids);
            }
            Err(_) => return Err(writing::other_content(receipt.request)),
        };
        let mut entries = Vec::with_capacity(ids.len());
        for (place, entry) in read.0.iter().enumerate() {
            let (id, parsed) = entry;
            let raw = known.view.event(*id)?;
            let Some(raw) = raw.filter(|raw| raw.actor == actor && same(raw, &parsed.event)) else {
                return Err(writing::other_content(receipt.request));
            };
            entries.push(told(&known, entry, actor, raw.at, Some(size + place as u64))?);
        }
        once_each(&mut entries);
        let receipt = Receipt { repeated: true, ..receipt.clone() };
        Ok(known.answer(Recorded { entries, registered: Vec::new(), receipt: Some(row(&receipt)) }))
    }
}

/// Answers a submission that was recorded before and can no longer be compared, because texts were removed
/// since: with what the record has of it.
fn again(known: &Known, receipt: &Receipt, ids: &[EventId]) -> Result<Answer<Recorded>, DeskError> {
    let mut entries = Vec::with_capacity(ids.len());
    for id in ids {
        let entry = crate::desk::entries::one(known, *id)?;
        entries.push(RecordedEntry {
            position: Some(entry.position),
            entry: Known::entry_ref(&entry),
            corrects: None,
            echo: Vec::new(),
            doubtful: Vec::new(),
            anomalies: Vec::new(),
            now: Vec::new(),
        });
    }
    let receipt = Receipt { repeated: true, ..receipt.clone() };
    Ok(known.answer(Recorded { entries, registered: Vec::new(), receipt: Some(row(&receipt)) }))
}

impl Prepared {
    fn events(&self) -> Result<Vec<NewEvent>, DeskError> {
        let mut events = Vec::with_capacity(self.newcomers.len() + self.entries.len());
        for newcomer in &self.newcomers {
            events.push(newcomer_event(newcomer, self.actor)?);
        }
        for (id, parsed) in &self.entries {
            events.push(new_event(*id, &parsed.event, parsed.body.clone(), self.actor));
        }
        Ok(events)
    }

    fn condition(&self) -> Condition {
        Condition { expect: self.expect.clone() }
    }

    fn dry_run(self) -> Result<Answer<Recorded>, DeskError> {
        let ahead: Vec<RawEvent> = self.raw_events();
        let known = self.known.ahead(ahead)?;
        let mut entries = Vec::with_capacity(self.entries.len());
        for entry in &self.entries {
            entries.push(told(&known, entry, self.actor, known.at, None)?);
        }
        once_each(&mut entries);
        let registered = self.newcomers.iter().map(writing::entered_words).collect();
        Ok(self.known.answer(Recorded { entries, registered, receipt: None }))
    }

    fn raw_events(&self) -> Vec<RawEvent> {
        let newcomers = self.newcomers.iter().map(|newcomer| (newcomer.id, newcomer.event.clone()));
        let entries = self.entries.iter().map(|(id, parsed)| (*id, parsed.event.clone()));
        let size = self.known.view.size();
        newcomers
            .chain(entries)
            .zip(size..)
            .map(|((id, event), position)| RawEvent {
                position,
                at: self.known.at,
                id,
                actor: self.actor,
                event: Some(event),
                removed: None,
            })
            .collect()
    }
}

/// Tells whether one of the entries enters whoever records them in the register; one that waits for somebody else does not.
fn enters_itself(recorder: &Newcomer, entries: &mut [(EventId, Parsed)]) -> bool {
    let Some((id, parsed)) = entries.iter_mut().find(|(id, _)| *id == recorder.id) else { return false };
    let enters = parsed.event.kind() == Kind::RecorderRegistered;
    if !enters {
        *id = writing::draw_event();
    }
    enters
}

/// Checks that there is something to record, and not more than one unit holds.
fn countable(ask: &RecordAsk) -> Result<(), DeskError> {
    if ask.entries.is_empty() {
        return Err(Fault::new("there is nothing to record: `entries` is empty").into());
    }
    let most = crate::store::APPEND_EVENTS_MAX / 2;
    if ask.entries.len() > most {
        return Err(
            Fault::new(format!("at most {most} entries are recorded as one unit; import more")).into()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests;
