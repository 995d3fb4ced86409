//! What may belong to a thread and is not linked to it: a suggestion, never an assertion.

use std::collections::HashSet;

use crate::desk::answer::entry::EntryRow;
use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::desk::overtures::standings::Gathered;
use crate::domain::event::Envelope;
use crate::domain::fact::Kind;
use crate::domain::id::{EntityId, EventId};
use crate::domain::party_code::PartyCode;
use crate::domain::reading::Entry;
use crate::domain::span::Span;
use crate::domain::timestamp::Timestamp;
use crate::projections::timeline::{By, Choice, Direction, Order, TimelineQuery};

/// So many suggestions at most: more would bury the one that matters.
const RELATED_MAX: usize = 10;

/// So many candidates are looked at, the newest first.
const CANDIDATES_MAX: usize = 500;

/// Returns what the same sides said and did near in time: from three months before the offer to three
/// months after the last entry of the thread.
///
/// First what shares a topic with the offer, then what talks are made of, then the rest; the newest first.
/// Calls are left out: a line that is called twice a day would fill every list.
pub(super) fn related(
    known: &Known,
    gathered: &Gathered,
    thread: &[Entry],
) -> Result<Vec<EntryRow>, DeskError> {
    let Some(offer) = gathered.creation.as_ref().and_then(|entry| entry.event.as_ref()) else {
        return Ok(Vec::new());
    };
    let envelope = &offer.envelope;
    let ours = sides(known, &envelope.from);
    let theirs = sides(known, &envelope.to);
    if ours.is_empty() {
        return Ok(Vec::new());
    }
    let query = TimelineQuery {
        between: if theirs.is_empty() {
            Choice::default()
        } else {
            vec![(ours.clone(), theirs.clone())].into()
        },
        from_party: if theirs.is_empty() { ours.into() } else { Choice::default() },
        kinds: Kind::ALL.iter().copied().filter(|kind| is_worth_a_look(*kind)).collect::<Vec<_>>().into(),
        occurred: Some(window(known, &gathered.thread)),
        order: Order { by: By::Occurred, direction: Direction::Descending },
        limit: CANDIDATES_MAX,
        ..TimelineQuery::default()
    };
    // Whatever an entry that is shown is linked to, and whatever is linked to one, somebody has linked.
    let links = thread.iter().flat_map(Entry::links).map(|link| link.target);
    let linked: HashSet<EventId> = thread.iter().map(|entry| entry.id).chain(links).collect();
    let is_linked = |entry: &Entry, envelope: &Envelope| {
        let about = envelope.about.iter().map(|about| EventId::from_uuid(*about.as_uuid()));
        entry.links().iter().map(|link| link.target).chain(about).any(|id| linked.contains(&id))
    };
    let meetings: HashSet<EntityId> = gathered.meetings.iter().copied().collect();
    let mut found: Vec<(bool, bool, Entry)> = Vec::new();
    for row in known.view.timeline(&query)?.rows {
        if linked.contains(&row.id) {
            continue;
        }
        let Some(entry) = known.entry(row.id)? else { continue };
        let Some(event) = entry.event.as_ref().filter(|_| entry.bounds(&known.zone).0 <= known.at) else {
            continue;
        };
        if is_linked(&entry, &event.envelope) {
            continue;
        }
        let led_to = event.envelope.about.iter().copied().chain(event.created(entry.id));
        if led_to.into_iter().any(|entity| meetings.contains(&entity)) {
            continue;
        }
        found.push((!shares_topic(envelope, &event.envelope), !is_of_talks(event.kind()), entry));
    }
    // Stable: within a rank the newest stay first.
    found.sort_by_key(|(other_topic, other_kind, _)| (*other_topic, *other_kind));
    found.iter().take(RELATED_MAX).map(|(_, _, entry)| known.entry_row(entry)).collect()
}

/// Returns the roots of parties, with every body of them.
pub(crate) fn sides(known: &Known, parties: &[EntityId]) -> Vec<EntityId> {
    let mut sides: Vec<EntityId> = Vec::new();
    for party in parties {
        let root = known.register.party_code(*party).map(PartyCode::root);
        // A body may be in the register without its root.
        let bodies = known.register.parties().filter(|(id, body)| {
            *id == *party || root.as_ref().is_some_and(|root| body.entered.code.is_within(root))
        });
        sides.extend(bodies.map(|(id, _)| id));
    }
    sides.sort_unstable();
    sides.dedup();
    sides
}

fn window(known: &Known, thread: &[Entry]) -> (Timestamp, Timestamp) {
    let near: Option<Span> = "P90D".parse().ok();
    let begins = thread.iter().map(|entry| entry.bounds(&known.zone).0);
    let (first, last) = (begins.clone().min().unwrap_or(known.at), begins.max().unwrap_or(known.at));
    let from = near.map_or(first, |near| near.before(first, &known.zone));
    let to = near.map_or(last, |near| near.after(last, &known.zone));
    (from, to.min(known.at))
}

fn is_worth_a_look(kind: Kind) -> bool {
    !kind.is_bookkeeping() && !matches!(kind.family(), "call" | "calls")
}

fn is_of_talks(kind: Kind) -> bool {
    !matches!(kind.family(), "channel" | "incident" | "party")
}

fn shares_topic(one: &Envelope, other: &Envelope) -> bool {
    one.topics.iter().any(|topic| other.topics.contains(topic))
}
