//! What the desk is asked: the parameters of every question, as the API takes them.

mod export;
mod filter;
mod questions;

use serde::{Deserialize, Serialize};

pub use self::export::ExportAsk;
pub use self::filter::FilterAsk;
pub use self::questions::{AnswersAsk, AnswersBy, IntervalsAsk, LateAsk, Manner, PoliciesAsk, SilenceAsk};
pub(crate) use crate::desk::format::strict::Strict;

/// As of when: the two questions that any read accepts, in the words of the caller.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct When {
    /// What the log knew: a position (that event included), a recorded time or date, or the name of a
    /// moment. Alone, it also sets `at` to that moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known_as_of: Option<String>,
    /// The world at that time; a bare date is its end in the log's zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// The zone in which dates without one are read and shown; the log's own when none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tz: Option<String>,
}

/// Which overtures.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OverturesAsk {
    /// Only those that stand and that an addressee has not said yes or no to.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub open: bool,
    /// Only of these statuses, comma separated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// Only answered in one of these manners, comma separated: `late`, `other-channel`, `conduct`, `direct`,
    /// `via-intermediary`, `public`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered: Option<String>,
    /// Only from this party or a body of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_party: Option<String>,
    /// Only to this party or a body of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_party: Option<String>,
    /// `age` (oldest first, the default) or `issued` (newest first).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["age", "issued"]))]
    pub sort: Option<String>,
    /// At most so many rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000))]
    pub limit: Option<u32>,
    /// The token of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// Which entries of the timeline, in which order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct TimelineAsk {
    /// What is meant. A query is read strictly, so its parameters are read apart from those of the order.
    #[serde(flatten, skip_deserializing)]
    pub filter: FilterAsk,
    /// `occurred` (the default) or `recorded`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["occurred", "recorded"]))]
    pub by: Option<String>,
    /// Newest first.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub reverse: bool,
    /// At most so many rows (50 without it, 1,000 at most).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000))]
    pub limit: Option<u32>,
    /// The token of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// What to count of which entries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct FacetsAsk {
    /// Which entries are meant; read apart from the rest, as those of a timeline are.
    #[serde(flatten, skip_deserializing)]
    pub filter: FilterAsk,
    /// The fields, comma separated: `channel,kind`; all of them where neither this nor `density` is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// How the entries lie in time: `occurred` or `recorded`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["occurred", "recorded"]))]
    pub density: Option<String>,
}

/// Which entries say what is looked for, in which order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct SearchAsk {
    /// What is meant; its `text` is what is looked for.
    #[serde(flatten, skip_deserializing)]
    pub filter: FilterAsk,
    /// `relevance` (the default: what says it best first), `occurred` or `recorded`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["relevance", "occurred", "recorded"]))]
    pub by: Option<String>,
    /// Newest first, by either time.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub reverse: bool,
    /// At most so many rows (50 without it, 1,000 at most).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000))]
    pub limit: Option<u32>,
    /// The token of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// Who asks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Caller {
    /// The name under which they record.
    pub actor: String,
    /// The zone in which they type dates; the log's own when none.
    pub tz: Option<String>,
}

/// What to wait for before the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Wait {
    /// A signed checkpoint that covers what was recorded; the answer carries the proofs.
    Checkpoint,
}

/// What to record.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RecordAsk {
    /// The entries, in the format of the chronology (`schemas/entry.schema.json`), recorded as one unit.
    #[serde(deserialize_with = "crate::desk::format::strict::values")]
    #[schemars(with = "Vec<crate::desk::schemas::Entry>")]
    pub entries: Vec<serde_json::Value>,
    /// The id of the submission: sent again with the same entries it records nothing twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<crate::domain::id::RequestId>,
    /// The state in which what the entry is about must be, for callers who want a guard.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expect: Option<String>,
    /// Say what would be recorded, and record nothing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// What to wait for before the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait: Option<Wait>,
    /// What the caller saw and must still stand so; it is said in a header.
    #[serde(skip)]
    pub unchanged: Vec<crate::desk::tag::Tag>,
}

/// How to confirm what waits for a second person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ConfirmAsk {
    /// The id of the submission: sent again it confirms nothing twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<crate::domain::id::RequestId>,
    /// Say what would be recorded, and record nothing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// What to wait for before the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait: Option<Wait>,
}

