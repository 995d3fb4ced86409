//! What a leaf commits to, and how a body is kept so that it can be taken away.
//!
//! `commitment = SHA-256("demarche/body/v1\n" ‖ salt ‖ plaintext)`. The body is kept as AES-256-GCM with
//! nonce 0 over `salt ‖ plaintext` under `HMAC-SHA256(slot secret, "demarche/body/v1" ‖ commitment)`: the
//! key depends on text and salt, so a slot used again never repeats a keystream.

use aes_gcm::aead::{AeadInOut, KeyInit, Nonce};
use aes_gcm::{Aes256Gcm, Key};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::tlog::Hash;

/// What a sealed body has beyond its plaintext: 32 bytes of salt and 16 of tag.
pub(super) const OVERHEAD: usize = 48;

/// Returns the commitment to a salted plaintext.
pub(super) fn commitment(salt: &[u8; 32], plaintext: &[u8]) -> Hash {
    Sha256::new()
        .chain_update(b"demarche/body/v1\n")
        .chain_update(salt)
        .chain_update(plaintext)
        .finalize()
        .into()
}

fn cipher(secret: &[u8; 32], commitment: &Hash) -> Option<Aes256Gcm> {
    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(secret).ok()?;
    mac.update(b"demarche/body/v1");
    mac.update(commitment);
    let key = Zeroizing::new(<[u8; 32]>::from(mac.finalize().into_bytes()));
    Some(Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key)))
}

/// Returns the sealed form of a plaintext.
pub(super) fn seal(secret: &[u8; 32], commitment: &Hash, salt: &[u8; 32], plaintext: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::with_capacity(plaintext.len() + OVERHEAD);
    sealed.extend_from_slice(salt);
    sealed.extend_from_slice(plaintext);
    cipher(secret, commitment)
        .and_then(|cipher| cipher.encrypt_in_place(&Nonce::<Aes256Gcm>::default(), b"", &mut sealed).ok())
        .expect("a key of 32 bytes and a text below 64 GiB are always taken");
    sealed
}

/// Returns the salt and the plaintext, when the secret opens it and it is what was committed to.
pub(super) fn open(secret: &[u8; 32], commitment: &Hash, sealed: &[u8]) -> Option<([u8; 32], Vec<u8>)> {
    let mut bytes = Vec::new();
    let salt = *open_into(secret, commitment, sealed, &mut bytes)?.0;
    bytes.drain(..salt.len());
    Some((salt, bytes))
}

/// As [`open`], into memory that is used again.
pub(super) fn open_into<'room>(
    secret: &[u8; 32],
    commitment: &Hash,
    sealed: &[u8],
    room: &'room mut Vec<u8>,
) -> Option<(&'room [u8; 32], &'room [u8])> {
    room.clear();
    room.extend_from_slice(sealed);
    cipher(secret, commitment)?.decrypt_in_place(&Nonce::<Aes256Gcm>::default(), b"", room).ok()?;
    room.split_first_chunk()
}

/// Returns so many salts, drawn at once.
///
/// # Errors
///
/// Returns what the system said when it has no randomness.
pub(super) fn salts(count: usize) -> std::io::Result<Vec<[u8; 32]>> {
    let mut bytes = vec![0; count * 32];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(bytes.as_chunks::<32>().0.to_vec())
}

/// Fills 32 bytes with randomness of the system.
///
/// # Errors
///
/// Returns what the system said when it has none.
pub(super) fn random() -> std::io::Result<[u8; 32]> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(bytes)
}

/// Returns a name for a new log: `name` and eight random hexadecimal digits, never used again.
pub(in crate::store) fn new_log_id(name: &str) -> String {
    let [a, b, c, d, ..] = random().expect("the system has randomness");
    format!("{name}-{a:02x}{b:02x}{c:02x}{d:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_body_opens_with_its_secret_and_no_other(text in ".{0,200}", secret: [u8; 32], salt: [u8; 32]) {
            let commitment = commitment(&salt, text.as_bytes());
            let mut sealed = seal(&secret, &commitment, &salt, text.as_bytes());
            prop_assert_eq!(sealed.len(), text.len() + OVERHEAD);
            prop_assert_eq!(open(&secret, &commitment, &sealed), Some((salt, text.into_bytes())));
            let mut other = secret;
            other[0] ^= 1;
            prop_assert_eq!(open(&other, &commitment, &sealed), None);
            sealed[0] ^= 1;
            prop_assert_eq!(open(&secret, &commitment, &sealed), None);
        }
    }
}
