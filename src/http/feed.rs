//! `GET /v1/events`: what is recorded after a position, as server-sent events: what there is already, then what
//! comes, in the order of the log, each entry once.
//!
//! Nobody's feed is filled ahead: a part is made when its reader has taken the one before. So a reader that is
//! slow costs one part, and holds up nobody.

mod handing;
mod hub;
mod part;
mod teller;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Extension, FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::IntoResponse;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use crate::desk::access::{Principal, Reader};
use crate::desk::error::{DeskError, Fault};
use crate::desk::follow::FollowAsk;
use crate::http::api::{Admitted, AnsweredAs, Api, As, Runs, apart};
use crate::http::feed::handing::{Giving, Gone, handing};
use crate::http::feed::part::{End, Question, Rendered};
use crate::http::feed::teller::{Made, Wanted, told};
use crate::http::openapi::kinds::EventStream;
use crate::http::openapi::told::{Taken, Told};
use crate::http::problem::Problem;
use crate::http::query::{Filtered, filled};
use crate::http::reading::{NotedAsItLeaves, Reading};

pub(super) use hub::Hub;

/// The header with which a browser or a program resumes.
const LAST_EVENT_ID: &str = "last-event-id";
/// So many entries are told in one part.
const ENTRIES_MAX: usize = 32;
/// How often is said how far was looked, where nothing is told.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How often is looked for what was recorded without a bell.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Where a feed resumes, and what it is read for.
pub(super) struct FollowedFrom {
    /// What the header says comes before what the query says.
    resumed: Option<u64>,
    reading: Reading,
}

impl<S: Send + Sync> FromRequestParts<S> for FollowedFrom {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let reading = Reading::from_request_parts(parts, state).await?;
        let Some(text) = filled(parts, LAST_EVENT_ID)? else { return Ok(Self { resumed: None, reading }) };
        let wrong = || {
            let detail = format!("`{text}` is no `id` of an event; give back that of the last one");
            Problem::malformed(vec![Fault::in_field(LAST_EVENT_ID, detail)])
        };
        let resumed = Some(text.parse().map_err(|_| wrong())?);
        Ok(Self { resumed, reading })
    }
}

impl Taken for FollowedFrom {
    fn describe(route: &mut Told<'_>) {
        let bookmark = serde_json::json!({ "type": "integer", "minimum": 0, "maximum": u64::MAX });
        let words = "The `id` of the event that was seen last; it comes before `after`";
        route.header(LAST_EVENT_ID, words, &bookmark);
    }
}

/// Answers with a feed.
pub(super) async fn events(
    _: As<Reader>,
    State(api): State<Api>,
    Extension(Admitted(admitted)): Extension<Admitted>,
    FollowedFrom { resumed, reading }: FollowedFrom,
    asked: Filtered<FollowAsk>,
) -> AnsweredAs<EventStream> {
    let Filtered { when, filter, ask } = asked;
    if when.known_as_of.is_some() || when.at.is_some() {
        let detail = "a feed is about what is recorded from now on; ask /v1/timeline about another moment";
        let field = if when.at.is_some() { "at" } else { "known_as_of" };
        return Err(Problem::malformed(vec![Fault::in_field(field, detail)]));
    }
    let Some(seat) = api.hub.seat() else {
        let detail = "as many follow this log as can at once; ask again later".to_owned();
        return Err(DeskError::Unavailable(detail).into());
    };
    let who = Arc::new(admitted.as_ref().as_ref().map_err(Clone::clone)?.clone());
    let after = resumed.or(ask.after);
    let mut feed = Feed {
        after,
        from: 0,
        looked: None,
        beat: Instant::now() + HEARTBEAT,
        live: !ask.catch_up && api.runs == Runs::Apart,
        question: Arc::new(Question::of(filter, when.tz)),
        reading: Arc::new(reading),
        who,
        api,
    };
    // What is wrong with the question is a problem, and no end of a feed.
    let first = feed.part().await?;
    let (giving, pieces) = handing();
    tokio::spawn(async move {
        if let Some(end) = feed.tell(first, &giving).await {
            giving.end(end.said(feed.from));
        }
        drop(seat);
    });
    let mut response = Body::new(pieces).into_response();
    let media = HeaderValue::from_static("text/event-stream");
    response.headers_mut().insert(header::CONTENT_TYPE, media);
    response.extensions_mut().insert(NotedAsItLeaves);
    Ok(response.into())
}

/// What a reader sees of the log, and how far the whole of it was looked at: it is never told.
#[derive(Debug, Clone, Copy)]
struct Looked {
    part: u64,
    whole: u64,
}

