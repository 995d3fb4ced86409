//! The command line: one file per command, each a client of the API.
//!
//! Invariant: nothing here opens a store or knows a rule of the desk. What a command may do, the API says.

mod account;
mod audit;
mod author;
mod backup;
mod brief;
mod call;
mod changes;
mod channel;
mod channels;
mod claims;
mod command;
mod complete;
mod config;
mod confirm;
mod correct;
mod credential;
mod demo;
mod diff;
mod doctor;
mod due;
mod export;
mod facets;
mod failure;
mod fields;
mod filter;
mod follow;
mod fresh;
mod guide;
mod history;
mod import;
mod init;
mod key;
mod keys;
mod late;
mod links;
mod login;
mod master;
mod meeting;
mod meetings;
mod moment;
mod output;
mod overture;
mod overtures;
mod parties;
mod person;
mod policies;
mod progress;
mod quick;
mod reads;
mod receipt;
mod record;
mod redact;
mod register;
mod replay;
mod search;
mod series;
mod serve;
mod session;
mod show;
mod signing;
mod silence;
mod similar;
mod statement;
mod stats;
mod table;
#[cfg(test)]
mod testing;
mod thread;
mod timeline;
mod unwritable;
mod usage;
mod util;
mod verify;
mod witness;
mod words;

use std::ffi::OsString;
use std::io::{self, BufWriter, IsTerminal, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, FromArgMatches, Parser};

use crate::cli::command::Command;
use crate::cli::config::{Config, Origin};
use crate::cli::failure::Failure;
use crate::cli::keys::KeyOptions;
use crate::cli::output::{Format, Screen};
use crate::cli::session::{Open, Session, open};
use crate::desk::ask::Wait;
use crate::desk::keys::place::KeyPlace;
use crate::http::client::ServerAddress;

const EXAMPLES: &str = "\
Examples:
  demarche overtures --open
  demarche call liaison-line unanswered --date yesterday

Begin with `demarche demo`; `demarche COMMAND --help` says more of a command.

Exit codes: 0 done, 1 refused, not found or wrong data, 2 usage, 3 damaged or altered, 4 in doubt or
unavailable, 5 recorded in part.";

/// Record what happened on every channel of communication, and ask what was known when
#[derive(Debug, Parser)]
#[command(name = "demarche", version, after_help = EXAMPLES, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

/// The options that every command has.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Options of every command")]
struct Globals {
    /// The directory of the log [default: demarche-data]
    #[arg(long, global = true, env = "DEMARCHE_DIR", value_name = "DIR", hide_env_values = true)]
    dir: Option<PathBuf>,
    /// The server that has the log, in place of a directory: `https://desk.example`, with a port where it is not 443
    #[arg(long, global = true, env = "DEMARCHE_SERVER", value_name = "URL", hide_env_values = true)]
    server: Option<ServerAddress>,
    /// Trust the authority whose certificate is in this file, and no other, to know the server
    #[arg(long, global = true, env = "DEMARCHE_CA", value_name = "FILE", hide_env_values = true)]
    ca: Option<PathBuf>,
    /// The configuration file [default: demarche/config.toml among your settings, else /etc/demarche/config.toml]
    #[arg(long, global = true, env = "DEMARCHE_CONFIG", value_name = "FILE", hide_env_values = true)]
    config: Option<PathBuf>,
    /// What the log knew: a position, a recorded time or date, or the name of a moment
    #[arg(long, global = true, value_name = "WHEN")]
    known_as_of: Option<String>,
    /// The world at that time; a date is the end of its day in the zone of the log
    #[arg(long, global = true, value_name = "WHEN")]
    at: Option<String>,
    /// The zone of dates without one [default: that of the log]
    #[arg(long, global = true, value_name = "ZONE")]
    tz: Option<String>,
    /// The name under which you record [default: that of your account]
    #[arg(long, global = true, env = "DEMARCHE_ACTOR", value_name = "NAME", hide_env_values = true)]
    actor: Option<String>,
    /// Come in with the token, or the session of `login`, that is in this file [default: with `--server`, the one
    /// in which `login` keeps the session with that server]
    #[arg(long, global = true, env = "DEMARCHE_CREDENTIAL", value_name = "FILE", hide_env_values = true)]
    credential: Option<PathBuf>,
    /// What you read for, where reads are logged: a case, a request, a name
    #[arg(long, global = true, env = "DEMARCHE_PURPOSE", value_name = "TEXT", hide_env_values = true)]
    purpose: Option<String>,
    /// Sign what you record with this key: a file of `author key new`, or an Ed25519 key of OpenSSH
    #[arg(long, global = true, env = "DEMARCHE_SIGN_WITH", value_name = "FILE", hide_env_values = true)]
    sign_with: Option<PathBuf>,
    /// How many seconds to wait for another writer [default: 5]; `checkpoint` waits until what is recorded is
    /// signed, and gives the proof
    #[arg(long = "wait", global = true, value_name = "SECONDS|checkpoint")]
    wait_for: Vec<WaitFor>,
    /// How many seconds to wait for another writer.
    #[arg(skip)]
    wait: u64,
    /// How answers are written
    #[arg(long, global = true, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    key_options: KeyOptions,
    /// Where the keys are: made of the options once, for what is handed over is read once.
    #[arg(skip)]
    place: KeyPlace,
    /// Whether the directory was typed as a flag.
    #[arg(skip)]
    dir_from_flag: bool,
    /// The name of the account, where none is given.
    #[arg(skip)]
    account: Option<String>,
    /// What every setting is, and who says so.
    #[arg(skip)]
    origins: Vec<Origin>,
    /// What the file of `--credential` holds.
    #[arg(skip)]
    bearer: Option<String>,
}

