//! The signature of a time stamp (CMS, RFC 5652), against the certificates that it carries. Only this file
//! names the crate that verifies RSA and ECDSA.

use der::asn1::AnyRef;
use der::oid::ObjectIdentifier;
use der::{Decode, Encode, Tag, TagNumber, Tagged};
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ED25519,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, UnparsedPublicKey,
    VerificationAlgorithm,
};
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::desk::audit::stamp::{TST_INFO, elements, parts};

const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const P_256: &str = "1.2.840.10045.3.1.7";
const P_384: &str = "1.3.132.0.34";

/// Who signed, as far as a message says.
struct Signer<'a> {
    digest: &'static str,
    attributes: AnyRef<'a>,
    algorithm: ObjectIdentifier,
    signature: &'a [u8],
}

/// Tells whether a signed message over `content` verifies with one of the certificates in it; none where that
/// cannot be told: it carries none, or is signed in a way that is not known here.
pub(super) fn verify(message: &[u8], content: &[u8]) -> Option<bool> {
    let fields = elements(AnyRef::from_der(message).ok()?).ok()?;
    let certificates = fields.iter().find(|field| is_numbered(field, 0))?;
    let certificates = parts(*certificates).ok()?;
    let signers = parts(*fields.last()?).ok()?;
    // A time stamp has one signer (RFC 3161, 2.4.2).
    let [signer] = signers.as_slice() else { return Some(false) };
    let signer = Signer::read(*signer)?;
    let Some(signed) = signer.over(content) else { return Some(false) };
    let mut known = false;
    for certificate in certificates {
        let Some((key, scheme)) = key_of(certificate).and_then(|(kind, curve, key)| {
            let scheme = signer.scheme(kind, curve)?;
            Some((key, scheme))
        }) else {
            continue;
        };
        known = true;
        if UnparsedPublicKey::new(scheme, key).verify(&signed, signer.signature).is_ok() {
            return Some(true);
        }
    }
    known.then_some(false)
}

fn is_numbered(field: &AnyRef<'_>, number: u8) -> bool {
    field.tag() == Tag::ContextSpecific { constructed: true, number: TagNumber::new(number) }
}

impl<'a> Signer<'a> {
    fn read(signer: AnyRef<'a>) -> Option<Self> {
        let fields = elements(signer).ok()?;
        let [_version, _who, digest, attributes, algorithm, signature, ..] = fields.as_slice() else {
            return None;
        };
        if !is_numbered(attributes, 0) || signature.tag() != Tag::OctetString {
            return None;
        }
        let digest = match first_oid(*digest)?.to_string().as_str() {
            "2.16.840.1.101.3.4.2.1" => "sha256",
            "2.16.840.1.101.3.4.2.2" => "sha384",
            "2.16.840.1.101.3.4.2.3" => "sha512",
            _ => return None,
        };
        let algorithm = first_oid(*algorithm)?;
        Some(Self { digest, attributes: *attributes, algorithm, signature: signature.value() })
    }

    /// Returns what is signed: the attributes, which must name the content; none where they do not.
    fn over(&self, content: &[u8]) -> Option<Vec<u8>> {
        let digest = match self.digest {
            "sha256" => Sha256::digest(content).to_vec(),
            "sha384" => Sha384::digest(content).to_vec(),
            _ => Sha512::digest(content).to_vec(),
        };
        let mut found = (false, false);
        for attribute in parts(self.attributes).ok()? {
            let fields = elements(attribute).ok()?;
            let [name, values] = fields.as_slice() else { return None };
            let name: ObjectIdentifier = name.decode_as().ok()?;
            let values = parts(*values).ok()?;
            let [value] = values.as_slice() else { continue };
            if name == MESSAGE_DIGEST {
                found.0 = value.tag() == Tag::OctetString && value.value() == digest;
            } else if name == CONTENT_TYPE {
                found.1 = value.decode_as() == Ok(TST_INFO);
            }
        }
        // Signed is the same set under its own tag (RFC 5652, 5.4).
        let set = AnyRef::new(Tag::Set, self.attributes.value()).ok()?.to_der().ok()?;
        (found == (true, true)).then_some(set)
    }

    fn scheme(
        &self,
        kind: ObjectIdentifier,
        curve: Option<ObjectIdentifier>,
    ) -> Option<&'static dyn VerificationAlgorithm> {
        let (kind, curve) = (kind.to_string(), curve.map(|curve| curve.to_string()));
        let algorithm = self.algorithm.to_string();
        // Some name the digest with the algorithm, some beside it.
        let digest = match algorithm.as_str() {
            "1.2.840.113549.1.1.11" | "1.2.840.10045.4.3.2" => "sha256",
            "1.2.840.113549.1.1.12" | "1.2.840.10045.4.3.3" => "sha384",
            "1.2.840.113549.1.1.13" | "1.2.840.10045.4.3.4" => "sha512",
            _ => self.digest,
        };
        Some(match (kind.as_str(), algorithm.as_str(), curve.as_deref(), digest) {
            ("1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10", _, "sha256") => &RSA_PSS_2048_8192_SHA256,
            ("1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10", _, "sha384") => &RSA_PSS_2048_8192_SHA384,
            ("1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10", _, "sha512") => &RSA_PSS_2048_8192_SHA512,
            ("1.2.840.113549.1.1.1", _, _, "sha256") => &RSA_PKCS1_2048_8192_SHA256,
            ("1.2.840.113549.1.1.1", _, _, "sha384") => &RSA_PKCS1_2048_8192_SHA384,
            ("1.2.840.113549.1.1.1", _, _, "sha512") => &RSA_PKCS1_2048_8192_SHA512,
            ("1.2.840.10045.2.1", _, Some(P_256), "sha256") => &ECDSA_P256_SHA256_ASN1,
            ("1.2.840.10045.2.1", _, Some(P_256), "sha384") => &ECDSA_P256_SHA384_ASN1,
            ("1.2.840.10045.2.1", _, Some(P_384), "sha256") => &ECDSA_P384_SHA256_ASN1,
            ("1.2.840.10045.2.1", _, Some(P_384), "sha384") => &ECDSA_P384_SHA384_ASN1,
            ("1.3.101.112", _, _, _) => &ED25519,
            _ => return None,
        })
    }
}

fn first_oid(sequence: AnyRef<'_>) -> Option<ObjectIdentifier> {
    elements(sequence).ok()?.first()?.decode_as().ok()
}

/// Returns the sort of the key of a certificate, its curve where it has one, and its bytes.
fn key_of(certificate: AnyRef<'_>) -> Option<(ObjectIdentifier, Option<ObjectIdentifier>, &[u8])> {
    let fields = elements(certificate).ok()?;
    let signed = elements(*fields.first()?).ok()?;
    let versioned = usize::from(signed.first().is_some_and(|first| is_numbered(first, 0)));
    // Serial number, algorithm, issuer, validity and subject come before it.
    let info = elements(*signed.get(versioned + 5)?).ok()?;
    let [algorithm, key] = info.as_slice() else { return None };
    let algorithm = elements(*algorithm).ok()?;
    let kind = algorithm.first()?.decode_as().ok()?;
    let curve = algorithm.get(1).and_then(|curve| curve.decode_as().ok());
    // The first byte of a string of bits says how many of its last byte are none.
    let (0, bytes) = key.value().split_first().map(|(unused, bytes)| (*unused, bytes))? else { return None };
    (key.tag() == Tag::BitString).then_some((kind, curve, bytes))
}
