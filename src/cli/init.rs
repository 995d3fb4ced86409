//! `init`: begins a log in a directory.

use clap::Args;

use crate::cli::failure::{Failure, Given, Problem};
use crate::cli::session::Session;
use crate::cli::verify;
use crate::desk::Desk;
use crate::desk::error::DeskError;

/// What the log is called and where its days end.
#[derive(Debug, Args)]
pub(super) struct Init {
    /// What the log is called; eight random digits are added, so that no two logs are called the same
    #[arg(long, value_name = "NAME", default_value = "desk")]
    name: String,
    /// The zone in which a date begins and ends, for as long as the log lives
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    zone: String,
}

impl Init {
    /// Begins the log, and shows what it is.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        begin(&session.globals.dir(), &self.name, &self.zone)?;
        verify::log(session)
    }
}

/// Begins a log in a directory.
pub(super) fn begin(dir: &std::path::Path, name: &str, zone: &str) -> Result<(), Failure> {
    let begun = Desk::init(dir, name, zone).and_then(Desk::close);
    begun.map_err(|error| Failure::Answered { problem: Box::new(problem(error)), given: Given::Flags })
}

/// Returns what the API would say of an error: nothing listens yet while a log is begun.
pub(super) fn problem(error: DeskError) -> Problem {
    let detail = Some(error.to_string());
    // No wildcard arm: a new error must be given a kind here before it compiles.
    let (kind, hints, candidates, faults) = match error {
        DeskError::Wrong(faults) => ("wrong", Vec::new(), Vec::new(), faults),
        DeskError::NotFound { what: _, hints } => ("not-found", hints, Vec::new(), Vec::new()),
        DeskError::Ambiguous { what: _, candidates } => ("ambiguous", Vec::new(), candidates, Vec::new()),
        DeskError::Refused { rule: _, hints } => ("refused", hints, Vec::new(), Vec::new()),
        DeskError::Damaged(_) => ("damaged", Vec::new(), Vec::new(), Vec::new()),
        DeskError::InDoubt => ("in-doubt", Vec::new(), Vec::new(), Vec::new()),
        DeskError::Unavailable(_) => ("unavailable", Vec::new(), Vec::new(), Vec::new()),
    };
    Problem { kind: kind.to_owned(), detail, hints, candidates, faults, ..Problem::default() }
}
