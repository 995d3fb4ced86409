//! The log in blocks of whole records, each checked on its own by whoever is free.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use crate::domain::id::{EntityId, EventId};
use crate::domain::timestamp::Timestamp;
use crate::store::leaf::{HexHash, Leaf, Submission};
use crate::store::removal::removed_by;
use crate::store::segment::Shared;
use crate::store::segment::body::OpenedInto;
use crate::store::segment::files::Segment;
use crate::store::segment::frame::{self, Frame, FrameFault};
use crate::store::segment::scan::Window;
use crate::store::segment::secrets::Near;
use crate::store::segment::verify::Depth;
use crate::store::{seal, signature};
use crate::tlog::{Hash, leaf_hash};

/// Bytes that one worker takes at a time: as many as stay in the cache of a core between being read and being
/// checked.
const BLOCK: usize = 1 << 18;
/// Bytes of a usual record, at least.
const RECORD_BYTES_USUAL: usize = 1 << 10;

/// A piece of the log, numbered in its order.
pub(super) struct Piece {
    number: u64,
    segment: Arc<Segment>,
    offset: u64,
    content: Content,
}

enum Content {
    /// Whole records, by what their headers say; they were read into the room that was given.
    Records,
    /// Something that is no record.
    Bad(String),
}

/// A record that was checked on its own.
pub(super) struct Checked {
    pub(super) offset: u64,
    /// The byte after it.
    pub(super) after: u64,
    pub(super) position: u64,
    pub(super) append_first: u64,
    pub(super) commits: bool,
    pub(super) previous: [u8; 8],
    pub(super) hash: Hash,
    pub(super) at: Timestamp,
    pub(super) index: u16,
    /// Which of the streams of its block it changes.
    pub(super) streams: Range<usize>,
    /// Which of the attachments of its block it names.
    pub(super) attachments: Range<usize>,
    pub(super) body: BodyCheck,
    pub(super) id: EventId,
    /// The event whose text it says was removed.
    pub(super) removes: Option<EventId>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyCheck {
    /// It was not looked at.
    Unopened,
    Sound,
    Gone,
    DoesNotOpen {
        slot: u64,
    },
}

/// What a worker found in a piece.
pub(super) struct Outcome {
    pub(super) number: u64,
    pub(super) segment: Arc<Segment>,
    pub(super) block: Block,
}

/// The records of a block, and places where there is none that is sound.
///
/// What a record has several of stands in one list for the whole block: a record takes no memory of its own,
/// which one thread would have to ask for and another to give back.
#[derive(Default)]
pub(super) struct Block {
    pub(super) found: Vec<Result<Checked, (u64, String)>>,
    /// The streams that the records change: the revision that each gets, and the leaf hash before.
    streams: Vec<(EntityId, u64, Option<HexHash>)>,
    /// The commitments of attachments that the records name.
    attachments: Vec<HexHash>,
}

impl Block {
    /// Returns the streams that a record of it changes.
    pub(super) fn streams(&self, record: &Checked) -> &[(EntityId, u64, Option<HexHash>)] {
        self.streams.get(record.streams.clone()).unwrap_or_default()
    }

    /// Returns the attachments that a record of it names.
    pub(super) fn attachments(&self, record: &Checked) -> &[HexHash] {
        self.attachments.get(record.attachments.clone()).unwrap_or_default()
    }
}

/// Cuts the segments into blocks of whole records; the last up to where it ends, or as far as it was written.
pub(super) struct Cutter<'a> {
    log_id: &'a str,
    segments: std::slice::Iter<'a, Arc<Segment>>,
    /// The segment that is being cut, and from where on.
    at: Option<(&'a Arc<Segment>, u64)>,
    /// Where the last segment ends.
    end: Option<u64>,
    number: u64,
}

impl<'a> Cutter<'a> {
    pub(super) fn new(log_id: &'a str, segments: &'a [Arc<Segment>], end: Option<u64>) -> Self {
        Self { log_id, segments: segments.iter(), at: None, end, number: 0 }
    }

