//! The one thread that writes: it drains its queue, gives every submission its place, writes once, syncs
//! once, publishes the new head, and then answers.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use crate::domain::id::RequestId;
use crate::store::segment::batch::{Batch, Written};
use crate::store::segment::files::Segment;
use crate::store::segment::forget::{Forgetting, Rewrapping};
use crate::store::segment::head::DurableHead;
use crate::store::segment::recovery::{Revisions, Says};
use crate::store::segment::takeover::Taking;
use crate::store::segment::zeroing::Zeroing;
use crate::store::segment::{Obstacle, Options, Shared, index};
use crate::store::submission::Prepared;
use crate::store::{AppendError, Receipt};

/// How long `head` may be behind the log.
const HEAD_BEHIND_MAX: Duration = Duration::from_secs(1);
/// Submissions written at once at most.
const BATCH_JOBS_MAX: usize = 4_096;
/// Bytes written at once at most, beyond the first submission.
const BATCH_BYTES_MAX: usize = 16 << 20;
/// One write has at most so many bytes: those of a batch, and of the submission that makes it full.
const AHEAD_BYTES_MAX: u64 = 64 << 20;
/// At a clean close, so many events may be left for the next opening to read.
const UNINDEXED_MAX: u64 = 512;

/// What the writer is asked to do.
pub(super) enum Work {
    Append(Job),
    TakeOver(Taking),
    Forget(Forgetting),
    Rewrap(Rewrapping),
    /// Looks at what stands there between two appends.
    Look(Look),
}

/// What looks, and tells whoever waits for it.
pub(super) type Look = Box<dyn FnOnce(&Shared) + Send>;

/// A submission with its sealed bodies, and where to answer.
pub(super) struct Job {
    pub(super) prepared: Prepared,
    pub(super) sealed: Vec<Vec<u8>>,
    pub(super) first_slot: u64,
    pub(super) answer: SyncSender<Result<Receipt, AppendError>>,
}

impl Job {
    pub(super) fn answer(self, outcome: Result<Receipt, AppendError>) {
        // A caller that gave up waiting learns nothing, and needs nothing.
        let _ = self.answer.send(outcome);
    }

    fn bytes(&self) -> usize {
        self.sealed.iter().map(|body| body.len() + 1_024).sum()
    }
}

/// The end of the log, and the right to write there.
pub(super) struct Writer {
    pub(super) shared: Arc<Shared>,
    pub(super) segment: Arc<Segment>,
    pub(super) end: u64,
    pub(super) zeroing: Zeroing,
    pub(super) options: Options,
    /// When the oldest append that `head` does not know was written.
    pub(super) head_behind: Option<Instant>,
    /// Up to where the index on disk tells.
    pub(super) indexed: u64,
    /// The index can be saved: none of its runs is missing.
    pub(super) saves_index: bool,
}

impl Writer {
    /// Serves the queue until every sender is gone, then leaves everything saved.
    pub(super) fn run(mut self, queue: &Receiver<Work>) {
        let mut left: VecDeque<Work> = VecDeque::new();
        loop {
            if left.is_empty() {
                let wait = self
                    .head_behind
                    .map_or(Duration::from_hours(1), |since| HEAD_BEHIND_MAX.saturating_sub(since.elapsed()));
                match queue.recv_timeout(wait) {
                    Ok(work) => left.push_back(work),
                    Err(RecvTimeoutError::Timeout) => {
                        self.save_head_if_behind();
                        continue;
                    }
                    Err(RecvTimeoutError::Disconnected) => break,
                }
            }
            left.extend(queue.try_iter().take(BATCH_JOBS_MAX.saturating_sub(left.len())));
            self.serve(&mut left);
            if self.shared.state(|state| state.in_doubt) {
                for work in left.drain(..).chain(queue.iter()) {
                    work.stop(&self.shared);
                }
                return;
            }
            if self.head_behind.is_some_and(|since| since.elapsed() >= HEAD_BEHIND_MAX) {
                self.save_head();
            }
        }
        self.close();
    }

