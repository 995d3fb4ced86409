//! `audit policy`, `audit witness` and `audit cosigned`: whose cosignatures count, and how they get there.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::json;

use crate::cli::failure::{Failure, Given};
use crate::cli::output::{Show, Text};
use crate::cli::session::Session;
use crate::cli::words;
use crate::desk::answer::Answer;
use crate::desk::error::Fault;
use crate::desk::publication::{CosignaturesAsk, CosignedRow, PolicyAsk, PolicyRow, Publish};
use crate::http::client::{Method, Request};
use crate::http::cosigning::{self, Asked, Log};

/// Whose cosignatures count.
#[derive(Debug, Args)]
pub(super) struct Policy {
    /// The policy, as C2SP tlog-policy writes it; without one the policy in force is shown
    file: Option<PathBuf>,
    /// What is done with a checkpoint that not enough witnesses cosigned
    #[arg(long, value_enum, default_value_t = Unwitnessed::Quorum)]
    publish: Unwitnessed,
}

/// What is done with a checkpoint that not enough witnesses cosigned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Unwitnessed {
    /// It is not published: outsiders are shown the newest that has its quorum
    Quorum,
    /// It is published, and marked as unwitnessed
    Marked,
}

/// Lines of witnesses.
#[derive(Debug, Args)]
pub(super) struct Cosigned {
    /// What the witness gave: signature lines, or the checkpoint with them; `-` reads standard input
    file: PathBuf,
}

impl Policy {
    /// Sets or shows the policy.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let Some(file) = &self.file else {
            let answer: Answer<PolicyRow> = session.get_plain("/v1/audit/policy")?;
            return session.show(&answer);
        };
        let policy = text(session.read(file)?)?;
        let publish = match self.publish {
            Unwitnessed::Quorum => Publish::Quorum,
            Unwitnessed::Marked => Publish::Marked,
        };
        let body = json!(PolicyAsk { policy, publish }).to_string().into_bytes();
        let answer: Answer<PolicyRow> = session.post("/v1/audit/policy", &(), body, Given::Data)?;
        session.show(&answer)
    }
}

impl Cosigned {
    /// Adds the lines to the checkpoint that they are of.
    pub(super) fn run(&self, session: &mut Session) -> Result<(), Failure> {
        let lines = text(session.read(&self.file)?)?;
        let answer = take(session, lines, Given::Data)?;
        session.show(&answer)
    }
}

fn text(bytes: Vec<u8>) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|_| Failure::Data(vec![Fault::new("this is not UTF-8")]))
}

fn take(session: &mut Session, lines: String, given: Given) -> Result<Answer<CosignedRow>, Failure> {
    let body = json!(CosignaturesAsk { lines }).to_string().into_bytes();
    session.post("/v1/audit/cosignatures", &(), body, given)
}

/// The log at the other end of a session.
struct Remote<'s, 'r> {
    session: &'s mut Session<'r>,
}

impl Log for Remote<'_, '_> {
    fn request(&mut self, old: u64) -> Result<Vec<u8>, String> {
        let request = Request {
            path: "/v1/audit/consistency".to_owned(),
            query: vec![("old".to_owned(), old.to_string())],
            ..self.session.request(Method::Get)
        };
        self.session.send(&request, Given::Flags).map_err(|failure| failure.lines().join("; "))
    }

    fn take(&mut self, lines: String) -> Result<u64, String> {
        let taken = take(self.session, lines, Given::Flags);
        taken.map(|answer| answer.data.size).map_err(|failure| failure.lines().join("; "))
    }
}

/// Asks every witness of the policy for its cosignature on the newest checkpoint.
pub(super) fn witness(session: &mut Session) -> Result<(), Failure> {
    // The way stays one that may record: what comes back is kept.
    session.post::<serde_json::Value>("/v1/audit/checkpoint", &(), Vec::new(), Given::Flags)?;
    let policy: Answer<PolicyRow> = session.get_plain("/v1/audit/policy")?;
    if policy.data.policy.is_none() {
        return Err(Failure::Refused {
            what: "the log has no policy that names witnesses".to_owned(),
            hint: "`demarche audit policy FILE` gives it one".to_owned(),
        });
    }
    let mut failed = Vec::new();
    for witness in &policy.data.witnesses {
        match cosigning::ask(&mut Remote { session }, witness) {
            Asked::Cosigned(size) => {
                session.note(&format!("{} cosigned the log of {}", witness.name, events(size)));
            }
            Asked::NoAddress => {
                session.note(&format!(
                    "{} has no address in the policy; carry `audit consistency` to it",
                    witness.name
                ));
            }
            Asked::Failed(why) => failed.push(format!("{}: {why}", witness.name)),
        }
    }
    for why in &failed {
        session.note(&format!("not cosigned by {why}"));
    }
    let answer: Answer<PolicyRow> = session.get_plain("/v1/audit/policy")?;
    session.show(&answer)?;
    if answer.data.met == Some(true) || failed.is_empty() { Ok(()) } else { Err(Failure::Unwitnessed) }
}

fn events(size: u64) -> String {
    words::count(size, "event", "events")
}

impl Show for PolicyRow {
    fn text(&self, text: &mut Text) {
        let sized = |size: Option<u64>| size.map_or_else(|| "none".to_owned(), events);
        text.line(format!("newest checkpoint: {}", sized(self.newest)));
        if self.policy.is_none() {
            text.line("no policy: every checkpoint is published, without witnesses");
            return;
        }
        text.line(format!("published: {}", sized(self.published)));
        text.line(match (self.met, self.publish) {
            (Some(true), _) => "the newest has its quorum of witnesses",
            (_, Publish::Quorum) => "the newest has no quorum of witnesses, and is not published",
            (_, Publish::Marked) => "the newest has no quorum of witnesses, and is published as unwitnessed",
        });
        for witness in &self.witnesses {
            let cosigned = match (witness.newest, witness.cosigned) {
                (true, _) => "cosigned the newest".to_owned(),
                (false, Some(size)) => format!("cosigned {} last", events(size)),
                (false, None) => "has cosigned nothing".to_owned(),
            };
            let url = witness.url.as_deref().unwrap_or("no address");
            text.hanging(2, &format!("{}: {cosigned} ({url})", witness.name));
        }
    }

    fn columns() -> &'static [&'static str] {
        &["witness", "key", "url", "cosigned", "newest"]
    }

    fn rows(&self) -> Vec<Vec<String>> {
        let row = |witness: &crate::desk::publication::WitnessRow| {
            vec![
                witness.name.clone(),
                witness.key.clone(),
                witness.url.clone().unwrap_or_default(),
                witness.cosigned.map(|size| size.to_string()).unwrap_or_default(),
                witness.newest.to_string(),
            ]
        };
        self.witnesses.iter().map(row).collect()
    }
}

impl Show for CosignedRow {
    fn text(&self, text: &mut Text) {
        let taken = words::count(self.taken as u64, "cosignature", "cosignatures");
        let quorum = if self.met { "the quorum is met" } else { "the quorum is not met yet" };
        text.line(format!("{taken} added to the checkpoint of {}; {quorum}", events(self.size)));
    }

    fn columns() -> &'static [&'static str] {
        &["size", "taken", "met"]
    }

    fn rows(&self) -> Vec<Vec<String>> {
        vec![vec![self.size.to_string(), self.taken.to_string(), self.met.to_string()]]
    }
}