    /// Reads the next block into `room`; none when all are read.
    fn next(&mut self, room: &mut Vec<u8>) -> Option<Piece> {
        loop {
            let (segment, offset) = match self.at.take() {
                Some(at) => at,
                None => (self.segments.next()?, 0),
            };
            let end = self.end.filter(|_| self.segments.len() == 0);
            let (content, next) = match next_block(self.log_id, segment, offset, end, room) {
                Ok(Some(next)) => next,
                Ok(None) => continue,
                Err(what) => (Content::Bad(what), None),
            };
            self.at = next.map(|next| (segment, next));
            let piece = Piece { number: self.number, segment: Arc::clone(segment), offset, content };
            self.number += 1;
            return Some(piece);
        }
    }
}

/// What stands at an offset, and where to go on; none at the end.
type Next = Option<(Content, Option<u64>)>;

/// Reads as many whole records as one worker takes at a time, or what is no record.
fn next_block(
    log_id: &str,
    segment: &Arc<Segment>,
    offset: u64,
    end: Option<u64>,
    bytes: &mut Vec<u8>,
) -> Result<Next, String> {
    let room =
        end.map_or(BLOCK, |end| usize::try_from(end.saturating_sub(offset)).unwrap_or(BLOCK).min(BLOCK));
    bytes.resize(room, 0);
    let have = segment.read_at(bytes, offset).map_err(|error| error.to_string())?;
    bytes.truncate(have);
    if bytes.is_empty() {
        return Ok(None);
    }
    let mut whole = 0;
    let fault = loop {
        let rest = bytes.get(whole..).unwrap_or_default();
        if rest.is_empty() {
            break FrameFault::CutOff;
        }
        match frame::claimed_len(rest) {
            Ok(len) if len <= rest.len() => whole += len,
            Ok(_) => break FrameFault::CutOff,
            Err(fault) => break fault,
        }
    };
    if whole > 0 {
        bytes.truncate(whole);
        return Ok(Some((Content::Records, Some(offset + whole as u64))));
    }
    let mut window = Window::new(Arc::clone(segment));
    let error = |error: crate::store::ReadError| error.to_string();
    if end.is_none() && window.last_written(offset).map_err(error)? == offset {
        return Ok(None);
    }
    let next = window.next_record(log_id, offset + 1).map_err(error)?;
    let next = next.filter(|next| end.is_none_or(|end| *next < end));
    Ok(Some((Content::Bad(fault.to_string()), next)))
}

/// Checks blocks until there are no more, and hands on what it finds in them.
///
/// Whoever checks a block also reads it, while nobody else reads: its bytes are then in the cache of that core.
pub(super) fn work(shared: &Shared, depth: Depth, cutter: &Mutex<Cutter<'_>>, found: impl Fn(Outcome)) {
    let (mut bytes, mut leaf, mut room) = (Vec::new(), Leaf::blank(), Vec::new());
    loop {
        let piece = cutter.lock().unwrap_or_else(PoisonError::into_inner).next(&mut bytes);
        let Some(Piece { number, segment, offset, content }) = piece else { return };
        let block = match content {
            Content::Bad(what) => Block { found: vec![Err((offset, what))], ..Block::default() },
            Content::Records => {
                let secrets = shared.secrets.near();
                let mut check = Check { shared, depth, secrets, leaf: &mut leaf, room: &mut room };
                check.block(offset, &bytes)
            }
        };
        found(Outcome { number, segment, block });
    }
}

/// Checks the records of one block.
struct Check<'a> {
    shared: &'a Shared,
    depth: Depth,
    secrets: Near<'a>,
    /// Where leaves are read.
    leaf: &'a mut Leaf,
    /// Where bodies are opened.
    room: &'a mut Vec<u8>,
}

impl Check<'_> {
    fn block(&mut self, start: u64, bytes: &[u8]) -> Block {
        self.shared.follow();
        let found = Vec::with_capacity(bytes.len() / RECORD_BYTES_USUAL);
        let mut block = Block { found, ..Block::default() };
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let offset = start + at as u64;
            let checked = frame::read(&self.shared.log_id, rest)
                .map_err(|fault| fault.to_string())
                .and_then(|frame| self.record(&frame, offset, &mut block));
            block.found.push(checked.map_err(|what| (offset, what)));
            // The block was cut by what the headers say.
            at += frame::claimed_len(rest).unwrap_or(rest.len());
        }
        block
    }

    /// Checks everything about a record that can be checked without its neighbours.
    fn record(&mut self, frame: &Frame<'_>, offset: u64, block: &mut Block) -> Result<Checked, String> {
        self.leaf.decode_strictly_into(frame.leaf).map_err(|error| error.to_string())?;
        let leaf = &*self.leaf;
        if leaf.log != self.shared.log_id {
            return Err(format!("the leaf is one of the log {}", leaf.log));
        }
        if leaf.pos != frame.position {
            return Err(format!("the leaf has position {} and the record {}", leaf.pos, frame.position));
        }
        if !leaf.streams.iter().map(|(stream, ..)| stream).eq(&leaf.sub.streams) {
            return Err("the record changes other streams than its author named".to_owned());
        }
        if !signature::holds(leaf) {
            return Err("the author's signature is not one over what was submitted".to_owned());
        }
        let (body, removes) = match self.depth {
            Depth::Leaves => (BodyCheck::Unopened, None),
            Depth::Bodies => body(self.shared, frame, &leaf.sub, &mut self.secrets, self.room)?,
        };
        let (streams, attachments) = (block.streams.len(), block.attachments.len());
        block.streams.extend_from_slice(&leaf.streams);
        block.attachments.extend_from_slice(&leaf.sub.attachments);
        Ok(Checked {
            offset,
            after: offset + frame.len() as u64,
            position: frame.position,
            append_first: frame.append_first,
            commits: frame.commits,
            previous: frame.previous,
            hash: leaf_hash(frame.leaf),
            at: leaf.at,
            index: leaf.sub.index,
            streams: streams..block.streams.len(),
            attachments: attachments..block.attachments.len(),
            body,
            id: leaf.sub.id,
            removes,
        })
    }
}

/// Opens the body of a record, and returns what became of that and which event it removes, if any.
fn body(
    shared: &Shared,
    frame: &Frame<'_>,
    sub: &Submission,
    secrets: &mut Near<'_>,
    room: &mut Vec<u8>,
) -> Result<(BodyCheck, Option<EventId>), String> {
    Ok(match shared.open_into(frame, &sub.commitment.0, |slot| secrets.of(slot), room) {
        OpenedInto::Plain(salt, text) => {
            if seal::commitment(salt, text) != sub.commitment.0 || u32::try_from(text.len()) != Ok(sub.length)
            {
                return Err("the body is not the one that the leaf commits to".to_owned());
            }
            (BodyCheck::Sound, removed_by(sub.class, sub.schema, text))
        }
        OpenedInto::Removed => (BodyCheck::Gone, None),
        OpenedInto::Nothing => (BodyCheck::DoesNotOpen { slot: frame.slot }, None),
    })
}
