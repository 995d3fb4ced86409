//! Files of several sections, each with a checksum, written whole and read section by section.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use crate::projections::lazy::Damage;

const MAGIC: &[u8; 8] = b"dmprj01\n";

/// Magic, number of sections, then for each its number, length and CRC32C, then the CRC32C of all this.
const ENTRY: usize = 1 + 8 + 4;

/// A file of a snapshot, whose sections are read one by one.
#[derive(Debug)]
pub(super) struct SectionFile {
    path: PathBuf,
}

impl SectionFile {
    /// Names a file; nothing is read yet.
    pub(super) fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Returns what to say of this file when it does not hold what it should.
    pub(super) fn damage(&self, what: &str) -> Damage {
        Damage(format!("{}: {what}", self.path.display()))
    }

    /// Reads one section.
    ///
    /// # Errors
    ///
    /// Returns [`Damage`] when the file is gone, has no such section, or another checksum.
    pub(super) fn read(&self, number: u8) -> Result<Vec<u8>, Damage> {
        let unreadable = |error: std::io::Error| self.damage(&error.to_string());
        let mut file = File::open(&self.path).map_err(unreadable)?;
        let mut head = [0; 9];
        file.read_exact(&mut head).map_err(unreadable)?;
        let mut table = vec![0; usize::from(head[8]) * ENTRY + 4];
        file.read_exact(&mut table).map_err(unreadable)?;
        let (entries, sum) = table.split_at(table.len() - 4);
        if !head.starts_with(MAGIC) || u32_at(sum) != crc32c::crc32c_append(crc32c::crc32c(&head), entries) {
            return Err(self.damage("its table of sections is damaged"));
        }
        let mut offset = (head.len() + table.len()) as u64;
        for entry in entries.chunks_exact(ENTRY) {
            let (length, sum) =
                (u64_at(entry.get(1..).unwrap_or_default()), u32_at(entry.get(9..).unwrap_or_default()));
            if entry.first() == Some(&number) {
                let length = usize::try_from(length).map_err(|_| self.damage("a section is too long"))?;
                let mut bytes = vec![0; length];
                file.read_exact_at(&mut bytes, offset).map_err(unreadable)?;
                if crc32c::crc32c(&bytes) != sum {
                    return Err(self.damage("a section has another checksum"));
                }
                return Ok(bytes);
            }
            offset += length;
        }
        Err(self.damage("a section is not there"))
    }
}

/// Writes a file of these sections beside its place, syncs it and renames it there.
///
/// # Errors
///
/// Returns what the system said; the file that was there before is then untouched.
pub(super) fn write(path: &Path, sections: &[(u8, Vec<u8>)]) -> std::io::Result<()> {
    let mut head = MAGIC.to_vec();
    head.push(u8::try_from(sections.len()).unwrap_or(u8::MAX));
    for (number, bytes) in sections {
        head.push(*number);
        head.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        head.extend_from_slice(&crc32c::crc32c(bytes).to_le_bytes());
    }
    let sum = crc32c::crc32c(&head);
    head.extend_from_slice(&sum.to_le_bytes());
    let beside = path.with_extension("new");
    let mut file = File::create(&beside)?;
    file.write_all(&head)?;
    for (_, bytes) in sections {
        file.write_all(bytes)?;
    }
    file.sync_data()?;
    std::fs::rename(&beside, path)
}

/// Reads a little-endian number from the first 4 bytes; missing ones are 0.
pub(super) fn u32_at(bytes: &[u8]) -> u32 {
    bytes.first_chunk().map_or(0, |chunk| u32::from_le_bytes(*chunk))
}

/// Reads a little-endian number from the first 8 bytes; missing ones are 0.
pub(super) fn u64_at(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |chunk| u64::from_le_bytes(*chunk))
}
