//! The leaf: the bytes that a record is hashed by, with one spelling.

mod canonical;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::id::{ActorId, EntityId, EventId, RequestId};
use crate::domain::timestamp::Timestamp;
use crate::store::{Class, Expect};
use crate::tlog::Hash;

/// Bytes of a leaf at most: an entry bundle of C2SP carries 16-bit lengths.
pub const LEAF_BYTES_MAX: usize = 65_535;

/// What the writer says of a record, around what its author submitted.
///
/// The order of the fields is the format. No floats, no integer above 2^53 − 1, times with six digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaf {
    /// The version of this format: 1.
    pub v: u16,
    /// The name of the log.
    pub log: String,
    /// The position, equal to the leaf index.
    pub pos: u64,
    /// When it was recorded.
    pub at: Timestamp,
    /// Per stream: the revision that this record gives it and the leaf hash of its record before.
    pub streams: Vec<(EntityId, u64, Option<HexHash>)>,
    /// What the author submitted.
    pub sub: Submission,
    /// The Ed25519 public key of the author, where one signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<HexHash>,
    /// The author's signature over `sub`, base64: 64 bytes, or an SSHSIG blob.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sig: Option<String>,
}

/// What an author submits for one event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Submission {
    /// The event.
    pub id: EventId,
    /// The submission that it is a part of.
    pub request: RequestId,
    /// Its place in that submission.
    pub index: u16,
    /// The streams that it changes.
    pub streams: Vec<EntityId>,
    /// What an auditor must be able to tell without the body.
    pub class: Class,
    /// The schema version of the body.
    pub schema: u16,
    /// Who records it.
    pub actor: ActorId,
    /// The commitment to the salted body.
    pub commitment: HexHash,
    /// The bytes of the body.
    pub length: u32,
    /// The commitments of its attachments.
    pub attachments: Vec<HexHash>,
    /// What the author expected of streams, where anything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expect: Vec<(EntityId, Expect)>,
    /// The log that it is for; signed submissions name it, others do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
}

/// A hash as 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, schemars::JsonSchema)]
#[schemars(with = "String", extend("pattern" = "^[0-9a-f]{64}$"))]
pub struct HexHash(pub Hash);

impl Serialize for HexHash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut digits = [0u8; 64];
        for (pair, byte) in digits.as_chunks_mut::<2>().0.iter_mut().zip(self.0) {
            *pair = [hex_digit(byte >> 4), hex_digit(byte & 15)];
        }
        serializer.serialize_str(std::str::from_utf8(&digits).map_err(serde::ser::Error::custom)?)
    }
}

const fn hex_digit(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 }
}

fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

impl<'de> Deserialize<'de> for HexHash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl std::str::FromStr for HexHash {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        const WRONG: &str = "a hash is 64 lower-case hexadecimal digits";
        let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return Err(WRONG) };
        let mut hash = [0; 32];
        if pairs.len() != hash.len() {
            return Err(WRONG);
        }
        for (byte, [high, low]) in hash.iter_mut().zip(pairs) {
            *byte = hex_value(*high).ok_or(WRONG)? << 4 | hex_value(*low).ok_or(WRONG)?;
        }
        Ok(Self(hash))
    }
}

impl std::fmt::Display for HexHash {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

/// A leaf is not in the one spelling that it must have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the leaf {0}")]
pub struct LeafError(pub String);

impl Leaf {
    /// Writes the bytes that are hashed.
    ///
    /// # Errors
    ///
    /// Returns [`LeafError`] when they are more than [`LEAF_BYTES_MAX`].
    pub fn encode(&self) -> Result<String, LeafError> {
        let text = serde_json::to_string(self).map_err(|error| LeafError(error.to_string()))?;
        if text.len() > LEAF_BYTES_MAX {
            return Err(LeafError(format!("has {} bytes; at most {LEAF_BYTES_MAX} fit", text.len())));
        }
        Ok(text)
    }

    /// Reads the bytes of a leaf.
    ///
    /// # Errors
    ///
    /// Returns [`LeafError`] when they are no leaf of version 1.
    pub fn decode(text: &str) -> Result<Self, LeafError> {
        if let Some(leaf) = canonical::read(text.as_bytes()) {
            return leaf.signed_whole();
        }
        let leaf: Self =
            serde_json::from_str(text).map_err(|error| LeafError(format!("is not readable: {error}")))?;
        if leaf.v == 1 {
            leaf.signed_whole()
        } else {
            Err(LeafError(format!("has version {}, not 1", leaf.v)))
        }
    }

