//! Every route of the API, and what each asks of the desk.

mod accounts;
mod bearing;
mod evidence;
mod exports;
mod names;
mod questions;

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{Method, Uri};
use axum::middleware;
use serde::Deserialize;

use crate::desk::access::{Administrator, Auditor, Door, Entrance, Overseer, Reader, Recorder};
use crate::desk::ask::{
    ChangesAsk, DraftAsk, DueAsk, FacetsAsk, ImportAsk, MeetingsAsk, MomentAsk, OverturesAsk, RecordAsk,
    SearchAsk, TimelineAsk, VerifyAsk, Wait,
};
use crate::desk::error::Fault;
use crate::desk::reminders::RemindersAsk;
use crate::desk::{AdoptKeys, Desk};
use crate::http::api::{Answered, Api, As, Runs, json};
use crate::http::body::{self, JSON, RECORD_BYTES_MAX};
use crate::http::coming::admitted;
use crate::http::feed::{self, Hub};
use crate::http::guard::guard;
use crate::http::lines;
use crate::http::problem::{Problem, ProblemKind};
use crate::http::query::{Asked, AskedNow, Filtered, Nothing};
use crate::http::reading::{Whole, noted};
use crate::http::routes::Routes;
use crate::http::vital;

/// Returns the API of a desk for whoever opened its directory.
pub(super) fn router(desk: Arc<Desk>, runs: Runs) -> Router {
    router_at(Door::of(desk), runs, Entrance::Directory, Arc::default())
}

/// Returns the API of a desk for whoever comes by an entrance, with what its feeds share.
pub(super) fn router_at(door: Door, runs: Runs, entrance: Entrance, hub: Arc<Hub>) -> Router {
    let api = Api { door, runs, entrance, hub };
    // Innermost, so that what the guard says of a broken route is no answer that was read.
    let noted = middleware::from_fn_with_state(api.clone(), noted);
    let admitted = middleware::from_fn_with_state(api.clone(), admitted);
    guarded(routes().into_router().route_layer(noted).route_layer(admitted).with_state(api))
}

/// Puts what stands around every route around these.
pub(super) fn guarded(routes: Router) -> Router {
    routes.fallback(no_route).method_not_allowed_fallback(no_method).layer(middleware::from_fn(guard))
}

/// Returns every route, with what it needs.
fn routes() -> Routes {
    evidence::routes()
        .merge(accounts::routes())
        .merge(bearing::routes())
        .get("/v1/log", log)
        .post("/v1/entries", record)
        .get("/v1/entries/{handle}", entry)
        .get("/v1/entries/{handle}/history", history)
        .post("/v1/import", import)
        .post("/v1/import/mappings", take_mapping)
        .post("/v1/import/draft", draft_mapping)
        .get("/v1/events", feed::events)
        .get("/v1/export", export)
        .merge(exports::routes())
        .merge(names::routes())
        .get("/v1/channels", channels)
        .get("/v1/overtures", overtures)
        .get("/v1/threads/{handle}", thread)
        .get("/v1/meetings", meetings)
        .get("/v1/series", series)
        .get("/v1/parties", parties)
        .get("/v1/timeline", timeline)
        .get("/v1/facets", facets)
        .get("/v1/search", search)
        .get("/v1/due", due)
        .get("/v1/changes", changes)
        .merge(questions::routes())
        .get("/v1/reminders", reminders)
        .merge(vital::routes())
        .get("/v1/replay", replay)
        .get("/v1/diff", diff)
        .get("/v1/moments", moments)
        .post("/v1/moments", name_moment)
        .get("/v1/verify", verify)
        .post("/v1/adopt", adopt)
        .post("/v1/rebuild", rebuild)
}

async fn log(api: As<Overseer>, _: AskedNow<Nothing>) -> Answered {
    api.answer(Overseer::log).await
}

/// What to wait for; it may stand in the body as well.
#[derive(Default, Deserialize)]
#[serde(default)]
struct WaitAsk {
    wait: Option<Wait>,
}

async fn record(
    api: As<Recorder>,
    AskedNow { ask: WaitAsk { wait } }: AskedNow<WaitAsk>,
    request: Request,
) -> Answered {
    let mut ask: RecordAsk = body::json(request).await?;
    ask.wait = ask.wait.or(wait);
    api.answer(move |desk| desk.record(&ask)).await
}

