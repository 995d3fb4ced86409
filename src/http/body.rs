//! The body of a request: of a type that the route takes, never larger than it takes, and read strictly.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;

use axum::body::{Body, HttpBody};
use axum::extract::{FromRequest, Request};
use axum::http::header;
use http_body_util::BodyExt;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use crate::desk::audit::stamp::STAMP_BYTES_MAX;
use crate::desk::error::Fault;
use crate::desk::import::mapping::Mapping;
use crate::desk::import::source::{Progress, Source, scratch};
use crate::desk::misread;
use crate::http::audit::STAMP;
use crate::http::client::Upload;
use crate::http::openapi::told::{Taken, Told};
use crate::http::problem::{Problem, ProblemKind};
use crate::http::query::once;
use crate::http::serve::hurried::too_slow;

/// The largest body of a submission: what one append may hold.
pub(super) const RECORD_BYTES_MAX: usize = 16 << 20;
/// The largest body of whoever comes in: a name, a password, a code. Anybody can send one.
pub(super) const COMING_BYTES_MAX: usize = 16 << 10;
/// The largest file that can be imported at once: it is spooled to disk, and read from there.
pub(super) const IMPORT_BYTES_MAX: u64 = 64 << 30;
/// How much of a file is gathered before it is written to disk.
const SPOOLED_AT_ONCE: usize = 1 << 20;
/// How much of a body that is too large is read and dropped, so that the caller, who is still sending,
/// hears why instead of a broken connection.
const DROPPED_BYTES_MAX: usize = 1 << 30;

/// What the API takes as JSON.
pub(super) const JSON: &[&str] = &["application/json"];
/// What the API takes as a file to import, with the format that each tells; none where the name tells.
pub(super) const FILES: &[(&str, Option<&str>)] = &[
    ("application/octet-stream", None),
    ("application/jsonl", None),
    ("application/x-ndjson", None),
    ("application/json", None),
    ("text/csv", Some("csv")),
    ("text/tab-separated-values", Some("csv")),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", Some("xlsx")),
    ("application/tei+xml", Some("tei")),
    ("application/xml", Some("tei")),
    ("message/rfc822", Some("eml")),
    ("application/mbox", Some("eml")),
];

/// Reads a body of JSON: an object.
async fn json<T: DeserializeOwned>(request: Request, max: usize) -> Result<T, Problem> {
    let bytes = bytes(request, JSON, max).await?;
    // The values of its fields alone, in a list, would be read as well.
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        let detail = "the body is a list; send an object, in which each value has its name: {…}";
        return Err(Problem::malformed(vec![Fault::new(detail)]));
    }
    serde_json::from_slice(&bytes).map_err(|error| Problem::malformed(vec![misread::fault(&bytes, &error)]))
}

/// A body of JSON, which says what `T` says, of at most so many bytes.
pub(super) struct Sent<T, const MAX: usize = RECORD_BYTES_MAX>(pub(super) T);

impl<T: DeserializeOwned, const MAX: usize, S: Send + Sync> FromRequest<S> for Sent<T, MAX> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        json(request, MAX).await.map(Self)
    }
}

impl<T: JsonSchema, const MAX: usize> Taken for Sent<T, MAX> {
    fn describe(route: &mut Told<'_>) {
        route.takes_json::<T>();
    }
}

/// A body that says nothing: none at all, or an empty object.
///
/// Its type must be told all the same: a page of another site can send what has none.
pub(super) struct NoBody;

impl<S: Send + Sync> FromRequest<S> for NoBody {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let bytes = bytes(request, JSON, RECORD_BYTES_MAX).await?;
        let says_nothing = bytes.is_empty()
            || serde_json::from_slice::<serde_json::Map<_, serde_json::Value>>(&bytes)
                .is_ok_and(|object| object.is_empty());
        if says_nothing {
            Ok(Self)
        } else {
            Err(Problem::malformed(vec![Fault::new("no body is taken here; send none, or {}")]))
        }
    }
}

impl Taken for NoBody {
    fn describe(route: &mut Told<'_>) {
        let says_nothing = serde_json::json!({ "type": "object", "maxProperties": 0 });
        route.takes(&["application/json"], &says_nothing);
    }
}

/// A mapping file, as it was sent.
pub(super) struct SentMapping(pub(super) Vec<u8>);

impl<S: Send + Sync> FromRequest<S> for SentMapping {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        bytes(request, JSON, RECORD_BYTES_MAX).await.map(Self)
    }
}

impl Taken for SentMapping {
    fn describe(route: &mut Told<'_>) {
        route.takes_json::<Mapping>();
    }
}

/// What a time-stamping authority answered with.
pub(super) struct SentStamp(pub(super) Vec<u8>);

impl<S: Send + Sync> FromRequest<S> for SentStamp {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        bytes(request, &[STAMP], STAMP_BYTES_MAX).await.map(Self)
    }
}

impl Taken for SentStamp {
    fn describe(route: &mut Told<'_>) {
        route.takes(&[STAMP], &serde_json::json!({}));
    }
}

impl<S: Send + Sync> FromRequest<S> for SentFile {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        file(request).await
    }
}

impl Taken for SentFile {
    fn describe(route: &mut Told<'_>) {
        let types: Vec<&str> = FILES.iter().map(|(taken, _)| *taken).collect();
        route.takes(&types, &serde_json::json!({}));
    }
}

