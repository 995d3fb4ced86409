//! A refusal that its caller hears: whoever is told no from the head of a request is often still sending the body, and a
//! connection that is closed under them is told as a break, of which nobody knows what came of it.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;
use http_body_util::BodyExt as _;
use hyper::body::{Frame, SizeHint};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// So long what is left of a body is read: a stranger who sends on for ever is answered all the same.
const WAIT: Duration = Duration::from_secs(5);

/// Answers a request, and where it is refused reads what is left of its body first, for [`WAIT`] at most, and drops it.
pub(super) async fn heard(request: Request, next: Next) -> Response {
    // Whoever asks first whether to go on is told before they do.
    let asks_first = request.headers().contains_key(header::EXPECT);
    let (left, mut unread) = oneshot::channel();
    let request =
        request.map(|body| Body::new(Lent { body, ended: false, begun: !asks_first, left: Some(left) }));
    let response = next.run(request).await;
    if !response.status().is_success()
        && let Ok(mut body) = unread.try_recv()
    {
        let rest = async { while let Some(Ok(_)) = body.frame().await {} };
        let _ = timeout(WAIT, rest).await;
    }
    response
}

/// A body that comes back when whoever reads it lets it go before its end.
struct Lent {
    body: Body,
    ended: bool,
    begun: bool,
    left: Option<oneshot::Sender<Body>>,
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.begun = true;
        let frame = Pin::new(&mut self.body).poll_frame(context);
        self.ended |= matches!(frame, Poll::Ready(None | Some(Err(_))));
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(left) = self.left.take()
            && self.begun
            && !self.ended
            && !self.body.is_end_stream()
        {
            let _ = left.send(std::mem::take(&mut self.body));
        }
    }
}
