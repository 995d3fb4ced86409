//! The acceptance test of DOMAIN 3.6: a real chronology folds without an anomaly, in whatever order its
//! lines were recorded.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::Value;

use crate::domain::channel::{Channel, ChannelStanding, ChannelState};
use crate::domain::event::{Envelope, Event, ExternalRef};
use crate::domain::fact::Kind;
use crate::domain::id::{ActorId, EntityId, EventId};
use crate::domain::policy::Policies;
use crate::domain::reading::RawEvent;
use crate::domain::timestamp::Timestamp;
use crate::domain::zone::Zone;

/// The entries of the chronology, and the channels that they name.
struct Chronology {
    history: Vec<RawEvent>,
    channels: BTreeMap<String, EntityId>,
}

impl Chronology {
    fn read() -> Option<Self> {
        let text = crate::testing::shared("inter-korean-chronology.jsonl")?;
        let mut chronology = Self { history: Vec::new(), channels: BTreeMap::new() };
        for (position, line) in text.lines().enumerate() {
            let raw = chronology.event(position, &serde_json::from_str(line).unwrap());
            chronology.history.push(raw);
        }
        Some(chronology)
    }

    fn event(&mut self, position: usize, row: &Value) -> RawEvent {
        let words = |value: &Value| match value {
            Value::Array(several) => several.iter().map(|word| word.as_str().unwrap().to_owned()).collect(),
            Value::String(one) => vec![one.clone()],
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
        };
        let channels: Vec<EntityId> = words(&row["channel"])
            .into_iter()
            .map(|name| {
                let next = EntityId::from_uuid(uuid::Uuid::from_u128(1_000 + self.channels.len() as u128));
                *self.channels.entry(name).or_insert(next)
            })
            .collect();
        let kind: Kind = serde_json::from_value(row["kind"].clone()).unwrap();
        let name = kind.as_str();
        let subject = ["channel.", "call.", "calls."].iter().any(|prefix| name.starts_with(prefix));
        let (about, via) = if subject { (channels, Vec::new()) } else { (Vec::new(), channels) };
        let detail = if kind == Kind::SilenceRecorded { r#"{"subject":[],"basis":"none"}"# } else { "{}" };
        let envelope = Envelope {
            occurred: Some(row["date"].as_str().unwrap().parse().unwrap()),
            about,
            via,
            external_refs: vec![ExternalRef {
                namespace: "file".to_owned(),
                id: row["id"].as_str().unwrap().to_owned(),
            }],
            ..Envelope::default()
        };
        RawEvent {
            position: position as u64,
            at: Timestamp::MAX,
            id: EventId::from_uuid(uuid::Uuid::from_u128(position as u128 + 1)),
            actor: ActorId::from_uuid(uuid::Uuid::from_u128(1)),
            event: Some(Event { envelope, fact: kind.decode(detail).unwrap() }),
            removed: None,
        }
    }

    fn stand(&self, name: &str, at: &str) -> ChannelStanding {
        let zone: Zone = "Asia/Seoul".parse().unwrap();
        let policies = Policies::default();
        let channel = Channel { id: self.channels[name], registered: None, policies: &policies, zone: &zone };
        let at = at.parse::<crate::domain::occurred::Occurred>().unwrap().latest(&zone);
        channel.stand(&channel.story(self.history.clone()), at)
    }

    fn handle(&self, id: Option<EventId>) -> &str {
        let raw = id.and_then(|id| self.history.iter().find(|raw| raw.id == id));
        raw.and_then(|raw| raw.event.as_ref()).map_or("", |event| &event.envelope.external_refs[0].id)
    }

    fn check_all(&self) {
        for name in self.channels.keys() {
            let standing = self.stand(name, "2026-01-01");
            assert_eq!(standing.anomalies, [], "{name}");
            assert_eq!(standing.ties, [], "{name}");
        }
        for (name, at, state, reason) in [
            ("rc-panmunjom", "1976-08-31", "severed", "ik-012"),
            ("rc-panmunjom", "2013-06-08", "active", "ik-083"),
            ("mil-west", "2008-06-01", "degraded", "ik-062"),
            ("mil-west", "2016-03-01", "severed", "ik-094"),
            ("mil-west", "2018-02-01", "active", "ik-108"),
            ("mil-east", "2018-02-01", "degraded", "ik-067"),
            ("liaison-line", "2020-06-08", "active", "ik-113"),
            ("liaison-line", "2020-06-10", "severed", "ik-121"),
            ("mil-west", "2020-06-10", "severed", "ik-121"),
            ("mil-east", "2020-06-10", "severed", "ik-121"),
            ("leaders-hotline", "2020-06-10", "severed", "ik-121"),
            ("jlo-kaesong", "2020-06-16", "closed", "ik-124"),
            ("liaison-line", "2021-08-10", "active", "ik-127"),
            ("liaison-line", "2022-10-05", "active", "ik-127"),
            ("liaison-line", "2023-04-08", "active", "ik-127"),
            ("liaison-line", "2023-04-12", "unresponsive", "ik-139"),
            ("mil-west", "2023-04-12", "unresponsive", "ik-138"),
        ] {
            let standing = self.stand(name, at);
            let found = standing.state.map(ChannelState::as_str);
            assert_eq!((found, self.handle(standing.reason)), (Some(state), reason), "{name} {at}");
            assert_eq!(standing.derived_by, None, "{name} {at}");
        }
        let cut = self.stand("mil-west", "2016-06-01");
        assert_eq!(
            cut.used_while_cut.iter().map(|id| self.handle(Some(*id))).collect::<Vec<_>>(),
            ["ik-096"]
        );
        assert_eq!(self.handle(cut.last_evidence), "ik-096");
        assert!(
            self.stand("mil-east", "2010-11-15").possibly && !self.stand("mil-east", "2010-12-01").possibly
        );
        let silent = self.stand("liaison-line", "2023-04-12");
        assert_eq!(silent.last_answer.unwrap().as_str(), "2022-05-17T17:00:00+09:00");
        assert_eq!(silent.missed_in_a_row, 2);
    }
}

#[test]
fn the_chronology_folds_without_an_anomaly_to_the_states_of_the_day() {
    let Some(chronology) = Chronology::read() else { return };
    assert!(chronology.channels.len() > 10);
    chronology.check_all();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn the_order_of_the_lines_does_not_matter(places in Just((0..150).collect::<Vec<u64>>()).prop_shuffle()) {
        let Some(mut chronology) = Chronology::read() else { return Ok(()) };
        for (event, place) in chronology.history.iter_mut().zip(places) {
            event.position = place;
        }
        chronology.history.sort_by_key(|event| event.position);
        chronology.check_all();
    }
}
