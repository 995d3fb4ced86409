//! Why the API did not do what was asked, as `application/problem+json` says it.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use crate::desk::access::AccessError;
use crate::desk::answer::operation::Imported;
use crate::desk::error::{DeskError, Fault};
use crate::domain::words::words;

words! {
    /// What is the matter: the question that a caller asks of a failure.
    ProblemKind {
        /// The request could not be read: a parameter, a header or the JSON is malformed.
        Malformed = "urn:demarche:malformed",
        /// The request was read, and says nothing that could be recorded or asked.
        Wrong = "urn:demarche:wrong",
        /// What was named is not in the log.
        NotFound = "urn:demarche:not-found",
        /// The API has no such path.
        NoRoute = "urn:demarche:no-route",
        /// The path does not take this method.
        NoMethod = "urn:demarche:no-method",
        /// The body is larger than the path takes.
        TooLarge = "urn:demarche:too-large",
        /// The request came too slowly, or did not come to its end.
        TooSlow = "urn:demarche:too-slow",
        /// The body is not of a type that the path takes.
        MediaType = "urn:demarche:media-type",
        /// Whoever asks did not show who they are.
        Unauthenticated = "urn:demarche:unauthenticated",
        /// Whoever asks may not.
        Forbidden = "urn:demarche:forbidden",
        /// It may not be tried again yet.
        TooOften = "urn:demarche:too-often",
        /// The request was made by a page of another site, or under another name of this machine.
        Foreign = "urn:demarche:foreign",
        /// What was named could be several things.
        Ambiguous = "urn:demarche:ambiguous",
        /// A rule does not allow it.
        Refused = "urn:demarche:refused",
        /// Something is not as the caller saw it: it says what was recorded since.
        Changed = "urn:demarche:changed",
        /// The log does not have the position yet that the caller demands.
        NotReached = "urn:demarche:not-reached",
        /// The record is damaged or altered.
        Damaged = "urn:demarche:damaged",
        /// It is not known whether it was recorded.
        InDoubt = "urn:demarche:in-doubt",
        /// The log cannot be written or reached now.
        Unavailable = "urn:demarche:unavailable",
        /// Nobody can be signed on now: the provider of the single sign-on is not reached, or does not do its part.
        NoProvider = "urn:demarche:no-provider",
        /// The program made a mistake while it read.
        Broken = "urn:demarche:broken",
    }
}

impl ProblemKind {
    /// Returns the kind in a few words.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Malformed => "The request cannot be read",
            Self::Wrong => "Nothing can be recorded or asked so",
            Self::NotFound => "Not in the log",
            Self::NoRoute => "The API has no such path",
            Self::NoMethod => "The path does not take this method",
            Self::TooLarge => "The body is too large",
            Self::TooSlow => "The request came too slowly",
            Self::MediaType => "The body is not of a type that the path takes",
            Self::Unauthenticated => "Come in first",
            Self::Forbidden => "You may not",
            Self::TooOften => "Try again later",
            Self::Foreign => "Only programs and pages of this server may ask",
            Self::Ambiguous => "Several things are called so",
            Self::Refused => "A rule does not allow this",
            Self::Changed => "It is not as it was seen",
            Self::NotReached => "The log is not that far yet",
            Self::Damaged => "The record is damaged",
            Self::InDoubt => "It is not known whether this was recorded",
            Self::Unavailable => "The log cannot be written or reached now",
            Self::NoProvider => "The provider of the single sign-on does not do its part",
            Self::Broken => "The program made a mistake",
        }
    }

    /// Returns the status, as HTTP has it.
    pub const fn status(self) -> u16 {
        let status = match self {
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::Wrong => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NotFound | Self::NoRoute => StatusCode::NOT_FOUND,
            Self::NoMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::TooOften => StatusCode::TOO_MANY_REQUESTS,
            Self::Forbidden | Self::Foreign => StatusCode::FORBIDDEN,
            Self::Ambiguous | Self::Refused => StatusCode::CONFLICT,
            Self::Changed | Self::NotReached => StatusCode::PRECONDITION_FAILED,
            Self::Damaged | Self::Unavailable | Self::NoProvider => StatusCode::SERVICE_UNAVAILABLE,
            Self::InDoubt | Self::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        };
        status.as_u16()
    }
}

/// Why the API did not do what was asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Problem {
    /// What is the matter.
    #[serde(rename = "type")]
    pub kind: ProblemKind,
    /// The same, in a few words that do not change.
    pub title: String,
    /// The status, as HTTP has it.
    pub status: u16,
    /// What was wrong, where, and what would be right.
    pub detail: String,
    /// What the caller may have meant, or may do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
    /// What the name could stand for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<String>,
    /// Everything that is wrong with the input, or stands in the way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
    /// After how many seconds it may be tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// What the import found, where it was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imported: Option<Box<Imported>>,
    /// The id of the request, as it stands in the log of the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

