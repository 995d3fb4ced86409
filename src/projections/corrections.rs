//! What was corrected, and what therefore holds at a size of the log.

use std::collections::{BTreeMap, BTreeSet};

use roaring::RoaringBitmap;

use crate::projections::bits::Bits;
use crate::projections::table::split;
use crate::projections::term::Term;

/// An event that changes how another reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Correction {
    /// Where it stands.
    pub(super) position: u32,
    /// The event that it is about: of an amendment or a link the entry, of a retraction what it strikes.
    // Invariant: below `position`, so that no circle of corrections can be.
    pub(super) target: u32,
    /// What it does.
    pub(super) change: Change,
}

/// What a correction does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// The entry reads otherwise; the number is that of its row among the readings.
    Amended(u32),
    /// The entry would read otherwise, had its text not been removed since: nothing.
    AmendedInVain,
    /// The target is struck.
    Retracted,
    /// The entry bears, or no longer bears, on the entity of this term.
    Linked(Term),
}

/// What holds at a size of the log, for what a reader may see of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Standing {
    /// Whatever a correction is about, also one that holds no longer.
    pub(super) corrected: RoaringBitmap,
    /// The positions that are struck.
    pub(super) struck: RoaringBitmap,
    /// The entries that read otherwise than when they were recorded.
    pub(super) amended: RoaringBitmap,
    /// The struck positions once more, as sets of the rows of segments: every question takes them off.
    pub(super) struck_rows: BTreeMap<usize, Bits>,
    /// The same of the amended ones.
    pub(super) amended_rows: BTreeMap<usize, Bits>,
    /// The rows among the readings that hold.
    pub(super) current: RoaringBitmap,
    /// The same, as sets of the rows of segments.
    pub(super) current_rows: BTreeMap<usize, Bits>,
    /// Those of entries that are not struck, likewise.
    pub(super) holding_rows: BTreeMap<usize, Bits>,
    /// Those of entries whose links were changed, likewise.
    pub(super) relinked_readings: BTreeMap<usize, Bits>,
    /// The entries whose links were changed, likewise.
    pub(super) relinked_rows: BTreeMap<usize, Bits>,
    /// The position of the amendment that gives the present reading, by entry.
    pub(super) amendments: BTreeMap<u32, u32>,
    /// How many amendments are not struck, by entry.
    pub(super) amended_times: BTreeMap<u32, u32>,
    /// The positions of the changes of its links that hold, by entry, in the order of the log.
    pub(super) links: BTreeMap<u32, Vec<u32>>,
    /// The entries whose links to an entity were changed, by its term.
    pub(super) relinked: BTreeMap<Term, BTreeSet<u32>>,
}

impl Standing {
    /// Weighs corrections, given in the order of the log; those out of sight correct nothing.
    ///
    /// Read from the newest back, each is known to be struck or not before it is weighed, because
    /// whatever strikes it is newer.
    pub(super) fn of(corrections: &[Correction], visible: Option<&RoaringBitmap>) -> Self {
        let mut standing = Self::default();
        let mut readings: Vec<(u32, u32)> = Vec::new();
        for correction in corrections.iter().rev() {
            let hidden = visible.is_some_and(|visible| !visible.contains(correction.position));
            if hidden {
                continue;
            }
            standing.corrected.insert(correction.target);
            if standing.struck.contains(correction.position) {
                continue;
            }
            match correction.change {
                Change::Amended(reading) => {
                    *standing.amended_times.entry(correction.target).or_default() += 1;
                    if standing.amended.insert(correction.target) {
                        standing.current.insert(reading);
                        readings.push((reading, correction.target));
                        standing.amendments.insert(correction.target, correction.position);
                    }
                }
                Change::AmendedInVain => {}
                Change::Retracted => {
                    standing.struck.insert(correction.target);
                }
                Change::Linked(to) => {
                    standing.relinked.entry(to).or_default().insert(correction.target);
                    standing.links.entry(correction.target).or_default().push(correction.position);
                }
            }
        }
        standing.links.values_mut().for_each(|links| links.reverse());
        standing.struck_rows = by_segment(&standing.struck);
        standing.amended_rows = by_segment(&standing.amended);
        // Every question takes them off whatever it found.
        for rows in standing.struck_rows.values_mut().chain(standing.amended_rows.values_mut()) {
            rows.ready();
        }
        let holding = readings.iter().filter(|(_, entry)| !standing.struck.contains(*entry));
        standing.holding_rows = by_segment(holding.map(|(reading, _)| *reading));
        standing.current_rows = by_segment(&standing.current);
        let relinked = readings.iter().filter(|(_, entry)| standing.links.contains_key(entry));
        standing.relinked_readings = by_segment(relinked.map(|(reading, _)| *reading));
        standing.relinked_rows = by_segment(standing.links.keys().copied());
        standing
    }
}

/// Returns positions as sets of the rows of segments.
pub(super) fn by_segment(positions: impl IntoIterator<Item = u32>) -> BTreeMap<usize, Bits> {
    let mut sets: BTreeMap<usize, Bits> = BTreeMap::new();
    for position in positions {
        let (number, row) = split(position);
        sets.entry(number).or_insert_with(Bits::none).insert(row);
    }
    sets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(changes: &[(u32, Change)]) -> Standing {
        let corrections: Vec<Correction> = (10..)
            .zip(changes)
            .map(|(position, (target, change))| Correction { position, target: *target, change: *change })
            .collect();
        Standing::of(&corrections, None)
    }

    #[test]
    fn striking_a_retraction_restores_what_it_struck() {
        assert!(of(&[(3, Change::Retracted)]).struck.contains(3));
        let restored = of(&[(3, Change::Retracted), (10, Change::Retracted)]).struck;
        assert!(!restored.contains(3) && restored.contains(10));
        let again = of(&[(3, Change::Retracted), (10, Change::Retracted), (11, Change::Retracted)]).struck;
        assert!(again.contains(3));
    }

    #[test]
    fn the_newest_amendment_that_is_not_struck_holds() {
        let two = [(3, Change::Amended(0)), (3, Change::Amended(1))];
        assert_eq!(of(&two).current.iter().collect::<Vec<_>>(), [1]);
        let struck = [two[0], two[1], (11, Change::Retracted)];
        assert_eq!(of(&struck).current.iter().collect::<Vec<_>>(), [0]);
        let both = [two[0], two[1], (11, Change::Retracted), (10, Change::Retracted)];
        assert!(of(&both).current.is_empty() && of(&both).amended.is_empty());
    }
}
