//! Which events of the log are in a part of it, and where.

use std::collections::HashMap;

use roaring::RoaringBitmap;

use crate::desk::access::sight::marks::Marks;
use crate::desk::access::sight::restriction::Clearance;
use crate::desk::bookmarks::Stop;
use crate::desk::error::DeskError;
use crate::store::EventStore;
use crate::tlog::tree::Edge;

/// Where an event of the part stands in the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    /// Where it is recorded.
    pub(super) source: u32,
    /// Where it would be: of what was brought along by an entry that is not seen, where the first entry that is
    /// seen and names it has its append; the same otherwise.
    pub(super) anchor: u32,
}

/// The events of the part, in their order.
#[derive(Debug, Default)]
pub(super) struct Rows {
    // Invariant: by `anchor`, each source once.
    #[expect(clippy::struct_field_names, reason = "the others say where these came from")]
    pub(super) rows: Vec<Row>,
    // Up to where the whole was looked at.
    pub(super) taken: u32,
    // Their sources.
    pub(super) sources: RoaringBitmap,
    // Those that stand elsewhere than they were recorded, and where.
    moved: HashMap<u32, u32>,
    // Of how many changes of earlier events is known.
    pub(super) changes: usize,
    // Some earlier event is seen now and was not, or the other way round.
    pub(super) outdated: bool,
    pub(super) edge: Edge,
}

impl Rows {
    /// Returns the position in the part of what stands at a position of the whole; none where it is not seen.
    pub(super) fn place(&self, source: u32) -> Option<u32> {
        if let Some(place) = self.moved.get(&source) {
            return Some(*place);
        }
        if !self.sources.contains(source) {
            return None;
        }
        let mut place = self.rows.partition_point(|row| row.anchor < source);
        while self.rows.get(place).is_some_and(|row| row.source != source && row.anchor == source) {
            place += 1;
        }
        u32::try_from(place).ok()
    }

    /// Returns how many events of the part stand before a position of the whole.
    pub(super) fn before(&self, position: u64) -> u64 {
        self.rows.partition_point(|row| u64::from(row.anchor) < position) as u64
    }

    /// Returns where somebody stops who has read everything before a position of the part.
    pub(super) fn stop(&self, next: u64) -> Option<Stop> {
        let last = self.row(next.checked_sub(1)?)?;
        let left = self.before(u64::from(last.anchor) + 1) - next;
        Some(Stop { anchor: last.anchor, left: u8::try_from(left).unwrap_or(u8::MAX) })
    }

    /// Returns the position of the part before which they have read everything; none where the log is not so long.
    pub(super) fn after(&self, stop: Stop) -> Option<u64> {
        let anchor = u64::from(stop.anchor);
        let end = self.before(anchor + 1);
        let begin = self.before(anchor);
        // Of more than can be said everything comes again, rather than something not at all.
        let left = if stop.left == u8::MAX { end - begin } else { u64::from(stop.left) };
        let next = end.saturating_sub(left).max(begin);
        (stop.anchor < self.taken).then_some(next)
    }

    pub(super) fn row(&self, position: u64) -> Option<Row> {
        usize::try_from(position).ok().and_then(|position| self.rows.get(position)).copied()
    }

    /// Takes in the appends that were marked since.
    pub(super) fn catch_up(&mut self, marks: &Marks, clearance: &Clearance) {
        let sees = |position: &u32| marks.lets_see(clearance, *position);
        for changed in marks.changed(self.changes) {
            let is_in = self.sources.contains(*changed);
            if *changed < self.taken && is_in != (sees(changed) && (is_in || !marks.was_brought(*changed))) {
                self.outdated = true;
            }
        }
        self.changes = marks.changes();
        while self.taken < marks.size() {
            let end = marks.append_end(self.taken);
            let shown: Vec<u32> = (self.taken..end)
                .filter(|position| sees(position) && !marks.was_brought(*position))
                .collect();
            let mut brought: Vec<u32> = Vec::new();
            let mut open = shown.clone();
            while let Some(next) = open.pop() {
                for name in marks.names(next).iter().filter(|name| marks.was_brought(**name) && sees(name)) {
                    if !self.sources.contains(*name) && !brought.contains(name) {
                        brought.push(*name);
                        open.push(*name);
                    }
                }
            }
            brought.sort_unstable();
            if let Some(first) = shown.first().copied() {
                let (own, earlier): (Vec<u32>, Vec<u32>) =
                    brought.into_iter().partition(|position| *position >= self.taken);
                // In front of what its append has of its own.
                let anchor = own.first().copied().map_or(first, |own| own.min(first));
                for source in earlier {
                    self.moved.insert(source, u32::try_from(self.rows.len()).unwrap_or(u32::MAX));
                    self.push(Row { source, anchor });
                }
                let mut own: Vec<u32> = own.into_iter().chain(shown).collect();
                own.sort_unstable();
                for source in own {
                    self.push(Row { source, anchor: source });
                }
            }
            self.taken = end;
        }
    }

    pub(super) fn is_hashed(&self) -> bool {
        self.edge.size() == self.rows.len() as u64
    }

    /// Hashes the rows that are not yet: where one cannot be read, it is the next again.
    pub(super) fn hash(&mut self, store: &dyn EventStore) -> Result<(), DeskError> {
        while let Some(row) = self.row(self.edge.size()) {
            let hash = store.leaf_hash(u64::from(row.source))?;
            self.edge.push(hash.unwrap_or_default());
        }
        Ok(())
    }

    pub(super) fn push(&mut self, row: Row) {
        self.sources.insert(row.source);
        self.rows.push(row);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_stops_among_what_one_entry_brought_along_reads_on_there_and_misses_nothing() {
        let mut rows = Rows::default();
        (0..400).for_each(|source| rows.push(Row { source, anchor: 1_000 }));
        rows.push(Row { source: 1_000, anchor: 1_000 });
        rows.push(Row { source: 1_001, anchor: 1_001 });
        rows.taken = 1_002;
        for next in 1..=402 {
            let found = rows.after(rows.stop(next).unwrap()).unwrap();
            // Of very many everything comes again.
            assert_eq!(found, if next < 147 { 0 } else { next }, "{next}");
        }
        assert_eq!(rows.stop(0), None);
        assert_eq!(rows.after(Stop { anchor: 1_002, left: 0 }), None, "the log is not so long");
    }
}
