//! Files of several sections, each with a checksum, written whole and read section by section.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::projections::columns::{u32_at, u64_at};
use crate::projections::lazy::Damage;

const MAGIC: &[u8; 8] = b"dmprj02\n";

/// Magic, number of sections, then for each its number, length and CRC32C, then the CRC32C of all this.
const ENTRY: usize = 1 + 8 + 4;

/// A file of a snapshot, whose sections are read one by one.
///
/// The first [`HELD_MAX`] of a process stay open once they were read; every other is opened anew for each read: a
/// log of a billion events has more of them than a process may hold.
#[derive(Debug)]
pub(super) struct SectionFile {
    path: PathBuf,
    held: OnceLock<Held>,
    // The checksum of the table of sections that was written; any when none.
    sum: Option<u32>,
    // Read and checked once.
    table: OnceLock<Vec<Place>>,
}

/// How many files stay open.
const HELD_MAX: usize = 256;
/// How many are open.
static HELD: AtomicUsize = AtomicUsize::new(0);

/// A file that stays open, as long as it is asked for.
#[derive(Debug)]
struct Held(File);

impl Held {
    /// Returns the file to hold, or the file again where as many are held as may be.
    fn of(file: File) -> Result<Self, File> {
        let room = |held: usize| (held < HELD_MAX).then_some(held + 1);
        match HELD.fetch_update(Ordering::Relaxed, Ordering::Relaxed, room) {
            Ok(_) => Ok(Self(file)),
            Err(_) => Err(file),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        HELD.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Where a section is in its file.
#[derive(Debug, Clone, Copy)]
struct Place {
    number: u8,
    offset: u64,
    length: u64,
    sum: u32,
}

impl SectionFile {
    /// Names a file whose table has the checksum `sum`; nothing is read yet.
    ///
    /// The table holds the checksums of all sections, so `sum` tells this file from any other version.
    pub(super) fn of_version(path: PathBuf, sum: u32) -> Self {
        Self { path, held: OnceLock::new(), sum: Some(sum), table: OnceLock::new() }
    }

    /// Names a file of which any version will do; nothing is read yet.
    pub(super) fn at(path: PathBuf) -> Self {
        Self { path, held: OnceLock::new(), sum: None, table: OnceLock::new() }
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
        let opened;
        let file = if let Some(held) = self.held.get() {
            &held.0
        } else {
            opened = self.open()?;
            &opened
        };
        let place = self.place(file, number)?;
        let bytes = self.read_at(file, place.offset, place.length)?;
        if crc32c::crc32c(&bytes) == place.sum {
            Ok(bytes)
        } else {
            Err(self.damage("a section has another checksum"))
        }
    }

    /// Reads a part of a section, whose checksum stands elsewhere.
    ///
    /// # Errors
    ///
    /// As [`SectionFile::read`].
    pub(super) fn read_part(
        &self,
        number: u8,
        offset: u64,
        length: u64,
        sum: u32,
    ) -> Result<Vec<u8>, Damage> {
        let opened;
        let file = if let Some(held) = self.held() {
            held
        } else {
            opened = self.open()?;
            &opened
        };
        let place = self.place(file, number)?;
        if offset.checked_add(length).is_none_or(|end| end > place.length) {
            return Err(self.damage("a part of a section lies outside it"));
        }
        let bytes = self.read_at(file, place.offset + offset, length)?;
        if crc32c::crc32c(&bytes) == sum {
            Ok(bytes)
        } else {
            Err(self.damage("a part of a section has another checksum"))
        }
    }

    /// Opens the file now, where it may stay open: whoever writes may remove it before it is read.
    pub(super) fn hold(&self) {
        let _ = self.held();
    }

    /// Returns the file that stays open, opened now if it was not; none where as many are as may be.
    fn held(&self) -> Option<&File> {
        if self.held.get().is_none() && HELD.load(Ordering::Relaxed) < HELD_MAX {
            let held = Held::of(File::open(&self.path).ok()?).ok()?;
            let _ = self.held.set(held);
        }
        self.held.get().map(|held| &held.0)
    }

    fn open(&self) -> Result<File, Damage> {
        File::open(&self.path).map_err(|error| self.damage(&error.to_string()))
    }

    fn read_at(&self, file: &File, offset: u64, length: u64) -> Result<Vec<u8>, Damage> {
        let length = usize::try_from(length).map_err(|_| self.damage("a section is too long"))?;
        let mut bytes = vec![0; length];
        file.read_exact_at(&mut bytes, offset).map_err(|error| self.damage(&error.to_string()))?;
        Ok(bytes)
    }

    fn place(&self, file: &File, number: u8) -> Result<Place, Damage> {
        if self.table.get().is_none() {
            let table = self.read_table(file)?;
            self.table.get_or_init(|| table);
        }
        let found = self.table.get().and_then(|table| table.iter().find(|place| place.number == number));
        found.copied().ok_or_else(|| self.damage("a section is not there"))
    }

    fn read_table(&self, file: &File) -> Result<Vec<Place>, Damage> {
        let unreadable = |error: std::io::Error| self.damage(&error.to_string());
        let length = file.metadata().map_err(unreadable)?.len();
        let mut head = [0; 9];
        file.read_exact_at(&mut head, 0).map_err(unreadable)?;
        let mut table = vec![0; usize::from(head[8]) * ENTRY + 4];
        file.read_exact_at(&mut table, head.len() as u64).map_err(unreadable)?;
        let (entries, sum) = table.split_at(table.len() - 4);
        let sum = u32_at(sum);
        if !head.starts_with(MAGIC) || sum != crc32c::crc32c_append(crc32c::crc32c(&head), entries) {
            return Err(self.damage("its table of sections is damaged"));
        }
        if self.sum.is_some_and(|expected| expected != sum) {
            return Err(self.damage("it is another version of the file than the one that was saved last"));
        }
        let mut offset = (head.len() + table.len()) as u64;
        let mut places = Vec::with_capacity(usize::from(head[8]));
        for entry in entries.chunks_exact(ENTRY) {
            let place = Place {
                number: entry.first().copied().unwrap_or_default(),
                offset,
                length: u64_at(entry.get(1..).unwrap_or_default()),
                sum: u32_at(entry.get(9..).unwrap_or_default()),
            };
            offset = offset.saturating_add(place.length);
            places.push(place);
        }
        // Checked before anything of that length is asked of memory.
        if offset != length {
            return Err(self.damage("it has another length than its table of sections says"));
        }
        Ok(places)
    }
}

/// Writes a file of these sections beside its place, syncs it and renames it there; returns the checksum
/// of its table, which tells this version of it from any other.
///
/// The directory is left to be synced by the caller, who writes several.
///
/// # Errors
///
/// Returns what the system said; the file that was there before is then untouched.
pub(super) fn write(path: &Path, sections: &[(u8, Vec<u8>)]) -> std::io::Result<u32> {
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
    std::fs::rename(&beside, path)?;
    Ok(sum)
}

/// Makes sure that the names in a directory are on disk.
///
/// # Errors
///
/// Returns what the system said.
pub(super) fn sync_directory(path: &Path) -> std::io::Result<()> {
    File::open(path)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_byte_of_a_file_can_change_unnoticed(
            one in proptest::collection::vec(any::<u8>(), 1..60),
            two in proptest::collection::vec(any::<u8>(), 0..60),
            at: prop::sample::Index,
            flip in 1_u8..,
            cut: prop::sample::Index,
        ) {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("file.sec");
            let sum = write(&path, &[(1, one.clone()), (7, two.clone())]).unwrap();
            let file = || SectionFile::of_version(path.clone(), sum);
            prop_assert_eq!(file().read(1), Ok(one.clone()));
            prop_assert_eq!(file().read(7), Ok(two.clone()));
            prop_assert!(file().read(2).is_err());
            let sound = std::fs::read(&path).unwrap();
            let mut flipped = sound.clone();
            flipped[at.index(sound.len())] ^= flip;
            std::fs::write(&path, &flipped).unwrap();
            prop_assert!(file().read(1).is_err() || file().read(7).is_err());
            std::fs::write(&path, &sound[..cut.index(sound.len())]).unwrap();
            prop_assert!(file().read(1).is_err());
            // Another version under the same name.
            write(&path, &[(1, [one.as_slice(), b"!"].concat()), (7, two.clone())]).unwrap();
            prop_assert!(file().read(1).is_err());
        }
    }
}
