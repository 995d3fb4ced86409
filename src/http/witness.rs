//! A witness over HTTP (C2SP tlog-witness): `POST /add-checkpoint`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http_body_util::LengthLimitError;
use tokio::net::TcpListener;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::desk::witness::{CosignError, Refusal, Witness};
use crate::http::serve::ServeError;
use crate::store::with_causes;
use crate::tlog::add_checkpoint::AddCheckpoint;

/// Where a witness listens when nothing is chosen.
pub const ADDRESS_DEFAULT: &str = "127.0.0.1:7734";
/// The largest request that is read: as much as a note may hold, and the proof.
const REQUEST_BYTES_MAX: usize = 1 << 20;
/// How long a request may take to arrive.
const ARRIVAL_WAIT: Duration = Duration::from_secs(30);
/// How long requests on their way are waited for at the end.
const DRAIN_WAIT: Duration = Duration::from_secs(10);
/// Requests that are judged at once; one log after the other, each waits for the disk.
const THREADS_MAX: usize = 16;

const TEXT: &str = "text/plain; charset=utf-8";
const SIZE: &str = "text/x.tlog.size";

/// Serves a witness on `address` until `shutdown` ends; blocks the calling thread.
///
/// `on_ready` is told the address once it is listened on. At the end requests on their way are answered.
///
/// # Errors
///
/// Returns [`ServeError`] where it cannot listen; nothing was cosigned.
pub fn serve_witness(
    witness: Witness,
    address: SocketAddr,
    on_ready: impl FnOnce(SocketAddr),
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(THREADS_MAX)
        .thread_name("demarche-witness")
        .enable_all()
        .build()
        .map_err(ServeError::Threads)?;
    runtime.block_on(listen(routes(witness), address, on_ready, shutdown))
}

async fn listen(
    routes: Router,
    address: SocketAddr,
    on_ready: impl FnOnce(SocketAddr),
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    let no_address = |source| ServeError::Address { address, source };
    let listener = TcpListener::bind(address).await.map_err(no_address)?;
    let address = listener.local_addr().map_err(no_address)?;
    on_ready(address);
    tracing::info!(%address, "witnessing");
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = axum::serve(listener, routes).with_graceful_shutdown(async {
        // Nobody to tell any more is as good as told.
        let _ = stopped.await;
    });
    let mut server = tokio::spawn(server.into_future());
    shutdown.await;
    let _ = stop.send(());
    if timeout(DRAIN_WAIT, &mut server).await.is_err() {
        tracing::warn!("requests were still on their way; their callers hear nothing");
        server.abort();
    }
    Ok(())
}

fn routes(witness: Witness) -> Router {
    Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        // The limit that counts is the one that the request is read with.
        .layer(DefaultBodyLimit::disable())
        .with_state(Arc::new(witness))
}

async fn add_checkpoint(State(witness): State<Arc<Witness>>, request: Request) -> Response {
    let body = match timeout(ARRIVAL_WAIT, to_bytes(request.into_body(), REQUEST_BYTES_MAX)).await {
        Ok(Ok(body)) => body,
        Ok(Err(error)) => {
            let cause = std::error::Error::source(&error);
            return if cause.is_some_and(<dyn std::error::Error>::is::<LengthLimitError>) {
                let what = format!("the request is larger than {REQUEST_BYTES_MAX} bytes");
                said(StatusCode::PAYLOAD_TOO_LARGE, what)
            } else {
                said(StatusCode::BAD_REQUEST, "the request broke off".to_owned())
            };
        }
        Err(_) => return said(StatusCode::REQUEST_TIMEOUT, "the request took too long".to_owned()),
    };
    let request = match AddCheckpoint::parse(&body) {
        Ok(request) => request,
        Err(error) => return said(StatusCode::BAD_REQUEST, with_causes(&error)),
    };
    // Judged to its end even if the caller goes away: what is then on disk was cosigned and not heard.
    let cosigned = spawn_blocking(move || witness.cosign(&request)).await;
    match cosigned {
        Ok(Ok(cosigned)) => {
            tracing::info!(size = cosigned.checkpoint.size, "cosigned");
            (StatusCode::OK, [(header::CONTENT_TYPE, TEXT)], cosigned.line.line()).into_response()
        }
        Ok(Err(CosignError::Refused(refusal))) => refused(&refusal),
        Ok(Err(CosignError::Unavailable(what))) => {
            tracing::error!(what, "nothing can be cosigned");
            // What the matter is with this machine is for those who run it.
            said(StatusCode::INTERNAL_SERVER_ERROR, "nothing can be cosigned now; try again later".to_owned())
        }
        Err(_) => said(StatusCode::INTERNAL_SERVER_ERROR, "the program made a mistake".to_owned()),
    }
}

// No wildcard arm: a new refusal must be given a status here before it compiles.
fn refused(refusal: &Refusal) -> Response {
    let (status, held) = match refusal {
        Refusal::NoCheckpoint(_) | Refusal::Backwards { .. } => (StatusCode::BAD_REQUEST, None),
        Refusal::UnknownLog { .. } => (StatusCode::NOT_FOUND, None),
        Refusal::Unsigned { .. } | Refusal::Forged(_) => (StatusCode::FORBIDDEN, None),
        Refusal::Moved { held, .. } | Refusal::Forked { held } => (StatusCode::CONFLICT, Some(*held)),
        Refusal::Inconsistent { .. } => (StatusCode::UNPROCESSABLE_ENTITY, None),
    };
    if refusal.is_fork() {
        tracing::error!(%refusal, "a log signed what contradicts what was cosigned");
    } else {
        tracing::info!(%refusal, "not cosigned");
    }
    match held {
        Some(held) => (status, [(header::CONTENT_TYPE, SIZE)], format!("{held}\n")).into_response(),
        None => said(status, refusal.to_string()),
    }
}

