//! Reading: records by position and by id, receipts, and roots of the log at an earlier size.

use std::sync::Arc;

use crate::domain::id::{EntityId, EventId, RequestId};
use crate::store::leaf::Leaf;
use crate::store::segment::body::Opened;
use crate::store::segment::catalog::{Catalog, LOST, TILE};
use crate::store::segment::files::{self, Segment};
use crate::store::segment::frame::{self, Frame};
use crate::store::segment::walk::Walk;
use crate::store::segment::{Places, Shared};
use crate::store::staging::{Heads, StreamHead};
use crate::store::submission::{Prepared, PreparedEvent};
use crate::store::{AppendError, Body, Damage, Head, ReadError, Receipt, Recorded, Refusal, Sealed};
use crate::tlog::{Hash, leaf_hash};

/// Bytes that are read at first of a record of which it is not known where the next one begins; most have less.
const RECORD_BYTES_USUAL: usize = 4_096;

/// Where a record stands.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) position: u64,
    pub(super) segment: Arc<Segment>,
    pub(super) offset: u32,
    // So many bytes from there on are likely the record, and no more.
    pub(super) usual: usize,
}

impl Place {
    pub(super) fn damaged(&self, what: &str) -> Damage {
        Damage {
            file: self.segment.name(),
            offset: u64::from(self.offset),
            position: Some(self.position),
            what: what.to_owned(),
        }
    }

    fn damage(&self, what: &str) -> ReadError {
        ReadError::Damaged(self.damaged(what))
    }
}

impl Places {
    /// Returns where the record at `position` stands; none beyond the end.
    pub(super) fn find(&self, position: u64) -> Option<Result<Place, ReadError>> {
        let offset = *self.catalog.offsets.get(usize::try_from(position).ok()?)?;
        let number = self.segments.partition_point(|segment| segment.first <= position).checked_sub(1);
        let segment = number.and_then(|number| self.segments.get(number));
        let Some(segment) = segment.filter(|_| offset != LOST) else {
            return Some(Err(ReadError::Damaged(Damage {
                file: segment.map_or_else(|| files::segment_name(0), |segment| segment.name()),
                offset: 0,
                position: Some(position),
                what: "the record is lost".to_owned(),
            })));
        };
        let usual =
            self.ends(position, number).and_then(|end| usize::try_from(end.checked_sub(offset)?).ok());
        let usual = usual
            .filter(|bytes| (frame::HEADER..=frame::FRAME_MAX).contains(bytes))
            .unwrap_or(RECORD_BYTES_USUAL);
        Some(Ok(Place { position, segment: Arc::clone(segment), offset, usual }))
    }

    /// Returns where the record after that at `position` begins; none where that is in no same segment, or not known.
    fn ends(&self, position: u64, number: Option<usize>) -> Option<u32> {
        let is_here = self.segments.get(number? + 1).is_none_or(|next| position + 1 < next.first);
        let next = self.catalog.offsets.get(usize::try_from(position + 1).ok()?).copied();
        next.filter(|offset| is_here && *offset != LOST)
    }

    /// Returns the leaf hash at `position`; none beyond the end.
    fn hash(&self, log_id: &str, position: u64) -> Result<Option<Hash>, ReadError> {
        let Some(place) = self.find(position) else { return Ok(None) };
        Ok(Some(leaf_hash(Raw::read(log_id, place?)?.frame(log_id)?.leaf)))
    }

    /// Returns the log as it was when it had `size` events.
    ///
    /// # Errors
    ///
    /// Returns [`ReadError`] where a leaf before `size` cannot be had.
    pub(super) fn head_at(&self, log_id: &str, size: u64) -> Result<Head, ReadError> {
        if let Some(lost) = self.catalog.lost.filter(|lost| *lost < size) {
            // Reading it says what is wrong there.
            self.hash(log_id, lost)?;
        }
        if self.head.size == size {
            return Ok(self.head);
        }
        let mut edge = self.catalog.edge_of_tiles(size);
        for position in size / TILE * TILE..size {
            if let Some(hash) = self.hash(log_id, position)? {
                edge.push(hash);
            }
        }
        Ok(Head { size, root: edge.root() })
    }
}

