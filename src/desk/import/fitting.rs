//! As much of a text as an entry holds.

/// Cuts a text at the end of a line, or of a word, so that JSON has at most so many bytes of it; returns how many
/// bytes are left out.
pub(super) fn cut(text: &str, most: usize) -> (&str, usize) {
    let size = |letter: char| match letter {
        '"' | '\\' | '\n' | '\t' => 2,
        letter if letter.is_control() => 6,
        letter => letter.len_utf8(),
    };
    let mut total = 0;
    let Some((place, _)) = text.char_indices().find(|(_, letter)| {
        total += size(*letter);
        total > most
    }) else {
        return (text, 0);
    };
    let kept = text.get(..place).unwrap_or_default();
    let end = kept.rfind('\n').or_else(|| kept.rfind(' ')).filter(|end| *end > place / 2).unwrap_or(place);
    (text.get(..end).unwrap_or_default(), text.len() - end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_where_json_has_no_more_room_and_what_is_left_out_is_counted() {
        assert_eq!(cut("one two", 100), ("one two", 0));
        assert_eq!(cut("one two three", 8), ("one two", 6));
        let quotes = "\"".repeat(30);
        let (kept, left_out) = cut(&quotes, 40);
        assert_eq!((kept.len(), left_out), (20, 10));
    }
}
