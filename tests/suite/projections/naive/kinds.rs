//! What is told of a kind by a few look-ups, as a walk over the whole log tells it.

use demarche::domain::event::Event;
use demarche::domain::fact::{Fact, Kind};
use demarche::domain::id::{EntityId, EventId};
use demarche::projections::timeline::{Struck, TimelineQuery};
use demarche::projections::view::{SameMoment, View};

use super::Naive;

/// Returns who speaks, who is spoken to, what it is about and by what it went, as it is found by them.
fn roles(event: &Event, id: EventId) -> [Vec<EntityId>; 4] {
    let envelope = &event.envelope;
    let (mut from, mut to) = (envelope.from.clone(), envelope.to.clone());
    if let Fact::SilenceRecorded(silence) = &event.fact {
        from.extend(&silence.subject);
        to.extend(&silence.towards);
    }
    let about = envelope.about.iter().copied().chain(event.created(id)).collect();
    [from, to, about, envelope.via.clone()]
}

impl Naive {
    /// Compares what could report the same as each entry, and what else is told without a look at entries.
    pub(super) fn check_kinds(&self, view: &View) {
        let last = self.size.checked_sub(1).map(|last| self.records[last].at);
        assert_eq!(view.last_recorded_at(), last);
        let standing = self.standing();
        for (entry, reading) in standing.iter().filter(|(_, reading)| !reading.kind().is_bookkeeping()) {
            let envelope = &reading.envelope;
            let sought = SameMoment {
                kind: reading.kind(),
                times: self.bounds(*entry),
                from: &envelope.from,
                to: &envelope.to,
                about: &envelope.about,
                via: &envelope.via,
            };
            let expected: Vec<EventId> = standing
                .iter()
                .filter(|(other, said)| {
                    let named = roles(said, self.records[*other].id);
                    let asked = [sought.from, sought.to, sought.about, sought.via];
                    said.kind() == sought.kind
                        && self.bounds(*other) == sought.times
                        && asked
                            .iter()
                            .zip(&named)
                            .all(|(asked, named)| asked.iter().all(|id| named.contains(id)))
                })
                .map(|(other, _)| self.records[*other].id)
                .collect();
            assert!(expected.contains(&self.records[*entry].id));
            assert_eq!(view.same_moment(&sought, usize::MAX).unwrap(), expected, "{sought:?}");
            let first: Vec<EventId> = expected.into_iter().take(1).collect();
            assert_eq!(view.same_moment(&sought, 1).unwrap(), first);
        }
        for kind in Kind::ALL {
            let query = TimelineQuery {
                kinds: vec![*kind].into(),
                struck: Struck::Show,
                bookkeeping: true,
                ..TimelineQuery::default()
            };
            if view.mark_of(&[*kind]).unwrap().is_some_and(|mark| mark.is_of_none()) {
                assert!(self.timeline(&query).is_empty(), "{kind}");
            }
        }
    }
}
