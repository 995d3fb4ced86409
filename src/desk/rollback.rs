//! Going on with a log that is shorter than what was signed, or another: knowingly, and recorded for ever.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::desk::answer::Answer;
use crate::desk::answer::operation::LogRow;
use crate::desk::ask::Caller;
use crate::desk::checkpoint::{SignError, file};
use crate::desk::error::{DeskError, Fault};
use crate::desk::lifecycle::damage_words;
use crate::desk::writing::draw_request;
use crate::desk::{Desk, Opening};
use crate::domain::fact::Fact;
use crate::domain::fact::evidence::{LogIncident, Trouble};
use crate::domain::id::RequestId;
use crate::store::segment;
use crate::store::{Class, Health};

/// What was accepted and is not recorded yet.
const ACCEPTING: &str = "checkpoints/accepting";
/// How long the log is waited for once the newer checkpoint is set aside.
const WAIT: std::time::Duration = std::time::Duration::from_secs(5);

/// A rollback that was accepted: what is to be recorded of it, once.
#[derive(Debug, Serialize, Deserialize)]
struct Accepting {
    request: RequestId,
    actor: String,
    reason: String,
    particulars: String,
}

impl Desk {
    /// Goes on with a log that is shorter than its newest checkpoint, or another than what was signed: that
    /// checkpoint is set aside, and the log says for ever what was lost and why it went on. `log` must be the
    /// log's name, typed out.
    ///
    /// Whoever holds the newer checkpoint can still prove that the log was rolled back.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Refused`] when the name is another or nothing contradicts the log, and
    /// [`DeskError::Damaged`] when more is wrong than that; then everything is as it was.
    pub fn accept_rollback(
        &self,
        caller: &Caller,
        log: &str,
        reason: &str,
    ) -> Result<Answer<LogRow>, DeskError> {
        let name = self.store.log_id();
        if log != name {
            return Err(DeskError::Refused {
                rule: format!("to go on with this log its name must be typed out: {name}"),
                hints: vec![
                    "put a newer copy of the log in its place instead, where there is one".to_owned(),
                ],
            });
        }
        if reason.trim().is_empty() {
            return Err(Fault::in_field("reason", "say why the log goes on without what is lost").into());
        }
        if let Health::Damaged(damages) = self.store.health() {
            let others: Vec<_> = damages.into_iter().filter(|damage| damage.file != file::NEWEST).collect();
            if !others.is_empty() {
                return Err(DeskError::Damaged(damage_words(&others)));
            }
        }
        let dir = self.signing.dir().ok_or(SignError::InMemory)?;
        let (particulars, aside) = self.contradictions(dir)?;
        let accepting = Accepting {
            request: draw_request(),
            actor: caller.actor.clone(),
            reason: reason.trim().to_owned(),
            particulars,
        };
        set_aside(dir, &accepting, &aside)
            .map_err(|error| DeskError::Unavailable(format!("the checkpoint was not set aside: {error}")))?;
        self.signing.lock().look_again();
        if matches!(self.store.health(), Health::Sound | Health::Full) {
            self.end_accepting()?;
            return self.log();
        }
        // What was opened with the contradiction stays read-only; another opening goes on.
        let desk = Self::open_with(dir, Opening::Write { wait: WAIT }, &self.place)?;
        let answer = desk.log();
        desk.close()?;
        answer
    }

    /// Returns what is lost, in words, and which files say so, each with the name under which it is set aside.
    fn contradictions(&self, dir: &Path) -> Result<(String, Vec<(String, String)>), DeskError> {
        let (name, size) = (self.store.log_id(), self.store.head().size);
        let mut aside = Vec::new();
        let mut words = Vec::new();
        match file::load(dir, name) {
            Ok(None) => {}
            Ok(Some(signed)) => {
                let (larger, time) = (signed.checkpoint.size, signed.time);
                if larger > size {
                    words.push(format!(
                        "{} events at the positions {size} to {} were signed and are lost",
                        larger - size,
                        larger - 1
                    ));
                } else if self.store.root_at(larger)? != Some(signed.checkpoint.root) {
                    words.push(format!("the first {larger} events are others than those that were signed"));
                }
                if !words.is_empty() {
                    aside.push((file::NEWEST.to_owned(), format!("lost-{larger}-{time}")));
                }
            }
            Err(SignError::Garbled(what)) => {
                words.push(format!("the newest checkpoint could not be read: {what}"));
                aside.push((file::NEWEST.to_owned(), "lost-unreadable".to_owned()));
            }
            Err(error) => return Err(error.into()),
        }
        for kept in file::kept(dir, name)? {
            let (larger, time) = (kept.checkpoint.size, kept.time);
            if larger > size || self.store.root_at(larger)? != Some(kept.checkpoint.root) {
                words.push(format!("a checkpoint of {larger} events was handed out"));
                aside.push((format!("{}/{larger}", file::KEPT), format!("lost-{larger}-{time}-kept")));
            }
        }
        if words.is_empty() {
            return Err(DeskError::Refused {
                rule: format!("nothing that was signed contradicts {name}; there is nothing to accept"),
                hints: Vec::new(),
            });
        }
        Ok((words.join("; "), aside))
    }

    /// Records what was accepted, where that was cut off or is yet to be done.
    pub(super) fn end_accepting(&self) -> Result<(), DeskError> {
        let Some(path) = self.signing.dir().map(|dir| dir.join(ACCEPTING)) else { return Ok(()) };
        let unreadable = |what: String| DeskError::Unavailable(format!("{}: {what}", path.display()));
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(unreadable(error.to_string())),
        };
        let accepting: Accepting =
            serde_json::from_slice(&bytes).map_err(|error| unreadable(error.to_string()))?;
        if self.store.receipt_of(accepting.request)?.is_none() {
            let incident =
                LogIncident { trouble: Trouble::RollbackAccepted, particulars: accepting.particulars };
            let caller = Caller { actor: accepting.actor, tz: None };
            let (fact, reason) = (Fact::LogIncident(incident), Some(accepting.reason.as_str()));
            self.record_evidence_once(&caller, Class::Incident, fact, reason, accepting.request)?;
        }
        fs::remove_file(&path).map_err(|error| unreadable(error.to_string()))
    }
}

/// Says durably what was accepted, then moves the files that contradict the log out of the way.
fn set_aside(dir: &Path, accepting: &Accepting, aside: &[(String, String)]) -> io::Result<()> {
    let within = dir.join(file::KEPT);
    fs::create_dir_all(&within)?;
    segment::replace(&dir.join(ACCEPTING), &serde_json::to_vec(accepting).map_err(io::Error::other)?)?;
    for (name, lost) in aside {
        fs::rename(dir.join(name), within.join(lost))?;
    }
    File::open(&within)?.sync_all()?;
    File::open(dir)?.sync_all()
}
