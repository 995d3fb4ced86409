//! How the texts of a log are written: base64, decimals and lines, in one way each.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::tlog::Hash;

/// Returns the base64 text of some bytes (RFC 4648, section 4).
pub(in crate::tlog) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Returns what a base64 text stands for; none unless it is written as [`base64`] writes it.
pub(in crate::tlog) fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Returns the hash that a base64 text stands for; none unless it is one, written as [`base64`] writes it.
pub(in crate::tlog) fn hash(text: &str) -> Option<Hash> {
    // Whoever sends a long line is not answered with a long allocation.
    (text.len() == 44).then(|| from_base64(text))??.try_into().ok()
}

/// Returns the number that a decimal stands for; none with a sign, a leading zero or beyond 64 bits.
pub(in crate::tlog) fn decimal(text: &str) -> Option<u64> {
    let canonical = text == "0" || !text.starts_with('0');
    (canonical && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

/// Returns the first line and what comes after it; none when no line ends here.
pub(in crate::tlog) fn line(text: &str) -> Option<(&str, &str)> {
    text.split_once('\n')
}

/// Returns a text that is short enough to be quoted in an error.
pub(in crate::tlog) fn quoted(text: &str) -> String {
    const LETTERS_MAX: usize = 80;
    let mut short: String = text.chars().take(LETTERS_MAX).flat_map(char::escape_debug).collect();
    if text.chars().nth(LETTERS_MAX).is_some() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_number_is_written_in_one_way() {
        assert_eq!(decimal("0"), Some(0));
        assert_eq!(decimal("18446744073709551615"), Some(u64::MAX));
        for wrong in ["", "00", "01", "+1", "-1", " 1", "1 ", "1_0", "18446744073709551616", "١", "0x1"] {
            assert_eq!(decimal(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_base64_text_with_other_padding_or_loose_bits_is_none() {
        assert_eq!(from_base64("AQ=="), Some(vec![1]));
        for wrong in ["AQ", "AQ=", "AR==", "AQ==\n", "AQ== ", "A-==", "AQ===", "=", "AQ==AQ=="] {
            assert_eq!(from_base64(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_written_back(text in "[A-Za-z0-9+/=]{0,60}|[0-9]{0,22}") {
            if let Some(bytes) = from_base64(&text) {
                prop_assert_eq!(base64(&bytes), text.clone());
            }
            if let Some(number) = decimal(&text) {
                prop_assert_eq!(number.to_string(), text);
            }
        }
    }
}