/// A record as it was read, with its leaf hash.
pub(super) struct Raw {
    place: Place,
    bytes: Vec<u8>,
}

impl Raw {
    /// Reads the record at a place and checks that it is whole and the right one.
    pub(super) fn read(log_id: &str, place: Place) -> Result<Self, ReadError> {
        let offset = u64::from(place.offset);
        let mut bytes = vec![0; place.usual];
        let have = place.segment.read_at(&mut bytes, offset)?;
        bytes.truncate(have);
        let len = frame::claimed_len(&bytes).map_err(|fault| place.damage(&fault.to_string()))?;
        if len > have {
            bytes.resize(len, 0);
            let have = place.segment.read_at(&mut bytes, offset)?;
            bytes.truncate(have);
        }
        let raw = Self { place, bytes };
        raw.frame(log_id)?;
        Ok(raw)
    }

    pub(super) fn frame(&self, log_id: &str) -> Result<Frame<'_>, ReadError> {
        check(log_id, &self.place, &self.bytes)
    }

    pub(super) fn leaf(&self, log_id: &str) -> Result<Leaf, ReadError> {
        leaf_of(&self.place, &self.frame(log_id)?)
    }
}

/// Reads the record at a place from its bytes, and checks that it is whole and the right one.
pub(super) fn check<'a>(log_id: &str, place: &Place, bytes: &'a [u8]) -> Result<Frame<'a>, ReadError> {
    let frame = frame::read(log_id, bytes).map_err(|fault| place.damage(&fault.to_string()))?;
    if frame.position != place.position {
        return Err(place.damage(&format!("the record of position {} stands here", frame.position)));
    }
    Ok(frame)
}

fn leaf_text<'a>(place: &Place, frame: &Frame<'a>) -> Result<&'a str, ReadError> {
    std::str::from_utf8(frame.leaf).map_err(|_| place.damage("the leaf is not UTF-8"))
}

fn leaf_of(place: &Place, frame: &Frame<'_>) -> Result<Leaf, ReadError> {
    Leaf::decode(leaf_text(place, frame)?).map_err(|error| place.damage(&error.to_string()))
}

/// Streams as the log on disk has them; leaf hashes that are not in memory are read.
pub(super) struct LogHeads<'a> {
    pub(super) log_id: &'a str,
    pub(super) places: &'a Places,
}

impl Heads for LogHeads<'_> {
    fn revision(&self, stream: EntityId) -> Option<u64> {
        self.places.catalog.streams.get(stream).map(|last| u64::from(last.revision))
    }

    fn head(&self, stream: EntityId) -> Result<Option<StreamHead>, ReadError> {
        let Some(last) = self.places.catalog.streams.get(stream) else { return Ok(None) };
        let position = u64::from(last.position);
        let hash = match last.hash {
            Some(hash) => Some(hash),
            None => self.places.hash(self.log_id, position)?,
        };
        Ok(hash.map(|leaf_hash| StreamHead { revision: u64::from(last.revision), position, leaf_hash }))
    }
}

impl Shared {
    /// Marks the log as damaged when reading met damage.
    pub(super) fn noted<T>(&self, result: Result<T, ReadError>) -> Result<T, ReadError> {
        if let Err(ReadError::Damaged(damage)) = &result {
            self.found_damage(damage);
        }
        result
    }

    fn place(&self, position: u64) -> Option<Result<Place, ReadError>> {
        self.places().find(position)
    }

    pub(super) fn raw(&self, position: u64) -> Result<Option<Raw>, ReadError> {
        let Some(place) = self.place(position) else { return Ok(None) };
        // What is lost was noted when it was found to be.
        let place = place?;
        self.noted(Raw::read(&self.log_id, place)).map(Some)
    }

    fn leaf(&self, position: u64) -> Result<Option<Leaf>, ReadError> {
        self.raw(position)?.map(|raw| self.noted(raw.leaf(&self.log_id))).transpose()
    }

    pub(super) fn hash(&self, position: u64) -> Result<Option<Hash>, ReadError> {
        self.raw(position)?.map(|raw| Ok(leaf_hash(raw.frame(&self.log_id)?.leaf))).transpose()
    }

