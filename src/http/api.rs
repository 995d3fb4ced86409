//! How a route asks the desk: on whose thread the desk works, and what its answer looks like.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::desk::Desk;
use crate::desk::answer::Answer;
use crate::desk::ask::Caller;
use crate::desk::error::DeskError;
use crate::http::feed::Hub;
use crate::http::problem::Problem;
use crate::http::query::{TZ, header};

/// The header that names who records.
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
    pub(super) desk: Arc<Desk>,
    pub(super) runs: Runs,
    pub(super) hub: Arc<Hub>,
}

/// What a route answers.
pub(super) type Answered = Result<Response, Problem>;

impl Api {
    /// Asks the desk a question and says its answer as JSON.
    pub(super) async fn answer<T, F>(&self, ask: F) -> Answered
    where
        T: Serialize,
        F: FnOnce(&Desk) -> Result<Answer<T>, DeskError> + Send + 'static,
    {
        self.run(move |desk| json(&ask(desk)?)).await
    }

    /// Lets the desk work, on the thread that is meant for it; whoever follows the log hears of what it recorded.
    ///
    /// # Panics
    ///
    /// Panics where `work` does, for the guard of the router to catch.
    pub(super) async fn run<T, F>(&self, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce(&Desk) -> Result<T, Problem> + Send + 'static,
    {
        let done = self.work(work).await;
        self.hub.ring(self.desk.size());
        done
    }

    async fn work<T, F>(&self, work: F) -> Result<T, Problem>
    where
        T: Send + 'static,
        F: FnOnce(&Desk) -> Result<T, Problem> + Send + 'static,
    {
        match self.runs {
            Runs::Here => work(&self.desk),
            Runs::Apart => {
                let desk = Arc::clone(&self.desk);
                match tokio::task::spawn_blocking(move || work(&desk)).await {
                    Ok(done) => done,
                    Err(stopped) => match stopped.try_into_panic() {
                        Ok(panic) => std::panic::resume_unwind(panic),
                        Err(_) => Err(DeskError::Unavailable("the server is stopping".to_owned()).into()),
                    },
                }
            }
        }
    }
}

/// Says an answer as JSON.
pub(super) fn json<T: Serialize>(answer: &Answer<T>) -> Answered {
    // Every answer is a struct with text keys, which cannot fail to be JSON.
    let body = serde_json::to_vec(answer)
        .map_err(|error| DeskError::Unavailable(format!("the answer cannot be written as JSON: {error}")))?;
    let json = HeaderValue::from_static("application/json");
    Ok(([(header::CONTENT_TYPE, json)], body).into_response())
}

/// Who asks, as the headers say.
pub(super) struct By(pub(super) Caller);

impl<S: Send + Sync> FromRequestParts<S> for By {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let actor = header(parts, ACTOR)?.unwrap_or_default();
        Ok(Self(Caller { actor, tz: header(parts, TZ)? }))
    }
}
