//! The files of signed checkpoints: `checkpoint`, the newest, and `checkpoints/<size>`, those that must stay.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use crate::desk::checkpoint::{SignError, Signed};
use crate::store::segment;
use crate::store::segment::checkpoint::{SaveCheckpointError, kept_sizes, save_checkpoint};
use crate::tlog::note::{NOTE_BYTES_MAX, Signature};

pub(in crate::desk) use crate::store::segment::checkpoint::{FILE as NEWEST, KEPT};
/// What time-stamping authorities gave for them.
pub(in crate::desk) const STAMPS: &str = "timestamps";

/// Tells whether the log was ever signed.
pub(super) fn is_there(dir: &Path) -> bool {
    dir.join(NEWEST).exists() || dir.join(KEPT).exists()
}

/// Returns the newest checkpoint of the log `origin`; none when there is none.
pub(in crate::desk) fn load(dir: &Path, origin: &str) -> Result<Option<Signed>, SignError> {
    read(&dir.join(NEWEST), NEWEST, origin)
}

/// Reads a checkpoint from a file that an error calls by `name`; none when there is none.
pub(in crate::desk) fn read(path: &Path, name: &str, origin: &str) -> Result<Option<Signed>, SignError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut bytes = Vec::new();
    file.take(NOTE_BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    let signed = Signed::parse(&bytes, origin);
    signed.map(Some).map_err(|what| SignError::Garbled(format!("{name}: {what}")))
}

/// Puts a checkpoint in the place of the newest, where that is `expected` still: on disk whole, or the old
/// one stays.
pub(super) fn replace(dir: &Path, expected: Option<&Signed>, signed: &Signed) -> Result<(), SignError> {
    let expected = expected.map(|expected| expected.note.to_bytes());
    save_checkpoint(dir, expected.as_deref(), &signed.note.to_bytes()).map_err(|error| match error {
        SaveCheckpointError::Changed => SignError::Changed,
        SaveCheckpointError::Held { holder } => SignError::Held(holder),
        SaveCheckpointError::Io(error) => SignError::Io(error),
    })
}

/// Keeps a checkpoint; lines by keys that did not sign the one of this size yet are added to it, unless a
/// time stamp was given for its bytes.
pub(super) fn keep(dir: &Path, signed: &Signed) -> Result<(), SignError> {
    let (size, origin) = (signed.checkpoint.size, signed.checkpoint.origin.as_str());
    let within = dir.join(KEPT);
    if !within.is_dir() {
        fs::create_dir_all(&within)?;
        File::open(dir)?.sync_all()?;
    }
    let path = within.join(size.to_string());
    let mut note = signed.note.clone();
    if let Some(known) = read(&path, &format!("{KEPT}/{size}"), origin)? {
        if known.note.text() != note.text() {
            return Err(SignError::OtherRoot { size });
        }
        if dir.join(STAMPS).join(format!("{size}.tsr")).exists() {
            return Ok(());
        }
        note = known.note;
        for line in signed.note.signatures() {
            let stands = |known: &Signature| known.name == line.name && known.id == line.id;
            if !note.signatures().iter().any(stands) {
                note.add(line.clone())?;
            }
        }
    }
    Ok(segment::replace(&path, &note.to_bytes())?)
}

/// Returns the checkpoints that are kept, smallest first.
pub(in crate::desk) fn kept(dir: &Path, origin: &str) -> Result<Vec<Signed>, SignError> {
    let mut kept = Vec::new();
    for size in kept_sizes(dir)? {
        kept.extend(read(&dir.join(KEPT).join(size.to_string()), &format!("{KEPT}/{size}"), origin)?);
    }
    Ok(kept)
}

/// Returns the largest checkpoint that is kept.
pub(super) fn newest_kept(dir: &Path, origin: &str) -> Result<Option<Signed>, SignError> {
    let Some(size) = kept_sizes(dir)?.pop() else { return Ok(None) };
    read(&dir.join(KEPT).join(size.to_string()), &format!("{KEPT}/{size}"), origin)
}

/// Returns the newest time at which a checkpoint was signed that was set aside; 0 where none was.
pub(super) fn lost_time(dir: &Path) -> io::Result<u64> {
    let entries = match fs::read_dir(dir.join(KEPT)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    let mut newest = 0;
    for entry in entries {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        let time = name.strip_prefix("lost-").and_then(|rest| rest.split('-').nth(1)?.parse().ok());
        newest = newest.max(time.unwrap_or(0));
    }
    Ok(newest)
}
