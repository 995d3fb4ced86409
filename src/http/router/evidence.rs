//! The routes of what proves the record: keys and checkpoints, authors, readers, redactions.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::IntoResponse;
use serde::Deserialize;

use crate::desk::access::{Administrator, Archivist, Auditor, Overseer};
use crate::desk::answer::Page;
use crate::desk::answer::operation::{KeyRow, LogRow, MomentRow, Recorded};
use crate::desk::answer::redaction::Redacted;
use crate::desk::ask::{MomentAsk, RecordAsk, RedactAsk};
use crate::desk::authors::{AddKeyAsk, AuthorKeyRow, RevokeKeyAsk};
use crate::desk::publication::{CosignaturesAsk, CosignedRow, PolicyAsk, PolicyRow};
use crate::desk::reads::{ReadRow, ReaderRow, ReadsAsk};
use crate::desk::recording::{Done, LaidOut, SignAsk};
use crate::http::api::{Answered, AnsweredAs, As};
use crate::http::audit;
use crate::http::body::{NoBody, Sent};
use crate::http::openapi::kinds::Text;
use crate::http::problem::{Problem, ProblemKind};
use crate::http::query::{Asked, AskedNow, Nothing};
use crate::http::router::Handle;
use crate::http::routes::Routes;
use crate::http::tags::IfMatch;

/// The header that says whether enough witnesses cosigned a checkpoint.
const WITNESSED: HeaderName = HeaderName::from_static("demarche-witnessed");

/// Returns the routes.
pub(super) fn routes() -> Routes {
    Routes::new()
        .post("/v1/entries/{handle}/redaction", "Remove the text of an entry", redact)
        .get("/v1/audit/readers/{handle}", "Who read an entry", readers)
        .get("/v1/audit/reads", "What was read, by whom", reads)
        .get("/v1/audit/policy", "By which policy the log is published", policy)
        .post("/v1/audit/policy", "Set the policy by which the log is published", set_policy)
        .post("/v1/audit/cosignatures", "Take in what witnesses signed", cosignatures)
        .post("/v1/submissions", "Lay out a submission, for its author to sign", lay_out)
        .post(
            "/v1/submissions/signed",
            "Record a submission with the signatures of its author",
            record_signed,
        )
        .post(
            "/v1/moments/submission",
            "Lay out the naming of a moment, for its author to sign",
            lay_out_moment,
        )
        .post(
            "/v1/entries/{handle}/redaction/submission",
            "Lay out a removal, for its author to sign",
            lay_out_removal,
        )
        .get("/v1/authors/keys", "The keys of those who sign what they record", author_keys)
        .post("/v1/authors/keys", "Add the key of an author", add_author_key)
        .post("/v1/authors/keys/revoke", "Revoke the key of an author", revoke_author_key)
        .post(
            "/v1/audit/accept-rollback",
            "Go on with a log that is older than what was signed",
            accept_rollback,
        )
        .get("/v1/keys", "The keys of the log", keys)
        .post("/v1/keys/rotate", "Sign with a new key from now on", rotate_keys)
        .get("/checkpoint", "The newest signed note, as C2SP tlog-tiles has it", checkpoint)
        .get("/tile/{*path}", "A tile, as C2SP tlog-tiles has it", audit::tile)
        .post("/v1/audit/checkpoint", "Sign the log, and keep the checkpoint", audit::checkpoint)
        .get("/v1/audit/checkpoint", "A kept checkpoint, to be stamped", audit::to_stamp)
        .get("/v1/audit/bundle", "An audit bundle, as a tar archive", audit::bundle)
        .get("/v1/audit/proof/{handle}", "The proof that an entry is in the log", audit::proof)
        .get("/v1/audit/consistency", "The proof that the log only grew", audit::consistency)
        .post("/v1/audit/timestamps", "Keep the time stamp of a checkpoint", audit::keep_timestamp)
}

async fn keys(api: As<Overseer>, _: AskedNow<Nothing>) -> Answered<Page<KeyRow>> {
    api.answer(Overseer::keys).await
}

async fn rotate_keys(api: As<Administrator>, _: AskedNow<Nothing>, _: NoBody) -> Answered<Page<KeyRow>> {
    api.answer(Administrator::rotate_keys).await
}

