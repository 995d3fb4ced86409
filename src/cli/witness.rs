//! `witness`: cosign the checkpoints of logs, over HTTP or on files, each only as the continuation of the last.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::cli::failure::Failure;
use crate::cli::output::{Item, Text};
use crate::cli::session::Session;
use crate::cli::table::Table;
use crate::cli::words;
use crate::desk::answer::Page;
use crate::desk::clock;
use crate::desk::error::Fault;
use crate::desk::witness::{CosignError, Cosigned, Refusal, TrustedLog, Witness, add_to};
use crate::http::serve::told_to_stop;
use crate::http::witness::{ADDRESS_DEFAULT, serve_witness};
use crate::tlog::add_checkpoint::AddCheckpoint;
use crate::tlog::key::{KeyName, VerifierKey, VerifierKeyError};

/// What the witness is to do.
#[derive(Debug, Args)]
pub(super) struct WitnessOf {
    /// The directory of the witness, which is not that of a log
    #[arg(
        long,
        global = true,
        env = "DEMARCHE_WITNESS",
        value_name = "DIR",
        default_value = "demarche-witness",
        hide_env_values = true
    )]
    state: PathBuf,
    #[command(subcommand)]
    what: What,
}

/// What the witness is to do.
#[derive(Debug, Subcommand)]
enum What {
    /// Make a witness: its key among the keys, and its state in a directory
    #[command(after_help = INIT)]
    Init {
        /// What the witness is called, best an address without its scheme
        #[arg(long, value_name = "NAME")]
        name: String,
    },
    /// Trust the keys of a log, so that its checkpoints are cosigned
    #[command(after_help = TRUST)]
    Trust {
        /// A key as the log hands it out, or a file with one on each line
        #[arg(value_name = "VKEY|FILE")]
        key: String,
    },
    /// Cosign what logs send by HTTP to `/add-checkpoint`, until it is told to stop
    #[command(after_help = SERVE)]
    Serve {
        /// Where to listen; port 0 takes a free one and says which
        #[arg(long, value_name = "ADDRESS", default_value = ADDRESS_DEFAULT)]
        listen: SocketAddr,
    },
    /// Cosign checkpoints in files, across an air gap
    #[command(after_help = COSIGN)]
    Cosign {
        /// A file with the body of a request, such as `consistency/OLD` of an audit bundle, or `-`
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Add the cosignature to the checkpoint in this file; without it, it goes to standard output
        #[arg(long, value_name = "CHECKPOINT")]
        into: Option<PathBuf>,
    },
    /// Show the logs that are trusted, and what was last cosigned of each
    #[command(after_help = LIST)]
    List,
}

const INIT: &str = "\
Examples:
  demarche witness init --name witness.example/w1
  demarche witness init --name witness.example/w2 --state /srv/witness";

const TRUST: &str = "\
Examples:
  demarche witness trust desk.vkey
  demarche witness trust example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

const SERVE: &str = "\
Examples:
  demarche witness serve
  demarche witness serve --listen 192.0.2.7:7734 --state /srv/witness";

const COSIGN: &str = "\
Examples:
  demarche witness cosign request
  cat request | demarche witness cosign - --into checkpoint";

const LIST: &str = "\
Examples:
  demarche witness list
  demarche witness list --format jsonl";

impl WitnessOf {
    /// Does it.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        match &self.what {
            What::Init { name } => self.init(session, name),
            What::Trust { key } => self.trust(session, key),
            What::Serve { listen } => self.serve(session, *listen),
            What::Cosign { files, into } => self.cosign(session, files, into.as_deref()),
            What::List => self.list(session),
        }
    }

    fn init(&self, session: &mut Session, name: &str) -> Result<(), Failure> {
        let name: KeyName = name.parse().map_err(|error| Failure::Usage {
            what: format!("{error}"),
            hint: "name it as `witness.example/w1`: best an address that is yours, without its scheme"
                .to_owned(),
        })?;
        let (key, file) = Witness::init(&self.state, &session.globals.place, &name)?;
        session.note(&format!("the key is in {}; keep a copy of it apart from the state", file.display()));
        session.note(&format!(
            "never put an older copy of {} back: it would cosign in another way what it cosigned since",
            self.state.display()
        ));
        session.note("hand out this key:");
        session.say(&key.to_string())
    }

    fn trust(&self, session: &mut Session, key: &str) -> Result<(), Failure> {
        let keys = match key.parse::<VerifierKey>() {
            Ok(key) => vec![key],
            Err(error) if Path::new(key).exists() || key == "-" => {
                drop(error);
                keys_in(&session.read(Path::new(key))?)?
            }
            Err(error) => {
                return Err(Failure::Usage {
                    what: format!("there is no file of that name, and {error}"),
                    hint: "give the key as the log hands it out, or the file in which it is".to_owned(),
                });
            }
        };
        let origin = Witness::trust(&self.state, &keys)?;
        session.say(&format!("{origin} is trusted"))
    }

    fn serve(&self, session: &mut Session, address: SocketAddr) -> Result<(), Failure> {
        let witness = self.open(session)?;
        let name = witness.key().name().clone();
        let mut said = Ok(());
        let ready = |address: SocketAddr| {
            said = session
                .say(&format!("{name} witnesses at http://{address}/add-checkpoint"))
                .and_then(|()| session.out.flush().map_err(Failure::Output));
        };
        serve_witness(witness, address, ready, told_to_stop()).map_err(Failure::Unserved)?;
        said
    }

    fn cosign(&self, session: &mut Session, files: &[PathBuf], into: Option<&Path>) -> Result<(), Failure> {
        if into.is_some() && files.len() > 1 {
            return Err(Failure::Usage {
                what: "`--into` takes the cosignature of one file".to_owned(),
                hint: "cosign one file at a time, or leave `--into` away".to_owned(),
            });
        }
        let witness = self.open(session)?;
        for file in files {
            let bytes = session.read(file)?;
            let request = AddCheckpoint::parse(&bytes).map_err(|error| {
                let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
                let what = format!("{}: {error}{}", file.display(), cause.unwrap_or_default());
                Failure::Data(vec![Fault::new(what)])
            })?;
            let cosigned = witness.cosign(&request).map_err(not_cosigned)?;
            match into {
                Some(path) => {
                    add_to(path, &cosigned)?;
                    session.say(&told(&cosigned, path))?;
                }
                None => session.out.write_all(cosigned.line.line().as_bytes()).map_err(Failure::Output)?,
            }
        }
        Ok(())
    }

    fn list(&self, session: &mut Session) -> Result<(), Failure> {
        let (key, logs) = Witness::list(&self.state)?;
        session.note(&format!("the witness is {key}"));
        let total = logs.len() as u64;
        session.show_bare(&Page { items: logs, next: None, total })
    }

    fn open(&self, session: &Session) -> Result<Witness, Failure> {
        Ok(Witness::open(&self.state, &session.globals.place, clock::system())?)
    }
}

