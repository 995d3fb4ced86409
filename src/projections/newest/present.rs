//! Which channels and topics some rows of a segment have, read once from what the rows are counted by.
//!
//! A question about two parties has a sort for every channel and every topic of the log, of which the two used few:
//! one look at their rows tells which, where a look for each sort would cost more than all the rest of the search.

use std::collections::HashSet;
use std::hash::BuildHasherDefault;

use crate::projections::bits::Bits;
use crate::projections::lazy::Damage;
use crate::projections::newest::{Test, terms};
use crate::projections::profile::part_of;
use crate::projections::segment::Same;
use crate::projections::table::Segment;
use crate::projections::term::{Field, Term};

/// For fewer sorts it is quicker to look for each.
const SORTS_MIN: usize = 8;

/// The channels that carried some rows, and their topics; none where that is not worth a look.
pub(super) struct Present(Option<HashSet<Term, BuildHasherDefault<Same>>>);

impl Present {
    /// Looks at rows which are going to be searched for so many sorts.
    ///
    /// # Errors
    ///
    /// Returns [`Damage`] when the snapshot that holds an answer is damaged.
    pub(super) fn of(segment: Segment<'_>, rows: &Bits, sorts: usize) -> Result<Self, Damage> {
        if sorts < SORTS_MIN {
            return Ok(Self(None));
        }
        let mut present: HashSet<Term, _> = HashSet::default();
        for part in [Field::Via, Field::Topic].into_iter().filter_map(part_of) {
            let profiles = segment.profiles(part)?;
            for (places, size) in profiles.combinations().zip(profiles.sizes_of(rows)) {
                if size > 0 {
                    present.extend(places.iter().filter_map(|place| profiles.terms.get(*place as usize)));
                }
            }
        }
        Ok(Self(Some(present)))
    }

    /// Tells whether none of the rows can meet a test, as far as channels and topics tell it.
    pub(super) fn misses(&self, test: &Test) -> bool {
        let Some(present) = &self.0 else { return false };
        match test {
            Test::All(tests) => tests.iter().any(|test| self.misses(test)),
            Test::Any(tests) => tests.iter().all(|test| self.misses(test)),
            // By these every row is counted that has them; of what an entry is about only channels are.
            Test::Via(_) | Test::Topic(_) => !terms(test).iter().any(|term| present.contains(term)),
            Test::From(_)
            | Test::To(_)
            | Test::Party(_)
            | Test::About(_)
            | Test::Kind(_)
            | Test::Reaches(_)
            | Test::Class(_)
            | Test::Unaddressed(_)
            | Test::PerhapsUnlinked
            | Test::PerhapsLinked
            | Test::Not(_) => false,
        }
    }
}
