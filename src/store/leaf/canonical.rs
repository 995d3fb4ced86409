//! The one spelling of a leaf, read byte by byte: what is taken here is what [`Leaf::encode`] writes, so it
//! need not be written again to be compared.
//!
//! Whatever is spelled in any other way is left to the general reader, which says what is wrong with it.

use crate::domain::id::{ActorId, EntityId, EventId, RequestId};
use crate::domain::timestamp::Timestamp;
use crate::store::leaf::{HexHash, Leaf, Submission, hex_digit};
use crate::store::{Class, Expect};

/// Reads a leaf in its one spelling; none when it is in another or is no leaf.
pub(super) fn read(text: &str) -> Option<Leaf> {
    let mut cursor = Cursor { text, rest: text.as_bytes() };
    let leaf = cursor.leaf()?;
    cursor.rest.is_empty().then_some(leaf)
}

struct Cursor<'a> {
    text: &'a str,
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    fn leaf(&mut self) -> Option<Leaf> {
        self.expect(br#"{"v":1,"log":""#)?;
        let log = self.plain()?.to_owned();
        self.expect(br#","pos":"#)?;
        let pos = self.number()?;
        self.expect(br#","at":""#)?;
        let at = self.moment()?;
        self.expect(br#"","streams":["#)?;
        let streams = self.list(Self::stream)?;
        self.expect(br#","sub":"#)?;
        let sub = self.submission()?;
        let key = if self.expect(br#","key":"#).is_some() { Some(self.hash()?) } else { None };
        let sig = if self.expect(br#","sig":""#).is_some() { Some(self.plain()?.to_owned()) } else { None };
        self.expect(b"}")?;
        Some(Leaf { v: 1, log, pos, at, streams, sub, key, sig })
    }

    fn submission(&mut self) -> Option<Submission> {
        self.expect(br#"{"id":"#)?;
        let id = EventId::from_uuid(self.uuid()?);
        self.expect(br#","request":"#)?;
        let request = RequestId::from_uuid(self.uuid()?);
        self.expect(br#","index":"#)?;
        let index = self.number()?.try_into().ok()?;
        self.expect(br#","streams":["#)?;
        let streams = self.list(|cursor| cursor.uuid().map(EntityId::from_uuid))?;
        self.expect(br#","class":""#)?;
        let class = self.class()?;
        self.expect(br#","schema":"#)?;
        let schema = self.number()?.try_into().ok()?;
        self.expect(br#","actor":"#)?;
        let actor = ActorId::from_uuid(self.uuid()?);
        self.expect(br#","commitment":"#)?;
        let commitment = self.hash()?;
        self.expect(br#","length":"#)?;
        let length = self.number()?.try_into().ok()?;
        self.expect(br#","attachments":["#)?;
        let attachments = self.list(Self::hash)?;
        let expect = if self.expect(br#","expect":["#).is_some() {
            // An empty list is not written.
            self.list(Self::expectation).filter(|expect| !expect.is_empty())?
        } else {
            Vec::new()
        };
        let origin =
            if self.expect(br#","origin":""#).is_some() { Some(self.plain()?.to_owned()) } else { None };
        self.expect(b"}")?;
        Some(Submission {
            id,
            request,
            index,
            streams,
            class,
            schema,
            actor,
            commitment,
            length,
            attachments,
            expect,
            origin,
        })
    }

    fn stream(&mut self) -> Option<(EntityId, u64, Option<HexHash>)> {
        self.expect(b"[")?;
        let id = EntityId::from_uuid(self.uuid()?);
        self.expect(b",")?;
        let revision = self.number()?;
        self.expect(b",")?;
        let before = if self.expect(b"null").is_some() { None } else { Some(self.hash()?) };
        self.expect(b"]")?;
        Some((id, revision, before))
    }

    fn expectation(&mut self) -> Option<(EntityId, Expect)> {
        self.expect(b"[")?;
        let id = EntityId::from_uuid(self.uuid()?);
        self.expect(b",")?;
        let expect = if self.expect(br#"{"at":"#).is_some() {
            let revision = self.number()?;
            self.expect(b"}")?;
            Expect::At(revision)
        } else if self.expect(br#""any""#).is_some() {
            Expect::Any
        } else if self.expect(br#""no_stream""#).is_some() {
            Expect::NoStream
        } else {
            self.expect(br#""exists""#)?;
            Expect::Exists
        };
        self.expect(b"]")?;
        Some((id, expect))
    }

    /// Passes over bytes that must stand here.
    fn expect(&mut self, bytes: &[u8]) -> Option<()> {
        self.rest = self.rest.strip_prefix(bytes)?;
        Some(())
    }

    fn take<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(taken)
    }

    /// Reads what is left of a list, whose bracket was passed.
    fn list<T>(&mut self, item: impl Fn(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        let mut items = Vec::new();
        if self.expect(b"]").is_some() {
            return Some(items);
        }
        loop {
            items.push(item(self)?);
            if self.expect(b"]").is_some() {
                return Some(items);
            }
            self.expect(b",")?;
        }
    }

    /// Reads what is left of a text in which nothing is escaped, with its closing quote.
    fn plain(&mut self) -> Option<&'a str> {
        let len = self.rest.iter().position(|byte| *byte == b'"')?;
        let start = self.text.len() - self.rest.len();
        let text = self.text.get(start..start + len)?;
        self.rest = self.rest.get(len + 1..)?;
        (!text.bytes().any(|byte| byte < 0x20 || byte == b'\\')).then_some(text)
    }

    fn number(&mut self) -> Option<u64> {
        let len = self.rest.iter().position(|byte| !byte.is_ascii_digit())?;
        let (digits, rest) = self.rest.split_at_checked(len)?;
        if digits.is_empty() || (digits.len() > 1 && digits.first() == Some(&b'0')) {
            return None;
        }
        self.rest = rest;
        digits
            .iter()
            .try_fold(0_u64, |number, digit| number.checked_mul(10)?.checked_add(u64::from(digit - b'0')))
    }

    fn uuid(&mut self) -> Option<uuid::Uuid> {
        let text = self.take::<38>()?;
        let dashes = [text[9], text[14], text[19], text[24]];
        if (text[0], text[37]) != (b'"', b'"') || dashes != [b'-'; 4] {
            return None;
        }
        let mut digits = [0; 32];
        let (parts, mut from) = ([1..9, 10..14, 15..19, 20..24, 25..37], 0);
        for part in parts {
            let part = text.get(part)?;
            digits.get_mut(from..from + part.len())?.copy_from_slice(part);
            from += part.len();
        }
        unhex(&digits).map(uuid::Uuid::from_bytes)
    }

    fn hash(&mut self) -> Option<HexHash> {
        self.expect(b"\"")?;
        let digits = self.take::<64>()?;
        self.expect(b"\"")?;
        unhex(digits).map(HexHash)
    }

    /// Reads a moment up to its `Z`.
    fn moment(&mut self) -> Option<Timestamp> {
        let mut digits = |count: usize, after: u8| {
            let mut number = 0_u32;
            for _ in 0..count {
                let [digit] = *self.take::<1>()?;
                number = number * 10 + u32::from(digit.is_ascii_digit().then(|| digit - b'0')?);
            }
            (self.take::<1>()? == &[after]).then_some(number)
        };
        let (year, month, day) = (digits(4, b'-')?, digits(2, b'-')?, digits(2, b'T')?);
        let (hour, minute, second) = (digits(2, b':')?, digits(2, b':')?, digits(2, b'.')?);
        let micros = digits(6, b'Z')?;
        let date = chrono::NaiveDate::from_ymd_opt(year.cast_signed(), month, day)?;
        if second > 59 || micros > 999_999 {
            return None;
        }
        let moment = date.and_hms_micro_opt(hour, minute, second, micros)?;
        Timestamp::from_micros(moment.and_utc().timestamp_micros()).ok()
    }

    fn class(&mut self) -> Option<Class> {
        Some(match self.plain()? {
            "fact" => Class::Fact,
            "record.redacted" => Class::RecordRedacted,
            "key.rotated" => Class::KeyRotated,
            "author.key.added" => Class::AuthorKeyAdded,
            "author.key.revoked" => Class::AuthorKeyRevoked,
            "incident" => Class::Incident,
            "anchor" => Class::Anchor,
            _ => return None,
        })
    }
}

/// Stands for what is no lower-case hexadecimal digit.
const NO_DIGIT: u8 = 0xff;

/// The value of every byte as a digit.
#[expect(clippy::indexing_slicing, reason = "a digit is a byte, and there is a value for every byte")]
const DIGITS: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        values[hex_digit(value) as usize] = value;
        value += 1;
    }
    values
};

/// Reads two digits a byte, `M` being twice `N`; no branch depends on a digit until all are read.
#[expect(clippy::indexing_slicing, reason = "there is a value for every byte")]
fn unhex<const M: usize, const N: usize>(digits: &[u8; M]) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let mut seen = 0;
    for (byte, [high, low]) in bytes.iter_mut().zip(digits.as_chunks::<2>().0) {
        let (high, low) = (DIGITS[usize::from(*high)], DIGITS[usize::from(*low)]);
        seen |= high | low;
        *byte = high << 4 | low & 15;
    }
    // A digit has no higher bits.
    (seen < 16).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn class() -> impl Strategy<Value = Class> {
        proptest::sample::select(vec![
            Class::Fact,
            Class::RecordRedacted,
            Class::KeyRotated,
            Class::AuthorKeyAdded,
            Class::AuthorKeyRevoked,
            Class::Incident,
            Class::Anchor,
        ])
    }

    fn expectation() -> impl Strategy<Value = Expect> {
        prop_oneof![
            Just(Expect::Any),
            Just(Expect::NoStream),
            Just(Expect::Exists),
            any::<u64>().prop_map(Expect::At)
        ]
    }

    fn entity() -> impl Strategy<Value = EntityId> {
        any::<u128>().prop_map(|bits| EntityId::from_uuid(uuid::Uuid::from_u128(bits)))
    }

    prop_compose! {
        fn submission()(
            ids: [u128; 3],
            streams in proptest::collection::vec(entity(), 0..4),
            class in class(),
            (index, schema, length) in any::<(u16, u16, u32)>(),
            commitment: [u8; 32],
            attachments in proptest::collection::vec(any::<[u8; 32]>(), 0..3),
            expect in proptest::collection::vec((entity(), expectation()), 0..3),
            origin in proptest::option::of("[a-z]{1,9}"),
        ) -> Submission {
            let [id, request, actor] = ids.map(uuid::Uuid::from_u128);
            Submission {
                id: EventId::from_uuid(id),
                request: RequestId::from_uuid(request),
                index,
                streams,
                class,
                schema,
                actor: ActorId::from_uuid(actor),
                commitment: HexHash(commitment),
                length,
                attachments: attachments.into_iter().map(HexHash).collect(),
                expect,
                origin,
            }
        }
    }

    prop_compose! {
        fn leaf()(
            log in "[가-힣a-z\"\\\\\u{0}\u{7f}-]{0,9}",
            pos: u64,
            micros in Timestamp::MIN.micros()..=Timestamp::MAX.micros(),
            streams in proptest::collection::vec(
                (entity(), any::<u64>(), proptest::option::of(any::<[u8; 32]>().prop_map(HexHash))), 0..4),
            sub in submission(),
            key in proptest::option::of(any::<[u8; 32]>().prop_map(HexHash)),
            sig in proptest::option::of("[A-Za-z0-9+/=]{0,9}"),
        ) -> Leaf {
            Leaf { v: 1, log, pos, at: Timestamp::from_micros(micros).unwrap(), streams, sub, key, sig }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(leaf in leaf()) {
            let text = leaf.encode().unwrap();
            if let Some(read) = read(&text) {
                prop_assert_eq!(&read, &leaf);
            } else {
                prop_assert!(leaf.log.contains(['"', '\\', '\u{0}']), "only escaped names are left to the general reader");
            }
            let whole = leaf.clone().signed_whole();
            prop_assert_eq!(Leaf::decode_strictly(&text), whole);
        }

        #[test]
        fn what_is_read_is_in_the_one_spelling(leaf in leaf(), place: prop::sample::Index, byte in 0x20u8..0x7f, insert: bool) {
            let text = leaf.encode().unwrap();
            let mut changed = text.into_bytes();
            let place = place.index(changed.len());
            if insert {
                changed.insert(place, byte);
            } else {
                changed[place] = byte;
            }
            if let Ok(changed) = String::from_utf8(changed)
                && let Some(read) = read(&changed)
            {
                prop_assert_eq!(read.encode().unwrap(), changed);
            }
        }
    }
}
