//! Answers that leave while they are read: exports and bundles of a log that is longer than memory.

use std::io::{self, Write};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use hyper::body::Frame;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::desk::access::{Administrator, Auditor, Entrance, Reader};
use crate::desk::ask::{ExportAsk, When};
use crate::desk::audit::archive;
use crate::desk::audit::export::BundleAsk;
use crate::desk::error::DeskError;
use crate::desk::outgoing::{Broke, Format};
use crate::domain::id::EventId;
use crate::http::api::As;
use crate::http::feed::Hub;
use crate::http::problem::{Problem, ProblemKind};

/// The header in which an answer says what its format had no room for.
pub(super) const NOTICE: &str = "demarche-notice";
/// The largest piece in which lines leave.
const CHUNK_BYTES_MAX: usize = 64 << 10;
/// How many pieces wait for a slow reader; then the desk waits too.
const CHUNKS_WAITING_MAX: usize = 4;
/// How long a reader may take to take a piece.
const TAKE_WAIT: Duration = Duration::from_secs(20);
/// How long whoever owns the directory may take, who may have stopped at a page of it.
const OWNER_TAKE_WAIT: Duration = Duration::from_hours(1);
/// After how many seconds whoever found no place may come again.
const AGAIN_SECONDS: u64 = 10;

/// Answers with the lines of the log from one position to another.
pub(super) async fn export(api: &As<Auditor>, from: u64, to: u64) -> Result<Response, Problem> {
    let desk = api.handle().await?;
    stream(api.leaves(), "application/jsonl", move |out| export_to(&desk, from, to, out)).await
}

/// Answers with an audit bundle, as an archive.
pub(super) async fn bundle(api: &As<Auditor>, ask: BundleAsk) -> Result<Response, Problem> {
    let desk = api.handle().await?;
    stream(api.leaves(), "application/x-tar", move |out| {
        match archive::write(desk.audit_bundle(&ask)?.map(|file| file.map_err(Broke::Desk)), out) {
            Ok(()) | Err(Broke::Gone) => Ok(()),
            Err(Broke::Desk(error)) => Err(error),
        }
    })
    .await
}

/// Answers with the entries of a filter in a format; `note` is told of each batch of them before it leaves.
pub(super) async fn entries<N>(
    api: &As<Reader>,
    format: Format,
    when: When,
    ask: ExportAsk,
    mut note: N,
) -> Result<Response, Problem>
where
    N: FnMut(&Reader, &[EventId]) -> Result<(), DeskError> + Send + 'static,
{
    let desk = api.handle().await?;
    let name = desk.export_name(format);
    let told = Arc::new(OnceLock::new());
    let tells = Arc::clone(&told);
    let mut response = stream(api.leaves(), format.media(), move |out| {
        let mut note = |ids: &[EventId]| note(&desk, ids);
        let mut tell = |what: String| drop(tells.set(what));
        match desk.export_as(&when, &ask, format, &mut note, &mut tell, out) {
            Ok(()) | Err(Broke::Gone) => Ok(()),
            Err(Broke::Desk(error)) => Err(error),
        }
    })
    .await?;
    // The name of a log has letters, digits and hyphens alone.
    if let Ok(disposition) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, disposition);
    }
    // What is told was told before the first piece left.
    if let Some(Ok(notice)) = told.get().map(|told: &String| HeaderValue::from_str(told)) {
        response.headers_mut().insert(NOTICE, notice);
    }
    Ok(response)
}

/// Has a backup made, and answers with a line for every hundredth part, then with what was made or why not.
///
/// Whoever goes away meanwhile stops it: what was copied stays, and the next one goes on from there.
pub(super) async fn backup(api: &As<Administrator>, into: std::path::PathBuf) -> Result<Response, Problem> {
    let desk = api.handle().await?;
    stream(api.leaves(), "application/jsonl", move |out| {
        let mut last = None;
        let say = |out: &mut Chunks, line: &serde_json::Value| {
            let _gone = out.write(format!("{line}\n").as_bytes()).and_then(|()| out.send());
        };
        let caller = out.sender.clone();
        let made = desk.back_up(&into, &|| !caller.is_closed(), &mut |step| {
            let (word, done, of) = step.part();
            let part = done.saturating_mul(100).checked_div(of).unwrap_or(100);
            if last.replace((word, part)) != Some((word, part)) {
                say(out, &serde_json::json!({ word: [done, of] }));
            }
        });
        match made {
            Ok(answer) => say(out, &serde_json::json!({ "done": answer })),
            // Nothing left yet, so the status can tell.
            Err(error) if last.is_none() => return Err(error),
            Err(error) => say(out, &serde_json::json!({ "failed": Problem::from(error) })),
        }
        Ok(())
    })
    .await
}

