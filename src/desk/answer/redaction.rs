//! What became of a removal: which texts, on which basis, and who approved it.

use serde::{Deserialize, Serialize};

use crate::desk::answer::entry::EntryRef;
use crate::desk::answer::operation::ReceiptRow;
use crate::domain::id::EventId;

/// What was removed, or would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Redacted {
    /// The entry, as it reads afterwards; as it still reads in a dry run.
    pub entry: EntryRef,
    /// Its place in the log.
    pub position: u64,
    /// On which basis.
    pub basis: String,
    /// Who approved it.
    pub approvals: Vec<ApprovalRow>,
    /// Every text that is removed with it, the entry itself last.
    pub removed: Vec<RemovedRow>,
    /// Entries that bear on it and keep their texts, the first of them: they may say what it said.
    pub stays: Vec<EntryRef>,
    /// How many there are.
    pub stays_total: u64,
    /// What a person should look at.
    pub doubtful: Vec<String>,
    /// What was entered in the registers for it.
    pub registered: Vec<String>,
    /// Proof of the submission; none for a dry run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<ReceiptRow>,
}

/// Someone who approved a removal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ApprovalRow {
    /// The name in the register of recorders.
    pub by: String,
    /// The key that signed it, 64 hexadecimal digits; none where an account alone says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// One text that is removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RemovedRow {
    /// The event whose text it is.
    pub id: EventId,
    /// Its place in the log.
    pub position: u64,
    /// What it is to the entry: `the entry`, `an amendment of it`.
    pub what: String,
    /// What is said in its place, as it is recorded: the bytes that approvers sign the hash of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead: Option<String>,
    /// The record that says so; none for a dry run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<EventId>,
    /// The place of that record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_position: Option<u64>,
}
