//! Which terms a segment does not have, told without a look at its pages.
//!
//! Most terms are in one or two segments: an entity is named when it comes into being and seldom after. Whoever looks
//! for one in every segment of a long log would read a page of each to find nothing.
//!
//! A split block Bloom filter, as in the specification of Apache Parquet (BloomFilter.md): F. Putze, P. Sanders,
//! J. Singler, "Cache-, hash- and space-efficient Bloom filters", Journal of Experimental Algorithmics 14 (2009). It never
//! denies a term that is there; of those that are not it lets about one in a hundred pass. A term is a hash
//! already and is not hashed again.

use crate::projections::columns::{get, put};
use crate::projections::lazy::Section;
use crate::projections::term::Term;

/// So many bits are spent on a term.
const BITS: usize = 10;
/// The words of a block, each with one bit for a term.
const LANES: usize = 8;
/// What a term is multiplied with for each word: any odd numbers that differ enough; those of the specification.
const SALTS: [u32; LANES] =
    [0x47b6_137b, 0x4497_4d91, 0x8824_ad5b, 0xa2b7_289d, 0x7054_95c7, 0x2df1_424b, 0x9efc_4947, 0x5c6b_fb31];

/// Terms that may be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bloom {
    // At least one.
    blocks: Vec<[u32; LANES]>,
}

impl Bloom {
    /// Returns the filter of these terms.
    pub(super) fn of(terms: &[Term]) -> Self {
        let blocks = (terms.len() * BITS).div_ceil(LANES * 32).max(1);
        let mut bloom = Self { blocks: vec![[0; LANES]; blocks] };
        for term in terms {
            let place = bloom.place(*term);
            if let Some(block) = bloom.blocks.get_mut(place) {
                block.iter_mut().zip(bits(*term)).for_each(|(word, bit)| *word |= bit);
            }
        }
        bloom
    }

    /// Tells whether a term may be there; if not, it is not.
    pub(super) fn may_have(&self, term: Term) -> bool {
        let block = self.blocks.get(self.place(term));
        block.is_none_or(|block| block.iter().zip(bits(term)).all(|(word, bit)| word & bit != 0))
    }

    /// Returns the block of a term, by its upper half.
    fn place(&self, term: Term) -> usize {
        usize::try_from(((term >> 32) * self.blocks.len() as u64) >> 32).unwrap_or(0)
    }
}

/// Returns the bit of each word that stands for a term, by its lower half.
#[expect(clippy::cast_possible_truncation, reason = "the lower half is what is wanted")]
fn bits(term: Term) -> [u32; LANES] {
    SALTS.map(|salt| 1 << ((term as u32).wrapping_mul(salt) >> 27))
}

impl Section for Bloom {
    const NUMBER: u8 = 16;

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        put(&mut bytes, &self.blocks, |block| {
            let mut all = [0; LANES * 4];
            all.as_chunks_mut().0.iter_mut().zip(block).for_each(|(four, word)| *four = word.to_le_bytes());
            all
        });
        bytes
    }

    fn decode(mut bytes: &[u8]) -> Option<Self> {
        let blocks = get(&mut bytes, |all: [u8; LANES * 4]| {
            let mut block = [0; LANES];
            block
                .iter_mut()
                .zip(all.as_chunks().0)
                .for_each(|(word, four)| *word = u32::from_le_bytes(*four));
            block
        })?;
        (bytes.is_empty() && !blocks.is_empty()).then_some(Self { blocks })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::projections::term::{self, Field};
    use proptest::prelude::*;

    fn terms(from: u128, count: usize) -> Vec<Term> {
        let id = |number| crate::domain::id::EntityId::from_uuid(uuid::Uuid::from_u128(number));
        (from..).take(count).map(|number| term::entity(Field::Stream, id(number << 8))).collect()
    }

    proptest! {
        #[test]
        fn what_is_there_passes(terms in proptest::collection::vec(any::<u64>(), 0..300)) {
            let bloom = Bloom::of(&terms);
            prop_assert!(terms.iter().all(|term| bloom.may_have(*term)));
            let bytes = bloom.encode();
            prop_assert_eq!(Bloom::decode(&bytes), Some(bloom));
            prop_assert_eq!(Bloom::decode(&bytes[..bytes.len() - 1]), None);
        }
    }

    #[test]
    fn little_of_what_is_not_there_passes() {
        let bloom = Bloom::of(&terms(0, 100_000));
        let passed = terms(1_000_000, 100_000).into_iter().filter(|term| bloom.may_have(*term)).count();
        assert!(passed < 2_500, "{passed} of 100,000");
        assert!(!Bloom::of(&[]).may_have(7));
    }
}
