//! From entries that were read to an append: who records, on what condition, and what the log answers.

use serde_json::Value;

use crate::desk::ask::Caller;
use crate::desk::error::{DeskError, Fault};
use crate::desk::format::resolve::Newcomer;
use crate::desk::keys::password::fingerprint;
use crate::desk::known::Known;
use crate::domain::event::{self, DESK, DESK_NAME, Envelope, Event, SCHEMA};
use crate::domain::fact::register::RecorderRegistered;
use crate::domain::fact::{Fact, Kind};
use crate::domain::id::{ActorId, EntityId, EventId, RequestId};
use crate::domain::name::{alike, mixed_word, says_something, unseen};
use crate::store::{AppendError, Class, EventStore, Expect, NewEvent, ReadError, Refusal};

/// How often an append is tried again when the registers moved meanwhile.
pub(super) const TRIES_MAX: usize = 16;
/// On how many things an entry bears at most, so that a correction has room to name the entry as well, and
/// what it is linked to.
pub(super) const STREAMS_OF_ENTRY_MAX: usize = crate::store::STREAMS_MAX - 2;
const RECORDER_CHARS_MAX: usize = 80;

/// Returns what the registers must still be when the append's turn comes.
///
/// Whatever enters a name in a register also changes the stream of the desk, so two clients who enter the
/// same name at once cannot both succeed: the second reads the registers again.
pub(super) fn registers_at(store: &dyn EventStore) -> (EntityId, Expect) {
    let expected = match store.stream(DESK) {
        Some((revision, _)) => Expect::At(revision),
        None => Expect::NoStream,
    };
    (DESK, expected)
}

/// Tells whether an event enters a name in a register.
pub(super) const fn names_something(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::ChannelRegistered
            | Kind::ChannelNamed
            | Kind::PartyRegistered
            | Kind::PartyNamed
            | Kind::ChannelMerged
            | Kind::ChannelSplit
            | Kind::PartyMerged
            | Kind::PartySplit
            | Kind::PersonRegistered
            | Kind::PersonNamed
            | Kind::PersonRole
            | Kind::SeriesRegistered
            | Kind::RecorderRegistered
            | Kind::PolicySet
            | Kind::PolicyEnded
    )
}

/// Tells whether an event enters a name in a register, or corrects what does: who sees what may depend on it, and it
/// must not be decided beside something else that does.
pub(super) fn bears_on_registers(event: &Event) -> bool {
    names_something(event.kind()) || event.envelope.about.contains(&DESK)
}

/// Returns an event as the store takes it.
pub(super) fn new_event(id: EventId, event: &Event, body: String, actor: ActorId) -> NewEvent {
    let mut streams = event::streams(event, id);
    if names_something(event.kind()) {
        touch_desk(&mut streams);
    }
    NewEvent {
        id: Some(id),
        streams,
        class: Class::Fact,
        schema: SCHEMA,
        actor,
        body,
        attachments: Vec::new(),
        signature: None,
    }
}

/// Returns an event that auditors read, with a drawn id.
///
/// # Errors
///
/// Returns [`DeskError::Unavailable`] when it cannot be written as JSON; none here gives cause.
pub(super) fn evidence(event: &Event, class: Class, actor: ActorId) -> Result<NewEvent, DeskError> {
    let body = event.encode().map_err(|error| DeskError::Unavailable(error.to_string()))?;
    Ok(NewEvent { class, ..new_event(draw_event(), event, body, actor) })
}

/// Makes an event change the stream of the desk as well.
pub(super) fn touch_desk(streams: &mut Vec<EntityId>) {
    if !streams.contains(&DESK) {
        streams.push(DESK);
    }
}

/// Returns what enters something in a register, as the store takes it.
///
/// # Errors
///
/// Returns [`DeskError::Unavailable`] when it cannot be written as JSON; none here gives cause.
pub(super) fn newcomer_event(newcomer: &Newcomer, actor: ActorId) -> Result<NewEvent, DeskError> {
    let body = newcomer.event.encode().map_err(|error| DeskError::Unavailable(error.to_string()))?;
    Ok(new_event(newcomer.id, &newcomer.event, body, actor))
}

