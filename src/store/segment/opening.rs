//! Making and opening a log.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, RwLock};
use std::time::Instant;

use crate::store::segment::attachments::Attachments;
use crate::store::segment::catalog::Catalog;
use crate::store::segment::files::{self, Disk, Segment, SystemDisk};
use crate::store::segment::head::{self, DurableHead};
use crate::store::segment::identity::{self, Identity, Role};
use crate::store::segment::lock::{self, Lock};
use crate::store::segment::recovery::Recovery;
use crate::store::segment::scan::{Found, Window};
use crate::store::segment::secrets::Secrets;
use crate::store::segment::writer::Writer;
use crate::store::segment::zeroing::Zeroing;
use crate::store::segment::{Access, Opening, Options, Places, SegmentStore, Shared, State, Writing, index};
use crate::store::{Clock, Damage, Head, ReadError};
use crate::tlog::{empty_root, leaf_hash};

/// Submissions that wait for the writer at most; beyond, callers wait to hand theirs over.
const WAITING_MAX: usize = 4_096;
/// Bytes of the name of a log at most.
const NAME_BYTES_MAX: usize = 64;
/// What stands in a directory in which the making of a log was cut off.
const PARTS: [&str; 8] = ["log", "secrets", "files", "head", "head.new", "lock", "index", "tree"];

/// Why a log was not made or opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no such directory.
    #[error("there is no directory {0}; `init` makes a log there")]
    NoDirectory(PathBuf),
    /// There is nothing in the directory.
    #[error("{0} is empty; `init` makes a log there")]
    EmptyDirectory(PathBuf),
    /// There is something else in the directory.
    #[error("{0} holds something that is not a log")]
    NotALog(PathBuf),
    /// A log is made in a directory that holds nothing yet.
    #[error("{0} already holds something; a log is made in a new or empty directory")]
    NotEmpty(PathBuf),
    /// The name cannot be that of a log.
    #[error(
        "`{0}` cannot name a log; a name has 1 to {NAME_BYTES_MAX} bytes and no spaces, quotes, plus signs, slashes or control characters"
    )]
    Name(String),
    /// Someone else writes.
    #[error("the log is being written by {holder}")]
    Held {
        /// Who.
        holder: String,
    },
    /// A later program made it.
    #[error("the log has format {version}, and this program reads format 1; use a newer program")]
    Newer {
        /// Its format.
        version: u32,
    },
    /// The file that names the log is damaged, and no record tells the name.
    #[error("the log cannot be told by its name")]
    Damaged(Damage),
    /// The disk refused.
    #[error("the log in {dir} cannot be opened")]
    Io {
        /// The data directory.
        dir: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl SegmentStore {
    /// Makes an empty log in a directory that holds nothing, and opens it for writing.
    ///
    /// Its name is `name` and eight random digits.
    ///
    /// # Errors
    ///
    /// Returns [`OpenError`]; then the directory holds no log.
    pub fn create(dir: &Path, name: &str, clock: Clock) -> Result<Self, OpenError> {
        check_name(name)?;
        Self::make(dir, &crate::store::new_log_id(name), Role::Original, clock, Options::STANDARD)
    }

    /// Makes an empty copy of the log `log_id`, which [`SegmentStore::take_over`] fills.
    ///
    /// # Errors
    ///
    /// As [`SegmentStore::create`].
    pub fn create_copy(dir: &Path, log_id: &str, clock: Clock) -> Result<Self, OpenError> {
        Self::make(dir, log_id, Role::Copy, clock, Options::STANDARD)
    }

    fn make(dir: &Path, log_id: &str, role: Role, clock: Clock, options: Options) -> Result<Self, OpenError> {
        check_name(log_id)?;
        let failed = |source| OpenError::Io { dir: dir.to_owned(), source };
        if !may_become_a_log(dir).map_err(failed)? {
            return Err(OpenError::NotEmpty(dir.to_owned()));
        }
        make_parts(dir, log_id, role).map_err(failed)?;
        Self::open_with(dir, Opening::Write { wait: std::time::Duration::ZERO }, clock, options)
    }

    /// Opens a log.
    ///
    /// For reading it writes nothing, and works while another process writes; for writing it waits for the
    /// other writer to finish. A damaged log opens, and says so by its health.
    ///
    /// # Errors
    ///
    /// Returns [`OpenError`]; the log is as it was.
    pub fn open(dir: &Path, opening: Opening, clock: Clock) -> Result<Self, OpenError> {
        Self::open_with(dir, opening, clock, Options::STANDARD)
    }

    /// Opens a log with other choices than the standard ones.
    ///
    /// # Errors
    ///
    /// As [`SegmentStore::open`].
    pub fn open_with(
        dir: &Path,
        opening: Opening,
        clock: Clock,
        options: Options,
    ) -> Result<Self, OpenError> {
        Self::open_on(dir, opening, clock, options, Box::new(SystemDisk))
    }

    pub(super) fn open_on(
        dir: &Path,
        opening: Opening,
        clock: Clock,
        options: Options,
        disk: Box<dyn Disk>,
    ) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Io { dir: dir.to_owned(), source };
        identify(dir)?;
        let (access, lock) = match opening {
            Opening::Read => (Access::Read, None),
            Opening::Write { wait } => match lock::take(dir, wait).map_err(failed)? {
                Ok(lock) => (Access::Write, Some(lock)),
                Err(holder) => return Err(OpenError::Held { holder }),
            },
        };
        // What stood there before the lock was had may have changed since.
        let (identity, garbled) = identify(dir)?;
        let mut found = Finding::look(dir, &identity.log, access, &options).map_err(failed)?;
        found.damages.splice(0..0, garbled);
        if access == Access::Write && found.damages.is_empty() {
            found.settle(dir, &*disk).map_err(failed)?;
        }
        let secrets = Secrets::open(dir, found.places.catalog.next_slot).map_err(failed)?;
        let sound = found.damages.is_empty();
        let shared = Arc::new(Shared {
            dir: dir.to_owned(),
            log_id: identity.log,
            clock,
            options,
            disk,
            secrets,
            attachments: Attachments::new(dir),
            places: RwLock::new(found.places),
            state: Mutex::new(State {
                role: identity.role,
                access,
                damages: found.damages,
                full: false,
                in_doubt: false,
            }),
        });
        let writing = match lock {
            Some(lock) if sound => {
                Some(start(&shared, lock, found.indexed, found.head_is_behind).map_err(failed)?)
            }
            Some(_) | None => None,
        };
        Ok(Self { shared, writing: Mutex::new(writing) })
    }
}

