//! Which position an id may stand at: sorted runs of fingerprints in little memory.

use std::collections::BTreeSet;

use crate::store::segment::fences::{Fences, gathered};

/// Runs that may stand side by side; beyond, they are merged.
pub(super) const RUNS_MAX: usize = 12;

/// Positions by the fingerprint of an id; the log confirms what is found.
#[derive(Debug, Clone, Default)]
pub(super) struct Finder {
    runs: Vec<Run>,
    recent: BTreeSet<(u64, u32)>,
    // What was added since `recent` was last put in order: whoever adds many has them sorted at once.
    // Invariant: empty whenever anybody looks.
    added: Vec<(u64, u32)>,
}

/// Fingerprints that no longer change.
#[derive(Debug, Clone, Default)]
pub(super) struct Run {
    // Invariant: sorted by fingerprint, then position; both of one length.
    prints: Vec<u64>,
    positions: Vec<u32>,
    fences: Fences,
}

/// Returns the fingerprint of an id: its first 64 bits, so that a range of ids is a range of fingerprints.
pub(super) fn print(id: &uuid::Uuid) -> u64 {
    id.as_u64_pair().0
}

impl Finder {
    /// Adds an id that stands at `position`; it is found once [`Finder::settle`] was called.
    pub(super) fn add(&mut self, id: &uuid::Uuid, position: u32) {
        self.added.push((print(id), position));
    }

    /// Puts what was added in order.
    pub(super) fn settle(&mut self) {
        if self.recent.is_empty() {
            self.recent = std::mem::take(&mut self.added).into_iter().collect();
        } else {
            self.recent.extend(self.added.drain(..));
        }
    }

    /// Returns the positions at which the id may stand, lowest first.
    pub(super) fn find(&self, id: &uuid::Uuid) -> Vec<u32> {
        debug_assert!(self.added.is_empty(), "what was added was not put in order");
        let wanted = print(id);
        let mut found: Vec<u32> = Vec::new();
        for run in &self.runs {
            found.extend(
                run.from(wanted).take_while(|(print, _)| *print == wanted).map(|(_, position)| position),
            );
        }
        found.extend(self.recent.range((wanted, 0)..=(wanted, u32::MAX)).map(|(_, position)| *position));
        found.sort_unstable();
        found
    }

    /// Returns up to `max` fingerprints in `low..=high` with their positions, lowest first, and all others
    /// that share the last one.
    pub(super) fn between(&self, low: u64, high: u64, max: usize) -> Vec<(u64, u32)> {
        debug_assert!(self.added.is_empty(), "what was added was not put in order");
        let mut found: Vec<(u64, u32)> = Vec::new();
        let mut take = |entries: &mut dyn Iterator<Item = (u64, u32)>| {
            let mut last = None;
            for (count, entry) in entries.take_while(|(print, _)| *print <= high).enumerate() {
                if count >= max && last != Some(entry.0) {
                    break;
                }
                last = Some(entry.0);
                found.push(entry);
            }
        };
        for run in &self.runs {
            take(&mut run.from(low));
        }
        take(&mut self.recent.range((low, 0)..).copied());
        found.sort_unstable();
        if let Some(last) = max.checked_sub(1).and_then(|last| found.get(last)).map(|(print, _)| *print) {
            found.retain(|(print, _)| *print <= last);
        }
        found
    }

    /// Returns what came since the last run was closed.
    pub(super) fn recent(&self) -> impl ExactSizeIterator<Item = (u64, u32)> {
        debug_assert!(self.added.is_empty(), "what was added was not put in order");
        self.recent.iter().copied()
    }

    /// Closes the run of what came since the last.
    pub(super) fn close_run(&mut self) {
        self.settle();
        let run = std::mem::take(&mut self.recent).into_iter().collect();
        self.push(run, 2);
    }

    /// Takes in what was saved: lists of fingerprints with their positions, each sorted and with whether it is closed, or
    /// may still grow. As many as have no more than so many ids together are made one run.
    pub(super) fn of_saved(lists: impl Iterator<Item = (Vec<(u64, u32)>, bool)>, most: usize) -> Self {
        let (mut finder, mut waiting) = (Self::default(), Vec::new());
        for (list, is_closed) in lists {
            if !is_closed {
                finder.recent.extend(list);
                continue;
            }
            if waiting.iter().map(Vec::len).sum::<usize>() + list.len() > most {
                finder.runs.push(Run::gathered(std::mem::take(&mut waiting)));
            }
            waiting.push(list);
        }
        finder.runs.push(Run::gathered(waiting));
        finder.runs.retain(|run| !run.prints.is_empty());
        finder
    }

