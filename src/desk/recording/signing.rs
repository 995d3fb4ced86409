//! Recording what its author signs, in two steps: the desk lays out the submission as the log will carry it,
//! the author signs that elsewhere, and what comes back is recorded as it was laid out.
//!
//! Between the two steps what was laid out is kept in memory; a desk that was closed meanwhile lays it out
//! anew. The private key never comes near the desk.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::desk::Desk;
use crate::desk::answer::Answer;
use crate::desk::answer::operation::{MomentRow, Recorded};
use crate::desk::answer::redaction::Redacted;
use crate::desk::ask::{Caller, ConfirmAsk, MomentAsk, RecordAsk, RedactAsk, When};
use crate::desk::authors::signature;
use crate::desk::error::{DeskError, Fault};
use crate::desk::format::error_of;
use crate::desk::recording::Prepared;
use crate::desk::recording::ruling::Rolling;
use crate::desk::recording::second::needed;
use crate::desk::writing::draw_request;
use crate::desk::{moment, redaction};
use crate::domain::id::{ActorId, EventId, RequestId};
use crate::domain::reading::concerned;
use crate::domain::timestamp::Timestamp;
use crate::store::leaf::HexHash;
use crate::store::{AppendError, AuthorSignature, Condition, NewEvent, ToSign, prepare_submission};

/// Submissions that wait for their signatures, at most; the oldest goes first.
const WAITING_MAX: usize = 64;
/// How long one waits: ten minutes, in microseconds.
const WAITING_MICROS_MAX: i64 = 600_000_000;

/// Submissions that were laid out and wait for their signatures.
#[derive(Default)]
pub(in crate::desk) struct Unsigned {
    waiting: Mutex<VecDeque<Waiting>>,
}

struct Waiting {
    request: RequestId,
    caller: Caller,
    actor: ActorId,
    since: Timestamp,
    work: Work,
    events: Vec<NewEvent>,
    condition: Condition,
    to_sign: Vec<ToSign>,
}

/// What is recorded, once it is signed.
#[expect(clippy::large_enum_variant, reason = "one waits for each author who signs")]
enum Work {
    Entries(RecordAsk, Prepared),
    Moment(moment::Prepared),
    Removal(RedactAsk, redaction::Prepared),
}

impl Work {
    /// Returns the entries whose texts a submission repeats.
    fn corrects(&self) -> Vec<EventId> {
        match self {
            Self::Entries(_, prepared) => {
                prepared.entries.iter().filter_map(|(_, parsed)| concerned(&parsed.event)).collect()
            }
            Self::Moment(_) => Vec::new(),
            Self::Removal(_, prepared) => prepared.removes(),
        }
    }
}

/// What an author is to sign.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[schemars(rename = "{T}LaidOut")]
pub struct LaidOut<T> {
    /// The id of the submission, by which the signatures are given back.
    pub request: RequestId,
    /// Of each event, in order, the submission; signed is `"demarche/submission/v1\n"` and then this.
    pub submissions: Vec<String>,
    /// The entries that it corrects, or says something of: a submission repeats what they say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub corrects: Vec<EventId>,
    /// What became of it, where it was recorded before: then there is nothing to sign.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded: Option<T>,
}

/// What became of a submission that was signed, as whoever records it unsigned is answered.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(untagged)]
#[expect(clippy::large_enum_variant, reason = "one is made per answer")]
pub(crate) enum Done {
    /// Entries.
    Entries(Recorded),
    /// A moment with a name.
    Moment(MomentRow),
    /// Texts that were removed.
    Removal(Redacted),
}

fn done<T>(answer: Answer<T>, kind: impl Fn(T) -> Done) -> Answer<Done> {
    Answer { as_of: answer.as_of, notices: answer.notices, data: kind(answer.data) }
}

fn before<T>(request: RequestId, answer: Answer<T>) -> Answer<LaidOut<T>> {
    let (as_of, notices) = (answer.as_of, answer.notices);
    let data =
        LaidOut { request, submissions: Vec::new(), corrects: Vec::new(), recorded: Some(answer.data) };
    Answer { as_of, notices, data }
}

/// The signatures of a submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignAsk {
    /// The submission.
    pub(crate) request: RequestId,
    /// The Ed25519 public key, 64 hexadecimal digits.
    pub(crate) key: String,
    /// Of each event, in order, the signature in base64: 64 bytes, or a blob of `ssh-keygen -Y sign`.
    pub(crate) signatures: Vec<String>,
}

impl Unsigned {
    fn waiting(&self) -> MutexGuard<'_, VecDeque<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, one: Waiting) {
        let mut waiting = self.waiting();
        waiting.retain(|other| other.request != one.request && !other.is_stale(one.since));
        if waiting.len() >= WAITING_MAX {
            waiting.pop_front();
        }
        waiting.push_back(one);
    }

    fn take(&self, request: RequestId, now: Timestamp) -> Option<Waiting> {
        let mut waiting = self.waiting();
        waiting.retain(|one| !one.is_stale(now));
        let place = waiting.iter().position(|one| one.request == request)?;
        waiting.remove(place)
    }
}

