//! What belongs to a backup: every file with its hash, and how far each log goes; and what an attempt has copied.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::timestamp::Timestamp;
use crate::store::leaf::HexHash;
use crate::store::segment::backup::{BackupError, at};
use crate::store::segment::files::{self, SystemDisk};

/// Where it stands in a backup.
pub(super) const FILE: &str = "manifest";
/// Where it stands what an attempt has copied.
pub(super) const UNFINISHED: &str = "unfinished";
/// What is written and read here.
const VERSION: u32 = 1;

/// What belongs to a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of this form.
    pub version: u32,
    /// When the log was as it is here.
    pub made_at: Timestamp,
    /// The log first, then those within its directory.
    pub logs: Vec<LogAt>,
    /// Every file.
    pub(super) items: Vec<Item>,
}

/// How far a log goes in a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogAt {
    /// Where it stands within the data directory; nothing for the log itself.
    pub within: String,
    /// Its name.
    pub log: String,
    /// How many events it has.
    pub size: u64,
    /// Its root.
    pub root: HexHash,
    /// The first position of its last segment.
    pub(super) segment: u64,
    /// The byte after its last record.
    pub(super) end: u64,
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Item {
    /// Where it stands in the data directory.
    pub(super) path: String,
    /// Where it stands in the backup.
    pub(super) at: String,
    /// How many bytes of it count.
    pub(super) bytes: u64,
    /// The SHA-256 of those.
    pub(super) sha256: HexHash,
}

/// A line of what an attempt did.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Copied(Item),
    /// What stands there is not what was copied, or is not what belongs to its key any more: it is copied anew.
    Garbled(String),
}

impl Manifest {
    pub(super) fn new(made_at: Timestamp, logs: Vec<LogAt>, items: Vec<Item>) -> Self {
        Self { version: VERSION, made_at, logs, items }
    }

    /// Returns the log itself.
    pub fn log(&self) -> Option<&LogAt> {
        self.logs.first()
    }

    /// Returns how many bytes it has.
    pub fn bytes(&self) -> u64 {
        self.items.iter().map(|item| item.bytes).sum()
    }

    /// Returns how many files it has.
    pub fn files(&self) -> usize {
        self.items.len()
    }

    /// Reads what belongs to the backup in a directory; none where none is whole.
    pub(super) fn load(dir: &Path) -> Result<Option<Self>, BackupError> {
        let path = dir.join(FILE);
        let Some(bytes) = files::read(&path).map_err(at(&path))? else { return Ok(None) };
        let garbled = |what: &str| BackupError::Damaged(vec![super::Wrong::of(FILE, what)]);
        let text = std::str::from_utf8(&bytes).map_err(|_| garbled("it is no text"))?;
        let parts = text.strip_suffix('\n').and_then(|text| text.rsplit_once("\nsha256 "));
        let (body, stated) = parts.ok_or_else(|| garbled("it does not end with its hash"))?;
        if HexHash(Sha256::digest(body.as_bytes()).into()).to_string() != stated {
            return Err(garbled("its hash is that of something else"));
        }
        let manifest: Self = serde_json::from_str(body).map_err(|error| garbled(&error.to_string()))?;
        if manifest.version != VERSION {
            return Err(garbled(&format!(
                "it has version {}, and this program reads {VERSION}",
                manifest.version
            )));
        }
        let names = |item: &Item| [item.path.clone(), item.at.clone()];
        match manifest.items.iter().flat_map(names).find(|name| !is_inside(name)) {
            Some(name) => Err(garbled(&format!("`{name}` leads out of the directory"))),
            None => Ok(Some(manifest)),
        }
    }

    /// Puts it in its place, durably: with it the backup is whole.
    pub(super) fn save(&self, dir: &Path) -> Result<(), BackupError> {
        let path = dir.join(FILE);
        let body = serde_json::to_string_pretty(self).map_err(|error| at(&path)(io::Error::other(error)))?;
        let hash = HexHash(Sha256::digest(body.as_bytes()).into());
        let text = format!("{body}\nsha256 {hash}\n");
        files::replace_private_on(&SystemDisk, &path, text.as_bytes()).map_err(at(&path))
    }
}

/// Tells whether a name stays within a directory.
fn is_inside(name: &str) -> bool {
    let is_plain = |part: std::path::Component<'_>| matches!(part, std::path::Component::Normal(_));
    !name.is_empty() && Path::new(name).components().all(is_plain)
}

/// What an attempt has copied, and those before it that were cut off.
pub(super) struct Journal {
    file: File,
}

impl Journal {
    /// Goes on with what is there, and returns what was copied by then: of an earlier whole backup and since.
    pub(super) fn open(dir: &Path, earlier: Option<&Manifest>) -> io::Result<(Self, BTreeMap<String, Item>)> {
        let path = dir.join(UNFINISHED);
        let items = earlier.into_iter().flat_map(|manifest| manifest.items.iter().cloned());
        let mut known: BTreeMap<String, Item> = items.map(|item| (item.path.clone(), item)).collect();
        let text = fs::read(&path).or_else(|error| {
            if error.kind() == io::ErrorKind::NotFound { Ok(Vec::new()) } else { Err(error) }
        })?;
        // A line that was cut off says nothing, and what it would have said is copied again.
        for line in text.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()) {
            match line {
                Line::Copied(item) if is_inside(&item.at) => known.insert(item.path.clone(), item),
                Line::Copied(item) => known.remove(&item.path),
                Line::Garbled(path) => known.remove(&path),
            };
        }
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(&path)?;
        if !text.is_empty() && text.last() != Some(&b'\n') {
            file.write_all(b"\n")?;
        }
        files::sync_dir(dir)?;
        Ok((Self { file }, known))
    }

    pub(super) fn copied(&mut self, item: &Item) -> io::Result<()> {
        self.add(&Line::Copied(item.clone()))
    }

    pub(super) fn garbled(&mut self, path: &str) -> io::Result<()> {
        self.add(&Line::Garbled(path.to_owned()))
    }

    fn add(&mut self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_vec(line).map_err(io::Error::other)?;
        text.push(b'\n');
        self.file.write_all(&text)
    }
}
