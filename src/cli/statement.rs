//! `statement` and `message`: what was said in public, and what passed between two ends.

use clap::{Args, ValueEnum};

use crate::cli::failure::Failure;
use crate::cli::fields::{Fields, Given};
use crate::cli::quick::Draft;
use crate::cli::record::Submission;
use crate::cli::session::Session;

/// What sort of statement it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Sort {
    /// Something was said in public
    #[default]
    Public,
    /// A formal complaint
    Protest,
    /// A text of both sides was made known
    Agreement,
    /// Contacts that were secret were made known
    Disclosure,
}

impl Sort {
    fn kind(self) -> &'static str {
        match self {
            Self::Public => "statement.public",
            Self::Protest => "protest.lodged",
            Self::Agreement => "agreement.announced",
            Self::Disclosure => "backchannel.disclosed",
        }
    }
}

/// The fields of a statement.
#[derive(Debug, Clone)]
struct Said;

impl Fields for Said {
    const NAMES: &'static [&'static str] = &["outlet", "title", "about"];
}

/// Something said in public.
#[derive(Debug, Args)]
pub(super) struct Statement {
    /// What was said, in a sentence
    #[arg(value_name = "SUMMARY")]
    sentence: Option<String>,
    /// What sort of statement it is
    #[arg(long = "as", value_name = "SORT", default_value = "public")]
    sort: Sort,
    #[command(flatten)]
    fields: Given<Said>,
    #[command(flatten)]
    submission: Submission,
}

impl Statement {
    /// Records the statement.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let draft = Draft::new(self.fields.entry(self.sort.kind())).today();
        draft.sentence(self.sentence.as_deref())?.send(session, &self.submission)
    }
}

/// Which way a message went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Way {
    /// It went out
    Sent,
    /// It came in
    Received,
}

/// The fields of a message.
#[derive(Debug, Clone)]
struct Passed;

impl Fields for Passed {
    const NAMES: &'static [&'static str] =
        &["reference", "precedence", "captions", "info", "passed_by", "read_back", "about"];
}

/// A message that passed between two ends.
#[derive(Debug, Args)]
pub(super) struct Message {
    /// Which way it went
    way: Way,
    /// What it says, in a sentence
    #[arg(value_name = "SUMMARY")]
    sentence: Option<String>,
    #[command(flatten)]
    fields: Given<Passed>,
    #[command(flatten)]
    submission: Submission,
}

impl Message {
    /// Records the message.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let kind = match self.way {
            Way::Sent => "message.sent",
            Way::Received => "message.received",
        };
        let draft = Draft::new(self.fields.entry(kind)).today();
        draft.sentence(self.sentence.as_deref())?.send(session, &self.submission)
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::testing::entries;
    use serde_json::json;

    #[test]
    fn a_statement_and_a_message_are_one_line_each() {
        assert_eq!(
            entries(&["statement", "Nothing to discuss", "--from", "PRK", "--outlet", "KCNA"]),
            [json!({
                "kind": "statement.public", "date": "today", "summary": "Nothing to discuss", "from": ["PRK"],
                "outlet": "KCNA",
            })]
        );
        assert_eq!(
            entries(&["message", "received", "Notice of a test", "--via", "mil-west", "--read-back"]),
            [json!({
                "kind": "message.received", "date": "today", "summary": "Notice of a test",
                "via": ["mil-west"], "read_back": true,
            })]
        );
    }
}
