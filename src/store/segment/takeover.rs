//! A copy of a log: records with the places that they have already, checked as if nobody had before.

use std::collections::{BTreeMap, HashSet};
use std::sync::mpsc::{SyncSender, sync_channel};

use crate::domain::id::{EventId, RequestId};
use crate::store::leaf::Leaf;
use crate::store::removal::removed_by;
use crate::store::segment::batch::{Batch, Written};
use crate::store::segment::catalog::{EVENTS_MAX, LOST, NO_SLOT};
use crate::store::segment::frame::Frame;
use crate::store::segment::identity::{Identity, Role};
use crate::store::segment::read::LogHeads;
use crate::store::segment::secrets::Secret;
use crate::store::segment::writer::{Work, Writer, is_full};
use crate::store::segment::{Access, SegmentStore, Shared};
use crate::store::staging::{Draft, Placed};
use crate::store::{AppendError, Sealed, seal};
use crate::tlog::leaf_hash;

/// Records that are written at once, when the append that they belong to ends there.
const RECORDS_AT_ONCE: usize = 1_024;
/// Bytes that are written at once.
const BYTES_AT_ONCE: usize = 4 << 20;

/// What was taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenOver {
    /// Records that were there already, and are the same.
    pub known: u64,
    /// Records that are new.
    pub taken: u64,
}

/// Why records were not taken over; those before the one that is named are in the copy, as far as whole
/// appends go.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TakeOverError {
    /// The log is written here, or is open for reading only.
    #[error("only a read-only copy that is open for writing takes records over")]
    NotACopy,
    /// A record is not what the copy must hold there.
    #[error("the record at position {position} cannot be taken over: {what}")]
    Wrong {
        /// Its position, or the one that it should have.
        position: u64,
        /// What is wrong with it.
        what: String,
    },
    /// The copy is damaged.
    #[error("the copy is damaged and takes no records; run `verify`")]
    Damaged,
    /// The disk is full.
    #[error("the disk is full; free some space and try again")]
    Full,
    /// The system refused the write; what came before it is in the copy.
    #[error("the system does not let the copy be written: {0}")]
    Unwritable(String),
    /// The sync failed: only opening the copy again tells how far it goes. Trying again is safe.
    #[error("the disk did not confirm the write; it is not known how far the copy goes")]
    InDoubt,
    /// The copy is closed.
    #[error("the copy is closed")]
    Closed,
}

impl From<AppendError> for TakeOverError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Full => Self::Full,
            AppendError::InDoubt | AppendError::Stopped => Self::InDoubt,
            AppendError::Unwritable(why) => Self::Unwritable(why),
            AppendError::Closed => Self::Closed,
            AppendError::ReadOnly => Self::NotACopy,
            AppendError::Damaged | AppendError::Moved { .. } | AppendError::Refused(_) => Self::Damaged,
        }
    }
}

/// A record that is checked as far as it can be without the log.
struct Checked {
    leaf: Leaf,
    text: String,
    slot: u64,
    body: Vec<u8>,
}

/// Records to take over, and where to answer.
pub(super) struct Taking {
    records: Vec<Checked>,
    answer: SyncSender<Result<(), TakeOverError>>,
}

impl Taking {
    pub(super) fn fail(self, error: &AppendError) {
        // A caller that gave up waiting learns nothing, and needs nothing.
        let _ = self.answer.send(Err(error.clone().into()));
    }
}

fn wrong(position: u64, what: impl Into<String>) -> TakeOverError {
    TakeOverError::Wrong { position, what: what.into() }
}

