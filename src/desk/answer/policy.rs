//! House rules and agreed rules, each with its time.

use serde::{Deserialize, Serialize};

use crate::desk::answer::Date;
use crate::desk::answer::entry::{EntryRef, Named};
use crate::domain::id::EventId;
use crate::domain::timestamp::Timestamp;

/// A policy as it was set, and how long it held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[schemars(rename = "RuleRow")]
pub struct PolicyRow {
    /// The event that set it.
    pub id: EventId,
    /// What it is called.
    pub name: String,
    /// From when on.
    pub from: Date,
    /// Until when; none where nothing ends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
    /// The event that ended or replaced it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<EntryRef>,
    /// It holds at the moment of the answer.
    pub in_force: bool,
    /// What it says: `an answer within 14 days`.
    pub rules: Vec<String>,
    /// It was agreed in the rules of a channel, not set by the house.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub agreed: bool,
    /// For offers of these proposers; of any where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proposers: Vec<Named>,
    /// For these addressees; for any where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addressees: Vec<Named>,
    /// For these channels; for any where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<Named>,
    /// For offers of these kinds; for any where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
    /// Who recorded it.
    pub recorded_by: String,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Why, where a reason was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
