//! A bundle as one file: a tar archive, written as it comes, read in place, and unpacked into nothing but an
//! empty directory. Only this file names the crate for it.

use std::collections::BTreeMap;
use std::fs::{self, File as Disk, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use tar::{Archive, Builder, EntryType, Header};

use crate::desk::audit::bundle::File;
use crate::desk::audit::verify::view::{Kind, Unreadable, View};

/// How long a path of a bundle can be.
const PATH_BYTES_MAX: usize = 200;
/// What an archive is made of.
const BLOCK: u64 = 512;
/// The zeros with which an archive ends.
const END: u64 = 2 * BLOCK;

/// Writes files as an archive.
///
/// # Errors
///
/// Returns what `out` says, or the error that came in the place of a file.
pub fn write<E: From<io::Error>>(
    files: impl Iterator<Item = Result<File, E>>,
    out: &mut dyn Write,
) -> Result<(), E> {
    let mut archive = Builder::new(out);
    for file in files {
        let File { path, bytes } = file?;
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Regular);
        header.set_mode(0o644);
        header.set_size(bytes.len() as u64);
        archive.append_data(&mut header, path, bytes.as_slice())?;
    }
    archive.into_inner()?;
    Ok(())
}

/// Unpacks an archive into a directory that is new or empty: everything, or on failure nothing.
///
/// # Errors
///
/// Returns what is wrong with the archive or the directory, which is as it was then.
pub fn unpack(archive: impl Read, dir: &Path) -> io::Result<u64> {
    if fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some()) {
        let what = format!("{} holds something already; name a new or an empty directory", dir.display());
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, what));
    }
    let mut part = dir.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    fs::create_dir(&part)?;
    let unpacked = unpack_into(archive, &part).and_then(|count| {
        // In the place of an empty directory this is one step as well.
        fs::rename(&part, dir)?;
        Ok(count)
    });
    if unpacked.is_err() {
        // What failed is told; a part that cannot be removed is only left over.
        let _ = fs::remove_dir_all(&part);
    }
    unpacked
}

fn unpack_into(archive: impl Read, dir: &Path) -> io::Result<u64> {
    let garbled = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what);
    let mut count = 0;
    let mut archive = Archive::new(archive);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = plain(&entry.path_bytes())
            .ok_or_else(|| garbled("the archive holds a path that leads elsewhere"))?;
        if entry.header().entry_type() != EntryType::Regular {
            return Err(garbled("the archive holds something that is no file"));
        }
        let path = dir.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
        io::copy(&mut entry, &mut file)?;
        count += 1;
    }
    let mut rest = archive.into_inner();
    // The writer must be able to end what it writes.
    io::copy(&mut rest, &mut io::sink())?;
    Ok(count)
}

/// Returns a path that leads to a place within the bundle; none when it does not.
fn plain(path: &[u8]) -> Option<String> {
    let path = std::str::from_utf8(path).ok()?;
    let path = path.strip_prefix("./").unwrap_or(path);
    let is_plain =
        |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains(['\\', '\0']);
    (path.len() <= PATH_BYTES_MAX && path.split('/').all(is_plain)).then(|| path.to_owned())
}

/// A bundle in an archive, of which only the places of the files are in memory.
#[derive(Debug)]
pub struct Tape {
    file: Disk,
    files: BTreeMap<String, (u64, u64)>,
    odd: Vec<(String, &'static str)>,
    /// Why the rest of it could not be read.
    broken: Option<String>,
}

impl Tape {
    /// Opens an archive. What is wrong in it is told when it is walked.
    ///
    /// # Errors
    ///
    /// Returns what the system says when there is no such file.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = Disk::open(path)?;
        let mut tape = Self { file, files: BTreeMap::new(), odd: Vec::new(), broken: None };
        if let Err(error) = tape.list() {
            tape.broken = Some(error.to_string());
        }
        Ok(tape)
    }

    fn list(&mut self) -> io::Result<()> {
        let mut end = 0;
        let mut dirs: Vec<String> = Vec::new();
        let mut archive = Archive::new(self.file.try_clone()?);
        for entry in archive.entries_with_seek()? {
            let entry = entry?;
            let (from, length) = (entry.raw_file_position(), entry.size());
            let last = from.checked_add(length).ok_or_else(|| io::Error::other("an entry without end"))?;
            end = last.next_multiple_of(BLOCK);
            self.is_blank(last, end)?;
            let shown = || String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let kind = entry.header().entry_type();
            match plain(&entry.path_bytes()) {
                _ if kind == EntryType::Directory => dirs.push(shown()),
                Some(path) if kind == EntryType::Regular => {
                    if self.files.insert(path.clone(), (from, length)).is_some() {
                        self.odd.push((path, "twice in the archive"));
                    }
                }
                Some(path) => self.odd.push((path, "no file")),
                None => self.odd.push((shown(), "a path that leads elsewhere")),
            }
        }
        for dir in dirs {
            let within = dir.strip_prefix("./").unwrap_or(&dir).trim_end_matches('/');
            let holds = |path: &String| path.strip_prefix(within).is_some_and(|rest| rest.starts_with('/'));
            if !matches!(within, "" | ".") && !self.files.keys().any(holds) {
                self.odd.push((within.to_owned(), "a directory without files"));
            }
        }
        let length = self.file.metadata()?.len();
        if length < end.saturating_add(END) {
            return Err(io::Error::other("the archive is cut off"));
        }
        self.is_blank(end, length)
    }

