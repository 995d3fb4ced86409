//! In which state a channel was when: from which moment to which, by what it began and ended.
//!
//! The definition is that of [`Channel::stand`], asked of every moment: what had taken effect by then, by
//! the policies of then. It is worked out in one pass for each time at which other policies apply.

use crate::domain::channel::derive::{Rule, Rules};
use crate::domain::channel::fold::{Course, Ground, Placed};
use crate::domain::channel::tells::{confirms_a_finding, doubt_until, is_sign_of_a_line, tells};
use crate::domain::channel::{Channel, ChannelState};
use crate::domain::fact::register::Sort;
use crate::domain::id::EventId;
use crate::domain::occurred::Occurred;
use crate::domain::reading::Entry;
use crate::domain::timestamp::Timestamp;

/// A time during which a channel was in one state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interval {
    /// The state; none while nothing that is known gives it one.
    pub state: Option<ChannelState>,
    /// When it began; none for what was before anything is known.
    pub from: Option<Boundary>,
    /// When it ended; none while it lasts.
    pub to: Option<Boundary>,
    /// The rule that derived the state; none where it was recorded.
    pub derived_by: Option<Rule>,
    /// The entry that found what was derived to be so.
    pub confirmed_by: Option<EventId>,
}

/// The moment between two states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boundary {
    /// The earliest moment that it can be: from then on the later state counts.
    pub earliest: Timestamp,
    /// The latest moment that it can be: until then the earlier state is possible.
    pub latest: Timestamp,
    /// The entry that changed the state; none where a clock or another policy did.
    pub by: Option<EventId>,
    /// The date of that entry, or the day on which the clock did.
    pub date: Option<Occurred>,
}

/// What holds from a moment on.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Holds {
    from: Timestamp,
    state: Option<ChannelState>,
    derived: Option<Rule>,
    confirmed: Option<EventId>,
    began: Option<Boundary>,
}

/// The fold as far as it goes, with what changed the state last.
#[derive(Debug, Clone)]
struct Walk {
    course: Course,
    derived: Option<Rule>,
    confirmed: Option<EventId>,
    began: Option<Boundary>,
}

impl Walk {
    fn take(&mut self, ground: &Ground<'_>, placed: &Placed<'_>) {
        let Some(event) = &placed.entry.event else { return };
        let zone = *ground.channel.zone;
        let taken = self.course.take(ground, placed);
        if taken.changed {
            self.derived = taken.derived;
            self.confirmed = None;
            self.began = Some(Boundary {
                earliest: placed.earliest,
                latest: doubt_until(placed.entry, zone).max(placed.earliest),
                by: Some(placed.entry.id),
                date: placed.entry.effect().cloned(),
            });
        } else if tells(ground.channel, event)
            && confirms_a_finding(&event.fact, self.course.circuit.state)
            && self.derived.is_some()
            && self.confirmed.is_none()
        {
            self.confirmed = Some(placed.entry.id);
        }
    }

    /// Returns what holds from `from` on, until anything else is known at `until`: the state, and the rest
    /// into which the line falls meanwhile.
    fn holds(&self, rules: &Rules, ground: &Ground<'_>, from: Timestamp, until: Timestamp) -> Vec<Holds> {
        let zone = *ground.channel.zone;
        let now = Holds {
            from,
            state: self.course.circuit.state,
            derived: self.derived.clone(),
            confirmed: self.confirmed,
            began: self.began.clone(),
        };
        let rest = rules.dormant(self.course.used, Timestamp::MAX, zone).filter(|_| self.course.works());
        let Some(rest) = rest.filter(|rest| rest.since < until) else { return vec![now] };
        let since = rest.since.max(from);
        let dormant = Holds {
            from: since,
            state: Some(ChannelState::Dormant),
            derived: Some(Rule::NoAttempt { policy: rest.policy, window: rest.window }),
            confirmed: None,
            began: Some(Boundary {
                earliest: since,
                latest: since,
                by: None,
                date: Some(Occurred::from_day(zone.local(since).date_naive())),
            }),
        };
        if rest.since <= from { vec![dormant] } else { vec![now, dormant] }
    }
}

/// Returns the intervals of a channel's states up to a moment, in the order of time, without a gap; none
/// for what has no state.
pub(super) fn intervals(channel: &Channel<'_>, story: &[Entry], at: Timestamp) -> Vec<Interval> {
    let read = story.iter().filter(|entry| !entry.struck && entry.event.is_some());
    let placed: Vec<Placed<'_>> =
        read.map(|entry| Placed::of(entry, *channel.zone)).filter(|placed| placed.earliest <= at).collect();
    if !is_line(channel, &placed) {
        return Vec::new();
    }
    let blocks = blocks(&placed);
    let mut holding: Vec<Holds> = Vec::new();
    for Period { from, until, rules } in periods(channel, at) {
        let ground = Ground::for_all_time(channel, rules.clone());
        let mut walk = Walk { course: Course::of(channel), derived: None, confirmed: None, began: None };
        let mut since = Timestamp::MIN;
        let mut tell = |walk: &Walk, since: Timestamp, next: Timestamp| {
            // What held before the period goes on in it, by its rules.
            if next > from && since < until {
                holding.extend(walk.holds(&rules, &ground, since.max(from), next.min(until)));
            }
        };
        for block in &blocks {
            for (moment, state) in moments(block, &walk, &ground) {
                tell(&walk, since, moment);
                (walk, since) = (state, moment);
            }
            if since >= until {
                break;
            }
        }
        tell(&walk, since, Timestamp::MAX);
    }
    joined(holding, at)
}

