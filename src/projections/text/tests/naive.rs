//! The naive definition: normalise, drop the spaces beside Hangul, look for the letters.

use std::collections::BTreeMap;

use proptest::prelude::*;
use unicode_normalization::UnicodeNormalization as _;

use super::{Log, found_at};
use crate::domain::prose::Passage;
use crate::projections::Access;
use crate::projections::text::TextQuery;

/// What is looked for, as a test makes it up.
#[derive(Debug, Clone)]
enum Wanted {
    Hangul(String),
    Word(String),
    Begins(String),
    Phrase(Vec<String>),
    Both(Box<Wanted>, Box<Wanted>),
    Either(Box<Wanted>, Box<Wanted>),
    Without(Box<Wanted>, Box<Wanted>),
}

impl Wanted {
    fn query(&self) -> String {
        match self {
            Self::Hangul(letters) => letters.clone(),
            Self::Word(word) => word.clone(),
            Self::Begins(word) => format!("{word}*"),
            Self::Phrase(words) => format!("\"{}\"", words.join(" ")),
            Self::Both(one, other) => format!("({}) ({})", one.query(), other.query()),
            Self::Either(one, other) => format!("({} OR {})", one.query(), other.query()),
            Self::Without(one, other) => format!("({}) -({})", one.query(), other.query()),
        }
    }

    /// Tells whether texts say it, each of them apart.
    fn holds(&self, texts: &[&str]) -> bool {
        match self {
            Self::Hangul(letters) => texts.iter().any(|text| squeezed(text).contains(&squeezed(letters))),
            Self::Word(word) => {
                texts.iter().any(|text| spaced(text).contains(&format!(" {} ", folded(word))))
            }
            Self::Begins(word) => {
                texts.iter().any(|text| spaced(text).contains(&format!(" {}", folded(word))))
            }
            Self::Phrase(words) => {
                let words = format!(" {} ", folded(&words.join(" ")));
                texts.iter().any(|text| spaced(text).contains(&words))
            }
            Self::Both(one, other) => one.holds(texts) && other.holds(texts),
            Self::Either(one, other) => one.holds(texts) || other.holds(texts),
            Self::Without(one, other) => one.holds(texts) && !other.holds(texts),
        }
    }
}

fn folded(text: &str) -> String {
    let (mut folded, mut bears) = (String::new(), false);
    for letter in text.nfkd() {
        let is_accent = ('\u{300}'..='\u{36f}').contains(&letter);
        if !is_accent {
            bears = letter.is_ascii_alphabetic() || ('\u{370}'..='\u{3ff}').contains(&letter);
        }
        if !(is_accent && bears) {
            folded.push(letter);
        }
    }
    folded.nfc().flat_map(char::to_lowercase).collect()
}

fn is_hangul(letter: char) -> bool {
    ('가'..='힣').contains(&letter)
}

/// Returns a text without the spaces beside Hangul, and without the middle dots within it.
fn squeezed(text: &str) -> String {
    let letters: Vec<char> = folded(text).chars().collect();
    let mut squeezed = String::new();
    let mut place = 0;
    while place < letters.len() {
        let behind = |is_gap: &dyn Fn(char) -> bool| {
            (place..letters.len()).find(|at| !is_gap(letters[*at])).unwrap_or(letters.len())
        };
        let next = behind(&|letter| letter.is_whitespace() || letter == '·');
        let is_within = squeezed.chars().next_back().is_some_and(is_hangul)
            && letters.get(next).is_some_and(|next| is_hangul(*next));
        if is_within && next > place {
            place = next;
            continue;
        }
        let end = behind(&char::is_whitespace);
        if end == place {
            squeezed.push(letters[place]);
            place += 1;
            continue;
        }
        let beside = squeezed.chars().next_back().is_some_and(is_hangul)
            || letters.get(end).is_some_and(|next| is_hangul(*next));
        if !beside {
            squeezed.push(' ');
        }
        place = end;
    }
    squeezed
}

/// Returns the words of a text with one space around each, and a sign that is no word for each syllable.
fn spaced(text: &str) -> String {
    let mut spaced = " ".to_owned();
    for letter in folded(text).chars() {
        match letter {
            letter if is_hangul(letter) => spaced.push_str(" ■ "),
            letter if letter.is_alphanumeric() => spaced.push(letter),
            _ => spaced.push(' '),
        }
    }
    spaced.push(' ');
    let words: Vec<&str> = spaced.split_whitespace().collect();
    format!(" {} ", words.join(" "))
}

fn texts() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "군",
        "사",
        "회",
        "담",
        "남",
        "북",
        "회담",
        "군사",
        "\u{1112}\u{116c}",
        "talks",
        "Talk",
        "UN",
        "ＵＮ",
        "red",
        "6",
        " ",
        " ",
        " ",
        "\n",
        "·",
        ", ",
        ".",
        "-",
        "(",
    ]);
    prop::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let syllable = || prop::sample::select(vec!["군", "사", "회", "담", "남", "북"]);
    let word = || prop::sample::select(vec!["talks", "talk", "un", "UN", "red", "6"]).prop_map(str::to_owned);
    let leaf = prop_oneof![
        4 => prop::collection::vec(syllable(), 1..5).prop_map(|letters| Wanted::Hangul(letters.concat())),
        1 => word().prop_map(Wanted::Word),
        1 => prop::sample::select(vec!["t", "ta", "re", "u", "6"]).prop_map(|word| Wanted::Begins(word.to_owned())),
        1 => prop::collection::vec(word(), 1..4).prop_map(Wanted::Phrase),
    ];
    leaf.prop_recursive(2, 6, 2, |inner| {
        let two = || (inner.clone().prop_map(Box::new), inner.clone().prop_map(Box::new));
        prop_oneof![
            two().prop_map(|(one, other)| Wanted::Both(one, other)),
            two().prop_map(|(one, other)| Wanted::Either(one, other)),
            two().prop_map(|(one, other)| Wanted::Without(one, other)),
        ]
    })
}

