//! How well a text is what is looked for.
//!
//! The rank depends on the text and the question alone, not on what else the log holds: the same answer on
//! every machine, at whatever is known, and pages that stay as they are while others record. What BM25 says of
//! how often a word stands in how long a text is kept (k₁ = 1.2, b = 0.75); how rare a word is, is told by how
//! much of it was given: a phrase counts for more than a word.

use crate::projections::text::query::Term;

/// How many tokens a text has that is neither short nor long.
const LENGTH_USUAL: u64 = 64;
/// A longer phrase counts for no more.
const UNITS_MAX: usize = 8;

/// Returns how much it counts that a term stands so many times in a text of so many tokens.
pub(super) fn score(term: &Term, times: u32, length: u32) -> u32 {
    // Of a beginning it counts only that a word is there: how many begin so says little.
    let times = if is_beginning(term) { 1 } else { u64::from(times) };
    let units = term.units().len().min(UNITS_MAX) as u64;
    // In thousandths: t·(k₁+1) ÷ (t + k₁·(1 − b + b·length/usual)).
    let weight = 1_000 * times + 300 + 900 * u64::from(length) / LENGTH_USUAL;
    u32::try_from(units * times * 2_200_000 / weight).unwrap_or(u32::MAX)
}

/// Tells whether a term is looked up by how words, or pairs of signs, begin.
pub(super) fn is_beginning(term: &Term) -> bool {
    let alone = term.units().len() == 1;
    term.begins
        || alone && term.units().iter().all(|unit| unit.sort == crate::projections::text::units::Sort::Sign)
}
