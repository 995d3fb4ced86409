//! How seeds are kept under a passphrase: AES-256-GCM under a key that Argon2id derives from it. Only this
//! file names the implementation of Argon2.

use std::fmt;
use std::io;

use aes_gcm::aead::{AeadInOut, KeyInit, Nonce};
use aes_gcm::{Aes256Gcm, Key};
use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

/// What opens a sealed key file; it is overwritten when it is dropped.
#[derive(Clone)]
pub struct Passphrase(Zeroizing<Vec<u8>>);

impl fmt::Debug for Passphrase {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Passphrase(..)")
    }
}

impl Passphrase {
    /// Returns the passphrase that a file holds: its bytes without the end of the last line; none when
    /// nothing is left.
    pub fn from_file(bytes: &[u8]) -> Option<Self> {
        let line = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        (!line.is_empty()).then(|| Self(Zeroizing::new(line.to_vec())))
    }
}

/// How much work it is to try one passphrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cost {
    pub(super) memory_kib: u32,
    pub(super) passes: u32,
    pub(super) lanes: u32,
}

impl Cost {
    /// What new files are sealed with: the second choice of RFC 9106.
    const STANDARD: Self = Self { memory_kib: 64 << 10, passes: 3, lanes: 4 };
    /// A file that asks for more is not opened: it would only keep the machine busy.
    const MAX: Self = Self { memory_kib: 4 << 20, passes: 64, lanes: 64 };

    pub(super) fn is_bearable(self) -> bool {
        (1..=Self::MAX.lanes).contains(&self.lanes)
            && (1..=Self::MAX.passes).contains(&self.passes)
            && (8 * self.lanes..=Self::MAX.memory_kib).contains(&self.memory_kib)
    }
}

/// Returns what Argon2id makes of a secret; none at a cost that it does not take.
pub(super) fn stretched(cost: Cost, salt: &[u8; 16], secret: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(32)).ok()?;
    let mut made = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(secret, salt, made.as_mut_slice())
        .ok()?;
    Some(made)
}

/// How the seeds of a file are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sealing {
    /// As they are.
    Open,
    /// Under a passphrase.
    Argon2id { cost: Cost, salt: [u8; 16] },
}

impl Sealing {
    /// Draws the salt for a new seal. A salt is used once, so that each key that is derived seals once, and
    /// the nonce may stand still.
    pub(super) fn draw() -> io::Result<Self> {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(io::Error::other)?;
        Ok(Self::Argon2id { cost: Cost::STANDARD, salt })
    }

    fn cipher(&self, passphrase: &Passphrase) -> Option<Aes256Gcm> {
        let Self::Argon2id { cost, salt } = self else { return None };
        let key = stretched(*cost, salt, &passphrase.0)?;
        Some(Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key)))
    }

    /// Returns the seeds under the passphrase; `head` is what stands above them and must not change.
    pub(super) fn seal(&self, passphrase: &Passphrase, head: &[u8], seeds: &[u8]) -> io::Result<Vec<u8>> {
        // Of its final length from the start: no copy of the seeds is left behind by growing.
        let mut sealed = Vec::with_capacity(seeds.len() + 16);
        sealed.extend_from_slice(seeds);
        self.cipher(passphrase)
            .and_then(|cipher| {
                cipher.encrypt_in_place(&Nonce::<Aes256Gcm>::default(), head, &mut sealed).ok()
            })
            .ok_or_else(|| io::Error::other("the passphrase gives no key"))?;
        Ok(sealed)
    }

    /// Returns the seeds; none when the passphrase is another, or anything was altered.
    pub(super) fn open(
        &self,
        passphrase: &Passphrase,
        head: &[u8],
        sealed: &[u8],
    ) -> Option<Zeroizing<Vec<u8>>> {
        let mut seeds = Zeroizing::new(sealed.to_vec());
        let cipher = self.cipher(passphrase)?;
        cipher.decrypt_in_place(&Nonce::<Aes256Gcm>::default(), head, &mut *seeds).ok()?;
        Some(seeds)
    }
}
