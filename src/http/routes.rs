//! Routes, each with what it needs, takes and answers: a route of which nobody decided who may take it, or which
//! says nothing of itself, does not compile.

use std::future::ready;
use std::pin::Pin;

use axum::Router;
use axum::extract::Request;
use axum::handler::Handler;
use axum::http::Method;
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post, put};

use crate::desk::access::{Handle, Needs};
use crate::http::api::{Api, As};
use crate::http::conditions::{Condition, refused};
use crate::http::openapi::told::{Taken, Tells, Told};

/// A route, what whoever takes it needs, and what it takes and answers.
#[derive(Debug, Clone)]
pub(super) struct Decided {
    pub(super) method: Method,
    pub(super) path: &'static str,
    /// What it is for, in a line.
    pub(super) summary: &'static str,
    pub(super) needs: Needs,
    /// Tells what it takes and answers.
    pub(super) describe: fn(&mut Told<'_>),
}

/// What is decided of a route by the handle that its function takes first, and told of it by the other types that
/// the function takes and answers.
pub(super) trait Decision<T> {
    const NEEDS: Needs;

    /// Tells whether the function takes a condition.
    fn takes(condition: Condition) -> bool;

    /// Tells what the function takes and answers.
    fn describe(route: &mut Told<'_>);
}

macro_rules! decided {
    ($(($($other:ident),*))+) => {$(
        // The first of these is axum's own: how the last is taken from the request.
        impl<F, M, H, R, $($other,)*> Decision<(M, As<H>, $($other,)*)> for F
        where
            F: FnOnce(As<H>, $($other),*) -> R,
            H: Handle,
            R: Future<Output: Tells + IntoResponse>,
            $($other: Taken,)*
        {
            const NEEDS: Needs = H::NEEDS;

            fn takes(condition: Condition) -> bool {
                let taken: &[Option<Condition>] = &[$($other::CONDITION),*];
                taken.contains(&Some(condition))
            }

            fn describe(route: &mut Told<'_>) {
                $($other::describe(route);)*
                R::Output::describe(route);
            }
        }
    )+};
}
decided! { () (A) (A, B) (A, B, C) (A, B, C, D) (A, B, C, D, E) }

/// How a function of a route answers.
type Answering = Pin<Box<dyn Future<Output = Response> + Send>>;

/// A function of a route, which is not reached with a condition that it would pass over.
#[derive(Clone)]
struct Strict<F>(F);

impl<F, T> Handler<T, Api> for Strict<F>
where
    F: Handler<T, Api, Future = Answering> + Decision<T>,
{
    type Future = Answering;

    fn call(self, request: Request, api: Api) -> Answering {
        match refused(request.method(), request.headers(), F::takes) {
            Some(problem) => Box::pin(ready(problem.into_response())),
            None => self.0.call(request, api),
        }
    }
}

/// The routes of the API.
pub(super) struct Routes {
    router: Router<Api>,
    decided: Vec<Decided>,
}

impl Routes {
    /// Returns no routes.
    pub(super) fn new() -> Self {
        Self { router: Router::new(), decided: Vec::new() }
    }

    /// Adds a route that asks.
    pub(super) fn get<F, T>(self, path: &'static str, summary: &'static str, handler: F) -> Self
    where
        F: Handler<T, Api, Future = Answering> + Decision<T>,
        T: 'static,
    {
        let decided = told::<F, T>(Method::GET, path, summary);
        self.with(decided, get(Strict(handler)))
    }

    /// Adds a route that does something.
    pub(super) fn post<F, T>(self, path: &'static str, summary: &'static str, handler: F) -> Self
    where
        F: Handler<T, Api, Future = Answering> + Decision<T>,
        T: 'static,
    {
        let decided = told::<F, T>(Method::POST, path, summary);
        self.with(decided, post(Strict(handler)))
    }

    /// Adds a route that puts something in the place of what was there.
    pub(super) fn put<F, T>(self, path: &'static str, summary: &'static str, handler: F) -> Self
    where
        F: Handler<T, Api, Future = Answering> + Decision<T>,
        T: 'static,
    {
        let decided = told::<F, T>(Method::PUT, path, summary);
        self.with(decided, put(Strict(handler)))
    }

    fn with(self, route: Decided, takes: MethodRouter<Api>) -> Self {
        let Self { router, mut decided } = self;
        let router = router.route(route.path, takes);
        decided.push(route);
        Self { router, decided }
    }

    /// Adds the routes of others.
    pub(super) fn merge(self, other: Self) -> Self {
        let Self { router, mut decided } = self;
        decided.extend(other.decided);
        Self { router: router.merge(other.router), decided }
    }

    /// Returns what takes requests to them.
    pub(super) fn into_router(self) -> Router<Api> {
        self.router
    }

    /// Returns every route, with what is decided and told of it.
    pub(super) fn decided(&self) -> &[Decided] {
        &self.decided
    }
}

fn told<F: Decision<T>, T>(method: Method, path: &'static str, summary: &'static str) -> Decided {
    Decided { method, path, summary, needs: F::NEEDS, describe: F::describe }
}
