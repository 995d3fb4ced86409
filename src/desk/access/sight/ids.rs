//! What an event names: every id in it, whatever field it stands in.

use crate::domain::event::Event;
use crate::domain::fact::{Fact, Subject};
use crate::domain::id::EventId;

/// How long an id is.
const ID_CHARS: usize = 36;

/// Returns every id that stands in a JSON text as a string of its own.
pub(in crate::desk) fn ids_in(text: &str) -> Vec<EventId> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(quote) = bytes.get(from..).and_then(|rest| rest.iter().position(|byte| *byte == b'"')) {
        let begins = from + quote + 1;
        let ends = begins + ID_CHARS;
        from = begins;
        if bytes.get(ends) == Some(&b'"')
            && let Some(id) = text.get(begins..ends).and_then(|id| id.parse().ok())
        {
            found.push(id);
            from = ends + 1;
        }
    }
    found
}

/// Returns every id on which it depends whether an event is seen: those that it names, but, for a correction, for the
/// entities of what it corrects.
pub(in crate::desk) fn named(event: &Event, body: &str) -> Vec<EventId> {
    if !may_be_stripped(event) {
        return ids_in(body);
    }
    bare(event.clone()).and_then(|bare| bare.encode().ok()).map_or_else(|| ids_in(body), |bare| ids_in(&bare))
}

/// Returns an event without what can be left out of it, and of what stands within it; none where that is none of the
/// domain's.
fn bare(mut event: Event) -> Option<Event> {
    if event.kind().subject() == Subject::Entry {
        event.envelope.about.clear();
    }
    #[expect(clippy::wildcard_enum_match_arm, reason = "nothing stands within other facts")]
    let within = match &mut event.fact {
        Fact::RecordAmended(amended) => &mut amended.reading,
        Fact::EntryHeld(held) => &mut held.entry,
        _ => return Some(event),
    };
    *within = raw(&bare(reading_of(within.get())?)?)?;
    Some(event)
}

/// Tells whether an event may say something that somebody does not see who sees the event.
pub(super) fn may_be_stripped(event: &Event) -> bool {
    let envelope = &event.envelope;
    envelope.texts.iter().any(|text| text.marking.is_some())
        || event.kind().subject() == Subject::Entry
        || matches!(event.fact, Fact::MomentNamed(_) | Fact::EntryHeld(_))
}

/// Returns the reading that an amendment gives; none where it is none of the domain's.
pub(super) fn reading_of(text: &str) -> Option<Event> {
    Event::decode(crate::domain::event::SCHEMA, text).ok()
}

/// Returns an event as the JSON of its body.
pub(super) fn raw(event: &Event) -> Option<Box<serde_json::value::RawValue>> {
    serde_json::value::RawValue::from_string(event.encode().ok()?).ok()
}
