//! Ids that are spread over their range: found in a few steps among millions, and put in order in one pass.
//!
//! An id stands for itself by its first 64 bits, its print. The range of prints is cut into equal parts of some few
//! ids each, so that where an id stands, or is to stand, is known but for its few neighbours. Ids that are not spread
//! evenly are found and put in order as well, in as many steps as halving takes.

use std::cmp::Ordering;

/// About so many ids are in a part.
const PART: usize = 16;

/// Where the parts of sorted prints begin.
#[derive(Debug, Clone, Default)]
pub(super) struct Fences {
    first: u64,
    shift: u32,
    // Invariant: for every part, how many prints are below it; at last, how many there are.
    begins: Vec<u32>,
}

impl Fences {
    /// Returns the fences of prints, which ascend.
    pub(super) fn of(prints: impl DoubleEndedIterator<Item = u64> + ExactSizeIterator + Clone) -> Self {
        let (Some(first), Some(last)) = (prints.clone().next(), prints.clone().next_back()) else {
            return Self::default();
        };
        Self::between(first, last, prints.len(), prints)
    }

    /// Returns the fences of so many prints, which lie between two of them in any order.
    fn between(first: u64, last: u64, len: usize, prints: impl Iterator<Item = u64>) -> Self {
        let parts = (len / PART).max(1).next_power_of_two();
        // So many low bits are left off that the last is among the first so many parts.
        let shift = (u64::BITS - last.saturating_sub(first).leading_zeros()).saturating_sub(parts.ilog2());
        let mut fences = Self { first, shift, begins: vec![0; parts + 1] };
        for print in prints {
            // Below is counted how many are in each; there are no more than there are positions.
            let part = fences.part_of(print) + 1;
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

    /// Returns between which places, of `len`, the first print that is not below this one stands, or at their end.
    pub(super) fn part(&self, low: u64, len: usize) -> std::ops::Range<usize> {
        let part = self.part_of(low);
        let at = |part: usize| self.begins.get(part).map_or(len, |begin| *begin as usize);
        at(part)..at(part.saturating_add(1))
    }
}

/// Returns what is in all of these runs, each of which ascends by its prints, in the order that `order` gives, which is
/// first by print; what it holds for equal stays in the order of the runs.
pub(super) fn gathered<T: Copy>(
    mut runs: Vec<Vec<T>>,
    print: impl Fn(&T) -> u64,
    order: impl Fn(&T, &T) -> Ordering,
) -> Vec<T> {
    runs.retain(|run| !run.is_empty());
    let ends = runs.iter().filter_map(|run| Some((print(run.first()?), print(run.last()?))));
    let Some((first, last)) = ends.reduce(|(low, high), (first, last)| (low.min(first), high.max(last)))
    else {
        return Vec::new();
    };
    if runs.len() == 1 {
        return runs.pop().unwrap_or_default();
    }
    let len = runs.iter().map(Vec::len).sum();
    let fences = Fences::between(first, last, len, runs.iter().flatten().map(&print));
    let Some(any) = runs.first().and_then(|run| run.first()) else { return Vec::new() };
    let (mut all, mut free) = (vec![*any; len], fences.begins.clone());
    // Each run goes through the parts in their order.
    for item in runs.iter().flatten() {
        let Some(free) = free.get_mut(fences.part_of(print(item))) else { continue };
        if let Some(place) = all.get_mut(*free as usize) {
            *place = *item;
        }
        *free += 1;
    }
    for ends in fences.begins.windows(2) {
        let [from, to] = ends else { continue };
        if let Some(part) = all.get_mut(*from as usize..*to as usize) {
            part.sort_by(&order);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Prints that are spread, that crowd, and that are one and the same.
    fn prints() -> impl Strategy<Value = Vec<u64>> {
        let print =
            prop_oneof![any::<u64>(), 0_u64..50, Just(u64::MAX), Just(7), (1_u64 << 40)..(1 << 40) + 9];
        proptest::collection::vec(print, 0..200)
    }

    proptest! {
        #[test]
        fn a_part_holds_the_place_of_a_print_however_they_are_spread(
            mut prints in prints(),
            others in proptest::collection::vec(any::<u64>(), 0..20),
        ) {
            prints.sort_unstable();
            let fences = Fences::of(prints.iter().copied());
            let around = prints.iter().flat_map(|print| [print.saturating_sub(1), *print, print.saturating_add(1)]);
            for low in around.chain(others).chain([0, u64::MAX]) {
                let part = fences.part(low, prints.len());
                let place = prints.partition_point(|print| *print < low);
                prop_assert!(part.start <= place && place <= part.end, "{}: {} in {:?}", low, place, part);
            }
        }

        #[test]
        fn runs_are_gathered_in_order_and_equals_stay_as_they_came(
            runs in proptest::collection::vec(prints(), 0..8),
        ) {
            let named = runs.into_iter().enumerate().map(|(number, mut run)| {
                run.sort_unstable();
                run.into_iter().enumerate().map(|(place, print)| (print, number, place)).collect::<Vec<_>>()
            });
            let runs: Vec<Vec<(u64, usize, usize)>> = named.collect();
            let mut expected = runs.concat();
            expected.sort_by_key(|(print, ..)| *print);
            let all = gathered(runs, |(print, ..)| *print, |one, other| one.0.cmp(&other.0));
            prop_assert_eq!(all, expected);
        }
    }
}
