//! Folds that are saved beside the index: of what takes long to fold, how far the desk came.
//!
//! What they say is the desk's. That they are of this log and of this index, made by this program, whole, and never
//! older than a text that was removed, is seen to here: they belong to the index with which they were saved, and are
//! gone with it.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize};

use crate::domain::id::EntityId;
use crate::projections::file::SectionFile;
use crate::projections::lazy::Damage;
use crate::projections::manifest::FileOf;
use crate::projections::view::View;
use crate::store::EventStore;
use crate::store::leaf::HexHash;

/// What was folded, by what each is of.
pub type Folded = Vec<(EntityId, Fold)>;

/// What was folded of something, as bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fold {
    /// What is read whole.
    pub head: Vec<u8>,
    /// What is read piece by piece, each where the head says.
    pub pieces: Vec<u8>,
}

/// Where a piece stands among the pieces of a fold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// Where it begins, in bytes.
    pub offset: u64,
    /// How many bytes it has.
    pub length: u64,
    /// Their CRC32C.
    pub sum: u32,
}

impl Fold {
    /// Adds a piece, and returns where it stands.
    pub fn add(&mut self, bytes: &[u8]) -> Piece {
        let (offset, length) = (self.pieces.len() as u64, bytes.len() as u64);
        self.pieces.extend_from_slice(bytes);
        Piece { offset, length, sum: crc32c::crc32c(bytes) }
    }
}

/// What folds on and gives back what is to be saved.
pub trait Folder: Send + Sync {
    /// Folds everything that a view knows, and returns the bytes to save, by what each is of; none where
    /// [`View::is_fold_stopped`] said meanwhile that somebody waits for its end.
    ///
    /// # Errors
    ///
    /// Returns why it could not; nothing is then saved, and what was before stays.
    fn fold(&self, view: &View) -> Result<Option<Folded>, String>;
}

/// The program that made them, with the number of its rules, which changes where the same entries fold otherwise.
const PROGRAM: &str = concat!(env!("CARGO_PKG_VERSION"), ", rules 2");
/// The numbers of the sections of the file.
const LISTING: u8 = 1;
const HEADS: u8 = 2;
const PIECES: u8 = 3;

/// What is in the file, and of which log it is.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listing {
    program: String,
    log: String,
    size: u32,
    leaf: HexHash,
    parts: Vec<Part>,
}

/// Where the bytes of one fold stand, with the checksum of those that are read whole.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    of: EntityId,
    offset: u64,
    length: u64,
    sum: u32,
    // Where its pieces begin, and how many bytes they have.
    pieces: u64,
    pieces_length: u64,
}

/// The folds of a snapshot, each read when it is asked for.
#[derive(Debug)]
pub(super) struct Folds {
    file: SectionFile,
    parts: OnceLock<HashMap<EntityId, Part>>,
}

/// Returns the sections of a file of folds, of the first `size` events.
///
/// # Errors
///
/// Returns what the system said when the log cannot be read.
pub(super) fn to_sections(
    folds: Folded,
    store: &dyn EventStore,
    size: u32,
) -> std::io::Result<Vec<(u8, Vec<u8>)>> {
    let leaf =
        leaf_of(store, size).ok_or_else(|| std::io::Error::other("the log is shorter than its fold"))?;
    let (mut parts, mut heads, mut pieces) = (Vec::with_capacity(folds.len()), Vec::new(), Vec::new());
    for (of, fold) in folds {
        parts.push(Part {
            of,
            offset: heads.len() as u64,
            length: fold.head.len() as u64,
            sum: crc32c::crc32c(&fold.head),
            pieces: pieces.len() as u64,
            pieces_length: fold.pieces.len() as u64,
        });
        heads.extend(fold.head);
        pieces.extend(fold.pieces);
    }
    let (program, log) = (PROGRAM.to_owned(), store.log_id().to_owned());
    let listing = serde_json::to_vec(&Listing { program, log, size, leaf, parts })?;
    Ok(vec![(LISTING, listing), (HEADS, heads), (PIECES, pieces)])
}

/// Returns the hash of the last of so many leaves; none where there is none, or it cannot be read.
fn leaf_of(store: &dyn EventStore, size: u32) -> Option<HexHash> {
    store.leaf_hash(u64::from(size).checked_sub(1)?).ok().flatten().map(HexHash)
}

impl Folds {
    /// Opens the folds of a snapshot; nothing is read yet.
    pub(super) fn in_file(path: &std::path::Path, file: &FileOf) -> Arc<Self> {
        let file = SectionFile::of_version(path.join(&file.name), file.sum);
        file.hold();
        Arc::new(Self { file, parts: OnceLock::new() })
    }

    /// Returns what of the fold of something is read whole; none where none was saved.
    ///
    /// # Errors
    ///
    /// Returns [`Damage`] when the file does not hold what was saved, or was saved of another log, or by another
    /// program.
    pub(super) fn head(&self, of: EntityId, store: &dyn EventStore) -> Result<Option<Vec<u8>>, Damage> {
        let Some(part) = self.part(of, store)? else { return Ok(None) };
        self.file.read_part(HEADS, part.offset, part.length, part.sum).map(Some)
    }

    /// Returns a piece of the fold of something.
    ///
    /// # Errors
    ///
    /// As [`Folds::head`].
    pub(super) fn piece(
        &self,
        of: EntityId,
        piece: Piece,
        store: &dyn EventStore,
    ) -> Result<Vec<u8>, Damage> {
        let outside = || self.file.damage("a piece of a fold lies outside it");
        let part = self.part(of, store)?.ok_or_else(outside)?;
        if piece.offset.checked_add(piece.length).is_none_or(|end| end > part.pieces_length) {
            return Err(outside());
        }
        self.file.read_part(PIECES, part.pieces + piece.offset, piece.length, piece.sum)
    }

    fn part(&self, of: EntityId, store: &dyn EventStore) -> Result<Option<Part>, Damage> {
        let parts = if let Some(parts) = self.parts.get() {
            parts
        } else {
            let parts = self.listed(store)?;
            self.parts.get_or_init(|| parts)
        };
        Ok(parts.get(&of).copied())
    }

    fn listed(&self, store: &dyn EventStore) -> Result<HashMap<EntityId, Part>, Damage> {
        let listing: Listing = serde_json::from_slice(&self.file.read(LISTING)?)
            .map_err(|error| self.file.damage(&error.to_string()))?;
        if listing.program != PROGRAM {
            let what = format!("it was made by version {} of the program", listing.program);
            return Err(self.file.damage(&what));
        }
        let same =
            listing.log == store.log_id() && leaf_of(store, listing.size).as_ref() == Some(&listing.leaf);
        if !same {
            return Err(self.file.damage("it is of another log"));
        }
        Ok(listing.parts.into_iter().map(|part| (part.of, part)).collect())
    }

    /// Returns what to say of them where they cannot be used.
    pub(super) fn damage(&self) -> Damage {
        self.file.damage("a fold is not what this program saves")
    }
}
