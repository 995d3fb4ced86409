//! The mark beside the keys: the newest checkpoint that they signed, where no older copy of the data directory
//! can take its place. It is durable before a signature leaves, so that the keys never sign less than they
//! did, nor anything else of the same size, whatever became of the data directory.

use std::fs::{DirBuilder, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::desk::Desk;
use crate::desk::checkpoint::{SignError, Signed, file};
use crate::desk::error::DeskError;
use crate::desk::keys::place::KeyPlace;
use crate::store::segment::{self, SegmentStore};
use crate::store::{Damage, EventStore, ReadError};

/// The mark of a log, where a place for it is known.
#[derive(Debug, Default)]
pub(in crate::desk) struct Mark {
    path: Option<PathBuf>,
    // Why it is not kept, once it was to be.
    trouble: Option<String>,
}

/// The right to sign with the keys beside which the mark is, and what it says.
pub(super) struct Held {
    pub(super) signed: Option<Signed>,
    // Whoever signs another copy of the log with the same keys waits for it.
    _lock: Option<File>,
}

/// Tells whether nothing can be kept in a place, rather than not now.
fn is_no_place(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::NotFound
            | ErrorKind::NotADirectory
            | ErrorKind::PermissionDenied
            | ErrorKind::ReadOnlyFilesystem
    )
}

impl Mark {
    /// Returns the mark at a path; of keys without a place, such as a device, none.
    pub(in crate::desk) const fn at(path: Option<PathBuf>) -> Self {
        Self { path, trouble: None }
    }

    /// Returns where it is.
    pub(in crate::desk) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Returns why it is not kept, where it was to be.
    pub(super) fn trouble(&self) -> Option<String> {
        self.trouble.clone()
    }

    /// Reads it; none where there is none, or its place cannot be looked into.
    ///
    /// # Errors
    ///
    /// Returns [`SignError::Garbled`] for a file that is none.
    pub(in crate::desk) fn load(&self, origin: &str) -> Result<Option<Signed>, SignError> {
        let Some(path) = &self.path else { return Ok(None) };
        match file::read(path, &path.display().to_string(), origin) {
            Err(SignError::Io(error)) if is_no_place(&error) => Ok(None),
            read => read,
        }
    }

    /// Reads it, and keeps everyone else from signing with the same keys until that is dropped.
    pub(super) fn hold(&self, origin: &str) -> Result<Held, SignError> {
        let within = self.path.as_deref().and_then(Path::parent);
        let lock = match within.map(File::open) {
            Some(Ok(directory)) => match directory.lock() {
                Ok(()) => Some(directory),
                // Of a file system without locks there is no more to be had.
                Err(error) if error.kind() == ErrorKind::Unsupported => None,
                Err(error) => return Err(error.into()),
            },
            Some(Err(error)) if !is_no_place(&error) => return Err(error.into()),
            Some(Err(_)) | None => None,
        };
        Ok(Held { signed: self.load(origin)?, _lock: lock })
    }

    /// Keeps what is about to leave: durable when this returns, unless nothing can be kept in its place.
    pub(super) fn keep(&mut self, signed: &Signed) -> Result<(), SignError> {
        let Some(path) = &self.path else { return Ok(()) };
        let kept = match path.parent() {
            Some(within) if !within.exists() => DirBuilder::new().recursive(true).mode(0o700).create(within),
            Some(_) | None => Ok(()),
        };
        match kept.and_then(|()| segment::replace(path, &signed.note.to_bytes())) {
            Ok(()) => self.trouble = None,
            Err(error) if is_no_place(&error) => {
                self.trouble = Some(format!("{} cannot be written: {error}", path.display()));
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Returns how the log falls behind the mark or differs from it.
    ///
    /// # Errors
    ///
    /// Returns what the log says when it cannot be read, and what the system says of the mark.
    pub(in crate::desk) fn contradiction(&self, store: &dyn EventStore) -> Result<Option<Damage>, SignError> {
        match self.load(store.log_id()) {
            Err(error) if !matches!(error, SignError::Garbled(_)) => Err(error),
            loaded => Ok(self.says(&loaded, store)?),
        }
    }

    /// Returns how the log falls behind what was loaded of the mark, or differs from it.
    ///
    /// # Errors
    ///
    /// Returns what the log says when it cannot be read.
    pub(super) fn says(
        &self,
        loaded: &Result<Option<Signed>, SignError>,
        store: &dyn EventStore,
    ) -> Result<Option<Damage>, ReadError> {
        let Some(path) = &self.path else { return Ok(None) };
        let size = store.head().size;
        let (position, what) = match loaded {
            Ok(None) => return Ok(None),
            Ok(Some(signed)) => match said(signed, store)? {
                None => return Ok(None),
                Some(what) => (Some(size.min(signed.checkpoint.size)), what),
            },
            Err(error) => (None, format!("the mark beside the keys cannot be read: {error}")),
        };
        Ok(Some(Damage { file: path.display().to_string(), offset: 0, position, what }))
    }
}

impl Desk {
    /// Returns what is lost by it that no mark is kept beside the keys, where none is and the log is signed.
    pub(in crate::desk) fn why_unmarked(&self) -> Option<String> {
        let name = self.store.log_id();
        self.checkpoint().ok()??;
        let mark = self.place.mark_of(name);
        let why = match self.signing.lock().mark.trouble() {
            Some(trouble) => trouble,
            None if !self.place.has_keys_of(name) || mark.as_ref().is_some_and(|mark| mark.exists()) => {
                return None;
            }
            None => mark.map_or_else(
                || "no directory of keys is known (`--keys`)".to_owned(),
                |mark| format!("there is no {}", mark.display()),
            ),
        };
        Some(format!(
            "no mark is kept beside the keys, by which a data directory would be known that was put back whole as \
             it was before: {why}"
        ))
    }
}

/// Has a log that is opened for reading say that it is damaged, where the mark beside the keys says that they
/// signed more, or another.
pub(in crate::desk) fn heed(engine: &SegmentStore, place: &KeyPlace) -> Result<(), DeskError> {
    if engine.is_copy() {
        return Ok(());
    }
    let mark = Mark::at(place.mark_of(engine.log_id()));
    // What of the log cannot be read is told by whatever reads it.
    let contradiction = || mark.contradiction(engine).unwrap_or_default();
    if contradiction().is_none() {
        return Ok(());
    }
    // Whoever writes may have signed more since the log was opened.
    let _ = engine.refresh();
    if let Some(damage) = contradiction() {
        engine.refuse(&damage).map_err(SignError::Io)?;
    }
    Ok(())
}

/// Returns how a log contradicts what its keys signed.
fn said(signed: &Signed, store: &dyn EventStore) -> Result<Option<String>, ReadError> {
    let (signed, size) = (&signed.checkpoint, store.head().size);
    if signed.size > size {
        return Ok(Some(format!(
            "the keys signed a checkpoint of {} events, and the log has {size}: it was put back as it was before",
            signed.size
        )));
    }
    let is_same = store.root_at(signed.size)? == Some(signed.root);
    Ok((!is_same).then(|| {
        format!("the keys signed another log of {} events than this; the two are a fork", signed.size)
    }))
}
