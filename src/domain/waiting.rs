//! How long answers take, with the cases that still wait counted as waiting and not left out.
//!
//! The estimator is the product-limit estimator of E. L. Kaplan and P. Meier, *Nonparametric Estimation
//! from Incomplete Observations*, Journal of the American Statistical Association 53 (1958), 457–481: of
//! the cases that had waited until a day, the share that was answered on that day is taken off the share
//! that was not answered before; a case that waits still counts among those that waited until its last
//! day, and then leaves. Leaving open cases out would make answers look quicker than they are.

use std::collections::BTreeMap;

/// Waiting times in whole days: so many answered, and so many not answered, after each length.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Waits {
    // By the length of the wait: how many were answered then, and how many had not been by then.
    by_days: BTreeMap<i64, Count>,
    answered: u64,
    open: u64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Count {
    answered: u64,
    open: u64,
}

impl Waits {
    /// Takes in a case that was answered after so many days.
    pub fn answered(&mut self, days: i64) {
        self.by_days.entry(days.max(0)).or_default().answered += 1;
        self.answered += 1;
    }

    /// Takes in a case that was not answered within so many days, the last that is known of it.
    pub fn unanswered(&mut self, days: i64) {
        self.by_days.entry(days.max(0)).or_default().open += 1;
        self.open += 1;
    }

    /// Takes in the cases of another count.
    pub fn add(&mut self, other: &Self) {
        for (days, count) in &other.by_days {
            let own = self.by_days.entry(*days).or_default();
            own.answered += count.answered;
            own.open += count.open;
        }
        self.answered += other.answered;
        self.open += other.open;
    }

    /// Returns the median wait of those that were answered, half a day between two; it leaves out whoever
    /// still waits. None where nothing was answered.
    pub fn median_of_answered(&self) -> Option<f64> {
        let middle = self.answered.checked_sub(1)?;
        let (low, high) = (self.nth_answered(middle / 2)?, self.nth_answered(middle.div_ceil(2))?);
        #[expect(clippy::cast_precision_loss, reason = "a record holds fewer than four million days")]
        let median = (low + high) as f64 / 2.0;
        Some(median)
    }

    fn nth_answered(&self, nth: u64) -> Option<i64> {
        let mut before = 0;
        self.by_days.iter().find_map(|(days, count)| {
            before += count.answered;
            (before > nth).then_some(*days)
        })
    }

    /// Returns the longest wait of those that were answered.
    pub fn longest_answered(&self) -> Option<i64> {
        self.by_days.iter().rev().find(|(_, count)| count.answered > 0).map(|(days, _)| *days)
    }

    /// Returns after how many days half were answered, by Kaplan and Meier; none where fewer than half were
    /// within the time for which any case is known.
    pub fn median(&self) -> Option<i64> {
        // A product of fractions that is one half may come out a hair above it.
        let half = |(_, unanswered): &(i64, f64)| *unanswered <= 0.5 + 1e-9;
        self.curve().into_iter().find(half).map(|(days, _)| days)
    }

    /// Returns the share that is estimated to be unanswered after the longest wait of which anything is
    /// known; none where there are no cases.
    pub fn unanswered_at_last(&self) -> Option<f64> {
        self.curve().last().map(|(_, unanswered)| *unanswered)
    }

    /// Returns after each number of days the share that is estimated to be unanswered.
    pub fn curve(&self) -> Vec<(i64, f64)> {
        let mut waiting = self.answered + self.open;
        let mut unanswered = 1.0;
        let mut curve = Vec::with_capacity(self.by_days.len());
        for (days, count) in &self.by_days {
            if count.answered > 0 {
                unanswered *= share(waiting - count.answered, waiting);
            }
            // Who is last known to wait on that day waited when others were answered on it.
            waiting -= count.answered + count.open;
            curve.push((*days, unanswered));
        }
        curve
    }
}

/// Returns a part of a whole; of nothing, nothing.
#[expect(clippy::cast_precision_loss, reason = "shares of counts that are far below 2^53")]
pub fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn waits(answered: &[i64], open: &[i64]) -> Waits {
        let mut waits = Waits::default();
        for days in answered {
            waits.answered(*days);
        }
        for days in open {
            waits.unanswered(*days);
        }
        waits
    }

    /// The remission times of E. A. Freireich and others (1963), the textbook example: the estimated median
    /// is 23 weeks, and 0.448 are in remission at the end.
    #[test]
    fn the_textbook_example_gives_the_textbook_median() {
        let waits = waits(&[6, 6, 6, 7, 10, 13, 16, 22, 23], &[6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]);
        assert_eq!(waits.median(), Some(23));
        let at = |days| waits.curve().into_iter().find(|(known, _)| *known == days).unwrap().1;
        for (days, share) in [(6, 0.857), (7, 0.807), (10, 0.753), (13, 0.690), (16, 0.627), (22, 0.538)] {
            assert!((at(days) - share).abs() < 0.0005, "{days}: {}", at(days));
        }
        assert!((waits.unanswered_at_last().unwrap() - 0.448).abs() < 0.0005);
        assert_eq!(waits.median_of_answered(), Some(10.0));
        assert_eq!(waits.longest_answered(), Some(23));
    }

    #[test]
    fn a_median_that_is_not_reached_is_none() {
        assert_eq!(waits(&[3], &[10, 10, 10]).median(), None);
        assert_eq!(waits(&[3, 5], &[10, 10]).median(), Some(5));
        assert_eq!(waits(&[], &[]).median(), None);
        assert_eq!(waits(&[], &[]).median_of_answered(), None);
        assert_eq!(waits(&[1, 4], &[]).median_of_answered(), Some(2.5));
    }

    /// The product over every day, as it is defined, case by case.
    #[expect(clippy::cast_precision_loss, reason = "a test has few cases")]
    fn naive(answered: &[i64], open: &[i64], until: i64) -> f64 {
        let mut days: Vec<i64> = answered.iter().copied().filter(|days| *days <= until).collect();
        days.sort_unstable();
        days.dedup();
        days.iter().fold(1.0, |unanswered, day| {
            let waiting = answered.iter().chain(open).filter(|days| *days >= day).count();
            let now = answered.iter().filter(|days| *days == day).count();
            unanswered * (1.0 - now as f64 / waiting as f64)
        })
    }

    proptest! {
        #[test]
        fn the_curve_is_that_of_the_definition(
            answered in proptest::collection::vec(0_i64..40, 0..30),
            open in proptest::collection::vec(0_i64..60, 0..30),
        ) {
            let all = waits(&answered, &open);
            for (days, share) in all.curve() {
                prop_assert!((share - naive(&answered, &open, days)).abs() < 1e-9);
            }
            let median = all.median();
            for days in 0..60 {
                let reached = naive(&answered, &open, days) <= 0.5 + 1e-9 && !answered.is_empty();
                prop_assert_eq!(median.is_some_and(|median| median <= days), reached, "{}", days);
            }
            // Counted in two halves it is the same.
            let (one, other) = answered.split_at(answered.len() / 2);
            let mut halves = waits(one, &open);
            halves.add(&waits(other, &[]));
            prop_assert_eq!(halves, all);
        }
    }
}
