//! What is found on disk when a log is opened, and what is done about what a crash left.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::store::segment::catalog::Catalog;
use crate::store::segment::files::{self, Disk, Segment};
use crate::store::segment::head::{self, DurableHead};
use crate::store::segment::recovery::Recovery;
use crate::store::segment::scan::{Found, Window};
use crate::store::segment::{Access, Options, Places, frame, index};
use crate::store::{Damage, Head, ReadError};
use crate::tlog::leaf_hash;
use crate::tlog::tree::Edge;

/// Opens the segments that begin after `last`.
pub(super) fn segments_after(dir: &Path, last: Option<u64>) -> Result<Vec<Arc<Segment>>, ReadError> {
    let failed = |error: io::Error| ReadError::Io { file: "log".to_owned(), what: error.to_string() };
    let firsts = files::segments(dir).map_err(failed)?;
    let later = firsts.into_iter().filter(|first| last.is_none_or(|last| *first > last));
    later.map(|first| Segment::open(dir, first, Access::Read).map(Arc::new).map_err(failed)).collect()
}

/// Makes sure that what was read is on disk, even when whoever wrote it was killed before the sync.
pub(super) fn make_durable(places: &Places) -> Result<(), ReadError> {
    let Some(last) = places.segments.last() else { return Ok(()) };
    last.file.sync_data().map_err(|error| last.error(&error))
}

/// What was found on disk.
pub(super) struct Finding {
    pub(super) places: Places,
    pub(super) damages: Vec<Damage>,
    torn: bool,
    durable: Option<DurableHead>,
    /// Up to where the index tells.
    pub(super) indexed: u64,
    /// `head` does not know all of it.
    pub(super) head_is_behind: bool,
}

impl Finding {
    /// Reads what is there.
    pub(super) fn look(dir: &Path, log_id: &str, access: Access, options: &Options) -> io::Result<Self> {
        // The head first: another process may be writing, and the log must not seem shorter than it.
        let stated = DurableHead::load(dir, log_id)?;
        let firsts = match files::segments(dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            firsts => firsts?,
        };
        let mut segments = Vec::with_capacity(firsts.len());
        for first in firsts {
            segments.push(Arc::new(Segment::open(dir, first, access)?));
        }
        let (catalog, start, offset, mut damages) =
            known(dir, log_id, &segments, options).map_err(io::Error::other)?;
        let indexed = catalog.size();
        let mut recovery = Recovery::new(dir, log_id, catalog);
        recovery.durable = match &stated {
            head::Stated::Known(head) => Some(head.clone()),
            head::Stated::Absent | head::Stated::Garbled => None,
        };
        match access {
            Access::Read => recovery = recovery.patient(),
            Access::Write if damages.is_empty() => {
                recovery.saves_index = true;
                if indexed == 0 {
                    // What is left of an index that does not fit must not be taken for a part of the next.
                    let _ = fs::remove_dir_all(dir.join("index"));
                }
            }
            Access::Write => {}
        }
        let end = recovery.run(&segments, start, offset).map_err(io::Error::other)?;
        damages.append(&mut recovery.damages);
        let Recovery { catalog, torn, durable, .. } = recovery;
        let head = catalog.tip.head();
        let places = Places { head, end, segments, catalog };
        damages.extend(head_damage(log_id, &stated, &places, damages.is_empty()).map_err(io::Error::other)?);
        if access == Access::Read && durable.as_ref().is_none_or(|durable| durable.size < head.size) {
            make_durable(&places).map_err(io::Error::other)?;
        }
        let head_is_behind = durable.as_ref().is_none_or(|durable| durable.size != head.size);
        Ok(Self { places, damages, torn, durable, indexed, head_is_behind })
    }

    /// Cuts off what a crash left behind the end, and makes what stands after `head` durable.
    pub(super) fn settle(&mut self, dir: &Path, disk: &dyn Disk) -> io::Result<()> {
        if self.places.segments.is_empty() {
            self.places.segments.push(Arc::new(Segment::create(dir, 0)?));
        }
        let Some(last) = self.places.segments.last() else { return Ok(()) };
        if self.torn || last.file.metadata()?.len() > self.places.end {
            disk.cut(&last.file, self.places.end)?;
        }
        let (from, offset) = self.durable.as_ref().map_or((0, 0), |head| (head.segment, head.offset));
        for segment in &self.places.segments {
            let start = if segment.first == from { offset } else { 0 };
            let end = segment.file.metadata()?.len();
            if segment.first >= from && start < end {
                write_again(segment, start, end, disk)?;
            }
        }
        Ok(())
    }
}

