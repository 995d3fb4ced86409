//! Headers on which whoever sends them has it rest what is recorded: where a route would pass one over, it is refused,
//! or they would take for guarded what is not.

use axum::http::{HeaderMap, Method, header};

use crate::desk::error::Fault;
use crate::http::idempotency;
use crate::http::problem::Problem;

/// On what it rests that something is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    /// That it still stands as the caller saw it: `If-Match`.
    Unchanged,
    /// That it does not stand as the caller has it: `If-None-Match`.
    Unseen,
    /// That it was not recorded already: `Idempotency-Key`.
    Once,
}

impl Condition {
    const ALL: [Self; 3] = [Self::Unchanged, Self::Unseen, Self::Once];

    fn header(self) -> &'static str {
        match self {
            Self::Unchanged => header::IF_MATCH.as_str(),
            Self::Unseen => header::IF_NONE_MATCH.as_str(),
            Self::Once => idempotency::NAME,
        }
    }

    /// Tells whether a question can pass it over: it records nothing, and whoever has the answer already may be given
    /// it again.
    fn is_nothing_to_a_question(self) -> bool {
        match self {
            Self::Unchanged => false,
            Self::Unseen | Self::Once => true,
        }
    }

    fn refusal(self) -> Fault {
        let detail = match self {
            Self::Unchanged => {
                "nothing rests on a tag here; leave the header out: a route that takes it names it in \
                 /v1/openapi.json, as POST /v1/entries does"
            }
            Self::Unseen => "it is taken with a question alone; leave the header out",
            Self::Once => {
                "what is sent again would be done again here; leave the header out: a route that takes it names it \
                 in /v1/openapi.json, as POST /v1/entries does"
            }
        };
        Fault::in_field(self.header(), detail)
    }
}

/// Returns the problem of a request with conditions that its route does not take; none where there are none.
pub(super) fn refused(
    method: &Method,
    headers: &HeaderMap,
    takes: impl Fn(Condition) -> bool,
) -> Option<Problem> {
    let is_question = matches!(*method, Method::GET | Method::HEAD);
    let faults: Vec<Fault> = Condition::ALL
        .into_iter()
        .filter(|condition| headers.contains_key(condition.header()) && !takes(*condition))
        .filter(|condition| !(is_question && condition.is_nothing_to_a_question()))
        .map(Condition::refusal)
        .collect();
    (!faults.is_empty()).then(|| Problem::malformed(faults))
}
