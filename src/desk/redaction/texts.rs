//! Which texts of the record repeat that of an entry, and which bear on it and stay.

use serde_json::Value;
use serde_json::value::RawValue;

use crate::desk::answer::entry::EntryRef;
use crate::desk::error::{DeskError, Fault};
use crate::desk::known::Known;
use crate::desk::redaction::instead;
use crate::domain::event::{Envelope, Event, ExternalRef};
use crate::domain::fact::{EntityKind, Fact, Kind, Subject};
use crate::domain::id::{EntityId, EventId};
use crate::domain::name::fold;
use crate::domain::reading::{RawEvent, within};

/// Letters and digits from which on a stretch of a text tells what it says.
const TOLD_LETTERS_MIN: usize = 10;
/// Entries that are named of those that stay.
const STAYING_MAX: usize = 20;

/// A text that is removed.
pub(super) struct Text {
    /// The event whose text it is.
    pub(super) raw: RawEvent,
    /// What it is to the entry.
    pub(super) what: &'static str,
    /// What the event brought into being.
    pub(super) entity: Option<EntityKind>,
    /// What it is called elsewhere, where nothing is said instead that could say so.
    pub(super) called: Vec<ExternalRef>,
    /// What is said instead.
    pub(super) instead: Option<Event>,
}

impl Text {
    fn of(raw: RawEvent, what: &'static str, instead: Option<Event>, drop_names: bool) -> Self {
        let entity = raw.event.as_ref().and_then(|event| created(&raw, event));
        let names = raw.event.as_ref().map(|event| event.envelope.external_refs.clone());
        let called = names.filter(|_| !drop_names).unwrap_or_default();
        Self { raw, what, entity, called, instead }
    }

    /// Returns what is said instead as it is recorded.
    pub(super) fn encoded(&self) -> Result<Option<Box<RawValue>>, DeskError> {
        let unwritable = |error: serde_json::Error| DeskError::Unavailable(error.to_string());
        let Some(event) = &self.instead else { return Ok(None) };
        let body = event.encode().map_err(unwritable)?;
        RawValue::from_string(body).map(Some).map_err(unwritable)
    }
}

/// Returns what an event brought into being.
pub(super) fn created(raw: &RawEvent, event: &Event) -> Option<EntityKind> {
    match event.kind().subject() {
        Subject::Creates(kind) | Subject::MayCreate(kind) => event.created(raw.id).map(|_| kind),
        Subject::About(_) | Subject::Entry | Subject::Free => None,
    }
}

/// Returns every text that is removed with that of an entry, the entry itself last: its other readings, the
/// remarks on it, the reasons given for its corrections, and the same of those.
///
/// A strike and a link stay what they are, without their reasons; a register keeps an entry without names.
pub(super) fn repeating(known: &Known, entry: &RawEvent, drop_names: bool) -> Result<Vec<Text>, DeskError> {
    let mut texts = Vec::new();
    for raw in known.corrections(entry.id)? {
        let Some(event) = raw.event.as_ref().filter(|_| raw.removed.is_none()) else { continue };
        #[expect(clippy::wildcard_enum_match_arm, reason = "other facts say nothing of an entry")]
        let (what, instead) = match &event.fact {
            Fact::RecordAmended(_) => ("an amendment of it", None),
            Fact::RecordAnnotated(_) => ("a remark on it", None),
            Fact::RecordRetracted(_) if has_text(event) => {
                ("the reason of a strike", Some(without_text(event, drop_names)))
            }
            Fact::RecordLinked(_) if has_text(event) => {
                ("the reason of a link", Some(without_text(event, drop_names)))
            }
            _ => continue,
        };
        texts.push(Text::of(raw, what, instead, drop_names));
    }
    for raw in drafts(known, entry)? {
        texts.push(Text::of(raw, "what waited to be it", None, drop_names));
    }
    let neutral = entry.event.as_ref().and_then(|event| {
        if matches!(event.fact, Fact::RecordRetracted(_) | Fact::RecordLinked(_)) {
            return Some(without_text(event, drop_names));
        }
        instead::neutral(entry.id, event, drop_names)
    });
    texts.push(Text::of(entry.clone(), "the entry", neutral, drop_names));
    for text in texts.iter_mut().filter(|text| text.instead.is_some()) {
        text.called.clear();
    }
    Ok(texts)
}

