//! A record on disk: a header of 56 bytes, the leaf, the sealed body.
//!
//! ```text
//! 0 magic · 4 length · 8 crc32c · 12 flags · 16 leaf length · 20 body length · 24 position
//! 32 first position of the append · 40 leaf hash of the record before (8 bytes) · 48 slot · 56 leaf, body
//! ```
//! Little-endian; flag 1: the append ends here, flag 2: a write begins here. The checksum covers the name of the log and everything after itself, so a record
//! validates alone and cannot stand in another log.

use crate::store::leaf::LEAF_BYTES_MAX;
use crate::store::{BODY_BYTES_MAX, seal};

/// The first bytes of every record; after damage, reading goes on at the next of them.
pub(super) const MAGIC: [u8; 4] = *b"DmR1";
/// Bytes before the leaf.
pub(super) const HEADER: usize = 56;
/// Bytes of a record at most.
pub(super) const FRAME_MAX: usize = HEADER + LEAF_BYTES_MAX + BODY_BYTES_MAX + seal::OVERHEAD;
/// Set on the last record of an append: with it the whole append stands.
const COMMITS: u32 = 1;
/// Set on the first record of a write. Everything before it was on disk before it was written.
const BEGINS: u32 = 2;

/// A record as it stands on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    pub(super) position: u64,
    /// The position of the first record of its append.
    pub(super) append_first: u64,
    /// It is the last record of its append.
    pub(super) commits: bool,
    /// It is the first record of a write: those before it were synced before.
    pub(super) begins: bool,
    /// The first bytes of the leaf hash of the record before.
    pub(super) previous: [u8; 8],
    /// Which secret opens the body.
    pub(super) slot: u64,
    pub(super) leaf: &'a [u8],
    pub(super) body: &'a [u8],
}

/// Why bytes are no record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum FrameFault {
    #[error("no record begins here")]
    NoMagic,
    #[error("the lengths of the record do not fit together")]
    Lengths,
    #[error("the record is cut off")]
    CutOff,
    #[error("the checksum does not fit the record")]
    Checksum,
}

impl Frame<'_> {
    /// Returns how many bytes the record takes.
    pub(super) const fn len(&self) -> usize {
        HEADER + self.leaf.len() + self.body.len()
    }

    const fn flags(&self) -> u32 {
        (if self.commits { COMMITS } else { 0 }) | (if self.begins { BEGINS } else { 0 })
    }

    /// Writes the record at the end of `out`.
    pub(super) fn write(&self, log_id: &str, out: &mut Vec<u8>) {
        let start = out.len();
        let length = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes();
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&length(self.len()));
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&self.flags().to_le_bytes());
        out.extend_from_slice(&length(self.leaf.len()));
        out.extend_from_slice(&length(self.body.len()));
        out.extend_from_slice(&self.position.to_le_bytes());
        out.extend_from_slice(&self.append_first.to_le_bytes());
        out.extend_from_slice(&self.previous);
        out.extend_from_slice(&self.slot.to_le_bytes());
        out.extend_from_slice(self.leaf);
        out.extend_from_slice(self.body);
        let checksum = checksum(log_id, out.get(start + 12..).unwrap_or_default());
        if let Some(place) = out.get_mut(start + 8..start + 12) {
            place.copy_from_slice(&checksum.to_le_bytes());
        }
    }
}

fn checksum(log_id: &str, bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(log_id.as_bytes()), bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.first_chunk().map(|four| u32::from_le_bytes(*four))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..at + 8)?.first_chunk().map(|eight| u64::from_le_bytes(*eight))
}

/// Returns how many bytes the record at the start of `bytes` says it takes.
pub(super) fn claimed_len(bytes: &[u8]) -> Result<usize, FrameFault> {
    if !bytes.starts_with(&MAGIC) {
        return Err(FrameFault::NoMagic);
    }
    let (Some(len), Some(leaf), Some(body)) = (u32_at(bytes, 4), u32_at(bytes, 16), u32_at(bytes, 20)) else {
        return Err(FrameFault::CutOff);
    };
    let (len, leaf, body) = (len as usize, leaf as usize, body as usize);
    if len == HEADER + leaf + body && leaf <= LEAF_BYTES_MAX && len <= FRAME_MAX {
        Ok(len)
    } else {
        Err(FrameFault::Lengths)
    }
}

/// Reads the record at the start of `bytes`, which may hold more.
pub(super) fn read<'a>(log_id: &str, bytes: &'a [u8]) -> Result<Frame<'a>, FrameFault> {
    let len = claimed_len(bytes)?;
    let record = bytes.get(..len).ok_or(FrameFault::CutOff)?;
    let crc = u32_at(record, 8).ok_or(FrameFault::CutOff)?;
    if checksum(log_id, record.get(12..).unwrap_or_default()) != crc {
        return Err(FrameFault::Checksum);
    }
    parse(record, len).ok_or(FrameFault::Checksum)
}

/// Reads the record of `len` bytes at the start of `bytes`, whose checksum was found right.
pub(super) fn parse(bytes: &[u8], len: usize) -> Option<Frame<'_>> {
    let bytes = bytes.get(..len)?;
    let flags = u32_at(bytes, 12)?;
    let (leaf, body) = bytes.get(HEADER..)?.split_at_checked(u32_at(bytes, 16)? as usize)?;
    (flags <= COMMITS | BEGINS).then_some(Frame {
        position: u64_at(bytes, 24)?,
        append_first: u64_at(bytes, 32)?,
        commits: flags & COMMITS != 0,
        begins: flags & BEGINS != 0,
        previous: *bytes.get(40..48)?.first_chunk()?,
        slot: u64_at(bytes, 48)?,
        leaf,
        body,
    })
}

/// Returns the place of the next magic at or after `from`.
pub(super) fn next_magic(bytes: &[u8], from: usize) -> Option<usize> {
    let mut from = from;
    loop {
        let rest = bytes.get(from..)?;
        from += rest.iter().position(|byte| *byte == MAGIC[0])?;
        if bytes.get(from..)?.starts_with(&MAGIC) {
            return Some(from);
        }
        from += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frame() -> Frame<'static> {
        Frame {
            position: 7,
            append_first: 6,
            commits: true,
            begins: true,
            previous: [1, 2, 3, 4, 5, 6, 7, 8],
            slot: 9,
            leaf: b"{leaf}",
            body: b"sealed",
        }
    }

    #[test]
    fn the_bytes_of_a_record_are_fixed() {
        let mut bytes = Vec::new();
        frame().write("seoul-00c0ffee", &mut bytes);
        let hex = bytes.iter().fold(String::new(), |mut hex, byte| {
            let _ = std::fmt::Write::write_fmt(&mut hex, format_args!("{byte:02x}"));
            hex
        });
        insta::assert_snapshot!(hex, @"446d5231440000003c36d84b03000000060000000600000007000000000000000600000000000000010203040506070809000000000000007b6c6561667d7365616c6564");
        assert_eq!(read("seoul-00c0ffee", &bytes), Ok(frame()));
        assert_eq!(read("seoul-00c0ffef", &bytes), Err(FrameFault::Checksum));
    }

    proptest! {
        #[test]
        fn no_flipped_bit_goes_unseen(bit in 0usize..(HEADER + 12) * 8) {
            let mut bytes = Vec::new();
            frame().write("seoul-00c0ffee", &mut bytes);
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(read("seoul-00c0ffee", &bytes).is_err());
        }

        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = read("log", &bytes);
            let mut with_magic = MAGIC.to_vec();
            with_magic.extend(bytes);
            prop_assert!(read("log", &with_magic).is_err());
        }
    }
}
