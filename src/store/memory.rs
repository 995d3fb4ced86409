//! The engine without a disk: the same promises as the segment engine, for as long as the process lives.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use zeroize::Zeroize;

use crate::domain::id::{EntityId, EventId, RequestId};
use crate::store::levels::Levels;
use crate::store::staging::{Draft, Placed, StreamHead, Tip};
use crate::store::submission::{Prepared, prepare};
use crate::store::{
    AppendError, AttachError, Body, Clock, Condition, EventStore, ForgetError, Head, Health, NewEvent,
    ReadError, Receipt, Recorded, Records, Refusal, Sealed, SealedRecords, seal,
};
use crate::tlog::Hash;

/// A log in memory.
pub struct MemoryStore {
    log_id: String,
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    tip: Tip,
    streams: HashMap<EntityId, StreamHead>,
    records: Vec<Record>,
    nodes: Levels,
    ids: BTreeMap<EventId, u64>,
    requests: HashMap<RequestId, (u64, usize)>,
    attachments: HashMap<Hash, Vec<u8>>,
}

struct Record {
    recorded: Recorded,
    leaf: String,
    salt: [u8; 32],
    /// Bytes of the body, which may be gone.
    length: u32,
    expect: Vec<(EntityId, crate::store::Expect)>,
    /// The key of the author who signed.
    key: Option<[u8; 32]>,
}

impl MemoryStore {
    /// Returns an empty log whose name begins with `name`.
    pub fn new(name: &str, clock: Clock) -> Self {
        Self { log_id: super::seal::new_log_id(name), clock, state: Mutex::default() }
    }

