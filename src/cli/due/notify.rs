//! `due --notify`: one pass of what `serve --notify` does all the time, for cron and for whoever serves nothing.

use std::path::Path;
use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};

use crate::cli::failure::Failure;
use crate::cli::output::{Show, Text};
use crate::cli::session::Session;
use crate::desk::answer::reminder::Reminder;
use crate::desk::answer::{Answer, Page};
use crate::desk::reminders::RemindersAsk;
use crate::desk::reminders::ledger::LedgerError;
use crate::http::reminding::{Receiver, Teller, behind};

/// What became of it.
#[derive(Debug, Serialize, Deserialize)]
struct Reminded {
    told: usize,
    taken_back: usize,
    waiting: usize,
    failures: Vec<String>,
}

/// Reads who is to be told: a command, an address, or a file that has either.
pub(crate) fn receiver(session: &mut Session, typed: &str) -> Result<Receiver, Failure> {
    let text = match typed.strip_prefix('@') {
        None => typed.to_owned(),
        Some(file) => String::from_utf8(session.read(Path::new(file))?).map_err(|_| Failure::Usage {
            what: format!("{file} is not UTF-8"),
            hint: "write a command or an address into it, on one line".to_owned(),
        })?,
    };
    let receiver: Receiver = text.parse().map_err(|error| Failure::Usage {
        what: format!("nobody can be told: {error}"),
        hint: "give `--notify https://host/path` or `--notify 'program its arguments'`".to_owned(),
    })?;
    if receiver.is_in_the_clear() {
        session.note(&format!("what is sent to {receiver} can be read on its way; https can not"));
    }
    Ok(receiver)
}

/// Says why what was told cannot be kept.
pub(crate) fn ledger_failure(error: LedgerError) -> Failure {
    match error {
        LedgerError::Held => Failure::Refused {
            what: LedgerError::Held.to_string(),
            hint: "a server that was started with this `--notify` tells it by itself".to_owned(),
        },
        LedgerError::Io { path, source } => Failure::File { path, doing: "written", error: source },
    }
}

/// Tells what stands now, once.
pub(super) fn once(session: &mut Session, typed: &str, release: Option<String>) -> Result<(), Failure> {
    if session.globals.known_as_of.is_some() || session.globals.at.is_some() {
        return Err(Failure::Usage {
            what: "nobody is reminded of what was overdue at another moment".to_owned(),
            hint: "leave out `--notify` to see it, or `--at` and `--known-as-of` to have told what is overdue now"
                .to_owned(),
        });
    }
    let receiver = receiver(session, typed)?;
    let dir = session.directory("remembering whom was told what")?;
    let mut teller = Teller::open(&dir, receiver, release.clone()).map_err(ledger_failure)?;
    let answer: Answer<Page<Reminder>> = session.get_now("/v1/reminders", &RemindersAsk { release })?;
    if let Some(seconds) = behind(&answer.as_of) {
        return Err(Failure::Refused {
            what: format!("the clock is {seconds} seconds behind the last record, so nothing is told"),
            hint: "set the clock of this machine".to_owned(),
        });
    }
    // Where reads are logged, the answer itself was.
    let passed = teller.pass(&answer, &mut |_| Ok(()), &AtomicBool::new(false));
    let (waiting, why) = (passed.waiting, passed.failures.first().cloned());
    let data = Reminded {
        told: passed.told,
        taken_back: passed.taken_back,
        waiting: passed.waiting,
        failures: passed.failures,
    };
    session.show(&Answer { as_of: answer.as_of, notices: answer.notices, data })?;
    why.map_or(Ok(()), |why| Err(Failure::Untold { waiting, why }))
}

impl Show for Reminded {
    fn text(&self, text: &mut Text) {
        text.line(format!("{} told, {} taken back, {} waiting", self.told, self.taken_back, self.waiting));
    }

    fn columns() -> &'static [&'static str] {
        &["told", "taken_back", "waiting", "failures"]
    }

    fn rows(&self) -> Vec<Vec<String>> {
        vec![vec![
            self.told.to_string(),
            self.taken_back.to_string(),
            self.waiting.to_string(),
            self.failures.join("; "),
        ]]
    }
}
