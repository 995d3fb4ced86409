//! Proofs that a leaf is in a tree, and that a tree only grew (RFC 6962, sections 2.1.1 and 2.1.2).

use crate::tlog::{Hash, empty_root, node_hash};

/// The most hashes in any proof about a tree of fewer than 2^64 leaves.
pub const HASHES_MAX: usize = 65;

/// Wherever the full subtrees of a tree are kept.
pub trait Nodes {
    /// Why a node cannot be had.
    type Error;

    /// Returns the root of the full subtree of 2^`level` leaves that is the `index`-th of its level.
    ///
    /// # Errors
    ///
    /// Returns why it cannot be had.
    fn node(&self, level: u32, index: u64) -> Result<Hash, Self::Error>;
}

/// A proof does not show what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// There is no such leaf in the tree.
    #[error("there is no leaf {index} in a tree of {size} leaves")]
    Outside {
        /// The place of the leaf.
        index: u64,
        /// How many leaves the tree has.
        size: u64,
    },
    /// A smaller tree does not continue a larger one.
    #[error("a tree of {size} leaves does not continue one of {old}")]
    Backwards {
        /// How many leaves the older tree has.
        old: u64,
        /// How many the newer one has.
        size: u64,
    },
    /// It has too many or too few hashes.
    #[error("the proof has {found} hashes where {expected} belong")]
    Length {
        /// How many there are.
        found: usize,
        /// How many there must be.
        expected: usize,
    },
    /// The hashes do not lead to the root of the tree.
    #[error("the proof does not lead to the root of the tree")]
    Root,
    /// The hashes do not lead to the root of the older tree.
    #[error("the proof does not lead to the root of the older tree")]
    OldRoot,
}

/// Returns the root of a tree of `size` leaves.
///
/// # Errors
///
/// Returns what the nodes say when one cannot be had.
pub fn root<N: Nodes>(nodes: &N, size: u64) -> Result<Hash, N::Error> {
    range(nodes, 0, size)
}

/// Returns the hashes that lead from the leaf `index` to the root of a tree of `size` leaves, the leaf's
/// sibling first; none when there is no such leaf.
///
/// # Errors
///
/// Returns what the nodes say when one cannot be had.
pub fn inclusion<N: Nodes>(nodes: &N, index: u64, size: u64) -> Result<Vec<Hash>, N::Error> {
    let mut hashes = Vec::new();
    if index >= size {
        return Ok(hashes);
    }
    let (mut start, mut end) = (0, size);
    while end - start > 1 {
        let middle = start + left_leaves(end - start);
        if index < middle {
            hashes.push(range(nodes, middle, end)?);
            end = middle;
        } else {
            hashes.push(range(nodes, start, middle)?);
            start = middle;
        }
    }
    hashes.reverse();
    Ok(hashes)
}

/// Returns the hashes that show that a tree of `size` leaves begins with one of `old`; none when `old` is 0
/// or not smaller.
///
/// # Errors
///
/// Returns what the nodes say when one cannot be had.
pub fn consistency<N: Nodes>(nodes: &N, old: u64, size: u64) -> Result<Vec<Hash>, N::Error> {
    let mut hashes = Vec::new();
    if old == 0 || old >= size {
        return Ok(hashes);
    }
    let (mut start, mut end) = (0, size);
    while end != old {
        let middle = start + left_leaves(end - start);
        if old <= middle {
            hashes.push(range(nodes, middle, end)?);
            end = middle;
        } else {
            hashes.push(range(nodes, start, middle)?);
            start = middle;
        }
    }
    // Whoever verifies holds the root of the older tree; only a part of it must be told.
    if start != 0 {
        hashes.push(range(nodes, start, end)?);
    }
    hashes.reverse();
    Ok(hashes)
}

/// Checks that the leaf with this hash is the `index`-th of the tree of `size` leaves with this root.
///
/// # Errors
///
/// Returns what the proof fails to show.
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::Outside { index, size });
    }
    let shape = Shape::of(index, size);
    let (inner, border) = shape.part(proof)?;
    let node = up_border(up(*leaf, inner, index), border);
    if node == *root { Ok(()) } else { Err(ProofError::Root) }
}

