//! One run of a command: the way to the API, the input, and where answers go.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::cli::Globals;
use crate::cli::failure::{Failure, Given, LOOK_FIRST};
use crate::cli::output::{self, Format, Item, Screen, Show};
use crate::cli::table::clean;
use crate::cli::words;
use crate::desk::Opening;
use crate::desk::answer::{Answer, Page};
use crate::desk::ask::When;
use crate::desk::keys::place::KeyPlace;
use crate::domain::id::RequestId;
use crate::http::client::{Client, ClientError, Method, Repeats, Reply, Request};

/// How many rows are asked for at once: what the API gives at most.
const PAGE: u32 = 1_000;
/// How many rows people see who named no limit.
const TEXT_LIMIT: u64 = 50;

/// Something that answers requests: the client, or a stand-in for it.
pub(super) trait Api {
    /// Sends a request and writes a good answer to `out` while it comes; the reply holds a problem alone.
    ///
    /// # Errors
    ///
    /// Returns [`ClientError`] when no whole answer came.
    fn send_to(&self, request: &Request, out: &mut dyn Write) -> Result<Reply, ClientError>;

    /// Tells whether another process answers.
    fn asks_a_server(&self) -> bool {
        false
    }

    /// Ends the way.
    ///
    /// # Errors
    ///
    /// Returns [`ClientError`] when the log could not be closed cleanly; what was recorded is on disk.
    fn close(self: Box<Self>) -> Result<(), ClientError>;
}

impl Api for Client {
    fn send_to(&self, request: &Request, out: &mut dyn Write) -> Result<Reply, ClientError> {
        Self::send_to(self, request, out)
    }

    fn asks_a_server(&self) -> bool {
        Self::asks_a_server(self)
    }

    fn close(self: Box<Self>) -> Result<(), ClientError> {
        Self::close(*self)
    }
}

/// What is to be said of an answer beside it.
pub(super) type Told = Option<String>;

/// How a way to the API is found.
pub(super) type Open<'a> = &'a dyn Fn(&Path, Opening, &KeyPlace) -> Result<Box<dyn Api>, ClientError>;

/// Returns the way to the log in a directory.
pub(super) fn open(dir: &Path, opening: Opening, keys: &KeyPlace) -> Result<Box<dyn Api>, ClientError> {
    Ok(Box::new(Client::open_signing(dir, opening, keys.clone())?))
}

/// One run of a command.
pub(super) struct Session<'a> {
    /// The options that every command has.
    pub(super) globals: Globals,
    /// How a way to the API is found.
    pub(super) open: Open<'a>,
    /// Standard input.
    pub(super) input: &'a mut dyn Read,
    /// Where answers go.
    pub(super) out: &'a mut dyn Write,
    /// Where notices and errors go.
    pub(super) err: &'a mut dyn Write,
    /// What is known of where answers go.
    pub(super) screen: Screen,
    /// The way to the API, once it is open, and whether it may record.
    pub(super) api: Option<(Box<dyn Api>, bool)>,
}

