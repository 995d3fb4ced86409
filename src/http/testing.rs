//! Routes that answer without a log, and a server for a test.

use std::convert::Infallible;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc;
use std::task::{Context, Poll};
use std::thread::{self, JoinHandle};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{RawQuery, Request as HttpRequest};
use axum::routing::{get, post};
use hyper::body::Frame;
use tokio::sync::{Semaphore, oneshot};

use crate::http::body::{self, JSON};
use crate::http::client::{Client, Reply, Request};
use crate::http::feed::Hub;
use crate::http::router::{Handle, guarded};
use crate::http::serve::{Listening, Ready, ServeError, serve_routes};

/// Returns routes that say what they were asked, and one that panics.
pub(super) fn routes() -> Router {
    let echo = async |Handle(handle): Handle, RawQuery(query): RawQuery| {
        serde_json::to_string(&handle).unwrap() + &query.unwrap_or_default()
    };
    let panics = async || -> String { panic!("a mistake") };
    let takes = async |request: HttpRequest| {
        body::bytes(request, JSON, 1 << 20).await.map(|taken| taken.len().to_string())
    };
    let pours = async || Body::new(Endless);
    let routes = Router::new().route("/v1/takes", post(takes)).route("/v1/pours", get(pours));
    let routes = routes.route("/v1/panics", get(panics).post(panics));
    guarded(routes.route("/v1/echo/{handle}", get(echo)))
}

/// An answer that has no end.
struct Endless;

impl HttpBody for Endless {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[b'x'; 1 << 14])))))
    }
}

/// Asks for a path.
pub(super) fn ask(client: &Client, path: &str) -> Reply {
    client.send(&Request { path: path.to_owned(), ..Request::default() }).unwrap()
}

/// A route that answers when it is told to.
pub(super) struct Gate {
    open: Arc<Semaphore>,
    asked: (mpsc::Sender<()>, mpsc::Receiver<()>),
}

impl Default for Gate {
    fn default() -> Self {
        Self { open: Arc::new(Semaphore::new(0)), asked: mpsc::channel() }
    }
}

impl Gate {
    pub(super) fn routes(&self) -> Router {
        let (open, asked) = (Arc::clone(&self.open), self.asked.0.clone());
        let waits = async move || {
            asked.send(()).unwrap();
            open.acquire().await.unwrap().forget();
            "open"
        };
        guarded(Router::new().route("/v1/waits", get(waits)))
    }

    pub(super) fn wait_until_somebody_asks(&self) {
        self.asked.1.recv().unwrap();
    }

    pub(super) fn open(&self) {
        self.open.add_permits(1);
    }
}

/// A server on a thread of its own.
pub(super) struct Running {
    pub(super) ready: Ready,
    pub(super) hub: Arc<Hub>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<Result<(), ServeError>>,
}

impl Running {
    pub(super) fn start(routes: Router, dir: &Path) -> Self {
        Self::start_at(routes, dir, &Listening::on_port(0))
    }

    pub(super) fn start_at(routes: Router, dir: &Path, listening: &Listening) -> Self {
        Self::start_with(routes, Arc::default(), dir, listening)
    }

    /// Starts one whose feeds, if it has any, share what is given.
    pub(super) fn start_with(routes: Router, hub: Arc<Hub>, dir: &Path, listening: &Listening) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = mpsc::channel();
        let (dir, listening) = (dir.to_owned(), listening.clone());
        let of_server = Arc::clone(&hub);
        let server = thread::spawn(move || {
            let shutdown = async { stopped.await.unwrap_or_default() };
            let on_ready = |ready: &Ready| tell.send(ready.clone()).unwrap();
            serve_routes([routes.clone(), routes], &of_server, &dir, &listening, on_ready, shutdown)
        });
        Self { ready: told.recv().unwrap(), hub, stop, server }
    }

    pub(super) fn stop(self) -> Result<(), ServeError> {
        self.stop.send(()).unwrap();
        self.server.join().unwrap()
    }
}
