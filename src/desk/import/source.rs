//! What is imported, whatever it comes from: read once from its beginning, in bounded memory; and files that
//! hold what an import must look at more than once.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

/// A file that is imported: a file of this machine, a body that came over HTTP, bytes in memory.
pub trait Source: Read + Seek + Send {}

impl<T: Read + Seek + Send> Source for T {}

/// How far an import is, for whoever watches it from another thread.
#[derive(Debug, Default)]
pub struct Progress {
    // 0 reading, 1 checking, 2 recording.
    stage: AtomicU8,
    done: AtomicU64,
    of: AtomicU64,
}

/// What an import does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Bytes of the file are read and become entries.
    Reading,
    /// Rows are checked against the log and against each other.
    Checking,
    /// Rows are recorded.
    Recording,
}

impl Progress {
    /// Returns what is done, how much of it is, and of how much; zero where that is not known.
    pub fn look(&self) -> (Stage, u64, u64) {
        let stage = match self.stage.load(Ordering::Relaxed) {
            0 => Stage::Reading,
            1 => Stage::Checking,
            _ => Stage::Recording,
        };
        (stage, self.done.load(Ordering::Relaxed), self.of.load(Ordering::Relaxed))
    }

    /// Begins a stage of so many bytes or rows.
    pub fn begin(&self, stage: Stage, of: u64) {
        self.done.store(0, Ordering::Relaxed);
        self.of.store(of, Ordering::Relaxed);
        self.stage.store(stage as u8, Ordering::Relaxed);
    }

    /// Notes that so many more are done.
    pub fn advance(&self, by: u64) {
        self.done.fetch_add(by, Ordering::Relaxed);
    }
}

/// Returns how a file begins, up to so many bytes, and goes back to its beginning.
///
/// # Errors
///
/// Returns what the system said.
pub(super) fn beginning(file: &mut (impl Read + Seek), most: u64) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    file.by_ref().take(most).read_to_end(&mut start)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(start)
}

/// Reads on, and tells how far.
pub(super) struct Watched<'a> {
    source: &'a mut dyn Source,
    progress: &'a Progress,
}

impl<'a> Watched<'a> {
    /// Returns a reader of the whole of a source.
    pub(super) fn whole(source: &'a mut dyn Source, progress: &'a Progress) -> io::Result<Self> {
        let length = source.seek(SeekFrom::End(0))?;
        source.seek(SeekFrom::Start(0))?;
        progress.begin(Stage::Reading, length);
        Ok(Self { source, progress })
    }
}

impl Read for Watched<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(into)?;
        self.progress.advance(read as u64);
        Ok(read)
    }
}

impl Seek for Watched<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.source.seek(to)
    }
}

/// Makes a file that nobody else sees and that is gone when it is closed, also by a crash.
///
/// It lies where `TMPDIR` says, else in `/var/tmp`, which is on a disk: what is spooled may be larger than
/// memory, and `/tmp` often is memory.
///
/// # Errors
///
/// Returns what the system says where it refuses.
pub fn scratch() -> io::Result<File> {
    let place = std::env::var_os("TMPDIR").map(PathBuf::from);
    let place = place.unwrap_or_else(|| PathBuf::from("/var/tmp"));
    let place = if place.is_dir() { place } else { std::env::temp_dir() };
    scratch_in(&place)
}

fn scratch_in(place: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let path = place.join(format!("demarche-{}", uuid::Uuid::new_v4().simple()));
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

/// Writes a file from its beginning to its end, and knows where it is.
pub(super) struct Scratch {
    file: BufWriter<File>,
    written: u64,
}

impl Scratch {
    /// Returns an empty one.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { file: BufWriter::with_capacity(1 << 16, scratch()?), written: 0 })
    }

    /// Returns how many bytes were written.
    pub(super) const fn written(&self) -> u64 {
        self.written
    }

    /// Writes on.
    pub(super) fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.written += bytes.len() as u64;
        Ok(())
    }

    /// Returns the file, written whole.
    pub(super) fn finish(self) -> io::Result<File> {
        self.file.into_inner().map_err(io::IntoInnerError::into_error)
    }
}

/// Reads a file from a place on, without moving anybody else's place in it.
pub(super) struct FromPlace<'a> {
    file: &'a File,
    place: u64,
}

impl<'a> FromPlace<'a> {
    /// Returns a reader that begins at `place`.
    pub(super) const fn at(file: &'a File, place: u64) -> Self {
        Self { file, place }
    }
}

impl Read for FromPlace<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(into, self.place)?;
        self.place += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scratch_file_has_no_name_and_is_read_from_any_place() {
        let dir = tempfile::tempdir().unwrap();
        let file = scratch_in(dir.path()).unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        let mut scratch = Scratch { file: BufWriter::new(file), written: 0 };
        scratch.push(b"one two").unwrap();
        assert_eq!(scratch.written(), 7);
        let file = scratch.finish().unwrap();
        let mut text = String::new();
        FromPlace::at(&file, 4).read_to_string(&mut text).unwrap();
        assert_eq!(text, "two");
    }

    #[test]
    fn whoever_watches_sees_how_far_it_is() {
        let progress = Progress::default();
        let mut source = io::Cursor::new(vec![0; 10]);
        let mut watched = Watched::whole(&mut source, &progress).unwrap();
        watched.read_exact(&mut [0; 4]).unwrap();
        assert_eq!(progress.look(), (Stage::Reading, 4, 10));
    }
}
