//! What a bundle says of itself: what it holds, what it leaves out, and the hashes of the files that follow
//! from nothing else in it. Ours, beyond what C2SP defines.

use std::collections::BTreeMap;

use roaring::RoaringTreemap;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::store::leaf::HexHash;

/// What a manifest calls its format.
const FORMAT: &str = "demarche-audit-bundle";
const VERSION: u32 = 1;
/// The largest manifest that is read, in bytes.
pub(crate) const MANIFEST_BYTES_MAX: u64 = 16 << 20;
/// The largest list of withheld positions that is read, in bytes.
pub(crate) const WITHHELD_BYTES_MAX: u64 = 1 << 30;

/// What a bundle holds.
///
/// It is not signed: it lets whoever checks a bundle notice what was changed, lost or added on the way, and
/// says what the bundle claims to leave out. What the log says is proved by the checkpoint alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    format: String,
    version: u32,
    /// The origin of the log.
    pub(crate) log: String,
    /// The size of the checkpoint.
    pub(crate) size: u64,
    /// The level up to which texts are disclosed; none when all are that were not removed.
    pub(crate) release: Option<String>,
    /// The first event of which there is a proof file, and the one after the last.
    pub(crate) proofs: (u64, u64),
    /// The SHA-256 of every file whose bytes follow from no other file.
    pub(crate) files: BTreeMap<String, HexHash>,
}

/// Bytes are no manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ManifestError {
    /// They are not JSON of its shape.
    #[error("it cannot be read: {0}")]
    Shape(String),
    /// It is of another format or a later version.
    #[error("it says it is `{format}` version {version}; this program reads `{FORMAT}` version {VERSION}")]
    Other {
        /// The format.
        format: String,
        /// The version.
        version: u32,
    },
    /// It is spelled otherwise than it is written.
    #[error("it is not in its one spelling")]
    Spelling,
    /// It contradicts itself.
    #[error("it says there are proofs of the events {0} to before {1}, of a log of {2}")]
    Proofs(u64, u64, u64),
}

impl Manifest {
    pub(crate) fn new(log: String, size: u64, release: Option<String>, proofs: (u64, u64)) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            log,
            size,
            release,
            proofs,
            files: BTreeMap::new(),
        }
    }

    /// Notes a file and its hash.
    pub(crate) fn add(&mut self, path: &str, bytes: &[u8]) {
        self.files.insert(path.to_owned(), HexHash(Sha256::digest(bytes).into()));
    }

    /// Returns its bytes.
    ///
    /// # Errors
    ///
    /// Returns what `serde_json` could not write; nothing here gives it cause to.
    pub(crate) fn to_bytes(&self) -> serde_json::Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Reads the bytes of a manifest in their one spelling.
    ///
    /// # Errors
    ///
    /// Returns what is wrong.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        #[derive(Deserialize)]
        struct Head {
            format: String,
            version: u32,
        }
        let shape = |error: serde_json::Error| ManifestError::Shape(error.to_string());
        let Head { format, version } = serde_json::from_slice(bytes).map_err(shape)?;
        if format != FORMAT || version != VERSION {
            return Err(ManifestError::Other { format, version });
        }
        let manifest: Self = serde_json::from_slice(bytes).map_err(shape)?;
        if manifest.to_bytes().map_err(shape)? != bytes {
            return Err(ManifestError::Spelling);
        }
        let (from, to) = manifest.proofs;
        if from > to || to > manifest.size {
            return Err(ManifestError::Proofs(from, to, manifest.size));
        }
        Ok(manifest)
    }
}

/// Returns the list of withheld positions: a line for each, or for each row of them, `4` or `7-9`.
pub(crate) fn positions_to_bytes(positions: &RoaringTreemap) -> Vec<u8> {
    let mut text = String::new();
    let mut line = |from: u64, to: u64| {
        let row = if from == to { format!("{from}\n") } else { format!("{from}-{to}\n") };
        text.push_str(&row);
    };
    let mut row: Option<(u64, u64)> = None;
    for position in positions {
        row = match row {
            Some((from, to)) if to + 1 == position => Some((from, position)),
            Some((from, to)) => {
                line(from, to);
                Some((position, position))
            }
            None => Some((position, position)),
        };
    }
    if let Some((from, to)) = row {
        line(from, to);
    }
    text.into_bytes()
}

