//! The signature of an author over a submission, in two forms: 64 bytes of Ed25519, or the blob that
//! `ssh-keygen -Y sign` makes (SSHSIG, `PROTOCOL.sshsig` of OpenSSH).
//!
//! Signed is `"demarche/submission/v1\n" ‖ submission`, with the bytes of the submission as they stand in
//! the leaf.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ssh_key::SshSig;

pub use crate::store::signature::message;
use crate::tlog::key::is_signed;

/// The namespace of a signature by `ssh-keygen -Y sign -n`.
pub const SSH_NAMESPACE: &str = "demarche-submission";

/// Why a signature does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// It is in neither form.
    #[error("the signature is neither 64 bytes nor a signature of `ssh-keygen -Y sign`, in base64")]
    NoSignature,
    /// It was made with another key than is named beside it.
    #[error("the signature is by another key than the one that stands beside it")]
    OtherKey,
    /// It was made for another use.
    #[error("the signature was made for `{0}`, not for `{SSH_NAMESPACE}` (`ssh-keygen -Y sign -n`)")]
    OtherNamespace(String),
    /// It is not by that key over that submission.
    #[error("the signature is not by that key over that submission")]
    Wrong,
}

/// Checks that `signature`, in base64, is by the Ed25519 key `public` over a submission.
///
/// # Errors
///
/// Returns why it does not count.
pub fn verify(submission: &str, public: &[u8; 32], signature: &str) -> Result<(), SignatureError> {
    let bytes = STANDARD.decode(signature).map_err(|_| SignatureError::NoSignature)?;
    let message = message(submission);
    if let Ok(raw) = <[u8; 64]>::try_from(bytes.as_slice()) {
        return if is_signed(public, &message, &raw) { Ok(()) } else { Err(SignatureError::Wrong) };
    }
    let ssh = decode(&bytes)?;
    if ssh.namespace() != SSH_NAMESPACE {
        return Err(SignatureError::OtherNamespace(ssh.namespace().to_owned()));
    }
    if ssh.public_key().ed25519().is_none_or(|key| key.0 != *public) {
        return Err(SignatureError::OtherKey);
    }
    let signed = SshSig::signed_data(SSH_NAMESPACE, ssh.hash_alg(), &message)
        .map_err(|_| SignatureError::NoSignature)?;
    let raw = <[u8; 64]>::try_from(ssh.signature_bytes()).map_err(|_| SignatureError::NoSignature)?;
    if is_signed(public, &signed, &raw) { Ok(()) } else { Err(SignatureError::Wrong) }
}

/// Returns the key and the base64 of a signature that `ssh-keygen -Y sign` wrote.
///
/// # Errors
///
/// Returns [`SignatureError::NoSignature`] for other text, and for a key that is not Ed25519.
pub fn of_ssh(armoured: &str) -> Result<([u8; 32], String), SignatureError> {
    let inner: String = armoured.lines().filter(|line| !line.starts_with("-----")).collect();
    let bytes = STANDARD.decode(inner).map_err(|_| SignatureError::NoSignature)?;
    let ssh = decode(&bytes)?;
    let key = ssh.public_key().ed25519().ok_or(SignatureError::NoSignature)?;
    Ok((key.0, STANDARD.encode(&bytes)))
}

/// Characters of a line of the armour that OpenSSH writes.
const LINE: usize = 70;

/// Reads a blob that is in its one spelling: what one program takes every program takes.
fn decode(bytes: &[u8]) -> Result<SshSig, SignatureError> {
    let mut armoured = String::from("-----BEGIN SSH SIGNATURE-----\n");
    for (place, letter) in STANDARD.encode(bytes).chars().enumerate() {
        if place > 0 && place % LINE == 0 {
            armoured.push('\n');
        }
        armoured.push(letter);
    }
    armoured.push_str("\n-----END SSH SIGNATURE-----\n");
    let none = |_| SignatureError::NoSignature;
    let signature = SshSig::from_pem(&armoured).map_err(none)?;
    let again = signature.to_pem(ssh_key::LineEnding::LF).map_err(none)?;
    if again.trim_end() == armoured.trim_end() { Ok(signature) } else { Err(SignatureError::NoSignature) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tlog::key::{SeedSigner, SignatureType, Signer};
    use proptest::prelude::*;
    use std::process::{Command, Stdio};

    fn signer() -> SeedSigner {
        SeedSigner::new("kim".parse().unwrap(), SignatureType::Ed25519, &[9; 32])
    }

    #[test]
    fn a_signature_counts_for_its_submission_and_key_alone() {
        let signer = signer();
        let signature = STANDARD.encode(signer.sign(&message("{}")).unwrap());
        let public = *signer.key().public();
        assert_eq!(verify("{}", &public, &signature), Ok(()));
        assert_eq!(verify("{} ", &public, &signature), Err(SignatureError::Wrong));
        assert_eq!(verify("{}", &[5; 32], &signature), Err(SignatureError::Wrong));
        // What was signed for anything else does not count.
        let bare = STANDARD.encode(signer.sign(b"{}").unwrap());
        assert_eq!(verify("{}", &public, &bare), Err(SignatureError::Wrong));
    }

    proptest! {
        #[test]
        fn no_text_is_taken_for_a_signature(text in "[A-Za-z0-9+/=]{0,300}", bytes: Vec<u8>) {
            prop_assert!(verify("[]", &[3; 32], &text).is_err());
            prop_assert!(verify("[]", &[3; 32], &STANDARD.encode(&bytes)).is_err());
            let blob = [b"SSHSIG".as_slice(), &bytes].concat();
            prop_assert!(verify("[]", &[3; 32], &STANDARD.encode(blob)).is_err());
        }
    }

    /// Signs with OpenSSH; none, after saying so, where it is not installed.
    fn by_openssh(namespace: &str, submission: &str) -> Option<String> {
        let dir = tempfile::tempdir().unwrap();
        let key = dir.path().join("key");
        let made =
            Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
        if !made.is_ok_and(|status| status.success()) {
            assert!(std::env::var_os("CI").is_none(), "in CI ssh-keygen must be there");
            eprintln!("skipped: there is no ssh-keygen");
            return None;
        }
        let text = dir.path().join("text");
        std::fs::write(&text, message(submission)).unwrap();
        let signed = Command::new("ssh-keygen")
            .args(["-q", "-Y", "sign", "-n", namespace, "-f"])
            .arg(&key)
            .arg(&text)
            .stderr(Stdio::null())
            .status();
        assert!(signed.unwrap().success());
        Some(std::fs::read_to_string(dir.path().join("text.sig")).unwrap())
    }

    #[test]
    fn a_signature_by_openssh_counts() {
        let Some(armoured) = by_openssh(SSH_NAMESPACE, "{\"id\":1}") else { return };
        let (public, signature) = of_ssh(&armoured).unwrap();
        assert_eq!(verify("{\"id\":1}", &public, &signature), Ok(()));
        assert_eq!(verify("{\"id\":2}", &public, &signature), Err(SignatureError::Wrong));
        assert_eq!(verify("{\"id\":1}", &[5; 32], &signature), Err(SignatureError::OtherKey));
        let Some(elsewhere) = by_openssh("file", "{\"id\":1}") else { return };
        let (public, signature) = of_ssh(&elsewhere).unwrap();
        let other = Err(SignatureError::OtherNamespace("file".to_owned()));
        assert_eq!(verify("{\"id\":1}", &public, &signature), other);
    }
}
