//! Entries that are new, or that read otherwise.

use crate::desk::answer::operation::DiffRow;
use crate::desk::diff::Comparison;
use crate::desk::error::DeskError;
use crate::desk::history::{compare, fields_of};
use crate::desk::known::Known;
use crate::domain::reading::Entry;

impl Comparison<'_> {
    /// Returns the entries that are new or read otherwise, in no order.
    pub(super) fn entries(&self) -> Result<Vec<DiffRow>, DeskError> {
        let mut rows = Vec::new();
        for (id, positions) in self.touched.entries() {
            let (before, after) = (self.earlier.entry(id)?, self.later.entry(id)?);
            let Some(after) = after else { continue };
            let shown = match &before {
                None => (None, line(&self.later, &after)?),
                Some(before) => match self.otherwise(before, &after)? {
                    Some((before, after)) => (Some(before), after),
                    None => continue,
                },
            };
            let read = |known: &Known| {
                let entry = known.entry(id)?;
                entry
                    .map(|entry| Ok::<_, DeskError>((line(known, &entry)?, fields_of(known, &entry)?)))
                    .transpose()
            };
            let by = self.those_that_did_it(positions, &read(&self.earlier)?, &read(&self.later)?, &read)?;
            rows.push(DiffRow {
                what: "entry".to_owned(),
                name: Known::entry_ref(&after).handle,
                before: shown.0,
                after: Some(shown.1),
                by,
            });
        }
        Ok(rows)
    }

    /// Returns how an entry read and reads, in one line each; where the lines are the same, the fields
    /// that differ; none where nothing does.
    fn otherwise(&self, before: &Entry, after: &Entry) -> Result<Option<(String, String)>, DeskError> {
        let lines = (line(&self.earlier, before)?, line(&self.later, after)?);
        if lines.0 != lines.1 {
            return Ok(Some(lines));
        }
        let changes = compare(&fields_of(&self.earlier, before)?, &fields_of(&self.later, after)?);
        if changes.is_empty() {
            return Ok(None);
        }
        let list = |side: fn(&crate::desk::answer::entry::FieldChange) -> Option<&serde_json::Value>| {
            let fields = changes.iter().map(|change| match side(change) {
                Some(value) => format!("{}: {value}", change.field),
                None => format!("{}: nothing", change.field),
            });
            fields.collect::<Vec<_>>().join("; ")
        };
        Ok(Some((list(|change| change.before.as_ref()), list(|change| change.after.as_ref()))))
    }
}

/// Returns an entry in one line: kind, date, what happened, on what it bears, and whether it is struck.
fn line(known: &Known, entry: &Entry) -> Result<String, DeskError> {
    let shown = Known::entry_ref(entry);
    let mut line = shown.kind.map_or_else(|| "a text that was removed".to_owned(), |kind| kind.to_string());
    if let Some(date) = shown.date {
        line = format!("{line}, {}", date.words);
    }
    if let Some(summary) = shown.summary {
        line = format!("{line}: {summary}");
    }
    for link in entry.links() {
        line = format!("{line} [{} {}]", link.relation.as_str(), known.named(link.target.into())?.name);
    }
    if entry.struck {
        line.push_str(" [struck]");
    }
    Ok(line)
}
