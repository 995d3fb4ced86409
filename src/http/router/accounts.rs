//! The routes by which people come in, and by which accounts are kept.

use axum::extract::Request;
use axum::http::header;
use serde::Deserialize;

use crate::desk::access::{Administrator, LoggedIn, LoginAsk, Oneself, Visitor};
use crate::desk::accounts::{AccountState, ChangeAsk, OpenAsk, PasswordAsk, PermitAsk, TokenAsk};
use crate::http::api::{Answered, As, json};
use crate::http::body;
use crate::http::coming::{DEVICE, Peer, SESSION, cookie, set_cookie};
use crate::http::query::{AskedNow, Nothing};
use crate::http::router::Handle;
use crate::http::routes::Routes;
use crate::http::site::Wire;

/// How long a browser keeps the session: no longer than the desk.
const SESSION_SECONDS: i64 = 12 * 60 * 60;
/// How long a browser keeps what tells from where someone came in before.
const DEVICE_SECONDS: i64 = 365 * 24 * 60 * 60;

/// Returns the routes.
pub(super) fn routes() -> Routes {
    Routes::new()
        .post("/v1/login", login)
        .post("/v1/logout", logout)
        .get("/v1/whoami", whoami)
        .post("/v1/password", password)
        .get("/v1/tokens", tokens)
        .post("/v1/tokens", issue)
        .post("/v1/tokens/revoke", revoke)
        .get("/v1/accounts", accounts)
        .post("/v1/accounts", open)
        .post("/v1/accounts/{handle}/permissions", permit)
        .post("/v1/accounts/{handle}/disable", disable)
        .post("/v1/accounts/{handle}/enable", enable)
        .post("/v1/accounts/{handle}/close", close)
        .post("/v1/accounts/{handle}/password", reset)
        .get("/v1/accounts/{handle}/tokens", tokens_of)
        .post("/v1/accounts/{handle}/tokens/revoke", revoke_of)
}

async fn login(
    api: As<Visitor>,
    Peer(from): Peer,
    wire: Wire,
    _: AskedNow<Nothing>,
    request: Request,
) -> Answered {
    let device = cookie(request.headers(), DEVICE)?;
    let mut ask: LoginAsk = body::json(request).await?;
    ask.device = ask.device.or(device);
    let bearer = ask.bearer;
    let LoggedIn { mut answer, session, device } = api.run(move |door| Ok(door.log_in(&ask, &from)?)).await?;
    if bearer {
        answer.data.session = Some(session);
        answer.data.device = device;
        return json(&answer);
    }
    let mut response = json(&answer)?;
    let cookies = [
        set_cookie(SESSION, &session, "/", SESSION_SECONDS, wire),
        device.and_then(|device| set_cookie(DEVICE, &device, "/v1/login", DEVICE_SECONDS, wire)),
    ];
    for cookie in cookies.into_iter().flatten() {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

async fn logout(api: As<Oneself>, wire: Wire, _: AskedNow<Nothing>, request: Request) -> Answered {
    body::empty(request).await?;
    let mut response = api.answer(Oneself::leave).await?;
    response
        .headers_mut()
        .extend(set_cookie(SESSION, "", "/", 0, wire).map(|gone| (header::SET_COOKIE, gone)));
    Ok(response)
}

async fn whoami(api: As<Oneself>, _: AskedNow<Nothing>) -> Answered {
    api.answer(Oneself::who).await
}

async fn password(api: As<Oneself>, Peer(from): Peer, _: AskedNow<Nothing>, request: Request) -> Answered {
    let ask: PasswordAsk = body::json(request).await?;
    api.answer(move |own| own.choose_password(&ask, &from)).await
}

async fn tokens(api: As<Oneself>, _: AskedNow<Nothing>) -> Answered {
    api.answer(Oneself::tokens).await
}

async fn issue(api: As<Oneself>, _: AskedNow<Nothing>, request: Request) -> Answered {
    let ask: TokenAsk = body::json(request).await?;
    api.answer(move |own| own.issue_token(&ask)).await
}

/// Which token.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RevokeAsk {
    token: String,
}

async fn revoke(api: As<Oneself>, _: AskedNow<Nothing>, request: Request) -> Answered {
    let ask: RevokeAsk = body::json(request).await?;
    api.answer(move |own| own.revoke_own(&ask.token)).await
}

async fn accounts(api: As<Administrator>, _: AskedNow<Nothing>) -> Answered {
    api.answer(Administrator::list_accounts).await
}

async fn open(api: As<Administrator>, _: AskedNow<Nothing>, request: Request) -> Answered {
    let ask: OpenAsk = body::json(request).await?;
    api.answer(move |desk| desk.open_account(&ask)).await
}

async fn permit(
    api: As<Administrator>,
    Handle(name): Handle,
    _: AskedNow<Nothing>,
    request: Request,
) -> Answered {
    let ask: PermitAsk = body::json(request).await?;
    api.answer(move |desk| desk.permit_account(&name, &ask)).await
}

async fn disable(
    api: As<Administrator>,
    Handle(name): Handle,
    _: AskedNow<Nothing>,
    request: Request,
) -> Answered {
    set(api, name, AccountState::Disabled, request).await
}

async fn enable(
    api: As<Administrator>,
    Handle(name): Handle,
    _: AskedNow<Nothing>,
    request: Request,
) -> Answered {
    set(api, name, AccountState::Active, request).await
}

async fn close(
    api: As<Administrator>,
    Handle(name): Handle,
    _: AskedNow<Nothing>,
    request: Request,
) -> Answered {
    set(api, name, AccountState::Closed, request).await
}

async fn set(api: As<Administrator>, name: String, state: AccountState, request: Request) -> Answered {
    let ask: ChangeAsk = body::json(request).await?;
    api.answer(move |desk| desk.set_account(&name, state, &ask)).await
}

async fn reset(
    api: As<Administrator>,
    Handle(name): Handle,
    _: AskedNow<Nothing>,
    request: Request,
) -> Answered {
    let ask: ChangeAsk = body::json(request).await?;
    api.answer(move |desk| desk.reset_password(&name, &ask)).await
}

async fn tokens_of(api: As<Administrator>, Handle(name): Handle, _: AskedNow<Nothing>) -> Answered {
    api.answer(move |desk| desk.tokens_named(&name)).await
}

async fn revoke_of(
    api: As<Administrator>,
    Handle(name): Handle,
    _: AskedNow<Nothing>,
    request: Request,
) -> Answered {
    let ask: RevokeAsk = body::json(request).await?;
    api.answer(move |desk| desk.revoke_token(&name, &ask.token)).await
}
