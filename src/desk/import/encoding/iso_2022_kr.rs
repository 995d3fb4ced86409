//! ISO-2022-KR (RFC 1557), which Korean mail was sent in: seven bits, and shifts that tell whether two bytes are one
//! letter of KS X 1001. With their high bits set they are EUC-KR.

use encoding_rs::EUC_KR;

/// Says that what is shifted is KS X 1001. It stands once, and changes nothing here: no other set can be.
pub(super) const DESIGNATOR: &[u8] = b"\x1b$)C";
const SHIFT_OUT: u8 = 0x0e;
const SHIFT_IN: u8 = 0x0f;
const ESCAPE: u8 = 0x1b;
const HIGH: u8 = 0x80;

/// Bytes that are no letter, and before how many letters they stand.
pub(super) struct Broken<'a> {
    pub(super) after: usize,
    pub(super) bytes: &'a [u8],
}

/// Returns the letters of some bytes; what is none is replaced, and told. A line begins without a shift.
pub(super) fn decode(bytes: &[u8]) -> (String, Vec<Broken<'_>>) {
    let (mut text, mut broken) = (String::with_capacity(bytes.len()), Vec::new());
    let (mut rest, mut shifted, mut count) = (bytes, false, 0);
    while let Some((first, after)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(DESIGNATOR) {
            rest = after;
            continue;
        }
        let is_pair = shifted && is_half(*first) && after.first().is_some_and(|second| is_half(*second));
        let (letter, taken) = match (*first, after.first()) {
            (SHIFT_OUT | SHIFT_IN, _) => {
                shifted = *first == SHIFT_OUT;
                rest = after;
                continue;
            }
            (first, Some(second)) if is_pair => (pair(first, *second), 2),
            (first, _) if first.is_ascii() && first != ESCAPE && !(shifted && is_half(first)) => {
                shifted &= first != b'\n';
                (Some(char::from(first)), 1)
            }
            _ => (None, 1),
        };
        let (read, after) = rest.split_at(taken);
        if letter.is_none() {
            broken.push(Broken { after: count, bytes: read });
        }
        text.push(letter.unwrap_or(char::REPLACEMENT_CHARACTER));
        count += 1;
        rest = after;
    }
    (text, broken)
}

/// Returns a text as bytes; none where there are none for a letter of it.
pub(super) fn encode(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut shifted) = (Vec::with_capacity(text.len()), false);
    for letter in text.chars() {
        let mut utf_8 = [0; 4];
        let (coded, _, unknown) = EUC_KR.encode(letter.encode_utf8(&mut utf_8));
        let is_wide = !letter.is_ascii();
        let halves: Vec<u8> = coded.iter().map(|byte| if is_wide { byte & !HIGH } else { *byte }).collect();
        let is_sound = match halves.as_slice() {
            [only] if !is_wide => !matches!(*only, SHIFT_OUT | SHIFT_IN | ESCAPE),
            [one, other] if is_wide => {
                is_half(*one) && is_half(*other) && coded.iter().all(|byte| *byte > HIGH)
            }
            _ => false,
        };
        if unknown || !is_sound {
            return None;
        }
        if shifted != is_wide {
            bytes.push(if is_wide { SHIFT_OUT } else { SHIFT_IN });
            shifted = is_wide;
        }
        bytes.extend(halves);
    }
    bytes.extend(shifted.then_some(SHIFT_IN));
    Some(bytes)
}

/// Tells whether a byte may be the half of a letter.
fn is_half(byte: u8) -> bool {
    (0x21..=0x7e).contains(&byte)
}

fn pair(one: u8, other: u8) -> Option<char> {
    let letters =
        EUC_KR.decode_without_bom_handling_and_without_replacement(&[one | HIGH, other | HIGH])?.into_owned();
    letters.chars().next()
}
