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
use crate::projections::newest::{NewestQuery, Sought, Test};

/// So many suggestions at most: more would bury the one that matters.
const RELATED_MAX: usize = 10;

/// So many candidates of each rank are looked at first, the newest: few of them are linked already.
const LOOKS: usize = 2 * RELATED_MAX;
/// So many at most.
const LOOKS_MAX: usize = 512;

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
    let Some(sides) = either_way(known, &offer.envelope) else { return Ok(Vec::new()) };
    let shown = Shown::of(gathered, thread);
    let (from, to) = window(known, &gathered.thread);
    let mut query = NewestQuery {
        base: Test::All(vec![sides, Test::Not(Box::new(Test::Kind(kinds(|kind| !is_worth_a_look(kind)))))]),
        sought: ranks(&offer.envelope).into_iter().map(Sought::from).collect(),
        since: from.micros(),
        until: to.micros(),
        most: LOOKS,
    };
    loop {
        let found = known.view.newest(&query)?;
        let mut related: Vec<Entry> = Vec::new();
        let mut more = false;
        for spots in found {
            let mut unread = spots.as_slice();
            // No more are read than may be told: of the first most are.
            while related.len() < RELATED_MAX
                && let (now, later) = unread.split_at(unread.len().min(RELATED_MAX - related.len()))
                && !now.is_empty()
            {
                let read = known.entries_at(&now.iter().map(|spot| spot.position()).collect::<Vec<u64>>())?;
                related.extend(read.into_iter().filter(|entry| shown.leaves(known, entry)));
                unread = later;
            }
            if related.len() >= RELATED_MAX {
                break;
            }
            more |= spots.len() >= query.most;
        }
        if related.len() >= RELATED_MAX || !more || query.most >= LOOKS_MAX {
            return related.iter().map(|entry| known.entry_row(entry)).collect();
        }
        query.most *= 4;
    }
}

/// Returns the test of what the sides of an offer say and do to each other, or whoever made it where it names nobody to
/// whom; none where nobody made it.
fn either_way(known: &Known, offer: &Envelope) -> Option<Test> {
    let (ours, theirs) = (sides(known, &offer.from), sides(known, &offer.to));
    if ours.is_empty() {
        return None;
    }
    let between = |from: &[EntityId], to: &[EntityId]| {
        Test::All(vec![Test::From(from.to_vec()), Test::To(to.to_vec())])
    };
    Some(if theirs.is_empty() {
        Test::From(ours)
    } else {
        Test::Any(vec![between(&ours, &theirs), between(&theirs, &ours)])
    })
}

/// What the thread shows already.
struct Shown {
    // Its entries, and whatever one of them is linked to: whatever is linked to these, somebody has linked.
    linked: HashSet<EventId>,
    meetings: HashSet<EntityId>,
}

impl Shown {
    fn of(gathered: &Gathered, thread: &[Entry]) -> Self {
        let links = thread.iter().flat_map(Entry::links).map(|link| link.target);
        let linked = thread.iter().map(|entry| entry.id).chain(links).collect();
        Self { linked, meetings: gathered.meetings.iter().copied().collect() }
    }

    /// Tells whether an entry had taken effect and neither is shown nor belongs to what is.
    fn leaves(&self, known: &Known, entry: &Entry) -> bool {
        let Some(event) = &entry.event else { return false };
        let about = &event.envelope.about;
        let mut led_to = about.iter().copied().chain(event.created(entry.id));
        let named = about.iter().map(|about| EventId::from_uuid(*about.as_uuid()));
        let mut bears_on = entry.links().iter().map(|link| link.target).chain(named);
        entry.bounds(&known.zone).0 <= known.at
            && !self.linked.contains(&entry.id)
            && !bears_on.any(|id| self.linked.contains(&id))
            && !led_to.any(|entity| self.meetings.contains(&entity))
    }
}

/// Returns the ranks of what may be related to an offer, each without what is of an earlier one.
fn ranks(offer: &Envelope) -> Vec<Test> {
    let topics = Test::Any(offer.topics.iter().cloned().map(Test::Topic).collect());
    let others = Test::Kind(kinds(|kind| !is_of_talks(kind)));
    let not = |test: &Test| Test::Not(Box::new(test.clone()));
    let mut ranks = Vec::new();
    if !offer.topics.is_empty() {
        ranks.push(Test::All(vec![topics.clone(), not(&others)]));
        ranks.push(Test::All(vec![topics.clone(), others.clone()]));
    }
    ranks.push(Test::All(vec![not(&topics), not(&others)]));
    ranks.push(Test::All(vec![others, not(&topics)]));
    ranks
}

fn kinds(wanted: impl Fn(Kind) -> bool) -> Vec<Kind> {
    Kind::ALL.iter().copied().filter(|kind| wanted(*kind)).collect()
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
    // What may have been at any time before another says nothing of when they spoke.
    let begins = thread.iter().map(|entry| entry.bounds(&known.zone).0).filter(|begins| begins.is_bounded());
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
