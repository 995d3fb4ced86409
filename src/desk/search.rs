//! Which entries say what is looked for, and where.

mod snippet;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use roaring::RoaringBitmap;

use crate::desk::Desk;
use crate::desk::answer::search::FoundRow;
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::{FilterAsk, SearchAsk, When};
use crate::desk::bookmarks::{Asked, LATEST_FIRST, PageEnd};
use crate::desk::error::{DeskError, Fault};
use crate::desk::filter;
use crate::desk::filter::selection::selected_at;
use crate::desk::known::Known;
use crate::desk::timeline::begins;
use crate::desk::token::{self, Question};
use crate::projections::text::{TextFound, TextQuery};
use crate::projections::timeline::{By, Cursor, Direction, Order, Spot, TimelineQuery};

/// Returns a page of what was found.
pub(super) fn search(desk: &Desk, when: &When, ask: &SearchAsk) -> Result<Answer<Page<FoundRow>>, DeskError> {
    if let Some(answer) = page(desk, when, ask)? {
        return Ok(answer);
    }
    // The index said what the texts do not: it is not asked again.
    let lies = || DeskError::Unavailable("what was found does not say what was looked for".to_owned());
    page(desk, when, ask)?.ok_or_else(lies)
}

/// Returns a page of what was found; none where an entry was found that does not say it.
fn page(desk: &Desk, when: &When, ask: &SearchAsk) -> Result<Option<Answer<Page<FoundRow>>>, DeskError> {
    let question = Question::of("search", when, &SearchAsk { limit: None, after: None, ..ask.clone() });
    let limit = token::limit(ask.limit)?;
    let order = order(ask)?;
    let text = read(ask.filter.text.as_deref().unwrap_or_default())?;
    let after = ask.after.as_deref();
    let (asked, in_order, ranked) = if let Some(order) = order {
        let (asked, after) = begins(desk, &question, after, order)?;
        (asked, after, None)
    } else {
        let after = after.map(|after| question.place::<Ranked>(after)).transpose()?;
        let (asked, rank) = after.map_or(Ok((Asked::NOW, None)), |after| after.begins(desk))?;
        (asked, None, rank)
    };
    let known = &desk.known_when_asked(when, asked)?;
    let others = FilterAsk { text: None, ..ask.filter.clone() };
    let base = filter::query(known, when, &others)?;
    let text = known.under_every_name(text);
    let found = found(known, &text)?;
    let mut positions = found.positions();
    if let Some(among) = &base.text {
        positions &= among.as_ref();
    }
    let base = TimelineQuery { text: Some(Arc::new(positions)), ..base };
    let (spots, next, total) = if let Some(order) = order {
        let page = known.view.spots(&TimelineQuery { order, after: in_order, limit, ..base })?;
        let next = page.next.map(|end| question.token(desk.page_end(known, end, order)));
        (page.spots, next, page.total)
    } else {
        let page = best(known, &found, base, limit, ranked)?;
        (page.spots, page.next.map(|rank| question.token(Ranked::of(desk, known, rank))), page.total)
    };
    let items = items(known, &text, &found, &spots)?;
    Ok(items.map(|items| known.answer(Page { items, next, total })))
}

/// Reads what is looked for.
///
/// # Errors
///
/// Returns [`DeskError::Wrong`] with what would be right.
pub(crate) fn read(text: &str) -> Result<TextQuery, DeskError> {
    text.parse().map_err(|error: crate::projections::text::TextQueryError| {
        Fault::in_field("text", error.to_string()).into()
    })
}

/// Returns the entries that say what is looked for; that it took long because the index is behind is said with
/// the answer.
///
/// # Errors
///
/// Returns [`DeskError`] when neither the index nor the log can be read.
pub(crate) fn found(known: &Known, text: &TextQuery) -> Result<TextFound, DeskError> {
    let found = known.view.find(text, None)?;
    if let Some(notice) = found.notice() {
        known.notice(notice);
    }
    Ok(found)
}

