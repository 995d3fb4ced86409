//! Which answers are due, on what basis, and which are overdue.

use std::fmt;
use std::str::FromStr;

use crate::desk::Desk;
use crate::desk::answer::board::DueRow;
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::{DueAsk, When};
use crate::desk::error::{DeskError, Fault};
use crate::desk::known::Known;
use crate::desk::overtures::standings::Standings;
use crate::desk::overtures::{self, perhaps_open};
use crate::desk::token::{Question, limit};
use crate::domain::span::Span;
use crate::domain::timestamp::Timestamp;
use crate::domain::words::Basis;

/// Why nothing is due at all.
const NOTHING_ASKS: &str =
    "no deadline, proposed date, channel rule or policy asks for an answer to an overture that is open";

/// Where a row stands in the list: by when, those of which nothing says it last, then as overtures are listed by age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    due: i64,
    overture: overtures::Place,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let overtures::Place { issued, position } = self.overture;
        write!(formatter, "{:016x}{issued:016x}{position:016x}", self.due)
    }
}

impl FromStr for Place {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // What is too short, or too long, is none either.
        let digits = if text.len() == 48 { text } else { "" };
        let number = |from| u64::from_str_radix(digits.get(from..from + 16).unwrap_or_default(), 16);
        let overture = overtures::Place { issued: number(16)?.cast_signed(), position: number(32)? };
        Ok(Self { due: number(0)?.cast_signed(), overture })
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
        let known = self.known(when)?;
        let question = Question::of("due", when, &DueAsk { limit: None, after: None, ..ask.clone() });
        let after: Option<Place> = ask.after.as_deref().map(|after| question.place(after)).transpose()?;
        let limit = limit(ask.limit)?;
        let mut rows = placed(&known, ask)?;
        let total = rows.len() as u64;
        rows.drain(..rows.partition_point(|(place, _)| Some(*place) <= after));
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|(place, _)| question.token(*place));
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
