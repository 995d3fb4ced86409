//! Under which names a server is asked, and over what: whoever asks under another name is a page of another site.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri, header};

use crate::http::openapi::told::{Taken, Told};
use crate::http::problem::{Problem, ProblemKind};
use crate::http::tls::Certificates;

/// What a request came over, as whoever sent it sees it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Wire {
    /// Nothing that hides it: a port of this machine, a socket, this process.
    #[default]
    Plain,
    /// TLS.
    Tls,
    /// Nothing that hides it, to a proxy that should: what is set for whoever sent it goes over TLS alone.
    Bare,
}

impl Wire {
    /// Returns over what a request came to a proxy that is there to do TLS, as it says; one that says nothing did.
    pub(super) fn through_proxy(said: Option<&str>) -> Self {
        if said.is_none_or(|said| said.eq_ignore_ascii_case("https")) { Self::Tls } else { Self::Bare }
    }

    /// Returns what a server should be told whose proxy does not say that it did what it is there for.
    pub(super) fn doubt(said: Option<&str>) -> Option<&'static str> {
        match (said, Self::through_proxy(said)) {
            (None, _) => Some(
                "the proxy does not say `x-forwarded-proto`: what it hands on is taken as come to it over TLS",
            ),
            (Some(_), Self::Bare) => Some(
                "the proxy hands on what came to it without TLS, and no browser keeps a session then; have it send \
                 whoever comes so to https",
            ),
            (Some(_), Self::Plain | Self::Tls) => None,
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Wire {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().copied().unwrap_or_default())
    }
}

impl Taken for Wire {
    /// Whoever asks says nothing more.
    fn describe(_: &mut Told<'_>) {}
}

/// The names of a server; without one it is asked from this machine alone.
#[derive(Debug, Clone, Default)]
pub(super) struct Site {
    /// Names that were said, in small letters.
    pub(super) names: Vec<String>,
    /// The certificate, which says more.
    pub(super) certificates: Option<Arc<Certificates>>,
    pub(super) reach: Reach,
}

/// From where a server can be asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Reach {
    /// From this machine alone.
    #[default]
    Machine,
    /// From others as well.
    Network,
}

impl Site {
    /// Checks that a program asks, or a page of this server, under a name that is this server's.
    ///
    /// A page can make a name of its own stand for this server; then the name is in `host`. No page can make an
    /// address its own.
    pub(super) fn admits(&self, wire: Wire, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
        let foreign = |detail: String| Err(Problem::new(ProblemKind::Foreign, detail));
        let mut hosts = headers.get_all(header::HOST).iter();
        // HTTP/2 says in the address what HTTP/1 says in a header.
        let said = uri.authority().map(axum::http::uri::Authority::as_str);
        let host = hosts.next().and_then(|host| host.to_str().ok()).or(said).unwrap_or_default();
        let two = hosts.next().is_some() || said.is_some_and(|said| !said.eq_ignore_ascii_case(host));
        if two || !self.knows(host) {
            return foreign(format!("the host is `{host}`; ask for {}", self.right()));
        }
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let scheme = match wire {
            Wire::Plain | Wire::Bare => "http://",
            Wire::Tls => "https://",
        };
        match (origins.next().map(|origin| origin.to_str().unwrap_or_default()), origins.next()) {
            (None, _) => Ok(()),
            (Some(origin), None) if origin.strip_prefix(scheme) == Some(host) => Ok(()),
            (Some(origin), _) => foreign(format!("pages of `{origin}` may not ask here")),
        }
    }

    /// Tells whether an authority is this server's.
    pub(super) fn knows(&self, authority: &str) -> bool {
        let Some(host) = host_of(authority) else { return false };
        if is_loopback(host) {
            return true;
        }
        let is_named = |names: &[String]| names.iter().any(|name| matches(name, host));
        is_named(&self.names)
            || self.certificates.as_ref().is_some_and(|shown| is_named(&shown.names()))
            || self.reach == Reach::Network && address(host).is_some()
    }

    /// Says which names would be right, without telling a stranger all of them.
    fn right(&self) -> &'static str {
        match self.reach {
            Reach::Machine => "localhost, 127.0.0.1 or [::1]",
            Reach::Network => "a name that this server has: one of its certificate, or of `--name`",
        }
    }
}

/// Tells whether a name, which may begin with `*.`, is this host.
fn matches(name: &str, host: &str) -> bool {
    match name.strip_prefix("*.") {
        Some(rest) => {
            host.split_once('.').is_some_and(|(first, of)| !first.is_empty() && of.eq_ignore_ascii_case(rest))
        }
        None => name.eq_ignore_ascii_case(host),
    }
}

