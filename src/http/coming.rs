//! How a request shows who asks: a token or a session in `authorization`, a session in a cookie, or nothing.

use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::desk::access::{Principal, Shown, is_session};
use crate::desk::ask::Caller;
use crate::desk::error::Fault;
use crate::http::api::{ACTOR, Admitted, Api, Runs, apart};
use crate::http::openapi::told::{Taken, Told};
use crate::http::problem::{Problem, ProblemKind};
use crate::http::query::{header, zone};
use crate::http::site::Wire;
use crate::http::ways::Ways;

/// The cookie with the secret of a session.
pub(super) const SESSION: &str = "demarche-session";
/// The cookie that tells from where someone came in before.
pub(super) const DEVICE: &str = "demarche-device";
/// A header that no page of another site can send: with it, or from a page of this one, a cookie does something.
pub(super) const OWN: &str = "demarche-request";
const SECRET_BYTES_MAX: usize = 256;
/// How long a browser keeps a session: no longer than the desk.
pub(super) const SESSION_SECONDS: i64 = 12 * 60 * 60;

/// Returns the name of the cookie that tells in which browser a login at a provider began. Over TLS no other server of
/// the same house can put one there.
pub(super) const fn attempt_cookie(wire: Wire) -> &'static str {
    match wire {
        Wire::Plain => "demarche-sso",
        Wire::Tls | Wire::Bare => "__Host-demarche-sso",
    }
}

/// From where a connection came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Peer(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Peer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let peer = parts.extensions.get::<ConnectInfo<Self>>().map(|peer| peer.0.clone());
        Ok(peer.unwrap_or_else(|| Self("the directory".to_owned())))
    }
}

/// What a browser keeps of an earlier login, in a cookie.
pub(super) struct Device(pub(super) Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for Device {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        cookie(&parts.headers, DEVICE).map(Self)
    }
}

impl Taken for Device {
    fn describe(route: &mut Told<'_>) {
        route.cookie(DEVICE, "From where someone came in before, as an earlier login said it");
    }
}

impl Taken for Peer {
    fn describe(route: &mut Told<'_>) {
        // Whoever tries a password may have to wait.
        route.may_wait();
    }
}

/// What came back from a provider with a browser, and whether the browser shows pages.
pub(super) struct Attempted {
    /// What tells that the login began in it.
    pub(super) browser: Option<String>,
    pub(super) wire: Wire,
    pub(super) is_page: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for Attempted {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let wire = parts.extensions.get().copied().unwrap_or_default();
        let accepts = parts.headers.get(header::ACCEPT).and_then(|accepts| accepts.to_str().ok());
        let is_page = accepts.is_some_and(|accepts| accepts.contains("text/html"));
        Ok(Self { browser: cookie(&parts.headers, attempt_cookie(wire))?, wire, is_page })
    }
}

impl Taken for Attempted {
    fn describe(route: &mut Told<'_>) {
        route.cookie(attempt_cookie(Wire::Tls), "What tells that the login began in this browser");
    }
}

/// Tells who asks, before a route is reached; the route says what becomes of whoever is nobody.
pub(super) async fn admitted(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let who = who(&api, &parts).await;
    parts.extensions.insert(Admitted(Arc::new(who)));
    request = Request::from_parts(parts, body);
    next.run(request).await
}

