//! The form of the terms of a segment in a file: sets first, then pages of terms with short lists.

use crate::projections::bits::WORDS;
use crate::projections::bloom::Bloom;
use crate::projections::columns::{get, put, u32_at};
use crate::projections::lazy::Section;
use crate::projections::term::Term;
use crate::projections::terms::Terms;

/// A page is closed once it has so many bytes, which is what a look-up reads.
const PAGE_BYTES: usize = 4_096;
/// The bytes of a set.
pub(super) const SET_BYTES: usize = WORDS * 8;
/// The number of the section that holds the sets and the pages.
pub(super) const PAGES: u8 = 3;

impl Terms {
    /// Returns the sections of a file from which single terms can be read.
    pub(in crate::projections) fn to_sections(&self) -> [(u8, Vec<u8>); 3] {
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
pub(super) struct PageDirectory {
    pub(super) first_keys: Vec<Term>,
    // Where each page ends, counted from the first page.
    pub(super) ends: Vec<u32>,
    pub(super) sums: Vec<u32>,
    pub(super) set_keys: Vec<Term>,
    pub(super) set_sums: Vec<u32>,
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
pub(super) struct Page<'bytes> {
    pub(super) keys: &'bytes [[u8; 8]],
    pub(super) ends: &'bytes [[u8; 4]],
    pub(super) rows: &'bytes [[u8; 2]],
}

impl<'bytes> Page<'bytes> {
    pub(super) fn of(bytes: &'bytes [u8]) -> Option<Self> {
        let count = u32_at(bytes) as usize;
        let (keys, rest) = bytes.get(4..)?.split_at_checked(count.checked_mul(8)?)?;
        let (ends, rows) = rest.split_at_checked(count * 4)?;
        Some(Self { keys: keys.as_chunks().0, ends: ends.as_chunks().0, rows: rows.as_chunks().0 })
    }

    pub(super) fn list(&self, place: usize) -> Option<Vec<u16>> {
        let end = |place: usize| self.ends.get(place).map(|end| u32::from_le_bytes(*end) as usize);
        let start = place.checked_sub(1).map_or(Some(0), end)?;
        Some(self.rows.get(start..end(place)?)?.iter().map(|row| u16::from_le_bytes(*row)).collect())
    }
}
