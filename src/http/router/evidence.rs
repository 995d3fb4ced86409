//! The routes of what proves the record: keys and checkpoints, authors, readers, redactions.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use serde::Deserialize;

use crate::desk::Desk;
use crate::desk::ask::{MomentAsk, RecordAsk, RedactAsk};
use crate::desk::authors::{AddKeyAsk, RevokeKeyAsk};
use crate::desk::publication::{CosignaturesAsk, PolicyAsk};
use crate::desk::reads::ReadsAsk;
use crate::desk::recording::SignAsk;
use crate::http::api::{Answered, Api, By};
use crate::http::audit;
use crate::http::body;
use crate::http::problem::{Problem, ProblemKind};
use crate::http::query::{Asked, AskedNow, Nothing};
use crate::http::router::Handle;

/// The header that says whether enough witnesses cosigned a checkpoint.
const WITNESSED: HeaderName = HeaderName::from_static("demarche-witnessed");

/// Returns the routes.
pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/v1/entries/{handle}/redaction", post(redact))
        .route("/v1/audit/readers/{handle}", get(readers))
        .route("/v1/audit/reads", get(reads))
        .route("/v1/audit/policy", get(policy).post(set_policy))
        .route("/v1/audit/cosignatures", post(cosignatures))
        .route("/v1/submissions", post(lay_out))
        .route("/v1/submissions/signed", post(record_signed))
        .route("/v1/moments/submission", post(lay_out_moment))
        .route("/v1/entries/{handle}/redaction/submission", post(lay_out_removal))
        .route("/v1/authors/keys", get(author_keys).post(add_author_key))
        .route("/v1/authors/keys/revoke", post(revoke_author_key))
        .route("/v1/audit/accept-rollback", post(accept_rollback))
        .route("/v1/keys", get(keys))
        .route("/v1/keys/rotate", post(rotate_keys))
        .route("/checkpoint", get(checkpoint))
        .route("/tile/{*path}", get(audit::tile))
        .route("/v1/audit/checkpoint", post(audit::checkpoint).get(audit::to_stamp))
        .route("/v1/audit/bundle", get(audit::bundle))
        .route("/v1/audit/proof/{handle}", get(audit::proof))
        .route("/v1/audit/consistency", get(audit::consistency))
        .route("/v1/audit/timestamps", post(audit::keep_timestamp))
}

async fn keys(State(api): State<Api>, _: AskedNow<Nothing>) -> Answered {
    api.answer(Desk::keys).await
}

async fn rotate_keys(State(api): State<Api>, By(by): By, _: AskedNow<Nothing>, request: Request) -> Answered {
    body::empty(request).await?;
    api.answer(move |desk| desk.rotate_keys(&by)).await
}

/// The newest signed note, at the path and in the form of C2SP tlog-tiles.
async fn checkpoint(State(api): State<Api>, _: AskedNow<Nothing>) -> Answered {
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

async fn accept_rollback(
    State(api): State<Api>,
    By(by): By,
    _: AskedNow<Nothing>,
    request: Request,
) -> Answered {
    let ask: RollbackAsk = body::json(request).await?;
    api.answer(move |desk| desk.accept_rollback(&by, &ask.log, &ask.reason)).await
}

async fn readers(
    State(api): State<Api>,
    Handle(handle): Handle,
    AskedNow { ask }: AskedNow<ReadsAsk>,
) -> Answered {
    api.answer(move |desk| desk.readers(&handle, &ask)).await
}

async fn reads(State(api): State<Api>, AskedNow { ask }: AskedNow<ReadsAsk>) -> Answered {
    api.answer(move |desk| desk.reads(&ask)).await
}

async fn policy(State(api): State<Api>, _: AskedNow<Nothing>) -> Answered {
    api.answer(Desk::policy).await
}

async fn set_policy(State(api): State<Api>, _: AskedNow<Nothing>, request: Request) -> Answered {
    let ask: PolicyAsk = body::json(request).await?;
    api.answer(move |desk| desk.set_policy(&ask)).await
}

async fn cosignatures(State(api): State<Api>, _: AskedNow<Nothing>, request: Request) -> Answered {
    let ask: CosignaturesAsk = body::json(request).await?;
    api.answer(move |desk| desk.take_cosignatures(&ask)).await
}

async fn lay_out(State(api): State<Api>, By(by): By, _: AskedNow<Nothing>, request: Request) -> Answered {
    let ask: RecordAsk = body::json(request).await?;
    api.answer(move |desk| desk.lay_out(&by, &ask)).await
}

async fn lay_out_moment(
    State(api): State<Api>,
    By(by): By,
    _: AskedNow<Nothing>,
    request: Request,
) -> Answered {
    let ask: MomentAsk = body::json(request).await?;
    api.answer(move |desk| desk.lay_out_moment(&by, &ask)).await
}

async fn lay_out_removal(
    State(api): State<Api>,
    By(by): By,
    Handle(handle): Handle,
    _: AskedNow<Nothing>,
    request: Request,
) -> Answered {
    let ask: RedactAsk = body::json(request).await?;
    api.answer(move |desk| desk.lay_out_removal(&by, &handle, &ask)).await
}

async fn record_signed(
    State(api): State<Api>,
    By(by): By,
    _: AskedNow<Nothing>,
    request: Request,
) -> Answered {
    let ask: SignAsk = body::json(request).await?;
    api.answer(move |desk| desk.record_signed(&by, &ask)).await
}

async fn author_keys(State(api): State<Api>, Asked { when, ask: Nothing {} }: Asked<Nothing>) -> Answered {
    api.answer(move |desk| desk.author_keys(&when)).await
}

async fn add_author_key(
    State(api): State<Api>,
    By(by): By,
    _: AskedNow<Nothing>,
    request: Request,
) -> Answered {
    let ask: AddKeyAsk = body::json(request).await?;
    api.answer(move |desk| desk.add_author_key(&by, &ask)).await
}

async fn revoke_author_key(
    State(api): State<Api>,
    By(by): By,
    _: AskedNow<Nothing>,
    request: Request,
) -> Answered {
    let ask: RevokeKeyAsk = body::json(request).await?;
    api.answer(move |desk| desk.revoke_author_key(&by, &ask)).await
}

async fn redact(
    State(api): State<Api>,
    By(by): By,
    Handle(handle): Handle,
    _: AskedNow<Nothing>,
    request: Request,
) -> Answered {
    let ask: RedactAsk = body::json(request).await?;
    api.answer(move |desk| desk.redact(&by, &handle, &ask)).await
}
