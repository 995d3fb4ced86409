//! Events as they are shown to whoever goes along the log, in memory that is used again.

use crate::domain::id::{ActorId, EntityId, EventId};
use crate::domain::timestamp::Timestamp;
use crate::store::{Body, Class, Recorded};

/// An event of the log, as long as whoever shows it does not go on: what a fold rests on, which is all of it but
/// what only proofs and receipts need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen<'a> {
    /// As [`Recorded::position`].
    pub position: u64,
    /// As [`Recorded::at`].
    pub at: Timestamp,
    /// As [`Recorded::id`].
    pub id: EventId,
    /// As [`Recorded::streams`].
    pub streams: &'a [(EntityId, u64)],
    /// As [`Recorded::class`].
    pub class: Class,
    /// As [`Recorded::schema`].
    pub schema: u16,
    /// As [`Recorded::actor`].
    pub actor: ActorId,
    /// As [`Recorded::body`].
    pub body: SeenBody<'a>,
}

/// As [`Body`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeenBody<'a> {
    /// As [`Body::Plain`].
    Plain(&'a str),
    /// As [`Body::Redacted`].
    Redacted,
    /// As [`Body::Missing`].
    Missing,
}

impl<'a> From<&'a Recorded> for Seen<'a> {
    fn from(recorded: &'a Recorded) -> Self {
        Self {
            position: recorded.position,
            at: recorded.at,
            id: recorded.id,
            streams: &recorded.streams,
            class: recorded.class,
            schema: recorded.schema,
            actor: recorded.actor,
            body: match &recorded.body {
                Body::Plain(body) => SeenBody::Plain(body),
                Body::Redacted => SeenBody::Redacted,
                Body::Missing => SeenBody::Missing,
            },
        }
    }
}