impl SegmentStore {
    /// Continues a copy with records of the log that it is a copy of.
    ///
    /// Records that it has already are compared and passed over, so that repeating an interrupted import
    /// completes it. When this returns `Ok`, all of them are on disk.
    ///
    /// # Errors
    ///
    /// Returns [`TakeOverError::Wrong`] at the first record that is not the next one of this log: name,
    /// position, time, streams, commitment and spelling are checked, and that a body is missing only where a
    /// later record says that it was removed. What came before it stays.
    pub fn take_over(&self, records: impl Iterator<Item = Sealed>) -> Result<TakenOver, TakeOverError> {
        let shared = &self.shared;
        let mut taken = TakenOver { known: 0, taken: 0 };
        let mut before = last_of(shared)?;
        let mut next = shared.places().head.size;
        let (mut ready, mut append): (Vec<Checked>, Vec<Checked>) = (Vec::new(), Vec::new());
        let mut bytes = 0;
        // Positions whose body is missing while no record was met that says why; from the first of them on
        // nothing is written.
        let mut missing: BTreeMap<u64, EventId> = BTreeMap::new();
        for sealed in records {
            if sealed.position < next && append.is_empty() && ready.is_empty() {
                same(shared, &sealed)?;
                taken.known += 1;
                continue;
            }
            let leaf = check(&shared.log_id, &sealed, next, before)?;
            before = Some((leaf.sub.request, leaf.sub.index));
            if leaf.sub.index == 0 {
                ready.append(&mut append);
                if missing.is_empty() && (ready.len() >= RECORDS_AT_ONCE || bytes >= BYTES_AT_ONCE) {
                    taken.taken += ready.len() as u64;
                    self.send_records(std::mem::take(&mut ready))?;
                    bytes = 0;
                }
            }
            bytes += sealed.leaf.len() + sealed.body.as_ref().map_or(0, String::len);
            match &sealed.body {
                Some(body) => {
                    if let Some(event) = removed_by(leaf.sub.class, leaf.sub.schema, body.as_bytes()) {
                        missing.retain(|_, missing| *missing != event);
                    }
                }
                None => drop(missing.insert(next, leaf.sub.id)),
            }
            append.push(self.seal_again(leaf, sealed)?);
            next += 1;
        }
        ready.append(&mut append);
        if let Some(position) = missing.keys().next() {
            let from = |checked: &Checked| checked.leaf.pos - u64::from(checked.leaf.sub.index);
            let last = ready.iter().find(|checked| checked.leaf.pos == *position).map_or(*position, from);
            ready.retain(|checked| checked.leaf.pos < last);
            if !ready.is_empty() {
                self.send_records(ready)?;
            }
            return Err(wrong(
                *position,
                "its body is missing, and no later record says that it was removed",
            ));
        }
        if !ready.is_empty() {
            taken.taken += ready.len() as u64;
            self.send_records(ready)?;
        }
        Ok(taken)
    }

    fn seal_again(&self, leaf: Leaf, sealed: Sealed) -> Result<Checked, TakeOverError> {
        let Some(body) = sealed.body else {
            return Ok(Checked { leaf, text: sealed.leaf, slot: NO_SLOT, body: Vec::new() });
        };
        let secrets = &self.shared.secrets;
        let slot = secrets.take(1).map_err(|error| {
            if error.kind() == std::io::ErrorKind::InvalidData {
                TakeOverError::Damaged
            } else if is_full(&error) {
                TakeOverError::Full
            } else {
                TakeOverError::InDoubt
            }
        })?;
        let Secret::Live(secret) = secrets.of(slot) else { return Err(TakeOverError::InDoubt) };
        let body = seal::seal(&secret, &leaf.sub.commitment.0, &sealed.salt, body.as_bytes());
        Ok(Checked { leaf, text: sealed.leaf, slot, body })
    }

    fn send_records(&self, records: Vec<Checked>) -> Result<(), TakeOverError> {
        if self.shared.access == Access::Read || self.shared.state(|state| state.role != Role::Copy) {
            return Err(TakeOverError::NotACopy);
        }
        let (answer, outcome) = sync_channel(1);
        self.send(Work::TakeOver(Taking { records, answer }))?;
        outcome.recv().unwrap_or(Err(TakeOverError::InDoubt))
    }

    /// Makes a copy the log that is written; from then on another directory must not be.
    ///
    /// # Errors
    ///
    /// Returns [`TakeOverError::NotACopy`] when it is none or is open for reading only,
    /// [`TakeOverError::Damaged`] when it is damaged, and [`TakeOverError::Full`] or
    /// [`TakeOverError::InDoubt`] when that could not be made durable.
    pub fn adopt(&self) -> Result<(), TakeOverError> {
        let shared = &self.shared;
        shared.state(|state| {
            if state.role != Role::Copy || shared.access == Access::Read {
                return Err(TakeOverError::NotACopy);
            }
            if !state.damages.is_empty() {
                return Err(TakeOverError::Damaged);
            }
            let identity = Identity { log: shared.log_id.clone(), role: Role::Original };
            identity.save(&shared.dir).map_err(|error| {
                tracing::warn!(%error, "the copy was not adopted");
                if is_full(&error) { TakeOverError::Full } else { TakeOverError::InDoubt }
            })?;
            state.role = Role::Original;
            Ok(())
        })
    }
}

