//! Opening: what stands on disk, what was cut off by a crash, and what is damage.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::store::leaf::Leaf;
use crate::store::segment::catalog::{Catalog, LOST};
use crate::store::segment::files::{Segment, segment_name};
use crate::store::segment::frame::{self, Frame};
use crate::store::segment::head::DurableHead;
use crate::store::segment::index;
use crate::store::segment::scan::{Found, Window};
use crate::store::segment::verify::positions;
use crate::store::{Damage, ReadError};
use crate::tlog::{Hash, leaf_hash};

/// No record is shorter: a leaf has some 490 bytes, and a sealed body at least 48. It is more than a sector,
/// so a record whose header never arrived misses one.
const RECORD_BYTES_MIN: usize = 560;
/// Positions that may be missing between two records; a record beyond is not believed.
const GAP_MAX: u64 = 1 << 24;
/// How often a reader looks again at a record that another process may be writing.
const LOOKS_MAX: u32 = 40;
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

/// A record of an append that is not known to be whole yet.
struct Pending {
    offset: u64,
    append_first: u64,
    leaf: Leaf,
    hash: Hash,
    slot: u64,
}

/// Goes along the segments and takes in what it finds.
pub(super) struct Recovery<'a> {
    pub(super) dir: &'a Path,
    pub(super) log_id: &'a str,
    pub(super) durable: Option<DurableHead>,
    /// Whether the index may be saved on the way.
    pub(super) saves_index: bool,
    /// How often to look again at a record that another process may be writing.
    looks: u32,
    pub(super) catalog: Catalog,
    pending: Vec<Pending>,
    pub(super) damages: Vec<Damage>,
    /// An append that a crash cut off stands behind the end.
    pub(super) torn: bool,
    /// Where damage was met since the last sound record: it explains positions that are missing.
    explained: Option<u32>,
}

impl<'a> Recovery<'a> {
    /// Begins at the end of a catalog.
    pub(super) fn new(dir: &'a Path, log_id: &'a str, catalog: Catalog) -> Self {
        Self {
            dir,
            log_id,
            durable: None,
            saves_index: false,
            looks: 0,
            catalog,
            pending: Vec::new(),
            damages: Vec::new(),
            torn: false,
            explained: None,
        }
    }

    /// Expects that another process may be writing.
    pub(super) fn patient(mut self) -> Self {
        self.looks = LOOKS_MAX;
        self
    }

    /// Takes in everything from `offset` in segment `start`, and returns the byte after the last whole
    /// append in the last segment.
    pub(super) fn run(
        &mut self,
        segments: &[Arc<Segment>],
        start: usize,
        offset: u64,
    ) -> Result<u64, ReadError> {
        let mut end = offset;
        for (number, segment) in segments.iter().enumerate().skip(start) {
            let from = if number == start { offset } else { 0 };
            if from == 0 && segment.first > self.catalog.size() {
                self.gap(segment, 0, segment.first);
            }
            end = self.segment(segment, from, number + 1 == segments.len())?;
        }
        self.check_size(segments.last(), end);
        Ok(end)
    }

    /// Takes in the records of a segment, and returns the byte after the last whole append.
    fn segment(&mut self, segment: &Arc<Segment>, from: u64, last: bool) -> Result<u64, ReadError> {
        let mut window = Window::new(Arc::clone(segment));
        let (mut offset, mut end) = (from, from);
        loop {
            let (fault, next) = match window.find(self.log_id, offset)? {
                Found::Record(frame) => {
                    let after = offset + frame.len() as u64;
                    match self.record(segment, &frame, offset) {
                        Ok(true) => end = after,
                        Ok(false) => {}
                        Err(what) => self.damage(segment, offset, Some(frame.position), what),
                    }
                    offset = after;
                    continue;
                }
                Found::End if self.pending.is_empty() => return Ok(end),
                Found::End => ("the append has no end".to_owned(), None),
                Found::Bad { fault, next } => (fault.to_string(), next),
            };
            if last && self.may_be_unfinished(segment, &mut window, end, offset)? {
                if Self::is_torn(&mut window, end, offset)? {
                    self.torn = true;
                    self.pending.clear();
                    return Ok(end);
                }
                if self.looks > 0 {
                    self.looks -= 1;
                    std::thread::sleep(BETWEEN_LOOKS);
                    self.pending.clear();
                    window.forget();
                    offset = end;
                    continue;
                }
            }
            let position = self.catalog.size() + self.pending.len() as u64;
            self.damage(segment, offset, Some(position), fault);
            self.salvage();
            match next {
                Some(next) => offset = next,
                None => return Ok(end),
            }
        }
    }

    /// Tells whether what stands behind `end` was perhaps never synced.
    fn may_be_unfinished(
        &self,
        segment: &Segment,
        window: &mut Window,
        end: u64,
        offset: u64,
    ) -> Result<bool, ReadError> {
        let behind_head =
            self.durable.as_ref().is_none_or(|head| (segment.first, end) >= (head.segment, head.offset));
        Ok(behind_head && self.damages.is_empty() && !window.a_write_begins_after(self.log_id, offset + 1)?)
    }

