//! Going on with a log that is shorter than what was signed, or another: knowingly, and recorded for ever.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::desk::answer::Answer;
use crate::desk::answer::operation::LogRow;
use crate::desk::ask::Caller;
use crate::desk::checkpoint::{SignError, Signed, file};
use crate::desk::error::{DeskError, Fault};
use crate::desk::lifecycle::damage_words;
use crate::desk::writing::draw_request;
use crate::desk::{Desk, Opening};
use crate::domain::fact::Fact;
use crate::domain::fact::evidence::{LogIncident, Trouble};
use crate::domain::id::RequestId;
use crate::store::segment;
use crate::store::segment::checkpoint::{FIRST_KEYS, kept_sizes};
use crate::store::{Class, Damage, Health};

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

impl Accepting {
    fn read(path: &Path) -> Result<Option<Self>, DeskError> {
        let unreadable = |what: String| DeskError::Unavailable(format!("{}: {what}", path.display()));
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(error.to_string())),
        };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| unreadable(error.to_string()))
    }
}

/// What was signed, as far as anything here says, against the log.
#[derive(Debug, Default)]
struct Contradictions {
    /// What is lost.
    words: Vec<String>,
    /// Which files say so, each with the name under which it is set aside; without one it is only removed.
    aside: Vec<(PathBuf, String)>,
    /// The newest checkpoint that the log extends.
    stands: Option<Signed>,
}

impl Contradictions {
    fn take(&mut self, signed: Signed, lost: Option<(String, PathBuf, String)>) {
        let key = |signed: &Signed| (signed.checkpoint.size, signed.time);
        match lost {
            Some((words, path, name)) => {
                if !self.words.contains(&words) {
                    self.words.push(words);
                }
                self.aside.push((path, name));
            }
            None if self.stands.as_ref().is_none_or(|known| key(known) < key(&signed)) => {
                self.stands = Some(signed);
            }
            None => {}
        }
    }
}