/// Returns the host of an authority, which may have a port; none of what is no authority.
pub(super) fn host_of(authority: &str) -> Option<&str> {
    let (host, port) = match authority.rfind(':') {
        Some(colon) if !authority.ends_with(']') => authority.split_at(colon),
        Some(_) | None => (authority, ":0"),
    };
    let digits = port.strip_prefix(':').unwrap_or_default();
    let is_port = digits.bytes().all(|byte| byte.is_ascii_digit()) && digits.parse::<u16>().is_ok();
    (is_port && !host.is_empty()).then_some(host)
}

/// Returns the address that a host is.
fn address(host: &str) -> Option<IpAddr> {
    match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => host.parse::<Ipv4Addr>().ok().map(IpAddr::V4),
    }
}

/// Tells whether a host is always this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || address(host).is_some_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn only_hosts_that_are_always_this_machine_are_answered() {
        let here = Site::default();
        for host in
            ["localhost", "LocalHost:7733", "127.0.0.1", "127.0.0.1:80", "127.9.9.9", "[::1]", "[::1]:7733"]
        {
            assert!(here.knows(host), "{host}");
        }
        for host in [
            "",
            ":",
            "localhost:",
            "localhost:x",
            "localhost:+1",
            "localhost:99999",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "evil.example:7733",
            "10.0.0.1",
            "0.0.0.0",
            "::1",
            "[::2]",
            "[::1",
            "localhost:1:2",
            "evil@localhost",
        ] {
            assert!(!here.knows(host), "{host}");
        }
    }

    #[test]
    fn a_server_of_a_network_is_asked_by_its_names_and_by_addresses_alone() {
        let names = vec!["desk.example".to_owned(), "*.north.example".to_owned()];
        let there = Site { names, reach: Reach::Network, ..Site::default() };
        for host in ["desk.example", "DESK.example:7733", "a.north.example", "10.0.0.1:80", "[2001:db8::1]"] {
            assert!(there.knows(host), "{host}");
        }
        for host in
            ["evil.example", "desk.example.evil.example", "north.example", "a.b.north.example", "10.0.0"]
        {
            assert!(!there.knows(host), "{host}");
        }
    }

    #[test]
    fn a_proxy_did_tls_unless_it_says_otherwise_and_that_is_told() {
        assert_eq!((Wire::through_proxy(None), Wire::doubt(None).is_some()), (Wire::Tls, true));
        assert_eq!((Wire::through_proxy(Some("HTTPS")), Wire::doubt(Some("https"))), (Wire::Tls, None));
        for said in ["http", "ws", "httpss"] {
            assert_eq!(
                (Wire::through_proxy(Some(said)), Wire::doubt(Some(said)).is_some()),
                (Wire::Bare, true)
            );
        }
    }

    #[test]
    fn a_page_of_another_origin_may_not_ask() {
        let check = |wire, host: &'static str, origin: &[&'static str]| {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, HeaderValue::from_static(host));
            for origin in origin {
                headers.append(header::ORIGIN, HeaderValue::from_static(origin));
            }
            Site::default().admits(wire, &Uri::from_static("/v1/log"), &headers).is_ok()
        };
        let plain = |host, origin: &[&'static str]| check(Wire::Plain, host, origin);
        assert!(plain("localhost:7733", &[]));
        assert!(plain("localhost:7733", &["http://localhost:7733"]));
        for origin in ["null", "http://localhost:3000", "https://localhost:7733", "http://evil.example", ""] {
            assert!(!plain("localhost:7733", &[origin]), "{origin}");
        }
        assert!(!plain("localhost:7733", &["http://localhost:7733", "http://evil.example"]));
        assert!(!plain("evil.example", &["http://evil.example"]));
        assert!(check(Wire::Tls, "localhost:7733", &["https://localhost:7733"]));
        assert!(!check(Wire::Tls, "localhost:7733", &["http://localhost:7733"]));
    }

    #[test]
    fn the_name_may_stand_in_the_address_and_then_nowhere_else() {
        let check = |uri: &'static str, hosts: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(header::HOST, HeaderValue::from_static(host));
            }
            Site::default().admits(Wire::Tls, &Uri::from_static(uri), &headers).is_ok()
        };
        assert!(check("https://localhost:7733/v1/log", &[]));
        assert!(check("https://localhost:7733/v1/log", &["localhost:7733"]));
        assert!(!check("https://evil.example/v1/log", &["localhost:7733"]));
        assert!(!check("/v1/log", &["localhost", "localhost"]));
        assert!(!check("/v1/log", &[]));
    }
}