impl Waiting {
    fn is_stale(&self, now: Timestamp) -> bool {
        now.micros().saturating_sub(self.since.micros()) > WAITING_MICROS_MAX
    }
}

impl Desk {
    /// Lays out what would be recorded, for its author to sign; nothing is recorded yet.
    ///
    /// # Errors
    ///
    /// As [`Desk::record`]; nothing was recorded.
    pub(crate) fn lay_out(
        &self,
        caller: &Caller,
        ask: &RecordAsk,
    ) -> Result<Answer<LaidOut<Recorded>>, DeskError> {
        let request = ask.request.unwrap_or_else(draw_request);
        if let Some(receipt) = self.store.receipt_of(request)? {
            return Ok(before(request, self.proved(ask, self.repeated(caller, ask, &receipt)?)));
        }
        super::countable(ask)?;
        if ask.wait.is_some() {
            self.check_signs()?;
        }
        let prepared = self.prepare_signed(caller, ask)?;
        let (events, condition, actor) = (prepared.events()?, prepared.condition(), prepared.actor);
        let answer = prepared.known.answer(());
        self.to_sign(caller, actor, request, (events, condition), Work::Entries(ask.clone(), prepared))
            .map(|laid_out| Answer { as_of: answer.as_of, notices: answer.notices, data: laid_out })
    }

    /// Lays out that what waits for a second person is confirmed, for whoever confirms it to sign; nothing is recorded
    /// yet.
    ///
    /// # Errors
    ///
    /// As [`Desk::confirm`]; nothing was recorded.
    pub(crate) fn lay_out_confirmation(
        &self,
        caller: &Caller,
        handle: &str,
        ask: &ConfirmAsk,
    ) -> Result<Answer<LaidOut<Recorded>>, DeskError> {
        let request = ask.request.unwrap_or_else(draw_request);
        if self.store.receipt_of(request)?.is_some() {
            return Ok(before(request, self.confirm(caller, handle, ask)?));
        }
        if ask.wait.is_some() {
            self.check_signs()?;
        }
        let known = self.known(&When { tz: caller.tz.clone(), ..When::default() })?;
        let prepared = self.prepare_confirmation(caller, handle, known)?;
        let (events, condition, actor) = (prepared.events()?, prepared.condition(), prepared.actor);
        let answer = prepared.known.answer(());
        let work = Work::Entries(RecordAsk { wait: ask.wait, ..RecordAsk::default() }, prepared);
        self.to_sign(caller, actor, request, (events, condition), work).map(|laid_out| Answer {
            as_of: answer.as_of,
            notices: answer.notices,
            data: laid_out,
        })
    }

    /// Lays out that a moment gets a name, for whoever names it to sign; nothing is recorded yet.
    ///
    /// # Errors
    ///
    /// As [`Desk::name_moment`]; nothing was recorded.
    pub(crate) fn lay_out_moment(
        &self,
        caller: &Caller,
        ask: &MomentAsk,
    ) -> Result<Answer<LaidOut<MomentRow>>, DeskError> {
        if ask.wait.is_some() {
            self.check_signs()?;
        }
        let prepared = self.prepare_moment(caller, ask)?;
        let (events, condition) = (prepared.events.clone(), prepared.condition.clone());
        let (actor, answer) = (prepared.actor, prepared.known.answer(()));
        self.to_sign(caller, actor, draw_request(), (events, condition), Work::Moment(prepared))
            .map(|laid_out| Answer { as_of: answer.as_of, notices: answer.notices, data: laid_out })
    }

    /// Lays out the removal of texts, for whoever records it to sign; nothing is recorded or removed yet.
    ///
    /// # Errors
    ///
    /// As [`Desk::redact`]; nothing was recorded.
    pub(crate) fn lay_out_removal(
        &self,
        caller: &Caller,
        handle: &str,
        ask: &RedactAsk,
    ) -> Result<Answer<LaidOut<Redacted>>, DeskError> {
        let request = ask.request.unwrap_or_else(draw_request);
        if self.store.receipt_of(request)?.is_some() {
            return Ok(before(request, self.redact(caller, handle, ask)?));
        }
        if ask.wait.is_some() {
            self.check_signs()?;
        }
        let prepared = self.prepare_removal_to_sign(caller, handle, ask)?;
        let (events, condition) = (prepared.events()?, prepared.condition());
        let (actor, answer) = (prepared.actor, prepared.known.answer(()));
        self.to_sign(caller, actor, request, (events, condition), Work::Removal(ask.clone(), prepared))
            .map(|laid_out| Answer { as_of: answer.as_of, notices: answer.notices, data: laid_out })
    }

