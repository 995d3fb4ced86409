//! XML as feeds and graphs are written in.

use std::fmt::Write as _;

/// An element with its attributes, as it begins: `<edge id="1"`.
pub(super) struct Tag {
    text: String,
}

impl Tag {
    /// Begins an element.
    pub(super) fn new(name: &str) -> Self {
        Self { text: format!("<{name}") }
    }

    /// Adds an attribute.
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        let _ = write!(self.text, " {name}=\"{}\"", escaped(value));
        self
    }

    /// Returns the beginning of an element that holds others.
    pub(super) fn open(self) -> String {
        self.text + ">"
    }

    /// Returns the whole of an element that holds nothing.
    pub(super) fn empty(self) -> String {
        self.text + "/>"
    }
}

/// Returns an element that holds a text.
pub(super) fn element(name: &str, text: &str) -> String {
    format!("<{name}>{}</{name}>", escaped(text))
}

/// Returns a text as it stands in an element or an attribute; a letter that XML 1.0 knows no way to write
/// is replaced by the one for letters that nobody knows.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#10;"),
            '\r' => escaped.push_str("&#13;"),
            '\t' => escaped.push_str("&#9;"),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_is_written_ends_its_element_or_is_unknown_to_xml() {
        assert_eq!(
            Tag::new("a").with("b", "\"<&>\u{1}\n").empty(),
            "<a b=\"&quot;&lt;&amp;&gt;\u{fffd}&#10;\"/>"
        );
        assert_eq!(element("a", "</a>회담"), "<a>&lt;/a&gt;회담</a>");
    }
}
