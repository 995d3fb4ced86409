//! A file as the body of a request: read while it is sent, never whole.

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};

use crate::desk::import::source::{Progress, Source};

/// How much is read at once.
const PIECE_BYTES: usize = 64 << 10;

/// A file that is sent as the body of a request.
///
/// A router in this process reads the file itself, without a copy; to a server it is sent piece by piece.
#[derive(Clone)]
pub struct Upload {
    file: Arc<Mutex<Box<dyn Source>>>,
    length: u64,
    progress: Arc<Progress>,
}

impl Upload {
    /// Returns the upload of a file; `progress` tells how far it is.
    ///
    /// # Errors
    ///
    /// Returns what the file says where it cannot be measured.
    pub fn new(mut file: Box<dyn Source>, progress: Arc<Progress>) -> io::Result<Self> {
        let length = file.seek(SeekFrom::End(0))?;
        Ok(Self { file: Arc::new(Mutex::new(file)), length, progress })
    }

    pub(in crate::http) const fn progress(&self) -> &Arc<Progress> {
        &self.progress
    }

    pub(super) fn body(&self) -> FileBody {
        FileBody { upload: self.clone(), place: 0 }
    }

    fn with<T>(&self, work: impl FnOnce(&mut dyn Source) -> io::Result<T>) -> io::Result<T> {
        // Whoever panicked while reading left at worst another place in the file, which every reader sets anew.
        work(self.file.lock().unwrap_or_else(PoisonError::into_inner).as_mut())
    }
}

impl Read for Upload {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.with(|file| file.read(into))
    }
}

impl Seek for Upload {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.with(|file| file.seek(to))
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Upload({} bytes)", self.length)
    }
}

impl PartialEq for Upload {
    /// Tells whether it is the same file, not whether another says the same.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.file, &other.file)
    }
}

impl Eq for Upload {}

/// The body of such a request.
pub(super) struct FileBody {
    upload: Upload,
    place: u64,
}

impl HttpBody for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        // The client waits on its own thread for nothing else meanwhile.
        let place = self.place;
        let read = self.upload.with(|file| {
            file.seek(SeekFrom::Start(place))?;
            let mut piece = Vec::with_capacity(PIECE_BYTES);
            Read::take(file, PIECE_BYTES as u64).read_to_end(&mut piece)?;
            Ok(piece)
        });
        Poll::Ready(match read {
            Ok(piece) if piece.is_empty() => None,
            Ok(piece) => {
                self.place += piece.len() as u64;
                self.upload.progress.advance(piece.len() as u64);
                Some(Ok(Frame::data(Bytes::from(piece))))
            }
            Err(error) => Some(Err(error)),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.place >= self.upload.length
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.upload.length.saturating_sub(self.place))
    }
}
