//! Connections: taken, held as long as they keep to the limits, and let go.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Request, Response};
use axum::serve::Listener;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use crate::desk::accounts::network;
use crate::http::coming::Peer;
use crate::http::problem::{Problem, ProblemKind};
use crate::http::serve::hurried::Hurried;
use crate::http::serve::limits::Limits;
use crate::http::serve::patient::Patient;
use crate::http::serve::underway::{self, Underway};
use crate::http::serve::watched::{Speaks, Watched, last_answer};
use crate::http::serve::{Stage, reached};
use crate::http::site::{Site, Wire};
use crate::http::traffic::{Refusal, Traffic};
use crate::http::ways::Through;

/// So many who cannot be held are told so at once; the others are only let go.
const TOLD_MAX: usize = 32;
/// After how many seconds whoever was not held may come again.
const AGAIN_SECONDS: u64 = 5;
/// How long the first request of a connection is waited for where the server is to stop.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// Requests on one connection of HTTP/2 at once.
const STREAMS_MAX: u32 = 128;
/// What a connection of HTTP/1 may have read of what comes, and waiting of what goes; a head has its own limit.
const BUFFERED_BYTES_MAX: usize = 64 << 10;
/// What one answer over HTTP/2 may have waiting for its reader.
const SEND_BYTES_MAX: usize = 256 << 10;
/// The name of HTTP/2 where TLS is agreed on.
const TWO: &[u8] = b"h2";

/// Where connections come to, and what becomes of them.
pub(super) struct Taking {
    pub(super) router: Router,
    pub(super) site: Arc<Site>,
    pub(super) limits: Arc<Limits>,
    pub(super) traffic: Arc<Traffic>,
    pub(super) tls: Option<Tls>,
    /// Those that come between; none where callers come themselves.
    pub(super) proxies: Vec<IpAddr>,
    /// That the proxy may not do what it is there for is told once.
    doubted: Once,
    places: Arc<Semaphore>,
    told: Arc<Semaphore>,
    by_address: Mutex<HashMap<IpAddr, usize>>,
}

/// How TLS is agreed on.
#[derive(Clone)]
pub(super) struct Tls {
    pub(super) acceptor: TlsAcceptor,
    /// For those who are only told that they cannot be held, for which HTTP/1 has the words.
    pub(super) refusing: TlsAcceptor,
}

/// A listener of the system, and from where its connections come.
pub(super) trait Source: Listener {
    /// Returns the address that a connection came from; none on this machine, without a network.
    fn from(address: &Self::Addr) -> Option<IpAddr>;

    /// Has what is said on a connection leave at once: what follows the log is told in small pieces, of which none
    /// waits until the one before was confirmed.
    fn hurry(stream: &Self::Io);
}

impl Source for TcpListener {
    fn from(address: &Self::Addr) -> Option<IpAddr> {
        Some(address.ip().to_canonical())
    }

    fn hurry(stream: &Self::Io) {
        // One that is gone already is found so when it is spoken to.
        let _ = stream.set_nodelay(true);
    }
}

impl Source for UnixListener {
    fn from(_: &Self::Addr) -> Option<IpAddr> {
        None
    }

    fn hurry(_: &Self::Io) {
        // Nothing is held back on this machine.
    }
}

impl Taking {
    pub(super) fn new(router: Router, site: Site, limits: Limits, traffic: Arc<Traffic>) -> Self {
        Self {
            router,
            site: Arc::new(site),
            places: Arc::new(Semaphore::new(limits.connections)),
            told: Arc::new(Semaphore::new(TOLD_MAX)),
            limits: Arc::new(limits),
            traffic,
            tls: None,
            proxies: Vec::new(),
            doubted: Once::new(),
            by_address: Mutex::default(),
        }
    }

