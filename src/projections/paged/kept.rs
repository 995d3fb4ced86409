//! What is kept of the rows of terms that were asked for.

use std::sync::Arc;

use crate::projections::segment::TermMap;
use crate::projections::term::Term;
use crate::projections::terms::Rows;

/// What is kept of a term beside its rows, roughly.
const ENTRY_BYTES: usize = 64;
/// So many bytes of the rows of a segment are kept once they were asked for: about those of all terms by which
/// desks filter, and of the parties with their bodies, a third of what the terms of a segment take.
const KEPT_BYTES: usize = 768 << 10;
/// The rows of a term, or of any of some terms; none where there are none.
pub(super) type Known = Option<Arc<Rows<'static>>>;

/// The rows of terms that were asked for, in two generations: where there is no room, what was not asked for since
/// the last time that there was none is let go.
#[derive(Debug, Default)]
pub(super) struct Kept {
    young: TermMap<Known>,
    young_bytes: usize,
    old: TermMap<Known>,
}

impl Kept {
    /// Returns the rows of a term, if it is known which it has.
    pub(super) fn get(&mut self, term: Term) -> Option<Known> {
        if let Some(known) = self.young.get(&term) {
            return Some(known.clone());
        }
        let known = self.old.remove(&term)?;
        self.insert(term, known.clone());
        Some(known)
    }

    /// Keeps the rows of a term.
    pub(super) fn insert(&mut self, term: Term, rows: Known) {
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
