//! By what an entry can be found: its channels, parties, kind, topics, recorder, as 64-bit fingerprints.

use crate::domain::fact::{Kind, KindClass};
use crate::domain::id::{ActorId, EntityId};
use crate::domain::source::Grade;
use crate::domain::words::Directness;

/// In what role something is named by an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    /// A stream of the record: the history of an entity.
    Stream = 1,
    /// What the entry is about, or brings into being.
    About = 2,
    /// What it is linked to in a way that enters the other's history.
    Linked = 3,
    /// What carried it.
    Via = 4,
    /// Who speaks or acts.
    From = 5,
    /// To whom.
    To = 6,
    /// The kind.
    Kind = 7,
    /// Who recorded it.
    Recorder = 8,
    /// It keeps the record.
    Bookkeeping = 9,
    /// Its text was removed.
    Redacted = 10,
    /// What it is called elsewhere, by whomever.
    Called = 11,
    /// Its record is damaged.
    Unreadable = 12,
    /// A topic.
    Topic = 13,
    /// How far it may travel.
    Marking = 14,
    /// The grade of a source.
    Grade = 15,
    /// That it says anything in a role.
    Has = 16,
    /// How directly it reaches the other side, where the entry itself tells.
    Directness = 30,
    /// It is of a class of kinds and names nobody to whom it is said or done.
    Unaddressed = 31,
    /// It answers, and says of no entry or overture that it answers that one.
    Unlinked = 32,
    /// What its kind has in common with others.
    Class = 33,
    /// A source says otherwise, or it says that an entry contradicts another.
    Contested = 34,
    /// It lasted from one moment to another.
    Lasted = 36,
    /// That it has any of some terms; no row is found by it in a file.
    AnyOf = 35,
}

/// A fingerprint of a role and what plays it.
///
/// 64 bits stand for 132: of ten million different terms two coincide with a chance of 1 in 300,000.
/// A history confirms every event by the streams of its record, so it is exact all the same.
pub(super) type Term = u64;

/// Returns the fingerprint of an entity in a role.
pub(super) fn entity(field: Field, id: EntityId) -> Term {
    fingerprint(field, id.as_uuid().as_u128())
}

/// Returns the fingerprint of whoever records.
pub(super) fn recorder(actor: ActorId) -> Term {
    fingerprint(Field::Recorder, actor.as_uuid().as_u128())
}

/// Returns the fingerprint of a kind, which does not depend on the kinds listed beside it.
pub(super) fn kind(kind: Kind) -> Term {
    fingerprint(Field::Kind, text(kind.as_str()))
}

/// Returns the fingerprint of a name that an entry has elsewhere, whoever gave it.
pub(super) fn called(id: &str) -> Term {
    fingerprint(Field::Called, text(id))
}

/// Returns the fingerprint of a text in a role: a topic, a marking.
pub(super) fn word(field: Field, word: &str) -> Term {
    fingerprint(field, text(word))
}

/// Returns the fingerprint of the grade of a source.
pub(super) fn grade(grade: Grade) -> Term {
    fingerprint(Field::Grade, u128::from(grade.reliability as u8) << 8 | u128::from(grade.credibility as u8))
}

/// Returns the fingerprint of saying anything in a role.
pub(super) fn has(field: Field) -> Term {
    fingerprint(Field::Has, field as u128)
}

/// Returns the fingerprint of what kinds have in common.
pub(super) fn class(class: KindClass) -> Term {
    fingerprint(Field::Class, class as u128)
}

/// Returns the fingerprint of an entry of a class that names nobody to whom it is said or done.
pub(super) fn unaddressed(class: KindClass) -> Term {
    fingerprint(Field::Unaddressed, class as u128)
}

/// Returns the fingerprint of how directly an entry says that it reaches the other side.
pub(super) fn directness(directness: Directness) -> Term {
    fingerprint(Field::Directness, text(directness.as_str()))
}

/// Returns the fingerprint of having any of some terms, given in the order in which they are always given.
pub(super) fn any_of(terms: &[Term]) -> Term {
    fingerprint(Field::AnyOf, fold(terms.iter().flat_map(|term| term.to_le_bytes())))
}

fn text(text: &str) -> u128 {
    fold(text.bytes())
}

/// Folds bytes into a number by the 128-bit FNV-1a.
fn fold(bytes: impl Iterator<Item = u8>) -> u128 {
    bytes.fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, |hash, byte| {
        (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
    })
}

/// Returns the fingerprint of a mark that an entry bears or not.
pub(super) fn mark(field: Field) -> Term {
    fingerprint(field, 0)
}

#[expect(clippy::cast_possible_truncation, reason = "a fingerprint folds the halves together")]
fn fingerprint(field: Field, value: u128) -> Term {
    let fold = |one: u64, two: u64| {
        let product = u128::from(one) * u128::from(two);
        product as u64 ^ (product >> 64) as u64
    };
    let seed = (field as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let low = fold(value as u64 ^ 0xa076_1d64_78bd_642f ^ seed, 0xe703_7ed1_a0b4_28db);
    let high = fold((value >> 64) as u64 ^ 0x8ebc_6af0_9c88_c6e3 ^ seed, 0x5899_65cc_7537_4cc3);
    fold(low ^ 0x1d8e_4e27_c47d_124f, high.rotate_left(29) ^ 0xeb44_acca_b455_d165)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn terms_that_differ_have_fingerprints_that_differ() {
        let mut seen = HashSet::new();
        for number in 0..20_000_u128 {
            for field in [Field::Stream, Field::About, Field::From, Field::To] {
                assert!(seen.insert(entity(field, EntityId::from_uuid(uuid::Uuid::from_u128(number << 40)))));
            }
        }
        for known in Kind::ALL {
            assert!(seen.insert(kind(*known)), "{known}");
        }
    }
}
