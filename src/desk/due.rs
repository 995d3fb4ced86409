//! Which answers are due, on what basis, and which are overdue.

use crate::desk::Desk;
use crate::desk::answer::board::DueRow;
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::{DueAsk, When};
use crate::desk::error::{DeskError, Fault};
use crate::desk::known::Known;
use crate::desk::overtures::standings::Standings;
use crate::desk::overtures::{self, perhaps_open};
use crate::desk::timeline::begins;
use crate::desk::token::{Question, limit};
use crate::domain::span::Span;
use crate::domain::timestamp::Timestamp;
use crate::domain::words::Basis;
use crate::projections::timeline::{By, Cursor, Direction, Order};

/// Why nothing is due at all.
const NOTHING_ASKS: &str =
    "no deadline, proposed date, channel rule or policy asks for an answer to an overture that is open";

/// Where a row stands in the list: by when, those of which nothing says it last, then as overtures are listed by age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    due: i64,
    overture: overtures::Place,
}

/// The order of the list.
const ORDER: Order = Order { by: By::Occurred, direction: Direction::Ascending };

impl Place {
    /// Returns the place at which a page ended.
    fn at_end(end: Cursor) -> Self {
        let (due, issued) = end.moments();
        Self { due, overture: overtures::Place { issued, position: end.position() } }
    }

    /// Returns it as the end of a page.
    fn end(self) -> Cursor {
        Cursor::at(self.due, self.overture.issued, self.overture.position)
    }
}

/// Returns by when an answer is due, at the end of time where nothing says it.
fn last(row: &DueRow) -> Timestamp {
    row.due.unwrap_or(Timestamp::MAX)
}

impl Desk {
    /// As [`Desk::due`]: overdue ones first, then those that are due next, then those of which nothing says
    /// by when.
    pub(super) fn list_due(&self, when: &When, ask: &DueAsk) -> Result<Answer<Page<DueRow>>, DeskError> {
        let question = Question::of("due", when, &DueAsk { limit: None, after: None, ..ask.clone() });
        let (asked, after) = begins(self, &question, ask.after.as_deref(), ORDER)?;
        let (known, after) = (self.known_when_asked(when, asked)?, after.map(Place::at_end));
        let limit = limit(ask.limit)?;
        let mut rows = placed(&known, ask)?;
        let total = rows.len() as u64;
        rows.drain(..rows.partition_point(|(place, _)| Some(*place) <= after));
        let more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| more);
        let next = last.map(|(place, _)| question.token(self.page_end(&known, place.end(), ORDER)));
        let items = rows.into_iter().map(|(_, row)| row).collect();
        Ok(known.answer(Page { items, next, total }))
    }
}

/// Returns every answer that is due, overdue ones first, and notes what else there is to say.
///
/// # Errors
///
/// As every question, and [`DeskError::Wrong`] for a span or a basis that is none.
pub(super) fn rows(known: &Known, ask: &DueAsk) -> Result<Vec<DueRow>, DeskError> {
    Ok(placed(known, ask)?.into_iter().map(|(_, row)| row).collect())
}

/// As [`rows`], each with its place.
fn placed(known: &Known, ask: &DueAsk) -> Result<Vec<(Place, DueRow)>, DeskError> {
    let until = match &ask.within {
        None => Timestamp::MAX,
        Some(typed) => {
            let span: Span = typed.parse().map_err(|error| Fault::in_field("within", format!("{error}")))?;
            span.after(known.at, &known.zone)
        }
    };
    let bases = bases(ask)?;
    let mut standings = Standings::new(known);
    let mut rows: Vec<(Place, DueRow)> = Vec::new();
    let mut without = 0;
    for overture in perhaps_open(known)? {
        if standings.gathered(overture)?.is_made(known)
            && let Some(row) = standings.due(overture)?
        {
            without += u64::from(row.due.is_none());
            let asked = bases.as_ref().map_or(row.due.is_some(), |bases| bases.contains(&row.kind));
            if let (true, Some(overture)) = (asked, overtures::place_of(&mut standings, overture)?) {
                rows.push((Place { due: last(&row).micros(), overture }, row));
            }
        }
        standings.let_go(overture);
    }
    // What is overdue lies before the moment, so that it comes first by its date alone.
    rows.sort_by_key(|(place, _)| *place);
    let later = rows.split_off(rows.partition_point(|(place, _)| place.due <= until.micros()));
    if let (true, Some(typed)) = (rows.is_empty(), &ask.within) {
        let next = later.first().map(|(_, row)| row);
        known.notice(match next.filter(|next| next.due.is_some()) {
            Some(next) => format!(
                "no answer is due within {}; the next is due by {}: {} ({})",
                typed.trim(),
                next.words,
                next.overture.handle,
                next.basis
            ),
            None => NOTHING_ASKS.to_owned(),
        });
    } else if rows.is_empty() && bases.is_none() {
        known.notice(NOTHING_ASKS);
    }
    if bases.is_none() && without > 0 {
        let (offers, have) = if without == 1 { ("offer", "has") } else { ("offers", "have") };
        known.notice(format!(
            "{without} open {offers} {have} no deadline of any kind; `due --basis none` lists them"
        ));
    }
    Ok(rows)
}

/// Reads on which bases, as people write them: `explicit`, `agreed channel rule`, `policy`, `none`.
fn bases(ask: &DueAsk) -> Result<Option<Vec<String>>, DeskError> {
    const BASES: [Basis; 5] = [
        Basis::ExplicitDeadline,
        Basis::ImpliedByProposedDate,
        Basis::AgreedChannelRule,
        Basis::PolicyDefault,
        Basis::None,
    ];
    let Some(typed) = &ask.basis else { return Ok(None) };
    let mut bases = Vec::new();
    for word in typed.split(',').map(str::trim) {
        let spelt = word.to_lowercase().replace([' ', '-'], "_");
        let meant = |basis: &&Basis| {
            basis.as_str() == spelt || basis.as_str().split('_').next() == Some(spelt.as_str())
        };
        if let Some(basis) = BASES.iter().find(meant) {
            bases.push(basis.to_string());
        } else {
            let all: Vec<&str> = BASES.iter().map(|basis| basis.as_str()).collect();
            let wrong = format!("`{word}` is no kind of deadline; write one of {}", all.join(", "));
            return Err(Fault::in_field("basis", wrong).into());
        }
    }
    Ok(Some(bases))
}
