//! A witness: it cosigns the checkpoints of the logs that it was told to trust, each only as the continuation
//! of the last (C2SP tlog-witness). What it cosigned is on disk before anyone gets the cosignature.
//!
//! Invariant: for each log there is never a cosignature of a smaller size after a larger, nor of two roots at
//! one size, whatever is sent, whoever sends it, and whenever the process dies.

mod rules;
mod state;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::desk::error::{DeskError, Fault};
use crate::desk::keys::Role;
use crate::desk::keys::place::KeyPlace;
use crate::domain::timestamp::Timestamp;
use crate::store::Clock;
use crate::store::segment::replace;
use crate::tlog::Hash;
use crate::tlog::add_checkpoint::AddCheckpoint;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::key::{KeyName, Signer, VerifierKey};
use crate::tlog::note::{Note, Signature};

pub use rules::Refusal;

use state::{Held, State};

/// How far the clock may be behind the last cosignature before nothing is cosigned, in seconds.
const BEHIND_SECONDS_MAX: u64 = 300;

/// A witness with its key and its state.
pub struct Witness {
    state: State,
    signer: Box<dyn Signer>,
    clock: Clock,
}

/// A checkpoint that was cosigned, and what is kept of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosigned {
    /// What the checkpoint says.
    pub checkpoint: Checkpoint,
    /// The line that the log adds to it.
    pub line: Signature,
    /// The checkpoint with the verified lines of the log and the cosignature.
    pub note: Note,
}

/// Why a checkpoint was not cosigned. No cosignature of it has left the witness.
#[derive(Debug, thiserror::Error)]
pub enum CosignError {
    /// A rule does not allow it.
    #[error("{0}")]
    Refused(#[source] Refusal),
    /// The state cannot be read or written, or the key or the clock fails.
    #[error("{0}")]
    Unavailable(String),
}

/// A log that a witness trusts, and what it last cosigned of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustedLog {
    /// The log.
    pub origin: String,
    /// Its keys, as they are handed out.
    pub keys: Vec<String>,
    /// How many leaves the last cosigned checkpoint has; none when there is none.
    pub size: Option<u64>,
    /// The root of it, in base64.
    pub root: Option<String>,
    /// When it was cosigned.
    pub cosigned_at: Option<Timestamp>,
    /// Where a checkpoint lies that the log signed and that contradicts the last.
    pub fork: Option<PathBuf>,
}

impl Witness {
    /// Makes a witness of this name: its key in `place`, and its state in the directory `dir`. Returns the key
    /// that verifies, and the file of the key.
    ///
    /// The two are made together and belong together: a key with an empty state would cosign again what
    /// it cosigned before, in another way.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Refused`] when there is a key or a state already, or the key would lie in the
    /// state; nothing is overwritten.
    pub fn init(dir: &Path, place: &KeyPlace, name: &KeyName) -> Result<(VerifierKey, PathBuf), DeskError> {
        place.check_outside(dir)?;
        State::make(dir)?;
        let (file, path) = place.create(Role::Witness, name)?;
        let [key] = file.keys() else {
            return Err(DeskError::Unavailable("a witness has one key".to_owned()));
        };
        State::begin(dir, key)?;
        Ok((key.clone(), path))
    }

    /// Opens a witness, with the key of its name in `place`.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Refused`] when there is none, or its key is not at hand or another.
    pub fn open(dir: &Path, place: &KeyPlace, clock: Clock) -> Result<Self, DeskError> {
        let state = State::open(dir)?;
        let found = place.load(Role::Witness, state.key().name().as_str(), dir)?;
        let signer = found.file.signers().pop();
        let signer = signer.ok_or_else(|| DeskError::Unavailable("the key file has no key".to_owned()))?;
        Self::with_signer(state, signer, clock)
    }

    fn with_signer(state: State, signer: Box<dyn Signer>, clock: Clock) -> Result<Self, DeskError> {
        if signer.key() != state.key() {
            return Err(refused(
                format!("the state in {} is that of the key {}", state.dir().display(), state.key()),
                "name the key file that was made with it; another key begins a witness of its own",
            ));
        }
        Ok(Self { state, signer, clock })
    }

    /// Returns the key of its cosignatures.
    pub fn key(&self) -> &VerifierKey {
        self.signer.key()
    }

    /// Trusts the keys of a log; those it trusted before stay. Returns its origin.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Wrong`] for no key or keys of several logs; the state is as it was.
    pub fn trust(dir: &Path, keys: &[VerifierKey]) -> Result<KeyName, DeskError> {
        let state = State::open(dir)?;
        let Some(origin) = keys.first().map(|key| key.name().clone()) else {
            return Err(DeskError::Wrong(vec![Fault::new("there is no key; a log hands out one per line")]));
        };
        if let Some(other) = keys.iter().find(|key| *key.name() != origin) {
            let what = format!("the keys are those of several logs: {origin} and {}", other.name());
            return Err(DeskError::Wrong(vec![Fault::new(what)]));
        }
        let _lock = state.lock()?;
        let mut held = state.load(&origin)?.unwrap_or_default();
        for key in keys {
            if !held.keys.contains(key) {
                held.keys.push(key.clone());
            }
        }
        state.save(&origin, &held)?;
        Ok(origin)
    }

