//! The entry format: one flat JSON object per entry, with names in place of ids, as people and files write
//! it; read into an event, and written from one.
//!
//! Invariant: what [`render`] writes, [`parse::Parser`] reads back as the same event.

pub(crate) mod field;
pub(crate) mod parse;
mod relation;
pub(crate) mod render;
pub(crate) mod resolve;
pub(crate) mod strict;
mod value;

pub(crate) use parse::{Parsed, Parser};
pub(crate) use render::{called, render};
pub(crate) use resolve::{BY_HAND, Resolver};

use crate::desk::error::{DeskError, Fault};
use crate::store::BODY_BYTES_MAX;

/// One thing that is wrong with an entry.
///
/// A name that is not known, and a text that is too long, are kept apart from other faults: the entry is
/// well written, and cannot be recorded all the same.
#[derive(Debug)]
pub(crate) struct Trouble {
    /// In words.
    pub(crate) fault: Fault,
    /// Why it cannot be recorded, where nothing is wrong with how it is written.
    pub(crate) obstacle: Option<DeskError>,
}

impl Trouble {
    /// Returns what is wrong with a field.
    pub(crate) fn in_field(field: &str, detail: impl Into<String>) -> Self {
        Self { fault: Fault::in_field(field, detail), obstacle: None }
    }

    /// Returns what is wrong with the whole entry.
    pub(crate) fn new(detail: impl Into<String>) -> Self {
        Self { fault: Fault::new(detail), obstacle: None }
    }

    /// Returns that a text is too long, said of a field or of the whole entry.
    pub(crate) fn too_long(field: Option<&str>, bytes: usize) -> Self {
        let what = format!("has {bytes} bytes, and an entry holds at most {BODY_BYTES_MAX}");
        let advice = "shorten it, and name where the whole text is kept as a `source`";
        let rule = format!("{} {what}", field.unwrap_or("the entry"));
        let obstacle = DeskError::Refused { rule, hints: vec![advice.to_owned()] };
        let detail = format!("{what}; {advice}");
        let fault = field.map_or_else(
            || Fault::new(format!("the entry {detail}")),
            |field| Fault::in_field(field, &detail),
        );
        Self { fault, obstacle: Some(obstacle) }
    }

    /// Returns what is wrong with a handle, with what a handle looks like.
    pub(crate) fn in_handle(field: &str, error: DeskError) -> Self {
        let detail = match &error {
            DeskError::NotFound { hints, .. } if !hints.is_empty() => {
                format!("{error}; {}", hints.join("; "))
            }
            DeskError::Ambiguous { candidates, .. } => format!("{error}: {}", candidates.join(", ")),
            DeskError::NotFound { .. }
            | DeskError::Wrong(_)
            | DeskError::Hindered(_)
            | DeskError::Refused { .. }
            | DeskError::Changed { .. }
            | DeskError::Damaged(_)
            | DeskError::InDoubt
            | DeskError::Unavailable(_) => error.to_string(),
        };
        Self { fault: Fault::in_field(field, detail), obstacle: Some(error) }
    }

    /// Returns the same trouble with one more way out.
    #[must_use]
    pub(crate) fn or(mut self, way: &str) -> Self {
        self.fault.detail = format!("{}; {way}", self.fault.detail);
        if let Some(DeskError::NotFound { hints, .. } | DeskError::Refused { hints, .. }) = &mut self.obstacle
        {
            hints.push(way.to_owned());
        }
        self
    }

    /// Returns the same trouble as that of a line.
    #[must_use]
    pub(crate) fn on_line(mut self, line: u64) -> Self {
        self.fault.line = Some(line);
        if let Some(
            DeskError::NotFound { what: words, .. }
            | DeskError::Ambiguous { what: words, .. }
            | DeskError::Refused { rule: words, .. },
        ) = &mut self.obstacle
        {
            *words = format!("line {line}: {words}");
        }
        self
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
            | DeskError::Hindered(_)
            | DeskError::Refused { .. }
            | DeskError::Changed { .. }
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
        Self { fault: Fault::in_field(field, detail), obstacle: Some(error) }
    }
}

/// Returns the error for everything that is wrong.
///
/// Where only names are not known, it is a question back, or says all of them; where something is badly
/// written, that comes first.
pub(crate) fn error_of(mut troubles: Vec<Trouble>) -> DeskError {
    if troubles.iter().any(|trouble| trouble.obstacle.is_none()) || troubles.is_empty() {
        return DeskError::Wrong(troubles.into_iter().map(|trouble| trouble.fault).collect());
    }
    if troubles.len() == 1
        && let Some(obstacle) = troubles.pop().and_then(|trouble| trouble.obstacle)
    {
        return obstacle;
    }
    DeskError::Hindered(troubles.into_iter().map(|trouble| trouble.fault).collect())
}

#[cfg(test)]
mod tests;
