//! What the log would know if some events were recorded: to say what follows from them before they are.

use std::collections::HashMap;

use crate::domain::event;
use crate::domain::fact::{EntityKind, Subject};
use crate::domain::id::{EntityId, EventId};
use crate::domain::reading::RawEvent;

/// Events that are not recorded, as if they stood at the end of the log.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    events: Vec<RawEvent>,
    by_id: HashMap<EventId, usize>,
    by_stream: HashMap<EntityId, Vec<usize>>,
    created: HashMap<EntityId, (u64, EntityKind)>,
    external: HashMap<(String, String), Vec<EventId>>,
}

impl Ahead {
    /// Returns the events as they would stand, in their order.
    pub(super) fn of(events: Vec<RawEvent>) -> Self {
        let mut ahead = Self::default();
        for (place, raw) in events.iter().enumerate() {
            ahead.by_id.insert(raw.id, place);
            let Some(event) = &raw.event else { continue };
            for stream in event::streams(event, raw.id) {
                ahead.by_stream.entry(stream).or_default().push(place);
            }
            if let (Some(entity), Subject::Creates(kind) | Subject::MayCreate(kind)) =
                (event.created(raw.id), event.kind().subject())
            {
                ahead.created.insert(entity, (raw.position, kind));
            }
            for external in &event.envelope.external_refs {
                let name = (external.namespace.clone(), external.id.clone());
                ahead.external.entry(name).or_default().push(raw.id);
            }
        }
        ahead.events = events;
        ahead
    }

    pub(super) fn events(&self) -> &[RawEvent] {
        &self.events
    }

    pub(super) fn event(&self, id: EventId) -> Option<&RawEvent> {
        self.by_id.get(&id).and_then(|place| self.events.get(*place))
    }

    pub(super) fn history(&self, id: EntityId) -> impl Iterator<Item = &RawEvent> {
        self.by_stream.get(&id).into_iter().flatten().filter_map(|place| self.events.get(*place))
    }

    pub(super) fn creation(&self, id: EntityId) -> Option<(u64, EntityKind)> {
        self.created.get(&id).copied()
    }

    pub(super) fn entities(&self, kind: EntityKind) -> Vec<EntityId> {
        let created = self.created.iter().filter(|(_, (_, known))| *known == kind);
        let mut found: Vec<(u64, EntityId)> = created.map(|(id, (position, _))| (*position, *id)).collect();
        found.sort_unstable();
        found.into_iter().map(|(_, id)| id).collect()
    }

    pub(super) fn external(&self, namespace: &str, id: &str) -> &[EventId] {
        self.external.get(&(namespace.to_owned(), id.to_owned())).map_or(&[], Vec::as_slice)
    }
}
