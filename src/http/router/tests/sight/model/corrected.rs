//! Corrections that are marked by themselves, each built on the newest reading: one that still says what a hidden one
//! brought in is hidden with it.

use super::{Model, New, entity, pick, raw};
use crate::domain::event::{Envelope, Event, SCHEMA};
use crate::domain::fact::record::Amended;
use crate::domain::fact::{Fact, Kind};
use crate::domain::id::EventId;
use crate::domain::marking::Scheme;
use crate::http::router::tests::sight::steps::{Mark, marked, within};

/// A correction, and the words that it brings into its entry, which stand nowhere else.
#[derive(Debug, Clone)]
pub(super) struct Correction {
    id: EventId,
    words: String,
}

impl Model {
    /// Returns what an entry says, with its newest amendment that nobody struck.
    fn newest(&self, of: EventId) -> Event {
        let mut standing =
            self.amendments.get(&of).into_iter().flatten().filter(|one| !self.struck.contains(one));
        match standing.next_back().map(|one| &self.get(*one).event.fact) {
            Some(Fact::RecordAmended(amended)) => Event::decode(SCHEMA, amended.reading.get()).unwrap(),
            _ => self.get(of).event.clone(),
        }
    }

    pub(super) fn correct(&mut self, mark: Mark, of: usize, field: usize) {
        let Some(of) = pick(&self.entries, of) else { return };
        let words = format!("corrected {}.", self.drawn);
        let mut reading = self.newest(of);
        let envelope = &mut reading.envelope;
        match field % 3 {
            0 => envelope.summary = Some(words.clone()),
            1 => envelope.topics.push(words.clone()),
            _ => envelope.note = Some(words.clone()),
        }
        let says = reading.encode().unwrap();
        let (mut level, mut inside) = (mark.level.unwrap_or(0), within(mark));
        for earlier in self.corrections.iter().filter(|earlier| says.contains(&earlier.words)) {
            let (earlier_level, earlier_inside) = &self.alone[&earlier.id];
            level = level.max(*earlier_level);
            inside.extend(earlier_inside);
        }
        let (read_level, read_within) = self.height(&reading);
        let fact = Fact::RecordAmended(Amended { target: of, reading: raw(&reading) });
        let about = reading.envelope.about.clone();
        let own = Envelope { about, reason: Some("because".to_owned()), ..Envelope::default() };
        let event = Event { envelope: marked(mark, own), fact };
        let alone = (level, inside.clone());
        let new = New { within: inside, ..self.new_one(event, (level, mark), vec![of]) };
        let id = new.id;
        self.raise(of, read_level, &read_within);
        let says_none = reading.envelope.texts.iter().all(|text| text.marking.is_none());
        self.mark_texts(of, says_none);
        self.amendments.entry(of).or_default().push(id);
        self.alone.insert(id, alone);
        self.corrections.push(Correction { id, words });
        self.push(vec![new]);
    }

    /// Returns how restricted a reading of an entry is.
    fn height(&self, reading: &Event) -> (usize, std::collections::BTreeSet<usize>) {
        let envelope = &reading.envelope;
        let floor = self.lines.iter().find(|(line, _)| envelope.about.contains(&entity(*line)));
        let named = envelope.marking.as_ref().map(|marking| Scheme::tlp().rank(marking).unwrap());
        let level = named.or(floor.and_then(|(_, floor)| *floor)).unwrap_or(4);
        let all = ["KITE", "SPARROW"];
        let inside = (0..all.len()).filter(|place| {
            envelope.compartments.iter().any(|one| Some(one.as_str()) == all.get(*place).copied())
        });
        (level, inside.collect())
    }

    pub(super) fn uncorrect(&mut self, of: usize) {
        let Some(struck) = self.corrections.get(of % self.corrections.len().max(1)).map(|one| one.id) else {
            return;
        };
        let fact = Kind::RecordRetracted.decode(&format!(r#"{{"target":"{struck}"}}"#)).unwrap();
        let event =
            Event { envelope: Envelope { reason: Some("because".to_owned()), ..Envelope::default() }, fact };
        let new = self.new_one(event, (0, Mark { level: None, within: 0 }), vec![struck]);
        self.struck.insert(struck);
        self.push(vec![new]);
    }
}
