//! Time stamps (RFC 3161): what is asked of an authority, and what its answer says. Only this file names the
//! crates for it, and `stamp/signature.rs` the one for RSA and ECDSA.
//!
//! An answer is checked for its status, what it stamps and when, and its signature against the certificate in it that
//! it names. Whether these are an authority's, and one to be trusted, is left to `openssl ts -verify`.

mod signature;

use cms::cert::x509::spki::AlgorithmIdentifier;
use cms::signed_data::EncapsulatedContentInfo;
use der::asn1::{AnyRef, Int, OctetString};
use der::oid::ObjectIdentifier;
use der::{Decode, Encode, Reader, SliceReader, Tag, Tagged};
use sha2::{Digest, Sha256};
use x509_tsp::{MessageImprint, TimeStampReq, TimeStampResp, TspVersion};

use crate::domain::timestamp::Timestamp;
use crate::tlog::Hash;

/// The longest answer that is read, in bytes.
pub const STAMP_BYTES_MAX: usize = 1 << 20;

const SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");

/// Why an answer of an authority is none to keep.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StampError {
    /// It is too long.
    #[error("it has {0} bytes; at most {STAMP_BYTES_MAX} are read")]
    Long(usize),
    /// It is not what an authority answers.
    #[error("it is no answer of a time-stamping authority: {0}")]
    Form(String),
    /// The authority did not stamp.
    #[error("the authority did not stamp: it answered with status {status}{}", said(.words))]
    Refused {
        /// The status.
        status: u8,
        /// What it said.
        words: Vec<String>,
    },
    /// It stamps something else.
    #[error("it stamps something else than this checkpoint")]
    Imprint,
    /// It says that it was made before what it stamps.
    #[error(
        "it says it was made at {at}, and what it stamps was signed at {made}: no clock is off by so much"
    )]
    Before {
        /// When, as it says.
        at: Timestamp,
        /// When what it stamps was signed.
        made: Timestamp,
    },
    /// It says that it was made in a time to come.
    #[error("it says it was made at {at}, and it is {now} now: no clock is off by so much")]
    Ahead {
        /// When, as it says.
        at: Timestamp,
        /// What time it is.
        now: Timestamp,
    },
    /// Its signature is not one by the certificate that it carries and names.
    #[error("its signature does not verify with the certificate in it that it names, or it names none")]
    Forged,
    /// It answers another request.
    #[error("it answers another request: its nonce is not the one that was sent")]
    Nonce,
}

fn said(words: &[String]) -> String {
    if words.is_empty() { String::new() } else { format!(" ({})", words.join(" ").escape_debug()) }
}

/// What a time stamp says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// The SHA-256 of what was stamped.
    pub imprint: Hash,
    /// When.
    pub at: Timestamp,
    /// The number that came with the request.
    nonce: Option<Vec<u8>>,
    /// Whether its signature is one by a certificate in it; none where that cannot be told here.
    pub verifies: Option<bool>,
}

/// Returns the request for a stamp of a note, with a number that its answer must repeat.
///
/// # Errors
///
/// Returns what could not be written; no note gives cause to.
pub fn request(note: &[u8], nonce: u64) -> Result<Vec<u8>, StampError> {
    let form = |error: der::Error| StampError::Form(error.to_string());
    // A positive number that is never short of bytes: some authorities take no other.
    let nonce = [&[0x01], nonce.to_be_bytes().as_slice()].concat();
    let request = TimeStampReq {
        version: TspVersion::V1,
        message_imprint: MessageImprint {
            hash_algorithm: AlgorithmIdentifier { oid: SHA_256, parameters: None },
            hashed_message: OctetString::new(Sha256::digest(note).to_vec()).map_err(form)?,
        },
        req_policy: None,
        nonce: Some(Int::new(&nonce).map_err(form)?),
        cert_req: true,
        extensions: None,
    };
    request.to_der().map_err(form)
}

