//! A span as OTLP tells it in JSON.

use std::fmt;

use serde_json::{Value, json};
use tracing::field::{Field, Visit};
use tracing::span::Attributes;
use uuid::Uuid;

use crate::domain::timestamp::Timestamp;
use crate::http::parent::{self, Parent};

/// The kinds of OTLP: what a server does for somebody, and what goes on within.
const SERVER: u8 = 2;
const INTERNAL: u8 = 1;
/// The status of OTLP for what failed, and for all else.
const FAILED: u8 = 2;
const UNSET: u8 = 0;

/// A span that is not over.
#[derive(Debug)]
pub(super) struct Open {
    trace: [u8; 16],
    span: [u8; 8],
    above: Option<[u8; 8]>,
    name: &'static str,
    kind: u8,
    pub(super) began: Timestamp,
    method: String,
    route: String,
    status: Option<u64>,
    events: Option<u64>,
}

/// A span that is over.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) open: Open,
    pub(super) at: Timestamp,
}

impl Open {
    /// Returns the span of a request; none where whoever asks has it not told of.
    pub(super) fn begins(name: &'static str, attributes: &Attributes<'_>) -> Option<Self> {
        let mut remote = Remote(None);
        attributes.record(&mut remote);
        let (trace, above) = match remote.0 {
            Some(Parent { is_sampled: false, .. }) => return None,
            Some(Parent { trace, span, .. }) => (trace, Some(span)),
            None => (Uuid::new_v4().into_bytes(), None),
        };
        Some(Self::new(name, trace, above, SERVER))
    }

    /// Returns a span within this one.
    pub(super) fn within(&self, name: &'static str) -> Self {
        Self::new(name, self.trace, Some(self.span), INTERNAL)
    }

    fn new(name: &'static str, trace: [u8; 16], above: Option<[u8; 8]>, kind: u8) -> Self {
        let [span @ .., _, _, _, _, _, _, _, _] = Uuid::new_v4().into_bytes();
        let (method, route) = (String::new(), String::new());
        let began = Timestamp::MAX;
        Self { trace, span, above, name, kind, began, method, route, status: None, events: None }
    }
}

impl Visit for Open {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "method" => value.clone_into(&mut self.method),
            "route" => value.clone_into(&mut self.route),
            _ => {}
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "status" => self.status = Some(value),
            "events" => self.events = Some(value),
            _ => {}
        }
    }

    /// Nothing is told that was not named above.
    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

/// Finds the span of whoever asks.
struct Remote(Option<Parent>);

impl Visit for Remote {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "remote" {
            self.0 = parent::parse(value);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

impl Ended {
    /// Returns it as OTLP has it.
    pub(super) fn told(&self) -> Value {
        let open = &self.open;
        let is_request = open.kind == SERVER;
        let name = if is_request { format!("{} {}", open.method, open.route) } else { open.name.to_owned() };
        let text = |key: &str, value: &str| json!({ "key": key, "value": { "stringValue": value } });
        let number =
            |key: &str, value: u64| json!({ "key": key, "value": { "intValue": value.to_string() } });
        let mut attributes = Vec::new();
        if is_request {
            attributes.push(text("http.request.method", &open.method));
            attributes.push(text("http.route", &open.route));
        }
        attributes.extend(open.status.map(|status| number("http.response.status_code", status)));
        attributes.extend(open.events.map(|events| number("demarche.events", events)));
        let nanos = |at: Timestamp| i128::from(at.micros()).saturating_mul(1_000).to_string();
        let is_failed = open.status.is_some_and(|status| status >= 500);
        json!({
            "traceId": digits(&open.trace),
            "spanId": digits(&open.span),
            // Empty where it stands within none.
            "parentSpanId": open.above.map_or_else(String::new, |above| digits(&above)),
            "name": name,
            "kind": open.kind,
            "startTimeUnixNano": nanos(open.began),
            // A clock that was set back in between makes no span of less than nothing.
            "endTimeUnixNano": nanos(self.at.max(open.began)),
            "attributes": attributes,
            "status": { "code": if is_failed { FAILED } else { UNSET } },
        })
    }
}

fn digits(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut digits, byte| {
        // A text takes everything.
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}
