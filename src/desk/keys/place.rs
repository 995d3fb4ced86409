//! Where the keys of a log are, and what opens them: a directory, or what a supervisor hands over.

use std::fmt;
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use zeroize::Zeroizing;

use crate::desk::keys::master::{self, MasterFileError};
use crate::desk::keys::sealing::Passphrase;
use crate::desk::keys::{KeyFile, KeyFileError, Public, Role, disk, io_error, spelling};
use crate::store::segment::MasterKey;
use crate::tlog::key::KeyName;

/// Something secret that whoever starts the program hands over; it is read once.
#[derive(Clone)]
pub struct Handed {
    pub(super) path: PathBuf,
    // A file that others than its owner can read is refused; what a supervisor hands over is not looked at.
    guarded: bool,
    // A pipe gives what is in it once, and a log may be opened again.
    read: Arc<Mutex<Option<Zeroizing<Vec<u8>>>>>,
}

impl fmt::Debug for Handed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Handed").field(&self.path).finish()
    }
}

impl Handed {
    /// Returns what is in a file, or in a pipe that has a name.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), guarded: false, read: Arc::default() }
    }

    /// Returns what is in a file that nobody but its owner may be able to read.
    pub fn guarded(path: impl Into<PathBuf>) -> Self {
        Self { guarded: true, ..Self::file(path) }
    }

    /// Returns what comes from a descriptor that was open when the program began.
    pub fn descriptor(number: u32) -> Self {
        Self::file(format!("/dev/fd/{number}"))
    }

    /// Returns the mode of the file, where others than its owner can use it and must not.
    pub(super) fn exposed(&self) -> std::io::Result<Option<u32>> {
        if !self.guarded {
            return Ok(None);
        }
        let mode = std::fs::metadata(&self.path)?.mode() & 0o7777;
        Ok(Some(mode).filter(|mode| mode & 0o077 != 0))
    }

    pub(super) fn bytes(&self) -> std::io::Result<Zeroizing<Vec<u8>>> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bytes) = read.as_ref() {
            return Ok(bytes.clone());
        }
        let bytes = disk::read_all(File::open(&self.path)?)?;
        *read = Some(bytes.clone());
        Ok(bytes)
    }
}

/// Where keys are looked for, and what opens them.
///
/// The default is nowhere: a log is recorded in without being signed.
#[derive(Debug, Clone, Default)]
pub struct KeyPlace {
    /// The directory of the key files.
    pub directory: Option<PathBuf>,
    /// A key file that was handed over; it goes before the directory.
    pub handed: Option<Handed>,
    /// The passphrase.
    pub passphrase: Option<Handed>,
    /// The master key, under which the keys to the texts are.
    pub master: Option<Handed>,
}

/// A key file that was found.
#[derive(Debug)]
pub(in crate::desk) struct Found {
    pub(in crate::desk) file: KeyFile,
    /// Where it is; none when it was handed over, so that nothing can take its place.
    pub(in crate::desk) path: Option<PathBuf>,
}

impl KeyPlace {
    /// Tells whether keys are looked for at all.
    pub const fn is_somewhere(&self) -> bool {
        self.directory.is_some() || self.handed.is_some()
    }

    /// Returns a directory, without a passphrase.
    pub fn directory(path: impl Into<PathBuf>) -> Self {
        Self { directory: Some(path.into()), ..Self::default() }
    }

    /// Returns where the key file of `name` is, or would be.
    ///
    /// # Errors
    ///
    /// Returns [`KeyFileError::NoPlace`] when no directory is known.
    pub fn path_of(&self, name: &str) -> Result<PathBuf, KeyFileError> {
        let directory = self.directory.as_ref().ok_or(KeyFileError::NoPlace)?;
        // The names of witnesses may hold slashes.
        Ok(directory.join(format!("{}.key", name.replace('/', "_"))))
    }

    /// Returns where the mark of the log `name` is kept beside its keys; none when no directory is known.
    pub(in crate::desk) fn mark_of(&self, name: &str) -> Option<PathBuf> {
        Some(self.path_of(name).ok()?.with_extension("mark"))
    }

    /// Tells whether there are keys of `name`, without reading them.
    pub(in crate::desk) fn has_keys_of(&self, name: &str) -> bool {
        self.handed.is_some() || self.path_of(name).is_ok_and(|path| path.exists())
    }

    /// Returns what anyone may know of the keys of the log `name`; none where none are at hand, or they cannot be
    /// read by whoever asks.
    pub(in crate::desk) fn public(&self, name: &str) -> Option<Public> {
        let public = match &self.handed {
            Some(handed) => spelling::parse(&handed.path, &handed.bytes().ok()?).ok()?.public,
            None => KeyFile::public_of(&self.path_of(name).ok()?).ok()?,
        };
        (public.role == Role::Log && public.name == *name).then_some(public)
    }

