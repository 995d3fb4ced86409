use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::task::{Poll, Waker};

use axum::http::Request;
use tokio::runtime::Runtime;

use super::*;
use crate::desk::Desk;
use crate::desk::access::tests::{let_in, principal};
use crate::desk::access::{Auditor, Grants, Oneself, Reader, Recorder};
use crate::desk::accounts::OpenAsk;
use crate::desk::testing::Fixture;
use crate::domain::fact::account::Role;

/// A log with an account, so that what is decided rests on it, and a runtime with one thread for the desk.
struct House {
    api: Api,
    runtime: Runtime,
}

impl House {
    fn new() -> Self {
        let desk: Arc<Desk> = Arc::new(Fixture::new().desk);
        let ask = serde_json::json!({ "name": "lee", "role": "reader", "clearance": "TLP:RED" });
        let_in(&desk, &serde_json::from_value::<OpenAsk>(ask).unwrap());
        let (door, hub) = (Door::of(desk), Arc::default());
        let api = Api { door, runs: Runs::Apart, entrance: Entrance::Port, hub };
        let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).build().unwrap();
        Self { api, runtime }
    }

    /// Takes a request of somebody up to where something must be waited for.
    fn taken<H: Handle>(&self, role: Role, clearance: &str) -> Poll<Result<As<H>, Problem>> {
        let who = principal(role, clearance, false, Grants::of(role));
        let (mut parts, ()) = Request::new(()).into_parts();
        parts.extensions.insert(Admitted(Arc::new(Ok(who))));
        let _on = self.runtime.enter();
        let taken = pin!(As::<H>::from_request_parts(&mut parts, &self.api));
        taken.poll(&mut std::task::Context::from_waker(Waker::noop()))
    }
}

#[track_caller]
fn ready<T>(polled: Poll<T>) -> T {
    match polled {
        Poll::Ready(ready) => ready,
        Poll::Pending => panic!("it waits for a thread of the desk"),
    }
}

#[test]
fn what_is_asked_is_decided_and_answered_on_one_way_to_the_desk() {
    let house = House::new();
    let _on = house.runtime.enter();
    let (lets_go, held) = mpsc::channel::<()>();
    let holder = house.runtime.spawn_blocking(move || held.recv());
    let asks = ready(house.taken::<Reader>(Role::Reader, "TLP:RED")).unwrap();
    let is_done = Arc::new(AtomicBool::new(false));
    let does = Arc::clone(&is_done);
    let mut asked = pin!(asks.run(move |desk| {
        does.store(desk.size() > 0, Ordering::Relaxed);
        Ok(())
    }));
    assert!(asked.as_mut().poll(&mut std::task::Context::from_waker(Waker::noop())).is_pending());
    // Whoever comes to the thread after the request finds its work done, in the one turn that it took.
    let next = house.runtime.spawn_blocking(move || is_done.load(Ordering::Relaxed));
    lets_go.send(()).unwrap();
    assert!(house.runtime.block_on(next).unwrap());
    house.runtime.block_on(asked).unwrap();
    house.runtime.block_on(holder).unwrap().unwrap();
}

#[test]
fn whoever_may_not_is_refused_before_anything_of_their_request_is_taken() {
    let house = House::new();
    assert!(ready(house.taken::<Recorder>(Role::Recorder, "TLP:CLEAR")).is_ok());
    assert!(ready(house.taken::<Oneself>(Role::Auditor, "TLP:CLEAR")).is_ok());
    let problem = ready(house.taken::<Recorder>(Role::Reader, "TLP:RED")).err().unwrap();
    assert_eq!(problem.kind, ProblemKind::Forbidden);
    let problem = ready(house.taken::<Auditor>(Role::Recorder, "TLP:RED")).err().unwrap();
    assert_eq!(problem.kind, ProblemKind::Forbidden);
    // Of what few may, the log has a say before anything is taken: it waits for the thread, which somebody holds.
    let (lets_go, held) = mpsc::channel::<()>();
    let holder = house.runtime.spawn_blocking(move || held.recv());
    assert!(house.taken::<Auditor>(Role::Auditor, "TLP:CLEAR").is_pending());
    lets_go.send(()).unwrap();
    house.runtime.block_on(holder).unwrap().unwrap();
}

#[test]
fn whoever_the_log_refuses_has_nothing_done_for_them() {
    let house = House::new();
    let asks = ready(house.taken::<Recorder>(Role::Recorder, "of another scheme")).unwrap();
    let problem = house.runtime.block_on(asks.run(|_| -> Result<(), Problem> { panic!("it is done") }));
    assert_eq!(problem.unwrap_err().kind, ProblemKind::Forbidden);
    assert!(house.runtime.block_on(asks.handle()).is_err());
}
