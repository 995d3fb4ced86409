//! Receipts as files: the proofs that what was recorded is in the log, for its author to keep.

use std::path::Path;

use crate::cli::failure::Failure;
use crate::desk::answer::operation::ProofRow;

/// Writes the proof of one entry into a file, or those of several into a directory.
///
/// `entries` are the positions of the entries; other events of the same append (registrations) are proved in
/// a directory alone.
pub(super) fn write(
    path: &Path,
    entries: impl Iterator<Item = u64>,
    proofs: &[ProofRow],
) -> Result<(), Failure> {
    let entries: Vec<u64> = entries.collect();
    let own = proofs.iter().find(|proof| entries == [proof.position]);
    match own {
        Some(proof) if !path.is_dir() => put(path, proof),
        Some(_) | None => write_all(path, proofs),
    }
}

/// Writes proofs into a directory, each named by its position.
pub(super) fn write_all(into: &Path, proofs: &[ProofRow]) -> Result<(), Failure> {
    if proofs.is_empty() {
        return Ok(());
    }
    std::fs::create_dir_all(into).map_err(|error| failed(into, error))?;
    proofs.iter().try_for_each(|proof| put(&into.join(format!("{}.tlog-proof", proof.position)), proof))
}

fn put(path: &Path, proof: &ProofRow) -> Result<(), Failure> {
    std::fs::write(path, &proof.proof).map_err(|error| failed(path, error))
}

fn failed(path: &Path, error: std::io::Error) -> Failure {
    Failure::File { path: path.to_owned(), doing: "write", error }
}
