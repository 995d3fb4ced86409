//! Conditions on entries, and which rows of a segment meet one.

use crate::domain::fact::{Kind, KindClass};
use crate::domain::id::EntityId;
use crate::domain::words::Directness;
use crate::projections::bits::Bits;
use crate::projections::lazy::Damage;
use crate::projections::table::Segment;
use crate::projections::term::{self, Field, Term};

/// A condition on the reading of an entry that holds.
///
/// What keeps the record, what is struck and what cannot be read meets none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// One of these speaks or acts.
    From(Vec<EntityId>),
    /// It is said or done to one of these.
    To(Vec<EntityId>),
    /// One of these speaks or acts, or it is said or done to one of them.
    Party(Vec<EntityId>),
    /// It names one of these as what it is about.
    About(Vec<EntityId>),
    /// One of these carried it.
    Via(Vec<EntityId>),
    /// It is of one of these kinds.
    Kind(Vec<Kind>),
    /// It names this topic, spelt so.
    Topic(String),
    /// The entry itself tells that it reaches the other side so.
    Reaches(Directness),
    /// Its kind is of this class.
    Class(KindClass),
    /// Its kind is of this class, and it names nobody to whom it is said or done.
    Unaddressed(KindClass),
    /// It lasted from one moment to another: the index has it where it began.
    Lasted,
    /// It answers, and perhaps answers no overture: it names none, or its links were changed since.
    PerhapsUnlinked,
    /// It names an overture or an entry, or its links were changed since.
    PerhapsLinked,
    /// It meets all of these, the one that fewest meet first.
    All(Vec<Test>),
    /// It meets one of these.
    Any(Vec<Test>),
    /// It does not meet this.
    Not(Box<Test>),
}

/// Returns those of some rows that meet a test; `relinked` are those of which links were changed later.
pub(super) fn meeting(
    test: &Test,
    segment: Segment<'_>,
    rows: &Bits,
    relinked: Option<&Bits>,
) -> Result<Bits, Damage> {
    let mut bits = rows.clone();
    match test {
        Test::All(tests) => {
            for test in tests {
                if bits.is_empty() {
                    break;
                }
                bits = meeting(test, segment, &bits, relinked)?;
            }
        }
        Test::Any(tests) => {
            bits = Bits::none();
            for test in tests {
                bits.add(&meeting(test, segment, rows, relinked)?);
            }
        }
        Test::Not(test) => bits.drop_all(&meeting(test, segment, rows, relinked)?),
        Test::PerhapsUnlinked => {
            let mut unlinked = segment.any(&[term::mark(Field::Unlinked)])?;
            if let Some(relinked) = relinked {
                unlinked.add(relinked);
            }
            bits.keep(&unlinked);
        }
        Test::PerhapsLinked => {
            let mut unlinked = segment.any(&[term::mark(Field::Unlinked)])?;
            if let Some(relinked) = relinked {
                unlinked.drop_all(relinked);
            }
            bits.drop_all(&unlinked);
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
        | Test::Unaddressed(_)
        | Test::Lasted => segment.keep_any(&terms(test), &mut bits)?,
    }
    Ok(bits)
}

/// Returns the terms of which a row must have one.
pub(in crate::projections) fn terms(test: &Test) -> Vec<Term> {
    let entities =
        |field, ids: &[EntityId]| ids.iter().map(|id| term::entity(field, *id)).collect::<Vec<Term>>();
    match test {
        Test::From(ids) => entities(Field::From, ids),
        Test::To(ids) => entities(Field::To, ids),
        Test::Party(ids) => [entities(Field::From, ids), entities(Field::To, ids)].concat(),
        Test::About(ids) => entities(Field::About, ids),
        Test::Via(ids) => entities(Field::Via, ids),
        Test::Kind(kinds) => kinds.iter().map(|kind| term::kind(*kind)).collect(),
        Test::Topic(topic) => vec![term::word(Field::Topic, topic)],
        Test::Reaches(directness) => vec![term::directness(*directness)],
        Test::Class(class) => vec![term::class(*class)],
        Test::Unaddressed(class) => vec![term::unaddressed(*class)],
        Test::Lasted => vec![term::mark(Field::Lasted)],
        Test::PerhapsUnlinked | Test::PerhapsLinked | Test::All(_) | Test::Any(_) | Test::Not(_) => {
            Vec::new()
        }
    }
}
