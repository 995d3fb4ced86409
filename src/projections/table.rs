//! Rows in segments: all but the last complete, the last growing.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::fact::EntityKind;
use crate::projections::bits::{Bits, ROWS};
use crate::projections::lazy::Damage;
use crate::projections::paged::FEW;
use crate::projections::profile::Profiles;
use crate::projections::segment::{Created, Extent, Growing, RowList, Sealed, Times};
use crate::projections::term::{Field, Term};
use crate::projections::terms::{Rows, Terms};

/// Rows numbered from 0, found by terms.
#[derive(Debug, Default)]
pub(super) struct Table {
    // Only the last may have fewer than ROWS rows, and only while `growing` is none.
    sealed: Vec<Arc<Sealed>>,
    // The rows after the sealed ones; none until a row is added.
    growing: Option<Growing>,
    // How often anything was changed.
    edits: u64,
    // The segments that differ from the snapshot, each with the edit that changed it last.
    changed: BTreeMap<usize, u64>,
}

/// The segments of a table that differ from the snapshot, in their final form.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// With their numbers, ascending.
    pub(super) segments: Vec<(usize, Arc<Sealed>)>,
    /// How many segments the table has.
    pub(super) total: usize,
    // Edits up to this one are among them.
    edits: u64,
}

/// A segment, in whichever form it is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Segment<'table> {
    /// In order, in memory or in a file.
    Sealed(&'table Sealed),
    /// Still taking rows.
    Growing(&'table Growing),
}

/// The moments of the rows of a segment, in whichever form it is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Moments<'table> {
    /// Column by column.
    Sealed(&'table Times),
    /// Row by row.
    Growing(&'table [(i64, i64)]),
}

impl Moments<'_> {
    /// Returns the earliest moment of a row.
    pub(super) fn earliest(self, row: u16) -> i64 {
        match self {
            Self::Sealed(times) => times.earliest.get(usize::from(row)).copied().unwrap_or_default(),
            Self::Growing(times) => times.get(usize::from(row)).copied().unwrap_or_default().0,
        }
    }

    /// Returns the earliest and the latest moment of a row.
    pub(super) fn at(self, row: u16) -> (i64, i64) {
        match self {
            Self::Sealed(times) => times.at(row),
            Self::Growing(times) => times.get(usize::from(row)).copied().unwrap_or_default(),
        }
    }
}

impl Table {
    /// Returns the rows of a snapshot.
    pub(super) fn of(sealed: Vec<Arc<Sealed>>) -> Self {
        Self { sealed, growing: None, edits: 0, changed: BTreeMap::new() }
    }

    /// Tells how many rows there are.
    pub(super) fn len(&self) -> usize {
        let full = self.sealed.len().saturating_sub(1) * ROWS;
        full + self.sealed.last().map_or(0, |last| last.len) + self.growing.as_ref().map_or(0, Growing::len)
    }

    /// Returns the segments, in order; segment `n` begins with row `n * ROWS`.
    pub(super) fn segments(&self) -> impl Iterator<Item = Segment<'_>> {
        let sealed = self.sealed.iter().map(|sealed| Segment::Sealed(sealed));
        sealed.chain(self.growing.as_ref().map(Segment::Growing))
    }

    /// Returns the segments that are in their final form, in order; the last of them need not be full.
    pub(super) fn sealed(&self) -> impl Iterator<Item = &Sealed> {
        self.sealed.iter().map(Arc::as_ref)
    }

    /// Returns the segment that holds a row.
    pub(super) fn segment(&self, number: usize) -> Option<Segment<'_>> {
        match self.sealed.get(number) {
            Some(sealed) => Some(Segment::Sealed(sealed)),
            None if number == self.sealed.len() => self.growing.as_ref().map(Segment::Growing),
            None => None,
        }
    }

    /// Adds a row, found by `terms` and counted by `counted`, and with it what it brings into being.
    ///
    /// # Errors
    ///
    /// Returns [`Damage`] when the snapshot that holds the last rows is damaged; nothing is then added.
    pub(super) fn push(
        &mut self,
        times: (i64, i64),
        terms: impl Iterator<Item = Term>,
        counted: &[(Field, Term)],
        created: Option<(EntityKind, u128)>,
    ) -> Result<(), Damage> {
        let growing = self.grow()?;
        let row = growing.push(times, terms, counted);
        growing.created.extend(created.map(|(kind, id)| Created { row, kind, id }));
        let full = (growing.len() == ROWS).then(|| growing.seal());
        self.edited(self.sealed.len());
        if let Some(full) = full {
            self.sealed.push(Arc::new(full));
            self.growing = None;
        }
        Ok(())
    }

    fn edited(&mut self, number: usize) {
        self.edits += 1;
        self.changed.insert(number, self.edits);
    }

    /// Returns the segment that takes the next row.
    fn grow(&mut self) -> Result<&mut Growing, Damage> {
        if self.growing.is_none() {
            let partial =
                self.sealed.last().filter(|last| last.len < ROWS).map(|last| last.thaw()).transpose()?;
            if partial.is_some() {
                self.sealed.pop();
            }
            // A table that fills one segment after another fills the next as well.
            let next = || if self.sealed.is_empty() { Growing::default() } else { Growing::roomy() };
            self.growing = Some(partial.unwrap_or_else(next));
        }
        Ok(self.growing.get_or_insert_default())
    }

    /// Returns what differs from the snapshot.
    pub(super) fn changes(&self) -> Changes {
        let sealed = |number: &usize| match self.sealed.get(*number) {
            Some(sealed) => Some((*number, Arc::clone(sealed))),
            None => self.growing.as_ref().map(|growing| (*number, Arc::new(growing.seal()))),
        };
        Changes {
            segments: self.changed.keys().filter_map(sealed).collect(),
            total: self.sealed.len() + usize::from(self.growing.is_some()),
            edits: self.edits,
        }
    }

    /// Forgets what was changed before `saved` was taken, because it is on disk, and keeps of it only
    /// where it is: `in_files` are the same segments there.
    pub(super) fn saved(&mut self, saved: &Changes, in_files: Vec<Arc<Sealed>>) {
        self.changed.retain(|_, edit| *edit > saved.edits);
        for ((number, captured), in_file) in saved.segments.iter().zip(in_files) {
            if let Some(held) = self.sealed.get_mut(*number).filter(|held| Arc::ptr_eq(held, captured)) {
                *held = in_file;
            }
        }
    }
}

