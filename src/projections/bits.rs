//! A set of the rows of one segment, of which there are 65,536.
//!
//! A set has the form in which it is small: a stretch, a list, or a bit for each row. Most filters leave few rows of
//! a segment, and what is done with a set then costs as much as it has rows. The idea, and where a list ends, are those of
//! Roaring bitmaps: S. Chambi, D. Lemire, O. Kaser, R. Godin, "Better bitmap performance with Roaring bitmaps",
//! Software: Practice and Experience 46 (2016).

mod iter;
#[cfg(test)]
mod tests;

use crate::projections::bits::iter::Rows;

/// How many rows a segment holds.
pub(super) const ROWS: usize = 1 << 16;

/// How many 64-bit words a set has.
pub(super) const WORDS: usize = ROWS / 64;

/// A list of rows longer than this takes more room than a bit for each row.
pub(super) const LIST_MAX: usize = 4_096;

/// A list up to this length is searched and takes in rows in the middle; with a longer one it is quicker to set bits.
const SHORT: usize = 64;

/// A set of rows.
#[derive(Debug, Clone)]
pub(super) struct Bits(Form);

#[derive(Debug, Clone)]
enum Form {
    // The rows `from..to`.
    Stretch(usize, usize),
    // Ascending, each once, at most LIST_MAX of them.
    List(Vec<u16>),
    // WORDS of them, a bit for each row.
    Words(Vec<u64>),
}

impl PartialEq for Bits {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Bits {}

impl Bits {
    /// Returns the empty set.
    pub(super) const fn none() -> Self {
        Self(Form::Stretch(0, 0))
    }

    /// Returns the rows `from..to`.
    pub(super) fn range(from: usize, to: usize) -> Self {
        let to = to.min(ROWS);
        Self(if from < to { Form::Stretch(from, to) } else { Form::Stretch(0, 0) })
    }

    /// Returns the rows of a list, which ascends and has each once.
    pub(super) fn of(rows: &[u16]) -> Self {
        let mut bits = Self::none();
        bits.add_rows(rows);
        bits
    }

    /// Adds a row.
    pub(super) fn insert(&mut self, row: u16) {
        match &mut self.0 {
            Form::Stretch(from, to) if from == to => self.0 = Form::List(vec![row]),
            Form::Stretch(from, to) if *from <= usize::from(row) && usize::from(row) < *to => {}
            Form::Stretch(_, to) if *to == usize::from(row) => *to += 1,
            Form::List(rows) if rows.len() < LIST_MAX && rows.last().is_none_or(|last| *last < row) => {
                rows.push(row);
            }
            Form::List(rows) if rows.len() < SHORT => {
                if let Err(place) = rows.binary_search(&row) {
                    rows.insert(place, row);
                }
            }
            Form::Stretch(..) | Form::List(_) | Form::Words(_) => self.on_words(|words| set(words, row)),
        }
    }

    /// Takes a row out.
    pub(super) fn remove(&mut self, row: u16) {
        if !self.contains(row) {
            return;
        }
        match &mut self.0 {
            Form::List(rows) => rows.retain(|other| *other != row),
            Form::Stretch(..) | Form::Words(_) => self.on_words(|words| clear(words, row)),
        }
    }

    /// Tells whether a row is in the set.
    pub(super) fn contains(&self, row: u16) -> bool {
        match &self.0 {
            Form::Stretch(from, to) => (*from..*to).contains(&usize::from(row)),
            Form::List(rows) => rows.binary_search(&row).is_ok(),
            Form::Words(words) => has(words, row),
        }
    }

    /// Returns how many rows are in the set.
    pub(super) fn count(&self) -> usize {
        match &self.0 {
            Form::Stretch(from, to) => to - from,
            Form::List(rows) => rows.len(),
            Form::Words(words) => words.iter().map(|word| word.count_ones() as usize).sum(),
        }
    }

    /// Returns how many rows from `row` on are in the set.
    pub(super) fn count_from(&self, row: usize) -> usize {
        match &self.0 {
            Form::Stretch(from, to) => to.saturating_sub(row.max(*from)),
            Form::List(rows) => rows.len() - rows.partition_point(|other| usize::from(*other) < row),
            Form::Words(words) => {
                let later = words.iter().skip(row / 64 + 1).map(|word| word.count_ones() as usize);
                let here = words.get(row / 64).map_or(0, |word| (word >> (row % 64)).count_ones() as usize);
                here + later.sum::<usize>()
            }
        }
    }