    /// Does what comes first in the queue: as many appends as are written at once, or one other thing.
    fn serve(&mut self, left: &mut VecDeque<Work>) {
        let mut jobs = Vec::new();
        let mut bytes = 0;
        while bytes < BATCH_BYTES_MAX
            && let Some(work) = left.pop_front()
        {
            match work {
                Work::Append(job) => {
                    bytes += job.bytes();
                    jobs.push(job);
                }
                Work::TakeOver(taking) if jobs.is_empty() => return self.take_over(taking),
                Work::Forget(forgetting) if jobs.is_empty() => return forgetting.run(&self.shared),
                Work::Rewrap(rewrapping) if jobs.is_empty() => return rewrapping.run(&self.shared),
                Work::Look(look) if jobs.is_empty() => return look(&self.shared),
                Work::TakeOver(_) | Work::Forget(_) | Work::Rewrap(_) | Work::Look(_) => {
                    left.push_front(work);
                    break;
                }
            }
        }
        let waiting = self.batch(jobs);
        waiting.into_iter().rev().for_each(|job| left.push_front(Work::Append(job)));
    }

    /// Records a batch, and returns the submissions that must wait for the next.
    fn batch(&mut self, jobs: Vec<Job>) -> Vec<Job> {
        if let Err(error) = self.roll_if_full() {
            for job in jobs {
                job.answer(Err(error.clone()));
            }
            return Vec::new();
        }
        let shared = Arc::clone(&self.shared);
        let mut batch = Batch::default();
        let waiting = batch.place(&shared, self.end, jobs);
        match self.write(&batch) {
            Ok(()) => {
                self.publish(&batch);
                batch.answer();
                self.close_run_if_long();
            }
            Err(error) => batch.fail(&error),
        }
        waiting
    }

    /// Writes and syncs; where nobody knows whether that is done, the log takes no more, and it is known of which
    /// submissions that is.
    pub(super) fn write(&mut self, batch: &Batch) -> Result<(), AppendError> {
        let written = self.write_bytes(&batch.bytes);
        if written == Err(AppendError::InDoubt) {
            self.shared.state(|state| {
                state.in_doubt = true;
                state.doubted.extend(batch.requests());
            });
        }
        written
    }

