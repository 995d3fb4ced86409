//! What was found in texts, and where it stands there.

use serde::{Deserialize, Serialize};

use crate::desk::answer::entry::EntryRow;

/// An entry that says what is looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct FoundRow {
    /// As in a list.
    #[serde(flatten)]
    pub row: EntryRow,
    /// How well it says it, the better the higher: by how often and in how long a text, whatever else is in
    /// the log.
    pub score: u32,
    /// Where it says it; three places at most.
    pub snippets: Vec<Snippet>,
}

/// A piece of a text of an entry, and what was found there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Snippet {
    /// Which text it is: `summary`, `text`, `note`, `speaker`, `topic`, `reason`, `source`, or a field of the
    /// detail.
    pub place: String,
    /// The language of the version, where that is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The version is a translation made by the desk.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub translation: bool,
    /// How far this version may travel, where it differs from the entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marking: Option<String>,
    /// The piece, as it was written.
    pub text: String,
    /// How many characters (Unicode code points) of the text stand before it.
    pub begins: u32,
    /// How many stand after it.
    pub follows: u32,
    /// What was found: from which character of the piece up to which, that one left out.
    pub marks: Vec<(u32, u32)>,
}
