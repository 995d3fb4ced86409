//! What is read is noted before it leaves: one read, or those of many at once.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use crate::desk::Desk;
use crate::desk::ask::Caller;
use crate::desk::error::DeskError;
use crate::desk::reads::line::{Line, Positions, SCHEMA};
use crate::desk::reads::{Reads, in_place, sound, unlogged};
use crate::desk::writing::{draw_event, draw_request};
use crate::domain::event::DESK;
use crate::domain::id::{ActorId, EventId};
use crate::store::leaf::HexHash;
use crate::store::{APPEND_BYTES_MAX, BODY_BYTES_MAX, Class, Condition, EventStore, NewEvent};

/// So many lines come onto the disk at once, however long they are.
const LINES_AT_ONCE: usize = APPEND_BYTES_MAX / (BODY_BYTES_MAX + 1_024);
/// Of so many events it is remembered where they stand.
const PLACES_MAX: usize = 65_536;

/// What someone was given to read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Read {
    /// What was asked: the path and the query, as they were sent.
    pub(crate) asked: String,
    /// The entries in the answer, by event.
    pub(crate) events: Vec<EventId>,
    /// Positions that were given whole: an export.
    pub(crate) range: Option<(u64, u64)>,
}

/// A read that is about to be noted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Noted<'a> {
    /// Who reads.
    pub(crate) reader: &'a Caller,
    /// What for.
    pub(crate) purpose: Option<&'a str>,
    /// What.
    pub(crate) read: &'a Read,
}

/// Where events stand that were read lately.
#[derive(Debug, Default)]
pub(super) struct Places(Mutex<HashMap<EventId, u64>>);

impl Places {
    /// Returns where events stand in the log, without those that are none of it.
    fn of(&self, log: &dyn EventStore, events: &[EventId]) -> Result<Vec<u64>, DeskError> {
        let known = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found: Vec<Option<u64>> = {
            let known = known();
            events.iter().map(|event| known.get(event).copied()).collect()
        };
        let mut places = Vec::with_capacity(events.len());
        for (event, found) in events.iter().zip(found) {
            if let Some(place) = found {
                places.push(place);
            } else if let Some(place) = log.position_of(*event)? {
                let mut known = known();
                if known.len() >= PLACES_MAX {
                    known.clear();
                }
                known.insert(*event, place);
                places.push(place);
            }
            // What is no event is an entity without one, of a register that this log took over.
        }
        Ok(places)
    }
}

impl Reads {
    /// Writes lines durably: all of them or none.
    fn write(&self, lines: &[Line]) -> Result<(), DeskError> {
        let event = |line: &Line| {
            let body =
                serde_json::to_string(line).map_err(|error| DeskError::Unavailable(error.to_string()))?;
            Ok(NewEvent {
                id: Some(draw_event()),
                streams: vec![DESK],
                class: Class::Fact,
                schema: SCHEMA,
                actor: ActorId::from_uuid(*DESK.as_uuid()),
                body,
                attachments: Vec::new(),
                signature: None,
            })
        };
        let events = lines.iter().map(event).collect::<Result<Vec<_>, DeskError>>()?;
        let store = self.open()?;
        store
            .append(events, Condition::default(), draw_request())
            .map_err(|error| unlogged(sound(&store).err().unwrap_or_else(|| error.into())))?;
        // A line in a file that was taken away meanwhile is in no access log.
        in_place(&store)
    }
}

impl Desk {
    /// Notes a read durably, before its answer leaves.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Unavailable`] or [`DeskError::Damaged`] where it cannot be noted: then nothing
    /// may be answered.
    pub(crate) fn note_read(
        &self,
        reader: &Caller,
        purpose: Option<&str>,
        read: &Read,
    ) -> Result<(), DeskError> {
        self.note_reads(&[Noted { reader, purpose, read }])
    }

    /// Notes reads durably, a line for each, before any of their answers leaves. Somebody who asked the same several
    /// times at once, and is given the same, read it once.
    ///
    /// # Errors
    ///
    /// As [`Desk::note_read`]: then none of the answers may leave, though some of the reads may have been noted.
    pub(crate) fn note_reads(&self, noted: &[Noted<'_>]) -> Result<(), DeskError> {
        self.check_reads().map_err(unlogged)?;
        let Some(reads) = &self.reads else { return Ok(()) };
        let head = self.store.head();
        let root = HexHash(head.root).to_string();
        let (mut known, mut lines) = (HashSet::with_capacity(noted.len()), Vec::with_capacity(noted.len()));
        for Noted { reader, purpose, read } in noted {
            if !known.insert((reader.actor.trim(), purpose, read)) {
                continue;
            }
            let places = reads.places.of(self.store.as_ref(), &read.events)?;
            lines.push(Line {
                by: reader.actor.trim().to_owned(),
                purpose: purpose.map(ToOwned::to_owned),
                asked: read.asked.clone(),
                positions: Positions::of(places, read.range),
                log: self.store.log_id().to_owned(),
                size: head.size,
                root: root.clone(),
            });
        }
        for lines in lines.chunks(LINES_AT_ONCE) {
            reads.write(lines)?;
        }
        self.anchor_reads()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::ask::When;
    use crate::desk::testing::Fixture;
    use crate::domain::event::Envelope;
    use crate::domain::fact::Kind;

    #[test]
    fn where_an_event_stands_is_told_the_same_however_often() {
        let fixture = Fixture::new();
        let events: Vec<EventId> = (0..3)
            .map(|_| fixture.add(Envelope::default(), Kind::Incident.decode("{}").unwrap()))
            .chain([EventId::from_uuid(uuid::Uuid::nil())])
            .collect();
        let places = Places::default();
        let log = fixture.desk.store.as_ref();
        let first = places.of(log, &events).unwrap();
        assert_eq!(first, places.of(log, &events).unwrap());
        let naive: Vec<u64> = events.iter().filter_map(|event| log.position_of(*event).unwrap()).collect();
        assert_eq!((first.len(), &first), (3, &naive));
        assert_eq!(fixture.desk.known(&When::default()).unwrap().view.size(), naive[2] + 1);
    }
}
