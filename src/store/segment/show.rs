//! Showing records one after the other, in memory that is used again: what a fold of the whole log rests on.

use crate::domain::id::EntityId;
use crate::store::leaf::Leaf;
use crate::store::segment::Shared;
use crate::store::segment::body::OpenedInto;
use crate::store::segment::frame::Frame;
use crate::store::segment::read::Place;
use crate::store::segment::secrets::Near;
use crate::store::segment::walk::Walk;
use crate::store::{Look, ReadError, Seen, SeenBody};

/// Whoever is shown fewer records reads secrets one by one, which is quicker than to open a block of them.
const FEW: u64 = 64;
/// After so many records it is asked again which secrets there are.
const SECRETS_KNOWN_FOR: u64 = 512;

/// Where records are read.
struct Room<'a> {
    leaf: Leaf,
    streams: Vec<(EntityId, u64)>,
    body: Vec<u8>,
    secrets: Near<'a>,
}

impl Shared {
    /// Shows the records with positions in `from..to`, as [`crate::store::EventStore::show`] says.
    pub(super) fn show(&self, from: u64, to: u64, look: &mut Look<'_>) {
        if to.saturating_sub(from) < FEW {
            for record in self.records(from, to) {
                if look(record.as_ref().map(Seen::from).map_err(Clone::clone)).is_break() {
                    return;
                }
            }
            return;
        }
        let (leaf, secrets) = (Leaf::blank(), self.secrets.near());
        let mut room = Room { leaf, streams: Vec::new(), body: Vec::new(), secrets };
        let mut walk = Walk::new(self, from, to);
        let mut known_for = 0;
        loop {
            if known_for == SECRETS_KNOWN_FOR {
                (room.secrets, known_for) = (self.secrets.near(), 0);
            }
            known_for += 1;
            let shown = walk.step(|place, frame| Ok(look(Ok(room.read(self, place, frame)?))));
            let flow = match shown {
                None => return,
                Some(Ok(flow)) => flow,
                Some(Err(error)) => look(Err(error)),
            };
            if flow.is_break() {
                return;
            }
        }
    }
}

impl Room<'_> {
    fn read(&mut self, shared: &Shared, place: &Place, frame: &Frame<'_>) -> Result<Seen<'_>, ReadError> {
        let damaged = |what: &str| ReadError::Damaged(place.damaged(what));
        self.leaf.decode_into(frame.leaf).map_err(|error| damaged(&error.to_string()))?;
        let leaf = &self.leaf;
        self.streams.clear();
        self.streams.extend(leaf.streams.iter().map(|(stream, revision, _)| (*stream, *revision)));
        let secrets = &mut self.secrets;
        let opened = shared.open_into(frame, &leaf.sub.commitment.0, |slot| secrets.of(slot), &mut self.body);
        let body = match opened {
            OpenedInto::Plain(_, text) => {
                std::str::from_utf8(text).map_or(SeenBody::Missing, SeenBody::Plain)
            }
            OpenedInto::Removed => SeenBody::Redacted,
            OpenedInto::Nothing => {
                shared.note_closed(place, frame);
                SeenBody::Missing
            }
        };
        Ok(Seen {
            position: leaf.pos,
            at: leaf.at,
            id: leaf.sub.id,
            streams: &self.streams,
            class: leaf.sub.class,
            schema: leaf.sub.schema,
            actor: leaf.sub.actor,
            body,
        })
    }
}
