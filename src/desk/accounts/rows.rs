//! What is asked and answered about accounts.

use serde::{Deserialize, Serialize};

use crate::desk::accounts::{Account, Token};
use crate::domain::fact::account::Role;
use crate::domain::timestamp::Timestamp;
use crate::domain::words::words;

words! {
    /// Whether an account opens anything.
    AccountState {
        /// It does.
        Active = "active",
        /// Not until it is enabled.
        Disabled = "disabled",
        /// Never again.
        Closed = "closed",
    }
}

/// Whose account is opened, as what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OpenAsk {
    /// The name under which they record; a new one enters the register of recorders.
    pub(crate) name: String,
    /// As what they come in.
    pub(crate) role: Role,
    /// The most restricted marking that they may read.
    pub(crate) clearance: String,
    /// The compartments of which they may read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) compartments: Vec<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

/// What an account may do and see from now on; what is not said stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct PermitAsk {
    /// As what they come in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<Role>,
    /// The most restricted marking that they may read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) clearance: Option<String>,
    /// The compartments of which they may read: all of them, not those that are added.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) compartments: Option<Vec<String>>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

/// Why an account is changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ChangeAsk {
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

/// Another password in the place of the one that is known.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PasswordAsk {
    /// The one until now.
    pub(crate) old: String,
    /// The one from now on.
    pub(crate) new: String,
}

impl std::fmt::Debug for PasswordAsk {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("PasswordAsk(..)")
    }
}

/// Which token is issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenAsk {
    /// What for.
    pub(crate) purpose: String,
    /// As what it comes in, at most; as its owner without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<Role>,
    /// For how many days.
    #[schemars(range(min = 1, max = 366))]
    pub(crate) days: u32,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AccountRow {
    /// The name under which they record.
    pub account: String,
    /// As what they come in.
    pub role: Role,
    /// The most restricted marking that they may read.
    pub clearance: String,
    /// The compartments of which they may read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub compartments: Vec<String>,
    /// Whether it opens anything.
    pub state: AccountState,
    /// Whether the password must be changed before anything else: it is a one-time password.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub must_change: bool,
    /// Who signs them on, where they come in by single sign-on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// What names them there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// How many tokens count.
    pub tokens: u64,
    /// When it was opened.
    pub opened: Timestamp,
}

impl AccountRow {
    pub(super) fn of(account: &Account, now: Timestamp) -> Self {
        let counts = |token: &&Token| !token.revoked && token.expires > now;
        Self {
            account: account.name.clone(),
            role: account.permitted.role,
            clearance: account.permitted.clearance.0.clone(),
            compartments: account.permitted.compartments.clone(),
            state: account.state,
            must_change: account.password.as_ref().is_some_and(|password| password.one_time),
            issuer: account.bound.as_ref().map(|bound| bound.issuer().to_owned()),
            subject: account.bound.as_ref().map(|bound| bound.subject().to_owned()),
            tokens: account.tokens.values().filter(counts).count() as u64,
            opened: account.opened,
        }
    }
}

/// An account that has a one-time password now: it is shown this once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct OpenedRow {
    /// The account.
    #[serde(flatten)]
    pub account: AccountRow,
    /// With this they come in once, to choose another.
    pub one_time_password: String,
    /// Until when it opens that way.
    pub until: Timestamp,
}

/// A token, without the secret of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct TokenRow {
    /// What names it, and stands at its beginning after `dem_`.
    pub token: String,
    /// Whose it is.
    pub account: String,
    /// What for.
    pub purpose: String,
    /// As what it comes in, at most.
    pub role: Role,
    /// When it was issued.
    pub issued: Timestamp,
    /// Until when it counts.
    pub expires: Timestamp,
    /// Whether it was revoked.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub revoked: bool,
}

impl TokenRow {
    pub(super) fn of(account: &Account, name: &str, token: &Token) -> Self {
        Self {
            token: name.to_owned(),
            account: account.name.clone(),
            purpose: token.purpose.clone(),
            role: token.role,
            issued: token.issued,
            expires: token.expires,
            revoked: token.revoked,
        }
    }
}

/// A token that was issued just now: its secret is shown this once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct TokenShown {
    /// The token.
    #[serde(flatten)]
    pub row: TokenRow,
    /// What the program sends: `authorization: Bearer …`.
    pub secret: String,
}