    /// Keeps a submission until its signatures come, and returns what is to be signed.
    fn to_sign<T>(
        &self,
        caller: &Caller,
        actor: ActorId,
        request: RequestId,
        (events, condition): (Vec<NewEvent>, Condition),
        work: Work,
    ) -> Result<LaidOut<T>, DeskError> {
        let corrects = work.corrects();
        let to_sign = prepare_submission(self.store.log_id(), &events, &condition, request)
            .map_err(|refusal| DeskError::from(AppendError::Refused(refusal)))?;
        let submissions = to_sign.iter().map(|one| one.submission.clone()).collect();
        let (caller, since) = (caller.clone(), (self.clock)());
        self.unsigned.put(Waiting { request, caller, actor, since, work, events, condition, to_sign });
        Ok(LaidOut { request, submissions, corrects, recorded: None })
    }

    /// Records a submission that was laid out, with its author's signatures.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::NotFound`] for a submission that was not laid out, or too long ago;
    /// [`DeskError::Wrong`] for a signature that does not hold; [`DeskError::Refused`] for a key that is not
    /// one of the author's, and where what the entries rest on moved meanwhile. Then nothing was recorded.
    /// [`DeskError::InDoubt`] as with any append.
    pub(crate) fn record_signed(&self, caller: &Caller, ask: &SignAsk) -> Result<Answer<Done>, DeskError> {
        let gone = || DeskError::NotFound {
            what: format!("a submission {} that waits for its signatures", ask.request),
            hints: vec!["lay it out again, and sign that".to_owned()],
        };
        let waiting = self.unsigned.take(ask.request, (self.clock)()).ok_or_else(gone)?;
        if waiting.caller.actor != caller.actor {
            return Err(gone());
        }
        let Waiting { request, actor, work, events, condition, to_sign, .. } = waiting;
        let key = self.key_of(actor, caller, &ask.key)?;
        if ask.signatures.len() != to_sign.len() {
            let detail =
                format!("there are {} to sign, and {} signatures", to_sign.len(), ask.signatures.len());
            return Err(Fault::in_field("signatures", detail).into());
        }
        let mut signed = Vec::with_capacity(events.len());
        for ((event, laid_out), sig) in events.into_iter().zip(&to_sign).zip(&ask.signatures) {
            signature::verify(&laid_out.submission, &key, sig)
                .map_err(|error| Fault::in_field("signatures", error.to_string()))?;
            let signature = AuthorSignature { key, salt: laid_out.salt, sig: sig.clone() };
            signed.push(NewEvent { signature: Some(signature), ..event });
        }
        if let Work::Entries(_, prepared) = &work {
            self.needs_nobody_else_now(prepared)?;
        }
        let receipt = self.append(signed, condition, request).map_err(|error| {
            if !matches!(error, AppendError::Moved { .. }) {
                return error.into();
            }
            DeskError::Refused {
                rule: "what is recorded rests on something that moved while it was signed".to_owned(),
                hints: vec!["lay it out again, and sign that".to_owned()],
            }
        })?;
        match work {
            Work::Entries(asked, prepared) => {
                let answer = self.proved(&asked, self.recorded(caller, &prepared, &receipt)?);
                Ok(done(answer, Done::Entries))
            }
            Work::Moment(prepared) => Ok(done(self.named(caller, &prepared, &receipt)?, Done::Moment)),
            Work::Removal(asked, prepared) => {
                let answer = self.removed(caller, prepared, &receipt)?;
                Ok(done(self.removal_proved(&asked, answer), Done::Removal))
            }
        }
    }

    /// Refuses entries that were laid out as they count and need a second person by now.
    fn needs_nobody_else_now(&self, prepared: &Prepared) -> Result<(), DeskError> {
        let known = self.known(&When::default())?;
        let mut rolling = Rolling::default();
        for (id, parsed) in &prepared.entries {
            if parsed.event.envelope.confirms.is_some() {
                continue;
            }
            if let Some(why) =
                needed(&known, &mut rolling, *id, &parsed.event).map_err(|trouble| error_of(vec![trouble]))?
            {
                return Err(DeskError::Refused {
                    rule: format!("{why}, since it was laid out"),
                    hints: vec!["lay it out again, and sign that: it waits for somebody else".to_owned()],
                });
            }
        }
        Ok(())
    }

    /// Returns the key that was given, where it is one of the author's that count.
    fn key_of(&self, actor: ActorId, caller: &Caller, digits: &str) -> Result<[u8; 32], DeskError> {
        let HexHash(key) = digits.parse().map_err(|wrong: &str| Fault::in_field("key", wrong))?;
        let known = self.known(&crate::desk::ask::When::default())?;
        if known.keys_of(actor)?.iter().any(|counts| counts.key == digits) {
            return Ok(key);
        }
        Err(DeskError::Refused {
            rule: format!("{digits} is not a key of {} that counts", caller.actor.trim()),
            hints: vec!["`author key add` lets an author sign with a key".to_owned()],
        })
    }
}
