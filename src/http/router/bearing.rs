//! The routes about one entry among the others: its links, claims, like situations, and the page about an
//! offer.

use axum::http::header;
use axum::response::IntoResponse;
use serde::Deserialize;

use crate::desk::access::Reader;
use crate::desk::answer::Page;
use crate::desk::answer::brief::ClaimsRow;
use crate::desk::answer::entry::{BearingRow, SimilarRow};
use crate::desk::ask::{ConflictsAsk, LinksAsk, SimilarAsk};
use crate::desk::brief::PageFormat;
use crate::domain::id::EventId;
use crate::http::api::{Answered, AnsweredAs, As, json};
use crate::http::openapi::kinds::BriefPage;
use crate::http::query::{Asked, Filtered, Nothing};
use crate::http::reading::{NotedAsItLeaves, Reading};
use crate::http::router::Handle;
use crate::http::routes::Routes;

/// Returns the routes.
pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/v1/conflicts", "Entries on which sources contradict each other", conflicts)
        .get("/v1/entries/{handle}/links", "What an entry is linked with", links)
        .get("/v1/entries/{handle}/similar", "Entries like this one", similar)
        .get("/v1/entries/{handle}/claims", "What each source claims of an entry", claims)
        .get("/v1/entries/{handle}/brief", "A page about an offer, with footnotes", brief)
}

async fn links(
    api: As<Reader>,
    Handle(handle): Handle,
    Asked { when, ask }: Asked<LinksAsk>,
) -> Answered<Page<BearingRow>> {
    api.answer(move |desk| desk.links(&when, &handle, &ask)).await
}

async fn similar(
    api: As<Reader>,
    Handle(handle): Handle,
    Asked { when, ask }: Asked<SimilarAsk>,
) -> Answered<Page<SimilarRow>> {
    api.answer(move |desk| desk.similar(&when, &handle, &ask)).await
}

async fn conflicts(api: As<Reader>, asked: Filtered<ConflictsAsk>) -> Answered<Page<ClaimsRow>> {
    let Filtered { when, filter, ask } = asked;
    let ask = ConflictsAsk { filter, ..ask };
    api.answer(move |desk| desk.conflicts(&when, &ask)).await
}

async fn claims(api: As<Reader>, Handle(handle): Handle, asked: Asked<Nothing>) -> Answered<Page<ClaimsRow>> {
    api.answer(move |desk| desk.claims(&asked.when, &handle)).await
}

/// How the page is written; JSON without it.
#[derive(Default, Deserialize, schemars::JsonSchema)]
#[serde(default)]
struct BriefAsk {
    /// `markdown` or `html`; JSON without it.
    #[schemars(extend("enum" = ["markdown", "html"]))]
    r#as: Option<String>,
}

async fn brief(
    api: As<Reader>,
    Handle(handle): Handle,
    reading: Reading,
    Asked { when, ask: BriefAsk { r#as: format } }: Asked<BriefAsk>,
) -> AnsweredAs<BriefPage> {
    let format: Option<PageFormat> = format.as_deref().map(str::parse).transpose()?;
    api.run(move |desk| {
        let brief = desk.brief(&when, &handle)?;
        let Some(format) = format else { return json(&brief).map(|said| said.response.into()) };
        // A page is no JSON from which could be told what it shows.
        let mut shown: Vec<_> = brief.data.footnotes.iter().map(|note| note.entry.id).collect();
        shown.push(EventId::from_uuid(*brief.data.overture.id.as_uuid()));
        reading.note(desk, &shown)?;
        let media_type = [(header::CONTENT_TYPE, format.media_type())];
        let mut response = (media_type, format.write(&brief)).into_response();
        response.extensions_mut().insert(NotedAsItLeaves);
        Ok(response.into())
    })
    .await
}
