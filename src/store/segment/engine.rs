//! The engine as the rest of the house sees it.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use crate::domain::id::{EntityId, EventId, RequestId};
use crate::domain::timestamp::Timestamp;
use crate::store::measures::Measures;
use crate::store::segment::files::{bytes_left, segment_name};
use crate::store::segment::identity::Role;
use crate::store::segment::recovery::Recovery;
use crate::store::segment::scan::Window;
use crate::store::segment::secrets::Secret;
use crate::store::segment::writer::{Job, Work};
use crate::store::segment::{Access, SegmentStore, finding};
use crate::store::submission::{Prepared, prepare};
use crate::store::{
    AppendError, AttachError, Condition, Damage, EventStore, ForgetError, Head, Health, Look, NewEvent,
    ReadError, Receipt, Recorded, Records, SealedRecords, seal,
};
use crate::tlog::Hash;

impl SegmentStore {
    /// Waits until everything that was asked for is on disk, and gives the log back.
    ///
    /// # Errors
    ///
    /// Returns what the writer met; the log is as durable as its receipts say in any case.
    pub fn close(self) -> io::Result<()> {
        self.finish()
    }

    fn finish(&self) -> io::Result<()> {
        let writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(writing) = writing else { return Ok(()) };
        drop(writing.queue);
        writing.thread.join().map_err(|_| io::Error::other("the writer of the log stopped"))
    }

    /// Takes no more appends, because of something that others than its files say of it, and gives the right to
    /// write back.
    ///
    /// # Errors
    ///
    /// As [`SegmentStore::close`].
    pub fn refuse(&self, damage: &Damage) -> io::Result<()> {
        self.shared.found_damage(damage);
        self.finish()
    }

    /// Tells whether it is a copy of a log that is written elsewhere.
    pub fn is_copy(&self) -> bool {
        self.shared.state(|state| state.role == Role::Copy)
    }

    /// Returns how long it took so far.
    pub fn measures(&self) -> &Measures {
        &self.shared.measures
    }

    /// Returns how many bytes whoever appends may still write on the disk of the log.
    ///
    /// # Errors
    ///
    /// Returns what the system says.
    pub fn bytes_left(&self) -> std::io::Result<u64> {
        bytes_left(&self.shared.dir)
    }

    /// Tells whether what is appended goes to where the log is looked for: its last file was not removed, nor
    /// replaced, nor moved away with its directory.
    pub fn is_in_place(&self) -> bool {
        let Some(last) = self.shared.places().segments.last().map(Arc::clone) else { return false };
        let named = std::fs::metadata(self.shared.dir.join(segment_name(last.first)));
        let (Ok(open), Ok(named)) = (last.file.metadata(), named) else { return false };
        (open.dev(), open.ino()) == (named.dev(), named.ino())
    }

    /// Takes in what another process appended since, and returns the head.
    ///
    /// # Errors
    ///
    /// Returns [`ReadError`] when the log cannot be read; what was known before stays.
    pub fn refresh(&self) -> Result<Head, ReadError> {
        self.shared.follow();
        if self.shared.access == Access::Write || self.shared.state(|state| !state.damages.is_empty()) {
            return Ok(self.head());
        }
        let shared = &self.shared;
        let mut places = shared.places_mut();
        let known = places.segments.len();
        let later = finding::segments_after(&shared.dir, places.segments.last().map(|last| last.first))?;
        places.segments.extend(later);
        let mut recovery =
            Recovery::new(&shared.dir, &shared.log_id, std::mem::take(&mut places.catalog)).patient();
        let end = recovery.run(&places.segments, known.saturating_sub(1), places.end);
        let Recovery { catalog, damages, .. } = recovery;
        places.catalog = catalog;
        places.head = places.catalog.tip.head();
        if let Ok(end) = end {
            places.end = end;
            finding::make_durable(&places)?;
        }
        for damage in &damages {
            shared.found_damage(damage);
        }
        end.map(|_| places.head)
    }

    /// Reads every record and checks that it is whole, and returns how many there are: what reading alone
    /// costs, without looking at what the records say.
    ///
    /// # Errors
    ///
    /// Returns [`ReadError`] at the first record that is not whole.
    pub fn scan(&self) -> Result<u64, ReadError> {
        let segments = self.shared.places().segments.clone();
        let mut left = self.head().size;
        for segment in segments {
            let mut window = Window::new(segment);
            let mut offset = 0;
            while left > 0 {
                let Some(len) = window.whole_record(&self.shared.log_id, offset)? else { break };
                offset += len;
                left -= 1;
            }
        }
        Ok(self.head().size - left)
    }

    /// Hands work to the writer.
    pub(super) fn send(&self, work: Work) -> Result<(), AppendError> {
        let queue = {
            let writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
            writing.as_ref().map(|writing| writing.queue.clone())
        };
        let request = work.request();
        let sent = queue.map(|queue| queue.send(work).is_ok());
        if sent == Some(true) { Ok(()) } else { Err(self.why_not(request).unwrap_or(AppendError::Closed)) }
    }

    /// Returns why nothing can be appended, as far as that is known beforehand; of a submission that was in doubt nobody
    /// knows more than then.
    fn why_not(&self, request: Option<RequestId>) -> Option<AppendError> {
        self.shared.state(|state| {
            if !state.damages.is_empty() {
                Some(AppendError::Damaged)
            } else if self.shared.access == Access::Read {
                Some(AppendError::ReadOnly)
            } else if state.in_doubt {
                let is_doubted = request.is_some_and(|request| state.doubted.contains(&request));
                Some(if is_doubted { AppendError::InDoubt } else { AppendError::Stopped })
            } else {
                None
            }
        })
    }

