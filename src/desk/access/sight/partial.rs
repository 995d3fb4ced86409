//! The log as far as somebody sees it: what they may not see is not in it, and positions are dense again.
//!
//! It is the log that there would be if what they may not see had never been recorded. So what came into a register
//! because an entry named it stands in front of the first entry that they see and that names it, recorded with that
//! entry: where it really stands, and when it was really recorded, would tell of an entry that they may not see.

mod rows;

use std::sync::{Arc, OnceLock, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak};

use crate::desk::Desk;
use crate::desk::access::sight::partial::rows::{Row, Rows};
use crate::desk::access::sight::restriction::Clearance;
use crate::desk::access::sight::sights::Marked;
use crate::desk::access::sight::strip;
use crate::desk::bookmarks::Stop;
use crate::desk::error::DeskError;
use crate::domain::event::{ACCOUNTS, INCIDENTS, KEYS};
use crate::domain::id::{EntityId, EventId, RequestId};
use crate::domain::timestamp::Timestamp;
use crate::store::{
    AppendError, AttachError, Condition, EventStore, ForgetError, Head, Health, NewEvent, ReadError, Receipt,
    Recorded, Records, Sealed, SealedRecords,
};
use crate::tlog::Hash;

/// So many events are read at a time.
const STRETCH: usize = 1_024;

/// The log as far as somebody sees it.
pub(in crate::desk) struct Partial {
    pub(super) store: Arc<dyn EventStore>,
    pub(super) marked: Arc<Marked>,
    pub(super) clearance: Clearance,
    // The desk over the whole log, which has this one.
    pub(super) house: Weak<Desk>,
    // The desk over this part.
    pub(super) own: OnceLock<Weak<Desk>>,
    seen: RwLock<Rows>,
}

impl Partial {
    /// Returns the part of a log that somebody sees.
    pub(super) fn new(
        store: Arc<dyn EventStore>,
        marked: Arc<Marked>,
        clearance: Clearance,
        house: Weak<Desk>,
    ) -> Self {
        Self { store, marked, clearance, house, own: OnceLock::new(), seen: RwLock::default() }
    }

    fn rows(&self) -> RwLockReadGuard<'_, Rows> {
        self.seen.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn rows_to_change(&self) -> RwLockWriteGuard<'_, Rows> {
        self.seen.write().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Takes in what was recorded since.
    ///
    /// # Errors
    ///
    /// Returns [`DeskError::Damaged`] where it is not known who may see what; then nothing more is seen.
    pub(super) fn catch_up(&self) -> Result<(), DeskError> {
        let taken = u64::from(self.rows().taken);
        if self.store.head().size == taken && self.rows().is_hashed() && !self.has_changed() {
            return Ok(());
        }
        let mut rows = self.rows_to_change();
        self.marked.with(|marks| {
            marks.catch_up(self.store.as_ref())?;
            rows.catch_up(marks, &self.clearance);
            rows.hash(self.store.as_ref())
        })
    }

    fn has_changed(&self) -> bool {
        let changes = self.rows().changes;
        self.marked.with(|marks| marks.changes() != changes)
    }

    /// Tells whether some earlier event is seen now and was not, or the other way round: then another part is to be
    /// made, in which it stands in its place.
    pub(super) fn is_outdated(&self) -> bool {
        self.rows().outdated
    }

    /// Returns where the whole was looked at when the part had so many events: what comes later comes behind that.
    pub(super) fn whole(&self, size: u64) -> u64 {
        let rows = self.rows();
        rows.row(size).map_or_else(|| u64::from(rows.taken), |next| u64::from(next.anchor))
    }

    /// Returns how many events of the part stand before a position of the whole.
    pub(super) fn before(&self, position: u64) -> u64 {
        self.rows().before(position)
    }

    /// As [`Rows::stop`].
    pub(super) fn stop(&self, next: u64) -> Option<Stop> {
        self.rows().stop(next)
    }

    /// As [`Rows::after`].
    pub(super) fn after(&self, stop: Stop) -> Option<u64> {
        self.rows().after(stop)
    }

    /// Returns where an event stands in the whole log.
    pub(super) fn whole_place_of(&self, id: EventId) -> Result<Option<u32>, ReadError> {
        Ok(self.store.position_of(id)?.and_then(|place| u32::try_from(place).ok()))
    }

