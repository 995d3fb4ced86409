//! Amendments, and those that count when another than their author confirmed them.

use super::{KIM, Model, New, entity, pick, raw};
use crate::domain::event::{Envelope, Event};
use crate::domain::fact::record::{Amended, Held};
use crate::domain::fact::{Fact, Kind};
use crate::domain::id::EventId;
use crate::domain::marking::Scheme;
use crate::http::router::tests::sight::steps::{Mark, marked, within};

impl Model {
    /// Returns an amendment of an entry, how restricted its reading is, and of which.
    fn amendment(
        &mut self,
        mark: Mark,
        of: usize,
        (bare, drops): (bool, bool),
    ) -> Option<(EventId, usize, Event)> {
        let of = pick(&self.entries, of)?;
        let target = self.get(of).clone();
        let mut reading = target.event.clone();
        reading.envelope.summary = Some(format!("reading {}", self.drawn));
        reading.envelope = marked(mark, reading.envelope);
        if bare {
            reading.envelope.texts.iter_mut().for_each(|text| text.marking = None);
        }
        if drops {
            reading.envelope.texts.clear();
        }
        let floor = self.lines.iter().find(|(line, _)| reading.envelope.about.contains(&entity(*line)));
        let level = mark.level.or(floor.and_then(|(_, floor)| *floor)).unwrap_or(4);
        let fact = Fact::RecordAmended(Amended { target: of, reading: raw(&reading) });
        let envelope = Envelope {
            about: target.event.envelope.about.clone(),
            reason: Some("because".to_owned()),
            ..Envelope::default()
        };
        Some((of, level, Event { envelope, fact }))
    }

    pub(super) fn amend(&mut self, mark: Mark, of: usize) {
        let Some((of, level, event)) = self.amendment(mark, of, (false, false)) else { return };
        let new = self.new_one(event, (level, mark), vec![of]);
        self.raise(of, level, &within(mark));
        self.mark_texts(of, false);
        self.amendments.entry(of).or_default().push(new.id);
        self.push(vec![new]);
    }

    /// Lets a reading that repeats the texts of an entry say how restricted they are, unless they are bare in it.
    pub(super) fn mark_texts(&mut self, of: EventId, bare: bool) {
        let texts = self.get(of).event.envelope.texts.iter().filter(|_| !bare);
        let level = texts.filter_map(|text| Scheme::tlp().rank(text.marking.as_ref()?)).max();
        if let Some(level) = level {
            let known = self.texts.entry(of).or_default();
            *known = level.max(*known);
        }
    }

    pub(super) fn confirm(&mut self, mark: Mark, of: usize, by_another: bool, (bare, drops): (bool, bool)) {
        let Some((of, level, mut event)) = self.amendment(mark, of, (bare, drops)) else { return };
        let draft =
            Event { envelope: Envelope::default(), fact: Fact::EntryHeld(Held { entry: raw(&event) }) };
        let held = self.new_one(draft, (level, mark), vec![of]);
        self.held.push(held.id);
        event.envelope.confirms = Some(held.id);
        let mut needs = vec![of, held.id];
        self.push(vec![held]);
        let mut actor = KIM;
        if by_another {
            let park = self.park.unwrap();
            needs.push(park);
            actor = park.as_uuid().as_u128();
        }
        let new = New { actor, ..self.new_one(event, (level, mark), needs) };
        let id = new.id;
        self.push(vec![new]);
        if by_another {
            let before = self.get(of).clone();
            let texts = self.texts.get(&of).copied().unwrap_or(0);
            self.confirmed.push((id, of, before.level, before.within, texts));
            let earlier = self.amendments.get(&of).cloned().unwrap_or_default();
            for one in earlier.into_iter().chain([of]) {
                let (append, place) = self.places[&one];
                let new = &mut self.appends[append][place];
                new.level = level;
                new.within = within(mark);
                if let Some((alone, inside)) = self.alone.get(&one) {
                    new.level = level.max(*alone);
                    new.within.extend(inside);
                }
            }
            // Of a text that the reading does not have, nobody said how restricted it is.
            if !drops {
                self.texts.remove(&of);
            }
            self.mark_texts(of, bare || drops);
        } else {
            self.raise(of, level, &within(mark));
            self.mark_texts(of, bare || drops);
        }
        self.amendments.entry(of).or_default().push(id);
    }

    pub(super) fn unconfirm(&mut self, of: usize) {
        let Some((confirmed, of, level, within, texts)) =
            self.confirmed.get(of % self.confirmed.len().max(1)).cloned()
        else {
            return;
        };
        let fact = Kind::RecordRetracted.decode(&format!(r#"{{"target":"{confirmed}"}}"#)).unwrap();
        let reason = Some("because".to_owned());
        let event = Event { envelope: Envelope { reason, ..Envelope::default() }, fact };
        self.struck.insert(confirmed);
        let new = self.new_one(event, (0, Mark { level: None, within: 0 }), vec![confirmed]);
        self.push(vec![new]);
        self.raise(of, level, &within);
        let known = self.texts.entry(of).or_default();
        *known = texts.max(*known);
    }
}
