//! A text as it is searched: words, and the single signs of scripts that need no spaces.
//!
//! What differs only in how it is written is the same: composed or not, wide or narrow, capital or small, with or
//! without accents, Arabic with its vowels or without.
//! Korean puts its spaces where it likes, so spaces beside a Hangul syllable, a Chinese or a Japanese
//! character count for nothing, and so does a middle dot between two of them (`한·미`, `中・美`); any other mark beside one
//! parts what stands on its two sides.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// A word is known by so many of its letters.
const LETTERS_MAX: usize = 255;
/// How far apart two units stand that a mark parts; next to each other it is 1. A distance of 2 is left for
/// the end of a text, so that nothing is found across it.
const APART: u32 = 3;

/// What a unit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// A word, in any script that parts its words.
    Word,
    /// One Hangul syllable, Chinese or Japanese character.
    Sign,
}

/// A word or a sign of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unit {
    /// What it is.
    pub(super) sort: Sort,
    /// Its place: 1 more than that of a neighbour before it, [`APART`] more behind a mark.
    pub(super) position: u32,
    // Where it stands in the text, and its folded letters among those of the text, in bytes: narrow numbers,
    // because many texts are kept in memory.
    from: u32,
    to: u32,
    start: u32,
    end: u32,
}

impl Unit {
    /// Returns where it stands in the text: from which byte to which.
    pub(super) const fn span(&self) -> (usize, usize) {
        (self.from as usize, self.to as usize)
    }
}

/// The words and signs of a text, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Units {
    folded: String,
    units: Vec<Unit>,
}

/// What is looked up in an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'units> {
    /// A word, two signs that are neighbours, or a sign that has no other on one of its sides.
    pub(super) text: &'units str,
    /// The place of its first unit.
    pub(super) position: u32,
}

impl Units {
    /// Reads a text.
    pub(super) fn of(text: &str) -> Self {
        let mut units = Self::default();
        units.read(text);
        units
    }

    /// Reads another text in the room of the one before.
    pub(super) fn read(&mut self, text: &str) {
        self.folded.clear();
        self.units.clear();
        let mut reading = Reading { units: self, open: false, letters: 0, marked: false, dotted: false };
        let mut letters = text.char_indices().peekable();
        while let Some((from, letter)) = letters.next() {
            let follows = |next: &(usize, char)| continues(next.1);
            if is_plain(letter) && !letters.peek().is_some_and(follows) {
                reading.take(letter.to_ascii_lowercase(), from, from + letter.len_utf8());
                continue;
            }
            let mut to = from + letter.len_utf8();
            if is_dot(letter) {
                reading.dot();
                continue;
            }
            while let Some((at, next)) = letters.next_if(follows) {
                to = at + next.len_utf8();
            }
            let cluster = text.get(from..to).unwrap_or_default();
            for folded in without_accents(cluster).nfc().flat_map(char::to_lowercase) {
                match folded {
                    'ł' => reading.take('l', from, to),
                    'ø' => reading.take('o', from, to),
                    'ß' => ['s', 's'].into_iter().for_each(|letter| reading.take(letter, from, to)),
                    folded => reading.take(folded, from, to),
                }
            }
        }
    }

    /// Returns the units.
    pub(super) fn units(&self) -> &[Unit] {
        &self.units
    }

    /// Returns the folded letters of a unit.
    pub(super) fn letters(&self, unit: &Unit) -> &str {
        self.folded.get(unit.start as usize..unit.end as usize).unwrap_or_default()
    }

    /// Returns all of them but the last.
    pub(super) fn without_last(&self) -> Self {
        let mut units = self.clone();
        units.units.pop();
        units
    }

    /// Returns what is put into an index, in the order of the places.
    pub(super) fn tokens(&self) -> impl Iterator<Item = Token<'_>> {
        (0..self.units.len()).flat_map(|number| self.tokens_at(number)).flatten()
    }

    /// Returns what is put into an index for one unit: itself, unless it is a sign among signs, and the pair
    /// that it makes with the sign after it.
    pub(super) fn tokens_at(&self, number: usize) -> [Option<Token<'_>>; 2] {
        let Some(unit) = self.units.get(number) else { return [None, None] };
        let neighbour = |other: Option<&Unit>| {
            other
                .filter(|other| other.sort == Sort::Sign && other.position.abs_diff(unit.position) == 1)
                .copied()
        };
        let token = |end: u32| {
            let text = self.folded.get(unit.start as usize..end as usize).unwrap_or_default();
            Token { text, position: unit.position }
        };
        if unit.sort == Sort::Word {
            return [Some(token(unit.end)), None];
        }
        let before = neighbour(number.checked_sub(1).and_then(|before| self.units.get(before)));
        let after = neighbour(self.units.get(number + 1));
        let alone = (before.is_none() || after.is_none()).then(|| token(unit.end));
        [alone, after.map(|after| token(after.end))]
    }
}