    /// As [`Leaf::decode`], into a leaf whose memory is used again; after an error it is of no use.
    ///
    /// # Errors
    ///
    /// As for [`Leaf::decode`], and where the bytes are not UTF-8.
    pub(super) fn decode_into(&mut self, text: &[u8]) -> Result<(), LeafError> {
        if canonical::read_into(text, self).is_some() {
            return self.check_signed_whole();
        }
        let text = std::str::from_utf8(text).map_err(|_| LeafError("is not UTF-8".to_owned()))?;
        *self = Self::decode(text)?;
        Ok(())
    }

    fn signed_whole(self) -> Result<Self, LeafError> {
        self.check_signed_whole().map(|()| self)
    }

    /// Checks that key, signature and origin are there together or not at all, and that the origin is the log.
    fn check_signed_whole(&self) -> Result<(), LeafError> {
        match (&self.key, &self.sig, &self.sub.origin) {
            (None, None, None) => Ok(()),
            (Some(_), Some(_), Some(origin)) if *origin == self.log => Ok(()),
            (Some(_), Some(_), Some(origin)) => {
                Err(LeafError(format!("was signed for the log {origin}, and stands in {}", self.log)))
            }
            (_, _, _) => Err(LeafError("has only a part of key, signature and origin".to_owned())),
        }
    }

    /// Reads the bytes of a leaf and checks that they are its one spelling.
    ///
    /// # Errors
    ///
    /// Returns [`LeafError`] when they are no leaf, or not as [`Leaf::encode`] writes it.
    pub fn decode_strictly(text: &str) -> Result<Self, LeafError> {
        let mut leaf = Self::blank();
        leaf.decode_strictly_into(text.as_bytes()).map(|()| leaf)
    }

    /// As [`Leaf::decode_strictly`], into a leaf whose memory is used again; after an error it is of no use.
    ///
    /// # Errors
    ///
    /// As for [`Leaf::decode_strictly`].
    pub(super) fn decode_strictly_into(&mut self, text: &[u8]) -> Result<(), LeafError> {
        if canonical::read_into(text, self).is_some() {
            return self.check_signed_whole();
        }
        let text = std::str::from_utf8(text).map_err(|_| LeafError("is not UTF-8".to_owned()))?;
        *self = Self::decode(text)?;
        if self.encode()? == text { Ok(()) } else { Err(LeafError("is not in its one spelling".to_owned())) }
    }