/// Returns what waited, or waits, for a second person to be an entry or a correction of it.
fn drafts(known: &Known, entry: &RawEvent) -> Result<Vec<RawEvent>, DeskError> {
    let mut became: Vec<EventId> = Vec::new();
    let corrections = known.corrections(entry.id)?;
    became.extend(corrections.iter().chain([entry]).filter_map(|raw| raw.event.as_ref()?.envelope.confirms));
    let mut drafts = Vec::new();
    for raw in crate::desk::recording::all_held(known)? {
        let Some(held) = raw.event.as_ref().and_then(|event| within(event)?.into_iter().next()) else {
            continue;
        };
        let corrects = held.entry().is_some_and(|target| {
            target == entry.id || corrections.iter().any(|correction| correction.id == target)
        });
        if raw.removed.is_none() && (corrects || became.contains(&raw.id)) {
            drafts.push(raw);
        }
    }
    Ok(drafts)
}

/// Refuses a basis that says what is to be removed: it stays readable for ever.
pub(super) fn untold(texts: &[Text], basis: &str) -> Result<(), DeskError> {
    let basis = fold(basis);
    let tells = |said: &str| {
        let said = fold(said);
        let long = said.chars().count() >= TOLD_LETTERS_MIN;
        long && (basis.contains(&said)
            || (basis.chars().count() >= TOLD_LETTERS_MIN && said.contains(&basis)))
    };
    let mut told = false;
    for event in texts.iter().filter_map(|text| text.raw.event.as_ref()) {
        let body = event.encode().map_err(|error| DeskError::Unavailable(error.to_string()))?;
        let body: Value =
            serde_json::from_str(&body).map_err(|error| DeskError::Unavailable(error.to_string()))?;
        told |= any_text(&body, &tells);
    }
    if told {
        let detail = "repeats the text that is to be removed, and stays readable for ever: name the law, the \
                      order or the decision";
        return Err(Fault::in_field("basis", detail).into());
    }
    Ok(())
}

/// Tells whether one of the texts within a value is such; words of a fixed vocabulary, ids and dates are none.
fn any_text(value: &Value, is: &impl Fn(&str) -> bool) -> bool {
    match value {
        Value::String(text) => (text.contains(char::is_whitespace) || !text.is_ascii()) && is(text),
        Value::Array(values) => values.iter().any(|value| any_text(value, is)),
        Value::Object(fields) => {
            fields.iter().any(|(name, value)| !name.starts_with("occurred") && any_text(value, is))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Returns a correction without what anyone wrote about it.
fn without_text(event: &Event, drop_names: bool) -> Event {
    let about = event.envelope.about.clone();
    let external_refs = if drop_names { Vec::new() } else { event.envelope.external_refs.clone() };
    let envelope = Envelope { about, external_refs, ..Envelope::default() };
    Event { envelope, fact: event.fact.clone() }
}

fn has_text(event: &Event) -> bool {
    without_text(event, false) != *event
}

/// Returns the first entries that bear on an entry and keep their texts, and how many there are: of
/// something in a register only what gives it further names.
pub(super) fn staying(known: &Known, entry: &RawEvent) -> Result<(Vec<EntryRef>, u64), DeskError> {
    let own = EntityId::from(entry.id);
    let is_registered = known.register.kind_of(own).is_some();
    let mut first = Vec::new();
    let mut total = 0;
    for raw in known.view.history(own)? {
        let Some(event) = raw.event.as_ref().filter(|_| raw.id != entry.id && raw.removed.is_none()) else {
            continue;
        };
        let names = matches!(event.kind(), Kind::ChannelNamed | Kind::PartyNamed | Kind::PersonNamed);
        if event.kind().subject() == Subject::Entry || (is_registered && !names) {
            continue;
        }
        total += 1;
        if first.len() < STAYING_MAX
            && let Some(other) = known.entry(raw.id)?
        {
            first.push(known.recognised(&other)?);
        }
    }
    Ok((first, total))
}
