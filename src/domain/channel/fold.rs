//! The fold: one pass over the story of a channel, in the order of effect.

use std::collections::{BTreeMap, HashSet};

use chrono::NaiveDate;

use crate::domain::channel::derive::{Missed, Rule, Rules};
use crate::domain::channel::step::{Circuit, Step};
use crate::domain::channel::tie::{Tie, other_orders};
use crate::domain::channel::{Anomaly, Channel, ChannelStanding, ChannelState, Declaration};
use crate::domain::event::Event;
use crate::domain::fact::channel::{DeclaredStatus, Works};
use crate::domain::fact::register::Sort;
use crate::domain::fact::{EntityKind, Fact, Kind, Subject};
use crate::domain::id::{EntityId, EventId};
use crate::domain::link::Relation;
use crate::domain::occurred::{Occurred, Precision};
use crate::domain::reading::Entry;
use crate::domain::schedule::Schedule;
use crate::domain::span::Span;
use crate::domain::timestamp::Timestamp;
use crate::domain::words::{Capability, Evidence};
use crate::domain::zone::Zone;

/// At most so many other courses of events are followed; of two that agree one is enough, so that
/// a line with a doubtful day every week costs no more than one with a single one.
const COURSES_MAX: usize = 16;

/// Returns where a channel stands at a moment.
pub(super) fn fold(channel: &Channel<'_>, story: &[Entry], at: Timestamp) -> ChannelStanding {
    let mut fold = Fold::new(channel, at);
    let in_effect: Vec<&Entry> = story
        .iter()
        .filter(|entry| !entry.struck && entry.event.is_some() && entry.bounds(channel.zone).0 <= at)
        .collect();
    let day = |entry: &Entry| channel.zone.local(entry.bounds(channel.zone).0).date_naive();
    for entries in in_effect.chunk_by(|entry, next| day(entry) == day(next)) {
        fold.take_day(entries);
    }
    fold.finish()
}

/// Returns the channel that stands where `channel` was, where an entry about that other one says so.
pub(super) fn successor(channel: EntityId, entry: &Entry) -> Option<EntityId> {
    let event = entry.event.as_ref()?;
    let about_channels = matches!(
        event.kind().subject(),
        Subject::Creates(EntityKind::Channel) | Subject::About(EntityKind::Channel)
    );
    let replaces = event
        .envelope
        .links
        .iter()
        .any(|link| link.relation == Relation::Replaces && EntityId::from(link.target) == channel);
    let other = event.created(entry.id).or_else(|| event.envelope.about.first().copied());
    other.filter(|other| about_channels && replaces && *other != channel)
}

/// What decides the state: another order of the entries of a day gives another course.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Course {
    circuit: Circuit,
    missed: Missed,
    // The last sign that somebody used the line, or that it worked.
    used: Timestamp,
    schedule: Option<Schedule>,
}

/// What an entry did to a course.
struct Taken {
    changed: bool,
    expected: Option<&'static str>,
    derived: Option<Rule>,
}

impl Course {
    fn take(&mut self, fold: &Ground<'_>, entry: &Entry) -> Taken {
        let mut taken = Taken { changed: false, expected: None, derived: None };
        let Some(event) = &entry.event else { return taken };
        let before = self.circuit.state;
        let (earliest, latest) = entry.bounds(fold.channel.zone);
        let told = tells(fold.channel, event);
        let mut rested = None;
        // What else became of a call says nothing of the rest before it.
        if told && matches!(event.fact, Fact::CallAnswered(_) | Fact::CallUnanswered(_)) {
            rested = self.rest(fold, earliest).map(|(_, window, policy)| (window, policy.to_owned()));
        }
        if !told && successor(fold.channel.id, entry).is_some() {
            self.circuit = Circuit { state: Some(ChannelState::Closed), ..self.circuit };
        }
        if told {
            let Step { after, expected } = self.circuit.after(&event.fact);
            self.circuit = after;
            taken.expected = expected;
            taken.derived = self.count(fold, entry, &event.fact);
            if let (Some((window, policy)), Fact::CallUnanswered(_)) = (rested, &event.fact) {
                taken.derived = Some(Rule::MissedAfterRest { policy, window });
            }
        }
        if entry.came_over(fold.channel.id) || (told && shows_use(&event.fact)) {
            self.used = self.used.max(latest.min(fold.at));
        }
        taken.changed = self.circuit.state != before;
        taken
    }