/// After a kill between write and sync the bytes are readable and not durable; a sync alone need not write
/// pages again whose writing failed before.
fn write_again(segment: &Segment, start: u64, end: u64, disk: &dyn Disk) -> io::Result<()> {
    let mut bytes = vec![0; 1 << 20];
    let mut offset = start;
    while offset < end {
        let have = segment.read_at(&mut bytes, offset).map_err(io::Error::other)?;
        let have = have.min(usize::try_from(end - offset).unwrap_or(usize::MAX));
        if have == 0 {
            break;
        }
        disk.write_at(&segment.file, bytes.get(..have).unwrap_or_default(), offset)?;
        offset += have as u64;
    }
    disk.sync(&segment.file)
}

/// Compares the log with what was durable.
fn head_damage(
    log_id: &str,
    stated: &head::Stated,
    places: &Places,
    sound: bool,
) -> Result<Option<Damage>, ReadError> {
    let damage = |what: &str| {
        let position = places.head.size.checked_sub(1);
        Some(Damage { file: head::FILE.to_owned(), offset: 0, position, what: what.to_owned() })
    };
    Ok(match stated {
        head::Stated::Absent => damage("the file that says how far the log is durable is missing"),
        head::Stated::Garbled => damage("the file that says how far the log is durable is garbled"),
        head::Stated::Known(head) if sound && head.size <= places.head.size => {
            let Head { root, .. } = places.head_at(log_id, head.size)?;
            if root == head.root {
                None
            } else {
                damage("the log is not the one that was durable: its root differs")
            }
        }
        // Damage that was found explains what is missing or different.
        head::Stated::Known(_) => None,
    })
}

/// What is known before reading on: the catalog, the segment and offset where it ends, and damage in what it
/// covers.
type Known = (Catalog, usize, u64, Vec<Damage>);

/// Returns the index where it fits the log, and what is wrong with the records that it covers.
fn known(dir: &Path, log_id: &str, segments: &[Arc<Segment>], options: &Options) -> Result<Known, ReadError> {
    let nothing = || (Catalog::default(), 0, 0, Vec::new());
    let Some(catalog) = index::load(dir, log_id) else { return Ok(nothing()) };
    let Some(last) = catalog.size().checked_sub(1) else { return Ok(nothing()) };
    let Some(number) = segments.partition_point(|segment| segment.first <= last).checked_sub(1) else {
        return Ok(nothing());
    };
    let (Some(segment), Some(offset)) = (segments.get(number), catalog.offsets.last()) else {
        return Ok(nothing());
    };
    let offset = u64::from(*offset);
    let end = match Window::new(Arc::clone(segment)).find(log_id, offset)? {
        Found::Record(frame)
            if frame.position == last && frame.commits && leaf_hash(frame.leaf) == catalog.tip.last_hash =>
        {
            offset + frame.len() as u64
        }
        Found::Record(_) | Found::End | Found::Bad { .. } => return Ok(nothing()),
    };
    let mut bytes = end;
    for segment in segments.iter().take(number) {
        bytes += segment.len()?;
    }
    if bytes > options.checked_at_open_bytes_max {
        return Ok((catalog, number, end, Vec::new()));
    }
    Ok(match covered(log_id, segments, &catalog, number, end)? {
        Some(damages) => (catalog, number, end, damages),
        // The records are sound and the index is not about them.
        None => nothing(),
    })
}

/// Returns the damage in the records that a catalog covers; none when it is not a catalog of them.
fn covered(
    log_id: &str,
    segments: &[Arc<Segment>],
    catalog: &Catalog,
    last: usize,
    end: u64,
) -> Result<Option<Vec<Damage>>, ReadError> {
    let mut damages = Vec::new();
    let mut edge = Edge::default();
    for (number, segment) in segments.iter().enumerate().take(last + 1) {
        let mut window = Window::new(Arc::clone(segment));
        let mut expected = 0;
        let to = segments.get(number + 1).filter(|_| number < last).map_or(catalog.size(), |next| next.first);
        for position in segment.first..to {
            let place = usize::try_from(position).ok().and_then(|place| catalog.offsets.get(place));
            let Some(offset) = place.map(|offset| u64::from(*offset)) else { return Ok(None) };
            if offset != expected && damages.is_empty() {
                return Ok(None);
            }
            let fault = match frame::read(log_id, window.record_bytes(offset)?) {
                Ok(frame) if frame.position == position => {
                    edge.push(leaf_hash(frame.leaf));
                    expected = offset + frame.len() as u64;
                    continue;
                }
                Ok(frame) => format!("the record of position {} stands here", frame.position),
                Err(fault) => fault.to_string(),
            };
            damages.push(Damage { file: segment.name(), offset, position: Some(position), what: fault });
        }
        let ends = if number < last { segment.len()? } else { end };
        if damages.is_empty()
            && expected != ends
            && window.last_written(expected)? > expected
            && number < last
        {
            let position = to.checked_sub(1);
            let what = "there are bytes behind the last record".to_owned();
            damages.push(Damage { file: segment.name(), offset: expected, position, what });
        }
    }
    Ok(if !damages.is_empty() || edge == catalog.tip.edge { Some(damages) } else { None })
}
