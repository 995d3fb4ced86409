//! Every route of the API, and what each asks of the desk.

mod accounts;
mod backups;
mod bearing;
mod cursors;
mod evidence;
mod exports;
mod names;
mod questions;
mod seconds;
mod sso;

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{Method, Uri};
use axum::middleware;
use serde::Deserialize;

use crate::desk::access::{Administrator, Auditor, Door, Entrance, Overseer, Reader, Recorder};
use crate::desk::answer::Page;
use crate::desk::answer::board::{ChannelRow, DueRow, MeetingRow, OvertureRow, PartyRow, SeriesRow};
use crate::desk::answer::entry::{EntryDetail, EntryRow, HistoryRow, Thread};
use crate::desk::answer::facets::Facets;
use crate::desk::answer::operation::{
    Diff, DraftedMapping, Imported, LogRow, MappingRow, MomentRow, Rebuilt, Recorded, Replayed, Verified,
};
use crate::desk::answer::reminder::Reminder;
use crate::desk::answer::search::FoundRow;
use crate::desk::ask::{
    ChangesAsk, DraftAsk, DueAsk, FacetsAsk, ImportAsk, MeetingsAsk, MomentAsk, OverturesAsk, RecordAsk,
    SearchAsk, SeriesAsk, TimelineAsk, VerifyAsk, Wait,
};
use crate::desk::error::Fault;
use crate::desk::reminders::RemindersAsk;
use crate::desk::{AdoptKeys, Desk};
use crate::domain::id::EventId;
use crate::http::api::{Answered, AnsweredAs, Api, As, Runs, json};
use crate::http::body::{NoBody, Sent, SentFile, SentMapping};
use crate::http::coming::admitted;
use crate::http::feed::{self, Hub};
use crate::http::guard::guard;
use crate::http::idempotency::IdempotencyKey;
use crate::http::lines;
use crate::http::openapi;
use crate::http::openapi::kinds::JsonLines;
use crate::http::openapi::told::{Taken, Told};
use crate::http::problem::{Problem, ProblemKind};
use crate::http::query::{Asked, AskedNow, Filtered, Nothing};
use crate::http::reading::{Whole, noted};
use crate::http::routes::Routes;
use crate::http::tags::{IfMatch, IfNoneMatch};
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
    let routes = guarded(routes().into_router().route_layer(noted).route_layer(admitted).with_state(api));
    // Whatever the tests ask, and are answered, is as the document says.
    #[cfg(test)]
    let routes = routes.layer(middleware::from_fn(openapi::checked::checked));
    routes
}

/// Puts what stands around every route around these.
pub(super) fn guarded(routes: Router) -> Router {
    routes.fallback(no_route).method_not_allowed_fallback(no_method).layer(middleware::from_fn(guard))
}

/// Returns every route, with what it needs, takes and answers.
pub(super) fn routes() -> Routes {
    evidence::routes()
        .merge(accounts::routes())
        .merge(backups::routes())
        .merge(bearing::routes())
        .merge(cursors::routes())
        .merge(sso::routes())
        .get("/v1/log", "The log: its name, its size, its state", log)
        .post("/v1/entries", "Record entries, as one unit", record)
        .get("/v1/entries/{handle}", "One entry, with its corrections and links", entry)
        .get("/v1/entries/{handle}/history", "How an entry came to read as it does", history)
        .post("/v1/import", "Import a file of entries", import)
        .post("/v1/import/mappings", "Send a mapping file, before an import that names it", take_mapping)
        .post("/v1/import/draft", "Draft a mapping for a table", draft_mapping)
        .get("/v1/events", "Follow what is recorded, as server-sent events", feed::events)
        .get("/v1/export", "The log itself, as JSON Lines", export)
        .merge(exports::routes())
        .merge(names::routes())
        .merge(seconds::routes())
        .get("/v1/channels", "The channels, each with its state", channels)
        .get("/v1/overtures", "The overtures, each with its status", overtures)
        .get("/v1/threads/{handle}", "An overture and everything that belongs to it", thread)
        .get("/v1/meetings", "The meetings", meetings)
        .get("/v1/series", "The series of meetings", series)
        .get("/v1/parties", "The parties and their bodies", parties)
        .get("/v1/timeline", "Entries in the order in which they happened, or were recorded", timeline)
        .get("/v1/facets", "How many entries there are of each kind, channel, party", facets)
        .get("/v1/search", "Entries that say certain words", search)
        .get("/v1/due", "Which answers are due", due)
        .get("/v1/changes", "What was recorded since", changes)
        .merge(questions::routes())
        .get("/v1/openapi.json", "This document", openapi::openapi)
        .get("/v1/reminders", "Of what the desk must be reminded", reminders)
        .merge(vital::routes())
        .get("/v1/replay", "The log as it was known, walked to a moment", replay)
        .get("/v1/diff", "What two moments of knowing differ in", diff)
        .get("/v1/moments", "The moments that have a name", moments)
        .post("/v1/moments", "Give the last position a name", name_moment)
        .get("/v1/verify", "Check the record", verify)
        .post("/v1/adopt", "Make a copy of a log writable", adopt)
        .post("/v1/rebuild", "Build the projections anew", rebuild)
}

