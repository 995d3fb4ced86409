//! `moment` and `moments`: names for positions of the log, for a later `--known-as-of NAME`.

use clap::Args;

use crate::cli::failure::{Failure, Given};
use crate::cli::output::{Item, Show, Text};
use crate::cli::session::Session;
use crate::cli::table::Table;
use crate::cli::{receipt, signing, words};
use crate::desk::answer::operation::MomentRow;
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::MomentAsk;

/// What is done where nobody knows whether a name was given: of one name there is one moment.
const IN_DOUBT: &str = "`moments` tells whether the name was given; where it was not, the same command names what is known by then";

/// A name for what is known now.
#[derive(Debug, Args)]
pub(super) struct Moment {
    /// The name
    name: String,
    /// How far the name may travel: a level of the marking scheme
    #[arg(long, value_name = "MARKING")]
    marking: Option<String>,
    /// A compartment in which it is; again for each
    #[arg(long, value_name = "NAME")]
    compartment: Vec<String>,
}

impl Moment {
    /// Names the moment.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let ask = MomentAsk {
            name: self.name.clone(),
            marking: self.marking.clone(),
            compartment: self.compartment.clone(),
            wait: session.globals.waits(None),
        };
        let answer: Answer<MomentRow> = if let Some(key) = session.globals.sign_with.clone() {
            signing::record(session, &key, "/v1/moments/submission", &ask, Given::Flags)?
        } else {
            let body = serde_json::to_vec(&ask).map_err(|error| Failure::Garbled(error.to_string()))?;
            let answer = session.post("/v1/moments", &(), body, Given::Flags);
            answer.map_err(|failure| failure.or_else(IN_DOUBT))?
        };
        session.show(&answer)
    }
}

/// Shows the names that were given.
pub(super) fn run(session: &mut Session) -> Result<(), Failure> {
    let answer: Answer<Page<MomentRow>> = session.get_plain("/v1/moments")?;
    session.show(&answer)
}

impl Show for MomentRow {
    fn text(&self, text: &mut Text) {
        let known = self.position.map_or_else(
            || "before anything was recorded".to_owned(),
            |position| format!("up to position {position}"),
        );
        text.line(format!("{} names what is known {known}", self.name));
        text.line(format!("ask for it with `--known-as-of '{}'`", self.name));
        receipt::told(self.receipt.as_ref(), text);
    }

    fn columns() -> &'static [&'static str] {
        <Self as Item>::COLUMNS
    }

    fn rows(&self) -> Vec<Vec<String>> {
        vec![self.cells()]
    }
}

impl Item for MomentRow {
    const COLUMNS: &'static [&'static str] = &["name", "position", "named_at"];
    const NOTHING: &'static str = "no moment is named";

    fn cells(&self) -> Vec<String> {
        vec![
            self.name.clone(),
            self.position.map(|position| position.to_string()).unwrap_or_default(),
            self.named_at.to_string(),
        ]
    }

    fn list(items: &[&Self], text: &mut Text) {
        let mut table = Table::new(["position", "named", "moment"]);
        for row in items {
            table.row([
                row.position.map_or_else(|| "empty log".to_owned(), |position| position.to_string()),
                words::moment(row.named_at, text.zone()),
                row.name.clone(),
            ]);
        }
        text.table(&table);
    }
}
