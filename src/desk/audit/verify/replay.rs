//! The disclosed texts, folded again from nothing, against the state that the bundle says they come to.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::desk::audit::state::{State, StateError};
use crate::desk::audit::verify::Check;
use crate::desk::audit::verify::leaves::ENTRIES_BYTES_MAX;
use crate::desk::audit::verify::report::{Texts, Verdict, counted};
use crate::desk::audit::{WITHHELD, body_path, state_path};
use crate::domain::event::Event;
use crate::domain::fact::Fact;
use crate::domain::id::{EntityId, EventId, RequestId};
use crate::store::leaf::Leaf;
use crate::store::{
    AppendError, AttachError, Body, Condition, EventStore, ForgetError, Head, Health, NewEvent, ReadError,
    Receipt, Recorded, Records, SealedRecords,
};
use crate::tlog::tile::{bundle_decode, tiles};
use crate::tlog::{Hash, leaf_hash, node_hash};

/// The longest state, in bytes.
const STATE_BYTES_MAX: u64 = 1 << 20;

impl Check<'_> {
    /// Replays the log, where its reader wants that and everything is there.
    pub(super) fn replay(&mut self, texts: &Texts, is_rooted: bool) {
        if !self.trust.replay {
            return;
        }
        let size = self.size.unwrap_or(0);
        let path = state_path(size);
        self.replayed = Some(false);
        if self.withheld.len() > 0 {
            let withheld = counted(self.withheld.len(), "text", "texts");
            let what = format!("the bundle withholds {withheld}; ask for one of all texts");
            self.not_replayed(Verdict::Missing, WITHHELD, &what);
            return;
        }
        // Either is a finding by itself.
        if texts.missing > 0 || !is_rooted {
            self.notices.push("not replayed: the leaves and texts are not all there as they were".to_owned());
            return;
        }
        let stated = match self.view.read(&path, STATE_BYTES_MAX) {
            Ok(Some(stated)) => stated,
            Ok(None) => {
                self.not_replayed(Verdict::Missing, &path, "it is not there");
                return;
            }
            Err(error) => {
                self.not_replayed(Verdict::Altered, &path, &error.to_string());
                return;
            }
        };
        if let Err(error) = State::is_readable(&stated) {
            let verdict = match error {
                StateError::Shape(_) => Verdict::Altered,
                StateError::Version(_) => Verdict::Missing,
            };
            self.not_replayed(verdict, &path, &error.to_string());
            return;
        }
        match self.fold(size) {
            Ok(state) if state.to_bytes().is_ok_and(|bytes| bytes == stated) => {
                self.replayed = Some(true);
                self.checks.push(format!(
                    "a replay of {} comes to the state in the bundle",
                    counted(size, "event", "events")
                ));
            }
            Ok(state) => {
                self.replayed = Some(true);
                let bytes = state.to_bytes().unwrap_or_default();
                let state = String::from_utf8_lossy(&bytes).replace(['\n', ' '], "");
                let what = format!("a replay comes to another state: {state}");
                self.found.of_file(Verdict::Altered, &path, what);
            }
            Err(what) => self.not_replayed(Verdict::Missing, &path, &what),
        }
    }

    /// Says that the replay that was asked for was not done: without it the bundle does not stand.
    fn not_replayed(&mut self, verdict: Verdict, path: &str, what: &str) {
        let what = format!("{what}, so the replay that you asked for could not be done");
        self.found.of_file(verdict, path, what);
    }

    fn fold(&self, size: u64) -> Result<State, String> {
        let log = self.origin.clone().unwrap_or_default();
        let mut disclosed = Disclosed { log, ..Disclosed::default() };
        for tile in tiles(size).take_while(|tile| tile.level == 0) {
            let path = tile.entries_path();
            let entries = self.view.read(&path, ENTRIES_BYTES_MAX).ok().flatten().unwrap_or_default();
            for leaf in bundle_decode(&entries).map_err(|error| format!("{path}: {error}"))? {
                let text = std::str::from_utf8(leaf).map_err(|error| format!("{path}: {error}"))?;
                let read = Leaf::decode(text).map_err(|error| format!("{path}: {error}"))?;
                let body = self.view.read(&body_path(&read.sub.commitment.0), 1 << 17).ok().flatten();
                let body = body.and_then(|bytes| String::from_utf8(bytes.get(32..)?.to_vec()).ok());
                disclosed.push(&read, leaf_hash(leaf), body);
            }
        }
        let zone = disclosed.zone().unwrap_or_default();
        State::replay(Arc::new(disclosed), zone).map_err(|error| error.to_string())
    }
}

