//! Every answer that shows what is recorded is noted in the access log before it leaves: to a question, and
//! to what records or would record something about an entry.

mod shown;

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::desk::access;
use crate::desk::error::DeskError;
use crate::desk::reads::Read;
use crate::domain::id::EventId;
use crate::http::api::{Admitted, Api, apart};
use crate::http::openapi::told::{Taken, Told};
use crate::http::problem::{Problem, ProblemKind};
use crate::http::query;
use crate::http::reading::shown::Shown;

/// The header that says what for something is read.
pub(super) const PURPOSE: &str = "demarche-purpose";
/// How long it may be.
pub(super) const PURPOSE_CHARS_MAX: usize = 200;

/// What an answer that leaves in pieces gives whole: the positions from the first up to the second.
#[derive(Debug, Clone, Copy)]
pub(super) struct Whole(pub(super) u64, pub(super) u64);

/// Says of an answer that leaves in pieces that each piece was noted before it left.
#[derive(Debug, Clone, Copy)]
pub(super) struct NotedAsItLeaves;

/// What is read for, and what was asked: what is noted of an answer that leaves in pieces.
pub(super) struct Reading {
    purpose: Option<String>,
    asked: String,
}

impl Reading {
    /// Notes entries that are about to leave.
    ///
    /// # Errors
    ///
    /// Returns what the desk says where they cannot be noted: then they must not leave.
    pub(super) fn note(&self, desk: &access::Reader, events: &[EventId]) -> Result<(), DeskError> {
        if !desk.logs_reads() {
            return Ok(());
        }
        desk.note_read(self.purpose(), &self.of(events))
    }

    /// Returns what is read for.
    pub(super) fn purpose(&self) -> Option<&str> {
        self.purpose.as_deref()
    }

