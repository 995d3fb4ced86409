//! `audit proof`, `audit consistency` and `audit timestamp`: what can be shown to others, and by others.

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::cli::audit::{check, evidence};
use crate::cli::failure::{Failure, Given};
use crate::cli::fresh;
use crate::cli::output::{Show, Text};
use crate::cli::session::{Session, query};
use crate::cli::words;
use crate::desk::answer::operation::{CheckpointRow, KeyRow};
use crate::desk::answer::{Answer, Page};
use crate::desk::audit::export::StampRow;
use crate::desk::audit::held::{self, Held, HeldError, extends};
use crate::desk::audit::show;
use crate::desk::audit::stamp::{self, STAMP_BYTES_MAX, Stamp};
use crate::desk::audit::verify::report::Verdict;
use crate::desk::keys::table::KeyRange;
use crate::http::client::{Method, Request, path};
use crate::http::outside;
use crate::tlog::key::VerifierKey;

/// Which event.
#[derive(Debug, Args)]
pub(super) struct Proof {
    /// The entry: what it is called, `#` and its position, or the first digits of its id
    event: String,
    /// The file to write; standard output without it
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Proof {
    /// Writes the proof that an event is in the log.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        self.out.as_deref().map_or(Ok(()), |out| fresh::check(session, out))?;
        let path = path(&["v1", "audit", "proof", &self.event]);
        let request = Request { path, ..session.request(Method::Get) };
        let proof = session.send(&request, Given::Flags)?;
        put(session, self.out.as_deref(), &proof)
    }
}

/// From which checkpoint.
#[derive(Debug, Args)]
pub(super) struct Consistency {
    /// A checkpoint that you hold or the bundle that it is in, or a number of events
    old: String,
    /// The file to write; standard output without it
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Verifier keys of the log that it may not know any more, one per line
    #[arg(long, value_name = "FILE")]
    vkey: Option<PathBuf>,
    /// Where notes that contradict each other are kept [default: fork-evidence beside the checkpoint or bundle]
    #[arg(long, value_name = "DIR")]
    evidence: Option<PathBuf>,
}

impl Consistency {
    /// Writes the proof that the log of today continues that of an old checkpoint; fails where it does not.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        self.out.as_deref().map_or(Ok(()), |out| fresh::check(session, out))?;
        let proof = match self.old.parse::<u64>() {
            Ok(size) => consistency(session, size)?,
            Err(_) => self.since(session)?,
        };
        put(session, self.out.as_deref(), &proof)
    }

    /// Returns the proof that the log continues the checkpoint that is held, which must be one of its own.
    fn since(&self, session: &mut Session) -> Result<Vec<u8>, Failure> {
        let refused = |what: String, hint: &str| Failure::Refused { what, hint: hint.to_owned() };
        let held = Held::read(&check::held(session, Path::new(&self.old))?).map_err(|what| {
            let hint = "name a checkpoint that you hold, or give a number of events";
            refused(format!("{} is no checkpoint: {what}", self.old), hint)
        })?;
        let (log, keys) = self.keys(session)?;
        held.is_of(&log, &keys).map_err(|error| {
            let hint = match error {
                HeldError::Origin { .. } => "give a checkpoint of this log, or name the other with `--dir`",
                HeldError::Unsigned(_) => {
                    "nothing is proved by it; where the log lost a key, `--vkey` takes its verifier keys"
                }
            };
            refused(format!("{}: {error}", self.old), hint)
        })?;
        let of_log = |newest: Held| match newest.is_of(&log, &keys) {
            Ok(()) => Ok(newest),
            Err(error) => Err(Failure::Garbled(format!("the newest checkpoint: {error}"))),
        };
        let newest = held::newest(&consistency(session, 0)?).map_err(Failure::Garbled).and_then(of_log)?;
        if held.size() > newest.size() {
            let (now, then) = (newest.size(), held.size());
            let what = format!(
                "the newest checkpoint of {log} has {}, and the log had signed {then} already",
                words::count(now, "event", "events")
            );
            return Err(self.stands_against(session, Verdict::Rollback, &what, &[held, newest]));
        }
        let proof = consistency(session, held.size())?;
        let newest = held::newest(&proof).map_err(Failure::Garbled).and_then(of_log)?;
        match extends(&held, &proof) {
            Ok(()) => Ok(proof),
            Err(what) => Err(self.stands_against(session, Verdict::Fork, &what, &[held, newest])),
        }
    }

    /// Returns the name of the log and its keys, those that it does not know itself among them.
    fn keys(&self, session: &mut Session) -> Result<(String, Vec<KeyRange>), Failure> {
        let answer: Answer<Page<KeyRow>> = session.get_plain("/v1/keys")?;
        let range = |row: &KeyRow| -> Result<KeyRange, Failure> {
            let key: VerifierKey =
                row.key.parse().map_err(|error| Failure::Garbled(format!("{}: {error}", row.key)))?;
            Ok(KeyRange { key, from: row.from, to: row.to })
        };
        let mut keys: Vec<KeyRange> = answer.data.items.iter().map(range).collect::<Result<_, _>>()?;
        if let Some(path) = &self.vkey {
            let given = show::keys(&session.read(path)?).map_err(|what| Failure::Usage {
                what: format!("{}: {what}", path.display()),
                hint: "it holds verifier keys, one per line".to_owned(),
            })?;
            for key in given {
                // What the log says of when a key was used is not undone by giving the key.
                if !keys.iter().any(|known| known.key == key) {
                    keys.push(KeyRange { key, from: 0, to: None });
                }
            }
        }
        Ok((answer.as_of.log, keys))
    }

    /// Says what two notes that the log signed come to, and keeps both.
    fn stands_against(&self, session: &mut Session, verdict: Verdict, what: &str, notes: &[Held]) -> Failure {
        session.note(what);
        let dir = self.evidence.clone().unwrap_or_else(|| evidence::beside(Path::new(&self.old)));
        let notes: Vec<Vec<u8>> = notes.iter().map(Held::to_bytes).collect();
        evidence::keep(session, &dir, notes.iter().map(Vec::as_slice));
        Failure::Verdict(verdict)
    }
}

