//! The fold: one pass over the story of a channel, in the order of effect.

mod course;

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

pub(super) use course::{Course, Ground, Placed};

use crate::domain::channel::derive::{Rule, Rules};
use crate::domain::channel::tells::{
    capabilities, confirms_a_finding, declared, doubt_until, is_attempt, is_sign_of_a_line, moves, recorded,
    successor, taken_for_a_line, tells,
};
use crate::domain::channel::tie::{Tie, other_orders};
use crate::domain::channel::{Anomaly, Channel, ChannelStanding, ChannelState, Declaration};
use crate::domain::event::Event;
use crate::domain::fact::Fact;
use crate::domain::fact::register::Sort;
use crate::domain::id::{EntityId, EventId};
use crate::domain::occurred::Occurred;
use crate::domain::reading::Entry;
use crate::domain::timestamp::Timestamp;
use crate::domain::words::Capability;

/// At most so many other courses of events are followed; of two that agree one is enough, so that
/// a line with a doubtful day every week costs no more than one with a single one.
const COURSES_MAX: usize = 16;

/// Returns where a channel stands at a moment.
pub(super) fn fold(channel: &Channel<'_>, story: &[Entry], at: Timestamp) -> ChannelStanding {
    let mut fold = Fold::new(channel, at);
    fold.take_all(&in_effect(channel, story, at));
    fold.finish()
}

/// Returns the entries of a story that can move anything and have taken effect.
pub(super) fn in_effect<'s>(channel: &Channel<'_>, story: &'s [Entry], at: Timestamp) -> Vec<Placed<'s>> {
    let read = story.iter().filter(|entry| !entry.struck && entry.event.is_some());
    read.map(|entry| Placed::of(entry, *channel.zone)).filter(|placed| placed.earliest <= at).collect()
}

/// A fold that was carried to the end of a day, without what it found to be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Carried {
    course: Course,
    others: Vec<(Course, Vec<EventId>)>,
    standing: ChannelStanding,
    declared_at: BTreeMap<EntityId, usize>,
    doubt_until: Timestamp,
}

/// What a fold finds on the way and only ever adds to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Told {
    used_while_cut: Vec<EventId>,
    anomalies: Vec<Anomaly>,
}

impl Told {
    /// Puts what was found before in front of it.
    pub(super) fn follow(&mut self, earlier: Self) {
        self.used_while_cut.splice(..0, earlier.used_while_cut);
        self.anomalies.splice(..0, earlier.anomalies);
    }

    /// Takes away what others found of the same entries, who came first.
    pub(super) fn without<'t>(&mut self, others: impl Iterator<Item = &'t Self>) {
        for other in others {
            self.used_while_cut.drain(..other.used_while_cut.len().min(self.used_while_cut.len()));
            self.anomalies.drain(..other.anomalies.len().min(self.anomalies.len()));
        }
    }
}

/// By what rules a fold goes: one that went by others would have come elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Bylaws {
    rules: Rules,
    rules_then: Vec<(Timestamp, Rules)>,
}

impl Bylaws {
    /// Returns those of a channel at a moment.
    pub(super) fn of(channel: &Channel<'_>, at: Timestamp) -> Self {
        let Ground { rules, rules_then, .. } = Ground::of(channel, Rules::of(channel, at), at);
        Self { rules, rules_then }
    }
}

/// Carries a fold on over whole days, whatever the clock says: it holds for moments after all of them.
pub(super) fn carry(
    channel: &Channel<'_>,
    bylaws: &Bylaws,
    from: Option<&Carried>,
    days: &[Placed<'_>],
) -> (Carried, Told) {
    let ground = Ground {
        channel,
        rules: bylaws.rules.clone(),
        rules_then: bylaws.rules_then.clone(),
        at: Timestamp::MAX,
    };
    let mut fold = Fold::on(ground, from);
    fold.take_all(days);
    let Fold { course, others, mut standing, declared_at, doubt_until, .. } = fold;
    let told = Told {
        used_while_cut: std::mem::take(&mut standing.used_while_cut),
        anomalies: std::mem::take(&mut standing.anomalies),
    };
    (Carried { course, others, standing, declared_at, doubt_until }, told)
}

/// Returns where a channel stands, from where a fold by the same rules was carried to and what it told so far.
pub(super) fn go_on<'t>(
    channel: &Channel<'_>,
    from: Option<&Carried>,
    told: impl Iterator<Item = &'t Told>,
    story: &[Entry],
    at: Timestamp,
) -> ChannelStanding {
    let mut fold = Fold::on(Ground::of(channel, Rules::of(channel, at), at), from);
    for told in told {
        fold.standing.used_while_cut.extend(&told.used_while_cut);
        fold.standing.anomalies.extend_from_slice(&told.anomalies);
    }
    fold.take_all(&in_effect(channel, story, at));
    fold.finish()
}

