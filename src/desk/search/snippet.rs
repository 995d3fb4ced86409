//! The pieces of an entry's texts in which something was found.

use crate::desk::answer::search::Snippet;
use crate::desk::error::DeskError;
use crate::domain::event::Event;
use crate::domain::prose::{Passage, Prose};
use crate::projections::text::TextQuery;

/// Of one entry so many pieces are shown.
const SNIPPETS_MAX: usize = 3;
/// So long a piece is, in characters.
const CHARS_MAX: usize = 160;
/// So many of them stand before what was found.
const BEFORE_MAX: usize = 40;

/// Returns the first pieces of an entry's texts in which something was found; none where the texts are not what
/// was looked for.
pub(super) fn snippets(query: &TextQuery, event: &Event) -> Result<Option<Vec<Snippet>>, DeskError> {
    let prose = Prose::of_event(event).map_err(|error| DeskError::Unavailable(error.to_string()))?;
    let found =
        || prose.own.iter().filter_map(|passage| snippet(query, passage)).take(SNIPPETS_MAX).collect();
    Ok(query.is_met_by(&prose.own).then(found))
}

fn snippet(query: &TextQuery, passage: &Passage) -> Option<Snippet> {
    let text = &passage.text;
    let letters: Vec<char> = text.chars().collect();
    let marks = in_characters(text, &query.marks(text));
    let first = *marks.first()?;
    let from = begin(&letters, first.0);
    let room = (from + CHARS_MAX).max(first.1);
    let to = if letters.len() <= room { letters.len() } else { end(&letters, first.1, room) };
    let within = marks.iter().filter(|(_, end)| *end <= to);
    let short = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Some(Snippet {
        place: passage.place.to_owned(),
        language: passage.language.as_ref().map(ToString::to_string),
        translation: passage.translation,
        marking: passage.marking.as_ref().map(|marking| marking.0.clone()),
        text: letters.get(from..to)?.iter().collect(),
        begins: short(from),
        follows: short(letters.len() - to),
        marks: within.map(|(begin, end)| (short(begin - from), short(end - from))).collect(),
    })
}

/// Returns the marks of a text, which are given in bytes, in characters.
fn in_characters(text: &str, marks: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut places = text.char_indices().map(|(byte, _)| byte).chain([text.len()]).enumerate();
    let mut place = |byte: usize| places.by_ref().find(|(_, at)| *at == byte).map_or(0, |(place, _)| place);
    // Marks come in order and do not touch, so that no place is asked for twice.
    marks.iter().map(|(from, to)| (place(*from), place(*to))).collect()
}

/// Returns where a piece begins: at a word, a little before what was found.
fn begin(letters: &[char], found: usize) -> usize {
    let from = found.saturating_sub(BEFORE_MAX);
    if from == 0 {
        return 0;
    }
    let before = letters.get(from..found).unwrap_or_default();
    before.iter().position(|letter| letter.is_whitespace()).map_or(from, |space| from + space + 1)
}

/// Returns where a piece ends: behind a word, before `room`.
fn end(letters: &[char], found: usize, room: usize) -> usize {
    let after = letters.get(found..room).unwrap_or_default();
    after.iter().rposition(|letter| letter.is_whitespace()).map_or(room, |space| found + space)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(query: &str, text: &str) -> Snippet {
        let passage = Passage {
            place: "note",
            language: None,
            translation: false,
            marking: None,
            text: text.to_owned(),
        };
        snippet(&query.parse().unwrap(), &passage).unwrap()
    }

    /// Returns a piece with what was found in brackets.
    fn shown(snippet: &Snippet) -> String {
        let mut shown: Vec<char> = snippet.text.chars().collect();
        for (from, to) in snippet.marks.iter().rev() {
            shown.insert(*to as usize, ']');
            shown.insert(*from as usize, '[');
        }
        shown.into_iter().collect()
    }

    #[test]
    fn a_short_text_is_shown_whole_with_everything_that_was_found() {
        let found = of("회담 OR talks", "군사 회담(Talks)을 제의, talks 회 담");
        assert_eq!(shown(&found), "군사 [회담]([Talks])을 제의, [talks] [회 담]");
        assert_eq!((found.begins, found.follows), (0, 0));
    }

    #[test]
    fn of_a_long_text_a_piece_is_shown_that_begins_and_ends_at_words() {
        let text = format!("{}군사 회담 {}", "앞말 ".repeat(100), "뒷말 ".repeat(100));
        let found = of("군사회담", &text);
        assert!(shown(&found).contains("앞말 [군사 회담]") && found.text.chars().count() <= CHARS_MAX);
        assert!(found.text.starts_with("앞말") && found.text.ends_with("뒷말"), "{}", found.text);
        let whole: Vec<char> = text.chars().collect();
        let piece: String =
            whole[found.begins as usize..whole.len() - found.follows as usize].iter().collect();
        assert_eq!(piece, found.text);
    }

    #[test]
    fn what_was_found_is_whole_even_where_it_is_longer_than_a_piece() {
        let long = "가나다라마바사".repeat(60);
        let found = of(&long, &format!("앞 {long} 뒤"));
        assert_eq!(found.marks, [(2, 2 + 420)]);
    }
}
