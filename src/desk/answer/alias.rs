//! Who goes by which name: persons and their offices, and what may be typed.

use serde::{Deserialize, Serialize};

use crate::desk::answer::Date;
use crate::desk::answer::entry::Named;
use crate::domain::id::EntityId;

/// A person of the register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PersonRow {
    /// The person.
    pub id: EntityId,
    /// The name to show first.
    pub name: String,
    /// Every name, the one to show first among them.
    pub names: Vec<String>,
    /// The offices on record, the one that began first before the others.
    pub roles: Vec<RoleRow>,
}

/// An office that a person holds or held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RoleRow {
    /// The office.
    pub office: String,
    /// The body.
    pub party: Named,
    /// From when on; none where nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Date>,
    /// Until when; none while it is held, or where nobody said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Date>,
    /// Whether it is held at the moment of the answer, as far as the record tells.
    pub holds: bool,
}

/// A name that may be typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct NameRow {
    /// What has the name: an event for a handle.
    pub id: EntityId,
    /// The name.
    pub name: String,
    /// What it is, in words.
    pub words: String,
}
