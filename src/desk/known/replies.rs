//! Replies to what was struck: they stay, marked.

use crate::desk::error::DeskError;
use crate::desk::known::Known;
use crate::domain::fact::Subject;
use crate::domain::id::{EntityId, EventId};
use crate::domain::reading::Entry;

impl Known {
    /// Tells whether an entry answers an offer, or says something else of one or of an answer, that was struck.
    ///
    /// # Errors
    ///
    /// Returns what the projections say when the log cannot be read.
    pub(crate) fn is_on_struck(&self, entry: &Entry) -> Result<bool, DeskError> {
        let Some(event) = entry.event.as_ref().filter(|_| !entry.struck) else { return Ok(false) };
        let creates = matches!(event.kind().subject(), Subject::Creates(_));
        if creates || !matches!(event.kind().family(), "response" | "condition" | "overture") {
            return Ok(false);
        }
        let linked = entry.links().iter().filter(|link| link.relation.enters_history());
        let about = event.envelope.about.iter().copied();
        for target in about.chain(linked.map(|link| EntityId::from(link.target))) {
            // Only of what was corrected at all the corrections are read.
            let id = EventId::from_uuid(*target.as_uuid());
            let position = match self.view.creation(target)? {
                Some((position, _)) => Some(position),
                None => self.view.event(id)?.map(|raw| raw.position),
            };
            let Some(position) = position else { continue };
            if !self.view.corrected(&[position])?.is_empty()
                && self.entry(id)?.is_some_and(|target| target.struck)
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
