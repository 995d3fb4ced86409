//! Which texts a bundle discloses that is made for readers up to a level of the marking scheme.

use std::collections::HashMap;

use crate::desk::error::{DeskError, Fault};
use crate::domain::event::Event;
use crate::domain::fact::Fact;
use crate::domain::id::EventId;
use crate::domain::marking::{Marking, Scheme};
use crate::store::{Body, Class, EventStore};

/// How many corrections of corrections are followed to the entry that they are about.
const DEPTH_MAX: u32 = 16;

/// The level up to which texts are disclosed, and what is known of how texts are marked.
pub(crate) struct Release {
    scheme: Scheme,
    default: Option<Marking>,
    level: usize,
    // The most restricted marking that a later reading gives an entry: what was marked up since is not
    // disclosed in its earlier reading.
    raised: HashMap<EventId, usize>,
}

impl Release {
    /// Returns the release at the level that `typed` names.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Wrong`] with the levels of the scheme when it names none.
    pub(crate) fn new(scheme: Scheme, default: Option<Marking>, typed: &str) -> Result<Self, DeskError> {
        let wrong = |detail: String| DeskError::from(Fault::in_field("release", detail));
        let marking = scheme.level(typed).map_err(|error| wrong(error.to_string()))?;
        let level = scheme.levels.iter().position(|level| *level == marking).unwrap_or(0);
        Ok(Self { scheme, default, level, raised: HashMap::new() })
    }

    /// Returns the name of the level.
    pub(crate) fn level(&self) -> String {
        self.scheme.levels.get(self.level).map(|level| level.0.clone()).unwrap_or_default()
    }

    /// Takes note of a record that may mark an earlier one up.
    pub(crate) fn learn(&mut self, schema: u16, body: &str) {
        // Most records correct nothing, and need not be read for it.
        if !body.contains("\"record.amended\"") {
            return;
        }
        let Ok(Event { fact: Fact::RecordAmended(amended), .. }) = Event::decode(schema, body) else {
            return;
        };
        let rank = self.rank_of_reading(schema, amended.reading.get());
        let raised = self.raised.entry(amended.target).or_insert(rank);
        *raised = rank.max(*raised);
    }

    /// Tells whether a text may be disclosed. Evidence for auditors always is, or a removed text could not
    /// be told from a missing one.
    pub(crate) fn discloses(
        &self,
        store: &dyn EventStore,
        class: Class,
        id: EventId,
        schema: u16,
        body: &str,
    ) -> bool {
        class != Class::Fact || self.rank(store, id, schema, body, DEPTH_MAX) <= self.level
    }

    /// Returns how restricted a record is: its own marking, that of a reading that it gives or is given, and
    /// that of the entry that it is about.
    fn rank(&self, store: &dyn EventStore, id: EventId, schema: u16, body: &str, depth: u32) -> usize {
        let Some(depth) = depth.checked_sub(1) else { return self.highest() };
        let Ok(event) = Event::decode(schema, body) else { return self.highest() };
        let mut rank = self.rank_of_event(&event);
        rank = rank.max(self.raised.get(&id).copied().unwrap_or(0));
        if let Fact::RecordAmended(amended) = &event.fact {
            rank = rank.max(self.rank_of_reading(schema, amended.reading.get()));
        }
        let Some(target) = event.entry() else { return rank };
        let found = store.position_of(target).ok().flatten().and_then(|position| store.at(position).ok()?);
        match found.map(|found| (found.schema, found.body)) {
            Some((schema, Body::Plain(body))) => rank.max(self.rank(store, target, schema, &body, depth)),
            // What was removed needs no protection, but nobody can tell how it was marked.
            Some((_, Body::Redacted | Body::Missing)) | None => self.highest(),
        }
    }

    fn rank_of_reading(&self, schema: u16, reading: &str) -> usize {
        Event::decode(schema, reading).map_or_else(|_| self.highest(), |event| self.rank_of_event(&event))
    }

    /// Returns how restricted an event is by itself: as its marking, or that of one of its texts, which leave with
    /// it, is highest; what is in a compartment is for nobody outside, at any level.
    fn rank_of_event(&self, event: &Event) -> usize {
        let texts = event.envelope.texts.iter().filter_map(|text| text.marking.as_ref());
        let rank = texts
            .map(|marking| self.rank_of(Some(marking)))
            .fold(self.rank_of(event.envelope.marking.as_ref()), usize::max);
        if event.envelope.compartments.is_empty() { rank } else { usize::MAX }
    }

