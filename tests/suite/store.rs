//! What the event store promises, asked of its engines through their public face.

mod backups;
mod conformance;
mod copies;
mod damage;
mod kills;
mod model;
mod processes;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use demarche::domain::id::{ActorId, EntityId, EventId, RequestId};
use demarche::domain::timestamp::Timestamp;
use demarche::store::segment::{Opening, Options, SegmentStore};
use demarche::store::{Class, Clock, Condition, EventStore, NewEvent};

/// Opens for writing without waiting for anyone.
const WRITE: Opening = Opening::Write { wait: Duration::ZERO };

/// Segments of a few records, so that every test meets several.
const SMALL: Options = Options { segment_bytes_max: 4 << 10, ..Options::STANDARD };

/// A clock that stands still on every second look, so that the store must keep times apart.
fn clock() -> Clock {
    let looks = AtomicI64::new(0);
    Arc::new(move || {
        let look = looks.fetch_add(1, Ordering::Relaxed);
        Timestamp::from_micros(1_795_000_000_000_000 + look / 2).unwrap()
    })
}

fn uuid(kind: u128, number: u64) -> uuid::Uuid {
    uuid::Uuid::from_u128((u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)) ^ kind)
}

fn stream(number: u64) -> EntityId {
    EntityId::from_uuid(uuid(1, number))
}

fn request(number: u64) -> RequestId {
    RequestId::from_uuid(uuid(2, number))
}

fn event_id(number: u64) -> EventId {
    EventId::from_uuid(uuid(3, number))
}

/// An event that changes one stream and says `text`.
fn event(on: u64, text: &str) -> NewEvent {
    NewEvent {
        id: None,
        streams: vec![stream(on)],
        class: Class::Fact,
        schema: 1,
        actor: ActorId::from_uuid(uuid(4, 1)),
        body: serde_json::json!({ "text": text }).to_string(),
        attachments: vec![],
        signature: None,
    }
}

/// Appends `count` events, one at a time, with the requests `from..`.
fn fill(store: &dyn EventStore, from: u64, count: u64) {
    for number in from..from + count {
        store
            .append(vec![event(number % 3, &format!("fact {number}"))], Condition::default(), request(number))
            .unwrap();
    }
}

fn create(dir: &Path) -> SegmentStore {
    SegmentStore::create(dir, "seoul", clock()).unwrap().close().unwrap();
    open(dir)
}

fn open(dir: &Path) -> SegmentStore {
    SegmentStore::open_with(dir, WRITE, clock(), SMALL).unwrap()
}

fn read(dir: &Path) -> SegmentStore {
    SegmentStore::open_with(dir, Opening::Read, clock(), SMALL).unwrap()
}
