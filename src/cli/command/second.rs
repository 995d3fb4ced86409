//! Commands for what needs a second person.

use clap::Subcommand;

use crate::cli::command::examples;
use crate::cli::confirm;
use crate::cli::failure::Failure;
use crate::cli::session::Session;

/// What needs a second person.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Second {
    /// Mark an entry; marked lower than it is, that waits until somebody else confirms it
    ///
    /// An entry that more people would see than before is lowered by two: whoever proposes it, with a reason, and
    /// whoever confirms it. Until then it stays as it is. Whoever sees it then sees its earlier readings as well.
    #[command(after_help = examples!(
        "demarche mark ik-147 TLP:RED --reason 'it names a source'",
        "demarche mark ik-147 TLP:GREEN --reason 'both sides published it'"
    ))]
    Mark(confirm::Mark),
    /// Confirm what somebody else recorded and what waits for a second person
    #[command(after_help = examples!(
        "demarche confirm 1a2b3c4d --dry-run",
        "demarche confirm 1a2b3c4d --actor lee"
    ))]
    Confirm(confirm::Confirm),
    /// Show what waits for a second person
    #[command(after_help = examples!(
        "demarche held",
        "demarche held --known-as-of 2025-11-20"
    ))]
    Held(confirm::Held),
}

impl Second {
    /// Does what is asked for.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        match self {
            Self::Mark(mark) => mark.run(session),
            Self::Confirm(confirm) => confirm.run(session),
            Self::Held(held) => held.run(session),
        }
    }

    /// Tells whether it asks about a moment.
    pub(super) const fn asks_of_a_moment(&self) -> bool {
        matches!(self, Self::Held(_))
    }
}
