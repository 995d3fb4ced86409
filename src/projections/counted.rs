//! What counted terms stand for: the channels, and the texts of topics and markings. Kinds, grades and
//! whoever is in a register are known without it. And about when each event was recorded.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasherDefault;

use crate::domain::id::EntityId;
use crate::projections::columns::{get, put};
use crate::projections::lazy::Section;
use crate::projections::segment::Same;
use crate::projections::term::{self, Field, Term};

/// The channels, in the order in which they came into being.
#[derive(Debug, Default)]
pub(super) struct Channels {
    list: Vec<(u32, u128)>,
    // What it is to be about one of them, or linked to it.
    terms: HashSet<Term, BuildHasherDefault<Same>>,
    positions: HashMap<u128, u32>,
}

impl Channels {
    /// Takes in a channel.
    pub(super) fn insert(&mut self, position: u32, id: u128) {
        let entity = EntityId::from_uuid(uuid::Uuid::from_u128(id));
        self.list.push((position, id));
        self.terms.extend([Field::About, Field::Linked].map(|field| term::entity(field, entity)));
        self.positions.insert(id, position);
    }

    /// Returns those terms by which a row is counted: of what an entry is about only the channels.
    pub(super) fn counted<'terms>(
        &self,
        terms: &'terms [(Field, Term)],
    ) -> impl Iterator<Item = (Field, Term)> + use<'_, 'terms> {
        let is_counted = |(field, term): &&(Field, Term)| {
            !matches!(field, Field::About | Field::Linked) || self.terms.contains(term)
        };
        terms.iter().filter(is_counted).copied()
    }

    /// Returns where a channel came into being.
    pub(super) fn position(&self, id: EntityId) -> Option<u32> {
        self.positions.get(&id.as_uuid().as_u128()).copied()
    }

    /// Returns the position and the id of each.
    pub(super) fn list(&self) -> &[(u32, u128)] {
        &self.list
    }
}

impl Section for Channels {
    const NUMBER: u8 = 6;

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        put(&mut bytes, &self.list, |(position, _)| position.to_le_bytes());
        put(&mut bytes, &self.list, |(_, id)| id.to_le_bytes());
        bytes
    }

    fn decode(mut bytes: &[u8]) -> Option<Self> {
        let positions = get(&mut bytes, u32::from_le_bytes)?;
        let ids = get(&mut bytes, u128::from_le_bytes)?;
        let sound = bytes.is_empty() && positions.len() == ids.len();
        sound.then(|| {
            let mut channels = Self::default();
            positions.into_iter().zip(ids).for_each(|(position, id)| channels.insert(position, id));
            channels
        })
    }
}

/// A topic or a marking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// In which role.
    pub(super) field: Field,
    /// The event that says it first, or gives the reading that does.
    pub(super) first: u32,
    /// As it is spelt there.
    pub(super) text: String,
}

/// Every topic and every marking, in the order in which they were first said.
#[derive(Debug, Default)]
pub(super) struct Words {
    list: Vec<Word>,
    known: HashSet<Term, BuildHasherDefault<Same>>,
}

impl Words {
    /// Takes in what the event at a position says.
    pub(super) fn take(&mut self, position: u32, words: &[(Field, String)]) {
        for (field, text) in words {
            if self.known.insert(term::word(*field, text)) {
                self.list.push(Word { field: *field, first: position, text: text.clone() });
            }
        }
    }

    /// Returns each.
    pub(super) fn list(&self) -> &[Word] {
        &self.list
    }
}

impl Section for Words {
    const NUMBER: u8 = 7;

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        put(&mut bytes, &self.list.iter().map(|word| word.first).collect::<Vec<_>>(), u32::to_le_bytes);
        put(&mut bytes, &self.list.iter().map(|word| word.field as u8).collect::<Vec<_>>(), |field| [field]);
        let lengths: Vec<usize> = self.list.iter().map(|word| word.text.len()).collect();
        put(&mut bytes, &lengths, |length| u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
        self.list.iter().for_each(|word| bytes.extend_from_slice(word.text.as_bytes()));
        bytes
    }

    fn decode(mut bytes: &[u8]) -> Option<Self> {
        let firsts = get(&mut bytes, u32::from_le_bytes)?;
        let fields = get(&mut bytes, |[field]| field)?;
        let lengths = get(&mut bytes, u32::from_le_bytes)?;
        if firsts.len() != fields.len() || firsts.len() != lengths.len() {
            return None;
        }
        let mut words = Self::default();
        for ((first, field), length) in firsts.into_iter().zip(fields).zip(lengths) {
            let field = [Field::Topic, Field::Marking].into_iter().find(|known| *known as u8 == field)?;
            let (text, rest) = bytes.split_at_checked(usize::try_from(length).ok()?)?;
            bytes = rest;
            let text = std::str::from_utf8(text).ok()?.to_owned();
            if !words.known.insert(term::word(field, &text)) {
                return None;
            }
            words.list.push(Word { field, first, text });
        }
        bytes.is_empty().then_some(words)
    }
}

/// Of so many events one is remembered.
const EVERY: u32 = 256;

/// When events were recorded, in microseconds: for every [`EVERY`] the first from there on that can be read.
#[derive(Debug, Default)]
pub(super) struct Recorded(Vec<i64>);

/// What stands for a time until one is known.
const UNKNOWN: i64 = i64::MAX;

impl Recorded {
    /// Takes in when the event at a position was recorded; none where that cannot be read.
    pub(super) fn take(&mut self, position: u32, at: Option<i64>) {
        if position.is_multiple_of(EVERY) {
            self.0.push(UNKNOWN);
        }
        if let Some(at) = at {
            let unknown = self.0.iter_mut().rev().take_while(|time| **time == UNKNOWN);
            unknown.for_each(|time| *time = at);
        }
    }

    /// Returns between which positions below `size` the first is that is not `early`.
    pub(super) fn around(&self, size: u32, early: impl Fn(i64) -> bool) -> (u32, u32) {
        let known = self.0.get(..size.div_ceil(EVERY) as usize).unwrap_or(&self.0);
        let later = u32::try_from(known.partition_point(|at| early(*at))).unwrap_or(u32::MAX);
        let position = |part: u32| part.saturating_mul(EVERY).min(size);
        (position(later.saturating_sub(1)), position(later))
    }

    /// Tells whether it is of so many events.
    pub(super) fn is_of(&self, size: u32) -> bool {
        self.0.len() == size.div_ceil(EVERY) as usize
    }
}

impl Section for Recorded {
    const NUMBER: u8 = 8;

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        put(&mut bytes, &self.0, i64::to_le_bytes);
        bytes
    }

    fn decode(mut bytes: &[u8]) -> Option<Self> {
        let times = get(&mut bytes, i64::from_le_bytes)?;
        bytes.is_empty().then_some(Self(times))
    }
}
