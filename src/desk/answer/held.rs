//! What waits for a second person.

use serde::{Deserialize, Serialize};

use crate::desk::answer::entry::EntryRef;
use crate::domain::timestamp::Timestamp;

/// An entry that counts when somebody else confirms it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct HeldRow {
    /// What would be recorded; the handle is that of what waits.
    #[serde(flatten)]
    pub entry: EntryRef,
    /// Where it waits.
    pub position: u64,
    /// Since when.
    pub recorded_at: Timestamp,
    /// Who recorded it.
    pub recorder: String,
    /// The entry that it would correct.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrects: Option<EntryRef>,
    /// How that entry is marked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marked_before: Option<String>,
    /// How it would be marked, or the entry that it corrects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marked: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What earlier readings of the entry say otherwise that whoever would be let see it would see as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_seen: Vec<String>,
}
