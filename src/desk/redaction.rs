//! Removing texts from the record: what is said of it first, for ever, and then the texts themselves.
//!
//! The order is what makes it safe to stop anywhere: first the record that the text is removed is on disk,
//! and from then on every answer hides it; then the secrets that open the text are destroyed; then whatever
//! was folded from it is folded anew elsewhere and wiped. What is found unfinished is finished.

mod approval;
mod finishing;
mod instead;
mod otherwise;
mod repeated;
mod standing;
mod texts;

use crate::desk::Desk;
use crate::desk::answer::Answer;
use crate::desk::answer::redaction::{ApprovalRow, Redacted, RemovedRow};
use crate::desk::ask::{ApprovalAsk, Caller, RedactAsk, When};
use crate::desk::error::{DeskError, Fault};
use crate::desk::format::resolve::Newcomer;
use crate::desk::known::Known;
use crate::desk::recording::row;
use crate::desk::redaction::approval::{Approver, Hands};
use crate::desk::redaction::texts::Text;
use crate::desk::writing::{self, TRIES_MAX, draw_event, draw_request, new_event, newcomer_event};
use crate::domain::event::{self, Envelope, Event};
use crate::domain::fact::{Fact, Kind, record};
use crate::domain::id::{ActorId, EntityId, EventId, RequestId};
use crate::domain::name::{fold, says_something};
use crate::domain::reading::RawEvent;
use crate::store::{
    AppendError, BODY_BYTES_MAX, Class, Condition, Expect, NewEvent, Receipt, Refusal, STREAMS_MAX,
};

pub(in crate::desk) use approval::APPROVERS_MIN;
pub use approval::{approval_message, signatures};

/// Texts that one submission removes at most; a longer list is removed in parts, the entry itself last.
const TEXTS_MAX: usize = 1_000;
/// How long a basis may be.
const BASIS_CHARS_MAX: usize = 2_000;

/// A removal that was read and may be recorded.
pub(super) struct Prepared {
    pub(super) known: Known,
    entry: RawEvent,
    // What is removed, the entry itself last; each with the id of the event that says so.
    texts: Vec<(EventId, Text)>,
    basis: String,
    approvers: Vec<Approver>,
    newcomers: Vec<Newcomer>,
    pub(super) actor: ActorId,
    expect: Vec<(EntityId, Expect)>,
    doubtful: Vec<String>,
}