/// Starts the thread that writes.
fn start(shared: &Arc<Shared>, lock: Lock, indexed: u64, head_is_behind: bool) -> io::Result<Writing> {
    let (segment, end) = {
        let places = shared.places();
        let last = places.segments.last().ok_or_else(|| io::Error::other("the log has no segment"))?;
        (Arc::clone(last), places.end)
    };
    let writer = Writer {
        shared: Arc::clone(shared),
        segment,
        end,
        zeroing: Zeroing::default(),
        options: shared.options,
        head_behind: head_is_behind.then(Instant::now),
        indexed,
        saves_index: true,
    };
    let (queue, work) = sync_channel(WAITING_MAX);
    let thread = std::thread::Builder::new().name("log".to_owned()).spawn(move || {
        writer.run(&work);
        drop(lock);
    })?;
    Ok(Writing { queue, thread })
}

fn check_name(name: &str) -> Result<(), OpenError> {
    let forbidden = |character: char| {
        character.is_whitespace() || character.is_control() || matches!(character, '"' | '\\' | '+' | '/')
    };
    if name.is_empty() || name.len() > NAME_BYTES_MAX || name.contains(forbidden) {
        return Err(OpenError::Name(name.to_owned()));
    }
    Ok(())
}

/// Tells whether a directory is new, empty, or what is left of the making of a log that was cut off.
fn may_become_a_log(dir: &Path) -> io::Result<bool> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error),
    };
    for entry in entries {
        if !PARTS.iter().any(|part| entry.as_ref().is_ok_and(|entry| entry.file_name() == *part)) {
            return Ok(false);
        }
    }
    if dir.join(identity::FILE).exists() {
        return Ok(false);
    }
    let segments = if dir.join("log").is_dir() { files::segments(dir)? } else { Vec::new() };
    Ok(segments
        .iter()
        .all(|first| fs::metadata(dir.join(files::segment_name(*first))).is_ok_and(|data| data.len() == 0)))
}

/// Makes everything durable that a log consists of; the identity last, with which it is one.
fn make_parts(dir: &Path, log_id: &str, role: Role) -> io::Result<()> {
    fs::create_dir_all(dir.join("log"))?;
    fs::create_dir_all(dir.join("files"))?;
    Secrets::create(dir)?;
    Segment::create(dir, 0)?;
    DurableHead { size: 0, root: empty_root(), segment: 0, offset: 0 }.save(dir, log_id)?;
    files::sync_dir(dir)?;
    if let Some(parent) = dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        files::sync_dir(parent)?;
    }
    Identity { log: log_id.to_owned(), role }.save(dir)
}

/// Returns what the log is; with the damage, where its own file no longer says so.
fn identify(dir: &Path) -> Result<(Identity, Option<Damage>), OpenError> {
    let failed = |source| OpenError::Io { dir: dir.to_owned(), source };
    if !dir.is_dir() {
        return Err(OpenError::NoDirectory(dir.to_owned()));
    }
    let stated = match Identity::load(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => identity::Stated::Absent,
        stated => stated.map_err(failed)?,
    };
    let what = match stated {
        identity::Stated::Known(identity) => return Ok((identity, None)),
        identity::Stated::Newer(version) => return Err(OpenError::Newer { version }),
        identity::Stated::Garbled => "the file that names the log is garbled",
        identity::Stated::Absent => "the file that names the log is missing",
    };
    let damage = Damage { file: identity::FILE.to_owned(), offset: 0, position: None, what: what.to_owned() };
    let absent = stated == identity::Stated::Absent;
    for first in files::segments(dir).unwrap_or_default() {
        let bytes = fs::read(dir.join(files::segment_name(first))).map_err(failed)?;
        if let Some(log) = Identity::from_records(&bytes) {
            return Ok((
                Identity { log, role: Role::Original },
                Some(Damage { position: Some(0), ..damage }),
            ));
        }
    }
    if !absent {
        return Err(OpenError::Damaged(damage));
    }
    if fs::read_dir(dir).map_err(failed)?.next().is_none() {
        Err(OpenError::EmptyDirectory(dir.to_owned()))
    } else {
        Err(OpenError::NotALog(dir.to_owned()))
    }
}

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
struct Finding {
    places: Places,
    damages: Vec<Damage>,
    torn: bool,
    durable: Option<DurableHead>,
    indexed: u64,
    head_is_behind: bool,
}

impl Finding {
    fn look(dir: &Path, log_id: &str, access: Access, options: &Options) -> io::Result<Self> {
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
    fn settle(&mut self, dir: &Path, disk: &dyn Disk) -> io::Result<()> {
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
    let mut edge = crate::tlog::tree::Edge::default();
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
            let fault = match crate::store::segment::frame::read(log_id, window.record_bytes(offset)?) {
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
