//! `audit`: what whoever checks the record asks for.

mod bundle;
mod check;
mod evidence;
mod proof;
mod publication;

use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::failure::{Failure, Given};
use crate::cli::reads;
use crate::cli::session::Session;
use crate::desk::answer::Answer;
use crate::desk::answer::operation::LogRow;
use crate::desk::ask::Caller;
use crate::desk::{Desk, Opening};

/// Check the record, or ask who read it.
#[derive(Debug, Args)]
pub(super) struct Audit {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Write everything that an auditor needs: a directory or an archive that proves itself
    #[command(after_help = crate::cli::command::examples!(
        "demarche audit export bundle",
        "demarche audit export public.tar --release TLP:GREEN"
    ))]
    Export(bundle::Export),
    /// Check a bundle against a key that you hold; exit with 3 where it does not stand
    #[command(after_help = crate::cli::command::examples!(
        "demarche audit verify bundle --vkey desk.vkey --replay",
        "demarche audit verify public.tar --vkey desk.vkey --old bundle/checkpoint --max-age 24h"
    ))]
    Verify(check::Verify),
    /// Prove that an entry is in the log, for whoever holds a verifier key
    #[command(after_help = crate::cli::command::examples!(
        "demarche audit proof ik-147",
        "demarche audit proof '#0' --out first.tlog-proof"
    ))]
    Proof(proof::Proof),
    /// Prove that the log continues the one of an old checkpoint
    #[command(after_help = crate::cli::command::examples!(
        "demarche audit consistency bundle/checkpoint",
        "demarche audit consistency 0 --out consistency"
    ))]
    Consistency(proof::Consistency),
    /// Show what a checkpoint says and who signed it
    #[command(after_help = crate::cli::command::examples!(
        "demarche audit show bundle --vkey desk.vkey",
        "demarche audit show bundle/checkpoints/0"
    ))]
    Show(check::ShowIt),
    /// Have the newest checkpoint stamped by a time-stamping authority (RFC 3161)
    #[command(after_help = crate::cli::command::examples!(
        "demarche audit timestamp --request request.tsq",
        "demarche audit timestamp --size 0 --request first.tsq"
    ))]
    Timestamp(proof::Timestamp),
    /// Show or set whose cosignatures the log needs before it is published (C2SP tlog-policy)
    #[command(after_help = crate::cli::command::examples!(
        "demarche audit policy",
        "demarche audit policy witnesses.policy --publish marked"
    ))]
    Policy(publication::Policy),
    /// Ask the witnesses of the policy to cosign the newest checkpoint
    #[command(after_help = crate::cli::command::examples!(
        "demarche audit witness",
        "demarche audit witness --format json"
    ))]
    Witness,
    /// Take the cosignatures that a witness gave on another way
    #[command(after_help = crate::cli::command::examples!(
        "demarche audit cosigned answer.txt",
        "cat answer.txt | demarche audit cosigned -"
    ))]
    Cosigned(publication::Cosigned),
    /// Begin to note every read of this log in an access log of its own
    #[command(after_help = crate::cli::command::examples!(
        "demarche audit log-reads",
        "demarche audit log-reads --dir /srv/desk"
    ))]
    LogReads(LogReads),
    /// Go on with a log that is shorter than what was signed, or another; it is recorded for ever
    #[command(after_help = crate::cli::command::examples!(
        "demarche audit accept-rollback desk-0a1b2c3d --reason 'the backup of Monday'",
        "demarche audit accept-rollback desk-0a1b2c3d --reason 'restored' --dir /srv/desk"
    ))]
    AcceptRollback(AcceptRollback),
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

/// Which log goes on, and why.
#[derive(Debug, Args)]
struct AcceptRollback {
    /// The name of the log, typed out: it says that nothing newer is left of it
    log: String,
    /// Why it goes on without what is lost
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

impl AcceptRollback {
    fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let body = json!({ "log": self.log, "reason": self.reason }).to_string().into_bytes();
        let answer: Answer<LogRow> = session.post("/v1/audit/accept-rollback", &(), body, Given::Flags)?;
        session.show(&answer)
    }
}

impl Audit {
    /// Does what is asked for.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        match &self.what {
            What::Export(export) => export.run(session),
            What::Verify(verify) => verify.run(session),
            What::Proof(proof) => proof.run(session),
            What::Consistency(consistency) => consistency.run(session),
            What::Show(show) => show.run(session),
            What::Timestamp(timestamp) => timestamp.run(session),
            What::Policy(policy) => policy.run(session),
            What::Witness => publication::witness(session),
            What::Cosigned(cosigned) => cosigned.run(session),
            What::LogReads(log_reads) => log_reads.run(session),
            What::AcceptRollback(accept) => accept.run(session),
            What::Readers(readers) => readers.run(session),
            What::Reads(reads) => reads.run(session),
        }
    }
}

/// What is done where an access log was begun before.
#[derive(Debug, Args)]
struct LogReads {
    /// Begin another where the one that the record holds fast is lost or was set back, and say why; it is
    /// recorded for ever
    #[arg(long, value_name = "REASON")]
    anew: Option<String>,
}

impl LogReads {
    fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let Some(reason) = &self.anew else { return log_reads(session) };
        let dir = session.directory("beginning an access log")?;
        let wait = Duration::from_secs(session.globals.wait);
        let caller = Caller { actor: session.globals.actor().unwrap_or_default(), tz: None };
        let mut desk = Desk::open_with(&dir, Opening::Write { wait }, &session.globals.place)?;
        let renewed = desk.renew_read_log(&dir, &caller, reason);
        desk.close()?;
        renewed?;
        session.say("another access log was begun; that the last one was lost is recorded")
    }
}

/// Begins to log reads.
fn log_reads(session: &mut Session) -> Result<(), Failure> {
    let dir = session.directory("beginning an access log")?;
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
