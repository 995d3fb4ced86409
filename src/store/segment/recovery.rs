//! Opening: what stands on disk, what was cut off by a crash, and what is damage.

use std::io;
use std::path::Path;

use crate::store::leaf::Leaf;
use crate::store::segment::catalog::Catalog;
use crate::store::segment::files::{Segment, segments};
use crate::store::segment::frame::{self, Frame};
use crate::store::segment::head::DurableHead;
use crate::store::segment::scan::{Found, Window};
use crate::store::staging::Stage;
use crate::store::{Damage, ReadError};
use crate::tlog::{Hash, leaf_hash};

/// Logs up to this size are checked whole at every open; `verify` checks those beyond.
const CHECKED_AT_OPEN_MAX: u64 = 64 << 20;

/// No record is shorter: a leaf has some 490 bytes, and a sealed body at least 50. It is more than a sector,
/// so a record whose header never arrived misses one.
const RECORD_BYTES_MIN: usize = 560;

/// What stands on disk.
pub(super) struct Recovered {
    pub(super) segments: Vec<Segment>,
    pub(super) catalog: Catalog,
    pub(super) stage: Stage,
    /// The byte after the last whole append, in the last segment.
    pub(super) end: u64,
    /// An append that a crash cut off stands behind the end.
    pub(super) torn: bool,
    pub(super) damages: Vec<Damage>,
}

/// A record of an append that is not known to be whole yet.
struct Pending {
    offset: u64,
    leaf: Leaf,
    hash: Hash,
    slot: u64,
}

struct Recovery<'a> {
    log_id: &'a str,
    durable: Option<DurableHead>,
    catalog: Catalog,
    stage: Stage,
    pending: Vec<Pending>,
    damages: Vec<Damage>,
    torn: bool,
}

/// Reads a log from its index, or whole where the index does not tell.
pub(super) fn recover(dir: &Path, log_id: &str, write: bool) -> io::Result<Recovered> {
    let firsts = segments(dir)?;
    let segments =
        firsts.iter().map(|first| Segment::open(dir, *first, write)).collect::<io::Result<Vec<_>>>()?;
    let durable = DurableHead::load(dir, log_id)?;
    if let Some((catalog, stage)) = Catalog::load(dir, log_id)
        && let Some((start, offset)) = index_end(log_id, &segments, &catalog, &stage).map_err(io::Error::other)?
    {
        let recovery =
            Recovery { log_id, durable: durable.clone(), catalog, stage, pending: vec![], damages: vec![], torn: false };
        return recovery.run(segments, start, offset).map_err(io::Error::other);
    }
    let recovery = Recovery {
        log_id,
        durable,
        catalog: Catalog::default(),
        stage: Stage::default(),
        pending: vec![],
        damages: vec![],
        torn: false,
    };
    recovery.run(segments, 0, 0).map_err(io::Error::other)
}

/// Returns the segment and the offset at which the index ends; none where it does not fit the log.
fn index_end(
    log_id: &str,
    segments: &[Segment],
    catalog: &Catalog,
    stage: &Stage,
) -> Result<Option<(usize, u64)>, ReadError> {
    let Some(last) = stage.edge.size().checked_sub(1) else { return Ok(Some((0, 0))) };
    let Some(number) = segments.partition_point(|segment| segment.first <= last).checked_sub(1) else { return Ok(None) };
    let (Some(segment), Some(offset)) = (segments.get(number), catalog.offsets.last()) else { return Ok(None) };
    let offset = u64::from(*offset);
    let end = match Window::new(segment).find(log_id, offset)? {
        Found::Record(frame) if frame.position == last && leaf_hash(frame.leaf) == stage.last_hash => {
            offset + frame.len() as u64
        }
        Found::Record(_) | Found::End | Found::Bad { .. } => return Ok(None),
    };
    let size: u64 = segments.iter().take(number).map(|segment| segment.file.metadata().map_or(0, |data| data.len())).sum();
    if size + end <= CHECKED_AT_OPEN_MAX && !all_whole(log_id, segments, number, end)? {
        return Ok(None);
    }
    Ok(Some((number, end)))
}

/// Tells whether every record up to the end of the index is whole.
fn all_whole(log_id: &str, segments: &[Segment], last: usize, end: u64) -> Result<bool, ReadError> {
    let mut position = 0;
    for (number, segment) in segments.iter().enumerate().take(last + 1) {
        let mut window = Window::new(segment);
        let mut offset = 0;
        while number < last || offset < end {
            match window.find(log_id, offset)? {
                Found::Record(frame) if frame.position == position => offset += frame.len() as u64,
                Found::End if number < last => break,
                Found::Record(_) | Found::End | Found::Bad { .. } => return Ok(false),
            }
            position += 1;
        }
    }
    Ok(true)
}

