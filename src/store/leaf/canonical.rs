//! The one spelling of a leaf, read byte by byte: what is taken here is what [`Leaf::encode`] writes, so it
//! need not be written again to be compared.
//!
//! Whatever is spelled in any other way is left to the general reader, which says what is wrong with it.

use crate::domain::id::{ActorId, EntityId, EventId, RequestId};
use crate::domain::timestamp::Timestamp;
use crate::store::leaf::{HexHash, Leaf, Submission};
use crate::store::{Class, Expect};

/// Reads a leaf in its one spelling; none when it is in another or is no leaf.
pub(super) fn read(text: &[u8]) -> Option<Leaf> {
    let mut leaf = blank();
    read_into(text, &mut leaf).map(|()| leaf)
}

/// As [`read`], into a leaf whose memory is used again; what it holds after none is of no use.
pub(super) fn read_into(text: &[u8], leaf: &mut Leaf) -> Option<()> {
    let mut cursor = Cursor { rest: text };
    cursor.leaf(leaf)?;
    cursor.rest.is_empty().then_some(())
}

/// Returns a leaf that says nothing, to be read into.
pub(super) fn blank() -> Leaf {
    let nil = uuid::Uuid::nil();
    Leaf {
        v: 1,
        log: String::new(),
        pos: 0,
        at: Timestamp::MIN,
        streams: Vec::new(),
        sub: Submission {
            id: EventId::from_uuid(nil),
            request: RequestId::from_uuid(nil),
            index: 0,
            streams: Vec::new(),
            class: Class::Fact,
            schema: 0,
            actor: ActorId::from_uuid(nil),
            commitment: HexHash([0; 32]),
            length: 0,
            attachments: Vec::new(),
            expect: Vec::new(),
            origin: None,
        },
        key: None,
        sig: None,
    }
}

struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    fn leaf(&mut self, leaf: &mut Leaf) -> Option<()> {
        self.expect(br#"{"v":1,"log":""#)?;
        leaf.v = 1;
        self.plain()?.clone_into(&mut leaf.log);
        self.expect(br#","pos":"#)?;
        leaf.pos = self.number()?;
        self.expect(br#","at":""#)?;
        leaf.at = self.moment()?;
        self.expect(br#"","streams":["#)?;
        self.list(&mut leaf.streams, Self::stream)?;
        self.expect(br#","sub":"#)?;
        self.submission(&mut leaf.sub)?;
        leaf.key = if self.expect(br#","key":"#).is_some() { Some(self.hash()?) } else { None };
        leaf.sig = if self.expect(br#","sig":""#).is_some() { Some(self.plain()?.to_owned()) } else { None };
        self.expect(b"}")
    }

    fn submission(&mut self, sub: &mut Submission) -> Option<()> {
        self.expect(br#"{"id":"#)?;
        sub.id = EventId::from_uuid(self.uuid()?);
        self.expect(br#","request":"#)?;
        sub.request = RequestId::from_uuid(self.uuid()?);
        self.expect(br#","index":"#)?;
        sub.index = self.number()?.try_into().ok()?;
        self.expect(br#","streams":["#)?;
        self.list(&mut sub.streams, |cursor| cursor.uuid().map(EntityId::from_uuid))?;
        self.expect(br#","class":""#)?;
        sub.class = self.class()?;
        self.expect(br#","schema":"#)?;
        sub.schema = self.number()?.try_into().ok()?;
        self.expect(br#","actor":"#)?;
        sub.actor = ActorId::from_uuid(self.uuid()?);
        self.expect(br#","commitment":"#)?;
        sub.commitment = self.hash()?;
        self.expect(br#","length":"#)?;
        sub.length = self.number()?.try_into().ok()?;
        self.expect(br#","attachments":["#)?;
        self.list(&mut sub.attachments, Self::hash)?;
        sub.expect.clear();
        if self.expect(br#","expect":["#).is_some() {
            self.list(&mut sub.expect, Self::expectation)?;
            // An empty list is not written.
            if sub.expect.is_empty() {
                return None;
            }
        }
        sub.origin =
            if self.expect(br#","origin":""#).is_some() { Some(self.plain()?.to_owned()) } else { None };
        self.expect(b"}")
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
    fn list<T>(&mut self, items: &mut Vec<T>, item: impl Fn(&mut Self) -> Option<T>) -> Option<()> {
        items.clear();
        if self.expect(b"]").is_some() {
            return Some(());
        }
        loop {
            items.push(item(self)?);
            if self.expect(b"]").is_some() {
                return Some(());
            }
            self.expect(b",")?;
        }
    }

    /// Reads what is left of a text in which nothing is escaped, with its closing quote.
    fn plain(&mut self) -> Option<&'a str> {
        let len = self.rest.iter().position(|byte| *byte == b'"')?;
        let (text, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest.get(1..)?;
        let text = std::str::from_utf8(text).ok()?;
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
        let marks = [text[0], text[9], text[14], text[19], text[24], text[37]];
        if marks != *b"\"----\"" {
            return None;
        }
        let mut digits = [0; 32];
        digits[..8].copy_from_slice(&text[1..9]);
        digits[8..12].copy_from_slice(&text[10..14]);
        digits[12..16].copy_from_slice(&text[15..19]);
        digits[16..20].copy_from_slice(&text[20..24]);
        digits[20..].copy_from_slice(&text[25..37]);
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

/// Reads two digits a byte, `M` being twice `N`. No branch depends on a digit until all are read, and nothing
/// is looked up, so that the compiler reads sixteen digits at a time.
fn unhex<const M: usize, const N: usize>(digits: &[u8; M]) -> Option<[u8; N]> {
    let mut values = [0; M];
    let mut wrong = 0;
    for (value, digit) in values.iter_mut().zip(digits) {
        let (figure, letter) = (digit.wrapping_sub(b'0'), digit.wrapping_sub(b'a'));
        wrong |= u8::from(figure > 9) & u8::from(letter > 5);
        *value = if figure > 9 { letter.wrapping_add(10) } else { figure };
    }
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(values.as_chunks::<2>().0) {
        *byte = high << 4 | low;
    }
    (wrong == 0).then_some(bytes)
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
        fn what_is_written_is_read(leaf in leaf(), used in leaf()) {
            let text = leaf.encode().unwrap();
            let mut used = read(used.encode().unwrap().as_bytes()).unwrap_or_else(blank);
            if let Some(read) = read(text.as_bytes()) {
                prop_assert_eq!(&read, &leaf);
                prop_assert_eq!(read_into(text.as_bytes(), &mut used), Some(()));
                prop_assert_eq!(&used, &leaf, "whatever it held before");
            } else {
                prop_assert!(leaf.log.contains(['"', '\\', '\u{0}']), "only escaped names are left to the general reader");
            }
            let whole = leaf.clone().signed_whole();
            prop_assert_eq!(Leaf::decode_strictly(&text), whole);
        }

        #[test]
        fn what_is_read_is_in_the_one_spelling(leaf in leaf(), place: prop::sample::Index, byte in 0x20u8.., insert: bool) {
            let text = leaf.encode().unwrap();
            let mut changed = text.into_bytes();
            let place = place.index(changed.len());
            if insert {
                changed.insert(place, byte);
            } else {
                changed[place] = byte;
            }
            if let Some(read) = read(&changed) {
                prop_assert_eq!(read.encode().unwrap().into_bytes(), changed);
            }
        }
    }
}