/// What happens in a log.
#[derive(Debug, Clone)]
enum Act {
    Says(Vec<String>),
    Amends(usize, String),
    Retracts(usize),
    Redacts(usize, Option<String>),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        6 => prop::collection::vec(texts(), 1..3).prop_map(Act::Says),
        2 => (any::<usize>(), texts()).prop_map(|(entry, text)| Act::Amends(entry, text)),
        1 => any::<usize>().prop_map(Act::Retracts),
        1 => (any::<usize>(), prop::option::of(texts())).prop_map(|(entry, text)| Act::Redacts(entry, text)),
    ];
    prop::collection::vec(act, 1..24)
}

/// A log, and what each event did.
#[derive(Default)]
struct Told {
    says: BTreeMap<u64, Vec<String>>,
    amends: BTreeMap<u64, (u64, String)>,
    retracts: BTreeMap<u64, u64>,
    redacted: BTreeMap<u64, (u64, Option<String>)>,
}

impl Told {
    fn act(&mut self, log: &Log, act: &Act) {
        let known: Vec<u64> = self.says.keys().copied().collect();
        let pick = |choice: usize, from: &[u64]| (!from.is_empty()).then(|| from[choice % from.len()]);
        match act {
            Act::Says(texts) => {
                let body = serde_json::json!({"kind": "statement.public", "summary": texts[0], "note": texts.get(1)});
                let mut body = body;
                if texts.len() < 2 {
                    body.as_object_mut().unwrap().remove("note");
                }
                self.says.insert(log.add(&body), texts.clone());
            }
            Act::Amends(entry, text) => {
                if let Some(entry) = pick(*entry, &known) {
                    self.amends.insert(log.amend(entry, text), (entry, text.clone()));
                }
            }
            Act::Retracts(choice) => {
                let amendments: Vec<u64> = self.amends.keys().chain(self.retracts.keys()).copied().collect();
                if let Some(target) = pick(*choice, &amendments) {
                    self.retracts.insert(log.retract(target), target);
                }
            }
            Act::Redacts(entry, text) => {
                if let Some(entry) = pick(*entry, &known).filter(|entry| !self.redacted.contains_key(entry)) {
                    self.redacted.insert(entry, (log.redact(entry, text.as_deref()), text.clone()));
                }
            }
        }
    }

    /// Returns the entries that say what is wanted at a size, by reading everything.
    fn holding(&self, size: u64, wanted: &Wanted) -> Vec<u64> {
        let mut struck: Vec<u64> = Vec::new();
        for (position, target) in self.retracts.iter().rev().filter(|(position, _)| **position < size) {
            if !struck.contains(position) {
                struck.push(*target);
            }
        }
        let holds = |entry: u64, texts: &[String]| {
            let redacted = self.redacted.get(&entry);
            let amendment = self.amends.iter().rev().find(|(position, (target, _))| {
                **position < size
                    && *target == entry
                    && !struck.contains(position)
                    && redacted.is_none_or(|(by, _)| *position > by)
            });
            match (amendment, redacted) {
                (Some((_, (_, text))), _) => wanted.holds(&[text]),
                (None, Some((_, Some(instead)))) => wanted.holds(&[instead]),
                (None, Some((_, None))) => false,
                (None, None) => wanted.holds(&texts.iter().map(String::as_str).collect::<Vec<_>>()),
            }
        };
        let known = self.says.iter().filter(|(entry, texts)| **entry < size && holds(**entry, texts));
        known.map(|(entry, _)| *entry).collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_found_is_what_the_naive_definition_finds_wherever_the_index_stands(
        before in acts(), after in acts(), wanted in prop::collection::vec(wanted(), 1..6), at in any::<u16>(),
    ) {
        let (log, dir, mut told) = (Log::new(), tempfile::tempdir().unwrap(), Told::default());
        for act in &before {
            told.act(&log, act);
        }
        let projections = log.open(Some(dir.path()), Access::Writable);
        projections.index_texts();
        for act in &after {
            told.act(&log, act);
        }
        let head = log.store.head().size;
        for size in [head, u64::from(at) % (head + 1)] {
            for wanted in &wanted {
                let query = wanted.query();
                prop_assert_eq!(found_at(&projections, size, &query), told.holding(size, wanted), "{} at {}", query, size);
            }
        }
        projections.index_texts();
        for wanted in &wanted {
            prop_assert_eq!(found_at(&projections, head, &wanted.query()), told.holding(head, wanted), "{}", wanted.query());
        }
    }

    #[test]
    fn what_is_found_is_marked_and_marks_stand_at_letters(text in texts(), wanted in wanted()) {
        let query: TextQuery = wanted.query().parse().unwrap();
        let marks = query.marks(&text);
        let mut last = 0;
        for (number, (from, to)) in marks.iter().enumerate() {
            prop_assert!(from < to && (number == 0 || *from > last), "{:?}", marks);
            prop_assert!(text.get(*from..*to).is_some_and(|found| !found.trim().is_empty()));
            last = *to;
        }
        let passage = Passage { place: "note", language: None, translation: false, marking: None, text: text.clone() };
        let found = query.is_met_by(&[passage]);
        prop_assert_eq!(found, wanted.holds(&[&text]), "{} in {:?}", wanted.query(), text);
        prop_assert!(!found || !marks.is_empty());
    }
}