async fn import(api: As<Recorder>, AskedNow { ask }: AskedNow<ImportAsk>, request: Request) -> Answered {
    let mut ask = ask;
    let mut sent = body::file(request).await?;
    // What the mapping or the caller says comes first; a media type is often that of any file.
    if ask.mapping.is_none() {
        ask.format = ask.format.or(sent.format.map(ToOwned::to_owned));
    }
    api.run(move |desk| {
        let answer = desk.import(&ask, sent.file.as_mut(), &sent.progress)?;
        if answer.data.wrong.is_empty() { json(&answer) } else { Err(Problem::of_import(answer.data)) }
    })
    .await
}

/// Takes a mapping file in, and answers with the digest by which `?mapping=` of an import names it.
///
/// A request of its own, rather than a part of the import: the mapping is checked whole before a gigabyte follows,
/// the file stays the body and nothing but the body (no multipart, no header of a megabyte, no first line that is
/// not the file's), and an import that is repeated names exactly the mapping that it was made with. Sent twice it is
/// the same; a server that was restarted is sent it again.
async fn take_mapping(api: As<Recorder>, _: AskedNow<Nothing>, request: Request) -> Answered {
    let bytes = body::bytes(request, JSON, RECORD_BYTES_MAX).await?;
    api.answer(move |desk| desk.take_mapping(&bytes)).await
}

async fn draft_mapping(
    api: As<Recorder>,
    AskedNow { ask }: AskedNow<DraftAsk>,
    request: Request,
) -> Answered {
    let mut sent = body::file(request).await?;
    api.answer(move |desk| desk.draft_mapping(&ask, sent.file.as_mut())).await
}

/// From which position to which; the whole log without them.
#[derive(Deserialize)]
struct ExportAsk {
    from: Option<u64>,
    to: Option<u64>,
}

async fn export(api: As<Auditor>, AskedNow { ask }: AskedNow<ExportAsk>) -> Answered {
    let (from, to) = (ask.from.unwrap_or(0), ask.to.unwrap_or(u64::MAX));
    let size = api.handle().size();
    let mut response = lines::export(&api, from, to).await?;
    response.extensions_mut().insert(Whole(from, to.min(size)));
    Ok(response)
}

async fn channels(api: As<Reader>, Asked { when, ask: Nothing {} }: Asked<Nothing>) -> Answered {
    api.answer(move |desk| desk.channels(&when)).await
}

async fn overtures(api: As<Reader>, Asked { when, ask }: Asked<OverturesAsk>) -> Answered {
    api.answer(move |desk| desk.overtures(&when, &ask)).await
}

async fn thread(api: As<Reader>, Handle(handle): Handle, asked: Asked<Nothing>) -> Answered {
    api.answer(move |desk| desk.thread(&asked.when, &handle)).await
}

async fn meetings(api: As<Reader>, Asked { when, ask }: Asked<MeetingsAsk>) -> Answered {
    api.answer(move |desk| desk.meetings(&when, &ask)).await
}

async fn series(api: As<Reader>, Asked { when, ask: Nothing {} }: Asked<Nothing>) -> Answered {
    api.answer(move |desk| desk.series(&when)).await
}

async fn parties(api: As<Reader>, Asked { when, ask: Nothing {} }: Asked<Nothing>) -> Answered {
    api.answer(move |desk| desk.parties(&when)).await
}

async fn timeline(api: As<Reader>, asked: Filtered<TimelineAsk>) -> Answered {
    let Filtered { when, filter, ask } = asked;
    let ask = TimelineAsk { filter, ..ask };
    api.answer(move |desk| desk.timeline(&when, &ask)).await
}

async fn facets(api: As<Reader>, asked: Filtered<FacetsAsk>) -> Answered {
    let Filtered { when, filter, ask } = asked;
    let ask = FacetsAsk { filter, ..ask };
    api.answer(move |desk| desk.facets(&when, &ask)).await
}