impl Session<'_> {
    /// Asks a question.
    pub(super) fn get<T: DeserializeOwned>(
        &mut self,
        path: &str,
        ask: &impl Serialize,
    ) -> Result<Answer<T>, Failure> {
        let mut query = query(&self.when());
        query.extend(self::query(ask));
        let request = Request { path: path.to_owned(), query, ..self.request(Method::Get) };
        decode(&self.send(&request, Given::Flags)?)
    }

    /// Asks a question that is always about the log as it is now.
    pub(super) fn get_now<T: DeserializeOwned>(
        &mut self,
        path: &str,
        ask: &impl Serialize,
    ) -> Result<Answer<T>, Failure> {
        let request = Request { path: path.to_owned(), query: query(ask), ..self.request(Method::Get) };
        decode(&self.send(&request, Given::Flags)?)
    }

    /// Asks a question whose answer depends on no moment.
    pub(super) fn get_plain<T: DeserializeOwned>(&mut self, path: &str) -> Result<Answer<T>, Failure> {
        let request = Request { path: path.to_owned(), ..self.request(Method::Get) };
        decode(&self.send(&request, Given::Flags)?)
    }

    /// Has something done.
    pub(super) fn post<T: DeserializeOwned>(
        &mut self,
        path: &str,
        ask: &impl Serialize,
        body: Vec<u8>,
        given: Given,
    ) -> Result<Answer<T>, Failure> {
        let query = query(ask);
        let request = Request { path: path.to_owned(), query, body, ..self.request(Method::Post) };
        decode(&self.send(&request, given).map_err(|failure| failure.or_else(LOOK_FIRST))?)
    }

    /// Has something recorded that carries the id of its submission, so that it may be sent again.
    pub(super) fn submit<T: DeserializeOwned>(
        &mut self,
        path: &str,
        body: Vec<u8>,
        given: Given,
    ) -> Result<Answer<T>, Failure> {
        let repeats = Repeats::Harmlessly;
        let request = Request { path: path.to_owned(), body, repeats, ..self.request(Method::Post) };
        decode(&self.send(&request, given)?)
    }

    /// Has something done that takes a request of its own: a file.
    pub(super) fn send_for<T: DeserializeOwned>(
        &mut self,
        request: &Request,
        given: Given,
    ) -> Result<Answer<T>, Failure> {
        decode(&self.send(request, given)?)
    }

    /// Returns a request of this caller.
    pub(super) fn request(&self, method: Method) -> Request {
        Request {
            method,
            bearer: self.globals.bearer.clone(),
            actor: self.globals.actor(),
            tz: self.globals.tz.clone(),
            purpose: self.globals.purpose.clone(),
            ..Request::default()
        }
    }

    /// Sends a request that reads (`GET`) or writes (`POST`), and returns the body of a good answer.
    pub(super) fn send(&mut self, request: &Request, given: Given) -> Result<Vec<u8>, Failure> {
        let mut body = Vec::new();
        let reply = self.api(request.method == Method::Post)?.send_to(request, &mut body)?;
        problem(&reply, given)?;
        Ok(body)
    }

    /// Sends a question whose answer is lines, and writes them while they come: to `out`, or to where
    /// answers go.
    pub(super) fn copy(&mut self, request: &Request, out: Option<&mut dyn Write>) -> Result<Told, Failure> {
        self.api(false)?;
        let Some((api, _)) = &self.api else { return Ok(None) };
        let reply = match out {
            Some(out) => api.send_to(request, out),
            None => api.send_to(request, self.out),
        }?;
        problem(&reply, Given::Flags).map(|()| reply.notice)
    }

    /// Sends a question whose answer has no end of its own, and has each piece taken as it comes.
    pub(super) fn stream(&mut self, request: &Request, take: &mut Take<'_>) -> Result<(), Failure> {
        self.api(request.method == Method::Post)?;
        let Some((api, _)) = &self.api else { return Ok(()) };
        let mut pieces = Taken { out: self.out, take };
        let reply = api.send_to(request, &mut pieces)?;
        problem(&reply, Given::Flags)
    }

    /// Ends the way to the API, so that a log that was opened for it is closed.
    pub(super) fn close(&mut self) -> Result<(), Failure> {
        match self.api.take() {
            Some((api, _)) => Ok(api.close()?),
            None => Ok(()),
        }
    }

    fn api(&mut self, writes: bool) -> Result<&dyn Api, Failure> {
        if self.api.as_ref().is_none_or(|(_, may_write)| writes && !may_write) {
            // The old way first lets go of what it holds.
            self.close()?;
            let wait = Duration::from_secs(self.globals.wait);
            let opening = if writes { Opening::Write { wait } } else { Opening::Read };
            let api = match &self.globals.server {
                // Whether one may record, a server says.
                Some(server) => {
                    let client: Box<dyn Api> =
                        Box::new(Client::to_server(server, self.globals.ca.as_deref())?);
                    (client, true)
                }
                None => ((self.open)(&self.globals.dir(), opening, &self.globals.place)?, writes),
            };
            self.api = Some(api);
        }
        match &self.api {
            Some((api, _)) => Ok(api.as_ref()),
            None => Err(Failure::Garbled("there is no way to the log".to_owned())),
        }
    }

    /// Tells whether another process is asked to record.
    pub(super) fn records_elsewhere(&mut self) -> Result<bool, Failure> {
        Ok(self.api(true)?.asks_a_server())
    }

    /// Returns the moment that is asked about.
    pub(super) fn when(&self) -> When {
        When {
            known_as_of: self.globals.known_as_of.clone(),
            at: self.globals.at.clone(),
            tz: self.globals.tz.clone(),
        }
    }

    /// Shows an answer, and what must be known to read it rightly.
    pub(super) fn show<T: Show>(&mut self, answer: &Answer<T>) -> Result<(), Failure> {
        self.notices(&answer.notices);
        output::write(self.out, self.globals.format, self.screen, answer, true).map_err(Failure::Output)
    }

    /// Shows what came with a problem: true at no position, for nothing was recorded.
    pub(super) fn show_bare<T: Show>(&mut self, data: &T) -> Result<(), Failure> {
        output::write_bare(self.out, self.globals.format, self.screen, data).map_err(Failure::Output)
    }

    /// Tells notices on the error stream.
    pub(super) fn notices(&mut self, notices: &[String]) {
        for notice in notices {
            self.note(notice);
        }
    }

    /// Tells one thing on the error stream, where it spoils no answer that a program reads.
    pub(super) fn note(&mut self, note: &str) {
        // Nobody is left to be told of an error stream that is closed.
        let _ = writeln!(self.err, "note: {}", clean(note));
    }

    /// Asks for a list page by page and shows it, at most `limit` items: 50 in text where none is named,
    /// else all. What was left out is said.
    pub(super) fn pages<T: Item>(
        &mut self,
        path: &str,
        limit: Option<u64>,
        mut ask: impl FnMut(u32, Option<String>) -> Value,
    ) -> Result<(), Failure> {
        let format = self.globals.format;
        let default = if format == Format::Text { TEXT_LIMIT } else { u64::MAX };
        let limit = limit.unwrap_or(default);
        let whole = matches!(format, Format::Text | Format::Json);
        let mut gathered: Option<Answer<Page<T>>> = None;
        let mut after = None;
        let mut shown = 0;
        loop {
            let rows = u32::try_from(limit - shown).unwrap_or(PAGE).min(PAGE);
            let answer: Answer<Page<T>> = self.get(path, &ask(rows, after.take()))?;
            let first = shown == 0;
            shown += answer.data.items.len() as u64;
            after.clone_from(&answer.data.next);
            let done = after.is_none() || shown >= limit || answer.data.items.is_empty();
            let total = answer.data.total;
            match &mut gathered {
                Some(gathered) => {
                    gathered.data.items.extend(answer.data.items);
                    gathered.data.next = answer.data.next;
                }
                None if whole => gathered = Some(answer),
                None => {
                    if first {
                        self.notices(&answer.notices);
                    }
                    output::write(self.out, format, self.screen, &answer, first).map_err(Failure::Output)?;
                }
            }
            if done {
                if let Some(gathered) = &gathered {
                    self.show(gathered)?;
                }
                if shown < total && after.is_some() {
                    let (shown, total) = (words::number_of(shown), words::number_of(total));
                    self.note(&format!("{shown} of {total} shown; `--limit` sets how many"));
                }
                return Ok(());
            }
        }
    }

    /// Shows a list that came whole: at most `limit` items, where that is named. What was left out is said.
    pub(super) fn show_first<T: Item>(
        &mut self,
        mut answer: Answer<Page<T>>,
        limit: Option<u64>,
    ) -> Result<(), Failure> {
        let all = answer.data.items.len();
        let most = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
        answer.data.items.truncate(most);
        self.show(&answer)?;
        if all > most {
            let [shown, all] = [most, all].map(|number| words::number_of(number as u64));
            self.note(&format!("{shown} of {all} shown; `--limit` sets how many"));
        }
        Ok(())
    }

    /// Returns the directory of the log, for what is done in it and not asked of a server.
    pub(super) fn directory(&self, what: &str) -> Result<PathBuf, Failure> {
        let Some(server) = &self.globals.server else { return Ok(self.globals.dir()) };
        Err(Failure::Usage {
            what: format!("{what} needs the directory of the log, and {server} is a server"),
            hint: "do it on the machine of the log, with `--dir DIR` in place of `--server`".to_owned(),
        })
    }

    /// Reads a file, or standard input for `-`.
    pub(super) fn read(&mut self, path: &Path) -> Result<Vec<u8>, Failure> {
        let failed = |error| Failure::File { path: path.to_owned(), doing: "read", error };
        if path == Path::new("-") {
            let mut bytes = Vec::new();
            self.input.read_to_end(&mut bytes).map_err(failed)?;
            return Ok(bytes);
        }
        std::fs::read(path).map_err(failed)
    }

    /// Writes a line of an answer.
    pub(super) fn say(&mut self, line: &str) -> Result<(), Failure> {
        writeln!(self.out, "{line}").map_err(Failure::Output)
    }
}

