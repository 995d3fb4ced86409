//! What is written reads back; what is wrong is refused with what would be right.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value, json};

use super::field::{self, Field, Shape};
use super::{Parsed, Parser, Resolver, Trouble, render};
use crate::desk::ask::When;
use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::desk::testing::{Fixture, on};
use crate::domain::event::{Envelope, Event, ExternalRef, SCHEMA};
use crate::domain::fact::meeting::SeriesRegistered;
use crate::domain::fact::register::{ChannelRegistered, Sort};
use crate::domain::fact::{Fact, Kind, Subject};
use crate::domain::id::{EntityId, EventId};
use crate::domain::typed::Mode;

/// A log in which there is one of everything that an entry can name.
struct World {
    fixture: Fixture,
    parties: Vec<EntityId>,
    channels: Vec<EntityId>,
    entities: Vec<EntityId>,
    events: Vec<EventId>,
}

fn world() -> World {
    let fixture = Fixture::new();
    let parties: Vec<EntityId> = ["KOR", "PRK", "KOR/mnd"].iter().map(|code| fixture.party(code)).collect();
    let mut channels: Vec<EntityId> =
        ["mil-west", "mil-east"].iter().map(|name| fixture.line(name)).collect();
    for (name, sort) in [("media", Sort::Carrier), ("jsa", Sort::Forum), ("summit", Sort::Forum)] {
        let channel = ChannelRegistered {
            name: name.parse().unwrap(),
            sort,
            names: vec![],
            ends: vec![],
            capabilities: vec![],
            schedule: None,
            marking_min: None,
        };
        channels.push(fixture.add(Envelope::default(), Fact::ChannelRegistered(channel)).into());
    }
    let mut entities = channels.clone();
    entities.extend(&parties);
    for name in ["summit", "general-level"] {
        let series = SeriesRegistered { names: vec![name.into()], ends: vec![] };
        entities.push(fixture.add(Envelope::default(), Fact::SeriesRegistered(series)).into());
    }
    let mut events = Vec::new();
    for (kind, id) in
        [(Kind::OvertureProposed, "ik-1"), (Kind::OvertureProposed, "media"), (Kind::MeetingHeld, "ik-2")]
    {
        let external_refs = vec![ExternalRef { namespace: "desk".to_owned(), id: id.to_owned() }];
        let opens = matches!(kind.subject(), Subject::MayCreate(_));
        let event = fixture.event(kind, Envelope { opens, external_refs, ..on("2025-11-17") });
        entities.push(event.into());
        events.push(event);
    }
    events.push(fixture.event(Kind::Incident, on("2025-11-18")));
    World { fixture, parties, channels, entities, events }
}

/// Chooses, the same every time for the same seed.
struct Chooser(u64);

