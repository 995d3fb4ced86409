//! Which overtures an event bears on by way of other entries: found in the log, since rows know of none.

use std::collections::{BTreeSet, HashSet};

use crate::domain::id::{EntityId, EventId};
use crate::projections::index::Index;
use crate::projections::offers::{On, Pending};
use crate::projections::term::{self, Field};
use crate::store::EventStore;

/// Leaves every overture in doubt on which corrections, or links between entries, bear that were taken in.
///
/// Where the log or the index cannot be read, nothing that is kept of overtures is used any more.
pub(in crate::projections) fn settle(index: &mut Index, store: &dyn EventStore) {
    let pending = std::mem::take(&mut index.offers.pending);
    for one in pending {
        match walk(index, store, one) {
            Some(Walked { places, unknown }) => {
                for place in places {
                    index.offers.change(place, |row| row.tangle(one.at));
                }
                index.offers.dangling.extend(unknown);
            }
            None => index.offers.blind = true,
        }
    }
}

/// What lies on the way from an entry.
struct Walked {
    places: BTreeSet<usize>,
    unknown: Option<term::Term>,
}

/// Returns the overtures to whose threads an entry may belong: those that its record names, or that of any
/// entry that it names or that names it, as far as they were recorded up to then.
fn walk(index: &Index, store: &dyn EventStore, from: Pending) -> Option<Walked> {
    let mut walked = Walked { places: BTreeSet::new(), unknown: None };
    let position_of = |entity: EntityId| {
        let found = store.position_of(EventId::from_uuid(*entity.as_uuid())).ok()?;
        Some(found.and_then(|position| u32::try_from(position).ok()).filter(|position| *position <= from.at))
    };
    let first = match from.on {
        On::Position(position) => position,
        On::Entry(entity) => {
            if let Some(place) = index.offers.place_of(entity) {
                walked.places.insert(place);
                return Some(walked);
            }
            let Some(position) = position_of(entity)? else {
                walked.unknown = Some(term::entity(Field::Stream, entity));
                return Some(walked);
            };
            position
        }
    };
    let mut seen = HashSet::from([first]);
    let mut next = vec![first];
    while let Some(position) = next.pop() {
        let recorded = store.at(u64::from(position)).ok()??;
        let own = EntityId::from(recorded.id);
        let mut is_entity = false;
        for (stream, _) in &recorded.streams {
            is_entity |= *stream == own;
            if let Some(place) = index.offers.place_of(*stream) {
                walked.places.insert(place);
            } else if *stream != own
                && let Some(named) = position_of(*stream)?
                && seen.insert(named)
            {
                next.push(named);
            }
        }
        // What is an entity has a history of its own, and is an entry of nothing beside what it names.
        if !is_entity {
            let named_by = term::entity(Field::Stream, own);
            let positions = index.positions(named_by, position, from.at.saturating_add(1)).ok()?;
            next.extend(positions.into_iter().filter(|named| *named >= position && seen.insert(*named)));
        }
    }
    Some(walked)
}