    /// Tells whether no row is in the set.
    pub(super) fn is_empty(&self) -> bool {
        match &self.0 {
            Form::Stretch(from, to) => from == to,
            Form::List(rows) => rows.is_empty(),
            Form::Words(words) => words.iter().all(|word| *word == 0),
        }
    }

    /// Adds the rows of a list, which ascends and has each once.
    pub(super) fn add_rows(&mut self, rows: &[u16]) {
        match &mut self.0 {
            _ if rows.is_empty() => {}
            Form::Stretch(from, to) if from == to && rows.len() <= LIST_MAX => {
                self.0 = Form::List(rows.to_vec());
            }
            Form::List(list) if list.is_empty() && rows.len() <= LIST_MAX => rows.clone_into(list),
            Form::List(list) if rows.len() <= SHORT && list.len() <= SHORT => {
                list.extend_from_slice(rows);
                list.sort_unstable();
                list.dedup();
            }
            Form::Stretch(..) | Form::List(_) | Form::Words(_) => {
                self.on_words(|words| rows.iter().for_each(|row| set(words, *row)));
            }
        }
    }

    /// Adds the rows of the words of another set.
    pub(super) fn add_words(&mut self, words: &[u64]) {
        if self.is_empty() {
            self.0 = Form::Words(words.to_vec());
            return;
        }
        self.on_words(|mine| mine.iter_mut().zip(words).for_each(|(mine, other)| *mine |= other));
    }

    /// Adds what the other set has.
    pub(super) fn add(&mut self, other: &Self) {
        match &other.0 {
            Form::Stretch(from, to) if from == to => {}
            Form::List(rows) => self.add_rows(rows),
            Form::Words(words) => self.add_words(words),
            Form::Stretch(..) if self.is_empty() => *self = other.clone(),
            Form::Stretch(from, to) => {
                self.on_words(|words| stretch(words, *from, *to, |word, bits| *word |= bits));
            }
        }
    }

    /// Keeps what the other set has too.
    pub(super) fn keep(&mut self, other: &Self) {
        match (&mut self.0, &other.0) {
            (Form::Stretch(from, to), Form::Stretch(other_from, other_to)) => {
                *self = Self::range((*from).max(*other_from), (*to).min(*other_to));
            }
            (Form::List(mine), Form::Stretch(..)) => mine.retain(|row| other.contains(*row)),
            (Form::Words(words), Form::Stretch(from, to)) => {
                stretch(words, 0, *from, |word, bits| *word &= !bits);
                stretch(words, *to, ROWS, |word, bits| *word &= !bits);
            }
            (_, Form::List(rows)) => self.keep_rows(rows),
            (_, Form::Words(words)) => self.keep_words(words),
        }
    }

    /// Keeps the rows that a list has too, which ascends and has each once.
    pub(super) fn keep_rows(&mut self, rows: &[u16]) {
        match &mut self.0 {
            _ if rows.len() > LIST_MAX => {
                let mut other = Self::none();
                other.add_rows(rows);
                self.keep(&other);
            }
            Form::Stretch(from, to) => {
                let place = |end: usize| rows.partition_point(|row| usize::from(*row) < end);
                let kept = rows.get(place(*from)..place(*to)).unwrap_or_default();
                self.0 = Form::List(kept.to_vec());
            }
            Form::List(mine) => meet(mine, rows, true),
            Form::Words(words) => {
                self.0 = Form::List(rows.iter().copied().filter(|row| has(words, *row)).collect());
            }
        }
    }

    /// Keeps the rows that the words of another set have too.
    pub(super) fn keep_words(&mut self, words: &[u64]) {
        match &mut self.0 {
            Form::List(mine) => mine.retain(|row| has(words, *row)),
            Form::Words(mine) => mine.iter_mut().zip(words).for_each(|(mine, other)| *mine &= other),
            Form::Stretch(from, to) => {
                let stretch = Self::range(*from, *to);
                self.0 = Form::Words(words.to_vec());
                self.keep(&stretch);
            }
        }
    }

    /// Gives the set the form in which it is told soonest whether a row is in it, whatever room that takes.
    pub(super) fn ready(&mut self) {
        if matches!(&self.0, Form::List(rows) if rows.len() > SHORT) {
            self.on_words(|_| {});
        }
    }

