//! Connections to a server, each asked one request after the other.

use std::net::SocketAddr;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Somebody who asks, and where.
#[derive(Clone)]
pub(crate) struct Caller {
    address: SocketAddr,
    bearer: Option<HeaderValue>,
}

/// A connection that is kept.
pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    host: HeaderValue,
    bearer: Option<HeaderValue>,
}

impl Caller {
    pub(crate) fn new(address: SocketAddr, secret: &str) -> Self {
        let bearer = (!secret.is_empty()).then(|| format!("Bearer {secret}").parse().unwrap());
        Self { address, bearer }
    }

    /// Opens a connection.
    pub(crate) async fn connect(&self) -> Connection {
        let stream = TcpStream::connect(self.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
        // It ends with its sender, or with an error that whoever waits for an answer hears of.
        tokio::spawn(connection);
        let host = self.address.to_string().parse().unwrap();
        Connection { sender, host, bearer: self.bearer.clone() }
    }

    /// Opens so many connections.
    pub(crate) async fn connections(&self, count: usize) -> Vec<Connection> {
        let mut all = Vec::with_capacity(count);
        for _ in 0..count {
            all.push(self.connect().await);
        }
        all
    }
}

impl Connection {
    fn request(&self, method: Method, target: &str) -> hyper::http::request::Builder {
        let request = Request::builder().method(method).uri(target).header(HOST, self.host.clone());
        match &self.bearer {
            Some(bearer) => request.header(AUTHORIZATION, bearer.clone()),
            None => request,
        }
    }

    /// Asks, and returns the answer as it begins to come.
    pub(crate) async fn begin(&mut self, target: &str) -> Response<Incoming> {
        let request = self.request(Method::GET, target).body(Full::default()).unwrap();
        self.sender.ready().await.unwrap();
        self.sender.send_request(request).await.unwrap()
    }

    /// Asks, and returns the answer whole, which must be one.
    pub(crate) async fn get(&mut self, target: &str) -> Bytes {
        let response = self.begin(target).await;
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert!(status.is_success(), "{target}: {status} {}", String::from_utf8_lossy(&body));
        body
    }

    /// Sends JSON, and returns the status and the answer.
    pub(crate) async fn post(&mut self, target: &str, body: String) -> (u16, Bytes) {
        let request = self.request(Method::POST, target).header(CONTENT_TYPE, "application/json");
        let request = request.body(Full::new(Bytes::from(body))).unwrap();
        self.sender.ready().await.unwrap();
        let response = self.sender.send_request(request).await.unwrap();
        let status = response.status().as_u16();
        (status, response.into_body().collect().await.unwrap().to_bytes())
    }

    /// Has one entry recorded, durably.
    pub(crate) async fn record(&mut self, entry: &serde_json::Value) -> Bytes {
        let body = format!(r#"{{"entries":[{entry}]}}"#);
        let (status, answer) = self.post("/v1/entries", body).await;
        assert!(status == 200, "{status} {}", String::from_utf8_lossy(&answer));
        answer
    }
}
