//! Receipts: proofs that events are in the log, under a checkpoint that covers them, for their authors to keep.

use std::ops::Range;

use crate::desk::Desk;
use crate::desk::answer::operation::{ProofRow, ReceiptRow};
use crate::desk::ask::Wait;
use crate::desk::checkpoint::SignError;
use crate::desk::error::DeskError;
use crate::store::{AppendError, EventStore, Health, ReadError};
use crate::tlog::Hash;
use crate::tlog::proof::{Nodes, inclusion};
use crate::tlog::proof_file::InclusionProof;

/// How many events an answer proves at most; of the rest, `audit proof` does.
pub(super) const PROOFS_MAX: usize = 10_000;

/// The tree of a log, as proofs are made from it.
pub(super) struct Tree<'a>(pub(super) &'a dyn EventStore);

impl Nodes for Tree<'_> {
    type Error = ReadError;

    fn node(&self, level: u32, index: u64) -> Result<Hash, ReadError> {
        self.0.node(level, index)?.ok_or_else(|| ReadError::Io {
            file: "tree".to_owned(),
            what: format!("the log has no node {index} on level {level}"),
        })
    }
}

impl Desk {
    /// Refuses to wait for a checkpoint that nobody will sign; before anything is recorded.
    pub(super) fn check_signs(&self) -> Result<(), DeskError> {
        if self.signs() {
            return Ok(());
        }
        if let Health::Damaged(_) = self.store.health() {
            return Err(self.not_appended(AppendError::Damaged));
        }
        if self.beyond.is_some() {
            return Err(DeskError::Refused {
                rule: "no checkpoint can be waited for: it tells of the whole log, of which you see a part"
                    .to_owned(),
                hints: vec![
                    "record without `--wait checkpoint`, or ask somebody who sees the whole log".to_owned(),
                ],
            });
        }
        let why = self.why_unsigned().unwrap_or_else(|| "the log has no keys".to_owned());
        Err(DeskError::Refused {
            rule: format!("no checkpoint can be waited for: {why}"),
            hints: vec!["record without `--wait checkpoint`, or name the keys with `--keys`".to_owned()],
        })
    }

    /// Returns the proofs of events, in order, under a checkpoint that covers them all; it is signed now where
    /// none does yet.
    ///
    /// # Errors
    ///
    /// Returns why there is no such checkpoint; the events are recorded all the same.
    pub(super) fn prove(
        &self,
        positions: impl IntoIterator<Item = Range<u64>>,
    ) -> Result<Vec<ProofRow>, SignError> {
        let positions: Vec<u64> = positions.into_iter().flatten().collect();
        let Some(last) = positions.iter().max() else { return Ok(Vec::new()) };
        let signed = self.checkpoint_over(last + 1)?;
        let tree = Tree(self.store.as_ref());
        let prove = |position: u64| {
            let hashes = inclusion(&tree, position, signed.checkpoint.size)?;
            let proof =
                InclusionProof { index: position, extra: None, hashes, checkpoint: signed.note.clone() };
            // A proof is lines of text.
            let proof = String::from_utf8_lossy(&proof.to_bytes()).into_owned();
            Ok(ProofRow { position, proof })
        };
        positions.into_iter().take(PROOFS_MAX).map(prove).collect()
    }

    /// Adds to a receipt the proofs of its events, where a checkpoint is waited for.
    pub(super) fn prove_receipt(
        &self,
        wait: Option<Wait>,
        receipt: Option<&mut ReceiptRow>,
        notices: &mut Vec<String>,
    ) {
        if let (Some(Wait::Checkpoint), Some(receipt)) = (wait, receipt) {
            let events = receipt.first..receipt.first + receipt.ids.len() as u64;
            receipt.proofs = self.proofs_or_notice(vec![events], notices);
        }
    }

    /// Returns the proofs as [`Desk::prove`] does, or a notice that says why there are none: what was recorded
    /// stays recorded.
    pub(super) fn proofs_or_notice(
        &self,
        positions: Vec<Range<u64>>,
        notices: &mut Vec<String>,
    ) -> Vec<ProofRow> {
        let count: u64 = positions.iter().map(|range| range.end - range.start).sum();
        if count > PROOFS_MAX as u64 {
            notices.push(format!(
                "the proofs of the first {PROOFS_MAX} of {count} events are given; `audit proof` gives the others"
            ));
        }
        let proved = self.prove(positions).map_err(DeskError::from);
        let proved = proved.and_then(|proofs| Ok((proofs, self.why_unwitnessed()?)));
        match proved {
            Ok((proofs, unwitnessed)) => {
                notices.extend(unwitnessed);
                proofs
            }
            Err(error) => {
                notices.push(format!(
                    "it is recorded, and not proved yet: {error}; the same request gives the proof"
                ));
                Vec::new()
            }
        }
    }
}
