//! The one thread that writes: it drains its queue, gives every submission its place, writes once, syncs
//! once, publishes the new head, and then answers.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::time::{Duration, Instant};

use crate::domain::id::EventId;
use crate::store::segment::catalog::LOST;
use crate::store::segment::files::Segment;
use crate::store::segment::frame::Frame;
use crate::store::segment::head::DurableHead;
use crate::store::segment::zeroing::Zeroing;
use crate::store::segment::{Options, Shared, read};
use crate::store::staging::{Placed, Stage, Undo};
use crate::store::submission::Prepared;
use crate::store::{AppendError, Head, Health, Receipt, Refusal};

/// How long `head` may be behind the log.
const HEAD_BEHIND_MAX: Duration = Duration::from_secs(1);
/// The index is saved after so many events, so that opening after a crash has little to read.
const INDEX_EVENTS: u64 = 65_536;
/// Submissions written at once at most.
const BATCH_MAX: usize = 4_096;

/// A submission with its sealed bodies, and where to answer.
pub(super) struct Job {
    pub(super) prepared: Prepared,
    pub(super) sealed: Vec<Vec<u8>>,
    pub(super) first_slot: u64,
    pub(super) answer: SyncSender<Result<Receipt, AppendError>>,
}

/// A record that has its place in the batch.
struct Written {
    offset: u32,
    slot: u64,
    placed: Placed,
}

/// A submission that has its place in the batch, and the log that ends with it.
struct Accepted {
    job: Job,
    first: u64,
    head: Head,
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
    pub(super) index_size: u64,
}

impl Writer {
    /// Serves the queue until every sender is gone, then leaves everything saved.
    pub(super) fn run(mut self, queue: &Receiver<Job>) {
        let mut left: Vec<Job> = Vec::new();
        loop {
            if left.is_empty() {
                let wait = self.head_behind.map_or(Duration::from_secs(3_600), |since| HEAD_BEHIND_MAX.saturating_sub(since.elapsed()));
                match queue.recv_timeout(wait) {
                    Ok(job) => left.push(job),
                    Err(RecvTimeoutError::Timeout) => {
                        self.save_head();
                        continue;
                    }
                    Err(RecvTimeoutError::Disconnected) => break,
                }
            }
            left.extend(queue.try_iter().take(BATCH_MAX));
            left = self.batch(left);
            if self.shared.health() == Health::InDoubt {
                for job in left.drain(..).chain(queue.iter()) {
                    let _ = job.answer.send(Err(AppendError::InDoubt));
                }
                return;
            }
            if self.head_behind.is_some_and(|since| since.elapsed() >= HEAD_BEHIND_MAX) {
                self.save_head();
            }
        }
        self.close();
    }

    /// Records a batch, and returns the submissions that must wait for the next.
    fn batch(&mut self, jobs: Vec<Job>) -> Vec<Job> {
        let shared = Arc::clone(&self.shared);
        let mut stage = shared.stage();
        let mut undo = stage.begin();
        let mut batch = Batch::default();
        let mut waiting = Vec::new();
        if let Err(error) = self.roll_if_full(stage.edge.size()) {
            drop(stage);
            jobs.into_iter().for_each(|job| refuse(job, error_of(&error)));
            return waiting;
        }
        for job in jobs {
            // A second submission of the same id must see what became of the first.
            if !batch.requests.insert(job.prepared.request) {
                waiting.push(job);
                continue;
            }
            self.place(&mut stage, &mut undo, &mut batch, job);
        }
        let outcome = if batch.bytes.is_empty() { Ok(()) } else { self.write(&batch.bytes) };
        match outcome {
            Ok(()) => {
                self.publish(&stage, &mut batch);
                drop(stage);
                batch.answer();
            }
            Err(error) => {
                if error != AppendError::InDoubt {
                    stage.take_back(undo);
                }
                drop(stage);
                batch.accepted.into_iter().for_each(|accepted| refuse(accepted.job, error.clone()));
                batch.refused.into_iter().for_each(|(job, refusal)| refuse(job, refusal));
            }
        }
        waiting
    }

