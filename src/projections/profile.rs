//! What the rows of a segment are counted by: every combination of counted terms that occurs, once, and for
//! each row which it has.
//!
//! Counting the rows of a set by all their terms then costs one step for each row and one for each term of
//! each combination, not a look at the rows of every term.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::projections::bits::Bits;
use crate::projections::columns::{get, put};
use crate::projections::lazy::Section;
use crate::projections::segment::TermMap;
use crate::projections::term::{Field, Term};

/// Into how many parts the counted terms of a row are divided: what varies together stands together, and nothing else,
/// so that few combinations occur in each.
pub(super) const PARTS: usize = 6;
/// The part of what is known of the record itself, which a later reading of the entry does not change.
pub(super) const OF_RECORD: usize = 5;

/// Returns the part in which the terms of a field stand; none for a field that nothing is counted by.
pub(super) const fn part_of(field: Field) -> Option<usize> {
    match field {
        Field::Kind => Some(0),
        Field::About | Field::Linked | Field::Via => Some(1),
        Field::From | Field::To => Some(2),
        Field::Topic => Some(3),
        Field::Marking | Field::Grade => Some(4),
        Field::Recorder | Field::Redacted => Some(OF_RECORD),
        Field::Stream
        | Field::Bookkeeping
        | Field::Called
        | Field::Unreadable
        | Field::Has
        | Field::Directness
        | Field::Unaddressed
        | Field::Unlinked
        | Field::Class
        | Field::Contested
        | Field::Lasted
        | Field::AnyOf => None,
    }
}

/// The combinations of counted terms of one part that occur in a segment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Profiles {
    /// The combination of each row.
    pub(super) of_row: Vec<u16>,
    /// How many rows have each combination.
    pub(super) sizes: Vec<u32>,
    /// Where the terms of each combination end in `places`.
    pub(super) ends: Vec<u32>,
    /// The terms of the combinations, as places in `terms`.
    pub(super) places: Vec<u32>,
    /// The terms that occur.
    pub(super) terms: Vec<Term>,
}

impl Profiles {
    /// Returns how many of these rows have each combination.
    pub(super) fn sizes_of(&self, bits: &Bits) -> Vec<u32> {
        let count = bits.count();
        if count * 2 > self.of_row.len() {
            // Fewer rows are not asked for.
            let mut others = Bits::range(0, self.of_row.len());
            others.drop_all(bits);
            let left = self.counted(&others);
            return self.sizes.iter().zip(left).map(|(all, others)| all - others.min(*all)).collect();
        }
        self.counted(bits)
    }

    fn counted(&self, bits: &Bits) -> Vec<u32> {
        let mut sizes = vec![0; self.sizes.len()];
        for row in bits.iter() {
            let profile = self.of_row.get(usize::from(row)).map(|profile| usize::from(*profile));
            if let Some(size) = profile.and_then(|profile| sizes.get_mut(profile)) {
                *size += 1;
            }
        }
        sizes
    }

    /// Returns the terms of every combination, as places in `terms`.
    pub(super) fn combinations(&self) -> impl Iterator<Item = &[u32]> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let terms = self.places.get(start..*end as usize).unwrap_or_default();
            start = *end as usize;
            terms
        })
    }

    /// Returns the terms at some places.
    pub(super) fn terms_at<'p>(&'p self, places: &'p [u32]) -> impl Iterator<Item = Term> + 'p {
        places.iter().filter_map(|place| self.terms.get(*place as usize).copied())
    }

    /// Tells whether every number in it stands for something, and it has so many rows.
    fn is_sound(&self) -> bool {
        let profiles = self.sizes.len();
        self.ends.len() == profiles
            && self.ends.is_sorted()
            && self.ends.last().map_or(0, |end| *end as usize) == self.places.len()
            && self.of_row.iter().all(|profile| usize::from(*profile) < profiles)
            && self.places.iter().all(|place| (*place as usize) < self.terms.len())
    }
}

/// The profiles of a segment, part by part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Parts(pub(super) [Profiles; PARTS]);

impl Section for Parts {
    const NUMBER: u8 = 5;

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for part in &self.0 {
            put(&mut bytes, &part.of_row, u16::to_le_bytes);
            put(&mut bytes, &part.sizes, u32::to_le_bytes);
            put(&mut bytes, &part.ends, u32::to_le_bytes);
            put(&mut bytes, &part.places, u32::to_le_bytes);
            put(&mut bytes, &part.terms, u64::to_le_bytes);
        }
        bytes
    }

    fn decode(mut bytes: &[u8]) -> Option<Self> {
        let mut parts = Self::default();
        for part in &mut parts.0 {
            *part = Profiles {
                of_row: get(&mut bytes, u16::from_le_bytes)?,
                sizes: get(&mut bytes, u32::from_le_bytes)?,
                ends: get(&mut bytes, u32::from_le_bytes)?,
                places: get(&mut bytes, u32::from_le_bytes)?,
                terms: get(&mut bytes, u64::from_le_bytes)?,
            };
        }
        (bytes.is_empty() && parts.0.iter().all(Profiles::is_sound)).then_some(parts)
    }
}