async fn search(api: As<Reader>, asked: Filtered<SearchAsk>) -> Answered {
    let Filtered { when, filter, ask } = asked;
    let ask = SearchAsk { filter, ..ask };
    api.answer(move |desk| desk.search(&when, &ask)).await
}

async fn entry(api: As<Reader>, Handle(handle): Handle, asked: Asked<Nothing>) -> Answered {
    api.answer(move |desk| desk.entry(&asked.when, &handle)).await
}

async fn history(api: As<Reader>, Handle(handle): Handle, asked: Asked<Nothing>) -> Answered {
    api.answer(move |desk| desk.history(&asked.when, &handle)).await
}

async fn due(api: As<Reader>, Asked { when, ask }: Asked<DueAsk>) -> Answered {
    api.answer(move |desk| desk.due(&when, &ask)).await
}

async fn changes(api: As<Reader>, Asked { when, ask }: Asked<ChangesAsk>) -> Answered {
    api.answer(move |desk| desk.changes(&when, &ask)).await
}

async fn reminders(api: As<Reader>, AskedNow { ask }: AskedNow<RemindersAsk>) -> Answered {
    api.answer(move |desk| desk.reminders(&ask)).await
}

/// To which knowing.
#[derive(Deserialize)]
struct ReplayAsk {
    to: String,
}

async fn replay(api: As<Reader>, Asked { when, ask }: Asked<ReplayAsk>) -> Answered {
    api.answer(move |desk| desk.replay(&when, &ask.to)).await
}

/// Between which knowings.
#[derive(Deserialize)]
struct DiffAsk {
    from: String,
    to: String,
}

async fn diff(api: As<Reader>, Asked { when, ask }: Asked<DiffAsk>) -> Answered {
    api.answer(move |desk| desk.diff(&when, &ask.from, &ask.to)).await
}

async fn moments(api: As<Reader>, _: AskedNow<Nothing>) -> Answered {
    api.answer(Reader::moments).await
}

async fn name_moment(api: As<Recorder>, _: AskedNow<Nothing>, request: Request) -> Answered {
    let ask: MomentAsk = body::json(request).await?;
    api.answer(move |desk| desk.name_moment(&ask)).await
}

async fn verify(api: As<Overseer>, AskedNow { ask }: AskedNow<VerifyAsk>) -> Answered {
    api.answer(move |desk| desk.verify(&ask)).await
}

/// The name of the log, as a confirmation.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AdoptAsk {
    log: String,
    #[serde(default)]
    keys: AdoptKeys,
}

async fn adopt(api: As<Administrator>, _: AskedNow<Nothing>, request: Request) -> Answered {
    let ask: AdoptAsk = body::json(request).await?;
    api.answer(move |desk| desk.adopt(&ask.log, ask.keys)).await
}

/// Whether the rebuilt projections are only compared.
#[derive(Default, Deserialize)]
#[serde(default)]
struct RebuildAsk {
    check: bool,
}

async fn rebuild(api: As<Administrator>, asked: AskedNow<RebuildAsk>, request: Request) -> Answered {
    body::empty(request).await?;
    api.answer(move |desk| desk.rebuild(asked.ask.check)).await
}

/// The newest signed note, at the path and in the form of C2SP tlog-tiles.
async fn no_route(uri: Uri) -> Problem {
    let detail = format!("there is no path `{}`", uri.path());
    let hint = "paths begin with /v1 and end without a slash: /v1/log, /v1/channels, /v1/timeline";
    Problem::new(ProblemKind::NoRoute, detail).hinting([hint.to_owned()])
}

async fn no_method(method: Method, uri: Uri) -> Problem {
    let right = if method == Method::GET { "POST" } else { "GET" };
    let detail = format!("`{}` does not take {method}; send {right}", uri.path());
    Problem::new(ProblemKind::NoMethod, detail)
}

/// The handle in the path.
pub(super) struct Handle(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Handle {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path: Result<Path<String>, PathRejection> = Path::from_request_parts(parts, state).await;
        let wrong = "an escape is broken; write each byte of UTF-8 as % and two hexadecimal digits";
        path.map(|Path(handle)| Self(handle))
            .map_err(|_| Problem::malformed(vec![Fault::in_field("handle", wrong)]))
    }
}

#[cfg(test)]
mod tests;
