//! What is known to be durable: a small file that is replaced whole, at most a second behind the log.

use std::io;
use std::path::Path;

use crate::store::segment::files;
use crate::tlog::Hash;

/// Where it stands within the data directory.
pub(super) const FILE: &str = "head";

/// What was durable when this was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DurableHead {
    pub(super) size: u64,
    pub(super) root: Hash,
    /// The first position of the segment that holds the end.
    pub(super) segment: u64,
    /// The byte after the last record in it.
    pub(super) offset: u64,
}

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stated {
    Known(DurableHead),
    /// There is no such file; a log always has one.
    Absent,
    /// It is not as it was written.
    Garbled,
}

const MAGIC: &[u8; 8] = b"DmHead1\n";
const LEN: usize = 8 + 8 + 32 + 8 + 8 + 4;

impl DurableHead {
    /// Puts it in the place of the last.
    pub(super) fn save(&self, dir: &Path, log_id: &str) -> io::Result<()> {
        files::replace(&dir.join(FILE), &self.bytes(log_id))
    }

    fn bytes(&self, log_id: &str) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(LEN);
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&self.size.to_le_bytes());
        bytes.extend_from_slice(&self.root);
        bytes.extend_from_slice(&self.segment.to_le_bytes());
        bytes.extend_from_slice(&self.offset.to_le_bytes());
        bytes.extend_from_slice(&checksum(log_id, &bytes).to_le_bytes());
        bytes
    }

    /// Reads what the file says.
    pub(super) fn load(dir: &Path, log_id: &str) -> io::Result<Stated> {
        Ok(match files::read(&dir.join(FILE))? {
            None => Stated::Absent,
            Some(bytes) => Self::parse(log_id, &bytes).map_or(Stated::Garbled, Stated::Known),
        })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_flipped_bit_of_the_head_goes_unseen() {
        let head = DurableHead { size: 7, root: [3; 32], segment: 0, offset: 9_000 };
        let bytes = head.bytes("seoul-00c0ffee");
        assert_eq!(DurableHead::parse("seoul-00c0ffee", &bytes), Some(head));
        assert_eq!(DurableHead::parse("seoul-00c0ffef", &bytes), None);
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(DurableHead::parse("seoul-00c0ffee", &flipped), None, "bit {bit}");
        }
    }
}
