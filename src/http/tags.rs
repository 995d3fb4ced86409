//! `ETag`, `If-None-Match` and `If-Match`: whether what is asked for is what the caller has, and whether what is
//! recorded rests on what the caller saw.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use serde_json::json;

use crate::desk::error::Fault;
use crate::desk::tag::Tag;
use crate::http::api::Said;
use crate::http::conditions::Condition;
use crate::http::openapi::told::{Taken, Told};
use crate::http::problem::Problem;
use crate::http::query::{filled, header as line};

/// So many tags are taken in a header.
const TAGS_MAX: usize = 16;

/// What the caller has already.
pub(super) struct IfNoneMatch(Option<String>);

/// What the caller saw: what is recorded is recorded only where it still stands so.
pub(super) struct IfMatch(pub(super) Vec<Tag>);

impl IfNoneMatch {
    /// Says an answer with its tag; where the caller has it already, that alone.
    pub(super) fn answered<T>(&self, mut said: Said<T>, tag: &Tag) -> Said<T> {
        let tag = format!("\"{tag}\"");
        let has = |one: &str| {
            let one = one.trim();
            one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag
        };
        if self.0.as_deref().is_some_and(|sent| sent.split(',').any(has)) {
            said.response = StatusCode::NOT_MODIFIED.into_response();
        }
        // A tag has letters, digits, hyphens and points alone.
        said.response.headers_mut().extend(HeaderValue::from_str(&tag).ok().map(|tag| (header::ETAG, tag)));
        said
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfNoneMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        line(parts, header::IF_NONE_MATCH.as_str()).map(Self)
    }
}

impl Taken for IfNoneMatch {
    const CONDITION: Option<Condition> = Some(Condition::Unseen);

    fn describe(route: &mut Told<'_>) {
        let words =
            "The `etag` of an answer that the caller has: where nothing was recorded on it since, 304";
        route.header(header::IF_NONE_MATCH.as_str(), words, &json!({ "type": "string" }));
        route.answers_nothing(304, "Nothing was recorded on it since");
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let name = header::IF_MATCH.as_str();
        let Some(sent) = filled(parts, name)? else { return Ok(Self(Vec::new())) };
        let wrong = |detail: String| Problem::malformed(vec![Fault::in_field(name, detail)]);
        let tags: Vec<&str> = sent.split(',').map(str::trim).collect();
        if tags.len() > TAGS_MAX {
            return Err(wrong(format!("at most {TAGS_MAX} tags are taken")));
        }
        let read = |tag: &str| {
            let quoted = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).unwrap_or(tag);
            quoted.parse::<Tag>().map_err(|error| wrong(error.to_string()))
        };
        tags.into_iter().map(read).collect::<Result<_, _>>().map(Self)
    }
}

impl Taken for IfMatch {
    const CONDITION: Option<Condition> = Some(Condition::Unchanged);

    fn describe(route: &mut Told<'_>) {
        let words = "The `etag` of what the caller saw, several with commas: all must still stand so, else 412 names \
            what was recorded since";
        route.header(header::IF_MATCH.as_str(), words, &json!({ "type": "string" }));
    }
}