/// Writes the lines of the log to `out`: the one place that knows how the desk gives them.
fn export_to(desk: &Auditor, from: u64, to: u64, out: &mut Chunks) -> Result<(), DeskError> {
    for line in desk.export(from, to)? {
        if out.write(line?.as_bytes()).is_err() {
            break;
        }
    }
    Ok(())
}

/// Answers with what `write` writes, on a thread of its own so that the lines can leave meanwhile.
///
/// The thread is one of a few: a reader who does not take a piece in time loses the rest, and where all threads of
/// this kind are taken others are told to come again.
async fn stream<F>(leaves: Leaves, media: &'static str, write: F) -> Result<Response, Problem>
where
    F: FnOnce(&mut Chunks) -> Result<(), DeskError> + Send + 'static,
{
    let place = match &leaves {
        Leaves::ToOneCaller => None,
        Leaves::ToMany(hub, _) => Some(hub.long_answer().ok_or_else(full)?),
    };
    let slow_wait = match leaves {
        Leaves::ToOneCaller => None,
        Leaves::ToMany(_, Entrance::Port) => Some(TAKE_WAIT),
        Leaves::ToMany(_, Entrance::Directory) => Some(OWNER_TAKE_WAIT),
    };
    let (sender, mut pieces) = mpsc::channel(CHUNKS_WAITING_MAX);
    tokio::task::spawn_blocking(move || {
        let _place = place;
        let mut out = Chunks { sender, slow_wait, buffer: Vec::with_capacity(CHUNK_BYTES_MAX) };
        let last = match write(&mut out) {
            Ok(()) if out.send().is_err() => return,
            Ok(()) => Piece::End,
            Err(error) => Piece::Failed(error),
        };
        // Nobody is left to hear it when this fails.
        let _ = out.give(last);
    });
    // The status is not sent before the first lines are there, so an early failure is a problem.
    let first = match pieces.recv().await {
        Some(Piece::Failed(error)) => return Err(error.into()),
        Some(first) => first,
        None => return Err(Problem::new(ProblemKind::Broken, "the program made a mistake while it read")),
    };
    let media = HeaderValue::from_static(media);
    let body = Body::new(Lines { first: Some(first), pieces, ended: false });
    Ok(([(header::CONTENT_TYPE, media)], body).into_response())
}

/// Returns the problem of a server all of whose threads for long answers are taken.
fn full() -> Problem {
    let detail = "as many long answers leave this server as can at once; ask again later";
    Problem { retry_after: Some(AGAIN_SECONDS), ..Problem::new(ProblemKind::Unavailable, detail) }
}

/// To whom what leaves while it is read leaves.
pub(super) enum Leaves {
    /// To the one caller in this process, on a runtime that has no clock.
    ToOneCaller,
    /// To one of the many callers of a server.
    ToMany(Arc<Hub>, Entrance),
}

/// What comes from the thread that reads.
enum Piece {
    Lines(Bytes),
    Failed(DeskError),
    /// Said explicitly: a thread that dies must not look like the end of the log.
    End,
}

/// Whoever asked went away.
#[derive(Debug)]
struct Gone;

/// Gathers lines into pieces.
struct Chunks {
    sender: mpsc::Sender<Piece>,
    /// How long a reader may take to take a piece; none where one caller waits for nothing else.
    slow_wait: Option<Duration>,
    buffer: Vec<u8>,
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Self::write(self, bytes).map_err(|Gone| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        // Pieces leave when they are full, and the last at the end.
        Ok(())
    }
}

impl Chunks {
    fn write(&mut self, mut bytes: &[u8]) -> Result<(), Gone> {
        while !bytes.is_empty() {
            let room = CHUNK_BYTES_MAX - self.buffer.len();
            let (fits, rest) = bytes.split_at(room.min(bytes.len()));
            self.buffer.extend_from_slice(fits);
            bytes = rest;
            if self.buffer.len() == CHUNK_BYTES_MAX {
                self.send()?;
            }
        }
        Ok(())
    }

    fn send(&mut self) -> Result<(), Gone> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let full = std::mem::replace(&mut self.buffer, Vec::with_capacity(CHUNK_BYTES_MAX));
        self.give(Piece::Lines(Bytes::from(full)))
    }

    /// Waits until a piece is taken, for as long as its reader may take.
    fn give(&self, piece: Piece) -> Result<(), Gone> {
        match self.slow_wait {
            None => self.sender.blocking_send(piece).map_err(|_| Gone),
            Some(wait) => {
                let sent = tokio::runtime::Handle::current()
                    .block_on(async { timeout(wait, self.sender.send(piece)).await });
                if sent.is_err() {
                    tracing::warn!("an answer broke off: its reader does not take it");
                }
                sent.map_err(|_| Gone)?.map_err(|_| Gone)
            }
        }
    }
}

