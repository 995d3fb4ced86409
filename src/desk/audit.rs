//! What an outsider gets who wants to check the record, and the check itself.
//!
//! A bundle is a directory that stands for itself: signed checkpoints, the tree as C2SP publishes it, the
//! texts that may be disclosed, proofs and time stamps. `verify` needs nothing else but a key that its reader
//! got in another way.

pub mod archive;
pub mod bundle;
pub mod export;
pub mod held;
#[cfg(test)]
mod independent;
mod manifest;
mod nodes;
mod release;
pub mod show;
pub mod stamp;
mod state;
pub mod summary;
#[cfg(test)]
pub(crate) mod testing;
pub mod verify;

use crate::store::leaf::HexHash;
use crate::tlog::Hash;

/// What the bundle says of itself.
pub(crate) const MANIFEST: &str = "manifest.json";
/// The checkpoint of the bundle.
const CHECKPOINT: &str = "checkpoint";
/// The keys of the log, for information: whoever checks has them from elsewhere.
const VKEY: &str = "vkey";
/// The keys of the witnesses that the policy names.
const WITNESS_VKEY: &str = "witness.vkey";
/// The policy of witnesses.
const POLICY: &str = "policy";
/// How to check the bundle without this program.
const GUIDE: &str = "VERIFY.md";
/// The positions whose texts are withheld.
const WITHHELD: &str = "withheld";

fn checkpoint_path(size: u64) -> String {
    format!("checkpoints/{size}")
}

fn consistency_path(old: u64) -> String {
    format!("consistency/{old}")
}

fn proof_path(index: u64) -> String {
    format!("proofs/{index}.tlog-proof")
}

fn timestamp_path(size: u64) -> String {
    format!("timestamps/{size}.tsr")
}

fn state_path(size: u64) -> String {
    format!("states/{size}.json")
}

fn body_path(commitment: &Hash) -> String {
    format!("bodies/{}", HexHash(*commitment))
}
