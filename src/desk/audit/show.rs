//! What a checkpoint says, and which keys signed it.

use serde::{Deserialize, Serialize};

use crate::domain::timestamp::Timestamp;
use crate::store::leaf::HexHash;
use crate::tlog::checkpoint::Checkpoint;
use crate::tlog::key::{SignatureType, VerifierKey};
use crate::tlog::note::{Note, Signature};

/// Bytes of a signature of type 0x01, behind the id of its key.
const SIGNATURE_BYTES: usize = 64;
/// Bytes of a cosignature (type 0x04): a time comes first.
const COSIGNATURE_BYTES: usize = 8 + SIGNATURE_BYTES;

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
    /// `ed25519` or `cosignature`: what its key is, or where that was not given what its length says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<String>,
    /// When it was made, as a cosignature says; whether that is so, [`Line::verifies`] tells.
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
        let is_cosignature = key.map_or_else(
            || line.bytes.len() == COSIGNATURE_BYTES,
            |key| key.kind() == SignatureType::CosignatureV1,
        );
        let is_known = key.is_some() || matches!(line.bytes.len(), COSIGNATURE_BYTES | SIGNATURE_BYTES);
        let said = line.bytes.first_chunk::<8>().filter(|_| is_cosignature);
        let seconds = said.and_then(|time| i64::try_from(u64::from_be_bytes(*time)).ok());
        let micros = seconds.and_then(|seconds| seconds.checked_mul(1_000_000));
        let sort = is_known.then_some(if is_cosignature { "cosignature" } else { "ed25519" });
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
        // What a line says of itself is shown without its key.
        let sorts: Vec<_> = shown.signatures.iter().map(|line| line.sort.as_deref()).collect();
        assert_eq!(sorts, [Some("ed25519"), Some("cosignature"), Some("cosignature")]);
        assert_eq!(shown.signatures[2].time.unwrap().micros(), 7_000_000);
        assert_eq!(shown.signatures[0].time, None);
        assert!(!shown.is_forged());
        let forged = String::from_utf8(note.to_bytes()).unwrap().replacen("\n0\n", "\n1\n", 1);
        assert!(Shown::read(forged.as_bytes(), &[Log::witness().key().clone()]).unwrap().is_forged());
        assert!(Shown::read(b"x", &[]).is_err());
        let text = format!("# ours\n{}\n", Log::witness().key());
        assert_eq!(keys(text.as_bytes()).unwrap(), [Log::witness().key().clone()]);
        assert!(keys(b"\nx").unwrap_err().starts_with("line 2"));
    }
}