    /// Tells whether what stands between `end` and the bad record at `offset`, and that record, are what a
    /// crash left of a write.
    fn is_torn(window: &mut Window, end: u64, offset: u64) -> Result<bool, ReadError> {
        let claimed = frame::claimed_len(window.at(offset, frame::HEADER)?).unwrap_or(RECORD_BYTES_MIN);
        let touched = window.last_written(end)?.max(offset + claimed as u64);
        window.misses_a_sector(end, touched)
    }

    /// Takes in a record, and tells whether it ends an append.
    fn record(&mut self, segment: &Segment, frame: &Frame<'_>, offset: u64) -> Result<bool, String> {
        let text = std::str::from_utf8(frame.leaf).map_err(|_| "the leaf is not UTF-8".to_owned())?;
        let leaf = Leaf::decode(text).map_err(|error| error.to_string())?;
        if leaf.pos != frame.position || leaf.log != self.log_id {
            return Err("the leaf is that of another record".to_owned());
        }
        if frame.position.checked_sub(u64::from(leaf.sub.index)) != Some(frame.append_first) {
            return Err("the record names another append than its leaf".to_owned());
        }
        let expected = self.catalog.size() + self.pending.len() as u64;
        if frame.position < expected || frame.position > expected + GAP_MAX {
            return Err(format!(
                "the record of position {} stands where {expected} comes next",
                frame.position
            ));
        }
        if self.pending.first().is_some_and(|first| first.append_first != frame.append_first) {
            self.damage(segment, offset, Some(expected), "the append before has no end".to_owned());
            self.salvage();
        }
        if frame.position > expected {
            self.salvage();
            self.gap(segment, offset, frame.position);
        } else if !self.follows(frame) {
            return Err("it does not follow the record before it".to_owned());
        }
        self.explained = None;
        let hash = leaf_hash(frame.leaf);
        self.pending.push(Pending { offset, append_first: frame.append_first, leaf, hash, slot: frame.slot });
        if frame.commits {
            self.salvage();
            self.close_run();
        }
        Ok(frame.commits)
    }

    fn follows(&self, frame: &Frame<'_>) -> bool {
        match self.pending.last() {
            Some(last) => last.hash.starts_with(&frame.previous),
            // After a lost record there is nothing to compare with.
            None if self.catalog.tip.last_hash == [0; 32] => {
                self.catalog.size() > 0 || frame.previous == [0; 8]
            }
            None => self.catalog.tip.previous() == frame.previous,
        }
    }

    /// Takes in the records that are pending: the append is whole, or what is left of it is shown.
    fn salvage(&mut self) {
        for Pending { offset, leaf, hash, slot, .. } in std::mem::take(&mut self.pending) {
            let offset = u32::try_from(offset).unwrap_or(LOST);
            self.catalog.push(offset, &leaf, hash, slot);
            self.catalog.tip.advance(leaf.at, hash);
        }
    }

    /// Notes that the positions before `to` are missing.
    fn gap(&mut self, segment: &Segment, offset: u64, to: u64) {
        let from = self.catalog.size();
        if to.saturating_sub(from) > GAP_MAX {
            self.damage(
                segment,
                offset,
                Some(from),
                format!("the segments before position {to} are missing"),
            );
            return;
        }
        let place = self.gone(segment.name(), offset, to);
        for position in from..to {
            // The first is shown where the damage was met.
            self.catalog.push_lost(place.filter(|_| position == from).unwrap_or(LOST));
        }
        self.explained = None;
    }

    fn close_run(&mut self) {
        if self.catalog.size() - self.catalog.run_from < index::RUN_EVENTS || !self.damages.is_empty() {
            return;
        }
        if self.saves_index {
            // What is not saved is read again at the next open.
            let saved = index::prepare(&self.catalog, self.log_id).and_then(|saving| saving.write(self.dir));
            self.saves_index = saved.is_ok();
        }
        self.catalog.close_run();
    }

    /// Says that the positions up to `to` are gone: where damage was met that explains it, there. Returns
    /// where the damage was met.
    fn gone(&mut self, file: String, offset: u64, to: u64) -> Option<u32> {
        let from = self.catalog.size();
        let place = self.explained.take();
        match self.damages.last_mut().filter(|_| place.is_some()) {
            Some(damage) if to - from > 1 => {
                damage.what = format!("{}; {} gone", damage.what, positions(from, to));
            }
            Some(_) => {}
            None => {
                let what = format!("{} gone", positions(from, to));
                self.damages.push(Damage { file, offset, position: Some(from), what });
            }
        }
        place
    }

    /// Compares the size with the one that was durable; the last segment was read up to `end`.
    fn check_size(&mut self, last: Option<&Arc<Segment>>, end: u64) {
        let Some(head) = &self.durable else { return };
        let (size, durable) = (self.catalog.size(), head.size);
        if durable <= size {
            return;
        }
        let first = last.map_or(0, |last| last.first);
        let (file, offset) =
            if head.segment > first { (segment_name(head.segment), 0) } else { (segment_name(first), end) };
        let mut place = self.gone(file, offset, durable);
        if durable - size <= GAP_MAX {
            (size..durable).for_each(|_| self.catalog.push_lost(place.take().unwrap_or(LOST)));
        }
    }

    fn damage(&mut self, segment: &Segment, offset: u64, position: Option<u64>, what: String) {
        self.explained = Some(u32::try_from(offset).unwrap_or(LOST));
        self.damages.push(Damage { file: segment.name(), offset, position, what });
    }
}
