//! The terms of a segment in a file, from which a look-up reads one page.

mod kept;
mod pages;

use std::borrow::Cow;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::projections::bits::Bits;
use crate::projections::bloom::Bloom;
use crate::projections::file::SectionFile;
use crate::projections::lazy::{Damage, Lazy, Section as _};
use crate::projections::paged::kept::{Kept, Known};
use crate::projections::paged::pages::{PAGES, Page, PageDirectory, SET_BYTES};
use crate::projections::term::{self, Term};
use crate::projections::terms::{Rows, Terms};

/// After so many pages that were read in vain the filter is read, which is as long as some sixty: whoever asks for one
/// thing and ends reads a page.
const MISSES: u32 = 8;

/// Up to so many terms are looked for one by one where few rows are left.
pub(super) const FEW: usize = 8;

/// The terms of a segment, wherever they are.
#[derive(Debug)]
pub(super) enum TermColumn {
    /// In memory.
    Memory(Terms),
    /// In a file, of which a look-up reads one page for each term.
    File(PagedTerms),
}

/// The terms in a file.
#[derive(Debug)]
pub(super) struct PagedTerms {
    file: Arc<SectionFile>,
    directory: OnceLock<PageDirectory>,
    // What is on no page; read once so many pages were read in vain.
    bloom: Lazy<Bloom>,
    missed: AtomicU32,
    // By what entries are filtered, again and again: kinds, parties, channels, marks. None has no rows.
    kept: Mutex<Kept>,
}

impl TermColumn {
    /// Returns terms that are in a file.
    pub(super) fn in_file(file: &Arc<SectionFile>) -> Self {
        Self::File(PagedTerms {
            file: Arc::clone(file),
            directory: OnceLock::new(),
            bloom: Lazy::in_file(file),
            missed: AtomicU32::new(0),
            kept: Mutex::default(),
        })
    }

    /// Returns the rows of a term.
    ///
    /// # Errors
    ///
    /// Returns [`Damage`] when the file does not hold what was written to it.
    pub(super) fn get(&self, term: Term) -> Result<Option<Rows<'_>>, Damage> {
        match self {
            Self::Memory(terms) => Ok(terms.get(term)),
            Self::File(paged) => paged.get(term),
        }
    }

    /// Adds the rows of a term to a set; it is a filter, so they are kept for the next who asks.
    ///
    /// # Errors
    ///
    /// As [`TermColumn::get`].
    pub(super) fn add_to(&self, term: Term, bits: &mut Bits) -> Result<(), Damage> {
        match self {
            Self::Memory(terms) => terms.get(term).iter().for_each(|rows| rows.add_to(bits)),
            Self::File(paged) => paged.kept(term)?.iter().for_each(|rows| rows.add_to(bits)),
        }
        Ok(())
    }

    /// Keeps of a set the rows of a term, which is kept as [`TermColumn::add_to`] keeps it.
    ///
    /// # Errors
    ///
    /// As [`TermColumn::get`].
    pub(super) fn keep_in(&self, term: Term, bits: &mut Bits) -> Result<(), Damage> {
        let mut keep = |rows: Option<&Rows<'_>>| match rows {
            Some(rows) => rows.keep_in(bits),
            None => *bits = Bits::none(),
        };
        match self {
            Self::Memory(terms) => keep(terms.get(term).as_ref()),
            Self::File(paged) => keep(paged.kept(term)?.as_deref()),
        }
        Ok(())
    }

    /// Adds the rows of any of some terms to a set, which are kept as [`TermColumn::add_to`] keeps those of one.
    ///
    /// # Errors
    ///
    /// As [`TermColumn::get`].
    pub(super) fn add_any_to(&self, terms: &[Term], bits: &mut Bits) -> Result<(), Damage> {
        match self {
            Self::File(paged) if terms.len() > 1 => {
                paged.kept_any(terms)?.iter().for_each(|rows| rows.add_to(bits));
            }
            Self::Memory(_) | Self::File(_) => {
                for term in terms {
                    self.add_to(*term, bits)?;
                }
            }
        }
        Ok(())
    }

    /// Keeps of a set the rows of any of some terms, where those are kept together, or are to be: for a few rows they are
    /// not put together. Tells whether it was done.
    ///
    /// # Errors
    ///
    /// As [`TermColumn::get`].
    pub(super) fn keep_any_in(&self, terms: &[Term], bits: &mut Bits) -> Result<bool, Damage> {
        let Self::File(paged) = self else { return Ok(false) };
        if bits.is_list() && terms.len() <= FEW && paged.known(term::any_of(terms)).is_none() {
            return Ok(false);
        }
        match paged.kept_any(terms)? {
            Some(rows) => rows.keep_in(bits),
            None => *bits = Bits::none(),
        }
        Ok(true)
    }

    /// Returns how many rows have a term, and the last of them; it is kept as [`TermColumn::add_to`] keeps it.
    ///
    /// # Errors
    ///
    /// As [`TermColumn::get`].
    pub(super) fn tally(&self, term: Term) -> Result<(usize, Option<u16>), Damage> {
        Ok(match self {
            Self::Memory(terms) => terms.get(term).map_or((0, None), |rows| rows.tally()),
            Self::File(paged) => paged.kept(term)?.map_or((0, None), |rows| rows.tally()),
        })
    }

    /// Returns all terms, read in one go.
    ///
    /// # Errors
    ///
    /// As [`TermColumn::get`].
    pub(super) fn whole(&self) -> Result<Cow<'_, Terms>, Damage> {
        match self {
            Self::Memory(terms) => Ok(Cow::Borrowed(terms)),
            Self::File(paged) => paged.whole().map(Cow::Owned),
        }
    }
}

