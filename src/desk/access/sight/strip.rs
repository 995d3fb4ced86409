//! An event as it reads for somebody who sees it and not everything that it says: without the texts that are marked
//! above their clearance, and, where it counts events, counting theirs.

use crate::desk::access::sight::ids::{raw, reading_of};
use crate::desk::access::sight::partial::Partial;
use crate::domain::event::{ACCOUNTS, DESK, Event, INCIDENTS, KEYS};
use crate::domain::fact::{Fact, Subject};
use crate::domain::id::{EntityId, EventId};
use crate::domain::text::Text;
use crate::store::{Body, ReadError, Recorded};

/// Takes out of a record what somebody does not see, which stands at `place` in the whole log.
///
/// # Errors
///
/// Returns what the log says where it cannot be told what they see: then it is not shown.
pub(super) fn strip(partial: &Partial, place: u32, recorded: &mut Recorded) -> Result<(), ReadError> {
    let Body::Plain(body) = &recorded.body else { return Ok(()) };
    // What is none of the domain's is shown to nobody.
    let Ok(mut event) = Event::decode(recorded.schema, body) else { return Ok(()) };
    if !strip_event(partial, Some(place), &mut event)? {
        recorded.body = Body::Redacted;
        return Ok(());
    }
    if event.kind().subject() == Subject::Entry {
        event.envelope.about = seen(partial, std::mem::take(&mut event.envelope.about))?;
    }
    if let Fact::MomentNamed(moment) = &mut event.fact {
        moment.size = partial.before(moment.size);
    }
    // What cannot be written without what is not seen is not shown.
    recorded.body = event.encode().map_or(Body::Redacted, Body::Plain);
    let before = std::mem::take(&mut recorded.streams);
    let revision =
        |stream: EntityId| before.iter().find(|(one, _)| *one == stream).map(|(_, revision)| *revision);
    let mut streams = crate::domain::event::streams(&event, recorded.id);
    if revision(DESK).is_some() && !streams.contains(&DESK) {
        streams.push(DESK);
    }
    // Of what it did not change before, it is not the first.
    recorded.streams = streams.into_iter().map(|stream| (stream, revision(stream).unwrap_or(1))).collect();
    Ok(())
}

/// Takes out of a reading of the entry at `entry` in the whole log, if it is there, and out of what stands within it,
/// what somebody does not see; tells whether that can be written.
fn strip_event(partial: &Partial, entry: Option<u32>, event: &mut Event) -> Result<bool, ReadError> {
    let envelope = &mut event.envelope;
    envelope.texts.retain(|text| partial.reads(entry.unwrap_or(u32::MAX), text));
    #[expect(clippy::wildcard_enum_match_arm, reason = "nothing stands within other facts")]
    let (of, text) = match &mut event.fact {
        Fact::RecordAmended(amended) => (partial.whole_place_of(amended.target)?, &mut amended.reading),
        Fact::EntryHeld(held) => (entry.map(|draft| partial.entry_of(draft)), &mut held.entry),
        _ => return Ok(true),
    };
    let Some(mut inner) = reading_of(text.get()) else { return Ok(true) };
    if !strip_event(partial, of, &mut inner)? {
        return Ok(false);
    }
    let stripped = raw(&inner);
    Ok(stripped.map(|stripped| *text = stripped).is_some())
}

fn seen(partial: &Partial, ids: Vec<EntityId>) -> Result<Vec<EntityId>, ReadError> {
    let mut kept = Vec::with_capacity(ids.len());
    for id in ids {
        if sees(partial, id)? {
            kept.push(id);
        }
    }
    Ok(kept)
}

/// Tells whether somebody sees what an id names; what is not in the log is told as it was written.
fn sees(partial: &Partial, id: EntityId) -> Result<bool, ReadError> {
    if [DESK, KEYS, INCIDENTS, ACCOUNTS].contains(&id) {
        return Ok(true);
    }
    let event = EventId::from_uuid(*id.as_uuid());
    Ok(partial.place_of(event)?.is_some() || partial.store.position_of(event)?.is_none())
}

impl Partial {
    /// Returns whose texts are those of what waits at a place.
    fn entry_of(&self, draft: u32) -> u32 {
        self.marked.with(|marks| marks.entry_of(draft))
    }

    /// Tells whether a text of an entry is read.
    fn reads(&self, entry: u32, text: &Text) -> bool {
        self.marked.with(|marks| marks.lets_read(&self.clearance, entry, text))
    }
}
