//! `policies`: which house rules and agreed rules there are, for whom, from when to when.

use clap::Args;

use crate::cli::failure::Failure;
use crate::cli::output::{Item, Text};
use crate::cli::session::Session;
use crate::cli::table::Table;
use crate::cli::words;
use crate::desk::answer::policy::PolicyRow;
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::PoliciesAsk;

/// Which policies.
#[derive(Debug, Args)]
pub(super) struct Policies {
    /// Also those that are replaced, have ended or are yet to begin
    #[arg(long)]
    all: bool,
}

impl Policies {
    /// Shows them.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let answer: Answer<Page<PolicyRow>> = session.get("/v1/policies", &PoliciesAsk { all: self.all })?;
        session.show(&answer)
    }
}

impl Item for PolicyRow {
    const COLUMNS: &'static [&'static str] = &[
        "name",
        "id",
        "from",
        "until",
        "ended_by",
        "in_force",
        "rules",
        "agreed",
        "proposers",
        "addressees",
        "channels",
        "kinds",
        "recorded_by",
        "recorded_at",
        "reason",
    ];
    const NOTHING: &'static str = "no policy is in force";

    fn cells(&self) -> Vec<String> {
        vec![
            self.name.clone(),
            self.id.to_string(),
            self.from.value.clone(),
            words::value(self.until.as_ref()),
            words::handle(self.ended_by.as_ref()),
            self.in_force.to_string(),
            words::joined(&self.rules),
            self.agreed.to_string(),
            words::listed(&self.proposers),
            words::listed(&self.addressees),
            words::listed(&self.channels),
            words::joined(&self.kinds),
            self.recorded_by.clone(),
            self.recorded_at.to_string(),
            self.reason.clone().unwrap_or_default(),
        ]
    }

    fn list(items: &[&Self], text: &mut Text) {
        let mut table = Table::new(["policy", "from", "until", "", "says", "for"]);
        for row in items {
            table.row([
                row.name.clone(),
                row.from.words.clone(),
                row.until.as_ref().map_or_else(|| "nothing ends it".to_owned(), |until| until.words.clone()),
                if row.in_force { "in force" } else { "" }.to_owned(),
                format!("{}{}", row.rules.join(", "), if row.agreed { " (agreed)" } else { "" }),
                scope(row),
            ]);
        }
        text.table(&table);
    }
}

/// Returns for whom, on what and for which offers it holds.
fn scope(row: &PolicyRow) -> String {
    let any = |names: String| if names.is_empty() { "anyone".to_owned() } else { names };
    let mut scope = format!("{} → {}", any(words::names(&row.proposers)), any(words::names(&row.addressees)));
    if !row.channels.is_empty() {
        scope = format!("{scope}, on {}", words::names(&row.channels));
    }
    if !row.kinds.is_empty() {
        scope = format!("{scope}, {}", row.kinds.join(", "));
    }
    scope
}