/// Reads folded letters one by one.
struct Reading<'units> {
    units: &'units mut Units,
    // The last unit is a word that goes on.
    open: bool,
    // How many letters that word has.
    letters: usize,
    // A mark stands behind the last unit.
    marked: bool,
    // A middle dot stands behind the last unit: a mark, unless a sign stands on each side of it.
    dotted: bool,
}

impl Reading<'_> {
    fn take(&mut self, letter: char, from: usize, to: usize) {
        if is_sign(letter) {
            self.begin(Sort::Sign, letter, from, to);
            self.open = false;
        } else if letter.is_alphanumeric() || (self.open && is_combining_mark(letter)) {
            self.letter(letter, from, to);
        } else if !is_nothing(letter) {
            self.open = false;
            self.marked |= !letter.is_whitespace();
        }
    }

    fn dot(&mut self) {
        self.open = false;
        self.dotted = true;
    }

    fn letter(&mut self, letter: char, from: usize, to: usize) {
        if !self.open {
            self.begin(Sort::Word, letter, from, to);
            (self.open, self.letters) = (true, 1);
            return;
        }
        self.letters += 1;
        if let Some(word) = self.units.units.last_mut() {
            word.to = narrow(to);
            if self.letters <= LETTERS_MAX {
                self.units.folded.push(letter);
                word.end = narrow(self.units.folded.len());
            }
        }
    }

    fn begin(&mut self, sort: Sort, letter: char, from: usize, to: usize) {
        let position = self.units.units.last().map_or(0, |last| {
            let beside_sign = sort == Sort::Sign || last.sort == Sort::Sign;
            let joins = is_dotted(letter) && self.units.letters(last).chars().all(is_dotted);
            let marked = self.marked || (self.dotted && !joins);
            last.position.saturating_add(if marked && beside_sign { APART } else { 1 })
        });
        let start = narrow(self.units.folded.len());
        self.units.folded.push(letter);
        let end = narrow(self.units.folded.len());
        self.units.units.push(Unit { sort, position, from: narrow(from), to: narrow(to), start, end });
        (self.marked, self.dotted) = (false, false);
    }
}

/// Returns the letters of a cluster, taken apart, without the accents over and under a Latin or a Greek letter: who types
/// `communique` means `communiqué`. So are the dots of `ё`, and the vowels and the stretches of Arabic. Where a mark makes
/// another letter (`й`, `が`, `أ`), it stays.
fn without_accents(cluster: &str) -> impl Iterator<Item = char> {
    let (mut bears, mut is_ie) = (false, false);
    cluster.nfkd().filter(move |letter| {
        let is_accent = matches!(letter, '\u{300}'..='\u{36f}');
        if !is_accent {
            bears = letter.is_ascii_alphabetic()
                || matches!(letter, '\u{370}'..='\u{3ff}' | 'Ł' | 'ł' | 'Ø' | 'ø');
            is_ie = matches!(letter, 'е' | 'Е');
        }
        let is_vowel = matches!(letter, '\u{640}' | '\u{64b}'..='\u{652}' | '\u{670}');
        !(is_accent && bears || is_ie && *letter == '\u{308}' || is_vowel)
    })
}

/// Tells whether a mark is a middle dot, as Korean and Chinese put it between the names of a list.
const fn is_dot(letter: char) -> bool {
    matches!(letter, '\u{b7}' | '\u{318d}' | '\u{30fb}' | '\u{ff65}')
}

/// Tells whether a middle dot beside a sign joins nothing and parts nothing: Hangul or Chinese, and not kana, where it
/// parts the words of a name.
const fn is_dotted(letter: char) -> bool {
    is_sign(letter) && !matches!(letter, '\u{3041}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}')
}

