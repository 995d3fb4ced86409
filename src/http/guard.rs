//! What stands around every route: only programs and pages of this server ask, every request has an id, a
//! mistake of ours is an answer, and one line of the program's log tells what was asked.

use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;
use tracing::Instrument;
use uuid::Uuid;

use crate::desk::traced;
use crate::http::parent::remote;
use crate::http::problem::{Problem, ProblemKind};
use crate::http::site::{Site, Wire};

/// The header with the id of a request: taken over from the caller, or drawn.
pub(super) const REQUEST_ID: &str = "x-request-id";
const REQUEST_ID_BYTES_MAX: usize = 128;
/// What every answer tells a browser: to keep nothing, to run nothing, to show it nowhere else.
const SECURED: [(header::HeaderName, &str); 6] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CACHE_CONTROL, "no-store"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];
/// Where a supervisor asks again and again.
const READY: &str = "/readyz";
/// What whoever came over TLS is told: to come over nothing else for a year.
const TLS_ONLY: &str = "max-age=31536000";

/// Answers a request, whatever happens on the way.
pub(super) async fn guard(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = request_id(request.headers());
    let wire = request.extensions().get::<Wire>().copied().unwrap_or_default();
    let site = request.extensions().get::<Arc<Site>>().cloned().unwrap_or_default();
    let checked = site.admits(wire, request.uri(), request.headers());
    let method = request.method().clone();
    let route = route(request.uri().path());
    // Whatever is told on the way tells of which request.
    let of = tracing::info_span!("request", id);
    let timed = traced::request(&of, method.as_str(), &route, remote(request.headers()));
    let mut response = match checked {
        Ok(()) => match caught(next.run(request).instrument(timed.clone()).instrument(of)).await {
            Ok(response) => said_with(response, &id),
            Err(_) => with_id(broken(&method), &id).respond(),
        },
        Err(problem) => with_id(problem, &id).respond(),
    };
    let headers = response.headers_mut();
    // The id was checked to be text that a header takes.
    headers
        .extend(HeaderValue::from_str(&id).ok().map(|id| (header::HeaderName::from_static(REQUEST_ID), id)));
    for (name, value) in SECURED {
        // A page says more exactly what it takes.
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if wire == Wire::Tls {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(TLS_ONLY));
    }
    let (status, micros) = (response.status().as_u16(), began.elapsed().as_micros());
    timed.record("status", status);
    // Neither names nor queries: what is asked about can itself be a secret.
    if is_failure(&route, status) {
        tracing::error!(%method, route, status, micros, request_id = id, "a request failed");
    } else {
        tracing::info!(%method, route, status, micros, request_id = id, "answered");
    }
    response
}

/// Tells whether an answer is one that somebody should see to: a server that says that it is not ready, as while it
/// ends, does what it was asked.
fn is_failure(route: &str, status: u16) -> bool {
    status >= 500 && (route, status) != (READY, 503)
}

/// Says a problem again, with the id of the request.
fn said_with(mut response: Response, id: &str) -> Response {
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
    let mut said = with_id(problem, id).respond();
    // A refused method is answered with those that are taken.
    said.headers_mut()
        .extend(response.headers_mut().remove(header::ALLOW).map(|allow| (header::ALLOW, allow)));
    said
}

fn with_id(problem: Problem, id: &str) -> Problem {
    Problem { request_id: Some(id.to_owned()), ..problem }
}

/// Returns the problem of a panic, whose message is on standard error.
fn broken(method: &Method) -> Problem {
    if method == Method::GET || method == Method::HEAD {
        Problem::new(
            ProblemKind::Broken,
            "the program made a mistake while it answered; nothing was recorded",
        )
    } else {
        let detail = "the program made a mistake; it is not known whether this was recorded";
        let hint = "ask for the latest entries, or send the same submission again with the same request id";
        Problem::new(ProblemKind::InDoubt, detail).hinting([hint.to_owned()])
    }
}

/// Waits for `future`; a panic in it ends it, not the thread.
async fn caught<F: Future>(future: F) -> Result<F::Output, Box<dyn Any + Send>> {
    let mut future = pin!(future);
    poll_fn(|context| {
        // The future is never polled again after a panic, so nobody sees it half done.
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Ok(Poll::Pending) => Poll::Pending,
            Err(panic) => Poll::Ready(Err(panic)),
        }
    })
    .await
}

/// Returns the first two segments of a path: what was asked, without what it was asked about.
fn route(path: &str) -> String {
    let mut segments = path.split('/').skip(1);
    match (segments.next(), segments.next()) {
        (Some("v1"), Some(what))
            if what.len() <= 16 && what.bytes().all(|byte| byte.is_ascii_lowercase()) =>
        {
            format!("/v1/{what}")
        }
        (Some("readyz"), None) => READY.to_owned(),
        _ => "elsewhere".to_owned(),
    }
}

/// Returns the id that a caller gave, where it is one that can stand anywhere, else one of our own.
fn request_id(headers: &HeaderMap) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:+/=".contains(&byte);
    let given = headers.get(REQUEST_ID).and_then(|id| id.to_str().ok());
    let sane = given.filter(|id| !id.is_empty() && id.len() <= REQUEST_ID_BYTES_MAX && id.bytes().all(plain));
    sane.map_or_else(|| Uuid::new_v4().to_string(), ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_could_be_something_else_is_not_taken_over() {
        let of = |id: &'static [u8]| {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_bytes(id).unwrap());
            request_id(&headers)
        };
        assert_eq!(of(b"r-1._:+/="), "r-1._:+/=");
        let long = [b'x'; REQUEST_ID_BYTES_MAX + 1];
        for wrong in [&b""[..], b"a b", b"a\"b", b"\xeb\xb6\x81", Box::leak(Box::new(long))] {
            assert!(Uuid::parse_str(&of(wrong)).is_ok(), "{wrong:?}");
        }
    }

    #[test]
    fn a_server_that_says_that_it_is_not_ready_has_not_failed() {
        assert!(!is_failure(&route("/readyz"), 503));
        assert!(is_failure(&route("/readyz"), 500));
        assert!(is_failure(&route("/v1/log"), 503));
        assert!(is_failure(&route("/v1/readyz"), 503));
    }

    #[test]
    fn the_log_of_the_program_names_no_handle() {
        assert_eq!(route("/v1/entries/ik-147/history"), "/v1/entries");
        assert_eq!(route("/v1/log"), "/v1/log");
        for path in ["/", "", "/v2/log", "/v1/%EB%B6%81", "/v1/averyveryverylongword"] {
            assert_eq!(route(path), "elsewhere", "{path}");
        }
    }
}