impl Desk {
    /// Goes on with a log that is shorter than its newest checkpoint, or another than what was signed, or whose
    /// newest checkpoint is missing: what contradicts it is set aside, in the data directory and beside the
    /// keys, and the log says for ever what was lost and why it went on. `log` must be the log's name, typed
    /// out.
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
            let others: Vec<_> = damages.into_iter().filter(|damage| !self.is_of_signing(damage)).collect();
            if !others.is_empty() {
                return Err(DeskError::Damaged(damage_words(&others)));
            }
        }
        let dir = self.signing.dir().ok_or(SignError::InMemory)?;
        let mut found = self.contradictions(dir)?;
        // What was accepted already, and was cut off, is no longer seen where it was set aside.
        if let Some(earlier) = Accepting::read(&dir.join(ACCEPTING))? {
            found.words.retain(|words| !earlier.particulars.contains(words));
            found.words.insert(0, earlier.particulars);
        }
        let accepting = Accepting {
            request: draw_request(),
            actor: caller.actor.clone(),
            reason: reason.trim().to_owned(),
            particulars: found.words.join("; "),
        };
        set_aside(dir, &accepting, &found)
            .map_err(|error| DeskError::Unavailable(format!("the checkpoint was not set aside: {error}")))?;
        self.signing.lock().look_again();
        if matches!(self.store.health(), Health::Sound | Health::Full | Health::Unwritable(_)) {
            self.end_accepting()?;
            return self.log();
        }
        // What was opened with the contradiction stays read-only; another opening goes on.
        Self::open_with(dir, Opening::Write { wait: WAIT }, &self.place)?.close()?;
        // What was signed at its close is told, and not that this process kept the projections meanwhile.
        Self::open_with(dir, Opening::Read, &self.place)?.log()
    }

    /// Tells whether a damage is one that an operator may accept: of what the log was signed as.
    pub(super) fn is_of_signing(&self, damage: &Damage) -> bool {
        let mark = self.signing.lock().mark.path().map(|path| path.display().to_string());
        let is_kept = damage.file.strip_prefix(file::KEPT).is_some_and(|rest| rest.starts_with('/'));
        damage.file == file::NEWEST || is_kept || Some(&damage.file) == mark.as_ref()
    }

    /// Returns what contradicts the log, and what does not.
    fn contradictions(&self, dir: &Path) -> Result<Contradictions, DeskError> {
        let name = self.store.log_id();
        let mut found = Contradictions::default();
        match file::load(dir, name) {
            Ok(None) => {
                if let Health::Damaged(damages) = self.store.health()
                    && damages.iter().any(|damage| damage.file == file::NEWEST)
                {
                    found.words.push("the newest checkpoint is missing".to_owned());
                }
            }
            Ok(Some(signed)) => {
                let lost = format!("lost-{}-{}", signed.checkpoint.size, signed.time);
                let lost = self.lost(&signed)?.map(|words| (words, dir.join(file::NEWEST), lost));
                found.take(signed, lost);
            }
            Err(SignError::Garbled(what)) => {
                found.words.push(format!("the newest checkpoint could not be read: {what}"));
                found.aside.push((dir.join(file::NEWEST), "lost-unreadable".to_owned()));
            }
            Err(error) => return Err(error.into()),
        }
        self.contradictions_of_the_kept(dir, &mut found)?;
        self.contradictions_of_the_mark(&mut found)?;
        if found.words.is_empty() {
            return Err(DeskError::Refused {
                rule: format!("nothing that was signed contradicts {name}; there is nothing to accept"),
                hints: Vec::new(),
            });
        }
        Ok(found)
    }

    /// Takes in what those say that were handed out. One that cannot be read says by its name alone that the log
    /// was longer.
    fn contradictions_of_the_kept(&self, dir: &Path, found: &mut Contradictions) -> Result<(), DeskError> {
        let handed = |size: u64| format!("a checkpoint of {size} events was handed out");
        // The largest first: of it what is lost is said.
        for size in kept_sizes(dir).map_err(SignError::Io)?.into_iter().rev() {
            let (name, within) =
                (format!("{}/{size}", file::KEPT), dir.join(file::KEPT).join(size.to_string()));
            match file::read(&within, &name, self.store.log_id()) {
                Ok(None) => {}
                Ok(Some(kept)) if kept.checkpoint.size == size => {
                    let time = kept.time;
                    let lost = self.lost(&kept)?.map(|lost| {
                        let is_said = !found.words.is_empty();
                        let says = if is_said { handed(size) } else { format!("{}: {lost}", handed(size)) };
                        (says, within, format!("lost-{size}-{time}-kept"))
                    });
                    found.take(kept, lost);
                }
                Ok(Some(_)) | Err(SignError::Garbled(_)) if size > self.store.head().size => {
                    found.words.push(format!("{}, and is not to be read", handed(size)));
                    found.aside.push((within, format!("lost-{size}-unreadable")));
                }
                Ok(Some(_)) => {
                    let what = format!("{name} is a checkpoint of another size");
                    return Err(DeskError::Damaged(what));
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Takes in what the mark beside the keys says.
    fn contradictions_of_the_mark(&self, found: &mut Contradictions) -> Result<(), DeskError> {
        let state = self.signing.lock();
        let Some(path) = state.mark.path().map(Path::to_owned) else { return Ok(()) };
        match state.mark.load(self.store.log_id()) {
            Ok(None) => {}
            Ok(Some(signed)) => {
                let lost = format!("lost-{}-{}", signed.checkpoint.size, signed.time);
                // Mostly it is the newest checkpoint, which is set aside already.
                let is_there = found.aside.iter().any(|(_, name)| *name == lost);
                let lost = if is_there { String::new() } else { format!("{lost}-mark") };
                let lost = self.lost(&signed)?.map(|words| (words, path, lost));
                found.take(signed, lost);
            }
            Err(SignError::Garbled(what)) => {
                found.words.push(format!("the mark beside the keys could not be read: {what}"));
                found.aside.push((path, "lost-unreadable-mark".to_owned()));
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Returns how the log contradicts what was signed.
    fn lost(&self, signed: &Signed) -> Result<Option<String>, DeskError> {
        let (size, larger) = (self.store.head().size, signed.checkpoint.size);
        if larger > size {
            let (count, last) = (larger - size, larger - 1);
            return Ok(Some(if count == 1 {
                format!("1 event at the position {last} was signed and is lost")
            } else {
                format!("{count} events at the positions {size} to {last} were signed and are lost")
            }));
        }
        let is_same = self.store.root_at(larger)? == Some(signed.checkpoint.root);
        Ok((!is_same).then(|| format!("the first {larger} events are others than those that were signed")))
    }

    /// Records what was accepted, where that was cut off or is yet to be done.
    pub(super) fn end_accepting(&self) -> Result<(), DeskError> {
        let Some(path) = self.signing.dir().map(|dir| dir.join(ACCEPTING)) else { return Ok(()) };
        let Some(accepting) = Accepting::read(&path)? else { return Ok(()) };
        if self.store.receipt_of(accepting.request)?.is_none() {
            let incident =
                LogIncident { trouble: Trouble::RollbackAccepted, particulars: accepting.particulars };
            let caller = Caller { actor: accepting.actor, tz: None };
            let (fact, reason) = (Fact::LogIncident(incident), Some(accepting.reason.as_str()));
            self.record_evidence_once(&caller, Class::Incident, fact, reason, accepting.request)?;
        }
        fs::remove_file(&path).map_err(|error| DeskError::Unavailable(format!("{}: {error}", path.display())))
    }
}

/// Says durably what was accepted, then moves what contradicts the log out of the way, and puts the newest
/// checkpoint that does not in the place of the newest.
fn set_aside(dir: &Path, accepting: &Accepting, found: &Contradictions) -> io::Result<()> {
    let within = dir.join(file::KEPT);
    fs::create_dir_all(&within)?;
    segment::replace(&dir.join(ACCEPTING), &serde_json::to_vec(accepting).map_err(io::Error::other)?)?;
    for (path, lost) in found.aside.iter().filter(|(_, lost)| !lost.is_empty()) {
        // The mark may be on another disk.
        segment::replace(&within.join(lost), &fs::read(path)?)?;
    }
    match &found.stands {
        Some(signed) => segment::replace(&dir.join(file::NEWEST), &signed.note.to_bytes())?,
        // Nothing is left of what was signed: the log begins to be signed anew.
        None => {
            for name in [file::NEWEST, FIRST_KEYS] {
                remove(&dir.join(name))?;
            }
        }
    }
    for (path, _) in found.aside.iter().filter(|(path, _)| *path != dir.join(file::NEWEST)) {
        remove(path)?;
    }
    File::open(&within)?.sync_all()?;
    File::open(dir)?.sync_all()
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