    /// Seals the bodies under secrets that are on disk, and returns the first slot with them.
    fn seal_all(&self, prepared: &Prepared) -> Result<(u64, Vec<Vec<u8>>), AppendError> {
        let first = self.shared.secrets.take(prepared.events.len() as u64).map_err(|error| {
            tracing::warn!(%error, "no secrets were drawn");
            if error.kind() == io::ErrorKind::InvalidData {
                AppendError::Damaged
            } else {
                self.shared.hindered(&error)
            }
        })?;
        let seal_one = |(index, event): (usize, &crate::store::submission::PreparedEvent)| {
            let Secret::Live(secret) = self.shared.secrets.of(first + index as u64) else {
                return Err(AppendError::Damaged);
            };
            Ok(seal::seal(&secret, &event.submission.commitment.0, &event.salt, event.body.as_bytes()))
        };
        let sealed: Result<_, AppendError> = prepared.events.iter().enumerate().map(seal_one).collect();
        Ok((first, sealed?))
    }
}

impl Drop for SegmentStore {
    fn drop(&mut self) {
        // Whoever wants to know how it went closes it.
        let _ = self.finish();
    }
}

impl EventStore for SegmentStore {
    fn append(
        &self,
        events: Vec<NewEvent>,
        condition: Condition,
        request: RequestId,
    ) -> Result<Receipt, AppendError> {
        let began = Instant::now();
        let prepared = prepare(&self.shared.log_id, events, condition, request)?;
        if let Some(reason) = self.why_not(Some(request)) {
            return Err(reason);
        }
        if self.shared.state(|state| state.role == Role::Copy) {
            return self.shared.repeated(&prepared)?.ok_or(AppendError::ReadOnly);
        }
        // Sealing again what stands in the log would be for nothing.
        if let Some(receipt) = self.shared.repeated(&prepared)? {
            return Ok(receipt);
        }
        let (first_slot, sealed) = self.seal_all(&prepared)?;
        let (answer, outcome) = sync_channel(1);
        let _waits = self.shared.measures.waiting.one();
        self.send(Work::Append(Job { prepared, sealed, first_slot, answer }))?;
        let receipt = outcome.recv().unwrap_or(Err(AppendError::InDoubt))?;
        self.shared.measures.append.count(began.elapsed());
        Ok(receipt)
    }

    fn head(&self) -> Head {
        self.shared.places().head
    }

    fn log_id(&self) -> &str {
        &self.shared.log_id
    }

    fn last_at(&self) -> Option<Timestamp> {
        let (known, size) = {
            let places = self.shared.places();
            (places.catalog.tip.last_at, places.head.size)
        };
        known.or_else(|| Some(self.at(size.checked_sub(1)?).ok()??.at))
    }

    fn read(&self, from: u64, to: u64) -> Records<'_> {
        Box::new(self.shared.records(from, to))
    }

    fn show(&self, from: u64, to: u64, look: &mut Look<'_>) {
        self.shared.show(from, to, look);
    }

    fn at(&self, position: u64) -> Result<Option<Recorded>, ReadError> {
        self.shared.at(position)
    }

    fn prefetch(&self, positions: &[u64]) {
        self.shared.prefetch(positions);
    }

    fn leaf_hash(&self, position: u64) -> Result<Option<Hash>, ReadError> {
        self.shared.hash(position)
    }

    fn node(&self, level: u32, index: u64) -> Result<Option<Hash>, ReadError> {
        self.shared.node(level, index)
    }

    fn root_at(&self, size: u64) -> Result<Option<Hash>, ReadError> {
        let places = self.shared.places();
        if size > places.head.size {
            return Ok(None);
        }
        self.shared.noted(places.head_at(&self.shared.log_id, size)).map(|head| Some(head.root))
    }

    fn forget(&self, positions: &[u64]) -> Result<(), ForgetError> {
        if let Some(reason) = self.why_not(None) {
            return Err(reason.into());
        }
        self.ask_to_forget(positions)
    }

    fn is_forgotten(&self, position: u64) -> Result<bool, ReadError> {
        self.shared.is_forgotten(position)
    }

    fn position_of(&self, id: EventId) -> Result<Option<u64>, ReadError> {
        self.shared.position_of(id)
    }

    fn event(&self, id: EventId) -> Result<Option<Recorded>, ReadError> {
        self.shared.follow();
        self.shared.event(id)
    }

    fn between(&self, low: EventId, high: EventId, max: usize) -> Result<Vec<(EventId, u64)>, ReadError> {
        self.shared.between(low, high, max)
    }

    fn receipt_of(&self, request: RequestId) -> Result<Option<Receipt>, ReadError> {
        self.shared.receipt_of(request)
    }

    fn stream(&self, id: EntityId) -> Option<(u64, u64)> {
        let last = self.shared.places().catalog.streams.get(id)?;
        Some((u64::from(last.revision), u64::from(last.position)))
    }

    fn sealed(&self, from: u64, to: u64) -> SealedRecords<'_> {
        Box::new(self.shared.sealed_records(from, to))
    }

    fn attach(&self, bytes: &[u8]) -> Result<Hash, AttachError> {
        if self.why_not(None).is_some() || self.shared.state(|state| state.role == Role::Copy) {
            return Err(AttachError::ReadOnly);
        }
        let salt = seal::random().map_err(AttachError::Io)?;
        self.shared.attachments.store(&salt, bytes).map_err(AttachError::Io)
    }

    fn attachment(&self, commitment: &Hash) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(self.shared.attachments.get(commitment)?.map(|(_, bytes)| bytes))
    }

    fn health(&self) -> Health {
        self.shared.health()
    }
}
