//! What holds for a channel: its state, as a fold of what was said and seen of it.
//!
//! Facts are never refused: one that no rule allows moves the state all the same, because the world did,
//! and is told as an anomaly. What a clock or a counter derives carries the rule that derived it.

mod attempts;
#[cfg(test)]
mod chronology;
mod derive;
mod fold;
mod intervals;
mod keyframe;
#[cfg(test)]
mod laws;
mod step;
mod tells;
mod tie;

use serde::{Deserialize, Serialize};

use crate::domain::fact::channel::DeclaredStatus;
use crate::domain::fact::register::{ChannelRegistered, Sort};
use crate::domain::id::{EntityId, EventId};
use crate::domain::occurred::Occurred;
use crate::domain::policy::Policies;
use crate::domain::reading::{self, Entry, RawEvent};
use crate::domain::schedule::Schedule;
use crate::domain::timestamp::Timestamp;
use crate::domain::words::{Capability, words};
use crate::domain::zone::Zone;

pub use attempts::CallZones;
pub use derive::Rule;
pub use intervals::{Boundary, Interval};
pub use keyframe::{Frames, Keyframes};
pub use step::{Circuit, Step};
pub use tie::Tie;

words! {
    /// The state of a channel.
    ChannelState {
        /// Agreed or announced, not yet opened.
        Planned = "planned",
        /// It works.
        Active = "active",
        /// A part of it works.
        Degraded = "degraded",
        /// Nobody answers.
        Unresponsive = "unresponsive",
        /// Nobody calls.
        Dormant = "dormant",
        /// Declared to rest.
        Suspended = "suspended",
        /// Cut, declared or seen.
        Severed = "severed",
        /// Ended for good.
        Closed = "closed",
    }
}

impl ChannelState {
    /// Tells whether nothing is expected to come over it: suspended, severed or closed.
    pub const fn is_cut(self) -> bool {
        matches!(self, Self::Suspended | Self::Severed | Self::Closed)
    }
}

/// A channel, and by what its state is told.
#[derive(Debug, Clone, Copy)]
pub struct Channel<'a> {
    /// The channel.
    pub id: EntityId,
    /// What the register says of it; none for one that nobody entered.
    pub registered: Option<&'a ChannelRegistered>,
    /// The policies: those in force at the moment asked for decide what is derived.
    pub policies: &'a Policies,
    /// The zone of the log.
    pub zone: &'a Zone,
}

impl Channel<'_> {
    /// Tells whether it is registered as a carrier or a forum, which have no state whatever is said of them.
    pub fn has_no_state(&self) -> bool {
        self.registered.is_some_and(|registered| registered.sort != Sort::Line)
    }

    /// Returns where the channel stands at a moment.
    ///
    /// `story` is what concerns it or came over it, in the order of effect; what was struck or takes
    /// effect after `at` moves nothing. Total, and one pass over the story.
    pub fn stand(&self, story: &[Entry], at: Timestamp) -> ChannelStanding {
        fold::fold(self, story, at)
    }

    /// Returns in which states the channel was, from when to when, up to a moment: in the order of time,
    /// without a gap; nothing for what has no state.
    ///
    /// `story` as for [`Channel::stand`], with which this agrees at every moment.
    pub fn intervals(&self, story: &[Entry], at: Timestamp) -> Vec<Interval> {
        intervals::intervals(self, story, at)
    }

    /// Returns what concerns the channel or came over it, in the order of effect, also what takes effect
    /// later.
    ///
    /// Calls that name slots of a day are one entry for each slot, in effect from its time on.
    pub fn story(&self, history: Vec<RawEvent>) -> Vec<Entry> {
        let mut entries = reading::read_owned(history);
        entries.retain(|entry| !entry.struck && self.has_part_in(entry));
        let zone = attempts::registered_zone(self);
        reading::in_order_of_effect(attempts::at_their_slots(self, zone, entries), self.zone)
    }

    /// Returns in which zones the line is called; `changes` are the entries that changed its schedule, among any others,
    /// in the order of recording.
    pub fn call_zones(&self, changes: &[Entry]) -> CallZones {
        CallZones::of(self, attempts::registered_zone(self), changes)
    }

    /// Tells whether an entry belongs to the story of this channel: it concerns it, came over it, or
    /// tells which channel stands where this one was.
    pub fn has_part_in(&self, entry: &Entry) -> bool {
        entry.concerns(self.id) || entry.came_over(self.id) || tells::successor(self.id, entry).is_some()
    }
}

/// Where a channel stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelStanding {
    /// It can be up or down: registered as a line, or registered by nobody and called or cut like one.
    pub line: bool,
    /// The state; none while nothing is known that gives it one.
    pub state: Option<ChannelState>,
    /// An entry that moved the state has a date with doubt, and may not have taken effect yet.
    pub possibly: bool,
    /// The entry on which the state rests.
    pub reason: Option<EventId>,
    /// Since when it is in this state.
    pub since: Option<Occurred>,
    /// The rule that derived the state; none where it was recorded.
    pub derived_by: Option<Rule>,
    /// The last entry that says anything of it, or came over it.
    pub last_evidence: Option<EventId>,
    /// When it was last called.
    pub last_attempt: Option<Occurred>,
    /// When a call was last taken.
    pub last_answer: Option<Occurred>,
    /// Attempts not answered since it last worked; those that were refused or failed do not count.
    pub missed_in_a_row: u32,
    /// What each side last said of it, in the order in which the sides first spoke.
    pub declared: Vec<Declaration>,
    /// What last was said to work.
    pub capabilities: Vec<Capability>,
    /// When it is called.
    pub schedule: Option<Schedule>,
    /// What came over it while it was suspended, severed or closed.
    pub used_while_cut: Vec<EventId>,
    /// Entries that no rule allows.
    pub anomalies: Vec<Anomaly>,
    /// Where another order of the entries of one day would give another state now.
    pub ties: Vec<Tie>,
    /// The number of its period: each time it works again after it was closed a new one begins.
    pub epoch: u32,
    /// The channel that stands where it was.
    pub successor: Option<EntityId>,
    /// Damage that nobody has said to be mended, also damage while it was cut.
    pub damage: Vec<EventId>,
}

/// What a side says of a channel, apart from what is seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declaration {
    /// The side or body that says so.
    pub by: EntityId,
    /// What it says.
    pub status: DeclaredStatus,
    /// The entry.
    pub entry: EventId,
    /// When it was said.
    pub date: Option<Occurred>,
}

/// An entry that no rule allows where it stands: something before it is missing, or it is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anomaly {
    /// The entry.
    pub entry: EventId,
    /// The states from which, or the entry after which, it would have been right.
    pub expected: String,
    /// What was found.
    pub found: String,
}
