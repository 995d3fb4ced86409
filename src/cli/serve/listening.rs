//! Where a server listens, over what and for whom, and how it tells what it does.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use crate::cli::failure::Failure;
use crate::cli::serve::traces::{self, Collector, Sending, TracesError};
use crate::cli::session::Session;
use crate::desk::clock;
use crate::http::serve::{Limits, Listening, PORT_DEFAULT};
use crate::http::tls::{Certificates, TlsError, TlsFiles};
use crate::http::ways::{HeaderName, Ways};
use crate::store::with_causes;

/// Where to listen, over what and for whom.
#[derive(Debug, Args)]
pub(super) struct Listen {
    /// The address to listen on; one that others reach needs TLS, or a proxy that does it, and accounts
    #[arg(long = "listen", value_name = "ADDRESS", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    on_address: IpAddr,
    /// The port; 0 takes a free one and says which
    #[arg(long, default_value_t = PORT_DEFAULT)]
    port: u16,
    /// The certificate of the server, and those that lead from it to an authority, as PEM; a new one is taken up
    /// when the file changes, or on SIGHUP
    #[arg(long, value_name = "FILE")]
    tls_cert: Option<PathBuf>,
    /// Its key, as PEM, which nobody else may read
    #[arg(long, value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// Take connections of the proxy at this address, which does TLS, and of this machine alone; who comes and over
    /// what, the last X-Forwarded-For and X-Forwarded-Proto say
    #[arg(long, value_name = "ADDRESS")]
    behind_proxy: Vec<IpAddr>,
    /// Take from this header of the proxy which account comes; only whoever can speak for the proxy may reach this
    /// machine then
    #[arg(long, value_name = "NAME")]
    trusted_user_header: Option<HeaderName>,
    /// A name under which the server is asked, beside those of its certificate
    #[arg(long, value_name = "NAME", value_parser = host_name)]
    name: Vec<String>,
    /// So many connections at once
    #[arg(long, value_name = "COUNT", default_value_t = Limits::default().connections as u64,
        value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    connections: u64,
    /// So many of them from one address that is not this machine nor the proxy
    #[arg(long, value_name = "COUNT", default_value_t = Limits::default().connections_per_address as u64,
        value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    connections_per_address: u64,
    /// So many seconds after it is told to stop `/readyz` says so and all else goes on
    #[arg(long, value_name = "SECONDS", default_value_t = 0, value_parser = clap::value_parser!(u64).range(..=3_600))]
    stop_delay: u64,
    /// Tell on the error stream what is done, a line for each request, and never what is asked about; without it
    /// only what is amiss
    #[arg(long, value_enum, value_name = "FORM")]
    log: Option<Log>,
    /// Tell the collector at this address, by OTLP over HTTP, how long the steps of each request took, and never what
    /// is asked about; `/v1/traces` is put behind it
    #[arg(long, value_name = "URL", env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    otlp_endpoint: Option<String>,
    /// Under which name the collector is told
    #[arg(long, value_name = "NAME", env = "OTEL_SERVICE_NAME", default_value = "demarche")]
    otlp_service: String,
}

/// In which form the server tells what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Log {
    /// For people
    Text,
    /// For programs: an object a line
    Json,
}