/// A file that was sent, to be read from its beginning.
pub(super) struct SentFile {
    pub(super) file: Box<dyn Source>,
    /// What its media type tells of its format.
    pub(super) format: Option<&'static str>,
    /// How far it is read, for whoever watches from this process.
    pub(super) progress: Arc<Progress>,
}

/// Takes a file in: one of this process as it is, any other to disk, where it leaves no trace.
async fn file(request: Request) -> Result<SentFile, Problem> {
    let media = media(&request)?;
    let known = FILES.iter().find(|(taken, _)| taken.eq_ignore_ascii_case(&media));
    let Some((_, format)) = known else {
        let taken: Vec<&str> = FILES.iter().map(|(taken, _)| *taken).collect();
        let detail = format!("the content type is `{media}`; send content-type: {}", taken.join(" or "));
        return Err(Problem::new(ProblemKind::MediaType, detail));
    };
    if let Some(upload) = request.extensions().get::<Upload>() {
        let (file, progress) = (Box::new(upload.clone()), Arc::clone(upload.progress()));
        return Ok(SentFile { file, format: *format, progress });
    }
    plain(&request)?;
    let file = spooled(request.into_body(), IMPORT_BYTES_MAX).await?;
    Ok(SentFile { file: Box::new(file), format: *format, progress: Arc::default() })
}

async fn spooled(mut body: Body, max: u64) -> Result<File, Problem> {
    let unwritten = |error: io::Error| {
        let detail = format!("the file cannot be spooled to disk: {error}; TMPDIR says where");
        Problem::new(ProblemKind::Unavailable, detail)
    };
    let too_large = || {
        let detail = format!("the file is larger than {} GiB, the most that is taken here", max >> 30);
        Problem::new(ProblemKind::TooLarge, detail)
    };
    if body.size_hint().lower() > max {
        return Err(too_large());
    }
    let mut file = scratch().map_err(unwritten)?;
    let mut gathered = Vec::with_capacity(SPOOLED_AT_ONCE);
    let mut seen: u64 = 0;
    loop {
        let frame = body.frame().await;
        let ends = frame.is_none();
        if let Some(frame) = frame {
            let frame = frame.map_err(|error| broke_off(&error))?;
            let Ok(part) = frame.into_data() else { continue };
            seen = seen.saturating_add(part.len() as u64);
            if seen > max {
                return Err(too_large());
            }
            gathered.extend_from_slice(&part);
        }
        if ends || gathered.len() >= SPOOLED_AT_ONCE {
            let write = move || file.write_all(&gathered).map(|()| (file, gathered));
            let written = tokio::task::spawn_blocking(write).await;
            let stopped = |_| Problem::new(ProblemKind::Unavailable, "the server is stopping");
            (file, gathered) = written.map_err(stopped)?.map_err(unwritten)?;
            gathered.clear();
        }
        if ends {
            return Ok(file);
        }
    }
}

/// Returns the media type that the body is said to have; an empty one where nothing is said.
fn media(request: &Request) -> Result<String, Problem> {
    let media = once(request.headers(), header::CONTENT_TYPE.as_str())?.unwrap_or_default();
    Ok(media.split(';').next().unwrap_or_default().trim().to_owned())
}

/// Checks that a body stands as it is meant: nothing here undoes a compression.
fn plain(request: &Request) -> Result<(), Problem> {
    let Some(coded) = once(request.headers(), header::CONTENT_ENCODING.as_str())? else { return Ok(()) };
    if coded.eq_ignore_ascii_case("identity") {
        return Ok(());
    }
    let detail =
        format!("the content encoding is `{coded}`; send the body as it is, without content-encoding");
    Err(Problem::new(ProblemKind::MediaType, detail))
}

/// Reads a body of one of the types, whole.
pub(super) async fn bytes(request: Request, types: &[&str], max: usize) -> Result<Vec<u8>, Problem> {
    let media = media(&request)?;
    // A page of another site can post plain text and forms without asking; it cannot post these.
    if !types.iter().any(|taken| taken.eq_ignore_ascii_case(&media)) {
        let detail = format!("the content type is `{media}`; send content-type: {}", types.join(" or "));
        return Err(Problem::new(ProblemKind::MediaType, detail));
    }
    plain(&request)?;
    // Whoever asks first whether to go on is told before they do; so is whoever would never come to an end.
    let announced = request.body().size_hint().lower();
    let asks_first = request.headers().contains_key(header::EXPECT);
    let most = if asks_first { max } else { DROPPED_BYTES_MAX };
    if announced > most as u64 {
        return Err(too_large(max));
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
        let frame = frame.map_err(|error| broke_off(&error))?;
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

/// Returns the problem of a body that did not come to its end.
fn broke_off(error: &axum::Error) -> Problem {
    match too_slow(error) {
        Some(slow) => Problem::new(ProblemKind::TooSlow, slow.to_string()),
        None => Problem::malformed(vec![Fault::new("the body broke off")]),
    }
}

fn too_large(max: usize) -> Problem {
    let most = if max >> 20 > 0 { format!("{} MiB", max >> 20) } else { format!("{} KiB", max >> 10) };
    let detail = format!("the body is larger than {most}, the most that is taken here");
    // Of a name and a password there are no parts.
    let hint = (max > COMING_BYTES_MAX).then(|| "send it in parts".to_owned());
    Problem::new(ProblemKind::TooLarge, detail).hinting(hint)
}

#[cfg(test)]
mod tests;
