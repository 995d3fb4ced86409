//! `Idempotency-Key`: what a caller calls a submission, so that one sent again records nothing twice
//! (draft-ietf-httpapi-idempotency-key-header).

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde_json::json;

use crate::desk::ask::Caller;
use crate::desk::error::Fault;
use crate::desk::request_of;
use crate::domain::id::RequestId;
use crate::http::conditions::Condition;
use crate::http::openapi::told::{Taken, Told};
use crate::http::problem::Problem;
use crate::http::query::filled;

/// The name of the header.
pub(super) const NAME: &str = "idempotency-key";
/// So long is a key at most.
const KEY_BYTES_MAX: usize = 128;

/// What the caller calls the submission; none where they call it nothing.
pub(super) struct IdempotencyKey(Option<String>);

impl IdempotencyKey {
    /// Returns the id of the submission, by the header or by the body.
    ///
    /// # Errors
    ///
    /// Returns a [`Problem`] where the two say it differently; nothing was recorded.
    pub(super) fn request(
        self,
        caller: &Caller,
        body: Option<RequestId>,
    ) -> Result<Option<RequestId>, Problem> {
        let key = self.0.map(|key| request_of(caller, &key));
        match (key, body) {
            (Some(key), Some(body)) if key != body => {
                let detail = "it names another submission than `request` of the body; send one of the two";
                Err(Problem::malformed(vec![Fault::in_field(NAME, detail)]))
            }
            (key, body) => Ok(key.or(body)),
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let Some(sent) = filled(parts, NAME)? else { return Ok(Self(None)) };
        let key = sent.strip_prefix('"').and_then(|key| key.strip_suffix('"')).unwrap_or(&sent);
        let is_plain = key.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"');
        if key.is_empty() || key.len() > KEY_BYTES_MAX || !is_plain {
            let detail =
                format!("send 1 to {KEY_BYTES_MAX} letters, digits and signs of ASCII, without blanks");
            return Err(Problem::malformed(vec![Fault::in_field(NAME, detail)]));
        }
        Ok(Self(Some(key.to_owned())))
    }
}

impl Taken for IdempotencyKey {
    const CONDITION: Option<Condition> = Some(Condition::Once);

    fn describe(route: &mut Told<'_>) {
        let words = "What the caller calls the submission, as `request` of the body does: sent again with the same \
            entries it records nothing twice. An id, or any word that the caller does not use twice";
        route.header(NAME, words, &json!({ "type": "string", "maxLength": KEY_BYTES_MAX + 2 }));
    }
}
