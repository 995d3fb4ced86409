//! Which texts a bundle discloses that is made for readers up to a level of the marking scheme.

use roaring::RoaringBitmap;

use crate::desk::access::Outside;
use crate::store::Class;

/// What a bundle discloses: what readers up to a level outside the house may be told.
pub(crate) struct Release {
    outside: Outside,
    // What came into a register because something named it that is not disclosed.
    unnamed: RoaringBitmap,
}

impl Release {
    /// Returns the release of what may leave the house.
    pub(in crate::desk) fn of(outside: Outside) -> Self {
        let unnamed = outside.unnamed();
        Self { outside, unnamed }
    }

    /// Returns the name of the level.
    pub(crate) fn level(&self) -> String {
        self.outside.level()
    }

    /// Tells whether the text at a position may be disclosed. Evidence for auditors always is, or a removed text could
    /// not be told from a missing one.
    pub(crate) fn discloses(&self, class: Class, position: u64) -> bool {
        let is_unnamed = u32::try_from(position).is_ok_and(|position| self.unnamed.contains(position));
        class != Class::Fact || self.outside.lets_see(position) && !is_unnamed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::access::{Rules, Sights};
    use crate::desk::testing::{Fixture, on};
    use crate::domain::event::{Envelope, Event, SCHEMA};
    use crate::domain::fact::Fact;
    use crate::domain::fact::Kind;
    use crate::domain::fact::record::{Amended, Annotated};
    use crate::domain::fact::register::PartyRegistered;
    use crate::domain::id::EventId;
    use crate::domain::marking::{Marking, Scheme};

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
        let rules = Rules::plain(Scheme::tlp(), default);
        let release = Release::of(Sights::default().outside(store, rules, level).unwrap());
        let records: Vec<_> = store.read(0, u64::MAX).map(Result::unwrap).collect();
        let is_disclosed =
            |record: &&crate::store::Recorded| release.discloses(record.class, record.position);
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
        let rules = Rules::plain(Scheme::tlp(), None);
        let wrong = Sights::default().outside(fixture.desk.store.as_ref(), rules, "SECRET");
        assert!(wrong.is_err_and(|error| error.to_string().contains("TLP:AMBER+STRICT")));
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

    #[test]
    fn what_names_something_restricted_is_not_disclosed_nor_a_text_that_was_marked_up_later() {
        let fixture = Fixture::new();
        let offer = fixture.event(Kind::OvertureProposed, marked("TLP:RED"));
        let answer = Envelope { about: vec![offer.into()], ..marked("TLP:CLEAR") };
        fixture.event(Kind::ResponseAccepted, answer);
        let text = |level: Option<&str>| crate::domain::text::Text {
            marking: level.map(|level| Marking(level.to_owned())),
            ..serde_json::from_str(r#"{"language":"en","text":"words"}"#).unwrap()
        };
        let said = fixture.event(Kind::Incident, Envelope { texts: vec![text(None)], ..marked("TLP:CLEAR") });
        assert_eq!(disclosed(&fixture, "TLP:GREEN", None), [4]);
        // What repeats the text, at once or once somebody else confirmed it.
        let said_again = Event {
            envelope: Envelope { texts: vec![text(None)], ..marked("TLP:CLEAR") },
            fact: Kind::Incident.decode("{}").unwrap(),
        };
        let reading = serde_json::value::RawValue::from_string(said_again.encode().unwrap()).unwrap();
        let again = Fact::RecordAmended(Amended { target: said, reading });
        fixture.add(marked("TLP:CLEAR"), again.clone());
        let waits = Event { envelope: marked("TLP:CLEAR"), fact: again };
        let entry = serde_json::value::RawValue::from_string(waits.encode().unwrap()).unwrap();
        fixture.add(marked("TLP:CLEAR"), Fact::EntryHeld(crate::domain::fact::record::Held { entry }));
        assert_eq!(disclosed(&fixture, "TLP:GREEN", None), [4, 5, 6]);
        let later = Event {
            envelope: Envelope { texts: vec![text(Some("TLP:AMBER"))], ..marked("TLP:CLEAR") },
            fact: Kind::Incident.decode("{}").unwrap(),
        };
        let reading = serde_json::value::RawValue::from_string(later.encode().unwrap()).unwrap();
        fixture.add(marked("TLP:CLEAR"), Fact::RecordAmended(Amended { target: said, reading }));
        assert!(disclosed(&fixture, "TLP:GREEN", None).is_empty());
        assert_eq!(disclosed(&fixture, "TLP:AMBER", None), [4, 5, 6, 7]);
    }

    #[test]
    fn what_was_built_on_a_correction_leaves_no_further_than_it() {
        let fixture = Fixture::new();
        let said = |words: &str| {
            let envelope = Envelope { note: Some(words.to_owned()), ..marked("TLP:CLEAR") };
            let event = Event { envelope, fact: Kind::Incident.decode("{}").unwrap() };
            serde_json::value::RawValue::from_string(event.encode().unwrap()).unwrap()
        };
        let target = incident(&fixture, "TLP:CLEAR");
        let amend = |level: &str, words: &str| {
            let fact = Fact::RecordAmended(Amended { target, reading: said(words) });
            fixture.add(marked(level), fact);
        };
        amend("TLP:RED", "hidden");
        amend("TLP:GREEN", "hidden");
        assert_eq!(disclosed(&fixture, "TLP:GREEN", None), [2]);
        assert_eq!(disclosed(&fixture, "TLP:RED", None), [0, 1, 2, 3, 4]);
        // Of one that nobody marked, nobody said that it leaves the house.
        amend("TLP:CLEAR", "other");
        amend("", "third");
        amend("TLP:GREEN", "third");
        assert_eq!(disclosed(&fixture, "TLP:GREEN", None), [2, 5]);
        assert_eq!(disclosed(&fixture, "TLP:GREEN", Some("TLP:GREEN")), [0, 1, 2, 5, 6, 7]);
    }

    #[test]
    fn what_something_hidden_brought_into_a_register_is_disclosed_with_what_names_it_and_not_before() {
        let fixture = Fixture::new();
        let party = |number: u128, code: &str| {
            let party = PartyRegistered { code: code.parse().unwrap(), names: Vec::new() };
            let event = Event { envelope: Envelope::default(), fact: Fact::PartyRegistered(party) };
            (EventId::from_uuid(uuid::Uuid::from_u128(number)), event)
        };
        let says = |number: u128, from: EventId, level: &str| {
            let envelope = Envelope { from: vec![from.into()], ..marked(level) };
            let event = Event { envelope, fact: Kind::Incident.decode("{}").unwrap() };
            (EventId::from_uuid(uuid::Uuid::from_u128(number)), event)
        };
        // Positions 2 to 5: a state and an office that a hidden entry brought, a state that an open one did.
        let (fiji, korea) = (party(100, "FJI"), party(102, "KOR"));
        let from = (fiji.0, korea.0);
        fixture.append(1_000, 3, &[fiji, says(101, from.0, "TLP:RED")]);
        fixture.append(1_001, 3, &[korea, says(103, from.1, "TLP:GREEN")]);
        let default = Some("TLP:GREEN");
        assert_eq!(disclosed(&fixture, "TLP:GREEN", default), [0, 1, 4, 5]);
        assert_eq!(disclosed(&fixture, "TLP:RED", default), [0, 1, 2, 3, 4, 5]);
        fixture.append(1_002, 3, &[says(104, from.0, "TLP:GREEN")]);
        assert_eq!(disclosed(&fixture, "TLP:GREEN", default), [0, 1, 2, 4, 5, 6]);
        // As before, none of them where nothing says how what nobody marked counts.
        assert_eq!(disclosed(&fixture, "TLP:GREEN", None), [5, 6]);
    }
}
