//! 65,536 rows with everything by which they are found: growing, or complete and in order.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::domain::fact::EntityKind;
use crate::projections::bits::{Bits, ROWS, WORDS};
use crate::projections::lazy::{Damage, Lazy, Section};
use crate::projections::term::Term;

/// A list of rows longer than this takes less room as a set.
const LIST_MAX: usize = 4_096;

/// The hash of a fingerprint: the fingerprint.
#[derive(Debug, Default)]
pub(super) struct Same(u64);

impl Hasher for Same {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, value: u64) {
        self.0 = value;
    }
}

/// Rows by term.
pub(super) type TermRows = HashMap<Term, Vec<u16>, BuildHasherDefault<Same>>;

/// An entity brought into being by a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Created {
    /// The row.
    pub(super) row: u16,
    /// What sort of entity.
    pub(super) kind: EntityKind,
    /// Its id, as a number.
    pub(super) id: u128,
}

/// A segment that still grows.
#[derive(Debug, Clone, Default)]
pub(super) struct Growing {
    /// The earliest and the latest moment of each row, in microseconds.
    pub(super) times: Vec<(i64, i64)>,
    /// The rows of each term, lowest first, each once.
    pub(super) terms: TermRows,
    /// The entities brought into being, in the order of their rows.
    pub(super) created: Vec<Created>,
}

impl Growing {
    /// Tells how many rows there are.
    pub(super) fn len(&self) -> usize {
        self.times.len()
    }

    /// Adds a row and returns it; the segment must not be full.
    pub(super) fn push(&mut self, times: (i64, i64), terms: impl Iterator<Item = Term>) -> u16 {
        debug_assert!(self.len() < ROWS, "a full segment was given another row");
        let row = u16::try_from(self.len()).unwrap_or(u16::MAX);
        self.times.push(times);
        self.add(row, terms);
        row
    }

    /// Adds terms to the newest row.
    pub(super) fn add(&mut self, row: u16, terms: impl Iterator<Item = Term>) {
        for term in terms {
            let rows = self.terms.entry(term).or_default();
            if rows.last() != Some(&row) {
                rows.push(row);
            }
        }
    }

    /// Leaves of a row only its place, with the terms given.
    pub(super) fn blank(&mut self, row: u16, times: (i64, i64), terms: impl Iterator<Item = Term>) {
        self.terms.retain(|_, rows| {
            if let Ok(place) = rows.binary_search(&row) {
                rows.remove(place);
            }
            !rows.is_empty()
        });
        for term in terms {
            let rows = self.terms.entry(term).or_default();
            if let Err(place) = rows.binary_search(&row) {
                rows.insert(place, row);
            }
        }
        self.created.retain(|created| created.row != row);
        if let Some(kept) = self.times.get_mut(usize::from(row)) {
            *kept = times;
        }
    }

    /// Returns the same rows in their final form.
    pub(super) fn seal(&self) -> Sealed {
        Sealed {
            len: self.len(),
            times: Lazy::ready(Times::of(&self.times)),
            terms: Lazy::ready(Terms::of(&self.terms)),
            created: Lazy::ready(self.created.clone()),
        }
    }
}

/// A segment in its final form, or one taken from a snapshot.
#[derive(Debug)]
pub(super) struct Sealed {
    /// How many rows there are.
    pub(super) len: usize,
    /// When the rows happened.
    pub(super) times: Lazy<Times>,
    /// By what they are found.
    pub(super) terms: Lazy<Terms>,
    /// What they brought into being.
    pub(super) created: Lazy<Vec<Created>>,
}

impl Sealed {
    /// Returns the same rows in a form that can grow.
    ///
    /// # Errors
    ///
    /// Returns [`Damage`] when the snapshot that holds them is damaged.
    pub(super) fn thaw(&self) -> Result<Growing, Damage> {
        let times = self.times.get()?;
        Ok(Growing {
            times: times.earliest.iter().copied().zip(times.latest.iter().copied()).collect(),
            terms: self.terms.get()?.thaw(),
            created: self.created.get()?.clone(),
        })
    }
}

/// When the rows of a segment happened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Times {
    /// The earliest moment of each row, in microseconds.
    pub(super) earliest: Vec<i64>,
    /// The latest moment of each row, in microseconds.
    pub(super) latest: Vec<i64>,
    /// The rows by earliest, then latest moment, then row.
    pub(super) order: Vec<u16>,
}

impl Times {
    fn of(times: &[(i64, i64)]) -> Self {
        let mut order: Vec<u16> = (0..=u16::MAX).take(times.len()).collect();
        order.sort_by_key(|row| (times.get(usize::from(*row)).copied().unwrap_or_default(), *row));
        let (earliest, latest) = times.iter().copied().unzip();
        Self { earliest, latest, order }
    }

    /// Returns the earliest and the latest moment of a row.
    pub(super) fn at(&self, row: u16) -> (i64, i64) {
        let of = |column: &[i64]| column.get(usize::from(row)).copied().unwrap_or_default();
        (of(&self.earliest), of(&self.latest))
    }
}

