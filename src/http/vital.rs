//! `/healthz`, `/readyz` and `/metrics`: whether the server is there, whether it can be asked, and how it is doing.

use std::fmt::Write as _;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::IntoResponse;

use crate::desk::access::{Overseer, Visitor};
use crate::desk::vitals::Vitals;
use crate::http::api::{AnsweredAs, Api, As, Left};
use crate::http::openapi::kinds::{Health, Metrics};
use crate::http::query::{AskedNow, Nothing};
use crate::http::routes::Routes;
use crate::http::traffic::{Refusal, Traffic};
use crate::store::measures::Counted;

/// The text format of Prometheus.
const MEDIA: &str = "text/plain; version=0.0.4; charset=utf-8";

pub(super) fn routes() -> Routes {
    Routes::new()
        .get("/healthz", "Whether the server is there", healthz)
        .get("/readyz", "Whether the log can be asked", readyz)
        .get("/metrics", "How the server is doing, as Prometheus reads it", metrics)
}

/// Whoever answers is there; the log is not asked.
async fn healthz(_: As<Visitor>, _: AskedNow<Nothing>) -> AnsweredAs<Health> {
    Ok(text(StatusCode::OK, "there\n".to_owned()))
}

async fn readyz(desk: As<Visitor>, State(api): State<Api>, _: AskedNow<Nothing>) -> AnsweredAs<Health> {
    if api.hub.is_closing() {
        return Ok(text(StatusCode::SERVICE_UNAVAILABLE, "the server stops\n".to_owned()));
    }
    let why = desk.run(|desk| Ok(desk.why_not_ready())).await?;
    Ok(match why {
        None => text(StatusCode::OK, "ready\n".to_owned()),
        Some(why) => text(StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")),
    })
}

/// How many events there are is a word of what is recorded: it is told to nobody who may not ask.
async fn metrics(desk: As<Overseer>, State(api): State<Api>, _: AskedNow<Nothing>) -> AnsweredAs<Metrics> {
    let vitals = desk.run(|desk| Ok(desk.vitals())).await?;
    Ok(text(StatusCode::OK, exposition(&vitals, api.hub.taken()) + &of_traffic(api.hub.traffic())))
}

fn text<K>(status: StatusCode, text: String) -> Left<K> {
    (status, [(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA))], text).into_response().into()
}

/// Writes the numbers as Prometheus reads them.
fn exposition(vitals: &Vitals, feeds: usize) -> String {
    let mut out = String::new();
    let version = env!("CARGO_PKG_VERSION");
    head(&mut out, "demarche_info", "gauge", "What is served.");
    // A text takes everything, and the name of a log has letters, digits and hyphens alone.
    let _ = writeln!(out, "demarche_info{{log=\"{}\",version=\"{version}\"}} 1", vitals.log);
    let mut gauge = |name: &str, help: &str, value: String| {
        head(&mut out, name, "gauge", help);
        let _ = writeln!(out, "{name} {value}");
    };
    gauge("demarche_log_events", "Events in the log.", vitals.size.to_string());
    gauge("demarche_projection_events", "Events that the projections took in.", vitals.taken_in.to_string());
    let lag = seconds(u64::try_from(vitals.lag_micros).unwrap_or(0));
    gauge("demarche_projection_lag_seconds", "Age of the oldest event that they did not.", lag);
    if let Some((size, age)) = vitals.checkpoint {
        gauge("demarche_checkpoint_events", "Events that the newest checkpoint covers.", size.to_string());
        gauge("demarche_checkpoint_age_seconds", "Time since it was signed.", age.to_string());
    }
    if let Some(bytes) = vitals.bytes_left {
        gauge(
            "demarche_disk_free_bytes",
            "Bytes that may still be written on the log's disk.",
            bytes.to_string(),
        );
    }
    let waiting = vitals.appends_waiting.to_string();
    gauge(
        "demarche_append_queue",
        "Appends that wait for the one thread that writes, or for the disk.",
        waiting,
    );
    gauge("demarche_feeds", "Readers who follow the log.", feeds.to_string());
    let help = "Time from the call to the answer of an append that was recorded.";
    histogram(&mut out, "demarche_append_seconds", help, &vitals.append);
    histogram(&mut out, "demarche_sync_seconds", "Time for the disk to confirm a write.", &vitals.sync);
    let name = "demarche_logins_refused_total";
    head(&mut out, name, "counter", "Logins that were refused, by why.");
    let (wrong, early, sso) = vitals.logins_refused;
    for (why, count) in [("wrong", wrong), ("too_early", early), ("sso", sso)] {
        let _ = writeln!(out, "{name}{{why=\"{why}\"}} {count}");
    }
    out
}