fn said(status: StatusCode, what: String) -> Response {
    (status, [(header::CONTENT_TYPE, TEXT)], what + "\n").into_response()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use axum::body::Body;
    use tower::ServiceExt;

    use super::*;
    use crate::desk::clock;
    use crate::desk::keys::place::KeyPlace;
    use crate::tlog::checkpoint::Checkpoint;
    use crate::tlog::key::{SignatureType, Signer};
    use crate::tlog::note::{Note, Signature};
    use crate::tlog::proof::{consistency, root};
    use crate::tlog::testing::{Grown, signer};

    const ORIGIN: &str = "desk-1a2b3c4d";

    fn witness(place: &Path) -> Witness {
        let (dir, keys) = (place.join("state"), KeyPlace::directory(place.join("keys")));
        Witness::init(&dir, &keys, &"witness.example/w1".parse().unwrap()).unwrap();
        let log = signer(ORIGIN, SignatureType::Ed25519, 1);
        Witness::trust(&dir, &[log.key().clone()]).unwrap();
        let now = "2026-11-24T03:00:00.000000Z".parse().unwrap();
        Witness::open(&dir, &keys, clock::stopped(now)).unwrap()
    }

    fn request(origin: &str, old: u64, size: u64) -> AddCheckpoint {
        let tree = Grown::new(16);
        let root = root(&tree, size).unwrap();
        let checkpoint = Checkpoint { origin: origin.parse().unwrap(), size, root, extensions: vec![] };
        let mut note = Note::new(checkpoint.text()).unwrap();
        note.sign(&signer(origin, SignatureType::Ed25519, 1), None).unwrap();
        AddCheckpoint { old, proof: consistency(&tree, old, size).unwrap(), checkpoint: note }
    }

    /// Returns status, type and text of the answer.
    fn ask(routes: &Router, method: &str, body: Vec<u8>) -> (u16, String, String) {
        let request = Request::builder().method(method).uri("/add-checkpoint");
        let request = request.body(Body::from(body)).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let response = routes.clone().oneshot(request).await.unwrap();
            let status = response.status().as_u16();
            let media = response.headers().get(header::CONTENT_TYPE);
            let media = media.map(|media| media.to_str().unwrap().to_owned()).unwrap_or_default();
            let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
            (status, media, String::from_utf8(body.to_vec()).unwrap())
        })
    }

    #[test]
    fn every_request_is_answered_with_the_status_of_the_standard() {
        let place = tempfile::tempdir().unwrap();
        let witness = witness(place.path());
        let key = witness.key().clone();
        let routes = routes(witness);
        let send = |request: &AddCheckpoint| ask(&routes, "POST", request.to_bytes());

        let first = request(ORIGIN, 0, 5);
        let (status, media, lines) = send(&first);
        assert_eq!((status, media.as_str()), (200, TEXT));
        let mut note = first.checkpoint.clone();
        note.add(Signature::parse(&lines).unwrap()).unwrap();
        assert_eq!(note.verify(&key).unwrap().unwrap().time, Some(1_795_489_200));

        assert_eq!(send(&request(ORIGIN, 5, 5)).0, 200);
        assert_eq!(send(&request(ORIGIN, 5, 9)).0, 200);
        let conflict = (409, SIZE.to_owned(), "9\n".to_owned());
        assert_eq!(send(&request(ORIGIN, 0, 9)), conflict);
        assert_eq!(send(&request(ORIGIN, 4, 5)), conflict);
        let mut forked = request(ORIGIN, 9, 9);
        forked.checkpoint = of_root(9, [7; 32]);
        assert_eq!(send(&forked), conflict);

        assert_eq!(send(&request("other.example/log", 0, 5)).0, 404);
        assert_eq!(send(&request(ORIGIN, 11, 10)).0, 400);
        let mut inconsistent = request(ORIGIN, 9, 12);
        inconsistent.checkpoint = of_root(12, [7; 32]);
        assert_eq!(send(&inconsistent).0, 422);
        let mut unsigned = request(ORIGIN, 9, 12);
        unsigned.checkpoint = Note::new(unsigned.checkpoint.text()).unwrap();
        unsigned.checkpoint.sign(&signer(ORIGIN, SignatureType::Ed25519, 2), None).unwrap();
        assert_eq!(send(&unsigned).0, 403);
        for garbage in [&b""[..], b"old 9", b"old 09\n\n", b"\xff\xff"] {
            assert_eq!(ask(&routes, "POST", garbage.to_vec()).0, 400);
        }
        assert_eq!(ask(&routes, "POST", vec![b'x'; REQUEST_BYTES_MAX + 1]).0, 413);
        assert_eq!(ask(&routes, "GET", Vec::new()).0, 405);
        assert_eq!(send(&request(ORIGIN, 9, 12)).0, 200, "nothing of this changed what is held");
    }

    fn of_root(size: u64, root: crate::tlog::Hash) -> Note {
        let checkpoint = Checkpoint { origin: ORIGIN.parse().unwrap(), size, root, extensions: vec![] };
        let mut note = Note::new(checkpoint.text()).unwrap();
        note.sign(&signer(ORIGIN, SignatureType::Ed25519, 1), None).unwrap();
        note
    }
}
