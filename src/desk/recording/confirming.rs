//! Confirming what waits for a second person, and what still waits.

use crate::desk::Desk;
use crate::desk::answer::held::HeldRow;
use crate::desk::answer::operation::Recorded;
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::{Caller, ConfirmAsk, HeldAsk, When};
use crate::desk::entries::is_struck;
use crate::desk::error::DeskError;
use crate::desk::format::{Parsed, error_of};
use crate::desk::known::Known;
use crate::desk::recording::carrying::also_seen;
use crate::desk::recording::correction::striking;
use crate::desk::recording::handles::handles;
use crate::desk::recording::rules::check;
use crate::desk::recording::ruling::Rolling;
use crate::desk::recording::{Prepared, again};
use crate::desk::token::{Question, limit};
use crate::desk::writing::{self, TRIES_MAX, draw_event, draw_request, unsigned};
use crate::domain::event::{Event, SCHEMA};
use crate::domain::fact::{Fact, Kind};
use crate::domain::id::{ActorId, EntityId, EventId};
use crate::domain::name::alike;
use crate::domain::reading::RawEvent;
use crate::projections::timeline::{Struck, TimelineQuery};
use crate::store::{AppendError, Expect, Receipt, Refusal};

/// Of so many that are held, the texts are in memory at once.
const HELD_AT_ONCE: usize = 64;

impl Desk {
    /// Confirms what somebody else recorded and what waits for a second person: it is recorded, and counts from now
    /// on.
    ///
    /// The same request gives the first answer again. A dry run says what would be recorded.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Refused`] where a rule stands against it, and [`DeskError::InDoubt`] when nobody knows
    /// whether it was recorded; after any other error nothing was.
    pub fn confirm(
        &self,
        caller: &Caller,
        handle: &str,
        ask: &ConfirmAsk,
    ) -> Result<Answer<Recorded>, DeskError> {
        let request = ask.request.unwrap_or_else(draw_request);
        if ask.wait.is_some() && !ask.dry_run {
            self.check_signs()?;
        }
        for _ in 0..TRIES_MAX {
            // Before the record is read, so that what was recorded under it is there.
            let receipt = self.store.receipt_of(request)?;
            let known = self.known(&When { tz: caller.tz.clone(), ..When::default() })?;
            if let Some(receipt) = receipt {
                return confirmed_before(&known, caller, handle, &receipt)
                    .map(|answer| self.shown(ask, answer));
            }
            let prepared = self.prepare_confirmation(caller, handle, known)?;
            if ask.dry_run {
                self.would_take(&prepared)?;
                return prepared.dry_run();
            }
            unsigned(&prepared.known, prepared.actor)?;
            match self.append(prepared.events()?, prepared.condition(), request) {
                Ok(receipt) => {
                    let answer = self.recorded(caller, &prepared, &receipt)?;
                    return Ok(self.shown(ask, answer));
                }
                // Someone was quicker: whether it waits still is looked up again.
                Err(AppendError::Moved { .. } | AppendError::Refused(Refusal::RequestKnown(_))) => {}
                Err(error) => {
                    return Err(self.not_appended(error.counted_after(prepared.newcomers.len())));
                }
            }
        }
        Err(DeskError::Unavailable("others record faster than this can be decided; try again".to_owned()))
    }

    /// Returns what waits for a second person, the oldest first.
    ///
    /// # Errors
    ///
    /// As every question, and [`DeskError::Wrong`] for the token of another question.
    pub fn held(&self, when: &When, ask: &HeldAsk) -> Result<Answer<Page<HeldRow>>, DeskError> {
        let known = self.known(when)?;
        let question = Question::of("held", when, &HeldAsk::default());
        let after: Option<u64> = ask.after.as_deref().map(|after| question.place(after)).transpose()?;
        let limit = limit(ask.limit)?;
        let waiting = positions_waiting(&known)?;
        let begun = waiting.partition_point(|position| Some(*position) <= after);
        let rest = waiting.get(begun..).unwrap_or_default();
        let shown = rest.get(..limit).unwrap_or(rest);
        let next = shown.last().filter(|_| shown.len() < rest.len()).map(|last| question.token(last));
        let mut items = Vec::with_capacity(shown.len());
        for raw in known.view.events_at(shown)? {
            if let Some(event) = raw.event.as_ref().and_then(draft) {
                items.push(row(&known, &raw, &event)?);
            }
        }
        Ok(known.answer(Page { items, next, total: waiting.len() as u64 }))
    }

    /// Adds the proofs that were asked for.
    fn shown(&self, ask: &ConfirmAsk, mut answer: Answer<Recorded>) -> Answer<Recorded> {
        self.prove_receipt(ask.wait, answer.data.receipt.as_mut(), &mut answer.notices);
        answer
    }

