//! The ways to the API, and the search for the one that is open.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{self, header};
use axum::response::Response;
use http_body_util::BodyExt;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use tower::ServiceExt;
use uuid::Uuid;

use crate::desk::error::DeskError;
use crate::desk::{Desk, Opening};
use crate::http::api::{ACTOR, Runs};
use crate::http::client::{ClientError, Directory, Method, Reply, Request};
use crate::http::guard::REQUEST_ID;
use crate::http::lines::NOTICE;
use crate::http::problem::ProblemKind;
use crate::http::query::TZ;
use crate::http::reading::PURPOSE;
use crate::http::router::router;
use crate::http::socket;

/// How long a held log is waited for before a server is looked for again.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A way to the API.
pub(super) enum Way {
    /// The desk is open in this process.
    Here {
        /// Only waits; it has no threads of its own until lines are exported.
        runtime: Runtime,
        router: Router,
        desk: Arc<Desk>,
    },
    /// A server holds the log.
    Server { runtime: Runtime, sender: SendRequest<Body>, patience: Patience },
}

/// How long a server is waited for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Patience {
    /// As long as it is there: it is on this machine, and whoever asks sees it.
    Endless,
    /// So long for an answer, and for each piece of it; a file that is being sent counts as none of it.
    For(Duration),
}

impl Patience {
    /// Waits for what a server does, unless it takes too long and nothing moved meanwhile.
    async fn wait<T>(self, work: impl Future<Output = T>, moved: impl Fn() -> u64) -> Option<T> {
        let Self::For(patience) = self else { return Some(work.await) };
        let mut work = pin!(work);
        loop {
            let before = moved();
            match timeout(patience, work.as_mut()).await {
                Ok(done) => return Some(done),
                Err(_) if moved() != before => {}
                Err(_) => return None,
            }
        }
    }
}

/// No answer came.
pub(super) struct Lost {
    pub(super) what: String,
    pub(super) may_have_arrived: bool,
    /// What came is no answer of HTTP.
    pub(super) is_no_http: bool,
}

impl Directory {
    /// Finds the way: a server that answers, else the log itself; while another process holds the log,
    /// either, whichever comes first, for as long as the opening waits.
    pub(super) fn look(&self) -> Result<Way, ClientError> {
        let began = Instant::now();
        loop {
            if let Some(server) = self.server()? {
                return Ok(server);
            }
            let (opening, tried) = (self.slice(began), Instant::now());
            let error = match (self.open)(&self.path, opening) {
                Ok(desk) => return Way::here(Arc::new(desk)),
                Err(error) => error,
            };
            let (Opening::Write { wait: slice }, Opening::Write { wait }) = (opening, self.opening) else {
                return Err(error.into());
            };
            // Only a held lock makes the desk wait; any other failure would be the same the next time.
            let is_held = matches!(error, DeskError::Unavailable(_)) && tried.elapsed() >= slice;
            if !is_held || began.elapsed() >= wait {
                // A server may have begun meanwhile.
                return self.server()?.ok_or_else(|| error.into());
            }
        }
    }

    fn server(&self) -> Result<Option<Way>, ClientError> {
        match socket::connect(&self.path) {
            Ok(None) => Ok(None),
            Ok(Some(stream)) => Way::server(stream).map(Some),
            Err(error) => Err(no_socket(&self.path, &error)),
        }
    }

    /// Returns the opening with the part of its wait until a server is looked for again.
    fn slice(&self, began: Instant) -> Opening {
        match self.opening {
            Opening::Read => Opening::Read,
            Opening::Write { wait } => {
                Opening::Write { wait: wait.saturating_sub(began.elapsed()).min(LOOK_EVERY) }
            }
        }
    }
}

fn no_socket(dir: &Path, error: &std::io::Error) -> ClientError {
    let what = format!("the server of {} cannot be reached over its socket: {error}", dir.display());
    ClientError::new(ProblemKind::Unavailable, what, false)
}

impl Way {
    /// Returns the way to a desk in this process.
    pub(super) fn here(desk: Arc<Desk>) -> Result<Self, ClientError> {
        let routes = router(Arc::clone(&desk), Runs::Here);
        Self::here_by(routes, desk)
    }

    pub(super) fn here_by(router: Router, desk: Arc<Desk>) -> Result<Self, ClientError> {
        let runtime = Builder::new_current_thread().build().map_err(|error| no_runtime(&error))?;
        Ok(Self::Here { runtime, router, desk })
    }

    fn server(stream: UnixStream) -> Result<Self, ClientError> {
        let runtime =
            Builder::new_current_thread().enable_io().build().map_err(|error| no_runtime(&error))?;
        let sender = runtime.block_on(async {
            stream.set_nonblocking(true).map_err(|error| no_runtime(&error))?;
            let stream = tokio::net::UnixStream::from_std(stream).map_err(|error| no_runtime(&error))?;
            handshake(stream).await
        })?;
        Ok(Self::Server { runtime, sender, patience: Patience::Endless })
    }

    pub(super) const fn is_server(&self) -> bool {
        matches!(self, Self::Server { .. })
    }