/// The rows of each term: short lists one after another, long ones as sets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Terms {
    /// The terms with short lists, ascending.
    pub(super) keys: Vec<Term>,
    /// Where the list of each begins in `rows`, and at last where all end.
    pub(super) starts: Vec<u32>,
    /// The lists.
    pub(super) rows: Vec<u16>,
    /// The terms with sets, ascending.
    pub(super) set_keys: Vec<Term>,
    /// The words of the sets, `WORDS` for each.
    pub(super) set_words: Vec<u64>,
}

/// The rows of one term.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rows<'segment> {
    /// Lowest first.
    List(&'segment [u16]),
    /// The words of a set.
    Set(&'segment [u64]),
}

impl Rows<'_> {
    /// Adds them to a set.
    pub(super) fn add_to(self, bits: &mut Bits) {
        match self {
            Self::List(rows) => bits.add_rows(rows),
            Self::Set(words) => bits.add_words(words),
        }
    }
}

impl Terms {
    fn of(terms: &TermRows) -> Self {
        let mut sealed = Self::default();
        let mut sorted: Vec<(&Term, &Vec<u16>)> = terms.iter().filter(|(_, rows)| !rows.is_empty()).collect();
        sorted.sort_unstable_by_key(|(term, _)| **term);
        let short: usize = sorted.iter().map(|(_, rows)| rows.len()).filter(|len| *len <= LIST_MAX).sum();
        sealed.keys.reserve_exact(sorted.len());
        sealed.starts.reserve_exact(sorted.len() + 1);
        sealed.rows.reserve_exact(short);
        for (term, rows) in sorted {
            if rows.len() > LIST_MAX {
                let mut bits = Bits::none();
                bits.add_rows(rows);
                sealed.set_keys.push(*term);
                sealed.set_words.extend_from_slice(bits.words());
            } else {
                sealed.keys.push(*term);
                sealed.starts.push(u32::try_from(sealed.rows.len()).unwrap_or(u32::MAX));
                sealed.rows.extend_from_slice(rows);
            }
        }
        sealed.starts.push(u32::try_from(sealed.rows.len()).unwrap_or(u32::MAX));
        sealed
    }

    /// Returns the rows of a term.
    pub(super) fn get(&self, term: Term) -> Option<Rows<'_>> {
        if let Some(place) = near(&self.keys, term) {
            let bound = |place: usize| self.starts.get(place).map(|start| *start as usize);
            return self.rows.get(bound(place)?..bound(place + 1)?).map(Rows::List);
        }
        let place = self.set_keys.binary_search(&term).ok()?;
        self.set_words.get(place * WORDS..(place + 1) * WORDS).map(Rows::Set)
    }

    fn thaw(&self) -> TermRows {
        let mut terms = TermRows::default();
        for key in self.keys.iter().chain(&self.set_keys) {
            let rows = match self.get(*key) {
                Some(Rows::List(rows)) => rows.to_vec(),
                Some(rows @ Rows::Set(_)) => {
                    let mut bits = Bits::none();
                    rows.add_to(&mut bits);
                    bits.iter().collect()
                }
                None => Vec::new(),
            };
            terms.insert(*key, rows);
        }
        terms
    }
}

/// Finds a fingerprint among many: they are spread evenly, so its place is guessed before it is searched.
fn near(keys: &[Term], term: Term) -> Option<usize> {
    let guess = usize::try_from((u128::from(term) * keys.len() as u128) >> 64).unwrap_or(0);
    let mut reach = 16;
    loop {
        let (low, high) = (guess.saturating_sub(reach), (guess + reach).min(keys.len()));
        let window = keys.get(low..high)?;
        let left = low == 0 || window.first().is_some_and(|first| *first <= term);
        let right = high == keys.len() || window.last().is_some_and(|last| *last >= term);
        if left && right {
            return window.binary_search(&term).ok().map(|place| low + place);
        }
        reach *= 8;
    }
}

impl Section for Times {
    const NUMBER: u8 = 1;

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(8 + self.order.len() * 18);
        put(&mut bytes, &self.earliest, |value| value.to_le_bytes());
        put(&mut bytes, &self.latest, |value| value.to_le_bytes());
        put(&mut bytes, &self.order, |value| value.to_le_bytes());
        bytes
    }

    fn decode(mut bytes: &[u8]) -> Option<Self> {
        let earliest = get(&mut bytes, i64::from_le_bytes)?;
        let latest = get(&mut bytes, i64::from_le_bytes)?;
        let order = get(&mut bytes, u16::from_le_bytes)?;
        (bytes.is_empty()).then_some(Self { earliest, latest, order })
    }
}