/// A log as a bundle discloses it, to be read alone.
#[derive(Default)]
struct Disclosed {
    log: String,
    records: Vec<Recorded>,
    places: BTreeMap<EventId, u64>,
    streams: HashMap<EntityId, (u64, u64)>,
    edge: crate::tlog::tree::Edge,
}

impl Disclosed {
    fn push(&mut self, leaf: &Leaf, hash: Hash, body: Option<String>) {
        let position = self.records.len() as u64;
        let streams: Vec<(EntityId, u64)> =
            leaf.streams.iter().map(|(stream, revision, _)| (*stream, *revision)).collect();
        for (stream, revision) in &streams {
            self.streams.insert(*stream, (*revision, position));
        }
        self.places.insert(leaf.sub.id, position);
        self.edge.push(hash);
        self.records.push(Recorded {
            position,
            at: leaf.at,
            id: leaf.sub.id,
            request: leaf.sub.request,
            index: leaf.sub.index,
            streams,
            class: leaf.sub.class,
            schema: leaf.sub.schema,
            actor: leaf.sub.actor,
            body: body.map_or(Body::Redacted, Body::Plain),
            attachments: leaf.sub.attachments.iter().map(|hash| hash.0).collect(),
            leaf_hash: hash,
        });
    }

    fn zone(&self) -> Option<crate::domain::zone::Zone> {
        let first = self.records.first()?;
        let Body::Plain(body) = &first.body else { return None };
        let Fact::LogOpened(opened) = Event::decode(first.schema, body).ok()?.fact else { return None };
        Some(opened.zone)
    }

    fn slice(&self, from: u64, to: u64) -> &[Recorded] {
        let place = |position: u64| usize::try_from(position).unwrap_or(usize::MAX).min(self.records.len());
        self.records.get(place(from)..place(to)).unwrap_or_default()
    }
}

impl EventStore for Disclosed {
    fn append(&self, _: Vec<NewEvent>, _: Condition, _: RequestId) -> Result<Receipt, AppendError> {
        Err(AppendError::ReadOnly)
    }

    fn head(&self) -> Head {
        Head { size: self.edge.size(), root: self.edge.root() }
    }

    fn log_id(&self) -> &str {
        &self.log
    }

    fn read(&self, from: u64, to: u64) -> Records<'_> {
        Box::new(self.slice(from, to).iter().cloned().map(Ok))
    }

    fn at(&self, position: u64) -> Result<Option<Recorded>, ReadError> {
        Ok(self.slice(position, position.saturating_add(1)).first().cloned())
    }

    fn leaf_hash(&self, position: u64) -> Result<Option<Hash>, ReadError> {
        Ok(self.slice(position, position.saturating_add(1)).first().map(|record| record.leaf_hash))
    }

    fn node(&self, level: u32, index: u64) -> Result<Option<Hash>, ReadError> {
        if level == 0 {
            return self.leaf_hash(index);
        }
        let Some(first) = index.checked_mul(2) else { return Ok(None) };
        let (left, right) = (self.node(level - 1, first)?, self.node(level - 1, first + 1)?);
        Ok(left.zip(right).map(|(left, right)| node_hash(&left, &right)))
    }

    fn forget(&self, _: &[u64]) -> Result<(), ForgetError> {
        Err(ForgetError::ReadOnly)
    }

    fn is_forgotten(&self, position: u64) -> Result<bool, ReadError> {
        Ok(self.at(position)?.is_some_and(|record| record.body == Body::Redacted))
    }

    fn position_of(&self, id: EventId) -> Result<Option<u64>, ReadError> {
        Ok(self.places.get(&id).copied())
    }

    fn between(&self, low: EventId, high: EventId, max: usize) -> Result<Vec<(EventId, u64)>, ReadError> {
        if low > high {
            return Ok(Vec::new());
        }
        Ok(self.places.range(low..=high).take(max).map(|(id, position)| (*id, *position)).collect())
    }

    fn receipt_of(&self, _: RequestId) -> Result<Option<Receipt>, ReadError> {
        Ok(None)
    }

    fn stream(&self, id: EntityId) -> Option<(u64, u64)> {
        self.streams.get(&id).copied()
    }

    fn sealed(&self, _: u64, _: u64) -> SealedRecords<'_> {
        Box::new(std::iter::empty())
    }

    fn attach(&self, _: &[u8]) -> Result<Hash, AttachError> {
        Err(AttachError::ReadOnly)
    }

    fn attachment(&self, _: &Hash) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(None)
    }

    fn health(&self) -> Health {
        Health::Reader
    }
}