/// What takes the pieces of an answer, and shows them where answers go.
type Take<'a> = dyn FnMut(&mut dyn Write, &[u8]) -> io::Result<()> + 'a;

/// Has what is written taken by someone who knows what it is.
struct Taken<'a, 'b> {
    out: &'a mut dyn Write,
    take: &'a mut Take<'b>,
}

impl Write for Taken<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (self.take)(self.out, bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Returns a submission id of its own, so that a submission in doubt can be sent again.
pub(super) fn new_request() -> RequestId {
    RequestId::from_uuid(uuid::Uuid::new_v4())
}

fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<Answer<T>, Failure> {
    serde_json::from_slice(body).map_err(|error| Failure::Garbled(error.to_string()))
}

/// Fails where the reply is a problem.
fn problem(reply: &Reply, given: Given) -> Result<(), Failure> {
    match reply.problem()? {
        Some(problem) => Err(Failure::Answered { problem: Box::new(problem), given, request: None }),
        None => Ok(()),
    }
}

/// Returns the parameters of a question, as the API takes them.
pub(super) fn query(ask: &impl Serialize) -> Vec<(String, String)> {
    let Ok(Value::Object(fields)) = serde_json::to_value(ask) else { return Vec::new() };
    let text = |value: Value| match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => Some(value.to_string()),
    };
    fields.into_iter().filter_map(|(name, value)| Some((name, text(value)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::ask::{OverturesAsk, TimelineAsk};

    #[test]
    fn a_question_becomes_the_parameters_of_the_api() {
        let ask = OverturesAsk { open: true, limit: Some(50), ..OverturesAsk::default() };
        assert_eq!(
            query(&ask),
            [("limit".to_owned(), "50".to_owned()), ("open".to_owned(), "true".to_owned())]
        );
        assert!(query(&TimelineAsk::default()).is_empty());
        assert!(query(&()).is_empty());
    }
}
