//! Making and opening a log.

mod under;

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, RwLock};
use std::time::Instant;

use crate::store::measures::Measures;
use crate::store::segment::attachments::Attachments;
use crate::store::segment::checkpoint::{self, Marks};
use crate::store::segment::files::{self, Disk, Segment, SystemDisk};
use crate::store::segment::finding::Finding;
use crate::store::segment::found::FoundEvents;
use crate::store::segment::head::DurableHead;
use crate::store::segment::identity::{self, Identity, Role};
use crate::store::segment::lock::{self, Lock};
use crate::store::segment::master::{KeyFault, MasterKey, Masters};
use crate::store::segment::nodes::Tiles;
use crate::store::segment::secrets::Secrets;
use crate::store::segment::writer::Writer;
use crate::store::segment::zeroing::Zeroing;
use crate::store::segment::{Access, Opening, Options, SegmentStore, Shared, State, Writing};
use crate::store::{Clock, Damage};
use crate::tlog::empty_root;

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
    /// The secrets are under a master key, and none was given.
    #[error("the secrets of this log are under a master key, and none was given")]
    MasterKeyNeeded,
    /// The secrets are under another master key.
    #[error(
        "the secrets of this log are under another master key than the one that was given; after a change of the master key that was cut off, both are needed"
    )]
    MasterKeyWrong,
    /// A master key was given, and the secrets are under none.
    #[error("the secrets of this log are under no master key, and one was given")]
    MasterKeyUnused,
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
        Self::create_with_master(dir, name, clock, None)
    }

    /// As [`SegmentStore::create`], with a master key over the keys of the secrets, if one is given.
    ///
    /// # Errors
    ///
    /// As [`SegmentStore::create`].
    pub fn create_with_master(
        dir: &Path,
        name: &str,
        clock: Clock,
        master: Option<MasterKey>,
    ) -> Result<Self, OpenError> {
        check_name(name)?;
        Self::make(dir, &crate::store::seal::new_log_id(name), Role::Original, clock, master)
    }

    /// Makes an empty copy of the log `log_id`, which [`SegmentStore::take_over`] fills.
    ///
    /// # Errors
    ///
    /// As [`SegmentStore::create`].
    pub fn create_copy(dir: &Path, log_id: &str, clock: Clock) -> Result<Self, OpenError> {
        Self::create_copy_with_master(dir, log_id, clock, None)
    }

    /// As [`SegmentStore::create_copy`], with a master key over the keys of the secrets, if one is given.
    ///
    /// # Errors
    ///
    /// As [`SegmentStore::create`].
    pub fn create_copy_with_master(
        dir: &Path,
        log_id: &str,
        clock: Clock,
        master: Option<MasterKey>,
    ) -> Result<Self, OpenError> {
        Self::make(dir, log_id, Role::Copy, clock, master)
    }

    fn make(
        dir: &Path,
        log_id: &str,
        role: Role,
        clock: Clock,
        master: Option<MasterKey>,
    ) -> Result<Self, OpenError> {
        check_name(log_id)?;
        let failed = |source| OpenError::Io { dir: dir.to_owned(), source };
        if !may_become_a_log(dir).map_err(failed)? {
            return Err(OpenError::NotEmpty(dir.to_owned()));
        }
        make_parts(dir, log_id, role).map_err(failed)?;
        Self::open_with_master(dir, Opening::Write { wait: std::time::Duration::ZERO }, clock, master)
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
        Self::open_on(dir, opening, clock, options, Masters::default(), Box::new(SystemDisk))
    }

    pub(super) fn open_on(
        dir: &Path,
        opening: Opening,
        clock: Clock,
        options: Options,
        masters: Masters,
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
        let secrets = open_secrets(dir, masters.clone(), access)?;
        let mut found = look(dir, &identity.log, garbled, access, &options, &secrets).map_err(failed)?;
        if access == Access::Write && found.damages.is_empty() {
            checkpoint::settle(dir, &*disk).map_err(failed)?;
            found.settle(dir, &*disk).map_err(failed)?;
        }
        let mut sound = found.damages.is_empty();
        let shared = Arc::new(Shared {
            dir: dir.to_owned(),
            log_id: identity.log,
            clock,
            options,
            access,
            disk,
            secrets,
            tiles: Tiles::default(),
            attachments: Attachments::new(dir, masters),
            places: RwLock::new(found.places),
            found: FoundEvents::default(),
            state: Mutex::new(State {
                role: identity.role,
                damages: found.damages,
                obstacle: None,
                in_doubt: false,
                doubted: HashSet::new(),
            }),
            measures: Measures::default(),
        });
        if access == Access::Write && sound {
            sound = settle_secrets(&shared).map_err(failed)?;
        }
        let writing = match lock {
            Some(lock) if sound => {
                Some(start(&shared, lock, found.indexed, found.head_is_behind).map_err(failed)?)
            }
            Some(_) | None => None,
        };
        Ok(Self { shared, writing: Mutex::new(writing) })
    }
}