    /// Returns the position in the part of an event; none where it is not seen, or is not there.
    pub(super) fn place_of(&self, id: EventId) -> Result<Option<u32>, ReadError> {
        Ok(self.whole_place_of(id)?.and_then(|place| self.rows().place(place)))
    }

    /// Tells whether an event that was brought along by an entry is in the log, and not seen yet.
    pub(super) fn waits(&self, id: EventId) -> Result<bool, ReadError> {
        let Some(place) = self.whole_place_of(id)? else { return Ok(false) };
        let seen = self.rows().sources.contains(place);
        let waits =
            self.marked.with(|marks| marks.was_brought(place) && marks.lets_see(&self.clearance, place));
        Ok(!seen && waits)
    }

    /// Returns a record of the whole as it stands in the part.
    fn shown(&self, mut recorded: Recorded, position: u64, row: Row) -> Result<Recorded, ReadError> {
        let place = u32::try_from(recorded.position).unwrap_or(u32::MAX);
        if row.anchor != row.source
            && let Some(first) = self.store.at(u64::from(row.anchor))?
        {
            let behind = self.rows().before(u64::from(row.anchor) + 1).saturating_sub(position + 1).max(1);
            let at = first.at.micros().saturating_sub(i64::try_from(behind).unwrap_or(1));
            recorded.at = Timestamp::from_micros(at).unwrap_or(first.at);
            recorded.request = first.request;
            recorded.actor = first.actor;
        }
        recorded.position = position;
        if self.marked.with(|marks| marks.may_be_stripped(place)) {
            strip::strip(self, place, &mut recorded)?;
        }
        Ok(recorded)
    }

    /// Returns the rows from a position on, and the position.
    fn stretch(&self, from: u64, to: u64) -> Vec<(u64, Row)> {
        let rows = self.rows();
        let from_row = usize::try_from(from).unwrap_or(usize::MAX);
        (from..to).zip(rows.rows.iter().skip(from_row)).take(STRETCH).map(|(at, row)| (at, *row)).collect()
    }

    fn read_stretch(&self, rows: &[(u64, Row)]) -> Vec<Result<Recorded, ReadError>> {
        let mut read = Vec::with_capacity(rows.len());
        let follows = |one: &(u64, Row), next: &(u64, Row)| one.1.source + 1 == next.1.source;
        for run in rows.chunk_by(follows) {
            let Some((_, first)) = run.first() else { continue };
            let from = u64::from(first.source);
            let records = self.store.read(from, from + run.len() as u64);
            for (recorded, (position, row)) in records.zip(run) {
                read.push(recorded.and_then(|recorded| self.shown(recorded, *position, *row)));
            }
        }
        read
    }

    fn shown_receipt(&self, receipt: Receipt, left_out: u64) -> Option<Receipt> {
        let rows = self.rows();
        let place = |position: u64| u32::try_from(position).ok().and_then(|place| rows.place(place));
        let first = place(receipt.first)?;
        let last = place(receipt.first + (receipt.ids.len() as u64).saturating_sub(1))?;
        let head = Head { size: u64::from(last) + 1, root: rows.edge.root() };
        Some(Receipt { first: u64::from(first).saturating_sub(left_out), head, ..receipt })
    }

    pub(super) fn told(&self, receipt: &Receipt, left_out: u64) -> Receipt {
        let unseen = || {
            let rows = self.rows();
            let head = Head { size: rows.before(receipt.head.size), root: rows.edge.root() };
            Receipt { first: rows.before(receipt.first), head, ..receipt.clone() }
        };
        self.shown_receipt(receipt.clone(), left_out).unwrap_or_else(unseen)
    }
}

impl EventStore for Partial {
    fn append(
        &self,
        events: Vec<NewEvent>,
        condition: Condition,
        request: RequestId,
    ) -> Result<Receipt, AppendError> {
        self.record(events, condition, request)
    }

    fn head(&self) -> Head {
        // Where it is not known who may see what, nothing more is seen.
        let _ = self.catch_up();
        let rows = self.rows();
        Head { size: rows.rows.len() as u64, root: rows.edge.root() }
    }

    fn log_id(&self) -> &str {
        self.store.log_id()
    }