    /// Returns the key of a witness and the logs that it trusts, by name.
    ///
    /// # Errors
    ///
    /// Returns why the state cannot be read.
    pub fn list(dir: &Path) -> Result<(VerifierKey, Vec<TrustedLog>), DeskError> {
        let state = State::open(dir)?;
        let mut logs = Vec::new();
        for (origin, held) in state.all()? {
            let latest = held.latest.as_ref();
            logs.push(TrustedLog {
                keys: held.keys.iter().map(ToString::to_string).collect(),
                size: latest.map(|latest| latest.checkpoint.size),
                root: latest.map(|latest| root_text(&latest.checkpoint.root)),
                cosigned_at: latest.and_then(|latest| moment(latest.time)),
                fork: state.fork_of(&origin),
                origin: origin.to_string(),
            });
        }
        Ok((state.key().clone(), logs))
    }

    /// Cosigns the checkpoint of a request, when it continues the last that was cosigned of its log.
    ///
    /// When this returns `Ok`, the checkpoint is on disk as the last one. Requests may come from several
    /// threads and processes at once.
    ///
    /// # Errors
    ///
    /// Returns [`CosignError`]; then no cosignature has left, and the last cosigned checkpoint is as it was,
    /// or, after [`CosignError::Unavailable`], may be this one.
    pub fn cosign(&self, request: &AddCheckpoint) -> Result<Cosigned, CosignError> {
        let checkpoint = Checkpoint::parse(request.checkpoint.text())
            .map_err(|error| CosignError::Refused(Refusal::NoCheckpoint(error)))?;
        let _lock = self.state.lock().map_err(unavailable)?;
        let held = self.state.load(&checkpoint.origin).map_err(unavailable)?;
        let Some(Held { keys, latest }) = held else {
            return Err(CosignError::Refused(Refusal::UnknownLog { origin: checkpoint.origin }));
        };
        let last = latest.as_ref().map(|latest| &latest.checkpoint);
        let lines = rules::check(request, &checkpoint, &keys, last).map_err(|refusal| {
            if refusal.is_fork() {
                // Signed by the log, and no continuation of what it signed: evidence.
                self.state.keep_fork(&checkpoint.origin, &request.checkpoint);
            }
            CosignError::Refused(refusal)
        })?;
        let time = self.time(latest.as_ref().map_or(0, |latest| latest.time))?;
        let failed = |error: &dyn std::error::Error| CosignError::Unavailable(error.to_string());
        let mut note = Note::new(request.checkpoint.text()).map_err(|error| failed(&error))?;
        for line in lines {
            note.add(line).map_err(|error| failed(&error))?;
        }
        note.sign(self.signer.as_ref(), Some(time)).map_err(|error| failed(&error))?;
        let line = note.signatures().last().cloned();
        let line = line.ok_or_else(|| CosignError::Unavailable("the key did not sign".to_owned()))?;
        let latest = state::Latest { checkpoint: checkpoint.clone(), time, note: note.clone() };
        let held = Held { keys, latest: Some(latest) };
        self.state.save(&checkpoint.origin, &held).map_err(unavailable)?;
        Ok(Cosigned { checkpoint, line, note })
    }

    /// Returns the time of a cosignature: now, but never before the last.
    fn time(&self, last: u64) -> Result<u64, CosignError> {
        let now = (self.clock)().micros().div_euclid(1_000_000);
        let now = u64::try_from(now)
            .map_err(|_| CosignError::Unavailable("the clock shows a time before 1970".to_owned()))?;
        match last.checked_sub(now) {
            Some(behind) if behind > BEHIND_SECONDS_MAX => Err(CosignError::Unavailable(format!(
                "the clock is {behind} seconds behind the last cosignature; set it right"
            ))),
            _ => Ok(now.max(last)),
        }
    }
}

/// Adds a cosignature to the checkpoint in a file, durably.
///
/// # Errors
///
/// Returns [`DeskError::Refused`] when the file holds another checkpoint; the file is as it was.
pub fn add_to(path: &Path, cosigned: &Cosigned) -> Result<(), DeskError> {
    let unread = |what: String| {
        refused(format!("{}: {what}", path.display()), "name the file of the checkpoint that is cosigned")
    };
    let bytes = std::fs::read(path).map_err(|error| unread(error.to_string()))?;
    let mut note = Note::parse(&bytes).map_err(|error| unread(error.to_string()))?;
    if note.text() != cosigned.note.text() {
        return Err(unread("this is another checkpoint than the one that was cosigned".to_owned()));
    }
    note.add(cosigned.line.clone()).map_err(|error| unread(error.to_string()))?;
    replace(path, &note.to_bytes())
        .map_err(|error| DeskError::Unavailable(format!("{} could not be written: {error}", path.display())))
}

fn moment(time: u64) -> Option<Timestamp> {
    let micros = i64::try_from(time).ok()?.checked_mul(1_000_000)?;
    Timestamp::from_micros(micros).ok()
}

fn root_text(root: &Hash) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(root)
}

fn refused(rule: String, hint: &str) -> DeskError {
    DeskError::Refused { rule, hints: vec![hint.to_owned()] }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
fn unavailable(error: DeskError) -> CosignError {
    CosignError::Unavailable(error.to_string())
}