/// The seconds for which another writer is waited for where none are named.
const WAIT_SECONDS: u64 = 5;

/// What to wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WaitFor {
    /// Another writer, so many seconds.
    Seconds(u64),
    /// A checkpoint that covers what is recorded.
    Checkpoint,
}

impl std::str::FromStr for WaitFor {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "checkpoint" {
            return Ok(Self::Checkpoint);
        }
        text.parse().map(Self::Seconds).map_err(|_| "write a number of seconds, or `checkpoint`".to_owned())
    }
}

impl Globals {
    /// Returns what whoever records waits for; a receipt cannot be had sooner.
    fn waits(&self, receipt: Option<&PathBuf>) -> Option<Wait> {
        let waits = receipt.is_some() || self.wait_for.contains(&WaitFor::Checkpoint);
        waits.then_some(Wait::Checkpoint)
    }

    /// Returns how many seconds another writer is waited for.
    fn wait_seconds(&self) -> u64 {
        let seconds = |wait: &WaitFor| match wait {
            WaitFor::Seconds(seconds) => Some(*seconds),
            WaitFor::Checkpoint => None,
        };
        self.wait_for.iter().rev().find_map(seconds).unwrap_or(WAIT_SECONDS)
    }

    /// Returns the directory of the log.
    fn dir(&self) -> PathBuf {
        self.dir.clone().unwrap_or_else(|| PathBuf::from(config::DIRECTORY))
    }

    /// Returns the directory that was typed as a flag: a demonstration never takes the one of the
    /// environment, in which the user's own log may stand.
    fn dir_typed(&self) -> Option<PathBuf> {
        self.dir.clone().filter(|_| self.dir_from_flag)
    }

    /// Returns the name under which the caller records.
    fn actor(&self) -> Option<String> {
        // A name that is set to nothing is none that was given.
        let given = self.actor.clone().filter(|actor| !actor.trim().is_empty());
        given.or_else(|| self.account.clone()).filter(|actor| !actor.is_empty())
    }
}

/// What a run reads from and writes to.
struct Streams<'a> {
    input: &'a mut dyn Read,
    out: &'a mut dyn Write,
    err: &'a mut dyn Write,
    screen: Screen,
    account: Option<String>,
    /// Where a configuration file is looked for.
    settings: Vec<PathBuf>,
}

/// Runs the program with its arguments and the streams of the process.
pub fn main() -> ExitCode {
    let stdout = io::stdout();
    let screen = Screen {
        width: stdout.is_terminal().then(terminal_width).flatten(),
        styled: anstream::AutoStream::choice(&stdout) != anstream::ColorChoice::Never,
        asks: io::stdin().is_terminal(),
    };
    let mut out = BufWriter::new(stdout.lock());
    let streams = Streams {
        input: &mut io::stdin(),
        out: &mut out,
        err: &mut io::stderr(),
        screen,
        account: account(),
        settings: config::places(),
    };
    ExitCode::from(run(std::env::args_os(), streams, &open))
}

