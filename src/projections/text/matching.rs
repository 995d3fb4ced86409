//! Whether a text is what is looked for, found by reading it: what is newer than the index is searched so,
//! and what was found is marked so.

use crate::domain::prose::Passage;
use crate::projections::text::engine;
use crate::projections::text::query::{Node, Term, TextQuery};
use crate::projections::text::rank;
use crate::projections::text::units::{Sort, Unit, Units};

/// The texts of one reading of an entry, ready to be searched.
#[derive(Debug, Clone, Default)]
pub(super) struct Prepared {
    passages: Vec<Units>,
    /// How many tokens an index has of it, as roughly as the index remembers.
    length: u32,
}

impl Prepared {
    /// Returns how many words and signs it has.
    pub(super) fn units(&self) -> usize {
        self.passages.iter().map(|units| units.units().len()).sum()
    }

    /// Prepares texts.
    pub(super) fn of(passages: &[Passage]) -> Self {
        let passages: Vec<Units> = passages.iter().map(|passage| Units::of(&passage.text)).collect();
        let tokens: usize = passages.iter().map(|units| units.tokens().count()).sum();
        let length = engine::rough_length(u32::try_from(tokens).unwrap_or(u32::MAX));
        Self { passages, length }
    }

    /// Returns how well the texts are what is looked for; none where they are not.
    pub(super) fn score(&self, query: &TextQuery) -> Option<u32> {
        self.score_of(&query.root)
    }

    fn score_of(&self, node: &Node) -> Option<u32> {
        match node {
            Node::Term(term) => {
                let times: usize = self.passages.iter().map(|units| occurrences(term, units).count()).sum();
                let times = u32::try_from(times).unwrap_or(u32::MAX);
                (times > 0).then(|| rank::score(term, times, self.length))
            }
            Node::All(with, without) => {
                let with: Option<Vec<u32>> = with.iter().map(|node| self.score_of(node)).collect();
                let score = with?.into_iter().fold(0, u32::saturating_add);
                without.iter().all(|node| self.score_of(node).is_none()).then_some(score)
            }
            Node::Any(nodes) => {
                nodes.iter().filter_map(|node| self.score_of(node)).reduce(u32::saturating_add)
            }
        }
    }
}

impl TextQuery {
    /// Returns where in a text the words and phrases stand that are looked for: from which byte to which, in
    /// order, none touching another. What must not be there is not marked.
    pub fn marks(&self, text: &str) -> Vec<(usize, usize)> {
        let units = Units::of(text);
        let mut marks: Vec<(usize, usize)> =
            self.terms().iter().flat_map(|term| occurrences(term, &units)).collect();
        marks.sort_unstable();
        let mut joined: Vec<(usize, usize)> = Vec::with_capacity(marks.len());
        for (from, to) in marks {
            match joined.last_mut() {
                Some((_, end)) if from <= *end => *end = to.max(*end),
                _ => joined.push((from, to)),
            }
        }
        joined
    }

    /// Tells whether texts are what is looked for.
    pub fn is_met_by(&self, passages: &[Passage]) -> bool {
        Prepared::of(passages).score(self).is_some()
    }
}

/// Returns where a term stands in a text: from which byte to which.
fn occurrences<'text>(term: &'text Term, units: &'text Units) -> impl Iterator<Item = (usize, usize)> {
    let length = term.units().len();
    units.units().windows(length).filter_map(move |window| {
        let (first, last) = (window.first()?, window.last()?);
        is_at(term, units, window).then_some((first.span().0, last.span().1))
    })
}

/// Tells whether a term stands in these units of a text.
fn is_at(term: &Term, units: &Units, window: &[Unit]) -> bool {
    let Some((first, wanted_first)) = window.first().zip(term.units().first()) else { return false };
    let last = term.units().len() - 1;
    window.iter().zip(term.units()).enumerate().all(|(number, (unit, wanted))| {
        let letters = units.letters(unit);
        let wanted_letters = term.units.letters(wanted);
        let same = match (number == last && term.begins, wanted.sort) {
            (true, Sort::Word) => letters.starts_with(wanted_letters),
            _ => letters == wanted_letters,
        };
        same && unit.sort == wanted.sort
            && unit.position - first.position == wanted.position - wanted_first.position
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(query: &str, text: &str) -> bool {
        let query: TextQuery = query.parse().unwrap();
        let passage = Passage {
            place: "summary",
            language: None,
            translation: false,
            marking: None,
            text: text.to_owned(),
        };
        query.is_met_by(&[passage])
    }

    fn marked(query: &str, text: &str) -> String {
        let query: TextQuery = query.parse().unwrap();
        let mut marked = text.to_owned();
        for (from, to) in query.marks(text).into_iter().rev() {
            marked.insert(to, ']');
            marked.insert(from, '[');
        }
        marked
    }

    #[test]
    fn spaces_between_hangul_count_for_nothing() {
        assert!(found("군사회담 제의", "남측은 군사 회담을 제의하였다"));
        assert!(found("회담", "남북장성급 회 담") && found("남북", "남북장성급 회담"));
        assert!(found("북", "남북") && !found("북한", "남북"));
        assert!(!found("회담", "회, 담") && found("회-담", "회, 담"));
        assert!(found("한미일", "한·미·일") && found("한·미·일", "한미일") && found("\"미 일\"", "한·미·일"));
        assert!(found("6자회담", "제3차 6자 회담") && !found("6자회담", "16자 회담"));
    }

    #[test]
    fn words_are_whole_unless_a_star_says_otherwise() {
        assert!(found("talks", "Talks, held") && !found("talk", "talks") && found("talk*", "talks"));
        assert!(found("\"talks held\"", "Talks, held") && !found("\"held talks\"", "Talks, held"));
        assert!(found("talks -red", "talks") && !found("talks -red", "red talks"));
        assert!(found("a OR b", "b") && !found("a OR b", "c"));
    }

    #[test]
    fn what_was_found_is_marked_in_the_text_as_it_was_written() {
        assert_eq!(marked("군사회담 제의", "남측은 군사 회담을 제의"), "남측은 [군사 회담]을 [제의]");
        assert_eq!(marked("\"joint stat*\" -red", "A red Joint  Statement"), "A red [Joint  Statement]");
        assert_eq!(marked("ＵＮ", "The UN and un"), "The [UN] and [un]");
        assert_eq!(marked("하하", "하하하"), "[하하하]");
    }
}
