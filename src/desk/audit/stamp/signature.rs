//! The signature of a time stamp (CMS, RFC 5652), against the certificates that it carries. Only this file
//! names the crate that verifies RSA and ECDSA.

use der::asn1::{AnyRef, OctetStringRef};
use der::oid::ObjectIdentifier;
use der::{Decode, Encode, Tag, TagNumber, Tagged};
use ring::digest::SHA1_FOR_LEGACY_USE_ONLY;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA384_ASN1, ECDSA_P384_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ED25519,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, UnparsedPublicKey,
    VerificationAlgorithm,
};
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::desk::audit::stamp::{SHA_256, TST_INFO, elements, parts};

const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
/// Which certificate signed, by its SHA-1 (RFC 2634, 5.4).
const SIGNING_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");
/// Which certificate signed, by a hash that is named, SHA-256 where none is (RFC 5035, 3).
const SIGNING_CERTIFICATE_V2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");
const KEY_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.14");

const SHA_1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.14.3.2.26");
const SHA_384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const SHA_512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED_25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const P_256: Option<ObjectIdentifier> = Some(ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"));
const P_384: Option<ObjectIdentifier> = Some(ObjectIdentifier::new_unwrap("1.3.132.0.34"));

/// A way to sign that is known here.
struct Scheme {
    way: ObjectIdentifier,
    // None where the way has one of its own.
    digest: Option<ObjectIdentifier>,
    // None where the key has none.
    curve: Option<ObjectIdentifier>,
    by: &'static dyn VerificationAlgorithm,
}

const fn scheme(
    way: ObjectIdentifier,
    digest: Option<ObjectIdentifier>,
    curve: Option<ObjectIdentifier>,
    by: &'static dyn VerificationAlgorithm,
) -> Scheme {
    Scheme { way, digest, curve, by }
}

static SCHEMES: [Scheme; 11] = [
    scheme(RSA, Some(SHA_256), None, &RSA_PKCS1_2048_8192_SHA256),
    scheme(RSA, Some(SHA_384), None, &RSA_PKCS1_2048_8192_SHA384),
    scheme(RSA, Some(SHA_512), None, &RSA_PKCS1_2048_8192_SHA512),
    scheme(PSS, Some(SHA_256), None, &RSA_PSS_2048_8192_SHA256),
    scheme(PSS, Some(SHA_384), None, &RSA_PSS_2048_8192_SHA384),
    scheme(PSS, Some(SHA_512), None, &RSA_PSS_2048_8192_SHA512),
    scheme(EC, Some(SHA_256), P_256, &ECDSA_P256_SHA256_ASN1),
    scheme(EC, Some(SHA_384), P_256, &ECDSA_P256_SHA384_ASN1),
    scheme(EC, Some(SHA_256), P_384, &ECDSA_P384_SHA256_ASN1),
    scheme(EC, Some(SHA_384), P_384, &ECDSA_P384_SHA384_ASN1),
    scheme(ED_25519, None, None, &ED25519),
];

/// A signed message (RFC 5652, 5.1), of which one signed, as of every time stamp (RFC 3161, 2.4.2).
struct Message<'a> {
    certificates: Option<Vec<AnyRef<'a>>>,
    signer: Signer<'a>,
}

/// Who signed, as far as a message says.
struct Signer<'a> {
    who: AnyRef<'a>,
    digest: ObjectIdentifier,
    attributes: AnyRef<'a>,
    algorithm: ObjectIdentifier,
    signature: &'a [u8],
}

/// What the signed attributes say.
#[derive(Default)]
struct Attested<'a> {
    digest: Option<&'a [u8]>,
    is_stamp: bool,
    // Of each attribute that names the certificate, the algorithm and the hash.
    certificates: Vec<(Option<ObjectIdentifier>, &'a [u8])>,
}

/// Tells whether a signed message over `content` verifies with the certificate in it that its signed attributes name
/// by its hash, and that it says signed it; none where that cannot be told: it carries none, or is signed in a way
/// that is not known here.
///
/// No byte of a message can be another unseen, but those that are signed by nobody and that nothing else in it tells:
/// other certificates than the signer's, lists of revoked ones, attributes that are not signed, the parameters of
/// RSASSA-PSS, and names of an algorithm that say the same.
pub(super) fn verify(message: &[u8], content: &[u8]) -> Option<bool> {
    let Some(message) = Message::read(message) else { return Some(false) };
    let signer = &message.signer;
    let certificates = message.certificates?;
    let Some(attested) = signer.attested() else { return Some(false) };
    let digest = hashed(signer.digest, content)?;
    if !attested.is_stamp || attested.digest != Some(digest.as_slice()) || attested.certificates.is_empty() {
        return Some(false);
    }
    let mut found = None;
    for certificate in certificates {
        let Ok(bytes) = certificate.to_der() else { return Some(false) };
        let mut is_named = true;
        for (algorithm, hash) in &attested.certificates {
            is_named &= hashed(algorithm.unwrap_or(SHA_256), &bytes)? == *hash;
        }
        if is_named {
            found = Certificate::read(certificate);
        }
    }
    let Some(certificate) = found.filter(|certificate| certificate.is_of(signer.who)) else {
        return Some(false);
    };
    let Ok(attributes) = AnyRef::new(Tag::Set, signer.attributes.value()).and_then(|set| set.to_der()) else {
        return Some(false);
    };
    let verifies = |scheme: &Scheme| {
        UnparsedPublicKey::new(scheme.by, certificate.key).verify(&attributes, signer.signature).is_ok()
    };
    let said = signer.way();
    let is_said = |scheme: &&Scheme| {
        said.is_some_and(|(way, digest)| scheme.way == way && scheme.digest.is_none_or(|one| one == digest))
    };
    match certificate.schemes().find(is_said) {
        Some(scheme) => Some(verifies(scheme)),
        // One that verifies in a way that is known here says another: what it says was altered.
        None => certificate.schemes().any(verifies).then_some(false),
    }
}

