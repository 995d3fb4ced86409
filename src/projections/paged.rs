//! The terms of a segment in a file, from which a look-up reads one page.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::projections::bits::{Bits, WORDS};
use crate::projections::bloom::Bloom;
use crate::projections::columns::{get, put, u32_at};
use crate::projections::file::SectionFile;
use crate::projections::lazy::{Damage, Lazy, Section};
use crate::projections::segment::TermMap;
use crate::projections::term::Term;
use crate::projections::terms::{Rows, Terms};

/// A page is closed once it has so many bytes, which is what a look-up reads.
const PAGE_BYTES: usize = 4_096;
/// The bytes of a set.
const SET_BYTES: usize = WORDS * 8;
/// So many bytes of the rows of a segment are kept once they were asked for: about those of all terms by which
/// desks filter, a third of what the terms of a segment take.
const KEPT_BYTES: usize = 768 << 10;
/// After so many pages that were read in vain the filter is read, which is as long as some sixty: whoever asks for one
/// thing and ends reads a page.
const MISSES: u32 = 8;
/// What is kept of a term beside its rows, roughly.
const ENTRY_BYTES: usize = 64;
/// The number of the section that holds the sets and the pages.
const PAGES: u8 = 3;

impl Terms {
    /// Returns the sections of a file from which single terms can be read.
    pub(super) fn to_sections(&self) -> [(u8, Vec<u8>); 3] {
        let mut pages =
            Vec::with_capacity(self.set_words.len() * 8 + self.rows.len() * 2 + self.keys.len() * 12);
        let mut directory = PageDirectory::default();
        for (place, key) in self.set_keys.iter().enumerate() {
            let start = pages.len();
            for word in self.set(place).unwrap_or_default() {
                pages.extend_from_slice(&word.to_le_bytes());
            }
            directory.set_keys.push(*key);
            directory.set_sums.push(crc32c::crc32c(pages.get(start..).unwrap_or_default()));
        }
        let sets = pages.len();
        let mut from = 0;
        while from < self.keys.len() {
            let start = pages.len();
            let to = self.page_end(from);
            self.write_page(&mut pages, from, to);
            directory.first_keys.extend(self.keys.get(from));
            directory.sums.push(crc32c::crc32c(pages.get(start..).unwrap_or_default()));
            directory.ends.push(u32::try_from(pages.len() - sets).unwrap_or(u32::MAX));
            from = to;
        }
        [directory.to_section(), (PAGES, pages), Bloom::of(&self.keys).to_section()]
    }

    /// Returns behind which term a page that begins with the term at `from` is full.
    fn page_end(&self, from: usize) -> usize {
        let (mut to, mut bytes) = (from, 0);
        while to < self.keys.len() && bytes < PAGE_BYTES {
            bytes += 12 + 2 * self.list(to).map_or(0, <[u16]>::len);
            to += 1;
        }
        to
    }

    /// Writes how many terms a page has, the terms, where the list of each ends, and the lists.
    fn write_page(&self, pages: &mut Vec<u8>, from: usize, to: usize) {
        pages.extend_from_slice(&u32::try_from(to - from).unwrap_or(u32::MAX).to_le_bytes());
        for key in self.keys.get(from..to).unwrap_or_default() {
            pages.extend_from_slice(&key.to_le_bytes());
        }
        let lists = || (from..to).map(|place| self.list(place).unwrap_or_default());
        let mut end = 0_u32;
        for list in lists() {
            end += u32::try_from(list.len()).unwrap_or(u32::MAX);
            pages.extend_from_slice(&end.to_le_bytes());
        }
        for row in lists().flatten() {
            pages.extend_from_slice(&row.to_le_bytes());
        }
    }
}

/// Where the pages and sets of a file are: the sets first, then the pages.
#[derive(Debug, Default, PartialEq, Eq)]
struct PageDirectory {
    first_keys: Vec<Term>,
    // Where each page ends, counted from the first page.
    ends: Vec<u32>,
    sums: Vec<u32>,
    set_keys: Vec<Term>,
    set_sums: Vec<u32>,
}

