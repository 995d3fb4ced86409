//! What is said of the keys, the signatures and the integrity of the log itself.
//!
//! An auditor must read these without leave to read anything else, so each is recorded with a class of its
//! own and its body is always disclosed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::words::words;

/// The log signs its checkpoints with other keys from now on.
///
/// The checkpoint that first covers this event is signed by the old keys and the new ones; from the next
/// size on the old ones speak no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyRotated {
    /// The verifier keys until now: the log's (type 0x01) and its cosigner's (type 0x04).
    pub old: Vec<String>,
    /// The verifier keys from now on, in the same order.
    pub new: Vec<String>,
}

/// Someone who records may sign with a key.
///
/// The envelope names the recorder in `about`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthorKeyAdded {
    /// The Ed25519 public key, 64 lower-case hexadecimal digits.
    pub key: String,
    /// What the key is called, as its owner knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// From now on, what is recorded under this name without a signature does not count as theirs.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
}

/// A key of someone who records counts no more.
///
/// The envelope names the recorder in `about`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthorKeyRevoked {
    /// The Ed25519 public key, 64 lower-case hexadecimal digits.
    pub key: String,
    /// From now on, what is recorded under this name needs no signature any more. Without it, whoever had to
    /// sign must still, with another key.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ends_requirement: bool,
}

words! {
    /// What happened to the record itself.
    Trouble {
        /// The clock of the machine jumped beyond the limit.
        ClockJumped = "clock_jumped",
        /// The log was shorter than its newest checkpoint, or another, and an operator went on regardless.
        RollbackAccepted = "rollback_accepted",
        /// The keys were lost and others took their place without their signature.
        KeysReplaced = "keys_replaced",
        /// The access log was lost or set back, and another was begun.
        AccessLogLost = "access_log_lost",
    }
}

/// Something happened to the record itself, that must never be forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogIncident {
    /// What.
    pub trouble: Trouble,
    /// The particulars, in words.
    pub particulars: String,
}

/// The head of another log of this house is held fast in this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogAnchored {
    /// The origin of the other log.
    pub log: String,
    /// How many events it has.
    pub size: u64,
    /// Its root, 64 lower-case hexadecimal digits.
    pub root: String,
}