/// One reader who follows the log.
struct Feed {
    api: Api,
    who: Arc<Principal>,
    question: Arc<Question>,
    reading: Arc<Reading>,
    /// The bookmark from which they go on.
    after: Option<u64>,
    /// Every position below this was looked at.
    from: u64,
    /// Of what part of the log, and up to where the whole of it was; none before the first look.
    looked: Option<Looked>,
    /// When is said next how far was looked, where nothing is told.
    beat: Instant,
    /// Whether what comes is told as well.
    live: bool,
}

impl Feed {
    /// Makes the next part for whoever may still read it, and notes that they are about to: on a thread of its own.
    async fn part(&mut self) -> Result<Rendered, Problem> {
        let (hub, wanted) = (Arc::clone(&self.api.hub), self.wanted());
        let made = apart(self.api.runs, move || wanted.alone(&hub)).await?;
        Ok(self.take(made))
    }

    /// As [`Feed::part`], of what came: with those of all others who wait for it, where what they see is at hand.
    async fn news(&mut self) -> Result<Rendered, Problem> {
        let wanted = self.wanted();
        if !wanted.is_at_hand() {
            return self.part().await;
        }
        let made = told(&self.api.hub, wanted).await?;
        Ok(self.take(made))
    }

    fn wanted(&self) -> Wanted {
        Wanted {
            door: self.api.door.clone(),
            entrance: self.api.entrance,
            who: Arc::clone(&self.who),
            question: Arc::clone(&self.question),
            reading: Arc::clone(&self.reading),
            after: self.after,
            from: self.from,
            looked: self.looked,
        }
    }

    fn take(&mut self, made: Made) -> Rendered {
        self.from = made.part.next;
        self.looked = Some(made.looked);
        made.part
    }

    /// Tells part after part, and returns why it ends; none where the reader went away.
    async fn tell(&mut self, first: Rendered, giving: &Giving) -> Option<End> {
        let (mut bell, mut closing) = (self.api.hub.bell(), self.api.hub.closing());
        let mut part = first;
        let mut is_told = true;
        loop {
            if is_told {
                if let Err(stopped) = self.send(part.bytes, giving, &mut closing).await {
                    return stopped;
                }
                self.beat = Instant::now() + HEARTBEAT;
            }
            let (mut is_beat, waited) = (false, !part.more);
            if waited {
                if !self.live {
                    return Some(End::CaughtUp);
                }
                match self.wait(giving, &mut bell, &mut closing).await {
                    Woken::News => {}
                    Woken::Heartbeat => is_beat = true,
                    Woken::Closing => return Some(End::Stopping),
                    Woken::Gone => return None,
                }
            }
            let before = self.from;
            // Apart, so that a feed that waits holds nothing of what makes its parts.
            // Whoever reads what there is already keeps nobody waiting who waits for what comes.
            let next = if waited { Box::pin(self.news()).await } else { Box::pin(self.part()).await };
            part = match next {
                Ok(part) => part,
                Err(problem) => return Some(End::Failed(problem)),
            };
            // That something was recorded which they do not see is not told, not even by a sign of life.
            is_told = is_beat || self.from != before || !part.events.is_empty();
        }
    }

    /// Gives a part to the reader, who must have taken the one before.
    async fn send(
        &self,
        bytes: Bytes,
        giving: &Giving,
        closing: &mut watch::Receiver<bool>,
    ) -> Result<(), Option<End>> {
        let taken = giving.is_taken();
        let taken = match self.api.runs {
            // One caller in this process, who waits for nothing else, on a runtime that has no clock.
            Runs::Here => taken.await,
            Runs::Apart => {
                tokio::select! {
                    biased;
                    taken = timeout(self.api.hub.slow_wait, taken) => taken.map_err(|_| Some(End::SlowReader))?,
                    _ = closing.wait_for(|closing| *closing) => return Err(Some(End::Stopping)),
                }
            }
        };
        taken.map_err(|Gone| None)?;
        giving.give(bytes);
        Ok(())
    }

    /// Waits until something is to be told.
    async fn wait(
        &self,
        giving: &Giving,
        bell: &mut watch::Receiver<u64>,
        closing: &mut watch::Receiver<bool>,
    ) -> Woken {
        let beat = self.beat;
        loop {
            // Before anything else: what comes and is not told puts off no sign of life.
            if Instant::now() >= beat {
                return Woken::Heartbeat;
            }
            let looked = self.looked.map_or(self.from, |looked| looked.whole);
            if self.api.door.size() > looked {
                return Woken::News;
            }
            let look = beat.min(Instant::now() + LOOK_EVERY);
            tokio::select! {
                biased;
                _ = closing.wait_for(|closing| *closing) => return Woken::Closing,
                () = giving.is_gone() => return Woken::Gone,
                _ = bell.changed() => {}
                () = sleep_until(look) => {}
            }
        }
    }
}

/// Why a feed goes on, or not.
enum Woken {
    News,
    Heartbeat,
    Closing,
    Gone,
}
