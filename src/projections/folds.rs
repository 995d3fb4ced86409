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

/// What was folded, as bytes by what each is of.
pub type Folded = Vec<(EntityId, Vec<u8>)>;

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

/// The program that made them: another one may fold otherwise.
const PROGRAM: &str = env!("CARGO_PKG_VERSION");
/// The numbers of the sections of the file.
const LISTING: u8 = 1;
const BYTES: u8 = 2;

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

/// Where the bytes of one fold stand, and their checksum.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    of: EntityId,
    offset: u64,
    length: u64,
    sum: u32,
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
    folds: Vec<(EntityId, Vec<u8>)>,
    store: &dyn EventStore,
    size: u32,
) -> std::io::Result<Vec<(u8, Vec<u8>)>> {
    let leaf =
        leaf_of(store, size).ok_or_else(|| std::io::Error::other("the log is shorter than its fold"))?;
    let (mut parts, mut all) = (Vec::with_capacity(folds.len()), Vec::new());
    for (of, bytes) in folds {
        let (offset, length) = (all.len() as u64, bytes.len() as u64);
        parts.push(Part { of, offset, length, sum: crc32c::crc32c(&bytes) });
        all.extend(bytes);
    }
    let (program, log) = (PROGRAM.to_owned(), store.log_id().to_owned());
    let listing = serde_json::to_vec(&Listing { program, log, size, leaf, parts })?;
    Ok(vec![(LISTING, listing), (BYTES, all)])
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

    /// Returns the fold of something; none where none was saved.
    ///
    /// # Errors
    ///
    /// Returns [`Damage`] when the file does not hold what was saved, or was saved of another log, or by another
    /// program.
    pub(super) fn get(&self, of: EntityId, store: &dyn EventStore) -> Result<Option<Vec<u8>>, Damage> {
        let parts = if let Some(parts) = self.parts.get() {
            parts
        } else {
            let parts = self.listed(store)?;
            self.parts.get_or_init(|| parts)
        };
        let Some(part) = parts.get(&of) else { return Ok(None) };
        self.file.read_part(BYTES, part.offset, part.length, part.sum).map(Some)
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
