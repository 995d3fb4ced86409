//! What is kept of the secrets with which people and programs come in: of a password what Argon2id makes of it,
//! of what was drawn a hash alone.

use std::io;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::desk::keys::sealing::{Cost, stretched};
use crate::store::leaf::HexHash;

/// What new passwords are kept with: the second choice of OWASP, so that several at once fit into memory.
#[cfg(not(test))]
const COST: Cost = Cost { memory_kib: 19 << 10, passes: 2, lanes: 1 };
/// Tests try many.
#[cfg(test)]
const COST: Cost = Cost { memory_kib: 8, passes: 1, lanes: 1 };
/// Letters that nobody takes for another: 32, so that each is worth five bits.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// How many of them a drawn password has, in groups of five: a hundred bits.
const LETTERS_DRAWN: usize = 20;

/// What is kept of a password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::desk) struct Hashed {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: uuid::Uuid,
    hash: HexHash,
}

impl Hashed {
    /// Returns what is to be kept of a password.
    ///
    /// # Errors
    ///
    /// Returns what the system says when it gives no random bytes.
    pub(in crate::desk) fn of(password: &str) -> io::Result<Self> {
        let salt = uuid::Uuid::from_bytes(*drawn::<16>()?);
        let hash = stretched(COST, salt.as_bytes(), password.as_bytes())
            .ok_or_else(|| io::Error::other("the password gives no hash"))?;
        let Cost { memory_kib, passes, lanes } = COST;
        Ok(Self { memory_kib, passes, lanes, salt, hash: HexHash(*hash) })
    }

    /// Returns what no password is, and what costs as much to try as any other.
    pub(in crate::desk) fn of_nobody() -> Self {
        let Cost { memory_kib, passes, lanes } = COST;
        Self { memory_kib, passes, lanes, salt: uuid::Uuid::nil(), hash: HexHash([0; 32]) }
    }

    /// Tells whether it is this password, in a time that does not tell how nearly.
    pub(in crate::desk) fn is(&self, password: &str) -> bool {
        let cost = Cost { memory_kib: self.memory_kib, passes: self.passes, lanes: self.lanes };
        if !cost.is_bearable() {
            return false;
        }
        stretched(cost, self.salt.as_bytes(), password.as_bytes())
            .is_some_and(|made| same(&made, &self.hash.0))
    }
}

/// Tells whether two hashes are the same, in a time that does not tell where they differ.
fn same(one: &[u8; 32], other: &[u8; 32]) -> bool {
    std::hint::black_box(one.iter().zip(other).fold(0, |differ, (one, other)| differ | (one ^ other))) == 0
}

/// Returns the hash of a secret that was drawn, by which it is known again.
pub(in crate::desk) fn fingerprint(secret: &str) -> HexHash {
    HexHash(Sha256::digest(secret.as_bytes()).into())
}

/// Draws bytes that nobody can guess.
///
/// # Errors
///
/// Returns what the system says when it gives none.
pub(in crate::desk) fn drawn<const N: usize>() -> io::Result<Zeroizing<[u8; N]>> {
    let mut bytes = Zeroizing::new([0; N]);
    getrandom::fill(bytes.as_mut_slice()).map_err(io::Error::other)?;
    Ok(bytes)
}

/// Draws a secret of 256 bits that begins with what tells its sort: `des_…`.
///
/// # Errors
///
/// As [`drawn`].
pub(in crate::desk) fn drawn_secret(sort: &str) -> io::Result<String> {
    Ok(format!("{sort}{}", HexHash(*drawn::<32>()?)))
}

/// Draws a password to be read out or written down.
///
/// # Errors
///
/// As [`drawn`].
pub(in crate::desk) fn drawn_password() -> io::Result<String> {
    let bytes = drawn::<LETTERS_DRAWN>()?;
    let mut password = String::with_capacity(LETTERS_DRAWN + 3);
    for (place, byte) in bytes.iter().enumerate() {
        if place > 0 && place.is_multiple_of(5) {
            password.push('-');
        }
        password.extend(LETTERS.get(usize::from(byte % 32)).map(|letter| char::from(*letter)));
    }
    Ok(password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_again_and_no_other_is() {
        let kept = Hashed::of("청와대 뒷산의 소나무").unwrap();
        assert!(kept.is("청와대 뒷산의 소나무"));
        for other in ["", "청와대 뒷산의 소나무 ", "청와대 뒷산의 소나"] {
            assert!(!kept.is(other), "{other}");
        }
        let json = serde_json::to_string(&kept).unwrap();
        assert!(!json.contains("소나무"));
        assert_eq!(serde_json::from_str::<Hashed>(&json).unwrap(), kept);
        assert_ne!(Hashed::of("one").unwrap(), Hashed::of("one").unwrap());
    }

    #[test]
    fn nobody_has_a_password() {
        assert!(!Hashed::of_nobody().is(""));
        let busy = Hashed { memory_kib: u32::MAX, ..Hashed::of_nobody() };
        assert!(!busy.is(""), "what would keep the machine busy is not tried");
    }

    #[test]
    fn what_is_drawn_is_never_drawn_twice() {
        let password = drawn_password().unwrap();
        assert_eq!(password.len(), 23);
        assert_ne!(password, drawn_password().unwrap());
        let secret = drawn_secret("des_").unwrap();
        assert!(secret.len() == 68 && secret != drawn_secret("des_").unwrap());
        assert_ne!(fingerprint(&secret), fingerprint(&password));
    }
}
