//! The one filter language: what of the log is meant, in the words of the caller.
//!
//! The same parameters stand behind the flags of a command, the query of an address and the form of a page.
//! Within a parameter, items stand with commas and one match suffices; an item that begins with `!` is left
//! out. What several parameters say must all hold.

use serde::{Deserialize, Serialize};

/// What of the log is meant; everything where nothing is said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FilterAsk {
    /// About or over these channels, or about these series: `mil-west,!media`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Carried by these channels; `any` for whatever carried it, `none` for what no channel of the register carried. So
    /// also of `channel`, `from_party`, `to_party` and `party`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub via: Option<String>,
    /// About these channels, overtures, meetings, series or parties.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Between these two parties and their bodies, either way: `KOR,PRK`; `!KOR,PRK` for what is not. Of what names
    /// nobody to whom it is, calls and what is declared about a line are between the two where the line is, and what one
    /// of the two says or does about an offer of one to the other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub between: Option<String>,
    /// From these parties or bodies of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_party: Option<String>,
    /// To these parties or bodies of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to_party: Option<String>,
    /// From or to these parties or bodies of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub party: Option<String>,
    /// In which these persons of the register speak or are named, under any of their names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// Of these kinds or families: `overture.proposed,response`, `!media`. Registrations and corrections are shown
    /// where a kind of them is named, or a family that has nothing else: `record`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// On these topics, in the desk's key words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// With these markings: `TLP:AMBER`, or `none` for what has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub marking: Option<String>,
    /// With a source of these grades: `B2`, `A-C`, `A-C1-3`, or `none` for what has no source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grade: Option<String>,
    /// Recorded by these.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorder: Option<String>,
    /// `struck`, `amended`, `redacted` or `all`, or a list of these: `struck,amended`, `!amended`; without it struck
    /// entries are left out. With `redacted` registrations and corrections are found too: a text that was removed
    /// does not tell whether it was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// With these words in summaries, texts and notes: `군사회담 제의`, `"joint communiqué"`, `talks OR negotiat*`,
    /// `회담 -적십자`. Commas and `!` mean nothing special here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// At these positions of the log: `100..200`, `100..`, `..200`, `100`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<String>,
    /// Happened within these dates, both included: `2018..2019-06`, `2018..`, `..2018`, `2018`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub occurred: Option<String>,
    /// Happened at or after this date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Happened at or before this date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Only what certainly happened within the dates, which must be given: the whole of its date lies within them, and
    /// `at` and `known_as_of` do not cut that short. Without it also what possibly did.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub certainly: bool,
    /// Recorded within these times, both included: `2026-03..2026-04`, `2026..`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded: Option<String>,
    /// Recorded at or after this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded_from: Option<String>,
    /// Recorded at or before this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded_to: Option<String>,
    /// With registrations and corrections, which keep the record and say nothing of the world.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub bookkeeping: bool,
}
