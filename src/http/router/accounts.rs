//! The routes by which people come in, and by which accounts are kept.

use axum::http::header;
use serde::Deserialize;

use crate::desk::access::{Administrator, LoggedIn, LoginAsk, Oneself, Visitor, WhoRow};
use crate::desk::accounts::{
    AccountRow, AccountState, BindAsk, ChangeAsk, OpenAsk, OpenedRow, PasswordAsk, PermitAsk, TokenAsk,
    TokenRow, TokenShown,
};
use crate::desk::answer::Page;
use crate::http::api::{Answered, As, json};
use crate::http::body::{COMING_BYTES_MAX, NoBody, Sent};
use crate::http::coming::{DEVICE, Device, Peer, SESSION, SESSION_SECONDS, set_cookie};
use crate::http::query::{AskedNow, Nothing};
use crate::http::router::Handle;
use crate::http::routes::Routes;
use crate::http::site::Wire;

/// How long a browser keeps what tells from where someone came in before.
const DEVICE_SECONDS: i64 = 365 * 24 * 60 * 60;

/// Returns the routes.
pub(super) fn routes() -> Routes {
    Routes::new()
        .post("/v1/login", "Come in with a password", login)
        .post("/v1/logout", "End the session", logout)
        .get("/v1/whoami", "Who asks, and what they may", whoami)
        .post("/v1/password", "Choose another password", password)
        .get("/v1/tokens", "The tokens of whoever asks", tokens)
        .post("/v1/tokens", "Issue a token; its secret is shown this once", issue)
        .post("/v1/tokens/revoke", "Revoke a token", revoke)
        .get("/v1/accounts", "The accounts", accounts)
        .post("/v1/accounts", "Open an account", open)
        .post("/v1/accounts/{handle}/permissions", "Change what an account may do and see", permit)
        .post("/v1/accounts/{handle}/binding", "Let an account come in by single sign-on", bind)
        .post("/v1/accounts/{handle}/disable", "Let an account do nothing until it is enabled", disable)
        .post("/v1/accounts/{handle}/enable", "Let an account be used again", enable)
        .post("/v1/accounts/{handle}/close", "Close an account for ever", close)
        .post("/v1/accounts/{handle}/password", "Give an account a new one-time password", reset)
        .get("/v1/accounts/{handle}/tokens", "The tokens of an account", tokens_of)
        .post("/v1/accounts/{handle}/tokens/revoke", "Revoke a token of an account", revoke_of)
}

async fn login(
    api: As<Visitor>,
    Peer(from): Peer,
    Device(device): Device,
    wire: Wire,
    _: AskedNow<Nothing>,
    Sent(mut ask): Sent<LoginAsk, COMING_BYTES_MAX>,
) -> Answered<WhoRow> {
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
        response.response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

async fn logout(api: As<Oneself>, wire: Wire, _: AskedNow<Nothing>, _: NoBody) -> Answered<WhoRow> {
    let mut response = api.answer(Oneself::leave).await?;
    response
        .response
        .headers_mut()
        .extend(set_cookie(SESSION, "", "/", 0, wire).map(|gone| (header::SET_COOKIE, gone)));
    Ok(response)
}

async fn whoami(api: As<Oneself>, _: AskedNow<Nothing>) -> Answered<WhoRow> {
    api.answer(Oneself::who).await
}

async fn password(
    api: As<Oneself>,
    Peer(from): Peer,
    _: AskedNow<Nothing>,
    Sent(ask): Sent<PasswordAsk, COMING_BYTES_MAX>,
) -> Answered<AccountRow> {
    api.answer(move |own| own.choose_password(&ask, &from)).await
}

async fn tokens(api: As<Oneself>, _: AskedNow<Nothing>) -> Answered<Page<TokenRow>> {
    api.answer(Oneself::tokens).await
}

async fn issue(api: As<Oneself>, _: AskedNow<Nothing>, Sent(ask): Sent<TokenAsk>) -> Answered<TokenShown> {
    api.answer(move |own| own.issue_token(&ask)).await
}

/// Which token.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct RevokeAsk {
    token: String,
}

async fn revoke(api: As<Oneself>, _: AskedNow<Nothing>, Sent(ask): Sent<RevokeAsk>) -> Answered<TokenRow> {
    api.answer(move |own| own.revoke_own(&ask.token)).await
}

async fn accounts(api: As<Administrator>, _: AskedNow<Nothing>) -> Answered<Page<AccountRow>> {
    api.answer(Administrator::list_accounts).await
}

async fn open(api: As<Administrator>, _: AskedNow<Nothing>, Sent(ask): Sent<OpenAsk>) -> Answered<OpenedRow> {
    api.answer(move |desk| desk.open_account(&ask)).await
}

async fn permit(
    api: As<Administrator>,
    Handle(name): Handle,
    _: AskedNow<Nothing>,
    Sent(ask): Sent<PermitAsk>,
) -> Answered<AccountRow> {
    api.answer(move |desk| desk.permit_account(&name, &ask)).await
}

async fn bind(
    api: As<Administrator>,
    Handle(name): Handle,
    _: AskedNow<Nothing>,
    Sent(ask): Sent<BindAsk>,
) -> Answered<AccountRow> {
    api.answer(move |desk| desk.bind_account(&name, &ask)).await
}

async fn disable(
    api: As<Administrator>,
    Handle(name): Handle,
    _: AskedNow<Nothing>,
    sent: Sent<ChangeAsk>,
) -> Answered<AccountRow> {
    set(api, name, AccountState::Disabled, sent).await
}

async fn enable(
    api: As<Administrator>,
    Handle(name): Handle,
    _: AskedNow<Nothing>,
    sent: Sent<ChangeAsk>,
) -> Answered<AccountRow> {
    set(api, name, AccountState::Active, sent).await
}

async fn close(
    api: As<Administrator>,
    Handle(name): Handle,
    _: AskedNow<Nothing>,
    sent: Sent<ChangeAsk>,
) -> Answered<AccountRow> {
    set(api, name, AccountState::Closed, sent).await
}

async fn set(
    api: As<Administrator>,
    name: String,
    state: AccountState,
    Sent(ask): Sent<ChangeAsk>,
) -> Answered<AccountRow> {
    api.answer(move |desk| desk.set_account(&name, state, &ask)).await
}

async fn reset(
    api: As<Administrator>,
    Handle(name): Handle,
    _: AskedNow<Nothing>,
    Sent(ask): Sent<ChangeAsk>,
) -> Answered<OpenedRow> {
    api.answer(move |desk| desk.reset_password(&name, &ask)).await
}

async fn tokens_of(
    api: As<Administrator>,
    Handle(name): Handle,
    _: AskedNow<Nothing>,
) -> Answered<Page<TokenRow>> {
    api.answer(move |desk| desk.tokens_named(&name)).await
}

async fn revoke_of(
    api: As<Administrator>,
    Handle(name): Handle,
    _: AskedNow<Nothing>,
    Sent(ask): Sent<RevokeAsk>,
) -> Answered<TokenRow> {
    api.answer(move |desk| desk.revoke_token(&name, &ask.token)).await
}
