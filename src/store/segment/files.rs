//! The files of a data directory: written whole or not at all, and synced with their directory.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use crate::store::ReadError;
use crate::store::segment::Access;

/// Returns how many bytes may still be written on the disk of a directory.
///
/// # Errors
///
/// Returns what the system said.
pub fn bytes_left(dir: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(dir)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Tells whether the disk of a directory lets nobody write: what is read there stands still.
pub fn is_read_only(dir: &Path) -> bool {
    rustix::fs::statvfs(dir).is_ok_and(|disk| disk.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY))
}

/// Puts `bytes` in the place of a file: on disk whole, or the file stays as it was.
///
/// # Errors
///
/// Returns what the system said.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace_on(&SystemDisk, path, bytes)
}

/// As [`replace`], on a disk that may fail.
pub(super) fn replace_on(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    put(disk, path, bytes, 0o666)
}

/// As [`replace_on`], of a file that only its owner reads.
pub(super) fn replace_private_on(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    put(disk, path, bytes, 0o600)
}

fn put(disk: &dyn Disk, path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    // Beside it under a name that no other file has: `ab.block` and `ab.key` must not share one.
    let mut beside = path.as_os_str().to_owned();
    beside.push(BESIDE);
    let beside = std::path::PathBuf::from(beside);
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(mode).open(&beside)?;
    disk.write_at(&file, bytes, 0)?;
    disk.sync(&file)?;
    disk.rename(&beside, path)?;
    let within = path.parent().filter(|within| !within.as_os_str().is_empty());
    disk.sync_dir(within.unwrap_or_else(|| Path::new(".")))
}

/// What the name of a file ends with that is to take another's place.
pub(super) const BESIDE: &str = ".new";

/// Overwrites a file with zeros, durably, and removes it; the directory is the caller's to sync.
pub(super) fn destroy(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    let file = match OpenOptions::new().write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        file => file?,
    };
    let zeros = vec![0; 64 << 10];
    let (mut offset, len) = (0, file.metadata()?.len());
    while offset < len {
        let step = usize::try_from(len - offset).unwrap_or(usize::MAX).min(zeros.len());
        disk.write_at(&file, zeros.get(..step).unwrap_or_default(), offset)?;
        offset += step as u64;
    }
    disk.sync(&file)?;
    disk.remove(path)
}

/// Makes a directory's entries durable.
pub(super) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Returns the bytes of a file; none when it is not there.
pub(super) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match File::open(path) {
        Ok(mut file) => {
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes)?;
            Ok(Some(bytes))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// What writes and syncs: the system, or in tests a disk that fails.
pub(super) trait Disk: Send + Sync {
    /// Writes all of `bytes` at `offset`.
    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Returns when everything written to the file is on disk.
    fn sync(&self, file: &File) -> io::Result<()>;
    /// Ends the file at `len`, durably.
    fn cut(&self, file: &File, len: u64) -> io::Result<()>;
    /// Gives a file another name, in the place of the one that has it.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }
    /// Makes a directory's entries durable.
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        sync_dir(dir)
    }
}

/// The disk of the system.
pub(super) struct SystemDisk;

impl Disk for SystemDisk {
    fn write_at(&self, file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
        file.write_all_at(bytes, offset)
    }

    fn sync(&self, file: &File) -> io::Result<()> {
        file.sync_data()
    }

    fn cut(&self, file: &File, len: u64) -> io::Result<()> {
        file.set_len(len)?;
        file.sync_all()
    }
}

/// Returns the name of the segment that begins with `first`, within the data directory.
pub(super) fn segment_name(first: u64) -> String {
    format!("log/{first:012}.seg")
}

/// One segment of the log.
pub(super) struct Segment {
    pub(super) first: u64,
    pub(super) file: File,
}

impl Segment {
    pub(super) fn open(dir: &Path, first: u64, access: Access) -> io::Result<Self> {
        let path = dir.join(segment_name(first));
        let file = OpenOptions::new().read(true).write(access == Access::Write).open(&path)?;
        Ok(Self { first, file })
    }

    /// Makes the segment and its directory entry durable.
    pub(super) fn create(dir: &Path, first: u64) -> io::Result<Self> {
        let path = dir.join(segment_name(first));
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path)?;
        // An empty one is what is left of an earlier attempt.
        if file.metadata()?.len() > 0 {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "the segment is there already"));
        }
        file.sync_all()?;
        sync_dir(&dir.join("log"))?;
        Ok(Self { first, file })
    }

    /// Returns how many bytes the file has.
    pub(super) fn len(&self) -> Result<u64, ReadError> {
        self.file.metadata().map(|data| data.len()).map_err(|error| self.error(&error))
    }

    /// Says that the system did not give or take its bytes.
    pub(super) fn error(&self, error: &io::Error) -> ReadError {
        ReadError::Io { file: self.name(), what: error.to_string() }
    }

    /// Returns the name within the data directory.
    pub(super) fn name(&self) -> String {
        segment_name(self.first)
    }

    /// Fills `bytes` from `offset`, and returns how many there were before the end.
    pub(super) fn read_at(&self, bytes: &mut [u8], offset: u64) -> Result<usize, ReadError> {
        let mut have = 0;
        while have < bytes.len() {
            let Some(rest) = bytes.get_mut(have..) else { break };
            match self.file.read_at(rest, offset + have as u64) {
                Ok(0) => break,
                Ok(count) => have += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.error(&error)),
            }
        }
        Ok(have)
    }
}

/// Returns the first positions of the segments, in order.
pub(super) fn segments(dir: &Path) -> io::Result<Vec<u64>> {
    let mut firsts = Vec::new();
    for entry in fs::read_dir(dir.join("log"))? {
        let name = entry?.file_name();
        let first: Option<u64> =
            name.to_str().and_then(|name| name.strip_suffix(".seg")).and_then(|name| name.parse().ok());
        firsts.extend(first);
    }
    firsts.sort_unstable();
    Ok(firsts)
}
