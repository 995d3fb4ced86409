//! A connection whose other end must take what it is sent: one that never does is closed, or it would hold what it
//! was sent for ever.

use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

use crate::http::serve::underway::Underway;
use crate::http::traffic::Refusal;

/// So many bytes a second must be taken, once taking was waited for as long as it may stall.
const RATE_MIN: u64 = 512;

/// A socket that is given up when nothing can be written to it for too long.
///
/// Only its writes wait for the other end: what a socket took needs no flush. Whatever keeps bytes to itself, as TLS
/// does, stands above it.
pub(super) struct Patient<S> {
    inner: S,
    patience: Duration,
    underway: Arc<Underway>,
    // Runs while a write waits, since when it says.
    stalled: Option<(Instant, Pin<Box<Sleep>>)>,
    /// How long writes waited in all, and how much was taken.
    waited: Duration,
    taken: u64,
    is_given_up: bool,
}

impl<S> Patient<S> {
    pub(super) const fn with(inner: S, patience: Duration, underway: Arc<Underway>) -> Self {
        let waited = Duration::ZERO;
        Self { inner, patience, underway, stalled: None, waited, taken: 0, is_given_up: false }
    }

    /// Tells whether fewer bytes were taken than must be, in the time in which taking was waited for.
    fn trickles(&self) -> bool {
        self.taken < self.waited.saturating_sub(self.patience).as_secs().saturating_mul(RATE_MIN)
    }

    /// Passes on what a write said, unless it waits for too long.
    fn judged(
        &mut self,
        context: &mut Context<'_>,
        wrote: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if self.is_given_up {
            return Poll::Ready(Err(self.give_up()));
        }
        if let Poll::Ready(result) = wrote {
            if let Some((since, _)) = self.stalled.take() {
                self.waited += since.elapsed();
            }
            self.underway.stall(false);
            self.taken += result.as_ref().map_or(0, |written| *written as u64);
            // A byte now and then holds what it was sent as much as none does.
            return Poll::Ready(if self.trickles() { Err(self.give_up()) } else { result });
        }
        self.underway.stall(true);
        let patience = self.patience;
        let (_, stalled) = self.stalled.get_or_insert_with(|| (Instant::now(), Box::pin(sleep(patience))));
        if stalled.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(self.give_up()));
        }
        Poll::Pending
    }

    /// Counts a reader who takes nothing, once.
    fn give_up(&mut self) -> io::Error {
        if !std::mem::replace(&mut self.is_given_up, true) {
            self.underway.refuses(Refusal::SlowReader);
        }
        io::Error::new(ErrorKind::TimedOut, "the other end takes nothing")
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.judged(context, wrote)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let wrote = Pin::new(&mut self.inner).poll_write_vectored(context, parts);
        self.judged(context, wrote)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;
    use crate::http::traffic::Traffic;

    #[test]
    fn a_connection_that_takes_nothing_is_closed_and_one_that_takes_something_is_not() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (near, far) = tokio::net::UnixStream::pair().unwrap();
            let traffic = Arc::new(Traffic::default());
            let underway = Arc::new(Underway::new(Arc::clone(&traffic), "here".to_owned()));
            let mut near = Patient::with(near, Duration::from_millis(20), Arc::clone(&underway));
            let error = loop {
                let wrote = poll_fn(|context| Pin::new(&mut near).poll_write(context, &[0; 1 << 12])).await;
                if let Err(error) = wrote {
                    break error;
                }
            };
            assert_eq!(error.kind(), ErrorKind::TimedOut);
            assert!(underway.is_stalled());
            let again = poll_fn(|context| Pin::new(&mut near).poll_write(context, &[0])).await;
            assert_eq!(again.unwrap_err().kind(), ErrorKind::TimedOut);
            assert_eq!(traffic.count(Refusal::SlowReader), 1, "it is counted once");
            drop(far);
        });
    }
}
