//! Counts: how many entries of a part of the log have what in common, and when they happened.

use serde::{Deserialize, Serialize};

use crate::domain::timestamp::Timestamp;

/// What was counted of a part of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Facets {
    /// How many entries there are.
    pub total: u64,
    /// By each field asked for, in that order.
    pub fields: Vec<FacetRow>,
    /// Over time, where that is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub density: Option<DensityRow>,
}

/// The entries by one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FacetRow {
    /// The field, as the filter calls it; `year` for the year in which an entry happened.
    pub field: String,
    /// The values that entries have, the most frequent first, a kind or a body after what it belongs to;
    /// years in their order. An entry may have several, and counts for each.
    pub values: Vec<FacetValue>,
    /// How many further values entries have.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: u64,
    /// How many entries have none: nothing of it is recorded, or its text was removed. Not told of a field
    /// that every entry has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_recorded: Option<u64>,
}

/// One value of a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FacetValue {
    /// What the filter takes for it.
    pub value: String,
    /// Its name, where that is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The value that this one is a part of: the family of a kind, the whole of a body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<String>,
    /// How many entries have it.
    pub entries: u64,
}

/// The entries over time.
///
/// Each counts once, at the earliest moment that its date can mean; one that can have been at any time before another,
/// as without a date, in no stretch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DensityRow {
    /// By which time: `occurred` or `recorded`.
    pub by: String,
    /// How long each stretch is: `hour`, `day`, `week`, `month`, `quarter`, `year` or `decade`.
    pub width: String,
    /// Every stretch from the first entry to the last, empty ones among them, at most 400.
    pub stretches: Vec<Stretch>,
    /// How many entries are earlier than all of them, or begin nobody knows when.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub before: u64,
}

/// A stretch of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Stretch {
    /// What it is called: `2018-03`, `2018-Q1`, `2018-W09`.
    pub name: String,
    /// Its first moment.
    pub start: Timestamp,
    /// How many entries fall into it.
    pub entries: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
pub(super) fn is_zero(number: &u64) -> bool {
    *number == 0
}
