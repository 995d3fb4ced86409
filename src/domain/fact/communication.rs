//! What was said or happened outside a thread: messages, statements, incidents, assessments.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::words::words;

words! {
    /// How urgent a cable was.
    Precedence {
        /// Before all others.
        Flash = "flash",
        /// Read tonight.
        Immediate = "immediate",
        /// Read today.
        Priority = "priority",
        /// In its turn.
        Routine = "routine",
    }
}

/// A message passed between two ends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// The number or reference on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// How urgent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precedence: Option<Precedence>,
    /// Captions that limit who may read it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub captions: Vec<String>,
    /// Who got it for information beside those to whom it went.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub info: Vec<String>,
    /// Who read it out and who took it down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passed_by: Option<String>,
    /// Read back and found right.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub read_back: bool,
}

/// Something said in public, a protest, an agreement made known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// Where it was published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outlet: Option<String>,
    /// Its title or reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
}

/// Something happened that bears on the talks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Incident {
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// What someone holds to be the case; kept apart from what was claimed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Assessment {
    /// The judgement, in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judgement: Option<String>,
}
