//! What a desk must be reminded of: an answer that did not come in time, a line that nobody answers.

use serde::{Deserialize, Serialize};

use crate::desk::answer::board::{ChannelRow, DueRow};
use crate::domain::id::EntityId;
use crate::domain::timestamp::Timestamp;
use crate::domain::words::words;

words! {
    /// What someone is reminded of.
    Cause {
        /// The time for an answer to an overture is over.
        OvertureOverdue = "overture.overdue",
        /// Nobody answers on a line.
        ChannelUnresponsive = "channel.unresponsive",
    }
}

/// What stands now and someone must be reminded of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Reminder {
    /// The same for the same log, cause, entity, kind of deadline and moment, whenever and by whom it is asked.
    pub key: String,
    /// What it is.
    pub cause: Cause,
    /// The overture or the channel.
    pub subject: EntityId,
    /// The kind of deadline: `explicit_deadline`, `policy_default`, …; of a line `unresponsive`.
    pub kind: String,
    /// The moment at which it fell due, or from which nobody answered.
    pub due: Timestamp,
    /// The answer that is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overture: Option<DueRow>,
    /// The line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelRow>,
}