    /// Returns entries that are about to leave as what is noted of them.
    pub(super) fn of(&self, events: &[EventId]) -> Read {
        Read { asked: self.asked.clone(), events: events.to_vec(), range: None }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Reading {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        Ok(Self { purpose: purpose(parts)?, asked: asked(parts) })
    }
}

impl Taken for Reading {
    fn describe(_: &mut Told<'_>) {
        // Every route takes a purpose.
    }
}

/// Returns the path and the query, as they were sent.
fn asked(parts: &Parts) -> String {
    parts.uri.path_and_query().map_or_else(String::new, ToString::to_string)
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    /// It asks: every answer is a read.
    Ask,
    /// It has something recorded, or told what would be: the answer is a read where it shows what others may
    /// have recorded.
    Record,
}

/// Notes what is answered; what cannot be noted does not leave.
pub(super) async fn noted(State(api): State<Api>, request: Request, next: Next) -> Response {
    let does = match *request.method() {
        // Without the answer itself its tag and its length are told, and that there is one.
        Method::GET | Method::HEAD => Some(Does::Ask),
        Method::POST => Some(Does::Record),
        _ => None,
    };
    let does = does.filter(|_| request.uri().path().starts_with("/v1/") && api.door.logs_reads());
    let Some(does) = does else { return next.run(request).await };
    let (parts, body) = request.into_parts();
    let (purpose, who) = (purpose(&parts), parts.extensions.get::<Admitted>().cloned());
    let asked = match does {
        Does::Ask if parts.method == Method::HEAD => format!("HEAD {}", asked(&parts)),
        Does::Ask => asked(&parts),
        Does::Record => format!("POST {}", asked(&parts)),
    };
    let purpose = match purpose {
        Ok(purpose) => purpose,
        Err(problem) => return problem.into_response(),
    };
    let response = next.run(Request::from_parts(parts, body)).await;
    let noted = response.extensions().get::<NotedAsItLeaves>().is_some();
    if noted || !response.status().is_success() {
        return response;
    }
    match note(&api, who, purpose, (does, asked), response).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

/// Returns what is read for.
fn purpose(parts: &Parts) -> Result<Option<String>, Problem> {
    let purpose = query::header(parts, PURPOSE)?;
    if let Some(purpose) = &purpose
        && (purpose.chars().count() > PURPOSE_CHARS_MAX || purpose.chars().any(char::is_control))
    {
        let detail =
            format!("a purpose has at most {PURPOSE_CHARS_MAX} characters, and no control characters");
        return Err(Problem::malformed(vec![crate::desk::error::Fault::in_field(PURPOSE, detail)]));
    }
    Ok(purpose)
}

async fn note(
    api: &Api,
    who: Option<Admitted>,
    purpose: Option<String>,
    (does, asked): (Does, String),
    response: Response,
) -> Result<Response, Problem> {
    // Whoever is nobody was shown nothing of the record: they came in, or were told that they may not.
    let Some(Admitted(who)) = who.filter(|who| who.0.is_ok()) else { return Ok(response) };
    let (parts, body) = response.into_parts();
    let (body, shown) = if is_json(&parts.headers) {
        // Answers in JSON are made whole before they leave, so they are in memory already.
        let broken = |_| Problem::new(ProblemKind::Broken, "the answer broke off while the read was noted");
        let bytes = to_bytes(body, usize::MAX).await.map_err(broken)?;
        let shown = Shown::of(&bytes);
        (Body::from(bytes), shown)
    } else {
        (body, Shown::default())
    };
    // Whether the record is sound shows no entry, and must be told where the access log is not.
    let tells_health = matches!(asked.split('?').next(), Some("/v1/verify" | "/v1/log"));
    let range = parts.extensions.get::<Whole>().map(|Whole(from, to)| (*from, *to));
    let Shown { events, was_recorded, .. } = shown;
    if does == Does::Record && events.is_empty() && range.is_none() {
        // Whoever is told what became of their own words reads nothing.
        return Ok(Response::from_parts(parts, body));
    }
    let read = Read { asked, events, range };
    let done = move |error: DeskError| {
        if was_recorded {
            let words = format!("what was sent is recorded, and its answer is not shown: {error}");
            return DeskError::Unavailable(words);
        }
        error
    };
    let door = api.door.clone();
    let noted = apart(api.runs, move || match who.as_ref() {
        Ok(who) => Ok(door.note_read(who, purpose.as_deref(), &read).map_err(done)?),
        Err(problem) => Err(problem.clone()),
    })
    .await;
    if !tells_health {
        noted?;
    }
    Ok(Response::from_parts(parts, body))
}

/// Returns every event that a message shows.
pub(super) fn events_in(message: &Value) -> Vec<EventId> {
    Shown::in_message(message).events
}

fn is_json(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).and_then(|media: &HeaderValue| media.to_str().ok())
        == Some("application/json")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(answer: &str) -> Vec<String> {
        Shown::of(answer.as_bytes()).events.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_entries_of_an_answer_are_those_whose_ids_it_shows() {
        let ids = shown(
            r#"{"as_of": {"id": "00000000-0000-0000-0000-000000000009"},
            "data": {"items": [{"id": "00000000-0000-0000-0000-000000000002", "entry": {"id":
            "00000000-0000-0000-0000-000000000001"}}, {"id": "none"}, {"ids": ["00000000-0000-0000-0000-000000000003"]}]}}"#,
        );
        assert_eq!(ids, ["00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"]);
        assert!(shown("no JSON").is_empty());
    }

    #[test]
    fn of_what_was_recorded_just_now_an_answer_shows_what_it_corrects() {
        let answer = |repeated: bool| {
            format!(
                r#"{{"data": {{"entries": [{{"id": "00000000-0000-0000-0000-000000000002", "corrects":
                "00000000-0000-0000-0000-000000000001"}}], "receipt": {{"request": "r", "repeated": {repeated},
                "ids": ["00000000-0000-0000-0000-000000000002"]}}}}}}"#
            )
        };
        assert_eq!(shown(&answer(false)), ["00000000-0000-0000-0000-000000000001"]);
        assert!(Shown::of(answer(false).as_bytes()).was_recorded);
        // What was recorded before is shown again to whoever sends it again.
        assert_eq!(shown(&answer(true)).len(), 2);
        let laid_out = r#"{"data": {"request": "r", "corrects": ["00000000-0000-0000-0000-000000000001"]}}"#;
        assert_eq!(shown(laid_out), ["00000000-0000-0000-0000-000000000001"]);
    }
}
