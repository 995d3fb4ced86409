//! Which checkpoints may be cosigned (C2SP tlog-witness, add-checkpoint), and why others may not.

use crate::tlog::add_checkpoint::AddCheckpoint;
use crate::tlog::checkpoint::{Checkpoint, CheckpointError};
use crate::tlog::empty_root;
use crate::tlog::key::{KeyName, SignatureType, VerifierKey};
use crate::tlog::note::{NoteError, Signature};
use crate::tlog::proof::{ProofError, verify_consistency};

/// Why a checkpoint may not be cosigned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The note is no checkpoint.
    #[error("the note is no checkpoint: {0}")]
    NoCheckpoint(CheckpointError),
    /// The log is not one that is trusted.
    #[error("the log {origin} is not one that this witness trusts")]
    UnknownLog {
        /// Which.
        origin: KeyName,
    },
    /// No key of type 0x01 that is trusted signed it.
    #[error("no key of the log {origin} that this witness trusts signed the checkpoint (type 0x01)")]
    Unsigned {
        /// Of which log.
        origin: KeyName,
    },
    /// A line says it is by a trusted key, but is not.
    #[error("{0}")]
    Forged(NoteError),
    /// The older size is larger than the newer.
    #[error("the older size {old} is larger than the checkpoint's {size}")]
    Backwards {
        /// What the request says.
        old: u64,
        /// What the checkpoint says.
        size: u64,
    },
    /// The last checkpoint that was cosigned has another size than the request says.
    #[error("the last checkpoint that was cosigned has the size {held}, not {old}; prove it from {held}")]
    Moved {
        /// What the request says.
        old: u64,
        /// What was cosigned last.
        held: u64,
    },
    /// The log signed another root of the same size.
    #[error("FORK: the log signed a second root at the size {held}, which was cosigned with another")]
    Forked {
        /// What was cosigned last.
        held: u64,
    },
    /// The proof does not show that the last checkpoint is continued.
    #[error("the checkpoint is not shown to continue the one of size {held}: {error}")]
    Inconsistent {
        /// What was cosigned last.
        held: u64,
        /// What the proof fails to show.
        error: ProofError,
    },
}

impl Refusal {
    /// Tells whether the log signed what contradicts what was cosigned of it.
    pub const fn is_fork(&self) -> bool {
        matches!(self, Self::Forked { .. })
    }
}

/// Checks a request against what is trusted and was cosigned last, in the order of the standard; returns the
/// lines of the log that verify.
pub(super) fn check(
    request: &AddCheckpoint,
    checkpoint: &Checkpoint,
    keys: &[VerifierKey],
    last: Option<&Checkpoint>,
) -> Result<Vec<Signature>, Refusal> {
    let mut lines = Vec::new();
    for key in keys {
        if request.checkpoint.verify(key).map_err(Refusal::Forged)?.is_some() {
            let is_its = |line: &&Signature| line.name == *key.name() && line.id == key.id();
            lines.extend(request.checkpoint.signatures().iter().find(is_its).cloned());
        }
    }
    // A line that says when is the word of whoever tells the time of the log, not of the log.
    let signs = |key: &&VerifierKey| key.kind() == SignatureType::Ed25519;
    let is_by = |key: &VerifierKey| lines.iter().any(|line| line.name == *key.name() && line.id == key.id());
    if !keys.iter().filter(signs).any(is_by) {
        return Err(Refusal::Unsigned { origin: checkpoint.origin.clone() });
    }
    let (old, size) = (request.old, checkpoint.size);
    if old > size {
        return Err(Refusal::Backwards { old, size });
    }
    // A log of which nothing was cosigned is as good as one that was cosigned when it was empty.
    let (held, root) = last.map_or_else(|| (0, empty_root()), |last| (last.size, last.root));
    if old != held {
        return Err(Refusal::Moved { old, held });
    }
    if old == size && request.proof.is_empty() && checkpoint.root != root {
        return Err(Refusal::Forked { held });
    }
    verify_consistency(old, size, &request.proof, &root, &checkpoint.root)
        .map_err(|error| Refusal::Inconsistent { held, error })?;
    Ok(lines)
}
