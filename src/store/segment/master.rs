//! The key over the keys: where the operator sets one, every key file under `secrets/` is wrapped under it.
//!
//! ```text
//! bare      32 bytes: the key
//! wrapped   76 bytes: DmKeyW1\n · id of the master key (8) · nonce (12) · key and tag (48)
//! ```
//! A wrapped file is AES-256-GCM with the first 16 bytes and its own name as associated data, so that it
//! cannot stand in for another.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use aes_gcm::aead::{AeadInOut, KeyInit, Nonce};
use aes_gcm::{Aes256Gcm, Key};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::store::segment::files;

/// A key of a block of secrets or of an attachment.
pub(super) type SecretKey = Zeroizing<[u8; 32]>;

const MAGIC: &[u8; 8] = b"DmKeyW1\n";
/// Bytes of a bare key file.
pub(super) const BARE_BYTES: u64 = 32;
/// Bytes of a wrapped one.
pub(super) const WRAPPED_BYTES: u64 = 8 + 8 + 12 + 32 + 16;

/// The key that wraps the keys under `secrets/`; it is kept outside the data directory.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey(Zeroizing<[u8; 32]>);

/// Names a master key without telling it.
pub(super) type KeyId = [u8; 8];

impl MasterKey {
    /// Returns the master key of 32 secret bytes, drawn at random or derived from a passphrase.
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(Zeroizing::new(*bytes))
    }

    /// Returns what names the key in the files that it wraps: the first 8 bytes of
    /// `SHA-256("demarche/master-key/v1\n" ‖ key)`.
    pub fn id(&self) -> [u8; 8] {
        let digest: [u8; 32] =
            Sha256::new().chain_update(b"demarche/master-key/v1\n").chain_update(*self.0).finalize().into();
        digest.first_chunk().copied().unwrap_or_default()
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new(&Key::<Aes256Gcm>::from(*self.0))
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("MasterKey")
    }
}

/// What the keys under `secrets/` are wrapped under, shared by all who read and write them.
#[derive(Clone, Default)]
pub(super) struct Masters {
    keys: Arc<RwLock<Keys>>,
    /// A key that nothing needs is no mistake: the log is about to be put under another.
    changing: bool,
}

#[derive(Default)]
struct Keys {
    /// Wraps what is written.
    current: Option<MasterKey>,
    /// Opens what was written before.
    earlier: Vec<MasterKey>,
}

/// Why a key file does not give its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyFault {
    /// It is wrapped, and no master key was given.
    Needed,
    /// It is wrapped under a master key that was not given.
    Wrong,
    /// A master key was given, and no key is wrapped.
    Unused,
    /// It is not as it was written.
    Garbled,
}

/// The right to write key files under the current master key, until it is dropped.
pub(super) struct Wrapping<'a>(RwLockReadGuard<'a, Keys>);

impl Masters {
    /// All of `keys` open what is there. What is written is wrapped as [`Masters::settle`] says; before
    /// that under the first.
    pub(super) fn new(keys: Vec<MasterKey>) -> Self {
        let mut keys = keys.into_iter();
        let keys = Keys { current: keys.next(), earlier: keys.collect() };
        Self { keys: Arc::new(RwLock::new(keys)), changing: false }
    }

    /// As [`Masters::new`], to put the log under another master key: of those given none need be in use.
    pub(super) fn to_change(keys: Vec<MasterKey>) -> Self {
        Self { changing: true, ..Self::new(keys) }
    }

