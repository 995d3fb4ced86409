//! The entry format: one flat JSON object per entry, with names in place of ids, as people and files write
//! it; read into an event, and written from one.
//!
//! Invariant: what [`render`] writes, [`parse::Parser`] reads back as the same event.

pub(crate) mod field;
pub(crate) mod parse;
mod relation;
pub(crate) mod render;
pub(crate) mod resolve;
mod value;

pub(crate) use parse::{Parsed, Parser};
pub(crate) use render::render;
pub(crate) use resolve::Resolver;

use crate::desk::error::{DeskError, Fault};

/// One thing that is wrong with an entry.
///
/// A name that is not known is kept apart from other faults: whoever typed a single one is answered with
/// what is near, or with the candidates.
#[derive(Debug)]
pub(crate) struct Trouble {
    /// In words.
    pub(crate) fault: Fault,
    /// The question that the name leaves open, where it is one.
    pub(crate) name: Option<DeskError>,
}

impl Trouble {
    /// Returns what is wrong with a field.
    pub(crate) fn in_field(field: &str, detail: impl Into<String>) -> Self {
        Self { fault: Fault::in_field(field, detail), name: None }
    }

    /// Returns what is wrong with the whole entry.
    pub(crate) fn new(detail: impl Into<String>) -> Self {
        Self { fault: Fault::new(detail), name: None }
    }

    /// Returns what is wrong with a name, with a hint of what to do.
    pub(crate) fn in_name(field: &str, error: DeskError, advice: &str) -> Self {
        let mut detail = error.to_string();
        let near = match &error {
            DeskError::NotFound { hints, .. } if !hints.is_empty() => {
                format!("; near it are {}", hints.join(", "))
            }
            DeskError::Ambiguous { candidates, .. } => format!(": {}", candidates.join(", ")),
            DeskError::NotFound { .. }
            | DeskError::Wrong(_)
            | DeskError::Refused { .. }
            | DeskError::Damaged(_)
            | DeskError::InDoubt
            | DeskError::Unavailable(_) => String::new(),
        };
        detail.push_str(&near);
        let mut error = error;
        if let DeskError::NotFound { hints, .. } = &mut error
            && !advice.is_empty()
        {
            detail = format!("{detail}; {advice}");
            hints.push(advice.to_owned());
        }
        Self { fault: Fault::in_field(field, detail), name: Some(error) }
    }
}

/// Returns the error for everything that is wrong; a single name that is not known is a question back.
pub(crate) fn error_of(mut troubles: Vec<Trouble>) -> DeskError {
    if let [Trouble { name: Some(_), .. }] = troubles.as_slice()
        && let Some(name) = troubles.pop().and_then(|trouble| trouble.name)
    {
        return name;
    }
    DeskError::Wrong(troubles.into_iter().map(|trouble| trouble.fault).collect())
}

#[cfg(test)]
mod tests;
