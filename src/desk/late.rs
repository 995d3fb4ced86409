//! Which entries were recorded long after they had happened, or after the desk had learned of them, and why.

#[cfg(test)]
mod tests;

use crate::desk::Desk;
use crate::desk::answer::late::LateRow;
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::{FilterAsk, LateAsk, When};
use crate::desk::bookmarks::LATEST_FIRST;
use crate::desk::error::{DeskError, Fault};
use crate::desk::filter;
use crate::desk::filter::selection::{Selected, selected};
use crate::desk::format::BY_HAND;
use crate::desk::known::Known;
use crate::desk::timeline;
use crate::desk::token::{self, Question};
use crate::domain::event::Envelope;
use crate::domain::meeting::reason_is_cause;
use crate::domain::overture::days_between;
use crate::domain::span::Span;
use crate::projections::late::LateQuery;
use crate::projections::timeline::Cursor;

/// Within so long what happened is recorded in time, where nobody says otherwise.
const LAG: &str = "3d";

impl Desk {
    /// As [`Desk::late`].
    pub(super) fn list_late(&self, when: &When, ask: &LateAsk) -> Result<Answer<Page<LateRow>>, DeskError> {
        let question = Question::of("late", when, &LateAsk { limit: None, after: None, ..ask.clone() });
        let (asked, after) = timeline::begins(self, &question, ask.after.as_deref(), LATEST_FIRST)?;
        let known = self.known_when_asked(when, asked)?;
        let typed = ask.lag.as_deref().unwrap_or(LAG);
        let lag: Span = typed.parse().map_err(|error| Fault::in_field("lag", format!("{error}")))?;
        let filter =
            FilterAsk { recorder: ask.by.clone(), recorded: ask.recorded.clone(), ..FilterAsk::default() };
        let meant = filter::query(&known, &When::default(), &filter).map_err(in_own_words)?;
        let page = known.view.late(&LateQuery {
            lag,
            zone: known.zone,
            recorders: meant.recorders,
            recorded: meant.recorded,
            before: after.map(Cursor::position),
            limit: token::limit(ask.limit)?,
        })?;
        let rows = selected(&known, &page.rows)?.into_iter().zip(&page.rows);
        let items = rows.map(|(selected, row)| told(&known, selected, row.latest)).collect();
        let end = |next| self.page_end(&known, Cursor::at_position(next), LATEST_FIRST);
        let next = page.next.map(|next| question.token(end(next)));
        Ok(known.answer(Page { items, next, total: page.total }))
    }
}

/// Names in an error the parameters that the caller typed.
pub(super) fn in_own_words(error: DeskError) -> DeskError {
    let DeskError::Wrong(mut faults) = error else { return error };
    for fault in &mut faults {
        if fault.field.as_deref() == Some("recorder") {
            fault.field = Some("by".to_owned());
        }
    }
    DeskError::Wrong(faults)
}

fn told(known: &Known, selected: Selected, latest: crate::domain::timestamp::Timestamp) -> LateRow {
    let Selected { mut row, entry } = selected;
    if entry.event.as_ref().is_some_and(reason_is_cause) {
        row.reason = None;
    }
    let none = Envelope::default();
    let envelope = entry.event.as_ref().map_or(&none, |event| &event.envelope);
    let learned = envelope.learned_at.as_ref();
    let file = envelope.external_refs.first().filter(|external| external.namespace != BY_HAND);
    LateRow {
        days: days_between(&known.zone, latest, entry.at),
        learned: learned.map(Known::date),
        days_since_learned: learned
            .map(|learned| days_between(&known.zone, learned.latest(&known.zone), entry.at)),
        note: envelope.note.clone(),
        file: file.map(|external| external.namespace.clone()),
        row,
    }
}
