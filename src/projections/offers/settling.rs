//! Which overtures an event bears on by way of other entries: found in the log, since rows know of none.

mod paths;
#[cfg(test)]
mod tests;

use crate::domain::id::{EntityId, EventId};
use crate::projections::index::Index;
use crate::projections::offers::settling::paths::Paths;
use crate::projections::offers::{On, Pending};
use crate::projections::term::{self, Field};
use crate::store::EventStore;

/// Leaves every overture in doubt on which corrections, or links between entries, bear that were taken in.
///
/// Where the log or the index cannot be read, nothing that is kept of overtures is used any more.
///
/// An overture is in doubt from the first of them that bears on it, so those are looked at in their order, and what
/// hangs together is looked at no more once all overtures in it are in doubt. Most often there are none: the
/// documents of a volume refer to each other by the thousand. Each record is therefore read once for all of them.
///
/// Returns how often a record was looked at.
pub(in crate::projections) fn settle(index: &mut Index, store: &dyn EventStore) -> usize {
    let mut pending = std::mem::take(&mut index.offers.pending);
    pending.sort_by_key(|one| one.at);
    let Some(last) = pending.last() else { return 0 };
    let mut paths = Paths::up_to(last.at);
    let mut starts = Vec::with_capacity(pending.len());
    for one in pending {
        match start(index, store, one) {
            Some(Start::Position(position)) => starts.push((one.at, position)),
            Some(Start::Overture(place)) => index.offers.change(place, |row| row.tangle(one.at)),
            Some(Start::Unknown(entity)) => {
                index.offers.dangling.insert(term::entity(Field::Stream, entity));
            }
            None => index.offers.blind = true,
        }
    }
    for (_, position) in &starts {
        if paths.survey(index, store, *position).is_none() {
            index.offers.blind = true;
        }
    }
    for (at, position) in starts {
        let open = |place: &usize| index.offers.rows.get(*place).is_some_and(|row| row.tangled > at);
        if !paths.overtures(position).is_some_and(|found| found.iter().any(open)) {
            continue;
        }
        for place in paths.walk(position, at) {
            index.offers.change(place, |row| row.tangle(at));
        }
    }
    paths.looks
}

/// Where the way to overtures begins.
enum Start {
    /// At an entry.
    Position(u32),
    /// It is one.
    Overture(usize),
    /// At an entry that is not recorded yet.
    Unknown(EntityId),
}

fn start(index: &Index, store: &dyn EventStore, from: Pending) -> Option<Start> {
    let entity = match from.on {
        On::Position(position) => return Some(Start::Position(position)),
        On::Entry(entity) => entity,
    };
    if let Some(place) = index.offers.place_of(entity) {
        return Some(Start::Overture(place));
    }
    let position = position_of(store, entity)?.filter(|position| *position <= from.at);
    Some(position.map_or(Start::Unknown(entity), Start::Position))
}

/// Returns where an entry stands, if anywhere; none where the log cannot be read.
#[expect(clippy::option_option, reason = "not to be read, and not there")]
fn position_of(store: &dyn EventStore, entity: EntityId) -> Option<Option<u32>> {
    let found = store.position_of(EventId::from_uuid(*entity.as_uuid())).ok()?;
    Some(found.and_then(|position| u32::try_from(position).ok()))
}