struct Fold<'a> {
    ground: Ground<'a>,
    course: Course,
    // Other courses, each with the day that it comes from.
    others: Vec<(Course, Vec<EventId>)>,
    standing: ChannelStanding,
    capable: Vec<Capability>,
    declared_at: BTreeMap<EntityId, usize>,
    // Until then an entry that moved the state may not have taken effect.
    doubt_until: Timestamp,
}

impl<'a> Fold<'a> {
    fn new(channel: &'a Channel<'a>, at: Timestamp) -> Self {
        Self::on(Ground::of(channel, Rules::of(channel, at), at), None)
    }

    /// Returns a fold that goes on where another was carried to, or begins.
    fn on(ground: Ground<'a>, from: Option<&Carried>) -> Self {
        let channel = ground.channel;
        let registered = channel.registered;
        let capable = registered.map_or_else(Vec::new, |registered| registered.capabilities.clone());
        let course = Course::of(channel);
        let standing = ChannelStanding {
            line: registered.is_some_and(|registered| registered.sort == Sort::Line),
            state: None,
            possibly: false,
            reason: None,
            since: None,
            derived_by: None,
            last_evidence: None,
            last_attempt: None,
            last_answer: None,
            missed_in_a_row: 0,
            declared: Vec::new(),
            capabilities: capable.clone(),
            schedule: None,
            used_while_cut: Vec::new(),
            anomalies: Vec::new(),
            ties: Vec::new(),
            epoch: 1,
            successor: None,
            damage: Vec::new(),
        };
        let (declared_at, doubt_until) = (BTreeMap::new(), Timestamp::MIN);
        if let Some(from) = from.cloned() {
            let Carried { mut course, mut others, standing, declared_at, doubt_until } = from;
            // Carried whatever the clock said: nothing was used after the moment asked about.
            for course in others.iter_mut().map(|(course, _)| course).chain([&mut course]) {
                course.used = course.used.min(ground.at);
            }
            return Self { ground, course, others, standing, capable, declared_at, doubt_until };
        }
        Self { ground, course, others: Vec::new(), standing, capable, declared_at, doubt_until }
    }

