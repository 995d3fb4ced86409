//! The routes about one entry among the others: its links, claims, like situations, and the page about an
//! offer.

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use serde::Deserialize;

use crate::desk::ask::{LinksAsk, SimilarAsk};
use crate::desk::brief::PageFormat;
use crate::domain::id::EventId;
use crate::http::api::{Answered, Api, json};
use crate::http::query::{Asked, Nothing};
use crate::http::reading::{NotedAsItLeaves, Reader};
use crate::http::router::Handle;

/// Returns the routes.
pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/v1/entries/{handle}/links", get(links))
        .route("/v1/entries/{handle}/similar", get(similar))
        .route("/v1/entries/{handle}/claims", get(claims))
        .route("/v1/entries/{handle}/brief", get(brief))
}

async fn links(
    State(api): State<Api>,
    Handle(handle): Handle,
    Asked { when, ask }: Asked<LinksAsk>,
) -> Answered {
    api.answer(move |desk| desk.links(&when, &handle, &ask)).await
}

async fn similar(
    State(api): State<Api>,
    Handle(handle): Handle,
    Asked { when, ask }: Asked<SimilarAsk>,
) -> Answered {
    api.answer(move |desk| desk.similar(&when, &handle, &ask)).await
}

async fn claims(State(api): State<Api>, Handle(handle): Handle, asked: Asked<Nothing>) -> Answered {
    api.answer(move |desk| desk.claims(&asked.when, &handle)).await
}

/// How the page is written; JSON without it.
#[derive(Default, Deserialize)]
#[serde(default)]
struct BriefAsk {
    r#as: Option<String>,
}

async fn brief(
    State(api): State<Api>,
    Handle(handle): Handle,
    reader: Reader,
    Asked { when, ask: BriefAsk { r#as: format } }: Asked<BriefAsk>,
) -> Answered {
    let format: Option<PageFormat> = format.as_deref().map(str::parse).transpose()?;
    api.run(move |desk| {
        let brief = desk.brief(&when, &handle)?;
        let Some(format) = format else { return json(&brief) };
        // A page is no JSON from which could be told what it shows.
        let mut shown: Vec<_> = brief.data.footnotes.iter().map(|note| note.entry.id).collect();
        shown.push(EventId::from_uuid(*brief.data.overture.id.as_uuid()));
        reader.note(desk, &shown)?;
        let media_type = [(header::CONTENT_TYPE, format.media_type())];
        let mut response = (media_type, format.write(&brief)).into_response();
        response.extensions_mut().insert(NotedAsItLeaves);
        Ok(response)
    })
    .await
}
