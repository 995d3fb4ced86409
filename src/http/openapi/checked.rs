//! Whatever the tests ask, and are answered, is as the document says: what a test does through a router that
//! nobody described fails there.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use jsonschema::Validator;
use serde_json::{Value, json};

use crate::http::escape::unescape;
use crate::http::openapi::value;

/// The document of the program.
pub(in crate::http) static DOCUMENT: LazyLock<Value> = LazyLock::new(value);

/// Passes a request on, and panics where it, or its answer, is not as the document says.
pub(in crate::http) async fn checked(request: Request, next: Next) -> Response {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let query = request.uri().query().unwrap_or_default().to_owned();
    let operation = operation(&method, &path);
    let (parts, body) = request.into_parts();
    let sent_media = media(&parts.headers);
    let (body, sent) = if operation.is_some() && sent_media == "application/json" {
        match to_bytes(body, usize::MAX).await {
            Ok(bytes) => (Body::from(bytes.clone()), Some(bytes)),
            // Nothing of it is left to be passed on.
            Err(_) => (Body::empty(), None),
        }
    } else {
        (body, None)
    };
    let response = next.run(Request::from_parts(parts, body)).await;
    let Some((place, operation)) = operation else { return response };
    let status = response.status();
    if status == StatusCode::METHOD_NOT_ALLOWED || method == Method::HEAD {
        return response;
    }
    if status.is_success() {
        check_query(&place, operation, &query);
        if let Some(sent) = sent.filter(|sent| !sent.is_empty()) {
            let sent: Value = serde_json::from_slice(&sent).unwrap();
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            check(&format!("what was sent to {place}"), schema, &sent);
        }
    }
    let (parts, body) = response.into_parts();
    let media = media(&parts.headers);
    let schema = answer_schema(&place, operation, status, &media).clone();
    if !media.ends_with("json") || media == "application/provenance+json" {
        return Response::from_parts(parts, body);
    }
    let Ok(bytes) = to_bytes(body, usize::MAX).await else { panic!("{place}: the answer broke off") };
    let answered: Value = serde_json::from_slice(&bytes).unwrap();
    check(&format!("what {place} answered with {status}"), &schema, &answered);
    Response::from_parts(parts, Body::from(bytes))
}

/// Returns the operation of a path, as the document has it.
fn operation(method: &Method, path: &str) -> Option<(String, &'static Value)> {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let fits = |template: &str| {
        let (mut parts, mut named) = (path.split('/'), template.split('/'));
        loop {
            match (parts.next(), named.next()) {
                (None, None) | (Some(_), Some("{path}")) => return true,
                (Some(part), Some(name)) if part == name || (name.starts_with('{') && !part.is_empty()) => {}
                _ => return false,
            }
        }
    };
    let template =
        paths.keys().filter(|template| fits(template)).min_by_key(|template| template.matches('{').count());
    let operation = paths.get(template?)?.get(method.as_str().to_lowercase())?;
    Some((format!("{method} {}", template?), operation))
}

/// Returns the schema of an answer.
#[track_caller]
fn answer_schema<'d>(place: &str, operation: &'d Value, status: StatusCode, media: &str) -> &'d Value {
    let mut answer = &operation["responses"][status.as_str()];
    assert!(!answer.is_null(), "{place} answers with {status}, of which its document says nothing");
    if let Some(reference) = answer["$ref"].as_str() {
        answer = DOCUMENT.pointer(reference.trim_start_matches('#')).unwrap();
    }
    if answer.get("content").is_none() {
        assert!(media.is_empty(), "{place} answers {status} with a body, of which its document says nothing");
        return &Value::Null;
    }
    let content = &answer["content"][media];
    assert!(!content.is_null(), "{place} answers {status} with {media}, of which its document says nothing");
    &content["schema"]
}

/// Checks that what is said in a query is of the type that the document names.
#[track_caller]
fn check_query(place: &str, operation: &Value, query: &str) {
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, text) = pair.split_once('=').unwrap();
        let (name, text) = (unescape(name).unwrap(), unescape(text).unwrap());
        let known = operation["parameters"].as_array().unwrap().iter();
        let Some(known) = known.clone().find(|known| known["in"] == "query" && known["name"] == json!(name))
        else {
            panic!("{place} takes {name}, of which its document says nothing");
        };
        let typed = match known["schema"]["type"].as_str() {
            Some("integer" | "boolean") => serde_json::from_str(&text).unwrap(),
            _ => json!(text),
        };
        check(&format!("{name} of {place}"), &known["schema"], &typed);
    }
}

/// Checks that a value is as a schema of the document says.
#[track_caller]
pub(in crate::http) fn check(what: &str, schema: &Value, value: &Value) {
    static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);
    let validator = {
        let mut validators = VALIDATORS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let made = || {
            let whole = json!({ "allOf": [schema], "components": DOCUMENT["components"] });
            Arc::new(jsonschema::draft202012::new(&whole).unwrap_or_else(|error| panic!("{what}: {error}")))
        };
        Arc::clone(validators.entry(schema.to_string()).or_insert_with(made))
    };
    let errors: Vec<String> =
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{what} is not as its schema says: {errors:#?}\n{value:#}");
}

fn media(headers: &HeaderMap) -> String {
    let media = headers.get(header::CONTENT_TYPE).and_then(|media| media.to_str().ok());
    media.and_then(|media| media.split(';').next()).unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[should_panic(expected = "is not as its schema says")]
    fn what_is_not_as_the_document_says_fails() {
        let (_, operation) = operation(&Method::GET, "/v1/entries/x/history").unwrap();
        let schema = &operation["responses"]["200"]["content"]["application/json"]["schema"];
        check("an answer", schema, &json!({ "as_of": { "log": 1 }, "data": [] }));
    }

    #[test]
    #[should_panic(expected = "says nothing")]
    fn a_status_of_which_the_document_says_nothing_fails() {
        let (place, operation) = operation(&Method::GET, "/healthz").unwrap();
        answer_schema(&place, operation, StatusCode::IM_A_TEAPOT, "text/plain");
    }
}
