//! How offers were answered: how many, how, and after how long.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::desk::answer::entry::{EntryRef, Named};

/// How offers were answered, together and by what was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AnswerStatistics {
    /// By what the groups are made: `party`, `body`, `proposer`, `channel`, `kind`, `year`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<String>,
    /// What is counted, and how the medians are worked out.
    pub method: String,
    /// Everything together.
    pub together: AnswerGroup,
    /// Each group, in the order of its values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<AnswerGroup>,
}

/// How the offers of a group were answered.
///
/// A case is an offer with one of its addressees: each addressee answers for itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AnswerGroup {
    /// The values that make the group, in the order of `by`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    /// How many offers were made.
    pub overtures: u64,
    /// How many of them name nobody to whom they are made, and were answered by nobody.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub without_addressee: u64,
    /// How many cases: offers by addressee.
    pub cases: u64,
    /// How many were answered by more than "received".
    pub answered: u64,
    /// By what they were first answered: `accepted`, `accepted_with_changes`, `conditional`, `countered`,
    /// `rejected`, `deflected`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub answers: BTreeMap<String, u64>,
    /// The share of the cases that was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share_answered: Option<f64>,
    /// How many still wait for an answer.
    pub open: u64,
    /// The share of the cases that still waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share_open: Option<f64>,
    /// How many ended without an answer: withdrawn, superseded, without object, or come about.
    pub ended: u64,
    /// Of how many no answer can be read, and texts of the thread were removed: one of them may have been the answer. They
    /// neither wait nor ended, and are in no median.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub not_known: u64,
    /// How many of those without an answer were acknowledged.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub acknowledged: u64,
    /// How many were answered late.
    pub late: u64,
    /// How many have no date from which to count; they are in no median.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub undated: u64,
    /// The median of those that were answered, in days: it leaves out whoever still waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median_answered_days: Option<f64>,
    /// After how many days half were answered, by Kaplan and Meier, open cases counted as open.
    pub median: Median,
    /// The longest wait that ended in an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest: Option<LongestWait>,
}

/// After how many days half of the cases were answered.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "reached", rename_all = "snake_case")]
pub enum Median {
    /// There is no case with a date.
    NoCases,
    /// Half were answered after so many days.
    Yes {
        /// How many.
        days: i64,
    },
    /// Fewer than half were answered within the time for which any case is known.
    NotReached {
        /// The share that is estimated not to be answered by then.
        unanswered: f64,
    },
}

/// The longest wait that ended in an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LongestWait {
    /// How many days.
    pub days: i64,
    /// The offer.
    pub overture: EntryRef,
    /// Who answered.
    pub party: Named,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}
