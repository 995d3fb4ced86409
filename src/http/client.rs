//! The one door for programs: calls the API in process when the data directory is free, or over the
//! socket of the server that holds it.

use std::path::Path;

use crate::desk::Opening;

/// What is asked of the API.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// `GET` or `POST`.
    pub method: Method,
    /// The path: `/v1/channels`.
    pub path: String,
    /// The query, not yet escaped.
    pub query: Vec<(String, String)>,
    /// The name under which the caller records (header `demarche-actor`).
    pub actor: Option<String>,
    /// The zone in which the caller types dates (header `demarche-tz`).
    pub tz: Option<String>,
    /// The body: JSON, or a file to import.
    pub body: Vec<u8>,
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

/// What the API answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status, as HTTP has it.
    pub status: u16,
    /// The body: JSON of an `Answer`, `application/problem+json`, or lines.
    pub body: Vec<u8>,
}

/// The API could not be reached; nothing was recorded unless the request was on its way.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct ClientError {
    /// What went wrong, and what would be right.
    pub what: String,
    /// Whether the request may have arrived.
    pub may_have_arrived: bool,
}

/// A way to the API of one data directory.
pub struct Client {}

impl Client {
    /// Finds the way to the log in `dir`: over the socket of a server that holds it, else in process.
    ///
    /// # Errors
    ///
    /// Returns [`ClientError`] when there is no log, or another process holds it for longer than the wait.
    pub fn open(_dir: &Path, _opening: Opening) -> Result<Self, ClientError> {
        Err(ClientError { what: "not built yet".to_owned(), may_have_arrived: false })
    }

    /// Sends a request and waits for the answer.
    ///
    /// # Errors
    ///
    /// Returns [`ClientError`] when no answer came.
    pub fn send(&self, _request: &Request) -> Result<Reply, ClientError> {
        Err(ClientError { what: "not built yet".to_owned(), may_have_arrived: false })
    }
}
