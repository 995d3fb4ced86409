//! How a route asks the desk: with which handle, on whose thread the desk works, and what its answer looks like.

use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

use crate::desk::access::{Door, Entrance, Handle, Needs, Principal};
use crate::desk::answer::Answer;
use crate::desk::ask::Caller;
use crate::desk::error::DeskError;
use crate::desk::traced;
use crate::http::feed::Hub;
use crate::http::lines::Leaves;
use crate::http::openapi::told::{Tells, Told};
use crate::http::problem::{Problem, ProblemKind};
use crate::http::waiting::reached;

/// The header that names who records, for whoever owns the directory.
pub(super) const ACTOR: &str = "demarche-actor";

/// The thread on which the desk works, which reads files and waits for disks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Runs {
    /// The thread that asks: for one caller in this process, who waits anyway.
    Here,
    /// A thread for such work: for a server, whose own threads must never wait.
    Apart,
}

/// What every route has at hand.
#[derive(Clone)]
pub(super) struct Api {
    pub(super) door: Door,
    pub(super) runs: Runs,
    pub(super) entrance: Entrance,
    pub(super) hub: Arc<Hub>,
}

/// What a route answers: `T` is the data of an [`Answer`], which its document tells.
pub(super) type Answered<T> = Result<Said<T>, Problem>;

/// What a route answers that is not an [`Answer`] in JSON: `K` tells of which kinds it may be.
pub(super) type AnsweredAs<K> = Result<Left<K>, Problem>;

/// An answer in JSON, said already.
pub(super) struct Said<T> {
    pub(super) response: Response,
    told: PhantomData<fn() -> T>,
}

/// An answer of another kind.
pub(super) struct Left<K> {
    response: Response,
    told: PhantomData<fn() -> K>,
}

impl<K> From<Response> for Left<K> {
    fn from(response: Response) -> Self {
        Self { response, told: PhantomData }
    }
}

impl<T> IntoResponse for Said<T> {
    fn into_response(self) -> Response {
        self.response
    }
}

impl<K> IntoResponse for Left<K> {
    fn into_response(self) -> Response {
        self.response
    }
}

impl<T: JsonSchema> Tells for Answered<T> {
    fn describe(route: &mut Told<'_>) {
        route.answers_json::<Answer<T>>();
    }
}

impl<K: Tells> Tells for AnsweredAs<K> {
    fn describe(route: &mut Told<'_>) {
        K::describe(route);
    }
}

/// Who asks, as it was told before the route was reached.
#[derive(Clone)]
pub(super) struct Admitted(pub(super) Arc<Result<Principal, Problem>>);

/// The desk, for whoever may do what a route asks for.
///
/// By what they hold it is decided before anything of their request is taken. What they see of the log is decided where
/// the desk works for them, on its thread: to go there twice costs a server more than most answers do. Of what few may,
/// it is decided before as well.
pub(super) struct As<H> {
    who: Arc<Principal>,
    /// Made already: for few, or where the log had to be waited for.
    made: Option<Arc<H>>,
    door: Door,
    runs: Runs,
    entrance: Entrance,
    hub: Arc<Hub>,
}

impl<H: Handle> FromRequestParts<Api> for As<H> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Problem> {
        let admitted = parts.extensions.get::<Admitted>().cloned();
        let who = match admitted.as_ref().map(|admitted| admitted.0.as_ref()) {
            Some(Ok(who)) => who.clone(),
            Some(Err(_)) | None if H::NEEDS == Needs::Nobody => Door::stranger(),
            Some(Err(problem)) => return Err(problem.clone()),
            None => return Err(Problem::new(ProblemKind::Broken, "nobody was told who asks")),
        };
        Door::holds::<H>(&who)?;
        let Api { door, runs, entrance, hub } = api.clone();
        let mut asks = Self { who: Arc::new(who), made: None, door, runs, entrance, hub };
        if H::NEEDS.is_for_few() {
            asks.made = Some(asks.handle().await?);
        }
        // After it is decided: how far the log goes is not for everybody.
        if H::NEEDS.tells_of_the_record()
            && let Some(handle) = reached(parts, api, &asks.who).await?
        {
            asks.made = Some(Arc::new(handle));
        }
        Ok(asks)
    }
}

