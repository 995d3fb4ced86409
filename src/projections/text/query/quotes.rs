//! Which quotes hold a phrase together, and which are letters of a word.

use crate::projections::text::units::is_sign;

/// Tells whether a letter begins or ends a phrase.
pub(super) fn is_quote(letter: char) -> bool {
    matches!(letter, '"' | '“' | '”' | '„' | '＂')
}

/// Returns where the first quote stands in a text, in bytes, that is none of a word; `before` is the letter before the
/// text. Between two letters `"` is one of the word, as in the Hebrew ארה"ב.
pub(super) fn quote_in(text: &str, mut before: Option<char>) -> Option<usize> {
    let is_letter = |letter: char| letter.is_alphabetic() && !is_sign(letter);
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let behind = letters.peek().map(|(_, letter)| *letter);
        let within = letter == '"' && before.is_some_and(is_letter) && behind.is_some_and(is_letter);
        if is_quote(letter) && !within {
            return Some(at);
        }
        before = Some(letter);
    }
    None
}
