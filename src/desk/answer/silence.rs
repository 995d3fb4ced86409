//! Since when someone has been silent towards someone: by what was last said, how directly, over which
//! channel and on which topic.

use serde::{Deserialize, Serialize};

use crate::desk::answer::Date;
use crate::desk::answer::entry::{EntryRef, Named};

/// Since when a party has been silent towards another, in several right answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SilenceMatrix {
    /// Who is asked about; what a body of it does counts for it.
    pub party: String,
    /// Towards whom; whoever it was where nobody is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub towards: Option<String>,
    /// The last act of any sort.
    pub last: Last,
    /// The last act of each sort.
    pub acts: Vec<SilenceRow>,
    /// The last act that reached the other side in each way.
    pub directness: Vec<SilenceRow>,
    /// What was last heard over each channel.
    pub channels: Vec<ChannelSilence>,
    /// The last act on each topic.
    pub topics: Vec<SilenceRow>,
    /// Of how many of the latest acts the topics are taken; none where that is all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topics_of_latest: Option<u64>,
    /// How many entries about offers or lines between the two had their text removed: what those said, and whether it was
    /// later than what is told here, is not known.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub removed: u64,
    /// Findings of silence, the newest first, each with whether it still holds.
    pub findings: Vec<FindingRow>,
}

/// What was last done: what the log does not have is never told as if nothing had happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum Last {
    /// The log has no such act. It may have happened all the same.
    NotRecorded,
    /// The log has one, and none later.
    Recorded(Box<LastAct>),
}

impl Last {
    /// Returns the act, where one is recorded.
    pub fn act(&self) -> Option<&LastAct> {
        match self {
            Self::NotRecorded => None,
            Self::Recorded(act) => Some(act),
        }
    }
}

/// The last act of a sort.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LastAct {
    /// The entry.
    #[serde(flatten)]
    pub entry: EntryRef,
    /// Where it stands in the log.
    pub position: u64,
    /// Who spoke or acted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<Named>,
    /// To whom.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<Named>,
    /// What carried it, or the line that was called.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub via: Vec<Named>,
    /// How directly it reached the other side; none where nobody said and nothing tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directness: Option<String>,
    /// Whole days from it to the moment of the answer: at least so many.
    pub days_ago: i64,
    /// At most so many, where its date leaves more than that open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days_ago_max: Option<i64>,
    /// Its date leaves open how early it was: nobody knows how many days ago at most.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub days_ago_open: bool,
}

/// The last act of a sort, a way or a topic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SilenceRow {
    /// Of acts: `answer`, `direct_answer`, `message`, `answered_call`, `talks`, `public_remark`,
    /// `remark_to_nobody`; of ways: `direct`, `via_intermediary`, `public`, `conduct`, `untold`; else the
    /// topic.
    pub what: String,
    /// The act.
    pub last: Last,
}

/// What was last heard over a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ChannelSilence {
    /// The channel.
    pub channel: Named,
    /// What it was found to be one with: the row tells of all of these names together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub one_with: Vec<Named>,
    /// `line`, `carrier` or `forum`.
    pub sort: String,
    /// The last act that it carried, an answered call included.
    pub last: Last,
    /// Of a line the last call that was taken, by whichever side; none for what cannot be called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_call: Option<Last>,
    /// Of a line the last call that was tried: where none is recorded, nobody can be said not to have
    /// answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<Last>,
}

/// A finding of silence: true as of its date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FindingRow {
    /// The entry.
    #[serde(flatten)]
    pub entry: EntryRef,
    /// Who is silent.
    pub subject: Vec<Named>,
    /// Towards whom; towards anyone where it names nobody.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub towards: Vec<Named>,
    /// The overtures that it says are not answered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<Named>,
    /// On what it rests.
    pub basis: String,
    /// Which answers were looked for: `direct_only`, `any`; none where nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// On which channels; on any where none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<Named>,
    /// What was searched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub searched: Vec<String>,
    /// Silent since when, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Date>,
    /// Who recorded it.
    pub recorded_by: String,
    /// Whole days from its date to the moment of the answer.
    pub days_ago: i64,
    /// Nothing within its scope came after it.
    pub holds: bool,
    /// What came after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken_by: Option<EntryRef>,
    /// How many entries had their text removed, of those that might have ended it: of the threads that it is about, or
    /// about the offers and lines of the two. Where it holds, it does as far as can be read.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub removed: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}