/// Draws an id that tells nothing.
pub(super) fn draw_event() -> EventId {
    EventId::from_uuid(uuid::Uuid::new_v4())
}

/// Draws the id of a submission that was sent without one.
pub(super) fn draw_request() -> RequestId {
    RequestId::from_uuid(uuid::Uuid::new_v4())
}

/// Returns the id of the submission that a caller calls by a key of their own: the same for the same caller and
/// key, and another for anybody else's.
///
/// A key that is an id of a submission, however it is spelt, is that id, so that the two ways of saying it are one.
pub(crate) fn request_of(caller: &Caller, key: &str) -> RequestId {
    uuid::Uuid::try_parse(key).map_or_else(
        |_| {
            let hash = fingerprint(&format!("demarche submission\0{}\0{key}", caller.actor)).0;
            let (bytes, _) = hash.split_first_chunk::<16>().unwrap_or((&[0; 16], &[]));
            RequestId::from_uuid(uuid::Uuid::new_v8(*bytes))
        },
        RequestId::from_uuid,
    )
}

/// Returns under which pseudonym the caller records, and what enters them in the register where they
/// record for the first time.
///
/// # Errors
///
/// Returns [`DeskError::Wrong`] for a name that is none, and [`DeskError::Ambiguous`] for one that several
/// have.
pub(super) fn recorder(known: &Known, caller: &Caller) -> Result<(ActorId, Option<Newcomer>), DeskError> {
    let (actor, newcomer) = recorder_who_may_sign(known, caller)?;
    unsigned(known, actor).map(|()| (actor, newcomer))
}

/// Refuses what is recorded without a signature under the name of someone who must sign.
///
/// # Errors
///
/// Returns [`DeskError::Refused`] where the author must sign.
pub(super) fn unsigned(known: &Known, actor: ActorId) -> Result<(), DeskError> {
    if !known.must_sign(actor)? {
        return Ok(());
    }
    let name = known.recorder_named(actor);
    let hint = if known.keys_of(actor)?.is_empty() {
        format!("no key of {name} counts any more: `author key add {name} KEY` lets them sign with another")
    } else {
        "give the key with `--sign-with FILE`; what cannot be signed is done under another name".to_owned()
    };
    Err(DeskError::Refused { rule: format!("what {name} records must be signed"), hints: vec![hint] })
}

/// Returns which of some entries, as they were sent, enters whoever records them in the register, under the very name:
/// they enter it by that entry, and by no other.
pub(super) fn entered_by(known: &Known, recorder: &Newcomer, entries: &[Value]) -> Option<usize> {
    // Whom the log has out of sight is entered by what brought them in.
    if known.id_beyond(&recorder.event.fact).is_some() {
        return None;
    }
    entries.iter().position(|entry| registers(entry, recorder))
}

/// Tells whether an entry, as it was sent, enters a recorder under the very name of somebody who comes in.
pub(super) fn registers(entry: &Value, recorder: &Newcomer) -> bool {
    let Fact::RecorderRegistered(recorder) = &recorder.event.fact else { return false };
    registers_recorder(entry) == Some(recorder.name.as_str())
}

/// Returns the name under which an entry, as it was sent, enters a recorder.
pub(super) fn registers_recorder(entry: &Value) -> Option<&str> {
    let text = |field| entry.get(field).and_then(Value::as_str).map(str::trim);
    text("name").filter(|_| text("kind") == Some(Kind::RecorderRegistered.as_str()))
}

/// As [`recorder`], of someone who may be about to sign.
///
/// # Errors
///
/// As [`recorder`].
pub(super) fn recorder_who_may_sign(
    known: &Known,
    caller: &Caller,
) -> Result<(ActorId, Option<Newcomer>), DeskError> {
    let name = caller.actor.trim();
    let wrong = |detail: &str| DeskError::from(Fault::in_field("actor", detail));
    if name.is_empty() {
        return Err(wrong("who records is missing; give --actor NAME or set DEMARCHE_ACTOR"));
    }
    if name.chars().count() > RECORDER_CHARS_MAX || name.chars().any(char::is_control) {
        return Err(wrong("a name is at most 80 characters, and no control characters"));
    }
    match known.names.recorder(name) {
        Ok(id) => Ok((ActorId::from_uuid(*id.as_uuid()), None)),
        Err(DeskError::NotFound { hints, .. }) => {
            let fact = Fact::RecorderRegistered(RecorderRegistered { name: name.to_owned() });
            let beyond = known.id_beyond(&fact);
            if beyond.is_none() {
                fits_recorder(known, name).map_err(|detail| wrong(&detail))?;
            }
            let id = beyond.unwrap_or_else(draw_event);
            let event = Event { envelope: Envelope::default(), fact };
            let words = format!("recorder {name}");
            Ok((ActorId::from_uuid(*id.as_uuid()), Some(Newcomer { id, event, words, near: hints })))
        }
        Err(other) => Err(other),
    }
}

