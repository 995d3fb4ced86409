//! What the tests of the trees share: a tree by the letter of the standard, and keys.

use std::convert::Infallible;

use crate::tlog::key::{SeedSigner, SignatureType};
use crate::tlog::proof::Nodes;
use crate::tlog::{Hash, empty_root, leaf_hash, node_hash};

/// A tree whose every node is hashed when it is built, by the definition.
pub(crate) struct Grown {
    // By level: the full subtrees, from left to right.
    levels: Vec<Vec<Hash>>,
}

impl Grown {
    /// Returns the tree of `size` leaves that tests use.
    pub(crate) fn new(size: u64) -> Self {
        let leaves: Vec<Hash> = (0..size).map(leaf).collect();
        let mut levels = vec![leaves];
        while let Some(last) = levels.last().filter(|last| last.len() > 1) {
            let (pairs, _) = last.as_chunks::<2>();
            levels.push(pairs.iter().map(|[left, right]| node_hash(left, right)).collect());
        }
        Self { levels }
    }
}

impl Nodes for Grown {
    type Error = Infallible;

    fn node(&self, level: u32, index: u64) -> Result<Hash, Infallible> {
        Ok(self.levels[level as usize][usize::try_from(index).unwrap()])
    }
}

/// A tree in which every node of a level is the same: of any size, at no cost.
pub(crate) struct Endless {
    levels: Vec<Hash>,
}

impl Endless {
    pub(crate) fn new() -> Self {
        let grow = |node: &Hash| Some(node_hash(node, node));
        Self { levels: std::iter::successors(Some(leaf(0)), grow).take(64).collect() }
    }
}

impl Nodes for Endless {
    type Error = Infallible;

    fn node(&self, level: u32, _: u64) -> Result<Hash, Infallible> {
        Ok(self.levels[level as usize])
    }
}

/// Returns the hash of a leaf that tests use.
pub(crate) fn leaf(index: u64) -> Hash {
    leaf_hash(format!("leaf {index}").as_bytes())
}

/// The Merkle tree hash as RFC 6962, section 2.1, spells it out.
pub(crate) fn mth(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            node_hash(&mth(left), &mth(right))
        }
    }
}

/// The audit path as RFC 6962, section 2.1.1, spells it out.
pub(crate) fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let middle = leaves.len().next_power_of_two() / 2;
    let (left, right) = leaves.split_at(middle);
    let (mut path, sibling) = if index < middle {
        (path(index, left), mth(right))
    } else {
        (path(index - middle, right), mth(left))
    };
    path.push(sibling);
    path
}

/// The consistency proof as RFC 6962, section 2.1.2, spells it out.
pub(crate) fn subproof(old: usize, leaves: &[Hash], is_known: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if is_known { Vec::new() } else { vec![mth(leaves)] };
    }
    let middle = leaves.len().next_power_of_two() / 2;
    let (left, right) = leaves.split_at(middle);
    let (mut proof, sibling) = if old <= middle {
        (subproof(old, left, is_known), mth(right))
    } else {
        (subproof(old - middle, right, false), mth(left))
    };
    proof.push(sibling);
    proof
}

/// Returns the key of this name, type and number.
pub(crate) fn signer(name: &str, kind: SignatureType, number: u8) -> SeedSigner {
    SeedSigner::new(name.parse().unwrap(), kind, &[number; 32])
}
