//! What the desk enters in its registers: channels, parties, recorders, policies, moments.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::channel_name::ChannelName;
use crate::domain::fact::Kind;
use crate::domain::id::EntityId;
use crate::domain::marking::{Marking, Scheme};
use crate::domain::occurred::Occurred;
use crate::domain::party_code::PartyCode;
use crate::domain::schedule::Schedule;
use crate::domain::span::Span;
use crate::domain::text::Language;
use crate::domain::words::{Capability, words};
use crate::domain::zone::Zone;

/// A name that something goes by, as used by a side at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Name {
    /// The name itself.
    pub text: String,
    /// Its language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    /// Used from this date on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Occurred>,
    /// Used until this date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Occurred>,
}

impl From<&str> for Name {
    fn from(text: &str) -> Self {
        Self { text: text.to_owned(), language: None, from: None, until: None }
    }
}

words! {
    /// What sort of channel it is; carriers and forums have no state.
    Sort {
        /// A line, a radio, an office, a mailbox between named ends: it can be up or down.
        Line = "line",
        /// What carries words to whoever listens: media, letters, envoys.
        Carrier = "carrier",
        /// Where delegations meet.
        Forum = "forum",
    }
}

/// A channel is entered in the register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelRegistered {
    /// The short name by which it is typed.
    pub name: ChannelName,
    /// What sort it is: a call or a cut of what is no line is recorded as a misfit and gives it no state.
    pub sort: Sort,
    /// Other names, with their dates.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<Name>,
    /// The named ends.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ends: Vec<EntityId>,
    /// What it can carry.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub capabilities: Vec<Capability>,
    /// When it is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// The least restricted marking that an entry on it may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marking_min: Option<Marking>,
}

/// Another name for something in a register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Named {
    /// The names to add.
    pub names: Vec<Name>,
}

/// A party is entered in the register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PartyRegistered {
    /// Its code: `KOR`, `KOR/mnd`, `x-unc`.
    pub code: PartyCode,
    /// Its names, with their dates, the one to show first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<Name>,
}

/// Something in a register is found to be something else that is in it: the two are one, and every name of
/// either stands for it. Entries keep the one that they name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Merged {
    /// What it is found to be.
    pub into: EntityId,
}

/// Something in a register is found to be several things that are in it: an entry that names it may mean any
/// of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Split {
    /// What it is found to be.
    pub into: Vec<EntityId>,
}

/// A person is entered in the register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonRegistered {
    /// The names by which the person goes, the one to show first.
    pub names: Vec<Name>,
}

/// A person holds an office.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleHeld {
    /// The body, for which the person speaks in that office.
    pub party: EntityId,
    /// The office.
    pub office: String,
    /// From this date on, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Occurred>,
    /// Until this date; none while the office is held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Occurred>,
}

/// Someone who records is entered in the register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecorderRegistered {
    /// The name under which they record.
    pub name: String,
}

/// From when on a response counts as overdue, a line as unresponsive or dormant.
///
/// Without a policy nothing is derived: an offer stays pending, a line keeps its last state.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicySet {
    /// What the policy is called: setting one of the same name replaces it.
    pub name: String,
    /// For overtures of these proposers; any when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<EntityId>,
    /// For these addressees; any when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<EntityId>,
    /// For these channels; any when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<EntityId>,
    /// For overtures of these kinds; any when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<Kind>,
    /// How long an addressee has to answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_within: Option<Span>,
    /// The same, agreed in the rules of the channel, not set by the house.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub agreed: bool,
    /// What is recorded of these kinds and families (`overture.proposed`, `talks`) counts when a second person
    /// confirmed it, as do corrections of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub two_people: Vec<String>,
    /// After how many missed attempts in a row a line is unresponsive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed_attempts_max: Option<u32>,
    /// After how long without an attempt a line is dormant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dormant_after: Option<Span>,
    /// After how long without a session a series is stalled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stalled_after: Option<Span>,
    /// The marking scheme of the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marking_scheme: Option<Scheme>,
    /// The marking of an entry that names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marking_default: Option<Marking>,
}

/// A policy ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyEnded {
    /// The name of the policy.
    pub name: String,
}

/// A position of the log gets a name, for `--known-as-of NAME`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MomentNamed {
    /// The name.
    pub name: String,
    /// How many events the log had: positions `0..size` were known.
    pub size: u64,
}

/// A log was begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Opened {
    /// The zone of the log: the one in which a bare date begins and ends.
    pub zone: Zone,
}

/// A copy became the writable log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Adopted {
    /// How many events the copy had when it was adopted.
    pub size: u64,
}
