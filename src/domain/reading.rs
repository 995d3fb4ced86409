//! STUB of readings.

use crate::domain::event::Event;
use crate::domain::id::{ActorId, EventId};
use crate::domain::timestamp::Timestamp;

/// STUB
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawEvent {
    /// STUB
    pub position: u64,
    /// STUB
    pub at: Timestamp,
    /// STUB
    pub id: EventId,
    /// STUB
    pub actor: ActorId,
    /// STUB
    pub event: Option<Event>,
}
