//! `late`: what was recorded long after it had happened, and why.

use clap::Args;
use serde_json::json;

use crate::cli::failure::Failure;
use crate::cli::output::{Item, Text};
use crate::cli::session::Session;
use crate::cli::table::Table;
use crate::cli::{timeline, words};
use crate::desk::answer::entry::EntryRow;
use crate::desk::answer::late::LateRow;
use crate::desk::ask::LateAsk;

/// Which late entries.
#[derive(Debug, Args)]
pub(super) struct Late {
    /// Recorded more than this span after it had happened: 3d (the default), 12h, 2w
    #[arg(long, value_name = "SPAN")]
    lag: Option<String>,
    /// Recorded by these persons, comma separated
    #[arg(long, value_name = "NAMES")]
    by: Option<String>,
    /// Recorded within these times: 2026-03..2026-04
    #[arg(long, value_name = "RANGE")]
    recorded: Option<String>,
    /// At most so many entries; 50 in text without it, else all
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
}

impl Late {
    /// Shows them, the last recorded first.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let ask = LateAsk {
            lag: self.lag.clone(),
            by: self.by.clone(),
            recorded: self.recorded.clone(),
            limit: None,
            after: None,
        };
        session.pages::<LateRow>("/v1/late", self.limit, |limit, after| {
            json!(LateAsk { limit: Some(limit), after, ..ask.clone() })
        })
    }
}

impl Item for LateRow {
    const COLUMNS: &'static [&'static str] = &[
        "position",
        "recorded_at",
        "recorder",
        "handle",
        "id",
        "kind",
        "date",
        "days",
        "learned",
        "days_since_learned",
        "reason",
        "note",
        "file",
        "from",
        "to",
        "via",
        "summary",
    ];
    const NOTHING: &'static str = "nothing was recorded late";

    fn cells(&self) -> Vec<String> {
        let EntryRow { entry, .. } = &self.row;
        vec![
            self.row.position.to_string(),
            self.row.recorded_at.to_string(),
            self.row.recorder.clone(),
            entry.handle.clone(),
            entry.id.to_string(),
            entry.kind.map(|kind| kind.to_string()).unwrap_or_default(),
            words::value(entry.date.as_ref()),
            self.days.to_string(),
            words::value(self.learned.as_ref()),
            self.days_since_learned.map(|days| days.to_string()).unwrap_or_default(),
            self.row.reason.clone().unwrap_or_default(),
            self.note.clone().unwrap_or_default(),
            self.file.clone().unwrap_or_default(),
            words::listed(&self.row.from),
            words::listed(&self.row.to),
            words::listed(&self.row.via),
            entry.summary.clone().unwrap_or_default(),
        ]
    }

    fn list(items: &[&Self], text: &mut Text) {
        let mut table = Table::new([
            "recorded",
            "by",
            "entry",
            "happened",
            "late by",
            "learned",
            "what, and why so late",
        ]);
        for row in items {
            let learned = match (&row.learned, row.days_since_learned) {
                (Some(date), Some(days)) => format!("{} ({})", date.words, before(days)),
                _ => "not recorded".to_owned(),
            };
            table.row([
                words::moment(row.row.recorded_at, text.zone()),
                row.row.recorder.clone(),
                row.row.entry.handle.clone(),
                words::date(row.row.entry.date.as_ref()),
                words::age(Some(row.days)),
                learned,
                format!("{} [{}]", timeline::what(&row.row), why(row)),
            ]);
        }
        text.table(&table);
    }
}

/// Returns how long before its recording an entry was learned.
fn before(days: i64) -> String {
    match days {
        0 => "the same day".to_owned(),
        ..0 => format!("{} after", words::age(Some(days.saturating_neg()))),
        _ => format!("{} before", words::age(Some(days))),
    }
}

/// Returns why an entry came late, as far as anyone said.
fn why(row: &LateRow) -> String {
    let file = row.file.as_ref().map(|file| format!("from the file {file}"));
    let given = row.row.reason.clone().or_else(|| row.note.clone());
    match (given, file) {
        (Some(given), Some(file)) => format!("{given}; {file}"),
        (Some(given), None) => given,
        (None, Some(file)) => format!("no reason recorded; {file}"),
        (None, None) => "no reason recorded".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_learned_on_the_day_of_its_recording_was_learned_the_same_day() {
        assert_eq!([0, 1, 40].map(before), ["the same day", "1 day before", "40 days before"]);
    }
}
