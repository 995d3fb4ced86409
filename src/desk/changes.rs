//! What was recorded since, by whom and when: everything, corrections and registrations included, newest last.

use crate::desk::Desk;
use crate::desk::answer::entry::EntryRow;
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::{ChangesAsk, FilterAsk, When};
use crate::desk::error::DeskError;
use crate::desk::filter;
use crate::desk::known::Known;
use crate::desk::known::knowing::no_position;
use crate::desk::late::in_own_words;
use crate::desk::timeline;
use crate::desk::token::{self, Question};
use crate::projections::timeline::{By, Cursor, Direction, Order, Struck, TimelineQuery};

const AS_RECORDED: Order = Order { by: By::Recorded, direction: Direction::Ascending };

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
        return Err(no_position(size, &since.to_string()));
    }
    let after = match &ask.after {
        Some(token) => timeline::begins(desk, &question, Some(token), AS_RECORDED)?.1,
        None => ask.since.map(Cursor::at_position),
    };
    let limit = token::limit(ask.limit)?;
    let filter =
        FilterAsk { recorder: ask.by.clone(), recorded: ask.recorded.clone(), ..FilterAsk::default() };
    let meant = filter::query(&known, &When::default(), &filter).map_err(in_own_words)?;
    let query =
        TimelineQuery { struck: Struck::Show, bookkeeping: true, order: AS_RECORDED, after, limit, ..meant };
    let page = known.view.timeline(&query)?;
    let items = timeline::rows(&known, &page.rows)?;
    let last = page.next.and_then(|_| items.last()).map(|last| Cursor::at_position(last.position));
    let next = last.map(|last| question.token(desk.page_end(size, last, AS_RECORDED)));
    let total = match ask.since {
        None => page.total,
        Some(_) if filter != FilterAsk::default() => page.total.saturating_sub(passed(&known, &query, ask)?),
        Some(since) => size - since - 1,
    };
    Ok(known.answer(Page { items, next, total }))
}

/// Returns how many of the entries that are asked for stand at the position that was seen last, or before it.
fn passed(known: &Known, query: &TimelineQuery, ask: &ChangesAsk) -> Result<u64, DeskError> {
    let Some(since) = ask.since else { return Ok(0) };
    let rest = TimelineQuery { after: Some(Cursor::at_position(since)), limit: usize::MAX, ..query.clone() };
    let found = known.view.spots(&rest)?;
    Ok(found.total.saturating_sub(found.spots.len() as u64))
}