impl Desk {
    /// Removes the text of an entry, and with it every text of the record that repeats it: the amendments
    /// of it, the remarks on it, the reasons of its corrections.
    ///
    /// When this returns, no answer shows the texts, whatever was known when, and nothing on the disk opens
    /// them. That they were there, and what they were by their commitments, stays provable.
    ///
    /// The same request gives the first answer again. A dry run says what would be removed, and what each
    /// approver who signs must sign ([`approval_message`]).
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Refused`] where a rule stands against it; [`DeskError::InDoubt`] when nobody
    /// knows whether it was recorded; after any other error nothing was, unless it says so: what was
    /// recorded and not finished is finished when the log is opened again.
    pub fn redact(
        &self,
        caller: &Caller,
        handle: &str,
        ask: &RedactAsk,
    ) -> Result<Answer<Redacted>, DeskError> {
        if ask.wait.is_some() && !ask.dry_run {
            self.check_signs()?;
        }
        self.redact_unproved(caller, handle, ask).map(|answer| self.removal_proved(ask, answer))
    }

    /// Adds the proofs that were asked for.
    pub(super) fn removal_proved(&self, ask: &RedactAsk, mut answer: Answer<Redacted>) -> Answer<Redacted> {
        self.prove_receipt(ask.wait, answer.data.receipt.as_mut(), &mut answer.notices);
        answer
    }

    fn redact_unproved(
        &self,
        caller: &Caller,
        handle: &str,
        ask: &RedactAsk,
    ) -> Result<Answer<Redacted>, DeskError> {
        let request = ask.request.unwrap_or_else(draw_request);
        for _ in 0..TRIES_MAX {
            if let Some(receipt) = self.store.receipt_of(request)? {
                return self.redacted_before(caller, handle, ask, &receipt);
            }
            // What a dry run names can still be signed.
            let mut prepared = self.prepare_removal(caller, handle, ask, ask.dry_run)?;
            if ask.dry_run {
                if self.logs_reads() {
                    let searched = "what was searched for stays in the access log, words of the text among it: see \
                                    `audit reads`";
                    prepared.doubtful.push(searched.to_owned());
                }
                return prepared.answer(None);
            }
            let is_part = prepared.texts.len() > TEXTS_MAX;
            prepared.texts.truncate(TEXTS_MAX);
            let part = if is_part { draw_request() } else { request };
            match self.append(prepared.events()?, prepared.condition(), part) {
                Ok(_) if is_part => {}
                Ok(receipt) => return self.removed(caller, prepared, &receipt),
                // Someone was quicker: what is to be removed is looked up again.
                Err(AppendError::Moved { .. } | AppendError::Refused(Refusal::RequestKnown(_))) => {}
                Err(error) => return Err(self.not_appended(error)),
            }
        }
        Err(DeskError::Unavailable("others record faster than this can be decided; try again".to_owned()))
    }

    pub(super) fn removed(
        &self,
        caller: &Caller,
        prepared: Prepared,
        receipt: &Receipt,
    ) -> Result<Answer<Redacted>, DeskError> {
        self.finish_removals().map_err(|error| unfinished(receipt.request, &error))?;
        let known = self.known(&When { tz: caller.tz.clone(), ..When::default() })?;
        Prepared { known, ..prepared }.answer(Some(receipt))
    }

    /// Reads a removal that whoever records it will sign: all of it in one submission.
    pub(super) fn prepare_removal_to_sign(
        &self,
        caller: &Caller,
        handle: &str,
        ask: &RedactAsk,
    ) -> Result<Prepared, DeskError> {
        let prepared = self.prepare_removal(caller, handle, ask, true)?;
        if prepared.texts.len() <= TEXTS_MAX {
            return Ok(prepared);
        }
        Err(DeskError::Refused {
            rule: format!(
                "{} texts go with it, and a removal that is signed has at most {TEXTS_MAX}",
                prepared.texts.len()
            ),
            hints: vec!["remove the longest of its corrections first, or leave `--sign-with` out".to_owned()],
        })
    }

    fn prepare_removal(
        &self,
        caller: &Caller,
        handle: &str,
        ask: &RedactAsk,
        may_be_signed: bool,
    ) -> Result<Prepared, DeskError> {
        // What is removed is shown once more, and what cannot be noted is not.
        self.may_show()?;
        // Before the record is read, so that whatever comes between is noticed.
        let registers = writing::registers_at(self.store.as_ref());
        let known = self.known(&When { tz: caller.tz.clone(), ..When::default() })?;
        let basis = basis(&ask.basis)?;
        let id = known.event_named(handle)?;
        let entry = known.view.event(id)?.ok_or_else(|| gone(handle))?;
        self.may_be_removed(&known, &entry)?;
        let mut hands = Hands::new(&known);
        let actor = hands.hand("actor", &caller.actor)?;
        if !may_be_signed {
            writing::unsigned(&known, actor)?;
        }
        self.each_for_themselves(caller, &ask.approvals)?;
        let approvers = hands.approvers(&ask.approvals)?;
        let mut newcomers = hands.newcomers;
        let mut texts = texts::repeating(&known, &entry, ask.drop_names)?;
        texts::untold(&texts, &basis)?;
        let mut doubtful = Vec::new();
        if let (Some(given), Some(own)) = (&ask.replacement, texts.last_mut()) {
            let said = instead::given(&known, &entry, given, ask.drop_names)?;
            own.instead = Some(said.event);
            newcomers.extend(said.newcomers);
            doubtful = said.doubtful;
        }
        doubtful.extend(otherwise::told(&known, &entry, &texts)?);
        standing::keeps_rules(&known, &entry, &texts)?;
        let mut expect: Vec<(EntityId, Expect)> =
            self.as_seen_of_author(&known, actor)?.into_iter().collect();
        // What waits for a second person, and repeats a text, changes the stream of the desk, as a new name does.
        expect.push(registers);
        for text in &texts {
            let condition = self.as_seen(&known, text.raw.id.into());
            if !expect.contains(&condition) && expect.len() < TEXTS_MAX {
                expect.push(condition);
            }
        }
        for tag in &ask.unchanged {
            let condition = self.unchanged(&known, tag)?;
            if !expect.contains(&condition) {
                expect.push(condition);
            }
        }
        let origin = self.store.log_id();
        for text in &texts {
            approval::verify(&known, origin, &basis, text, &approvers, ask.dry_run)?;
        }
        let texts = texts.into_iter().map(|text| (draw_event(), text)).collect();
        Ok(Prepared { known, entry, texts, basis, approvers, newcomers, actor, expect, doubtful })
    }

    /// Refuses whoever comes in by an account and names others who did not sign: an account speaks for nobody else.
    fn each_for_themselves(&self, caller: &Caller, approvals: &[ApprovalAsk]) -> Result<(), DeskError> {
        // Whoever owns the directory records under the name of no account.
        if !self.has_accounts() {
            return Ok(());
        }
        let accounts = self.accounts()?;
        let Some(own) = accounts.named(&caller.actor) else { return Ok(()) };
        let is_own = |ask: &ApprovalAsk| fold(ask.by.trim()) == fold(&own.name);
        match approvals.iter().find(|ask| ask.key.is_none() && !is_own(ask)) {
            None => Ok(()),
            Some(other) => Err(DeskError::Refused {
                rule: format!(
                    "{} did not sign, and the account of {} approves for nobody else",
                    other.by.trim(),
                    own.name
                ),
                hints: vec![format!(
                    "have it signed with their author key (`--approve {}=KEYFILE`, or the `signatures` of what a dry \
                     run names); whoever owns the directory may state on its machine who approved",
                    other.by.trim()
                )],
            }),
        }
    }

    /// Refuses to remove what auditors rest on, and what is removed already.
    fn may_be_removed(&self, known: &Known, entry: &RawEvent) -> Result<(), DeskError> {
        let handle = Known::handle(entry.id, entry.event.as_ref());
        if let Some(by) = entry.removed {
            let record = self.store.at(by)?.map(|record| Known::handle(record.id, None));
            let record = record.map_or_else(String::new, |record| format!(", {record}"));
            return Err(DeskError::Refused {
                rule: format!(
                    "the text of {handle} is removed already, by the record at position {by}{record}"
                ),
                hints: vec![format!("`history {handle}` shows on which basis, and who approved it")],
            });
        }
        let class = known.view.recorded(entry.position)?.map(|recorded| recorded.class);
        let kind = entry.event.as_ref().map(Event::kind);
        let rests_on_it = class != Some(Class::Fact)
            || kind.is_none_or(|kind| {
                matches!(kind, Kind::LogOpened | Kind::LogAdopted) || kind.is_of_account()
            });
        if rests_on_it {
            let kind = kind.map_or_else(|| "evidence".to_owned(), |kind| format!("`{kind}`"));
            return Err(DeskError::Refused {
                rule: format!("{handle} is {kind}, which auditors must be able to read: it is never removed"),
                hints: vec!["name the entry whose text is to go".to_owned()],
            });
        }
        Ok(())
    }
}

/// Checks the basis on which a text is removed.
fn basis(typed: &str) -> Result<String, DeskError> {
    let basis = typed.trim();
    let wrong = |detail: String| DeskError::from(Fault::in_field("basis", detail));
    if !says_something(basis) {
        return Err(wrong("is empty: name the law, the order or the decision; it stays readable".to_owned()));
    }
    if basis.chars().count() > BASIS_CHARS_MAX {
        return Err(wrong(format!(
            "has more than {BASIS_CHARS_MAX} characters; name the file where it stands"
        )));
    }
    if basis.chars().any(char::is_control) {
        return Err(wrong("has control characters; write it in one line".to_owned()));
    }
    Ok(basis.to_owned())
}

fn gone(handle: &str) -> DeskError {
    DeskError::NotFound { what: format!("entry `{}`", handle.trim()), hints: Vec::new() }
}

/// Returns the error of a removal that is recorded and not finished.
fn unfinished(request: RequestId, error: &DeskError) -> DeskError {
    DeskError::Unavailable(format!(
        "the removal is recorded, and no answer shows the text any more, but it is not yet gone from the disk: \
         {error}; opening the log for writing finishes it, as does the same request again ({request})"
    ))
}

impl Prepared {
    pub(super) fn condition(&self) -> Condition {
        Condition { expect: self.expect.clone() }
    }

    pub(super) fn events(&self) -> Result<Vec<NewEvent>, DeskError> {
        let mut events = Vec::with_capacity(self.newcomers.len() + self.texts.len());
        for newcomer in &self.newcomers {
            events.push(newcomer_event(newcomer, self.actor)?);
        }
        for (id, text) in &self.texts {
            events.push(self.event(*id, text)?);
        }
        Ok(events)
    }

    /// Returns the events whose texts are removed.
    pub(super) fn removes(&self) -> Vec<EventId> {
        self.texts.iter().map(|(_, text)| text.raw.id).collect()
    }

    /// Returns the event that says that a text is removed: each entity that the text names learns of it.
    fn event(&self, id: EventId, text: &Text) -> Result<NewEvent, DeskError> {
        let own = EntityId::from(text.raw.id);
        let recorded = self.known.view.recorded(text.raw.position)?;
        let mut about: Vec<EntityId> =
            recorded.into_iter().flat_map(|recorded| recorded.streams).map(|(stream, _)| stream).collect();
        for stream in text.instead.iter().flat_map(|event| event::streams(event, text.raw.id)) {
            if !about.contains(&stream) {
                about.push(stream);
            }
        }
        about.retain(|stream| *stream != own);
        about.truncate(STREAMS_MAX - 1);
        let fact = Fact::RecordRedacted(record::Redacted {
            target: text.raw.id,
            basis: self.basis.clone(),
            approvals: self.approvers.iter().map(|approver| approver.of(text.raw.id)).collect(),
            entity: text.entity,
            called: text.called.clone(),
            replacement: text.encoded()?,
        });
        let event = Event { envelope: Envelope { about, ..Envelope::default() }, fact };
        let body = event.encode().map_err(|error| DeskError::Unavailable(error.to_string()))?;
        if body.len() > BODY_BYTES_MAX {
            let detail = format!(
                "makes a record of {} bytes, and one has at most {BODY_BYTES_MAX}; say less",
                body.len()
            );
            return Err(Fault::in_field("replacement", detail).into());
        }
        Ok(NewEvent { class: Class::RecordRedacted, ..new_event(id, &event, body, self.actor) })
    }

    fn answer(self, receipt: Option<&Receipt>) -> Result<Answer<Redacted>, DeskError> {
        let first = receipt.map(|receipt| receipt.first + self.newcomers.len() as u64);
        let mut removed = Vec::with_capacity(self.texts.len());
        for (place, (id, text)) in (0..).zip(&self.texts) {
            removed.push(RemovedRow {
                id: text.raw.id,
                position: text.raw.position,
                what: text.what.to_owned(),
                instead: text.encoded()?.map(|reading| reading.get().to_owned()),
                by: receipt.map(|_| *id),
                by_position: first.map(|first| first + place),
            });
        }
        let entry = self.known.entry(self.entry.id)?;
        let entry = match &entry {
            Some(entry) => self.known.recognised(entry)?,
            None => Known::entry_ref(&crate::desk::entries::one(&self.known, self.entry.id)?),
        };
        let (stays, stays_total) = texts::staying(&self.known, &self.entry)?;
        let approvals = self.approvers.iter();
        Ok(self.known.answer(Redacted {
            entry,
            position: self.entry.position,
            basis: self.basis,
            approvals: approvals
                .map(|approver| ApprovalRow { by: approver.name.clone(), key: approver.key.clone() })
                .collect(),
            removed,
            stays,
            stays_total,
            doubtful: self.doubtful,
            registered: self.newcomers.iter().map(writing::entered_words).collect(),
            receipt: receipt.map(row),
        }))
    }
}

#[cfg(test)]
mod tests;
