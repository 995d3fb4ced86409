//! The server: the API on a port and on the socket of the data directory, until it is told to stop.

mod heard;
pub(super) mod hurried;
mod limits;
mod patient;
mod taking;
#[cfg(test)]
mod tests;
mod underway;
mod watched;

pub use limits::Limits;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router, middleware};
use rustix::net::sockopt::set_socket_send_buffer_size;
use tokio::net::{TcpListener, UnixListener};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use crate::desk::access::{Door, Entrance};
use crate::desk::{Desk, clock};
use crate::http::api::Runs;
use crate::http::feed::Hub;
use crate::http::router::router_at;
use crate::http::serve::heard::heard;
use crate::http::serve::taking::{Taking, Tls};
use crate::http::site::{Reach, Site};
use crate::http::socket;
use crate::http::tls::{Asked, Certificates, Looked, server_config};
use crate::http::ways::Ways;

/// So much of what is sent the system holds for a connection until the other end takes it, or up to twice as much.
const SENT_BYTES_MAX: usize = 256 << 10;
/// The port on which the server listens when none is chosen.
pub const PORT_DEFAULT: u16 = 7733;
/// How long requests on their way are waited for at the end.
const DRAIN_WAIT: Duration = Duration::from_secs(10);
/// Long enough for a connection that was just taken to have its first request read.
const SETTLE_WAIT: Duration = Duration::from_millis(20);
/// Desk calls at once; the desk queues writes itself.
const THREADS_MAX: usize = 64;
/// How often is looked whether the files of the certificate changed.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// Where to listen, over what, and for whom.
#[derive(Debug, Clone)]
pub struct Listening {
    /// The address.
    pub address: SocketAddr,
    /// The certificate to show; without one nothing is hidden.
    pub certificates: Option<Arc<Certificates>>,
    /// The addresses of the proxies that come between and speak TLS; nobody else is held then, but this machine.
    pub proxies: Vec<IpAddr>,
    /// Names under which the server is asked, beside those of the certificate.
    pub names: Vec<String>,
    /// By which ways people come in beside passwords and tokens.
    pub ways: Ways,
    /// How much of the server may be taken up.
    pub limits: Limits,
    /// How long others are still answered after the server was told to stop, so that whoever sends them here hears
    /// of it first.
    pub stop_delay: Duration,
}

impl Listening {
    /// Returns how to listen on a port of this machine, for programs of this machine.
    pub fn on_port(port: u16) -> Self {
        Self {
            address: (Ipv4Addr::LOCALHOST, port).into(),
            certificates: None,
            proxies: Vec::new(),
            names: Vec::new(),
            ways: Ways::default(),
            limits: Limits::default(),
            stop_delay: Duration::ZERO,
        }
    }

    /// Tells whether others than this machine can ask, and hear what others are told.
    pub fn is_exposed(&self) -> bool {
        !self.address.ip().is_loopback() && self.certificates.is_none() && self.proxies.is_empty()
    }

    /// Tells whether an address names this server, as whoever opens it would have it asked.
    pub fn answers_at(&self, address: &str) -> bool {
        let uri = address.parse::<axum::http::Uri>().ok();
        uri.and_then(|uri| uri.authority().map(|host| self.site().knows(host.as_str()))).unwrap_or_default()
    }

    fn site(&self) -> Site {
        let is_beyond = !self.address.ip().is_loopback() || !self.proxies.is_empty();
        Site {
            names: self.names.iter().map(|name| name.to_ascii_lowercase()).collect(),
            certificates: self.certificates.clone(),
            reach: if is_beyond { Reach::Network } else { Reach::Machine },
        }
    }
}

/// Where the server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ready {
    /// The address.
    pub address: SocketAddr,
    /// The Unix socket.
    pub socket: PathBuf,
    /// `https` or `http`.
    pub scheme: &'static str,
}

