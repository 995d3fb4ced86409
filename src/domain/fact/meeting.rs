//! What is said of a meeting, of a series of talks, and of what came out of them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::fact::register::Name;
use crate::domain::id::EntityId;
use crate::domain::occurred::Occurred;
use crate::domain::words::words;
use crate::domain::zone::Zone;

words! {
    /// What a meeting left behind.
    Outcome {
        /// A text of both sides.
        JointText = "joint_text",
        /// Each side spoke for itself.
        SeparateStatements = "separate_statements",
        /// Nothing.
        None = "none",
    }
}

/// When, where, who and about what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Meeting {
    /// When it is to be; of one that is put off, its new date, unless that is the day on which it was put off or an
    /// earlier one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<Occurred>,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// At what level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// Who leads the delegations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub heads: Vec<String>,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agenda: Vec<String>,
    /// The number of the round, as each side counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round: Option<u32>,
    /// It prepares other talks.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub preliminary: bool,
    /// Who postponed, cancelled or broke it off.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<EntityId>,
    /// Why, as given; `not stated` where nobody gave a reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The date to which it was put off or adjourned; where one that is put off has no `date` either, it is sine die.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Occurred>,
    /// What it left behind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
}

impl Meeting {
    /// Returns the date to which the meeting is put off by whoever puts it off on `day`; none where it is sine die.
    ///
    /// It is `until`, else `date`, unless that does not come after `day`: then it is the date that the meeting had.
    pub fn put_off_to(&self, day: Option<&Occurred>, zone: &Zone) -> Option<&Occurred> {
        let over = day.map(|day| if day.is_doubtful() { day.earliest(zone) } else { day.latest(zone) });
        let is_new = |date: &&Occurred| over.is_none_or(|over| date.earliest(zone) > over);
        self.until.as_ref().or_else(|| self.date.as_ref().filter(is_new))
    }
}

/// A series of talks is entered in the register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SeriesRegistered {
    /// The names by which it goes, the one to show first.
    pub names: Vec<Name>,
    /// Who talks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ends: Vec<EntityId>,
}

/// What became of talks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Talks {
    /// Who did it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<EntityId>,
    /// Why, as given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}