    /// Returns a leaf that says nothing, to be read into.
    pub(super) fn blank() -> Self {
        canonical::blank()
    }
}

impl Submission {
    /// Writes the bytes that are signed, which stand in the leaf as they are.
    ///
    /// # Errors
    ///
    /// Returns [`LeafError`] when they are more than [`LEAF_BYTES_MAX`].
    pub fn encode(&self) -> Result<String, LeafError> {
        let text = serde_json::to_string(self).map_err(|error| LeafError(error.to_string()))?;
        if text.len() > LEAF_BYTES_MAX {
            return Err(LeafError(format!("has {} bytes; at most {LEAF_BYTES_MAX} fit", text.len())));
        }
        Ok(text)
    }
}

/// Returns the id of an event that was submitted without one: a `UUIDv8` (RFC 9562, section 5.8) of the
/// first 128 bits of `SHA-256("demarche/event/v1\n" ‖ log ‖ 0x00 ‖ request ‖ index)`.
///
/// A submission that is tried again gets the same ids.
///
/// # Panics
///
/// Never: a SHA-256 digest has more than 16 bytes.
pub fn derived_id(log_id: &str, request: RequestId, index: u16) -> EventId {
    let digest: Hash = Sha256::new()
        .chain_update(b"demarche/event/v1\n")
        .chain_update(log_id)
        .chain_update([0])
        .chain_update(request.as_uuid())
        .chain_update(index.to_be_bytes())
        .finalize()
        .into();
    let (bytes, _) = digest.split_first_chunk::<16>().expect("32 bytes begin with 16");
    EventId::from_uuid(uuid::Builder::from_custom_bytes(*bytes).into_uuid())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf() -> Leaf {
        let id = |number| uuid::Uuid::from_u128(number);
        Leaf {
            v: 1,
            log: "seoul-00c0ffee".to_owned(),
            pos: 7,
            at: "2026-11-23T09:00:00.000000Z".parse().unwrap(),
            streams: vec![
                (EntityId::from_uuid(id(1)), 0, None),
                (EntityId::from_uuid(id(2)), 3, Some(HexHash([0xab; 32]))),
            ],
            sub: Submission {
                id: EventId::from_uuid(id(3)),
                request: RequestId::from_uuid(id(4)),
                index: 0,
                streams: vec![EntityId::from_uuid(id(1)), EntityId::from_uuid(id(2))],
                class: Class::Fact,
                schema: 1,
                actor: ActorId::from_uuid(id(5)),
                commitment: HexHash([0xcd; 32]),
                length: 12,
                attachments: vec![],
                expect: vec![(EntityId::from_uuid(id(2)), Expect::At(2))],
                origin: None,
            },
            key: None,
            sig: None,
        }
    }

    fn signed() -> Leaf {
        let mut leaf = leaf();
        leaf.key = Some(HexHash([0xef; 32]));
        leaf.sig = Some("c2ln".to_owned());
        leaf.sub.origin = Some(leaf.log.clone());
        leaf
    }

    #[test]
    fn the_bytes_of_a_leaf_are_fixed() {
        insta::assert_snapshot!(leaf().encode().unwrap(), @r#"{"v":1,"log":"seoul-00c0ffee","pos":7,"at":"2026-11-23T09:00:00.000000Z","streams":[["00000000-0000-0000-0000-000000000001",0,null],["00000000-0000-0000-0000-000000000002",3,"abababababababababababababababababababababababababababababababab"]],"sub":{"id":"00000000-0000-0000-0000-000000000003","request":"00000000-0000-0000-0000-000000000004","index":0,"streams":["00000000-0000-0000-0000-000000000001","00000000-0000-0000-0000-000000000002"],"class":"fact","schema":1,"actor":"00000000-0000-0000-0000-000000000005","commitment":"cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd","length":12,"attachments":[],"expect":[["00000000-0000-0000-0000-000000000002",{"at":2}]]}}"#);
    }

    #[test]
    fn a_signed_leaf_carries_the_submission_as_it_was_signed() {
        let (text, unsigned) = (signed().encode().unwrap(), leaf().encode().unwrap());
        let before = unsigned.strip_suffix("]}}").unwrap();
        let (key, log) = ("ef".repeat(32), "seoul-00c0ffee");
        assert_eq!(text, format!(r#"{before}],"origin":"{log}"}},"key":"{key}","sig":"c2ln"}}"#));
        assert!(text.contains(&format!(r#""sub":{},"key""#, signed().sub.encode().unwrap())));
        assert!(canonical::read(text.as_bytes()).is_some());
        assert_eq!(Leaf::decode_strictly(&text), Ok(signed()));
    }

    #[test]
    fn a_leaf_that_is_signed_in_part_or_for_another_log_is_refused() {
        let changes: [fn(&mut Leaf); 4] = [
            |leaf| leaf.key = None,
            |leaf| leaf.sig = None,
            |leaf| leaf.sub.origin = None,
            |leaf| leaf.sub.origin = Some("busan-00c0ffee".to_owned()),
        ];
        for change in changes {
            let mut leaf = signed();
            change(&mut leaf);
            let text = leaf.encode().unwrap();
            assert!(Leaf::decode(&text).is_err() && Leaf::decode_strictly(&text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_leaf_in_another_spelling_is_refused() {
        let text = leaf().encode().unwrap();
        assert_eq!(Leaf::decode_strictly(&text), Ok(leaf()));
        for other in [
            text.replacen("\"v\":1", "\"v\": 1", 1),
            text.replacen("{\"v\":1", "{\"v\":1,\"v\":1", 1),
            text.replacen("\"pos\":7", "\"pos\":7.0", 1),
            text.replacen("\"index\":0", "\"index\":0,\"extra\":0", 1),
            text.replacen("\"v\":1", "\"v\":2", 1),
            text.replacen("cdcd", "CDcd", 1),
        ] {
            assert!(Leaf::decode_strictly(&other).is_err(), "{other}");
        }
    }

    #[test]
    fn an_id_is_derived_from_log_request_and_place() {
        let request = RequestId::from_uuid(uuid::Uuid::from_u128(1));
        let id = derived_id("seoul-00c0ffee", request, 0);
        assert_eq!(id.as_uuid().get_version_num(), 8);
        assert_eq!(id, derived_id("seoul-00c0ffee", request, 0));
        assert_ne!(id, derived_id("seoul-00c0ffee", request, 1));
        assert_ne!(id, derived_id("seoul-00c0ffef", request, 0));
    }
}