impl Stamp {
    /// Reads the answer of an authority, as it is kept.
    ///
    /// # Errors
    ///
    /// Returns why it is none.
    pub fn parse(bytes: &[u8]) -> Result<Self, StampError> {
        if bytes.len() > STAMP_BYTES_MAX {
            return Err(StampError::Long(bytes.len()));
        }
        let form = |error: der::Error| StampError::Form(error.to_string());
        let response = TimeStampResp::from_der(bytes).map_err(form)?;
        let status = response.status.status as u8;
        let Some(token) = response.time_stamp_token.filter(|_| status <= 1) else {
            let words = response.status.status_string.iter().flatten().map(|text| text.as_str().to_owned());
            return Err(StampError::Refused { status, words: words.collect() });
        };
        if token.content_type != SIGNED_DATA {
            return Err(StampError::Form("its token is not signed".to_owned()));
        }
        let content = token.content.to_der().map_err(form)?;
        let content = signed_content(&content).map_err(form)?;
        let none = || StampError::Form("its token says no time".to_owned());
        let info = content.econtent.filter(|_| content.econtent_type == TST_INFO).ok_or_else(none)?;
        let info: OctetString = info.decode_as().map_err(form)?;
        let stamp = Self::of(info.as_bytes()).map_err(form)?.ok_or_else(none)?;
        let signed = token.content.to_der().map_err(form)?;
        Ok(Self { verifies: signature::verify(&signed, info.as_bytes()), ..stamp })
    }

    /// Checks its signature against the certificates that came with it, as far as that can be told here: what
    /// carries none, or is signed in a way that is not known here, passes.
    ///
    /// # Errors
    ///
    /// Returns [`StampError::Forged`] where none of them made it.
    pub fn is_signed(&self) -> Result<(), StampError> {
        if self.verifies == Some(false) { Err(StampError::Forged) } else { Ok(()) }
    }

    /// Reads what was signed. By hand: authorities write fractions of a second, which the crates refuse.
    fn of(info: &[u8]) -> der::Result<Option<Self>> {
        let fields = elements(AnyRef::from_der(info)?)?;
        let [_version, _policy, imprint, _serial, at, rest @ ..] = fields.as_slice() else { return Ok(None) };
        let imprint = elements(*imprint)?;
        let [algorithm, hashed] = imprint.as_slice() else { return Ok(None) };
        let algorithm = elements(*algorithm)?;
        let is_sha = algorithm.first().is_some_and(|id| id.decode_as() == Ok(SHA_256));
        let Ok(hash) = Hash::try_from(hashed.value()) else { return Ok(None) };
        if !is_sha || at.tag() != Tag::GeneralizedTime || hashed.tag() != Tag::OctetString {
            return Ok(None);
        }
        let Some(at) = moment(at.value()) else { return Ok(None) };
        let nonce = rest.iter().find(|field| field.tag() == Tag::Integer);
        Ok(Some(Self { imprint: hash, at, nonce: nonce.map(|nonce| nonce.value().to_vec()), verifies: None }))
    }

    /// Checks that this stamps `note`, and where it answers a request that it is the one with this number.
    ///
    /// # Errors
    ///
    /// Returns which it is not.
    pub fn check(&self, note: &[u8], nonce: Option<u64>) -> Result<(), StampError> {
        if self.imprint != Hash::from(Sha256::digest(note)) {
            return Err(StampError::Imprint);
        }
        let sent = nonce.map(|nonce| [&[0x01], nonce.to_be_bytes().as_slice()].concat());
        if sent.is_some() && sent != self.nonce {
            return Err(StampError::Nonce);
        }
        Ok(())
    }
}

/// Returns what a signed message holds, whatever stands behind it.
fn signed_content(bytes: &[u8]) -> der::Result<EncapsulatedContentInfo> {
    let fields = elements(AnyRef::from_der(bytes)?)?;
    let [_version, _digests, content, ..] = fields.as_slice() else {
        return Err(Tag::Sequence.value_error());
    };
    EncapsulatedContentInfo::from_der(&content.to_der()?)
}