    fn rank_of(&self, marking: Option<&Marking>) -> usize {
        let marking = marking.or(self.default.as_ref());
        let rank = marking.and_then(|marking| self.scheme.levels.iter().position(|level| level == marking));
        // Nobody said how far it may travel, or in words of another scheme.
        rank.unwrap_or_else(|| self.highest())
    }

    fn highest(&self) -> usize {
        self.scheme.levels.len().saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::testing::{Fixture, on};
    use crate::domain::event::{Envelope, SCHEMA};
    use crate::domain::fact::Kind;
    use crate::domain::fact::record::{Amended, Annotated};

    fn marked(level: &str) -> Envelope {
        let marking = (!level.is_empty()).then(|| Marking(level.to_owned()));
        Envelope { marking, ..on("2025-01-01") }
    }

    fn incident(fixture: &Fixture, level: &str) -> EventId {
        fixture.event(Kind::Incident, marked(level))
    }

    fn reading(level: &str) -> Box<serde_json::value::RawValue> {
        let event = Event { envelope: marked(level), fact: Kind::Incident.decode("{}").unwrap() };
        serde_json::value::RawValue::from_string(event.encode().unwrap()).unwrap()
    }

    fn disclosed(fixture: &Fixture, level: &str, default: Option<&str>) -> Vec<u64> {
        let store = fixture.desk.store.as_ref();
        let default = default.map(|level| Marking(level.to_owned()));
        let mut release = Release::new(Scheme::tlp(), default, level).unwrap();
        let records: Vec<_> = store.read(0, u64::MAX).map(Result::unwrap).collect();
        let body = |record: &crate::store::Recorded| match &record.body {
            Body::Plain(body) => body.clone(),
            Body::Redacted | Body::Missing => panic!("a text"),
        };
        for record in &records {
            release.learn(record.schema, &body(record));
        }
        let is_disclosed = |record: &&crate::store::Recorded| {
            release.discloses(store, record.class, record.id, record.schema, &body(record))
        };
        records.iter().filter(is_disclosed).map(|record| record.position).collect()
    }

    #[test]
    fn texts_up_to_the_level_are_disclosed_and_unmarked_ones_by_the_default() {
        let fixture = Fixture::new();
        for level in ["TLP:CLEAR", "TLP:AMBER", "TLP:RED", ""] {
            incident(&fixture, level);
        }
        // 0 and 1 begin the log and are not marked.
        assert_eq!(disclosed(&fixture, "tlp:green", None), [2]);
        assert_eq!(disclosed(&fixture, "TLP:AMBER", None), [2, 3]);
        assert_eq!(disclosed(&fixture, "TLP:GREEN", Some("TLP:GREEN")), [0, 1, 2, 5]);
        assert_eq!(disclosed(&fixture, "TLP:RED", None), [0, 1, 2, 3, 4, 5]);
        assert!(Release::new(Scheme::tlp(), None, "SECRET").is_err());
    }

    #[test]
    fn an_entry_is_disclosed_as_far_as_its_most_restricted_text() {
        let fixture = Fixture::new();
        let text = |level: Option<&str>| crate::domain::text::Text {
            marking: level.map(|level| Marking(level.to_owned())),
            ..serde_json::from_str(r#"{"language":"en","text":"words"}"#).unwrap()
        };
        for levels in [[None, None], [None, Some("TLP:AMBER")], [Some("TLP:CLEAR"), None]] {
            let texts = levels.into_iter().map(text).collect();
            fixture.event(Kind::Incident, Envelope { texts, ..marked("TLP:CLEAR") });
        }
        assert_eq!(disclosed(&fixture, "TLP:GREEN", None), [2, 4]);
        assert_eq!(disclosed(&fixture, "TLP:AMBER", None), [2, 3, 4]);
    }

    #[test]
    fn a_correction_is_no_less_restricted_than_what_it_is_about_and_marks_it_up() {
        let fixture = Fixture::new();
        let red = incident(&fixture, "TLP:RED");
        let clear = incident(&fixture, "TLP:CLEAR");
        let remark = |target| Fact::RecordAnnotated(Annotated { target, remark: "so".to_owned() });
        fixture.add(marked("TLP:CLEAR"), remark(red));
        fixture.add(marked("TLP:CLEAR"), remark(clear));
        assert_eq!(disclosed(&fixture, "TLP:GREEN", None), [3, 5]);
        let up = Amended { target: clear, reading: reading("TLP:RED") };
        fixture.add(marked("TLP:CLEAR"), Fact::RecordAmended(up));
        assert!(disclosed(&fixture, "TLP:GREEN", None).is_empty());
        assert_eq!(Event::decode(SCHEMA, reading("").get()).unwrap().envelope.marking, None);
    }
}
