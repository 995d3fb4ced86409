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

/// Why nothing is due at all.
const NOTHING_ASKS: &str =
    "no deadline, proposed date, channel rule or policy asks for an answer to an overture that is open";

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
        let mut rows: Vec<DueRow> = Vec::new();
        for overture in known.entities(EntityKind::Overture)? {
            if standings.gathered(overture)?.is_made(&known) {
                rows.extend(standings.due(overture)?);
            }
            standings.let_go(overture);
        }
        // What is overdue lies before the moment, so that it comes first by its date alone.
        rows.sort_by_key(|row| (row.due, row.overture.id));
        let later = rows.split_off(rows.partition_point(|row| row.due <= until));
        let items = rows;
        if let (true, Some(typed)) = (items.is_empty(), &ask.within) {
            known.notice(match later.first() {
                Some(next) => format!(
                    "no answer is due within {}; the next is due by {}: {} ({})",
                    typed.trim(),
                    next.words,
                    next.overture.handle,
                    next.basis
                ),
                None => NOTHING_ASKS.to_owned(),
            });
        } else if items.is_empty() {
            known.notice(NOTHING_ASKS);
        }
        let total = u64::try_from(items.len()).unwrap_or(u64::MAX);
        Ok(known.answer(Page { items, next: None, total }))
    }
}