impl PagedTerms {
    fn directory(&self) -> Result<&PageDirectory, Damage> {
        if let Some(directory) = self.directory.get() {
            return Ok(directory);
        }
        let directory = PageDirectory::read(&self.file)?;
        Ok(self.directory.get_or_init(|| directory))
    }

    fn kept(&self, term: Term) -> Result<Known, Damage> {
        if let Some(known) = self.known(term) {
            return Ok(known);
        }
        // Read without the lock: others ask for other terms meanwhile.
        let rows = self.get(term)?.map(Arc::new);
        self.keep(term, rows.clone());
        Ok(rows)
    }

    fn known(&self, term: Term) -> Option<Known> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(term)
    }

    fn keep(&self, term: Term, rows: Known) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).insert(term, rows);
    }

    /// Returns the rows that have any of some terms; they are kept as well, for a party is asked about by all of its
    /// bodies each time.
    fn kept_any(&self, terms: &[Term]) -> Result<Known, Damage> {
        let any = term::any_of(terms);
        if let Some(known) = self.known(any) {
            return Ok(known);
        }
        let mut bits = Bits::none();
        for term in terms {
            // What is read for this alone is not kept beside it.
            match self.known(*term) {
                Some(known) => known.iter().for_each(|rows| rows.add_to(&mut bits)),
                None => self.get(*term)?.iter().for_each(|rows| rows.add_to(&mut bits)),
            }
        }
        let rows = (!bits.is_empty()).then(|| Arc::new(Rows::of(bits)));
        self.keep(any, rows.clone());
        Ok(rows)
    }

    fn get(&self, term: Term) -> Result<Option<Rows<'static>>, Damage> {
        let directory = self.directory()?;
        if let Ok(place) = directory.set_keys.binary_search(&term) {
            let sum = directory.set_sums.get(place).copied().unwrap_or_default();
            let bytes = self.file.read_part(PAGES, (place * SET_BYTES) as u64, SET_BYTES as u64, sum)?;
            let words = bytes.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word)).collect();
            return Ok(Some(Rows::Set(Cow::Owned(words))));
        }
        let is_sought = self.missed.load(Ordering::Relaxed) >= MISSES;
        if is_sought && !self.bloom.get()?.may_have(term) {
            return Ok(None);
        }
        let Some(page) = directory.first_keys.partition_point(|first| *first <= term).checked_sub(1) else {
            return Ok(None);
        };
        let end = |page: usize| directory.ends.get(page).copied().map_or(0, u64::from);
        let start = page.checked_sub(1).map_or(0, end);
        let sum = directory.sums.get(page).copied().unwrap_or_default();
        let base = (directory.set_keys.len() * SET_BYTES) as u64;
        let bytes = self.file.read_part(PAGES, base + start, end(page) - start, sum)?;
        let misshapen = || self.file.damage("a page of terms does not have its shape");
        let page = Page::of(&bytes).ok_or_else(misshapen)?;
        let Ok(place) = page.keys.binary_search_by_key(&term, |key| u64::from_le_bytes(*key)) else {
            self.missed.fetch_add(1, Ordering::Relaxed);
            return Ok(None);
        };
        let rows = page.list(place).ok_or_else(misshapen)?;
        Ok(Some(Rows::List(Cow::Owned(rows))))
    }

    fn whole(&self) -> Result<Terms, Damage> {
        let directory = self.directory()?;
        let misshapen = || self.file.damage("the pages of terms do not have their shape");
        let bytes = self.file.read(PAGES)?;
        let (sets, pages) =
            bytes.split_at_checked(directory.set_keys.len() * SET_BYTES).ok_or_else(misshapen)?;
        let mut terms = Terms {
            set_keys: directory.set_keys.clone(),
            set_words: sets.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word)).collect(),
            ..Terms::default()
        };
        let mut start = 0;
        for end in &directory.ends {
            let end = *end as usize;
            let page = pages.get(start..end).and_then(Page::of).ok_or_else(misshapen)?;
            for (place, key) in page.keys.iter().enumerate() {
                terms.keys.push(u64::from_le_bytes(*key));
                terms.starts.push(u32::try_from(terms.rows.len()).unwrap_or(u32::MAX));
                terms.rows.extend(page.list(place).ok_or_else(misshapen)?);
            }
            start = end;
        }
        terms.starts.push(u32::try_from(terms.rows.len()).unwrap_or(u32::MAX));
        Ok(terms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    use crate::projections::segment::{RowList, TermRows};
    use proptest::prelude::*;

    /// Returns the column as it is read back from a file.
    fn through_a_file(terms: &Terms, dir: &std::path::Path) -> TermColumn {
        let path = dir.join("terms.sec");
        let sum = crate::projections::file::write(&path, &terms.to_sections()).unwrap();
        TermColumn::in_file(&Arc::new(SectionFile::of_version(path, sum)))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn terms_in_a_file_are_the_terms_in_memory(
            lists in proptest::collection::btree_map(any::<u64>(), proptest::collection::btree_set(any::<u16>(), 1..40), 0..400),
            long in proptest::collection::btree_set(any::<u64>(), 0..3),
            absent: Vec<u64>,
        ) {
            let mut rows: TermRows = lists.iter().map(|(term, rows)| (*term, rows.iter().copied().collect::<Vec<_>>().into())).collect();
            for term in &long {
                rows.insert(*term, (0..=u16::MAX).step_by(3).collect::<Vec<_>>().into());
            }
            let terms = Terms::of(&rows);
            prop_assert_eq!(&terms.thaw(), &rows);
            let dir = tempfile::tempdir().unwrap();
            let column = through_a_file(&terms, dir.path());
            for (term, rows) in &rows {
                prop_assert_eq!(column.get(*term).unwrap().unwrap().into_list(), rows.rows());
                prop_assert_eq!(terms.get(*term).unwrap().into_list(), rows.rows());
            }
            for term in absent.iter().filter(|term| !rows.contains_key(term)) {
                prop_assert_eq!(column.get(*term).unwrap(), None);
                prop_assert_eq!(terms.get(*term), None);
            }
            prop_assert_eq!(column.whole().unwrap().into_owned(), terms);
        }

        #[test]
        fn any_of_some_terms_is_what_they_have_together_however_often_it_is_asked(
            lists in proptest::collection::btree_map(0_u64..12, proptest::collection::btree_set(0_u16..50, 1..40), 0..10),
            long in proptest::option::of(0_u64..12),
            asked in proptest::collection::vec(proptest::collection::vec(0_u64..14, 0..5), 1..12),
            from in 0_usize..60,
        ) {
            let mut rows: TermRows = lists.iter().map(|(term, rows)| (*term, rows.iter().copied().collect::<Vec<_>>().into())).collect();
            if let Some(term) = long {
                rows.insert(term, (0..=u16::MAX).step_by(3).collect::<Vec<_>>().into());
            }
            let terms = Terms::of(&rows);
            let dir = tempfile::tempdir().unwrap();
            let (column, memory) = (through_a_file(&terms, dir.path()), TermColumn::Memory(terms));
            for asked in asked.iter().chain(&asked) {
                let having: BTreeSet<u16> =
                    asked.iter().filter_map(|term| rows.get(term)).flat_map(RowList::rows).copied().collect();
                for column in [&column, &memory] {
                    let mut any = Bits::range(7, 9);
                    column.add_any_to(asked, &mut any).unwrap();
                    let expected: BTreeSet<u16> = having.iter().copied().chain([7, 8]).collect();
                    prop_assert!(any.iter().eq(expected), "{:?}", asked);
                }
                let mut kept = Bits::range(from, 60);
                prop_assert!(column.keep_any_in(asked, &mut kept).unwrap(), "it is no list");
                let expected = having.into_iter().filter(|row| (from..60).contains(&usize::from(*row)));
                prop_assert!(kept.iter().eq(expected), "{:?}", asked);
            }
        }
    }
}
