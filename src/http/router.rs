//! Every route of the API, and what each asks of the desk.

mod bearing;
mod evidence;
mod exports;
mod names;
mod questions;

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, Request, State};
use axum::http::request::Parts;
use axum::http::{Method, Uri};
use axum::middleware;
use axum::routing::{get, post};
use serde::Deserialize;

use crate::desk::ask::{
    ChangesAsk, DraftAsk, DueAsk, FacetsAsk, ImportAsk, MeetingsAsk, MomentAsk, OverturesAsk, RecordAsk,
    SearchAsk, TimelineAsk, VerifyAsk, Wait,
};
use crate::desk::error::Fault;
use crate::desk::reminders::RemindersAsk;
use crate::desk::{AdoptKeys, Desk};
use crate::http::api::{Answered, Api, By, Runs, json};
use crate::http::body::{self, JSON, RECORD_BYTES_MAX};
use crate::http::feed::{self, Hub};
use crate::http::guard::guard;
use crate::http::lines;
use crate::http::problem::{Problem, ProblemKind};
use crate::http::query::{Asked, AskedNow, Filtered, Nothing};
use crate::http::reading::{Whole, noted};
use crate::http::vital;

/// Returns the API of a desk.
pub(super) fn router(desk: Arc<Desk>, runs: Runs) -> Router {
    router_with(desk, runs, Arc::default())
}

/// Returns the API of a desk, with what its feeds share.
pub(super) fn router_with(desk: Arc<Desk>, runs: Runs, hub: Arc<Hub>) -> Router {
    let api = Api { desk, runs, hub };
    // Innermost, so that what the guard says of a broken route is no answer that was read.
    let noted = middleware::from_fn_with_state(api.clone(), noted);
    guarded(routes().route_layer(noted).with_state(api))
}

/// Puts what stands around every route around these.
pub(super) fn guarded(routes: Router) -> Router {
    routes.fallback(no_route).method_not_allowed_fallback(no_method).layer(middleware::from_fn(guard))
}

fn routes() -> Router<Api> {
    evidence::routes()
        .merge(bearing::routes())
        .route("/v1/log", get(log))
        .route("/v1/entries", post(record))
        .route("/v1/entries/{handle}", get(entry))
        .route("/v1/entries/{handle}/history", get(history))
        .route("/v1/import", post(import))
        .route("/v1/import/mappings", post(take_mapping))
        .route("/v1/import/draft", post(draft_mapping))
        .route("/v1/events", get(feed::events))
        .route("/v1/export", get(export))
        .merge(exports::routes())
        .merge(names::routes())
        .route("/v1/channels", get(channels))
        .route("/v1/overtures", get(overtures))
        .route("/v1/threads/{handle}", get(thread))
        .route("/v1/meetings", get(meetings))
        .route("/v1/series", get(series))
        .route("/v1/parties", get(parties))
        .route("/v1/timeline", get(timeline))
        .route("/v1/facets", get(facets))
        .route("/v1/search", get(search))
        .route("/v1/due", get(due))
        .route("/v1/changes", get(changes))
        .merge(questions::routes())
        .route("/v1/reminders", get(reminders))
        .merge(vital::routes())
        .route("/v1/replay", get(replay))
        .route("/v1/diff", get(diff))
        .route("/v1/moments", get(moments).post(name_moment))
        .route("/v1/verify", get(verify))
        .route("/v1/adopt", post(adopt))
        .route("/v1/rebuild", post(rebuild))
}

async fn log(State(api): State<Api>, _: AskedNow<Nothing>) -> Answered {
    api.answer(Desk::log).await
}

/// What to wait for; it may stand in the body as well.
#[derive(Default, Deserialize)]
#[serde(default)]
struct WaitAsk {
    wait: Option<Wait>,
}

async fn record(
    State(api): State<Api>,
    By(by): By,
    AskedNow { ask: WaitAsk { wait } }: AskedNow<WaitAsk>,
    request: Request,
) -> Answered {
    let mut ask: RecordAsk = body::json(request).await?;
    ask.wait = ask.wait.or(wait);
    api.answer(move |desk| desk.record(&by, &ask)).await
}

