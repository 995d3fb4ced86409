//! Which kinds, parties, channels and topics occur together, and in which segments of the log.
//!
//! A question about two parties has a sort for every channel and every topic of the log, of which the two used few. What
//! occurs in no entry together is sought in no segment, however many there are.
//!
//! It is made of what the rows are counted by when it is first needed, and of each further segment when that is full; at an
//! earlier size, or where entries were struck since, it tells of too many segments, never of too few.

mod pairs;

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use crate::projections::bits::ROWS;
use crate::projections::counted::Channels;
use crate::projections::crossings::pairs::{pair, pair_of_one_part, pairs_of};
use crate::projections::lazy::Damage;
use crate::projections::newest::{Test, terms};
use crate::projections::profile::{Parts, Profiles, part_of};
use crate::projections::segment::{Same, Sealed};
use crate::projections::table::Table;
use crate::projections::term::{Field, Term};
use crate::projections::together;

/// Two terms that occur together: one of a part, and one of a later part or of the same.
type Pair = u64;

/// What is crossed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Kind,
    Channel,
    Party,
    Topic,
    // What a row is found by and not counted by: its class, that it names nobody, how directly it reaches the other side.
    Mark,
}

impl Part {
    /// Those that rows are counted by.
    const COUNTED: [Self; 4] = [Self::Kind, Self::Channel, Self::Party, Self::Topic];

    /// Tells whether it is known what of this part, which is the earlier or the same, occurs together with what of another.
    const fn is_crossed_with(self, later: Self) -> bool {
        match (self, later) {
            (Self::Kind, Self::Kind)
            | (Self::Topic, Self::Topic)
            | (Self::Channel, Self::Channel | Self::Topic) => false,
            (Self::Kind | Self::Channel | Self::Party | Self::Topic | Self::Mark, _) => true,
        }
    }

    fn profiles(self, parts: &Parts) -> Option<&Profiles> {
        let field = match self {
            Self::Kind => Field::Kind,
            Self::Channel => Field::Via,
            Self::Party => Field::From,
            Self::Topic => Field::Topic,
            Self::Mark => return None,
        };
        parts.0.get(part_of(field)?)
    }
}

/// Of so many pairs at most it is known where they occur: a log that has more is searched as if it were not known.
const PAIRS_MAX: usize = 1 << 21;
/// Their sets have so many words at most, which is 64 MiB.
const WORDS_MAX: usize = 1 << 23;

/// A test that can be met in more ways is met wherever its base is.
const WAYS_MAX: usize = 16;

/// So many segments are taken in at once.
const AT_ONCE: usize = 4;

/// What occurs together.
#[derive(Debug, Clone, Default)]
pub(super) struct Crossings {
    // Of so many segments it is known, from the first on.
    segments: usize,
    // A set of segments is so many words.
    words: usize,
    // Where the set of a pair begins, in sets.
    places: HashMap<Pair, u32, BuildHasherDefault<Same>>,
    sets: Vec<u64>,
    is_too_much: bool,
}

/// The segments in which something can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Within {
    // Of the segments that are known, a bit each.
    words: Vec<u64>,
    // From here on nothing is known.
    known: usize,
}

/// Where entries of several sorts can be that all meet a base.
pub(super) struct Ask<'c> {
    crossings: &'c Crossings,
    channels: &'c Channels,
    // Each way to meet the base, and where it can be met so.
    base: Vec<(Vec<Leaf>, Within)>,
}

/// What a test says that is crossed.
#[derive(Debug, Clone)]
struct Leaf {
    part: Part,
    terms: Vec<Term>,
    // In the segments before this one it may occur without being counted.
    counted_from: usize,
}

