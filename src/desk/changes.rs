//! What was recorded since: everything, corrections and registrations included, newest last.

use crate::desk::Desk;
use crate::desk::answer::entry::EntryRow;
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::{ChangesAsk, When};
use crate::desk::error::{DeskError, Fault};
use crate::desk::timeline;
use crate::desk::token::{self, Question};
use crate::projections::timeline::{By, Cursor, Direction, Order, Struck, TimelineQuery};

/// Returns what was recorded after a position, each entry as it reads now.
pub(super) fn changes(
    desk: &Desk,
    when: &When,
    ask: &ChangesAsk,
) -> Result<Answer<Page<EntryRow>>, DeskError> {
    let known = desk.known(when)?;
    let question = Question::of("changes", when, &ChangesAsk { limit: None, after: None, ..ask.clone() });
    let size = known.view.size();
    if let Some(since) = ask.since.filter(|since| *since >= size) {
        let detail = match size.checked_sub(1) {
            Some(last) => format!("there is no position {since}; the last that was known is {last}"),
            None => format!("there is no position {since}; the log was empty"),
        };
        return Err(Fault::in_field("since", detail).into());
    }
    let after = match &ask.after {
        Some(token) => Some(question.place::<u64>(token)?),
        None => ask.since,
    };
    let limit = token::limit(ask.limit)?;
    let page = known.view.timeline(&TimelineQuery {
        struck: Struck::Show,
        bookkeeping: true,
        order: Order { by: By::Recorded, direction: Direction::Ascending },
        after: after.map(Cursor::at_position),
        limit,
        ..TimelineQuery::default()
    })?;
    let items = timeline::rows(&known, &page.rows)?;
    let next = page.next.and_then(|_| items.last()).map(|last| question.token(last.position));
    let total = size - ask.since.map_or(0, |since| since + 1);
    Ok(known.answer(Page { items, next, total }))
}
