//! `similar`: what was said and done before in a like situation, and what came of it.

use clap::Args;

use crate::cli::failure::Failure;
use crate::cli::output::{Item, Text};
use crate::cli::session::Session;
use crate::cli::{timeline, words};
use crate::desk::answer::entry::SimilarRow;
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::SimilarAsk;
use crate::http::client::path;

/// Like which entry.
#[derive(Debug, Args)]
pub(super) struct Similar {
    /// The entry
    #[arg(value_parser = crate::cli::show::handle)]
    handle: String,
    /// At most so many; ten without it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1_000))]
    limit: Option<u32>,
}

impl Similar {
    /// Shows the entries that are most like it.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let path = path(&["v1", "entries", &self.handle, "similar"]);
        let answer: Answer<Page<SimilarRow>> = session.get(&path, &SimilarAsk { limit: self.limit })?;
        session.show(&answer)
    }
}

impl Item for SimilarRow {
    const COLUMNS: &'static [&'static str] =
        &["score", "handle", "id", "kind", "date", "from", "to", "summary", "shares", "outcome"];
    const NOTHING: &'static str =
        "no earlier entry of its kind between these sides is recorded beside its own thread";

    fn cells(&self) -> Vec<String> {
        let row = &self.row;
        vec![
            self.score.to_string(),
            row.entry.handle.clone(),
            row.entry.id.to_string(),
            row.entry.kind.map(|kind| kind.to_string()).unwrap_or_default(),
            words::value(row.entry.date.as_ref()),
            words::listed(&row.from),
            words::listed(&row.to),
            row.entry.summary.clone().unwrap_or_default(),
            words::joined(&self.shares),
            words::joined(&self.outcome),
        ]
    }

    fn list(items: &[&Self], text: &mut Text) {
        for row in items {
            let who = timeline::who(&row.row);
            text.heading(format!("{} {who}", words::entry(&row.row.entry)).trim_end());
            text.hanging(2, &timeline::what(&row.row));
            row.outcome.iter().for_each(|line| text.hanging(2, &format!("→ {line}")));
            text.hanging(2, &format!("shares {}", row.shares.join(", ")));
        }
    }
}
