//! What came into a register because something else named it: the one place that tells it from what was entered for
//! its own sake, however it came.

use std::collections::{HashMap, HashSet};

use crate::desk::access::sight::ids::ids_in;
use crate::desk::access::sight::rules::enters;
use crate::domain::event::Event;
use crate::domain::fact::Fact;
use crate::domain::id::EventId;
use crate::domain::party_code::PartyCode;
use crate::store::{Body, Recorded};

/// Tells of every event of an append whether it came into a register because another of the same append named it.
///
/// What says itself how far it may travel was entered for its own sake. Of the rest, everything that comes with an
/// entry about something else came because of that entry; among entries of a register alone, what another of them
/// names did: the ends of a channel or a series, and who records for the first time.
pub(super) fn brought(append: &[Recorded], events: &[Option<Event>]) -> Vec<bool> {
    let may_be = |event: &Option<Event>| {
        event.as_ref().is_some_and(|event| {
            let envelope = &event.envelope;
            enters(event.kind()) && envelope.marking.is_none() && envelope.compartments.is_empty()
        })
    };
    let is_enter = |event: &Option<Event>| event.as_ref().is_some_and(|event| enters(event.kind()));
    if !events.iter().all(is_enter) {
        return events.iter().map(may_be).collect();
    }
    let mut named: HashSet<EventId> = HashSet::new();
    for recorded in append {
        if let Body::Plain(body) = &recorded.body {
            named.extend(ids_in(body));
        }
    }
    let is_brought = |(recorded, event): (&Recorded, &Option<Event>), named: &HashSet<EventId>| {
        may_be(event) && named.contains(&recorded.id)
    };
    // Whoever enters something for its own sake comes in with that.
    let own = append.iter().zip(events).filter(|both| !is_brought(*both, &named));
    let recorders = own.map(|(recorded, _)| (recorded.id, EventId::from_uuid(*recorded.actor.as_uuid())));
    let recorders: Vec<EventId> =
        recorders.filter(|(id, recorder)| id != recorder).map(|(_, recorder)| recorder).collect();
    named.extend(recorders);
    append.iter().zip(events).map(|both| is_brought(both, &named)).collect()
}

/// Where the parties were entered: a body of a party names the party by its code alone.
#[derive(Debug, Default)]
pub(super) struct Parties {
    places: HashMap<PartyCode, u32>,
}

impl Parties {
    /// Takes in an append that begins at a position; once more, where it was taken in and could not be told of.
    pub(super) fn take(&mut self, begins: usize, events: &[Option<Event>]) {
        for (position, event) in (begins..).zip(events) {
            if let Some(Fact::PartyRegistered(party)) = event.as_ref().map(|event| &event.fact)
                && let Ok(row) = u32::try_from(position)
            {
                self.places.entry(party.code.clone()).or_insert(row);
            }
        }
    }

    /// Returns where the party was entered of which an event enters a body.
    pub(super) fn whole_of(&self, event: &Event) -> Option<u32> {
        let Fact::PartyRegistered(party) = &event.fact else { return None };
        self.places.get(&party.code.parent()?).copied()
    }
}