impl Listen {
    /// Checks what was said, and reads the certificate.
    pub(super) fn read(&self, session: &mut Session) -> Result<Listening, Failure> {
        let now = clock::system()();
        let certificates = match (&self.tls_cert, &self.tls_key) {
            (Some(certificate), Some(key)) => {
                let files = TlsFiles { certificate: certificate.clone(), key: key.clone() };
                let opened = Certificates::open(files, now).map_err(|error| not_used(&error))?;
                if let Some(soon) = opened.why_soon(now) {
                    session.note(&soon);
                }
                Some(Arc::new(opened))
            }
            (Some(certificate), None) => return Err(half(certificate, "its key", "--tls-key")),
            (None, Some(key)) => return Err(half(key, "its certificate", "--tls-cert")),
            (None, None) => None,
        };
        let count = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        let limits = Limits {
            connections: count(self.connections),
            connections_per_address: count(self.connections_per_address),
            ..Limits::default()
        };
        let listening = Listening {
            address: SocketAddr::from((self.on_address, self.port)),
            certificates,
            proxies: self.behind_proxy.iter().map(IpAddr::to_canonical).collect(),
            names: self.name.clone(),
            ways: Ways { sign_on: None, user_header: self.user_header()? },
            limits,
            stop_delay: Duration::from_secs(self.stop_delay),
        };
        if listening.is_exposed() {
            return Err(Failure::Usage {
                what: format!("on {} everybody on the network could listen in", self.on_address),
                hint: "give `--tls-cert` and `--tls-key`, or the proxy that does TLS with `--behind-proxy ADDRESS`"
                    .to_owned(),
            });
        }
        Ok(listening)
    }

    /// Returns the header in which the proxy names an account.
    fn user_header(&self) -> Result<Option<HeaderName>, Failure> {
        let Some(name) = &self.trusted_user_header else { return Ok(None) };
        let refuse = |what: String, hint: &str| Err(Failure::Usage { what, hint: hint.to_owned() });
        if self.behind_proxy.is_empty() {
            let what = format!("`{name}` would be taken from anybody");
            return refuse(what, "name the proxy that says it with `--behind-proxy ADDRESS`");
        }
        if Ways::is_taken(name) {
            let what = format!("`{name}` says something else already");
            return refuse(what, "choose a header of its own, as `x-remote-user`");
        }
        Ok(Some(name.clone()))
    }

    /// Has the program tell what it does; returns what tells a collector, where there is one, to be stopped last.
    ///
    /// Of other crates nothing is told: what they tell while a fault is looked for may hold what was sent.
    pub(super) fn begin_to_log(&self) -> Result<Option<Sending>, Failure> {
        let collector = self.otlp_endpoint.as_ref().filter(|endpoint| !endpoint.is_empty());
        let collector = collector.map(|endpoint| {
            traces::begin(Collector { endpoint: endpoint.clone(), service: self.otlp_service.clone() })
        });
        let (timing, sending) = collector.transpose().map_err(|error| untold(&error))?.unzip();
        let level = if self.log.is_some() { LevelFilter::INFO } else { LevelFilter::WARN };
        let own = Targets::new().with_target(env!("CARGO_PKG_NAME"), level);
        let lines = fmt::layer().with_writer(std::io::stderr).with_ansi(false);
        let lines = match self.log {
            Some(Log::Json) => lines.json().flatten_event(true).with_span_list(false).boxed(),
            Some(Log::Text) | None => lines.boxed(),
        };
        // Somebody who runs the program within another tells by other means already.
        let _ = tracing_subscriber::registry().with(lines.with_filter(own)).with(timing).try_init();
        Ok(sending)
    }
}

/// Reads a name under which a server can be asked; before it may stand `*.`, for any one part.
fn host_name(typed: &str) -> Result<String, String> {
    let is_part = |part: &str| {
        let is_sign = |sign: u8| sign.is_ascii_alphanumeric() || sign == b'-' || sign == b'_';
        (1..=63).contains(&part.len()) && part.bytes().all(is_sign)
    };
    let name = typed.strip_prefix("*.").unwrap_or(typed);
    let in_brackets = typed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let is_address = in_brackets.is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok());
    if is_address || name.len() <= 253 && name.split('.').all(is_part) {
        return Ok(typed.to_owned());
    }
    Err("write a name alone, as desk.example or *.desk.example: no address to open, no port; letters beyond a to z as \
         xn--…"
        .to_owned())
}

/// Says that one file of two is named: the parser does not see what the configuration file leaves out.
fn half(named: &Path, other: &str, flag: &str) -> Failure {
    Failure::Usage {
        what: format!("{} is named for TLS, and not {other}", named.display()),
        hint: format!("give `{flag} FILE` as well"),
    }
}