    /// Wraps what is written as what is there: under the key `to` which a change was on its way, else under
    /// the first that wraps some key. Where nothing is there yet, the first that was given wraps.
    pub(super) fn settle(&self, used: &BTreeSet<Option<KeyId>>, to: Option<KeyId>) -> Result<(), KeyFault> {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<MasterKey> = keys.current.iter().chain(&keys.earlier).cloned().collect();
        if used.is_empty() || all.is_empty() {
            return Ok(());
        }
        let is = |id: KeyId| move |key: &MasterKey| key.id() == id;
        let place = to
            .and_then(|to| all.iter().position(is(to)))
            .or_else(|| all.iter().position(|key| used.contains(&Some(key.id()))));
        if place.is_none() && !self.changing {
            return Err(KeyFault::Unused);
        }
        let current = place.map(|place| all.remove(place));
        *keys = Keys { current, earlier: all };
        Ok(())
    }

    /// Returns the master key that wraps what is written.
    pub(super) fn current(&self) -> Option<MasterKey> {
        self.keys().current.clone()
    }

    /// Returns the master key of this id, where it was given.
    pub(super) fn find(&self, id: KeyId) -> Option<MasterKey> {
        self.keys().of(id).ok()
    }

    fn keys(&self) -> RwLockReadGuard<'_, Keys> {
        self.keys.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the current master key current until the files that are wrapped under it are written.
    pub(super) fn wrapping(&self) -> Wrapping<'_> {
        Wrapping(self.keys())
    }

    /// Makes another master key, or none, the current one; waits for those who write under the one before,
    /// which still opens what it wrapped.
    pub(super) fn change(&self, to: Option<MasterKey>) {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut keys.current, to);
        keys.earlier.extend(before);
    }

    /// Forgets the master keys that wrap nothing any more.
    pub(super) fn changed(&self) {
        self.keys.write().unwrap_or_else(PoisonError::into_inner).earlier.clear();
    }

    /// Returns under which of the given master keys a key file is, as far as its first bytes say; none where
    /// it is bare.
    pub(super) fn check(&self, bytes: &[u8]) -> Result<Option<KeyId>, KeyFault> {
        let Some((id, _)) = wrapped(bytes) else { return Ok(None) };
        self.keys().of(*id).map(|_| Some(*id))
    }

    /// Tells whether a key file is as the current master key, or its absence, would have it.
    pub(super) fn is_current(&self, bytes: &[u8]) -> bool {
        let current = self.keys().current.as_ref().map(MasterKey::id);
        current == wrapped(bytes).map(|(id, _)| *id)
    }

    /// Returns the key that a key file holds; `name` is its place within `secrets/`.
    pub(super) fn open(&self, name: &str, bytes: &[u8]) -> Result<SecretKey, KeyFault> {
        let Some((id, rest)) = wrapped(bytes) else {
            return <[u8; 32]>::try_from(bytes).map(Zeroizing::new).map_err(|_| KeyFault::Garbled);
        };
        let master = self.keys().of(*id)?;
        let opened = || {
            let (nonce, sealed) = rest.split_first_chunk::<12>()?;
            let mut key = Zeroizing::new(sealed.to_vec());
            let nonce = Nonce::<Aes256Gcm>::from(*nonce);
            master.cipher().decrypt_in_place(&nonce, &associated(*id, name), &mut *key).ok()?;
            <[u8; 32]>::try_from(key.as_slice()).ok().map(Zeroizing::new)
        };
        opened().ok_or(KeyFault::Garbled)
    }
}

impl Keys {
    fn of(&self, id: KeyId) -> Result<MasterKey, KeyFault> {
        let mut all = self.current.iter().chain(&self.earlier).peekable();
        if all.peek().is_none() {
            return Err(KeyFault::Needed);
        }
        all.find(|key| key.id() == id).cloned().ok_or(KeyFault::Wrong)
    }
}

