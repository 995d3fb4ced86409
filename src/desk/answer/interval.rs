//! In which state each line was when.

use serde::{Deserialize, Serialize};

use crate::desk::answer::Date;
use crate::desk::answer::entry::{EntryRef, Named};
use crate::domain::timestamp::Timestamp;

/// A time during which a line was in one state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct IntervalRow {
    /// The line.
    pub channel: Named,
    /// What it was found to be one with: the row tells of all of these names together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub one_with: Vec<Named>,
    /// `active`, `degraded`, `unresponsive`, `dormant`, `suspended`, `severed`, `closed`, `planned`, or
    /// `unknown`.
    pub state: String,
    /// When it began; none for what was before anything is known of the line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<BoundaryRow>,
    /// When it ended; none while it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<BoundaryRow>,
    /// The rule by which the state was derived; none where it was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub derived_by: Option<String>,
    /// The entry that found what was derived to be so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_by: Option<EntryRef>,
    /// Whole days from its beginning to its end, or to the moment of the answer; none without a beginning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<i64>,
}

/// The moment between two states.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct BoundaryRow {
    /// The earliest moment that it can be: from then on the later state counts.
    pub earliest: Timestamp,
    /// The latest, where it can be later: until then the earlier state is possible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest: Option<Timestamp>,
    /// The date as it is recorded, or the day on which a clock or another policy changed the state.
    pub date: Date,
    /// The entry that changed the state; none where a clock or another policy did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<EntryRef>,
}
