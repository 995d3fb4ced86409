//! What happens to an account: who may come in, as what, and how far they may see.
//!
//! The envelope names the recorder in `about`: an account is how someone in the register of recorders comes in.
//! No password and no token is in the log, nor what could be tried against one: only what names it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::marking::Marking;
use crate::domain::occurred::Occurred;
use crate::domain::words::words;

words! {
    /// What someone does at a desk.
    Role {
        /// Asks.
        Reader = "reader",
        /// Asks, and records.
        Recorder = "recorder",
        /// Asks, and checks the record and who read it.
        Auditor = "auditor",
        /// Asks, records, and keeps the accounts and the keys.
        Administrator = "administrator",
    }
}

/// Someone may come in, or may from now on do and see something else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Permitted {
    /// As what.
    pub role: Role,
    /// The most restricted marking that they may read.
    pub clearance: Marking,
    /// The compartments of which they may read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub compartments: Vec<String>,
}

/// An account rests, counts again, or ends.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Standing {}

/// An account has another password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordSet {
    /// What names the password, drawn; it tells nothing of it.
    pub password: String,
    /// It opens nothing but the way to another one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub one_time: bool,
}

/// An account comes in by single sign-on from now on, and with no password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bound {
    /// Who signs them on: the issuer, as the provider names itself.
    pub issuer: String,
    /// What names them there; it is never given to anybody else, as a name or an address may be.
    pub subject: String,
}

/// A program may come in with a token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenIssued {
    /// What names the token, and stands at its beginning.
    pub token: String,
    /// What for, in its owner's words.
    pub purpose: String,
    /// As what, at most: it never does more than its account may.
    pub role: Role,
    /// Until when.
    pub expires: Occurred,
}

/// A token opens nothing any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenRevoked {
    /// What names the token.
    pub token: String,
}
