//! With which problems a route may answer.

use serde_json::{Map, Value, json};

use crate::desk::access::Needs;
use crate::http::problem::ProblemKind;

/// What of a route tells with which problems it may answer.
pub(super) struct Given {
    pub(super) needs: Needs,
    /// Whether it takes anything that could name what is not there, or say what cannot be.
    pub(super) names_something: bool,
    pub(super) takes_a_body: bool,
    pub(super) may_wait: bool,
}

impl Given {
    /// Returns the statuses of the problems, without those of a path or a method that is not there.
    pub(super) fn statuses(&self) -> Vec<u16> {
        let mut kinds =
            vec![ProblemKind::Malformed, ProblemKind::Foreign, ProblemKind::Broken, ProblemKind::Damaged];
        if self.needs != Needs::Nobody || self.may_wait {
            kinds.push(ProblemKind::Unauthenticated);
        }
        if self.needs.tells_of_the_record() {
            kinds.push(ProblemKind::NotReached);
        }
        if self.names_something {
            kinds.extend([ProblemKind::NotFound, ProblemKind::Ambiguous, ProblemKind::Wrong]);
        }
        if self.takes_a_body {
            kinds.extend([ProblemKind::TooLarge, ProblemKind::MediaType, ProblemKind::TooSlow]);
        }
        if self.may_wait {
            kinds.push(ProblemKind::TooOften);
        }
        let mut statuses: Vec<u16> = kinds.into_iter().map(ProblemKind::status).collect();
        statuses.sort_unstable();
        statuses.dedup();
        statuses
    }
}

/// Adds a problem to the answers of a route.
pub(super) fn add(responses: &mut Map<String, Value>, status: u16) {
    let Some(own) = responses.get_mut(&status.to_string()) else {
        let answer = json!({ "$ref": format!("#/components/responses/{}", name(status)) });
        responses.insert(status.to_string(), answer);
        return;
    };
    // What a route answers in words of its own, it may answer as a problem too.
    if let Some(content) = own.get_mut("content").and_then(Value::as_object_mut) {
        content.insert("application/problem+json".to_owned(), json!({ "schema": schema(status) }));
    }
}

/// Returns every problem, by its status.
pub(super) fn responses() -> Map<String, Value> {
    let mut statuses: Vec<u16> = ProblemKind::ALL.iter().map(|kind| kind.status()).collect();
    statuses.sort_unstable();
    statuses.dedup();
    statuses
        .into_iter()
        .map(|status| {
            let titles: Vec<&str> = kinds(status).map(ProblemKind::title).collect();
            let answer = json!({
                "description": titles.join("; "),
                "content": { "application/problem+json": { "schema": schema(status) } },
            });
            (name(status), answer)
        })
        .collect()
}

fn name(status: u16) -> String {
    format!("Problem{status}")
}

fn kinds(status: u16) -> impl Iterator<Item = ProblemKind> {
    ProblemKind::ALL.iter().copied().filter(move |kind| kind.status() == status)
}

/// Returns a problem of a status: its types do not change.
fn schema(status: u16) -> Value {
    let kinds: Vec<&str> = kinds(status).map(ProblemKind::as_str).collect();
    json!({
        "allOf": [{ "$ref": "#/components/schemas/Problem" }],
        "properties": { "type": { "enum": kinds }, "status": { "const": status } },
    })
}
