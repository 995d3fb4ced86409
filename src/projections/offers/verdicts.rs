//! What was found of overtures by folding them, as long as it holds.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use crate::domain::id::EntityId;
use crate::projections::segment::Same;
use crate::projections::term::{self, Field, Term};

/// So many findings are kept of one overture: one for each size or moment that is asked about.
const KEPT_MAX: usize = 4;
/// When there are so many, all are let go.
const ALL_MAX: usize = 1 << 18;

/// What a fold found of an overture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// It had been made, and was not struck.
    pub made: bool,
    /// It stood, and an addressee had said neither yes nor no.
    pub open: bool,
    /// When it was first issued, in microseconds: by which it is put in order.
    pub issued: i64,
    /// Who made it.
    pub from: Arc<[EntityId]>,
    /// To whom it was made.
    pub to: Arc<[EntityId]>,
}

/// A verdict, and as of when it holds.
#[derive(Debug)]
pub(in crate::projections) struct Found<'a> {
    /// What was found.
    pub(in crate::projections) verdict: Verdict,
    /// How many events were known.
    pub(in crate::projections) size: u32,
    /// As of which moment.
    pub(in crate::projections) at: i64,
    /// Before which moment nothing else takes effect.
    pub(in crate::projections) until: i64,
    /// The histories that were read for it.
    pub(in crate::projections) histories: &'a [EntityId],
}

#[derive(Debug, Clone)]
struct Kept {
    verdict: Verdict,
    // It holds of so many events to so many.
    size: u32,
    size_until: Option<u32>,
    at: i64,
    until: i64,
}

/// Verdicts by the position of the overture.
#[derive(Debug, Default)]
pub(super) struct Verdicts {
    kept: HashMap<u32, Vec<Kept>>,
    // The overtures for which a history was read.
    watched: HashMap<Term, Vec<u32>, BuildHasherDefault<Same>>,
}

impl Verdicts {
    pub(super) fn get(&self, position: u32, size: u32, at: i64) -> Option<Verdict> {
        let holds = |kept: &&Kept| {
            kept.size <= size
                && kept.size_until.is_none_or(|until| size <= until)
                && (kept.at..kept.until).contains(&at)
        };
        self.kept.get(&position)?.iter().find(holds).map(|kept| kept.verdict.clone())
    }

    pub(super) fn keep(&mut self, position: u32, known: u32, found: &Found<'_>) {
        if self.kept.len() >= ALL_MAX {
            self.forget();
        }
        let is_newest = known == found.size;
        let kept = self.kept.entry(position).or_default();
        if kept.len() >= KEPT_MAX {
            kept.remove(0);
        }
        kept.push(Kept {
            verdict: found.verdict.clone(),
            size: found.size,
            size_until: (!is_newest).then_some(found.size),
            at: found.at,
            until: found.until.max(found.at.saturating_add(1)),
        });
        if is_newest {
            for history in found.histories {
                let watching = self.watched.entry(term::entity(Field::Stream, *history)).or_default();
                if !watching.contains(&position) {
                    watching.push(position);
                }
            }
        }
    }

    /// Notes that an event was recorded in these histories: what was found holds before it only.
    pub(super) fn touched(&mut self, at: u32, histories: &[EntityId]) {
        if self.watched.is_empty() {
            return;
        }
        for history in histories {
            for position in self.watched.remove(&term::entity(Field::Stream, *history)).unwrap_or_default() {
                let kept = self.kept.get_mut(&position).into_iter().flatten();
                kept.filter(|kept| kept.size_until.is_none()).for_each(|kept| kept.size_until = Some(at));
            }
        }
    }

    /// Lets everything go: who is a body of whom may have changed.
    pub(super) fn forget(&mut self) {
        self.kept.clear();
        self.watched.clear();
    }
}