/// Opens the secrets; without the key that they need, nothing is touched.
fn open_secrets(dir: &Path, masters: Masters, access: Access) -> Result<Secrets, OpenError> {
    let failed = |source| OpenError::Io { dir: dir.to_owned(), source };
    match Secrets::open(dir, masters, access).map_err(failed)? {
        Ok(secrets) => Ok(secrets),
        Err(KeyFault::Needed) => Err(OpenError::MasterKeyNeeded),
        Err(KeyFault::Unused) => Err(OpenError::MasterKeyUnused),
        Err(KeyFault::Wrong | KeyFault::Garbled) => Err(OpenError::MasterKeyWrong),
    }
}

/// Looks what stands in the directory and what of it is damaged, and lets the secrets be given out from where
/// the log ends.
fn look(
    dir: &Path,
    log_id: &str,
    garbled: Option<Damage>,
    access: Access,
    options: &Options,
    secrets: &Secrets,
) -> io::Result<Finding> {
    // Before the log, so that it cannot seem to fall behind what is signed meanwhile.
    let marks = Marks::load(dir, log_id)?;
    let mut found = Finding::look(dir, log_id, access, options)?;
    found.damages.splice(0..0, garbled);
    let used = found.places.catalog.next_slot;
    secrets.begin(used);
    // What is recorded beside bodies that no longer open would hide that they are lost.
    found.damages.extend(secrets.glance(used).into_iter().map(|fault| Damage {
        file: fault.file,
        offset: 0,
        position: None,
        what: fault.what.to_owned(),
    }));
    let behind = marks.damage(log_id, &found.places, found.damages.is_empty());
    found.damages.extend(behind.map_err(io::Error::other)?);
    Ok(found)
}

/// Finishes what was cut off among the secrets; tells whether the log is sound.
fn settle_secrets(shared: &Shared) -> io::Result<bool> {
    shared.secrets.settle(&*shared.disk)?;
    shared.secrets.finish_rewrapping(&*shared.disk)?;
    let damage = shared.finish_forgetting().map_err(io::Error::other)?;
    let is_sound = damage.is_none();
    if let Some(damage) = damage {
        shared.found_damage(&damage);
    }
    Ok(is_sound)
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
    // What stands beside a log, and nothing else makes.
    if dir.join("head").is_file() && dir.join("secrets").is_dir() {
        let what = "the log itself is missing, and what belongs to it (`head`, `secrets`) is there";
        return Err(OpenError::Damaged(Damage { file: "log".to_owned(), what: what.to_owned(), ..damage }));
    }
    if fs::read_dir(dir).map_err(failed)?.next().is_none() {
        Err(OpenError::EmptyDirectory(dir.to_owned()))
    } else {
        Err(OpenError::NotALog(dir.to_owned()))
    }
}
