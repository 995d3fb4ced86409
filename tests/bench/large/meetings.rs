//! Meetings, and what becomes of them.

use demarche::domain::event::{Envelope, Event};
use demarche::domain::fact::Fact;
use demarche::domain::fact::meeting::{Meeting, Outcome};
use demarche::domain::id::{EntityId, EventId};
use demarche::domain::link::{Link, Relation};
use demarche::domain::occurred::Occurred;

use super::generator::{Generator, Next, between};

impl Generator {
    /// A meeting is scheduled, of the talks of a pair.
    pub(super) fn meeting(&mut self, id: EventId) -> Event {
        let pair = self.random.rather_early(self.world.series.len());
        let (one, other) = self.world.pairs[pair];
        let days = 3 + self.random.below(25);
        self.follow(days as f64, Next::Meet { meeting: id, pair });
        let envelope = Envelope {
            occurred: Some(self.date()),
            opens: true,
            about: vec![self.world.series[pair]],
            summary: Some(self.summary(6)),
            ..between(self.world.parties[one].ids[0], self.world.parties[other].ids[0])
        };
        let fact = Fact::MeetingScheduled(Meeting {
            date: Some(Occurred::from_day(self.day(0) + chrono::Days::new(days as u64))),
            place: Some("Panmunjom".to_owned()),
            level: Some("working".to_owned()),
            ..Meeting::default()
        });
        Event { envelope, fact }
    }

    /// What becomes of a meeting on its day.
    pub(super) fn meet(&mut self, meeting: EventId, pair: usize) -> Event {
        let (one, other) = self.world.pairs[pair];
        let ends = [one, other].map(|party| self.world.parties[party].ids[0]);
        let is_offer = self.offers.iter().any(|offer| offer.id == meeting);
        let mut envelope = Envelope {
            occurred: Some(Occurred::from_day(self.day(0))),
            about: vec![EntityId::from(meeting)],
            summary: Some(self.summary(8)),
            ..between(ends[0], ends[1])
        };
        let by = vec![ends[self.random.below(2)]];
        let cause = Some("not stated".to_owned());
        let fact = match self.random.below(1_000) {
            _ if is_offer => {
                // The talks that were offered take place, and nobody had announced them.
                envelope.about = vec![self.world.series[pair]];
                envelope.opens = true;
                envelope.links = vec![Link::new(Relation::Realises, meeting)];
                Fact::MeetingHeld(Meeting {
                    outcome: Some(Outcome::SeparateStatements),
                    ..Meeting::default()
                })
            }
            0..100 => {
                let days = 5 + self.random.below(20);
                self.follow(days as f64, Next::Meet { meeting, pair });
                let until = Some(Occurred::from_day(self.day(0) + chrono::Days::new(days as u64)));
                Fact::MeetingPostponed(Meeting { by, cause, until, ..Meeting::default() })
            }
            100..160 => Fact::MeetingCancelled(Meeting { by, cause, ..Meeting::default() }),
            _ => Fact::MeetingHeld(Meeting { outcome: Some(Outcome::JointText), ..Meeting::default() }),
        };
        Event { envelope, fact }
    }
}
