//! Reading a segment from end to end: records, and what stands where a record should.

use std::sync::Arc;

use crate::store::segment::files::Segment;
use crate::store::segment::frame::{self, Frame, FrameFault};
use crate::store::{Damage, ReadError};

/// Bytes read at once.
const CHUNK: usize = 1 << 20;
/// What a disk writes whole or not at all.
const SECTOR: u64 = 512;

/// A part of a segment in memory, that moves along it.
pub(super) struct Window {
    segment: Arc<Segment>,
    start: u64,
    bytes: Vec<u8>,
    have: usize,
}

/// What stands at an offset.
pub(super) enum Found<'a> {
    Record(Frame<'a>),
    /// Nothing but zeros up to the end of the file.
    End,
    /// No record; the next one that is whole begins at `next`, if there is one.
    Bad {
        fault: FrameFault,
        next: Option<u64>,
    },
}

impl Window {
    pub(super) fn new(segment: Arc<Segment>) -> Self {
        Self { segment, start: 0, bytes: Vec::new(), have: 0 }
    }

    /// Returns the first position of the segment.
    pub(super) fn first(&self) -> u64 {
        self.segment.first
    }

    /// Forgets what was read, so that what was written since is seen.
    pub(super) fn forget(&mut self) {
        self.have = 0;
    }

    /// Returns at least `len` bytes from `offset`, or as many as there are.
    pub(super) fn at(&mut self, offset: u64, len: usize) -> Result<&[u8], ReadError> {
        let inside = offset >= self.start && offset + len as u64 <= self.start + self.have as u64;
        if !inside {
            self.bytes.resize(CHUNK.max(len), 0);
            self.start = offset;
            self.have = 0;
            self.have = self.segment.read_at(&mut self.bytes, offset)?;
        }
        let from = usize::try_from(offset - self.start).unwrap_or(usize::MAX);
        Ok(self.bytes.get(from..self.have).unwrap_or_default())
    }

    /// Returns the bytes of the record at `offset`, as many as it says that it has.
    pub(super) fn record_bytes(&mut self, offset: u64) -> Result<&[u8], ReadError> {
        let len = frame::claimed_len(self.at(offset, frame::HEADER)?).unwrap_or(frame::HEADER);
        let bytes = self.at(offset, len)?;
        Ok(bytes.get(..len).unwrap_or(bytes))
    }

    /// Returns the length of the record at `offset`; none where the segment ends.
    pub(super) fn whole_record(&mut self, log_id: &str, offset: u64) -> Result<Option<u64>, ReadError> {
        if self.at(offset, frame::HEADER)?.first().is_none_or(|byte| *byte == 0) {
            return Ok(None);
        }
        let fault = match frame::read(log_id, self.record_bytes(offset)?) {
            Ok(frame) => return Ok(Some(frame.len() as u64)),
            Err(fault) => fault.to_string(),
        };
        Err(ReadError::Damaged(Damage { file: self.segment.name(), offset, position: None, what: fault }))
    }

    /// Returns what stands at `offset`.
    pub(super) fn find(&mut self, log_id: &str, offset: u64) -> Result<Found<'_>, ReadError> {
        let fault = match frame::read(log_id, self.record_bytes(offset)?) {
            // The borrow of the bytes must not outlast this arm, so the way they were found right is
            // remembered as their length.
            Ok(frame) => Ok(frame.len()),
            Err(fault) => Err(fault),
        };
        match fault {
            Ok(len) => {
                let bytes = self.at(offset, len)?;
                Ok(frame::parse(bytes, len)
                    .map_or(Found::Bad { fault: FrameFault::CutOff, next: None }, Found::Record))
            }
            Err(_) if self.only_zeros_from(offset)? => Ok(Found::End),
            Err(fault) => Ok(Found::Bad { fault, next: self.next_record(log_id, offset + 1)? }),
        }
    }

    /// Tells whether only zeros follow.
    fn only_zeros_from(&mut self, mut offset: u64) -> Result<bool, ReadError> {
        loop {
            let bytes = self.at(offset, 1)?;
            if bytes.is_empty() {
                return Ok(true);
            }
            if bytes.iter().any(|byte| *byte != 0) {
                return Ok(false);
            }
            offset += bytes.len() as u64;
        }
    }

    /// Returns the byte after the last that is not zero, or `from` where only zeros follow.
    pub(super) fn last_written(&mut self, from: u64) -> Result<u64, ReadError> {
        let (mut offset, mut last) = (from, from);
        loop {
            let bytes = self.at(offset, 1)?;
            if bytes.is_empty() {
                return Ok(last);
            }
            if let Some(place) = bytes.iter().rposition(|byte| *byte != 0) {
                last = offset + place as u64 + 1;
            }
            offset += bytes.len() as u64;
        }
    }

    /// Returns where the next whole record begins at or after `offset`.
    pub(super) fn next_record(&mut self, log_id: &str, mut offset: u64) -> Result<Option<u64>, ReadError> {
        loop {
            let bytes = self.at(offset, frame::HEADER)?;
            if bytes.len() < frame::HEADER {
                return Ok(None);
            }
            let Some(place) = frame::next_magic(bytes, 0) else {
                // A magic may begin in the last three bytes.
                offset += bytes.len() as u64 - 3;
                continue;
            };
            let candidate = offset + place as u64;
            if frame::read(log_id, self.record_bytes(candidate)?).is_ok() {
                return Ok(Some(candidate));
            }
            offset = candidate + 1;
        }
    }

    /// Tells whether a write begins with some record at or after `offset`: then everything before that
    /// record was on disk before it was written.
    pub(super) fn a_write_begins_after(&mut self, log_id: &str, mut offset: u64) -> Result<bool, ReadError> {
        while let Some(next) = self.next_record(log_id, offset)? {
            match frame::read(log_id, self.record_bytes(next)?) {
                Ok(frame) if frame.begins => return Ok(true),
                Ok(frame) => offset = next + frame.len() as u64,
                Err(_) => offset = next + 1,
            }
        }
        Ok(false)
    }

    /// Tells whether `from..to` can be what a power cut left of a write into zeroed space: some sector that
    /// it touches never arrived.
    pub(super) fn misses_a_sector(&mut self, from: u64, to: u64) -> Result<bool, ReadError> {
        let mut sector = from;
        while sector < to {
            let end = ((sector / SECTOR + 1) * SECTOR).min(to);
            let len = usize::try_from(end - sector).unwrap_or(0);
            let bytes = self.at(sector, len)?;
            if bytes.iter().take(len).all(|byte| *byte == 0) {
                return Ok(true);
            }
            sector = end;
        }
        Ok(false)
    }
}