    /// Returns the position of an event.
    pub(super) fn position_of(&self, id: EventId) -> Result<Option<u64>, ReadError> {
        if let Some(position) = self.found.position(id) {
            return Ok(Some(position));
        }
        let candidates = Catalog::find(&self.places().catalog.events, id.as_uuid());
        for position in candidates {
            if self.leaf(position)?.is_some_and(|leaf| leaf.sub.id == id) {
                self.found.note(id, position);
                return Ok(Some(position));
            }
        }
        Ok(None)
    }

    /// Returns an event by its id, with one look at its record.
    pub(super) fn event(&self, id: EventId) -> Result<Option<Recorded>, ReadError> {
        let candidates = Catalog::find(&self.places().catalog.events, id.as_uuid());
        for position in candidates {
            let Some(raw) = self.raw(position)? else { continue };
            let frame = self.noted(raw.frame(&self.log_id))?;
            let leaf = self.noted(leaf_of(&raw.place, &frame))?;
            if leaf.sub.id == id {
                self.found.note(id, position);
                return Ok(Some(self.recorded_as(&raw.place, &frame, &leaf)));
            }
        }
        Ok(None)
    }

    /// Returns the events whose ids lie in a range, lowest first.
    pub(super) fn between(
        &self,
        low: EventId,
        high: EventId,
        max: usize,
    ) -> Result<Vec<(EventId, u64)>, ReadError> {
        if low > high || max == 0 {
            return Ok(Vec::new());
        }
        // Ids that share a fingerprint with an end of the range may lie outside it, so more is looked at
        // until enough lie inside.
        let mut wanted = max;
        loop {
            let candidates = self.places().catalog.between(low.as_uuid(), high.as_uuid(), wanted);
            let count = candidates.len();
            let mut found = Vec::new();
            for (_, position) in candidates {
                let position = u64::from(position);
                if let Some(leaf) = self.leaf(position)?
                    && (low..=high).contains(&leaf.sub.id)
                {
                    found.push((leaf.sub.id, position));
                }
            }
            found.sort_unstable();
            if found.len() >= max || count < wanted {
                found.truncate(max);
                return Ok(found);
            }
            wanted = wanted.saturating_mul(2).max(count + 1);
        }
    }

    /// Returns the leaves of a submission, the first of them at the position that is given with it.
    fn submission(&self, request: RequestId) -> Result<Option<(u64, Vec<Leaf>)>, ReadError> {
        let candidates = Catalog::find(&self.places().catalog.requests, request.as_uuid());
        for first in candidates {
            let mut leaves = Vec::new();
            while let Some(leaf) = self.leaf(first + leaves.len() as u64)? {
                if leaf.sub.request != request || usize::from(leaf.sub.index) != leaves.len() {
                    break;
                }
                leaves.push(leaf);
            }
            if !leaves.is_empty() {
                return Ok(Some((first, leaves)));
            }
        }
        Ok(None)
    }

    /// Returns the receipt of a submission.
    pub(super) fn receipt_of(&self, request: RequestId) -> Result<Option<Receipt>, ReadError> {
        let Some((first, leaves)) = self.submission(request)? else { return Ok(None) };
        self.receipt(request, first, &leaves).map(Some)
    }

    fn receipt(&self, request: RequestId, first: u64, leaves: &[Leaf]) -> Result<Receipt, ReadError> {
        Ok(Receipt {
            request,
            first,
            ids: leaves.iter().map(|leaf| leaf.sub.id).collect(),
            recorded_at: leaves.first().map_or_else(crate::store::epoch, |leaf| leaf.at),
            head: self.places().head_at(&self.log_id, first + leaves.len() as u64)?,
            repeated: false,
        })
    }

    /// Returns the first receipt of a submission that was recorded before; none when it was not.
    ///
    /// # Errors
    ///
    /// Returns [`Refusal::RequestKnown`] when it was recorded with other content.
    pub(super) fn repeated(&self, prepared: &Prepared) -> Result<Option<Receipt>, AppendError> {
        let recorded = self.submission(prepared.request).map_err(|_| AppendError::Damaged)?;
        let Some((first, leaves)) = recorded else { return Ok(None) };
        if leaves.len() != prepared.events.len() {
            return Err(Refusal::RequestKnown(prepared.request).into());
        }
        for (leaf, event) in leaves.iter().zip(&prepared.events) {
            if !self.says(leaf, event).map_err(|_| AppendError::Damaged)? {
                return Err(Refusal::RequestKnown(prepared.request).into());
            }
        }
        let receipt = self.receipt(prepared.request, first, &leaves).map_err(|_| AppendError::Damaged)?;
        Ok(Some(Receipt { repeated: true, ..receipt }))
    }