/// Returns the segment of a row, and the row within it.
#[expect(clippy::cast_possible_truncation, reason = "the low half of a row is its place in the segment")]
pub(super) fn split(row: u32) -> (usize, u16) {
    ((row >> 16) as usize, row as u16)
}

/// Returns the row that is `row` in segment `number`.
pub(super) fn join(number: usize, row: u16) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX) << 16 | u32::from(row)
}

impl<'table> Segment<'table> {
    /// Tells how many rows there are.
    pub(super) fn len(self) -> usize {
        match self {
            Self::Sealed(sealed) => sealed.len,
            Self::Growing(growing) => growing.len(),
        }
    }

    /// Returns the rows of a term.
    ///
    /// # Errors
    ///
    /// Returns [`Damage`] when the snapshot that holds them is damaged.
    pub(super) fn rows(self, term: Term) -> Result<Option<Rows<'table>>, Damage> {
        match self {
            Self::Sealed(sealed) => sealed.terms.get(term),
            Self::Growing(growing) => {
                Ok(growing.terms.get(&term).map(|rows| Rows::List(Cow::Borrowed(rows.rows()))))
            }
        }
    }

    /// Returns every term with its rows.
    ///
    /// # Errors
    ///
    /// As [`Segment::rows`].
    pub(super) fn terms(self) -> Result<Cow<'table, Terms>, Damage> {
        match self {
            Self::Sealed(sealed) => sealed.terms.whole(),
            Self::Growing(growing) => Ok(Cow::Owned(Terms::of(&growing.terms))),
        }
    }

    /// Returns what the rows are counted by, of one part.
    ///
    /// # Errors
    ///
    /// As [`Segment::rows`].
    pub(super) fn profiles(self, part: usize) -> Result<&'table Profiles, Damage> {
        let found = match self {
            Self::Sealed(sealed) => sealed.parts()?.0.get(part),
            Self::Growing(growing) => growing.parts.get(part).map(|part| &part.profiles),
        };
        found.ok_or_else(|| Damage("there is no such part of what is counted by".to_owned()))
    }

    /// Returns the set of rows that have any of these terms.
    ///
    /// # Errors
    ///
    /// As [`Segment::rows`].
    pub(super) fn any(self, terms: &[Term]) -> Result<Bits, Damage> {
        let mut bits = Bits::none();
        match self {
            Self::Sealed(sealed) => sealed.terms.add_any_to(terms, &mut bits)?,
            Self::Growing(growing) => {
                let found = terms.iter().filter_map(|term| growing.terms.get(term));
                found.for_each(|rows| bits.add_rows(rows.rows()));
            }
        }
        Ok(bits)
    }

    /// Keeps of a set the rows that have any of these terms.
    ///
    /// # Errors
    ///
    /// As [`Segment::rows`].
    pub(super) fn keep_any(self, terms: &[Term], bits: &mut Bits) -> Result<(), Damage> {
        match terms {
            [only] => self.keep_one(*only, bits)?,
            terms if self.keep_together(terms, bits)? => {}
            // Few rows are looked for in each, rather than all of each put together.
            terms if bits.is_list() && terms.len() <= FEW => {
                let all = std::mem::replace(bits, Bits::none());
                for term in terms {
                    let mut having = all.clone();
                    self.keep_one(*term, &mut having)?;
                    bits.add(&having);
                }
            }
            terms => bits.keep(&self.any(terms)?),
        }
        Ok(())
    }

    /// As [`Segment::keep_any`] where the rows of some terms are kept together; tells whether they are.
    fn keep_together(self, terms: &[Term], bits: &mut Bits) -> Result<bool, Damage> {
        match self {
            Self::Sealed(sealed) => sealed.terms.keep_any_in(terms, bits),
            Self::Growing(_) => Ok(false),
        }
    }

    fn keep_one(self, term: Term, bits: &mut Bits) -> Result<(), Damage> {
        match self {
            Self::Sealed(sealed) => sealed.terms.keep_in(term, bits)?,
            Self::Growing(growing) => match growing.terms.get(&term) {
                Some(rows) => bits.keep_rows(rows.rows()),
                None => *bits = Bits::none(),
            },
        }
        Ok(())
    }

    /// Returns the earliest and the latest moment of a row.
    ///
    /// # Errors
    ///
    /// As [`Segment::rows`].
    pub(super) fn times(self, row: u16) -> Result<(i64, i64), Damage> {
        match self {
            Self::Sealed(sealed) => Ok(sealed.times()?.at(row)),
            Self::Growing(growing) => Ok(growing.times.get(usize::from(row)).copied().unwrap_or_default()),
        }
    }

    /// Returns the rows whose earliest and latest moments are these and which have all of some terms, lowest first.
    ///
    /// # Errors
    ///
    /// As [`Segment::rows`].
    pub(super) fn of_moments(self, times: (i64, i64), terms: &[Term]) -> Result<Vec<u16>, Damage> {
        let extent = self.extent();
        if extent.earliest_min > times.0 || extent.earliest_max < times.0 || extent.latest_max < times.1 {
            return Ok(Vec::new());
        }
        match self {
            Self::Growing(growing) => {
                let mut rows = growing.at(times);
                for term in terms {
                    let having = growing.terms.get(term).map(RowList::rows).unwrap_or_default();
                    rows.retain(|row| having.binary_search(row).is_ok());
                }
                Ok(rows)
            }
            Self::Sealed(sealed) => {
                let rows = sealed.times()?.of_moments(times);
                if rows.is_empty() {
                    return Ok(rows);
                }
                let mut bits = Bits::none();
                bits.add_rows(&rows);
                for term in terms {
                    bits.keep(&self.any(&[*term])?);
                }
                Ok(bits.iter().collect())
            }
        }
    }

    /// Returns how many rows have a term, and the last of them.
    ///
    /// # Errors
    ///
    /// As [`Segment::rows`].
    pub(super) fn tally(self, term: Term) -> Result<(usize, Option<u16>), Damage> {
        match self {
            Self::Sealed(sealed) => sealed.terms.tally(term),
            Self::Growing(growing) => {
                let rows = growing.terms.get(&term).map(RowList::rows).unwrap_or_default();
                Ok((rows.len(), rows.last().copied()))
            }
        }
    }

    /// Returns the moments of all rows, for whoever looks at many.
    ///
    /// # Errors
    ///
    /// As [`Segment::rows`].
    pub(super) fn moments(self) -> Result<Moments<'table>, Damage> {
        Ok(match self {
            Self::Sealed(sealed) => Moments::Sealed(sealed.times()?),
            Self::Growing(growing) => Moments::Growing(&growing.times),
        })
    }

    /// Returns between which moments the rows lie.
    pub(super) const fn extent(self) -> Extent {
        match self {
            Self::Sealed(sealed) => sealed.extent,
            Self::Growing(growing) => growing.extent,
        }
    }

    /// Returns what the rows brought into being, in their order.
    ///
    /// # Errors
    ///
    /// As [`Segment::rows`].
    pub(super) fn created(self) -> Result<&'table [Created], Damage> {
        match self {
            Self::Sealed(sealed) => sealed.created.get().map(Vec::as_slice),
            Self::Growing(growing) => Ok(&growing.created),
        }
    }
}
