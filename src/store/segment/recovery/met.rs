//! What of a record decides where it stands, and what can be checked of that without its neighbours.

use std::ops::Range;

use crate::domain::id::{EntityId, EventId, RequestId};
use crate::domain::timestamp::Timestamp;
use crate::store::leaf::Leaf;
use crate::store::segment::frame::Frame;
use crate::tlog::{Hash, leaf_hash};

/// Streams with the revision that a record gives each.
///
/// Those of many records stand in one list: a record takes no memory of its own.
pub(in crate::store::segment) type Revisions = Vec<(EntityId, u64)>;

/// A record that is whole, by its checksum.
#[derive(Debug)]
pub(super) struct Met {
    pub(super) offset: u64,
    /// The byte after it.
    pub(super) after: u64,
    pub(super) position: u64,
    pub(super) append_first: u64,
    pub(super) commits: bool,
    /// The first bytes of the leaf hash of the record before, as it names them.
    pub(super) previous: [u8; 8],
    pub(super) slot: u64,
    /// What its leaf says, or what is wrong with it.
    pub(super) says: Result<Says, String>,
}

/// What the leaf of a record says that the catalog keeps.
#[derive(Debug, Clone)]
pub(in crate::store::segment) struct Says {
    pub(in crate::store::segment) id: EventId,
    /// Its submission, and its place in that.
    pub(in crate::store::segment) request: RequestId,
    pub(in crate::store::segment) index: u16,
    pub(in crate::store::segment) at: Timestamp,
    pub(in crate::store::segment) hash: Hash,
    /// Which of the revisions beside it are its own.
    pub(in crate::store::segment) streams: Range<usize>,
}

impl Met {
    /// Reads a record of the log `log_id`, whose leaf is read into `leaf`; its revisions are added to the others.
    pub(super) fn of(
        log_id: &str,
        frame: &Frame<'_>,
        offset: u64,
        leaf: &mut Leaf,
        revisions: &mut Revisions,
    ) -> Self {
        Self {
            offset,
            after: offset + frame.len() as u64,
            position: frame.position,
            append_first: frame.append_first,
            commits: frame.commits,
            previous: frame.previous,
            slot: frame.slot,
            says: says(log_id, frame, leaf, revisions),
        }
    }
}

fn says(log_id: &str, frame: &Frame<'_>, leaf: &mut Leaf, revisions: &mut Revisions) -> Result<Says, String> {
    leaf.decode_into(frame.leaf).map_err(|error| error.to_string())?;
    if leaf.pos != frame.position || leaf.log != log_id {
        return Err("the leaf is that of another record".to_owned());
    }
    if frame.position.checked_sub(u64::from(leaf.sub.index)) != Some(frame.append_first) {
        return Err("the record names another append than its leaf".to_owned());
    }
    Ok(Says::of(leaf, leaf_hash(frame.leaf), revisions))
}

impl Says {
    /// Returns what a leaf with this hash says; its revisions are added to the others.
    pub(in crate::store::segment) fn of(leaf: &Leaf, hash: Hash, revisions: &mut Revisions) -> Self {
        let from = revisions.len();
        revisions.extend(leaf.streams.iter().map(|(stream, revision, _)| (*stream, *revision)));
        Self {
            id: leaf.sub.id,
            request: leaf.sub.request,
            index: leaf.sub.index,
            at: leaf.at,
            hash,
            streams: from..revisions.len(),
        }
    }
}