    pub(super) fn prepare_confirmation(
        &self,
        caller: &Caller,
        handle: &str,
        known: Known,
    ) -> Result<Prepared, DeskError> {
        // What was held is shown, and what cannot be noted is not.
        self.may_show()?;
        let registers = writing::registers_at(self.store.as_ref());
        let (raw, mut event) = waiting(&known, handle)?;
        let (actor, newcomer) = writing::recorder_who_may_sign(&known, caller)?;
        self.is_somebody_else(&known, caller, actor, &raw)?;
        event.envelope.confirms = Some(raw.id);
        let id = draw_event();
        let mut expect: Vec<(EntityId, Expect)> =
            self.as_seen_of_author(&known, actor)?.into_iter().collect();
        expect.push(self.as_seen(&known, raw.id.into()));
        if let Some(target) = event.entry() {
            unchanged(&known, &raw, target)?;
            expect.push(self.as_seen(&known, target.into()));
        }
        if newcomer.is_some() || writing::bears_on_registers(&event) {
            expect.push(registers);
        }
        let body = event.encode().map_err(|error| DeskError::Unavailable(error.to_string()))?;
        let mut parsed = Parsed { event, body, echo: Vec::new(), doubtful: Vec::new(), marked: true };
        let trouble = |trouble| error_of(vec![trouble]);
        if parsed.event.entry().is_none() {
            handles(&known, id, &parsed.event).map_err(trouble)?;
        }
        check(&known, id, &mut parsed).map_err(trouble)?;
        // Two let more people see something; nobody takes away the levels that accounts hold.
        Rolling::default().take(&known, id, &parsed.event).map_err(trouble)?;
        let held_by = known.recorder_named(raw.actor);
        parsed.echo.push(format!("confirms: {}, which {held_by} recorded", Known::handle(raw.id, None)));
        parsed.echo.extend(seen_with(&known, &parsed.event)?);
        let newcomers: Vec<_> = newcomer.into_iter().collect();
        self.admitted(caller, [(0, &parsed.event)])?;
        Ok(Prepared { known, entries: vec![(id, parsed)], newcomers, actor, expect })
    }

    /// Refuses whoever recorded what waits, and, where there are accounts, whoever comes in without one.
    fn is_somebody_else(
        &self,
        known: &Known,
        caller: &Caller,
        actor: ActorId,
        raw: &RawEvent,
    ) -> Result<(), DeskError> {
        let refused = |rule: String, hint: &str| DeskError::Refused { rule, hints: vec![hint.to_owned()] };
        let by = known.recorder_named(raw.actor);
        let handle = Known::handle(raw.id, None);
        if actor == raw.actor || alike(&by, caller.actor.trim()) {
            let rule = format!("{handle} was recorded by {by}, and somebody else confirms it");
            return Err(refused(
                rule,
                "two people who are not the same are needed; their names do not look alike",
            ));
        }
        if self.has_accounts() && self.accounts()?.named(&caller.actor).is_none() {
            let rule = format!("{handle} is confirmed by somebody with an account");
            return Err(refused(rule, "come in with `login`, or with a token (`--credential FILE`)"));
        }
        Ok(())
    }
}

/// Returns everything that waits or waited for a second person, in the order of the log.
///
/// # Errors
///
/// Returns what the projections say when the log cannot be read.
pub(in crate::desk) fn all_held(known: &Known) -> Result<Vec<RawEvent>, DeskError> {
    Ok(known.view.events_at(&positions_held(known)?)?)
}

/// Returns where everything stands that waits or waited for a second person, lowest first.
fn positions_held(known: &Known) -> Result<Vec<u64>, DeskError> {
    let kinds = vec![Kind::EntryHeld].into();
    let query = TimelineQuery { kinds, struck: Struck::Show, bookkeeping: true, ..TimelineQuery::default() };
    Ok(known.view.positions(&query)?.into_iter().map(u64::from).collect())
}

/// Returns where everything stands that waits for a second person still, lowest first.
fn positions_waiting(known: &Known) -> Result<Vec<u64>, DeskError> {
    let mut waiting = Vec::new();
    // Few at a time: what was confirmed long ago is looked at, and not kept.
    for some in positions_held(known)?.chunks(HELD_AT_ONCE) {
        for raw in known.view.events_at(some)? {
            if raw.event.as_ref().and_then(draft).is_some()
                && confirmation(known, raw.id)?.is_none()
                && !is_struck(raw.id, &known.corrections(raw.id)?)
            {
                waiting.push(raw.position);
            }
        }
    }
    Ok(waiting)
}

/// Returns what an event holds for a second person.
fn draft(event: &Event) -> Option<Event> {
    let Fact::EntryHeld(held) = &event.fact else { return None };
    Event::decode(SCHEMA, held.entry.get()).ok()
}

