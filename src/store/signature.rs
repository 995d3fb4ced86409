//! An author's signature over what is submitted, made before the log gives it a place.
//!
//! Signed is `"demarche/submission/v1\n" ‖ submission`, the submission as the leaf carries it: it names the
//! log, the event, its streams and what is expected of them, so that it holds nowhere else.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::store::leaf::Leaf;
use crate::tlog::key::is_signed;

/// What comes before the submission in what is signed.
const TITLE: &[u8] = b"demarche/submission/v1\n";
/// How the second form of a signature begins, once it is decoded.
const SSHSIG: &[u8] = b"SSHSIG";
/// Letters of a signature at most.
const LETTERS_MAX: usize = 4_096;

/// The signature of an author over one event of a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorSignature {
    /// The Ed25519 public key.
    pub key: [u8; 32],
    /// The salt with which the signed submission commits to the body.
    pub salt: [u8; 32],
    /// Base64 of 64 bytes of Ed25519, or of an SSHSIG blob.
    pub sig: String,
}

/// What an author signs: the submission of one event as the log will carry it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToSign {
    /// The submission, as JSON.
    pub submission: String,
    /// The salt with which it commits to the body; it comes back with the signature.
    pub salt: [u8; 32],
}

impl ToSign {
    /// Returns the bytes that are signed.
    pub fn message(&self) -> Vec<u8> {
        message(&self.submission)
    }
}

/// Which form a signature has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignatureForm {
    /// Plain Ed25519.
    Raw([u8; 64]),
    /// A blob of `ssh-keygen -Y sign`, which is not opened here.
    Ssh(Vec<u8>),
}

impl SignatureForm {
    /// Reads a signature; none when it is of neither form, or spelled in another way than the one.
    pub fn of(sig: &str) -> Option<Self> {
        if sig.len() > LETTERS_MAX {
            return None;
        }
        let bytes = STANDARD.decode(sig).ok()?;
        match <[u8; 64]>::try_from(bytes) {
            Ok(raw) => Some(Self::Raw(raw)),
            Err(bytes) if bytes.starts_with(SSHSIG) => Some(Self::Ssh(bytes)),
            Err(_) => None,
        }
    }

    /// Tells whether it is one by `key` over a submission, as far as that can be told here: what `ssh-keygen`
    /// wrote is taken as it is.
    fn holds(&self, key: &[u8; 32], submission: &str) -> bool {
        match self {
            Self::Raw(signature) => is_signed(key, &message(submission), signature),
            Self::Ssh(_) => true,
        }
    }
}

/// Returns the bytes that an author signs.
pub fn message(submission: &str) -> Vec<u8> {
    [TITLE, submission.as_bytes()].concat()
}

/// Tells whether a leaf is unsigned or has a signature that holds, as far as that can be told here.
pub(super) fn holds(leaf: &Leaf) -> bool {
    let (Some(key), Some(sig)) = (&leaf.key, &leaf.sig) else { return true };
    let form = SignatureForm::of(sig);
    form.is_some_and(|form| leaf.sub.encode().is_ok_and(|submission| form.holds(&key.0, &submission)))
}

impl AuthorSignature {
    /// Tells whether it holds for a submission, as far as that can be told here.
    pub(super) fn holds(&self, submission: &str) -> bool {
        SignatureForm::of(&self.sig).is_some_and(|form| form.holds(&self.key, submission))
    }
}
