//! That one entry bears on another: an assertion with an author and a confidence, never a fact.

use serde::{Deserialize, Serialize};

use crate::domain::id::{EntityId, EventId};

/// Someone asserts that this entry stands in a relation to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// What this entry does to the other.
    pub relation: Relation,
    /// The other entry; for an overture, a meeting or a channel, the event that brought it into being.
    pub target: EventId,
    /// How sure the author is.
    #[serde(default, skip_serializing_if = "Confidence::is_unstated")]
    pub confidence: Confidence,
    /// The party that says so, where it is not the desk itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asserted_by: Option<EntityId>,
}

impl Link {
    /// Returns the desk's own assertion with no confidence stated.
    pub fn new(relation: Relation, target: EventId) -> Self {
        Self { relation, target, confidence: Confidence::default(), asserted_by: None }
    }
}

/// What one entry does to another.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// It replies to the other.
    Answers,
    /// It makes a proposal of its own in reply to the other.
    Counters,
    /// It says the other again on the same terms.
    Reiterates,
    /// It changes the terms of the other.
    Revises,
    /// It takes the place of the other.
    Supersedes,
    /// It speaks to the other before the other was made; it answers nothing.
    Anticipates,
    /// It carries out what the other offered.
    Realises,
    /// It bears on the other in a way that its kind tells.
    Concerns,
    /// It is a part of the other: a meeting of a series, a text of a statement.
    PartOf,
    /// It stands where the other was: a new circuit, a revived meeting.
    Replaces,
    /// It reports otherwise.
    Contradicts,
    /// It reports the same from elsewhere.
    Corroborates,
    /// It mends the other.
    Corrects,
    /// It reports what the other already reports.
    Duplicates,
    /// It happened before the other, whatever the dates say.
    Before,
    /// It happened after the other, whatever the dates say.
    After,
}

impl Relation {
    /// Every relation.
    pub const ALL: [Self; 16] = [
        Self::Answers,
        Self::Counters,
        Self::Reiterates,
        Self::Revises,
        Self::Supersedes,
        Self::Anticipates,
        Self::Realises,
        Self::Concerns,
        Self::PartOf,
        Self::Replaces,
        Self::Contradicts,
        Self::Corroborates,
        Self::Corrects,
        Self::Duplicates,
        Self::Before,
        Self::After,
    ];

    /// Returns the word of it, as it is recorded.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answers => "answers",
            Self::Counters => "counters",
            Self::Reiterates => "reiterates",
            Self::Revises => "revises",
            Self::Supersedes => "supersedes",
            Self::Anticipates => "anticipates",
            Self::Realises => "realises",
            Self::Concerns => "concerns",
            Self::PartOf => "part_of",
            Self::Replaces => "replaces",
            Self::Contradicts => "contradicts",
            Self::Corroborates => "corroborates",
            Self::Corrects => "corrects",
            Self::Duplicates => "duplicates",
            Self::Before => "before",
            Self::After => "after",
        }
    }

    /// Tells whether an entry with this relation enters the history of what it points at.
    ///
    /// `anticipates`, `contradicts` and the like are shown beside the thread and move no state.
    pub const fn enters_history(self) -> bool {
        matches!(
            self,
            Self::Answers
                | Self::Counters
                | Self::Reiterates
                | Self::Revises
                | Self::Supersedes
                | Self::Realises
                | Self::Concerns
                | Self::PartOf
        )
    }
}

/// How sure someone is.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Nobody said how sure.
    #[default]
    Unstated,
    /// Weak grounds.
    Low,
    /// Fair grounds.
    Medium,
    /// Strong grounds.
    High,
}

impl Confidence {
    /// Tells whether nobody said how sure.
    pub fn is_unstated(&self) -> bool {
        *self == Self::Unstated
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_of_a_relation_is_the_one_that_is_recorded() {
        for relation in Relation::ALL {
            assert_eq!(serde_json::to_value(relation).unwrap(), relation.as_str());
        }
    }
}