fn consistency(session: &mut Session, old: u64) -> Result<Vec<u8>, Failure> {
    let path = "/v1/audit/consistency".to_owned();
    let request = Request { path, query: query(&json!({ "old": old })), ..session.request(Method::Get) };
    session.send(&request, Given::Flags)
}

/// Writes what was asked for to a file or to where answers go.
fn put(session: &mut Session, out: Option<&Path>, bytes: &[u8]) -> Result<(), Failure> {
    match out {
        Some(path) => fresh::write(session, path, bytes),
        None => session.out.write_all(bytes).map_err(Failure::Output),
    }
}

/// Whom the checkpoint is stamped by.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("how").required(true).args(["tsa", "request", "response"])))]
pub(super) struct Timestamp {
    /// The address of a time-stamping authority (RFC 3161), which is asked now
    #[arg(long, value_name = "URL")]
    tsa: Option<String>,
    /// The file to write the request to, for an authority that is asked elsewhere
    #[arg(long, value_name = "FILE")]
    request: Option<PathBuf>,
    /// The file with the answer of an authority to that request
    #[arg(long, value_name = "FILE")]
    response: Option<PathBuf>,
    /// The kept checkpoint of this size; a fresh one without it
    #[arg(long, value_name = "N")]
    size: Option<u64>,
}

impl Timestamp {
    /// Has a checkpoint stamped, or does one half of that.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        if let Some(path) = &self.response {
            let answer = session.read(path)?;
            return keep(session, self.size, answer);
        }
        self.request.as_deref().map_or(Ok(()), |path| fresh::check(session, path))?;
        let size = if let Some(size) = self.size {
            size
        } else {
            let answer: Answer<CheckpointRow> =
                session.post("/v1/audit/checkpoint", &(), Vec::new(), Given::Flags)?;
            session.notices(&answer.notices);
            answer.data.size
        };
        let path = "/v1/audit/checkpoint".to_owned();
        let request =
            Request { path, query: query(&json!({ "size": size })), ..session.request(Method::Get) };
        let note = session.send(&request, Given::Flags)?;
        // It follows from the note, so that an answer from elsewhere needs nothing to be remembered.
        let hash: [u8; 32] = Sha256::digest(&note).into();
        let nonce = hash.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
        let asked = stamp::request(&note, nonce).map_err(|error| Failure::Garbled(error.to_string()))?;
        if let Some(path) = &self.request {
            put(session, Some(path), &asked)?;
            return session.say(&format!(
                "the request for the checkpoint of {} is in {}; give the answer with `--response`",
                words::count(size, "event", "events"),
                path.display()
            ));
        }
        let Some(url) = &self.tsa else { return Ok(()) };
        let unreachable = |error: outside::OutsideError| Failure::Outside(Box::new(error));
        let max = STAMP_BYTES_MAX as u64;
        let answer = outside::post(url, "application/timestamp-query", &asked, max).map_err(unreachable)?;
        let checked = Stamp::parse(&answer).and_then(|stamp| stamp.check(&note, Some(nonce)));
        checked.map_err(|error| Failure::Refused {
            what: format!("the answer of {url} is no time stamp to keep: {error}"),
            hint: "ask another authority".to_owned(),
        })?;
        keep(session, Some(size), answer)
    }
}

fn keep(session: &mut Session, size: Option<u64>, answer: Vec<u8>) -> Result<(), Failure> {
    let ask = json!({ "size": size });
    let kept: Answer<StampRow> = session.post("/v1/audit/timestamps", &ask, answer, Given::Data)?;
    session.show(&kept)
}

impl Show for StampRow {
    fn text(&self, text: &mut Text) {
        let events = words::count(self.size, "event", "events");
        text.line(format!("the checkpoint of {events} was stamped at {}", self.at));
        text.hanging(
            2,
            &format!("kept as {}; whose certificate signed it, `openssl ts -verify` tells", self.file),
        );
    }

    fn columns() -> &'static [&'static str] {
        &["size", "at", "file"]
    }

    fn rows(&self) -> Vec<Vec<String>> {
        vec![vec![self.size.to_string(), self.at.to_string(), self.file.clone()]]
    }
}
