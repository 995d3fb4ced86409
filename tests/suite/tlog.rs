//! Trees, notes and tiles against what others make of the same: public test vectors, and implementations
//! that share no code with this one.

mod differential;
mod vectors;

use std::convert::Infallible;

use demarche::tlog::proof::Nodes;
use demarche::tlog::{Hash, empty_root, leaf_hash, node_hash};

/// The leaves of a tree, from which every node is hashed anew, by the letter of RFC 6962.
pub(crate) struct Leaves(Vec<Hash>);

impl Leaves {
    pub(crate) fn new(size: u64) -> Self {
        Self((0..size).map(|index| leaf_hash(&entry(index))).collect())
    }

    pub(crate) const fn of(leaves: Vec<Hash>) -> Self {
        Self(leaves)
    }

    pub(crate) fn root(&self, size: u64) -> Hash {
        mth(&self.0[..size as usize])
    }

    fn path(&self, index: u64, size: u64) -> Vec<Hash> {
        path(index as usize, &self.0[..size as usize])
    }

    fn consistency(&self, old: u64, size: u64) -> Vec<Hash> {
        if old == 0 { Vec::new() } else { subproof(old as usize, &self.0[..size as usize], true) }
    }
}

impl Nodes for Leaves {
    type Error = Infallible;

    fn node(&self, level: u32, index: u64) -> Result<Hash, Infallible> {
        let first = (index as usize) << level;
        Ok(mth(&self.0[first..first + (1 << level)]))
    }
}

fn entry(index: u64) -> Vec<u8> {
    format!("leaf {index}").into_bytes()
}

fn mth(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            node_hash(&mth(left), &mth(right))
        }
    }
}

fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() == 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    let (mut path, sibling) = if index < left.len() {
        (path(index, left), mth(right))
    } else {
        (path(index - left.len(), right), mth(left))
    };
    path.push(sibling);
    path
}

fn subproof(old: usize, leaves: &[Hash], is_known: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if is_known { Vec::new() } else { vec![mth(leaves)] };
    }
    let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
    let (mut proof, sibling) = if old <= left.len() {
        (subproof(old, left, is_known), mth(right))
    } else {
        (subproof(old - left.len(), right, false), mth(left))
    };
    proof.push(sibling);
    proof
}
