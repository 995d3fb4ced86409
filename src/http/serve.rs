//! The server: the API on a loopback port and on the socket of the data directory, until it is told to stop.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::net::{TcpListener, UnixListener};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{oneshot, watch};
use tokio::time::{sleep, timeout};

use crate::desk::Desk;
use crate::desk::access::{Door, Entrance};
use crate::http::api::Runs;
use crate::http::coming::Peer;
use crate::http::feed::Hub;
use crate::http::feed::patient::Patient;
use crate::http::router::router_at;
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
    /// The address is not to be had.
    #[error("{address} cannot be listened on; choose another, or port 0 for any that is free")]
    Address {
        /// Which.
        address: SocketAddr,
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
    let (door, hub) = (Door::of(desk), Arc::new(Hub::default()));
    let routes = [Entrance::Port, Entrance::Directory]
        .map(|entrance| router_at(door.clone(), Runs::Apart, entrance, Arc::clone(&hub)));
    let shutdown = async move {
        shutdown.await;
        // A feed has no end of its own that could be waited for.
        hub.close();
    };
    serve_routes(routes, dir, port, on_ready, shutdown)
}

/// Serves the first of these routes on a port, the second on the socket of the directory.
pub(super) fn serve_routes(
    routes: [Router; 2],
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
    runtime.block_on(listen(routes, dir, port.unwrap_or(PORT_DEFAULT), on_ready, shutdown))
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
    [of_port, of_directory]: [Router; 2],
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

    let (stage, _) = watch::channel(Stage::Serving);
    let (tcp, tcp_empty) = Emptying::new(tcp, stage.subscribe());
    let (unix, unix_empty) = Emptying::new(unix, stage.subscribe());
    let of_port = of_port.into_make_service_with_connect_info::<Peer>();
    let tcp = axum::serve(tcp, of_port).with_graceful_shutdown(reached(stage.subscribe(), Stage::Draining));
    let unix =
        axum::serve(unix, of_directory).with_graceful_shutdown(reached(stage.subscribe(), Stage::Draining));
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
    type Io = Patient<L::Io>;
    type Addr = L::Addr;

    async fn accept(&mut self) -> (Patient<L::Io>, L::Addr) {
        loop {
            tokio::select! {
                // In this order: only when no connection waits is it empty.
                biased;
                (connection, address) = self.inner.accept() => return (Patient::new(connection), address),
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

impl Connected<IncomingStream<'_, Emptying<TcpListener>>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Emptying<TcpListener>>) -> Self {
        Self(stream.remote_addr().ip().to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::os::unix::net::UnixStream;
    use std::thread;

    use super::*;
    use crate::desk::Opening;
    use crate::desk::testing::Fixture;
    use crate::http::client::Client;
    use crate::http::router::router;
    use crate::http::testing::{Gate, Running, ask};

    /// Asks over a plain connection, as a program of any language would.
    fn raw(mut stream: impl Read + Write, request: &str) -> String {
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn the_port_and_the_socket_give_the_same_answers() {
        let dir = tempfile::tempdir().unwrap();
        let desk = Arc::new(Fixture::new().desk);
        let running = Running::start(router(Arc::clone(&desk), Runs::Apart), dir.path());
        let request =
            "GET /v1/nowhere HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx-request-id: r1\r\n\r\n";
        let over_port = raw(TcpStream::connect(running.ready.address).unwrap(), request);
        let over_socket = raw(UnixStream::connect(&running.ready.socket).unwrap(), request);
        let without_date =
            |answer: &str| answer.lines().filter(|line| !line.starts_with("date")).collect::<String>();
        assert_eq!(without_date(&over_port), without_date(&over_socket));
        assert!(over_port.starts_with("HTTP/1.1 404 Not Found\r\n"), "{over_port}");
        assert!(over_port.contains("x-request-id: r1\r\n"), "{over_port}");

        let server = Client::open(dir.path(), Opening::Read).unwrap();
        assert!(server.asks_a_server());
        let here = Client::in_process(desk).unwrap();
        for path in ["/v1/log", "/v1/channels", "/v1/timeline", "/v1/entries/none"] {
            assert_eq!(ask(&server, path).status, ask(&here, path).status, "{path}");
        }
        running.stop().unwrap();
    }

    #[test]
    fn a_page_that_calls_this_machine_by_another_name_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let running = Running::start(crate::http::testing::routes(), dir.path());
        for head in ["host: evil.example", "host: localhost\r\norigin: http://evil.example", "x: y"] {
            let request = format!("GET /v1/echo/a HTTP/1.1\r\n{head}\r\nconnection: close\r\n\r\n");
            let answer = raw(TcpStream::connect(running.ready.address).unwrap(), &request);
            assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{head}: {answer}");
            assert!(answer.contains("application/problem+json"), "{answer}");
        }
        running.stop().unwrap();
    }

    #[test]
    fn many_callers_at_once_each_get_their_own_answer() {
        let dir = tempfile::tempdir().unwrap();
        let running = Running::start(crate::http::testing::routes(), dir.path());
        thread::scope(|scope| {
            for caller in 0..8 {
                let dir = dir.path();
                scope.spawn(move || {
                    let client = Client::open(dir, Opening::Read).unwrap();
                    for turn in 0..25 {
                        let said = format!("\"{caller}-{turn}\"");
                        let reply = ask(&client, &format!("/v1/echo/{caller}-{turn}"));
                        assert_eq!(String::from_utf8(reply.body).unwrap(), said);
                    }
                });
            }
        });
        running.stop().unwrap();
    }

    #[test]
    fn a_request_on_its_way_is_answered_before_the_server_ends() {
        let dir = tempfile::tempdir().unwrap();
        let gate = Gate::default();
        let running = Running::start(gate.routes(), dir.path());
        let client = Client::open(dir.path(), Opening::Read).unwrap();
        let asking = thread::spawn(move || ask(&client, "/v1/waits").status);
        gate.wait_until_somebody_asks();
        let stopping = thread::spawn(move || running.stop());
        // The socket goes first, so whoever comes now opens the log itself.
        while dir.path().join("socket").exists() {
            thread::yield_now();
        }
        gate.open();
        assert_eq!(asking.join().unwrap(), 200);
        stopping.join().unwrap().unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_port_that_is_taken_is_named_and_no_socket_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let taken = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let desk = Arc::new(Fixture::new().desk);
        let error = serve(desk, dir.path(), Some(port), |_| (), async {}).unwrap_err();
        assert!(error.to_string().contains(&format!("port {port} of 127.0.0.1")), "{error}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn two_servers_never_share_a_directory() {
        let dir = tempfile::tempdir().unwrap();
        let running = Running::start(crate::http::testing::routes(), dir.path());
        let desk = Arc::new(Fixture::new().desk);
        let error = serve(desk, dir.path(), Some(0), |_| (), async {}).unwrap_err();
        assert!(matches!(error, ServeError::Socket { .. }), "{error}");
        assert_eq!(ask(&Client::open(dir.path(), Opening::Read).unwrap(), "/v1/echo/a").status, 200);
        running.stop().unwrap();
    }
}