fn told(cosigned: &Cosigned, path: &Path) -> String {
    let checkpoint = &cosigned.checkpoint;
    format!("{} at size {} is cosigned in {}", checkpoint.origin, checkpoint.size, path.display())
}

/// Reads the keys in a file: one on each line, and lines that say nothing.
fn keys_in(bytes: &[u8]) -> Result<Vec<VerifierKey>, Failure> {
    let mut keys = Vec::new();
    let mut faults = Vec::new();
    for (number, line) in String::from_utf8_lossy(bytes).lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match line.parse() {
            Ok(key) => keys.push(key),
            Err(error) => {
                let detail = VerifierKeyError::to_string(&error);
                faults.push(Fault { line: Some(number as u64 + 1), field: None, detail });
            }
        }
    }
    if faults.is_empty() { Ok(keys) } else { Err(Failure::Data(faults)) }
}

fn not_cosigned(error: CosignError) -> Failure {
    match error {
        CosignError::Refused(refusal) => {
            Failure::Refused { what: refusal.to_string(), hint: hint(&refusal).to_owned() }
        }
        CosignError::Unavailable(what) => crate::desk::error::DeskError::Unavailable(what).into(),
    }
}

fn hint(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::NoCheckpoint(_) => "a checkpoint has a line each for origin, size and root",
        Refusal::UnknownLog { .. } => "`demarche witness trust VKEY` trusts a log",
        Refusal::Unsigned { .. } => "after a change of keys, `demarche witness trust` the new one",
        Refusal::Forged(_) => "have the checkpoint sent again; one that was altered is never cosigned",
        Refusal::Backwards { .. } => "the first line says the size that was cosigned before",
        Refusal::Moved { .. } => "`audit export` writes `consistency/SIZE` for sizes that were handed out",
        Refusal::Forked { .. } => {
            "keep both checkpoints as evidence and tell whoever relies on the log; `witness list` says where"
        }
        Refusal::Inconsistent { .. } => {
            "ask the log for another proof; if there is none, its record was rewritten"
        }
    }
}

impl Item for TrustedLog {
    const COLUMNS: &'static [&'static str] = &["origin", "size", "root", "cosigned_at", "keys", "fork"];
    const NOTHING: &'static str = "no log is trusted";

    fn cells(&self) -> Vec<String> {
        vec![
            self.origin.clone(),
            self.size.map(|size| size.to_string()).unwrap_or_default(),
            self.root.clone().unwrap_or_default(),
            self.cosigned_at.map(|at| at.to_string()).unwrap_or_default(),
            words::joined(&self.keys),
            self.fork.as_ref().map(|path| path.display().to_string()).unwrap_or_default(),
        ]
    }

    fn list(items: &[&Self], text: &mut Text) {
        let mut table = Table::new(["log", "size", "cosigned", "root"]);
        for row in items {
            table.row([
                row.origin.clone(),
                row.size.map_or_else(|| "nothing yet".to_owned(), words::number_of),
                row.cosigned_at.map(|at| words::moment(at, text.zone())).unwrap_or_default(),
                row.root.clone().unwrap_or_default(),
            ]);
        }
        text.table(&table);
        for row in items {
            if let Some(fork) = &row.fork {
                text.gap();
                text.line(format!(
                    "FORK: {} signed what contradicts this; the evidence is in {}",
                    row.origin,
                    fork.display()
                ));
            }
        }
    }
}