fn is_numbered(field: &AnyRef<'_>, number: u8) -> bool {
    field.tag() == Tag::ContextSpecific { constructed: true, number: TagNumber::new(number) }
}

/// Returns the hash of bytes; none by an algorithm that is not known here.
fn hashed(algorithm: ObjectIdentifier, bytes: &[u8]) -> Option<Vec<u8>> {
    Some(match algorithm {
        SHA_1 => ring::digest::digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref().to_vec(),
        SHA_256 => Sha256::digest(bytes).to_vec(),
        SHA_384 => Sha384::digest(bytes).to_vec(),
        SHA_512 => Sha512::digest(bytes).to_vec(),
        _ => return None,
    })
}

/// Returns the name of an algorithm; none where it has parameters that say anything.
fn plain_oid(sequence: AnyRef<'_>) -> Option<ObjectIdentifier> {
    match elements(sequence).ok()?.as_slice() {
        [name] => name.decode_as().ok(),
        [name, nothing] if nothing.tag() == Tag::Null && nothing.value().is_empty() => name.decode_as().ok(),
        _ => None,
    }
}

impl<'a> Message<'a> {
    /// Reads a message; none where it is no whole one.
    fn read(message: &'a [u8]) -> Option<Self> {
        let fields = elements(AnyRef::from_der(message).ok()?).ok()?;
        let [version, digests, content, between @ .., signers] = fields.as_slice() else { return None };
        let is_known =
            digests.tag() == Tag::Set && content.tag() == Tag::Sequence && signers.tag() == Tag::Set;
        let certificates = match between {
            [] => None,
            [one, rest @ ..] if is_numbered(one, 0) && rest.iter().all(|one| is_numbered(one, 1)) => {
                Some(parts(*one).ok()?)
            }
            _ => return None,
        };
        let [signer] = parts(*signers).ok()?[..] else { return None };
        let signer = Signer::read(signer)?;
        let digests = parts(*digests).ok()?;
        let is_listed = digests.into_iter().any(|one| plain_oid(one) == Some(signer.digest));
        // Of certificates of another sort than these the version tells (RFC 5652, 5.1).
        let are_usual = certificates.iter().flatten().all(|one| one.tag() == Tag::Sequence);
        let version: u8 = version.decode_as().ok()?;
        let is_versioned = version == 3 || (!are_usual && matches!(version, 4 | 5));
        (is_known && is_listed && is_versioned).then_some(Self { certificates, signer })
    }
}

impl<'a> Signer<'a> {
    /// Reads who signed; none where it does not say so as whoever stamps does.
    fn read(signer: AnyRef<'a>) -> Option<Self> {
        let fields = elements(signer).ok()?;
        let [version, who, digest, attributes, algorithm, signature, rest @ ..] = fields.as_slice() else {
            return None;
        };
        let is_by_name = who.tag() == Tag::Sequence;
        let is_versioned = version.decode_as() == Ok(if is_by_name { 1_u8 } else { 3 });
        let is_whole = rest.is_empty() || matches!(rest, [unsigned] if is_numbered(unsigned, 1));
        if !is_numbered(attributes, 0) || signature.tag() != Tag::OctetString || !is_versioned || !is_whole {
            return None;
        }
        let algorithm = match first_oid(*algorithm)? {
            name if name == PSS => name,
            _ => plain_oid(*algorithm)?,
        };
        let digest = plain_oid(*digest)?;
        Some(Self { who: *who, digest, attributes: *attributes, algorithm, signature: signature.value() })
    }

