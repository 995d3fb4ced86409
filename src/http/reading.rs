//! Every answer to a question is noted in the access log before it leaves.

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::desk::Desk;
use crate::desk::ask::Caller;
use crate::desk::error::DeskError;
use crate::desk::reads::Read;
use crate::domain::id::EventId;
use crate::http::api::{ACTOR, Api};
use crate::http::problem::{Problem, ProblemKind};
use crate::http::query;

/// The header that says what for something is read.
pub(super) const PURPOSE: &str = "demarche-purpose";
const PURPOSE_CHARS_MAX: usize = 200;

/// What an answer that leaves in pieces gives whole: the positions from the first up to the second.
#[derive(Debug, Clone, Copy)]
pub(super) struct Whole(pub(super) u64, pub(super) u64);

/// Says of an answer that leaves in pieces that each piece was noted before it left.
#[derive(Debug, Clone, Copy)]
pub(super) struct NotedAsItLeaves;

/// Who reads what for, and what was asked: what is noted of an answer that leaves in pieces.
pub(super) struct Reader {
    caller: Caller,
    purpose: Option<String>,
    asked: String,
}

impl Reader {
    /// Notes entries that are about to leave.
    ///
    /// # Errors
    ///
    /// Returns what the desk says where they cannot be noted: then they must not leave.
    pub(super) fn note(&self, desk: &Desk, events: &[EventId]) -> Result<(), DeskError> {
        if !desk.logs_reads() {
            return Ok(());
        }
        let read = Read { asked: self.asked.clone(), events: events.to_vec(), range: None };
        desk.note_read(&self.caller, self.purpose.as_deref(), &read)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let (caller, purpose) = reader(parts)?;
        Ok(Self { caller, purpose, asked: asked(parts) })
    }
}

/// Returns the path and the query, as they were sent.
fn asked(parts: &Parts) -> String {
    parts.uri.path_and_query().map_or_else(String::new, ToString::to_string)
}

/// Notes what is answered to a question; what cannot be noted does not leave.
pub(super) async fn noted(State(api): State<Api>, request: Request, next: Next) -> Response {
    let is_question = request.method() == Method::GET && request.uri().path().starts_with("/v1/");
    if !is_question || !api.desk.logs_reads() {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let by = reader(&parts);
    let asked = asked(&parts);
    let (caller, purpose) = match by {
        Ok(by) => by,
        Err(problem) => return problem.into_response(),
    };
    let response = next.run(Request::from_parts(parts, body)).await;
    let noted = response.extensions().get::<NotedAsItLeaves>().is_some();
    if noted || !response.status().is_success() {
        return response;
    }
    match note(&api, caller, purpose, asked, response).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

/// Returns who reads, and what for.
fn reader(parts: &Parts) -> Result<(Caller, Option<String>), Problem> {
    let actor = query::header(parts, ACTOR)?.unwrap_or_default();
    let purpose = query::header(parts, PURPOSE)?;
    if let Some(purpose) = &purpose
        && (purpose.chars().count() > PURPOSE_CHARS_MAX || purpose.chars().any(char::is_control))
    {
        let detail =
            format!("a purpose has at most {PURPOSE_CHARS_MAX} characters, and no control characters");
        return Err(Problem::malformed(vec![crate::desk::error::Fault::in_field(PURPOSE, detail)]));
    }
    Ok((Caller { actor, tz: None }, purpose))
}

async fn note(
    api: &Api,
    caller: Caller,
    purpose: Option<String>,
    asked: String,
    response: Response,
) -> Result<Response, Problem> {
    let (parts, body) = response.into_parts();
    let (body, events) = if is_json(&parts.headers) {
        // Answers in JSON are made whole before they leave, so they are in memory already.
        let broken = |_| Problem::new(ProblemKind::Broken, "the answer broke off while the read was noted");
        let bytes = to_bytes(body, usize::MAX).await.map_err(broken)?;
        let events = events_in(&bytes);
        (Body::from(bytes), events)
    } else {
        (body, Vec::new())
    };
    let range = parts.extensions.get::<Whole>().map(|Whole(from, to)| (*from, *to));
    let read = Read { asked, events, range };
    api.run(move |desk| Ok(desk.note_read(&caller, purpose.as_deref(), &read)?)).await?;
    Ok(Response::from_parts(parts, body))
}

fn is_json(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).and_then(|media: &HeaderValue| media.to_str().ok())
        == Some("application/json")
}

/// Returns every event whose id an answer shows: with the id its date and what it says are shown.
fn events_in(answer: &[u8]) -> Vec<EventId> {
    let mut events = Vec::new();
    let Ok(Value::Object(mut answer)) = serde_json::from_slice(answer) else { return events };
    if let Some(data) = answer.remove("data") {
        gather(&data, &mut events);
    }
    events.sort_unstable();
    events.dedup();
    events
}

fn gather(value: &Value, events: &mut Vec<EventId>) {
    match value {
        Value::Object(fields) => {
            let id = fields.get("id").and_then(Value::as_str).and_then(|id| id.parse::<EventId>().ok());
            events.extend(id);
            fields.values().for_each(|value| gather(value, events));
        }
        Value::Array(values) => values.iter().for_each(|value| gather(value, events)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entries_of_an_answer_are_those_whose_ids_it_shows() {
        let answer = br#"{"as_of": {"id": "00000000-0000-0000-0000-000000000009"},
            "data": {"items": [{"id": "00000000-0000-0000-0000-000000000002", "entry": {"id":
            "00000000-0000-0000-0000-000000000001"}}, {"id": "none"}, {"ids": ["00000000-0000-0000-0000-000000000003"]}]}}"#;
        let ids: Vec<String> = events_in(answer).iter().map(ToString::to_string).collect();
        assert_eq!(ids, ["00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"]);
        assert!(events_in(b"no JSON").is_empty());
    }
}