    /// Tells whether a record is what `event` says: the same submission by the same key, apart from salt, commitment
    /// and signature.
    fn says(&self, leaf: &Leaf, event: &PreparedEvent) -> Result<bool, ReadError> {
        let (mine, theirs) = (&leaf.sub, &event.submission);
        let beside_the_body = mine.id == theirs.id
            && mine.streams == theirs.streams
            && (mine.class, mine.schema, mine.actor) == (theirs.class, theirs.schema, theirs.actor)
            && mine.length == theirs.length
            && mine.attachments == theirs.attachments
            && mine.expect == theirs.expect
            && leaf.key.map(|key| key.0) == event.signature.as_ref().map(|signature| signature.key);
        if !beside_the_body {
            return Ok(false);
        }
        let Some(raw) = self.raw(leaf.pos)? else { return Ok(false) };
        let frame = raw.frame(&self.log_id)?;
        // A body that was taken away cannot speak against it.
        Ok(match self.open(&frame, &mine.commitment.0) {
            Opened::Plain(_, text) => text == event.body.as_bytes(),
            Opened::Removed | Opened::Nothing => true,
        })
    }

    fn recorded(&self, place: &Place, frame: &Frame<'_>) -> Result<Recorded, ReadError> {
        Ok(self.recorded_as(place, frame, &leaf_of(place, frame)?))
    }

    /// Returns a record whose leaf was read.
    fn recorded_as(&self, place: &Place, frame: &Frame<'_>, leaf: &Leaf) -> Recorded {
        let body = match self.open_noted(place, frame, &leaf.sub.commitment.0) {
            Opened::Plain(_, text) => String::from_utf8(text).map_or(Body::Missing, Body::Plain),
            Opened::Removed => Body::Redacted,
            Opened::Nothing => Body::Missing,
        };
        Recorded {
            position: leaf.pos,
            at: leaf.at,
            id: leaf.sub.id,
            request: leaf.sub.request,
            index: leaf.sub.index,
            streams: leaf.streams.iter().map(|(stream, revision, _)| (*stream, *revision)).collect(),
            class: leaf.sub.class,
            schema: leaf.sub.schema,
            actor: leaf.sub.actor,
            body,
            attachments: leaf.sub.attachments.iter().map(|hash| hash.0).collect(),
            leaf_hash: leaf_hash(frame.leaf),
        }
    }

    fn sealed(&self, place: &Place, frame: &Frame<'_>) -> Result<Sealed, ReadError> {
        let leaf = leaf_text(place, frame)?.to_owned();
        let commitment = leaf_of(place, frame)?.sub.commitment.0;
        let (salt, body) = match self.open_noted(place, frame, &commitment) {
            Opened::Plain(salt, text) => (salt, String::from_utf8(text).ok()),
            Opened::Removed | Opened::Nothing => ([0; 32], None),
        };
        Ok(Sealed { position: place.position, leaf, salt, body })
    }

    pub(super) fn at(&self, position: u64) -> Result<Option<Recorded>, ReadError> {
        self.follow();
        let Some(raw) = self.raw(position)? else { return Ok(None) };
        let recorded = self.noted(self.recorded(&raw.place, &raw.frame(&self.log_id)?))?;
        self.found.note(recorded.id, recorded.position);
        Ok(Some(recorded))
    }

    pub(super) fn records(
        &self,
        from: u64,
        to: u64,
    ) -> impl Iterator<Item = Result<Recorded, ReadError>> + Send + '_ {
        Walk::new(self, from, to).shaped(Self::recorded)
    }

    pub(super) fn sealed_records(
        &self,
        from: u64,
        to: u64,
    ) -> impl Iterator<Item = Result<Sealed, ReadError>> + Send + '_ {
        Walk::new(self, from, to).shaped(Self::sealed)
    }
}
