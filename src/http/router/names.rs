//! The routes that tell who goes by which name.

use axum::Router;
use axum::extract::State;
use axum::routing::get;

use crate::desk::completion::NamesAsk;
use crate::http::api::{Answered, Api};
use crate::http::query::{Asked, AskedNow, Nothing};

/// Returns the routes.
pub(super) fn routes() -> Router<Api> {
    Router::new().route("/v1/persons", get(persons)).route("/v1/names", get(names))
}

async fn persons(State(api): State<Api>, Asked { when, ask: Nothing {} }: Asked<Nothing>) -> Answered {
    api.answer(move |desk| desk.persons(&when)).await
}

/// The names that begin with what was typed.
async fn names(State(api): State<Api>, AskedNow { ask }: AskedNow<NamesAsk>) -> Answered {
    api.answer(move |desk| desk.names_like(&ask)).await
}
