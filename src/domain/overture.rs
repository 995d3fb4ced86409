//! Where an overture stands: a proposal, an offer, an invitation, a request for talks.
//!
//! Three regions that move apart from each other: how far it got ([`delivery`]), what each addressee
//! answered ([`answer`]), whether it still stands ([`currency`]); one status derived from them
//! ([`status`]). Facts are never refused: one that no rule allows moves nothing and is shown as an anomaly.

pub mod answer;
pub mod currency;
pub mod delivery;
pub mod effect;
mod fold;
pub mod status;
#[cfg(test)]
mod tests;
pub mod window;

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use crate::domain::id::{EntityId, EventId};
use crate::domain::occurred::Occurred;
use crate::domain::overture::answer::Reply;
use crate::domain::overture::currency::Currency;
use crate::domain::overture::delivery::Delivery;
use crate::domain::overture::effect::{Effect, Remark};
use crate::domain::overture::status::{Finding, OvertureStatus, Unanswered};
use crate::domain::overture::window::{Terms, Window};
use crate::domain::policy::Policies;
use crate::domain::reading::{Entry, in_order_of_effect};
use crate::domain::timestamp::Timestamp;
use crate::domain::words::Directness;
use crate::domain::zone::Zone;

pub(crate) use fold::offer_of;

/// What an overture must be told of parties and channels, which the registers know.
pub trait World {
    /// Tells whether a party is another, or a body of it.
    fn is_within(&self, party: EntityId, other: EntityId) -> bool;

    /// Tells whether two parties are bodies of one root: of one side.
    fn is_one_side(&self, party: EntityId, other: EntityId) -> bool;

    /// Returns how directly an answer came that was carried by these channels, where they tell.
    fn directness(&self, channels: &[EntityId]) -> Option<Directness>;
}

/// By what an overture is judged: the registers, the policies by the day, the zone of the log, the clock.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    /// The registers.
    pub world: &'a dyn World,
    /// The policies.
    pub policies: &'a Policies,
    /// The zone of the log.
    pub zone: &'a Zone,
    /// The moment of the world.
    pub at: Timestamp,
}

/// What happened elsewhere and bears on an overture.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Elsewhere {
    /// Meetings that an entry of the overture brought into being or is about: one that takes place
    /// realises the overture.
    pub meetings: Vec<EntityId>,
    /// How counter-proposals to it were settled: of one of them, what came first stands first.
    pub settlements: Vec<Settlement>,
    /// The overtures of the chain of offers that it is one of, itself included, in the order in which
    /// they were made.
    pub chain: Arc<[ChainOffer]>,
}

/// That a counter-proposal was settled, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// The counter-proposal.
    pub counter: EntityId,
    /// How.
    pub how: Settled,
    /// The entry with which it was.
    pub entry: Entry,
}

/// How an overture was settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It was accepted.
    Accepted,
    /// It came about.
    Realised,
}

/// An offer in a chain of offers and counter-offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainOffer {
    /// The overture.
    pub overture: EntityId,
    /// Who made it.
    pub proposer: Vec<EntityId>,
}

/// How often the proposer said it again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reiterations {
    /// How often.
    pub count: u32,
    /// The last time.
    pub last: Option<EventId>,
    /// When that was.
    pub last_date: Option<Occurred>,
    /// Who did, each once.
    pub by: Vec<EntityId>,
}

/// An entry that no rule allows where it stands: something before it is missing, or it is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anomaly {
    /// The entry.
    pub entry: EventId,
    /// The states from which, or the entry after which, it would have been right.
    pub expected: String,
    /// What was found.
    pub found: String,
}

/// Where an overture stands at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OvertureStanding {
    /// The overture.
    pub overture: EntityId,
    /// The entry that brought it into being; none where that cannot be read, was struck, or is yet to come.
    pub issue: Option<EventId>,
    /// Who proposes; several propose jointly.
    pub proposer: Vec<EntityId>,
    /// What carried it.
    pub via: Vec<EntityId>,
    /// When it was first issued; none for a draft, or where nobody says.
    pub issued: Option<Occurred>,
    /// What is offered, and by when an answer is asked for.
    pub terms: Terms,
    /// Which version of the terms.
    pub version: u32,
    /// How far it got.
    pub delivery: Delivery,
    /// The receipt is inferred from an answer.
    pub delivery_inferred: bool,
    /// What each addressee answered.
    pub replies: Vec<Reply>,
    /// Whether it still stands.
    pub currency: Currency,
    /// The entry that made it so; none while it simply stands.
    pub currency_by: Option<EventId>,
    /// What took its place.
    pub superseded_by: Option<EntityId>,
    /// The entry since which every addressee says yes; none where one of them does not.
    pub accepted_by: Option<EventId>,
    /// The entry with which it came about.
    pub realised_by: Option<EventId>,
    /// How often it was said again.
    pub reiterations: Reiterations,
    /// Findings of silence, in order.
    pub findings: Vec<Finding>,
    /// By when an answer is due, by the rules in force at the moment; none where nothing says.
    pub window: Option<Window>,
    /// In one word.
    pub status: OvertureStatus,
    /// On what "unanswered" rests, where the status is that.
    pub unanswered: Option<Unanswered>,
    /// It stands, and an addressee has said neither yes nor no.
    pub open: bool,
    /// Entries that no rule allows.
    pub anomalies: Vec<Anomaly>,
    /// What else must be said.
    pub remarks: Vec<Remark>,
    /// What each entry of the story did, in the order of effect.
    pub effects: Vec<(EventId, Effect)>,
}

