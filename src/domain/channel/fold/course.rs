//! What decides the state, and what an entry makes of it.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::domain::channel::derive::{Missed, Rest, Rule, Rules};
use crate::domain::channel::step::{Circuit, Step};
use crate::domain::channel::tells::{shows_use, successor, tells, works};
use crate::domain::channel::{Channel, ChannelState};
use crate::domain::fact::Fact;
use crate::domain::reading::Entry;
use crate::domain::schedule::Schedule;
use crate::domain::timestamp::Timestamp;
use crate::domain::words::Evidence;
use crate::domain::zone::Zone;

/// An entry with its place in time, which is told from its text only once.
pub(in crate::domain::channel) struct Placed<'a> {
    pub(in crate::domain::channel) entry: &'a Entry,
    pub(in crate::domain::channel) earliest: Timestamp,
    pub(in crate::domain::channel) latest: Timestamp,
    pub(in crate::domain::channel) day: NaiveDate,
}

impl<'a> Placed<'a> {
    pub(in crate::domain::channel) fn of(entry: &'a Entry, zone: Zone) -> Self {
        let (earliest, latest) = entry.bounds(&zone);
        Self { entry, earliest, latest, day: zone.local(earliest).date_naive() }
    }
}

/// What decides the state: another order of the entries of a day gives another course.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::domain::channel) struct Course {
    pub(in crate::domain::channel) circuit: Circuit,
    pub(super) missed: Missed,
    // The last sign that somebody used the line, or that it worked.
    pub(in crate::domain::channel) used: Timestamp,
    pub(super) schedule: Option<Schedule>,
}

/// What an entry did to a course.
pub(in crate::domain::channel) struct Taken {
    pub(in crate::domain::channel) changed: bool,
    pub(super) expected: Option<&'static str>,
    pub(in crate::domain::channel) derived: Option<Rule>,
}

impl Course {
    /// Returns the course of a channel of which nothing has happened.
    pub(in crate::domain::channel) fn of(channel: &Channel<'_>) -> Self {
        let schedule = channel.registered.and_then(|registered| registered.schedule.clone());
        Self { circuit: Circuit::default(), missed: Missed::default(), used: Timestamp::MIN, schedule }
    }

    pub(in crate::domain::channel) fn take(&mut self, ground: &Ground<'_>, placed: &Placed<'_>) -> Taken {
        let Placed { entry, earliest, latest, .. } = *placed;
        let mut taken = Taken { changed: false, expected: None, derived: None };
        let Some(event) = &entry.event else { return taken };
        let (before, used) = (self.circuit.state, self.used);
        let rested = self.rested_until(ground, earliest);
        let told = tells(ground.channel, event);
        let mut rest = None;
        // What else became of a call says nothing of the rest before it.
        if told && matches!(event.fact, Fact::CallAnswered(_) | Fact::CallUnanswered(_)) {
            // By the policy of that day: one set later does not make a line rest that was called.
            rest = self.rest(ground.rules_at(earliest), earliest, *ground.channel.zone);
        }
        if !told && !ground.channel.has_no_state() && successor(ground.channel.id, entry).is_some() {
            self.circuit = Circuit { state: Some(ChannelState::Closed), ..self.circuit };
        }
        if told {
            let Step { after, expected } = self.circuit.after(&event.fact);
            self.circuit = after;
            taken.expected = expected;
            taken.derived = self.count(ground, placed, &event.fact);
            if let (Some(rest), Fact::CallUnanswered(_)) = (rest, &event.fact) {
                taken.derived = Some(Rule::MissedAfterRest { policy: rest.policy, window: rest.window });
            }
        }
        if entry.came_over(ground.channel.id) || (told && shows_use(&event.fact)) {
            self.used = self.used.max(latest.min(ground.at));
        }
        // No rest is kept in the circuit: whoever uses a line that rested wakes it, though it worked before the rest too.
        let wakes = rested && self.used > used && self.works();
        taken.changed = self.circuit.state != before || wakes;
        taken
    }

    /// Tells whether the line rested by a clock until a moment, as was seen just before it.
    fn rested_until(&self, ground: &Ground<'_>, moment: Timestamp) -> bool {
        let before = Timestamp::from_micros(moment.micros().saturating_sub(1)).unwrap_or(moment);
        let rest = || ground.rules_at(before).dormant(self.used, before, *ground.channel.zone);
        self.works() && rest().is_some()
    }

    /// Tells whether the line is in a state that a rest can follow.
    pub(in crate::domain::channel) fn works(&self) -> bool {
        matches!(self.circuit.state, Some(ChannelState::Active | ChannelState::Degraded))
    }

    /// Makes the line dormant where nobody has used it for too long by `now`.
    pub(super) fn rest(&mut self, rules: &Rules, now: Timestamp, zone: Zone) -> Option<Rest> {
        let rest = rules.dormant(self.used, now, zone).filter(|_| self.works())?;
        self.circuit.state = Some(ChannelState::Dormant);
        Some(rest)
    }

    /// Keeps the counter and the schedule; returns the rule where the counter makes nobody answer.
    #[expect(clippy::wildcard_enum_match_arm, reason = "other facts count nothing")]
    fn count(&mut self, ground: &Ground<'_>, placed: &Placed<'_>, fact: &Fact) -> Option<Rule> {
        match fact {
            Fact::CallUnanswered(call) => {
                let zone = *ground.channel.zone;
                self.missed.count(call, placed.entry, placed.day, self.schedule.as_ref(), zone);
                let counts =
                    matches!(self.circuit.state, None | Some(ChannelState::Active | ChannelState::Degraded));
                let rule =
                    ground.rules.unresponsive(&self.missed, self.schedule.as_ref()).filter(|_| counts)?;
                self.circuit.state = Some(ChannelState::Unresponsive);
                return Some(rule);
            }
            Fact::CallAnswered(_) => self.missed = Missed::default(),
            Fact::ChannelScheduleChanged(changed) => self.schedule.clone_from(&changed.schedule),
            fact if works(fact).is_some_and(|works| works.evidence != Some(Evidence::Announced))
                && self.works() =>
            {
                self.missed = Missed::default();
            }
            Fact::ChannelBaseline(baseline) if baseline.state == Some(ChannelState::Active) => {
                self.missed = Missed::default();
            }
            _ => {}
        }
        None
    }
}

/// What the fold stands on.
pub(in crate::domain::channel) struct Ground<'a> {
    pub(in crate::domain::channel) channel: &'a Channel<'a>,
    pub(super) rules: Rules,
    // The rules by the policies of an earlier day, from which moment on.
    pub(in crate::domain::channel) rules_then: Vec<(Timestamp, Rules)>,
    pub(super) at: Timestamp,
}

impl<'a> Ground<'a> {
    pub(super) fn of(channel: &'a Channel<'a>, rules: Rules, at: Timestamp) -> Self {
        let rules_then = channel.policies.changes().map(|from| (from, Rules::of(channel, from))).collect();
        Self { channel, rules, rules_then, at }
    }

    /// Returns the ground of a fold that goes on by the same rules without an end.
    pub(in crate::domain::channel) fn for_all_time(channel: &'a Channel<'a>, rules: Rules) -> Self {
        Self::of(channel, rules, Timestamp::MAX)
    }

    fn rules_at(&self, moment: Timestamp) -> &Rules {
        let known = self.rules_then.partition_point(|(from, _)| *from <= moment);
        let then = known.checked_sub(1).and_then(|last| self.rules_then.get(last));
        then.map_or(&Rules::NONE, |(_, rules)| rules)
    }
}
