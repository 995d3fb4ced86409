//! A checkpoint that someone holds, against the log of today: a function of both notes and the keys.
//!
//! Invariant: nothing is said against a log on the word of a note that the log did not sign.

use crate::desk::keys::table::KeyRange;
use crate::tlog::add_checkpoint::AddCheckpoint;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::key::SignatureType;
use crate::tlog::note::Note;
use crate::tlog::proof::verify_consistency;

/// A checkpoint with its signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    note: Note,
    checkpoint: Checkpoint,
}

/// A checkpoint says nothing of a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeldError {
    /// It is of another log.
    #[error("it is a checkpoint of the log {found}, not of {expected}")]
    Origin {
        /// Its log.
        found: String,
        /// The log that it is held against.
        expected: String,
    },
    /// The log did not sign it.
    #[error("it is not signed by a key of this log{0}")]
    Unsigned(String),
}

impl Held {
    /// Reads a signed note.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with it, in words.
    pub fn read(note: &[u8]) -> Result<Self, String> {
        Self::of(Note::parse(note).map_err(|error| error.to_string())?)
    }

    fn of(note: Note) -> Result<Self, String> {
        let checkpoint = Checkpoint::parse(note.text()).map_err(|error| error.to_string())?;
        Ok(Self { note, checkpoint })
    }

    /// Returns how many events it is of.
    pub const fn size(&self) -> u64 {
        self.checkpoint.size
    }

    /// Returns the note as it is written.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.note.to_bytes()
    }

    /// Checks that it is a checkpoint of a log, signed by one of its keys at a size at which that one may.
    ///
    /// # Errors
    ///
    /// Returns why it says nothing of that log.
    pub fn is_of(&self, log: &str, keys: &[KeyRange]) -> Result<(), HeldError> {
        if self.checkpoint.origin.as_str() != log {
            let (found, expected) = (self.checkpoint.origin.to_string(), log.to_owned());
            return Err(HeldError::Origin { found, expected });
        }
        let mut why = String::new();
        for range in keys.iter().filter(|range| range.key.kind() == SignatureType::Ed25519) {
            match self.note.verify(&range.key) {
                Ok(Some(_)) if range.covers(self.size()) => return Ok(()),
                Ok(Some(_)) => why = format!(": {} may not sign at this size", range.key),
                Ok(None) => {}
                Err(error) => why = format!(": {error}"),
            }
        }
        Err(HeldError::Unsigned(why))
    }
}

/// Reads a proof of consistency, and returns the checkpoint that it leads to.
///
/// # Errors
///
/// Returns what is wrong with it, in words.
pub fn newest(proof: &[u8]) -> Result<Held, String> {
    Held::of(AddCheckpoint::parse(proof).map_err(|error| error.to_string())?.checkpoint)
}

/// Tells whether a proof shows that the log continues the one of a checkpoint that is held. Who signed the
/// two, [`Held::is_of`] tells.
///
/// # Errors
///
/// Returns what it does not show, in words.
pub fn extends(held: &Held, proof: &[u8]) -> Result<(), String> {
    let request = AddCheckpoint::parse(proof).map_err(|error| error.to_string())?;
    let (old, newest) = (&held.checkpoint, Held::of(request.checkpoint)?.checkpoint);
    verify_consistency(old.size, newest.size, &request.proof, &old.root, &newest.root).map_err(|error| {
        format!("the log of {} events does not continue the one of {}: {error}", newest.size, old.size)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::audit::testing::{BEGUN, Log};
    use crate::store::EventStore;

    fn ranges(log: &Log, seed: u8, from: u64, to: Option<u64>) -> Vec<KeyRange> {
        log.keys(seed).into_iter().map(|key| KeyRange { key, from, to }).collect()
    }

    #[test]
    fn a_note_speaks_for_a_log_that_signed_it_with_a_key_of_that_time_alone() {
        let log = Log::new();
        log.add(9);
        let note = log.sign(9, BEGUN).to_bytes();
        let held = Held::read(&note).unwrap();
        let name = log.store.log_id();
        let both = [ranges(&log, 1, 0, Some(9)), ranges(&log, 2, 9, None)].concat();
        assert_eq!(held.is_of(name, &both), Ok(()));
        let found = name.to_owned();
        let expected = "other".to_owned();
        assert_eq!(held.is_of("other", &both), Err(HeldError::Origin { found, expected }));
        assert_eq!(held.is_of(name, &ranges(&log, 2, 0, None)), Err(HeldError::Unsigned(String::new())));
        let until = held.is_of(name, &ranges(&log, 1, 0, Some(8))).unwrap_err().to_string();
        assert!(until.contains("may not sign at this size"), "{until}");
        let changed = String::from_utf8(note).unwrap().replacen("\n9\n", "\n8\n", 1);
        let changed = Held::read(changed.as_bytes()).unwrap();
        assert!(matches!(changed.is_of(name, &both), Err(HeldError::Unsigned(_))));
        assert!(Held::read(b"x").is_err());
    }
}
