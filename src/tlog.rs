//! Merkle trees as RFC 6962 defines them, and the texts in which the world speaks of them (C2SP), on byte
//! slices.
//!
//! Invariant: nothing here does I/O or knows what an event is. Every function is total: whatever bytes it is
//! given, it answers or says what is wrong, in bounded memory. What is read is written back byte for byte.

pub mod add_checkpoint;
pub mod checkpoint;
pub mod key;
pub mod note;
pub mod policy;
pub mod proof;
pub mod proof_file;
#[cfg(test)]
pub(crate) mod testing;
mod text;
pub mod tile;
pub mod tree;

use sha2::{Digest, Sha256};

/// A node of the tree: SHA-256.
pub type Hash = [u8; 32];

/// Returns the hash of a leaf: `SHA-256(0x00 ‖ leaf)` (RFC 6962, section 2.1).
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    Sha256::new().chain_update([0]).chain_update(leaf).finalize().into()
}

/// Returns the hash of an inner node: `SHA-256(0x01 ‖ left ‖ right)` (RFC 6962, section 2.1).
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut node = [1; 65];
    node[1..33].copy_from_slice(left);
    node[33..].copy_from_slice(right);
    Sha256::digest(node).into()
}

/// Returns the root of the empty tree: `SHA-256()` (RFC 6962, section 2.1).
pub fn empty_root() -> Hash {
    Sha256::digest([]).into()
}
