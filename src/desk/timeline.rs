//! What happened when: a part of the log, in the order of the world or of the record, page by page.

use crate::desk::Desk;
use crate::desk::answer::entry::EntryRow;
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::{TimelineAsk, When};
use crate::desk::bookmarks::Asked;
use crate::desk::error::{DeskError, Fault};
use crate::desk::filter;
use crate::desk::filter::selection::{selected, selected_at};
use crate::desk::known::Known;
use crate::desk::token::{self, Question};
use crate::projections::timeline::{By, Cursor, Direction, Order, Row, TimelineQuery};

/// Returns a page of the timeline.
pub(super) fn timeline(
    desk: &Desk,
    when: &When,
    ask: &TimelineAsk,
) -> Result<Answer<Page<EntryRow>>, DeskError> {
    let question = Question::of("timeline", when, &TimelineAsk { limit: None, after: None, ..ask.clone() });
    let limit = token::limit(ask.limit)?;
    let order = order(ask)?;
    let (asked, after) = begins(desk, &question, ask.after.as_deref(), order)?;
    let known = desk.known_when_asked(when, asked)?;
    let query = filter::query(&known, when, &ask.filter)?;
    let page = known.view.spots(&TimelineQuery { order, after, limit, ..query })?;
    let items = selected_at(&known, &page.spots)?.into_iter().map(|selected| selected.row).collect();
    let next = page.next.map(|end| question.token(desk.page_end(&known, end, order)));
    Ok(known.answer(Page { items, next, total: page.total }))
}

/// Returns what a page knows, and after what it begins: it knows what the first one did when it was asked for, so that the
/// pages together are one list, whatever is recorded and however late it becomes meanwhile.
///
/// # Errors
///
/// Returns [`DeskError::Wrong`] for the token of another question, and for what is none.
pub(super) fn begins(
    desk: &Desk,
    question: &Question,
    after: Option<&str>,
    order: Order,
) -> Result<(Asked, Option<Cursor>), DeskError> {
    let Some(token) = after else { return Ok((Asked::NOW, None)) };
    desk.page_begin(question.place(token)?, order)
}

/// Returns rows of the index as lists show them.
pub(super) fn rows(known: &Known, found: &[Row]) -> Result<Vec<EntryRow>, DeskError> {
    Ok(selected(known, found)?.into_iter().map(|selected| selected.row).collect())
}

/// Returns the order that is asked for.
fn order(ask: &TimelineAsk) -> Result<Order, DeskError> {
    let by = match ask.by.as_deref().map(str::trim) {
        None | Some("occurred") => By::Occurred,
        Some("recorded") => By::Recorded,
        Some(other) => {
            let detail = format!("`{other}` is no order of a timeline; write occurred or recorded");
            return Err(Fault::in_field("by", detail).into());
        }
    };
    Ok(Order { by, direction: if ask.reverse { Direction::Descending } else { Direction::Ascending } })
}

#[cfg(test)]
pub(super) mod tests;
