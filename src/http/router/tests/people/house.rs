//! A desk with doors, for whoever tries them.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::desk::access::{Door, Entrance};
use crate::desk::testing::Fixture;
use crate::domain::fact::account::Role;
use crate::domain::timestamp::Timestamp;
use crate::http::api::Runs;
use crate::http::router::router_at;

use super::PASSWORD;

/// A desk with a door on a port, and one for whoever owns the directory.
pub(in crate::http::router::tests) struct House {
    pub(in crate::http::router::tests) port: Router,
    pub(in crate::http::router::tests) directory: Router,
    pub(in crate::http::router::tests) seconds: Arc<AtomicI64>,
}

/// What came back.
pub(in crate::http::router::tests) struct Came {
    pub(in crate::http::router::tests) status: StatusCode,
    pub(in crate::http::router::tests) headers: HeaderMap,
    pub(in crate::http::router::tests) body: Value,
}

impl Came {
    pub(in crate::http::router::tests) fn kind(&self) -> &str {
        self.body["type"].as_str().unwrap_or_default().trim_start_matches("urn:demarche:")
    }

    /// Returns what is set as a cookie, as a browser sends it back.
    pub(in crate::http::router::tests) fn cookie(&self, name: &str) -> String {
        let all = self.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
        let set = all.filter(|value| value.starts_with(&format!("{name}="))).collect::<Vec<_>>();
        let [set] = set.as_slice() else { panic!("{name}: {:?}", self.headers) };
        assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict"), "{set}");
        set.split(';').next().unwrap().to_owned()
    }
}

impl House {
    pub(in crate::http::router::tests) fn new() -> Self {
        let seconds = Arc::new(AtomicI64::new(1_790_000_000));
        let read = Arc::clone(&seconds);
        let clock: crate::store::Clock =
            Arc::new(move || Timestamp::from_micros(read.load(Ordering::SeqCst) * 1_000_000).unwrap());
        let door = Door::of(Arc::new(Fixture::with_clocks(Arc::clone(&clock), clock).desk));
        let [port, directory] = [Entrance::Port, Entrance::Directory]
            .map(|entrance| router_at(door.clone(), Runs::Here, entrance, Arc::default()));
        Self { port, directory, seconds }
    }

    pub(in crate::http::router::tests) fn pass(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(in crate::http::router::tests) fn send(
        router: &Router,
        method: &Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Came {
        let mut request = Request::builder().method(method).uri(path).header("host", "localhost");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = if let Value::String(text) = body {
            Body::from(text.clone())
        } else if body.is_null() {
            if *method != Method::GET && !headers.iter().any(|(name, _)| *name == "content-type") {
                request = request.header("content-type", "application/json");
            }
            Body::empty()
        } else {
            request = request.header("content-type", "application/json");
            Body::from(body.to_string())
        };
        let request = request.body(body).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let response = router.clone().oneshot(request).await.unwrap();
            let (parts, body) = response.into_parts();
            let bytes = to_bytes(body, usize::MAX).await.unwrap();
            let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
            Came { status: parts.status, headers: parts.headers, body }
        })
    }

    pub(in crate::http::router::tests) fn get(&self, path: &str, headers: &[(&str, &str)]) -> Came {
        Self::send(&self.port, &Method::GET, path, headers, &Value::Null)
    }

    pub(in crate::http::router::tests) fn post(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Came {
        Self::send(&self.port, &Method::POST, path, headers, body)
    }

    /// Does something as whoever owns the directory.
    pub(in crate::http::router::tests) fn own(&self, path: &str, body: &Value) -> Came {
        Self::send(&self.directory, &Method::POST, path, &[("demarche-actor", "owner")], body)
    }

    /// Opens an account and returns its one-time password.
    pub(in crate::http::router::tests) fn open(&self, name: &str, role: Role, clearance: &str) -> String {
        let ask = json!({"name": name, "role": role, "clearance": clearance});
        let came = self.own("/v1/accounts", &ask);
        assert_eq!(came.status, StatusCode::OK, "{}", came.body);
        came.body["data"]["one_time_password"].as_str().unwrap().to_owned()
    }

    pub(in crate::http::router::tests) fn login(&self, name: &str, password: &str) -> Came {
        self.post("/v1/login", &[], &json!({"account": name, "password": password, "bearer": true}))
    }

    /// Comes in, and returns what is sent as `authorization`.
    pub(in crate::http::router::tests) fn session(&self, name: &str, password: &str) -> String {
        let came = self.login(name, password);
        assert_eq!(came.status, StatusCode::OK, "{}", came.body);
        format!("Bearer {}", came.body["data"]["session"].as_str().unwrap())
    }

    /// Opens an account, chooses its password, and comes in.
    pub(in crate::http::router::tests) fn person(&self, name: &str, role: Role, clearance: &str) -> String {
        let first = self.open(name, role, clearance);
        let session = self.session(name, &first);
        let change = json!({"old": first, "new": PASSWORD});
        let came = self.post("/v1/password", &[("authorization", &session)], &change);
        assert_eq!(came.status, StatusCode::OK, "{}", came.body);
        session
    }
}
