//! The routes by which entries leave in the formats of others.

use serde::Deserialize;

use crate::desk::access::Reader;
use crate::desk::ask::ExportAsk;
use crate::desk::outgoing::Format;
use crate::http::api::{AnsweredAs, As};
use crate::http::lines;
use crate::http::openapi::kinds::Exported;
use crate::http::query::Filtered;
use crate::http::reading::{NotedAsItLeaves, Reading};
use crate::http::router::Handle;
use crate::http::routes::Routes;

/// Returns the routes.
pub(super) fn routes() -> Routes {
    Routes::new().get("/v1/exports/{format}", "Entries in a format of others", entries)
}

/// In which order, and how many at most.
#[derive(Default, Deserialize, schemars::JsonSchema)]
#[serde(default)]
struct OrderAsk {
    /// `occurred` (the default, but for feeds) or `recorded`.
    by: Option<String>,
    /// Newest first; in a feed, which begins with the newest, oldest first.
    reverse: bool,
    /// At most so many entries; all without it, and a hundred in a feed.
    #[schemars(range(min = 1))]
    limit: Option<u64>,
}

/// The entries of a filter, in the format that the path names.
async fn entries(
    api: As<Reader>,
    Handle(format): Handle,
    reading: Reading,
    Filtered { when, filter, ask: OrderAsk { by, reverse, limit } }: Filtered<OrderAsk>,
) -> AnsweredAs<Exported> {
    let format: Format = format.parse()?;
    let ask = ExportAsk { filter, by, reverse, limit };
    let note = move |desk: &Reader, ids: &[_]| reading.note(desk, ids);
    let mut response = lines::entries(&api, format, when, ask, note).await?;
    response.extensions_mut().insert(NotedAsItLeaves);
    Ok(response.into())
}
