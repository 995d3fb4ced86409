//! The routes of what proves the record: keys and checkpoints, authors, readers, redactions.

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::IntoResponse;
use serde::Deserialize;

use crate::desk::access::{Administrator, Archivist, Auditor, Overseer};
use crate::desk::ask::{MomentAsk, RecordAsk, RedactAsk};
use crate::desk::authors::{AddKeyAsk, RevokeKeyAsk};
use crate::desk::publication::{CosignaturesAsk, PolicyAsk};
use crate::desk::reads::ReadsAsk;
use crate::desk::recording::SignAsk;
use crate::http::api::{Answered, As};
use crate::http::audit;
use crate::http::body;
use crate::http::problem::{Problem, ProblemKind};
use crate::http::query::{Asked, AskedNow, Nothing};
use crate::http::router::Handle;
use crate::http::routes::Routes;

/// The header that says whether enough witnesses cosigned a checkpoint.
const WITNESSED: HeaderName = HeaderName::from_static("demarche-witnessed");

/// Returns the routes.
pub(super) fn routes() -> Routes {
    Routes::new()
        .post("/v1/entries/{handle}/redaction", redact)
        .get("/v1/audit/readers/{handle}", readers)
        .get("/v1/audit/reads", reads)
        .get("/v1/audit/policy", policy)
        .post("/v1/audit/policy", set_policy)
        .post("/v1/audit/cosignatures", cosignatures)
        .post("/v1/submissions", lay_out)
        .post("/v1/submissions/signed", record_signed)
        .post("/v1/moments/submission", lay_out_moment)
        .post("/v1/entries/{handle}/redaction/submission", lay_out_removal)
        .get("/v1/authors/keys", author_keys)
        .post("/v1/authors/keys", add_author_key)
        .post("/v1/authors/keys/revoke", revoke_author_key)
        .post("/v1/audit/accept-rollback", accept_rollback)
        .get("/v1/keys", keys)
        .post("/v1/keys/rotate", rotate_keys)
        .get("/checkpoint", checkpoint)
        .get("/tile/{*path}", audit::tile)
        .post("/v1/audit/checkpoint", audit::checkpoint)
        .get("/v1/audit/checkpoint", audit::to_stamp)
        .get("/v1/audit/bundle", audit::bundle)
        .get("/v1/audit/proof/{handle}", audit::proof)
        .get("/v1/audit/consistency", audit::consistency)
        .post("/v1/audit/timestamps", audit::keep_timestamp)
}

async fn keys(api: As<Overseer>, _: AskedNow<Nothing>) -> Answered {
    api.answer(Overseer::keys).await
}

async fn rotate_keys(api: As<Administrator>, _: AskedNow<Nothing>, request: Request) -> Answered {
    body::empty(request).await?;
    api.answer(Administrator::rotate_keys).await
}

/// The newest signed note, at the path and in the form of C2SP tlog-tiles.
async fn checkpoint(api: As<Auditor>, _: AskedNow<Nothing>) -> Answered {
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
    Ok(response)
}

/// The name of the log, as a confirmation, and why it goes on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RollbackAsk {
    log: String,
    reason: String,
}

async fn accept_rollback(api: As<Administrator>, _: AskedNow<Nothing>, request: Request) -> Answered {
    let ask: RollbackAsk = body::json(request).await?;
    api.answer(move |desk| desk.accept_rollback(&ask.log, &ask.reason)).await
}

async fn readers(api: As<Auditor>, Handle(handle): Handle, AskedNow { ask }: AskedNow<ReadsAsk>) -> Answered {
    api.answer(move |desk| desk.readers(&handle, &ask)).await
}

async fn reads(api: As<Auditor>, AskedNow { ask }: AskedNow<ReadsAsk>) -> Answered {
    api.answer(move |desk| desk.reads(&ask)).await
}

async fn policy(api: As<Auditor>, _: AskedNow<Nothing>) -> Answered {
    api.answer(Auditor::policy).await
}

async fn set_policy(api: As<Administrator>, _: AskedNow<Nothing>, request: Request) -> Answered {
    let ask: PolicyAsk = body::json(request).await?;
    api.answer(move |desk| desk.set_policy(&ask)).await
}

async fn cosignatures(api: As<Administrator>, _: AskedNow<Nothing>, request: Request) -> Answered {
    let ask: CosignaturesAsk = body::json(request).await?;
    api.answer(move |desk| desk.take_cosignatures(&ask)).await
}

async fn lay_out(api: As<Archivist>, _: AskedNow<Nothing>, request: Request) -> Answered {
    let ask: RecordAsk = body::json(request).await?;
    api.answer(move |desk| desk.lay_out(&ask)).await
}

async fn lay_out_moment(api: As<Archivist>, _: AskedNow<Nothing>, request: Request) -> Answered {
    let ask: MomentAsk = body::json(request).await?;
    api.answer(move |desk| desk.lay_out_moment(&ask)).await
}

async fn lay_out_removal(
    api: As<Archivist>,
    Handle(handle): Handle,
    _: AskedNow<Nothing>,
    request: Request,
) -> Answered {
    let ask: RedactAsk = body::json(request).await?;
    api.answer(move |desk| desk.lay_out_removal(&handle, &ask)).await
}

async fn record_signed(api: As<Archivist>, _: AskedNow<Nothing>, request: Request) -> Answered {
    let ask: SignAsk = body::json(request).await?;
    api.answer(move |desk| desk.record_signed(&ask)).await
}

async fn author_keys(api: As<Overseer>, Asked { when, ask: Nothing {} }: Asked<Nothing>) -> Answered {
    api.answer(move |desk| desk.author_keys(&when)).await
}

async fn add_author_key(api: As<Administrator>, _: AskedNow<Nothing>, request: Request) -> Answered {
    let ask: AddKeyAsk = body::json(request).await?;
    api.answer(move |desk| desk.add_author_key(&ask)).await
}

async fn revoke_author_key(api: As<Administrator>, _: AskedNow<Nothing>, request: Request) -> Answered {
    let ask: RevokeKeyAsk = body::json(request).await?;
    api.answer(move |desk| desk.revoke_author_key(&ask)).await
}

async fn redact(
    api: As<Archivist>,
    Handle(handle): Handle,
    _: AskedNow<Nothing>,
    request: Request,
) -> Answered {
    let ask: RedactAsk = body::json(request).await?;
    api.answer(move |desk| desk.redact(&handle, &ask)).await
}