async fn log(api: As<Overseer>, _: AskedNow<Nothing>) -> Answered<LogRow> {
    api.answer(Overseer::log).await
}

/// What to wait for; it may stand in the body as well.
#[derive(Default, Deserialize, schemars::JsonSchema)]
#[serde(default)]
struct WaitAsk {
    /// What to wait for before the answer.
    wait: Option<Wait>,
}

async fn record(
    api: As<Recorder>,
    IfMatch(unchanged): IfMatch,
    key: IdempotencyKey,
    AskedNow { ask: WaitAsk { wait } }: AskedNow<WaitAsk>,
    Sent(mut ask): Sent<RecordAsk>,
) -> Answered<Recorded> {
    ask.request = key.request(api.caller(), ask.request)?;
    ask.unchanged = unchanged;
    ask.wait = ask.wait.or(wait);
    api.answer(move |desk| desk.record(&ask)).await
}

async fn import(
    api: As<Recorder>,
    AskedNow { ask }: AskedNow<ImportAsk>,
    mut sent: SentFile,
) -> Answered<Imported> {
    let mut ask = ask;
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
async fn take_mapping(
    api: As<Recorder>,
    _: AskedNow<Nothing>,
    SentMapping(bytes): SentMapping,
) -> Answered<MappingRow> {
    api.answer(move |desk| desk.take_mapping(&bytes)).await
}

async fn draft_mapping(
    api: As<Recorder>,
    AskedNow { ask }: AskedNow<DraftAsk>,
    mut sent: SentFile,
) -> Answered<DraftedMapping> {
    api.answer(move |desk| desk.draft_mapping(&ask, sent.file.as_mut())).await
}

/// From which position to which; the whole log without them.
#[derive(Deserialize, schemars::JsonSchema)]
struct ExportAsk {
    /// The first position; from the beginning without it.
    from: Option<u64>,
    /// The position before which it ends; the whole rest without it.
    to: Option<u64>,
}

async fn export(api: As<Auditor>, AskedNow { ask }: AskedNow<ExportAsk>) -> AnsweredAs<JsonLines> {
    let (from, to) = (ask.from.unwrap_or(0), ask.to.unwrap_or(u64::MAX));
    let size = api.handle().await?.size();
    let mut response = lines::export(&api, from, to).await?;
    response.extensions_mut().insert(Whole(from, to.min(size)));
    Ok(response.into())
}

async fn channels(
    api: As<Reader>,
    Asked { when, ask: Nothing {} }: Asked<Nothing>,
) -> Answered<Page<ChannelRow>> {
    api.answer(move |desk| desk.channels(&when)).await
}

async fn overtures(api: As<Reader>, Asked { when, ask }: Asked<OverturesAsk>) -> Answered<Page<OvertureRow>> {
    api.answer(move |desk| desk.overtures(&when, &ask)).await
}

async fn thread(
    api: As<Reader>,
    Handle(handle): Handle,
    had: IfNoneMatch,
    asked: Asked<Nothing>,
) -> Answered<Thread> {
    api.run(move |desk| {
        let answer = desk.thread(&asked.when, &handle)?;
        let overture = EventId::from_uuid(*answer.data.overture.id.as_uuid());
        let tag = desk.tag(answer.as_of.position, overture)?;
        Ok(had.answered(json(&answer)?, &tag))
    })
    .await
}

async fn meetings(api: As<Reader>, Asked { when, ask }: Asked<MeetingsAsk>) -> Answered<Page<MeetingRow>> {
    api.answer(move |desk| desk.meetings(&when, &ask)).await
}

async fn series(api: As<Reader>, Asked { when, ask }: Asked<SeriesAsk>) -> Answered<Page<SeriesRow>> {
    api.answer(move |desk| desk.series(&when, &ask)).await
}

async fn parties(
    api: As<Reader>,
    Asked { when, ask: Nothing {} }: Asked<Nothing>,
) -> Answered<Page<PartyRow>> {
    api.answer(move |desk| desk.parties(&when)).await
}

async fn timeline(api: As<Reader>, asked: Filtered<TimelineAsk>) -> Answered<Page<EntryRow>> {
    let Filtered { when, filter, ask } = asked;
    let ask = TimelineAsk { filter, ..ask };
    api.answer(move |desk| desk.timeline(&when, &ask)).await
}

async fn facets(api: As<Reader>, asked: Filtered<FacetsAsk>) -> Answered<Facets> {
    let Filtered { when, filter, ask } = asked;
    let ask = FacetsAsk { filter, ..ask };
    api.answer(move |desk| desk.facets(&when, &ask)).await
}

async fn search(api: As<Reader>, asked: Filtered<SearchAsk>) -> Answered<Page<FoundRow>> {
    let Filtered { when, filter, ask } = asked;
    let ask = SearchAsk { filter, ..ask };
    api.answer(move |desk| desk.search(&when, &ask)).await
}

async fn entry(
    api: As<Reader>,
    Handle(handle): Handle,
    had: IfNoneMatch,
    asked: Asked<Nothing>,
) -> Answered<EntryDetail> {
    api.run(move |desk| {
        let answer = desk.entry(&asked.when, &handle)?;
        let tag = desk.tag(answer.as_of.position, answer.data.row.entry.id)?;
        Ok(had.answered(json(&answer)?, &tag))
    })
    .await
}

async fn history(
    api: As<Reader>,
    Handle(handle): Handle,
    asked: Asked<Nothing>,
) -> Answered<Page<HistoryRow>> {
    api.answer(move |desk| desk.history(&asked.when, &handle)).await
}

async fn due(api: As<Reader>, Asked { when, ask }: Asked<DueAsk>) -> Answered<Page<DueRow>> {
    api.answer(move |desk| desk.due(&when, &ask)).await
}

async fn changes(api: As<Reader>, Asked { when, ask }: Asked<ChangesAsk>) -> Answered<Page<EntryRow>> {
    api.answer(move |desk| desk.changes(&when, &ask)).await
}

async fn reminders(api: As<Reader>, AskedNow { ask }: AskedNow<RemindersAsk>) -> Answered<Page<Reminder>> {
    api.answer(move |desk| desk.reminders(&ask)).await
}

/// To which knowing.
#[derive(Deserialize, schemars::JsonSchema)]
struct ReplayAsk {
    /// The knowing: a position, a recorded time, or the name of a moment.
    to: String,
}

async fn replay(api: As<Reader>, Asked { when, ask }: Asked<ReplayAsk>) -> Answered<Replayed> {
    api.answer(move |desk| desk.replay(&when, &ask.to)).await
}

/// Between which knowings.
#[derive(Deserialize, schemars::JsonSchema)]
struct DiffAsk {
    /// The earlier knowing: a position, a recorded time, or the name of a moment.
    from: String,
    /// The later knowing.
    to: String,
}

async fn diff(api: As<Reader>, Asked { when, ask }: Asked<DiffAsk>) -> Answered<Diff> {
    api.answer(move |desk| desk.diff(&when, &ask.from, &ask.to)).await
}

async fn moments(api: As<Reader>, _: AskedNow<Nothing>) -> Answered<Page<MomentRow>> {
    api.answer(Reader::moments).await
}

async fn name_moment(
    api: As<Recorder>,
    _: AskedNow<Nothing>,
    Sent(ask): Sent<MomentAsk>,
) -> Answered<MomentRow> {
    api.answer(move |desk| desk.name_moment(&ask)).await
}

async fn verify(api: As<Overseer>, AskedNow { ask }: AskedNow<VerifyAsk>) -> Answered<Verified> {
    api.answer(move |desk| desk.verify(&ask)).await
}

/// The name of the log, as a confirmation.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct AdoptAsk {
    log: String,
    #[serde(default)]
    keys: AdoptKeys,
}

async fn adopt(api: As<Administrator>, _: AskedNow<Nothing>, Sent(ask): Sent<AdoptAsk>) -> Answered<LogRow> {
    api.answer(move |desk| desk.adopt(&ask.log, ask.keys)).await
}

/// Whether the rebuilt projections are only compared.
#[derive(Default, Deserialize, schemars::JsonSchema)]
#[serde(default)]
struct RebuildAsk {
    /// Only compare what is built anew with what is kept.
    check: bool,
}

async fn rebuild(api: As<Administrator>, asked: AskedNow<RebuildAsk>, _: NoBody) -> Answered<Rebuilt> {
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

impl Taken for Handle {
    fn describe(route: &mut Told<'_>) {
        route.path();
    }
}

#[cfg(test)]
mod tests;
