//! A connection whose other end must ask in time, and in few words: a head that never ends is answered with why
//! and closed.

use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use crate::http::problem::{Problem, ProblemKind};
use crate::http::serve::limits::Limits;
use crate::http::serve::underway::Underway;
use crate::http::traffic::Refusal;

/// How much of what is still sent is read and dropped, so that whoever sends it hears why.
const DROPPED_BYTES_MAX: usize = 256 << 20;
/// How long that may take.
const DROPPED_WAIT: Duration = Duration::from_secs(2);

/// The language of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaks {
    /// HTTP/1: one request after the other, each with a head of its own.
    One,
    /// HTTP/2, which limits heads by itself.
    Two,
}

/// A connection that is watched between two requests.
pub(super) struct Watched<S> {
    inner: S,
    limits: Arc<Limits>,
    underway: Arc<Underway>,
    speaks: Speaks,
    /// How many requests had begun when it was looked last.
    begun: u64,
    /// Of the head that is being read.
    head: Head,
    timer: Option<Pin<Box<Sleep>>>,
    farewell: Option<Farewell>,
}

/// What came since the last request was answered.
#[derive(Default)]
struct Head {
    waits_since: Option<Instant>,
    began: Option<Instant>,
    bytes: usize,
    is_first_over: bool,
}

/// The last words, and then the end.
struct Farewell {
    words: Vec<u8>,
    said: usize,
    until: Pin<Box<Sleep>>,
    dropped: usize,
}

impl<S> Watched<S> {
    pub(super) fn new(stream: S, limits: Arc<Limits>, underway: Arc<Underway>, speaks: Speaks) -> Self {
        let head = Head::default();
        Self { inner: stream, limits, underway, speaks, begun: 0, head, timer: None, farewell: None }
    }

    /// Returns until when what comes next must be there.
    fn deadline(&mut self, now: Instant) -> Instant {
        let waits_since = *self.head.waits_since.get_or_insert(now);
        match self.head.began {
            Some(began) if self.speaks == Speaks::One => began + self.limits.head,
            Some(_) | None if self.head.is_first_over => waits_since + self.limits.idle,
            Some(_) | None => waits_since + self.limits.head,
        }
    }

    /// Returns what is wrong with a head that is not there in time.
    fn late(&self) -> Refusal {
        if self.head.began.is_some() && self.speaks == Speaks::One || !self.head.is_first_over {
            Refusal::SlowHead
        } else {
            Refusal::Idle
        }
    }

    fn part(&mut self, why: Refusal) {
        self.underway.refuses(why);
        // Whoever said nothing is told nothing, and HTTP/2 has no words for it.
        let words = if self.speaks == Speaks::Two || self.head.bytes == 0 || why == Refusal::Idle {
            Vec::new()
        } else if why == Refusal::LargeHead {
            too_large(&self.limits)
        } else {
            too_slow(&self.limits)
        };
        let until = Box::pin(sleep(DROPPED_WAIT));
        self.farewell = Some(Farewell { words, said: 0, until, dropped: 0 });
    }
}

/// Returns the answer to a request whose head is too large.
fn too_large(limits: &Limits) -> Vec<u8> {
    let most = limits.head_bytes >> 10;
    let detail = format!("the head of the request is larger than {most} KiB, the most that is read here");
    last_answer("431 Request Header Fields Too Large", &Problem::new(ProblemKind::TooLarge, detail))
}

/// Returns the answer to a request whose head did not come in time.
fn too_slow(limits: &Limits) -> Vec<u8> {
    let most = limits.head.as_secs();
    let detail = format!("the head of the request was not there within {most} seconds");
    last_answer("408 Request Timeout", &Problem::new(ProblemKind::TooSlow, detail))
}

/// Returns an answer after which the connection is closed, as it goes over the wire.
pub(super) fn last_answer(status: &str, problem: &Problem) -> Vec<u8> {
    let status_code = status.get(..3).and_then(|code| code.parse().ok()).unwrap_or(problem.status);
    let body = serde_json::to_vec(&Problem { status: status_code, ..problem.clone() }).unwrap_or_default();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/problem+json\r\ncontent-length: {}\r\n\
         cache-control: no-store\r\nconnection: close\r\n{}\r\n",
        body.len(),
        problem.retry_after.map(|seconds| format!("retry-after: {seconds}\r\n")).unwrap_or_default(),
    );
    [head.into_bytes(), body].concat()
}

impl Farewell {
    /// Says the words, then drops what still comes until the other end hears that nobody listens.
    fn poll<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        inner: &mut S,
        context: &mut Context<'_>,
    ) -> Poll<io::Error> {
        let over = || io::Error::new(ErrorKind::TimedOut, "the request did not come as it must");
        let mut scratch = [0; 16 << 10];
        loop {
            if self.until.as_mut().poll(context).is_ready() || self.dropped >= DROPPED_BYTES_MAX {
                return Poll::Ready(over());
            }
            if let Some(rest) = self.words.get(self.said..).filter(|rest| !rest.is_empty()) {
                match Pin::new(&mut *inner).poll_write(context, rest) {
                    Poll::Ready(Ok(written)) if written > 0 => {
                        self.said += written;
                        continue;
                    }
                    Poll::Ready(_) => return Poll::Ready(over()),
                    Poll::Pending => {}
                }
            } else if self.words.is_empty() {
                return Poll::Ready(over());
            } else {
                // Whether they arrive is not waited for: the end of what is read tells.
                let _ = Pin::new(&mut *inner).poll_flush(context);
                let _ = Pin::new(&mut *inner).poll_shutdown(context);
            }
            let mut buffer = ReadBuf::new(&mut scratch);
            match ready!(Pin::new(&mut *inner).poll_read(context, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => self.dropped += buffer.filled().len(),
                Ok(()) | Err(_) => return Poll::Ready(over()),
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if let Some(farewell) = &mut this.farewell {
            return farewell.poll(&mut this.inner, context).map(Err);
        }
        let (is_busy, begun) = (this.underway.is_busy(), this.underway.begun());
        // One that was answered at once was never seen under way.
        if is_busy || std::mem::replace(&mut this.begun, begun) != begun {
            this.head = Head { is_first_over: true, ..Head::default() };
            this.timer = None;
        }
        if is_busy {
            return Pin::new(&mut this.inner).poll_read(context, buffer);
        }
        if this.underway.is_stalled() {
            // The last answer is still on its way: nothing else is waited for so long.
            this.head.waits_since = None;
        }
        let deadline = this.deadline(Instant::now());
        if this.speaks == Speaks::One && this.head.bytes >= this.limits.head_bytes {
            this.part(Refusal::LargeHead);
            return self.poll_read(context, buffer);
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.inner).poll_read(context, buffer);
        let came = buffer.filled().len() - before;
        if came > 0 {
            this.head.bytes += came;
            this.head.began.get_or_insert_with(Instant::now);
        }
        let timer = this.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if timer.deadline() != deadline {
            timer.as_mut().reset(deadline);
        }
        // A byte now and then is no request: the deadline stands from the first.
        let is_late = timer.as_mut().poll(context).is_ready();
        if !is_late || read.is_ready() && came == 0 {
            return read;
        }
        buffer.set_filled(before);
        let why = this.late();
        this.part(why);
        self.poll_read(context, buffer)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(context, parts)
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
