//! Keys: their names, the texts that hand them out, and what signs with them. Only this file names the
//! Ed25519 implementation.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

use crate::tlog::text::{base64, from_base64, quoted};

/// What a key signs, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SignatureType {
    /// 0x01: the text of a note, with Ed25519 (C2SP signed-note).
    Ed25519,
    /// 0x04: a time and the text of a checkpoint, with Ed25519 (C2SP tlog-cosignature).
    CosignatureV1,
}

impl SignatureType {
    /// Returns the byte that stands for it in a key.
    pub const fn byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::CosignatureV1 => 0x04,
        }
    }

    const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0x01 => Some(Self::Ed25519),
            0x04 => Some(Self::CosignatureV1),
            _ => None,
        }
    }
}

/// The name of a key, or the origin of a log: `desk-1a2b3c4d`, `witness.example/w1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName {
    // Invariant: not empty; no Unicode white space, no plus, no control character.
    name: String,
}

/// A text is no name of a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{}` is no name of a key or a log; it needs at least one letter, and none of them a space, a plus or a \
     control character, such as example.com/log",
    quoted(.0)
)]
pub struct KeyNameError(pub String);

impl KeyName {
    /// Returns the name as it is written.
    pub fn as_str(&self) -> &str {
        &self.name
    }
}

impl FromStr for KeyName {
    type Err = KeyNameError;

    fn from_str(text: &str) -> Result<Self, KeyNameError> {
        let is_wrong = |letter: char| letter.is_whitespace() || letter.is_control() || letter == '+';
        if text.is_empty() || text.contains(is_wrong) {
            return Err(KeyNameError(text.to_owned()));
        }
        Ok(Self { name: text.to_owned() })
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.name)
    }
}

impl AsRef<str> for KeyName {
    fn as_ref(&self) -> &str {
        &self.name
    }
}

impl PartialEq<str> for KeyName {
    fn eq(&self, other: &str) -> bool {
        self.name == other
    }
}

impl PartialEq<&str> for KeyName {
    fn eq(&self, other: &&str) -> bool {
        self.name == *other
    }
}

/// A key that verifies: its name, what it signs, and its public half.
///
/// Its text is a vkey: `<name>+<id in hexadecimal>+<base64 of type and public key>`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VerifierKey {
    name: KeyName,
    kind: SignatureType,
    // Invariant: the canonical encoding of a point that is not of small order.
    public: [u8; 32],
}

/// A text is no key, or not one that can be trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifierKeyError {
    /// It has not three parts, or one of them is not written as it should be.
    #[error("`{}` is no verifier key; it is written <name>+<8 hexadecimal digits>+<base64 of the key>", quoted(.0))]
    Form(String),
    /// Its name is none.
    #[error("the key has no usable name")]
    Name(#[from] KeyNameError),
    /// It signs in a way that is not known here.
    #[error(
        "the key {name} has the signature type 0x{byte:02x}; only Ed25519 (0x01) and timestamped Ed25519 \
         cosignatures (0x04) are read"
    )]
    Type {
        /// The name of the key.
        name: KeyName,
        /// The byte that stands for the type.
        byte: u8,
    },
    /// The id does not belong to this name and key: one of them was altered.
    #[error(
        "the key {name} says it has the id {stated}, but its name and key give {computed}; it was altered"
    )]
    Id {
        /// The name of the key.
        name: KeyName,
        /// What the text says.
        stated: String,
        /// What follows from name and key.
        computed: String,
    },
    /// It is no point of the curve in its one encoding, or one for which anyone can sign.
    #[error("the key {name} is no sound Ed25519 key; ask its owner for it again")]
    Unsound {
        /// The name of the key.
        name: KeyName,
    },
}

impl VerifierKey {
    /// Returns the key of this name, type and public half.
    ///
    /// # Errors
    ///
    /// Returns [`VerifierKeyError::Unsound`] unless `public` is the canonical encoding of a point that is
    /// not of small order.
    pub fn new(name: KeyName, kind: SignatureType, public: &[u8; 32]) -> Result<Self, VerifierKeyError> {
        if sound(public).is_none() {
            return Err(VerifierKeyError::Unsound { name });
        }
        Ok(Self { name, kind, public: *public })
    }

    /// Returns the name; of a key of a log, its origin.
    pub const fn name(&self) -> &KeyName {
        &self.name
    }

    /// Returns the id, by which a signature line says whose it is.
    pub fn id(&self) -> [u8; 4] {
        let hash: [u8; 32] = Sha256::new()
            .chain_update(&self.name.name)
            .chain_update([b'\n', self.kind.byte()])
            .chain_update(self.public)
            .finalize()
            .into();
        let [first, second, third, fourth, ..] = hash;
        [first, second, third, fourth]
    }

