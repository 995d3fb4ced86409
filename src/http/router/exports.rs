//! The routes by which entries leave in the formats of others.

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use serde::Deserialize;

use crate::desk::ask::ExportAsk;
use crate::desk::outgoing::Format;
use crate::http::api::{Answered, Api};
use crate::http::lines;
use crate::http::query::Filtered;
use crate::http::reading::{NotedAsItLeaves, Reader};
use crate::http::router::Handle;

/// Returns the routes.
pub(super) fn routes() -> Router<Api> {
    Router::new().route("/v1/exports/{format}", get(entries))
}

/// In which order, and how many at most.
#[derive(Default, Deserialize)]
#[serde(default)]
struct OrderAsk {
    by: Option<String>,
    reverse: bool,
    limit: Option<u64>,
}

/// The entries of a filter, in the format that the path names.
async fn entries(
    State(api): State<Api>,
    Handle(format): Handle,
    reader: Reader,
    Filtered { when, filter, ask: OrderAsk { by, reverse, limit } }: Filtered<OrderAsk>,
) -> Answered {
    let format: Format = format.parse()?;
    let ask = ExportAsk { filter, by, reverse, limit };
    let note = move |desk: &crate::desk::Desk, ids: &[_]| reader.note(desk, ids);
    let mut response = lines::entries(&api, format, when, ask, note).await?;
    response.extensions_mut().insert(NotedAsItLeaves);
    Ok(response)
}