/// Returns the name of the account: as the environment has it, else as the system does.
fn account() -> Option<String> {
    let named = ["USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
    named.filter(|name| !name.is_empty()).or_else(|| {
        let id = rustix::process::getuid().as_raw().to_string();
        let accounts = std::fs::read_to_string("/etc/passwd").ok()?;
        let account = accounts.lines().find(|line| line.split(':').nth(2) == Some(&id))?;
        account.split(':').next().map(ToOwned::to_owned)
    })
}

/// Returns how many columns the terminal has; `COLUMNS` says otherwise.
fn terminal_width() -> Option<usize> {
    let named = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let asked = || rustix::termios::tcgetwinsize(io::stdout()).ok().map(|size| usize::from(size.ws_col));
    named.or_else(asked).filter(|columns| *columns > 0)
}

/// Runs one command and returns the exit code.
fn run(args: impl IntoIterator<Item = OsString>, streams: Streams, open: Open) -> u8 {
    let Streams { input, out, err, screen, account, settings } = streams;
    let args: Vec<OsString> = args.into_iter().collect();
    let config = match Config::load(config::named(&args).as_deref(), &settings, &guide::command()) {
        Ok(config) => config,
        Err(failure) => return failed(&failure, err),
    };
    let command = config.apply(guide::command());
    let parsed = command.clone().try_get_matches_from(&args).and_then(|matches| {
        // Whoever asks what holds is told what would not be taken, as the commands of which it is would say it.
        let asks = |name: &str, of: &ArgMatches| name == "config" && !of.get_flag("schema");
        let util = matches.subcommand().filter(|(name, _)| *name == "util");
        if util.and_then(|(_, util)| util.subcommand()).is_some_and(|(name, of)| asks(name, of)) {
            Config::check(&command)?;
        }
        // A global flag is told of in the matches of the innermost command too.
        let mut innermost = &matches;
        while let Some((_, inner)) = innermost.subcommand() {
            innermost = inner;
        }
        let said = ["dir", "server"].map(|flag| innermost.value_source(flag));
        Ok((Cli::from_arg_matches(&matches)?, said, config.origins(&command, innermost)))
    });
    let (mut cli, [dir_said, server_said], origins) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            let error = usage::taught(error, &command, &args);
            let code = said(&error, out, err, screen);
            if let Some(path) = config.path.filter(|_| is_of_value(error.kind())) {
                let _ =
                    writeln!(err, "note: what no flag and no variable says is read from {}", path.display());
            }
            return code;
        }
    };
    let dir_from_flag = dir_said == Some(ValueSource::CommandLine);
    if weight(dir_said) > weight(server_said) {
        // Whoever names a directory does not mean the server of the environment, nor that does that of the file.
        cli.globals.server = None;
    } else if dir_from_flag {
        let what = "the log is in the directory of `--dir`, or at the server of `--server`: name one";
        return said(&guide::command().error(ErrorKind::ArgumentConflict, what), out, err, screen);
    }
    let place = cli.globals.key_options.place();
    let wait = cli.globals.wait_seconds();
    let globals = Globals { wait, place, dir_from_flag, account, origins, ..cli.globals };
    let mut session = Session { globals, open, input, out, err, screen, api: None };
    let done = credential::take(&mut session, &cli.command).and_then(|()| cli.command.run(&mut session));
    // The log is closed whatever came of the command.
    let closed = session.close();
    let flushed = session.out.flush().map_err(Failure::Output);
    match done.and(closed).and(flushed) {
        Ok(()) => 0,
        Err(failure) => failed(&failure, session.err),
    }
}

/// Tells whether a value is wrong, which may stand in the file.
const fn is_of_value(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::ValueValidation | ErrorKind::InvalidValue)
}

/// Returns how much it weighs who says something: a flag goes before the environment, and that before the file.
fn weight(said: Option<ValueSource>) -> u8 {
    match said {
        Some(ValueSource::CommandLine) => 2,
        Some(ValueSource::EnvVariable) => 1,
        // What the file says stands where the built-in does.
        Some(_) | None => 0,
    }
}

/// Says why a command failed, and returns the exit code.
fn failed(failure: &Failure, err: &mut dyn Write) -> u8 {
    for line in failure.lines() {
        let _ = writeln!(err, "{}", table::clean(&line));
    }
    failure.exit_code()
}

/// Writes what clap has to say: help and the version are answers, the rest is usage.
fn said(error: &clap::Error, out: &mut dyn Write, err: &mut dyn Write, screen: Screen) -> u8 {
    let text = error.render();
    if error.use_stderr() {
        let _ = write!(err, "{text}");
        return 2;
    }
    let text = if screen.styled { text.ansi().to_string() } else { text.to_string() };
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => 0,
        Err(error) => Failure::Output(error).exit_code(),
    }
}

#[cfg(test)]
mod tests;
