//! Commands for whoever keeps the machine of a log.

use clap::Subcommand;

use crate::cli::command::examples;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::{backup, doctor, verify};

/// What is done to the files of a log.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Operate {
    /// Back up the log while others record, or check a backup; a second one into the directory copies what is new
    ///
    /// What opens the texts stands apart from the records: secrets/ beside segments/ and others/. The keys that sign,
    /// the mark beside them and the master key are not in it. An attempt that is cut off goes on when the same command
    /// is given again, and the backup before it stays good until the new one is whole.
    #[command(after_help = examples!(
        "demarche backup /srv/backup",
        "demarche backup verify /srv/backup"
    ))]
    Backup(backup::Backup),
    /// Make a data directory of a backup, in a new or empty directory
    #[command(after_help = examples!(
        "demarche restore /srv/backup --data-dir /srv/restored",
        "demarche restore /srv/backup --data-dir /srv/elsewhere --format json"
    ))]
    Restore(backup::Restore),
    /// Say what is the matter with disk, permissions, clock, keys and files, and what to do
    ///
    /// It works where the log does not open and while a server writes it, and writes nothing. It exits with 0 where all
    /// is fine, with 1 where something should be seen to, with 3 where the record is damaged or in danger.
    #[command(after_help = examples!(
        "demarche doctor",
        "demarche doctor --format json"
    ))]
    Doctor,
    /// Rebuild the projections from the log, or compare them with it
    #[command(after_help = examples!(
        "demarche rebuild --check",
        "demarche rebuild"
    ))]
    Rebuild(verify::Rebuild),
}

impl Operate {
    /// Does what is asked for.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        match self {
            Self::Backup(backup) => backup.run(session),
            Self::Restore(restore) => restore.run(session),
            Self::Doctor => doctor::run(session),
            Self::Rebuild(rebuild) => rebuild.run(session),
        }
    }
}
