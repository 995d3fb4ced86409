//! `init`: begins a log in a directory.

use std::path::Path;

use clap::Args;

use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::verify;
use crate::desk::Desk;

/// What the log is called and where its days end.
#[derive(Debug, Args)]
pub(super) struct Init {
    /// What the log is called; eight random digits are added, so that no two logs are called the same
    #[arg(long, value_name = "NAME", default_value = "desk")]
    name: String,
    /// The zone in which a date begins and ends, for as long as the log lives
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    zone: String,
    /// Note every read in an access log of its own, before its answer is given
    #[arg(long)]
    log_reads: bool,
}

impl Init {
    /// Begins the log, and shows what it is.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let dir = session.globals.dir();
        begin(&dir, &self.name, &self.zone, self.log_reads)?;
        verify::log(session)
    }
}

/// Begins a log in a directory.
pub(super) fn begin(dir: &Path, name: &str, zone: &str, log_reads: bool) -> Result<(), Failure> {
    let mut desk = Desk::init(dir, name, zone)?;
    if log_reads {
        desk.begin_to_log_reads(dir)?;
    }
    Ok(desk.close()?)
}
