//! `changes`: what was recorded, by whom and when, and why: since someone last looked, or between two times.

use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::cli::failure::Failure;
use crate::cli::output::{Item, Text};
use crate::cli::session::Session;
use crate::cli::table::Table;
use crate::cli::{timeline, words};
use crate::desk::answer::entry::EntryRow;
use crate::desk::ask::ChangesAsk;

/// Since when, by whom.
#[derive(Debug, Args)]
pub(super) struct Changes {
    /// The position that you saw last, as the last line of every answer tells it, or a time or the name of a moment, as
    /// --known-as-of takes them; everything without it
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Recorded by these persons, comma separated
    #[arg(long, value_name = "NAMES")]
    by: Option<String>,
    /// Recorded within these times: 2025-11-17..2025-11-20
    #[arg(long, value_name = "RANGE")]
    recorded: Option<String>,
    /// At most so many entries; 50 in text without it, else all
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
}

impl Changes {
    /// Shows what was recorded, in the order of the log.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let ask = ChangesAsk {
            since: self.since.clone(),
            by: self.by.clone(),
            recorded: self.recorded.clone(),
            limit: None,
            after: None,
        };
        session.pages::<Change>("/v1/changes", self.limit, |limit, after| {
            json!(ChangesAsk { limit: Some(limit), after, ..ask.clone() })
        })
    }
}

/// An entry as an auditor reads it: who recorded it when comes first.
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
struct Change(EntryRow);

impl Item for Change {
    const COLUMNS: &'static [&'static str] = <EntryRow as Item>::COLUMNS;
    const NOTHING: &'static str = "nothing was recorded";

    fn cells(&self) -> Vec<String> {
        self.0.cells()
    }

    fn list(items: &[&Self], text: &mut Text) {
        let mut table = Table::new(["position", "recorded", "by", "date", "entry", "kind", "what, and why"]);
        for Self(row) in items {
            table.row([
                row.position.to_string(),
                words::moment(row.recorded_at, text.zone()),
                row.recorder.clone(),
                timeline::date(row),
                row.entry.handle.clone(),
                row.entry.kind.map_or_else(|| "redacted".to_owned(), |kind| kind.to_string()),
                what(row),
            ]);
        }
        text.table(&table);
    }
}

/// Returns what was recorded, and why where a reason was given: a correction tells its own.
fn what(row: &EntryRow) -> String {
    match &row.reason {
        Some(reason) if row.says.is_none() => format!("{} [{reason}]", timeline::what(row)),
        Some(_) | None => timeline::what(row),
    }
}
