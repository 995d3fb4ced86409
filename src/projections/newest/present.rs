//! Which channels and topics some rows of a segment have, read once from what the rows are counted by.
//!
//! A question about two parties has a sort for every channel and every topic of the log, of which the two used few:
//! one look at their rows tells which, where a look at each sort would cost more than all the rest of the search.

use std::collections::HashSet;
use std::hash::BuildHasherDefault;

use crate::projections::bits::Bits;
use crate::projections::lazy::Damage;
use crate::projections::newest::{Test, terms};
use crate::projections::profile::part_of;
use crate::projections::segment::Same;
use crate::projections::table::Segment;
use crate::projections::term::{Field, Term};

/// For fewer sorts it is quicker to look at each.
const SORTS_MIN: usize = 8;

/// What some rows of a segment have.
pub(super) struct Present<'rows> {
    segment: Segment<'rows>,
    rows: &'rows Bits,
    // The channels that carried them and their topics; none where that is not worth a look.
    known: Option<HashSet<Term, BuildHasherDefault<Same>>>,
}

impl<'rows> Present<'rows> {
    /// Looks at rows which are going to be tested so often.
    ///
    /// # Errors
    ///
    /// Returns [`Damage`] when the snapshot that holds an answer is damaged.
    pub(super) fn of(segment: Segment<'rows>, rows: &'rows Bits, tests: usize) -> Result<Self, Damage> {
        let mut known = None;
        if tests >= SORTS_MIN {
            let present: &mut HashSet<Term, _> = known.insert(HashSet::default());
            for part in [Field::Via, Field::Topic].into_iter().filter_map(part_of) {
                segment.profiles(part)?.terms_of(rows, |term| {
                    present.insert(term);
                });
            }
        }
        Ok(Self { segment, rows, known })
    }

    /// Tells whether none of the rows can meet a test, where the terms of the test tell that at once.
    ///
    /// # Errors
    ///
    /// As [`Present::of`].
    pub(super) fn misses(&self, test: &Test) -> Result<bool, Damage> {
        Ok(match test {
            Test::All(tests) => {
                for test in tests {
                    if self.misses(test)? {
                        return Ok(true);
                    }
                }
                false
            }
            Test::Any(tests) => {
                for test in tests {
                    if !self.misses(test)? {
                        return Ok(false);
                    }
                }
                true
            }
            Test::Not(_) | Test::PerhapsUnlinked | Test::PerhapsLinked => false,
            // By these every row is counted that has them; of what an entry is about only channels are.
            Test::Via(_) | Test::Topic(_) if self.known.is_some() => {
                let known = self.known.as_ref();
                !terms(test).iter().any(|term| known.is_some_and(|known| known.contains(term)))
            }
            Test::From(_)
            | Test::To(_)
            | Test::Party(_)
            | Test::About(_)
            | Test::Via(_)
            | Test::Kind(_)
            | Test::Topic(_)
            | Test::Reaches(_)
            | Test::Class(_)
            | Test::Unaddressed(_) => {
                for term in terms(test) {
                    if self.segment.has_any(term, self.rows)? {
                        return Ok(false);
                    }
                }
                true
            }
        })
    }
}