    /// Finds bytes between the files of an archive, which belong to none.
    fn is_blank(&mut self, from: u64, to: u64) -> io::Result<()> {
        let mut at = from;
        let mut bytes = vec![0; 64 << 10];
        while at < to {
            let length = usize::try_from(to - at).unwrap_or(usize::MAX).min(bytes.len());
            let Some(part) = bytes.get_mut(..length) else { break };
            self.file.read_exact_at(part, at)?;
            if part.iter().any(|byte| *byte != 0) {
                self.odd.push((format!("byte {at} of the archive"), "a part of no file"));
                break;
            }
            at += length as u64;
        }
        Ok(())
    }
}

impl View for Tape {
    fn walk(&self, visit: &mut dyn FnMut(&str, Kind)) -> Result<(), String> {
        self.files.keys().for_each(|path| visit(path, Kind::File));
        self.odd.iter().for_each(|(path, what)| visit(path, Kind::Odd(what)));
        self.broken.clone().map_or(Ok(()), Err)
    }

    fn read(&self, path: &str, max: u64) -> Result<Option<Vec<u8>>, Unreadable> {
        let Some((from, length)) = self.files.get(path) else { return Ok(None) };
        if *length > max {
            return Err(Unreadable::Large(max));
        }
        let failed = |error: io::Error| Unreadable::Io(error.to_string());
        // An archive may say that a file is longer than all of it.
        let whole = self.file.metadata().map_err(failed)?.len();
        if from.checked_add(*length).is_none_or(|end| end > whole) {
            return Err(Unreadable::Io("the archive ends before it".to_owned()));
        }
        let mut bytes = vec![0; usize::try_from(*length).map_err(|_| Unreadable::Large(max))?];
        self.file.read_exact_at(&mut bytes, *from).map_err(failed)?;
        Ok(Some(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::audit::testing::{Files, Log};
    use crate::desk::audit::verify::report::Verdict;
    use crate::desk::audit::verify::verify;
    use crate::desk::audit::verify::view::Folder;

    fn archive(files: &Files) -> Vec<u8> {
        let mut bytes = Vec::new();
        let files = files
            .iter()
            .map(|(path, bytes)| Ok::<_, io::Error>(File { path: path.clone(), bytes: bytes.clone() }));
        write(files, &mut bytes).unwrap();
        bytes
    }

    fn made() -> (Log, Files, Vec<u8>) {
        let log = Log::new();
        log.add(3);
        let files = log.files(3, None);
        let bytes = archive(&files);
        (log, files, bytes)
    }

    #[test]
    fn a_bundle_is_the_same_in_an_archive_and_in_a_directory() {
        let (log, files, bytes) = made();
        let dir = tempfile::tempdir().unwrap();
        let (whole, tape) = (dir.path().join("bundle"), dir.path().join("bundle.tar"));
        fs::create_dir(&whole).unwrap();
        assert_eq!(unpack(bytes.as_slice(), &whole).unwrap(), files.len() as u64);
        fs::write(&tape, &bytes).unwrap();
        let folder = Folder::open(&whole).unwrap();
        let report = verify(&folder, &log.trust()).unwrap();
        assert_eq!(report.verdict, Verdict::Ok);
        assert_eq!(verify(&Tape::open(&tape).unwrap(), &log.trust()).unwrap(), report);
        assert!(unpack(bytes.as_slice(), &whole).is_err());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn every_byte_of_an_archive_that_says_something_counts() {
        let (log, _, bytes) = made();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("bundle.tar");
        let verdict = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            verify(&Tape::open(&path).unwrap(), &log.trust()).unwrap().verdict
        };
        for length in (0..bytes.len()).step_by(509) {
            assert!(!verdict(&bytes[..length]).is_good(), "{length}");
        }
        for place in (0..bytes.len()).step_by(97) {
            let mut changed = bytes.clone();
            changed[place] ^= 0x11;
            assert!(!verdict(&changed).is_good(), "{place}");
        }
        assert_eq!(verdict(&[bytes.as_slice(), &[0; 512]].concat()), Verdict::Ok);
        assert_eq!(verdict(&[bytes.as_slice(), b"x"].concat()), Verdict::Extra);
    }

    #[test]
    fn an_archive_leads_nowhere_but_into_the_directory() {
        let dir = tempfile::tempdir().unwrap();
        for path in ["../out", "/out", "a/../../out", "a//b", "."] {
            let mut header = Header::new_gnu();
            header.set_size(0);
            header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
            header.set_cksum();
            let mut builder = Builder::new(Vec::new());
            builder.append(&header, io::empty()).unwrap();
            let bytes = builder.into_inner().unwrap();
            assert!(unpack(bytes.as_slice(), &dir.path().join("in")).is_err(), "{path}");
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "{path}");
        }
        let mut builder = Builder::new(Vec::new());
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Symlink);
        header.set_size(0);
        builder.append_link(&mut header, "link", "/etc/passwd").unwrap();
        let bytes = builder.into_inner().unwrap();
        assert!(unpack(bytes.as_slice(), &dir.path().join("in")).is_err());
    }
}
