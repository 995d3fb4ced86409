//! By when an answer is due, and on what that rests.

use crate::domain::fact::Kind;
use crate::domain::fact::overture::Offer;
use crate::domain::id::{EntityId, EventId};
use crate::domain::occurred::{Occurred, Precision};
use crate::domain::overture::{Setting, World};
use crate::domain::policy::Policy;
use crate::domain::timestamp::Timestamp;
use crate::domain::words::Basis;

/// The time for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Its last moment.
    pub due: Timestamp,
    /// On what it rests.
    pub basis: Basis,
    /// The entry or the policy that says so.
    pub by: EventId,
}

impl Window {
    /// Tells whether it is over at a moment.
    pub fn is_over(&self, at: Timestamp) -> bool {
        self.due < at
    }
}

/// What the time for an answer follows from: the offer as it stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms {
    /// What is offered, as last revised.
    pub offer: Offer,
    /// Which entry said so.
    pub(super) set_by: Option<EventId>,
    /// Since when an answer is awaited: the last moment that the issue, the revision or the extension can
    /// mean.
    pub(super) since: Option<Timestamp>,
    /// More time was given: until then, or without a date.
    pub(super) extended: Option<(EventId, Option<Occurred>)>,
    /// Who proposes.
    pub(super) proposer: Vec<EntityId>,
    /// To whom.
    pub(super) addressees: Vec<EntityId>,
    /// What carried it.
    pub(super) via: Vec<EntityId>,
    /// Of which kind it is.
    pub(super) kind: Option<Kind>,
}

impl Terms {
    /// Returns the entry that says what is offered, as last revised; none before the offer.
    pub fn set_by(&self) -> Option<EventId> {
        self.set_by
    }

    /// Takes in a revision: what it gives replaces what stood, and a new date replaces both dates.
    pub(super) fn revise(&mut self, offer: &Offer, by: EventId) {
        let own = &mut self.offer;
        if offer.deadline.is_some() || offer.proposed_date.is_some() {
            own.deadline.clone_from(&offer.deadline);
            own.proposed_date.clone_from(&offer.proposed_date);
            self.extended = None;
        }
        own.terms = offer.terms.clone().or_else(|| own.terms.take());
        own.proposed_place = offer.proposed_place.clone().or_else(|| own.proposed_place.take());
        own.lead_time = offer.lead_time.or(own.lead_time);
        own.reply_via = offer.reply_via.or(own.reply_via);
        if !offer.restores.is_empty() {
            own.restores.clone_from(&offer.restores);
        }
        self.set_by = Some(by);
    }

    /// Returns the time for an answer by the policies `in_force`: an explicit deadline, else the proposed
    /// date, else the rule of a channel, else a policy of the house, else none.
    ///
    /// A deadline that is a day ends with it. A proposed day, less the stated lead time, is the last for
    /// an answer; talks over several days are answered by the first. What counts from the issue counts
    /// from the last moment that its date can mean, so that nobody is overdue too early.
    pub(super) fn window(&self, setting: &Setting<'_>, in_force: &[&Policy]) -> Option<Window> {
        let set_by = self.set_by?;
        let stated = match &self.extended {
            Some((by, Some(until))) => Some((*by, until)),
            Some((_, None)) => None,
            None => self.offer.deadline.as_ref().map(|deadline| (set_by, deadline)),
        };
        if let Some((by, deadline)) = stated {
            return bounded(deadline.latest(setting.zone), Basis::ExplicitDeadline, by);
        }
        if let Some(date) = self.offer.proposed_date.as_ref().filter(|_| self.extended.is_none()) {
            let begins = last_of_first_day(date, setting);
            let due = self.offer.lead_time.map_or(begins, |lead| lead.before(begins, setting.zone));
            if let Some(window) = bounded(due, Basis::ImpliedByProposedDate, set_by) {
                return Some(window);
            }
        }
        self.by_rule(setting, in_force)
    }

    fn by_rule(&self, setting: &Setting<'_>, in_force: &[&Policy]) -> Option<Window> {
        let since = self.since?;
        let newest = |agreed: bool| {
            let matches =
                |policy: &&&Policy| policy.set.agreed == agreed && self.is_covered(policy, setting.world);
            in_force.iter().rev().find(matches)
        };
        let (policy, basis) = match (newest(true), newest(false)) {
            (Some(agreed), _) => (agreed, Basis::AgreedChannelRule),
            (None, Some(house)) => (house, Basis::PolicyDefault),
            (None, None) => return None,
        };
        let due = policy.set.response_within?.after(since, setting.zone);
        bounded(due, basis, policy.id)
    }

    fn is_covered(&self, policy: &Policy, world: &dyn World) -> bool {
        let parties = |list: &[EntityId], own: &[EntityId]| {
            let within = |party: &EntityId| list.iter().any(|listed| world.is_within(*party, *listed));
            list.is_empty() || own.iter().any(within)
        };
        let set = &policy.set;
        set.response_within.is_some()
            && parties(&set.from, &self.proposer)
            && parties(&set.to, &self.addressees)
            && crate::domain::policy::covers(&set.channels, &self.via)
            && (set.kinds.is_empty() || self.kind.is_some_and(|kind| set.kinds.contains(&kind)))
    }
}

/// Returns a window; none where its end lies beyond any date.
fn bounded(due: Timestamp, basis: Basis, by: EventId) -> Option<Window> {
    due.is_bounded().then_some(Window { due, basis, by })
}

/// Returns the end of the first day of what lasts for days, the moment of what has one, and the end of a
/// date that could be any day of a longer time.
fn last_of_first_day(date: &Occurred, setting: &Setting<'_>) -> Timestamp {
    match date.precision() {
        Precision::Instant => date.earliest(setting.zone),
        Precision::Interval => {
            let first = setting.zone.local(date.earliest(setting.zone)).date_naive();
            Occurred::from_day(first).latest(setting.zone)
        }
        Precision::Day | Precision::Coarse | Precision::Set => date.latest(setting.zone),
    }
}
