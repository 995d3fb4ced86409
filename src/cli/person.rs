//! `person`: who is in the register, in which offices; and entering them.

use clap::{Args, ValueEnum};

use crate::cli::failure::Failure;
use crate::cli::fields::{Fields, Given};
use crate::cli::output::{Item, Text};
use crate::cli::quick::Draft;
use crate::cli::record::Submission;
use crate::cli::session::Session;
use crate::cli::table::Table;
use crate::cli::words;
use crate::desk::answer::alias::{PersonRow, RoleRow};
use crate::desk::answer::{Answer, Page};

/// What is said of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Act {
    /// The person is entered
    Register,
    /// The person gets further names
    Name,
    /// The person holds an office of a body, from one date to another
    Role,
}

/// The fields of a person.
#[derive(Debug, Clone)]
struct OfPerson;

impl Fields for OfPerson {
    const NAMES: &'static [&'static str] = &["names", "party", "office", "since", "until"];
}

/// A person in the register. Once an office is on record, `--from` takes the name of whoever holds it.
#[derive(Debug, Args)]
pub(super) struct Person {
    /// What is said; without one the persons are listed
    #[arg(requires = "name")]
    act: Option<Act>,
    /// The name of the person
    name: Option<String>,
    #[command(flatten)]
    fields: Given<OfPerson>,
    #[command(flatten)]
    submission: Submission,
}

impl Person {
    /// Tells whether it records something.
    pub(super) fn records(&self) -> bool {
        self.act.is_some()
    }

    /// Lists, or records.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let (Some(act), Some(name)) = (self.act, self.name.as_ref()) else {
            if self.fields.entry("").len() > 1 || self.submission.dry_run {
                return Err(Failure::Usage {
                    what: "fields are given and nothing to record".to_owned(),
                    hint: "say what of the person: `demarche person register NAME`".to_owned(),
                });
            }
            let answer: Answer<Page<PersonRow>> = session.get("/v1/persons", &())?;
            return session.show(&answer);
        };
        let about = Some(format!("person:{name}"));
        let draft = match act {
            Act::Register => {
                Draft::new(self.fields.entry("person.registered")).front("names", std::slice::from_ref(name))
            }
            Act::Name => Draft::new(self.fields.entry("person.named")).with("about", about),
            Act::Role => Draft::new(self.fields.entry("person.role")).with("about", about),
        };
        draft.send(session, &self.submission)
    }
}

/// Returns an office in words: `director of PRK/ufd, 2016 to April 2019`.
fn told(role: &RoleRow) -> String {
    let when = match (&role.since, &role.until) {
        (None, None) => String::new(),
        (Some(since), None) => format!(", since {}", since.words),
        (None, Some(until)) => format!(", until {}", until.words),
        (Some(since), Some(until)) => format!(", {} to {}", since.words, until.words),
    };
    format!("{} of {}{when}", role.office, role.party.name)
}

impl Item for PersonRow {
    const COLUMNS: &'static [&'static str] = &["name", "id", "names", "roles", "holds"];
    const NOTHING: &'static str = "no persons";

    fn cells(&self) -> Vec<String> {
        let held = self.roles.iter().filter(|role| role.holds);
        vec![
            self.name.clone(),
            self.id.to_string(),
            words::joined(&self.names),
            words::joined(self.roles.iter().map(told)),
            words::joined(held.map(told)),
        ]
    }

    fn list(items: &[&Self], text: &mut Text) {
        let mut table = Table::new(["person", "offices", "other names"]);
        for row in items {
            let offices = match row.roles.as_slice() {
                [] => words::NO_RECORD.to_owned(),
                roles => roles.iter().map(told).collect::<Vec<_>>().join("; "),
            };
            let others: Vec<&str> = row.names.iter().skip(1).map(String::as_str).collect();
            table.row([row.name.clone(), offices, others.join(", ")]);
        }
        text.table(&table);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::cli::testing::{entries, usage};

    #[test]
    fn persons_and_their_offices_are_one_line_each() {
        assert_eq!(
            entries(&["person", "register", "Kim Yong-chol", "--alias", "김영철"]),
            [json!({"kind": "person.registered", "names": ["Kim Yong-chol", "김영철"]})]
        );
        let role =
            ["person", "role", "김영철", "--party", "PRK/ufd", "--office", "director", "--since", "2016"];
        assert_eq!(
            entries(&role),
            [json!({
                "kind": "person.role", "about": "person:김영철", "party": "PRK/ufd", "office": "director",
                "since": "2016",
            })]
        );
        assert_eq!(usage(&["person", "--party", "PRK"]), 2);
    }
}
