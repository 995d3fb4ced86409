//! `audit`: what whoever checks the record asks for.

use std::time::Duration;

use clap::{Args, Subcommand};

use crate::cli::failure::Failure;
use crate::cli::reads;
use crate::cli::session::Session;
use crate::desk::{Desk, Opening};

/// Check the record, or ask who read it.
#[derive(Debug, Args)]
pub(super) struct Audit {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Begin to note every read of this log in an access log of its own
    #[command(after_help = crate::cli::command::examples!(
        "demarche audit log-reads",
        "demarche audit log-reads --dir /srv/desk"
    ))]
    LogReads,
    /// Ask who was shown an entry, when and what for
    #[command(after_help = crate::cli::command::examples!(
        "demarche audit readers ik-147",
        "demarche audit readers ik-147 --since 2025-11-01"
    ))]
    Readers(reads::Readers),
    /// Ask what was read, by whom and what for
    #[command(after_help = crate::cli::command::examples!(
        "demarche audit reads --since yesterday",
        "demarche audit reads --by kim --limit 20"
    ))]
    Reads(reads::Reads),
}

impl Audit {
    /// Does what is asked for.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        match &self.what {
            What::LogReads => log_reads(session),
            What::Readers(readers) => readers.run(session),
            What::Reads(reads) => reads.run(session),
        }
    }
}

/// Begins to log reads.
fn log_reads(session: &mut Session) -> Result<(), Failure> {
    let dir = session.globals.dir();
    let wait = Duration::from_secs(session.globals.wait);
    let mut desk = Desk::open_with(&dir, Opening::Write { wait }, &session.globals.place)?;
    let already = desk.logs_reads();
    let begun = desk.begin_to_log_reads(&dir);
    desk.close()?;
    begun?;
    session.say(if already {
        "every read of this log is noted already"
    } else {
        "from now on every read of this log is noted, before its answer is given"
    })
}