    fn take_all(&mut self, entries: &[Placed<'_>]) {
        for day in entries.chunk_by(|entry, next| entry.day == next.day) {
            self.take_day(day);
        }
    }

    /// Takes the entries of one day.
    fn take_day(&mut self, entries: &[Placed<'_>]) {
        let moving: Vec<&Placed<'_>> =
            entries.iter().filter(|placed| moves(self.ground.channel, placed.entry)).collect();
        let orders = other_orders(&moving.iter().map(|placed| placed.entry).collect::<Vec<_>>());
        let before = (!orders.is_empty()).then(|| self.course.clone());
        for (course, _) in &mut self.others {
            for entry in entries {
                course.take(&self.ground, entry);
            }
        }
        for entry in entries {
            self.take(entry);
        }
        for order in orders {
            let Some(mut course) = before.clone() else { break };
            for entry in order.iter().filter_map(|place| moving.get(*place)) {
                course.take(&self.ground, entry);
            }
            // What came over it that day was seen by every course.
            course.used = course.used.max(self.course.used);
            self.others.push((course, moving.iter().map(|placed| placed.entry.id).collect()));
        }
        let course = &self.course;
        let mut kept: Vec<(Course, Vec<EventId>)> = Vec::new();
        for (other, day) in self.others.drain(..) {
            if other != *course && !kept.iter().any(|(known, _)| *known == other) && kept.len() < COURSES_MAX
            {
                kept.push((other, day));
            }
        }
        self.others = kept;
    }

    fn take(&mut self, placed: &Placed<'_>) {
        let entry = placed.entry;
        let Some(event) = &entry.event else { return };
        let channel = self.ground.channel;
        let told = tells(channel, event);
        let over = entry.came_over(channel.id)
            || (matches!(event.fact, Fact::MessageReceived(_)) && event.envelope.about.contains(&channel.id));
        if over && self.course.circuit.state.is_some_and(ChannelState::is_cut) {
            self.standing.used_while_cut.push(entry.id);
        }
        let found = self.course.circuit.state;
        let taken = self.course.take(&self.ground, placed);
        if !event.kind().is_of_channel_register() {
            self.standing.last_evidence = Some(entry.id);
        }
        if let Some(successor) = successor(channel.id, entry) {
            self.standing.successor = Some(successor);
        }
        if taken.changed {
            self.standing.reason = Some(entry.id);
            self.standing.since = entry.effect().cloned().or_else(|| Some(recorded(entry, *channel.zone)));
            self.standing.derived_by = taken.derived;
            self.doubt_until = self.doubt_until.max(doubt_until(entry, *channel.zone));
        } else if told
            && confirms_a_finding(&event.fact, self.course.circuit.state)
            && self.standing.derived_by.is_some()
        {
            // What was derived is found by an officer: from here on it is a fact.
            self.standing.reason = Some(entry.id);
            self.standing.derived_by = None;
        }
        if let Some(expected) = taken.expected {
            let found = found.map_or("unknown", ChannelState::as_str);
            let found = format!("{} while {found}", event.kind().as_str());
            self.standing.anomalies.push(Anomaly { entry: entry.id, expected: expected.to_owned(), found });
        }
        if let Some(sort) = taken_for_a_line(channel, event) {
            let found = format!("{} of a {sort}, which has no state", event.kind().as_str());
            self.standing.anomalies.push(Anomaly { entry: entry.id, expected: "a line".to_owned(), found });
        }
        if told {
            self.note(entry, event);
        }
    }

    /// Notes what stands beside the state: attempts, declarations, capabilities, damage.
    fn note(&mut self, entry: &Entry, event: &Event) {
        let standing = &mut self.standing;
        standing.line |= is_sign_of_a_line(event.kind());
        let date = || entry.effect().cloned();
        if is_attempt(&event.fact) {
            standing.last_attempt = date().or(standing.last_attempt.take());
        }
        if matches!(event.fact, Fact::CallAnswered(_)) {
            standing.last_answer = date().or(standing.last_answer.take());
        }
        if let Fact::ChannelClosed(ended) | Fact::ChannelAbandoned(ended) = &event.fact {
            let successor = ended.successor.filter(|successor| *successor != self.ground.channel.id);
            standing.successor = successor.or(standing.successor);
        }
        if let Some(status) = declared(&event.fact) {
            for by in &event.envelope.from {
                let date = event.envelope.occurred.clone();
                let declaration = Declaration { by: *by, status, entry: entry.id, date };
                let place = *self.declared_at.entry(*by).or_insert(standing.declared.len());
                match standing.declared.get_mut(place) {
                    Some(known) => *known = declaration,
                    None => standing.declared.push(declaration),
                }
            }
        }
        match (&event.fact, self.course.circuit.damaged) {
            (Fact::ChannelDegraded(_), _) => standing.damage.push(entry.id),
            (_, false) => standing.damage.clear(),
            (_, true) => {}
        }
        capabilities(&mut standing.capabilities, &self.capable, &event.fact);
        if self.course.circuit.epoch != standing.epoch {
            standing.epoch = self.course.circuit.epoch;
            standing.successor = None;
        }
    }

    fn finish(mut self) -> ChannelStanding {
        let zone = *self.ground.channel.zone;
        let at = self.ground.at;
        for (other, _) in &mut self.others {
            other.rest(&self.ground.rules, at, zone);
        }
        if let Some(rest) = self.course.rest(&self.ground.rules, at, zone) {
            self.standing.since = Some(Occurred::from_day(zone.local(rest.since).date_naive()));
            self.standing.derived_by = Some(Rule::NoAttempt { policy: rest.policy, window: rest.window });
        }
        let Self { mut standing, course, others, doubt_until, .. } = self;
        let mut told: HashSet<Option<ChannelState>> = HashSet::from([course.circuit.state]);
        for (other, entries) in others {
            if told.insert(other.circuit.state) {
                standing.ties.push(Tie { entries, otherwise: other.circuit.state });
            }
        }
        if standing.line {
            standing.state = course.circuit.state;
        }
        standing.possibly = standing.state.is_some() && doubt_until > at;
        standing.missed_in_a_row = course.missed.in_a_row;
        standing.schedule = course.schedule;
        standing
    }
}
