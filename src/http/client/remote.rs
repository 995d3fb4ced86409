//! A server far away: its address, and the way to it over TLS.

use std::fmt;
use std::io;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use axum::response::Response;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::ServerName;
use rustls::{CertificateError, ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::http::client::way::{Lost, Patience, Way, handshake, no_runtime};
use crate::http::client::{ClientError, Method, Repeats, Request, no_answer};
use crate::http::problem::ProblemKind;
use crate::http::site::{host_of, is_loopback};
use crate::http::tls::certificates;
use crate::store::with_causes;

/// How long is waited for a connection, and for TLS on it.
const CONNECT_WAIT: Duration = Duration::from_secs(10);
/// How long is waited for an answer, or for its next piece: a rebuild of a long log takes its time.
const ANSWER_WAIT: Duration = Duration::from_mins(10);
/// How long is waited before the same is sent again, where that does no harm.
const AGAIN: [Duration; 3] = [Duration::from_millis(200), Duration::from_secs(1), Duration::from_secs(3)];

/// Where a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerAddress {
    is_tls: bool,
    // Invariant: a host as an address has it, and nothing else.
    host: String,
    port: u16,
}

impl FromStr for ServerAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let right = "write https://HOST, or https://HOST:PORT";
        let (scheme, rest) = text.split_once("://").ok_or_else(|| right.to_owned())?;
        let is_tls = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(right.to_owned()),
        };
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
        let host = host_of(authority).filter(|host| host.bytes().all(is_host)).ok_or_else(|| {
            format!("`{authority}` is no host; {right}, without a path, a name or a password")
        })?;
        let port = authority.strip_prefix(host).and_then(|port| port.strip_prefix(':'));
        let default = if is_tls { 443 } else { 80 };
        let port = port.map_or(Ok(default), |port| port.parse().map_err(|_| right.to_owned()))?;
        if !is_tls && !is_loopback(host) {
            return Err(format!(
                "over http everybody on the way to {host} could listen in; write https, http is for this machine"
            ));
        }
        let is_name = ServerName::try_from(bare(host).to_owned()).is_ok();
        if !is_name {
            return Err(format!("`{host}` is no name of a host; {right}"));
        }
        Ok(Self { is_tls, host: host.to_ascii_lowercase(), port })
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_tls { "https" } else { "http" };
        write!(formatter, "{scheme}://{}", self.authority())
    }
}

impl ServerAddress {
    /// Returns the name of a file for what belongs to this server alone.
    pub fn file_name(&self) -> String {
        let scheme = if self.is_tls { "https" } else { "http" };
        format!("{scheme}_{}_{}.session", self.host, self.port)
    }

    /// Returns host and port as a request names them.
    fn authority(&self) -> String {
        match (self.is_tls, self.port) {
            (true, 443) | (false, 80) => self.host.clone(),
            (_, port) => format!("{}:{port}", self.host),
        }
    }
}

/// Returns a host without the brackets of an address.
fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

/// A server far away, and whom to trust to know it.
pub(super) struct Remote {
    address: ServerAddress,
    tls: Option<Arc<ClientConfig>>,
    /// Host and port as a request names them.
    pub(super) authority: String,
}

impl Remote {
    /// Reads whom to trust: the authority in the file, or those whom browsers trust.
    pub(super) fn new(address: &ServerAddress, authority: Option<&Path>) -> Result<Self, ClientError> {
        let tls = address.is_tls.then(|| trusting(authority)).transpose()?.map(Arc::new);
        Ok(Self { address: address.clone(), tls, authority: address.authority() })
    }

    /// Opens a connection.
    pub(super) fn connect(&self) -> Result<Way, ClientError> {
        let runtime =
            Builder::new_current_thread().enable_all().build().map_err(|error| no_runtime(&error))?;
        let sender = runtime.block_on(async {
            let place = (bare(&self.address.host), self.address.port);
            let stream = within(TcpStream::connect(place)).await.map_err(|error| self.unreached(&error))?;
            // Nothing is gathered on this side: a question is one piece.
            let _ = stream.set_nodelay(true);
            let Some(config) = &self.tls else { return handshake(stream).await };
            let name = ServerName::try_from(bare(&self.address.host).to_owned())
                .map_err(|error| self.unreached(&io::Error::other(error)))?;
            let agreed = within(TlsConnector::from(Arc::clone(config)).connect(name, stream)).await;
            handshake(agreed.map_err(|error| self.distrusted(&error))?).await
        })?;
        Ok(Way::Server { runtime, sender, patience: Patience::For(ANSWER_WAIT) })
    }