impl OvertureStanding {
    fn new(overture: EntityId) -> Self {
        Self {
            overture,
            issue: None,
            proposer: Vec::new(),
            via: Vec::new(),
            issued: None,
            terms: Terms::default(),
            version: 1,
            delivery: Delivery::Issued,
            delivery_inferred: false,
            replies: Vec::new(),
            currency: Currency::Standing,
            currency_by: None,
            superseded_by: None,
            accepted_by: None,
            realised_by: None,
            reiterations: Reiterations::default(),
            findings: Vec::new(),
            window: None,
            status: OvertureStatus::Unknown,
            unanswered: None,
            open: false,
            anomalies: Vec::new(),
            remarks: Vec::new(),
            effects: Vec::new(),
        }
    }

    /// Returns the addressees.
    pub fn addressees(&self) -> Vec<EntityId> {
        self.replies.iter().map(|reply| reply.addressee).collect()
    }

    /// Returns how it was settled and with which entry, where it was and still is: accepted by every
    /// addressee, then come about.
    pub fn settlements(&self) -> Vec<(Settled, EventId)> {
        let accepted = self.accepted_by.map(|entry| (Settled::Accepted, entry));
        let realised = self.realised_by.map(|entry| (Settled::Realised, entry));
        match self.status {
            OvertureStatus::Accepted => accepted.into_iter().collect(),
            OvertureStatus::Realised => accepted.into_iter().chain(realised).collect(),
            OvertureStatus::Pending
            | OvertureStatus::Unanswered
            | OvertureStatus::LapsedUnanswered
            | OvertureStatus::Acknowledged
            | OvertureStatus::Deflected
            | OvertureStatus::Negotiating
            | OvertureStatus::PartlyAnswered
            | OvertureStatus::Rejected
            | OvertureStatus::Withdrawn
            | OvertureStatus::Superseded
            | OvertureStatus::Moot
            | OvertureStatus::Drafted
            | OvertureStatus::Unknown => Vec::new(),
        }
    }

    /// Returns whole days from the first issue to a moment, by the calendar of the zone: at least, and at most where
    /// the date does not leave its beginning open. None where nobody knows when it was issued.
    pub fn age_days(&self, zone: &Zone, at: Timestamp) -> Option<(i64, Option<i64>)> {
        let issued = self.issued.as_ref()?;
        let (earliest, latest) = issued.bounds(zone);
        let most = earliest.is_bounded().then(|| days_between(zone, earliest, at));
        let least = most.filter(|_| !issued.is_doubtful());
        Some((least.unwrap_or_else(|| days_between(zone, latest.min(at), at)), most))
    }

    /// Tells what is equal in two standings that differ at most in the order of their entries.
    fn outcome(&self) -> impl PartialEq {
        let answers: Vec<_> =
            self.replies.iter().map(|reply| (reply.addressee, reply.state, reply.effective())).collect();
        (self.status, self.delivery, self.currency, self.version, answers)
    }
}

/// Returns where an overture stands.
///
/// `story` is what has taken effect by the clock of `setting`, in the order of effect: the entries of the
/// overture, those of the meetings that it led to, and those of the channels whose restoration it
/// proposes. What settles a counter-proposal settles the overture where it stands among them. Total:
/// whatever the story says, there is an answer; what was removed or fits nowhere moves nothing.
pub fn stand(
    overture: EntityId,
    story: &[Entry],
    elsewhere: &Elsewhere,
    setting: &Setting<'_>,
) -> OvertureStanding {
    work_out(overture, story, elsewhere, setting, false)
}

/// As [`stand`], by the definition: every tie is tried.
#[cfg(test)]
fn stand_by_every_tie(
    overture: EntityId,
    story: &[Entry],
    elsewhere: &Elsewhere,
    setting: &Setting<'_>,
) -> OvertureStanding {
    work_out(overture, story, elsewhere, setting, true)
}

