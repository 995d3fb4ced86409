//! What is known to be durable, and what the log is: two small files that are replaced whole.

use std::io;
use std::path::Path;

use crate::store::segment::files;
use crate::tlog::Hash;

/// What was durable when this was written; at most a second behind the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DurableHead {
    pub(super) size: u64,
    pub(super) root: Hash,
    /// The first position of the segment that holds the end.
    pub(super) segment: u64,
    /// The byte after the last record in it.
    pub(super) offset: u64,
}

const MAGIC: &[u8; 8] = b"DmHead1\n";
const LEN: usize = 8 + 8 + 32 + 8 + 8 + 4;

impl DurableHead {
    /// Puts it in the place of the last.
    pub(super) fn save(&self, dir: &Path, log_id: &str) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(LEN);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&self.size.to_le_bytes());
        bytes.extend_from_slice(&self.root);
        bytes.extend_from_slice(&self.segment.to_le_bytes());
        bytes.extend_from_slice(&self.offset.to_le_bytes());
        bytes.extend_from_slice(&checksum(log_id, &bytes).to_le_bytes());
        files::replace(&dir.join("head"), &bytes)
    }

    /// Reads it; none when it is not there or not whole.
    pub(super) fn load(dir: &Path, log_id: &str) -> io::Result<Option<Self>> {
        Ok(files::read(&dir.join("head"))?.and_then(|bytes| Self::parse(log_id, &bytes)))
    }

    fn parse(log_id: &str, bytes: &[u8]) -> Option<Self> {
        let (fields, crc) = bytes.split_last_chunk::<4>()?;
        if bytes.len() != LEN || checksum(log_id, fields) != u32::from_le_bytes(*crc) {
            return None;
        }
        let rest = fields.strip_prefix(MAGIC)?;
        let (size, rest) = rest.split_first_chunk::<8>()?;
        let (root, rest) = rest.split_first_chunk::<32>()?;
        let (segment, rest) = rest.split_first_chunk::<8>()?;
        let (offset, _) = rest.split_first_chunk::<8>()?;
        Some(Self {
            size: u64::from_le_bytes(*size),
            root: *root,
            segment: u64::from_le_bytes(*segment),
            offset: u64::from_le_bytes(*offset),
        })
    }
}

fn checksum(log_id: &str, bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(log_id.as_bytes()), bytes)
}

/// What the log is: its name, and whether it is written here.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Identity {
    pub(super) log: String,
    /// Another directory holds the log that is written.
    pub(super) copy: bool,
}

impl Identity {
    /// Makes it durable.
    pub(super) fn save(&self, dir: &Path) -> io::Result<()> {
        files::replace(&dir.join("log/identity"), &serde_json::to_vec(self)?)
    }

    /// Reads it; none when the directory is no log.
    pub(super) fn load(dir: &Path) -> io::Result<Option<Self>> {
        Ok(files::read(&dir.join("log/identity"))?.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }
}
