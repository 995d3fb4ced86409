//! `audit readers` and `audit reads`: who was shown what.

use clap::Args;
use serde_json::json;

use crate::cli::failure::Failure;
use crate::cli::output::{Item, Text};
use crate::cli::session::Session;
use crate::cli::table::Table;
use crate::cli::words;
use crate::desk::reads::{ReadRow, ReaderRow, ReadsAsk};
use crate::http::client::path;

/// Whose readers.
#[derive(Debug, Args)]
pub(super) struct Readers {
    /// The entry: its id in the file that it came from, `#position`, or the start of its id
    #[arg(value_name = "EVENT")]
    entry: String,
    #[command(flatten)]
    which: Which,
}

/// Whose reads.
#[derive(Debug, Args)]
pub(super) struct Reads {
    #[command(flatten)]
    which: Which,
}

#[derive(Debug, Args)]
struct Which {
    /// Only what this reader read
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Only what was read at or after this time or date
    #[arg(long, value_name = "DATE")]
    since: Option<String>,
    /// At most so many reads; 50 in text without it, else all
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
}

impl Which {
    fn ask(&self, limit: u32, after: Option<String>) -> serde_json::Value {
        json!(ReadsAsk { by: self.by.clone(), since: self.since.clone(), limit: Some(limit), after })
    }
}

impl Readers {
    /// Shows who was shown an entry, the latest first.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let path = path(&["v1", "audit", "readers", &self.entry]);
        session.pages::<ReaderRow>(&path, self.which.limit, |limit, after| self.which.ask(limit, after))
    }
}

impl Reads {
    /// Shows what was read, the latest first.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let limit = self.which.limit;
        session.pages::<ReadRow>("/v1/audit/reads", limit, |limit, after| self.which.ask(limit, after))
    }
}

const COLUMNS: [&str; 7] = ["line", "at", "by", "purpose", "asked", "entries", "size"];

fn cells(read: &ReadRow) -> Vec<String> {
    vec![
        read.line.to_string(),
        read.at.to_string(),
        read.by.clone(),
        read.purpose.clone().unwrap_or_default(),
        read.asked.clone(),
        read.entries.to_string(),
        read.size.to_string(),
    ]
}

fn table<'a>(reads: impl Iterator<Item = (&'a ReadRow, &'a str)>, text: &mut Text) {
    let mut table = Table::new(["when", "who", "what for", "entries", "asked"]);
    for (read, remark) in reads {
        let nobody = if read.by.is_empty() { "(no name given)" } else { "" };
        table.row([
            words::moment(read.at, text.zone()),
            format!("{}{nobody}", read.by),
            read.purpose.clone().unwrap_or_default(),
            format!("{}{remark}", words::number_of(read.entries)),
            read.asked.clone(),
        ]);
    }
    text.table(&table);
}

impl Item for ReadRow {
    const COLUMNS: &'static [&'static str] = &COLUMNS;
    const NOTHING: &'static str = "no reads";

    fn cells(&self) -> Vec<String> {
        cells(self)
    }

    fn list(items: &[&Self], text: &mut Text) {
        table(items.iter().map(|read| (*read, "")), text);
    }
}

impl Item for ReaderRow {
    const COLUMNS: &'static [&'static str] =
        &["line", "at", "by", "purpose", "asked", "entries", "size", "perhaps"];
    const NOTHING: &'static str = "nobody was shown it since reads are logged";

    fn cells(&self) -> Vec<String> {
        let mut cells = cells(&self.read);
        cells.push(self.perhaps.to_string());
        cells
    }

    fn list(items: &[&Self], text: &mut Text) {
        let remark = |row: &Self| if row.perhaps { ", perhaps this one" } else { "" };
        table(items.iter().map(|row| (&row.read, remark(row))), text);
    }
}