impl Wrapping<'_> {
    /// Returns the bytes of a key file.
    ///
    /// # Errors
    ///
    /// Returns what the system said when it has no randomness.
    pub(super) fn wrap(&self, name: &str, key: &[u8; 32]) -> io::Result<Zeroizing<Vec<u8>>> {
        let Some(master) = &self.0.current else { return Ok(Zeroizing::new(key.to_vec())) };
        let id = master.id();
        let mut nonce = [0; 12];
        getrandom::fill(&mut nonce).map_err(io::Error::other)?;
        let mut sealed = Zeroizing::new(Vec::with_capacity(48));
        sealed.extend_from_slice(key);
        master
            .cipher()
            .encrypt_in_place(&Nonce::<Aes256Gcm>::from(nonce), &associated(id, name), &mut *sealed)
            .map_err(|_| io::Error::other("a key could not be wrapped"))?;
        Ok(Zeroizing::new([MAGIC.as_slice(), &id, &nonce, &sealed].concat()))
    }
}

fn associated(id: KeyId, name: &str) -> Vec<u8> {
    [MAGIC.as_slice(), &id, name.as_bytes()].concat()
}

/// Returns the id of the master key that wraps a key file, and what follows it; none where it is bare.
pub(super) fn wrapped(bytes: &[u8]) -> Option<(&KeyId, &[u8])> {
    if bytes.len() as u64 != WRAPPED_BYTES {
        return None;
    }
    bytes.strip_prefix(MAGIC)?.split_first_chunk()
}

/// Wraps a key file anew where it is not under the current master key; what stood there is overwritten.
///
/// # Errors
///
/// [`io::ErrorKind::InvalidData`] says that the file does not open: damage. The key is in the file as it was
/// or as it is to be, whatever happens.
pub(super) fn rewrap(
    masters: &Masters,
    disk: &dyn files::Disk,
    path: &std::path::Path,
    name: &str,
) -> io::Result<()> {
    let Some(bytes) = files::read(path)?.map(Zeroizing::new) else { return Ok(()) };
    if masters.is_current(&bytes) {
        return Ok(());
    }
    let key = masters
        .open(name, &bytes)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, format!("the key `{name}` does not open")))?;
    // The name moves on to another file; what this one holds would stay behind on the disk.
    let before = std::fs::OpenOptions::new().write(true).open(path)?;
    files::replace_private_on(disk, path, &masters.wrapping().wrap(name, &key)?)?;
    disk.write_at(&before, &vec![0; bytes.len()], 0)?;
    disk.sync(&before)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn masters(keys: &[u8]) -> Masters {
        Masters::new(keys.iter().map(|byte| MasterKey::new(&[*byte; 32])).collect())
    }

    #[test]
    fn a_wrapped_key_opens_under_its_master_key_and_its_name_alone() {
        let key = [9; 32];
        let file = masters(&[1]).wrapping().wrap("keys/00000000.key", &key).unwrap();
        assert_eq!(file.len() as u64, WRAPPED_BYTES);
        let open = |keys: &[u8], name: &str| masters(keys).open(name, &file).map(|key| *key);
        assert_eq!(open(&[1], "keys/00000000.key"), Ok(key));
        assert_eq!(open(&[2, 1], "keys/00000000.key"), Ok(key));
        assert_eq!(open(&[1], "keys/00000001.key"), Err(KeyFault::Garbled));
        assert_eq!(open(&[2], "keys/00000000.key"), Err(KeyFault::Wrong));
        assert_eq!(open(&[], "keys/00000000.key"), Err(KeyFault::Needed));
        let bare = masters(&[]).wrapping().wrap("keys/00000000.key", &key).unwrap();
        assert_eq!(bare.as_slice(), key);
        assert_eq!(masters(&[1]).open("any", &bare).map(|key| *key), Ok(key));
    }

    proptest! {
        #[test]
        fn no_flipped_bit_of_a_wrapped_key_goes_unseen(bit in 0usize..76 * 8) {
            let mut file = masters(&[1]).wrapping().wrap("name", &[9; 32]).unwrap();
            file[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(masters(&[1]).open("name", &file).is_err());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = masters(&[1]).open("name", &bytes);
            let _ = masters(&[1]).open("name", &[MAGIC.as_slice(), &bytes].concat());
        }
    }
}
