//! What happened when: a part of the log, in the order of the world or of the record, page by page.

use std::fmt;
use std::str::FromStr;

use crate::desk::Desk;
use crate::desk::answer::entry::EntryRow;
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::{TimelineAsk, When};
use crate::desk::error::{DeskError, Fault};
use crate::desk::filter;
use crate::desk::filter::selection::{selected, selected_at};
use crate::desk::known::Known;
use crate::desk::token::{self, Question};
use crate::projections::timeline::{By, Cursor, CursorError, Direction, Order, Row, TimelineQuery};

/// Returns a page of the timeline.
pub(super) fn timeline(
    desk: &Desk,
    when: &When,
    ask: &TimelineAsk,
) -> Result<Answer<Page<EntryRow>>, DeskError> {
    let question = Question::of("timeline", when, &TimelineAsk { limit: None, after: None, ..ask.clone() });
    let limit = token::limit(ask.limit)?;
    let place: Option<Place> = ask.after.as_deref().map(|after| question.place(after)).transpose()?;
    let known = desk.known_within(when, place.map_or(u64::MAX, |place| place.size))?;
    let order = order(ask)?;
    let query = filter::query(&known, when, &ask.filter)?;
    let after = place.map(|place| place.after);
    let page = known.view.spots(&TimelineQuery { order, after, limit, ..query })?;
    let items = selected_at(&known, &page.spots)?.into_iter().map(|selected| selected.row).collect();
    let size = known.view.size();
    let next = page.next.map(|after| question.token(Place { size, after }));
    Ok(known.answer(Page { items, next, total: page.total }))
}

/// Where a page begins: of the record as known at the size at which the first page was asked for, so that
/// the pages together are one list, whatever is recorded meanwhile.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) size: u64,
    pub(super) after: Cursor,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:016x}{}", self.size, self.after)
    }
}

impl FromStr for Place {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Self, CursorError> {
        let wrong = || CursorError(text.to_owned());
        let (size, after) = text.split_at_checked(16).ok_or_else(wrong)?;
        Ok(Self { size: u64::from_str_radix(size, 16).map_err(|_| wrong())?, after: after.parse()? })
    }
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
