//! A part of a feed as it goes over the wire.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::body::Bytes;
use serde_json::json;

use crate::desk::ask::FilterAsk;
use crate::desk::error::DeskError;
use crate::desk::follow::Part;
use crate::domain::id::EventId;
use crate::http::problem::Problem;

/// A part with so many bytes takes no further entry: whoever does not read has it waiting for them.
const BYTES_ENOUGH: usize = if cfg!(test) { 4 << 10 } else { 48 << 10 };

/// What is followed: who asks the same is told the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) filter: FilterAsk,
    pub(super) tz: Option<String>,
    // What tells it from others.
    spelling: String,
}

impl Question {
    /// Returns the question for what a filter means, as it reads in a zone.
    pub(super) fn of(filter: FilterAsk, tz: Option<String>) -> Self {
        // A filter has text keys, which cannot fail to be JSON.
        let spelling = serde_json::to_string(&(&filter, &tz)).unwrap_or_default();
        Self { filter, tz, spelling }
    }

    /// Returns what tells it from others.
    pub(super) fn spelling(&self) -> &str {
        &self.spelling
    }
}

/// A part, ready to leave.
#[derive(Debug, Clone)]
pub(super) struct Rendered {
    pub(super) bytes: Bytes,
    /// Every position below this was looked at.
    pub(super) next: u64,
    pub(super) more: bool,
    /// What is read by whoever gets it.
    pub(super) events: Arc<[EventId]>,
    /// How long the log was that it tells of.
    pub(super) size: u64,
}

impl Rendered {
    /// Writes a part that begins at `from`: its entries, then how far was looked, each with the bookmark of whoever read
    /// everything before a position.
    pub(super) fn of(
        from: u64,
        part: &Part,
        bookmark: impl Fn(u64) -> Option<u64>,
    ) -> Result<Self, DeskError> {
        let broken = |error: serde_json::Error| {
            DeskError::Unavailable(format!("an entry cannot be written as JSON: {error}"))
        };
        let (mut text, mut events) = (String::new(), Vec::with_capacity(part.items.len()));
        let (mut next, mut more, mut told) = (part.next, part.more, 0);
        for (place, row) in (1..).zip(&part.items) {
            let data = serde_json::to_string(row).map_err(broken)?;
            event(&mut text, "entry", bookmark(row.position + 1), &data);
            events.push(row.entry.id);
            // Bookmarks are not counted: how long they are tells of the whole log.
            told += data.len();
            if told >= BYTES_ENOUGH && place < part.items.len() {
                (next, more) = (row.position + 1, true);
                break;
            }
        }
        // Half open, as ranges of positions are: of each part `from` is `next` of the one before.
        let covered = json!({ "from": from, "next": next, "as_of": part.as_of });
        event(&mut text, "covered", bookmark(next), &covered.to_string());
        Ok(Self {
            bytes: Bytes::from(text),
            next,
            more,
            events: events.into(),
            size: part.as_of.position.map_or(0, |last| last + 1),
        })
    }
}

/// Why a feed ends.
#[derive(Debug)]
pub(super) enum End {
    /// Everything that was recorded is told, and more was not asked for, or cannot be told here.
    CaughtUp,
    /// The reader did not take what it was sent.
    SlowReader,
    /// The server stops.
    Stopping,
    /// The log could not be read.
    Failed(Problem),
}

impl End {
    /// Returns the word of the end.
    pub(super) fn said(&self, next: u64) -> Bytes {
        let (reason, detail) = match self {
            Self::CaughtUp => ("caught_up", "everything that was recorded so far was told".to_owned()),
            Self::SlowReader => ("slow_reader", "what was sent was not taken in time; ask again".to_owned()),
            Self::Stopping => ("stopping", "the server stops; ask again".to_owned()),
            Self::Failed(problem) => ("failed", problem.detail.clone()),
        };
        tracing::info!(reason, "a feed ended");
        let mut text = String::new();
        let mut data = json!({ "reason": reason, "detail": detail, "next": next });
        if let (Self::Failed(problem), Some(data)) = (self, data.as_object_mut()) {
            data.insert("problem".to_owned(), json!(problem));
        }
        event(&mut text, "end", None, &data.to_string());
        Bytes::from(text)
    }
}

/// Writes an event; JSON has no line break in it.
fn event(text: &mut String, name: &str, id: Option<u64>, data: &str) {
    if let Some(id) = id {
        // A text takes everything.
        let _ = writeln!(text, "id: {id}");
    }
    let _ = write!(text, "event: {name}\ndata: {data}\n\n");
}
