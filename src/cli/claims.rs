//! `claims`: on whose word an entry rests, who says otherwise, and who chose its reading.

use clap::Args;
use serde_json::json;

use crate::cli::failure::Failure;
use crate::cli::filter::Filter;
use crate::cli::output::{Item, Text};
use crate::cli::session::Session;
use crate::cli::{timeline, words};
use crate::desk::answer::brief::{ClaimRow, ClaimsRow};
use crate::desk::answer::entry::LinkRow;
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::ConflictsAsk;
use crate::http::client::path;

/// Which entry.
#[derive(Debug, Args)]
pub(super) struct Claims {
    /// The entry
    #[arg(value_parser = crate::cli::show::handle)]
    handle: String,
}

impl Claims {
    /// Shows the claims.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let path = path(&["v1", "entries", &self.handle, "claims"]);
        let answer: Answer<Page<ClaimsRow>> = session.get(&path, &())?;
        session.show(&answer)
    }
}

/// Which entries.
#[derive(Debug, Args)]
pub(super) struct Conflicts {
    /// At most so many entries; 50 in text without it, else all
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    #[command(flatten)]
    filter: Filter,
}

impl Conflicts {
    /// Shows the entries on which sources contradict each other, page by page.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let ask = ConflictsAsk { filter: self.filter.ask(), limit: None, after: None };
        session.pages::<ClaimsRow>("/v1/conflicts", self.limit, |limit, after| {
            json!(ConflictsAsk { limit: Some(limit), after, ..ask.clone() })
        })
    }
}

impl Item for ClaimsRow {
    const COLUMNS: &'static [&'static str] = &[
        "handle",
        "id",
        "kind",
        "date",
        "summary",
        "chosen_by",
        "chosen_at",
        "chosen_because",
        "agreeing",
        "rival",
        "contradicting",
        "corroborating",
    ];
    const NOTHING: &'static str = "no entry is recorded on which sources contradict each other";

    fn cells(&self) -> Vec<String> {
        let row = &self.row;
        vec![
            row.entry.handle.clone(),
            row.entry.id.to_string(),
            row.entry.kind.map(|kind| kind.to_string()).unwrap_or_default(),
            words::value(row.entry.date.as_ref()),
            row.entry.summary.clone().unwrap_or_default(),
            self.chosen_by.clone(),
            self.chosen_at.to_string(),
            self.chosen_because.clone().unwrap_or_default(),
            words::joined(self.agreeing.iter().map(claim)),
            words::joined(self.rival.iter().map(claim)),
            words::joined(self.contradicting.iter().map(|link| link.entry.handle.clone())),
            words::joined(self.corroborating.iter().map(|link| link.entry.handle.clone())),
        ]
    }

    fn list(items: &[&Self], text: &mut Text) {
        for row in items {
            text.heading(&words::entry(&row.row.entry));
            // Of entries that contradict each other each was recorded, and none is chosen by that.
            let is_chosen = row.chosen_because.is_some() || row.contradicting.is_empty();
            let what =
                if is_chosen { "chosen" } else { "recorded, and not chosen before what it contradicts" };
            text.hanging(2, &format!("{what}: {}", timeline::what(&row.row)));
            let at = words::moment(row.chosen_at, text.zone());
            let why =
                row.chosen_because.as_deref().map_or_else(String::new, |why| format!(", because {why}"));
            text.hanging(4, &format!("by {} {at}{why}", row.chosen_by));
            match row.agreeing.as_slice() {
                [] if row.rival.is_empty() => text.hanging(2, "no source is recorded"),
                [] => text.hanging(2, "no source is recorded that says so"),
                agreeing => {
                    for one in agreeing {
                        text.hanging(2, &format!("says so: {}", claim(one)));
                    }
                }
            }
            row.rival.iter().for_each(|one| text.hanging(2, &format!("SAYS OTHERWISE: {}", claim(one))));
            let linked = |word: &str, link: &LinkRow| {
                let sure = link.confidence.as_deref().unwrap_or("not stated");
                let summary = link.entry.summary.as_deref().unwrap_or_default();
                format!(
                    "{word} {} {summary} (says {}; confidence: {sure})",
                    words::entry(&link.entry),
                    link.asserted_by
                )
            };
            row.contradicting.iter().for_each(|link| text.hanging(2, &linked("CONTRADICTED:", link)));
            row.corroborating.iter().for_each(|link| text.hanging(2, &linked("corroborated:", link)));
        }
    }
}

/// Returns what a source says, with its grade.
fn claim(claim: &ClaimRow) -> String {
    let grade = claim.grade.as_deref().map_or_else(String::new, |grade| format!(" ({grade})"));
    let says = claim.claim.as_deref().map_or_else(String::new, |says| format!(": {says}"));
    format!("{}{grade}{says}", claim.source)
}