    /// Gives a submission its place in the batch, or says why it has none.
    fn place(&self, stage: &mut Stage, undo: &mut Undo, batch: &mut Batch, job: Job) {
        match read::repeated(&self.shared, &job.prepared) {
            Ok(None) => {}
            Ok(Some(receipt)) => return batch.repeated.push((job, receipt)),
            Err(error) => return batch.refused.push((job, error)),
        }
        if let Err(error) = stage.check(&job.prepared).and_then(|()| self.check_ids(batch, &job.prepared)) {
            return batch.refused.push((job, error));
        }
        let first = stage.edge.size();
        let now = (self.shared.clock)();
        let mut placed = Vec::with_capacity(job.prepared.events.len());
        // Taking back one submission of a batch must not take back those before it.
        let mut own = stage.begin();
        for event in &job.prepared.events {
            match stage.place(&self.shared.log_id, now, event, &mut own) {
                Ok(record) => placed.push(record),
                Err(error) => {
                    stage.take_back(own);
                    return batch.refused.push((job, error));
                }
            }
        }
        undo.take_over(own);
        let last = placed.len().saturating_sub(1);
        for (index, placed) in placed.into_iter().enumerate() {
            let slot = job.first_slot + index as u64;
            let offset = u32::try_from(self.end + batch.bytes.len() as u64).unwrap_or(LOST);
            Frame {
                position: placed.position,
                append_first: first,
                commits: index == last,
                previous: placed.previous,
                slot,
                leaf: placed.text.as_bytes(),
                body: job.sealed.get(index).map(Vec::as_slice).unwrap_or_default(),
            }
            .write(&self.shared.log_id, &mut batch.bytes);
            batch.written.push(Written { offset, slot, placed });
        }
        batch.ids.extend(job.prepared.events.iter().map(|event| event.submission.id));
        batch.accepted.push(Accepted { job, first, head: stage.head() });
    }

    fn check_ids(&self, batch: &Batch, prepared: &Prepared) -> Result<(), AppendError> {
        let mut own = HashSet::with_capacity(prepared.events.len());
        for (index, event) in prepared.events.iter().enumerate() {
            let id = event.submission.id;
            if !own.insert(id) || batch.ids.contains(&id) || read::position_of(&self.shared, id).map_err(|_| AppendError::Damaged)?.is_some() {
                return Err(Refusal::EventKnown(id).into());
            }
            if event.submission.attachments.iter().any(|hash| !self.shared.attachments.has(&hash.0)) {
                return Err(Refusal::NoSuchAttachment { index }.into());
            }
        }
        Ok(())
    }

