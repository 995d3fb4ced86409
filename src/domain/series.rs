//! What holds for a series of talks: its state, as a fold of its sessions and of what was said of it.

use crate::domain::fact::Kind;
use crate::domain::id::{EntityId, EventId};
use crate::domain::meeting::{self, Misfit};
use crate::domain::policy::{Policies, Policy};
use crate::domain::reading::Entry;
use crate::domain::timestamp::Timestamp;
use crate::domain::words::words;
use crate::domain::zone::Zone;

words! {
    /// The state of a series of talks.
    SeriesState {
        /// Spoken of, and not begun.
        Proposed = "proposed",
        /// Preparatory meetings only.
        Preparatory = "preparatory",
        /// The sides meet.
        Running = "running",
        /// The sides have not met for longer than the policy allows; derived from the clock.
        Stalled = "stalled",
        /// A side broke it off for a time.
        Suspended = "suspended",
        /// It failed.
        Collapsed = "collapsed",
        /// It ended.
        Concluded = "concluded",
    }
}

/// Where a series stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// The state; none before the first entry.
    pub state: Option<SeriesState>,
    /// The entry on which the state rests: of talks that are stalled the last session, from which that counts.
    pub reason: Option<EventId>,
    /// The last moment that the last session can have lasted to, and the entry that tells of it.
    pub last_session: Option<(Timestamp, EventId)>,
    /// The policy by which it is stalled; none where the state was not derived.
    pub stalled_by: Option<Policy>,
    /// What no transition allows, in the order of effect.
    pub misfits: Vec<Misfit>,
}

/// Returns where a series stands at a moment.
///
/// `story` is the entries of the series and of its meetings, in the order of effect up to that moment;
/// `ids` is what the series goes by in policies: its own id, and that of the forum that carries it.
/// Without a policy nothing is derived.
pub fn standing(
    ids: &[EntityId],
    story: &[Entry],
    policies: &Policies,
    at: Timestamp,
    zone: &Zone,
) -> Standing {
    let mut standing = Standing::default();
    for entry in story {
        let Some(event) = &entry.event else { continue };
        let kind = event.kind();
        let preliminary = meeting::detail(&event.fact).is_some_and(|detail| detail.preliminary);
        standing.take(entry.id, kind, preliminary);
        if meeting::is_session(kind) {
            let latest = entry.bounds(zone).1.min(at);
            if standing.last_session.is_none_or(|(last, _)| last <= latest) {
                standing.last_session = Some((latest, entry.id));
            }
        }
    }
    if standing.state == Some(SeriesState::Running)
        && let (Some((last, session)), Some(policy)) = (standing.last_session, policy_for(ids, policies, at))
        && policy.set.stalled_after.is_some_and(|span| span.after(last, zone) <= at)
    {
        standing.state = Some(SeriesState::Stalled);
        standing.reason = Some(session);
        standing.stalled_by = Some(policy.clone());
    }
    standing
}

/// Returns the policy that says when this series is stalled: the newest that names it, else the newest
/// that names none.
fn policy_for<'a>(ids: &[EntityId], policies: &'a Policies, at: Timestamp) -> Option<&'a Policy> {
    let in_force = policies.at(at);
    let mut says = in_force.iter().rev().copied().filter(|policy| policy.set.stalled_after.is_some());
    let names = |policy: &&Policy| policy.set.channels.iter().any(|named| ids.contains(named));
    says.clone().find(names).or_else(|| says.find(|policy| policy.set.channels.is_empty()))
}

