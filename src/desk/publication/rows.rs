//! What is asked and answered about the publication of the log.

use serde::{Deserialize, Serialize};

/// Whether a checkpoint that not enough witnesses cosigned is published.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Publish {
    /// It is not: outsiders are shown the newest that enough of them cosigned.
    #[default]
    Quorum,
    /// It is, and marked as unwitnessed.
    Marked,
}

impl Publish {
    /// Returns the word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Quorum => "quorum",
            Self::Marked => "marked",
        }
    }

    /// Returns what a word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Quorum, Self::Marked].into_iter().find(|publish| publish.word() == word)
    }
}

/// By which policy the log is to be published.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyAsk {
    /// The policy, as C2SP tlog-policy writes it.
    pub(crate) policy: String,
    /// What is done with a checkpoint that has no quorum.
    #[serde(default)]
    pub(crate) publish: Publish,
}

/// Cosignatures that came from witnesses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CosignaturesAsk {
    /// Signature lines, as a witness answers with them, or whole notes that bear them.
    pub(crate) lines: String,
}

/// By which policy the log is published, and how far that is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PolicyRow {
    /// The policy; none where every checkpoint is published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// What is done with a checkpoint that has no quorum.
    pub publish: Publish,
    /// The witnesses of the policy.
    pub witnesses: Vec<WitnessRow>,
    /// Whether enough of them cosigned the newest checkpoint; none without a policy or a checkpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub met: Option<bool>,
    /// The size of the newest checkpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<u64>,
    /// The size of the checkpoint that outsiders are shown; none where they are shown none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<u64>,
}

/// A witness of the policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct WitnessRow {
    /// What the policy calls it.
    pub name: String,
    /// Its verifier key.
    pub key: String,
    /// Where it is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The size of the largest checkpoint with its cosignature that is kept here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cosigned: Option<u64>,
    /// Whether it cosigned the newest.
    pub newest: bool,
}

/// Cosignatures that were taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CosignedRow {
    /// The size of the checkpoint that they are of.
    pub size: u64,
    /// How many were taken.
    pub taken: usize,
    /// Whether the quorum is met now.
    pub met: bool,
}