    /// Sends a request to the host that is named, and waits for the head of its answer.
    ///
    /// # Errors
    ///
    /// Returns [`ClientError`] where it is no request that could be sent.
    pub(super) fn call(
        &mut self,
        request: &Request,
        host: &str,
    ) -> Result<Result<Response, Lost>, ClientError> {
        let message = message(request, host)?;
        Ok(match self {
            Self::Here { runtime, router, .. } => {
                // A router answers always: that is its service's error type.
                runtime.block_on(router.clone().oneshot(message)).map_err(|never| match never {})
            }
            Self::Server { runtime, sender, patience } => runtime.block_on(async {
                // Lets the connection notice first that the server hung up since the last answer.
                tokio::task::yield_now().await;
                if let Err(error) = sender.ready().await {
                    return Err(Lost { what: error.to_string(), may_have_arrived: false, is_no_http: false });
                }
                let sent = || request.upload.as_ref().map_or(0, |upload| upload.progress().look().1);
                let Some(answered) = patience.wait(sender.try_send_request(message), sent).await else {
                    let what = "there is no answer, and none is waited for any longer".to_owned();
                    return Err(Lost { what, may_have_arrived: true, is_no_http: false });
                };
                answered.map(|response| response.map(Body::new)).map_err(|mut error| {
                    // The message comes back when not a byte of it was sent.
                    let may_have_arrived = error.take_message().is_none();
                    let error = error.into_error();
                    Lost { what: error.to_string(), may_have_arrived, is_no_http: error.is_parse() }
                })
            }),
        })
    }

    /// Writes the body of an answer on while it comes.
    pub(super) fn receive(
        &mut self,
        response: Response,
        method: Method,
        out: &mut dyn Write,
    ) -> Result<Reply, ClientError> {
        let (runtime, patience) = match self {
            Self::Here { runtime, .. } => (runtime, Patience::Endless),
            Self::Server { runtime, patience, .. } => (runtime, *patience),
        };
        let notice = response.headers().get(NOTICE).and_then(|notice| notice.to_str().ok());
        let notice = notice.map(ToOwned::to_owned);
        let mut reply = Reply { status: response.status().as_u16(), body: Vec::new(), notice };
        let is_success = reply.is_success();
        let mut body = response.into_body();
        let mut received: u64 = 0;
        loop {
            let piece = match runtime.block_on(patience.wait(body.frame(), || 0)) {
                Some(Some(frame)) => frame.ok().map(|frame| frame.into_data().unwrap_or_default()),
                Some(None) => return Ok(reply),
                None => None,
            };
            let Some(part) = piece else {
                let what = format!("the answer broke off after {received} bytes");
                return Err(match method {
                    Method::Get => ClientError::new(ProblemKind::Unavailable, what, false),
                    Method::Post => ClientError::new(ProblemKind::InDoubt, what, true),
                });
            };
            received += part.len() as u64;
            if !is_success {
                reply.body.extend_from_slice(&part);
            } else if let Err(error) = out.write_all(&part) {
                let what = format!("the answer cannot be written: {error}");
                let failed = ClientError::new(ProblemKind::Unavailable, what, method == Method::Post);
                return Err(ClientError { output: Some(error), ..failed });
            }
        }
    }

    /// Closes the desk where nobody else holds it.
    pub(super) fn close(self) -> Result<(), ClientError> {
        let Self::Here { runtime, router, desk } = self else { return Ok(()) };
        drop(router);
        // Waits for the thread of an export that was not read to its end.
        drop(runtime);
        match Arc::try_unwrap(desk) {
            Ok(desk) => Ok(desk.close()?),
            Err(_held) => Ok(()),
        }
    }
}

/// Begins to speak HTTP over a connection.
pub(super) async fn handshake<S>(stream: S) -> Result<SendRequest<Body>, ClientError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| {
        let what = format!("the server does not speak HTTP: {error}");
        ClientError::new(ProblemKind::Unavailable, what, false)
    })?;
    // Its failure is the failure of the request that it carries.
    tokio::spawn(connection);
    Ok(sender)
}

pub(super) fn no_runtime(error: &std::io::Error) -> ClientError {
    ClientError::new(
        ProblemKind::Unavailable,
        format!("the system refuses to wait for answers: {error}"),
        false,
    )
}

/// Returns a request as it goes over the wire, with an id by which the log of the server names it.
fn message(request: &Request, host: &str) -> Result<http::Request<Body>, ClientError> {
    let wrong = |what: String| ClientError::new(ProblemKind::Malformed, what, false);
    let mut message = http::Request::builder().uri(request.target()).header(header::HOST, host);
    message = message.header(REQUEST_ID, Uuid::new_v4().to_string());
    let bearer = request.bearer.as_ref().map(|secret| format!("Bearer {secret}"));
    let authorization = header::AUTHORIZATION.as_str();
    for (name, value) in
        [(authorization, &bearer), (ACTOR, &request.actor), (TZ, &request.tz), (PURPOSE, &request.purpose)]
    {
        let Some(value) = value else { continue };
        let value = http::HeaderValue::from_bytes(value.as_bytes()).map_err(|_| {
            // What lets someone in is not shown.
            if name == authorization {
                wrong("the credential is no line of text".to_owned())
            } else {
                wrong(format!("`{}` is not a line of text for {name}", value.escape_debug()))
            }
        })?;
        message = message.header(name, value);
    }
    message = match request.method {
        Method::Get => message.method(http::Method::GET),
        Method::Post => {
            let media = match request.path.as_str() {
                _ if request.upload.is_some() => "application/octet-stream",
                "/v1/import" => "application/jsonl",
                "/v1/audit/timestamps" => crate::http::audit::STAMP,
                _ => "application/json",
            };
            message.method(http::Method::POST).header(header::CONTENT_TYPE, media)
        }
    };
    let body = match &request.upload {
        Some(upload) => Body::new(upload.body()),
        None if request.body.is_empty() => Body::empty(),
        None => Body::from(request.body.clone()),
    };
    // A router in this process reads the file itself; over a socket the body alone arrives.
    let message = match &request.upload {
        Some(upload) => message.extension(upload.clone()),
        None => message,
    };
    message.body(body).map_err(|error| wrong(format!("`{}` is not a path of the API: {error}", request.path)))
}