impl Problem {
    /// Returns a problem of a kind.
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            title: kind.title().to_owned(),
            status: kind.status(),
            detail: detail.into(),
            hints: Vec::new(),
            candidates: Vec::new(),
            faults: Vec::new(),
            retry_after: None,
            imported: None,
            request_id: None,
        }
    }

    /// Returns the problem with what the caller may have meant, or may do.
    #[must_use]
    pub fn hinting(mut self, hints: impl IntoIterator<Item = String>) -> Self {
        self.hints.extend(hints);
        self
    }

    /// Returns the problem of a request that cannot be read.
    pub(super) fn malformed(faults: Vec<Fault>) -> Self {
        Self::of_faults(ProblemKind::Malformed, faults)
    }

    /// Returns the problem of an import with wrong lines, of which nothing was recorded.
    pub(super) fn of_import(imported: Imported) -> Self {
        let mut problem = Self::of_faults(ProblemKind::Wrong, imported.wrong.clone());
        problem.imported = Some(Box::new(imported));
        problem
    }

    fn of_faults(kind: ProblemKind, faults: Vec<Fault>) -> Self {
        // The desk says many faults in one sentence already.
        let error = DeskError::Wrong(faults);
        let detail = error.to_string();
        let faults = if let DeskError::Wrong(faults) = error { faults } else { Vec::new() };
        Self { faults, ..Self::new(kind, detail) }
    }

    /// Returns the answer that says this problem.
    pub(super) fn respond(&self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        // Nothing of a problem can fail to be JSON; if it did, the status still says it.
        let body = serde_json::to_vec(self).unwrap_or_default();
        let json = HeaderValue::from_static("application/problem+json");
        let mut response = (status, [(header::CONTENT_TYPE, json)], body).into_response();
        let headers = response.headers_mut();
        headers.extend(self.retry_after.map(|seconds| (header::RETRY_AFTER, seconds.into())));
        if self.kind == ProblemKind::Unauthenticated {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<DeskError> for Problem {
    fn from(error: DeskError) -> Self {
        let detail = error.to_string();
        // No wildcard arm: a new error must be given a kind here before it compiles.
        match error {
            DeskError::Wrong(faults) => Self { faults, ..Self::new(ProblemKind::Wrong, detail) },
            DeskError::NotFound { what: _, hints } => Self::new(ProblemKind::NotFound, detail).hinting(hints),
            DeskError::Ambiguous { what: _, candidates } => {
                Self { candidates, ..Self::new(ProblemKind::Ambiguous, detail) }
            }
            DeskError::Hindered(faults) => Self { faults, ..Self::new(ProblemKind::Refused, detail) },
            DeskError::Refused { rule: _, hints } => Self::new(ProblemKind::Refused, detail).hinting(hints),
            DeskError::Changed { .. } => Self::new(ProblemKind::Changed, detail)
                .hinting(["ask for it again, and decide again".to_owned()]),
            DeskError::Damaged(_) => Self::new(ProblemKind::Damaged, detail),
            DeskError::InDoubt => Self::new(ProblemKind::InDoubt, detail),
            DeskError::Unavailable(_) => Self::new(ProblemKind::Unavailable, detail),
        }
    }
}

impl From<AccessError> for Problem {
    fn from(error: AccessError) -> Self {
        let detail = error.to_string();
        match error {
            AccessError::Unknown(_) => Self::new(ProblemKind::Unauthenticated, detail)
                .hinting(["POST /v1/login, or send a token: `authorization: Bearer …`".to_owned()]),
            AccessError::Wait(seconds) => {
                Self { retry_after: Some(seconds), ..Self::new(ProblemKind::TooOften, detail) }
            }
            AccessError::Forbidden { rule: _, hint } => {
                Self::new(ProblemKind::Forbidden, detail).hinting([hint])
            }
            AccessError::Desk(error) => error.into(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.respond();
        // The guard of the router says it again with the id of the request.
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(error: DeskError, status: u16, kind: &str, says: &str) {
        let problem = Problem::from(error);
        assert_eq!((problem.status, problem.kind.as_str()), (status, kind));
        let json = serde_json::to_string(&problem).unwrap();
        assert!(json.contains(says), "{json}");
        assert_eq!(serde_json::from_str::<Problem>(&json).unwrap(), problem);
    }

    #[test]
    fn every_error_of_the_desk_has_its_status_and_loses_nothing() {
        let text = || "x".to_owned();
        let hints = || vec!["mil-west".to_owned()];
        let fault = Fault { line: Some(3), field: Some("date".to_owned()), detail: text() };
        let whole = r#""detail":"line 3: date: x","faults":[{"line":3,"field":"date","detail":"x"}]"#;
        check(fault.into(), 422, "urn:demarche:wrong", whole);
        let lost = DeskError::NotFound { what: "channel `x`".to_owned(), hints: hints() };
        let whole = r#""detail":"channel `x` is not in the log","hints":["mil-west"]"#;
        check(lost, 404, "urn:demarche:not-found", whole);
        let several = DeskError::Ambiguous { what: text(), candidates: hints() };
        check(several, 409, "urn:demarche:ambiguous", r#""candidates":["mil-west"]"#);
        let refused = DeskError::Refused { rule: "a rule".to_owned(), hints: hints() };
        check(refused, 409, "urn:demarche:refused", r#""detail":"a rule","hints":["mil-west"]"#);
        check(DeskError::Damaged(text()), 503, "urn:demarche:damaged", "the record is damaged: x");
        check(DeskError::InDoubt, 500, "urn:demarche:in-doubt", "not known whether");
        check(DeskError::Unavailable(text()), 503, "urn:demarche:unavailable", r#""detail":"x""#);
    }

    #[test]
    fn every_kind_has_a_status_of_a_failure_and_a_title() {
        for kind in ProblemKind::ALL {
            assert!((400..600).contains(&kind.status()) && !kind.title().is_empty(), "{kind}");
        }
    }
}