/// The newest signed note, at the path and in the form of C2SP tlog-tiles.
async fn checkpoint(api: As<Auditor>, _: AskedNow<Nothing>) -> AnsweredAs<Text> {
    let Some(published) = api.run(|desk| Ok(desk.published()?)).await? else {
        let detail =
            "no checkpoint is published: the log was never signed, or not enough witnesses cosigned it";
        return Err(Problem::new(ProblemKind::NotFound, detail));
    };
    let text = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    let mut response = (text, published.signed.note.to_bytes()).into_response();
    if let Some(witnessed) = published.witnessed {
        let word = HeaderValue::from_static(if witnessed { "yes" } else { "no" });
        response.headers_mut().insert(WITNESSED, word);
    }
    Ok(response.into())
}

/// The name of the log, as a confirmation, and why it goes on.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct RollbackAsk {
    log: String,
    reason: String,
}

async fn accept_rollback(
    api: As<Administrator>,
    _: AskedNow<Nothing>,
    Sent(ask): Sent<RollbackAsk>,
) -> Answered<LogRow> {
    api.answer(move |desk| desk.accept_rollback(&ask.log, &ask.reason)).await
}

async fn readers(
    api: As<Auditor>,
    Handle(handle): Handle,
    AskedNow { ask }: AskedNow<ReadsAsk>,
) -> Answered<Page<ReaderRow>> {
    api.answer(move |desk| desk.readers(&handle, &ask)).await
}

async fn reads(api: As<Auditor>, AskedNow { ask }: AskedNow<ReadsAsk>) -> Answered<Page<ReadRow>> {
    api.answer(move |desk| desk.reads(&ask)).await
}

async fn policy(api: As<Auditor>, _: AskedNow<Nothing>) -> Answered<PolicyRow> {
    api.answer(Auditor::policy).await
}

async fn set_policy(
    api: As<Administrator>,
    _: AskedNow<Nothing>,
    Sent(ask): Sent<PolicyAsk>,
) -> Answered<PolicyRow> {
    api.answer(move |desk| desk.set_policy(&ask)).await
}

async fn cosignatures(
    api: As<Administrator>,
    _: AskedNow<Nothing>,
    Sent(ask): Sent<CosignaturesAsk>,
) -> Answered<CosignedRow> {
    api.answer(move |desk| desk.take_cosignatures(&ask)).await
}

async fn lay_out(
    api: As<Archivist>,
    _: AskedNow<Nothing>,
    Sent(ask): Sent<RecordAsk>,
) -> Answered<LaidOut<Recorded>> {
    api.answer(move |desk| desk.lay_out(&ask)).await
}

async fn lay_out_moment(
    api: As<Archivist>,
    _: AskedNow<Nothing>,
    Sent(ask): Sent<MomentAsk>,
) -> Answered<LaidOut<MomentRow>> {
    api.answer(move |desk| desk.lay_out_moment(&ask)).await
}

async fn lay_out_removal(
    api: As<Archivist>,
    Handle(handle): Handle,
    _: AskedNow<Nothing>,
    Sent(ask): Sent<RedactAsk>,
) -> Answered<LaidOut<Redacted>> {
    api.answer(move |desk| desk.lay_out_removal(&handle, &ask)).await
}

async fn record_signed(api: As<Archivist>, _: AskedNow<Nothing>, Sent(ask): Sent<SignAsk>) -> Answered<Done> {
    api.answer(move |desk| desk.record_signed(&ask)).await
}

async fn author_keys(
    api: As<Overseer>,
    Asked { when, ask: Nothing {} }: Asked<Nothing>,
) -> Answered<Page<AuthorKeyRow>> {
    api.answer(move |desk| desk.author_keys(&when)).await
}

async fn add_author_key(
    api: As<Administrator>,
    _: AskedNow<Nothing>,
    Sent(ask): Sent<AddKeyAsk>,
) -> Answered<AuthorKeyRow> {
    api.answer(move |desk| desk.add_author_key(&ask)).await
}

async fn revoke_author_key(
    api: As<Administrator>,
    _: AskedNow<Nothing>,
    Sent(ask): Sent<RevokeKeyAsk>,
) -> Answered<AuthorKeyRow> {
    api.answer(move |desk| desk.revoke_author_key(&ask)).await
}

async fn redact(
    api: As<Archivist>,
    Handle(handle): Handle,
    IfMatch(unchanged): IfMatch,
    _: AskedNow<Nothing>,
    Sent(mut ask): Sent<RedactAsk>,
) -> Answered<Redacted> {
    ask.unchanged = unchanged;
    api.answer(move |desk| desk.redact(&handle, &ask)).await
}
