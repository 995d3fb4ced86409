//! Entries that were recorded late, and why.

use serde::{Deserialize, Serialize};

use crate::desk::answer::Date;
use crate::desk::answer::entry::EntryRow;

/// An entry that was recorded long after it had happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LateRow {
    /// The entry; its `reason` is why it came late, where one was given.
    #[serde(flatten)]
    pub row: EntryRow,
    /// Whole days from the last moment at which it can have happened to its recording.
    pub days: i64,
    /// When the desk learned of it; none where nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub learned: Option<Date>,
    /// Whole days from then to its recording.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days_since_learned: Option<i64>,
    /// What the recorder added, which may tell why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The file from which it was imported; none where it was recorded by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}
