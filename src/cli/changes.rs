//! `changes`: what was recorded since someone last looked.

use clap::Args;
use serde_json::json;

use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::desk::answer::entry::EntryRow;
use crate::desk::ask::ChangesAsk;

/// Since when.
#[derive(Debug, Args)]
pub(super) struct Changes {
    /// The position that you saw last, as the last line of every answer tells it; everything without it
    #[arg(long, value_name = "POSITION")]
    since: Option<u64>,
    /// At most so many entries; 50 in text without it, else all
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
}

impl Changes {
    /// Shows what was recorded since, in the order of the log.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let since = self.since;
        session.pages::<EntryRow>("/v1/changes", self.limit, |limit, after| {
            json!(ChangesAsk { since, limit: Some(limit), after })
        })
    }
}
