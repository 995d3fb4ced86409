//! `serve`: the API on a port and on the socket of the directory, until it is told to stop.

mod listening;
mod sso;
mod traces;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use crate::cli::account;
use crate::cli::due;
use crate::cli::failure::Failure;
use crate::cli::serve::listening::Listen;
use crate::cli::serve::sso::SignOnFlags;
use crate::cli::session::Session;
use crate::desk::accounts::Missing;
use crate::desk::checkpoint::rounds::{Pace, Rounds};
use crate::desk::reminders::RemindersAsk;
use crate::desk::{Desk, Opening};
use crate::http::cosigning;
use crate::http::reminding::{Reminding, Teller};
use crate::http::serve::{Listening, Ready, ServeError, serve_at, told_to_stop};

/// Where to listen.
#[derive(Debug, Args)]
pub(super) struct Serve {
    #[command(flatten)]
    listen: Listen,
    #[command(flatten)]
    sso: SignOnFlags,
    /// Do not begin an access log; one that was begun is kept all the same
    #[arg(long)]
    no_read_log: bool,
    /// Ask over the port who comes: where the log has no accounts yet, open one for an administrator, with a
    /// one-time password; where it has, that is asked in any case
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "administrator")]
    accounts: Option<String>,
    /// At most so many seconds after something was recorded the log is signed
    #[arg(long, value_name = "SECONDS", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    checkpoint_interval: u64,
    /// So many seconds after it was signed last it is signed again, even if nothing was recorded
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    heartbeat: u64,
    /// Every so many seconds the witnesses of the policy are asked to cosign what is new
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    witness_interval: u64,
    /// Have this command or address told when an answer is overdue or a line unresponsive, and when that stands no
    /// longer; several times for several. A command gets JSON on its standard input and runs without a shell;
    /// `@FILE` reads either from a file
    #[arg(long, value_name = "COMMAND|URL")]
    notify: Vec<String>,
    /// Tell nothing that is marked above this level, nor what it changed, nor what nobody marked
    #[arg(long, value_name = "LEVEL")]
    release: Option<String>,
    /// Every so many seconds is looked what is overdue
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    notify_interval: u64,
}

impl Serve {
    /// Serves until it is told to stop.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let dir = session.directory("serving")?;
        if let (Some(release), true) = (&self.release, self.notify.is_empty()) {
            return Err(Failure::Usage {
                what: format!(
                    "nothing above {release} is to be told, and nobody is named who is told anything"
                ),
                hint: "give `--notify COMMAND|URL` as well".to_owned(),
            });
        }
        let timing = self.listen.begin_to_log()?;
        let mut listening = self.listen.read(session)?;
        listening.ways.sign_on = self.sso.read(&listening)?;
        let desk = Arc::new(self.opened(session, &dir, &listening)?);
        desk.fold_beside();
        let reminding = self.remind(session, &dir, &desk)?;
        if let Some(why) = desk.why_unsigned() {
            session.note(&why);
        }
        let pace = Pace {
            news: Duration::from_secs(self.checkpoint_interval),
            heartbeat: Duration::from_secs(self.heartbeat),
        };
        let rounds = Rounds::begin(Arc::clone(&desk), pace)
            .map_err(|error| Failure::Unserved(ServeError::Threads(error)))?;
        let asked = Arc::clone(&desk);
        let wait = Duration::from_secs(self.witness_interval);
        let asking = Rounds::every("witnesses", wait, move || cosigning::round(&asked))
            .map_err(|error| Failure::Unserved(ServeError::Threads(error)))?;
        let mut said = Ok(());
        let served = serve_at(
            Arc::clone(&desk),
            &dir,
            &listening,
            |ready| {
                let Ready { scheme, address, socket } = ready;
                said = session
                    .say(&format!("serving {scheme}://{address}/v1 and {}", socket.display()))
                    .and_then(|()| session.out.flush().map_err(Failure::Output));
            },
            told_to_stop(),
        );
        reminding.stop();
        rounds.stop();
        asking.stop();
        if let Ok(desk) = Arc::try_unwrap(desk) {
            desk.close()?;
        }
        if let Some(timing) = timing {
            timing.stop();
        }
        served.map_err(Failure::Unserved)?;
        said
    }

    /// Opens the log for writing, and says what of who comes in is missing beside it.
    fn opened(&self, session: &mut Session, dir: &Path, listening: &Listening) -> Result<Desk, Failure> {
        let wait = Duration::from_secs(session.globals.wait);
        let mut desk = Desk::open_with(dir, Opening::Write { wait }, &session.globals.place)?;
        if !self.no_read_log {
            desk.begin_to_log_reads(dir)?;
        }
        if let Some(name) = &self.accounts
            && let Some(first) = desk.begin_accounts(name)?
        {
            account::opened(&first).iter().try_for_each(|line| session.say(line))?;
        }
        if let Some(sign_on) = &listening.ways.sign_on {
            desk.check_groups(&sign_on.settings().groups)?;
        }
        match desk.missing_beside() {
            Ok(missing) => {
                for Missing { says, todo } in &missing {
                    session.note(&format!("{says}; {todo}"));
                }
            }
            // Who owns the directory asks all the same.
            Err(error) => session.note(&error.to_string()),
        }
        Ok(desk)
    }

    /// Begins to remind whoever is named.
    fn remind(&self, session: &mut Session, dir: &Path, desk: &Arc<Desk>) -> Result<Reminding, Failure> {
        let mut tellers = Vec::with_capacity(self.notify.len());
        for typed in &self.notify {
            let receiver = due::receiver(session, typed)?;
            tellers.push(Teller::open(dir, receiver, self.release.clone()).map_err(due::ledger_failure)?);
        }
        // A level that is none is told now, and not in the program's log for ever.
        if self.release.is_some() {
            desk.reminders(&RemindersAsk { release: self.release.clone() })?;
        }
        let every = Duration::from_secs(self.notify_interval);
        Reminding::begin(Arc::clone(desk), tellers, every)
            .map_err(|error| Failure::Unserved(ServeError::Threads(error)))
    }
}