impl Section for PageDirectory {
    const NUMBER: u8 = 2;

    fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        put(&mut bytes, &self.first_keys, u64::to_le_bytes);
        put(&mut bytes, &self.ends, u32::to_le_bytes);
        put(&mut bytes, &self.sums, u32::to_le_bytes);
        put(&mut bytes, &self.set_keys, u64::to_le_bytes);
        put(&mut bytes, &self.set_sums, u32::to_le_bytes);
        bytes
    }

    fn decode(mut bytes: &[u8]) -> Option<Self> {
        let directory = Self {
            first_keys: get(&mut bytes, u64::from_le_bytes)?,
            ends: get(&mut bytes, u32::from_le_bytes)?,
            sums: get(&mut bytes, u32::from_le_bytes)?,
            set_keys: get(&mut bytes, u64::from_le_bytes)?,
            set_sums: get(&mut bytes, u32::from_le_bytes)?,
        };
        let pages = directory.first_keys.len();
        let sound = (directory.ends.len(), directory.sums.len()) == (pages, pages)
            && directory.set_sums.len() == directory.set_keys.len()
            && directory.ends.is_sorted();
        (bytes.is_empty() && sound).then_some(directory)
    }
}

/// A page: its terms, where the list of each ends, and the lists.
struct Page<'bytes> {
    keys: &'bytes [[u8; 8]],
    ends: &'bytes [[u8; 4]],
    rows: &'bytes [[u8; 2]],
}

impl<'bytes> Page<'bytes> {
    fn of(bytes: &'bytes [u8]) -> Option<Self> {
        let count = u32_at(bytes) as usize;
        let (keys, rest) = bytes.get(4..)?.split_at_checked(count.checked_mul(8)?)?;
        let (ends, rows) = rest.split_at_checked(count * 4)?;
        Some(Self { keys: keys.as_chunks().0, ends: ends.as_chunks().0, rows: rows.as_chunks().0 })
    }

    fn list(&self, place: usize) -> Option<Vec<u16>> {
        let end = |place: usize| self.ends.get(place).map(|end| u32::from_le_bytes(*end) as usize);
        let start = place.checked_sub(1).map_or(Some(0), end)?;
        Some(self.rows.get(start..end(place)?)?.iter().map(|row| u16::from_le_bytes(*row)).collect())
    }
}

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

/// The rows of a term; none where it has none.
type Known = Option<Arc<Rows<'static>>>;

/// The rows of terms that were asked for, in two generations: where there is no room, what was not asked for since
/// the last time that there was none is let go.
#[derive(Debug, Default)]
struct Kept {
    young: TermMap<Known>,
    young_bytes: usize,
    old: TermMap<Known>,
}

impl Kept {
    /// Returns the rows of a term, if it is known which it has.
    fn get(&mut self, term: Term) -> Option<Known> {
        if let Some(known) = self.young.get(&term) {
            return Some(known.clone());
        }
        let known = self.old.remove(&term)?;
        self.insert(term, known.clone());
        Some(known)
    }

    /// Keeps the rows of a term.
    fn insert(&mut self, term: Term, rows: Known) {
        let bytes = ENTRY_BYTES
            + match rows.as_deref() {
                None => 0,
                Some(Rows::List(rows)) => rows.len() * 2,
                Some(Rows::Set(words)) => words.len() * 8,
            };
        if self.young_bytes + bytes > KEPT_BYTES / 2 {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        if self.young.insert(term, rows).is_none() {
            self.young_bytes += bytes;
        }
    }
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

    fn kept(&self, term: Term) -> Result<Option<Arc<Rows<'static>>>, Damage> {
        let kept = || self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept().get(term);
        if let Some(known) = known {
            return Ok(known);
        }
        // Read without the lock: others ask for other terms meanwhile.
        let rows = self.get(term)?.map(Arc::new);
        kept().insert(term, rows.clone());
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
    use crate::projections::segment::TermRows;
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
    }
}