/// Tells whether the channel can be up or down: registered as a line, or by nobody and called or cut like one.
fn is_line(channel: &Channel<'_>, placed: &[Placed<'_>]) -> bool {
    let sign = |placed: &Placed<'_>| {
        let event = placed.entry.event.as_ref();
        event.is_some_and(|event| tells(channel, event) && is_sign_of_a_line(event.kind()))
    };
    channel.registered.is_some_and(|registered| registered.sort == Sort::Line) || placed.iter().any(sign)
}

/// A time during which the same policies apply.
struct Period {
    from: Timestamp,
    until: Timestamp,
    rules: Rules,
}

fn periods(channel: &Channel<'_>, at: Timestamp) -> Vec<Period> {
    let changes = channel.policies.changes().filter(|from| *from <= at);
    let mut periods: Vec<Period> = Vec::new();
    for from in [Timestamp::MIN].into_iter().chain(changes) {
        let rules = Rules::of(channel, from);
        match periods.last_mut() {
            // Several policies of one moment: the last word counts.
            Some(last) if last.from == from => last.rules = rules,
            Some(last) if last.rules == rules => {}
            last => {
                if let Some(last) = last {
                    last.until = from;
                }
                periods.push(Period { from, until: Timestamp::MAX, rules });
            }
        }
    }
    periods
}

/// Returns the entries in stretches, each of which lies before the next in time as well as in order.
///
/// Links may put an entry before one of an earlier date: then the two belong to one stretch.
fn blocks<'p, 'e>(placed: &'p [Placed<'e>]) -> Vec<&'p [Placed<'e>]> {
    let mut earliest_after: Vec<Timestamp> = Vec::with_capacity(placed.len());
    let mut earliest = Timestamp::MAX;
    for one in placed.iter().rev() {
        earliest_after.push(earliest);
        earliest = earliest.min(one.earliest);
    }
    let mut blocks = Vec::new();
    let (mut begin, mut latest) = (0, Timestamp::MIN);
    for (place, (one, after)) in placed.iter().zip(earliest_after.iter().rev()).enumerate() {
        latest = latest.max(one.earliest);
        if latest < *after || place + 1 == placed.len() {
            blocks.extend(placed.get(begin..=place));
            begin = place + 1;
        }
    }
    blocks
}

/// Returns the moments of a stretch at which anything takes effect, each with what holds from it on.
fn moments(block: &[Placed<'_>], before: &Walk, ground: &Ground<'_>) -> Vec<(Timestamp, Walk)> {
    let mut moments: Vec<Timestamp> = block.iter().map(|placed| placed.earliest).collect();
    let in_order = moments.is_sorted();
    moments.sort_unstable();
    moments.dedup();
    let mut states = Vec::with_capacity(moments.len());
    let mut so_far = before.clone();
    let mut rest = block.iter().peekable();
    for moment in moments {
        if in_order {
            while let Some(placed) = rest.next_if(|placed| placed.earliest <= moment) {
                so_far.take(ground, placed);
            }
        } else {
            // What is first in order may take effect later: only what had by then counts.
            so_far = before.clone();
            block.iter().filter(|placed| placed.earliest <= moment).for_each(|placed| {
                so_far.take(ground, placed);
            });
        }
        states.push((moment, so_far.clone()));
    }
    states
}

/// Makes one interval of what holds one after another in the same state.
fn joined(holding: Vec<Holds>, at: Timestamp) -> Vec<Interval> {
    let mut intervals: Vec<Interval> = Vec::new();
    for holds in holding.into_iter().filter(|holds| holds.from <= at) {
        match intervals.last_mut() {
            Some(last) if last.state == holds.state => {
                last.confirmed_by = last.confirmed_by.or(holds.confirmed);
            }
            last => {
                let began = holds.began.filter(|began| began.earliest == holds.from);
                // Where other policies make the difference, they do from that moment on.
                let policy = Boundary { earliest: holds.from, latest: holds.from, by: None, date: None };
                let from = last.as_ref().map(|_| began.unwrap_or(policy));
                if let Some(last) = last {
                    last.to.clone_from(&from);
                }
                let (derived_by, confirmed_by) = (holds.derived, holds.confirmed);
                intervals.push(Interval { state: holds.state, from, to: None, derived_by, confirmed_by });
            }
        }
    }
    intervals
}

#[cfg(test)]
mod tests;