impl Chooser {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        let place = self.below(of.len());
        &of[place]
    }

    fn some<T: Clone + PartialEq>(&mut self, of: &[T]) -> Vec<T> {
        let mut chosen: Vec<T> = Vec::new();
        for _ in 0..=self.below(3) {
            let one = self.one(of).clone();
            if !chosen.contains(&one) {
                chosen.push(one);
            }
        }
        chosen
    }

    fn text(&mut self) -> String {
        (*self.one(&["회담 제의", "a \"quoted\" word", "two\nlines", "KOR+PRK", "null", "2025"])).to_owned()
    }

    fn date(&mut self) -> Value {
        (*self.one(&[
            "2025-11-17",
            "2018-01-03T15:30:00+08:30",
            "1972-03-28/1972-03-31",
            "1976-08-30?",
            "2010-11",
        ]))
        .into()
    }

    fn value(&mut self, world: &World, shape: Shape) -> Value {
        match shape {
            Shape::Text | Shape::Written => self.text().into(),
            Shape::Texts => json!([self.text(), "x"]),
            Shape::Date | Shape::DateAhead => self.date(),
            Shape::Word(words) => (*self.one(&(words.0)())).into(),
            Shape::Words(words) => json!(self.some(&(words.0)())),
            Shape::Party => json!(self.one(&world.parties)),
            Shape::Parties | Shape::Actors => json!(self.some(&world.parties)),
            Shape::Channel => json!(self.one(&world.channels)),
            Shape::Channels => json!(self.some(&world.channels)),
            Shape::Entity => json!(self.one(&world.entities)),
            Shape::Entities => json!(self.some(&world.entities)),
            Shape::Entry => json!(self.one(&world.events)),
            Shape::Flag => true.into(),
            Shape::Number => 3.into(),
            Shape::Span => "P14D".into(),
            Shape::Slots => json!(self.some(&["09:00", "17:00"])),
            Shape::Schedule => json!({ "slots": ["09:00"], "days": ["mon"], "zone": "Asia/Seoul" }),
            Shape::Names => {
                json!([{ "text": self.text(), "language": "ko-KR", "from": "2018" }, { "text": "short" }])
            }
            Shape::Versions => json!([{ "language": "ko-KR", "text": self.text(), "translation": true }]),
            Shape::Sources => {
                json!([{ "locator": self.text() }, { "locator": "https://x", "reliability": "B", "credibility": "2" }])
            }
            Shape::Links => (0..=self.below(3)).map(|_| self.value(world, Shape::Link)).collect(),
            Shape::Link => match self.below(3) {
                0 => json!({ "relation": "answers", "target": self.one(&world.events) }),
                1 => json!({ "relation": "concerns", "target": self.one(&world.events) }),
                _ => {
                    json!({ "relation": "contradicts", "target": self.one(&world.events), "confidence": "low",
                             "asserted_by": self.one(&world.parties) })
                }
            },
            Shape::Refs => json!([{ "namespace": "MRN", "id": "72 SEOUL 3946" }]),
            Shape::Marking => "TLP:AMBER".into(),
            Shape::Compartments => json!(self.some(&["KITE", "SPARROW"])),
            Shape::Approvals => json!([{ "by": "00000000-0000-0000-0000-000000000005" }]),
            Shape::Scheme => json!({ "name": "two", "levels": ["OPEN", "CLOSED"] }),
            Shape::Offer => self.object(world, field::offer()).into(),
            Shape::Reading => json!({ "kind": "incident" }),
            Shape::ChannelName => "hot-line".into(),
            Shape::Code => "KOR/mou".into(),
            Shape::Zone => "Asia/Seoul".into(),
        }
    }

    fn object(&mut self, world: &World, fields: &[Field]) -> Map<String, Value> {
        let mut object = Map::new();
        for field in fields {
            if self.below(2) == 0 {
                object.insert(field.recorded.to_owned(), self.value(world, field.shape));
            }
        }
        object
    }

    /// Returns an event of a kind with whatever it may say.
    fn event(&mut self, world: &World, kind: Kind) -> Event {
        let mut body = self.object(world, field::ENVELOPE);
        body.insert("kind".to_owned(), json!(kind));
        if !matches!(kind.subject(), Subject::MayCreate(_)) {
            body.remove("opens");
        }
        if kind.subject() != Subject::Entry {
            // Only a correction has a reason of the desk.
            body.remove("reason");
        }
        if field::is_of_channel(kind) || field::needs_about(kind) {
            body.insert("about".to_owned(), self.value(world, Shape::Entities));
        }
        if kind.family() == "policy" {
            body.remove("from");
            body.remove("to");
        }
        // What a detail must have, it has; what it may have, it may.
        let mut all = Map::new();
        for field in field::detail(kind) {
            let mut value = self.value(world, field.shape);
            if matches!(field.shape, Shape::Reading) {
                let inner = *self.one(&[Kind::Incident, Kind::CallUnanswered, Kind::ResponseCounterProposed]);
                value = serde_json::from_str(&self.event(world, inner).encode().unwrap()).unwrap();
            }
            all.insert(field.recorded.to_owned(), value);
        }
        for field in field::detail(kind) {
            let mut fewer = all.clone();
            fewer.remove(field.recorded);
            if self.below(2) == 0 && kind.decode(&Value::from(fewer.clone()).to_string()).is_ok() {
                all = fewer;
            }
        }
        body.insert("detail".to_owned(), all.into());
        let mut event = Event::decode(SCHEMA, &Value::from(body).to_string()).unwrap();
        #[expect(clippy::wildcard_enum_match_arm, reason = "other facts hold no event within them")]
        let reading = match &mut event.fact {
            Fact::EntryHeld(held) => Some(&mut held.entry),
            Fact::RecordAmended(amended) => Some(&mut amended.reading),
            Fact::RecordRedacted(redacted) => redacted.replacement.as_mut(),
            _ => None,
        };
        if let Some(reading) = reading {
            let spelt = Event::decode(SCHEMA, reading.get()).unwrap().encode().unwrap();
            *reading = serde_json::value::RawValue::from_string(spelt).unwrap();
        }
        event
    }
}

fn parse(known: &Known, entry: &Value) -> Result<Parsed, Vec<Trouble>> {
    let mut resolver = Resolver::at_the_prompt(known);
    Parser::new(&mut resolver, Mode::Prompt).parse(entry)
}

#[test]
fn what_is_written_of_any_event_reads_back_as_the_same_event() {
    let world = world();
    let known = world.fixture.desk.known(&When::default()).unwrap();
    let kinds = select(Kind::ALL.to_vec());
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 3_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let outcome = runner.run(&(kinds, any::<u64>()), |(kind, seed)| {
        let event = Chooser(seed).event(&world, kind);
        let entry = render(&known, &event).unwrap();
        let parsed = parse(&known, &entry).map_err(|troubles| {
            let words: Vec<String> = troubles.iter().map(|trouble| trouble.fault.to_string()).collect();
            TestCaseError::fail(format!("{entry:#}\n{words:?}"))
        })?;
        prop_assert_eq!(&parsed.event, &event, "{:#}", entry);
        prop_assert_eq!(parsed.body, event.encode().unwrap());
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn of_many_fields_that_nothing_has_the_first_are_answered() {
    let world = world();
    let known = world.fixture.desk.known(&When::default()).unwrap();
    let mut entry = json!({"kind": "incident", "date": "2025-08-19", "summary": "One", "from": ["KOR"]});
    for number in 0..10_000 {
        entry[format!("sumary{number}")] = json!(1);
    }
    let troubles = parse(&known, &entry).unwrap_err();
    assert_eq!(troubles.len(), 21);
    let last = troubles.last().unwrap().fault.to_string();
    assert!(last.contains("is no field of an entry either"), "{last}");
}

#[test]
fn what_stands_in_the_way_is_said_whole() {
    let world = world();
    let known = world.fixture.desk.known(&When::default()).unwrap();
    let entry = json!({"kind": "incident", "date": "2025-08-19", "summary": "One", "from": "Utopia", "channel": "nowhere"});
    let error = crate::desk::format::error_of(parse(&known, &entry).unwrap_err());
    let rule = error.to_string();
    assert!(rule.starts_with("2 things stand in the way: "), "{rule}");
    let DeskError::Hindered(faults) = error else { panic!("{error:?}") };
    let of: Vec<_> = faults.iter().map(|fault| fault.field.as_deref()).collect();
    assert_eq!(of, [Some("from"), Some("channel")]);
}
