//! Reading every byte of the log as if nobody had before: frames, chain, spelling, places, streams, times,
//! bodies, attachments and the root, on all cores.

mod blocks;
mod merger;

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::store::segment::checkpoint::{self, Marks};
use crate::store::segment::head::DurableHead;
use crate::store::segment::verify::blocks::{Cutter, work};
use crate::store::segment::verify::merger::Merger;
use crate::store::segment::{OpenError, Opening, SegmentStore};
use crate::store::{Clock, Damage, Head, ReadError};

/// What reading the whole log showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// The log that was checked.
    pub head: Head,
    /// Records that were read and are whole.
    pub records: u64,
    /// What is wrong; nothing when the log is sound.
    pub damages: Vec<Damage>,
    /// Bodies that opened and are what their leaves commit to.
    pub bodies: u64,
    /// Bodies that are gone because a later record says that they were removed.
    pub bodies_gone: u64,
    /// Attachments that opened and are what their leaves commit to.
    pub attachments: u64,
    /// Attachments that are not stored in this copy.
    pub attachments_elsewhere: u64,
}

/// Opens a log for reading, and reads all of it.
///
/// # Errors
///
/// Returns [`OpenError`] when there is no log, or not even its name can be told.
pub fn verify(dir: &Path, clock: Clock) -> Result<Verification, OpenError> {
    Ok(SegmentStore::open(dir, Opening::Read, clock)?.verify())
}

/// How far a verification goes into a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Depth {
    /// The leaf and what stands around it.
    Leaves,
    /// The body as well, which is opened and compared with what the leaf commits to.
    Bodies,
}

impl SegmentStore {
    /// Reads the whole log and checks everything that can be checked without a key.
    ///
    /// Damage that it finds is remembered: from then on the log takes no appends.
    pub fn verify(&self) -> Verification {
        self.verify_to(Depth::Bodies)
    }

    /// As [`SegmentStore::verify`], without opening bodies: frames, chain, leaves, places, streams, times and
    /// the root, for whoever has no business with the texts or no time.
    pub fn verify_leaves(&self) -> Verification {
        self.verify_to(Depth::Leaves)
    }

    fn verify_to(&self, depth: Depth) -> Verification {
        let shared = &self.shared;
        // First how far the log must go, then how far it goes: another process may be writing.
        let durable = DurableHead::load(&shared.dir, &shared.log_id);
        let marks = Marks::load(&shared.dir, &shared.log_id);
        let unread = self.refresh().err();
        let known = shared.state(|state| state.damages.clone());
        let (segments, end, head) = {
            let places = shared.places();
            (places.segments.clone(), places.end, places.head)
        };
        // Where the last segment is damaged, the end that was found is only that of what is sound.
        let last_is_damaged =
            segments.last().is_some_and(|last| known.iter().any(|damage| damage.file == last.name()));
        let end = (!last_is_damaged).then_some(end);
        let workers = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        let cutter = Mutex::new(Cutter::new(&shared.log_id, &segments, end));
        let merger = Mutex::new(Merger::new(shared, durable));
        std::thread::scope(|scope| {
            for _ in 0..workers {
                // What a worker found is put in its place by itself: that takes far less time than to find it.
                scope.spawn(|| {
                    let take = |found| merger.lock().unwrap_or_else(PoisonError::into_inner).take(found);
                    work(shared, depth, &cutter, take);
                });
            }
        });
        let mut merger = merger.into_inner().unwrap_or_else(PoisonError::into_inner);
        let unread = unread.map(|error| as_damage(error, head));
        let behind = match marks {
            Ok(marks) => marks
                .damage(&shared.log_id, &shared.places(), known.is_empty())
                .unwrap_or_else(|error| Some(as_damage(error, head))),
            Err(error) => Some(Damage {
                file: checkpoint::FILE.to_owned(),
                offset: 0,
                position: None,
                what: error.to_string(),
            }),
        };
        for damage in known.into_iter().chain(unread).chain(behind) {
            merger.met_before(damage);
        }
        let verification = merger.finish(head, segments.last());
        verification.damages.iter().for_each(|damage| shared.found_damage(damage));
        verification
    }
}

/// Returns what kept something from being read, as damage.
fn as_damage(error: ReadError, head: Head) -> Damage {
    match error {
        ReadError::Damaged(damage) => damage,
        ReadError::Io { file, what } => Damage { file, offset: 0, position: head.size.checked_sub(1), what },
    }
}

/// Names the positions from one up to another, with their verb.
pub(super) fn positions(from: u64, to: u64) -> String {
    match to.saturating_sub(1) {
        last if last <= from => format!("position {from} is"),
        last => format!("positions {from} to {last} are"),
    }
}
