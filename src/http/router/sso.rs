//! The routes by which a provider signs somebody on, for a browser and for a terminal.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use serde::Deserialize;

use crate::desk::access::{LoggedIn, Visitor, WhoRow};
use crate::http::api::{Answered, AnsweredAs, As, json};
use crate::http::body::{COMING_BYTES_MAX, Sent};
use crate::http::coming::{
    Attempted, Peer, SESSION, SESSION_SECONDS, attempt_cookie, set_cookie, set_lax_cookie,
};
use crate::http::escape::unescape;
use crate::http::openapi::told::{Taken, Tells, Told};
use crate::http::problem::{Problem, ProblemKind};
use crate::http::query::{AskedNow, Nothing};
use crate::http::routes::Routes;
use crate::http::site::Wire;
use crate::http::sso::{ATTEMPT_SECONDS, Finished, Returned, Shows, SignOnPage, page};
use crate::http::ways::Ways;

/// The longest that a provider may say of what it sends back.
const RETURNED_BYTES_MAX: usize = 8 << 10;

/// Returns the routes.
pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/v1/sso", "Go to the provider that signs people on", begin)
        .get("/v1/sso/callback", "Come back from the provider", callback)
        .post("/v1/sso/terminal", "Come in with the code that the browser showed", terminal)
}

/// For which terminal.
#[derive(Default, Deserialize, schemars::JsonSchema)]
#[serde(default)]
struct BeginAsk {
    /// The SHA-256 of the secret of the terminal, in hexadecimal digits; without it, the browser comes in.
    terminal: Option<String>,
}

/// The way to the provider.
struct Elsewhere;

impl Tells for Elsewhere {
    fn describe(route: &mut Told<'_>) {
        route.answers_nothing(302, "The way to the provider");
    }
}

async fn begin(
    api: As<Visitor>,
    AskedNow { ask }: AskedNow<BeginAsk>,
    ways: Ways,
    Peer(from): Peer,
    wire: Wire,
) -> AnsweredAs<Elsewhere> {
    let sign_on = ways.sign_on()?;
    let begun = api.run(move |visitor| sign_on.begin(visitor, ask.terminal, &from)).await?;
    let broken = |_| Problem::new(ProblemKind::NoProvider, "the provider's address is none");
    let location = HeaderValue::from_str(&begun.location).map_err(broken)?;
    let mut headers = HeaderMap::new();
    headers.insert(header::LOCATION, location);
    headers.extend(
        set_lax_cookie(attempt_cookie(wire), &begun.browser, ATTEMPT_SECONDS, wire)
            .map(|cookie| (header::SET_COOKIE, cookie)),
    );
    Ok((StatusCode::FOUND, headers).into_response().into())
}

impl<S: Send + Sync> FromRequestParts<S> for Returned {
    type Rejection = Problem;

    /// Reads what is known of it; a provider may say more, which says nothing here (RFC 6749, 4.1.2).
    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let mut returned = Self::default();
        if query.len() > RETURNED_BYTES_MAX {
            return Ok(returned);
        }
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let field = match name {
                "state" => &mut returned.state,
                "code" => &mut returned.code,
                "error" => &mut returned.error,
                "iss" => &mut returned.issuer,
                _ => continue,
            };
            // What is said twice, or cannot be read, is said by nobody who keeps to the rules.
            let said = unescape(value);
            if field.is_some() || said.is_none() {
                return Ok(Self::default());
            }
            *field = said;
        }
        Ok(returned)
    }
}

impl Taken for Returned {
    fn describe(route: &mut Told<'_>) {
        route.query::<Self>();
    }
}

async fn callback(
    api: As<Visitor>,
    returned: Returned,
    ways: Ways,
    Peer(from): Peer,
    attempted: Attempted,
) -> AnsweredAs<SignOnPage> {
    let Attempted { browser, wire, is_page } = attempted;
    let sign_on = ways.sign_on()?;
    let finished =
        api.run(move |visitor| sign_on.finish(visitor, &returned, browser.as_deref(), &from)).await;
    let mut response = match &finished {
        Err(problem) if is_page => page(&Shows::Problem(problem)),
        Err(problem) => return Err(problem.clone()),
        Ok(Finished::Terminal { arrived, terminal, code }) => {
            page(&Shows::Code { name: &arrived.name, terminal, code })
        }
        Ok(Finished::Browser(came)) => {
            page(&Shows::CameIn(came.answer.data.account.as_deref().unwrap_or_default()))
        }
    };
    let headers = response.headers_mut();
    // The login is over, unless nobody could be asked: then the same address is opened once more.
    let goes_on = finished.as_ref().is_err_and(|problem| {
        matches!(problem.kind, ProblemKind::TooOften | ProblemKind::Unavailable | ProblemKind::NoProvider)
    });
    let over = if goes_on { None } else { set_lax_cookie(attempt_cookie(wire), "", 0, wire) };
    let session = match &finished {
        Ok(Finished::Browser(came)) => set_cookie(SESSION, &came.session, "/", SESSION_SECONDS, wire),
        Ok(Finished::Terminal { .. }) | Err(_) => None,
    };
    for cookie in [over, session].into_iter().flatten() {
        headers.append(header::SET_COOKIE, cookie);
    }
    Ok(response.into())
}

/// What shows that a terminal is the one that began.
#[derive(Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
struct TerminalAsk {
    /// Its secret, whose hash the address had.
    secret: String,
    /// The code that the browser showed.
    code: String,
}

async fn terminal(
    api: As<Visitor>,
    _: AskedNow<Nothing>,
    ways: Ways,
    Peer(from): Peer,
    Sent(ask): Sent<TerminalAsk, COMING_BYTES_MAX>,
) -> Answered<WhoRow> {
    let sign_on = ways.sign_on()?;
    let LoggedIn { mut answer, session, .. } =
        api.run(move |visitor| sign_on.let_in(visitor, &ask.secret, &ask.code, &from)).await?;
    answer.data.session = Some(session);
    json(&answer)
}
