//! Why the desk did not do what was asked, in words that say what would be right.

use serde::{Deserialize, Serialize};

use crate::projections::error::ProjectionError;
use crate::store::with_causes;

/// Why the desk did not do what was asked.
///
/// The variants are the questions that a caller asks of a failure: may I mend it and try again, does
/// what I named exist, is the record sound, was it recorded or not.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// The input says nothing that could be recorded or asked; nothing was recorded.
    #[error("{}", summary(.0))]
    Wrong(Vec<Fault>),
    /// What was named does not exist, or is hidden from the caller.
    #[error("{what} is not in the log")]
    NotFound {
        /// What was named, in the caller's words.
        what: String,
        /// What the caller may have meant.
        hints: Vec<String>,
    },
    /// What was named could be several things; the caller decides, never the program.
    #[error("{what} could be several")]
    Ambiguous {
        /// What was named, in the caller's words.
        what: String,
        /// What it could be.
        candidates: Vec<String>,
    },
    /// A rule does not allow it; nothing was recorded.
    #[error("{rule}")]
    Refused {
        /// The rule, as a sentence.
        rule: String,
        /// What would be right.
        hints: Vec<String>,
    },
    /// Several things do not allow it, each for itself; nothing was recorded.
    #[error("{} things stand in the way: {}", .0.len(), all(.0))]
    Hindered(Vec<Fault>),
    /// Something is not as the caller saw it; nothing was recorded.
    #[error("{what} is not as it was seen{}", listed(.since))]
    Changed {
        /// What.
        what: String,
        /// What became of it since.
        since: Vec<String>,
    },
    /// The record is damaged or altered; what is sound stays readable, nothing is recorded.
    #[error("the record is damaged: {0}")]
    Damaged(String),
    /// It is not known whether this was recorded: only opening the log again tells.
    #[error("it is not known whether this was recorded")]
    InDoubt,
    /// The log cannot be written or reached now; nothing was recorded.
    #[error("{0}")]
    Unavailable(String),
}

/// Returns what became of something, after what it is.
fn listed(since: &[String]) -> String {
    if since.is_empty() { String::new() } else { format!(": {}", since.join("; ")) }
}

/// One thing that is wrong with the input, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Fault {
    /// The line of the file, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What is wrong and what would be right.
    pub detail: String,
}

impl Fault {
    /// Returns a fault of the whole input.
    pub fn new(detail: impl Into<String>) -> Self {
        Self { line: None, field: None, detail: detail.into() }
    }

    /// Returns a fault of one field.
    pub fn in_field(field: &str, detail: impl Into<String>) -> Self {
        Self { line: None, field: Some(field.to_owned()), detail: detail.into() }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(line) = self.line {
            write!(formatter, "line {line}: ")?;
        }
        if let Some(field) = &self.field {
            write!(formatter, "{field}: ")?;
        }
        formatter.write_str(&self.detail)
    }
}

impl From<Fault> for DeskError {
    fn from(fault: Fault) -> Self {
        Self::Wrong(vec![fault])
    }
}

fn all(faults: &[Fault]) -> String {
    faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("; ")
}

fn summary(faults: &[Fault]) -> String {
    match faults {
        [] => "the input is wrong".to_owned(),
        [fault] => fault.to_string(),
        [fault, rest @ ..] => format!("{fault} (and {} more)", rest.len()),
    }
}

impl From<ProjectionError> for DeskError {
    fn from(error: ProjectionError) -> Self {
        let words = with_causes(&error);
        match error {
            ProjectionError::Read { .. }
            | ProjectionError::Missing { .. }
            | ProjectionError::Absent { .. }
            | ProjectionError::Damaged(_) => Self::Damaged(words),
            ProjectionError::Unknown { .. }
            | ProjectionError::TooLong
            | ProjectionError::ReadOnly
            | ProjectionError::Save { .. } => Self::Unavailable(words),
        }
    }
}
