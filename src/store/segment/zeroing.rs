//! Space ahead of the log, filled with zeros before it is written: an append into it costs one write to the
//! disk instead of two, and what a crash leaves of one can be told from damage.

use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::thread::JoinHandle;

use crate::store::segment::files::Segment;

/// Bytes filled ahead.
const AHEAD: u64 = 8 << 20;
/// Appends before it begins: a command that records one call need not fill eight megabytes.
const APPENDS_MIN: u32 = 16;
/// Bytes written at once.
const STEP: u64 = 1 << 20;

/// Up to where a segment is filled, and who fills it.
#[derive(Default)]
pub(super) struct Zeroing {
    zeroed: u64,
    appends: u32,
    /// While it runs, nothing else is written beyond `zeroed`.
    worker: Option<JoinHandle<u64>>,
}

impl Zeroing {
    /// Waits until the bytes up to `end` may be written.
    pub(super) fn reserve(&mut self, end: u64) {
        if end > self.zeroed || self.worker.as_ref().is_some_and(JoinHandle::is_finished) {
            self.finish();
        }
    }

    /// Learns that the log now ends at `end`, and fills ahead when little is left.
    pub(super) fn wrote(&mut self, segment: &Arc<Segment>, end: u64) {
        self.zeroed = self.zeroed.max(end);
        self.appends = self.appends.saturating_add(1);
        if self.worker.is_some() || self.appends < APPENDS_MIN || self.zeroed - end > AHEAD / 2 {
            return;
        }
        let (from, to, segment) = (self.zeroed, self.zeroed + AHEAD, Arc::clone(segment));
        self.worker = std::thread::Builder::new()
            .name("zeroing".to_owned())
            .spawn(move || fill(&segment, from, to))
            .ok();
    }

    fn finish(&mut self) {
        if let Some(worker) = self.worker.take() {
            self.zeroed = worker.join().unwrap_or(self.zeroed).max(self.zeroed);
        }
    }

    /// Waits for the worker; what it filled may be cut off.
    pub(super) fn stop(&mut self) {
        self.finish();
        self.zeroed = 0;
    }
}

impl Drop for Zeroing {
    fn drop(&mut self) {
        // Whoever opens the log next must not meet zeros that arrive late.
        self.finish();
    }
}

/// Fills with zeros, and returns up to where it came.
fn fill(segment: &Segment, from: u64, to: u64) -> u64 {
    let zeros = vec![0; usize::try_from(STEP).unwrap_or(0)];
    let mut at = from;
    while at < to {
        let len = usize::try_from((to - at).min(STEP)).unwrap_or(0);
        let step = zeros.get(..len).unwrap_or_default();
        // A full disk is met by the append itself; here it only means less space ahead.
        if segment.file.write_all_at(step, at).and_then(|()| segment.file.sync_data()).is_err() {
            break;
        }
        at += len as u64;
    }
    at
}
