//! The one door for programs: calls the API in process when the data directory is free, over the socket of the
//! server that holds it, or over TLS at a server far away.

mod remote;
#[cfg(test)]
mod tests;
mod upload;
mod way;

pub use remote::ServerAddress;
pub use upload::Upload;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::desk::error::DeskError;
use crate::desk::keys::place::KeyPlace;
use crate::desk::{Desk, Opening};
use crate::http::client::remote::Remote;
use crate::http::client::way::{Lost, Way};
use crate::http::escape::{escape, escape_path};
use crate::http::problem::{Problem, ProblemKind};

/// What is asked of the API.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// `GET` or `POST`.
    pub method: Method,
    /// The path: `/v1/channels`. One with a handle in it is best made by [`path`].
    pub path: String,
    /// The query, not yet escaped.
    pub query: Vec<(String, String)>,
    /// A token, or the secret of a session (header `authorization`).
    pub bearer: Option<String>,
    /// The name under which the caller records (header `demarche-actor`).
    pub actor: Option<String>,
    /// The zone in which the caller types dates (header `demarche-tz`).
    pub tz: Option<String>,
    /// What for the caller reads (header `demarche-purpose`).
    pub purpose: Option<String>,
    /// The body: JSON, or a file to import.
    pub body: Vec<u8>,
    /// A file that is the body instead, read while it is sent.
    pub upload: Option<Upload>,
    /// Whether the same may be sent twice.
    pub repeats: Repeats,
}

impl std::fmt::Debug for Request {
    /// Tells everything but what must not be told.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Request")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("query", &self.query)
            .field("actor", &self.actor)
            .field("body", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Whether the same may be sent twice, where no answer came to the first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Repeats {
    /// What was done may be done twice, unless it only asked.
    #[default]
    Never,
    /// It carries the id of its submission, so that nothing is done twice.
    Harmlessly,
    /// Not by itself, but it records nothing, so that nothing is in doubt.
    RecordsNothing,
}

/// Whether something is asked or done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    #[default]
    Get,
    /// Writes.
    Post,
}

/// Returns the path of these segments, each of which may be any text: `["v1", "threads", handle]`.
pub fn path(segments: &[&str]) -> String {
    segments.iter().flat_map(|segment| ["/".to_owned(), escape(segment)]).collect()
}

impl Request {
    /// Returns the path and the query as an address has them.
    fn target(&self) -> String {
        let mut target = escape_path(&self.path);
        for (place, (name, value)) in self.query.iter().enumerate() {
            target.push(if place == 0 { '?' } else { '&' });
            target.extend([escape(name), "=".to_owned(), escape(value)]);
        }
        target
    }
}

/// What the API answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status, as HTTP has it.
    pub status: u16,
    /// The body: JSON of an `Answer`, `application/problem+json`, or lines.
    pub body: Vec<u8>,
    /// What the format of an export had no room for.
    pub notice: Option<String>,
}

impl Reply {
    /// Tells whether the API did what was asked.
    pub const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    /// Returns the problem that the reply says; none for an answer.
    ///
    /// # Errors
    ///
    /// Returns [`ClientError`] when the reply is neither an answer nor a problem of this API.
    pub fn problem(&self) -> Result<Option<Problem>, ClientError> {
        if self.is_success() {
            return Ok(None);
        }
        let problem = serde_json::from_slice(&self.body).map_err(|_| {
            let what =
                format!("the server answered {} without saying why; is it another program?", self.status);
            ClientError::new(ProblemKind::Unavailable, what, true)
        })?;
        Ok(Some(problem))
    }
}

/// No answer came; nothing was recorded unless the request may have arrived.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct ClientError {
    /// What went wrong, and what would be right.
    pub what: String,
    /// What the caller may have meant, or may do.
    pub hints: Vec<String>,
    /// What is the matter, as the API would say it.
    pub kind: ProblemKind,
    /// Whether the request may have arrived, so that what was to be recorded may have been.
    pub may_have_arrived: bool,
    /// Why the answer could not be written on, where that was the matter: a broken pipe, a full disk.
    pub output: Option<io::Error>,
}

impl ClientError {
    fn new(kind: ProblemKind, what: impl Into<String>, may_have_arrived: bool) -> Self {
        Self { what: what.into(), hints: Vec::new(), kind, may_have_arrived, output: None }
    }
}

impl From<DeskError> for ClientError {
    fn from(error: DeskError) -> Self {
        let problem = Problem::from(error);
        let Problem { kind, detail, hints, candidates, .. } = problem;
        Self { hints: [hints, candidates].concat(), ..Self::new(kind, detail, false) }
    }
}

/// The name of this machine, by which a server on it is asked.
const HERE: &str = "localhost";

/// How a log is opened in this process.
type OpenDesk = dyn Fn(&Path, Opening) -> Result<Desk, DeskError> + Send + Sync;

/// A way to the API of one log.
///
/// Its calls block the calling thread; none may be made on a thread that runs asynchronous tasks.
pub struct Client {
    place: Place,
    way: Mutex<Way>,
}

/// Where the way leads, and is looked for again.
enum Place {
    /// To a desk that was handed over: nothing is looked for again.
    Handed,
    Directory(Directory),
    Server(Remote),
}

/// Where the log is, and how it is opened.
struct Directory {
    path: PathBuf,
    opening: Opening,
    open: Box<OpenDesk>,
}

