//! An event as it reads for somebody who sees it and not everything that it says: without the texts that are marked
//! above their clearance, without the links to what they do not see, and, where it counts events, counting theirs.

use crate::desk::access::sight::ids::{raw, reading_of};
use crate::desk::access::sight::partial::Partial;
use crate::domain::event::{ACCOUNTS, DESK, Event, INCIDENTS, KEYS};
use crate::domain::fact::{Fact, Subject};
use crate::domain::id::{EntityId, EventId};
use crate::store::{Body, ReadError, Recorded};

/// Takes out of a record what somebody does not see.
///
/// # Errors
///
/// Returns what the log says where it cannot be told what they see: then it is not shown.
pub(super) fn strip(partial: &Partial, recorded: &mut Recorded) -> Result<(), ReadError> {
    let Body::Plain(body) = &recorded.body else { return Ok(()) };
    // What is none of the domain's is shown to nobody.
    let Ok(mut event) = Event::decode(recorded.schema, body) else { return Ok(()) };
    strip_event(partial, &mut event)?;
    if event.kind().subject() == Subject::Entry {
        event.envelope.about = seen(partial, std::mem::take(&mut event.envelope.about))?;
    }
    if let Fact::RecordAmended(amended) = &mut event.fact
        && let Some(mut reading) = reading_of(amended.reading.get())
    {
        strip_event(partial, &mut reading)?;
        let Some(stripped) = raw(&reading) else {
            recorded.body = Body::Redacted;
            return Ok(());
        };
        amended.reading = stripped;
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

fn strip_event(partial: &Partial, event: &mut Event) -> Result<(), ReadError> {
    let envelope = &mut event.envelope;
    envelope.texts.retain(|text| text.marking.as_ref().is_none_or(|marking| partial.reads(marking)));
    let links = std::mem::take(&mut envelope.links);
    for link in links {
        if sees(partial, link.target.into())? {
            envelope.links.push(link);
        }
    }
    Ok(())
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
    /// Tells whether a text is read that is marked so.
    fn reads(&self, marking: &crate::domain::marking::Marking) -> bool {
        self.marked.with(|marks| marks.rules().rank(marking)) <= self.clearance.level
    }
}
