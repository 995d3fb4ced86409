//! Signatures of what a provider says. Beside that of time stamps, the one file that names the crate that verifies RSA
//! and ECDSA.

use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use sha2::{Digest, Sha256};

/// A key that verifies signatures of one kind, and no others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PublicKey {
    /// RSA, PKCS #1 v1.5 with SHA-256: `RS256`.
    Rsa {
        /// The modulus.
        modulus: Vec<u8>,
        /// The exponent.
        exponent: Vec<u8>,
    },
    /// ECDSA over P-256 with SHA-256: `ES256`.
    P256 {
        /// The point, uncompressed.
        point: Vec<u8>,
    },
}

impl PublicKey {
    /// Returns the only algorithm of which it verifies anything, as a token names it.
    pub(super) const fn algorithm(&self) -> &'static str {
        match self {
            Self::Rsa { .. } => "RS256",
            Self::P256 { .. } => "ES256",
        }
    }

    /// Tells whether a signature over a message is by this key.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Rsa { modulus, exponent } => RsaPublicKeyComponents { n: modulus, e: exponent }
                .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
                .is_ok(),
            Self::P256 { point } => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok()
            }
        }
    }
}

/// Returns the SHA-256 of bytes.
pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

#[cfg(test)]
pub(super) mod signing {
    //! A key of a test.

    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};

    use crate::http::sso::signature::PublicKey;

    /// A key of P-256.
    pub(in crate::http::sso) struct Signer(EcdsaKeyPair);

    impl Signer {
        pub(in crate::http::sso) fn new() -> Self {
            let (kind, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
            let key = EcdsaKeyPair::generate_pkcs8(kind, &random).unwrap();
            Self(EcdsaKeyPair::from_pkcs8(kind, key.as_ref(), &random).unwrap())
        }

        pub(in crate::http::sso) fn public(&self) -> PublicKey {
            PublicKey::P256 { point: self.0.public_key().as_ref().to_vec() }
        }

        pub(in crate::http::sso) fn sign(&self, message: &[u8]) -> Vec<u8> {
            self.0.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()
        }
    }
}
