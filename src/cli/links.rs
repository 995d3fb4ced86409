//! `links`: on what an entry bears and what bears on it, who says so and how sure.

use clap::Args;

use crate::cli::failure::Failure;
use crate::cli::output::{Item, Text};
use crate::cli::session::Session;
use crate::cli::words;
use crate::desk::answer::entry::{BearingRow, Direction};
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::LinksAsk;
use crate::http::client::path;

/// Which links of which entry.
#[derive(Debug, Args)]
pub(super) struct Links {
    /// The entry
    #[arg(value_parser = crate::cli::show::handle)]
    handle: String,
    /// Only of this relation: answers, contradicts, corroborates
    #[arg(long = "as", value_name = "RELATION")]
    relation: Option<String>,
}

impl Links {
    /// Shows the links.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let ask = LinksAsk { relation: self.relation.clone() };
        let path = path(&["v1", "entries", &self.handle, "links"]);
        let answer: Answer<Page<BearingRow>> = session.get(&path, &ask)?;
        session.show(&answer)
    }
}

impl Item for BearingRow {
    const COLUMNS: &'static [&'static str] = &[
        "direction",
        "relation",
        "handle",
        "id",
        "kind",
        "date",
        "summary",
        "confidence",
        "asserted_by",
        "recorded_at",
        "reason",
        "withdrawn_by",
        "withdrawn_at",
        "withdrawn_because",
    ];
    const NOTHING: &'static str = "no such link is recorded";

    fn cells(&self) -> Vec<String> {
        let (link, withdrawn) = (&self.row, self.withdrawn.as_ref());
        vec![
            match self.direction {
                Direction::To => "to".to_owned(),
                Direction::From => "from".to_owned(),
            },
            link.relation.clone(),
            link.entry.handle.clone(),
            link.entry.id.to_string(),
            link.entry.kind.map(|kind| kind.to_string()).unwrap_or_default(),
            words::value(link.entry.date.as_ref()),
            link.entry.summary.clone().unwrap_or_default(),
            link.confidence.clone().unwrap_or_default(),
            link.asserted_by.clone(),
            self.recorded_at.to_string(),
            self.reason.clone().unwrap_or_default(),
            withdrawn.map(|withdrawn| withdrawn.by.clone()).unwrap_or_default(),
            withdrawn.map(|withdrawn| withdrawn.recorded_at.to_string()).unwrap_or_default(),
            withdrawn.and_then(|withdrawn| withdrawn.reason.clone()).unwrap_or_default(),
        ]
    }

    fn list(items: &[&Self], text: &mut Text) {
        for row in items {
            let (link, relation) = (&row.row, words::spoken(&row.row.relation));
            let other = words::entry(&link.entry);
            text.heading(&match row.direction {
                Direction::To => format!("it {relation} {other}"),
                Direction::From => format!("{other} {relation} it"),
            });
            if let Some(summary) = &link.entry.summary {
                text.hanging(2, summary);
            }
            let sure = link.confidence.as_deref().unwrap_or("not stated");
            let at = words::moment(row.recorded_at, text.zone());
            text.hanging(2, &format!("says {}, recorded {at}; confidence: {sure}", link.asserted_by));
            if let Some(reason) = &row.reason {
                text.hanging(2, &format!("because {reason}"));
            }
            if row.struck {
                text.hanging(2, "the entry whose link it is was struck");
            }
            if let Some(withdrawn) = &row.withdrawn {
                let at = words::moment(withdrawn.recorded_at, text.zone());
                let why = withdrawn.reason.as_deref().map_or_else(String::new, |why| format!(": {why}"));
                text.hanging(2, &format!("TAKEN BACK by {} {at}{why}", withdrawn.by));
            }
        }
    }
}
