//! The files that hold keys: of a log, a witness or an author. Each keeps the seeds of its keys, in the open
//! or under a passphrase, and is read by nobody but its owner.
//!
//! Invariant: no key file lies in a data directory, so that whoever gets a copy of the record cannot sign it.

mod disk;
mod error;
pub mod master;
pub(in crate::desk) mod password;
pub mod place;
mod sealing;
mod spelling;
pub mod table;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::path::Path;

use zeroize::Zeroizing;

pub use error::KeyFileError;
pub use sealing::Passphrase;

use crate::desk::keys::sealing::Sealing;
use crate::tlog::key::{KeyName, SeedSigner, SignatureType, Signer, VerifierKey};

/// The secret half of a key.
pub(in crate::desk) type Seed = Zeroizing<[u8; 32]>;

/// What the keys of a file are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A log signs its checkpoints, and says when: two keys, of types 0x01 and 0x04.
    Log,
    /// A witness cosigns the checkpoints of others: one key, of type 0x04.
    Witness,
    /// An author signs what they submit: one key, of type 0x01.
    Author,
}

impl Role {
    /// Returns the types of the keys, in their order.
    pub const fn kinds(self) -> &'static [SignatureType] {
        match self {
            Self::Log => &[SignatureType::Ed25519, SignatureType::CosignatureV1],
            Self::Witness => &[SignatureType::CosignatureV1],
            Self::Author => &[SignatureType::Ed25519],
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Witness => "witness",
            Self::Author => "author",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::Log, Self::Witness, Self::Author].into_iter().find(|role| role.word() == word)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.word())
    }
}

/// The keys of a log, a witness or an author, with their secret halves.
///
/// The seeds are overwritten when it is dropped.
pub struct KeyFile {
    role: Role,
    name: KeyName,
    // Invariant: one for each of the role's kinds, in their order; `keys` are the public halves.
    seeds: Vec<Seed>,
    keys: Vec<VerifierKey>,
}

impl fmt::Debug for KeyFile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("KeyFile").field("keys", &self.keys).finish_non_exhaustive()
    }
}

/// What anyone may know of a key file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Public {
    /// What the keys are for.
    pub role: Role,
    /// Whose they are.
    pub name: KeyName,
    /// The keys that verify.
    pub keys: Vec<VerifierKey>,
    /// Whether a passphrase is needed to sign with them.
    pub sealed: bool,
}

impl KeyFile {
    /// Draws new keys and makes a file of them that only its owner can read; its directory is made where it
    /// does not exist.
    ///
    /// # Errors
    ///
    /// Returns [`KeyFileError::Exists`] when there is a file of that name; after any error there is no new
    /// one.
    pub fn create(
        path: &Path,
        role: Role,
        name: &KeyName,
        passphrase: Option<&Passphrase>,
    ) -> Result<Self, KeyFileError> {
        let file = Self::draw(role, name).map_err(io_error(path, "draw keys for"))?;
        disk::create(path, &file.bytes(passphrase).map_err(io_error(path, "seal"))?)?;
        Ok(file)
    }

    /// Draws new keys.
    pub(in crate::desk) fn draw(role: Role, name: &KeyName) -> io::Result<Self> {
        let mut seeds = Vec::new();
        for _ in role.kinds() {
            let mut seed = Seed::default();
            getrandom::fill(seed.as_mut_slice()).map_err(io::Error::other)?;
            seeds.push(seed);
        }
        Ok(Self::of(role, name, seeds))
    }

    fn of(role: Role, name: &KeyName, seeds: Vec<Seed>) -> Self {
        let key =
            |(kind, seed): (&SignatureType, &Seed)| SeedSigner::new(name.clone(), *kind, seed).key().clone();
        let keys = role.kinds().iter().zip(&seeds).map(key).collect();
        Self { role, name: name.clone(), seeds, keys }
    }

    /// Reads a key file.
    ///
    /// # Errors
    ///
    /// Returns [`KeyFileError::Exposed`] when others than its owner can read it, and otherwise why it cannot
    /// be used.
    pub fn load(path: &Path, passphrase: Option<&Passphrase>) -> Result<Self, KeyFileError> {
        Self::parse(path, &disk::read_guarded(path)?, passphrase)
    }

    /// Reads the bytes of a key file that came from `path`: a descriptor, a credential.
    ///
    /// # Errors
    ///
    /// Returns why it cannot be used.
    pub fn parse(path: &Path, bytes: &[u8], passphrase: Option<&Passphrase>) -> Result<Self, KeyFileError> {
        let spelt = spelling::parse(path, bytes)?;
        let seeds = match (&spelt.sealing, passphrase) {
            (Sealing::Open, _) => spelt.seeds.clone(),
            (Sealing::Argon2id { .. }, None) => return Err(KeyFileError::NoPassphrase(path.to_owned())),
            (Sealing::Argon2id { .. }, Some(passphrase)) => spelt
                .sealing
                .open(passphrase, spelt.head.as_bytes(), &spelt.seeds)
                .ok_or_else(|| KeyFileError::WrongPassphrase(path.to_owned()))?,
        };
        let garbled = |what: &str| KeyFileError::Garbled { path: path.to_owned(), what: what.to_owned() };
        let (seeds, rest) = seeds.as_chunks::<32>();
        if !rest.is_empty() || seeds.len() != spelt.public.role.kinds().len() {
            return Err(garbled("it has not one seed for each key"));
        }
        let seeds = seeds.iter().map(|seed| Zeroizing::new(*seed)).collect();
        let file = Self::of(spelt.public.role, &spelt.public.name, seeds);
        if file.keys != spelt.public.keys {
            return Err(garbled("its seeds are not those of its keys"));
        }
        Ok(file)
    }

