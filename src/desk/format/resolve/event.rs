//! Which entry a name means: a row of the same submission, else an entry of the log.

use crate::desk::error::DeskError;
use crate::desk::format::resolve::Resolver;
use crate::domain::id::EventId;

impl Resolver<'_> {
    /// Returns how many entries go by a name, of the same submission or of the log: one, several, or none.
    ///
    /// # Errors
    ///
    /// Returns what the projections say when the log cannot be read.
    pub(crate) fn entries_named(&self, name: &str) -> Result<usize, DeskError> {
        let elsewhere = || self.elsewhere.map_or(Ok(None), |find| find(name));
        if self.rows.contains_key(name) || elsewhere()?.is_some() {
            return Ok(1);
        }
        let called = self.known.view.called(name)?.len();
        Ok(match name.split_once(':') {
            Some((namespace, id)) if called == 0 => self.known.view.external(namespace, id)?.len(),
            Some(_) | None => called,
        })
    }

    pub(super) fn find_event(&mut self, typed: &str) -> Result<EventId, DeskError> {
        if let Some(row) = self.rows.get(typed) {
            return Ok(*row);
        }
        if let Some(find) = self.elsewhere
            && let Some(row) = find(typed)?
        {
            return Ok(row);
        }
        self.known.entry_called(typed, self.namespace)
    }
}
