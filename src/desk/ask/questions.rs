//! The parameters of questions about silence, answers, intervals, late entries and policies.

use serde::{Deserialize, Serialize};

use crate::desk::ask::FilterAsk;
use crate::domain::words::words;

/// Whose silence, towards whom.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["party"]))]
pub struct SilenceAsk {
    /// Who is silent: a party with every body of it.
    pub party: String,
    /// Towards whom; towards anyone without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub towards: Option<String>,
}

/// Which answers to count, and by what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct AnswersAsk {
    /// Which offers are meant, by the entries that make them. A query is read strictly, so its parameters are
    /// read apart.
    #[serde(flatten, skip_deserializing)]
    pub filter: FilterAsk,
    /// By `party`, `body`, `proposer`, `channel`, `kind` or `year`, comma separated; all together without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// The intervals of which lines, and when.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct IntervalsAsk {
    /// Of these channels, comma separated; of every line without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Only what lasted until this date or longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Only what began by this date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// Which late entries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LateAsk {
    /// Recorded more than this span after they had happened: `3d` (the default), `12h`, `2w`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lag: Option<String>,
    /// Recorded by this person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Recorded within these times: `2026-03..2026-04`, `2026..`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded: Option<String>,
    /// At most so many rows (50 without it, 1,000 at most).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000))]
    pub limit: Option<u32>,
    /// The token of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// Which policies.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PoliciesAsk {
    /// Also those that are replaced, have ended or are yet to begin.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
}

words! {
    /// By what answers are counted.
    AnswersBy {
        /// The addressee, bodies with their state.
        Party = "party",
        /// The addressee as the offer names it.
        Body = "body",
        /// Who proposes, bodies with their state.
        Proposer = "proposer",
        /// What carried the offer.
        Channel = "channel",
        /// The kind of offer.
        Kind = "kind",
        /// The year in which it was first issued.
        Year = "year",
    }
}

words! {
    /// In what manner an overture was answered.
    Manner {
        /// After the time for it was over, after the offer had lapsed, or after silence was found.
        Late = "late",
        /// Over another channel than the one on which an answer was asked for.
        OtherChannel = "other_channel",
        /// By what was done.
        Conduct = "conduct",
        /// From the addressee to the proposer.
        Direct = "direct",
        /// Through someone else.
        ViaIntermediary = "via_intermediary",
        /// In public.
        Public = "public",
    }
}
