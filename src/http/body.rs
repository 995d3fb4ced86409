//! The body of a request: of a type that the route takes, never larger than it takes, and read strictly.

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::header;
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;

use crate::desk::error::Fault;
use crate::http::problem::{Problem, ProblemKind};

/// The largest body of a submission: what one append may hold.
pub(super) const RECORD_BYTES_MAX: usize = 16 << 20;
/// The largest file that can be imported at once.
pub(super) const IMPORT_BYTES_MAX: usize = 256 << 20;
/// How much of a body that is too large is read and dropped, so that the caller, who is still sending,
/// hears why instead of a broken connection.
const DROPPED_BYTES_MAX: usize = 1 << 30;

/// What the API takes as JSON.
pub(super) const JSON: &[&str] = &["application/json"];
/// What the API takes as lines of JSON.
pub(super) const LINES: &[&str] =
    &["application/jsonl", "application/x-ndjson", "application/json", "application/octet-stream"];

/// Reads a body of JSON.
pub(super) async fn json<T: DeserializeOwned>(request: Request) -> Result<T, Problem> {
    let bytes = bytes(request, JSON, RECORD_BYTES_MAX).await?;
    serde_json::from_slice(&bytes).map_err(|error| malformed(&error))
}

/// Reads a body that must be empty.
pub(super) async fn empty(request: Request) -> Result<(), Problem> {
    let bytes = bytes(request, JSON, RECORD_BYTES_MAX).await?;
    if bytes.is_empty() { Ok(()) } else { Err(Problem::malformed(vec![Fault::new("no body is taken here")])) }
}

/// Reads a body of one of the types, whole.
pub(super) async fn bytes(request: Request, types: &[&str], max: usize) -> Result<Vec<u8>, Problem> {
    let media = request.headers().get(header::CONTENT_TYPE).and_then(|media| media.to_str().ok());
    let media = media.and_then(|media| media.split(';').next()).unwrap_or_default().trim();
    // A page of another site can post plain text and forms without asking; it cannot post these.
    if !types.iter().any(|taken| taken.eq_ignore_ascii_case(media)) {
        let detail = format!("the content type is `{media}`; send content-type: {}", types.join(" or "));
        return Err(Problem::new(ProblemKind::MediaType, detail));
    }
    collect(request.into_body(), max).await
}

async fn collect(mut body: Body, max: usize) -> Result<Vec<u8>, Problem> {
    let announced = body.size_hint().lower();
    let mut bytes = Vec::new();
    if announced <= max as u64 {
        bytes.reserve_exact(usize::try_from(announced).unwrap_or_default());
    }
    let mut seen: usize = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Problem::malformed(vec![Fault::new("the body broke off")]))?;
        let Ok(part) = frame.into_data() else { continue };
        seen = seen.saturating_add(part.len());
        if seen <= max {
            bytes.extend_from_slice(&part);
        } else if seen > DROPPED_BYTES_MAX {
            break;
        } else {
            bytes = Vec::new();
        }
    }
    if seen <= max { Ok(bytes) } else { Err(too_large(max)) }
}

fn too_large(max: usize) -> Problem {
    let detail = format!("the body is larger than {} MiB, the most that is taken here", max >> 20);
    let hint = "send it in parts; a large file is imported in parts by `demarche import` of each part";
    Problem::new(ProblemKind::TooLarge, detail).hinting([hint.to_owned()])
}

fn malformed(error: &serde_json::Error) -> Problem {
    let whole = error.to_string();
    // serde_json ends its sentence with the place, which a fault has a field for.
    let place = format!(" at line {} column {}", error.line(), error.column());
    let what = whole.strip_suffix(&place).unwrap_or(&whole);
    let detail = format!("column {}: {what}", error.column());
    Problem::malformed(vec![Fault { line: Some(error.line() as u64), field: None, detail }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::ask::RecordAsk;

    fn block_on<F: Future>(future: F) -> F::Output {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
    }

    fn post(media: &str, body: impl Into<Body>) -> Request {
        Request::builder().header("content-type", media).body(body.into()).unwrap()
    }

    #[test]
    fn what_is_not_json_is_named_by_line_and_column() {
        let check = |body: &'static str| {
            let problem = block_on(json::<RecordAsk>(post("application/json", body))).unwrap_err();
            assert_eq!(problem.status, 400);
            problem.detail
        };
        assert_eq!(check("{\"entries\": [\n{\"kind\": "), "line 2: column 9: EOF while parsing a value");
        assert!(check("{\"entris\": []}").contains("unknown field `entris`, expected one of `entries`"));
        assert_eq!(check(""), "line 1: column 0: EOF while parsing a value");
    }

    #[test]
    fn only_the_types_that_a_page_cannot_post_are_taken() {
        for media in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""] {
            let problem = block_on(json::<RecordAsk>(post(media, "{}"))).unwrap_err();
            assert_eq!(problem.status, 415, "{media}");
        }
        block_on(json::<RecordAsk>(post("Application/JSON; charset=utf-8", "{}"))).unwrap();
    }

    #[test]
    fn a_body_is_taken_up_to_its_limit_and_not_a_byte_more() {
        let read =
            |length: usize| block_on(bytes(post("application/jsonl", vec![b' '; length]), LINES, 1 << 20));
        assert_eq!(read(1 << 20).unwrap().len(), 1 << 20);
        let problem = read((1 << 20) + 1).unwrap_err();
        assert_eq!((problem.status, problem.kind), (413, ProblemKind::TooLarge));
        assert!(problem.detail.contains("1 MiB"), "{}", problem.detail);
    }
}
