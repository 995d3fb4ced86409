//! A public key of an author, in whichever form its owner has it.

use crate::store::leaf::HexHash;
use crate::tlog::key::{KeyName, SignatureType, VerifierKey};

/// What was given is no public key with which an author could sign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It is in none of the forms.
    #[error(
        "this is no Ed25519 public key; give a verifier key (`name+id+base64`), a line of an OpenSSH key file \
         (`ssh-ed25519 AAAA…`) or 64 hexadecimal digits"
    )]
    NoKey,
    /// It is of another algorithm.
    #[error("this is a key of the type {0}; authors sign with Ed25519 (`ssh-keygen -t ed25519`)")]
    OtherAlgorithm(String),
    /// It is a key of another use.
    #[error("this verifier key is one of a witness (type 0x04); an author's is of type 0x01")]
    OtherType,
    /// It is a secret.
    #[error("this is a private key; give the public half, and keep this one to yourself")]
    Private,
    /// Anyone could sign for it.
    #[error("this key is weak, or not in its one encoding: anyone could sign for it")]
    Weak,
}

/// Reads a public key, and what its owner calls it.
pub(super) fn read(text: &str) -> Result<(String, Option<String>), KeyError> {
    let text = text.trim();
    if text.contains("PRIVATE KEY") || text.starts_with("demarche key") {
        return Err(KeyError::Private);
    }
    let (public, comment) =
        if let Some(algorithm) = text.split_whitespace().next().filter(|word| is_ssh(word)) {
            of_ssh(text, algorithm)?
        } else if let Ok(HexHash(public)) = text.parse() {
            (public, None)
        } else {
            let key: VerifierKey = text.parse().map_err(|_| KeyError::NoKey)?;
            if key.kind() != SignatureType::Ed25519 {
                return Err(KeyError::OtherType);
            }
            (*key.public(), Some(key.name().as_str().to_owned()))
        };
    let name: KeyName = "author".parse().map_err(|_| KeyError::NoKey)?;
    VerifierKey::new(name, SignatureType::Ed25519, &public).map_err(|_| KeyError::Weak)?;
    Ok((HexHash(public).to_string(), comment))
}

fn is_ssh(word: &str) -> bool {
    word.starts_with("ssh-") || word.starts_with("ecdsa-") || word.starts_with("sk-")
}

fn of_ssh(line: &str, algorithm: &str) -> Result<([u8; 32], Option<String>), KeyError> {
    let key = ssh_key::PublicKey::from_openssh(line).map_err(|_| {
        if algorithm == "ssh-ed25519" {
            KeyError::NoKey
        } else {
            KeyError::OtherAlgorithm(algorithm.to_owned())
        }
    })?;
    let Some(public) = key.key_data().ed25519() else {
        return Err(KeyError::OtherAlgorithm(algorithm.to_owned()));
    };
    let comment = Some(key.comment().to_owned()).filter(|comment| !comment.is_empty());
    Ok((public.0, comment))
}

/// Returns the digits by which people tell keys apart.
pub(super) fn short(key: &str) -> &str {
    key.get(..16).unwrap_or(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tlog::key::{SeedSigner, Signer};

    #[test]
    fn a_key_is_read_in_each_form_in_which_its_owner_may_have_it() {
        let signer = SeedSigner::new("kim".parse().unwrap(), SignatureType::Ed25519, &[7; 32]);
        let public = *signer.key().public();
        let hex = HexHash(public).to_string();
        assert_eq!(read(&signer.key().to_string()), Ok((hex.clone(), Some("kim".to_owned()))));
        assert_eq!(read(&format!(" {hex}\n")), Ok((hex.clone(), None)));
        let data = ssh_key::public::KeyData::Ed25519(ssh_key::public::Ed25519PublicKey(public));
        let line = ssh_key::PublicKey::new(data, "kim@desk").to_openssh().unwrap();
        assert_eq!(read(&line), Ok((hex, Some("kim@desk".to_owned()))));
    }

    #[test]
    fn what_is_no_key_of_an_author_is_refused_with_what_would_be_one() {
        let witness = SeedSigner::new("w".parse().unwrap(), SignatureType::CosignatureV1, &[7; 32]);
        assert_eq!(read(&witness.key().to_string()), Err(KeyError::OtherType));
        assert_eq!(read(&"00".repeat(32)), Err(KeyError::Weak));
        assert_eq!(read("-----BEGIN OPENSSH PRIVATE KEY-----"), Err(KeyError::Private));
        for none in ["", "kim", "ssh-ed25519 AAAA", &"0g".repeat(32)] {
            assert_eq!(read(none), Err(KeyError::NoKey), "{none}");
        }
        assert_eq!(read("ssh-rsa AAAAB3NzaC1yc2E="), Err(KeyError::OtherAlgorithm("ssh-rsa".to_owned())));
    }
}
