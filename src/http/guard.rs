//! What stands around every route: only programs of this machine ask, every request has an id, a
//! mistake of ours is an answer, and one line of the program's log tells what was asked.

use std::any::Any;
use std::future::poll_fn;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Instant;

use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use axum::middleware::Next;
use axum::response::Response;
use uuid::Uuid;

use crate::desk::error::Fault;
use crate::http::problem::{Problem, ProblemKind};

/// The header with the id of a request: taken over from the caller, or drawn.
pub(super) const REQUEST_ID: &str = "x-request-id";
const REQUEST_ID_BYTES_MAX: usize = 128;

/// Answers a request, whatever happens on the way.
pub(super) async fn guard(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let (id, checked) = match request_id(request.headers()) {
        Ok(id) => (id, is_for_here(request.uri()).and_then(|()| is_local(request.headers()))),
        Err(problem) => (Uuid::new_v4().to_string(), Err(problem)),
    };
    let method = request.method().clone();
    let route = route(request.uri().path());
    let mut response = match checked {
        Ok(()) => match caught(next.run(request)).await {
            Ok(response) => said_with(response, &id),
            Err(_) => with_id(broken(&method), &id).respond(),
        },
        Err(problem) => with_id(problem, &id).respond(),
    };
    let headers = response.headers_mut();
    // The id was checked to be text that a header takes.
    headers
        .extend(HeaderValue::from_str(&id).ok().map(|id| (header::HeaderName::from_static(REQUEST_ID), id)));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let (status, micros) = (response.status().as_u16(), began.elapsed().as_micros());
    // Neither names nor queries: what is asked about can itself be a secret.
    if status >= 500 {
        tracing::error!(%method, route, status, micros, request_id = id, "a request failed");
    } else {
        tracing::info!(%method, route, status, micros, request_id = id, "answered");
    }
    response
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
        _ => "elsewhere".to_owned(),
    }
}

fn request_id(headers: &HeaderMap) -> Result<String, Problem> {
    let Some(id) = headers.get(REQUEST_ID) else { return Ok(Uuid::new_v4().to_string()) };
    let id = id.as_bytes();
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._:+/=".contains(byte);
    if id.is_empty() || id.len() > REQUEST_ID_BYTES_MAX || !id.iter().all(plain) {
        let detail = "is not an id; send at most 128 letters, digits and -._:+/= of ASCII";
        return Err(Problem::malformed(vec![Fault::in_field(REQUEST_ID, detail)]));
    }
    Ok(String::from_utf8_lossy(id).into_owned())
}

/// Checks that a request that names a host before its path names this machine: that name counts, not the header.
fn is_for_here(uri: &Uri) -> Result<(), Problem> {
    match uri.authority().map(Authority::as_str) {
        Some(host) if !is_loopback(host) => {
            let detail = format!("the host is `{host}`; ask for localhost, 127.0.0.1 or [::1]");
            Err(Problem::new(ProblemKind::Foreign, detail))
        }
        Some(_) | None => Ok(()),
    }
}

/// Checks that a program of this machine asks, and no page of another site.
///
/// A page can make a name of its own stand for this machine; then the name is in `host`.
fn is_local(headers: &HeaderMap) -> Result<(), Problem> {
    let foreign = |detail: String| Err(Problem::new(ProblemKind::Foreign, detail));
    let mut hosts = headers.get_all(header::HOST).iter();
    let host = hosts.next().and_then(|host| host.to_str().ok()).unwrap_or_default();
    if hosts.next().is_some() || !is_loopback(host) {
        return foreign(format!("the host is `{host}`; ask for localhost, 127.0.0.1 or [::1]"));
    }
    let mut origins = headers.get_all(header::ORIGIN).iter();
    match (origins.next().map(|origin| origin.to_str().unwrap_or_default()), origins.next()) {
        (None, _) => Ok(()),
        (Some(origin), None) if origin.strip_prefix("http://") == Some(host) => Ok(()),
        (Some(origin), _) => foreign(format!("pages of `{origin}` may not ask here")),
    }
}

/// Tells whether `authority` is a host, with or without a port, that is always this machine.
fn is_loopback(authority: &str) -> bool {
    let (host, port) = match authority.rfind(':') {
        Some(colon) if !authority.ends_with(']') => authority.split_at(colon),
        Some(_) | None => (authority, ":0"),
    };
    let digits = port.trim_start_matches(':');
    if digits.parse::<u16>().is_err() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let version_six = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<Ipv4Addr>().is_ok_and(|host| host.is_loopback())
        || version_six.is_some_and(|host| host.parse::<Ipv6Addr>().is_ok_and(|host| host.is_loopback()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hosts_that_are_always_this_machine_are_answered() {
        for host in
            ["localhost", "LocalHost:7733", "127.0.0.1", "127.0.0.1:80", "127.9.9.9", "[::1]", "[::1]:7733"]
        {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "",
            ":",
            "localhost:",
            "localhost:x",
            "localhost:+1",
            "localhost:99999",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "evil.example:7733",
            "10.0.0.1",
            "0.0.0.0",
            "::1",
            "[::2]",
            "[::1",
            "localhost:1:2",
            "evil@localhost",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn a_page_of_another_origin_may_not_ask() {
        let check = |host: &'static str, origin: &[&'static str]| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static(host));
            for origin in origin {
                headers.append(header::ORIGIN, HeaderValue::from_static(origin));
            }
            is_local(&headers).is_ok()
        };
        assert!(check("localhost:7733", &[]));
        assert!(check("localhost:7733", &["http://localhost:7733"]));
        for origin in ["null", "http://localhost:3000", "https://localhost:7733", "http://evil.example", ""] {
            assert!(!check("localhost:7733", &[origin]), "{origin}");
        }
        assert!(!check("localhost:7733", &["http://localhost:7733", "http://evil.example"]));
        assert!(!check("evil.example", &["http://evil.example"]));
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
