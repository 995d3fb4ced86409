//! The routes by which entries leave in the formats of others.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use serde::Deserialize;

use crate::desk::access::{Entrance, Reader};
use crate::desk::ask::ExportAsk;
use crate::desk::outgoing::Format;
use crate::http::api::{AnsweredAs, As};
use crate::http::lines::{self, Leaves};
use crate::http::openapi::kinds::Exported;
use crate::http::openapi::told::{Taken, Told};
use crate::http::query::Filtered;
use crate::http::reading::{NotedAsItLeaves, Reading};
use crate::http::router::Handle;
use crate::http::routes::Routes;
use crate::http::site::Wire;

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

/// Under which address something was asked for.
struct Address(Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for Address {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        let scheme = match parts.extensions.get().copied().unwrap_or_default() {
            Wire::Tls => "https",
            Wire::Plain | Wire::Bare => "http",
        };
        // HTTP/2 says in the address what HTTP/1 says in a header.
        let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let host = host.or_else(|| parts.uri.authority().map(axum::http::uri::Authority::as_str));
        let asked = parts.uri.path_and_query().map(axum::http::uri::PathAndQuery::as_str);
        Ok(Self(host.zip(asked).map(|(host, asked)| format!("{scheme}://{host}{asked}"))))
    }
}

impl Taken for Address {
    /// Whoever asks says nothing more.
    fn describe(_: &mut Told<'_>) {}
}

/// The entries of a filter, in the format that the path names.
async fn entries(
    api: As<Reader>,
    Handle(format): Handle,
    reading: Reading,
    Address(address): Address,
    Filtered { when, filter, ask: OrderAsk { by, reverse, limit } }: Filtered<OrderAsk>,
) -> AnsweredAs<Exported> {
    let format: Format = format.parse()?;
    let address = address.filter(|_| matches!(api.leaves(), Leaves::ToMany(_, Entrance::Port)));
    let ask = ExportAsk { filter, by, reverse, limit, address };
    let note = move |desk: &Reader, ids: &[_]| reading.note(desk, ids);
    let mut response = lines::entries(&api, format, when, ask, note).await?;
    response.extensions_mut().insert(NotedAsItLeaves);
    Ok(response.into())
}