/// Returns a place in a text as it is kept; no text of a record is as long as that.
fn narrow(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// Tells whether a letter is what it is folded to, apart from its case: nearly all of most texts.
const fn is_plain(letter: char) -> bool {
    letter.is_ascii() || matches!(letter, '\u{ac00}'..='\u{d7a3}' | '\u{4e00}'..='\u{9fff}')
}

/// Tells whether a letter makes one with the letter before it: a mark over it, the rest of a syllable.
fn continues(letter: char) -> bool {
    if letter < '\u{300}' {
        return false;
    }
    if is_plain(letter) || is_dot(letter) {
        return false;
    }
    let is_rest = |letter| matches!(letter, '\u{1160}'..='\u{11ff}' | '\u{d7b0}'..='\u{d7ff}');
    is_combining_mark(letter)
        || is_rest(letter)
        || std::iter::once(letter)
            .nfkd()
            .next()
            .is_some_and(|first| is_combining_mark(first) || is_rest(first))
}

/// Tells whether a letter is one of a script that needs no spaces.
pub(super) const fn is_sign(letter: char) -> bool {
    matches!(letter,
        '\u{1100}'..='\u{11ff}' // Hangul, where it makes no syllable
        | '\u{2e80}'..='\u{2fdf}' | '\u{3005}'..='\u{3007}' | '\u{3021}'..='\u{3029}'
        | '\u{3041}'..='\u{3096}' | '\u{309d}'..='\u{309f}' | '\u{30a1}'..='\u{30fa}' | '\u{30fc}'..='\u{30ff}'
        | '\u{3131}'..='\u{318e}' | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}'
        | '\u{a960}'..='\u{a97f}' | '\u{ac00}'..='\u{d7a3}' | '\u{d7b0}'..='\u{d7ff}'
        | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}'
    )
}

/// Tells whether a character has no width and no meaning for whoever searches.
const fn is_nothing(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn units(text: &str) -> Vec<(String, u32)> {
        let units = Units::of(text);
        units.units().iter().map(|unit| (units.letters(unit).to_owned(), unit.position)).collect()
    }

    fn tokens(text: &str) -> Vec<String> {
        Units::of(text).tokens().map(|token| format!("{}@{}", token.text, token.position)).collect()
    }

    #[test]
    fn what_is_written_otherwise_is_the_same() {
        let same = |one: &str, other: &str| assert_eq!(units(one), units(other), "{one} and {other}");
        same("\u{1112}\u{1161}\u{11ab}", "한");
        same("ＵＮＣ", "unc");
        same("ﾊﾟﾝ", "パン");
        same("Cafe\u{301}", "café");
        same("Communiqué", "communique");
        same("Ángel Ğ Việt", "angel g viet");
        same("Ἑλλάς", "ελλας");
        same("회담", "회\u{200b}담");
        same("남 북\n회담", "남북회담");
        same("ㅎㅏㄴ", "하ㄴ");
        same("Łódź", "lodz");
        same("øre", "ore");
        same("STRASSE", "straße");
        same("всё", "все");
        same("مُفَاوَضَات", "مفاوضات");
        same("مفاوضـات", "مفاوضات");
        same("한·미·일", "한미일");
        same("한ㆍ미・일", "한미일");
        same("中・美", "中美");
        let other = |one: &str, other: &str| assert_ne!(units(one), units(other), "{one} and {other}");
        // A mark that makes another letter is no accent.
        other("мой", "мои");
        other("が", "か");
        other("أمر", "امر");
    }

    #[test]
    fn a_mark_parts_signs_and_not_words() {
        assert_eq!(units("re-open"), units("re open"));
        assert_eq!(units("남-북").iter().map(|(_, position)| *position).collect::<Vec<_>>(), [0, 3]);
        assert_eq!(units("カ・カ").iter().map(|(_, position)| *position).collect::<Vec<_>>(), [0, 3]);
        assert_eq!(units("한·UN").iter().map(|(_, position)| *position).collect::<Vec<_>>(), [0, 3]);
        assert_eq!(
            units("(6자) 회담").iter().map(|(_, position)| *position).collect::<Vec<_>>(),
            [0, 1, 4, 5]
        );
    }

    #[test]
    fn signs_are_looked_up_in_pairs_and_alone_where_they_have_no_neighbour() {
        assert_eq!(tokens("군사 회담"), ["군@0", "군사@0", "사회@1", "회담@2", "담@3"]);
        assert_eq!(tokens("6자 UN"), ["6@0", "자@1", "un@2"]);
        assert_eq!(tokens("남-북"), ["남@0", "북@3"]);
        assert_eq!(tokens("남·북"), ["남@0", "남북@0", "북@1"]);
    }

    #[test]
    fn a_unit_knows_where_it_stands_in_the_text() {
        let text = "제의\u{1112}\u{1161}\u{11ab} Ｕ.";
        let units = Units::of(text);
        let stand: Vec<&str> = units.units().iter().map(|unit| &text[unit.span().0..unit.span().1]).collect();
        assert_eq!(stand, ["제", "의", "\u{1112}\u{1161}\u{11ab}", "Ｕ"]);
    }

    #[test]
    fn a_word_without_end_is_known_by_its_beginning() {
        let long = "a".repeat(100_000);
        assert_eq!(units(&long), [("a".repeat(LETTERS_MAX), 0)]);
    }
}
