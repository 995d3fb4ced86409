//! How restricted the readings of an entry make it, for whoever would correct it: whether it would be less so.

use std::collections::{BTreeSet, HashMap};

use crate::desk::access::sight::rules::Rules;
use crate::desk::access::sight::texts;
use crate::domain::event::Event;
use crate::domain::fact::Fact;
use crate::domain::id::EventId;
use crate::domain::marking::{Compartment, Marking};
use crate::domain::reading::{RawEvent, given};

/// How restricted something is: by a level, by compartments, and text by text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::desk) struct Height {
    level: u8,
    within: BTreeSet<Compartment>,
    texts: HashMap<String, u8>,
}

impl Height {
    /// Returns how restricted an entry is by what it says, `raw`, and by its `corrections` in the order of the log: as
    /// the most restricted of its readings since two last wanted it otherwise.
    pub(in crate::desk) fn of(rules: &Rules, raw: &RawEvent, corrections: &[RawEvent]) -> Option<Self> {
        let mut height = Self::of_event(rules, raw.event.as_ref()?);
        // What was lowered, and how restricted it was before.
        let mut before: HashMap<EventId, Self> = HashMap::new();
        for correction in corrections {
            let Some(event) = &correction.event else { continue };
            if let Fact::RecordRetracted(retracted) = &event.fact
                && let Some(before) = before.get(&retracted.target)
            {
                height.join(before);
            }
            let Some(reading) = given(event).filter(|_| event.entry() == Some(raw.id)) else { continue };
            let read = Self::of_event(rules, &reading);
            if event.envelope.confirms.is_some() {
                let earlier = std::mem::replace(&mut height, read);
                // A text that the reading does not have stays as restricted as it was.
                height.keep_texts(&earlier, &reading);
                before.insert(correction.id, earlier);
            } else {
                height.join(&read);
            }
        }
        Some(height)
    }

    /// Returns the name of the level, and the compartments.
    pub(in crate::desk) fn marking(&self, rules: &Rules) -> (Marking, &BTreeSet<Compartment>) {
        (Marking(rules.name(self.level)), &self.within)
    }

    /// Tells whether nobody sees something with this height who does not see something with the other.
    pub(in crate::desk) fn is_as_restricted_as(&self, other: &Self) -> bool {
        self.level >= other.level && other.within.is_subset(&self.within)
    }

    /// Tells whether its level is above that of another.
    pub(in crate::desk) const fn is_above_level_of(&self, other: &Self) -> bool {
        self.level > other.level
    }

    /// Returns what is restricted as all of these are.
    pub(in crate::desk) fn joined<'h>(heights: impl IntoIterator<Item = &'h Self>) -> Self {
        let mut all = Self { level: 0, within: BTreeSet::new(), texts: HashMap::new() };
        heights.into_iter().for_each(|height| all.join(height));
        all
    }

    /// Returns how restricted an event is by what it says.
    pub(in crate::desk) fn of_event(rules: &Rules, event: &Event) -> Self {
        let within = event.envelope.compartments.iter().cloned().collect();
        let texts = texts::marked(event, rules).into_iter().collect();
        Self { level: rules.level(event), within, texts }
    }

    /// Tells whether something with this height is seen, in whole or in part, by people who do not see it with the
    /// other.
    pub(in crate::desk) fn is_below(&self, other: &Self, event: &Event) -> bool {
        let text_is_below = |language: &str| {
            let level = |height: &Self| height.texts.get(language).copied().unwrap_or(0);
            level(self) < level(other)
        };
        let languages = event.envelope.texts.iter().map(|text| texts::spelling(&text.language));
        self.level < other.level
            || !other.within.is_subset(&self.within)
            || languages.into_iter().any(|language| text_is_below(&language))
    }

    /// Returns it in words.
    pub(in crate::desk) fn words(&self, rules: &Rules) -> String {
        let mut words = rules.name(self.level);
        if !self.within.is_empty() {
            let named: Vec<&str> = self.within.iter().map(Compartment::as_str).collect();
            words = format!("{words} in {}", named.join(", "));
        }
        let mut texts: Vec<_> = self.texts.iter().collect();
        texts.sort();
        for (language, level) in texts {
            words = format!("{words}, its text in {language} {}", rules.name(*level));
        }
        words
    }

    fn keep_texts(&mut self, earlier: &Self, reading: &Event) {
        let languages = reading.envelope.texts.iter().map(|text| texts::spelling(&text.language));
        let languages: BTreeSet<String> = languages.collect();
        let kept = earlier.texts.iter().filter(|(language, _)| !languages.contains(*language));
        self.texts.extend(kept.map(|(language, level)| (language.clone(), *level)));
    }

    fn join(&mut self, other: &Self) {
        self.level = self.level.max(other.level);
        self.within.extend(other.within.iter().cloned());
        for (language, level) in &other.texts {
            let known = self.texts.entry(language.clone()).or_default();
            *known = (*level).max(*known);
        }
    }
}