async fn import(
    State(api): State<Api>,
    By(by): By,
    AskedNow { ask }: AskedNow<ImportAsk>,
    request: Request,
) -> Answered {
    let mut ask = ask;
    let mut sent = body::file(request).await?;
    // What the mapping or the caller says comes first; a media type is often that of any file.
    if ask.mapping.is_none() {
        ask.format = ask.format.or(sent.format.map(ToOwned::to_owned));
    }
    api.run(move |desk| {
        let answer = desk.import(&by, &ask, sent.file.as_mut(), &sent.progress)?;
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
async fn take_mapping(State(api): State<Api>, _: AskedNow<Nothing>, request: Request) -> Answered {
    let bytes = body::bytes(request, JSON, RECORD_BYTES_MAX).await?;
    api.answer(move |desk| desk.take_mapping(&bytes)).await
}

async fn draft_mapping(
    State(api): State<Api>,
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

async fn export(State(api): State<Api>, AskedNow { ask }: AskedNow<ExportAsk>) -> Answered {
    let (from, to) = (ask.from.unwrap_or(0), ask.to.unwrap_or(u64::MAX));
    let size = api.desk.size();
    let mut response = lines::export(&api, from, to).await?;
    response.extensions_mut().insert(Whole(from, to.min(size)));
    Ok(response)
}

async fn channels(State(api): State<Api>, Asked { when, ask: Nothing {} }: Asked<Nothing>) -> Answered {
    api.answer(move |desk| desk.channels(&when)).await
}

async fn overtures(State(api): State<Api>, Asked { when, ask }: Asked<OverturesAsk>) -> Answered {
    api.answer(move |desk| desk.overtures(&when, &ask)).await
}

async fn thread(State(api): State<Api>, Handle(handle): Handle, asked: Asked<Nothing>) -> Answered {
    api.answer(move |desk| desk.thread(&asked.when, &handle)).await
}

async fn meetings(State(api): State<Api>, Asked { when, ask }: Asked<MeetingsAsk>) -> Answered {
    api.answer(move |desk| desk.meetings(&when, &ask)).await
}

async fn series(State(api): State<Api>, Asked { when, ask: Nothing {} }: Asked<Nothing>) -> Answered {
    api.answer(move |desk| desk.series(&when)).await
}

async fn parties(State(api): State<Api>, Asked { when, ask: Nothing {} }: Asked<Nothing>) -> Answered {
    api.answer(move |desk| desk.parties(&when)).await
}

async fn timeline(State(api): State<Api>, asked: Filtered<TimelineAsk>) -> Answered {
    let Filtered { when, filter, ask } = asked;
    let ask = TimelineAsk { filter, ..ask };
    api.answer(move |desk| desk.timeline(&when, &ask)).await
}

async fn facets(State(api): State<Api>, asked: Filtered<FacetsAsk>) -> Answered {
    let Filtered { when, filter, ask } = asked;
    let ask = FacetsAsk { filter, ..ask };
    api.answer(move |desk| desk.facets(&when, &ask)).await
}

async fn search(State(api): State<Api>, asked: Filtered<SearchAsk>) -> Answered {
    let Filtered { when, filter, ask } = asked;
    let ask = SearchAsk { filter, ..ask };
    api.answer(move |desk| desk.search(&when, &ask)).await
}

async fn entry(State(api): State<Api>, Handle(handle): Handle, asked: Asked<Nothing>) -> Answered {
    api.answer(move |desk| desk.entry(&asked.when, &handle)).await
}

async fn history(State(api): State<Api>, Handle(handle): Handle, asked: Asked<Nothing>) -> Answered {
    api.answer(move |desk| desk.history(&asked.when, &handle)).await
}

async fn due(State(api): State<Api>, Asked { when, ask }: Asked<DueAsk>) -> Answered {
    api.answer(move |desk| desk.due(&when, &ask)).await
}

async fn changes(State(api): State<Api>, Asked { when, ask }: Asked<ChangesAsk>) -> Answered {
    api.answer(move |desk| desk.changes(&when, &ask)).await
}

async fn reminders(State(api): State<Api>, AskedNow { ask }: AskedNow<RemindersAsk>) -> Answered {
    api.answer(move |desk| desk.reminders(&ask)).await
}

/// To which knowing.
#[derive(Deserialize)]
struct ReplayAsk {
    to: String,
}

async fn replay(State(api): State<Api>, Asked { when, ask }: Asked<ReplayAsk>) -> Answered {
    api.answer(move |desk| desk.replay(&when, &ask.to)).await
}

/// Between which knowings.
#[derive(Deserialize)]
struct DiffAsk {
    from: String,
    to: String,
}

async fn diff(State(api): State<Api>, Asked { when, ask }: Asked<DiffAsk>) -> Answered {
    api.answer(move |desk| desk.diff(&when, &ask.from, &ask.to)).await
}

async fn moments(State(api): State<Api>, _: AskedNow<Nothing>) -> Answered {
    api.answer(Desk::moments).await
}

async fn name_moment(State(api): State<Api>, By(by): By, _: AskedNow<Nothing>, request: Request) -> Answered {
    let ask: MomentAsk = body::json(request).await?;
    api.answer(move |desk| desk.name_moment(&by, &ask)).await
}

async fn verify(State(api): State<Api>, AskedNow { ask }: AskedNow<VerifyAsk>) -> Answered {
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

async fn adopt(State(api): State<Api>, By(by): By, _: AskedNow<Nothing>, request: Request) -> Answered {
    let ask: AdoptAsk = body::json(request).await?;
    api.answer(move |desk| desk.adopt(&by, &ask.log, ask.keys)).await
}

/// Whether the rebuilt projections are only compared.
#[derive(Default, Deserialize)]
#[serde(default)]
struct RebuildAsk {
    check: bool,
}

async fn rebuild(State(api): State<Api>, asked: AskedNow<RebuildAsk>, request: Request) -> Answered {
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
