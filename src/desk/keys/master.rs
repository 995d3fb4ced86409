//! The file that holds a master key, under which the keys to the texts are: 64 hexadecimal digits and a line
//! feed, so that it can be printed, typed in again and put into a store of credentials.

use std::io;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

pub use crate::store::segment::MasterKey;

use crate::store::segment;

use crate::desk::error::DeskError;
use crate::desk::keys::place::{Handed, resolved};
use crate::desk::keys::{KeyFileError, disk};

/// Why a master key was not made or cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MasterFileError {
    /// Others than its owner can read it.
    #[error("the master key {} can be read by others than its owner (mode {mode:04o}), so it is not used", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// It is not as one is written.
    #[error("{} holds no master key: one is 64 hexadecimal digits and a line feed", .0.display())]
    Garbled(PathBuf),
    /// It lies beside what it locks.
    #[error("the master key {} lies within the data directory {}", path.display(), data.display())]
    WithinData {
        /// The file.
        path: PathBuf,
        /// The data directory.
        data: PathBuf,
    },
    /// It cannot be read.
    #[error("the master key cannot be read from {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It was not made.
    #[error(transparent)]
    Unmade(#[from] KeyFileError),
}

impl From<MasterFileError> for DeskError {
    fn from(error: MasterFileError) -> Self {
        let hint = match &error {
            MasterFileError::Exposed { path, .. } => {
                format!(
                    "`chmod 600 {}`; if others may have read it, put the log under another with `key master set`",
                    path.display()
                )
            }
            MasterFileError::Garbled(_) => "`demarche key master new FILE` makes one".to_owned(),
            MasterFileError::WithinData { .. } => {
                "keep it where no copy of the directory takes it along".to_owned()
            }
            MasterFileError::Unreadable { .. } => {
                "name the file with `--master-key-file FILE` or DEMARCHE_MASTER_KEY_FILE".to_owned()
            }
            MasterFileError::Unmade(KeyFileError::Exists(path)) => {
                format!("a log may need {}; name a new file", path.display())
            }
            MasterFileError::Unmade(_) => {
                let MasterFileError::Unmade(error) = error else {
                    return Self::Unavailable(error.to_string());
                };
                return error.into();
            }
        };
        Self::Refused { rule: error.to_string(), hints: vec![hint] }
    }
}

/// Draws a master key and makes a file of it, outside the data directory `data`, that only its owner can read.
///
/// # Errors
///
/// Returns [`MasterFileError`]; then there is no new file.
pub fn create(path: &Path, data: &Path) -> Result<MasterKey, MasterFileError> {
    check_outside(path, data)?;
    let mut drawn = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *drawn).map_err(|error| MasterFileError::Unreadable {
        path: path.to_owned(),
        source: io::Error::other(error),
    })?;
    disk::create(path, &spelt(&drawn))?;
    Ok(MasterKey::new(&drawn))
}

/// Reads a master key for the log in the data directory `data`.
pub(super) fn read(handed: &Handed, data: &Path) -> Result<MasterKey, MasterFileError> {
    let path = handed.path.clone();
    check_outside(&path, data)?;
    let unreadable = |source| MasterFileError::Unreadable { path: path.clone(), source };
    if let Some(mode) = handed.exposed().map_err(unreadable)? {
        return Err(MasterFileError::Exposed { path, mode });
    }
    let bytes = handed.bytes().map_err(unreadable)?;
    parse(&bytes).map(|key| MasterKey::new(&key)).ok_or(MasterFileError::Garbled(path))
}

fn check_outside(path: &Path, data: &Path) -> Result<(), MasterFileError> {
    let place = resolved(path);
    if place.starts_with(resolved(data)) {
        return Err(MasterFileError::WithinData { path: path.to_owned(), data: data.to_owned() });
    }
    // Whichever log a directory holds: a copy of it would take the key along.
    match place.ancestors().skip(1).find(|within| segment::is_log(within)) {
        Some(log) => Err(MasterFileError::WithinData { path: path.to_owned(), data: log.to_owned() }),
        None => Ok(()),
    }
}

fn spelt(key: &[u8; 32]) -> Zeroizing<Vec<u8>> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| DIGITS.get(usize::from(value)).copied().unwrap_or_default();
    let mut spelt = Zeroizing::new(Vec::with_capacity(65));
    for byte in key {
        spelt.extend([digit(byte >> 4), digit(byte & 15)]);
    }
    spelt.push(b'\n');
    spelt
}

/// Returns the key that is spelt; the end of the line may be missing or another.
fn parse(bytes: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let digits = line.strip_suffix(b"\r").unwrap_or(line);
    if digits.len() != 64 {
        return None;
    }
    let value = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let mut key = Zeroizing::new([0; 32]);
    for (byte, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = value(*high)? << 4 | value(*low)?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_key_is_read_as_it_was_spelt(key: [u8; 32]) {
            let spelt = spelt(&key);
            prop_assert_eq!(spelt.len(), 65);
            prop_assert_eq!(*parse(&spelt).unwrap(), key);
            prop_assert_eq!(*parse(&spelt.to_ascii_uppercase()[..64]).unwrap(), key);
            prop_assert!(parse(&spelt[1..]).is_none());
            prop_assert!(parse(&[spelt.as_slice(), b"\n"].concat()).is_none());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            prop_assert!(parse(&bytes).is_none());
        }
    }
}
