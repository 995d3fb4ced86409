//! Entries, as lists, threads and histories show them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::desk::answer::Date;
use crate::desk::answer::board::{MeetingRow, OvertureRow};
use crate::desk::answer::redaction::ApprovalRow;
use crate::domain::fact::Kind;
use crate::domain::id::{EntityId, EventId, RequestId};
use crate::domain::timestamp::Timestamp;

/// Enough of an entry to recognise it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct EntryRef {
    /// The event.
    pub id: EventId,
    /// What users type for it: the id of the file that it came from, or the shortest unique start of `id`.
    pub handle: String,
    /// The kind of its latest reading; none for a redacted one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// When it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<Date>,
    /// What happened, in a sentence; of an entry without one its kind and who acts in it, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
}

/// An entity with the name that users type for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Named {
    /// The entity.
    pub id: EntityId,
    /// A party's code, a channel's name, an overture's handle.
    pub name: String,
}

/// One entry of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct EntryRow {
    /// Its place in the log.
    pub position: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Who recorded it.
    pub recorder: String,
    /// What it is.
    #[serde(flatten)]
    pub entry: EntryRef,
    /// Who speaks or acts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<Named>,
    /// To whom.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<Named>,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<Named>,
    /// What carried it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub via: Vec<Named>,
    /// `high`, `medium`, `low`, or none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<String>,
    /// How far it may travel as it reads: its own marking, or that of the amendment by which it reads so, where that is
    /// the more restricted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marking: Option<String>,
    /// It was struck; the text stays readable.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub struck: bool,
    /// What it answers, or is about, was struck: it stays, and answers nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub on_struck: bool,
    /// How often it was amended.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub amended: u32,
    /// Its text was removed: what is shown of it, if anything, is said instead.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub redacted: bool,
    /// What a correction or a registration does, and why: `strikes ik-145: reported twice`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
    /// Why it was recorded so, or so late, or why it corrects another, where a reason was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// One entry, whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct EntryDetail {
    /// As in a list.
    #[serde(flatten)]
    pub row: EntryRow,
    /// The latest reading: the recorded body with names in place of ids.
    pub reading: Value,
    /// By which record its text was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub removal: Option<RemovalRow>,
    /// How many other readings there are.
    pub readings: u32,
    /// Where what it brought into being or bears on stands: `ik-147: standing, pending (…)`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub standing: Vec<String>,
    /// Entries that bear on this one.
    pub linked_from: Vec<LinkRow>,
    /// Entries on which this one bears.
    pub linked_to: Vec<LinkRow>,
    /// Transitions that no rule allows, where this entry made one.
    pub anomalies: Vec<AnomalyRow>,
    /// Its leaf hash in the log, as 64 hexadecimal digits.
    pub leaf_hash: String,
    /// The submission that it came with.
    pub request: RequestId,
    /// The Ed25519 public key with which its author signed it, as 64 hexadecimal digits; none where nobody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_with: Option<String>,
}

/// How a text was removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RemovalRow {
    /// The record that says so.
    pub id: EventId,
    /// Its place in the log.
    pub position: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// On which basis.
    pub basis: String,
    /// Who approved it.
    pub approvals: Vec<ApprovalRow>,
}

/// A relation between two entries, as asserted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LinkRow {
    /// `answers`, `reiterates`, …
    pub relation: String,
    /// The other entry.
    pub entry: EntryRef,
    /// How sure, and who says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<String>,
    /// Who says so.
    pub asserted_by: String,
}

/// An assertion that one entry bears on another, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct BearingRow {
    /// Whether the entry asked about bears on the other, or the other on it.
    pub direction: Direction,
    /// The relation, the other entry, how sure, and who says so.
    #[serde(flatten)]
    pub row: LinkRow,
    /// When it was recorded that it does.
    pub recorded_at: Timestamp,
    /// Why it was asserted, where it was asserted apart from the entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The entry whose link it is was struck.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub struck: bool,
    /// It was taken back, and no longer holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<WithdrawalRow>,
}

/// Which of two entries bears on the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The one asked about bears on the other.
    To,
    /// The other bears on the one asked about.
    From,
}

/// How an assertion was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct WithdrawalRow {
    /// Who took it back.
    pub by: String,
    /// When that was recorded.
    pub recorded_at: Timestamp,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// An entry of a like situation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SimilarRow {
    /// The entry.
    #[serde(flatten)]
    pub row: EntryRow,
    /// How much it shares; only for comparison with the other rows.
    pub score: u32,
    /// What it shares: `kind overture.proposed`, `topic military talks`.
    pub shares: Vec<String>,
    /// What came of it: where stands what it began or was about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outcome: Vec<String>,
}

/// A transition that no rule allows; it is recorded all the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AnomalyRow {
    /// The entry.
    pub entry: EntryRef,
    /// What would have fitted.
    pub expected: String,
    /// What was found.
    pub found: String,
}

/// What the record says of one entry, step by step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct HistoryRow {
    /// The place of the step in the log.
    pub position: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Who recorded it.
    pub recorder: String,
    /// The event of the step.
    pub id: EventId,
    /// `recorded`, `amended`, `struck`, `restored`, `linked`, `unlinked`, `remarked`, `redacted`.
    pub step: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How a correction is marked itself, where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marking: Option<String>,
    /// What became of which field; the first reading has every field as `after`.
    pub changes: Vec<FieldChange>,
}

/// What became of one field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FieldChange {
    /// The field, `detail.deadline` for one of the detail.
    pub field: String,
    /// What it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// An overture and everything since.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Thread {
    /// Where it stands.
    pub overture: OvertureRow,
    /// Its entries, in the order of the world.
    pub entries: Vec<ThreadEntry>,
    /// Meetings that it led to.
    pub meetings: Vec<MeetingRow>,
    /// A suggestion, not an assertion: entries of the same parties and topic near in time, not linked.
    pub related: Vec<EntryRow>,
}

/// One entry of a thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ThreadEntry {
    /// As in a list.
    #[serde(flatten)]
    pub row: EntryRow,
    /// What it did: `issued`, `answers: rejected (public)`, `urges, no effect`, …
    pub effect: String,
    /// On whose word it rests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
}
