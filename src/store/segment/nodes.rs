//! Nodes of the tree: upper ones from `tree/1`, lower ones from the records, of which the leaf hashes that
//! were wanted last are kept.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::store::ReadError;
use crate::store::levels::Levels;
use crate::store::segment::catalog::TILE;
use crate::store::segment::frame::Frame;
use crate::store::segment::read::Place;
use crate::store::segment::walk::Walk;
use crate::store::segment::{Places, Shared};
use crate::tlog::{Hash, leaf_hash};

/// Tiles of 256 leaves kept: 16 KiB each.
const TILES_MAX: usize = 64;

/// The lower nodes of the tiles that were wanted last.
#[derive(Default)]
pub(super) struct Tiles {
    // Invariant: each tile once; the one that was read last comes last.
    kept: Mutex<VecDeque<(u64, Arc<Levels>)>>,
}

impl Tiles {
    fn get(&self, tile: u64) -> Option<Arc<Levels>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().rev().find(|(number, _)| *number == tile).map(|(_, levels)| Arc::clone(levels))
    }

    fn keep(&self, tile: u64, levels: &Arc<Levels>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(number, _)| *number != tile);
        if kept.len() >= TILES_MAX {
            kept.pop_front();
        }
        kept.push_back((tile, Arc::clone(levels)));
    }
}

impl Places {
    /// Returns a node that is in memory anyway: an upper one, or one at the right edge of the tree.
    fn node_at_hand(&self, level: u32, index: u64) -> Option<Hash> {
        let tile = TILE.ilog2();
        if let Some(above) = level.checked_sub(tile) {
            return self.catalog.tiles.node(above, index);
        }
        let rest = &self.catalog.tile;
        let after = (index << level).checked_sub(self.catalog.size() - rest.size())?;
        let set = rest.size() >> level;
        // The edge has a subtree of this level where the level's bit is set, and it is the last of them.
        (set & 1 == 1 && after >> level == set - 1)
            .then(|| rest.subtrees().get(usize::try_from((set >> 1).count_ones()).ok()?).copied())?
    }
}

impl Shared {
    /// Returns the root of the full subtree of 2^`level` leaves, the `index`th of its level; none when the
    /// log is shorter.
    pub(super) fn node(&self, level: u32, index: u64) -> Result<Option<Hash>, ReadError> {
        let end = index.checked_add(1).and_then(|next| next.checked_mul(1u64.checked_shl(level)?));
        let (size, at_hand, lost) = {
            let places = self.places();
            let Some(end) = end.filter(|end| *end <= places.head.size) else { return Ok(None) };
            let lost = places.catalog.lost.filter(|lost| *lost < end);
            (places.head.size, places.node_at_hand(level, index), lost)
        };
        match (at_hand, lost) {
            (Some(hash), None) => return Ok(Some(hash)),
            // Reading it says what is wrong there.
            (Some(_), Some(lost)) => return self.hash(lost),
            (None, _) => {}
        }
        let first = index << level;
        let inside = (first % TILE) >> level;
        let tile = first / TILE;
        if let Some(hash) = self.tiles.get(tile).and_then(|levels| levels.node(level, inside)) {
            return Ok(Some(hash));
        }
        let levels = Arc::new(Levels::on(self.leaf_hashes(tile, size)?));
        self.tiles.keep(tile, &levels);
        Ok(levels.node(level, inside))
    }

    /// Returns the leaf hashes of a tile, as far as the log goes.
    fn leaf_hashes(&self, tile: u64, size: u64) -> Result<Vec<Hash>, ReadError> {
        let (from, to) = (tile * TILE, size.min((tile + 1).saturating_mul(TILE)));
        let known = self.tiles.get(tile);
        let mut hashes = known.map(|levels| levels.bottom().to_vec()).unwrap_or_default();
        let hash = |_: &Self, _: &Place, frame: &Frame<'_>| Ok(leaf_hash(frame.leaf));
        for hash in Walk::new(self, from + hashes.len() as u64, to).shaped(hash) {
            hashes.push(hash?);
        }
        Ok(hashes)
    }
}