    /// Sends a request, again over another connection where that does no harm.
    pub(super) fn ask(&self, way: &mut Way, request: &Request) -> Result<Response, ClientError> {
        let harmless = request.method == Method::Get || request.repeats == Repeats::Harmlessly;
        let mut lost: Option<Lost> = None;
        let mut waits = AGAIN.iter();
        loop {
            let tried = match way.call(request, &self.authority)? {
                Ok(response) => return Ok(response),
                Err(tried) => tried,
            };
            let before = lost.as_ref().is_some_and(|lost| lost.may_have_arrived);
            let now = Lost { may_have_arrived: before || tried.may_have_arrived, ..tried };
            let again = harmless || !now.may_have_arrived;
            let (Some(wait), true) = (waits.next(), again) else { return Err(self.lost(request, &now)) };
            thread::sleep(*wait);
            match self.connect() {
                Ok(other) => *way = other,
                // Whether what was sent before arrived stays open.
                Err(_) if now.may_have_arrived => return Err(self.lost(request, &now)),
                Err(error) => return Err(error),
            }
            lost = Some(now);
        }
    }

    /// Returns the error of a request to which no answer came.
    fn lost(&self, request: &Request, lost: &Lost) -> ClientError {
        let mut error = no_answer(request, lost);
        if self.tls.is_none() && lost.is_no_http {
            error.hints.push("where the server takes TLS alone, its address begins with https://".to_owned());
        }
        error
    }

    fn unreached(&self, error: &io::Error) -> ClientError {
        let what = format!("{} is not reached: {error}", self.address);
        ClientError::new(ProblemKind::Unavailable, what, false)
    }

    /// Says why the server is not taken for the one that was named.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the list is that of another crate, and grows")]
    fn distrusted(&self, error: &io::Error) -> ClientError {
        let said = error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>());
        let Some(rustls::Error::InvalidCertificate(why)) = said else { return self.unreached(error) };
        let (what, hint) = match why {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => (
                "its certificate expired".to_owned(),
                "tell whoever runs it; and look whether the clock of this machine is right",
            ),
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                ("its certificate is not good yet".to_owned(), "is the clock of this machine right?")
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => (
                format!("its certificate is not for {}", self.address.host),
                "name it as its certificate does",
            ),
            // Two authorities of one name are told apart by their signatures.
            CertificateError::UnknownIssuer | CertificateError::BadSignature => (
                "nobody who is trusted here signed its certificate".to_owned(),
                "name the certificate of a house's own authority with `--ca FILE`",
            ),
            other => (format!("its certificate does not stand: {other}"), "tell whoever runs it"),
        };
        let error = ClientError::new(
            ProblemKind::Unavailable,
            format!("{} is not known to be that server: {what}", self.address),
            false,
        );
        ClientError { hints: vec![hint.to_owned()], ..error }
    }
}

/// Waits for a connection no longer than one is waited for.
async fn within<T>(work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let late = |_| {
        let what = format!("there is no answer within {} seconds", CONNECT_WAIT.as_secs());
        io::Error::new(io::ErrorKind::TimedOut, what)
    };
    timeout(CONNECT_WAIT, work).await.map_err(late)?
}

/// Returns how this program speaks TLS, and whom it trusts.
fn trusting(authority: Option<&Path>) -> Result<ClientConfig, ClientError> {
    let wrong = |what: String| ClientError::new(ProblemKind::Malformed, what, false);
    let mut roots = RootCertStore::empty();
    match authority {
        None => roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned()),
        Some(path) => {
            for certificate in certificates(path).map_err(|error| wrong(with_causes(&error)))? {
                roots
                    .add(certificate)
                    .map_err(|error| wrong(format!("{} holds no authority: {error}", path.display())))?;
            }
        }
    }
    let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(format!("TLS cannot be spoken: {error}")))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_by_its_host_and_nothing_is_said_in_the_open() {
        for (typed, said, file) in [
            ("https://desk.example", "https://desk.example", "https_desk.example_443.session"),
            ("HTTPS://Desk.example:7733/", "https://desk.example:7733", "https_desk.example_7733.session"),
            ("https://[2001:db8::1]:7733", "https://[2001:db8::1]:7733", "https_[2001:db8::1]_7733.session"),
            ("http://localhost:7733", "http://localhost:7733", "http_localhost_7733.session"),
            ("http://[::1]:7733", "http://[::1]:7733", "http_[::1]_7733.session"),
        ] {
            let address: ServerAddress = typed.parse().unwrap();
            assert_eq!((address.to_string().as_str(), address.file_name().as_str()), (said, file));
        }
        for wrong in [
            "",
            "desk.example",
            "ftp://desk.example",
            "https://",
            "https://desk.example/v1",
            "https://kim@desk.example",
            "https://desk.example:port",
            "https://desk.example:99999",
            "https://desk.example?x",
            "https://../../etc",
            "http://desk.example",
            "http://10.0.0.1:7733",
        ] {
            assert!(wrong.parse::<ServerAddress>().is_err(), "{wrong}");
        }
    }
}
