//! What a counter or a clock derives: nobody answers, nobody calls. Without a policy or a schedule
//! nothing is derived (DOMAIN 3.8, rule 3).

use std::collections::BTreeSet;
use std::fmt;

use chrono::{NaiveDate, Timelike};
use serde::{Deserialize, Serialize};

use crate::domain::channel::Channel;
use crate::domain::fact::channel::Call;
use crate::domain::occurred::Occurred;
use crate::domain::reading::Entry;
use crate::domain::schedule::{Schedule, Slot};
use crate::domain::span::Span;
use crate::domain::timestamp::Timestamp;
use crate::domain::zone::Zone;

/// The rule by which a state was derived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Rule {
    /// As many attempts in a row were missed as a policy allows.
    MissedInARow {
        /// The policy.
        policy: String,
        /// How many.
        attempts: u32,
    },
    /// Every scheduled attempt of one day was missed.
    FullDay {
        /// The day.
        day: NaiveDate,
        /// How many attempts that were.
        attempts: u32,
    },
    /// Nobody used it for as long as a policy says.
    NoAttempt {
        /// The policy.
        policy: String,
        /// How long.
        window: Span,
    },
    /// A call was missed after so long a rest.
    MissedAfterRest {
        /// The policy.
        policy: String,
        /// How long.
        window: Span,
    },
}

impl fmt::Display for Rule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let times =
            |number: &u32| if *number == 1 { "1 attempt".to_owned() } else { format!("{number} attempts") };
        match self {
            Self::MissedInARow { policy, attempts } => {
                write!(formatter, "policy `{policy}`: unresponsive after {} missed in a row", times(attempts))
            }
            Self::FullDay { day, attempts } => write!(
                formatter,
                "schedule: every attempt of one full day ({}) missed on {}",
                times(attempts),
                Occurred::from_day(*day).words()
            ),
            Self::NoAttempt { policy, window } => {
                write!(formatter, "policy `{policy}`: dormant after {} without an attempt", window.words())
            }
            Self::MissedAfterRest { policy, window } => write!(
                formatter,
                "policy `{policy}`: a call missed after more than {} without an attempt",
                window.words()
            ),
        }
    }
}

/// What is derived for one channel, by the policies in force at the moment asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rules {
    missed_max: Option<(u32, String)>,
    dormant_after: Option<(Span, String)>,
}

impl Rules {
    /// No rule: nothing is derived.
    pub(super) const NONE: Self = Self { missed_max: None, dormant_after: None };

    /// Returns the rules for a channel: a policy that names it before one for all, the later before the
    /// earlier.
    pub(super) fn of(channel: &Channel<'_>, at: Timestamp) -> Self {
        let mut rules = Self::NONE;
        let in_force = channel.policies.at(at);
        let (general, own): (Vec<_>, Vec<_>) = in_force
            .into_iter()
            .filter(|policy| crate::domain::policy::covers(&policy.set.channels, &[channel.id]))
            .partition(|policy| policy.set.channels.is_empty());
        for policy in general.into_iter().chain(own) {
            let name = || policy.set.name.clone();
            if let Some(missed) = policy.set.missed_attempts_max {
                // A threshold of none would make a line unresponsive that nobody called.
                rules.missed_max = Some((missed.max(1), name()));
            }
            if let Some(window) = policy.set.dormant_after {
                rules.dormant_after = Some((window, name()));
            }
        }
        rules
    }

    /// Returns the rule by which the attempts missed so far make a line unresponsive, if one does.
    pub(super) fn unresponsive(&self, missed: &Missed, schedule: Option<&Schedule>) -> Option<Rule> {
        if let Some((max, policy)) = &self.missed_max {
            let attempts = *max;
            return (missed.in_a_row >= attempts)
                .then(|| Rule::MissedInARow { policy: policy.clone(), attempts });
        }
        let schedule = schedule.filter(|schedule| !schedule.slots.is_empty())?;
        let day = missed.day?;
        let attempts = schedule.slots.iter().collect::<BTreeSet<_>>().len();
        // An attempt at no known time may have been at one of the slots that are named.
        let counted = missed.named.len().max(missed.unnamed);
        (schedule.is_on(day) && counted >= attempts)
            .then(|| Rule::FullDay { day, attempts: u32::try_from(attempts).unwrap_or(u32::MAX) })
    }

    /// Returns the rest in which a line is that was last used at a moment, if it rests by `now`.
    pub(super) fn dormant(&self, used: Timestamp, now: Timestamp, zone: Zone) -> Option<Rest> {
        let (window, policy) = self.dormant_after.as_ref()?;
        let since = window.after(used, &zone);
        let rests = since <= now && since > used;
        rests.then(|| Rest { since, window: *window, policy: policy.clone() })
    }
}

/// A rest in which nobody called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rest {
    pub(super) since: Timestamp,
    pub(super) window: Span,
    pub(super) policy: String,
}

/// The attempts that were not answered since the line last worked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Missed {
    pub(super) in_a_row: u32,
    // The day of the last of them, and what was missed on it: slots, and attempts at no known time.
    day: Option<NaiveDate>,
    named: BTreeSet<Slot>,
    unnamed: usize,
}

impl Missed {
    /// Counts an attempt of a day of the log, or as many as the record lists slots.
    pub(super) fn count(
        &mut self,
        call: &Call,
        entry: &Entry,
        day: NaiveDate,
        schedule: Option<&Schedule>,
        zone: Zone,
    ) {
        let listed: BTreeSet<Slot> = call.slots.iter().copied().collect();
        let attempts = listed.len().max(1);
        self.in_a_row = self.in_a_row.saturating_add(u32::try_from(attempts).unwrap_or(u32::MAX));
        let exact =
            entry.effect().and_then(Occurred::instant).map(|instant| Timestamp::from(instant.to_utc()));
        let zone = schedule.and_then(|schedule| schedule.zone).unwrap_or(zone);
        let local = exact.map(|moment| zone.local(moment));
        // A day is a day of the log, whatever the zone of the slots.
        let day = local.map_or(day, |local| local.date_naive());
        if self.day != Some(day) {
            self.day = Some(day);
            self.named.clear();
            self.unnamed = 0;
        }
        let Some(schedule) = schedule else { return };
        if listed.is_empty() {
            let minute = local.map(|local| local.hour() * 60 + local.minute());
            match minute.and_then(|minute| schedule.slot_at(minute)) {
                Some(slot) => {
                    self.named.insert(slot);
                }
                None => self.unnamed = self.unnamed.saturating_add(1),
            }
        }
        let slots = listed.iter().filter_map(|slot| schedule.slot_at(slot.minute_of_day().into()));
        self.named.extend(slots);
    }
}