    /// Reads what anyone may know of a key file; no passphrase is needed.
    ///
    /// # Errors
    ///
    /// As [`KeyFile::load`].
    pub fn public_of(path: &Path) -> Result<Public, KeyFileError> {
        Ok(spelling::parse(path, &disk::read_guarded(path)?)?.public)
    }

    /// Seals the keys anew, under another passphrase or none, in the place of the file; what was there is
    /// overwritten.
    ///
    /// # Errors
    ///
    /// Returns [`KeyFileError::Io`]; then either the old file or the new one is there, whole.
    pub fn reseal(&self, path: &Path, passphrase: Option<&Passphrase>) -> Result<(), KeyFileError> {
        let bytes = self.bytes(passphrase).map_err(io_error(path, "seal"))?;
        disk::write_beside(path, disk::NEXT, &bytes)?;
        disk::replace_beside(path)
    }

    /// Returns the bytes of the file.
    pub(in crate::desk) fn bytes(&self, passphrase: Option<&Passphrase>) -> io::Result<Zeroizing<Vec<u8>>> {
        let sealing = match passphrase {
            Some(_) => Sealing::draw()?,
            None => Sealing::Open,
        };
        let public = Public {
            role: self.role,
            name: self.name.clone(),
            keys: self.keys.clone(),
            sealed: passphrase.is_some(),
        };
        let head = spelling::head(&public, &sealing);
        let mut seeds = Zeroizing::new(Vec::with_capacity(self.seeds.len() * 32));
        self.seeds.iter().for_each(|seed| seeds.extend_from_slice(seed.as_slice()));
        let kept = match passphrase {
            Some(passphrase) => Zeroizing::new(sealing.seal(passphrase, head.as_bytes(), &seeds)?),
            None => seeds,
        };
        Ok(spelling::bytes(&head, &kept))
    }

    /// Puts the keys beside the file of which they are to take the place.
    pub(in crate::desk) fn write_next(
        &self,
        path: &Path,
        passphrase: Option<&Passphrase>,
    ) -> Result<(), KeyFileError> {
        disk::write_beside(path, disk::NEXT, &self.bytes(passphrase).map_err(io_error(path, "seal"))?)
    }

    /// Reads the keys that wait beside a file to take its place; none when none do.
    pub(in crate::desk) fn load_next(
        path: &Path,
        passphrase: Option<&Passphrase>,
    ) -> Result<Option<Self>, KeyFileError> {
        match Self::load(&disk::beside(path, disk::NEXT), passphrase) {
            Ok(next) => Ok(Some(next)),
            Err(KeyFileError::Absent(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Puts the keys that wait beside a file in its place, and overwrites those that were there.
    pub(in crate::desk) fn take_next(path: &Path) -> Result<(), KeyFileError> {
        disk::replace_beside(path)
    }

    /// Overwrites the keys that wait beside a file.
    pub(in crate::desk) fn drop_next(path: &Path) -> Result<(), KeyFileError> {
        disk::drop_next(path)
    }

    /// Overwrites and removes a key file that nothing will ever be signed with.
    pub(in crate::desk) fn discard(path: &Path) -> Result<(), KeyFileError> {
        disk::wipe(path)
    }

    /// Ends what was cut off while another file took the place of this one.
    pub(in crate::desk) fn tidy(path: &Path) -> Result<(), KeyFileError> {
        disk::tidy(path)
    }

    /// Returns what the keys are for.
    pub const fn role(&self) -> Role {
        self.role
    }

    /// Returns whose keys they are: of a log, its origin.
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// Returns the keys that verify, in the order of the role's kinds.
    pub fn keys(&self) -> &[VerifierKey] {
        &self.keys
    }

    /// Returns what signs, in the order of the role's kinds.
    pub fn signers(&self) -> Vec<Box<dyn Signer>> {
        let signer = |(kind, seed): (&SignatureType, &Seed)| {
            Box::new(SeedSigner::new(self.name.clone(), *kind, seed)) as Box<dyn Signer>
        };
        self.role.kinds().iter().zip(&self.seeds).map(signer).collect()
    }

    /// Returns it, when it holds the keys of `role` and `name`.
    ///
    /// # Errors
    ///
    /// Returns [`KeyFileError::Other`] when they are of something else.
    pub fn of_whom(self, path: &Path, role: Role, name: &str) -> Result<Self, KeyFileError> {
        if self.role == role && self.name == *name {
            return Ok(self);
        }
        Err(KeyFileError::Other { path: path.to_owned(), role: self.role, name: self.name.clone() })
    }
}

fn io_error(path: &Path, doing: &'static str) -> impl Fn(io::Error) -> KeyFileError {
    move |source| KeyFileError::Io { path: path.to_owned(), doing, source }
}
