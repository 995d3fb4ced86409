//! Which position an id may stand at: sorted runs of fingerprints in little memory.

use std::collections::BTreeSet;

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

/// Where the fingerprints of equal parts of their range begin: ids are spread evenly, so that a few steps find one
/// among millions, where halving all of them again and again would wait for memory at each step.
#[derive(Debug, Clone, Default)]
struct Fences {
    first: u64,
    shift: u32,
    // Invariant: for every part, how many fingerprints are below it; at last, how many there are.
    begins: Vec<u32>,
}

/// About so many fingerprints are in a part.
const PART: usize = 16;

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

    /// Takes in a run that was saved, and merges it with those before it that are no longer, as far as none comes to
    /// have more than so many ids.
    pub(super) fn load_run(&mut self, run: Run, most: usize) {
        self.merge_while(run, |before, run| before <= run && before + run <= most);
    }

    /// Takes in a saved run that may still grow.
    pub(super) fn load_recent(&mut self, run: &Run) {
        self.recent.extend(run.from(0));
    }

    /// Adds a run, and merges it with those before it that are at most `ratio` times as long.
    fn push(&mut self, run: Run, ratio: usize) {
        self.merge_while(run, |before, run| before <= run * ratio);
    }

    /// Adds a run, and merges it with the one before it for as long as their lengths say so.
    fn merge_while(&mut self, mut run: Run, merges: impl Fn(usize, usize) -> bool) {
        while let Some(before) = self.runs.pop_if(|before| merges(before.prints.len(), run.prints.len())) {
            run = before.merge(run);
        }
        self.runs.push(run);
    }
}

impl Run {
    /// Returns a run of fingerprints and positions as they were saved; none where they are not sorted.
    pub(super) fn new(prints: Vec<u64>, positions: Vec<u32>) -> Option<Self> {
        (prints.len() == positions.len() && prints.is_sorted()).then(|| Self::of(prints, positions))
    }

    fn of(prints: Vec<u64>, positions: Vec<u32>) -> Self {
        let fences = Fences::of(&prints);
        Self { prints, positions, fences }
    }

    fn from(&self, low: u64) -> impl Iterator<Item = (u64, u32)> + '_ {
        let part = self.fences.part(low, self.prints.len());
        let begin = part.start;
        let from = begin + self.prints.get(part).unwrap_or_default().partition_point(|print| *print < low);
        let prints = self.prints.get(from..).unwrap_or_default().iter().copied();
        prints.zip(self.positions.get(from..).unwrap_or_default().iter().copied())
    }

    fn merge(self, later: Self) -> Self {
        let len = self.prints.len() + later.prints.len();
        let (mut prints, mut positions) = (Vec::with_capacity(len), Vec::with_capacity(len));
        let mut left = self.prints.into_iter().zip(self.positions).peekable();
        let mut right = later.prints.into_iter().zip(later.positions).peekable();
        while let Some(entry) = match (left.peek(), right.peek()) {
            (Some(one), Some(other)) if one <= other => left.next(),
            (Some(_), None) => left.next(),
            (_, _) => right.next(),
        } {
            prints.push(entry.0);
            positions.push(entry.1);
        }
        Self::of(prints, positions)
    }
}

impl Fences {
    fn of(prints: &[u64]) -> Self {
        let (Some(first), Some(last)) = (prints.first(), prints.last()) else { return Self::default() };
        let parts = (prints.len() / PART).max(1).next_power_of_two();
        // So many low bits are left off that the last is among the first so many parts.
        let shift = (u64::BITS - (last - first).leading_zeros()).saturating_sub(parts.ilog2());
        let mut fences = Self { first: *first, shift, begins: vec![0; parts + 1] };
        for print in prints {
            // Below is counted how many are in each; a run has no more positions than there are numbers for them.
            let part = fences.part_of(*print) + 1;
            if let Some(count) = fences.begins.get_mut(part) {
                *count += 1;
            }
        }
        let mut below = 0;
        for begin in &mut fences.begins {
            below += *begin;
            *begin = below;
        }
        fences
    }

    fn part_of(&self, print: u64) -> usize {
        let part = print.saturating_sub(self.first).checked_shr(self.shift).unwrap_or(0);
        usize::try_from(part).unwrap_or(usize::MAX)
    }

    /// Returns between which places the first fingerprint that is not below this one stands, or at their end.
    fn part(&self, low: u64, len: usize) -> std::ops::Range<usize> {
        let part = self.part_of(low);
        let at = |part: usize| self.begins.get(part).map_or(len, |begin| *begin as usize);
        at(part)..at(part.saturating_add(1))
    }
}

impl FromIterator<(u64, u32)> for Run {
    fn from_iter<I: IntoIterator<Item = (u64, u32)>>(sorted: I) -> Self {
        let (prints, positions) = sorted.into_iter().unzip();
        Self::of(prints, positions)
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
        fn a_part_holds_the_place_of_a_fingerprint_however_they_are_spread(
            mut prints in proptest::collection::vec(
                prop_oneof![any::<u64>(), 0_u64..50, Just(u64::MAX), (1_u64 << 40)..(1 << 40) + 9], 0..200),
            others in proptest::collection::vec(any::<u64>(), 0..20),
        ) {
            prints.sort_unstable();
            let run = Run::new(prints.clone(), vec![0; prints.len()]).unwrap();
            let around = prints.iter().flat_map(|print| [print.saturating_sub(1), *print, print.saturating_add(1)]);
            for low in around.chain(others).chain([0, u64::MAX]) {
                let found: Vec<u64> = run.from(low).map(|(print, _)| print).collect();
                let expected: Vec<u64> = prints.iter().copied().filter(|print| *print >= low).collect();
                prop_assert_eq!(found, expected, "{}", low);
            }
        }

        #[test]
        fn everything_that_is_loaded_is_found_however_much_is_merged(
            lengths in proptest::collection::vec(1_usize..6, 0..20),
            most in 0_usize..30,
        ) {
            let mut finder = Finder::default();
            let mut all: Vec<(u64, u32)> = Vec::new();
            for length in lengths {
                let from = all.len();
                let run: std::collections::BTreeSet<(u64, u32)> =
                    (from..from + length).map(|place| (place as u64 * 7 % 11, u32::try_from(place).unwrap())).collect();
                all.extend(&run);
                finder.load_run(run.into_iter().collect(), most);
            }
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
