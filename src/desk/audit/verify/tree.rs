//! The tree over leaves that come in a tile at a time, and the tiles above them.

use std::collections::BTreeMap;

use crate::tlog::tile::{Tile, WIDTH_MAX};
use crate::tlog::tree::Edge;
use crate::tlog::{Hash, node_hash};

/// A tree that grows by whole tiles of leaf hashes.
#[derive(Debug, Clone, Default)]
pub(super) struct Growing {
    edge: Edge,
    /// Of each level above the leaves, the nodes of the tile that is not full yet.
    rows: Vec<Vec<Hash>>,
    /// The roots at the sizes that were wanted.
    roots: BTreeMap<u64, Hash>,
    /// Leaves were lost: from there on nothing is known.
    broken: bool,
}

impl Growing {
    /// Adds the next leaf hashes: a whole tile, or what remains at the end. Returns the upper tiles that
    /// are full with them.
    pub(super) fn push(
        &mut self,
        hashes: &[Hash],
        wanted: &mut impl Iterator<Item = u64>,
    ) -> Vec<(Tile, Vec<Hash>)> {
        let mut full = Vec::new();
        if self.broken {
            return full;
        }
        let mut next = wanted.next();
        for hash in hashes {
            self.edge.push(*hash);
            if next == Some(self.edge.size()) {
                self.roots.insert(self.edge.size(), self.edge.root());
                next = wanted.next();
            }
        }
        if hashes.len() == usize::from(WIDTH_MAX) {
            self.rise(subtree(hashes), 0, &mut full);
        }
        full
    }

    /// Says that leaves are missing here.
    pub(super) fn lose(&mut self) {
        self.broken = true;
    }

    fn rise(&mut self, node: Hash, row: usize, full: &mut Vec<(Tile, Vec<Hash>)>) {
        if self.rows.len() <= row {
            self.rows.push(Vec::new());
        }
        let Some(nodes) = self.rows.get_mut(row) else { return };
        nodes.push(node);
        if nodes.len() == usize::from(WIDTH_MAX) {
            let nodes = std::mem::take(nodes);
            let level = u8::try_from(row + 1).unwrap_or(u8::MAX);
            let index = (self.edge.size() >> (8 * (u32::from(level) + 1))) - 1;
            let above = subtree(&nodes);
            full.push((Tile { level, index, width: WIDTH_MAX }, nodes));
            self.rise(above, row + 1, full);
        }
    }

    /// Returns the upper tiles that are not full at the end.
    pub(super) fn rest(&self) -> Vec<(Tile, Vec<Hash>)> {
        if self.broken {
            return Vec::new();
        }
        let tile = |(row, nodes): (usize, &Vec<Hash>)| {
            let level = u8::try_from(row + 1).unwrap_or(u8::MAX);
            let index = self.edge.size() >> (8 * (u32::from(level) + 1));
            let width = u16::try_from(nodes.len()).unwrap_or(WIDTH_MAX);
            (Tile { level, index, width }, nodes.clone())
        };
        self.rows.iter().enumerate().filter(|(_, nodes)| !nodes.is_empty()).map(tile).collect()
    }

    /// Returns the root at its present size; none when leaves were lost.
    pub(super) fn root(&self) -> Option<Hash> {
        (!self.broken).then(|| self.edge.root())
    }

    /// Returns the root that it had at a size that was wanted.
    pub(super) fn root_at(&self, size: u64) -> Option<Hash> {
        if size == 0 {
            return Some(crate::tlog::empty_root());
        }
        self.roots.get(&size).copied()
    }
}

/// Returns the root over as many nodes as a power of two.
fn subtree(nodes: &[Hash]) -> Hash {
    let mut row = nodes.to_vec();
    while row.len() > 1 {
        row = row.as_chunks::<2>().0.iter().map(|[left, right]| node_hash(left, right)).collect();
    }
    row.first().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tlog::leaf_hash;
    use crate::tlog::tile::tiles;

    #[test]
    fn the_upper_tiles_are_those_of_the_tree() {
        let size = 256 * 256 + 256 * 3 + 7;
        let leaves: Vec<Hash> = (0..size).map(|leaf: u64| leaf_hash(&leaf.to_be_bytes())).collect();
        let mut tree = Growing::default();
        let mut found = Vec::new();
        for hashes in leaves.chunks(256) {
            found.extend(
                tree.push(
                    hashes,
                    &mut [255, 256, 300, 65_536, size]
                        .into_iter()
                        .skip_while(|size| *size <= found_size(&leaves, hashes)),
                ),
            );
        }
        found.extend(tree.rest());
        found.sort_by_key(|(tile, _)| *tile);
        let expected: Vec<Tile> = tiles(size).filter(|tile| tile.level > 0).collect();
        assert_eq!(found.iter().map(|(tile, _)| *tile).collect::<Vec<_>>(), expected);
        assert!(found.iter().all(|(tile, nodes)| nodes.len() == usize::from(tile.width)));
        let edge: Edge = leaves.iter().copied().collect();
        assert_eq!(tree.root(), Some(edge.root()));
        let edge: Edge = leaves.iter().copied().take(300).collect();
        assert_eq!(tree.root_at(300), Some(edge.root()));
        let top = found.iter().find(|(tile, _)| tile.level == 2).unwrap();
        let first: Edge = leaves.iter().copied().take(65_536).collect();
        assert_eq!(top.1, [first.root()]);
    }

    fn found_size(leaves: &[Hash], hashes: &[Hash]) -> u64 {
        (hashes.as_ptr() as usize - leaves.as_ptr() as usize) as u64 / 32
    }
}
