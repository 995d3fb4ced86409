//! Whether anybody can tell a name from another one by its look, and from nothing.

use unicode_normalization::UnicodeNormalization;
use unicode_security::skeleton;

use crate::domain::name::fold;

/// Tells whether nobody can tell two names apart by the look of their letters, in the case in which they are written,
/// in small letters or in capitals: `lee` and `Iee`, `kim` and `k1m`, `apo` in Latin and in Cyrillic letters.
///
/// Two spellings of one name ([`fold`]) are alike. What looks alike says Unicode (TR 39, skeletons).
pub fn alike(one: &str, other: &str) -> bool {
    looks(one).into_iter().zip(looks(other)).any(|(one, other)| !one.is_empty() && one == other)
}

/// Returns the looks of a name; two are alike where one of them is the same.
fn looks(name: &str) -> [String; 4] {
    let name: String = name.nfkc().filter(|letter| letter.is_alphanumeric()).collect();
    let as_written: String = skeleton(&name).collect();
    // Capitals stay as they are here: in small letters `I`, which looks like `l`, would be `i`, and `kim` be like `klm`.
    [fold(&name), as_written.to_lowercase(), of(&name.to_lowercase()), of(&name.to_uppercase())]
}

fn of(name: &str) -> String {
    skeleton(name).collect()
}

/// Returns the first character of a name that nobody sees: it has no width, fills a place or turns the direction of
/// what follows. The joiners with which Arabic and Indic scripts are spelt are seen between letters of these.
pub fn unseen(name: &str) -> Option<char> {
    let ignored = |letter: char| skeleton(letter.encode_utf8(&mut [0; 4])).next().is_none();
    let breaks = |letter: char| matches!(letter, '\u{2028}' | '\u{2029}' | '\u{fff9}'..='\u{fffb}');
    let mut before = None;
    let mut letters = name.chars().peekable();
    while let Some(letter) = letters.next() {
        let is_among = before.is_some_and(is_joined) && letters.peek().copied().is_some_and(is_joined);
        let joins = matches!(letter, '\u{200c}' | '\u{200d}') && is_among;
        if !joins && (ignored(letter) || breaks(letter)) {
            return Some(letter);
        }
        before = Some(letter);
    }
    None
}

/// Tells whether a letter, or a mark on one, is of a script in which letters are joined or kept apart by a joiner.
const fn is_joined(letter: char) -> bool {
    matches!(letter, '\u{600}'..='\u{6ff}' | '\u{750}'..='\u{77f}' | '\u{8a0}'..='\u{dff}')
}

/// Returns the first word of a name that mixes Latin letters with Cyrillic or Greek ones: nobody sees that it is
/// not the word that it looks like.
pub fn mixed_word(name: &str) -> Option<&str> {
    name.split_whitespace().find(|word| {
        let has = |is: fn(char) -> bool| word.nfkc().any(is);
        has(is_latin) && (has(is_cyrillic) || has(is_greek))
    })
}

const fn is_latin(letter: char) -> bool {
    matches!(letter, 'a'..='z' | 'A'..='Z' | '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}')
}

const fn is_cyrillic(letter: char) -> bool {
    matches!(letter, '\u{400}'..='\u{52f}' | '\u{1c80}'..='\u{1c8f}' | '\u{a640}'..='\u{a69f}')
}

const fn is_greek(letter: char) -> bool {
    matches!(letter, '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_letters_of_two_alphabets_is_told() {
        assert_eq!(mixed_word("lеe"), Some("lеe"), "the first e is Cyrillic");
        assert_eq!(mixed_word("Κim Park"), Some("Κim"), "the K is Greek");
        for plain in ["lee", "Лев", "Ким (Kim)", "Ελένη", "이순신", "Ångström", "kim2"] {
            assert_eq!(mixed_word(plain), None, "{plain}");
        }
    }

    #[test]
    fn names_that_nobody_can_tell_apart_are_alike() {
        for (one, other) in [
            ("lee", "LEE"),
            ("lee", "Iee"),
            ("lee", "1ee"),
            ("lee", "IEe"),
            ("lее", "LEE"),
            ("аро", "apo"),
            ("ное", "HOE"),
            ("Κιμ", "КІМ"),
            ("Kim", "K1m"),
            ("Oh", "0h"),
            ("oh", "0h"),
            ("marn", "mam"),
            ("l\u{200b}ee", "lee"),
            ("ｌｅｅ", "Iee"),
            ("lee", "𝗅ee"),
        ] {
            assert!(alike(one, other), "{one} {other}");
            assert!(alike(other, one), "{other} {one}");
        }
    }

    #[test]
    fn names_that_are_told_apart_are_not_alike() {
        for (one, other) in [
            ("kim", "lee"),
            ("kim", "klm"),
            ("Ali", "Ail"),
            ("iee", "lee"),
            ("Park", "Parks"),
            ("李", "이"),
            ("이순신", "이순산"),
            ("José", "Jose"),
            ("##", "!!"),
            ("", ""),
        ] {
            assert!(!alike(one, other), "{one} {other}");
        }
    }

    #[test]
    fn what_nobody_sees_is_told() {
        for hidden in
            ['\u{202e}', '\u{200b}', '\u{200f}', '\u{2066}', '\u{ad}', '\u{3164}', '\u{feff}', '\u{e0041}']
        {
            assert_eq!(unseen(&format!("le{hidden}e")), Some(hidden), "{hidden:?}");
        }
        for plain in ["lee", "Kim Park-Lee", "이순신", "हिन्दी", "O’Neill", "山本\u{3000}太郎"]
        {
            assert_eq!(unseen(plain), None, "{plain}");
        }
    }

    #[test]
    fn a_joiner_is_seen_where_a_script_is_spelt_with_it_and_nowhere_else() {
        for spelt in ["علی\u{200c}رضا", "क्\u{200d}ष"] {
            assert_eq!(unseen(spelt), None, "{spelt}");
        }
        for hidden in ["le\u{200c}e", "\u{200d}لی", "علی\u{200c}", "علی\u{200c}\u{200c}رضا", "علی\u{202e}رضا"]
        {
            assert!(unseen(hidden).is_some(), "{hidden:?}");
        }
        assert!(alike("علی\u{200c}رضا", "علیرضا"), "they differ by nothing else");
    }
}
