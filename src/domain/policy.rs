//! Which policies were in force at a moment: the policy that counts is the one of that day, not today's.

use crate::domain::event::Event;
use crate::domain::fact::Fact;
use crate::domain::fact::register::PolicySet;
use crate::domain::id::{EntityId, EventId};
use crate::domain::timestamp::Timestamp;
use crate::domain::zone::Zone;

/// A policy was set or ended.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Change {
    name: String,
    from: Timestamp,
    position: u64,
    set: Option<Policy>,
}

/// A policy, and the event that set it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// The event.
    pub id: EventId,
    /// What it sets.
    pub set: PolicySet,
}

/// Every setting and ending of a policy that is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policies {
    // Invariant: in the order in which they took effect, then of the log.
    changes: Vec<Change>,
}

impl Policies {
    /// Takes in an event that sets or ends a policy; others change nothing.
    ///
    /// It holds from `effective` or `occurred` on, and from its recording `at` where it has neither.
    #[expect(clippy::wildcard_enum_match_arm, reason = "other facts set no policy")]
    pub fn take(&mut self, position: u64, id: EventId, at: Timestamp, event: &Event, zone: &Zone) {
        let (name, set) = match &event.fact {
            Fact::PolicySet(set) => (set.name.clone(), Some(Policy { id, set: set.clone() })),
            Fact::PolicyEnded(ended) => (ended.name.clone(), None),
            _ => return,
        };
        let envelope = &event.envelope;
        let effect = envelope.effective.as_ref().or(envelope.occurred.as_ref());
        let from = effect.map_or(at, |effect| effect.earliest(zone));
        let place = self.changes.partition_point(|known| (known.from, known.position) <= (from, position));
        self.changes.insert(place, Change { name, from, position, set });
    }

    /// Returns from which moments on other policies are in force, in the order of time.
    pub fn changes(&self) -> impl Iterator<Item = Timestamp> {
        self.changes.iter().map(|change| change.from)
    }

    /// Returns the policies in force at a moment, in the order in which they were set.
    pub fn at(&self, moment: Timestamp) -> Vec<&Policy> {
        self.in_force(self.changes.partition_point(|change| change.from <= moment))
    }

    /// Returns the policies in force until a moment, in the order in which they were set: one that begins with it is
    /// none of them, and one that ends with it is.
    pub fn until(&self, moment: Timestamp) -> Vec<&Policy> {
        self.in_force(self.changes.partition_point(|change| change.from < moment))
    }

    /// Returns the policy that an event sets, whenever it was in force.
    pub fn set_by(&self, event: EventId) -> Option<&Policy> {
        self.changes.iter().filter_map(|change| change.set.as_ref()).find(|policy| policy.id == event)
    }

    fn in_force(&self, known: usize) -> Vec<&Policy> {
        let mut in_force: Vec<&Change> = Vec::new();
        for change in self.changes.iter().take(known) {
            in_force.retain(|earlier| earlier.name != change.name);
            in_force.push(change);
        }
        in_force.into_iter().filter_map(|change| change.set.as_ref()).collect()
    }
}

/// Tells whether a list of a policy covers `ids`: an empty list covers everything.
pub fn covers(list: &[EntityId], ids: &[EntityId]) -> bool {
    list.is_empty() || ids.iter().any(|id| list.contains(id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::Envelope;
    use crate::domain::fact::register::PolicyEnded;

    #[test]
    fn a_policy_holds_from_its_date_until_another_of_its_name_or_its_end() {
        let mut policies = Policies::default();
        let mut take = |number: u64, date: &str, fact: Fact| {
            let id = EventId::from_uuid(uuid::Uuid::from_u128(number.into()));
            let envelope = Envelope { occurred: Some(date.parse().unwrap()), ..Envelope::default() };
            policies.take(number, id, Timestamp::MAX, &Event { envelope, fact }, &Zone::default());
        };
        let set = |missed| {
            let name = "missed calls".to_owned();
            Fact::PolicySet(PolicySet { name, missed_attempts_max: Some(missed), ..PolicySet::default() })
        };
        take(1, "2024-01-01", set(2));
        take(2, "2025-01-01", set(4));
        take(3, "2023-01-01", set(1));
        take(4, "2026-01-01", Fact::PolicyEnded(PolicyEnded { name: "missed calls".to_owned() }));
        let at = |moment: &str| {
            let in_force = policies.at(moment.parse().unwrap());
            in_force.iter().map(|policy| policy.set.missed_attempts_max.unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(at("2022-12-31T23:59:59.999999Z"), [0; 0]);
        assert_eq!(at("2023-06-01T00:00:00.000000Z"), [1]);
        assert_eq!(at("2024-06-01T00:00:00.000000Z"), [2]);
        assert_eq!(at("2025-06-01T00:00:00.000000Z"), [4]);
        let until = |moment: &str| policies.until(moment.parse().unwrap()).len();
        assert_eq!(until("2023-01-01T00:00:00.000000Z"), 0);
        assert_eq!(until("2026-01-01T00:00:00.000000Z"), 1);
        assert_eq!(at("2026-06-01T00:00:00.000000Z"), [0; 0]);
    }
}
