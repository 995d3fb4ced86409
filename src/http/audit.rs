//! What is published for whoever checks the record: tiles at the paths of C2SP, bundles and proofs.

use axum::http::{HeaderName, header};
use axum::response::IntoResponse;
use serde::Deserialize;

use crate::desk::access::Auditor;
use crate::desk::answer::operation::CheckpointRow;
use crate::desk::audit::export::{BundleAsk, StampRow};
use crate::http::api::{Answered, AnsweredAs, As, Left};
use crate::http::body::{NoBody, SentStamp};
use crate::http::lines;
use crate::http::openapi::kinds::{Archive, Octets, Text};
use crate::http::problem::{Problem, ProblemKind};
use crate::http::query::{AskedNow, Nothing};
use crate::http::reading::Whole;
use crate::http::router::Handle;

/// What a time-stamping authority answers with.
pub(super) const STAMP: &str = "application/timestamp-reply";

/// A tile or a bundle of leaves (C2SP tlog-tiles); what stands at a path never changes.
pub(super) async fn tile(api: As<Auditor>, Handle(path): Handle, _: AskedNow<Nothing>) -> AnsweredAs<Octets> {
    let path = format!("tile/{path}");
    let detail = format!("no tile of the newest checkpoint is called `{path}`");
    let found = api.run(move |desk| Ok(desk.tile(&path)?)).await?;
    let bytes = found.ok_or_else(|| Problem::new(ProblemKind::NotFound, detail))?;
    // Not for caches that others share: who may audit is for the log to say.
    Ok(of(bytes, "application/octet-stream", "private, max-age=31536000, immutable"))
}

/// Signs the log and keeps the checkpoint, which is about to be handed out.
pub(super) async fn checkpoint(api: As<Auditor>, _: AskedNow<Nothing>, _: NoBody) -> Answered<CheckpointRow> {
    api.answer(Auditor::hand_out_checkpoint).await
}

/// At which size.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SizeAsk {
    /// How many events it covers; the newest without it.
    size: Option<u64>,
}

/// A kept checkpoint, to be stamped.
pub(super) async fn to_stamp(api: As<Auditor>, AskedNow { ask }: AskedNow<SizeAsk>) -> AnsweredAs<Text> {
    let SizeAsk { size } = ask;
    let note = api.run(move |desk| Ok(desk.checkpoint_to_stamp(size)?)).await?;
    Ok(of(note, "text/plain; charset=utf-8", "no-cache"))
}

pub(super) async fn bundle(api: As<Auditor>, AskedNow { ask }: AskedNow<BundleAsk>) -> AnsweredAs<Archive> {
    let size = ask.size.unwrap_or(u64::MAX).min(api.handle().await?.size());
    let mut response = lines::bundle(&api, ask).await?;
    response.extensions_mut().insert(Whole(0, size));
    Ok(response.into())
}

pub(super) async fn proof(
    api: As<Auditor>,
    Handle(handle): Handle,
    _: AskedNow<Nothing>,
) -> AnsweredAs<Text> {
    let proof = api.run(move |desk| Ok(desk.audit_proof(&handle)?)).await?;
    Ok(of(proof, "text/plain; charset=utf-8", "no-cache"))
}

/// From which size.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OldAsk {
    /// How many events the older checkpoint covers.
    old: u64,
}

pub(super) async fn consistency(api: As<Auditor>, AskedNow { ask }: AskedNow<OldAsk>) -> AnsweredAs<Text> {
    let request = api.run(move |desk| Ok(desk.audit_consistency(ask.old)?)).await?;
    Ok(of(request, "text/plain; charset=utf-8", "no-cache"))
}

pub(super) async fn keep_timestamp(
    api: As<Auditor>,
    AskedNow { ask }: AskedNow<SizeAsk>,
    SentStamp(answer): SentStamp,
) -> Answered<StampRow> {
    api.answer(move |desk| desk.keep_timestamp(ask.size, &answer)).await
}

fn of<K>(bytes: Vec<u8>, media: &'static str, caching: &'static str) -> Left<K> {
    let headers: [(HeaderName, &str); 2] = [(header::CONTENT_TYPE, media), (header::CACHE_CONTROL, caching)];
    (headers, bytes).into_response().into()
}
