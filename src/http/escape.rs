//! Any text in the path and the query of an address, and back.

/// Returns `text` as one segment of a path or one side of a query: every byte that could mean something
/// in an address is spelt `%` and two hexadecimal digits.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        push(&mut escaped, byte, is_plain(byte));
    }
    escaped
}

/// Returns a path that was joined by hand as an address may hold it.
///
/// Slashes part its segments and an escape stays one, so a segment that itself has one of `/`, `%`
/// must have been escaped before.
pub(super) fn escape_path(path: &str) -> String {
    let mut escaped = String::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [byte, after @ ..] = rest {
        let is_escape = *byte == b'%'
            && matches!(after, [high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit());
        push(&mut escaped, *byte, is_escape || *byte == b'/' || is_plain(*byte));
        rest = after;
    }
    escaped
}

/// Returns what one side of a query says; none where an escape is broken or the bytes are not UTF-8.
pub(super) fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [byte, after @ ..] = rest {
        rest = after;
        match byte {
            // Forms and most libraries write a space so.
            b'+' => bytes.push(b' '),
            b'%' => {
                let [high, low, after @ ..] = rest else { return None };
                bytes.push(digit(*high)? << 4 | digit(*low)?);
                rest = after;
            }
            byte => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes).ok()
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn push(escaped: &mut String, byte: u8, plain: bool) {
    if plain {
        escaped.push(char::from(byte));
    } else {
        escaped.push('%');
        for half in [byte >> 4, byte & 15] {
            escaped.extend(char::from_digit(u32::from(half), 16).map(|digit| digit.to_ascii_uppercase()));
        }
    }
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_survives_the_query(text in ".*") {
            let escaped = escape(&text);
            prop_assert!(escaped.bytes().all(|byte| is_plain(byte) || byte == b'%'));
            prop_assert_eq!(unescape(&escaped), Some(text));
        }

        #[test]
        fn an_escaped_segment_is_not_escaped_twice(text in ".*") {
            let path = format!("/v1/entries/{}", escape(&text));
            prop_assert_eq!(escape_path(&path), path);
        }

        #[test]
        fn no_query_makes_unescape_panic(text in "[%+a-f0-9é]*") {
            let _ = unescape(&text);
        }
    }

    #[test]
    fn a_broken_escape_is_no_text() {
        for broken in ["%", "%4", "%zz", "%ff", "%ED%A0%80"] {
            assert_eq!(unescape(broken), None, "{broken}");
        }
        assert_eq!(unescape("a+b%2Bc").as_deref(), Some("a b+c"));
    }

    #[test]
    fn a_path_that_was_joined_by_hand_is_escaped() {
        assert_eq!(escape_path("/v1/threads/남북 1#2?"), "/v1/threads/%EB%82%A8%EB%B6%81%201%232%3F");
        assert_eq!(escape_path("/v1/threads/100%"), "/v1/threads/100%25");
    }
}
