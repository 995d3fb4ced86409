//! What is said of an overture: the offer, its way to the addressee, the answers, and silence.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::id::EntityId;
use crate::domain::occurred::Occurred;
use crate::domain::span::Span;
use crate::domain::words::{AnswerScope, Basis, Directness, SilenceScope};

/// What is offered or asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Offer {
    /// The terms, in the desk's words; the texts themselves stand in the envelope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terms: Option<String>,
    /// The date proposed for what is offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposed_date: Option<Occurred>,
    /// The place proposed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposed_place: Option<String>,
    /// How long before the proposed date an answer is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead_time: Option<Span>,
    /// By when an answer is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Occurred>,
    /// The channel on which an answer is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_via: Option<EntityId>,
    /// The channels whose restoration is proposed: one that works again realises the overture.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restores: Vec<EntityId>,
}

/// A step on the way to the addressee, or what became of an offer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Who carried it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intermediary: Option<EntityId>,
    /// The overture that takes its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub superseded_by: Option<EntityId>,
    /// A later date by which an answer is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Occurred>,
    /// Which addressees it concerns; all when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addressees: Vec<EntityId>,
}

/// What an addressee says or does about an offer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// How directly it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directness: Option<Directness>,
    /// How far it reaches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<AnswerScope>,
    /// What is asked in return.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conditions: Vec<String>,
    /// The counter-proposal or the change: an offer of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<Offer>,
    /// For conduct: who read it as an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assessed_by: Option<EntityId>,
}

/// That someone has been silent towards someone, as found on a date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Silence {
    /// Who is silent.
    pub subject: Vec<EntityId>,
    /// Towards whom.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub towards: Vec<EntityId>,
    /// On what the finding rests.
    pub basis: Basis,
    /// Which answers were looked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<SilenceScope>,
    /// The channels on which nothing came; all when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<EntityId>,
    /// Which sources and lines were searched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub searched: Vec<String>,
    /// Silent since when, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Occurred>,
}