    fn write_bytes(&mut self, bytes: &[u8]) -> Result<(), AppendError> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.zeroing.reserve(self.end + bytes.len() as u64);
        let disk = &self.shared.disk;
        if let Err(error) = disk.write_at(&self.segment.file, bytes, self.end) {
            return Err(self.undo_write(&error));
        }
        let began = Instant::now();
        let synced = disk.sync(&self.segment.file);
        self.shared.measures.sync.count(began.elapsed());
        if let Err(error) = synced {
            tracing::error!(%error, "the disk did not confirm an append");
            return Err(AppendError::InDoubt);
        }
        self.shared.state(|state| state.obstacle = None);
        self.end += bytes.len() as u64;
        self.zeroing.wrote(&self.segment, self.end);
        Ok(())
    }

    /// A write failed: what arrived of it is cut off, so that nothing of it can ever be read as a record.
    fn undo_write(&mut self, error: &io::Error) -> AppendError {
        self.zeroing.stop();
        tracing::warn!(%error, "an append was not written");
        // Where the system refuses everything, nothing arrived, and nothing need be cut off.
        let is_empty = self.is_empty_ahead();
        let cut = self.shared.disk.cut(&self.segment.file, self.end);
        if is_empty || cut.is_ok() { self.shared.hindered(error) } else { AppendError::InDoubt }
    }

    /// Tells whether nothing but zeros stands behind the end, as far as one write goes.
    fn is_empty_ahead(&self) -> bool {
        let mut piece = vec![0; 1 << 16];
        let (mut at, until) = (self.end, self.end + AHEAD_BYTES_MAX);
        while at < until {
            match self.segment.read_at(&mut piece, at) {
                Ok(0) => return true,
                Ok(have) if piece.iter().take(have).all(|byte| *byte == 0) => at += have as u64,
                Ok(_) | Err(_) => return false,
            }
        }
        true
    }

    /// Lets readers see the batch.
    pub(super) fn publish(&mut self, batch: &Batch) {
        if batch.written.is_empty() {
            return;
        }
        let mut revisions = Revisions::new();
        let mut places = self.shared.places_mut();
        for Written { offset, slot, placed } in &batch.written {
            let says = Says::of(&placed.leaf, placed.hash, &mut revisions);
            places.catalog.push(*offset, &says, &revisions, *slot);
        }
        places.catalog.settle();
        places.catalog.tip = batch.tip.clone();
        places.head = batch.tip.head();
        places.end = self.end;
        drop(places);
        self.head_behind.get_or_insert_with(Instant::now);
    }

    /// Closes a run of the index when it is long enough.
    pub(super) fn close_run_if_long(&mut self) {
        {
            let places = self.shared.places();
            if places.catalog.size() - places.catalog.run_from < index::RUN_EVENTS {
                return;
            }
        }
        self.save_index();
        self.shared.places_mut().catalog.close_run();
    }

    fn save_index(&mut self) {
        if !self.saves_index {
            return;
        }
        let saving = {
            let places = self.shared.places();
            self.indexed = places.catalog.size();
            index::prepare(&places.catalog, &self.shared.log_id)
        };
        // What is not saved is read again at the next open; later runs would have nothing to stand on.
        if let Err(error) = saving.and_then(|saving| saving.write(&self.shared.dir)) {
            tracing::warn!(%error, "the index was not saved");
            self.saves_index = false;
        }
    }

    /// Begins the next segment when this one is long enough.
    pub(super) fn roll_if_full(&mut self) -> Result<(), AppendError> {
        if self.end < self.options.segment_bytes_max {
            return Ok(());
        }
        self.zeroing.stop();
        let size = self.shared.places().head.size;
        let rolled = self
            .shared
            .disk
            .cut(&self.segment.file, self.end)
            .and_then(|()| Segment::create(&self.shared.dir, size));
        let segment = match rolled {
            Ok(segment) => Arc::new(segment),
            Err(error) => {
                tracing::warn!(%error, "the next segment was not made");
                return Err(self.shared.hindered(&error));
            }
        };
        self.end = 0;
        let mut places = self.shared.places_mut();
        places.segments.push(Arc::clone(&segment));
        places.end = 0;
        drop(places);
        self.segment = segment;
        self.save_head();
        Ok(())
    }

    fn save_head_if_behind(&mut self) {
        if self.head_behind.is_some() {
            self.save_head();
        }
    }

    /// Says durably how far the log goes.
    pub(super) fn save_head(&mut self) {
        let head = self.shared.places().head;
        let durable =
            DurableHead { size: head.size, root: head.root, segment: self.segment.first, offset: self.end };
        match durable.save(&self.shared.dir, &self.shared.log_id) {
            Ok(()) => self.head_behind = None,
            // The log itself is durable; opening finds its end without `head`.
            Err(error) => {
                tracing::warn!(%error, "the head file was not written");
                self.head_behind = Some(Instant::now());
            }
        }
    }

    /// Gives back the space ahead, and saves what makes the next opening quick.
    fn close(&mut self) {
        self.zeroing.stop();
        if self.segment.len().is_ok_and(|len| len > self.end) {
            // Zeros that stay behind the end are harmless.
            let _ = self.shared.disk.cut(&self.segment.file, self.end);
        }
        self.save_head_if_behind();
        let size = self.shared.places().head.size;
        if size >= self.indexed + UNINDEXED_MAX {
            self.save_index();
        }
        self.shared.secrets.finish();
    }
}

impl Shared {
    /// Notes why the system did not write, where nothing arrived, and returns that.
    pub(super) fn hindered(&self, error: &io::Error) -> AppendError {
        let (obstacle, refused) = if is_full(error) {
            (Obstacle::Full, AppendError::Full)
        } else {
            (Obstacle::Refused(error.to_string()), AppendError::Unwritable(error.to_string()))
        };
        self.state(|state| state.obstacle = Some(obstacle));
        refused
    }
}

impl Work {
    /// Answers what was not tried any more: in doubt is only what was in doubt before.
    fn stop(self, shared: &Shared) {
        let doubted = |request| shared.state(|state| state.doubted.contains(&request));
        let is_doubted = self.request().is_some_and(doubted);
        self.fail(if is_doubted { &AppendError::InDoubt } else { &AppendError::Stopped });
    }

    /// Returns which submission it is.
    pub(super) fn request(&self) -> Option<RequestId> {
        match self {
            Self::Append(job) => Some(job.prepared.request),
            Self::TakeOver(_) | Self::Forget(_) | Self::Rewrap(_) | Self::Look(_) => None,
        }
    }

    pub(super) fn fail(self, error: &AppendError) {
        match self {
            Self::Append(job) => job.answer(Err(error.clone())),
            Self::TakeOver(taking) => taking.fail(error),
            Self::Forget(forgetting) => forgetting.fail(error),
            Self::Rewrap(rewrapping) => rewrapping.fail(error),
            // Whoever waits learns it by that nobody answers.
            Self::Look(_) => {}
        }
    }
}

/// Tells whether the system says that there is no space.
pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge
            | io::ErrorKind::WriteZero
    )
}
