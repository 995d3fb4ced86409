//! Random logs: facts with all sorts of dates and links, and corrections of anything by anything.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use demarche::domain::event::{Event, SCHEMA, streams};
use demarche::domain::fact::{EntityKind, Kind};
use demarche::domain::id::{ActorId, EntityId, EventId, RequestId};
use demarche::domain::source::{Credibility, Grade, Reliability};
use demarche::domain::timestamp::Timestamp;
use demarche::store::memory::MemoryStore;
use demarche::store::{Class, Condition, EventStore, NewEvent, STREAMS_MAX};
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

/// What decides an event: what it is, and which of the things that exist it is about.
pub(crate) type Choice = (u8, u16, u16, u16, u16);

pub(crate) fn choices(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Choice>> {
    proptest::collection::vec(any::<Choice>(), count)
}

const RELATIONS: [&str; 6] = ["answers", "counters", "concerns", "anticipates", "contradicts", "before"];
const DATES: [&str; 10] = [
    "2011-01-26",
    "2011-01-26T09:00:00+09:00",
    "2011-01",
    "2010~",
    "2009-05/2011-03",
    "[2011-01-01..2011-02-01]",
    "../2011-05-01",
    "2011-01-20/..",
    "{2011-01-01,2011-03-01}",
    "2012-02-29",
];

/// What entries may be on.
pub(crate) const TOPICS: [&str; 3] = ["reunions", "line", "군사"];
/// How far they may travel.
pub(crate) const MARKINGS: [&str; 2] = ["TLP:AMBER", "TLP:RED"];
/// The same, and with the markings of amendments beside.
pub(crate) const MARKED: [&str; 6] = [
    "TLP:AMBER",
    "TLP:RED",
    "\u{1f}TLP:AMBER",
    "\u{1f}TLP:RED",
    "TLP:AMBER\u{1f}TLP:RED",
    "TLP:RED\u{1f}TLP:AMBER",
];

/// Returns the grade of a source.
pub(crate) fn grade(number: u16) -> Grade {
    let (reliability, credibility) = (usize::from(number % 3), usize::from(number / 3 % 4));
    Grade { reliability: Reliability::ALL[reliability * 2 + 1], credibility: Credibility::ALL[credibility] }
}

/// Returns the id of the event with a number.
pub(crate) fn event_id(number: usize) -> EventId {
    EventId::from_uuid(Uuid::from_u128((number as u128 + 1) * 0x0001_0000_0001_0000_0001))
}

/// Returns the pseudonym of one of three recorders.
pub(crate) fn actor(number: u16) -> ActorId {
    ActorId::from_uuid(Uuid::from_u128(0xac_0000 + u128::from(number % 3)))
}

/// Returns an empty log whose clock goes a second further with each event.
pub(crate) fn empty_log(name: &str) -> Arc<dyn EventStore> {
    let clock = AtomicI64::new(1_300_000_000_000_000);
    let now = move || Timestamp::from_micros(clock.fetch_add(1_000_000, Ordering::Relaxed)).unwrap();
    Arc::new(MemoryStore::new(name, Arc::new(now)))
}

/// Returns a log of these events.
pub(crate) fn log_of(choices: &[Choice]) -> Arc<dyn EventStore> {
    let store = empty_log("random");
    extend(&store, choices);
    store
}

/// Records these events after those that a log has.
pub(crate) fn extend(store: &Arc<dyn EventStore>, choices: &[Choice]) {
    for choice in choices {
        let number = usize::try_from(store.head().size).unwrap();
        let event = new_event(number, *choice);
        let request = RequestId::from_uuid(Uuid::from_u128(0x9e9e + number as u128));
        store.append(vec![event], Condition::default(), request).unwrap();
    }
}

fn new_event(number: usize, choice: Choice) -> NewEvent {
    let id = event_id(number);
    let sort = choice.0 % 41;
    if sort == 40 {
        let streams = vec![demarche::domain::event::DESK];
        let body = r#"{"of":"another format"}"#.to_owned();
        return recorded(id, choice, streams, Class::Incident, body);
    }
    let body = body(number, choice, true).to_string();
    let event = Event::decode(SCHEMA, &body).unwrap_or_else(|error| panic!("{body}: {error:?}"));
    let mut streams = streams(&event, id);
    streams.truncate(STREAMS_MAX);
    let class = if event.kind() == Kind::RecordRedacted { Class::RecordRedacted } else { Class::Fact };
    recorded(id, choice, streams, class, body)
}

fn recorded(id: EventId, choice: Choice, streams: Vec<EntityId>, class: Class, body: String) -> NewEvent {
    let actor = actor(choice.1);
    NewEvent {
        id: Some(id),
        streams,
        class,
        schema: SCHEMA,
        actor,
        body,
        attachments: Vec::new(),
        signature: None,
    }
}

/// Returns something that exists, or now and then something that does not yet.
fn pick(number: usize, choice: u16) -> EventId {
    event_id(usize::from(choice) % (number + 1 + usize::from(choice.is_multiple_of(7))))
}

/// Returns a body; one that is to be a reading corrects nothing.
fn body(number: usize, (sort, one, two, three, four): Choice, may_correct: bool) -> Value {
    let (first, second) = (pick(number, one), pick(number, two));
    let sort = if may_correct { sort % 41 } else { sort % 22 };
    let mut body = match sort {
        0 | 1 => json!({"kind": "channel.registered",
            "detail": {"name": format!("line-{}", one % 4), "sort": "line", "names": [{"text": format!("Line {two}")}]}}),
        2 | 3 => json!({"kind": "party.registered",
            "detail": {"code": format!("x-{}", one % 4), "names": [{"text": format!("Party {two}")}]}}),
        4 => json!({"kind": "series.registered", "detail": {"names": [{"text": "Talks"}]}}),
        5 => json!({"kind": "recorder.registered", "detail": {"name": format!("recorder {}", one % 3)}}),
        6 => {
            json!({"kind": "channel.named", "about": [first], "detail": {"names": [{"text": format!("also {three}")}]}})
        }
        7 => {
            json!({"kind": "party.named", "about": [first, second], "detail": {"names": [{"text": "같은"}]}})
        }
        8 => json!({"kind": "policy.set", "detail": {"name": format!("policy {}", one % 2)}}),
        9 => {
            json!({"kind": "policy.ended", "about": [first], "detail": {"name": format!("policy {}", one % 2)}})
        }
        10 => {
            json!({"kind": "moment.named", "detail": {"name": format!("moment {}", one % 3), "size": two % 9}})
        }
        11..=13 => {
            json!({"kind": "overture.proposed", "via": [first], "from": [second], "to": [pick(number, three)]})
        }
        14 => {
            json!({"kind": "response.counter_proposed", "opens": one % 2 == 0, "about": [first], "from": [second]})
        }
        15 => {
            let sides = [first, pick(number, three)];
            json!({"kind": "meeting.held", "opens": one % 2 == 0, "about": [second],
                "from": sides[..usize::from(three % 3)], "to": sides[..usize::from(four % 2)]})
        }
        16 => json!({"kind": "silence.recorded", "about": [first],
            "detail": {"subject": [second], "towards": [pick(number, three)], "basis": "policy_default"}}),
        17 => json!({"kind": "call.unanswered", "about": [first], "via": [second]}),
        18 => json!({"kind": "call.unanswered", "about": [first], "from": [second]}),
        19 => json!({"kind": "statement.public", "via": [first], "from": [second, pick(number, three)]}),
        20 | 21 => json!({"kind": "statement.public", "from": [first], "to": [second, pick(number, three)]}),
        22..=26 => json!({"kind": "record.amended", "about": [second],
            "detail": {"target": first, "reading": self::body(number, (one as u8, two, three, four, one), false)}}),
        27..=31 => json!({"kind": "record.retracted", "detail": {"target": first}}),
        32..=35 => json!({"kind": "record.linked", "detail": {"source": first, "withdrawn": three % 3 == 0,
            "link": {"relation": RELATIONS[usize::from(three) % 6], "target": second}}}),
        36 | 37 => {
            let mut detail = json!({"target": first, "basis": "Archives Act", "approvals": []});
            if two % 3 == 0 {
                // What is said instead may correct others, but removes no text.
                let sort = if matches!(one as u8 % 41, 36 | 37) { 27 } else { one as u8 };
                detail["replacement"] = self::body(number, (sort, two, three, four, one), two % 2 == 0);
            } else if two % 3 == 1 {
                detail["entity"] = json!(EntityKind::ALL[usize::from(three) % EntityKind::ALL.len()]);
            }
            if three % 2 == 0 {
                detail["called"] = json!([{"namespace": "f", "id": format!("r{}", two % 5)}]);
            }
            json!({"kind": "record.redacted", "detail": detail})
        }
        38 => json!({"kind": "record.annotated", "detail": {"target": first, "remark": "so"}}),
        _ => json!({"kind": "incident", "about": [first]}),
    };
    if four % 4 != 0 {
        body["occurred"] = json!(DATES[usize::from(four) % DATES.len()]);
    }
    if four % 5 == 0 {
        body["external_refs"] =
            json!([{"namespace": if one % 2 == 0 { "f" } else { "g" }, "id": format!("r{}", two % 5)}]);
    }
    if three % 3 == 0 {
        let topics = [three / 3, three / 9].map(|topic| TOPICS[usize::from(topic) % 3]);
        body["topics"] = json!(&topics[..=usize::from(one % 2)]);
    }
    if three % 4 == 1 {
        body["marking"] = json!(MARKINGS[usize::from(two) % 2]);
    }
    if two % 3 == 0 {
        let source = |number: u16| {
            let grade = grade(number);
            json!({"locator": "x", "reliability": grade.reliability, "credibility": grade.credibility})
        };
        body["sources"] = json!([source(one), source(three)]);
    }
    if four % 3 == 0 {
        let relation = RELATIONS[usize::from(four / 3) % 6];
        body["links"] = json!([{"relation": relation, "target": pick(number, three)}]);
    }
    body
}
