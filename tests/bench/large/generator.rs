//! A log of any length that a seed decides: what desks of forty years record, event by event.
//!
//! Most calls are answered and one line is silent for years; most offers are answered or lapse within days, and
//! a few stand for ever; some entries come late or with a date that nobody knows well, and some are amended,
//! struck, linked or annotated.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use chrono::{DateTime, FixedOffset, NaiveDate};
use demarche::domain::event::{self, DESK, Envelope, Event, SCHEMA};
use demarche::domain::fact::Kind;
use demarche::domain::id::{ActorId, EntityId, EventId};
use demarche::domain::occurred::Occurred;
use demarche::store::{Class, NewEvent};

use super::prose::Prose;
use super::random::Random;
use super::world::{PAIRS, World};

/// 1 January 1990, when the log begins.
pub(crate) const BEGINS: i64 = 631_152_000_000_000;
/// 1 July 2026, before which it ends.
pub(crate) const ENDS: i64 = 1_782_864_000_000_000;
const DAY: f64 = 86_400_000_000.0;
/// So many of the last entries may be corrected.
const RECENT: usize = 512;

/// An event, by whom and when it is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Drawn {
    pub(crate) id: EventId,
    pub(crate) event: Event,
    pub(crate) actor: ActorId,
    /// In microseconds since 1970.
    pub(crate) at: i64,
}

impl Drawn {
    /// Returns the event as the store takes it, just as the desk would give it.
    pub(crate) fn into_new(self) -> NewEvent {
        let mut streams = event::streams(&self.event, self.id);
        if registers(self.event.kind()) && !streams.contains(&DESK) {
            streams.push(DESK);
        }
        NewEvent {
            id: Some(self.id),
            streams,
            class: Class::Fact,
            schema: SCHEMA,
            actor: self.actor,
            body: self.event.encode().expect("an event has a body"),
            attachments: Vec::new(),
            signature: None,
        }
    }
}

/// Tells whether it enters a name in a register; of the kinds that are drawn here.
pub(crate) const fn registers(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::ChannelRegistered
            | Kind::PartyRegistered
            | Kind::SeriesRegistered
            | Kind::RecorderRegistered
            | Kind::PolicySet
    )
}

/// An offer that someone made to someone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Offer {
    pub(super) id: EventId,
    pub(super) from: EntityId,
    pub(super) to: EntityId,
    pub(super) via: EntityId,
    pub(super) pair: usize,
}

/// What is to follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Next {
    /// The addressee answers.
    Answer(Offer),
    /// The proposer says it again.
    Reiterate(Offer),
    /// Its time has passed.
    Lapse(Offer),
    /// An officer finds that there is no answer.
    Silence(Offer),
    /// A meeting takes place, is put off or called off.
    Meet { meeting: EventId, pair: usize },
}

/// What draws the log.
#[derive(Debug)]
pub(crate) struct Generator {
    pub(super) random: Random,
    pub(super) world: World,
    pub(super) prose: Prose,
    count: u64,
    number: u64,
    // Now, in microseconds since 1970.
    pub(super) now: i64,
    registers: VecDeque<(uuid::Uuid, Event)>,
    due: BinaryHeap<Reverse<(i64, u64, Next)>>,
    pub(super) recent: VecDeque<(EventId, Event)>,
    /// Of the last offers, for what is linked to one.
    pub(super) offers: VecDeque<Offer>,
    /// The lines that are suspended.
    pub(super) suspended: Vec<bool>,
}

impl Generator {
    /// Returns what draws `count` events, always the same for the same seed and count.
    pub(crate) fn new(seed: u64, count: u64) -> Self {
        let mut random = Random::of(seed);
        let (world, registers) = World::of(&mut random);
        Self {
            suspended: vec![false; world.lines.len()],
            random,
            world,
            prose: Prose::new(),
            count,
            number: 0,
            now: BEGINS,
            registers: registers.into(),
            due: BinaryHeap::new(),
            recent: VecDeque::new(),
            offers: VecDeque::new(),
        }
    }