fn work_out(
    overture: EntityId,
    story: &[Entry],
    elsewhere: &Elsewhere,
    setting: &Setting<'_>,
    every_tie: bool,
) -> OvertureStanding {
    let own: HashSet<EventId> = story.iter().map(|entry| entry.id).collect();
    let story = with_settlements(story, &own, elsewhere, *setting.zone);
    let story: Vec<&Entry> = story.iter().collect();
    let fold = |story: &[&Entry]| fold::fold(overture, story, &own, elsewhere, setting);
    let mut standing = fold(&story);
    let still = if every_tie { HashSet::new() } else { still(&standing, elsewhere) };
    let is_still = |place: usize| story.get(place).is_some_and(|entry| still.contains(&entry.id));
    let urged = standing.effects.iter().filter(|(_, effect)| *effect == Effect::Urged);
    let urgings: HashSet<EventId> = urged.map(|(id, _)| *id).collect();
    let is_urging = |place: usize| story.get(place).is_some_and(|entry| urgings.contains(&entry.id));
    for (first, second) in ties(&story, *setting.zone) {
        // Whoever urges moves nothing, before or after the other; nor do two that moved nothing where they stand.
        if is_urging(first) || is_urging(second) || is_still(first) && is_still(second) {
            continue;
        }
        let mut other = story.clone();
        other.swap(first, second);
        if fold(&other).outcome() != standing.outcome()
            && let (Some(first), Some(second)) = (story.get(first), story.get(second))
        {
            standing.remarks.push(Remark::Tie(first.id, second.id));
        }
    }
    standing
}

/// Returns the entries that moved nothing where they stand: what came after them found all as it was before.
///
/// Of two neighbours that are both such, either order leaves all as it was: a line of years has thousands of
/// calls of which not one moves an offer.
fn still(standing: &OvertureStanding, elsewhere: &Elsewhere) -> HashSet<EventId> {
    let beside = standing.effects.iter().filter(|(_, effect)| matches!(effect, Effect::Beside(_)));
    let mut still: HashSet<EventId> = beside.map(|(id, _)| *id).collect();
    let moving = standing.effects.iter().filter(|(_, effect)| !matches!(effect, Effect::Beside(_)));
    // What settles a counter-proposal, or makes one, is taken in as well, whatever else it does.
    let settling = elsewhere
        .settlements
        .iter()
        .flat_map(|settlement| [settlement.entry.id, EventId::from_uuid(*settlement.counter.as_uuid())]);
    for moves in moving.map(|(id, _)| *id).chain(settling) {
        still.remove(&moves);
    }
    still
}

/// Returns the story with the entries that settle counter-proposals, each where it took effect.
fn with_settlements<'a>(
    story: &'a [Entry],
    own: &HashSet<EventId>,
    elsewhere: &Elsewhere,
    zone: Zone,
) -> Cow<'a, [Entry]> {
    let mut added = HashSet::new();
    let settling = elsewhere.settlements.iter().map(|settlement| &settlement.entry);
    let settling: Vec<&Entry> =
        settling.filter(|entry| !own.contains(&entry.id) && added.insert(entry.id)).collect();
    if settling.is_empty() {
        return Cow::Borrowed(story);
    }
    Cow::Owned(in_order_of_effect(story.iter().chain(settling).cloned().collect(), &zone))
}

/// Returns the neighbours whose order rests on nothing but how they are named or where they were recorded.
fn ties(story: &[&Entry], zone: Zone) -> Vec<(usize, usize)> {
    let linked = |one: &Entry, other: &Entry| one.links().iter().any(|link| link.target == other.id);
    let creates = |entry: &Entry| entry.event.as_ref().is_some_and(|event| event.created(entry.id).is_some());
    let bounds: Vec<_> = story.iter().map(|entry| entry.bounds(&zone)).collect();
    let neighbours = story.iter().zip(story.iter().skip(1)).enumerate();
    neighbours
        .filter(|(place, (one, other))| {
            bounds.get(*place) == bounds.get(place + 1)
                && one.event.is_some()
                && other.event.is_some()
                && creates(one) == creates(other)
                && !linked(one, other)
                && !linked(other, one)
        })
        .map(|(place, _)| (place, place + 1))
        .collect()
}

/// Returns whole days from an offer to what came of it, by the calendar of the zone; none where nobody knows when
/// either was. What came of it did not come before it.
pub(crate) fn waited(zone: Zone, issued: Option<&Occurred>, answered: Timestamp) -> Option<i64> {
    let issued = issued?.earliest(&zone);
    let is_known = issued.is_bounded() && answered.is_bounded();
    is_known.then(|| days_between(&zone, issued, answered).max(0))
}

/// Returns whole days between two moments, by the calendar of the zone.
pub fn days_between(zone: &Zone, from: Timestamp, to: Timestamp) -> i64 {
    let day = |moment| zone.local(moment).date_naive();
    day(to).signed_duration_since(day(from)).num_days()
}