    /// Returns what it signs.
    pub const fn kind(&self) -> SignatureType {
        self.kind
    }

    /// Returns the public half.
    pub const fn public(&self) -> &[u8; 32] {
        &self.public
    }
}

impl FromStr for VerifierKey {
    type Err = VerifierKeyError;

    fn from_str(text: &str) -> Result<Self, VerifierKeyError> {
        let form = || VerifierKeyError::Form(text.to_owned());
        // The base64 text may hold plus signs, the name none.
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(form());
        };
        let name: KeyName = name.parse()?;
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let bytes = from_base64(key).ok_or_else(form)?;
        let [byte, public @ ..] = bytes.as_slice() else { return Err(form()) };
        if id.len() != 8 || !id.bytes().all(is_hex) {
            return Err(form());
        }
        let Some(kind) = SignatureType::from_byte(*byte) else {
            return Err(VerifierKeyError::Type { name, byte: *byte });
        };
        let public = public.try_into().map_err(|_| form())?;
        let key = Self::new(name, kind, public)?;
        let computed = hex(key.id());
        if computed != id {
            return Err(VerifierKeyError::Id { name: key.name, stated: id.to_owned(), computed });
        }
        Ok(key)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = Vec::with_capacity(33);
        key.push(self.kind.byte());
        key.extend_from_slice(&self.public);
        write!(formatter, "{}+{}+{}", self.name, hex(self.id()), base64(&key))
    }
}

fn hex(id: [u8; 4]) -> String {
    format!("{:08x}", u32::from_be_bytes(id))
}

/// Why something was not signed. Nothing was published then.
#[derive(Debug, thiserror::Error)]
pub enum SignerError {
    /// Whatever holds the key did not sign.
    #[error("the key {name} did not sign: {reason}")]
    Unavailable {
        /// The name of the key.
        name: KeyName,
        /// What its holder said.
        reason: String,
    },
    /// A cosignature says when; a time it can say was not given.
    #[error("the key {name} signs with a time, in seconds since 1970 and below 2^63; none such was given")]
    Time {
        /// The name of the key.
        name: KeyName,
    },
    /// The note takes no more signatures.
    #[error("the note takes no further signature")]
    Full(#[from] crate::tlog::note::NoteError),
}

/// What signs for a key, wherever the secret half is: in this process, in a device, with an agent.
pub trait Signer: Send + Sync {
    /// Returns the key that verifies what this signs.
    fn key(&self) -> &VerifierKey;

    /// Signs these bytes as they are, with Ed25519.
    ///
    /// # Errors
    ///
    /// Returns [`SignerError::Unavailable`] when whatever holds the secret does not sign.
    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignerError>;
}

/// A key whose secret half is a seed in this process; it is overwritten when this is dropped.
pub struct SeedSigner {
    key: VerifierKey,
    secret: SigningKey,
}

impl SeedSigner {
    /// Returns the signer of this name and type whose secret half is `seed`.
    pub fn new(name: KeyName, kind: SignatureType, seed: &[u8; 32]) -> Self {
        let secret = SigningKey::from_bytes(seed);
        // The public half of a seed is a multiple of the base point: sound, and canonically encoded.
        let key = VerifierKey { name, kind, public: secret.verifying_key().to_bytes() };
        Self { key, secret }
    }
}

impl Signer for SeedSigner {
    fn key(&self) -> &VerifierKey {
        &self.key
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignerError> {
        Ok(self.secret.sign(message).to_bytes())
    }
}

impl fmt::Debug for SeedSigner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("SeedSigner").field("key", &self.key).finish_non_exhaustive()
    }
}

/// Tells whether `signature` is one by `public` over `message`, strictly: whoever verifies must come to the
/// same answer, so keys and signatures in a second encoding, and keys for which anyone can sign, are refused.
pub fn is_signed(public: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    sound(public).is_some_and(|key| key.verify_strict(message, &Signature::from_bytes(signature)).is_ok())
}

/// Returns the key that these bytes encode; none unless they are its one encoding and it is not weak.
fn sound(public: &[u8; 32]) -> Option<VerifyingKey> {
    // The implementation takes 2^255 - 19 and what is above it for what remains after a division.
    let [lowest, middle @ .., highest] = public;
    let is_reduced = highest & 0x7f != 0x7f || middle.iter().any(|byte| *byte != 0xff) || *lowest < 0xed;
    let key = VerifyingKey::from_bytes(public).ok()?;
    (is_reduced && !key.is_weak()).then_some(key)
}

#[cfg(test)]
mod tests;
