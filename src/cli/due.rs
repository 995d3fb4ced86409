//! `due`: which answers are due or overdue, and on what that rests; and having someone told of it.

mod notify;

use clap::Args;
use serde_json::json;

use crate::cli::failure::Failure;
use crate::cli::output::{Item, Text};
use crate::cli::session::Session;
use crate::cli::table::Table;
use crate::cli::words;
use crate::desk::answer::board::DueRow;
use crate::desk::ask::DueAsk;

pub(super) use notify::{ledger_failure, receiver};

/// Which answers.
#[derive(Debug, Args)]
pub(super) struct Due {
    /// Due within this span: 7d, 2w, 48h; all that are due or overdue without it
    #[arg(long, value_name = "SPAN")]
    within: Option<String>,
    /// On these bases, comma separated: explicit, implied, agreed, policy, or none for open offers of which
    /// nothing says by when
    #[arg(long, value_name = "BASES")]
    basis: Option<String>,
    /// At most so many answers; 50 in text without it, else all
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// Have a command or an address told, once, what is overdue and which lines are unresponsive, and what of it
    /// stands no longer; `serve --notify` does so all the time. A command gets JSON on its standard input and runs
    /// without a shell; `@FILE` reads either from a file
    #[arg(long, value_name = "COMMAND|URL", conflicts_with_all = ["within", "basis", "limit"])]
    notify: Option<String>,
    /// Tell nothing that is marked above this level, nor what it changed, nor what nobody marked
    #[arg(long, value_name = "LEVEL", requires = "notify")]
    release: Option<String>,
}

impl Due {
    /// Shows them, or has them told.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        if let Some(typed) = &self.notify {
            return notify::once(session, typed, self.release.clone());
        }
        let ask = DueAsk { within: self.within.clone(), basis: self.basis.clone(), ..DueAsk::default() };
        session.pages::<DueRow>("/v1/due", self.limit, |limit, after| {
            json!(DueAsk { limit: Some(limit), after, ..ask.clone() })
        })
    }
}

impl Item for DueRow {
    const COLUMNS: &'static [&'static str] = &[
        "due",
        "due_words",
        "overdue",
        "kind",
        "basis",
        "addressees",
        "overture",
        "overture_id",
        "summary",
        "remarks",
    ];
    // Why not, and when the next is, is a notice of the answer.
    const NOTHING: &'static str = "no answer is due";

    fn cells(&self) -> Vec<String> {
        vec![
            self.due.map(|due| due.to_string()).unwrap_or_default(),
            self.words.clone(),
            self.overdue.to_string(),
            self.kind.clone(),
            self.basis.clone(),
            words::listed(&self.addressees),
            self.overture.handle.clone(),
            self.overture.id.to_string(),
            self.overture.summary.clone().unwrap_or_default(),
            words::joined(&self.remarks),
        ]
    }

    fn list(items: &[&Self], text: &mut Text) {
        let mut table = Table::new(["due", "", "overture", "from", "basis", "what"]);
        for row in items {
            table.row([
                row.words.clone(),
                if row.overdue { "overdue" } else { "" }.to_owned(),
                row.overture.handle.clone(),
                words::names(&row.addressees),
                words::spoken(&row.basis),
                row.overture.summary.clone().unwrap_or_default(),
            ]);
        }
        text.table(&table);
        let remarks =
            items.iter().flat_map(|row| row.remarks.iter().map(|remark| (&row.overture.handle, remark)));
        for (place, (handle, remark)) in remarks.enumerate() {
            if place == 0 {
                text.heading("Remarks");
            }
            text.hanging(2, &format!("{handle}: {remark}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::testing::{entry_ref, named, page, shown};

    #[test]
    fn what_is_overdue_says_on_which_basis() {
        let row = |overdue| DueRow {
            overture: entry_ref("ik-147", "overture.proposed", "2025-11-17"),
            addressees: vec![named("PRK")],
            due: Some("2013-04-26T03:00:00.000000Z".parse().unwrap()),
            words: "26 April 2013, 12:00 (+09:00)".to_owned(),
            basis: "explicit_deadline".to_owned(),
            kind: "explicit_deadline".to_owned(),
            overdue,
            remarks: Vec::new(),
        };
        insta::assert_snapshot!(shown(&page(vec![row(true), row(false)])));
        assert!(shown(&page(Vec::<DueRow>::new())).starts_with("no answer is due"));
    }
}
