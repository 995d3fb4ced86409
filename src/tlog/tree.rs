//! A tree that grows at its right edge, in as much memory as it has levels.

use crate::tlog::{Hash, empty_root, node_hash};

/// The right edge of a tree: the roots of its full subtrees, largest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edge {
    // Invariant: one hash per bit of `size` that is set, largest subtree first.
    subtrees: Vec<Hash>,
    size: u64,
}

impl Edge {
    /// Returns how many leaves the tree has.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Returns the roots of the full subtrees, largest first: with the size, all that the edge is.
    pub fn subtrees(&self) -> &[Hash] {
        &self.subtrees
    }

    /// Returns the edge of a tree of `size` leaves; none when there is not one subtree per set bit.
    pub fn from_subtrees(size: u64, subtrees: Vec<Hash>) -> Option<Self> {
        (subtrees.len() == size.count_ones() as usize).then_some(Self { subtrees, size })
    }

    /// Adds the hash of the next leaf.
    pub fn push(&mut self, leaf: Hash) {
        self.push_full(leaf, 0);
    }

    /// Adds the root of a full subtree of 2^`level` leaves.
    ///
    /// The size must be a multiple of 2^`level`: a subtree stands only where it would have grown.
    pub fn push_full(&mut self, root: Hash, level: u32) {
        debug_assert!(self.size.is_multiple_of(1 << level), "a subtree stands where it would have grown");
        let mut node = root;
        let mut size = self.size >> level;
        while size & 1 == 1 {
            // One subtree per set bit, so there is one to pop.
            let Some(left) = self.subtrees.pop() else { break };
            node = node_hash(&left, &node);
            size >>= 1;
        }
        self.subtrees.push(node);
        self.size += 1 << level;
    }

    /// Returns the root of the tree, by RFC 6962, section 2.1.
    pub fn root(&self) -> Hash {
        let mut nodes = self.subtrees.iter().rev();
        let Some(last) = nodes.next() else { return empty_root() };
        nodes.fold(*last, |right, left| node_hash(left, &right))
    }
}

impl FromIterator<Hash> for Edge {
    fn from_iter<I: IntoIterator<Item = Hash>>(leaves: I) -> Self {
        let mut edge = Self::default();
        leaves.into_iter().for_each(|leaf| edge.push(leaf));
        edge
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tlog::leaf_hash;
    use proptest::prelude::*;

    /// The Merkle tree hash as RFC 6962 spells it out.
    fn mth(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => empty_root(),
            [leaf] => *leaf,
            _ => {
                let middle = leaves.len().next_power_of_two() / 2;
                node_hash(&mth(&leaves[..middle]), &mth(&leaves[middle..]))
            }
        }
    }

    fn leaves(count: usize) -> Vec<Hash> {
        (0..count).map(|index| leaf_hash(format!("leaf {index}").as_bytes())).collect()
    }

    #[test]
    fn the_root_is_that_of_the_standard_at_every_size() {
        let leaves = leaves(130);
        let mut edge = Edge::default();
        for (size, leaf) in leaves.iter().enumerate() {
            assert_eq!(edge.root(), mth(&leaves[..size]));
            edge.push(*leaf);
        }
        assert_eq!(edge.root(), mth(&leaves));
    }

    #[test]
    fn the_root_is_that_of_an_independent_implementation() {
        let mut theirs =
            ct_merkle::mem_backed_tree::MemoryBackedTree::<sha2_of_ct_merkle::Sha256, Vec<u8>>::new();
        let mut edge = Edge::default();
        for index in 0..50 {
            let leaf = format!("leaf {index}").into_bytes();
            edge.push(leaf_hash(&leaf));
            theirs.push(leaf);
            assert_eq!(edge.root()[..], theirs.root().as_bytes()[..]);
        }
    }

    proptest! {
        #[test]
        fn full_subtrees_stand_for_their_leaves(count in 0usize..700) {
            let leaves = leaves(count);
            let mut edge = Edge::default();
            let (full, rest) = leaves.as_chunks::<64>();
            for subtree in full {
                edge.push_full(mth(subtree), 6);
            }
            for leaf in rest {
                edge.push(*leaf);
            }
            prop_assert_eq!(edge.root(), mth(&leaves));
        }
    }
}