    /// Returns an empty log of this name.
    #[cfg(test)]
    pub(crate) fn named(log_id: &str, clock: Clock) -> Self {
        Self { log_id: log_id.to_owned(), clock, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A caller that panicked left nothing half done: a record enters whole or not at all.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn slice<T>(&self, from: u64, to: u64, shape: impl Fn(&Record) -> T) -> Vec<Result<T, ReadError>> {
        let state = self.state();
        let at = |position: u64| usize::try_from(position).unwrap_or(usize::MAX).min(state.records.len());
        state
            .records
            .get(at(from)..at(to))
            .unwrap_or_default()
            .iter()
            .map(|record| Ok(shape(record)))
            .collect()
    }
}

impl State {
    fn repeated(&self, prepared: &Prepared) -> Option<Result<Receipt, AppendError>> {
        let (first, count) = *self.requests.get(&prepared.request)?;
        let start = usize::try_from(first).unwrap_or(usize::MAX);
        let records = self.records.get(start..start + count).unwrap_or_default();
        let same = records.len() == prepared.events.len()
            && records.iter().zip(&prepared.events).all(|(record, event)| record.says(event));
        Some(if same {
            Ok(Receipt { repeated: true, ..self.receipt(prepared.request, first, records) })
        } else {
            Err(Refusal::RequestKnown(prepared.request).into())
        })
    }

    fn receipt(&self, request: RequestId, first: u64, records: &[Record]) -> Receipt {
        let end = first + records.len() as u64;
        let edge = self.nodes.edge(end, 0).unwrap_or_default();
        Receipt {
            request,
            first,
            ids: records.iter().map(|record| record.recorded.id).collect(),
            recorded_at: records.first().map_or_else(super::epoch, |record| record.recorded.at),
            head: Head { size: end, root: edge.root() },
            repeated: false,
        }
    }

    fn check_ids(&self, prepared: &Prepared) -> Result<(), AppendError> {
        for (index, event) in prepared.events.iter().enumerate() {
            let id = event.submission.id;
            let twice = prepared.events.iter().take(index).any(|earlier| earlier.submission.id == id);
            if twice || self.ids.contains_key(&id) {
                return Err(Refusal::EventKnown(id).into());
            }
            if event.submission.attachments.iter().any(|hash| !self.attachments.contains_key(&hash.0)) {
                return Err(Refusal::NoSuchAttachment { index }.into());
            }
        }
        Ok(())
    }
}

impl Record {
    /// Tells whether this is what `event` says: the same submission without ids that were drawn.
    fn says(&self, event: &crate::store::submission::PreparedEvent) -> bool {
        let submission = &event.submission;
        let mine = &self.recorded;
        mine.id == submission.id
            && mine.streams.iter().map(|(stream, _)| stream).eq(&submission.streams)
            && (mine.class, mine.schema, mine.actor)
                == (submission.class, submission.schema, submission.actor)
            && mine.attachments.iter().eq(submission.attachments.iter().map(|hash| &hash.0))
            && self.expect == submission.expect
            && self.key == event.signature.as_ref().map(|signature| signature.key)
            && self.length == submission.length
            // A body that was taken away cannot speak against it.
            && match &mine.body {
                Body::Plain(body) => *body == event.body,
                Body::Redacted | Body::Missing => true,
            }
    }
}

pub(super) fn recorded(placed: &Placed, body: Body) -> Recorded {
    let sub = &placed.leaf.sub;
    Recorded {
        position: placed.leaf.pos,
        at: placed.leaf.at,
        id: sub.id,
        request: sub.request,
        index: sub.index,
        streams: placed.leaf.streams.iter().map(|(stream, revision, _)| (*stream, *revision)).collect(),
        class: sub.class,
        schema: sub.schema,
        actor: sub.actor,
        body,
        attachments: sub.attachments.iter().map(|hash| hash.0).collect(),
        leaf_hash: placed.hash,
    }
}

impl EventStore for MemoryStore {
    fn append(
        &self,
        events: Vec<NewEvent>,
        condition: Condition,
        request: RequestId,
    ) -> Result<Receipt, AppendError> {
        let prepared = prepare(&self.log_id, events, condition, request)?;
        let mut state = self.state();
        if let Some(outcome) = state.repeated(&prepared) {
            return outcome;
        }
        let mut draft = Draft::new(&state.streams, state.tip.clone());
        draft.check(&prepared)?;
        state.check_ids(&prepared)?;
        let placed = draft.place(&self.log_id, (self.clock)(), &prepared.events)?;
        let (changed, tip) = draft.finish();
        let first = state.tip.edge.size();
        state.streams.extend(changed);
        state.tip = tip;
        let count = placed.len();
        for (place, event) in placed.into_iter().zip(prepared.events) {
            state.ids.insert(event.submission.id, place.leaf.pos);
            state.nodes.push(place.hash);
            state.records.push(Record {
                recorded: recorded(&place, Body::Plain(event.body)),
                leaf: place.text,
                salt: event.salt,
                length: event.submission.length,
                expect: event.submission.expect,
                key: event.signature.map(|signature| signature.key),
            });
        }
        state.requests.insert(request, (first, count));
        let start = usize::try_from(first).unwrap_or(usize::MAX);
        Ok(state.receipt(request, first, state.records.get(start..).unwrap_or_default()))
    }

    fn head(&self) -> Head {
        self.state().tip.head()
    }

    fn log_id(&self) -> &str {
        &self.log_id
    }

    fn read(&self, from: u64, to: u64) -> Records<'_> {
        Box::new(self.slice(from, to, |record| record.recorded.clone()).into_iter())
    }

    fn at(&self, position: u64) -> Result<Option<Recorded>, ReadError> {
        self.read(position, position.saturating_add(1)).next().transpose()
    }

    fn leaf_hash(&self, position: u64) -> Result<Option<Hash>, ReadError> {
        Ok(self.at(position)?.map(|recorded| recorded.leaf_hash))
    }

    fn node(&self, level: u32, index: u64) -> Result<Option<Hash>, ReadError> {
        Ok(self.state().nodes.node(level, index))
    }

    fn forget(&self, positions: &[u64]) -> Result<(), ForgetError> {
        let mut state = self.state();
        let size = state.records.len() as u64;
        if let Some(beyond) = positions.iter().find(|position| **position >= size) {
            return Err(ForgetError::NoSuchPosition(*beyond));
        }
        let State { records, attachments, .. } = &mut *state;
        for position in positions {
            let Some(record) = records.get_mut(usize::try_from(*position).unwrap_or(usize::MAX)) else {
                return Err(ForgetError::NoSuchPosition(*position));
            };
            record.salt = [0; 32];
            if let Body::Plain(mut text) = std::mem::replace(&mut record.recorded.body, Body::Redacted) {
                text.zeroize();
            }
        }
        let (gone, living): (Vec<_>, Vec<_>) =
            records.iter().partition(|record| record.recorded.body == Body::Redacted);
        for hash in gone.iter().flat_map(|record| &record.recorded.attachments) {
            if !living.iter().any(|record| record.recorded.attachments.contains(hash))
                && let Some(mut bytes) = attachments.remove(hash)
            {
                bytes.zeroize();
            }
        }
        Ok(())
    }

    fn is_forgotten(&self, position: u64) -> Result<bool, ReadError> {
        Ok(self.at(position)?.is_some_and(|recorded| recorded.body == Body::Redacted))
    }

    fn position_of(&self, id: EventId) -> Result<Option<u64>, ReadError> {
        Ok(self.state().ids.get(&id).copied())
    }

    fn between(&self, low: EventId, high: EventId, max: usize) -> Result<Vec<(EventId, u64)>, ReadError> {
        if low > high {
            return Ok(Vec::new());
        }
        Ok(self.state().ids.range(low..=high).take(max).map(|(id, position)| (*id, *position)).collect())
    }

    fn receipt_of(&self, request: RequestId) -> Result<Option<Receipt>, ReadError> {
        let state = self.state();
        Ok(state.requests.get(&request).map(|(first, count)| {
            let start = usize::try_from(*first).unwrap_or(usize::MAX);
            state.receipt(request, *first, state.records.get(start..start + count).unwrap_or_default())
        }))
    }

    fn stream(&self, id: EntityId) -> Option<(u64, u64)> {
        self.state().streams.get(&id).map(|head| (head.revision, head.position))
    }

    fn sealed(&self, from: u64, to: u64) -> SealedRecords<'_> {
        Box::new(
            self.slice(from, to, |record| Sealed {
                position: record.recorded.position,
                leaf: record.leaf.clone(),
                salt: record.salt,
                body: match &record.recorded.body {
                    Body::Plain(text) => Some(text.clone()),
                    Body::Redacted | Body::Missing => None,
                },
            })
            .into_iter(),
        )
    }

    fn attach(&self, bytes: &[u8]) -> Result<Hash, AttachError> {
        let salt = seal::random().map_err(AttachError::Io)?;
        let commitment = seal::commitment(&salt, bytes);
        self.state().attachments.insert(commitment, bytes.to_vec());
        Ok(commitment)
    }

    fn attachment(&self, commitment: &Hash) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(self.state().attachments.get(commitment).cloned())
    }

    fn health(&self) -> Health {
        Health::Sound
    }
}
