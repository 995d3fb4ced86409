//! What happened when: a part of the log, in the order of the world or of the record, page by page.

use crate::desk::Desk;
use crate::desk::answer::entry::EntryRow;
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::{TimelineAsk, When};
use crate::desk::error::{DeskError, Fault};
use crate::desk::filter;
use crate::desk::filter::selection::selected;
use crate::desk::known::Known;
use crate::desk::token::{self, Question};
use crate::projections::timeline::{By, Direction, Order, Row, TimelineQuery};

/// Returns a page of the timeline.
pub(super) fn timeline(
    desk: &Desk,
    when: &When,
    ask: &TimelineAsk,
) -> Result<Answer<Page<EntryRow>>, DeskError> {
    let known = desk.known(when)?;
    let question = Question::of("timeline", when, &TimelineAsk { limit: None, after: None, ..ask.clone() });
    let limit = token::limit(ask.limit)?;
    let after = ask.after.as_deref().map(|after| question.place(after)).transpose()?;
    let order = order(ask)?;
    let query = filter::query(&known, when, &ask.filter)?;
    let page = known.view.timeline(&TimelineQuery { limit, after, order, ..query })?;
    let items = rows(&known, &page.rows)?;
    let next = page.next.map(|next| question.token(next));
    Ok(known.answer(Page { items, next, total: page.total }))
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
mod tests;