    fn drawn(&mut self, id: EventId, event: Event) -> Drawn {
        let actor = *self.random.pick(&self.world.recorders);
        Drawn { id, event, actor, at: self.now }
    }

    /// Lets something follow after so many days.
    pub(super) fn follow(&mut self, days: f64, next: Next) {
        let at = self.now + (days * DAY) as i64;
        self.due.push(Reverse((at, self.number, next)));
    }

    /// Returns the day that is `before` days earlier, in the zone of the log.
    pub(super) fn day(&self, before: i64) -> NaiveDate {
        let micros = self.now - before * DAY as i64;
        local(micros).date_naive()
    }

    /// Returns when something happened that is recorded now: mostly today or yesterday, sometimes long ago or
    /// nobody knows well when.
    pub(super) fn date(&mut self) -> Occurred {
        let late = if self.random.in_thousand(50) { 3 + self.random.below(400) } else { 0 };
        let before = late + self.random.below(2);
        let day = self.day(before as i64);
        let text = match self.random.below(1_000) {
            0..15 => day.format("%Y-%m").to_string(),
            15..25 => day.format("%Y-%m~").to_string(),
            25..35 => format!("{}/{day}", day - chrono::Days::new(3)),
            35..40 => format!("[{}..{day}]", day - chrono::Days::new(9)),
            _ => return Occurred::from_day(day),
        };
        text.parse().expect("a date")
    }

    /// Returns a pair that speaks with each other, some much more often than others, and who speaks first.
    pub(super) fn pair(&mut self) -> (usize, usize, usize) {
        let pair = self.random.rather_early(PAIRS.min(self.world.pairs.len()));
        let (one, other) = self.world.pairs[pair];
        if self.random.in_thousand(500) { (pair, one, other) } else { (pair, other, one) }
    }

    fn next_event(&mut self) -> (EventId, Event) {
        if let Some((id, event)) = self.registers.pop_front() {
            return (EventId::from_uuid(id), event);
        }
        let id = EventId::from_uuid(self.random.uuid());
        if let Some(next) = self.due.peek().filter(|Reverse((at, ..))| *at <= self.now).map(|due| due.0.2) {
            self.due.pop();
            return (id, self.following(id, next));
        }
        let event = match self.random.below(1_000) {
            0..560 => self.call(),
            560..690 => self.offer(id),
            690..730 => self.meeting(id),
            730..860 => self.statement(),
            860..930 => self.message(),
            930..945 => self.incident(),
            945..950 => self.state(),
            _ => self.correction().unwrap_or_else(|| self.call()),
        };
        (id, event)
    }

    /// Remembers an entry that may be corrected.
    fn remember(&mut self, id: EventId, event: &Event) {
        use demarche::domain::fact::Subject;
        if registers(event.kind()) || event.kind() == Kind::LogOpened {
            return;
        }
        if event.kind().subject() != Subject::Entry && self.random.in_thousand(250) {
            if self.recent.len() >= RECENT {
                self.recent.pop_front();
            }
            self.recent.push_back((id, event.clone()));
        }
    }
}

impl Iterator for Generator {
    type Item = Drawn;

    fn next(&mut self) -> Option<Drawn> {
        if self.number >= self.count {
            return None;
        }
        let gone = self.number as f64 / self.count as f64;
        self.now = BEGINS + ((ENDS - BEGINS) as f64 * gone) as i64;
        self.number += 1;
        let (id, event) = self.next_event();
        self.remember(id, &event);
        Some(self.drawn(id, event))
    }
}

/// Returns a moment as the clocks of the log show it.
pub(super) fn local(micros: i64) -> DateTime<FixedOffset> {
    let zone = FixedOffset::east_opt(9 * 3_600).expect("an offset");
    DateTime::from_timestamp_micros(micros).expect("a moment").with_timezone(&zone)
}

/// Returns an envelope from one party to another.
pub(super) fn between(from: EntityId, to: EntityId) -> Envelope {
    Envelope { from: vec![from], to: vec![to], ..Envelope::default() }
}
