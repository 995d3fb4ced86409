//! What is said of a channel or a scheduled call.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::channel::ChannelState;
use crate::domain::id::EntityId;
use crate::domain::occurred::Occurred;
use crate::domain::schedule::{Schedule, Slot};
use crate::domain::words::{Capability, Evidence, words};

/// The state in which the log first meets a channel that is older than the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// The state asserted; none where the source speaks of the channel and not of its state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<ChannelState>,
    /// What works.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<Capability>,
}

/// A channel works, wholly or in part: opened, repaired, restored or reopened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Works {
    /// Only a part works: the channel is then degraded, not active.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub partly: bool,
    /// What works; empty where nobody said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<Capability>,
    /// Declared by a side, or seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
}

/// A channel is worse than it was: degraded, suspended, severed or unresponsive.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Impaired {
    /// Declared by a side, or seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// What no longer works; empty where nobody said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<Capability>,
    /// The cause: worn cables, a fire, a protest; an assessment, not a measurement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

/// A channel ended for good.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ended {
    /// The channel that stands where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successor: Option<EntityId>,
    /// How it ended: by agreement, by replacement, by destruction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
}

words! {
    /// What a side says of a channel; it changes nothing by itself.
    DeclaredStatus {
        /// The side holds it open.
        Open = "open",
        /// The side has suspended it.
        Suspended = "suspended",
        /// The side has cut it.
        Cut = "cut",
        /// The side holds it closed for good.
        Closed = "closed",
    }
}

/// A side says what holds for a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Declared {
    /// What the speaker says.
    pub status: DeclaredStatus,
}

/// When a channel is called, from the event's effective date on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduleChanged {
    /// The schedule from then on; none when there is no more.
    pub schedule: Option<Schedule>,
}

/// A capability came or went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CapabilityChanged {
    /// Which.
    pub capability: Capability,
    /// Whether it works now.
    pub works: bool,
}

/// One or several attempts to call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// The scheduled slots that this record covers; several count as that many attempts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slots: Vec<Slot>,
    /// Why, where a reason was given (`declined`) or is known (`fault`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What the silence is put down to: technical, protest, unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// When the conversation ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Occurred>,
}