    /// Writes and syncs.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), AppendError> {
        self.zeroing.reserve(self.end + bytes.len() as u64);
        let disk = &self.shared.disk;
        if let Err(error) = disk.write_at(&self.segment.file, bytes, self.end) {
            return Err(self.undo_write(bytes.len(), &error));
        }
        if disk.sync(&self.segment.file).is_err() {
            self.shared.set_health(Health::InDoubt);
            return Err(AppendError::InDoubt);
        }
        if self.shared.health() == Health::Full {
            self.shared.set_health(Health::Sound);
        }
        self.end += bytes.len() as u64;
        self.zeroing.wrote(&self.segment, self.end);
        Ok(())
    }

    /// A write failed: what arrived of it is cut off, so that nothing of it can ever be read as a record.
    fn undo_write(&mut self, len: usize, error: &io::Error) -> AppendError {
        self.zeroing.stop();
        let cut = self.segment.file.set_len(self.end).and_then(|()| self.segment.file.sync_data());
        if cut.is_err() {
            self.shared.set_health(Health::InDoubt);
            return AppendError::InDoubt;
        }
        tracing::warn!(bytes = len, %error, "an append was not written");
        if is_full(error) {
            self.shared.set_health(Health::Full);
            return AppendError::Full;
        }
        self.shared.set_health(Health::InDoubt);
        AppendError::InDoubt
    }

    /// Lets readers see the batch.
    fn publish(&mut self, stage: &Stage, batch: &mut Batch) {
        if batch.written.is_empty() {
            return;
        }
        let mut places = self.shared.places_mut();
        for Written { offset, slot, placed } in &batch.written {
            let sub = &placed.leaf.sub;
            places.catalog.push(*offset, sub.id.as_uuid(), sub.request.as_uuid(), sub.index, placed.hash);
            places.catalog.next_slot = places.catalog.next_slot.max(slot + 1);
        }
        places.head = stage.head();
        places.end = self.end;
        if places.head.size >= self.index_size + INDEX_EVENTS {
            self.index_size = places.head.size;
            // What is not saved is read again at the next open.
            let _ = places.catalog.save(&self.shared.dir, &self.shared.log_id, stage);
        }
        drop(places);
        self.head_behind.get_or_insert_with(Instant::now);
    }

    /// Begins the next segment when this one is long enough.
    fn roll_if_full(&mut self, size: u64) -> io::Result<()> {
        if self.end < self.options.segment_bytes_max {
            return Ok(());
        }
        self.zeroing.stop();
        self.segment.file.set_len(self.end)?;
        self.segment.file.sync_all()?;
        let segment = Arc::new(Segment::create(&self.shared.dir, size)?);
        self.shared.places_mut().segments.push(Arc::clone(&segment));
        self.segment = segment;
        self.end = 0;
        self.zeroing.start_over();
        self.shared.places_mut().end = 0;
        self.save_head();
        Ok(())
    }

    /// Says durably how far the log goes.
    pub(super) fn save_head(&mut self) {
        let head = self.shared.places().head;
        let durable = DurableHead { size: head.size, root: head.root, segment: self.segment.first, offset: self.end };
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
        if self.segment.file.metadata().is_ok_and(|data| data.len() > self.end) {
            let _ = self.segment.file.set_len(self.end).and_then(|()| self.segment.file.sync_all());
        }
        let size = self.shared.places().head.size;
        if self.head_behind.is_some() || size != self.index_size {
            self.save_head();
            let stage = self.shared.stage();
            let _ = self.shared.places_mut().catalog.save(&self.shared.dir, &self.shared.log_id, &stage);
        }
    }
}

/// What is written at once.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    written: Vec<Written>,
    accepted: Vec<Accepted>,
    repeated: Vec<(Job, Receipt)>,
    refused: Vec<(Job, AppendError)>,
    ids: HashSet<EventId>,
    requests: HashSet<crate::domain::id::RequestId>,
}

impl Batch {
    fn answer(self) {
        let mut times = self.written.iter();
        for Accepted { job, first, head } in self.accepted {
            let count = job.prepared.events.len();
            let recorded_at = times.next().map_or_else(super::super::epoch, |written| written.placed.leaf.at);
            // The other records of the submission.
            if let Some(skip) = count.checked_sub(2) {
                times.nth(skip);
            }
            let receipt = Receipt {
                request: job.prepared.request,
                first,
                ids: job.prepared.events.iter().map(|event| event.submission.id).collect(),
                recorded_at,
                head,
                repeated: false,
            };
            let _ = job.answer.send(Ok(receipt));
        }
        for (job, receipt) in self.repeated {
            let _ = job.answer.send(Ok(receipt));
        }
        for (job, error) in self.refused {
            refuse(job, error);
        }
    }
}

fn refuse(job: Job, error: AppendError) {
    // A caller that gave up waiting learns nothing, and needs nothing.
    let _ = job.answer.send(Err(error));
}

fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge | io::ErrorKind::WriteZero
    )
}

fn error_of(error: &io::Error) -> AppendError {
    if is_full(error) { AppendError::Full } else { AppendError::InDoubt }
}
