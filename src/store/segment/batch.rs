//! What is written at once: submissions that got their places, and those that did not.

use std::collections::HashSet;

use crate::domain::id::{EventId, RequestId};
use crate::store::segment::Shared;
use crate::store::segment::catalog::{EVENTS_MAX, LOST};
use crate::store::segment::frame::Frame;
use crate::store::segment::read::LogHeads;
use crate::store::segment::writer::Job;
use crate::store::staging::{Draft, Placed, Tip};
use crate::store::submission::Prepared;
use crate::store::{AppendError, Head, Receipt, Refusal};

/// A record that has its place.
pub(super) struct Written {
    pub(super) offset: u32,
    pub(super) slot: u64,
    pub(super) placed: Placed,
}

/// A submission that has its place, and the log that ends with it.
struct Accepted {
    job: Job,
    first: u64,
    head: Head,
}

/// What is written at once, and the answers that wait for it.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) bytes: Vec<u8>,
    pub(super) written: Vec<Written>,
    accepted: Vec<Accepted>,
    /// Outcomes that others of the batch may have led to, so they wait for it as well.
    settled: Vec<(Job, Result<Receipt, AppendError>)>,
    ids: HashSet<EventId>,
    pub(super) tip: Tip,
}

impl Batch {
    /// Gives the submissions their places behind byte `end`, and returns those that must wait for the next
    /// batch: a second submission of one id must see what became of the first.
    pub(super) fn place(&mut self, shared: &Shared, end: u64, jobs: Vec<Job>) -> Vec<Job> {
        let mut requests: HashSet<RequestId> = HashSet::with_capacity(jobs.len());
        let (jobs, waiting): (Vec<Job>, Vec<Job>) =
            jobs.into_iter().partition(|job| requests.insert(job.prepared.request));
        let mut fresh = Vec::with_capacity(jobs.len());
        for job in jobs {
            match shared.repeated(&job.prepared) {
                Ok(None) => fresh.push((Self::known(shared, &job.prepared), job)),
                Ok(Some(receipt)) => self.settled.push((job, Ok(receipt))),
                Err(error) => self.settled.push((job, Err(error))),
            }
        }
        let log = shared.places();
        let heads = LogHeads { log_id: &shared.log_id, places: &log };
        let mut draft = Draft::new(&heads, log.catalog.tip.clone());
        for (known, job) in fresh {
            let placed = draft
                .check(&job.prepared)
                .and(known)
                .and_then(|()| self.check_ids(&job.prepared))
                .and_then(|()| room(&draft, &job.prepared))
                .and_then(|()| draft.place(&shared.log_id, (shared.clock)(), &job.prepared.events));
            match placed {
                Ok(placed) => self.take(shared, end, job, placed, draft.tip.head()),
                Err(error) => self.settled.push((job, Err(error))),
            }
        }
        self.tip = draft.finish().1;
        waiting
    }

    /// Checks that no id of a submission is taken in the log, and that its attachments are stored.
    fn known(shared: &Shared, prepared: &Prepared) -> Result<(), AppendError> {
        for (index, event) in prepared.events.iter().enumerate() {
            let id = event.submission.id;
            if shared.position_of(id).map_err(|_| AppendError::Damaged)?.is_some() {
                return Err(Refusal::EventKnown(id).into());
            }
            if event.submission.attachments.iter().any(|hash| !shared.attachments.has(&hash.0)) {
                return Err(Refusal::NoSuchAttachment { index }.into());
            }
        }
        Ok(())
    }

    /// Checks that no id of a submission is taken in the batch or twice in the submission itself.
    fn check_ids(&self, prepared: &Prepared) -> Result<(), AppendError> {
        let mut own = HashSet::with_capacity(prepared.events.len());
        for event in &prepared.events {
            let id = event.submission.id;
            if !own.insert(id) || self.ids.contains(&id) {
                return Err(Refusal::EventKnown(id).into());
            }
        }
        Ok(())
    }

    fn take(&mut self, shared: &Shared, end: u64, job: Job, placed: Vec<Placed>, head: Head) {
        let first = head.size - placed.len() as u64;
        let last = placed.len().saturating_sub(1);
        for (index, placed) in placed.into_iter().enumerate() {
            let slot = job.first_slot + index as u64;
            let offset = u32::try_from(end + self.bytes.len() as u64).unwrap_or(LOST);
            Frame {
                position: placed.leaf.pos,
                append_first: first,
                commits: index == last,
                begins: self.bytes.is_empty(),
                previous: placed.previous,
                slot,
                leaf: placed.text.as_bytes(),
                body: job.sealed.get(index).map(Vec::as_slice).unwrap_or_default(),
            }
            .write(&shared.log_id, &mut self.bytes);
            self.ids.insert(placed.leaf.sub.id);
            self.written.push(Written { offset, slot, placed });
        }
        self.accepted.push(Accepted { job, first, head });
    }

    /// Tells everyone what became of the batch, which is on disk.
    pub(super) fn answer(self) {
        let mut records = self.written.iter();
        for Accepted { job, first, head } in self.accepted {
            let count = job.prepared.events.len();
            let recorded_at =
                records.next().map_or_else(crate::store::epoch, |written| written.placed.leaf.at);
            // The other records of the submission.
            if let Some(skip) = count.checked_sub(2) {
                records.nth(skip);
            }
            let receipt = Receipt {
                request: job.prepared.request,
                first,
                ids: job.prepared.events.iter().map(|event| event.submission.id).collect(),
                recorded_at,
                head,
                repeated: false,
            };
            job.answer(Ok(receipt));
        }
        self.settled.into_iter().for_each(|(job, outcome)| job.answer(outcome));
    }

    /// Returns the submissions that were to be written.
    pub(super) fn requests(&self) -> impl Iterator<Item = RequestId> + '_ {
        self.written.iter().map(|written| written.placed.leaf.sub.request)
    }

    /// Tells everyone that the batch is not on disk.
    pub(super) fn fail(self, error: &AppendError) {
        self.accepted.into_iter().for_each(|accepted| accepted.job.answer(Err(error.clone())));
        for (job, outcome) in self.settled {
            // A refusal may rest on what was not written: only trying again tells.
            job.answer(outcome.map_err(|refused| refused_or(&refused, error)));
        }
    }
}

/// A refusal that cannot depend on the batch stands; any other becomes what happened to the batch.
fn refused_or(refused: &AppendError, batch: &AppendError) -> AppendError {
    match refused {
        AppendError::Moved { .. } | AppendError::Refused(Refusal::EventKnown(_)) => batch.clone(),
        AppendError::Refused(_)
        | AppendError::Full
        | AppendError::Unwritable(_)
        | AppendError::Stopped
        | AppendError::Damaged
        | AppendError::ReadOnly
        | AppendError::InDoubt
        | AppendError::Closed => refused.clone(),
    }
}

/// Positions take 32 bits in memory; a log that is fuller takes no more.
fn room(draft: &Draft<'_>, prepared: &Prepared) -> Result<(), AppendError> {
    let size = draft.tip.edge.size() + prepared.events.len() as u64;
    if size > EVENTS_MAX { Err(AppendError::Full) } else { Ok(()) }
}
