//! Attachments: files named by their salted commitment, sealed as bodies are, each under a secret of its own.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::store::leaf::HexHash;
use crate::store::segment::files::{self, BESIDE, Disk};
use crate::store::segment::master::Masters;
use crate::store::{ReadError, seal};
use crate::tlog::Hash;

/// A salt and the bytes that it was committed to with.
type Opened = ([u8; 32], Vec<u8>);

/// The attachments of a log.
pub(super) struct Attachments {
    dir: PathBuf,
    masters: Masters,
}

impl Attachments {
    pub(super) fn new(dir: &Path, masters: Masters) -> Self {
        Self { dir: dir.to_owned(), masters }
    }

    /// Stores an attachment durably, and returns its commitment.
    pub(super) fn store(&self, salt: &[u8; 32], bytes: &[u8]) -> io::Result<Hash> {
        let commitment = seal::commitment(salt, bytes);
        if self.has(&commitment) {
            return Ok(commitment);
        }
        let secret = Zeroizing::new(seal::random()?);
        let sealed = seal::seal(&secret, &commitment, salt, bytes);
        let (secret_path, path) =
            (self.dir.join(secret_name(&commitment)), self.dir.join(file_name(&commitment)));
        for path in [&secret_path, &path] {
            self.make_dirs(path.parent().unwrap_or(&self.dir))?;
        }
        // The secret first: with the file the attachment is there.
        let wrapping = self.masters.wrapping();
        files::replace(&secret_path, &wrapping.wrap(&key_name(&commitment), &secret)?)?;
        drop(wrapping);
        files::replace(&path, &sealed)?;
        Ok(commitment)
    }

    fn make_dirs(&self, dir: &Path) -> io::Result<()> {
        if dir.is_dir() {
            return Ok(());
        }
        fs::create_dir_all(dir)?;
        let mut made = dir;
        while let Some(parent) = made.parent().filter(|_| made != self.dir) {
            files::sync_dir(parent)?;
            made = parent;
        }
        Ok(())
    }

    /// Tells whether it is stored.
    pub(super) fn has(&self, commitment: &Hash) -> bool {
        self.dir.join(file_name(commitment)).is_file()
    }

    /// Returns salt and bytes of an attachment; none when it is not stored or no longer opens.
    pub(super) fn get(&self, commitment: &Hash) -> Result<Option<Opened>, ReadError> {
        let Some(sealed) = self.read(&file_name(commitment))? else { return Ok(None) };
        let Some(secret) = self.read(&secret_name(commitment))?.map(Zeroizing::new) else { return Ok(None) };
        let Ok(secret) = self.masters.open(&key_name(commitment), &secret) else { return Ok(None) };
        Ok(seal::open(&secret, commitment, &sealed)
            .filter(|(salt, bytes)| seal::commitment(salt, bytes) == *commitment))
    }

    /// Tells whether anything of it is there.
    pub(super) fn is_there(&self, commitment: &Hash) -> bool {
        [secret_name(commitment), file_name(commitment)].iter().any(|name| self.dir.join(name).exists())
    }

    /// Overwrites and removes an attachment and its secret, durably.
    pub(super) fn destroy(&self, disk: &dyn Disk, commitment: &Hash) -> io::Result<()> {
        for name in [secret_name(commitment), file_name(commitment)] {
            // What a crash left beside it holds the same.
            for path in [self.dir.join(format!("{name}{BESIDE}")), self.dir.join(name)] {
                if path.exists() {
                    files::destroy(disk, &path)?;
                    disk.sync_dir(path.parent().unwrap_or(&self.dir))?;
                }
            }
        }
        Ok(())
    }

    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, ReadError> {
        files::read(&self.dir.join(name))
            .map_err(|error| ReadError::Io { file: name.to_owned(), what: error.to_string() })
    }
}

/// Returns where an attachment stands within the data directory.
pub(super) fn file_name(commitment: &Hash) -> String {
    let digits = HexHash(*commitment).to_string();
    let (first, rest) = digits.split_at(2);
    format!("files/{first}/{rest}")
}

fn secret_name(commitment: &Hash) -> String {
    format!("secrets/{}", key_name(commitment))
}

/// Returns where its secret stands within the directory of the secrets.
fn key_name(commitment: &Hash) -> String {
    format!("files/{}", HexHash(*commitment))
}