impl Crossings {
    /// Takes in the full segments of a table that are not known yet.
    ///
    /// # Errors
    ///
    /// Returns [`Damage`] when the snapshot that holds one is damaged.
    pub(super) fn take(&mut self, table: &Table) -> Result<(), Damage> {
        let full: Vec<&Sealed> = table.sealed().take_while(|sealed| sealed.len == ROWS).collect();
        let new = full.get(self.segments..).unwrap_or_default();
        if new.is_empty() || self.is_too_much {
            return Ok(());
        }
        self.widen(full.len().div_ceil(64).next_power_of_two());
        for these in new.chunks(AT_ONCE) {
            for pairs in together::each_long(these, |sealed| pairs_of(sealed)) {
                let pairs = pairs?;
                pairs.all.into_iter().for_each(|pair| self.note(pair));
                self.segments += 1;
                if pairs.are_too_many || self.places.len() > PAIRS_MAX || self.sets.len() > WORDS_MAX {
                    *self = Self { is_too_much: true, ..Self::default() };
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Notes that a pair occurs in the segment after the last that is known.
    fn note(&mut self, pair: Pair) {
        let next = self.sets.len() / self.words.max(1);
        let place = *self.places.entry(pair).or_insert_with(|| u32::try_from(next).unwrap_or(u32::MAX));
        let begin = place as usize * self.words;
        if begin == self.sets.len() {
            self.sets.resize(begin + self.words, 0);
        }
        if let Some(word) = self.sets.get_mut(begin + self.segments / 64) {
            *word |= 1 << (self.segments % 64);
        }
    }

    /// Makes room for so many words in each set.
    fn widen(&mut self, words: usize) {
        if words > self.words {
            let mut sets = Vec::with_capacity(self.places.len() * words);
            for set in self.sets.chunks(self.words.max(1)) {
                sets.extend_from_slice(set);
                sets.resize(sets.len() + words - set.len(), 0);
            }
            (self.sets, self.words) = (sets, words);
        }
    }

    /// Returns a question about entries that meet a base, to be asked for each sort of them.
    pub(super) fn ask<'c>(&'c self, base: &Test, channels: &'c Channels) -> Ask<'c> {
        let all = |leaves: Vec<Leaf>| {
            let within = self.of_leaves(&leaves);
            (leaves, within)
        };
        let base = ways(base, channels).unwrap_or_else(|| vec![Vec::new()]);
        Ask { crossings: self, channels, base: base.into_iter().map(all).collect() }
    }

    fn of_leaves(&self, leaves: &[Leaf]) -> Within {
        let mut within = Within { words: vec![u64::MAX; self.words], known: self.segments };
        for (place, one) in leaves.iter().enumerate() {
            let later = leaves.get(place + 1..).unwrap_or_default();
            for other in later {
                self.keep_crossing(one, other, &mut within);
            }
        }
        within
    }

    /// Keeps the segments in which something of one leaf occurs together with something of another, where that is
    /// known.
    fn keep_crossing(&self, one: &Leaf, other: &Leaf, within: &mut Within) {
        let (one, other) = if one.part <= other.part { (one, other) } else { (other, one) };
        if !one.part.is_crossed_with(other.part) {
            return;
        }
        let is_one_part = one.part == other.part;
        let mut any = vec![0; self.words];
        for (one, other) in
            one.terms.iter().flat_map(|one| other.terms.iter().map(move |other| (*one, *other)))
        {
            let pair = if is_one_part { pair_of_one_part(one, other) } else { pair(one, other) };
            let Some(place) = self.places.get(&pair) else { continue };
            let begin = *place as usize * self.words;
            let set = self.sets.get(begin..begin + self.words).unwrap_or_default();
            any.iter_mut().zip(set).for_each(|(word, more)| *word |= more);
        }
        for number in 0..one.counted_from.max(other.counted_from).min(self.segments) {
            if let Some(word) = any.get_mut(number / 64) {
                *word |= 1 << (number % 64);
            }
        }
        within.words.iter_mut().zip(any).for_each(|(word, any)| *word &= any);
    }
}

impl Ask<'_> {
    /// Returns the segments in which entries can be that meet the base and a test.
    pub(super) fn within(&self, test: &Test) -> Within {
        let Crossings { words, segments, .. } = self.crossings;
        let Some(ways) = ways(test, self.channels) else {
            return Within { words: vec![u64::MAX; *words], known: *segments };
        };
        let mut any = Within { words: vec![0; *words], known: *segments };
        for leaves in ways {
            for (others, base) in &self.base {
                let mut within = base.clone();
                let with_base = leaves.iter().flat_map(|one| others.iter().map(move |other| (one, other)));
                let own = leaves.iter().enumerate();
                let own =
                    own.flat_map(|(place, one)| leaves.iter().skip(place + 1).map(move |other| (one, other)));
                for (one, other) in with_base.chain(own) {
                    // Most sorts are of what the two never used together.
                    if within.is_nowhere() {
                        break;
                    }
                    self.crossings.keep_crossing(one, other, &mut within);
                }
                any.add(&within);
            }
        }
        any
    }
}

impl Within {
    /// Returns the segments, of which `count` are there, lowest first.
    pub(super) fn numbers(&self, count: usize) -> impl Iterator<Item = usize> + '_ {
        let known = self.words.iter().enumerate().flat_map(|(place, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros() as usize;
                left &= left.checked_sub(1)?;
                Some(place * 64 + bit)
            })
        });
        let last = self.known.min(count);
        known.take_while(move |number| *number < last).chain(last..count)
    }

    /// Tells whether it is none of the segments that are known.
    fn is_nowhere(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    fn add(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, more)| *word |= more);
    }
}

/// Returns the ways in which a test can be met, each with what of it is crossed; none where there are too many.
fn ways(test: &Test, channels: &Channels) -> Option<Vec<Vec<Leaf>>> {
    let mut found: Vec<Vec<Leaf>> = Vec::new();
    if let Test::All(tests) = test {
        found.push(Vec::new());
        for test in tests {
            let more = ways(test, channels)?;
            let both = |one: &Vec<Leaf>| {
                more.iter().map(|more| [one.as_slice(), more].concat()).collect::<Vec<Vec<Leaf>>>()
            };
            found = found.iter().flat_map(both).collect();
            if found.len() > WAYS_MAX {
                return None;
            }
        }
    } else if let Test::Any(tests) = test {
        for test in tests {
            found.extend(ways(test, channels)?);
        }
    } else {
        found.push(leaf(test, channels).into_iter().collect());
    }
    (found.len() <= WAYS_MAX).then_some(found)
}

/// Returns what a test says that is crossed; none where nothing of it is.
fn leaf(test: &Test, channels: &Channels) -> Option<Leaf> {
    let of = |part, terms| Some(Leaf { part, terms, counted_from: 0 });
    match test {
        Test::From(_) | Test::To(_) | Test::Party(_) => of(Part::Party, terms(test)),
        Test::Via(_) => of(Part::Channel, terms(test)),
        Test::Topic(_) => of(Part::Topic, terms(test)),
        Test::Kind(_) => of(Part::Kind, terms(test)),
        Test::Class(_) | Test::Unaddressed(_) | Test::Reaches(_) => of(Part::Mark, terms(test)),
        // What an entry is about is counted where that is a channel, from when it came into being.
        Test::About(ids) => {
            let begun: Option<Vec<u32>> = ids.iter().map(|id| channels.position(*id)).collect();
            let last = begun?.into_iter().max().map_or(0, |position| position as usize / ROWS + 1);
            Some(Leaf { part: Part::Channel, terms: terms(test), counted_from: last })
        }
        Test::Lasted
        | Test::PerhapsUnlinked
        | Test::PerhapsLinked
        | Test::All(_)
        | Test::Any(_)
        | Test::Not(_) => None,
    }
}

#[cfg(test)]
mod tests;
