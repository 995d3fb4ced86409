//! What became of a command: recorded, imported, verified, compared.

use serde::{Deserialize, Serialize};

use crate::desk::answer::board::{ChannelRow, OvertureRow};
use crate::desk::answer::entry::{AnomalyRow, EntryRef};
use crate::desk::error::Fault;
use crate::domain::id::{EventId, RequestId};
use crate::domain::timestamp::Timestamp;

/// The log as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LogRow {
    /// Its name: the one chosen at `init` and eight random digits.
    pub log: String,
    /// How many events it holds.
    pub size: u64,
    /// The RFC 6962 root over them, as 64 hexadecimal digits.
    pub root: String,
    /// Its zone.
    pub zone: String,
    /// `sound`, or what is the matter.
    pub health: String,
    /// Whether it takes appends.
    pub writable: bool,
    /// The newest signed checkpoint; none where the log was never signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<CheckpointRow>,
    /// The verifier keys to hand out: those with which the log is signed now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<String>,
    /// Why what is recorded now is not signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsigned: Option<String>,
}

/// A signed head of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CheckpointRow {
    /// How many events it covers.
    pub size: u64,
    /// The root over them, as 64 hexadecimal digits.
    pub root: String,
    /// When the log signed it, as it says itself.
    pub time: Timestamp,
    /// The name and the id of each key of the log's own that signed it, as they begin its vkey.
    pub keys: Vec<String>,
}

/// A key of the log, and the sizes at which it may sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct KeyRow {
    /// The verifier key.
    pub key: String,
    /// `ed25519`, which signs checkpoints, or `cosignature`, which says when.
    pub sort: String,
    /// The first size.
    pub from: u64,
    /// The last size; none while the key is in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<u64>,
    /// Whether the key is in use.
    pub current: bool,
}

/// What was recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Recorded {
    /// The entries, in the order in which they were given.
    pub entries: Vec<RecordedEntry>,
    /// What was entered in the registers for them: `party USA, United States`.
    pub registered: Vec<String>,
    /// Proof of the submission; none for a dry run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<ReceiptRow>,
}

/// One entry that was recorded, and how it was understood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RecordedEntry {
    /// What it is.
    #[serde(flatten)]
    pub entry: EntryRef,
    /// Its place in the log; none for a dry run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    /// The entry that it corrects, or says something of: the echo shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrects: Option<EventId>,
    /// How what was typed was understood: `to: North Korea is PRK`.
    pub echo: Vec<String>,
    /// What is doubtful about it.
    pub doubtful: Vec<String>,
    /// Transitions that no rule allows.
    pub anomalies: Vec<AnomalyRow>,
    /// Where what it is about stands now: `mil-west: unresponsive`.
    pub now: Vec<String>,
}

/// Proof of a submission.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ReceiptRow {
    /// The submission.
    pub request: RequestId,
    /// The position of its first event.
    pub first: u64,
    /// Its events.
    pub ids: Vec<EventId>,
    /// When the first was recorded.
    pub recorded_at: Timestamp,
    /// The size of the log with it.
    pub size: u64,
    /// The root of the log with it.
    pub root: String,
    /// It had been recorded before; nothing was recorded now.
    pub repeated: bool,
    /// The proofs of its events, where a checkpoint was waited for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proofs: Vec<ProofRow>,
}

/// Proof that an event is in the log, to be kept by its author.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ProofRow {
    /// The position of the event.
    pub position: u64,
    /// A `.tlog-proof` (C2SP tlog-proof), with the signed checkpoint.
    pub proof: String,
}

/// What an import did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Imported {
    /// Whether nothing was to be recorded.
    pub dry_run: bool,
    /// `chronology`, `export`, `csv`, `xlsx`, `tei`, `icews`, `plover` or `eml`.
    pub format: String,
    /// How many rows the file has.
    pub rows: u64,
    /// How many were, or would be, recorded now.
    pub recorded: u64,
    /// How many the log already had.
    pub already: u64,
    /// Channels, bodies and series named for the first time.
    pub registered: Vec<String>,
    /// Rows that a rule leaves out, by the rule.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<SkippedRow>,
    /// What a person should look at.
    pub doubtful: Vec<Fault>,
    /// New rows that seem to be the same as an earlier one, or as an entry of the log, of which `doubtful` shows the
    /// first few where they are many: a thousand at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alike: Vec<AlikeRow>,
    /// What is wrong: with any of these nothing is recorded.
    pub wrong: Vec<Fault>,
    /// The rows that were left out because something is wrong with them, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejects: Option<Rejects>,
    /// The size of the log afterwards.
    pub size: u64,
    /// The root of the log afterwards.
    pub root: String,
    /// The proofs of what was recorded now, where a checkpoint was waited for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proofs: Vec<ProofRow>,
}