    /// Returns what the signed attributes say; none where they say nothing that can be read.
    fn attested(&self) -> Option<Attested<'a>> {
        let mut attested = Attested::default();
        for attribute in parts(self.attributes).ok()? {
            let fields = elements(attribute).ok()?;
            let [name, values] = fields.as_slice() else { return None };
            let name: ObjectIdentifier = name.decode_as().ok()?;
            let values = parts(*values).ok()?;
            let [value] = values.as_slice() else { continue };
            match name {
                MESSAGE_DIGEST => attested.digest = (value.tag() == Tag::OctetString).then(|| value.value()),
                CONTENT_TYPE => attested.is_stamp = value.decode_as() == Ok(TST_INFO),
                SIGNING_CERTIFICATE => attested.certificates.push((Some(SHA_1), certificate_id(*value)?.1)),
                SIGNING_CERTIFICATE_V2 => attested.certificates.push(certificate_id(*value)?),
                _ => {}
            }
        }
        Some(attested)
    }

    /// Returns how it says it was signed: the way, and the digest; none where that is not known here.
    fn way(&self) -> Option<(ObjectIdentifier, ObjectIdentifier)> {
        // Some name the digest with the algorithm, some beside it.
        Some(match self.algorithm.to_string().as_str() {
            "1.2.840.113549.1.1.11" => (RSA, SHA_256),
            "1.2.840.113549.1.1.12" => (RSA, SHA_384),
            "1.2.840.113549.1.1.13" => (RSA, SHA_512),
            "1.2.840.10045.4.3.2" => (EC, SHA_256),
            "1.2.840.10045.4.3.3" => (EC, SHA_384),
            "1.2.840.10045.4.3.4" => (EC, SHA_512),
            _ if [RSA, PSS, EC, ED_25519].contains(&self.algorithm) => (self.algorithm, self.digest),
            _ => return None,
        })
    }
}

/// What a certificate says of whose it is, and its key.
struct Certificate<'a> {
    serial: AnyRef<'a>,
    issuer: AnyRef<'a>,
    identifier: Option<&'a [u8]>,
    kind: ObjectIdentifier,
    curve: Option<ObjectIdentifier>,
    key: &'a [u8],
}

impl<'a> Certificate<'a> {
    fn read(certificate: AnyRef<'a>) -> Option<Self> {
        let fields = elements(certificate).ok()?;
        let signed = elements(*fields.first()?).ok()?;
        let versioned = usize::from(signed.first().is_some_and(|first| is_numbered(first, 0)));
        let [serial, _algorithm, issuer, _validity, _subject, info, rest @ ..] = signed.get(versioned..)?
        else {
            return None;
        };
        let info = elements(*info).ok()?;
        let [algorithm, key] = info.as_slice() else { return None };
        let algorithm = elements(*algorithm).ok()?;
        let kind = algorithm.first()?.decode_as().ok()?;
        let curve = algorithm.get(1).and_then(|curve| curve.decode_as().ok());
        // The first byte of a string of bits says how many of its last byte are none.
        let (0, bytes) = key.value().split_first().map(|(unused, bytes)| (*unused, bytes))? else {
            return None;
        };
        let identifier =
            rest.iter().find(|field| is_numbered(field, 3)).and_then(|field| identifier_in(*field));
        let read = Self { serial: *serial, issuer: *issuer, identifier, kind, curve, key: bytes };
        (key.tag() == Tag::BitString).then_some(read)
    }

    /// Tells whether it is the one that a message says signed it: by issuer and serial number, or by the identifier
    /// of its key.
    fn is_of(&self, who: AnyRef<'_>) -> bool {
        if who.tag() == Tag::Sequence {
            return elements(who).is_ok_and(|who| who == [self.issuer, self.serial]);
        }
        let by_key = Tag::ContextSpecific { constructed: false, number: TagNumber::N0 };
        who.tag() == by_key && Some(who.value()) == self.identifier
    }

    /// Returns the ways to sign with its key that are known here.
    fn schemes(&self) -> impl Iterator<Item = &'static Scheme> {
        let (kind, curve) = (self.kind, self.curve);
        SCHEMES.iter().filter(move |scheme| {
            let of_kind = if scheme.way == PSS { kind == RSA || kind == PSS } else { kind == scheme.way };
            of_kind && scheme.curve.is_none_or(|one| Some(one) == curve)
        })
    }
}

/// Returns the identifier of the key among the extensions of a certificate.
fn identifier_in(extensions: AnyRef<'_>) -> Option<&[u8]> {
    let [extensions] = parts(extensions).ok()?[..] else { return None };
    elements(extensions).ok()?.into_iter().find_map(|extension| {
        let fields = elements(extension).ok()?;
        let is_it = fields.first()?.decode_as() == Ok(KEY_IDENTIFIER);
        let value = fields.last().filter(|value| is_it && value.tag() == Tag::OctetString)?;
        OctetStringRef::from_der(value.value()).ok().map(|identifier| identifier.as_bytes())
    })
}

/// Returns the hash of the first certificate that such an attribute names, which is the signer's, and by which
/// algorithm it is, where that is said.
fn certificate_id(value: AnyRef<'_>) -> Option<(Option<ObjectIdentifier>, &[u8])> {
    let ids = elements(*elements(value).ok()?.first()?).ok()?;
    let fields = elements(*ids.first()?).ok()?;
    let (algorithm, rest) = match fields.as_slice() {
        [algorithm, rest @ ..] if algorithm.tag() == Tag::Sequence => (Some(first_oid(*algorithm)?), rest),
        rest => (None, rest),
    };
    let hash = rest.first().filter(|hash| hash.tag() == Tag::OctetString)?;
    Some((algorithm, hash.value()))
}

fn first_oid(sequence: AnyRef<'_>) -> Option<ObjectIdentifier> {
    elements(sequence).ok()?.first()?.decode_as().ok()
}
