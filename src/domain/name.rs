//! What is meant by a name that someone typed: exactly one thing, or a question back.

mod likeness;

use std::collections::HashMap;
use std::hash::Hash;

use unicode_normalization::UnicodeNormalization;

pub use likeness::{alike, mixed_word, unseen};

/// What is longer than this is no slip of a name.
const NEAR_CHARS_MAX: usize = 200;

/// Returns what two spellings of one name have in common: width, case, spaces, hyphens and other
/// punctuation do not count (Unicode NFKC, then lower case, letters and digits only).
pub fn fold(name: &str) -> String {
    name.nfkc().flat_map(char::to_lowercase).filter(|letter| letter.is_alphanumeric()).nfc().collect()
}

/// Tells whether a text has a letter or a digit that can be seen: not blanks alone, nor letters that fill a place and
/// have no look, such as the Hangul fillers.
pub fn says_something(text: &str) -> bool {
    text.nfkc().any(|letter| letter.is_alphanumeric() && !matches!(letter, '\u{115f}' | '\u{1160}'))
}

/// Names and what they stand for.
#[derive(Debug, Clone)]
pub struct Directory<K> {
    // Per folded name: what it stands for and how it was first spelt.
    names: HashMap<String, Vec<(K, String)>>,
}

/// What a typed name may mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Match<K> {
    /// This.
    One(K),
    /// Nothing has this name; these have one like it, nearest first, at most five. Never taken silently.
    Near(Vec<(K, String)>),
    /// Each of these has this name.
    Several(Vec<(K, String)>),
    /// Nothing has a name like it.
    None,
}

impl<K> Default for Directory<K> {
    fn default() -> Self {
        Self { names: HashMap::new() }
    }
}

impl<K: Copy + Eq + Hash> Directory<K> {
    /// Enters a name; one thing may have many, and many things the same.
    pub fn insert(&mut self, key: K, name: &str) {
        let folded = fold(name);
        if folded.is_empty() {
            return;
        }
        let keys = self.names.entry(folded).or_default();
        if !keys.iter().any(|(known, _)| *known == key) {
            keys.push((key, name.to_owned()));
        }
    }

    /// Returns what `typed` may mean.
    pub fn find(&self, typed: &str) -> Match<K> {
        let folded = fold(typed);
        match self.names.get(&folded).map(Vec::as_slice) {
            Some([(key, _)]) => Match::One(*key),
            Some(several) => Match::Several(several.to_vec()),
            None => self.near(&folded),
        }
    }

    /// Returns everything that has a name.
    pub fn all(&self, name: &str) -> impl Iterator<Item = K> {
        self.names.get(&fold(name)).into_iter().flatten().map(|(key, _)| *key)
    }

    fn near(&self, folded: &str) -> Match<K> {
        if folded.is_empty() || folded.chars().nth(NEAR_CHARS_MAX).is_some() {
            return Match::None;
        }
        let mut near: Vec<(usize, &String, &(K, String))> = self
            .names
            .iter()
            .filter_map(|(name, keys)| Some((distance(folded, name)?, name, keys)))
            .flat_map(|(distance, name, keys)| keys.iter().map(move |key| (distance, name, key)))
            .collect();
        near.sort_by(|one, other| (one.0, one.1).cmp(&(other.0, other.1)));
        let mut found: Vec<(K, String)> = Vec::new();
        for (_, _, (key, name)) in near {
            if found.len() < 5 && !found.iter().any(|(known, _)| known == key) {
                found.push((*key, name.clone()));
            }
        }
        if found.is_empty() { Match::None } else { Match::Near(found) }
    }
}

/// Returns how many slips lead from what was typed to a name; none where there are more than `most`.
///
/// What is much longer or shorter than a name is not compared with it, and what is longer than any name with none: the
/// comparison takes as long as the two are long, multiplied.
pub fn slips(typed: &str, name: &str, most: usize) -> Option<usize> {
    let lengths = [typed, name].map(|text| text.chars().take(NEAR_CHARS_MAX + 1).count());
    let may_be =
        lengths.iter().all(|length| *length <= NEAR_CHARS_MAX) && lengths[0].abs_diff(lengths[1]) <= most;
    may_be.then(|| strsim::osa_distance(typed, name)).filter(|slips| *slips <= most)
}

/// Returns how far two folded names are apart; none when nobody would take one for the other.
fn distance(typed: &str, name: &str) -> Option<usize> {
    let letters = typed.chars().count();
    // One slip in a short name, one in four letters of a longer one; Hangul syllables count as two.
    let allowed = if letters <= 2 { 0 } else { 1 + letters / 5 };
    if let Some(slips) = slips(typed, name, allowed) {
        return Some(slips);
    }
    // A part of a name in Hangul or Han says as much as the beginning of one in letters.
    let part = if typed.chars().any(is_syllable) {
        letters >= 2 && name.contains(typed)
    } else {
        letters >= 3 && name.starts_with(typed)
    };
    part.then(|| allowed + name.chars().count() - letters)
}

/// Tells whether a letter stands for a syllable or a word: Hangul, Han.
const fn is_syllable(letter: char) -> bool {
    matches!(letter, '\u{ac00}'..='\u{d7a3}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory() -> Directory<u8> {
        let mut directory = Directory::default();
        for (key, name) in [
            (1, "mil-west"),
            (1, "Western line"),
            (2, "mil-east"),
            (3, "서해지구"),
            (4, "Hotline"),
            (5, "hot-line"),
        ] {
            directory.insert(key, name);
        }
        directory
    }

    #[test]
    fn spelling_does_not_count() {
        for typed in ["mil-west", "Mil West", "MILWEST", "ｍｉｌ－ｗｅｓｔ", "western line"] {
            assert_eq!(directory().find(typed), Match::One(1), "{typed}");
        }
        assert_eq!(directory().find("서해 지구"), Match::One(3));
    }

    #[test]
    fn a_name_that_is_only_near_is_never_taken() {
        assert_eq!(directory().find("mil-wes"), Match::Near(vec![(1, "mil-west".to_owned())]));
        assert!(matches!(directory().find("mil-"), Match::Near(near) if near.len() == 2));
        assert_eq!(directory().find("embassy"), Match::None);
        assert_eq!(directory().find(" - "), Match::None);
    }

    #[test]
    fn what_is_longer_than_any_name_is_near_none_at_once() {
        let long = "mil-west".repeat(1 << 10);
        assert_eq!(slips(&long, "mil-west", usize::MAX), None);
        assert_eq!(slips("mil-west", &long, 4), None);
        assert_eq!(slips("mil-wset", "mil-west", 1), Some(1));
        assert_eq!(slips("mil-wset", "mil-west", 0), None);
        let mut directory = directory();
        directory.insert(6, &long);
        assert_eq!(directory.find(&long), Match::One(6));
        assert_eq!(directory.find(&format!("{long}x")), Match::None);
    }

    #[test]
    fn a_name_that_two_things_have_is_a_question() {
        assert!(matches!(directory().find("hotline"), Match::Several(several) if several.len() == 2));
    }
}
