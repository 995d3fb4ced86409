//! `audit proof`, `audit consistency` and `audit timestamp`: what can be shown to others, and by others.

use std::fs;
use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::cli::failure::{Failure, Given};
use crate::cli::output::{Show, Text};
use crate::cli::session::{Session, query};
use crate::desk::answer::Answer;
use crate::desk::answer::operation::CheckpointRow;
use crate::desk::audit::export::StampRow;
use crate::desk::audit::show::Shown;
use crate::desk::audit::stamp::{self, STAMP_BYTES_MAX, Stamp};
use crate::desk::audit::verify::extends;
use crate::desk::audit::verify::report::Verdict;
use crate::http::client::{Method, Request, path};
use crate::http::outside;

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
        let path = path(&["v1", "audit", "proof", &self.event]);
        let request = Request { path, ..session.request(Method::Get) };
        let proof = session.send(&request, Given::Flags)?;
        put(session, self.out.as_deref(), &proof)
    }
}

/// From which checkpoint.
#[derive(Debug, Args)]
pub(super) struct Consistency {
    /// A checkpoint that you hold, or a number of events
    old: String,
    /// The file to write; standard output without it
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Consistency {
    /// Writes the proof that the log of today continues that of an old checkpoint; fails where it does not.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let (size, held) = if let Ok(size) = self.old.parse::<u64>() {
            (size, None)
        } else {
            let note = session.read(Path::new(&self.old))?;
            let shown = Shown::read(&note, &[]).map_err(|what| Failure::Refused {
                what: format!("{} is no checkpoint: {what}", self.old),
                hint: "name a checkpoint that you hold, or give a number of events".to_owned(),
            })?;
            (shown.size, Some(note))
        };
        let path = "/v1/audit/consistency".to_owned();
        let request = Request { path, query: query(&json!({ "old": size })), ..session.request(Method::Get) };
        let proof = session.send(&request, Given::Flags)?;
        if let Some(held) = held {
            extends(&held, &proof).map_err(|what| {
                session.note(&what);
                Failure::Verdict(Verdict::Fork)
            })?;
        }
        put(session, self.out.as_deref(), &proof)
    }
}

/// Writes what was asked for to a file or to where answers go.
fn put(session: &mut Session, out: Option<&Path>, bytes: &[u8]) -> Result<(), Failure> {
    match out {
        Some(path) => fs::write(path, bytes).map_err(|error| Failure::File {
            path: path.to_owned(),
            doing: "written",
            error,
        }),
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
                "the request for the checkpoint of {size} events is in {}; give the answer with `--response`",
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
        text.line(format!("the checkpoint of {} events was stamped at {}", self.size, self.at));
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
