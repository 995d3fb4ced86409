//! The tree of a log, for proofs about it.

use crate::desk::error::DeskError;
use crate::store::EventStore;
use crate::tlog::Hash;
use crate::tlog::proof::Nodes;

/// The tree over the records of a log.
pub(crate) struct StoreNodes<'a>(pub(crate) &'a dyn EventStore);

impl Nodes for StoreNodes<'_> {
    type Error = DeskError;

    fn node(&self, level: u32, index: u64) -> Result<Hash, DeskError> {
        self.0.node(level, index)?.ok_or_else(|| {
            DeskError::Damaged(format!("the log no longer has the node {index} of level {level} of its tree"))
        })
    }
}