/// Which text to remove, on which basis.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RedactAsk {
    /// The law, the order or the decision; it stays readable.
    pub basis: String,
    /// Who approves it: two who are not the same. Whoever comes in by an account approves for nobody else: the others
    /// sign.
    pub approvals: Vec<ApprovalAsk>,
    /// What may still be said: an entry in the format of the chronology, read in the place of the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::desk::schemas::Entry>")]
    pub replacement: Option<serde_json::Value>,
    /// Remove what the entry is called elsewhere as well: it is found by its own id alone then.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub drop_names: bool,
    /// The id of the submission: sent again it removes nothing twice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request: Option<crate::domain::id::RequestId>,
    /// Say what would be removed, and remove nothing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// What to wait for, before the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait: Option<Wait>,
    /// What the caller saw and must still stand so; it is said in a header.
    #[serde(skip)]
    pub unchanged: Vec<crate::desk::tag::Tag>,
}

/// Which name the last position gets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MomentAsk {
    /// The name.
    #[schemars(length(min = 1, max = 80))]
    pub name: String,
    /// How far the name may travel; by the default in force without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marking: Option<String>,
    /// The compartments in which it is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub compartment: Vec<String>,
    /// What to wait for, before the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<Wait>,
}

/// Who approves a removal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ApprovalAsk {
    /// The name in the register of recorders.
    pub by: String,
    /// The Ed25519 public key that signs, 64 lower-case hexadecimal digits; an account alone without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The signatures, base64, by the event whose text is removed; a dry run lists those events.
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub signatures: std::collections::BTreeMap<crate::domain::id::EventId, String>,
}

/// Which file to import.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["file"]))]
pub struct ImportAsk {
    /// The name of the file, without its folder: its stem is the namespace of the row ids. `NAME.rejects.EXT` has
    /// that of the file which its rows were left out of.
    #[schemars(length(min = 1))]
    pub file: String,
    /// What it is: `chronology`, `csv`, `xlsx`, `tei`, `icews`, `plover` or `eml`; without it the mapping, the
    /// media type or the name tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The digest of the mapping file, which was sent before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mapping: Option<String>,
    /// The kind of rows to which neither the file nor the mapping gives one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_kind: Option<String>,
    /// Leave out rows that are wrong and record the others.
    #[serde(rename = "continue", skip_serializing_if = "std::ops::Not::not")]
    pub leaves_out: bool,
    /// Say what would be recorded, and record nothing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// What to wait for before the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait: Option<Wait>,
}

/// For which file a mapping is to be drafted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(extend("required" = ["file"]))]
pub struct DraftAsk {
    /// The name of the file.
    pub file: String,
    /// What it is: `csv` or `xlsx`; without it the name tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The sheet, of a workbook with several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// The encoding, where it is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// What stands between cells, where that is no comma.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<String>,
    /// In which row the names of the columns stand, counted from 1; without it the first with several cells is taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<u64>,
}

/// Which meetings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct MeetingsAsk {
    /// Only in these states, comma separated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

/// Which series of talks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SeriesAsk {
    /// Only this one, by its name or that of the forum in which it meets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub series: Option<String>,
}

/// Which answers are due.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct DueAsk {
    /// Within this span: `7d`, `2w`; all that are due or overdue without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within: Option<String>,
    /// On these bases, comma separated: `explicit_deadline`, `implied_by_proposed_date`,
    /// `agreed_channel_rule`, `policy_default`, or `none` for open offers of which nothing says by when.
    /// Without it all but the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basis: Option<String>,
    /// At most so many rows (50 without it, 1,000 at most).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000))]
    pub limit: Option<u32>,
    /// The token of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// Which page of what waits for a second person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct HeldAsk {
    /// At most so many rows (50 without it, 1,000 at most).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000))]
    pub limit: Option<u32>,
    /// The token of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// Which links of an entry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LinksAsk {
    /// Only of this relation: `answers`, `contradicts`.
    #[serde(rename = "as", skip_serializing_if = "Option::is_none")]
    pub relation: Option<String>,
}

/// On which entries sources contradict each other.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct ConflictsAsk {
    /// Which entries are meant; read apart from the rest, as those of a timeline are.
    #[serde(flatten, skip_deserializing)]
    pub filter: FilterAsk,
    /// At most so many rows (50 without it, 1,000 at most).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000))]
    pub limit: Option<u32>,
    /// The token of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// How many like entries.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SimilarAsk {
    /// At most so many rows; ten without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000))]
    pub limit: Option<u32>,
}

/// How far the record is checked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct VerifyAsk {
    /// Open no text: everything but what the texts say is checked, in a good half of the time.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub without_texts: bool,
}

/// What was recorded since.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ChangesAsk {
    /// What the caller knew last, as `known_as_of` takes it: the position that was seen last (`as_of.position` of an
    /// answer), a time, or the name of a moment. What came after it; everything without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Recorded by these persons, comma separated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// Recorded within these times, both included: `2026-03..2026-04`, `2026..`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded: Option<String>,
    /// At most so many rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000))]
    pub limit: Option<u32>,
    /// The token of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}
