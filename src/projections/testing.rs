//! Bodies as events of a log in memory, by number, for tests.

use serde_json::Value;
use uuid::Uuid;

use crate::domain::event::{Event, SCHEMA, streams};
use crate::domain::fact::Kind;
use crate::domain::id::{ActorId, EventId, RequestId};
use crate::store::{Class, Condition, EventStore, NewEvent};

/// Returns the id of the event at a position.
pub(super) fn id(position: u64) -> EventId {
    EventId::from_uuid(Uuid::from_u128(u128::from(position) + 1))
}

/// Records a body, and returns its position.
pub(super) fn append(store: &dyn EventStore, body: &Value) -> u64 {
    let position = store.head().size;
    let event = Event::decode(SCHEMA, &body.to_string()).unwrap();
    let class = if event.kind() == Kind::RecordRedacted { Class::RecordRedacted } else { Class::Fact };
    let new = NewEvent {
        id: Some(id(position)),
        streams: streams(&event, id(position)),
        class,
        schema: SCHEMA,
        actor: ActorId::from_uuid(Uuid::from_u128(7)),
        body: body.to_string(),
        attachments: Vec::new(),
        signature: None,
    };
    let request = RequestId::from_uuid(Uuid::from_u128(0xabc0_0000 + u128::from(position)));
    store.append(vec![new], Condition::default(), request).unwrap();
    position
}