async fn who(api: &Api, parts: &Parts) -> Result<Principal, Problem> {
    let actor = header(parts, ACTOR)?.unwrap_or_default();
    let named = Caller { actor, tz: zone(parts)? };
    let (bearer, cookie) = (bearer(parts)?, cookie(&parts.headers, SESSION)?);
    let beside = [bearer.as_ref().map(|_| "authorization"), cookie.as_ref().map(|_| SESSION)];
    let ways = parts.extensions.get::<Ways>();
    let user = ways.map(|ways| ways.named(parts, beside)).transpose()?.flatten();
    // A browser sends both by itself, whoever made the request.
    if bearer.is_none() && cookie.is_some() {
        is_of_this_site(parts, "a cookie")?;
    }
    if user.is_some() {
        is_of_this_site(parts, "the header of the proxy")?;
        comes_from_nowhere_else(parts)?;
    }
    let secret = bearer.or(cookie);
    let (door, entrance) = (api.door.clone(), api.entrance);
    // To go to another thread costs more than to look up a token, where nothing must be read or waited for.
    let is_at_hand = secret.as_deref().is_some_and(|secret| !is_session(secret)) && door.is_at_hand();
    let must_read = (secret.is_some() || user.is_some()) && !is_at_hand;
    let runs = if must_read { api.runs } else { Runs::Here };
    apart(runs, move || {
        let shown = match (secret.as_deref(), user.as_deref()) {
            (Some(secret), _) => Shown::Secret(secret),
            (None, Some(user)) => Shown::Named(user),
            (None, None) => Shown::Nothing,
        };
        Ok(door.admits(entrance, shown, named)?)
    })
    .await
}

/// Returns the secret that the header for it carries.
fn bearer(parts: &Parts) -> Result<Option<String>, Problem> {
    let Some(sent) = header(parts, header::AUTHORIZATION.as_str())? else { return Ok(None) };
    let secret = sent.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    match secret.map(|(_, secret)| secret.trim()) {
        Some(secret) if !secret.is_empty() && secret.len() <= SECRET_BYTES_MAX => Ok(Some(secret.to_owned())),
        Some(_) | None => {
            // Whoever shows something else is told what is asked for, as whoever shows nothing is.
            let detail = "`authorization` is not understood; send `Bearer`, a space, and a token or the secret of a \
                session";
            Err(Problem::new(ProblemKind::Unauthenticated, detail))
        }
    }
}

/// Returns the value of a cookie.
fn cookie(headers: &HeaderMap, name: &str) -> Result<Option<String>, Problem> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(known, _)| *known == name).map(|(_, value)| value.to_owned());
    let value = values.next().filter(|value| !value.is_empty() && value.len() <= SECRET_BYTES_MAX);
    if values.next().is_some() {
        // Another site of the same host may have put its own beside ours.
        return Err(Problem::malformed(vec![Fault::in_field(name, "the cookie stands twice; send it once")]));
    }
    Ok(value)
}

/// Checks of a request with which a browser sends by itself what says who comes that no page of another site made it.
///
/// That the origin, where it is said, is this server was checked before.
fn is_of_this_site(parts: &Parts, shown: &str) -> Result<(), Problem> {
    if matches!(parts.method, Method::GET | Method::HEAD) {
        return Ok(());
    }
    comes_from_nowhere_else(parts)?;
    let headers = &parts.headers;
    let same = headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin");
    let is_own = headers.get(OWN).is_some_and(|own| !own.is_empty());
    if same || is_own || headers.contains_key(header::ORIGIN) {
        return Ok(());
    }
    let detail = format!("{shown} alone does nothing; send the header `{OWN}: 1` with it");
    Err(Problem::new(ProblemKind::Foreign, detail))
}

/// Checks of a request that no page of another site had a browser make it, as far as the browser says so. Where a proxy
/// answers for its sender, that holds for what is read as well, which is noted as read by somebody: a cookie would not go
/// with it either.
fn comes_from_nowhere_else(parts: &Parts) -> Result<(), Problem> {
    let site = parts.headers.get("sec-fetch-site");
    if site.is_none_or(|site| site == "same-origin" || site == "none") {
        return Ok(());
    }
    Err(Problem::new(ProblemKind::Foreign, "a page of another site asks; go to the address itself"))
}

/// Returns a cookie that no page can read, and that goes along when somebody comes from another site by a link: for so
/// many seconds; an empty one for none is forgotten.
pub(super) fn set_lax_cookie(name: &str, value: &str, seconds: i64, wire: Wire) -> Option<HeaderValue> {
    let strict = set_cookie(name, value, "/", seconds, wire)?;
    HeaderValue::from_str(&strict.to_str().ok()?.replace("SameSite=Strict", "SameSite=Lax")).ok()
}

