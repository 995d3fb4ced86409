//! 65,536 rows with everything by which they are found: growing, or complete and in order.

mod times;

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::fact::EntityKind;
use crate::projections::bits::ROWS;
use crate::projections::file::SectionFile;
use crate::projections::lazy::{Damage, Lazy, Section};
use crate::projections::moments::RowsAt;
use crate::projections::paged::TermColumn;
use crate::projections::profile::{GrowingProfiles, PARTS, Parts, part_of};
pub(super) use crate::projections::segment::times::Times;
use crate::projections::term::{Field, Term};
use crate::projections::terms::Terms;

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

/// Something by term.
pub(super) type TermMap<T> = HashMap<Term, T, BuildHasherDefault<Same>>;

/// Rows by term.
pub(super) type TermRows = TermMap<RowList>;

/// The rows of a term, lowest first: most terms have one, which needs no memory of its own.
#[derive(Debug, Clone)]
pub(super) enum RowList {
    /// One row.
    One([u16; 1]),
    /// Any number of rows.
    Many(Vec<u16>),
}

impl RowList {
    /// Returns the rows.
    pub(super) fn rows(&self) -> &[u16] {
        match self {
            Self::One(row) => row,
            Self::Many(rows) => rows,
        }
    }

    /// Adds a row that is not below the others; one that is there already changes nothing.
    pub(super) fn push(&mut self, row: u16) {
        match self {
            Self::One([only]) if *only == row => {}
            Self::One([only]) => *self = Self::Many(vec![*only, row]),
            Self::Many(rows) if rows.last() == Some(&row) => {}
            Self::Many(rows) => rows.push(row),
        }
    }
}

impl PartialEq for RowList {
    fn eq(&self, other: &Self) -> bool {
        self.rows() == other.rows()
    }
}

impl Eq for RowList {}

impl From<Vec<u16>> for RowList {
    fn from(rows: Vec<u16>) -> Self {
        match rows.as_slice() {
            [only] => Self::One([*only]),
            _ => Self::Many(rows),
        }
    }
}

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

/// Between which moments the rows of a segment lie, so that most segments need not be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Extent {
    /// The least of the earliest moments, in microseconds.
    pub(super) earliest_min: i64,
    /// The greatest of the earliest moments.
    pub(super) earliest_max: i64,
    /// The greatest of the latest moments.
    pub(super) latest_max: i64,
}

impl Extent {
    /// The extent of no rows: it lies within every other.
    const NONE: Self = Self { earliest_min: i64::MAX, earliest_max: i64::MIN, latest_max: i64::MIN };

    /// Takes in the moments of another row.
    fn widen(&mut self, (earliest, latest): (i64, i64)) {
        self.earliest_min = self.earliest_min.min(earliest);
        self.earliest_max = self.earliest_max.max(earliest);
        self.latest_max = self.latest_max.max(latest);
    }
}

/// A segment that still grows.
#[derive(Debug, Clone)]
pub(super) struct Growing {
    /// The earliest and the latest moment of each row, in microseconds.
    pub(super) times: Vec<(i64, i64)>,
    /// The rows of each term, lowest first, each once.
    pub(super) terms: TermRows,
    /// What the rows are counted by.
    pub(super) parts: [GrowingProfiles; PARTS],
    /// The entities brought into being, in the order of their rows.
    pub(super) created: Vec<Created>,
    /// At least as wide as the moments of the rows.
    pub(super) extent: Extent,
    at_moments: RowsAt,
}

impl Default for Growing {
    fn default() -> Self {
        Self {
            times: Vec::new(),
            terms: TermRows::default(),
            parts: Default::default(),
            created: Vec::new(),
            extent: Extent::NONE,
            at_moments: RowsAt::default(),
        }
    }
}

impl Growing {
    /// Returns a segment without rows, with room for as much as a full one usually has.
    pub(super) fn roomy() -> Self {
        let mut roomy = Self::default();
        roomy.terms.reserve(3 * ROWS);
        roomy.times.reserve_exact(ROWS);
        roomy
    }

    /// Tells how many rows there are.
    pub(super) fn len(&self) -> usize {
        self.times.len()
    }

    /// Adds a row, found by `terms` and counted by `counted`, and returns it; the segment must not be full.
    pub(super) fn push(
        &mut self,
        times: (i64, i64),
        terms: impl Iterator<Item = Term>,
        counted: &[(Field, Term)],
    ) -> u16 {
        debug_assert!(self.len() < ROWS, "a full segment was given another row");
        let row = u16::try_from(self.len()).unwrap_or(u16::MAX);
        self.times.push(times);
        self.extent.widen(times);
        self.at_moments.push(row, times);
        for term in terms {
            self.terms.entry(term).and_modify(|rows| rows.push(row)).or_insert(RowList::One([row]));
        }
        for (number, part) in self.parts.iter_mut().enumerate() {
            let here = counted.iter().filter(|(field, _)| part_of(*field) == Some(number));
            part.push(here.map(|(_, term)| *term));
        }
        row
    }

    /// Returns the rows whose earliest and latest moments are these, lowest first.
    pub(super) fn at(&self, times: (i64, i64)) -> Vec<u16> {
        let is_there = |row: &u16| self.times.get(usize::from(*row)) == Some(&times);
        self.at_moments.get(times).iter().copied().filter(is_there).collect()
    }

