//! Receipts as files: the proofs that what was recorded is in the log, for its author to keep.

use std::path::Path;

use crate::cli::failure::Failure;
use crate::cli::fresh;
use crate::cli::output::Text;
use crate::cli::session::Session;
use crate::cli::words;
use crate::desk::answer::operation::{ProofRow, ReceiptRow};

/// Refuses, before anything is recorded, a file that is there and a place within the data directory.
pub(super) fn check(session: &Session, path: Option<&Path>) -> Result<(), Failure> {
    match path {
        Some(path) if path.is_dir() => fresh::apart(session, path),
        Some(path) => fresh::check(session, path),
        None => Ok(()),
    }
}

/// Says that a signed checkpoint covers what was recorded, where that was waited for.
pub(super) fn told(receipt: Option<&ReceiptRow>, text: &mut Text) {
    if let Some(proofs) = receipt.map(|receipt| receipt.proofs.len()).filter(|count| *count > 0) {
        text.line(format!(
            "a signed checkpoint covers it: {}",
            words::count(proofs as u64, "proof", "proofs")
        ));
    }
}

/// Writes the proof of one entry into a file, or those of several into a directory.
///
/// `entries` are the positions of the entries; other events of the same append (registrations) are proved in
/// a directory alone.
pub(super) fn write(
    session: &Session,
    path: &Path,
    entries: impl Iterator<Item = u64>,
    proofs: &[ProofRow],
) -> Result<(), Failure> {
    let entries: Vec<u64> = entries.collect();
    let own = proofs.iter().find(|proof| entries == [proof.position]);
    match own {
        Some(proof) if !path.is_dir() => put(session, path, proof),
        Some(_) | None => write_all(session, path, proofs),
    }
}

/// Writes proofs into a directory, each named by its position.
pub(super) fn write_all(session: &Session, into: &Path, proofs: &[ProofRow]) -> Result<(), Failure> {
    if proofs.is_empty() {
        return Ok(());
    }
    fresh::apart(session, into)?;
    std::fs::create_dir_all(into).map_err(|error| Failure::File {
        path: into.to_owned(),
        doing: "written",
        error,
    })?;
    proofs
        .iter()
        .try_for_each(|proof| put(session, &into.join(format!("{}.tlog-proof", proof.position)), proof))
}

fn put(session: &Session, path: &Path, proof: &ProofRow) -> Result<(), Failure> {
    fresh::write(session, path, proof.proof.as_bytes()).map_err(|failure| {
        // Which position an entry gets, and so which file, is not known before it is recorded.
        let Failure::Refused { what, .. } = failure else { return failure };
        Failure::Refused {
            what: format!("{what}; what was recorded stands, and this proof of it was not saved"),
            hint: format!("`demarche audit proof '#{}' --out FILE` gives it again", proof.position),
        }
    })
}
