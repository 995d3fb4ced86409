//! What is asked and answered about authors' keys.

use serde::{Deserialize, Serialize};

use crate::desk::authors::{AuthorKey, key};
use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::domain::id::ActorId;
use crate::domain::timestamp::Timestamp;

/// Digits that name a key, at least.
const DIGITS_MIN: usize = 8;

/// Whose key is added.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddKeyAsk {
    /// The author, by the name under which they record.
    pub(crate) author: String,
    /// The public key: a verifier key, a line of an OpenSSH key file, or 64 hexadecimal digits.
    pub(crate) key: String,
    /// What its owner calls it; else what the key's own form says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) comment: Option<String>,
    /// What its owner records must be signed from now on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) required: bool,
}

/// Which key is revoked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RevokeKeyAsk {
    /// Its 64 hexadecimal digits, or the first eight or more of them.
    pub(crate) key: String,
    /// What its owner records needs no signature any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) end_requirement: bool,
}

/// A key with which someone signs or signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AuthorKeyRow {
    /// Whose it is.
    pub author: String,
    /// The Ed25519 public key, 64 hexadecimal digits.
    pub key: String,
    /// What its owner calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// What its owner records must be signed since it was added.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// That was ended since.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub requirement_ended: bool,
    /// It counts for positions after this one.
    pub added: u64,
    /// When it was added.
    pub added_at: Timestamp,
    /// It counts for positions before this one; to the end where none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<u64>,
}

impl AuthorKeyRow {
    pub(super) fn of(known: &Known, key: &AuthorKey) -> Self {
        Self {
            author: known.recorder_named(ActorId::from_uuid(*key.author.as_uuid())),
            key: key.key.clone(),
            comment: key.comment.clone(),
            required: key.required,
            requirement_ended: key.required && !key.binds,
            added: key.added,
            added_at: key.added_at,
            revoked: key.revoked,
        }
    }
}

/// Returns the key that these digits name.
///
/// # Errors
///
/// Returns [`DeskError::NotFound`] or [`DeskError::Ambiguous`].
pub(super) fn named(keys: &[AuthorKey], digits: &str) -> Result<AuthorKey, DeskError> {
    // A key in another form names itself.
    let digits = key::read(digits).map_or_else(|_| digits.trim().to_lowercase(), |(public, _)| public);
    let begins = |key: &&AuthorKey| digits.len() >= DIGITS_MIN && key.key.starts_with(&digits);
    let found: Vec<&AuthorKey> = keys.iter().filter(begins).collect();
    match found.as_slice() {
        [key] => Ok((*key).clone()),
        [] => Err(DeskError::NotFound {
            what: format!("the author key {digits}"),
            hints: vec!["`author key list` shows every key; eight digits or more name one".to_owned()],
        }),
        several => Err(DeskError::Ambiguous {
            what: format!("the author key {digits}"),
            candidates: several.iter().map(|key| key.key.clone()).collect(),
        }),
    }
}