    /// Adds a list of what is sorted as a run, together with the runs before it that are at most `ratio` times as long.
    fn push(&mut self, list: Vec<(u64, u32)>, ratio: usize) {
        let (mut len, mut lists) = (list.len(), vec![list]);
        while let Some(before) = self.runs.pop_if(|before| before.prints.len() <= len * ratio) {
            len += before.prints.len();
            lists.push(before.prints.into_iter().zip(before.positions).collect());
        }
        self.runs.push(Run::gathered(lists));
    }
}

impl Run {
    fn from(&self, low: u64) -> impl Iterator<Item = (u64, u32)> + '_ {
        let part = self.fences.part(low, self.prints.len());
        let begin = part.start;
        let from = begin + self.prints.get(part).unwrap_or_default().partition_point(|print| *print < low);
        let prints = self.prints.get(from..).unwrap_or_default().iter().copied();
        prints.zip(self.positions.get(from..).unwrap_or_default().iter().copied())
    }

    /// Returns the run of all that these lists have, each of which is sorted.
    fn gathered(lists: Vec<Vec<(u64, u32)>>) -> Self {
        gathered(lists, |(print, _)| *print, Ord::cmp).into_iter().collect()
    }
}

impl FromIterator<(u64, u32)> for Run {
    fn from_iter<I: IntoIterator<Item = (u64, u32)>>(sorted: I) -> Self {
        let (prints, positions): (Vec<u64>, Vec<u32>) = sorted.into_iter().unzip();
        let fences = Fences::of(prints.iter().copied());
        Self { prints, positions, fences }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id(high: u64, low: u64) -> uuid::Uuid {
        uuid::Uuid::from_u64_pair(high, low)
    }

    proptest! {
        #[test]
        fn everything_that_is_loaded_is_found_however_much_is_merged(
            lengths in proptest::collection::vec(1_usize..6, 0..20),
            most in 0_usize..30,
            is_growing: bool,
        ) {
            let mut all: Vec<(u64, u32)> = Vec::new();
            let mut lists = Vec::new();
            for length in lengths {
                let from = all.len();
                let list: BTreeSet<(u64, u32)> =
                    (from..from + length).map(|place| (place as u64 * 7 % 11, u32::try_from(place).unwrap())).collect();
                all.extend(&list);
                lists.push((list.into_iter().collect(), true));
            }
            if is_growing && let Some(last) = lists.last_mut() {
                last.1 = false;
            }
            let finder = Finder::of_saved(lists.into_iter(), most);
            prop_assert!(finder.runs.iter().all(|run| run.prints.len() <= most.max(5)));
            for print in 0..12 {
                let mut expected: Vec<u32> =
                    all.iter().filter(|(other, _)| *other == print).map(|(_, position)| *position).collect();
                expected.sort_unstable();
                prop_assert_eq!(finder.find(&id(print, 7)), expected);
            }
        }

        #[test]
        fn everything_added_is_found_however_the_runs_are_cut(
            highs in proptest::collection::vec(0u64..40, 0..200),
            (cut, settled) in (1usize..30, 1usize..30),
            (low, high, max) in (0u64..40, 0u64..40, 1usize..20),
        ) {
            let mut finder = Finder::default();
            for (position, print) in highs.iter().enumerate() {
                finder.add(&id(*print, 0), u32::try_from(position).unwrap());
                if position % settled == 0 {
                    finder.settle();
                }
                if position % cut == 0 {
                    finder.close_run();
                }
            }
            finder.settle();
            let mut all: Vec<(u64, u32)> = highs.iter().copied().zip(0..).collect();
            all.sort_unstable();
            for print in 0..40 {
                let expected: Vec<u32> =
                    all.iter().filter(|(other, _)| *other == print).map(|(_, position)| *position).collect();
                prop_assert_eq!(finder.find(&id(print, 7)), expected);
            }
            let inside: Vec<(u64, u32)> =
                all.iter().copied().filter(|(print, _)| (low..=high).contains(print)).collect();
            let found = finder.between(low, high, max);
            let last = inside.get(max - 1).map_or(u64::MAX, |(print, _)| *print);
            let expected: Vec<(u64, u32)> = inside.into_iter().filter(|(print, _)| *print <= last).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