/// The body of an answer whose lines are still being read.
struct Lines {
    first: Option<Piece>,
    pieces: mpsc::Receiver<Piece>,
    ended: bool,
}

impl HttpBody for Lines {
    type Data = Bytes;
    type Error = BrokeOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokeOff>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        let piece = match self.first.take() {
            Some(first) => Some(first),
            None => ready!(self.pieces.poll_recv(context)),
        };
        Poll::Ready(match piece {
            Some(Piece::Lines(lines)) => Some(Ok(Frame::data(lines))),
            Some(Piece::End) => {
                self.ended = true;
                None
            }
            // The connection breaks, so that nobody takes half a log for a whole one.
            Some(Piece::Failed(error)) => {
                self.ended = true;
                tracing::error!(error = Problem::from(error).kind.as_str(), "an export broke off");
                Some(Err(BrokeOff))
            }
            None => {
                self.ended = true;
                Some(Err(BrokeOff))
            }
        })
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }
}

/// The log could not be read to its end.
#[derive(Debug, thiserror::Error)]
#[error("the log could not be read to its end")]
struct BrokeOff;

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    fn read<F>(write: F) -> Result<(Vec<usize>, Option<Vec<u8>>), Problem>
    where
        F: FnOnce(&mut Chunks) -> Result<(), DeskError> + Send + 'static,
    {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut body = stream(Leaves::ToOneCaller, "application/jsonl", write).await?.into_body();
            let (mut lengths, mut all) = (Vec::new(), Vec::new());
            while let Some(frame) = body.frame().await {
                let Ok(frame) = frame else { return Ok((lengths, None)) };
                let part = frame.into_data().unwrap();
                lengths.push(part.len());
                all.extend_from_slice(&part);
            }
            Ok((lengths, Some(all)))
        })
    }

    #[test]
    fn lines_leave_in_pieces_and_whole() {
        let (lengths, all) = read(|out| {
            for _ in 0..10_000 {
                out.write(b"0123456789012345678901234567890\n").unwrap();
            }
            out.write(&vec![b'x'; 3 * CHUNK_BYTES_MAX]).unwrap();
            Ok(())
        })
        .unwrap();
        assert_eq!(all.unwrap().len(), 320_000 + 3 * CHUNK_BYTES_MAX);
        assert!(lengths.iter().all(|length| (1..=CHUNK_BYTES_MAX).contains(length)), "{lengths:?}");
    }

    #[test]
    fn an_empty_log_is_an_empty_answer() {
        assert_eq!(read(|_| Ok(())).unwrap(), (vec![], Some(vec![])));
    }

    #[test]
    fn a_failure_before_the_first_line_is_a_problem() {
        let problem = read(|_| Err(DeskError::Damaged("position 3".to_owned()))).unwrap_err();
        assert_eq!(problem.kind, ProblemKind::Damaged);
        assert_eq!(read(|_| panic!("a mistake")).unwrap_err().kind, ProblemKind::Broken);
    }

    #[test]
    fn a_failure_between_lines_breaks_the_answer_off() {
        let (_, all) = read(|out| {
            out.write(&vec![b'x'; CHUNK_BYTES_MAX]).unwrap();
            Err(DeskError::Damaged("position 3".to_owned()))
        })
        .unwrap();
        assert_eq!(all, None);
        let (_, all) = read(|out| {
            out.write(&vec![b'x'; CHUNK_BYTES_MAX]).unwrap();
            panic!("a mistake")
        })
        .unwrap();
        assert_eq!(all, None);
    }

    #[test]
    fn the_threads_of_long_answers_are_few_and_come_back() {
        let hub = Arc::new(Hub::default());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let ask = || {
                stream(Leaves::ToMany(Arc::clone(&hub), Entrance::Port), "application/jsonl", |out| {
                    while out.write(&vec![b'x'; CHUNK_BYTES_MAX]).is_ok() {}
                    Ok(())
                })
            };
            let mut held = Vec::new();
            let problem = loop {
                match ask().await {
                    Ok(response) => held.push(response),
                    Err(problem) => break problem,
                }
            };
            assert_eq!((problem.status, problem.retry_after), (503, Some(AGAIN_SECONDS)));
            drop(held);
            while ask().await.is_err() {
                tokio::task::yield_now().await;
            }
        });
    }

    #[test]
    fn a_reader_who_leaves_lets_the_writer_end() {
        let (told, heard) = std::sync::mpsc::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let response = runtime.block_on(stream(Leaves::ToOneCaller, "application/jsonl", move |out| {
            while out.write(&vec![b'x'; CHUNK_BYTES_MAX]).is_ok() {}
            told.send(()).unwrap();
            Ok(())
        }));
        drop(response);
        heard.recv_timeout(std::time::Duration::from_mins(1)).unwrap();
    }
}