    /// Makes the line dormant where nobody had used it for too long when it is called again.
    fn rest<'a>(&mut self, fold: &'a Ground<'_>, now: Timestamp) -> Option<(Timestamp, Span, &'a str)> {
        let works = matches!(self.circuit.state, Some(ChannelState::Active | ChannelState::Degraded));
        let dormant = fold.rules.dormant(self.used, now, fold.channel.zone).filter(|_| works)?;
        self.circuit.state = Some(ChannelState::Dormant);
        Some(dormant)
    }

    /// Keeps the counter and the schedule; returns the rule where the counter makes nobody answer.
    #[expect(clippy::wildcard_enum_match_arm, reason = "other facts count nothing")]
    fn count(&mut self, fold: &Ground<'_>, entry: &Entry, fact: &Fact) -> Option<Rule> {
        match fact {
            Fact::CallUnanswered(call) => {
                self.missed.count(call, entry, self.schedule.as_ref(), fold.channel.zone);
                let counts =
                    matches!(self.circuit.state, None | Some(ChannelState::Active | ChannelState::Degraded));
                let rule =
                    fold.rules.unresponsive(&self.missed, self.schedule.as_ref()).filter(|_| counts)?;
                self.circuit.state = Some(ChannelState::Unresponsive);
                return Some(rule);
            }
            Fact::CallAnswered(_) => self.missed = Missed::default(),
            Fact::ChannelScheduleChanged(changed) => self.schedule.clone_from(&changed.schedule),
            fact if works(fact).is_some_and(|works| works.evidence != Some(Evidence::Announced)) => {
                if matches!(self.circuit.state, Some(ChannelState::Active | ChannelState::Degraded)) {
                    self.missed = Missed::default();
                }
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
struct Ground<'a> {
    channel: &'a Channel<'a>,
    rules: Rules,
    at: Timestamp,
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
        let registered = channel.registered;
        let schedule = registered.and_then(|registered| registered.schedule.clone());
        let capable = registered.map_or_else(Vec::new, |registered| registered.capabilities.clone());
        let course =
            Course { circuit: Circuit::default(), missed: Missed::default(), used: Timestamp::MIN, schedule };
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
        let ground = Ground { channel, rules: Rules::of(channel, at), at };
        let (declared_at, doubt_until) = (BTreeMap::new(), Timestamp::MIN);
        Self { ground, course, others: Vec::new(), standing, capable, declared_at, doubt_until }
    }

    /// Takes the entries of one day.
    fn take_day(&mut self, entries: &[&Entry]) {
        let moving: Vec<&Entry> =
            entries.iter().copied().filter(|entry| moves(&self.ground, entry)).collect();
        let orders = other_orders(&moving);
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
            self.others.push((course, moving.iter().map(|entry| entry.id).collect()));
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

    fn take(&mut self, entry: &Entry) {
        let Some(event) = &entry.event else { return };
        let channel = self.ground.channel;
        let told = tells(channel, event);
        let over = entry.came_over(channel.id)
            || (matches!(event.fact, Fact::MessageReceived(_)) && event.envelope.about.contains(&channel.id));
        if over && self.course.circuit.state.is_some_and(ChannelState::is_cut) {
            self.standing.used_while_cut.push(entry.id);
        }
        let found = self.course.circuit.state;
        let taken = self.course.take(&self.ground, entry);
        if !matches!(event.kind(), Kind::ChannelRegistered | Kind::ChannelNamed) {
            self.standing.last_evidence = Some(entry.id);
        }
        if let Some(successor) = successor(channel.id, entry) {
            self.standing.successor = Some(successor);
        }
        if taken.changed {
            self.standing.reason = Some(entry.id);
            self.standing.since = entry.effect().cloned().or_else(|| Some(recorded(entry, channel.zone)));
            self.standing.derived_by = taken.derived;
            self.doubt_until = self.doubt_until.max(doubt_until(entry, channel.zone));
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
        let zone = self.ground.channel.zone;
        let at = self.ground.at;
        for (other, _) in &mut self.others {
            other.rest(&self.ground, at);
        }
        if let Some((since, window, policy)) = self.course.rest(&self.ground, at) {
            self.standing.since = Some(Occurred::from_instant(zone.local(since)));
            self.standing.derived_by = Some(Rule::NoAttempt { policy: policy.to_owned(), window });
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

/// Tells whether a fact is about this channel as a channel.
fn tells(channel: &Channel<'_>, event: &Event) -> bool {
    event.kind().subject() == Subject::About(EntityKind::Channel)
        && event.envelope.about.contains(&channel.id)
}

fn moves(ground: &Ground<'_>, entry: &Entry) -> bool {
    let told = entry.event.as_ref().is_some_and(|event| tells(ground.channel, event));
    told || successor(ground.channel.id, entry).is_some()
}

/// Tells whether a kind shows that a channel can be up or down, however it is registered.
fn is_sign_of_a_line(kind: Kind) -> bool {
    kind != Kind::ChannelNamed
}

#[expect(clippy::wildcard_enum_match_arm, reason = "other facts are no attempts")]
const fn is_attempt(fact: &Fact) -> bool {
    match fact {
        Fact::CallAnswered(_)
        | Fact::CallUnanswered(_)
        | Fact::CallDeclined(_)
        | Fact::CallFault(_)
        | Fact::CallAbandoned(_)
        | Fact::CallUnknown(_) => true,
        _ => false,
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "other facts do not say that it works")]
const fn works(fact: &Fact) -> Option<&Works> {
    match fact {
        Fact::ChannelOpened(works)
        | Fact::ChannelRepaired(works)
        | Fact::ChannelRestored(works)
        | Fact::ChannelReopened(works) => Some(works),
        _ => None,
    }
}

/// Tells whether a fact shows somebody using the line, or the line at work.
fn shows_use(fact: &Fact) -> bool {
    let works = works(fact).is_some_and(|works| works.evidence != Some(Evidence::Announced));
    works
        || is_attempt(fact)
        || matches!(fact, Fact::ChannelBaseline(_) | Fact::ChannelDegraded(_) | Fact::CallsResumed(_))
}

fn confirms_a_finding(fact: &Fact, state: Option<ChannelState>) -> bool {
    matches!(
        (fact, state),
        (Fact::ChannelUnresponsive(_), Some(ChannelState::Unresponsive))
            | (Fact::CallsDiscontinued(_), Some(ChannelState::Dormant))
    ) || matches!((fact, state), (Fact::ChannelBaseline(baseline), state) if state.is_some() && baseline.state == state)
}

/// Returns what the speakers of a fact declare, where it was not merely seen.
#[expect(clippy::wildcard_enum_match_arm, reason = "other facts declare nothing")]
fn declared(fact: &Fact) -> Option<DeclaredStatus> {
    let (status, evidence) = match fact {
        Fact::ChannelDeclared(declared) => return Some(declared.status),
        Fact::ChannelSuspended(impaired) => (DeclaredStatus::Suspended, impaired.evidence),
        Fact::ChannelSevered(impaired) => (DeclaredStatus::Cut, impaired.evidence),
        Fact::ChannelClosed(_) => (DeclaredStatus::Closed, None),
        fact => (DeclaredStatus::Open, works(fact)?.evidence),
    };
    (evidence != Some(Evidence::Observed)).then_some(status)
}

/// Keeps what works: what a fact lists, all that it can carry where it works again and nobody said what.
#[expect(clippy::wildcard_enum_match_arm, reason = "other facts say nothing of what works")]
fn capabilities(working: &mut Vec<Capability>, capable: &[Capability], fact: &Fact) {
    match fact {
        Fact::ChannelBaseline(baseline) if !baseline.capabilities.is_empty() => {
            working.clone_from(&baseline.capabilities);
        }
        Fact::ChannelDegraded(impaired)
        | Fact::ChannelSuspended(impaired)
        | Fact::ChannelSevered(impaired) => {
            working.retain(|capability| !impaired.lost.contains(capability));
        }
        Fact::ChannelCapabilityChanged(changed) => {
            working.retain(|capability| *capability != changed.capability);
            if changed.works {
                working.push(changed.capability);
            }
        }
        fact => match works(fact).filter(|works| works.evidence != Some(Evidence::Announced)) {
            Some(works) if !works.capabilities.is_empty() => working.clone_from(&works.capabilities),
            Some(works) if !works.partly && !capable.is_empty() => *working = capable.to_vec(),
            _ => {}
        },
    }
}

/// Returns until when an entry may not have taken effect: the last moment at which it can have begun.
fn doubt_until(entry: &Entry, zone: &Zone) -> Timestamp {
    let Some(effect) = entry.effect() else { return entry.at };
    let began = match effect.precision() {
        // `A/B` lasted from A to B: only its beginning can be in doubt.
        Precision::Interval => {
            effect.as_str().split_once('/').and_then(|(first, _)| first.parse::<Occurred>().ok())
        }
        Precision::Instant | Precision::Day | Precision::Coarse | Precision::Set => None,
    };
    began.as_ref().unwrap_or(effect).latest(zone)
}

fn recorded(entry: &Entry, zone: &Zone) -> Occurred {
    let day: NaiveDate = zone.local(entry.at).date_naive();
    Occurred::from_day(day)
}