impl Section for Terms {
    const NUMBER: u8 = 2;

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        put(&mut bytes, &self.keys, |value| value.to_le_bytes());
        put(&mut bytes, &self.starts, |value| value.to_le_bytes());
        put(&mut bytes, &self.rows, |value| value.to_le_bytes());
        put(&mut bytes, &self.set_keys, |value| value.to_le_bytes());
        put(&mut bytes, &self.set_words, |value| value.to_le_bytes());
        bytes
    }

    fn decode(mut bytes: &[u8]) -> Option<Self> {
        let terms = Self {
            keys: get(&mut bytes, u64::from_le_bytes)?,
            starts: get(&mut bytes, u32::from_le_bytes)?,
            rows: get(&mut bytes, u16::from_le_bytes)?,
            set_keys: get(&mut bytes, u64::from_le_bytes)?,
            set_words: get(&mut bytes, u64::from_le_bytes)?,
        };
        let sound = terms.starts.len() == terms.keys.len() + 1
            && terms.set_words.len() == terms.set_keys.len() * WORDS;
        (bytes.is_empty() && sound).then_some(terms)
    }
}

impl Section for Vec<Created> {
    const NUMBER: u8 = 3;

    fn encode(&self) -> Vec<u8> {
        let kind = |kind| EntityKind::ALL.iter().position(|known| *known == kind).unwrap_or(usize::MAX);
        let mut bytes = Vec::with_capacity(self.len() * 19);
        for created in self {
            bytes.extend_from_slice(&created.row.to_le_bytes());
            bytes.push(u8::try_from(kind(created.kind)).unwrap_or(u8::MAX));
            bytes.extend_from_slice(&created.id.to_le_bytes());
        }
        bytes
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let one = |bytes: &[u8]| {
            Some(Created {
                row: u16::from_le_bytes(*bytes.first_chunk()?),
                kind: *EntityKind::ALL.get(usize::from(*bytes.get(2)?))?,
                id: u128::from_le_bytes(*bytes.last_chunk()?),
            })
        };
        (bytes.len() % 19 == 0).then(|| bytes.chunks_exact(19).map(one).collect()).flatten()
    }
}

/// Writes a column, preceded by how many values it has.
fn put<T: Copy, const N: usize>(bytes: &mut Vec<u8>, column: &[T], write: impl Fn(T) -> [u8; N]) {
    bytes.extend_from_slice(&(column.len() as u64).to_le_bytes());
    bytes.reserve(column.len() * N);
    for value in column {
        bytes.extend_from_slice(&write(*value));
    }
}

/// Reads a column off the front of `bytes`.
fn get<T, const N: usize>(bytes: &mut &[u8], read: impl Fn([u8; N]) -> T) -> Option<Vec<T>> {
    let (len, rest) = bytes.split_first_chunk()?;
    let len = usize::try_from(u64::from_le_bytes(*len)).ok()?;
    let (column, rest) = rest.split_at_checked(len.checked_mul(N)?)?;
    *bytes = rest;
    Some(column.as_chunks().0.iter().map(|chunk| read(*chunk)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_sealed_segment_thaws_to_what_it_was(
            rows in proptest::collection::vec((any::<(i64, i64)>(), proptest::collection::vec(0_u64..9, 0..4)), 0..200),
        ) {
            let mut growing = Growing::default();
            for (times, terms) in &rows {
                growing.push(*times, terms.iter().map(|term| term.wrapping_mul(0x2545_f491_4f6c_dd1d)));
            }
            let sealed = growing.seal();
            let thawed = sealed.thaw().unwrap();
            prop_assert_eq!(&thawed.times, &growing.times);
            prop_assert_eq!(&thawed.terms, &growing.terms);
            let sealed_again = thawed.seal();
            prop_assert_eq!(sealed_again.terms.get().unwrap(), sealed.terms.get().unwrap());
        }
    }

    #[test]
    fn a_long_list_is_a_set_and_found_as_well() {
        let mut growing = Growing::default();
        for row in 0..10_000_u64 {
            growing.push((0, 0), [7, 1_000_000 + (row << 40)].into_iter());
        }
        let sealed = growing.seal();
        let mut bits = Bits::none();
        sealed.terms.get().unwrap().get(7).unwrap().add_to(&mut bits);
        assert_eq!(bits.count(), 10_000);
        for row in 0..10_000_u64 {
            assert!(matches!(
                sealed.terms.get().unwrap().get(1_000_000 + (row << 40)),
                Some(Rows::List([_]))
            ));
        }
        assert!(sealed.terms.get().unwrap().get(8).is_none());
        assert_eq!(sealed.thaw().unwrap().terms, growing.terms);
    }

    #[test]
    fn a_blanked_row_keeps_only_its_place() {
        let mut growing = Growing::default();
        growing.push((1, 2), [5, 6].into_iter());
        growing.push((3, 4), [5].into_iter());
        growing.blank(0, (9, 9), [6, 8].into_iter());
        assert_eq!(growing.times, [(9, 9), (3, 4)]);
        assert_eq!(growing.terms.get(&5), Some(&vec![1]));
        assert_eq!(growing.terms.get(&6), Some(&vec![0]));
        assert_eq!(growing.terms.get(&8), Some(&vec![0]));
    }
}
