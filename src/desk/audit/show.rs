//! What a checkpoint says, and which keys signed it.

use serde::{Deserialize, Serialize};

use crate::domain::timestamp::Timestamp;
use crate::store::leaf::HexHash;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::key::{SignatureType, VerifierKey};
use crate::tlog::note::{Note, Signature};

/// A checkpoint, as whoever holds it reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The log.
    pub log: String,
    /// How many events it had.
    pub size: u64,
    /// The root over them, as 64 hexadecimal digits.
    pub root: String,
    /// What else it says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extensions: Vec<String>,
    /// The lines under it.
    pub signatures: Vec<Line>,
}

/// A line under a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Whose it says it is.
    pub name: String,
    /// The id of the key, 8 hexadecimal digits.
    pub key: String,
    /// `ed25519` or `cosignature`, where the key was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<String>,
    /// When it was made, as a cosignature that verifies says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
    /// Whether it verifies; none where its key was not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verifies: Option<bool>,
}

impl Shown {
    /// Reads a checkpoint, and checks the lines of those keys.
    ///
    /// # Errors
    ///
    /// Returns what is wrong with it, in words.
    pub fn read(note: &[u8], keys: &[VerifierKey]) -> Result<Self, String> {
        let note = Note::parse(note).map_err(|error| error.to_string())?;
        let checkpoint = Checkpoint::parse(note.text()).map_err(|error| error.to_string())?;
        Ok(Self {
            log: checkpoint.origin.to_string(),
            size: checkpoint.size,
            root: HexHash(checkpoint.root).to_string(),
            extensions: checkpoint.extensions.iter().map(ToString::to_string).collect(),
            signatures: note.signatures().iter().map(|line| Line::of(&note, line, keys)).collect(),
        })
    }

    /// Tells whether a line by a key that was given does not verify.
    pub fn is_forged(&self) -> bool {
        self.signatures.iter().any(|line| line.verifies == Some(false))
    }
}

impl Line {
    fn of(note: &Note, line: &Signature, keys: &[VerifierKey]) -> Self {
        let key = keys.iter().find(|key| key.id() == line.id && *key.name() == line.name);
        let verified = key.map(|key| note.verify(key).ok().flatten());
        let seconds = verified.flatten().and_then(|verified| i64::try_from(verified.time?).ok());
        let micros = seconds.and_then(|seconds| seconds.checked_mul(1_000_000));
        let sort = key.map(|key| match key.kind() {
            SignatureType::Ed25519 => "ed25519",
            SignatureType::CosignatureV1 => "cosignature",
        });
        Self {
            name: line.name.to_string(),
            key: format!("{:08x}", u32::from_be_bytes(line.id)),
            sort: sort.map(ToOwned::to_owned),
            time: micros.and_then(|micros| Timestamp::from_micros(micros).ok()),
            verifies: verified.map(|verified| verified.is_some()),
        }
    }
}

/// Reads verifier keys, one per line.
///
/// # Errors
///
/// Returns which line is none.
pub fn keys(text: &[u8]) -> Result<Vec<VerifierKey>, String> {
    let text = String::from_utf8_lossy(text);
    let lines =
        (1..).zip(text.lines().map(str::trim)).filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines.map(|(number, line)| line.parse().map_err(|error| format!("line {number}: {error}"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::audit::testing::{BEGUN, Log};
    use crate::tlog::key::Signer;

    #[test]
    fn a_checkpoint_is_shown_with_the_lines_that_verify() {
        let log = Log::new();
        let mut note = log.sign(0, BEGUN);
        note.sign(&Log::witness(), Some(7)).unwrap();
        let shown = Shown::read(&note.to_bytes(), &log.keys(1)).unwrap();
        assert_eq!((shown.size, shown.signatures.len()), (0, 3));
        let verifies: Vec<_> = shown.signatures.iter().map(|line| line.verifies).collect();
        assert_eq!(verifies, [Some(true), Some(true), None]);
        assert_eq!(shown.signatures[1].time.unwrap().micros(), BEGUN * 1_000_000);
        assert!(!shown.is_forged());
        let forged = String::from_utf8(note.to_bytes()).unwrap().replacen("\n0\n", "\n1\n", 1);
        assert!(Shown::read(forged.as_bytes(), &[Log::witness().key().clone()]).unwrap().is_forged());
        assert!(Shown::read(b"x", &[]).is_err());
        let text = format!("# ours\n{}\n", Log::witness().key());
        assert_eq!(keys(text.as_bytes()).unwrap(), [Log::witness().key().clone()]);
        assert!(keys(b"\nx").unwrap_err().starts_with("line 2"));
    }
}