/// Checks that the tree of `size` leaves with the root `root` begins with the tree of `old` leaves with the
/// root `old_root`.
///
/// Every tree begins with the empty one, so that needs no hashes, but `old_root` must be its root.
///
/// # Errors
///
/// Returns what the proof fails to show.
pub fn verify_consistency(
    old: u64,
    size: u64,
    proof: &[Hash],
    old_root: &Hash,
    root: &Hash,
) -> Result<(), ProofError> {
    if old > size {
        return Err(ProofError::Backwards { old, size });
    }
    if old == size || old == 0 {
        if !proof.is_empty() {
            return Err(ProofError::Length { found: proof.len(), expected: 0 });
        }
        return if old == size && old_root != root {
            Err(ProofError::Root)
        } else if old != size && *old_root != empty_root() {
            Err(ProofError::OldRoot)
        } else {
            Ok(())
        };
    }
    // The path of the last leaf of the older tree, from the largest full subtree that ends with it.
    let level = old.trailing_zeros();
    let shape = Shape::of((old - 1) >> level, size_at(size, level));
    let (seed, path) = if old.is_power_of_two() {
        (*old_root, proof)
    } else {
        let (seed, path) =
            proof.split_first().ok_or(ProofError::Length { found: 0, expected: shape.len() + 1 })?;
        (*seed, path)
    };
    let (inner, border) = shape.part(path).map_err(|_| ProofError::Length {
        found: proof.len(),
        expected: shape.len() + usize::from(!old.is_power_of_two()),
    })?;
    let index = (old - 1) >> level;
    if up_border(up_left(seed, inner, index), border) != *old_root {
        return Err(ProofError::OldRoot);
    }
    if up_border(up(seed, inner, index), border) != *root {
        return Err(ProofError::Root);
    }
    Ok(())
}

/// How many hashes a path has up to where it meets the right edge of the tree, and how many from there.
struct Shape {
    inner: usize,
    border: usize,
}

impl Shape {
    /// Returns the shape of the path from the node `index` of a level that has `size` nodes; `index < size`.
    const fn of(index: u64, size: u64) -> Self {
        let inner = u64::BITS - (index ^ (size - 1)).leading_zeros();
        let border = match index.checked_shr(inner) {
            Some(rest) => rest.count_ones(),
            None => 0,
        };
        Self { inner: inner as usize, border: border as usize }
    }

    const fn len(&self) -> usize {
        self.inner + self.border
    }

    fn part<'a>(&self, proof: &'a [Hash]) -> Result<(&'a [Hash], &'a [Hash]), ProofError> {
        let wrong = ProofError::Length { found: proof.len(), expected: self.len() };
        if proof.len() != self.len() {
            return Err(wrong);
        }
        proof.split_at_checked(self.inner).ok_or(wrong)
    }
}

/// Returns how many nodes a level has in a tree of `size` leaves, the ragged one at the edge included.
const fn size_at(size: u64, level: u32) -> u64 {
    ((size - 1) >> level) + 1
}

fn up(seed: Hash, hashes: &[Hash], index: u64) -> Hash {
    hashes.iter().enumerate().fold(seed, |node, (level, sibling)| {
        if (index >> level) & 1 == 0 { node_hash(&node, sibling) } else { node_hash(sibling, &node) }
    })
}

/// Goes up as [`up`] does, but only past what is to the left: what was there before the right side grew.
fn up_left(seed: Hash, hashes: &[Hash], index: u64) -> Hash {
    hashes.iter().enumerate().fold(seed, |node, (level, sibling)| {
        if (index >> level) & 1 == 0 { node } else { node_hash(sibling, &node) }
    })
}

fn up_border(seed: Hash, hashes: &[Hash]) -> Hash {
    hashes.iter().fold(seed, |node, sibling| node_hash(sibling, &node))
}

/// Returns how many of so many leaves, two at least, are under the left child: the largest power of two
/// that is smaller.
const fn left_leaves(leaves: u64) -> u64 {
    1 << (u64::BITS - 1 - (leaves - 1).leading_zeros())
}

/// Returns the root over the leaves from `start` to before `end`, where a subtree stands in the tree.
fn range<N: Nodes>(nodes: &N, start: u64, end: u64) -> Result<Hash, N::Error> {
    let mut subtrees = Vec::new();
    let mut at = start;
    while at < end {
        // The largest full subtree that fits: as `start` is a multiple of all of them, only `end` bounds it.
        let level = (end - at).ilog2();
        subtrees.push(nodes.node(level, at >> level)?);
        at += 1 << level;
    }
    let mut edge = subtrees.into_iter().rev();
    let Some(last) = edge.next() else { return Ok(empty_root()) };
    Ok(edge.fold(last, |right, left| node_hash(&left, &right)))
}

#[cfg(test)]
mod tests;
