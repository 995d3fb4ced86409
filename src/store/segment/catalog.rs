//! Where every record is, which ids are taken, where every stream stands and how the log ends: all of it
//! can be rebuilt from the segments.

use crate::store::levels::Levels;
use crate::store::segment::finder::{self, Finder};
use crate::store::segment::recovery::{Revisions, Says};
use crate::store::segment::streams::{Last, Streams};
use crate::store::staging::Tip;
use crate::tlog::Hash;
use crate::tlog::tree::Edge;

/// Stands for the offset of a record that damage swallowed.
pub(super) const LOST: u32 = u32::MAX;
/// Leaves under one hash of `tree/1`.
pub(super) const TILE: u64 = 256;
/// Events of a log at most: positions take 32 bits in memory.
pub(super) const EVENTS_MAX: u64 = u32::MAX as u64 - 1;

/// The log as it is known.
#[derive(Debug, Clone, Default)]
pub(super) struct Catalog {
    /// Per position, the offset in its segment.
    pub(super) offsets: Vec<u32>,
    pub(super) events: Finder,
    pub(super) requests: Finder,
    pub(super) streams: Streams,
    /// One hash per full 256 leaves.
    pub(super) tiles: Levels,
    /// The leaves after them.
    pub(super) tile: Edge,
    pub(super) tip: Tip,
    /// The first position whose leaf damage swallowed: no root over it is known.
    pub(super) lost: Option<u64>,
    /// The first slot that no record uses.
    pub(super) next_slot: u64,
    /// The position at which the last run of the index begins; it may still grow.
    pub(super) run_from: u64,
    /// The leaf hash of the record before that.
    pub(super) run_before: Hash,
}

impl Catalog {
    /// Returns how many positions there are, lost ones included.
    pub(super) fn size(&self) -> u64 {
        self.offsets.len() as u64
    }

    /// Takes in the next record, whose revisions are among those given, apart from what it does to the tip; its ids
    /// are found once [`Catalog::settle`] was called.
    pub(super) fn push(&mut self, offset: u32, says: &Says, revisions: &Revisions, slot: u64) {
        let position = u32::try_from(self.offsets.len()).unwrap_or(u32::MAX);
        self.offsets.push(offset);
        self.events.add(says.id.as_uuid(), position);
        if says.index == 0 {
            self.requests.add(says.request.as_uuid(), position);
        }
        for (stream, revision) in revisions.get(says.streams.clone()).unwrap_or_default() {
            let revision = u32::try_from(*revision).unwrap_or(u32::MAX);
            self.streams.set(*stream, Last { revision, position, hash: Some(says.hash) });
        }
        if slot < SLOTS_MAX {
            self.next_slot = self.next_slot.max(slot + 1);
        }
        self.push_leaf(says.hash);
    }

    /// Lets the ids of what was taken in be found.
    pub(super) fn settle(&mut self) {
        self.events.settle();
        self.requests.settle();
    }

    /// Takes in a record that damage swallowed; `offset` is where it was met, where that is known.
    pub(super) fn push_lost(&mut self, offset: u32) {
        self.lost.get_or_insert(self.offsets.len() as u64);
        self.offsets.push(offset);
        self.push_leaf([0; 32]);
        self.tip.edge.push([0; 32]);
        self.tip.last_hash = [0; 32];
    }

    fn push_leaf(&mut self, hash: Hash) {
        self.tile.push(hash);
        if self.tile.size() == TILE {
            self.tiles.push(self.tile.root());
            self.tile = Edge::default();
        }
    }

    /// Returns the edge of the tree over the full tiles among the first `size` leaves.
    pub(super) fn edge_of_tiles(&self, size: u64) -> Edge {
        let tiles = (size / TILE).min(self.tiles.bottom().len() as u64);
        self.tiles.edge(tiles, TILE.ilog2()).unwrap_or_default()
    }

    /// Closes the last run of the index, so that what comes begins a new one.
    pub(super) fn close_run(&mut self) {
        self.events.close_run();
        self.requests.close_run();
        self.streams.close_run();
        self.run_from = self.size();
        self.run_before = self.tip.last_hash;
    }

    /// Returns the positions below the end at which an id may stand.
    pub(super) fn find(finder: &Finder, id: &uuid::Uuid) -> impl Iterator<Item = u64> + use<> {
        finder.find(id).into_iter().map(u64::from)
    }

    /// Returns the positions at which ids in `low..=high` may stand, with their fingerprints.
    pub(super) fn between(&self, low: &uuid::Uuid, high: &uuid::Uuid, max: usize) -> Vec<(u64, u32)> {
        self.events.between(finder::print(low), finder::print(high), max)
    }
}

/// No log gives out so many slots; a record that names a higher one is not believed.
const SLOTS_MAX: u64 = 1 << 48;

/// Stands for the slot of a body that was gone when the record was taken over.
pub(super) const NO_SLOT: u64 = u64::MAX;