    /// Takes connections until it is draining, then waits for those that are held.
    ///
    /// `empty` is told when, after the server was told to stop, no connection waits any more.
    pub(super) async fn take<L: Source>(
        self: Arc<Self>,
        mut listener: L,
        stage: watch::Receiver<Stage>,
        empty: oneshot::Sender<()>,
    ) {
        let mut held = JoinSet::new();
        let mut empty = Some(empty);
        while *stage.borrow() < Stage::Draining {
            tokio::select! {
                // In this order: only when no connection waits is it empty.
                biased;
                (stream, address) = listener.accept() => {
                    let from = L::from(&address);
                    match self.place(from) {
                        Ok(place) => {
                            L::hurry(&stream);
                            held.spawn(Arc::clone(&self).hold(stream, from, place, stage.clone()));
                        }
                        Err(why) => self.turn_away(&mut held, stream, from, why),
                    }
                }
                () = reached(stage.clone(), Stage::Emptying), if empty.is_some() => {
                    if let Some(empty) = empty.take() {
                        let _ = empty.send(());
                    }
                }
                () = reached(stage.clone(), Stage::Draining) => {}
                Some(_) = held.join_next(), if !held.is_empty() => {}
            }
            while held.try_join_next().is_some() {}
        }
        drop(listener);
        while held.join_next().await.is_some() {}
    }