/// Says why no collector is told.
fn untold(error: &TracesError) -> Failure {
    match error {
        TracesError::Address(_) => Failure::Usage {
            what: error.to_string(),
            hint: "give `--otlp-endpoint`, or OTEL_EXPORTER_OTLP_ENDPOINT, as `http://127.0.0.1:4318`"
                .to_owned(),
        },
        TracesError::Thread(_) => Failure::Refused { what: error.to_string(), hint: String::new() },
    }
}

/// Says why a certificate is not used.
fn not_used(error: &TlsError) -> Failure {
    let hint = match error {
        TlsError::Unreadable { .. } => "name the files with `--tls-cert` and `--tls-key`",
        TlsError::Open { .. } => {
            "whoever has the key can pass for this server; where others may have it, take another"
        }
        TlsError::Nothing { .. } => "a file of PEM has lines as `-----BEGIN CERTIFICATE-----`",
        TlsError::Misfit { .. } => "name the two files that were made together",
        TlsError::Expired { .. } => "renew it: nobody who checks it would come in",
        TlsError::Early { .. } => "set the clock of this machine, or wait",
        TlsError::Unusable { .. } => "an RSA, ECDSA or Ed25519 key and a certificate of X.509 are right",
    };
    Failure::Refused { what: with_causes(error), hint: hint.to_owned() }
}

#[cfg(test)]
mod tests {
    use crate::cli::testing::{run, usage};

    #[test]
    fn half_of_a_pair_in_the_configuration_file_is_refused_and_its_other_half_may_be_typed() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config.toml");
        let serve = |text: &str, typed: &[&str]| {
            std::fs::write(&file, text).unwrap();
            let args = [&["--config", file.to_str().unwrap(), "serve", "--port", "0"], typed].concat();
            let ran = run(&args, 200, &serde_json::json!({}));
            (ran.code, ran.err)
        };
        for (text, typed, code, says) in [
            ("[serve]\ntls-cert = \"desk.crt\"", &[][..], 2, "--tls-key"),
            ("[serve]\ntls-key = \"desk.key\"", &[], 2, "--tls-cert"),
            ("[serve]\nrelease = \"TLP:GREEN\"", &[], 2, "--notify"),
            (
                "[serve]\ntls-key = \"desk.key\"",
                &["--tls-cert", "/nowhere.crt"],
                1,
                "/nowhere.crt cannot be read",
            ),
            (
                "[serve]\ntls-cert = \"/nowhere.crt\"",
                &["--tls-key", "desk.key"],
                1,
                "/nowhere.crt cannot be read",
            ),
        ] {
            let (was, err) = serve(text, typed);
            assert_eq!(was, code, "{text}: {err}");
            assert!(err.contains(says), "{text}: {err}");
        }
    }

    #[test]
    fn what_others_could_listen_in_to_is_not_served() {
        assert_eq!(usage(&["serve", "--listen", "0.0.0.0"]), 2);
        assert_eq!(usage(&["serve", "--listen", "::"]), 2);
        assert_eq!(usage(&["serve", "--tls-cert", "desk.crt"]), 2);
        assert_eq!(usage(&["serve", "--tls-key", "desk.key"]), 2);
        assert_eq!(usage(&["serve", "--behind-proxy", "proxy.example"]), 2);
        assert_eq!(usage(&["serve", "--connections", "0"]), 2);
        for wrong in
            ["*", "", "a b", "https://x/y", "desk.example:443", "desk..example", "*.*.example", "책상"]
        {
            assert_eq!(usage(&["serve", "--name", wrong]), 2, "{wrong}");
            assert!(super::host_name(wrong).is_err(), "{wrong}");
        }
        for right in ["desk", "desk.example", "*.Desk.example", "xn--9l4b19k.example", "10.0.0.1"] {
            assert!(super::host_name(right).is_ok(), "{right}");
        }
        assert_eq!(usage(&["serve", "--tls-cert", "/nowhere.crt", "--tls-key", "/nowhere.key"]), 1);
    }
}
