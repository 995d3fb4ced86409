//! What whoever times a server is told of the steps of a request, where it is asked to (`serve --otlp-endpoint`).
//!
//! Everything that may ever be told stands here: how, which sort of question, and how many. No text, no name, no
//! handle and nothing of a query does. Where nobody times the server, none of it is made.

use tracing::Span;
use tracing::field::Empty;

/// The target of these spans, which no log of the program shows.
pub(crate) const TRACED: &str = "demarche::traced";

/// The name of the span of a request; without one nothing is told of what the desk does.
pub(crate) const REQUEST: &str = "request";

/// Returns the span of a request, within `within`: its method and the first part of its path. `remote` is the span of
/// whoever asks, as `traceparent` names it; the status is filled in when it is known.
pub(crate) fn request(within: &Span, method: &str, route: &str, remote: Option<&str>) -> Span {
    tracing::debug_span!(target: TRACED, parent: within, REQUEST, method, route, remote, status = Empty)
}

/// Returns the span of what the desk does for a request.
pub(crate) fn desk() -> Span {
    tracing::debug_span!(target: TRACED, "desk")
}

/// Returns the span in which so many events come onto the disk.
pub(crate) fn commit(events: usize) -> Span {
    tracing::debug_span!(target: TRACED, "commit", events)
}
