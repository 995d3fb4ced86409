//! The rows of each term of a segment in its final form.

use std::borrow::Cow;

use crate::projections::bits::{Bits, LIST_MAX, WORDS};
use crate::projections::segment::TermRows;
use crate::projections::term::Term;

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Rows<'segment> {
    /// Lowest first.
    List(Cow<'segment, [u16]>),
    /// The words of a set.
    Set(Cow<'segment, [u64]>),
}

impl Rows<'static> {
    /// Returns the rows of a set.
    pub(super) fn of(bits: Bits) -> Self {
        if bits.count() > LIST_MAX {
            Self::Set(Cow::Owned(bits.into_words()))
        } else {
            Self::List(Cow::Owned(bits.iter().collect()))
        }
    }
}

impl Rows<'_> {
    /// Adds them to a set.
    pub(super) fn add_to(&self, bits: &mut Bits) {
        match self {
            Self::List(rows) => bits.add_rows(rows),
            Self::Set(words) => bits.add_words(words),
        }
    }

    /// Keeps of a set what is among them.
    pub(super) fn keep_in(&self, bits: &mut Bits) {
        match self {
            Self::List(rows) => bits.keep_rows(rows),
            Self::Set(words) => bits.keep_words(words),
        }
    }

    /// Returns how many there are, and the last.
    pub(super) fn tally(&self) -> (usize, Option<u16>) {
        match self {
            Self::List(rows) => (rows.len(), rows.last().copied()),
            Self::Set(words) => {
                let mut bits = Bits::none();
                bits.add_words(words);
                (bits.count(), bits.iter().last())
            }
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
        let mut sorted: Vec<(Term, &[u16])> = terms
            .iter()
            .map(|(term, rows)| (*term, rows.rows()))
            .filter(|(_, rows)| !rows.is_empty())
            .collect();
        sorted.sort_unstable_by_key(|(term, _)| *term);
        let short: usize = sorted.iter().map(|(_, rows)| rows.len()).filter(|len| *len <= LIST_MAX).sum();
        sealed.keys.reserve_exact(sorted.len());
        sealed.starts.reserve_exact(sorted.len() + 1);
        sealed.rows.reserve_exact(short);
        for (term, rows) in sorted {
            if rows.len() > LIST_MAX {
                let mut bits = Bits::none();
                bits.add_rows(rows);
                sealed.set_keys.push(term);
                sealed.set_words.extend(bits.into_words());
            } else {
                sealed.keys.push(term);
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

    /// Returns the list of the term at a place among those with lists.
    pub(super) fn list(&self, place: usize) -> Option<&[u16]> {
        let bound = |place: usize| self.starts.get(place).map(|start| *start as usize);
        self.rows.get(bound(place)?..bound(place + 1)?)
    }

    /// Returns the words of the term at a place among those with sets.
    pub(super) fn set(&self, place: usize) -> Option<&[u64]> {
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
        self.iter().map(|(term, rows)| (term, rows.into_list().into())).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_is_a_set_and_found_as_well() {
        let mut rows = TermRows::default();
        for row in 0..10_000_u16 {
            rows.insert(1_000_000 + (u64::from(row) << 40), vec![row].into());
        }
        rows.insert(7, (0..10_000).collect::<Vec<_>>().into());
        let terms = Terms::of(&rows);
        assert!(matches!(terms.get(7), Some(Rows::Set(_))));
        assert_eq!(terms.get(7).unwrap().into_list(), (0..10_000).collect::<Vec<_>>());
        for row in 0..10_000_u64 {
            assert!(matches!(terms.get(1_000_000 + (row << 40)), Some(Rows::List(_))));
        }
        assert!(terms.get(8).is_none());
    }
}
