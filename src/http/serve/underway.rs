//! What is under way on one connection: its requests from their heads to the last byte of their answers.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::time::{Instant, interval};

use crate::http::traffic::{Refusal, Traffic};

/// How often is looked whether a first request began, of a connection that is to end.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// What is under way on one connection.
pub(super) struct Underway {
    traffic: Arc<Traffic>,
    from: String,
    requests: AtomicUsize,
    next: AtomicU64,
    /// Whether the other end takes nothing just now of what is to be sent.
    is_stalled: AtomicBool,
    /// Answers of which a piece was handed over, by number, and when; one that was taken is not among them.
    handed: Mutex<BTreeMap<u64, Instant>>,
}

impl Underway {
    pub(super) fn new(traffic: Arc<Traffic>, from: String) -> Self {
        let (requests, next, is_stalled) = (AtomicUsize::new(0), AtomicU64::new(0), AtomicBool::new(false));
        Self { traffic, from, requests, next, is_stalled, handed: Mutex::default() }
    }

    /// Tells whether a request is under way.
    pub(super) fn is_busy(&self) -> bool {
        self.requests.load(Ordering::Relaxed) > 0
    }

    /// Returns how many requests have begun, those that are over among them.
    pub(super) fn begun(&self) -> u64 {
        self.next.load(Ordering::Relaxed)
    }

    /// Tells whether what is sent waits for the other end.
    pub(super) fn is_stalled(&self) -> bool {
        self.is_stalled.load(Ordering::Relaxed)
    }

    /// Notes whether what is sent waits for the other end.
    pub(super) fn stall(&self, is_stalled: bool) {
        self.is_stalled.store(is_stalled, Ordering::Relaxed);
    }

    /// Counts a connection that is not held any longer.
    pub(super) fn refuses(&self, why: Refusal) {
        self.traffic.refused(why, &self.from);
    }

    /// Notes that a request came, until what is returned is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> Request {
        self.requests.fetch_add(1, Ordering::Relaxed);
        Request { of: Arc::clone(self), number: self.next.fetch_add(1, Ordering::Relaxed) }
    }

    /// Ends when the first request began.
    pub(super) async fn first_begun(&self) {
        let mut looks = interval(LOOK_EVERY);
        while self.begun() == 0 {
            looks.tick().await;
        }
    }

    /// Ends when some piece of an answer was not taken for so long: the reader of one of many streams can stop
    /// while its connection goes on.
    pub(super) async fn stalled(&self, patience: Duration) {
        let mut looks = interval((patience / 4).max(Duration::from_millis(1)));
        loop {
            looks.tick().await;
            let oldest = self.pieces().values().min().copied();
            if oldest.is_some_and(|handed| handed.elapsed() >= patience) {
                return;
            }
        }
    }

    fn pieces(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, Instant>> {
        self.handed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that is under way.
pub(super) struct Request {
    of: Arc<Underway>,
    number: u64,
}

impl Request {
    /// Has the request under way until its answer left.
    pub(super) fn until_left(self, body: Body) -> Body {
        Body::new(Leaving { body, request: self, is_handed: false })
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        self.of.requests.fetch_sub(1, Ordering::Relaxed);
        self.of.pieces().remove(&self.number);
    }
}

/// The body of an answer that leaves.
struct Leaving {
    body: Body,
    request: Request,
    is_handed: bool,
}

impl HttpBody for Leaving {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = &mut *self;
        if std::mem::take(&mut this.is_handed) {
            this.request.of.pieces().remove(&this.request.number);
        }
        let frame = Pin::new(&mut this.body).poll_frame(context);
        if matches!(frame, Poll::Ready(Some(Ok(_)))) {
            this.is_handed = true;
            this.request.of.pieces().insert(this.request.number, Instant::now());
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
