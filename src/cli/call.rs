//! `call`: what became of a scheduled call, or of all of this morning's.

use clap::{Args, ValueEnum};

use crate::cli::failure::{Failure, Given as From};
use crate::cli::fields::{Fields, Given};
use crate::cli::quick::Draft;
use crate::cli::record::{Submission, send};
use crate::cli::session::Session;

/// What became of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Outcome {
    Answered,
    Unanswered,
    Declined,
    Fault,
    Abandoned,
    NotAttempted,
    Unknown,
    Discontinued,
    Resumed,
}

impl Outcome {
    fn kind(self) -> &'static str {
        match self {
            Self::Answered => "call.answered",
            Self::Unanswered => "call.unanswered",
            Self::Declined => "call.declined",
            Self::Fault => "call.fault",
            Self::Abandoned => "call.abandoned",
            Self::NotAttempted => "call.not_attempted",
            Self::Unknown => "call.unknown",
            Self::Discontinued => "calls.discontinued",
            Self::Resumed => "calls.resumed",
        }
    }
}

/// The fields of a call.
#[derive(Debug, Clone)]
struct Fact;

impl Fields for Fact {
    const NAMES: &'static [&'static str] = &["slots", "reason", "cause", "until"];
}

/// One call, or a round of them.
#[derive(Debug, Args)]
pub(super) struct Call {
    /// `CHANNEL OUTCOME` for one line, or `CHANNEL=OUTCOME` for each line of a round; an outcome is
    /// answered, unanswered, declined, fault, abandoned, not-attempted, unknown, and for our own side
    /// discontinued or resumed
    #[arg(required = true, value_name = "CHANNEL [OUTCOME]")]
    calls: Vec<String>,
    #[command(flatten)]
    fields: Given<Fact>,
    #[command(flatten)]
    submission: Submission,
}

impl Call {
    /// Records the calls as one unit.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let entries = self.round()?.into_iter().map(|(channel, outcome)| {
            let draft = Draft::new(self.fields.entry(outcome.kind())).today();
            draft.with("channel", Some(channel)).entry()
        });
        send(session, entries.collect(), &self.submission, From::Flags)
    }

    fn round(&self) -> Result<Vec<(&str, Outcome)>, Failure> {
        if let [channel, outcome] = self.calls.as_slice()
            && !channel.contains('=')
            && !outcome.contains('=')
        {
            return Ok(vec![(channel, read(outcome)?)]);
        }
        let call = |typed: &'_ String| -> Result<(usize, Outcome), Failure> {
            let (channel, outcome) = typed.rsplit_once('=').ok_or_else(|| unclear(typed))?;
            Ok((channel.len(), read(outcome)?))
        };
        self.calls
            .iter()
            .map(|typed| call(typed).map(|(end, outcome)| (typed.get(..end).unwrap_or_default(), outcome)))
            .collect()
    }
}

fn read(typed: &str) -> Result<Outcome, Failure> {
    Outcome::from_str(&typed.replace('_', "-"), true).map_err(|_| {
        let allowed: Vec<_> =
            Outcome::value_variants().iter().filter_map(ValueEnum::to_possible_value).collect();
        let allowed: Vec<_> = allowed.iter().map(clap::builder::PossibleValue::get_name).collect();
        Failure::Usage {
            what: format!("`{typed}` is no outcome of a call"),
            hint: format!("an outcome is one of {}", allowed.join(", ")),
        }
    })
}

fn unclear(typed: &str) -> Failure {
    Failure::Usage {
        what: format!("what became of the call on `{typed}` is not said"),
        hint: "write `call liaison-line unanswered`, or `call liaison-line=unanswered mil-west=answered`"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::testing::{entries, usage};
    use serde_json::json;

    #[test]
    fn a_call_needs_a_line_and_an_outcome() {
        assert_eq!(
            entries(&["call", "liaison-line", "--slot", "09:00", "unanswered"]),
            [
                json!({"kind": "call.unanswered", "date": "today", "channel": "liaison-line", "slots": ["09:00"]})
            ]
        );
    }

    #[test]
    fn the_morning_round_is_one_command() {
        assert_eq!(
            entries(&["call", "liaison-line=unanswered", "mil-west=not-attempted", "--date", "어제"]),
            [
                json!({"kind": "call.unanswered", "date": "어제", "channel": "liaison-line"}),
                json!({"kind": "call.not_attempted", "date": "어제", "channel": "mil-west"}),
            ]
        );
    }

    #[test]
    fn an_outcome_that_does_not_exist_is_refused_with_those_that_do() {
        for wrong in [
            &["call", "liaison-line"][..],
            &["call", "liaison-line", "silent"],
            &["call", "liaison-line=silent"],
            &["call", "liaison-line=answered", "mil-west"],
            &["call"],
        ] {
            assert_eq!(usage(wrong), 2, "{wrong:?}");
        }
    }
}