    fn read(&self, from: u64, to: u64) -> Records<'_> {
        let mut next = from;
        let stretches = std::iter::from_fn(move || {
            let rows = self.stretch(next, to);
            next = rows.last().map(|(last, _)| last + 1)?;
            Some(self.read_stretch(&rows))
        });
        Box::new(stretches.flatten())
    }

    fn at(&self, position: u64) -> Result<Option<Recorded>, ReadError> {
        let Some(row) = self.rows().row(position) else { return Ok(None) };
        let recorded = self.store.at(u64::from(row.source))?;
        recorded.map(|recorded| self.shown(recorded, position, row)).transpose()
    }

    fn prefetch(&self, positions: &[u64]) {
        let rows = self.rows();
        let seen = positions.iter().filter_map(|position| rows.row(*position));
        self.store.prefetch(&seen.map(|row| u64::from(row.source)).collect::<Vec<_>>());
    }

    fn leaf_hash(&self, position: u64) -> Result<Option<Hash>, ReadError> {
        let row = self.rows().row(position);
        row.map_or(Ok(None), |row| self.store.leaf_hash(u64::from(row.source)))
    }

    /// There are no proofs of a part.
    fn node(&self, _: u32, _: u64) -> Result<Option<Hash>, ReadError> {
        Ok(None)
    }

    fn forget(&self, _: &[u64]) -> Result<(), ForgetError> {
        Err(ForgetError::ReadOnly)
    }

    fn is_forgotten(&self, position: u64) -> Result<bool, ReadError> {
        let row = self.rows().row(position);
        row.map_or(Ok(false), |row| self.store.is_forgotten(u64::from(row.source)))
    }

    fn position_of(&self, id: EventId) -> Result<Option<u64>, ReadError> {
        Ok(self.place_of(id)?.map(u64::from))
    }

    fn between(&self, low: EventId, high: EventId, max: usize) -> Result<Vec<(EventId, u64)>, ReadError> {
        let found = self.store.between(low, high, usize::MAX)?;
        let rows = self.rows();
        let seen = found
            .into_iter()
            .filter_map(|(id, position)| Some((id, u64::from(rows.place(u32::try_from(position).ok()?)?))));
        Ok(seen.take(max).collect())
    }

    fn receipt_of(&self, request: RequestId) -> Result<Option<Receipt>, ReadError> {
        let receipt = self.store.receipt_of(request)?;
        Ok(receipt.and_then(|receipt| self.shown_receipt(receipt, 0)))
    }

    fn stream(&self, id: EntityId) -> Option<(u64, u64)> {
        if [ACCOUNTS, INCIDENTS, KEYS].contains(&id) {
            return None;
        }
        let recorded = self.store.stream(id);
        let is_seen = self.place_of(EventId::from_uuid(*id.as_uuid())).is_ok_and(|place| place.is_some());
        if recorded.is_none() && !is_seen {
            return None;
        }
        let (revision, last) = recorded.unwrap_or_default();
        let rows = self.rows();
        let size = rows.rows.len() as u64;
        // Where the last is that they see of it is not remembered: it is not behind the end. What was recorded since
        // they looked stands there.
        let position = if last < u64::from(rows.taken) { size.checked_sub(1)? } else { size };
        Some((revision, position))
    }

    fn sealed(&self, from: u64, to: u64) -> SealedRecords<'_> {
        let rows = self.stretch(from, to);
        Box::new(rows.into_iter().filter_map(|(position, row)| {
            let source = u64::from(row.source);
            let sealed = self.store.sealed(source, source + 1).next()?;
            // The key of its author is told; what opens the whole of it is not.
            Some(sealed.map(|sealed| Sealed { position, salt: [0; 32], body: None, ..sealed }))
        }))
    }

    fn attach(&self, bytes: &[u8]) -> Result<Hash, AttachError> {
        self.store.attach(bytes)
    }

    fn attachment(&self, commitment: &Hash) -> Result<Option<Vec<u8>>, ReadError> {
        self.store.attachment(commitment)
    }

    fn health(&self) -> Health {
        match self.store.health() {
            // Which file and which position would tell of what is not seen.
            Health::Damaged(_) => Health::Reader,
            health @ (Health::Sound
            | Health::Reader
            | Health::Copy
            | Health::Full
            | Health::Unwritable(_)
            | Health::InDoubt) => health,
        }
    }
}
