//! One line of the access log.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::store::leaf::HexHash;

/// The schema version of a line.
pub(super) const SCHEMA: u16 = 1;
/// Stretches of positions that a line names at most; more would not fit into a body.
const STRETCHES_MAX: usize = 2_000;

/// One read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Line {
    /// Who read; empty where nobody said.
    pub(super) by: String,
    /// What for, in the reader's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) purpose: Option<String>,
    /// The path and the query.
    pub(super) asked: String,
    /// The entries that the answer showed.
    pub(super) positions: Positions,
    /// The log that was read.
    pub(super) log: String,
    /// How many events it had.
    pub(super) size: u64,
    /// Its root at that size.
    pub(super) root: String,
}

/// Positions, as stretches without gaps.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Positions {
    /// First and last of each stretch, in order; where there are too many, one that spans them all.
    pub(super) stretches: Vec<(u64, u64)>,
    /// How many positions there are.
    pub(super) count: u64,
    /// Where there are too many stretches: SHA-256 over all positions in order, each as eight bytes,
    /// little-endian. Whoever claims to know them can show that they are these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) commitment: Option<String>,
}

/// How sure it is that a line covers a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Covers {
    /// It does not.
    No,
    /// It does.
    Yes,
    /// It lies within a span of which only a commitment was kept.
    Perhaps,
}

impl Positions {
    /// Returns these positions, and those from the first up to the second of `range`.
    pub(super) fn of(mut places: Vec<u64>, range: Option<(u64, u64)>) -> Self {
        places.sort_unstable();
        places.dedup();
        let mut stretches: Vec<(u64, u64)> = Vec::new();
        let whole = range.filter(|(from, to)| from < to).map(|(from, to)| (from, to - 1));
        for place in &places {
            match stretches.last_mut() {
                Some((_, last)) if *last + 1 == *place => *last = *place,
                _ => stretches.push((*place, *place)),
            }
        }
        let stretches = merged(stretches.into_iter().chain(whole).collect());
        let count = stretches.iter().map(|(first, last)| last - first + 1).sum();
        match (stretches.first(), stretches.last()) {
            (Some((first, _)), Some((_, last))) if stretches.len() > STRETCHES_MAX => {
                let mut hash = Sha256::new();
                for (first, last) in &stretches {
                    (*first..=*last).for_each(|place| hash.update(place.to_le_bytes()));
                }
                let commitment = Some(HexHash(hash.finalize().into()).to_string());
                Self { stretches: vec![(*first, *last)], count, commitment }
            }
            _ => Self { stretches, count, commitment: None },
        }
    }

    /// Tells whether a position is one of them.
    pub(super) fn covers(&self, place: u64) -> Covers {
        let within = self.stretches.iter().any(|(first, last)| (*first..=*last).contains(&place));
        match (within, &self.commitment) {
            (false, _) => Covers::No,
            (true, None) => Covers::Yes,
            (true, Some(_)) => Covers::Perhaps,
        }
    }
}

/// Returns stretches in order, those that touch as one.
fn merged(mut stretches: Vec<(u64, u64)>) -> Vec<(u64, u64)> {
    stretches.sort_unstable();
    let mut merged: Vec<(u64, u64)> = Vec::with_capacity(stretches.len());
    for (first, last) in stretches {
        match merged.last_mut() {
            Some((_, end)) if first <= end.saturating_add(1) => *end = (*end).max(last),
            _ => merged.push((first, last)),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn a_line_covers_what_was_read_and_nothing_else(
            places in proptest::collection::vec(0u64..300, 0..200),
            range in proptest::option::of((0u64..300, 0u64..300)),
        ) {
            let mut all: BTreeSet<u64> = places.iter().copied().collect();
            all.extend(range.into_iter().flat_map(|(from, to)| from..to));
            let positions = Positions::of(places, range);
            prop_assert_eq!(positions.count, all.len() as u64);
            for place in 0..310 {
                let covers = if all.contains(&place) { Covers::Yes } else { Covers::No };
                prop_assert_eq!(positions.covers(place), covers);
            }
        }
    }

    #[test]
    fn too_many_stretches_are_committed_to() {
        let places: Vec<u64> = (0..5_000).map(|place| place * 2).collect();
        let positions = Positions::of(places.clone(), None);
        assert_eq!((positions.stretches.as_slice(), positions.count), (&[(0, 9_998)][..], 5_000));
        assert_eq!((positions.covers(3), positions.covers(9_999)), (Covers::Perhaps, Covers::No));
        let mut fewer = places;
        fewer.pop();
        assert_ne!(Positions::of(fewer, None).commitment, positions.commitment);
        assert!(
            serde_json::to_string(&Positions::of(
                (0..4_000).map(|place| u64::MAX / 2 - place * 2).collect(),
                None
            ))
            .unwrap()
            .len()
                < 65_535
        );
    }
}