/// The server did not begin; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The port is not to be had.
    #[error("port {port} of 127.0.0.1 cannot be listened on; choose another, or 0 for any that is free")]
    Port {
        /// Which.
        port: u16,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The socket of the data directory is not to be had.
    #[error("the socket {} cannot be listened on", path.display())]
    Socket {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The address is not to be had.
    #[error("{address} cannot be listened on; choose another, or port 0 for any that is free")]
    Address {
        /// Which.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Whoever is on the network could listen in.
    #[error("{address} is open to the network, and nothing hides what is said there")]
    Exposed {
        /// Which.
        address: SocketAddr,
    },
    /// Somebody would be let in without an account to come in with.
    #[error("{what} lets people into accounts, and the log has none; `--accounts` begins them")]
    NoAccounts {
        /// What.
        what: &'static str,
    },
    /// Whoever is on the network could do everything.
    #[error(
        "{address} is open to the network, and the log has no accounts, so that everybody could do everything; `--accounts` begins them"
    )]
    Unguarded {
        /// Which.
        address: SocketAddr,
    },
    /// The system gives no threads.
    #[error("the server cannot start its threads")]
    Threads(#[source] io::Error),
}

/// Serves the API of `desk` until `shutdown` ends, on `port` of 127.0.0.1 ([`PORT_DEFAULT`] when none; 0
/// for any that is free) and on `DIR/socket`; blocks the calling thread.
///
/// # Errors
///
/// As [`serve_at`].
pub fn serve(
    desk: Arc<Desk>,
    dir: &Path,
    port: Option<u16>,
    on_ready: impl FnOnce(&Ready),
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    serve_at(desk, dir, &Listening::on_port(port.unwrap_or(PORT_DEFAULT)), on_ready, shutdown)
}

/// Serves the API of `desk` until `shutdown` ends, where and as `listening` says, and on `DIR/socket`; blocks the
/// calling thread.
///
/// `desk` must hold the writer's lock of `dir`: only then may the socket that a killed server left be
/// removed. `on_ready` is told where to ask once both are listened on. At the end the socket is removed
/// first, so that other programs open the log themselves; requests on their way are answered.
///
/// # Errors
///
/// Returns [`ServeError`] where it cannot listen, or where others could listen in or do as they please; the log is
/// as it was.
pub fn serve_at(
    desk: Arc<Desk>,
    dir: &Path,
    listening: &Listening,
    on_ready: impl FnOnce(&Ready),
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let (door, address) = (Door::of(desk), listening.address);
    if listening.is_exposed() {
        return Err(ServeError::Exposed { address });
    }
    if listening.site().reach == Reach::Network && !door.is_guarded() {
        return Err(ServeError::Unguarded { address });
    }
    let lets_in = [
        listening.ways.sign_on.as_ref().map(|_| "single sign-on"),
        listening.ways.user_header.as_ref().map(|_| "a header of the proxy"),
    ];
    if let (Some(what), false) = (lets_in.into_iter().flatten().next(), door.is_guarded()) {
        return Err(ServeError::NoAccounts { what });
    }
    let hub = Arc::new(Hub::default());
    let routes = [Entrance::Port, Entrance::Directory]
        .map(|entrance| router_at(door.clone(), Runs::Apart, entrance, Arc::clone(&hub)))
        .map(|routes| routes.layer(Extension(listening.ways.clone())));
    serve_routes(routes, &hub, dir, listening, on_ready, shutdown)
}

/// Serves the first of these routes on a port, the second on the socket of the directory.
pub(super) fn serve_routes(
    routes: [Router; 2],
    hub: &Arc<Hub>,
    dir: &Path,
    listening: &Listening,
    on_ready: impl FnOnce(&Ready),
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(THREADS_MAX)
        .thread_name("demarche-http")
        .enable_all()
        .build()
        .map_err(ServeError::Threads)?;
    let routes = routes.map(|routes| routes.layer(middleware::from_fn(heard)));
    runtime.block_on(listen(routes, hub, dir, listening, on_ready, shutdown))
}

/// Ends when the process is told to stop: by the terminal (SIGINT) or by a supervisor (SIGTERM).
pub async fn told_to_stop() {
    let (Ok(mut interrupted), Ok(mut terminated)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        // Then the signal ends the process as if nobody listened, and the next server cleans up.
        tracing::error!("signals cannot be listened for; stopping will not wait for requests");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupted.recv() => {}
        _ = terminated.recv() => {}
    }
}

/// How far the server is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Serving,
    /// Takes the connections that wait already, and no others come.
    Emptying,
    /// Answers the requests on their way, and takes no connections.
    Draining,
}

async fn listen(
    [network, directory]: [Router; 2],
    hub: &Arc<Hub>,
    dir: &Path,
    listening: &Listening,
    on_ready: impl FnOnce(&Ready),
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let port = listening.address.port();
    let no_port = |source| {
        if listening.address.ip() == Ipv4Addr::LOCALHOST {
            ServeError::Port { port, source }
        } else {
            ServeError::Address { address: listening.address, source }
        }
    };
    let tcp = TcpListener::bind(listening.address).await.map_err(no_port)?;
    // Connections have it of the port that they come to. Left to itself the system holds 4 MB for whoever does not read.
    set_socket_send_buffer_size(&tcp, SENT_BYTES_MAX).map_err(|error| no_port(error.into()))?;
    let address = tcp.local_addr().map_err(no_port)?;
    let no_socket = |source| ServeError::Socket { path: dir.join("socket"), source };
    let (unix, bound) = socket::bind(dir).map_err(no_socket)?;
    let unix = unix.set_nonblocking(true).and_then(|()| UnixListener::from_std(unix)).map_err(|error| {
        bound.remove();
        no_socket(error)
    })?;
    let scheme = if listening.certificates.is_some() { "https" } else { "http" };
    let (stage, _) = watch::channel(Stage::Serving);
    let (on_port, on_socket) = takers([network, directory], hub, listening);
    let (tell_tcp, tcp_empty) = oneshot::channel();
    let (tell_unix, unix_empty) = oneshot::channel();
    let takers = [
        tokio::spawn(on_port.take(tcp, stage.subscribe(), tell_tcp)),
        tokio::spawn(on_socket.take(unix, stage.subscribe(), tell_unix)),
    ];
    let looking = listening.certificates.clone().map(|shown| tokio::spawn(look(shown, Arc::clone(hub))));
    on_ready(&Ready { address, socket: bound.path.clone(), scheme });
    tracing::info!(%address, scheme, "serving");

    shutdown.await;
    tracing::info!("stopping");
    hub.leave();
    sleep(listening.stop_delay).await;
    // A feed has no end of its own that could be waited for.
    hub.close();
    bound.remove();
    drain(&stage, [tcp_empty, unix_empty], takers, hub).await;
    if let Some(looking) = looking {
        looking.abort();
    }
    Ok(())
}

