//! Which channels and topics some rows of a segment name: of a sort that asks for another there is none among them.

use std::collections::HashSet;
use std::hash::BuildHasherDefault;

use crate::domain::id::EntityId;
use crate::projections::bits::Bits;
use crate::projections::counted::Channels;
use crate::projections::lazy::Damage;
use crate::projections::newest::{Test, terms};
use crate::projections::profile::part_of;
use crate::projections::segment::Same;
use crate::projections::table::Segment;
use crate::projections::term::{Field, Term};

/// The channels and the topics of some rows.
pub(super) struct Named<'index> {
    terms: HashSet<Term, BuildHasherDefault<Same>>,
    channels: &'index Channels,
    // Where the first of the rows was told.
    since: u32,
}

impl<'index> Named<'index> {
    /// Returns what these rows of a segment name, of which the first was told at the position `since`.
    ///
    /// # Errors
    ///
    /// Returns [`Damage`] when the snapshot that holds them is damaged.
    pub(super) fn by(
        rows: &Bits,
        segment: Segment<'_>,
        (channels, since): (&'index Channels, u32),
    ) -> Result<Self, Damage> {
        let mut terms = HashSet::default();
        for part in [Field::Via, Field::Topic].into_iter().filter_map(part_of) {
            let profiles = segment.profiles(part)?;
            let sizes = profiles.sizes_of(rows);
            for (places, _) in profiles.combinations().zip(sizes).filter(|(_, size)| *size > 0) {
                terms.extend(profiles.terms_at(places));
            }
        }
        Ok(Self { terms, channels, since })
    }

    /// Tells whether one of the rows can meet a test.
    pub(super) fn may_meet(&self, test: &Test) -> bool {
        match test {
            Test::Via(_) | Test::Topic(_) => terms(test).iter().any(|term| self.terms.contains(term)),
            Test::About(ids) if ids.iter().all(|id| self.is_counted(*id)) => {
                terms(test).iter().any(|term| self.terms.contains(term))
            }
            Test::All(tests) => tests.iter().all(|test| self.may_meet(test)),
            Test::Any(tests) => tests.iter().any(|test| self.may_meet(test)),
            Test::About(_)
            | Test::From(_)
            | Test::To(_)
            | Test::Party(_)
            | Test::Kind(_)
            | Test::Reaches(_)
            | Test::Class(_)
            | Test::Unaddressed(_)
            | Test::Lasted
            | Test::PerhapsUnlinked
            | Test::PerhapsLinked
            | Test::Not(_) => true,
        }
    }

    /// Tells whether every row that is about something is counted by it: a channel, once it has come into being.
    fn is_counted(&self, id: EntityId) -> bool {
        self.channels.position(id).is_some_and(|position| position < self.since)
    }
}
