//! Which answers are due, on what basis, and which are overdue.

use crate::desk::Desk;
use crate::desk::answer::board::DueRow;
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::{DueAsk, When};
use crate::desk::error::{DeskError, Fault};
use crate::desk::overtures::standings::Standings;
use crate::domain::fact::EntityKind;
use crate::domain::span::Span;
use crate::domain::timestamp::Timestamp;

impl Desk {
    /// As [`Desk::due`]: overdue ones first, then those that are due next.
    pub(super) fn list_due(&self, when: &When, ask: &DueAsk) -> Result<Answer<Page<DueRow>>, DeskError> {
        let known = self.known(when)?;
        let until = match &ask.within {
            None => Timestamp::MAX,
            Some(typed) => {
                let span: Span =
                    typed.parse().map_err(|error| Fault::in_field("within", format!("{error}")))?;
                span.after(known.at, &known.zone)
            }
        };
        let mut standings = Standings::new(&known);
        let mut items: Vec<DueRow> = Vec::new();
        for overture in known.entities(EntityKind::Overture)? {
            if standings.gathered(overture)?.is_made(&known) {
                items.extend(standings.due(overture)?.filter(|row| row.due <= until));
            }
        }
        // What is overdue lies before the moment, so that it comes first by its date alone.
        items.sort_by_key(|row| (row.due, row.overture.id));
        let total = u64::try_from(items.len()).unwrap_or(u64::MAX);
        Ok(known.answer(Page { items, next: None, total }))
    }
}