/// Answers whoever waits and whoever was taken, and then nobody; for so long and no longer.
async fn drain(
    stage: &watch::Sender<Stage>,
    [tcp_empty, unix_empty]: [oneshot::Receiver<()>; 2],
    mut takers: [JoinHandle<()>; 2],
    hub: &Hub,
) {
    stage.send_replace(Stage::Emptying);
    // A connection that waits here believes that a server is there: it is answered.
    let _ = timeout(DRAIN_WAIT, async { tokio::join!(tcp_empty, unix_empty) }).await;
    sleep(SETTLE_WAIT).await;
    stage.send_replace(Stage::Draining);
    let drained = async {
        for taker in &mut takers {
            // They end with nothing but the stage.
            let _ = taker.await;
        }
    };
    if timeout(DRAIN_WAIT, drained).await.is_err() {
        let connections = hub.traffic().open();
        tracing::warn!(connections, "requests were still on their way; their callers hear nothing");
        takers.iter().for_each(JoinHandle::abort);
    }
}

/// Returns who takes connections on the port, and who on the socket.
fn takers(
    [network, directory]: [Router; 2],
    hub: &Arc<Hub>,
    listening: &Listening,
) -> (Arc<Taking>, Arc<Taking>) {
    let limits = listening.limits.clone().with_room();
    let of_owner = limits.of_owner();
    let mut on_port = Taking::new(network, listening.site(), limits, Arc::clone(hub.traffic()));
    on_port.proxies.clone_from(&listening.proxies);
    on_port.tls = listening.certificates.clone().map(|shown| {
        hub.traffic().shows_until(shown.until());
        let speaking = |protocols: &[&str]| TlsAcceptor::from(server_config(Arc::clone(&shown), protocols));
        Tls { acceptor: speaking(&["h2", "http/1.1"]), refusing: speaking(&["http/1.1"]) }
    });
    let on_socket = Taking::new(directory, Site::default(), of_owner, Arc::clone(hub.traffic()));
    (Arc::new(on_port), Arc::new(on_socket))
}

/// Looks at the files of the certificate again and again, and when it is told to (SIGHUP).
async fn look(shown: Arc<Certificates>, hub: Arc<Hub>) {
    let now = clock::system();
    let mut told = signal(SignalKind::hangup()).ok();
    if told.is_none() {
        tracing::error!("SIGHUP cannot be listened for; a new certificate is found by looking alone");
    }
    loop {
        let hung_up = async {
            let heard = match &mut told {
                Some(told) => told.recv().await,
                None => None,
            };
            // No more can come.
            if heard.is_none() {
                std::future::pending::<()>().await;
            }
        };
        let asked = tokio::select! {
            () = hung_up => Asked::BySignal,
            () = sleep(LOOK_EVERY) => Asked::ByTheClock,
        };
        let (looked, now) = (Arc::clone(&shown), now());
        let looked = tokio::task::spawn_blocking(move || looked.look(now, asked)).await;
        match looked {
            Ok(Looked::Replaced(until)) => {
                hub.traffic().shows_until(shown.until());
                tracing::info!(%until, "another certificate is shown from now on");
            }
            Ok(Looked::Kept(error)) => {
                let error: &(dyn std::error::Error + 'static) = &error;
                tracing::error!(error, "the new certificate is not taken; the old one is shown");
            }
            Ok(Looked::Same) | Err(_) => {}
        }
        if let Some(soon) = shown.why_soon_again(now) {
            tracing::warn!("{soon}");
        }
    }
}

async fn reached(mut now: watch::Receiver<Stage>, stage: Stage) {
    // Nobody to tell any more is as good as told.
    let _ = now.wait_for(|now| *now >= stage).await;
}
