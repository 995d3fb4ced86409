//! What is said of the record itself: nothing is edited, so a correction is an event about an event.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::domain::id::EventId;
use crate::domain::link::Link;

/// An entry reads otherwise from now on; the earlier reading stays.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Amended {
    /// The entry.
    pub target: EventId,
    /// The whole new reading: the body of an event, of a kind that is no `record.*`.
    #[schemars(with = "serde_json::Value")]
    pub reading: Box<RawValue>,
}

impl PartialEq for Amended {
    fn eq(&self, other: &Self) -> bool {
        self.target == other.target && self.reading.get() == other.reading.get()
    }
}

impl Eq for Amended {}

/// An entry is struck; it stays readable. Striking a retraction restores what it struck.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Retracted {
    /// The entry.
    pub target: EventId,
}

/// An entry bears on another, or no longer does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Linked {
    /// The entry that bears on the other.
    pub source: EventId,
    /// On what it bears, and how.
    pub link: Link,
    /// The assertion is taken back: the source no longer has this relation to this target.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withdrawn: bool,
}

/// A remark on an entry, that moves nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Annotated {
    /// The entry.
    pub target: EventId,
    /// The remark.
    pub remark: String,
}

/// A text is removed; what remains may be said instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Redacted {
    /// The entry.
    pub target: EventId,
}
