//! Which answers are due, on what basis, and which are overdue.

use crate::desk::Desk;
use crate::desk::answer::board::DueRow;
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::{DueAsk, When};
use crate::desk::error::{DeskError, Fault};
use crate::desk::overtures::perhaps_open;
use crate::desk::overtures::standings::Standings;
use crate::domain::span::Span;
use crate::domain::timestamp::Timestamp;
use crate::domain::words::Basis;

/// Why nothing is due at all.
const NOTHING_ASKS: &str =
    "no deadline, proposed date, channel rule or policy asks for an answer to an overture that is open";

impl Desk {
    /// As [`Desk::due`]: overdue ones first, then those that are due next, then those of which nothing says
    /// by when.
    pub(super) fn list_due(&self, when: &When, ask: &DueAsk) -> Result<Answer<Page<DueRow>>, DeskError> {
        let known = self.known(when)?;
        let until = match &ask.within {
            None => Timestamp::MAX,
            Some(typed) => {
                let span: Span =
                    typed.parse().map_err(|error| Fault::in_field("within", format!("{error}")))?;
                span.after(known.at, &known.zone)
            }
        };
        let bases = bases(ask)?;
        let mut standings = Standings::new(&known);
        let mut rows: Vec<DueRow> = Vec::new();
        let mut without = 0;
        for overture in perhaps_open(&known)? {
            if standings.gathered(overture)?.is_made(&known)
                && let Some(row) = standings.due(overture)?
            {
                without += u64::from(row.due.is_none());
                let asked = bases.as_ref().map_or(row.due.is_some(), |bases| bases.contains(&row.kind));
                rows.extend(Some(row).filter(|_| asked));
            }
            standings.let_go(overture);
        }
        // What is overdue lies before the moment, so that it comes first by its date alone.
        let last = |row: &DueRow| row.due.unwrap_or(Timestamp::MAX);
        rows.sort_by_key(|row| (last(row), row.overture.id));
        let later = rows.split_off(rows.partition_point(|row| last(row) <= until));
        let items = rows;
        if let (true, Some(typed)) = (items.is_empty(), &ask.within) {
            known.notice(match later.first().filter(|next| next.due.is_some()) {
                Some(next) => format!(
                    "no answer is due within {}; the next is due by {}: {} ({})",
                    typed.trim(),
                    next.words,
                    next.overture.handle,
                    next.basis
                ),
                None => NOTHING_ASKS.to_owned(),
            });
        } else if items.is_empty() && bases.is_none() {
            known.notice(NOTHING_ASKS);
        }
        if bases.is_none() && without > 0 {
            let (offers, have) = if without == 1 { ("offer", "has") } else { ("offers", "have") };
            known.notice(format!(
                "{without} open {offers} {have} no deadline of any kind; `due --basis none` lists them"
            ));
        }
        let total = u64::try_from(items.len()).unwrap_or(u64::MAX);
        Ok(known.answer(Page { items, next: None, total }))
    }
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
