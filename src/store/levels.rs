//! The roots of all full subtrees, level by level: twice the memory of the lowest, and every node at hand.

use crate::tlog::tree::Edge;
use crate::tlog::{Hash, node_hash};

/// The full subtrees over nodes of one level, which is the lowest here.
#[derive(Debug, Clone, Default)]
pub(super) struct Levels {
    // Invariant: each level holds one hash per full pair of the one below; none is empty but the first.
    levels: Vec<Vec<Hash>>,
}

impl Levels {
    /// Returns all that stands on `bottom`.
    pub(super) fn on(bottom: Vec<Hash>) -> Self {
        let mut levels = vec![bottom];
        while let Some(above) = levels.last().map(|below| pairs(below)).filter(|above| !above.is_empty()) {
            levels.push(above);
        }
        Self { levels }
    }

    /// Returns the lowest level.
    pub(super) fn bottom(&self) -> &[Hash] {
        self.levels.first().map(Vec::as_slice).unwrap_or_default()
    }

    /// Adds a node at the end of the lowest level.
    pub(super) fn push(&mut self, hash: Hash) {
        let mut node = hash;
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let Some(nodes) = self.levels.get_mut(level) else { return };
            nodes.push(node);
            match nodes.as_slice() {
                [.., left, right] if nodes.len().is_multiple_of(2) => node = node_hash(left, right),
                _ => return,
            }
        }
    }

    /// Returns the root of the full subtree of 2^`level` nodes of the lowest level, the `index`th of its
    /// level; none when there are not so many.
    pub(super) fn node(&self, level: u32, index: u64) -> Option<Hash> {
        self.levels.get(usize::try_from(level).ok()?)?.get(usize::try_from(index).ok()?).copied()
    }

    /// Returns the edge of the tree over the first `count` nodes, which are the roots of 2^`lowest` leaves
    /// each; none when there are not so many.
    pub(super) fn edge(&self, count: u64, lowest: u32) -> Option<Edge> {
        let set = (0..u64::BITS).rev().filter(|bit| count >> bit & 1 == 1);
        let subtrees: Option<Vec<Hash>> = set.map(|bit| self.node(bit, (count >> bit) - 1)).collect();
        Edge::from_subtrees(count << lowest, subtrees?)
    }
}

fn pairs(below: &[Hash]) -> Vec<Hash> {
    below.as_chunks::<2>().0.iter().map(|[left, right]| node_hash(left, right)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tlog::leaf_hash;

    #[test]
    fn every_full_subtree_is_at_hand_at_every_size() {
        let leaves: Vec<Hash> = (0..130u64).map(|leaf| leaf_hash(&leaf.to_be_bytes())).collect();
        let mut grown = Levels::default();
        for size in 0..=leaves.len() {
            for levels in [&grown, &Levels::on(leaves[..size].to_vec())] {
                for level in 0..9 {
                    let subtrees = leaves[..size].chunks_exact(1 << level);
                    for (index, subtree) in (0..).zip(subtrees.clone()) {
                        let edge: Edge = subtree.iter().copied().collect();
                        assert_eq!(levels.node(level, index), Some(edge.root()));
                    }
                    assert_eq!(levels.node(level, subtrees.len() as u64), None);
                }
                for count in 0..=size {
                    let edge: Edge = leaves[..count].iter().copied().collect();
                    assert_eq!(levels.edge(count as u64, 0), Some(edge));
                }
                assert_eq!(levels.edge(size as u64 + 1, 0), None);
            }
            if let Some(leaf) = leaves.get(size) {
                grown.push(*leaf);
            }
        }
    }
}
