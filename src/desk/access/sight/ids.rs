//! What an event names: every id in it, whatever field it stands in.

use crate::domain::event::Event;
use crate::domain::fact::{Fact, Subject};
use crate::domain::id::EventId;

/// How long an id is.
const ID_CHARS: usize = 36;

/// Returns every id that stands in a JSON text as a string of its own.
pub(super) fn ids_in(text: &str) -> Vec<EventId> {
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

/// Returns every id on which it depends whether an event is seen: those that it names, but for its links, which can
/// be left out of it, and, for a correction, for the entities of what it corrects.
pub(super) fn named(event: &Event, body: &str) -> Vec<EventId> {
    if !may_be_stripped(event) {
        return ids_in(body);
    }
    let mut rest = event.clone();
    rest.envelope.links.clear();
    if rest.kind().subject() == Subject::Entry {
        rest.envelope.about.clear();
    }
    if let Fact::RecordAmended(amended) = &mut rest.fact
        && let Some(reading) = reading_of(amended.reading.get())
        && let Some(bare) = raw(&without_links(reading))
    {
        amended.reading = bare;
    }
    rest.encode().map_or_else(|_| ids_in(body), |bare| ids_in(&bare))
}

/// Tells whether an event may say something that somebody does not see who sees the event.
pub(super) fn may_be_stripped(event: &Event) -> bool {
    let envelope = &event.envelope;
    !envelope.links.is_empty()
        || envelope.texts.iter().any(|text| text.marking.is_some())
        || event.kind().subject() == Subject::Entry
        || matches!(event.fact, Fact::MomentNamed(_))
}

/// Returns the reading that an amendment gives; none where it is none of the domain's.
pub(super) fn reading_of(text: &str) -> Option<Event> {
    Event::decode(crate::domain::event::SCHEMA, text).ok()
}

/// Returns an event as the JSON of its body.
pub(super) fn raw(event: &Event) -> Option<Box<serde_json::value::RawValue>> {
    serde_json::value::RawValue::from_string(event.encode().ok()?).ok()
}

fn without_links(mut event: Event) -> Event {
    event.envelope.links.clear();
    event
}
