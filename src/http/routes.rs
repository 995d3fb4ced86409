//! Routes, each with what it needs: a route of which nobody decided who may take it does not compile.

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodRouter, get, post};

use crate::desk::access::{Handle, Needs};
use crate::http::api::{Api, As};

/// A route, and what whoever takes it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decided {
    pub(super) method: Method,
    pub(super) path: &'static str,
    pub(super) needs: Needs,
}

/// What is decided of a route: by the handle that its function takes first.
pub(super) trait Decision {
    const NEEDS: Needs;
}

macro_rules! decided {
    ($(($($other:ident),*))+) => {$(
        // The first of these is axum's own: how the last is taken from the request.
        impl<M, H: Handle, $($other),*> Decision for (M, As<H>, $($other),*) {
            const NEEDS: Needs = H::NEEDS;
        }
    )+};
}
decided! { () (A) (A, B) (A, B, C) (A, B, C, D) }

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
    pub(super) fn get<F, T>(self, path: &'static str, handler: F) -> Self
    where
        F: Handler<T, Api>,
        T: Decision + 'static,
    {
        self.with(Decided { method: Method::GET, path, needs: T::NEEDS }, get(handler))
    }

    /// Adds a route that does something.
    pub(super) fn post<F, T>(self, path: &'static str, handler: F) -> Self
    where
        F: Handler<T, Api>,
        T: Decision + 'static,
    {
        self.with(Decided { method: Method::POST, path, needs: T::NEEDS }, post(handler))
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

    /// Returns every route, with what it needs.
    #[cfg(test)]
    pub(super) fn decided(&self) -> &[Decided] {
        &self.decided
    }
}
