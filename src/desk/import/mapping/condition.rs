//! Whether something is true of a row. The one place that names `regex`: its expressions take time in
//! proportion to the text, whatever a mapping says.

use std::collections::HashMap;

use regex::Regex;

use crate::desk::error::Fault;
use crate::desk::import::mapping::Condition;
use crate::desk::import::mapping::row::RowOf;

/// How much memory an expression may take.
const PATTERN_BYTES_MAX: usize = 1 << 20;

/// The regular expressions of a mapping, by how they are written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Patterns {
    compiled: HashMap<String, Regex>,
}

impl Patterns {
    /// Takes in an expression.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with it.
    pub(super) fn add(&mut self, pattern: &str) -> Result<(), String> {
        let built = regex::RegexBuilder::new(pattern).size_limit(PATTERN_BYTES_MAX).build();
        let built = built.map_err(|error| format!("`{pattern}` is no regular expression: {error}"))?;
        self.compiled.insert(pattern.to_owned(), built);
        Ok(())
    }

    fn matches(&self, pattern: &str, text: &str) -> bool {
        self.compiled.get(pattern).is_some_and(|regex| regex.is_match(text))
    }

    /// Returns the part of a text that an expression is about.
    pub(super) fn part<'t>(&self, pattern: &str, text: &'t str) -> Option<&'t str> {
        let captures = self.compiled.get(pattern)?.captures(text)?;
        captures.get(1).or_else(|| captures.get(0)).map(|part| part.as_str())
    }
}

impl Condition {
    /// Tells whether it is true of a row.
    pub(super) fn holds(&self, row: &RowOf<'_>, patterns: &Patterns) -> bool {
        if let Some(column) = &self.column {
            let text = row.text(column);
            let text = text.trim();
            return self.is.as_deref().is_none_or(|is| text == is.trim())
                && (self.one_of.is_empty() || self.one_of.iter().any(|one| text == one.trim()))
                && self
                    .contains
                    .as_ref()
                    .is_none_or(|part| text.to_lowercase().contains(&part.to_lowercase()))
                && self.matches.as_ref().is_none_or(|pattern| patterns.matches(pattern, text))
                && self.empty.is_none_or(|empty| text.is_empty() == empty);
        }
        self.all.iter().all(|one| one.holds(row, patterns))
            && (self.any.is_empty() || self.any.iter().any(|one| one.holds(row, patterns)))
            && self.not.as_ref().is_none_or(|one| !one.holds(row, patterns))
    }

    /// Checks it, and takes in its expressions.
    pub(super) fn check(&self, place: &str, patterns: &mut Patterns, faults: &mut Vec<Fault>) {
        let tests = [
            self.is.is_some(),
            !self.one_of.is_empty(),
            self.contains.is_some(),
            self.matches.is_some(),
            self.empty.is_some(),
        ];
        let tests = tests.into_iter().filter(|given| *given).count();
        let within = self.all.len() + self.any.len() + usize::from(self.not.is_some());
        let detail = match (&self.column, tests, within) {
            (Some(_), 0, 0) => Some("tests nothing; add `is`, `one_of`, `contains`, `matches` or `empty`"),
            (Some(_), _, 1..) => Some("has a column and conditions within it; put the column into `all`"),
            (None, 1.., _) => Some("has a test and no `column`"),
            (None, 0, 0) => Some("says nothing; give a `column` with a test, or `all`, `any` or `not`"),
            (Some(_), 1.., 0) | (None, 0, 1..) => None,
        };
        faults.extend(detail.map(|detail| Fault::in_field(place, detail)));
        if let Some(Err(detail)) = self.matches.as_ref().map(|pattern| patterns.add(pattern)) {
            faults.push(Fault::in_field(&format!("{place}.matches"), detail));
        }
        for (name, list) in [("all", &self.all), ("any", &self.any)] {
            for (number, one) in list.iter().enumerate() {
                one.check(&format!("{place}.{name}[{number}]"), patterns, faults);
            }
        }
        if let Some(not) = &self.not {
            not.check(&format!("{place}.not"), patterns, faults);
        }
    }

    /// Returns the columns that it tests.
    pub(super) fn columns(&self) -> Vec<&str> {
        let within = self.all.iter().chain(&self.any).chain(self.not.as_deref());
        self.column.as_deref().into_iter().chain(within.flat_map(Self::columns)).collect()
    }
}
