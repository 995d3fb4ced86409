//! By which ways people come in beside passwords and tokens: signed on by a provider, or named by a proxy.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
pub use axum::http::HeaderName;
use axum::http::request::Parts;

use crate::desk::error::Fault;
use crate::http::openapi::told::{Taken, Told};
use crate::http::problem::{Problem, ProblemKind};
use crate::http::query::header;
use crate::http::sso::SignOn;

/// The ways that a server has.
#[derive(Debug, Clone, Default)]
pub struct Ways {
    /// The single sign-on; none where none is set up.
    pub sign_on: Option<Arc<SignOn>>,
    /// The header in which the proxy names an account; none where no proxy is trusted to.
    pub user_header: Option<HeaderName>,
}

/// Who handed a request on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Through {
    /// Nobody: it came straight here.
    #[default]
    Nobody,
    /// The proxy that was named when the server began.
    Proxy,
}

impl<S: Send + Sync> FromRequestParts<S> for Ways {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().cloned().unwrap_or_default())
    }
}

impl Taken for Ways {
    /// Whoever asks says nothing more.
    fn describe(_: &mut Told<'_>) {}
}

impl Ways {
    /// Tells whether a header says something else already, so that no account can be named in it.
    pub fn is_taken(name: &HeaderName) -> bool {
        let own = name.as_str().starts_with("demarche-") || name.as_str().starts_with("sec-");
        let others = [
            "accept",
            "authorization",
            "connection",
            "content-length",
            "content-type",
            "cookie",
            "forwarded",
            "host",
            "idempotency-key",
            "if-match",
            "if-none-match",
            "last-event-id",
            "origin",
            "prefer",
            "transfer-encoding",
            "x-forwarded-for",
            "x-forwarded-proto",
            "x-request-id",
        ];
        own || others.contains(&name.as_str())
    }

    /// Returns the single sign-on.
    pub(super) fn sign_on(&self) -> Result<Arc<SignOn>, Problem> {
        self.sign_on.clone().ok_or_else(|| {
            Problem::new(ProblemKind::NoRoute, "this server has no single sign-on")
                .hinting(["come in with a password: POST /v1/login".to_owned()])
        })
    }

    /// Returns the account that the proxy names; none where it names none.
    ///
    /// Whoever says a name without being the proxy is refused, and so is a name beside another way to come in: what
    /// could be meant in two ways is not chosen from.
    pub(super) fn named(&self, parts: &Parts, shown: [Option<&str>; 2]) -> Result<Option<String>, Problem> {
        let Some(name) = &self.user_header else { return Ok(None) };
        let Some(user) = header(parts, name.as_str())? else {
            // An empty name is one that the proxy failed to fill in.
            return if parts.headers.contains_key(name) {
                Err(Problem::malformed(vec![Fault::in_field(name.as_str(), "the header names nobody")]))
            } else {
                Ok(None)
            };
        };
        let through = parts.extensions.get::<Through>().copied().unwrap_or_default();
        if through != Through::Proxy {
            let detail = format!("`{name}` is taken from the proxy of this server alone");
            return Err(Problem::new(ProblemKind::Foreign, detail));
        }
        if let Some(other) = shown.into_iter().flatten().next() {
            let detail =
                format!("stands beside `{other}`, and each could name somebody else; send one of them");
            return Err(Problem::malformed(vec![Fault::in_field(name.as_str(), detail)]));
        }
        Ok(Some(user))
    }
}