    /// Tells whether the set is a list: what is done with it costs as much as it has rows.
    pub(super) const fn is_list(&self) -> bool {
        matches!(self.0, Form::List(_))
    }

    /// Takes out what the other set has.
    pub(super) fn drop_all(&mut self, other: &Self) {
        if other.is_empty() {
            return;
        }
        match (&mut self.0, &other.0) {
            (Form::List(mine), Form::List(rows)) => meet(mine, rows, false),
            (Form::List(mine), _) => mine.retain(|row| !other.contains(*row)),
            (_, Form::List(rows)) => {
                self.on_words(|words| rows.iter().for_each(|row| clear(words, *row)));
            }
            (_, Form::Words(words)) => {
                self.on_words(|mine| mine.iter_mut().zip(words).for_each(|(mine, other)| *mine &= !other));
            }
            (_, Form::Stretch(from, to)) => {
                self.on_words(|words| stretch(words, *from, *to, |word, bits| *word &= !bits));
            }
        }
    }

    /// Keeps the rows that are told to meet a condition: by `row` one by one, or of 64 at a time by `word`, given its
    /// number: the word `n` has the rows from `64 * n` on.
    pub(super) fn retain(&mut self, row: impl Fn(u16) -> bool, word: impl Fn(usize) -> u64) {
        if let Form::List(rows) = &mut self.0 {
            rows.retain(|one| row(*one));
            return;
        }
        self.on_words(|words| {
            for (number, bits) in words.iter_mut().enumerate().filter(|(_, bits)| **bits != 0) {
                *bits &= word(number);
            }
        });
    }

    /// Returns the rows, lowest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        match &self.0 {
            Form::Stretch(from, to) => Rows::Stretch(*from..*to),
            Form::List(rows) => Rows::List(rows.iter()),
            Form::Words(words) => Rows::of_words(words),
        }
    }

    /// Returns a bit for each row, lowest rows first.
    pub(super) fn into_words(self) -> Vec<u64> {
        let mut all = vec![0; WORDS];
        match self.0 {
            Form::Words(words) => return words,
            Form::Stretch(from, to) => stretch(&mut all, from, to, |word, bits| *word |= bits),
            Form::List(rows) => rows.iter().for_each(|row| set(&mut all, *row)),
        }
        all
    }

    /// Does something with a bit for each row.
    fn on_words(&mut self, act: impl FnOnce(&mut [u64])) {
        let mut words = std::mem::replace(self, Self::none()).into_words();
        act(&mut words);
        self.0 = Form::Words(words);
    }
}

fn has(words: &[u64], row: u16) -> bool {
    words.get(usize::from(row) / 64).is_some_and(|word| word >> (row % 64) & 1 == 1)
}

fn set(words: &mut [u64], row: u16) {
    if let Some(word) = words.get_mut(usize::from(row) / 64) {
        *word |= 1 << (row % 64);
    }
}

fn clear(words: &mut [u64], row: u16) {
    if let Some(word) = words.get_mut(usize::from(row) / 64) {
        *word &= !(1 << (row % 64));
    }
}

/// Does something with every word that has rows of `from..to`, and with the bits of those.
fn stretch(words: &mut [u64], from: usize, to: usize, act: impl Fn(&mut u64, u64)) {
    if from >= to {
        return;
    }
    let touched = words.iter_mut().enumerate().take(to.div_ceil(64)).skip(from / 64);
    for (number, word) in touched {
        let low = from.saturating_sub(number * 64).min(64);
        let high = to.saturating_sub(number * 64).min(64);
        if low < high {
            act(word, (u64::MAX >> (64 - (high - low))) << low);
        }
    }
}

/// Keeps of a list what another has, or has not; both ascend.
fn meet(mine: &mut Vec<u16>, others: &[u16], kept: bool) {
    if mine.is_empty() || others.is_empty() {
        if kept {
            mine.clear();
        }
    } else if mine.len() <= SHORT {
        mine.retain(|row| others.binary_search(row).is_ok() == kept);
    } else if kept && others.len() <= SHORT {
        *mine = others.iter().copied().filter(|row| mine.binary_search(row).is_ok()).collect();
    } else {
        let mut words = [0; WORDS];
        for row in others {
            set(&mut words, *row);
        }
        mine.retain(|row| has(&words, *row) == kept);
    }
}