/// Returns the order of time that is asked for; none where the best come first.
fn order(ask: &SearchAsk) -> Result<Option<Order>, DeskError> {
    let by = match ask.by.as_deref().map(str::trim) {
        None | Some("relevance") if ask.reverse => {
            let detail = "what says it best comes first, and the other way round helps nobody; write by=occurred or \
                          by=recorded with it, or leave it out";
            return Err(Fault::in_field("reverse", detail).into());
        }
        None | Some("relevance") => return Ok(None),
        Some("occurred") => By::Occurred,
        Some("recorded") => By::Recorded,
        Some(other) => {
            let detail =
                format!("`{other}` is no order of what was found; write relevance, occurred or recorded");
            return Err(Fault::in_field("by", detail).into());
        }
    };
    let direction = if ask.reverse { Direction::Descending } else { Direction::Ascending };
    Ok(Some(Order { by, direction }))
}

/// The place of an entry among those found: the better before the worse, of equals the later recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    // Both turned round, so that the first is the least.
    score: u32,
    position: u32,
}

impl Rank {
    const fn of(score: u32, position: u32) -> Self {
        Self { score: !score, position: !position }
    }
}

/// Where a page of the best ended, as its token carries it: of entries that say it equally well the later recorded comes
/// first.
struct Ranked {
    score: u32,
    end: PageEnd,
}

impl Ranked {
    fn of(desk: &Desk, known: &Known, rank: Rank) -> Self {
        let position = u64::from(!rank.position);
        Self { score: !rank.score, end: desk.page_end(known, Cursor::at_position(position), LATEST_FIRST) }
    }

    /// Returns what the first page knew, and the rank behind which the next begins.
    fn begins(self, desk: &Desk) -> Result<(Asked, Option<Rank>), DeskError> {
        let (asked, end) = desk.page_begin(self.end, LATEST_FIRST)?;
        let position = end.and_then(|end| u32::try_from(end.position()).ok());
        Ok((asked, position.map(|position| Rank::of(self.score, position))))
    }
}

impl fmt::Display for Ranked {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:08x}{}", self.score, self.end)
    }
}

impl FromStr for Ranked {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (score, end) = text.split_at_checked(8).ok_or(())?;
        let score = u32::from_str_radix(score, 16).map_err(|_| ())?;
        Ok(Self { score, end: end.parse().map_err(|_| ())? })
    }
}

/// A page of the best.
struct Best {
    spots: Vec<Spot>,
    next: Option<Rank>,
    total: u64,
}

/// Returns the next of the best among the entries that a query means.
fn best(
    known: &Known,
    found: &TextFound,
    query: TimelineQuery,
    limit: usize,
    after: Option<Rank>,
) -> Result<Best, DeskError> {
    let meant = known.view.positions(&query)?;
    let rank = |position: u32| Rank::of(found.score(u64::from(position)).unwrap_or_default(), position);
    let mut ranks: Vec<Rank> = meant.iter().map(rank).filter(|rank| Some(*rank) > after).collect();
    let more = ranks.len() > limit;
    if more {
        ranks.select_nth_unstable(limit);
        ranks.truncate(limit);
    }
    ranks.sort_unstable();
    let page: RoaringBitmap = ranks.iter().map(|rank| !rank.position).collect();
    let mut spots = known.view.spots(&TimelineQuery { text: Some(Arc::new(page)), limit, ..query })?.spots;
    spots.sort_by_key(|spot| rank(u32::try_from(spot.position()).unwrap_or(u32::MAX)));
    Ok(Best { spots, next: ranks.last().copied().filter(|_| more), total: meant.len() })
}

/// Returns what was found as lists show it; none where an entry does not say what was looked for.
fn items(
    known: &Known,
    text: &TextQuery,
    found: &TextFound,
    spots: &[Spot],
) -> Result<Option<Vec<FoundRow>>, DeskError> {
    let mut items = Vec::with_capacity(spots.len());
    for selected in selected_at(known, spots)? {
        let score = found.score(selected.row.position).unwrap_or_default();
        let snippets = match &selected.entry.event {
            Some(event) => snippet::snippets(text, event)?,
            None => None,
        };
        let Some(snippets) = snippets else {
            known.view.doubt_texts(selected.row.position);
            return Ok(None);
        };
        items.push(FoundRow { row: selected.row, score, snippets });
    }
    Ok(Some(items))
}

#[cfg(test)]
mod tests;