/// Returns request and index of the last record of the copy.
fn last_of(shared: &Shared) -> Result<Option<(RequestId, u16)>, TakeOverError> {
    let Some(last) = shared.places().head.size.checked_sub(1) else { return Ok(None) };
    let leaf = shared.raw(last).and_then(|raw| raw.map(|raw| raw.leaf(&shared.log_id)).transpose());
    let leaf = leaf.map_err(|_| TakeOverError::Damaged)?;
    Ok(leaf.map(|leaf| (leaf.sub.request, leaf.sub.index)))
}

/// Checks that the copy has this very record.
fn same(shared: &Shared, sealed: &Sealed) -> Result<(), TakeOverError> {
    let raw = shared.raw(sealed.position).map_err(|_| TakeOverError::Damaged)?;
    let frame = raw.as_ref().and_then(|raw| raw.frame(&shared.log_id).ok());
    if frame.is_some_and(|frame| frame.leaf == sealed.leaf.as_bytes()) {
        Ok(())
    } else {
        Err(wrong(sealed.position, "the copy has another record there: the two are not the same log"))
    }
}

/// Checks everything that can be checked without the streams of the log.
fn check(
    log_id: &str,
    sealed: &Sealed,
    next: u64,
    before: Option<(RequestId, u16)>,
) -> Result<Leaf, TakeOverError> {
    let leaf = sealed.checked().map_err(|what| wrong(sealed.position, what))?;
    if sealed.position != next || leaf.pos != next {
        return Err(wrong(next, format!("the record of position {} comes in its place", leaf.pos)));
    }
    if leaf.log != log_id {
        return Err(wrong(
            next,
            format!("it is a record of the log {}, and this is a copy of {log_id}", leaf.log),
        ));
    }
    if u64::from(leaf.sub.index) > leaf.pos {
        return Err(wrong(next, "the records of its submission that come before it are missing"));
    }
    let continues = before.is_some_and(|(request, index)| {
        request == leaf.sub.request && index.checked_add(1) == Some(leaf.sub.index)
    });
    if leaf.sub.index > 0 && !continues {
        return Err(wrong(next, "the records of its submission that come before it are missing"));
    }
    Ok(leaf)
}

impl Writer {
    /// Writes records that have their places, all of them or none.
    pub(super) fn take_over(&mut self, taking: Taking) {
        let outcome = self.take_records(taking.records);
        // A caller that gave up waiting learns nothing, and needs nothing.
        let _ = taking.answer.send(outcome);
    }

    fn take_records(&mut self, records: Vec<Checked>) -> Result<(), TakeOverError> {
        self.roll_if_full()?;
        let batch = self.lay_out(records)?;
        self.write(&batch)?;
        self.publish(&batch);
        self.close_run_if_long();
        Ok(())
    }

    fn lay_out(&self, records: Vec<Checked>) -> Result<Batch, TakeOverError> {
        let shared = &self.shared;
        let mut ids: HashSet<EventId> = HashSet::new();
        for Checked { leaf, .. } in &records {
            let id = leaf.sub.id;
            if !ids.insert(id) || shared.position_of(id).map_err(|_| TakeOverError::Damaged)?.is_some() {
                return Err(wrong(leaf.pos, format!("event {id} is in the log already")));
            }
        }
        let places = shared.places();
        let heads = LogHeads { log_id: &shared.log_id, places: &places };
        let mut draft = Draft::new(&heads, places.catalog.tip.clone());
        let mut batch = Batch::default();
        let mut records = records.into_iter().peekable();
        while let Some(Checked { leaf, text, slot, body }) = records.next() {
            let previous = draft.tip.previous();
            let hash = leaf_hash(text.as_bytes());
            draft.take_over(&shared.log_id, &leaf, hash).map_err(|what| wrong(leaf.pos, what))?;
            if draft.tip.edge.size() > EVENTS_MAX {
                return Err(TakeOverError::Full);
            }
            let offset = u32::try_from(self.end + batch.bytes.len() as u64).unwrap_or(LOST);
            Frame {
                position: leaf.pos,
                append_first: leaf.pos - u64::from(leaf.sub.index).min(leaf.pos),
                commits: records.peek().is_none_or(|next| next.leaf.sub.index == 0),
                begins: batch.bytes.is_empty(),
                previous,
                slot,
                leaf: text.as_bytes(),
                body: &body,
            }
            .write(&shared.log_id, &mut batch.bytes);
            batch.written.push(Written { offset, slot, placed: Placed { leaf, text, hash, previous } });
        }
        batch.tip = draft.finish().1;
        Ok(batch)
    }
}
