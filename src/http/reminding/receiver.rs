//! Who is told: an address that is posted to, or a program that gets the message on its standard input.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use axum::http::Uri;

use crate::http::outside;
use crate::http::reminding::command;
use crate::store::with_causes;

/// How long a program may take.
const COMMAND_TIME_MAX: Duration = Duration::from_secs(30);
/// How long an address may take to answer.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);

/// Who is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receiver {
    /// An address that is posted to; any status from 200 to 299 says that it was taken.
    Address {
        /// The address, as it was typed.
        url: String,
        /// Its host: what may be told of it, for the rest is often a password.
        host: String,
    },
    /// A program, without a shell; exit code 0 says that it was taken.
    Program {
        /// The command, as it was typed.
        typed: String,
        /// Its words, the program first.
        words: Vec<String>,
    },
}

/// Nobody can be told so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiverError {
    /// An address is none.
    #[error("`{0}` is no address that can be posted to; write https://host/path, or a command")]
    Address(String),
    /// A command is none.
    #[error("`{typed}` is no command: {what}")]
    Command {
        /// What was typed.
        typed: String,
        /// What is wrong.
        what: String,
    },
    /// There is no such program.
    #[error("there is no program `{0}` that can be run; give its whole path")]
    NoProgram(String),
}

/// What became of telling.
pub(super) enum Told {
    Taken,
    /// It said no, or was not reached.
    NotTaken(String),
    /// It was told, and did not say.
    InDoubt(String),
}

impl FromStr for Receiver {
    type Err = ReceiverError;

    fn from_str(typed: &str) -> Result<Self, ReceiverError> {
        let typed = typed.trim();
        let scheme = typed.split_once("://").map(|(scheme, _)| scheme);
        // A word of a command may hold an address; what begins with one is one.
        if let Some(scheme) = scheme.filter(|scheme| !scheme.contains(char::is_whitespace)) {
            // Only its scheme: the rest may be a password.
            let wrong = || ReceiverError::Address(format!("{scheme}://…"));
            if !matches!(scheme, "http" | "https") {
                return Err(wrong());
            }
            let uri: Uri = typed.parse().map_err(|_| wrong())?;
            let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(wrong)?;
            let host = uri.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
            return Ok(Self::Address { url: typed.to_owned(), host: format!("{scheme}://{host}") });
        }
        let wrong = |what: String| ReceiverError::Command { typed: typed.to_owned(), what };
        let words = command::words(typed).map_err(wrong)?;
        let Some(program) = words.first() else { return Err(wrong("it is empty".to_owned())) };
        if find(program).is_none() {
            return Err(ReceiverError::NoProgram(program.clone()));
        }
        Ok(Self::Program { typed: typed.to_owned(), words })
    }
}

impl fmt::Display for Receiver {
    /// Says who it is, without what may be a password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address { host, .. } => formatter.write_str(host),
            Self::Program { words, .. } => formatter.write_str(words.first().map_or("", String::as_str)),
        }
    }
}

impl Receiver {
    /// Returns it as it was typed: what was told is kept by that.
    pub(super) fn spelling(&self) -> String {
        match self {
            Self::Address { url, .. } => url.clone(),
            Self::Program { typed, .. } => typed.clone(),
        }
    }

    /// Tells whether what it is told can be read on the way by others.
    pub fn is_in_the_clear(&self) -> bool {
        let Self::Address { host, .. } = self else { return false };
        let Some(rest) = host.strip_prefix("http://") else { return false };
        let name = rest.rsplit_once(':').map_or(rest, |(name, _)| name);
        !(name == "localhost" || name == "[::1]" || name.starts_with("127."))
    }

    /// Tells it something.
    pub(super) fn tell(&self, key: &str, body: &[u8], stop: &AtomicBool) -> Told {
        match self {
            Self::Program { words, .. } => command::run(words, key, body, COMMAND_TIME_MAX, stop),
            Self::Address { url, host } => match outside::tell(url, key, body, ANSWER_TIME_MAX) {
                Ok(200..=299) => Told::Taken,
                // Whoever passed it on does not know what became of it.
                Ok(status @ (502 | 504)) => Told::InDoubt(format!("{host} answered {status}")),
                Ok(status) => Told::NotTaken(format!("{host} answered {status}")),
                Err(error) if error.was_perhaps_heard() => Told::InDoubt(said(host, &error)),
                Err(error) => Told::NotTaken(said(host, &error)),
            },
        }
    }
}

/// Says why an address did not answer, without its path.
fn said(host: &str, error: &outside::OutsideError) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {}", with_causes(cause)));
    format!("{host} did not answer{}", cause.unwrap_or_default())
}

/// Returns where a program is; none where there is none that can be run.
fn find(program: &str) -> Option<PathBuf> {
    if program.contains('/') {
        return Some(PathBuf::from(program)).filter(|path| can_run(path));
    }
    // Where nobody says where programs are, the system looks here.
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/bin:/usr/bin".into());
    std::env::split_paths(&path).map(|within| within.join(program)).find(|path| can_run(path))
}

fn can_run(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}
