//! The rows of each term of a segment in its final form: in memory, or page by page in a file.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use crate::projections::bits::{Bits, WORDS};
use crate::projections::columns::{get, put, u32_at};
use crate::projections::file::SectionFile;
use crate::projections::lazy::{Damage, Section};
use crate::projections::segment::TermRows;
use crate::projections::term::Term;

/// A list of rows longer than this takes less room as a set.
const LIST_MAX: usize = 4_096;
/// A page is closed once it has so many bytes, which is what a look-up reads.
const PAGE_BYTES: usize = 4_096;
/// The bytes of a set.
const SET_BYTES: usize = WORDS * 8;
/// The number of the section that holds the sets and the pages.
const PAGES: u8 = 3;

/// The rows of each term: short lists one after another, long ones as sets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Terms {
    // The terms with short lists, ascending.
    keys: Vec<Term>,
    // Where the list of each begins in `rows`, and at last where all end.
    starts: Vec<u32>,
    rows: Vec<u16>,
    // The terms with sets, ascending, and the words of the sets, WORDS for each.
    set_keys: Vec<Term>,
    set_words: Vec<u64>,
}

/// The rows of one term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rows<'segment> {
    /// Lowest first.
    List(Cow<'segment, [u16]>),
    /// The words of a set.
    Set(Cow<'segment, [u64]>),
}

impl Rows<'_> {
    /// Adds them to a set.
    pub(super) fn add_to(&self, bits: &mut Bits) {
        match self {
            Self::List(rows) => bits.add_rows(rows),
            Self::Set(words) => bits.add_words(words),
        }
    }

    /// Returns them as a list, lowest first.
    pub(super) fn into_list(self) -> Vec<u16> {
        match self {
            Self::List(rows) => rows.into_owned(),
            Self::Set(words) => {
                let mut bits = Bits::none();
                bits.add_words(&words);
                bits.iter().collect()
            }
        }
    }
}

impl Terms {
    /// Puts the rows of terms in their final form.
    pub(super) fn of(terms: &TermRows) -> Self {
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
            return self.list(place).map(|rows| Rows::List(Cow::Borrowed(rows)));
        }
        let place = self.set_keys.binary_search(&term).ok()?;
        self.set(place).map(|words| Rows::Set(Cow::Borrowed(words)))
    }

    fn list(&self, place: usize) -> Option<&[u16]> {
        let bound = |place: usize| self.starts.get(place).map(|start| *start as usize);
        self.rows.get(bound(place)?..bound(place + 1)?)
    }

    fn set(&self, place: usize) -> Option<&[u64]> {
        self.set_words.get(place * WORDS..(place + 1) * WORDS)
    }

    /// Returns every term with its rows, terms ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Term, Rows<'_>)> {
        let mut lists = self.keys.iter().enumerate().peekable();
        let mut sets = self.set_keys.iter().enumerate().peekable();
        std::iter::from_fn(move || {
            let list_first = match (lists.peek(), sets.peek()) {
                (Some((_, list)), Some((_, set))) => list < set,
                (list, _) => list.is_some(),
            };
            if list_first {
                let (place, term) = lists.next()?;
                Some((*term, Rows::List(Cow::Borrowed(self.list(place)?))))
            } else {
                let (place, term) = sets.next()?;
                Some((*term, Rows::Set(Cow::Borrowed(self.set(place)?))))
            }
        })
    }

    /// Returns the same rows in a form that can grow.
    pub(super) fn thaw(&self) -> TermRows {
        self.iter().map(|(term, rows)| (term, rows.into_list())).collect()
    }

    /// Returns the sections of a file from which single terms can be read.
    pub(super) fn to_sections(&self) -> [(u8, Vec<u8>); 2] {
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
        [directory.to_section(), (PAGES, pages)]
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
}

impl TermColumn {
    /// Returns terms that are in a file.
    pub(super) fn in_file(file: &Arc<SectionFile>) -> Self {
        Self::File(PagedTerms { file: Arc::clone(file), directory: OnceLock::new() })
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

    fn get(&self, term: Term) -> Result<Option<Rows<'static>>, Damage> {
        let directory = self.directory()?;
        if let Ok(place) = directory.set_keys.binary_search(&term) {
            let sum = directory.set_sums.get(place).copied().unwrap_or_default();
            let bytes = self.file.read_part(PAGES, (place * SET_BYTES) as u64, SET_BYTES as u64, sum)?;
            let words = bytes.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word)).collect();
            return Ok(Some(Rows::Set(Cow::Owned(words))));
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
            let mut rows: TermRows = lists.iter().map(|(term, rows)| (*term, rows.iter().copied().collect())).collect();
            for term in &long {
                rows.insert(*term, (0..=u16::MAX).step_by(3).collect());
            }
            let terms = Terms::of(&rows);
            prop_assert_eq!(&terms.thaw(), &rows);
            let dir = tempfile::tempdir().unwrap();
            let column = through_a_file(&terms, dir.path());
            for (term, rows) in &rows {
                prop_assert_eq!(column.get(*term).unwrap().unwrap().into_list(), rows.clone());
                prop_assert_eq!(terms.get(*term).unwrap().into_list(), rows.clone());
            }
            for term in absent.iter().filter(|term| !rows.contains_key(term)) {
                prop_assert_eq!(column.get(*term).unwrap(), None);
                prop_assert_eq!(terms.get(*term), None);
            }
            prop_assert_eq!(column.whole().unwrap().into_owned(), terms);
        }
    }

    #[test]
    fn a_long_list_is_a_set_and_found_as_well() {
        let mut rows = TermRows::default();
        for row in 0..10_000_u16 {
            rows.entry(7).or_default().push(row);
            rows.insert(1_000_000 + (u64::from(row) << 40), vec![row]);
        }
        let terms = Terms::of(&rows);
        assert!(matches!(terms.get(7), Some(Rows::Set(_))));
        assert_eq!(terms.get(7).unwrap().into_list(), (0..10_000).collect::<Vec<_>>());
        for row in 0..10_000_u64 {
            assert!(matches!(terms.get(1_000_000 + (row << 40)), Some(Rows::List(_))));
        }
        assert!(terms.get(8).is_none());
    }
}
