//! Who read an entry, and what someone read: questions to the access log, newest line first.

use serde::{Deserialize, Serialize};

use crate::desk::Desk;
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::When;
use crate::desk::error::{DeskError, Fault};
use crate::desk::known::Known;
use crate::desk::reads::line::{Covers, Line};
use crate::desk::reads::{Reads, SCHEMA, unlogged};
use crate::desk::token::{self, Question};
use crate::domain::name::fold;
use crate::domain::timestamp::Timestamp;
use crate::store::segment::SegmentStore;
use crate::store::{Body, EventStore};

/// Lines that are read from the log at a time.
const PART: u64 = 512;

/// Which reads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct ReadsAsk {
    /// Only those of this reader; empty, those of which nobody said whose they were.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 0))]
    pub(crate) by: Option<String>,
    /// Only those at or after this time or date.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<String>,
    /// At most so many rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<u32>,
    /// The token of the page before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<String>,
}

/// One read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ReadRow {
    /// Its place in the access log.
    pub line: u64,
    /// When.
    pub at: Timestamp,
    /// Who; empty where nobody said.
    pub by: String,
    /// What for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// What was asked: the path and the query.
    pub asked: String,
    /// How many entries the answer showed.
    pub entries: u64,
    /// How many events the log had.
    pub size: u64,
}

/// One read of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ReaderRow {
    /// The read.
    #[serde(flatten)]
    pub read: ReadRow,
    /// The answer was so long that only a commitment to its entries was kept: the entry may be one of them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub perhaps: bool,
}

impl Desk {
    /// Returns the reads whose answers showed an entry, newest first.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Refused`] where reads are not logged, what a question about an entry gives, and
    /// [`DeskError::Damaged`] where a line of the access log cannot be read.
    pub(crate) fn readers(&self, handle: &str, ask: &ReadsAsk) -> Result<Answer<Page<ReaderRow>>, DeskError> {
        let known = self.known(&When::default())?;
        let id = known.event_named(handle)?;
        let place = self
            .store
            .position_of(id)?
            .ok_or_else(|| DeskError::NotFound { what: handle.to_owned(), hints: Vec::new() })?;
        let question = Question::of(&format!("readers of {place}"), &When::default(), &without_page(ask));
        let page = page(self, &known, ask, &question, |line| match line.positions.covers(place) {
            Covers::No => None,
            Covers::Yes => Some(false),
            Covers::Perhaps => Some(true),
        })?;
        let items = page.items.into_iter().map(|(read, perhaps)| ReaderRow { read, perhaps }).collect();
        Ok(known.answer(Page { items, next: page.next, total: page.total }))
    }

    /// Returns reads, newest first.
    ///
    /// # Errors
    ///
    /// As [`Desk::readers`].
    pub(crate) fn reads(&self, ask: &ReadsAsk) -> Result<Answer<Page<ReadRow>>, DeskError> {
        let known = self.known(&When::default())?;
        let question = Question::of("reads", &When::default(), &without_page(ask));
        let page = page(self, &known, ask, &question, |_| Some(()))?;
        let items = page.items.into_iter().map(|(read, ())| read).collect();
        Ok(known.answer(Page { items, next: page.next, total: page.total }))
    }
}

fn without_page(ask: &ReadsAsk) -> ReadsAsk {
    ReadsAsk { limit: None, after: None, ..ask.clone() }
}

/// Returns a page of the lines that are asked for and that `wanted` wants.
fn page<T>(
    desk: &Desk,
    known: &Known,
    ask: &ReadsAsk,
    question: &Question,
    wanted: impl Fn(&Line) -> Option<T>,
) -> Result<Page<(ReadRow, T)>, DeskError> {
    desk.check_reads().map_err(unlogged)?;
    let Some(reads) = &desk.reads else {
        return Err(DeskError::Refused {
            rule: "reads of this log are not logged".to_owned(),
            hints: vec!["`audit log-reads` begins to log them; `serve` does so by itself".to_owned()],
        });
    };
    let since = match &ask.since {
        Some(typed) => {
            let reading = known.typing().date(typed);
            let reading = reading.map_err(|error| Fault::in_field("since", error.to_string()))?;
            reading.occurred.bounds(&known.typing_zone).0
        }
        None => Timestamp::MIN,
    };
    let before = ask.after.as_ref().map(|token| question.place::<u64>(token)).transpose()?;
    let limit = token::limit(ask.limit)?;
    let by = ask.by.as_deref().map(fold);
    let (mut items, mut total) = (Vec::new(), 0);
    let mut more = false;
    for found in Backwards::of(reads)? {
        let (row, line) = found?;
        if row.at < since {
            break;
        }
        let Some(kept) = wanted(&line).filter(|_| by.as_ref().is_none_or(|by| fold(&line.by) == *by)) else {
            continue;
        };
        total += 1;
        if before.is_some_and(|before| row.line >= before) {
            continue;
        }
        if items.len() < limit {
            items.push((row, kept));
        } else {
            more = true;
        }
    }
    let next = items.last().filter(|_| more).map(|(row, _)| question.token(row.line));
    Ok(Page { items, next, total })
}

/// The lines of the access log, newest first.
struct Backwards {
    store: std::sync::Arc<SegmentStore>,
    // Positions below this were not read yet.
    next: u64,
    part: Vec<Result<(ReadRow, Line), DeskError>>,
}

impl Backwards {
    fn of(reads: &Reads) -> Result<Self, DeskError> {
        let store = reads.open()?;
        let next = store.head().size;
        Ok(Self { store, next, part: Vec::new() })
    }

    fn read(&mut self) {
        let from = self.next.saturating_sub(PART);
        self.part = self.store.read(from, self.next).map(|recorded| row(&recorded?)).collect();
        self.next = from;
    }
}

impl Iterator for Backwards {
    type Item = Result<(ReadRow, Line), DeskError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.part.is_empty() && self.next > 0 {
            self.read();
        }
        self.part.pop()
    }
}

fn row(recorded: &crate::store::Recorded) -> Result<(ReadRow, Line), DeskError> {
    let garbled =
        |what: &str| DeskError::Damaged(format!("line {} of the access log {what}", recorded.position));
    let Body::Plain(body) = &recorded.body else { return Err(garbled("does not open")) };
    if recorded.schema != SCHEMA {
        return Err(garbled("was written by a later program"));
    }
    let line: Line = serde_json::from_str(body).map_err(|_| garbled("is not one of its lines"))?;
    let row = ReadRow {
        line: recorded.position,
        at: recorded.at,
        by: line.by.clone(),
        purpose: line.purpose.clone(),
        asked: line.asked.clone(),
        entries: line.positions.count,
        size: line.size,
    };
    Ok((row, line))
}
