//! The body of a request that must come: one that stalls, or trickles, is given up.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use tokio::time::{Instant, Sleep, sleep};

use crate::http::serve::limits::Limits;
use crate::http::serve::underway::Underway;
use crate::http::traffic::Refusal;

/// A body did not come in time.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the body came too slowly: {bytes} bytes in {seconds} seconds")]
pub(in crate::http) struct TooSlow {
    bytes: u64,
    /// Only those in which it was waited for.
    seconds: u64,
}

/// Tells whether a body broke off because it came too slowly.
pub(in crate::http) fn too_slow(error: &(dyn std::error::Error + 'static)) -> Option<TooSlow> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(slow) = error.downcast_ref::<TooSlow>() {
            return Some(*slow);
        }
        cause = error.source();
    }
    None
}

/// A body that is waited for so long and no longer.
pub(super) struct Hurried<B> {
    body: B,
    limits: Arc<Limits>,
    underway: Arc<Underway>,
    // Runs while a piece is waited for.
    stalls: Option<(Instant, Pin<Box<Sleep>>)>,
    waited: Duration,
    bytes: u64,
}

impl<B> Hurried<B> {
    pub(super) fn new(body: B, limits: Arc<Limits>, underway: Arc<Underway>) -> Self {
        Self { body, limits, underway, stalls: None, waited: Duration::ZERO, bytes: 0 }
    }

    fn give_up(&self) -> TooSlow {
        self.underway.refuses(Refusal::SlowBody);
        TooSlow { bytes: self.bytes, seconds: self.waited.as_secs() }
    }

    /// Tells whether fewer bytes came than must, in the time in which they were waited for.
    fn trickles(&self) -> bool {
        let beyond = self.waited.saturating_sub(self.limits.body_stall);
        u128::from(self.bytes) * 1_000 < beyond.as_millis() * u128::from(self.limits.body_rate)
    }
}

impl<B> HttpBody for Hurried<B>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        match Pin::new(&mut this.body).poll_frame(context) {
            Poll::Ready(frame) => {
                if let Some((since, _)) = this.stalls.take() {
                    this.waited += since.elapsed();
                }
                let Some(Ok(frame)) = frame else {
                    return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
                };
                this.bytes += frame.data_ref().map_or(0, |piece| piece.len() as u64);
                if this.trickles() {
                    return Poll::Ready(Some(Err(this.give_up().into())));
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Pending => {
                let stall = this.limits.body_stall;
                let (since, stalls) =
                    this.stalls.get_or_insert_with(|| (Instant::now(), Box::pin(sleep(stall))));
                if stalls.as_mut().poll(context).is_ready() {
                    this.waited += since.elapsed();
                    this.stalls = None;
                    return Poll::Ready(Some(Err(this.give_up().into())));
                }
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