impl Client {
    /// Finds the way to the log in `dir`: over the socket of a server that holds it, else in process.
    ///
    /// # Errors
    ///
    /// Returns [`ClientError`] when there is no log, or another process holds it for longer than the wait;
    /// its kind is that of the desk's own error.
    pub fn open(dir: &Path, opening: Opening) -> Result<Self, ClientError> {
        Self::open_signing(dir, opening, KeyPlace::default())
    }

    /// Finds the way as [`Client::open`] does; what is recorded in process is signed with the keys in `keys`.
    ///
    /// # Errors
    ///
    /// As [`Client::open`], and where there are keys that must not be used.
    pub fn open_signing(dir: &Path, opening: Opening, keys: KeyPlace) -> Result<Self, ClientError> {
        let open = move |dir: &Path, opening| Desk::open_with(dir, opening, &keys);
        Self::open_with(dir, opening, Box::new(open))
    }

    fn open_with(dir: &Path, opening: Opening, open: Box<OpenDesk>) -> Result<Self, ClientError> {
        let directory = Directory { path: dir.to_owned(), opening, open };
        let way = Mutex::new(directory.look()?);
        Ok(Self { place: Place::Directory(directory), way })
    }

    /// Returns the way to a desk that is open in this process.
    ///
    /// # Errors
    ///
    /// Returns [`ClientError`] when the system refuses what waiting for answers needs.
    pub fn in_process(desk: impl Into<Arc<Desk>>) -> Result<Self, ClientError> {
        Ok(Self { place: Place::Handed, way: Mutex::new(Way::here(desk.into())?) })
    }

    /// Returns the way to a server far away, which is trusted where one of the usual authorities says that it is
    /// the one that was named, or the one in the file `authority`.
    ///
    /// # Errors
    ///
    /// Returns [`ClientError`] when it is not reached, or is not known to be that server.
    pub fn to_server(address: &ServerAddress, authority: Option<&Path>) -> Result<Self, ClientError> {
        let remote = Remote::new(address, authority)?;
        let way = Mutex::new(remote.connect()?);
        Ok(Self { place: Place::Server(remote), way })
    }

    /// Tells whether a server answers, rather than this process.
    pub fn asks_a_server(&self) -> bool {
        self.way.lock().unwrap_or_else(PoisonError::into_inner).is_server()
    }

    /// Sends a request and waits for the answer, whole.
    ///
    /// # Errors
    ///
    /// As [`Client::send_to`].
    pub fn send(&self, request: &Request) -> Result<Reply, ClientError> {
        let mut body = Vec::new();
        let reply = self.send_to(request, &mut body)?;
        Ok(if reply.is_success() { Reply { body, ..reply } } else { reply })
    }

    /// Sends a request and writes the answer to `out` while it comes; the reply's own body stays empty.
    ///
    /// Where the reply is a problem, nothing is written and its body is the problem. A question whose
    /// server went away before it answered is asked again, of the next server or in process; a command
    /// only when it certainly did not arrive, or, far away, when it may be sent twice.
    ///
    /// # Errors
    ///
    /// Returns [`ClientError`] when no whole answer came: with `may_have_arrived`, what was to be recorded
    /// may have been; without, it was not.
    pub fn send_to(&self, request: &Request, out: &mut dyn Write) -> Result<Reply, ClientError> {
        // A panic while the way was in use leaves at worst a broken connection, which is looked for again.
        let mut way = self.way.lock().unwrap_or_else(PoisonError::into_inner);
        let response = match &self.place {
            Place::Server(remote) => remote.ask(&mut way, request)?,
            Place::Handed => way.call(request, HERE)?.map_err(|lost| no_answer(request, &lost))?,
            Place::Directory(directory) => match way.call(request, HERE)? {
                Ok(response) => response,
                Err(lost) if request.method == Method::Get || !lost.may_have_arrived => {
                    *way = directory.look()?;
                    way.call(request, HERE)?.map_err(|lost| no_answer(request, &lost))?
                }
                Err(lost) => return Err(no_answer(request, &lost)),
            },
        };
        way.receive(response, request.method, out)
    }

    /// Ends the way: a log that was opened for it is closed, and what was recorded is saved for a quick
    /// opening. A desk that others hold stays open.
    ///
    /// # Errors
    ///
    /// Returns [`ClientError`] where the log could not be closed cleanly; what was recorded is on disk.
    pub fn close(self) -> Result<(), ClientError> {
        self.way.into_inner().unwrap_or_else(PoisonError::into_inner).close()
    }
}

fn no_answer(request: &Request, lost: &Lost) -> ClientError {
    let may_have_recorded = lost.may_have_arrived && request.repeats != Repeats::RecordsNothing;
    match (request.method, may_have_recorded) {
        (Method::Post, true) => {
            let what =
                format!("the server went away ({}); it is not known whether this was recorded", lost.what);
            let hint = "send the same submission again with the same request id: it records nothing twice";
            let error = ClientError::new(ProblemKind::InDoubt, what, true);
            ClientError { hints: vec![hint.to_owned()], ..error }
        }
        (Method::Get, _) | (Method::Post, false) => {
            let what = format!("the server does not answer ({}); nothing was recorded", lost.what);
            ClientError::new(ProblemKind::Unavailable, what, false)
        }
    }
}