    /// Returns the passphrase that was given; none when none was.
    ///
    /// # Errors
    ///
    /// Returns [`KeyFileError::Passphrase`] when one was, but cannot be read or is empty.
    pub fn passphrase(&self) -> Result<Option<Passphrase>, KeyFileError> {
        let Some(handed) = &self.passphrase else { return Ok(None) };
        let failed = |what: String| KeyFileError::Passphrase { path: handed.path.clone(), what };
        let bytes = handed.bytes().map_err(|error| failed(error.to_string()))?;
        Passphrase::from_file(&bytes).map(Some).ok_or_else(|| failed("it is empty".to_owned()))
    }

    /// Returns the master key that was given for the log in `data`; none when none was.
    ///
    /// # Errors
    ///
    /// Returns [`MasterFileError`] when one was, but cannot be used.
    pub fn master(&self, data: &Path) -> Result<Option<MasterKey>, MasterFileError> {
        self.master.as_ref().map(|handed| master::read(handed, data)).transpose()
    }

    /// Refuses keys that would lie in the data directory `data`.
    ///
    /// # Errors
    ///
    /// Returns [`KeyFileError::WithinData`], and [`KeyFileError::NoPlace`] when no directory is known.
    pub fn check_outside(&self, data: &Path) -> Result<(), KeyFileError> {
        let keys = self.directory.as_ref().ok_or(KeyFileError::NoPlace)?;
        if resolved(keys).starts_with(resolved(data)) {
            return Err(KeyFileError::WithinData { keys: keys.clone(), data: data.to_owned() });
        }
        Ok(())
    }

    /// Makes the directory, readable by its owner alone, where it does not exist.
    ///
    /// # Errors
    ///
    /// Returns [`KeyFileError::Io`], and [`KeyFileError::NoPlace`] when no directory is known.
    pub fn make(&self) -> Result<(), KeyFileError> {
        disk::make_dir(self.directory.as_ref().ok_or(KeyFileError::NoPlace)?)
    }

    /// Makes new keys in the directory, which is made where it does not exist.
    ///
    /// # Errors
    ///
    /// Returns why there are none.
    pub fn create(&self, role: Role, name: &KeyName) -> Result<(KeyFile, PathBuf), KeyFileError> {
        let path = self.path_of(name.as_str())?;
        let passphrase = self.passphrase()?;
        Ok((KeyFile::create(&path, role, name, passphrase.as_ref())?, path))
    }

    /// Seals the keys of the log `name` under the passphrase of `new`, or under none, and returns where they are.
    ///
    /// # Errors
    ///
    /// Returns why not; then the key file is as it was.
    pub fn change_passphrase(&self, name: &str, new: &Self) -> Result<PathBuf, KeyFileError> {
        let path = self.path_of(name)?;
        let file = KeyFile::load(&path, self.passphrase()?.as_ref())?.of_whom(&path, Role::Log, name)?;
        file.reseal(&path, new.passphrase()?.as_ref())?;
        Ok(path)
    }

    /// Reads the keys of `role` and `name`: those that were handed over, else those in the directory.
    ///
    /// # Errors
    ///
    /// Returns why there are none; of keys within the data directory `data`, that they must not be there.
    pub(in crate::desk) fn load(&self, role: Role, name: &str, data: &Path) -> Result<Found, KeyFileError> {
        let passphrase = self.passphrase()?;
        if let Some(handed) = &self.handed {
            let path = &handed.path;
            let bytes = handed.bytes().map_err(io_error(path, "read"))?;
            let file = KeyFile::parse(path, &bytes, passphrase.as_ref())?.of_whom(path, role, name)?;
            return Ok(Found { file, path: None });
        }
        let path = self.path_of(name)?;
        let file = KeyFile::load(&path, passphrase.as_ref())?.of_whom(&path, role, name)?;
        self.check_outside(data)?;
        Ok(Found { file, path: Some(path) })
    }
}

/// Returns what a path stands for, as far as it exists, and the rest as it is written.
pub(super) fn resolved(path: &Path) -> PathBuf {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    for existing in whole.ancestors() {
        if let Ok(real) = existing.canonicalize() {
            return match whole.strip_prefix(existing) {
                Ok(rest) if !rest.as_os_str().is_empty() => real.join(rest),
                Ok(_) | Err(_) => real,
            };
        }
    }
    whole
}