    /// Takes a place for a connection, or says why there is none.
    fn place(self: &Arc<Self>, from: Option<IpAddr>) -> Result<Place, Refusal> {
        let is_past =
            |from: &IpAddr| !self.proxies.is_empty() && !self.proxies.contains(from) && !from.is_loopback();
        if from.as_ref().is_some_and(is_past) {
            return Err(Refusal::PastTheProxy);
        }
        let seat = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Refusal::Full)?;
        // Behind a proxy everybody comes from one address.
        let counted = from.filter(|from| !from.is_loopback() && self.proxies.is_empty()).map(network);
        if let Some(from) = counted {
            let mut all = self.by_address.lock().unwrap_or_else(PoisonError::into_inner);
            let of_address = all.entry(from).or_insert(0);
            if *of_address >= self.limits.connections_per_address {
                return Err(Refusal::FullForAddress);
            }
            *of_address += 1;
        }
        self.traffic.opened();
        Ok(Place { _seat: seat, counted, of: Arc::clone(self) })
    }

    /// Tells someone that they cannot be held, where not too many are told so already.
    fn turn_away<S: Stream>(
        self: &Arc<Self>,
        held: &mut JoinSet<()>,
        stream: S,
        from: Option<IpAddr>,
        why: Refusal,
    ) {
        self.traffic.refused(why, &name_of(from));
        let Ok(telling) = Arc::clone(&self.told).try_acquire_owned() else { return };
        let taking = Arc::clone(self);
        held.spawn(async move {
            let _telling = telling;
            // Whoever does not listen was let go all the same.
            let _ = timeout(taking.limits.handshake, taking.tell(stream, why)).await;
        });
    }

    async fn tell<S: Stream>(&self, mut stream: S, why: Refusal) -> io::Result<()> {
        let (status, kind, detail) = match why {
            Refusal::PastTheProxy => {
                ("403 Forbidden", ProblemKind::Foreign, "this server is asked over its proxy alone")
            }
            Refusal::FullForAddress => (
                "429 Too Many Requests",
                ProblemKind::TooOften,
                "as many connections come from your address as can at once; close some",
            ),
            Refusal::Full
            | Refusal::Handshake
            | Refusal::SlowHandshake
            | Refusal::SlowHead
            | Refusal::LargeHead
            | Refusal::Idle
            | Refusal::SlowBody
            | Refusal::SlowReader => (
                "503 Service Unavailable",
                ProblemKind::Unavailable,
                "as many are connected to this server as can be at once; come again later",
            ),
        };
        let again = (why != Refusal::PastTheProxy).then_some(AGAIN_SECONDS);
        let words = last_answer(status, &Problem { retry_after: again, ..Problem::new(kind, detail) });
        match &self.tls {
            None => say(&mut stream, &words).await,
            Some(tls) => say(&mut tls.refusing.accept(stream).await?, &words).await,
        }
    }

    /// Holds a connection until it ends.
    async fn hold<S: Stream>(
        self: Arc<Self>,
        stream: S,
        from: Option<IpAddr>,
        place: Place,
        stage: watch::Receiver<Stage>,
    ) {
        let _place = place;
        let name = name_of(from);
        let underway = Arc::new(Underway::new(Arc::clone(&self.traffic), name));
        // Below TLS, which takes what the other end never will, and waits for it where it is flushed.
        let stream = Patient::with(stream, self.limits.take_stall, Arc::clone(&underway));
        let Some(tls) = &self.tls else {
            return self.speak(stream, Speaks::One, from, underway, stage).await;
        };
        // Apart, here and below, so that a connection without it holds no room for it.
        match Box::pin(timeout(self.limits.handshake, tls.acceptor.accept(stream))).await {
            Err(_) => underway.refuses(Refusal::SlowHandshake),
            Ok(Err(error)) => {
                tracing::debug!(%error, "TLS was not agreed on");
                underway.refuses(Refusal::Handshake);
            }
            Ok(Ok(stream)) => {
                let speaks =
                    if stream.get_ref().1.alpn_protocol() == Some(TWO) { Speaks::Two } else { Speaks::One };
                Box::pin(self.speak(stream, speaks, from, underway, stage)).await;
            }
        }
    }

    async fn speak<S: Stream>(
        self: &Arc<Self>,
        stream: S,
        speaks: Speaks,
        from: Option<IpAddr>,
        underway: Arc<Underway>,
        stage: watch::Receiver<Stage>,
    ) {
        let stream = Watched::new(stream, Arc::clone(&self.limits), Arc::clone(&underway), speaks);
        let stream = TokioIo::new(stream);
        let (taking, of) = (Arc::clone(self), Arc::clone(&underway));
        let service = service_fn(move |request: Request<Incoming>| {
            let (taking, of) = (Arc::clone(&taking), Arc::clone(&of));
            // At once: what is read next is its body, and no head any more.
            let begun = of.begin();
            // Apart, so that a connection holds no room for it once the answer begins.
            async move { Ok::<_, Infallible>(Box::pin(taking.answer(request, from, (&of, begun))).await) }
        });
        let patience = self.limits.take_stall;
        // What ends a connection otherwise was counted, or is the other end's own matter.
        match speaks {
            Speaks::One => {
                let mut builder = http1::Builder::new();
                builder.timer(TokioTimer::new()).header_read_timeout(None).max_buf_size(BUFFERED_BYTES_MAX);
                let mut connection = pin!(builder.serve_connection(stream, service));
                tokio::select! {
                    _ = connection.as_mut() => return,
                    () = ends(stage, &underway) => connection.as_mut().graceful_shutdown(),
                }
                let _ = connection.await;
            }
            Speaks::Two => {
                let mut builder = http2::Builder::new(TokioExecutor::new());
                builder
                    .timer(TokioTimer::new())
                    .max_concurrent_streams(STREAMS_MAX)
                    .max_header_list_size(u32::try_from(self.limits.head_bytes).unwrap_or(u32::MAX))
                    .max_send_buf_size(SEND_BYTES_MAX)
                    .keep_alive_interval(self.limits.body_stall)
                    .keep_alive_timeout(self.limits.body_stall);
                let mut connection = Box::pin(builder.serve_connection(stream, service));
                let stalled = underway.stalled(patience);
                let mut stalled = pin!(stalled);
                tokio::select! {
                    _ = connection.as_mut() => return,
                    () = stalled.as_mut() => return underway.refuses(Refusal::SlowReader),
                    () = ends(stage, &underway) => connection.as_mut().graceful_shutdown(),
                }
                tokio::select! {
                    _ = connection => {}
                    () = stalled => underway.refuses(Refusal::SlowReader),
                }
            }
        }
    }

    /// Answers one request.
    async fn answer(
        &self,
        request: Request<Incoming>,
        from: Option<IpAddr>,
        (underway, begun): (&Arc<Underway>, underway::Request),
    ) -> Response<Body> {
        let (mut parts, body) = request.into_parts();
        let (peer, wire) = self.seen(&parts.headers, from);
        let is_proxy = from.is_some_and(|from| self.proxies.contains(&from));
        parts.extensions.insert(if is_proxy { Through::Proxy } else { Through::Nobody });
        parts.extensions.insert(ConnectInfo(Peer(peer)));
        parts.extensions.insert(wire);
        parts.extensions.insert(Arc::clone(&self.site));
        let body = Body::new(Hurried::new(body, Arc::clone(&self.limits), Arc::clone(underway)));
        // A router answers always: that is its service's error type.
        let answered = self.router.clone().oneshot(Request::from_parts(parts, body)).await;
        let response = answered.unwrap_or_else(|never| match never {});
        self.traffic.answered(response.status().as_u16());
        response.map(|body| begun.until_left(body))
    }

    /// Returns from where a request came, and over what: as the proxy says it, where there is one.
    fn seen(&self, headers: &axum::http::HeaderMap, from: Option<IpAddr>) -> (String, Wire) {
        let direct = || (name_of(from), if self.tls.is_some() { Wire::Tls } else { Wire::Plain });
        if !from.is_some_and(|from| self.proxies.contains(&from)) {
            return direct();
        }
        // Only the last is the proxy's own word: whatever stands before, anybody may have sent.
        let last = |name: &str| {
            let line = headers.get_all(name).iter().next_back()?.to_str().ok()?;
            Some(line.rsplit(',').next().unwrap_or_default().trim().to_owned())
        };
        let (client, proto) = (last("x-forwarded-for"), last("x-forwarded-proto"));
        let proto = proto.as_deref().filter(|proto| !proto.is_empty());
        // Whoever asks on this machine past a proxy that is on it says neither.
        let is_past = client.is_none() && proto.is_none() && from.is_some_and(|from| from.is_loopback());
        let wire = if is_past { direct().1 } else { Wire::through_proxy(proto) };
        if let (false, Some(doubt)) = (is_past, Wire::doubt(proto)) {
            self.doubted.call_once(|| tracing::warn!("{doubt}"));
        }
        let peer = client.and_then(|peer| peer.parse::<IpAddr>().ok());
        (peer.map_or_else(|| name_of(from), |peer| peer.to_canonical().to_string()), wire)
    }
}

/// A place among the connections, until it is dropped.
struct Place {
    _seat: OwnedSemaphorePermit,
    counted: Option<IpAddr>,
    of: Arc<Taking>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.of.traffic.closed();
        let Some(from) = self.counted else { return };
        let mut all = self.of.by_address.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_address) = all.get_mut(&from) {
            *of_address = of_address.saturating_sub(1);
            if *of_address == 0 {
                all.remove(&from);
            }
        }
    }
}

/// What can be spoken over.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Stream for S {}

fn name_of(from: Option<IpAddr>) -> String {
    from.map_or_else(|| "the directory".to_owned(), |from| from.to_string())
}

/// Ends when a connection takes no more requests than those that are under way: one that was taken just before the
/// server was told to stop has its first read all the same.
async fn ends(stage: watch::Receiver<Stage>, underway: &Underway) {
    reached(stage, Stage::Draining).await;
    let _ = timeout(FIRST_WAIT, underway.first_begun()).await;
}

/// Says the last words, and drops what comes until the other end heard them.
async fn say(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), words: &[u8]) -> io::Result<()> {
    stream.write_all(words).await?;
    stream.shutdown().await?;
    tokio::io::copy(stream, &mut tokio::io::sink()).await.map(|_| ())
}