/// A new row that seems to be the same as another: of the same kind, date, parties and channels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AlikeRow {
    /// Its line.
    pub line: u64,
    /// The other: `line 2` of the file, or the name of an entry of the log.
    pub of: String,
}

/// Rows that a rule leaves out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SkippedRow {
    /// The rule, in words.
    pub because: String,
    /// How many rows.
    pub rows: u64,
    /// The lines of the first of them.
    pub lines: Vec<u64>,
}

/// Rows that were left out because something is wrong with them, in the format of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Rejects {
    /// How many rows.
    pub rows: u64,
    /// Why, row by row.
    pub reasons: Vec<Fault>,
    /// A file of these rows alone, with the header of the other: base64.
    pub file: String,
}

/// A mapping file that was read and found sound.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct MappingRow {
    /// By what it is named in an import: SHA-256 of its bytes, 64 hexadecimal digits.
    pub digest: String,
    /// What is still a guess in it.
    pub guesses: Vec<String>,
}

/// A mapping file that was drafted for a file of rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DraftedMapping {
    /// The mapping, to be looked through and completed.
    pub mapping: serde_json::Value,
    /// What to look at.
    pub notes: Vec<String>,
}

/// What a check of the whole record found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Verified {
    /// Nothing is wrong.
    pub sound: bool,
    /// How many events were checked.
    pub checked: u64,
    /// The root computed from them.
    pub root: String,
    /// What is wrong.
    pub damages: Vec<DamageRow>,
    /// What was checked, in words.
    pub checks: Vec<String>,
}

/// One thing that is wrong with the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DamageRow {
    /// The file, within the data directory.
    pub file: String,
    /// The byte at which it begins.
    pub offset: u64,
    /// The position that it hits, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<u64>,
    /// What is wrong.
    pub what: String,
}

/// The record as it was known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Replayed {
    /// How many events were known.
    pub size: u64,
    /// When the last of them was recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_recorded_at: Option<Timestamp>,
    /// The root of the log at that size.
    pub root: String,
    /// The digest of the whole replayed state; the same on any machine.
    pub digest: String,
    /// The positions known then whose text was removed since: a digest that was made before that cannot be
    /// made again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed_since: Vec<u64>,
    /// The last entry known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<EntryRef>,
    /// Where every line stood.
    pub channels: Vec<ChannelRow>,
    /// The overtures that were open.
    pub overtures: Vec<OvertureRow>,
}

/// What changed between two knowings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Diff {
    /// The last position of the earlier knowing; none for an empty log.
    pub from: Option<u64>,
    /// The last position of the later.
    pub to: Option<u64>,
    /// What reads otherwise, in the order of the log.
    pub changes: Vec<DiffRow>,
}

/// One thing that reads otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DiffRow {
    /// `channel`, `overture`, `meeting`, `series`, `entry`.
    pub what: String,
    /// Its name or handle.
    pub name: String,
    /// What was shown then; none where it was not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// What is shown later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// The events that did it, first to last.
    pub by: Vec<Doer>,
}

/// An event that changed what is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Doer {
    /// Its place in the log.
    pub position: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// What it is.
    #[serde(flatten)]
    pub entry: EntryRef,
}

/// A named position of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct MomentRow {
    /// The name.
    pub name: String,
    /// The last position that was known; none for an empty log.
    pub position: Option<u64>,
    /// When it was named.
    pub named_at: Timestamp,
    /// Proof of the submission, to whoever names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<ReceiptRow>,
}

/// Whether the projections say what the log says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Rebuilt {
    /// How many events were replayed.
    pub size: u64,
    /// The digest of the state that was served.
    pub served: String,
    /// The digest of the state rebuilt from the log.
    pub rebuilt: String,
    /// They agree.
    pub agrees: bool,
    /// The rebuilt one was put in the place of the other.
    pub swapped: bool,
}
