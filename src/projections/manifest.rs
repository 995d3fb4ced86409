//! What a snapshot consists of, and of which log it is the fold.

use serde::{Deserialize, Serialize};

use crate::domain::zone::Zone;
use crate::projections::segment::Extent;
use crate::store::leaf::HexHash;
use crate::store::{EventStore, ReadError};

/// The version of everything that a snapshot holds; one of another version is built anew.
pub(super) const FORMAT: u32 = 10;

/// Bytes of a page of the manifest: a value of the database stays far below 64 KiB.
const PAGE_BYTES: usize = 32 << 10;

/// The list of the files of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    /// The version of the format.
    pub(super) format: u32,
    /// The log.
    pub(super) log: String,
    /// The zone in which its dates were read.
    pub(super) zone: Zone,
    /// How many events are taken in.
    pub(super) size: u32,
    /// The leaf hash of the last of them; none when there is none.
    pub(super) leaf: Option<HexHash>,
    /// How many removals of texts were known when the directory was made: what was removed later may stand
    /// in its files still, or in what the database keeps of earlier values.
    pub(super) fresh: u32,
    /// The file of what is no table.
    pub(super) state: FileOf,
    /// The segments of the events.
    pub(super) events: Vec<SegmentOf>,
    /// The segments of the later readings.
    pub(super) readings: Vec<SegmentOf>,
    /// The rows of overtures, in chunks.
    pub(super) offers: Vec<FileOf>,
    /// The folds of the desk, of fewer events perhaps; none where none were saved yet.
    pub(super) folds: Option<FileOf>,
}

/// A version of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileOf {
    /// Its name.
    pub(super) name: String,
    /// The checksum of its table of sections.
    pub(super) sum: u32,
}

/// A segment in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SegmentOf {
    /// The file.
    pub(super) file: FileOf,
    /// How many rows it has.
    pub(super) rows: usize,
    /// Between which moments they lie.
    pub(super) extent: Extent,
}

/// A key of the database with its value.
pub(super) type Page = (Vec<u8>, Vec<u8>);

/// Why a snapshot is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unfit {
    /// It was saved by another version of the program.
    #[error("the saved projections have format {0} and this program writes format {FORMAT}")]
    Format(u32),
    /// It is the fold of another log.
    #[error("the saved projections are those of the log {0}")]
    OtherLog(String),
    /// Its dates were read in another zone.
    #[error("the saved projections were read in the zone {0}, which is not that of the log")]
    OtherZone(String),
    /// It knows more than the log.
    #[error("the saved projections have {saved} events and the log has {log}")]
    Ahead {
        /// How many events it took in.
        saved: u64,
        /// How many the log has.
        log: u64,
    },
    /// The log has another event where it ends.
    #[error("the saved projections end with another event at position {0} than the log")]
    OtherEvent(u64),
    /// The log cannot be read where it ends.
    #[error("the log cannot be read at position {0}, where the saved projections end: {1}")]
    Unreadable(u64, ReadError),
}

impl Manifest {
    /// Tells whether this is what was saved of `store` in `zone`.
    ///
    /// # Errors
    ///
    /// Returns why it is not.
    pub(super) fn fits(&self, store: &dyn EventStore, zone: Zone) -> Result<(), Unfit> {
        if self.format != FORMAT {
            return Err(Unfit::Format(self.format));
        }
        if self.log != store.log_id() {
            return Err(Unfit::OtherLog(self.log.clone()));
        }
        if self.zone != zone {
            return Err(Unfit::OtherZone(self.zone.to_string()));
        }
        let (saved, log) = (u64::from(self.size), store.head().size);
        if saved > log {
            return Err(Unfit::Ahead { saved, log });
        }
        let Some(last) = saved.checked_sub(1) else { return Ok(()) };
        match store.leaf_hash(last) {
            Ok(hash) if hash == self.leaf.map(|leaf| leaf.0) => Ok(()),
            Ok(_) => Err(Unfit::OtherEvent(last)),
            Err(error) => Err(Unfit::Unreadable(last, error)),
        }
    }

    /// Returns the names of its files.
    pub(super) fn files(&self) -> impl Iterator<Item = &str> {
        let segments = self.events.iter().chain(&self.readings).map(|segment| &segment.file);
        std::iter::once(&self.state)
            .chain(segments)
            .chain(&self.offers)
            .chain(&self.folds)
            .map(|file| file.name.as_str())
    }

    /// Writes the manifest as one text.
    ///
    /// # Errors
    ///
    /// Returns what `serde_json` could not write; no field gives it cause to.
    pub(super) fn encode(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec(self)
    }

    /// Reads the manifest; an error says what is wrong with the text.
    ///
    /// # Errors
    ///
    /// Returns [`Unfit::Format`] for one of another version, whose shape is not known, as `Ok(Err(..))`.
    pub(super) fn decode(text: &[u8]) -> Result<Result<Self, Unfit>, serde_json::Error> {
        #[derive(Deserialize)]
        struct Version {
            format: u32,
        }
        let version: Version = serde_json::from_slice(text)?;
        if version.format != FORMAT {
            return Ok(Err(Unfit::Format(version.format)));
        }
        serde_json::from_slice(text).map(Ok)
    }
}

/// Returns a text in pages under keys in their order; the first says how long the text is and its checksum.
pub(super) fn pages(text: &[u8]) -> Vec<Page> {
    let mut head = (text.len() as u64).to_le_bytes().to_vec();
    head.extend_from_slice(&crc32c::crc32c(text).to_le_bytes());
    let chunks = text.chunks(PAGE_BYTES).enumerate();
    let chunks = chunks.map(|(number, chunk)| (format!("page/{number:08}").into_bytes(), chunk.to_vec()));
    std::iter::once((b"manifest".to_vec(), head)).chain(chunks).collect()
}

/// Returns the text of pages, given in the order of their keys; none when they are not those of one.
pub(super) fn text_of(pages: &[Page]) -> Option<Vec<u8>> {
    let ((key, head), chunks) = pages.split_first()?;
    let (length, sum) = head.split_first_chunk()?;
    let text: Vec<u8> = chunks.iter().flat_map(|(_, chunk)| chunk).copied().collect();
    let sound = key == b"manifest"
        && u64::from_le_bytes(*length) == text.len() as u64
        && *sum == crc32c::crc32c(&text).to_le_bytes();
    sound.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn a_text_in_pages_reads_back_and_no_page_can_be_missing(length in 0..200_000_usize, lost: prop::sample::Index) {
            let text: Vec<u8> = (0..length).map(|byte| u8::try_from(byte % 251).unwrap()).collect();
            let mut cut = pages(&text);
            prop_assert!(cut.iter().all(|(_, value)| value.len() < 64 << 10) && cut.is_sorted());
            prop_assert_eq!(text_of(&cut), Some(text));
            cut.remove(lost.index(cut.len()));
            prop_assert_eq!(text_of(&cut), None);
        }
    }
}