/// Profiles that still take rows.
#[derive(Debug, Clone, Default)]
pub(super) struct GrowingProfiles {
    /// As they are so far.
    pub(super) profiles: Profiles,
    // Where each term stands.
    places: TermMap<u32>,
    // Which profile has these terms.
    known: HashMap<Box<[u32]>, u16, BuildHasherDefault<Mixed>>,
    // Where the terms of a row are put in order.
    row: Vec<u32>,
}

/// The hash of a few small numbers that were given out here.
#[derive(Debug, Default)]
pub(super) struct Mixed(u64);

impl Mixed {
    fn mix(&mut self, value: u64) {
        let product = u128::from(self.0 ^ value ^ 0xa076_1d64_78bd_642f) * 0xe703_7ed1_a0b4_28db;
        #[expect(clippy::cast_possible_truncation, reason = "the halves are folded together")]
        let folded = product as u64 ^ (product >> 64) as u64;
        self.0 = folded;
    }
}

impl Hasher for Mixed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for eight in bytes.chunks(8) {
            self.mix(eight.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)));
        }
    }

    fn write_usize(&mut self, value: usize) {
        self.mix(value as u64);
    }
}

impl GrowingProfiles {
    /// Returns profiles that go on from these.
    pub(super) fn of(profiles: &Profiles) -> Self {
        let place = |place: usize| u32::try_from(place).unwrap_or(u32::MAX);
        let places = profiles.terms.iter().enumerate().map(|(number, term)| (*term, place(number))).collect();
        let known = profiles.combinations().map(Box::from).zip(0..=u16::MAX).collect();
        Self { profiles: profiles.clone(), places, known, row: Vec::new() }
    }

    /// Adds a row with these terms.
    pub(super) fn push(&mut self, terms: impl Iterator<Item = Term>) {
        let profiles = &mut self.profiles;
        let combination = &mut self.row;
        combination.clear();
        combination.extend(terms.map(|term| {
            *self.places.entry(term).or_insert_with(|| {
                profiles.terms.push(term);
                u32::try_from(profiles.terms.len() - 1).unwrap_or(u32::MAX)
            })
        }));
        combination.sort_unstable();
        combination.dedup();
        let profile = self.known.get(combination.as_slice()).copied().unwrap_or_else(|| {
            // There are no more profiles than rows, of which a segment has as many as there are numbers.
            let new = u16::try_from(profiles.sizes.len()).unwrap_or(u16::MAX);
            profiles.sizes.push(0);
            profiles.places.extend_from_slice(combination);
            profiles.ends.push(u32::try_from(profiles.places.len()).unwrap_or(u32::MAX));
            self.known.insert(combination.as_slice().into(), new);
            new
        });
        profiles.of_row.push(profile);
        if let Some(size) = profiles.sizes.get_mut(usize::from(profile)) {
            *size += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn rows_are_counted_by_each_of_their_terms(
            rows in proptest::collection::vec(proptest::collection::btree_set(0_u64..6, 0..4), 1..300),
            wanted in proptest::collection::btree_set(0_u16..300, 0..300),
            pause in 0_usize..300,
        ) {
            let mut growing = GrowingProfiles::default();
            for (number, row) in rows.iter().enumerate() {
                if number == pause {
                    growing = GrowingProfiles::of(&growing.profiles);
                }
                growing.push(row.iter().copied());
            }
            let mut bits = Bits::none();
            bits.add_rows(&wanted.iter().copied().filter(|row| usize::from(*row) < rows.len()).collect::<Vec<_>>());
            let profiles = growing.profiles;
            let sizes = profiles.sizes_of(&bits);
            for term in 0..6 {
                let expected = bits.iter().filter(|row| rows[usize::from(*row)].contains(&term)).count();
                let with = |places: &[u32]| places.iter().any(|place| profiles.terms[*place as usize] == term);
                let counted: u32 =
                    profiles.combinations().zip(&sizes).filter(|(places, _)| with(places)).map(|(_, size)| size).sum();
                prop_assert_eq!(counted as usize, expected);
            }
            let mut parts = Parts::default();
            (parts.0[0], parts.0[2]) = (profiles.clone(), profiles);
            let bytes = parts.encode();
            prop_assert_eq!(Parts::decode(&bytes), Some(parts));
            prop_assert_eq!(Parts::decode(&bytes[..bytes.len() - 1]), None);
        }
    }
}