impl<H: Handle> As<H> {
    /// Returns under which name whoever asks does.
    pub(super) fn caller(&self) -> &Caller {
        self.who.caller()
    }

    /// Returns the handle, for what leaves in pieces.
    ///
    /// # Errors
    ///
    /// Returns why they may not have it.
    pub(super) async fn handle(&self) -> Result<Arc<H>, Problem> {
        // Where there are accounts, what is decided rests on the log.
        let runs = if self.door.is_guarded() { self.runs } else { Runs::Here };
        let decided = self.decided();
        apart(runs, decided).await
    }

    /// Returns what decides whether they may have the handle, and makes it, where it was not made already.
    fn decided(&self) -> impl FnOnce() -> Result<Arc<H>, Problem> + Send + 'static {
        let (made, door, who) = (self.made.clone(), self.door.clone(), Arc::clone(&self.who));
        move || made.map_or_else(|| Ok(Arc::new(door.handle::<H>(&who)?)), Ok)
    }

    /// Returns to whom what leaves in pieces leaves.
    pub(super) fn leaves(&self) -> Leaves {
        match self.runs {
            Runs::Here => Leaves::ToOneCaller,
            Runs::Apart => Leaves::ToMany(Arc::clone(&self.hub), self.entrance),
        }
    }

    /// Asks the desk a question and says its answer as JSON.
    pub(super) async fn answer<T, E, F>(&self, ask: F) -> Answered<T>
    where
        T: Serialize + 'static,
        E: Into<Problem>,
        F: FnOnce(&H) -> Result<Answer<T>, E> + Send + 'static,
    {
        self.run(move |desk| json(&ask(desk).map_err(Into::into)?)).await
    }

    /// Lets the desk work, on the thread that is meant for it, where they may have it do so; whoever follows the log
    /// hears of what it recorded.
    ///
    /// # Panics
    ///
    /// Panics where `work` does, for the guard of the router to catch.
    pub(super) async fn run<T, F>(&self, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce(&H) -> Result<T, Problem> + Send + 'static,
    {
        let decided = self.decided();
        let done = apart(self.runs, move || traced::desk().in_scope(|| work(decided()?.as_ref()))).await;
        self.hub.ring(self.door.size());
        done
    }
}

/// Works on the thread that is meant for it.
///
/// # Panics
///
/// Panics where `work` does.
pub(super) async fn apart<T, F>(runs: Runs, work: F) -> Result<T, Problem>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, Problem> + Send + 'static,
{
    match runs {
        Runs::Here => work(),
        Runs::Apart => match tokio::task::spawn_blocking(in_the_same_request(work)).await {
            Ok(done) => done,
            Err(stopped) => match stopped.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => Err(DeskError::Unavailable("the server is stopping".to_owned()).into()),
            },
        },
    }
}

/// Has what is told on another thread tell of the request that is worked on.
fn in_the_same_request<T>(work: impl FnOnce() -> T) -> impl FnOnce() -> T {
    let request = tracing::Span::current();
    move || request.in_scope(work)
}

/// Says an answer as JSON.
pub(super) fn json<T: Serialize>(answer: &Answer<T>) -> Answered<T> {
    // Every answer is a struct with text keys, which cannot fail to be JSON.
    let body = serde_json::to_vec(answer)
        .map_err(|error| DeskError::Unavailable(format!("the answer cannot be written as JSON: {error}")))?;
    let json = HeaderValue::from_static("application/json");
    let response = ([(header::CONTENT_TYPE, json)], body).into_response();
    Ok(Said { response, told: PhantomData })
}

#[cfg(test)]
mod tests;
