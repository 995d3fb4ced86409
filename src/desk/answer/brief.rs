//! One page about an offer, with footnotes, and the claims that an entry rests on.

use serde::{Deserialize, Serialize};

use crate::desk::answer::Date;
use crate::desk::answer::board::OvertureRow;
use crate::desk::answer::entry::{EntryRef, EntryRow, LinkRow};
use crate::domain::timestamp::Timestamp;

/// One page about an offer: what was offered, where it stands, everything since, and what is not known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Brief {
    /// The offer in a line.
    pub title: String,
    /// Who offered it to whom, when and through what.
    pub subtitle: String,
    /// Where it stands.
    pub overture: OvertureRow,
    /// Where it stands, in sentences.
    pub standing: Vec<Sentence>,
    /// What came before the offer and belongs to its story: what it counters, say. In the order of the world.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<Sentence>,
    /// What happened since, in the order of the world.
    pub since: Vec<Sentence>,
    /// What the record does not say, and what was looked for.
    pub open: Vec<Sentence>,
    /// The entries on which the sentences rest.
    pub footnotes: Vec<Footnote>,
    /// On what those rest that are derived: a note after the last of the footnotes. None where nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub derived: Option<Derivation>,
    /// The markings of what is quoted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub markings: Vec<String>,
    /// How many entries of the thread were left out, to keep it to a page.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: u64,
}

/// A sentence, and the footnotes on which it rests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Sentence {
    /// When what it tells happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<Date>,
    /// The sentence.
    pub text: String,
    /// The numbers of footnotes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<u32>,
}

/// That sentences follow from the clock and from what is not there, and rest on no entry alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Derivation {
    /// Its number among the notes.
    pub number: u32,
    /// From what they are derived, and as of when.
    pub words: String,
}

/// On which entry a sentence rests, and on whose word that does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Footnote {
    /// Its number, from 1.
    pub number: u32,
    /// The entry.
    pub entry: EntryRef,
    /// Its place in the log.
    pub position: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// Who recorded it.
    pub recorder: String,
    /// Who says so, with the grades that someone gave.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// How far it may travel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub marking: Option<String>,
    /// How often it was amended.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub amended: u64,
}

/// What an entry says, who says otherwise, and who chose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ClaimsRow {
    /// The reading that the desk chose.
    #[serde(flatten)]
    pub row: EntryRow,
    /// Who chose it.
    pub chosen_by: String,
    /// When.
    pub chosen_at: Timestamp,
    /// Why, where it was chosen in the place of another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chosen_because: Option<String>,
    /// Sources that say the same, or of which nothing else is recorded.
    pub agreeing: Vec<ClaimRow>,
    /// Sources that say otherwise.
    pub rival: Vec<ClaimRow>,
    /// Entries that contradict it, or that it contradicts.
    pub contradicting: Vec<LinkRow>,
    /// Entries that report the same from elsewhere.
    pub corroborating: Vec<LinkRow>,
}

/// What a source says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ClaimRow {
    /// The source.
    pub source: String,
    /// How reliable the source is and how credible the claim, as `B2`; none where nobody graded it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grade: Option<String>,
    /// What it says where that is something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<String>,
    /// When it was retrieved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retrieved: Option<Date>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}
