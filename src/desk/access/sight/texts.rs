//! How restricted the texts of an entry are, language by language: a text that a later reading marks up is so in the
//! earlier readings as well.

use std::collections::HashMap;

use crate::desk::access::sight::rules::Rules;
use crate::domain::event::Event;
use crate::domain::text::{Language, Text};

/// How restricted the texts of entries are of which a text is marked by itself.
#[derive(Debug, Default)]
pub(super) struct TextLevels {
    // By the position of the entry, then by the language in one spelling.
    levels: HashMap<u32, HashMap<String, u8>>,
}

impl TextLevels {
    /// Takes in a reading of the entry at a position, the first or a later one.
    pub(super) fn take(&mut self, entry: u32, reading: &Event, rules: &Rules) {
        for (language, level) in marked(reading, rules) {
            let known = self.levels.entry(entry).or_default().entry(language).or_default();
            *known = level.max(*known);
        }
    }

    /// Lets a reading alone say how restricted the texts of the entry at a position are that it has, and returns what
    /// was said.
    ///
    /// Of a text that it does not have, nobody said that it is less restricted: the earlier readings have it still.
    pub(super) fn replace(&mut self, entry: u32, reading: &Event, rules: &Rules) -> HashMap<String, u8> {
        let before = self.levels.get(&entry).cloned().unwrap_or_default();
        if let Some(levels) = self.levels.get_mut(&entry) {
            for text in &reading.envelope.texts {
                levels.remove(&spelling(&text.language));
            }
        }
        self.take(entry, reading, rules);
        before
    }

    /// Makes the texts of the entry at a position as restricted as they were, where they are less so now.
    pub(super) fn restore(&mut self, entry: u32, before: HashMap<String, u8>) {
        for (language, level) in before {
            let known = self.levels.entry(entry).or_default().entry(language).or_default();
            *known = level.max(*known);
        }
    }

    /// Returns how restricted a text of the entry at a position is beside the entry.
    pub(super) fn level(&self, entry: u32, text: &Text, rules: &Rules) -> u8 {
        let own = text.marking.as_ref().map_or(0, |marking| rules.rank(marking));
        let known = self.levels.get(&entry).and_then(|levels| levels.get(&spelling(&text.language)));
        own.max(known.copied().unwrap_or(0))
    }

    /// Returns how restricted the most restricted text of the entry at a position is.
    pub(super) fn highest(&self, entry: u32) -> u8 {
        self.levels.get(&entry).and_then(|levels| levels.values().max()).copied().unwrap_or(0)
    }

    /// Tells whether a text of the entry at a position is marked by itself, in some reading.
    pub(super) fn knows(&self, entry: u32) -> bool {
        self.levels.contains_key(&entry)
    }
}

/// Returns the texts of a reading that are marked by themselves: by language, how restricted each is.
pub(super) fn marked(reading: &Event, rules: &Rules) -> Vec<(String, u8)> {
    let level = |text: &Text| Some((spelling(&text.language), rules.rank(text.marking.as_ref()?)));
    reading.envelope.texts.iter().filter_map(level).collect()
}

/// Returns a language as it is told from others, however it is written.
pub(super) fn spelling(language: &Language) -> String {
    language.to_string().to_ascii_lowercase()
}