/// Positions as rows, from the first to the last of each: however many there are, in the memory of the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Positions {
    // Invariant: rising, and no row touches the next.
    rows: Vec<(u64, u64)>,
}

impl Positions {
    /// Reads a list of positions below `size`, in the one way that it is written; none when it is another.
    pub(crate) fn parse(bytes: &[u8], size: u64) -> Option<Self> {
        let number = |text: &str| {
            let number: u64 = text.parse().ok()?;
            (number < size && number.to_string() == text).then_some(number)
        };
        let text = std::str::from_utf8(bytes).ok()?;
        let mut rows: Vec<(u64, u64)> = Vec::new();
        for line in text.split_inclusive('\n') {
            let line = line.strip_suffix('\n')?;
            let row = match line.split_once('-') {
                Some((from, to)) => (number(from)?, number(to)?),
                None => (number(line)?, number(line)?),
            };
            let is_row = line.contains('-') == (row.0 != row.1) && row.0 <= row.1;
            let follows =
                rows.last().is_none_or(|(_, last)| row.0.checked_sub(*last).is_some_and(|gap| gap > 1));
            if !is_row || !follows {
                return None;
            }
            rows.push(row);
        }
        Some(Self { rows })
    }

    /// Tells whether a position is one of them.
    pub(crate) fn contains(&self, position: u64) -> bool {
        let after = self.rows.partition_point(|(from, _)| *from <= position);
        let row = after.checked_sub(1).and_then(|place| self.rows.get(place));
        row.is_some_and(|(_, to)| position <= *to)
    }

    /// Returns how many there are.
    pub(crate) fn len(&self) -> u64 {
        self.rows.iter().fold(0, |count, (from, to)| count.saturating_add((to - from).saturating_add(1)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn manifest() -> Manifest {
        let mut manifest = Manifest::new("desk-0a1b2c3d".to_owned(), 7, Some("TLP:GREEN".to_owned()), (3, 7));
        manifest.add("VERIFY.md", b"text");
        manifest
    }

    #[test]
    fn a_manifest_reads_back_and_only_in_its_one_spelling() {
        let bytes = manifest().to_bytes().unwrap();
        assert_eq!(Manifest::parse(&bytes), Ok(manifest()));
        let text = String::from_utf8(bytes).unwrap();
        for other in [
            text.replace("\n  ", "\n"),
            text.replace("\"version\": 1", "\"version\": 2"),
            text.replace("\"size\": 7", "\"size\": 6"),
            text.replace("\"log\"", "\"lag\""),
            text.trim_end().to_owned(),
            String::new(),
        ] {
            assert!(Manifest::parse(other.as_bytes()).is_err(), "{other}");
        }
    }

    proptest! {
        #[test]
        fn positions_read_back_as_they_were_written(positions in prop::collection::btree_set(0_u64..60, 0..40)) {
            let written: RoaringTreemap = positions.iter().copied().collect();
            let read = Positions::parse(&positions_to_bytes(&written), 60).unwrap();
            prop_assert_eq!(read.len(), positions.len() as u64);
            for position in 0..70 {
                prop_assert_eq!(read.contains(position), positions.contains(&position));
            }
        }

        #[test]
        fn positions_have_one_spelling(bytes in "[0-9\n-]{0,20}") {
            if let Some(read) = Positions::parse(bytes.as_bytes(), 100) {
                let again = (0..100).filter(|position| read.contains(*position)).collect();
                prop_assert_eq!(positions_to_bytes(&again), bytes.as_bytes());
            }
        }
    }

    #[test]
    fn a_row_without_end_takes_no_memory() {
        let read = Positions::parse(b"0-18446744073709551613\n", u64::MAX).unwrap();
        assert!(read.contains(1 << 60) && read.len() == u64::MAX - 1);
    }
}
