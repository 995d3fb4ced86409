//! Who said so, and how far to trust it: sources with the two independent Admiralty grades.

use serde::{Deserialize, Serialize};

use crate::domain::occurred::Occurred;

/// One source of one claim.
///
/// Reliability of the source and credibility of the claim are graded apart (Admiralty system, NATO
/// AJP-2.1): neither is ever computed from the other, and what nobody graded is `F6`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Where it is found: a URL, a file number, a cable number, or words such as `author knowledge`.
    pub locator: String,
    /// How reliable the source has been.
    #[serde(default, skip_serializing_if = "Reliability::is_ungraded")]
    pub reliability: Reliability,
    /// How credible this claim is.
    #[serde(default, skip_serializing_if = "Credibility::is_ungraded")]
    pub credibility: Credibility,
    /// When it was retrieved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retrieved: Option<Occurred>,
    /// SHA-256 of what was retrieved, as 64 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// What this source says where it differs from the entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<String>,
}

/// The two grades of a source together, as staff write them: `B2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Grade {
    /// How reliable the source has been.
    pub reliability: Reliability,
    /// How credible its claim is.
    pub credibility: Credibility,
}

impl std::fmt::Display for Grade {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:?}{}", self.reliability, self.credibility as u8 + 1)
    }
}

/// A text is no grade of a source.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no grade; write a letter from A to F and a digit from 1 to 6, as in B2")]
pub struct GradeError(pub String);

impl std::str::FromStr for Grade {
    type Err = GradeError;

    fn from_str(text: &str) -> Result<Self, GradeError> {
        let place = |letter: u8, first: u8| letter.checked_sub(first).map(usize::from);
        let wrong = || GradeError(text.to_owned());
        let [letter, digit] = *text.as_bytes() else { return Err(wrong()) };
        let reliability =
            place(letter.to_ascii_uppercase(), b'A').and_then(|place| Reliability::ALL.get(place));
        let credibility = place(digit, b'1').and_then(|place| Credibility::ALL.get(place));
        match (reliability, credibility) {
            (Some(reliability), Some(credibility)) => {
                Ok(Self { reliability: *reliability, credibility: *credibility })
            }
            _ => Err(wrong()),
        }
    }
}

impl Source {
    /// Returns its grade.
    pub const fn grade(&self) -> Grade {
        Grade { reliability: self.reliability, credibility: self.credibility }
    }

    /// Returns an ungraded source found at `locator`.
    pub fn at(locator: impl Into<String>) -> Self {
        Self {
            locator: locator.into(),
            reliability: Reliability::default(),
            credibility: Credibility::default(),
            retrieved: None,
            sha256: None,
            claim: None,
        }
    }
}

/// How reliable a source has been, from `A` (completely) to `E` (not); `F` cannot be judged.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
pub enum Reliability {
    /// Completely reliable.
    A,
    /// Usually reliable.
    B,
    /// Fairly reliable.
    C,
    /// Not usually reliable.
    D,
    /// Unreliable.
    E,
    /// Cannot be judged.
    #[default]
    F,
}

impl Reliability {
    /// Every grade, the best first.
    pub const ALL: [Self; 6] = [Self::A, Self::B, Self::C, Self::D, Self::E, Self::F];

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_ungraded(&self) -> bool {
        *self == Self::F
    }
}

/// How credible a claim is, from `1` (confirmed) to `5` (improbable); `6` cannot be judged.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
pub enum Credibility {
    /// Confirmed by other sources.
    #[serde(rename = "1")]
    Confirmed,
    /// Probably true.
    #[serde(rename = "2")]
    ProbablyTrue,
    /// Possibly true.
    #[serde(rename = "3")]
    PossiblyTrue,
    /// Doubtful.
    #[serde(rename = "4")]
    Doubtful,
    /// Improbable.
    #[serde(rename = "5")]
    Improbable,
    /// Cannot be judged.
    #[default]
    #[serde(rename = "6")]
    CannotBeJudged,
}

impl Credibility {
    /// Every grade, the best first.
    pub const ALL: [Self; 6] = [
        Self::Confirmed,
        Self::ProbablyTrue,
        Self::PossiblyTrue,
        Self::Doubtful,
        Self::Improbable,
        Self::CannotBeJudged,
    ];

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
    fn is_ungraded(&self) -> bool {
        *self == Self::CannotBeJudged
    }
}
