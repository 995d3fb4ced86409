//! What is said of the record itself: nothing is edited, so a correction is an event about an event.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::domain::event::ExternalRef;
use crate::domain::fact::EntityKind;
use crate::domain::id::{EntityId, EventId};
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

/// An entry waits for a second person: it counts for nothing until somebody else confirms it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// The body of the event as it is recorded once it is confirmed: an entry, or a correction.
    #[schemars(with = "serde_json::Value")]
    pub entry: Box<RawValue>,
}

impl PartialEq for Held {
    fn eq(&self, other: &Self) -> bool {
        self.entry.get() == other.entry.get()
    }
}

impl Eq for Held {}

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
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Redacted {
    /// The entry.
    pub target: EventId,
    /// The legal basis.
    pub basis: String,
    /// Who approved it: two who are not the same.
    pub approvals: Vec<Approval>,
    /// What the entry brought into being: it stays under its id, whatever may be said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entity: Option<EntityKind>,
    /// What the entry is called elsewhere: it is still found by these names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub called: Vec<ExternalRef>,
    /// What may still be said: the body of an event, which is read in the place of the entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<serde_json::Value>")]
    pub replacement: Option<Box<RawValue>>,
}

impl PartialEq for Redacted {
    fn eq(&self, other: &Self) -> bool {
        let text = |redacted: &Self| redacted.replacement.as_ref().map(|reading| reading.get().to_owned());
        self.target == other.target
            && self.basis == other.basis
            && self.approvals == other.approvals
            && self.entity == other.entity
            && self.called == other.called
            && text(self) == text(other)
    }
}

impl Eq for Redacted {}

/// Someone approved that a text is removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// Who, in the register of recorders.
    pub by: EntityId,
    /// The Ed25519 public key that signed it, 64 lower-case hexadecimal digits; none where it was given by
    /// an account alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The signature over what was approved, base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}