/// Writes what the connections come to.
fn of_traffic(traffic: &Traffic) -> String {
    let mut out = String::new();
    let name = "demarche_connections";
    head(&mut out, name, "gauge", "Connections that are held.");
    let _ = writeln!(out, "{name} {}", traffic.open());
    let name = "demarche_connections_total";
    head(&mut out, name, "counter", "Connections that were held.");
    let _ = writeln!(out, "{name} {}", traffic.taken());
    let name = "demarche_connections_refused_total";
    head(&mut out, name, "counter", "Connections and requests that were not held, by why.");
    for why in Refusal::ALL {
        let _ = writeln!(out, "{name}{{why=\"{}\"}} {}", why.word(), traffic.count(why));
    }
    let name = "demarche_requests_total";
    head(&mut out, name, "counter", "Requests that were answered, by the first digit of the status.");
    for (digit, count) in traffic.answers() {
        let _ = writeln!(out, "{name}{{status=\"{digit}xx\"}} {count}");
    }
    if let Some(until) = traffic.certificate_until() {
        let name = "demarche_certificate_expires_timestamp_seconds";
        head(&mut out, name, "gauge", "Until when the certificate is good.");
        let _ = writeln!(out, "{name} {until}");
    }
    out
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

fn histogram(out: &mut String, name: &str, help: &str, counted: &Counted) {
    head(out, name, "histogram", help);
    for (bound, below) in &counted.at_most {
        let _ = writeln!(out, "{name}_bucket{{le=\"{}\"}} {below}", seconds(*bound));
    }
    let Counted { count, sum_micros, .. } = counted;
    let _ = writeln!(out, "{name}_bucket{{le=\"+Inf\"}} {count}");
    let _ = writeln!(out, "{name}_sum {}\n{name}_count {count}", seconds(*sum_micros));
}

/// Writes microseconds as seconds.
fn seconds(micros: u64) -> String {
    let text = format!("{}.{:06}", micros / 1_000_000, micros % 1_000_000);
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text.is_empty() { "0".to_owned() } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::desk::testing::Fixture;
    use crate::http::client::{Client, Method, Request};
    use crate::http::testing::ask;

    #[test]
    fn seconds_are_written_without_what_says_nothing() {
        for (micros, said) in
            [(0, "0"), (1, "0.000001"), (2_500, "0.0025"), (1_000_000, "1"), (10_500_000, "10.5")]
        {
            assert_eq!(seconds(micros), said);
        }
    }

    #[test]
    fn a_server_says_that_it_is_there_ready_and_how_it_is_doing() {
        let client = Client::in_process(Arc::new(Fixture::new().desk)).unwrap();
        let said = |path: &str| {
            let reply = ask(&client, path);
            (reply.status, String::from_utf8(reply.body).unwrap())
        };
        assert_eq!(said("/healthz"), (200, "there\n".to_owned()));
        assert_eq!(said("/readyz"), (200, "ready\n".to_owned()));
        let wrong = serde_json::json!({ "account": "nobody", "password": "a wrong one" });
        let login = Request {
            method: Method::Post,
            path: "/v1/login".to_owned(),
            body: serde_json::to_vec(&wrong).unwrap(),
            ..Request::default()
        };
        assert_eq!(client.send(&login).unwrap().status, 401);
        let (status, text) = said("/metrics");
        assert_eq!(status, 200);
        for line in [
            "demarche_log_events 2",
            "demarche_projection_lag_seconds 0",
            "demarche_append_queue 0",
            "demarche_append_seconds_count 0",
            "demarche_logins_refused_total{why=\"wrong\"} 1",
            "demarche_logins_refused_total{why=\"sso\"} 0",
        ] {
            assert!(text.lines().any(|said| said == line), "{line}: {text}");
        }
        // Every number has its head, and every line is one of the format.
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(value.parse::<f64>().is_ok(), "{line}");
            let name = name.split('{').next().unwrap();
            let name =
                ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
            assert!(text.contains(&format!("# TYPE {name} ")), "{line}");
        }
    }
}