/// Returns a cookie that no page can read and no other site can send, for so many seconds; one that came over TLS,
/// or should have, goes over nothing else.
pub(super) fn set_cookie(
    name: &str,
    value: &str,
    path: &str,
    seconds: i64,
    wire: Wire,
) -> Option<HeaderValue> {
    let secure = match wire {
        // Over a port of this machine alone, where `Secure` would only keep it from being sent.
        Wire::Plain => "",
        Wire::Tls | Wire::Bare => "; Secure",
    };
    let text = format!("{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(method: Method, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().method(method).uri("/v1/log");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(axum::body::Body::empty()).unwrap().into_parts().0
    }

    #[test]
    fn a_secret_is_sent_as_a_bearer_and_nothing_else_is_taken_for_one() {
        let of = |value: &str| bearer(&parts(Method::GET, &[("authorization", value)]));
        assert_eq!(of("Bearer dem_x").unwrap().as_deref(), Some("dem_x"));
        assert_eq!(of("bearer  dem_x ").unwrap().as_deref(), Some("dem_x"));
        for wrong in ["dem_x", "Basic a2ltOng=", "Bearer", &format!("Bearer {}", "x".repeat(300))] {
            assert_eq!(of(wrong).unwrap_err().kind, ProblemKind::Unauthenticated, "{wrong}");
        }
        assert_eq!(bearer(&parts(Method::GET, &[])).unwrap(), None);
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name_and_stands_once() {
        let of = |values: &[&str]| {
            let headers: Vec<(&str, &str)> = values.iter().map(|value| ("cookie", *value)).collect();
            cookie(&parts(Method::GET, &headers).headers, SESSION)
        };
        assert_eq!(of(&["a=b; demarche-session=des_x; c=d"]).unwrap().as_deref(), Some("des_x"));
        assert_eq!(of(&["x-demarche-session=des_x", "demarche-session="]).unwrap(), None);
        assert!(of(&["demarche-session=one; demarche-session=two"]).is_err());
        assert!(of(&["demarche-session=one", "demarche-session=two"]).is_err());
    }

    #[test]
    fn a_cookie_that_came_over_tls_goes_over_nothing_else() {
        let of = |wire| set_cookie(SESSION, "des_x", "/", 60, wire).unwrap();
        for wire in [Wire::Tls, Wire::Bare] {
            assert!(of(wire).to_str().unwrap().ends_with("; HttpOnly; SameSite=Strict; Secure"), "{wire:?}");
        }
        assert!(!of(Wire::Plain).to_str().unwrap().contains("Secure"));
    }

    #[test]
    fn what_alone_does_nothing_is_named_as_it_came() {
        for shown in ["a cookie", "the header of the proxy"] {
            let problem = is_of_this_site(&parts(Method::POST, &[]), shown).unwrap_err();
            assert!(problem.detail.starts_with(&format!("{shown} alone does nothing")), "{}", problem.detail);
        }
    }

    #[test]
    fn a_cookie_does_nothing_for_a_page_of_another_site() {
        let check = |method: Method, headers: &[(&str, &str)]| {
            is_of_this_site(&parts(method, headers), "a cookie").is_ok()
        };
        assert!(check(Method::GET, &[]));
        assert!(!check(Method::POST, &[]));
        assert!(!check(Method::POST, &[("sec-fetch-site", "cross-site")]));
        assert!(!check(Method::POST, &[("sec-fetch-site", "same-site")]));
        assert!(check(Method::POST, &[("sec-fetch-site", "same-origin")]));
        assert!(check(Method::POST, &[(OWN, "1")]));
        assert!(check(Method::POST, &[("origin", "http://localhost")]));
        // A header that a program sends is none where a browser says that a page of another site asks.
        for site in ["cross-site", "same-site"] {
            for with in [(OWN, "1"), ("origin", "http://localhost")] {
                assert!(!check(Method::POST, &[("sec-fetch-site", site), with]), "{site} {with:?}");
            }
        }
        assert!(check(Method::POST, &[("sec-fetch-site", "none"), (OWN, "1")]));
        assert!(!check(Method::POST, &[(OWN, "")]), "empty, it says nothing");
    }
}