fn elements(sequence: AnyRef<'_>) -> der::Result<Vec<AnyRef<'_>>> {
    sequence.tag().assert_eq(Tag::Sequence)?;
    parts(sequence)
}

/// Returns what a value of any tag holds.
fn parts(sequence: AnyRef<'_>) -> der::Result<Vec<AnyRef<'_>>> {
    let mut reader = SliceReader::new(sequence.value())?;
    let mut elements = Vec::new();
    while !reader.is_finished() {
        elements.push(AnyRef::decode(&mut reader)?);
    }
    Ok(elements)
}

/// Reads `20261125093000.25Z`.
fn moment(text: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() != 14 || !digits(whole) || !digits(fraction) {
        return None;
    }
    let part = |from: usize, to: usize| whole.get(from..to);
    let fraction = format!("{fraction:0<6}");
    let text = format!(
        "{}-{}-{}T{}:{}:{}.{}Z",
        part(0, 4)?,
        part(4, 6)?,
        part(6, 8)?,
        part(8, 10)?,
        part(10, 12)?,
        part(12, 14)?,
        fraction.get(..6)?
    );
    text.parse().ok()
}

#[cfg(test)]
pub(crate) mod tests {
    use std::path::Path;
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    const CONFIG: &str = "\
[req]\ndistinguished_name = name\nprompt = no\n[name]\nCN = A time stamping authority\n[tsa]\n\
extendedKeyUsage = critical,timeStamping\n[tsa_config]\nserial = serial\ncrypto_device = builtin\n\
signer_cert = cert.pem\nsigner_key = key.pem\nsigner_digest = sha256\ndefault_policy = 1.2.3.4.1\n\
digests = sha256\naccuracy = secs:1\nclock_precision_digits = 3\nordering = yes\n";

    fn openssl(dir: &Path, arguments: &[&str]) -> bool {
        Command::new("openssl")
            .args(arguments)
            .current_dir(dir)
            .output()
            .is_ok_and(|out| out.status.success())
    }

    /// Returns a stamp of a moment.
    pub(crate) fn at(micros: i64, verifies: Option<bool>) -> Stamp {
        Stamp { imprint: [0; 32], at: Timestamp::from_micros(micros).unwrap(), nonce: None, verifies }
    }

    /// Has an authority of this test answer a request; none, after saying so, where there is no openssl.
    pub(crate) fn answer(request: &[u8]) -> Option<Vec<u8>> {
        answer_by(request, &["rsa:2048"], "sha256")
    }

    /// As [`answer`], with a key of this sort and this digest.
    fn answer_by(request: &[u8], key: &[&str], digest: &str) -> Option<Vec<u8>> {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        if !openssl(dir, &["version"]) {
            eprintln!("skipped: there is no openssl to make a time-stamping authority with");
            return None;
        }
        let config = CONFIG.replace("signer_digest = sha256", &format!("signer_digest = {digest}"));
        std::fs::write(dir.join("tsa.cnf"), config).unwrap();
        std::fs::write(dir.join("serial"), "01\n").unwrap();
        std::fs::write(dir.join("request"), request).unwrap();
        let begin = ["req", "-x509", "-newkey"];
        let end = [
            "-nodes",
            "-keyout",
            "key.pem",
            "-out",
            "cert.pem",
            "-config",
            "tsa.cnf",
            "-extensions",
            "tsa",
            "-days",
            "2",
        ];
        assert!(openssl(dir, &[&begin[..], key, &end].concat()));
        let reply = [
            "ts",
            "-reply",
            "-queryfile",
            "request",
            "-config",
            "tsa.cnf",
            "-section",
            "tsa_config",
            "-out",
            "answer",
        ];
        assert!(openssl(dir, &reply));
        let verify = ["ts", "-verify", "-queryfile", "request", "-in", "answer", "-CAfile", "cert.pem"];
        assert!(openssl(dir, &verify));
        Some(std::fs::read(dir.join("answer")).unwrap())
    }

    #[test]
    fn an_authority_understands_the_request_and_its_answer_is_read() {
        let Some(answer) = answer(&request(b"a note\n", 7).unwrap()) else { return };
        let stamp = Stamp::parse(&answer).unwrap();
        assert_eq!(stamp.check(b"a note\n", Some(7)), Ok(()));
        assert_eq!(stamp.check(b"a note\n", None), Ok(()));
        assert_eq!(stamp.check(b"a note\n", Some(8)), Err(StampError::Nonce));
        assert_eq!(stamp.check(b"other\n", Some(7)), Err(StampError::Imprint));
        assert!(stamp.at > "2026-01-01T00:00:00.000000Z".parse().unwrap());
        for length in 0..answer.len() {
            assert!(Stamp::parse(&answer[..length]).is_err());
        }
        for place in 0..answer.len() {
            let mut garbled = answer.clone();
            garbled[place] ^= 0x41;
            let _ = Stamp::parse(&garbled);
        }
    }

    #[test]
    fn the_signature_of_a_stamp_is_checked_against_the_certificate_in_it() {
        let note = b"a note\n";
        for (key, digest) in [
            (&["rsa:2048"][..], "sha256"),
            (&["rsa:3072"], "sha512"),
            (&["ec", "-pkeyopt", "ec_paramgen_curve:P-256"], "sha256"),
            (&["ec", "-pkeyopt", "ec_paramgen_curve:P-384"], "sha384"),
        ] {
            let Some(answer) = answer_by(&request(note, 7).unwrap(), key, digest) else { return };
            let stamp = Stamp::parse(&answer).unwrap();
            assert_eq!(stamp.verifies, Some(true), "{key:?} {digest}");
            // The signature is the last thing in it.
            let mut forged = answer.clone();
            let end = forged.len();
            forged[end - 8..].fill(0);
            assert_eq!(Stamp::parse(&forged).unwrap().is_signed(), Err(StampError::Forged));
            // Another year in what was signed.
            let year = stamp.at.to_string()[..4].to_owned();
            let digits: Vec<u8> = format!("{year}{}", &stamp.at.to_string()[5..7]).into_bytes();
            let mut forged = answer.clone();
            let place = forged.windows(6).position(|window| window == digits).unwrap();
            forged[place + 3] = if forged[place + 3] == b'0' { b'1' } else { b'0' };
            let forged = Stamp::parse(&forged).unwrap();
            assert!(forged.at != stamp.at && forged.is_signed() == Err(StampError::Forged));
        }
    }

    /// Tells whether an answer with one bit flipped passes for a stamp of a note.
    fn passes(answer: &[u8], note: &[u8], place: usize, bit: u8) -> bool {
        let mut flipped = answer.to_vec();
        flipped[place] ^= 1 << bit;
        let stamp = Stamp::parse(&flipped);
        stamp.and_then(|stamp| stamp.check(note, Some(7)).and_then(|()| stamp.is_signed())).is_ok()
    }

    #[test]
    fn no_flipped_bit_of_a_stamp_goes_unseen_but_one_of_what_nobody_signs() {
        let note = b"a note\n";
        for key in [&["rsa:2048"][..], &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]] {
            let Some(answer) = answer_by(&request(note, 7).unwrap(), key, "sha256") else { return };
            let flips = (0..answer.len()).flat_map(|place| (0..8).map(move |bit| (place, bit)));
            let unseen: Vec<(usize, u8)> =
                flips.filter(|(place, bit)| passes(&answer, note, *place, *bit)).collect();
            // The status stands before the token: `granted`, and `granted with modifications`.
            let status = answer.windows(5).position(|bytes| bytes == [0x30, 3, 2, 1, 0]).unwrap() + 4;
            assert_eq!(unseen, [(status, 0)], "{key:?}");
        }
    }

    #[test]
    fn a_refusal_says_why() {
        // A rejection of a digest that is not known, as RFC 3161 writes it.
        let refusal = [0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x02];
        assert_eq!(Stamp::parse(&refusal), Err(StampError::Refused { status: 2, words: Vec::new() }));
    }

    #[test]
    fn a_time_is_read_with_and_without_fractions() {
        let read = |text: &str| moment(text.as_bytes()).map(|at| at.to_string());
        assert_eq!(read("20261125093000Z").unwrap(), "2026-11-25T09:30:00.000000Z");
        assert_eq!(read("20261125093000.25Z").unwrap(), "2026-11-25T09:30:00.250000Z");
        assert_eq!(read("20261125093000.1234567Z").unwrap(), "2026-11-25T09:30:00.123456Z");
        for wrong in ["20261125093000", "2026112509300Z", "20261325093000Z", "20261125093000.Z", "Z", ""] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_no_stamp(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(Stamp::parse(&bytes).is_err());
        }
    }
}
