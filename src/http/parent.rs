//! `traceparent` of the W3C: within which span of whoever asks a request stands.

use axum::http::HeaderMap;

const NAME: &str = "traceparent";

/// What `traceparent` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parent {
    /// The trace, of which all that is told of one request is a part.
    pub trace: [u8; 16],
    /// The span within it.
    pub span: [u8; 8],
    /// Whether whoever asks has its own part told of.
    pub is_sampled: bool,
}

/// Returns the `traceparent` of a request, where it is one that can be taken over.
pub(super) fn remote(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(NAME).iter();
    let line = all.next()?.to_str().ok()?;
    // Two are none.
    (all.next().is_none() && parse(line).is_some()).then_some(line)
}

/// Reads a `traceparent`: of a later version, what this one has of it.
pub fn parse(line: &str) -> Option<Parent> {
    let mut parts = line.splitn(5, '-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let version = hex::<1>(version)?;
    if version == [0xff] || version == [0] && parts.next().is_some() {
        return None;
    }
    let (trace, span, [flags]) = (hex::<16>(trace)?, hex::<8>(span)?, hex::<1>(flags)?);
    (trace != [0; 16] && span != [0; 8]).then_some(Parent { trace, span, is_sampled: flags & 1 == 1 })
}

/// Reads so many bytes from small hexadecimal digits.
fn hex<const BYTES: usize>(text: &str) -> Option<[u8; BYTES]> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else { return None };
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let bytes: Option<Vec<u8>> =
        pairs.iter().map(|[high, low]| Some(value(*high)? << 4 | value(*low)?)).collect();
    bytes?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_traceparent_is_taken_over_where_it_is_one_and_alone() {
        assert!(parse(PARENT).is_some_and(|parent| parent.is_sampled));
        assert!(parse(&PARENT.replace("00-0af", "01-0af")).is_some());
        assert!(parse(&format!("{}-of a later version", PARENT.replace("00-0af", "cc-0af"))).is_some());
        for wrong in [
            "",
            "00",
            &PARENT.to_uppercase(),
            &PARENT.replace("00-0af", "ff-0af"),
            &format!("{PARENT}-more"),
            &PARENT[..PARENT.len() - 1],
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
        ] {
            assert!(parse(wrong).is_none(), "{wrong}");
        }
        let mut headers = HeaderMap::new();
        headers.append("traceparent", HeaderValue::from_static(PARENT));
        assert_eq!(remote(&headers), Some(PARENT));
        headers.append("traceparent", HeaderValue::from_static(PARENT));
        assert_eq!(remote(&headers), None, "two are none");
    }
}