impl Recovery<'_> {
    fn run(mut self, segments: Vec<Segment>, start: usize, offset: u64) -> Result<Recovered, ReadError> {
        let mut end = offset;
        for (number, segment) in segments.iter().enumerate().skip(start) {
            let from = if number == start { offset } else { 0 };
            end = self.segment(segment, from, number + 1 == segments.len())?;
        }
        self.check_head();
        let Self { catalog, stage, torn, damages, .. } = self;
        Ok(Recovered { segments, catalog, stage, end, torn, damages })
    }

    /// Takes in the records of a segment, and returns the byte after the last whole append.
    fn segment(&mut self, segment: &Segment, from: u64, last: bool) -> Result<u64, ReadError> {
        let mut window = Window::new(segment);
        let (mut offset, mut end) = (from, from);
        loop {
            let (fault, next) = match window.find(self.log_id, offset)? {
                Found::Record(frame) => {
                    let len = frame.len() as u64;
                    match self.record(&frame, offset) {
                        Ok(true) => end = offset + len,
                        Ok(false) => {}
                        Err(what) => self.damage(segment, offset, Some(frame.position), what),
                    }
                    offset += len;
                    continue;
                }
                Found::End if offset == end => {
                    if self.durable.as_ref().is_some_and(|head| head.segment == segment.first && head.offset > end) {
                        let position = self.stage.edge.size();
                        self.damage(segment, offset, Some(position), "records that were durable are gone".to_owned());
                    }
                    return Ok(end);
                }
                Found::End => ("the append has no end".to_owned(), None),
                Found::Bad { fault, next } => (fault.to_string(), next),
            };
            let behind_head = self.durable.as_ref().is_none_or(|head| (segment.first, end) >= (head.segment, head.offset));
            let touched = window.last_written(end)?.max(claimed_end(&mut window, offset)?);
            if last && behind_head && next.is_none() && window.misses_a_sector(end, touched)? {
                self.torn = true;
                self.pending.clear();
                return Ok(end);
            }
            let position = self.stage.edge.size() + self.pending.len() as u64;
            self.damage(segment, offset, Some(position), fault);
            match next {
                Some(next) => offset = next,
                None => {
                    self.salvage();
                    return Ok(end);
                }
            }
        }
    }

    /// Takes in a record, and tells whether it ends an append.
    fn record(&mut self, frame: &Frame<'_>, offset: u64) -> Result<bool, String> {
        let text = std::str::from_utf8(frame.leaf).map_err(|_| "the leaf is not UTF-8".to_owned())?;
        let leaf = Leaf::decode(text).map_err(|error| error.to_string())?;
        let expected = self.stage.edge.size() + self.pending.len() as u64;
        if frame.position > expected && !self.damages.is_empty() {
            self.salvage();
            while self.stage.edge.size() < frame.position {
                self.catalog.push_lost();
                self.stage.edge.push([0; 32]);
            }
        }
        let expected = self.stage.edge.size() + self.pending.len() as u64;
        if frame.position != expected || leaf.pos != expected || leaf.log != self.log_id {
            return Err(format!("a record of position {} stands where {expected} should", frame.position));
        }
        let previous = self.pending.last().map_or(self.stage.last_hash, |record| record.hash);
        let chained = previous.starts_with(&frame.previous) || !self.damages.is_empty();
        if !chained {
            return Err("it does not follow the record before it".to_owned());
        }
        let hash = leaf_hash(frame.leaf);
        self.pending.push(Pending { offset, leaf, hash, slot: frame.slot });
        if frame.commits {
            self.salvage();
        }
        Ok(frame.commits)
    }

    /// Takes in the records that are pending: the append is whole, or what is left of it is shown.
    fn salvage(&mut self) {
        for Pending { offset, leaf, hash, slot } in std::mem::take(&mut self.pending) {
            let offset = u32::try_from(offset).unwrap_or(super::catalog::LOST);
            self.catalog.push(offset, leaf.sub.id.as_uuid(), leaf.sub.request.as_uuid(), leaf.sub.index, hash);
            self.catalog.next_slot = self.catalog.next_slot.max(slot + 1);
            self.stage.advance(&leaf, hash, None);
            if let Some(head) = &self.durable
                && head.size == self.stage.edge.size()
                && head.root != self.stage.edge.root()
                && self.damages.is_empty()
            {
                self.damages.push(Damage {
                    file: "head".to_owned(),
                    offset: 0,
                    position: Some(head.size - 1),
                    what: "the root of the log is not the one that was durable".to_owned(),
                });
            }
        }
    }

    fn check_head(&mut self) {
        let Some(head) = &self.durable else { return };
        if head.size > self.stage.edge.size() && self.damages.is_empty() {
            self.damages.push(Damage {
                file: "head".to_owned(),
                offset: 0,
                position: Some(self.stage.edge.size()),
                what: format!("{} events were durable; the log ends after {}", head.size, self.stage.edge.size()),
            });
        }
    }

    fn damage(&mut self, segment: &Segment, offset: u64, position: Option<u64>, what: String) {
        self.damages.push(Damage { file: segment.name(), offset, position, what });
    }
}

/// Returns where the record at `offset` says that it ends; a record without a readable header has at
/// least the bytes that every record has.
fn claimed_end(window: &mut Window<'_>, offset: u64) -> Result<u64, ReadError> {
    let bytes = window.at(offset, frame::HEADER)?;
    Ok(offset + frame::claimed_len(bytes).unwrap_or(RECORD_BYTES_MIN) as u64)
}