/// As [`recorder_who_may_sign`], of whoever is named in a field: what is wrong with the name is wrong there.
pub(super) fn recorder_in_field(
    known: &Known,
    field: &str,
    name: &str,
) -> Result<(ActorId, Option<Newcomer>), DeskError> {
    let named = Caller { actor: name.to_owned(), tz: None };
    recorder_who_may_sign(known, &named).map_err(|error| {
        let DeskError::Wrong(faults) = error else { return error };
        let there = |fault| Fault { field: Some(field.to_owned()), ..fault };
        DeskError::Wrong(faults.into_iter().map(there).collect())
    })
}

/// Refuses a name by which somebody new could not be told from others.
///
/// # Errors
///
/// Returns what is wrong with it, and what would be right.
pub(super) fn fits_recorder(known: &Known, name: &str) -> Result<(), String> {
    if let Some(hidden) = unseen(name) {
        let hidden = u32::from(hidden);
        return Err(format!("the name holds U+{hidden:04X}, which nobody sees; write it without"));
    }
    if !says_something(name) {
        return Err(format!("`{name}` is no name: a name has letters or digits"));
    }
    if let Some(word) = mixed_word(name) {
        return Err(format!(
            "`{word}` mixes letters of several alphabets, so that nobody sees who is meant; write it in one"
        ));
    }
    if alike(name, DESK_NAME) {
        return Err(format!("`{DESK_NAME}` is what records by itself, and nobody else; give another name"));
    }
    match known.register.recorders().find(|(_, recorder)| alike(&recorder.entered, name)) {
        Some((_, recorder)) => Err(format!(
            "`{name}` looks like `{}`, who is in the register already, and nobody could tell them apart; give another \
             name, or more of it",
            recorder.entered
        )),
        None => Ok(()),
    }
}

/// Returns what was entered, in words, with what is near to it.
pub(super) fn entered_words(newcomer: &Newcomer) -> String {
    match newcomer.near.as_slice() {
        [] => newcomer.words.clone(),
        near => format!("{} (near it: {})", newcomer.words, near.join(", ")),
    }
}

impl From<AppendError> for DeskError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Moved { .. } => Self::Refused {
                rule: "what the entry is about moved meanwhile".to_owned(),
                hints: vec!["look at it again, and record again".to_owned()],
            },
            AppendError::Refused(Refusal::RequestKnown(request)) => other_content(request),
            AppendError::Refused(refusal) => Self::Wrong(vec![Fault::new(refusal.to_string())]),
            AppendError::Full | AppendError::Closed | AppendError::Unwritable(_) | AppendError::Stopped => {
                Self::Unavailable(error.to_string())
            }
            AppendError::Damaged => Self::Damaged(error.to_string()),
            AppendError::ReadOnly => Self::Refused {
                rule: error.to_string(),
                hints: vec!["`adopt` makes a copy the writable log".to_owned()],
            },
            AppendError::InDoubt => Self::InDoubt,
        }
    }
}

/// Returns the error of a submission whose id stands for another.
pub(super) fn other_content(request: RequestId) -> DeskError {
    DeskError::Refused {
        rule: format!("request {request} was recorded with other content"),
        hints: vec!["a new submission needs a new request id".to_owned()],
    }
}

impl From<ReadError> for DeskError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Damaged(_) => Self::Damaged(error.to_string()),
            ReadError::Io { .. } => Self::Unavailable(error.to_string()),
        }
    }
}
