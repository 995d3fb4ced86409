//! `init`: begins a log in a directory.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::failure::Failure;
use crate::cli::output::Format;
use crate::cli::session::Session;
use crate::desk::Desk;
use crate::desk::answer::Answer;
use crate::desk::answer::operation::LogRow;
use crate::desk::error::DeskError;
use crate::desk::keys::master::MasterKey;
use crate::desk::keys::place::KeyPlace;

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
    /// Make no keys: nobody outside will be able to tell whether the log was altered
    #[arg(long)]
    no_keys: bool,
}

impl Init {
    /// Begins the log, and shows what it is.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let place = session.globals.place.clone();
        let wanted = (!self.no_keys).then_some(&place);
        let dir = session.directory("beginning a log")?;
        let master = place.master(&dir).map_err(DeskError::from)?;
        let keys = begin(&dir, &self.name, &self.zone, wanted, master, self.log_reads)?;
        let answer: Answer<LogRow> = session.get_plain("/v1/log")?;
        session.show(&answer)?;
        match keys {
            Some(path) => told(session, &path, &answer.data.keys, place.passphrase.is_some()),
            None => Ok(()),
        }
    }
}

/// Says where the keys are, what to keep of them, and what to hand out.
fn told(session: &mut Session, path: &Path, keys: &[String], sealed: bool) -> Result<(), Failure> {
    let (file, dir) = (path.display().to_string(), session.globals.dir());
    let mut lines = vec![
        format!("keys in {file}{}", if sealed { ", sealed under the passphrase" } else { "" }),
        format!(
            "back up: {file}; apart from it {}; and apart from both its secrets/, which open the texts",
            dir.display()
        ),
        "hand out these verifier keys, on a way other than the log:".to_owned(),
    ];
    lines.extend(keys.iter().map(|key| format!("  {key}")));
    if session.globals.format == Format::Text {
        return lines.iter().try_for_each(|line| session.say(line));
    }
    // The answer for programs names the verifier keys itself.
    for line in &lines {
        session.note(line);
    }
    Ok(())
}

/// Begins a log in a directory, under a master key where one is given.
///
/// Returns where its keys are, when it was to have some.
pub(super) fn begin(
    dir: &Path,
    name: &str,
    zone: &str,
    place: Option<&KeyPlace>,
    master: Option<MasterKey>,
    log_reads: bool,
) -> Result<Option<PathBuf>, Failure> {
    let (mut desk, keys) = Desk::init_under(dir, name, zone, place, master)?;
    if log_reads {
        desk.begin_to_log_reads(dir)?;
    }
    desk.close()?;
    Ok(keys)
}
