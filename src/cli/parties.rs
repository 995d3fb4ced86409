//! `parties`: who is in the register, under which names.

use crate::cli::failure::Failure;
use crate::cli::output::{Item, Text};
use crate::cli::session::Session;
use crate::cli::table::Table;
use crate::cli::words;
use crate::desk::answer::board::PartyRow;
use crate::desk::answer::{Answer, Page};

/// Shows the register of parties.
pub(super) fn run(session: &mut Session) -> Result<(), Failure> {
    let answer: Answer<Page<PartyRow>> = session.get("/v1/parties", &())?;
    session.show(&answer)
}

impl Item for PartyRow {
    const COLUMNS: &'static [&'static str] = &["code", "id", "names", "one_with", "parts", "entries", "last"];
    const NOTHING: &'static str = "no parties";

    fn cells(&self) -> Vec<String> {
        vec![
            self.code.clone(),
            self.id.to_string(),
            words::joined(&self.names),
            words::listed(&self.one_with),
            words::listed(&self.parts),
            self.entries.to_string(),
            words::value(self.last.as_ref()),
        ]
    }

    fn list(items: &[&Self], text: &mut Text) {
        let mut table = Table::new(["party", "entries", "last", "names"]);
        for row in items {
            table.row([
                row.code.clone(),
                words::number_of(row.entries),
                words::date_or(row.last.as_ref(), words::NO_RECORD),
                names(row),
            ]);
        }
        text.table(&table);
    }
}

/// Returns the names of a party, and what it was found to be.
fn names(row: &PartyRow) -> String {
    let mut names = row.names.join(", ");
    let mut add = |words: String| {
        names = if names.is_empty() { words } else { format!("{names}; {words}") };
    };
    if !row.one_with.is_empty() {
        add(format!("one with {}", words::names(&row.one_with)));
    }
    if !row.parts.is_empty() {
        add(format!("found to be {}", words::names(&row.parts)));
    }
    names
}
