//! The server: the API on a loopback port and on the socket of the data directory, until it is told to stop.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::serve::Listener;
use tokio::net::{TcpListener, UnixListener};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{oneshot, watch};
use tokio::time::{sleep, timeout};

use crate::desk::Desk;
use crate::http::api::Runs;
use crate::http::router::router;
use crate::http::socket;

/// The port on which the server listens when none is chosen.
pub const PORT_DEFAULT: u16 = 7733;
/// How long requests on their way are waited for at the end.
const DRAIN_WAIT: Duration = Duration::from_secs(10);
/// Long enough for a connection that was just taken to have its first request read.
const SETTLE_WAIT: Duration = Duration::from_millis(20);
/// Desk calls at once; the desk queues writes itself.
const THREADS_MAX: usize = 64;

/// Where the server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ready {
    /// The loopback address.
    pub address: SocketAddr,
    /// The Unix socket.
    pub socket: PathBuf,
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
    /// The system gives no threads.
    #[error("the server cannot start its threads")]
    Threads(#[source] io::Error),
}

/// Serves the API of `desk` until `shutdown` ends, on `port` of 127.0.0.1 ([`PORT_DEFAULT`] when none; 0
/// for any that is free) and on `DIR/socket`; blocks the calling thread.
///
/// `desk` must hold the writer's lock of `dir`: only then may the socket that a killed server left be
/// removed. `on_ready` is told where to ask once both are listened on. At the end the socket is removed
/// first, so that other programs open the log themselves; requests on their way are answered.
///
/// # Errors
///
/// Returns [`ServeError`] where it cannot listen; the log is as it was.
pub fn serve(
    desk: Arc<Desk>,
    dir: &Path,
    port: Option<u16>,
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
    runtime.block_on(listen(desk, dir, port.unwrap_or(PORT_DEFAULT), on_ready, shutdown))
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
    desk: Arc<Desk>,
    dir: &Path,
    port: u16,
    on_ready: impl FnOnce(&Ready),
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let no_port = |source| ServeError::Port { port, source };
    let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(no_port)?;
    let address = tcp.local_addr().map_err(no_port)?;
    let no_socket = |source| ServeError::Socket { path: dir.join("socket"), source };
    let (unix, bound) = socket::bind(dir).map_err(no_socket)?;
    let unix = unix.set_nonblocking(true).and_then(|()| UnixListener::from_std(unix)).map_err(|error| {
        bound.remove();
        no_socket(error)
    })?;
    on_ready(&Ready { address, socket: bound.path.clone() });
    tracing::info!(%address, "serving");

    let routes = router(desk, Runs::Apart);
    let (stage, _) = watch::channel(Stage::Serving);
    let (tcp, tcp_empty) = Emptying::new(tcp, stage.subscribe());
    let (unix, unix_empty) = Emptying::new(unix, stage.subscribe());
    let tcp =
        axum::serve(tcp, routes.clone()).with_graceful_shutdown(reached(stage.subscribe(), Stage::Draining));
    let unix = axum::serve(unix, routes).with_graceful_shutdown(reached(stage.subscribe(), Stage::Draining));
    let mut servers = [tokio::spawn(tcp.into_future()), tokio::spawn(unix.into_future())];

    shutdown.await;
    tracing::info!("stopping");
    bound.remove();
    stage.send_replace(Stage::Emptying);
    // A connection that waits here believes that a server is there: it is answered.
    let _ = timeout(DRAIN_WAIT, async { tokio::join!(tcp_empty, unix_empty) }).await;
    sleep(SETTLE_WAIT).await;
    stage.send_replace(Stage::Draining);
    let drained = async {
        for server in &mut servers {
            // They end with nothing but the stage.
            let _ = server.await;
        }
    };
    if timeout(DRAIN_WAIT, drained).await.is_err() {
        tracing::warn!("requests were still on their way; their callers hear nothing");
        servers.iter().for_each(tokio::task::JoinHandle::abort);
    }
    Ok(())
}

async fn reached(mut now: watch::Receiver<Stage>, stage: Stage) {
    // Nobody to tell any more is as good as told.
    let _ = now.wait_for(|now| *now >= stage).await;
}

/// A listener that tells when, after the server was told to stop, no connection waits any more.
struct Emptying<L> {
    inner: L,
    stage: watch::Receiver<Stage>,
    empty: Option<oneshot::Sender<()>>,
}

impl<L> Emptying<L> {
    fn new(inner: L, stage: watch::Receiver<Stage>) -> (Self, oneshot::Receiver<()>) {
        let (empty, told) = oneshot::channel();
        (Self { inner, stage, empty: Some(empty) }, told)
    }
}

impl<L: Listener> Listener for Emptying<L> {
    type Io = L::Io;
    type Addr = L::Addr;

    async fn accept(&mut self) -> (L::Io, L::Addr) {
        loop {
            tokio::select! {
                // In this order: only when no connection waits is it empty.
                biased;
                accepted = self.inner.accept() => return accepted,
                () = reached(self.stage.clone(), Stage::Emptying), if self.empty.is_some() => {
                    if let Some(empty) = self.empty.take() {
                        let _ = empty.send(());
                    }
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<L::Addr> {
        self.inner.local_addr()
    }
}