    /// Returns the same rows in their final form.
    pub(super) fn seal(&self) -> Sealed {
        Sealed {
            len: self.len(),
            extent: self.extent,
            times: Lazy::ready(Times::of(&self.times)),
            terms: TermColumn::Memory(Terms::of(&self.terms)),
            parts: Lazy::ready(Parts(self.parts.each_ref().map(|part| part.profiles.clone()))),
            created: Lazy::ready(self.created.clone()),
        }
    }
}

/// A segment in its final form, or one taken from a snapshot.
#[derive(Debug)]
pub(super) struct Sealed {
    /// How many rows there are.
    pub(super) len: usize,
    /// At least as wide as the moments of the rows.
    pub(super) extent: Extent,
    /// When the rows happened.
    pub(super) times: Lazy<Times>,
    /// By what they are found.
    pub(super) terms: TermColumn,
    /// What they are counted by.
    pub(super) parts: Lazy<Parts>,
    /// What they brought into being.
    pub(super) created: Lazy<Vec<Created>>,
}

impl Sealed {
    /// Returns a segment of a snapshot; nothing is read yet.
    pub(super) fn in_file(file: SectionFile, len: usize, extent: Extent) -> Self {
        let file = Arc::new(file);
        Self {
            len,
            extent,
            times: Lazy::in_file(&file),
            terms: TermColumn::in_file(&file),
            parts: Lazy::in_file(&file),
            created: Lazy::in_file(&file),
        }
    }

    /// Returns the segment as the sections of a file.
    ///
    /// # Errors
    ///
    /// Returns [`Damage`] when it is in a file that is damaged.
    pub(super) fn to_sections(&self) -> Result<Vec<(u8, Vec<u8>)>, Damage> {
        let mut sections =
            vec![self.times()?.to_section(), self.parts()?.to_section(), self.created.get()?.to_section()];
        sections.extend(self.terms.whole()?.to_sections());
        Ok(sections)
    }

    /// Returns when the rows happened.
    ///
    /// # Errors
    ///
    /// Returns [`Damage`] when the snapshot that holds it is damaged.
    pub(super) fn times(&self) -> Result<&Times, Damage> {
        let times = self.times.get()?;
        if times.order.len() == self.len {
            Ok(times)
        } else {
            Err(Damage(format!("a segment has {} rows and should have {}", times.order.len(), self.len)))
        }
    }

    /// Returns what the rows are counted by.
    ///
    /// # Errors
    ///
    /// Returns [`Damage`] when the snapshot that holds it is damaged.
    pub(super) fn parts(&self) -> Result<&Parts, Damage> {
        let parts = self.parts.get()?;
        self.check(parts)?;
        Ok(parts)
    }

    /// As [`Sealed::parts`], for whoever looks at them once: they are not kept for it.
    ///
    /// # Errors
    ///
    /// As [`Sealed::parts`].
    pub(super) fn parts_in_passing(&self) -> Result<Cow<'_, Parts>, Damage> {
        let parts = self.parts.in_passing()?;
        self.check(&parts)?;
        Ok(parts)
    }

    fn check(&self, parts: &Parts) -> Result<(), Damage> {
        match parts.0.iter().find(|part| part.of_row.len() != self.len) {
            None => Ok(()),
            Some(part) => {
                let rows = part.of_row.len();
                Err(Damage(format!("a segment has {rows} counted rows and should have {}", self.len)))
            }
        }
    }

    /// Returns the same rows in a form that can grow.
    ///
    /// # Errors
    ///
    /// Returns [`Damage`] when the snapshot that holds them is damaged.
    pub(super) fn thaw(&self) -> Result<Growing, Damage> {
        let times = self.times()?;
        let moments: Vec<_> = times.earliest.iter().copied().zip(times.latest.iter().copied()).collect();
        Ok(Growing {
            at_moments: RowsAt::of(&moments),
            times: moments,
            terms: self.terms.whole()?.thaw(),
            parts: self.parts()?.0.each_ref().map(GrowingProfiles::of),
            created: self.created.get()?.clone(),
            extent: self.extent,
        })
    }
}

impl Section for Vec<Created> {
    const NUMBER: u8 = 4;

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
        bytes.len().is_multiple_of(19).then(|| bytes.chunks_exact(19).map(one).collect()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_sealed_segment_thaws_to_what_it_was(
            rows in proptest::collection::vec((any::<(i64, i64)>(), proptest::collection::vec(0_u64..9, 0..4)), 0..200),
        ) {
            let mut growing = Growing::default();
            for (times, terms) in &rows {
                let terms: Vec<Term> = terms.iter().map(|term| term.wrapping_mul(0x2545_f491_4f6c_dd1d)).collect();
                let counted: Vec<(Field, Term)> = terms.iter().map(|term| (Field::Kind, *term)).collect();
                growing.push(*times, terms.into_iter(), &counted);
            }
            let sealed = growing.seal();
            let thawed = sealed.thaw().unwrap();
            prop_assert_eq!(&thawed.times, &growing.times);
            prop_assert_eq!(&thawed.terms, &growing.terms);
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("segment.sec");
            let sum = crate::projections::file::write(&path, &sealed.to_sections().unwrap()).unwrap();
            let file = SectionFile::of_version(path, sum);
            let saved = Sealed::in_file(file, sealed.len, sealed.extent);
            prop_assert_eq!(saved.thaw().unwrap().terms, growing.terms);
            prop_assert_eq!(saved.times().unwrap(), sealed.times().unwrap());
            prop_assert_eq!(saved.parts().unwrap(), sealed.parts().unwrap());
        }
    }
}