impl Standing {
    fn take(&mut self, entry: EventId, kind: Kind, preliminary: bool) {
        use SeriesState as S;
        let from = self.state;
        // The first entry needs nothing before it; the same said again confirms.
        let fits = |known: &[S], to: S| from.is_none_or(|from| from == to || known.contains(&from));
        #[expect(clippy::wildcard_enum_match_arm, reason = "other kinds end or begin no series")]
        let (to, fit, expected) = match kind {
            kind if meeting::is_session(kind) && preliminary => {
                // Preparing the next round of talks that run is a part of them.
                let to = match from {
                    None | Some(S::Proposed | S::Preparatory) => S::Preparatory,
                    Some(_) => S::Running,
                };
                (to, from != Some(S::Concluded), "a series that is not concluded")
            }
            kind if meeting::is_session(kind) => {
                (S::Running, from != Some(S::Concluded), "a series that is not concluded")
            }
            Kind::TalksSuspended => (
                S::Suspended,
                fits(&[S::Preparatory, S::Running, S::Stalled], S::Suspended),
                "talks that are prepared or run",
            ),
            Kind::TalksResumed => {
                (S::Running, fits(&[S::Suspended, S::Stalled], S::Running), "talks that are suspended")
            }
            Kind::TalksCollapsed => (
                S::Collapsed,
                fits(&[S::Preparatory, S::Running, S::Stalled, S::Suspended], S::Collapsed),
                "talks that are prepared, run or are suspended",
            ),
            Kind::TalksConcluded => (
                S::Concluded,
                fits(&[S::Running, S::Suspended, S::Stalled], S::Concluded),
                "talks that run or are suspended",
            ),
            // Entered in the register: that says nothing of the world.
            Kind::SeriesRegistered => return,
            kind if kind.is_of_channel_register() => return,
            _ => (from.unwrap_or(S::Proposed), true, ""),
        };
        if !fit {
            let found = from.map_or_else(|| kind.to_string(), |from| format!("{kind} while {from}"));
            self.misfits.push(Misfit { entry, expected: expected.to_owned(), found, takes_effect: true });
        }
        if from != Some(to) {
            self.reason = Some(entry);
        }
        self.state = Some(to);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::{Envelope, Event};
    use crate::domain::fact::Fact;
    use crate::domain::fact::register::PolicySet;
    use crate::domain::id::ActorId;

    fn id(number: u128) -> EventId {
        EventId::from_uuid(uuid::Uuid::from_u128(number))
    }

    fn entry(number: u128, date: &str, kind: Kind, detail: &str) -> Entry {
        let envelope = Envelope { occurred: Some(date.parse().unwrap()), ..Envelope::default() };
        Entry {
            position: u64::try_from(number).unwrap(),
            at: Timestamp::MAX,
            id: id(number),
            actor: ActorId::from_uuid(uuid::Uuid::from_u128(9)),
            event: Some(Event { envelope, fact: kind.decode(detail).unwrap() }),
            removed: None,
            struck: false,
            amended: 0,
            amendment: None,
        }
    }

    fn of(story: &[Entry], policies: &Policies, at: &str) -> Standing {
        standing(&[id(1).into()], story, policies, at.parse().unwrap(), &Zone::default())
    }

    #[track_caller]
    fn check(kinds: &[Kind], state: SeriesState, misfits: usize) {
        let story: Vec<Entry> =
            (1..).zip(kinds).map(|(number, kind)| entry(number, "2020-01-01", *kind, "{}")).collect();
        let standing = of(&story, &Policies::default(), "2030-01-01T00:00:00.000000Z");
        assert_eq!((standing.state, standing.misfits.len()), (Some(state), misfits), "{kinds:?}");
    }

    #[test]
    fn talks_run_from_their_first_session_and_after_each_that_follows() {
        use Kind::*;
        use SeriesState as S;
        check(&[MeetingScheduled], S::Proposed, 0);
        check(&[MeetingScheduled, MeetingHeld], S::Running, 0);
        check(&[MeetingHeld, TalksSuspended, MeetingHeld], S::Running, 0);
        check(&[TalksSuspended, TalksSuspended, TalksResumed], S::Running, 0);
        check(&[MeetingHeld, TalksCollapsed, MeetingHeld], S::Running, 0);
        check(&[MeetingHeld, TalksThreatened, TalksConcluded], S::Concluded, 0);
        check(&[MeetingScheduled, TalksSuspended], S::Suspended, 1);
        check(&[MeetingHeld, TalksConcluded, MeetingHeld], S::Running, 1);
        check(&[MeetingHeld, TalksConcluded, TalksSuspended], S::Suspended, 1);
    }

    #[test]
    fn a_preliminary_session_prepares_talks_that_do_not_run_yet() {
        let preliminary = |number| entry(number, "2020-01-01", Kind::MeetingHeld, r#"{"preliminary":true}"#);
        let full = entry(2, "2020-01-02", Kind::MeetingHeld, "{}");
        let at = "2030-01-01T00:00:00.000000Z";
        let story = [preliminary(1), full, preliminary(3)];
        assert_eq!(of(&story[..1], &Policies::default(), at).state, Some(SeriesState::Preparatory));
        assert_eq!(of(&story, &Policies::default(), at).state, Some(SeriesState::Running));
    }

    #[test]
    fn talks_are_stalled_by_the_policy_of_that_day_and_by_none_without_one() {
        let story = [
            entry(3, "2018-07-31", Kind::MeetingHeld, "{}"),
            entry(1, "2018-10-26", Kind::MeetingHeld, "{}"),
            entry(4, "2018-11-10", Kind::MeetingScheduled, r#"{"date":"2018-12-01"}"#),
        ];
        let mut policies = Policies::default();
        let mut set = |number: u64, name: &str, span: &str, channels: Vec<EntityId>| {
            let set = PolicySet {
                name: name.to_owned(),
                stalled_after: Some(span.parse().unwrap()),
                channels,
                ..PolicySet::default()
            };
            let envelope = Envelope { occurred: Some("2019-01-01".parse().unwrap()), ..Envelope::default() };
            let event = Event { envelope, fact: Fact::PolicySet(set) };
            policies.take(number, id(number.into()), Timestamp::MAX, &event, &Zone::default());
        };
        set(100, "this one", "12 months", vec![id(1).into()]);
        set(101, "all", "1 month", Vec::new());
        set(102, "another", "1d", vec![id(55).into()]);
        let state = |at: &str| of(&story, &policies, at).state;
        assert_eq!(state("2018-12-31T00:00:00.000000Z"), Some(SeriesState::Running));
        assert_eq!(state("2019-10-26T00:00:00.000000Z"), Some(SeriesState::Running));
        // At the end of the last day, as a line is dormant.
        assert_eq!(state("2019-10-26T23:59:59.999998Z"), Some(SeriesState::Running));
        assert_eq!(state("2019-10-26T23:59:59.999999Z"), Some(SeriesState::Stalled));
        let stalled = of(&story, &policies, "2019-10-28T00:00:00.000000Z");
        assert_eq!(stalled.stalled_by.unwrap().set.name, "this one");
        assert_eq!(stalled.reason, Some(id(1)));
        assert_eq!(
            of(&story, &Policies::default(), "2026-01-01T00:00:00.000000Z").state,
            Some(SeriesState::Running)
        );
    }
}