/// Returns what waits under a handle, and what it holds.
fn waiting(known: &Known, handle: &str) -> Result<(RawEvent, Event), DeskError> {
    let gone = || DeskError::NotFound { what: format!("entry `{}`", handle.trim()), hints: Vec::new() };
    let hint = "`demarche held` lists what waits for a second person".to_owned();
    let refused = |rule: String| DeskError::Refused { rule, hints: vec![hint.clone()] };
    let raw = known.view.event(known.event_named(handle)?)?.ok_or_else(gone)?;
    let called = Known::handle(raw.id, raw.event.as_ref());
    let Some(event) = raw.event.as_ref().and_then(draft) else {
        let kind = raw.event.as_ref().map_or_else(|| "removed".to_owned(), |event| event.kind().to_string());
        return Err(refused(format!("{called} waits for nobody: it is {kind}")));
    };
    if let Some(by) = confirmation(known, raw.id)? {
        let who = known.recorder_named(by.actor);
        return Err(refused(format!("{called} was confirmed by {who} already, at position {}", by.position)));
    }
    if let Some(by) = striking(raw.id, &known.corrections(raw.id)?) {
        let who = known.recorder_named(by.actor);
        return Err(refused(format!("{called} was struck by {who}, at position {}", by.position)));
    }
    Ok((raw, event))
}

/// Tells whether what an event confirms waits still, and whether what that corrects stayed as it was; of what confirms
/// nothing, that it does.
pub(in crate::desk) fn waits_still(known: &Known, said: &Event) -> bool {
    let Some(held) = said.envelope.confirms else { return true };
    let Ok((raw, _)) = waiting(known, &held.to_string()) else { return false };
    said.entry().is_none_or(|target| unchanged(known, &raw, target).is_ok())
}

/// Returns the event by which what waited was confirmed.
pub(super) fn confirmation(known: &Known, held: EventId) -> Result<Option<RawEvent>, DeskError> {
    let history = known.view.history(held.into())?;
    let confirms =
        |raw: &RawEvent| raw.event.as_ref().is_some_and(|event| event.envelope.confirms == Some(held));
    Ok(history.into_iter().find(confirms))
}

/// Refuses to confirm a correction of what was corrected since it was recorded: it would undo that.
fn unchanged(known: &Known, held: &RawEvent, target: EventId) -> Result<(), DeskError> {
    let corrects = |raw: &RawEvent| {
        raw.position > held.position
            && raw.event.as_ref().is_some_and(|event| {
                matches!(
                    event.fact,
                    Fact::RecordAmended(_) | Fact::RecordRetracted(_) | Fact::RecordRedacted(_)
                )
            })
    };
    let corrections = known.corrections(target)?;
    let removed = known.view.event(target)?.and_then(|raw| raw.removed);
    let Some(at) = corrections.into_iter().find(corrects).map(|raw| raw.position).or(removed) else {
        return Ok(());
    };
    let handle = Known::handle(held.id, None);
    Err(DeskError::Refused {
        rule: format!("what {handle} corrects was corrected since, at position {at}"),
        hints: vec![format!("strike {handle}, and record the correction of what the entry says now")],
    })
}

fn row(known: &Known, raw: &RawEvent, event: &Event) -> Result<HeldRow, DeskError> {
    let entry = crate::desk::recording::entry(raw.id, event, raw.actor, raw.at);
    let mut told = known.recognised(&entry)?;
    told.handle = Known::handle(raw.id, None);
    let target = event.entry().map(|target| known.entry(target)).transpose()?.flatten();
    let marking = |event: &Event| event.envelope.marking.as_ref().map(|marking| marking.0.clone());
    let reading = crate::domain::reading::given(event);
    Ok(HeldRow {
        entry: told,
        position: raw.position,
        recorded_at: raw.at,
        recorder: known.recorder_named(raw.actor),
        marked: marking(reading.as_ref().unwrap_or(event)),
        marked_before: target.as_ref().and_then(|entry| entry.event.as_ref()).and_then(marking),
        corrects: target.map(|target| known.recognised(&target)).transpose()?,
        reason: event.envelope.reason.clone(),
        also_seen: seen_with(known, event)?,
    })
}

/// Returns what earlier readings say otherwise that a correction would let more people see.
fn seen_with(known: &Known, event: &Event) -> Result<Vec<String>, DeskError> {
    let target = event.entry().map(|target| known.view.event(target)).transpose()?.flatten();
    target.map_or_else(|| Ok(Vec::new()), |target| also_seen(known, &target, event))
}

/// Answers a confirmation that was recorded before, if it is one of the same entry.
fn confirmed_before(
    known: &Known,
    caller: &Caller,
    handle: &str,
    receipt: &Receipt,
) -> Result<Answer<Recorded>, DeskError> {
    let held = known.event_named(handle)?;
    let other = || writing::other_content(receipt.request);
    let actor = writing::recorder_who_may_sign(known, caller)?.0;
    let id = receipt.ids.last().copied().ok_or_else(other)?;
    // What it confirmed can no longer be compared where its text was removed since.
    if known.view.event(id)?.is_some_and(|raw| raw.removed.is_some() && raw.actor == actor) {
        return again(known, receipt, &[id]);
    }
    let by = confirmation(known, held)?.filter(|by| by.id == id && by.actor == actor).ok_or_else(other)?;
    again(known, receipt, &[by.id])
}
