//! Opening: what stands on disk, what was cut off by a crash, and what is damage.

mod ahead;
mod met;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::store::leaf::Leaf;
use crate::store::segment::catalog::{Catalog, LOST};
use crate::store::segment::files::{Segment, segment_name};
use crate::store::segment::frame;
use crate::store::segment::head::DurableHead;
use crate::store::segment::index;
use crate::store::segment::recovery::ahead::Pace;
use crate::store::segment::recovery::met::Met;
use crate::store::segment::scan::{Found, Window};
use crate::store::segment::verify::positions;
use crate::store::{Damage, ReadError};

pub(super) use met::{Revisions, Says};

/// No record is shorter: a leaf has some 490 bytes, and a sealed body at least 48. It is more than a sector,
/// so a record whose header never arrived misses one.
const RECORD_BYTES_MIN: usize = 560;
/// Positions that may be missing between two records; a record beyond is not believed.
const GAP_MAX: u64 = 1 << 24;
/// How often a reader looks again at a record that another process may be writing.
const LOOKS_MAX: u32 = 40;
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

/// A record of an append that is not known to be whole yet; its revisions stand among those that are pending.
struct Pending {
    offset: u64,
    append_first: u64,
    says: Says,
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
    pending_revisions: Revisions,
    pace: Pace,
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
            pending_revisions: Revisions::new(),
            pace: Pace::STANDARD,
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
        let end = self.all(segments, start, offset);
        self.catalog.settle();
        end
    }

    fn all(&mut self, segments: &[Arc<Segment>], start: usize, offset: u64) -> Result<u64, ReadError> {
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
        let (offset, end) = self.sound_records(segment, from)?;
        self.one_by_one(segment, offset, end, last)
    }

    /// Takes in the records of a segment up to the first place where none stands that is whole, where there is much
    /// to read; returns that place and the byte after the last whole append.
    fn sound_records(&mut self, segment: &Arc<Segment>, from: u64) -> Result<(u64, u64), ReadError> {
        let (mut offset, mut end) = (from, from);
        if segment.len()?.saturating_sub(from) < self.pace.worth {
            return Ok((offset, end));
        }
        ahead::each(self.log_id, segment, from, self.pace, |block| {
            for met in &block.records {
                offset = met.after;
                if self.met(segment, met, &block.revisions) {
                    end = met.after;
                }
            }
        });
        Ok((offset, end))
    }

    /// Takes in the records of a segment from `offset` on, whatever stands there, and returns the byte after the last
    /// whole append; up to `offset` that is `end`.
    fn one_by_one(
        &mut self,
        segment: &Arc<Segment>,
        mut offset: u64,
        mut end: u64,
        last: bool,
    ) -> Result<u64, ReadError> {
        let mut window = Window::new(Arc::clone(segment));
        let (mut leaf, mut revisions) = (Leaf::blank(), Revisions::new());
        loop {
            let (fault, next) = match window.find(self.log_id, offset)? {
                Found::Record(frame) => {
                    revisions.clear();
                    let met = Met::of(self.log_id, &frame, offset, &mut leaf, &mut revisions);
                    offset = met.after;
                    if self.met(segment, &met, &revisions) {
                        end = met.after;
                    }
                    continue;
                }
                Found::End if self.pending.is_empty() => return Ok(end),
                Found::End => ("the append has no end".to_owned(), None),
                Found::Bad { fault, next } => (fault.to_string(), next),
            };
            if last && self.may_be_unfinished(segment, &mut window, end, offset)? {
                if Self::is_torn(&mut window, end, offset)? {
                    self.torn = true;
                    self.forget_pending();
                    return Ok(end);
                }
                if self.looks > 0 {
                    self.looks -= 1;
                    std::thread::sleep(BETWEEN_LOOKS);
                    self.forget_pending();
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

    fn forget_pending(&mut self) {
        self.pending.clear();
        self.pending_revisions.clear();
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

    /// Takes in a record, or says what is wrong with it; tells whether it ends an append.
    fn met(&mut self, segment: &Segment, met: &Met, revisions: &Revisions) -> bool {
        match self.record(segment, met, revisions) {
            Ok(commits) => commits,
            Err(what) => {
                self.damage(segment, met.offset, Some(met.position), what);
                false
            }
        }
    }

    fn record(&mut self, segment: &Segment, met: &Met, revisions: &Revisions) -> Result<bool, String> {
        let says = met.says.as_ref().map_err(Clone::clone)?;
        let expected = self.catalog.size() + self.pending.len() as u64;
        if met.position < expected || met.position > expected + GAP_MAX {
            return Err(format!(
                "the record of position {} stands where {expected} comes next",
                met.position
            ));
        }
        if self.pending.first().is_some_and(|first| first.append_first != met.append_first) {
            self.damage(segment, met.offset, Some(expected), "the append before has no end".to_owned());
            self.salvage();
        }
        if met.position > expected {
            self.salvage();
            self.gap(segment, met.offset, met.position);
        } else if !self.follows(met) {
            return Err("it does not follow the record before it".to_owned());
        }
        self.explained = None;
        let from = self.pending_revisions.len();
        self.pending_revisions.extend_from_slice(revisions.get(says.streams.clone()).unwrap_or_default());
        let says = Says { streams: from..self.pending_revisions.len(), ..says.clone() };
        self.pending.push(Pending {
            offset: met.offset,
            append_first: met.append_first,
            says,
            slot: met.slot,
        });
        if met.commits {
            self.salvage();
            self.close_run();
        }
        Ok(met.commits)
    }

    fn follows(&self, met: &Met) -> bool {
        match self.pending.last() {
            Some(last) => last.says.hash.starts_with(&met.previous),
            // After a lost record there is nothing to compare with.
            None if self.catalog.tip.last_hash == [0; 32] => {
                self.catalog.size() > 0 || met.previous == [0; 8]
            }
            None => self.catalog.tip.previous() == met.previous,
        }
    }

    /// Takes in the records that are pending: the append is whole, or what is left of it is shown.
    fn salvage(&mut self) {
        for Pending { offset, says, slot, .. } in self.pending.drain(..) {
            let offset = u32::try_from(offset).unwrap_or(LOST);
            self.catalog.push(offset, &says, &self.pending_revisions, slot);
            self.catalog.tip.advance(says.at, says.hash);
        }
        self.pending_revisions.clear();
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
            self.catalog.settle();
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
