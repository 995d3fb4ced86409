//! What was recorded since, by whom and when: everything, corrections and registrations included, newest last.

use crate::desk::Desk;
use crate::desk::answer::entry::EntryRow;
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::{ChangesAsk, FilterAsk, When};
use crate::desk::bookmarks::Asked;
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
    let question = Question::of("changes", when, &ChangesAsk { limit: None, after: None, ..ask.clone() });
    // What was recorded meanwhile comes last, and is shown.
    let (asked, after) = timeline::begins(desk, &question, ask.after.as_deref(), AS_RECORDED)?;
    let known = desk.known_when_asked(when, Asked { size: u64::MAX, ..asked })?;
    let size = known.view.size();
    let since = match &ask.since {
        Some(typed) => since(desk, when, typed, size)?,
        None => None,
    };
    let after = match &ask.after {
        Some(_) => after,
        None => since.map(Cursor::at_position),
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
    let next = last.map(|last| question.token(desk.page_end(&known, last, AS_RECORDED)));
    let total = match since {
        None => page.total,
        Some(since) if filter != FilterAsk::default() => {
            page.total.saturating_sub(passed(&known, &query, since)?)
        }
        Some(since) => size - since - 1,
    };
    Ok(known.answer(Page { items, next, total }))
}

/// Returns the last position that was known then, of a log of this size; none where nothing was.
fn since(desk: &Desk, when: &When, typed: &str, size: u64) -> Result<Option<u64>, DeskError> {
    let then = When { known_as_of: Some(typed.to_owned()), at: None, tz: when.tz.clone() };
    let known = desk.known(&then).map_err(|error| in_field(error, "since"))?;
    match known.view.size().checked_sub(1) {
        Some(last) if last >= size && typed.trim().bytes().all(|byte| byte.is_ascii_digit()) => {
            Err(no_position(size, typed.trim()))
        }
        last => Ok(last.min(size.checked_sub(1))),
    }
}

/// Returns the same error, of the field in which it was typed.
fn in_field(mut error: DeskError, field: &str) -> DeskError {
    if let DeskError::Wrong(faults) = &mut error {
        for fault in faults {
            fault.field = Some(field.to_owned());
        }
    }
    error
}

/// Returns how many of the entries that are asked for stand at the position that was seen last, or before it.
fn passed(known: &Known, query: &TimelineQuery, since: u64) -> Result<u64, DeskError> {
    let rest = TimelineQuery { after: Some(Cursor::at_position(since)), limit: usize::MAX, ..query.clone() };
    let found = known.view.spots(&rest)?;
    Ok(found.total.saturating_sub(found.spots.len() as u64))
}
